// SPDX-License-Identifier: GPL-2.0
/*
 * Tree connects.  mountd describes the share and decides who may come in; the
 * path it names is resolved here, once, with the rights of the user.
 */
#include "server/tree.h"

#include <linux/errno.h>
#include <linux/mm.h>
#include <linux/namei.h>
#include <linux/printk.h>
#include <linux/slab.h>
#include <linux/string.h>
#include "debug.h"
#include "server/connection.h"
#include "server/recycle.h"
#include "server/request.h"
#include "server/session.h"
#include "server/user.h"
#include "transport/transport.h"
#include "wire/smb2.h"

#define ACCESS_READ_ONLY_SHARE	0x001200A9	/* read, execute, synchronize */

/* One tree connect under way: who wants what from where. */
struct attempt {
	struct ksmbd_session *session;
	struct ksmbd_user *user;
	struct ksmbd_transport *transport;
	const char *name;
};

static ntstatus_t refuse(const struct attempt *a, ntstatus_t status,
			 const char *why, int err)
{
	pr_info_ratelimited("ksmbd: %s: user \"%s\", share \"%s\" refused: %s (%d)\n",
			    a->transport->peer, a->user->name, a->name, why, err);
	return status;
}

/* --- shares --- */

void ksmbd_share_put(struct ksmbd_share *share)
{
	if (!refcount_dec_and_test(&share->ref))
		return;
	if (!share->pipe)
		path_put(&share->root);
	kvfree(share->veto_list);
	kfree(share->snapshots);
	kfree(share->snapshot_format);
	kfree(share->model);
	ksmbd_recycle_free(share->recycle);
	kfree(share);
}

static int resolve(const char *name, const struct cred *cred, struct path *root)
{
	const struct cred *saved = override_creds(cred);
	int err = kern_path(name, LOOKUP_FOLLOW | LOOKUP_DIRECTORY, root);

	revert_creds(saved);
	return err;
}

/* Takes from @conf what it keeps. */
static int share_new(const struct attempt *a, struct ksmbd_ipc_share *conf,
		     const struct cred *cred, struct ksmbd_share **out)
{
	struct ksmbd_share *share = kzalloc(sizeof(*share), GFP_KERNEL);
	int err;

	if (!share)
		return -ENOMEM;
	refcount_set(&share->ref, 1);
	strscpy(share->name, a->name, sizeof(share->name));
	share->flags = conf->flags;
	share->pipe = conf->flags & KSMBD_SHARE_FLAG_PIPE;
	share->create_mask = conf->create_mask;
	share->directory_mask = conf->directory_mask;
	share->force_create_mode = conf->force_create_mode;
	share->force_directory_mode = conf->force_directory_mode;
	share->force_uid = conf->force_uid;
	share->force_gid = conf->force_gid;
	if (!share->pipe) {
		err = resolve(conf->path, cred, &share->root);
		if (err) {
			kfree(share);
			return err;
		}
	}
	if (conf->recycle[0]) {
		share->recycle = ksmbd_recycle_new(conf->recycle[0], conf->recycle[1],
						   conf->recycle[2], a->user->name);
		if (!share->recycle) {
			ksmbd_share_put(share);
			return -EINVAL;
		}
	}
	swap(share->veto_list, conf->veto_list);
	swap(share->snapshots, conf->snapshots);
	swap(share->snapshot_format, conf->snapshot_format);
	swap(share->model, conf->model);
	share->veto_list_size = conf->veto_list_size;
	*out = share;
	return 0;
}

/* --- references --- */

static void tree_free(struct ksmbd_tree *tree)
{
	if (tree->share)
		ksmbd_share_put(tree->share);
	if (tree->cred)
		put_cred(tree->cred);
	ksmbd_session_put(tree->session);
	kfree_rcu(tree, rcu);
}

void ksmbd_tree_put(struct ksmbd_tree *tree)
{
	if (refcount_dec_and_test(&tree->ref))
		tree_free(tree);
}

struct ksmbd_tree *ksmbd_tree_find(struct ksmbd_session *s, u32 id)
{
	struct ksmbd_tree *tree;

	rcu_read_lock();
	tree = xa_load(&s->trees, id);
	if (tree && !refcount_inc_not_zero(&tree->ref))
		tree = NULL;
	rcu_read_unlock();
	if (tree && READ_ONCE(tree->state) != TREE_LIVE) {
		ksmbd_tree_put(tree);
		tree = NULL;
	}
	return tree;
}

/* --- the table --- */

/* A NEW tree with an id that nothing is found under yet. */
static struct ksmbd_tree *tree_new(struct ksmbd_session *s)
{
	struct ksmbd_tree *tree = kzalloc(sizeof(*tree), GFP_KERNEL);
	bool full;
	int err;

	if (!tree)
		return NULL;
	spin_lock(&s->lock);
	full = s->n_trees >= KSMBD_SESSION_MAX_TREES;
	if (!full)
		s->n_trees++;
	spin_unlock(&s->lock);
	if (full)
		goto free;
	err = xa_alloc_cyclic(&s->trees, &tree->id, NULL,
			      XA_LIMIT(1, U32_MAX - 1), &s->next_tree,
			      GFP_KERNEL);
	if (err < 0)
		goto uncount;
	refcount_set(&tree->ref, 1);
	ksmbd_session_get(s);
	tree->session = s;
	tree->state = TREE_NEW;
	return tree;

uncount:
	spin_lock(&s->lock);
	s->n_trees--;
	spin_unlock(&s->lock);
free:
	kfree(tree);
	return NULL;
}

static void give_back_id(struct ksmbd_tree *tree)
{
	struct ksmbd_session *s = tree->session;

	xa_erase(&s->trees, tree->id);
	spin_lock(&s->lock);
	s->n_trees--;
	spin_unlock(&s->lock);
}

static void tree_abandon(struct ksmbd_tree *tree)
{
	give_back_id(tree);
	ksmbd_tree_put(tree);
}

/*
 * In the table first and LIVE second, under the lock that the session's end
 * takes first: either it finds the tree, or we find the session DYING.
 */
static bool tree_publish(struct ksmbd_tree *tree)
{
	struct ksmbd_session *s = tree->session;
	bool ok;

	refcount_inc(&tree->ref);			/* the caller's */
	xa_store(&s->trees, tree->id, tree, GFP_KERNEL);	/* has its slot */
	spin_lock(&s->lock);
	ok = s->state == SESSION_VALID;
	if (ok)
		WRITE_ONCE(tree->state, TREE_LIVE);
	spin_unlock(&s->lock);
	if (!ok)
		ksmbd_tree_put(tree);
	return ok;
}

/* --- connecting --- */

static ntstatus_t status_of(u16 status)
{
	switch (status) {
	case KSMBD_TREE_CONN_STATUS_OK:
		return STATUS_SUCCESS;
	case KSMBD_TREE_CONN_STATUS_NOMEM:
		return STATUS_INSUFFICIENT_RESOURCES;
	case KSMBD_TREE_CONN_STATUS_NO_SHARE:
		return STATUS_BAD_NETWORK_NAME;
	default:
		return STATUS_ACCESS_DENIED;
	}
}

static const char *reason_of(u16 status)
{
	static const char * const reasons[] = {
		[KSMBD_TREE_CONN_STATUS_NOMEM]		= "mountd is out of memory",
		[KSMBD_TREE_CONN_STATUS_NO_SHARE]	= "no such share",
		[KSMBD_TREE_CONN_STATUS_NO_USER]	= "no such user",
		[KSMBD_TREE_CONN_STATUS_INVALID_USER]	= "not a valid user of it",
		[KSMBD_TREE_CONN_STATUS_HOST_DENIED]	= "host denied",
		[KSMBD_TREE_CONN_STATUS_CONN_EXIST]	= "connected already",
		[KSMBD_TREE_CONN_STATUS_TOO_MANY_CONNS]	= "too many connections",
		[KSMBD_TREE_CONN_STATUS_TOO_MANY_SESSIONS] = "too many sessions",
		[KSMBD_TREE_CONN_STATUS_ERROR]		= "not permitted",
	};

	return status < ARRAY_SIZE(reasons) && reasons[status] ?
	       reasons[status] : "an unknown status of mountd";
}

/* mountd did not answer: the share may well exist, so not BAD_NETWORK_NAME. */
static ntstatus_t upcall_failed(const struct attempt *a, int err)
{
	switch (err) {
	case -ENOENT:
		return refuse(a, STATUS_BAD_NETWORK_NAME, "no such share", err);
	case -ENAMETOOLONG:
	case -EINVAL:
		return refuse(a, STATUS_BAD_NETWORK_NAME, "impossible name", err);
	case -EPROTO:
		return refuse(a, STATUS_BAD_NETWORK_NAME,
			      "mountd describes it wrongly", err);
	case -ENOMEM:
		return refuse(a, STATUS_INSUFFICIENT_RESOURCES, "no memory", err);
	default:
		return refuse(a, STATUS_INSUFF_SERVER_RESOURCES,
			      "mountd does not answer", err);
	}
}

/* The share and the credentials it is accessed with. */
static ntstatus_t tree_share(const struct attempt *a, struct ksmbd_tree *tree)
{
	struct ksmbd_ipc_share *conf;
	int err = ksmbd_ipc_share_config(a->name, &conf);

	if (err)
		return upcall_failed(a, err);
	tree->cred = ksmbd_user_fs_cred(a->user, conf->force_uid,
					conf->force_gid);
	err = tree->cred ? share_new(a, conf, tree->cred, &tree->share) : -ENOMEM;
	ksmbd_ipc_share_free(conf);
	if (err == -ENOMEM)
		return refuse(a, STATUS_INSUFFICIENT_RESOURCES, "no memory", err);
	if (err)
		return refuse(a, STATUS_BAD_NETWORK_NAME,
			      "its path cannot be entered", err);
	return STATUS_SUCCESS;
}

static ntstatus_t tree_permission(const struct attempt *a,
				  struct ksmbd_tree *tree)
{
	struct ksmbd_ipc_tree q = {
		.session_id	= a->session->id,
		.tree_id	= tree->id,
		.account	= a->user->name,
		.account_flags	= a->user->flags,
		.share		= a->name,
		.peer		= a->transport->peer,
		.ipv6		= a->transport->ipv6,
	};
	int err = ksmbd_ipc_tree_connect(&q);

	if (err)
		return upcall_failed(a, err);
	if (q.status != KSMBD_TREE_CONN_STATUS_OK)
		return refuse(a, status_of(q.status), reason_of(q.status),
			      q.status);
	tree->writable = q.flags & KSMBD_TREE_CONN_FLAG_WRITABLE;
	tree->encrypt_data = q.flags & KSMBD_TREE_CONN_FLAG_ENCRYPT;
	/* who has no key, or cannot: guests, and dialects before 3.0 */
	if (tree->encrypt_data && !a->session->encrypt) {
		ksmbd_ipc_tree_disconnect(a->session->id, tree->id);
		return refuse(a, STATUS_ACCESS_DENIED,
			      "it is for encrypted sessions only", 0);
	}
	/*
	 * What the share permits, [MS-SMB2] 3.3.5.7: what the files permit is
	 * theirs to say, and a client may take a share for read-only by this.
	 */
	tree->maximal_access = tree->writable ? ACCESS_FILE_ALL :
						ACCESS_READ_ONLY_SHARE;
	return STATUS_SUCCESS;
}

ntstatus_t ksmbd_tree_connect(struct ksmbd_session *s, struct ksmbd_user *user,
			      struct ksmbd_transport *t, const char *name,
			      struct ksmbd_tree **out)
{
	const struct attempt a = {
		.session = s, .user = user, .transport = t, .name = name,
	};
	struct ksmbd_tree *tree = tree_new(s);
	ntstatus_t status;

	if (!tree)
		return refuse(&a, STATUS_INSUFFICIENT_RESOURCES,
			      "too many trees, or no memory", 0);
	status = tree_share(&a, tree);
	if (status != STATUS_SUCCESS)
		goto abandon;
	status = tree_permission(&a, tree);
	if (status != STATUS_SUCCESS)
		goto abandon;
	if (!tree_publish(tree)) {		/* logged off meanwhile */
		ksmbd_ipc_tree_disconnect(s->id, tree->id);
		status = STATUS_USER_SESSION_DELETED;
		goto abandon;
	}
	*out = tree;
	return STATUS_SUCCESS;

abandon:
	tree_abandon(tree);
	return status;
}

bool ksmbd_tree_close(struct ksmbd_tree *tree)
{
	struct ksmbd_session *s = tree->session;

	if (cmpxchg(&tree->state, TREE_LIVE, TREE_DYING) != TREE_LIVE)
		return false;
	give_back_id(tree);
	ksmbd_session_tear_down(s, tree);
	ksmbd_open_close_all(s, tree);
	ksmbd_ipc_tree_disconnect(s->id, tree->id);
	ksmbd_tree_put(tree);			/* the table's */
	return true;
}
