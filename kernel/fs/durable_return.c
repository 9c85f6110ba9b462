// SPDX-License-Identifier: GPL-2.0
/*
 * The client comes back: with the same CREATE again, because the answer was lost, or for
 * the handle that it had.
 */
#include "fs/durable_table.h"

#include <linux/err.h>
#include <linux/file.h>
#include <linux/jiffies.h>
#include <linux/slab.h>
#include "debug.h"
#include "fs/local.h"
#include "fs/lock.h"
#include "fs/path.h"
#include "server/server.h"

/* until requests of the lost connection are done with the handle */
#define TAKE_OVER_PATIENCE	(5 * HZ)

/* --- replay --- */

/* The oplock or lease that @open has now. */
static void tell_oplock(struct ksmbd_open *open, struct ksmbd_create *c)
{
	struct ksmbd_grant *g;

	spin_lock(&open->file->spin);
	g = open->grant;
	if (g && g->is_lease) {
		c->oplock = SMB2_OPLOCK_LEVEL_LEASE;
		ksmbd_lease_describe_locked(g, &c->lease);
	} else {
		c->oplock = ksmbd_oplock_level_of(g ? g->state : 0);
	}
	spin_unlock(&open->file->spin);
}

static bool same_lease(struct ksmbd_open *open, const struct ksmbd_create *c)
{
	const struct ksmbd_grant *g;
	bool same;

	spin_lock(&open->file->spin);
	g = open->grant;
	same = !g || g->is_lease == (c->oplock == SMB2_OPLOCK_LEVEL_LEASE);
	if (same && g && g->is_lease)
		same = !memcmp(g->key, c->lease.key, sizeof(g->key));
	spin_unlock(&open->file->spin);
	return same;
}

/* Another CREATE of this guid, which is still waiting. */
static bool is_same_create(const struct ksmbd_request *other, const void *what)
{
	const struct ksmbd_request *rq = what;
	struct smb2_durable a, b;

	if (other == rq || other->code != SMB2_CREATE ||
	    !(other->req.create.contexts & CREATE_CTX_DH2Q))
		return false;
	wire_get_durable(&other->req.create, CREATE_CTX_DH2Q, &a);
	wire_get_durable(&rq->req.create, CREATE_CTX_DH2Q, &b);
	return !memcmp(a.create_guid, b.create_guid, sizeof(a.create_guid));
}

static ntstatus_t check_replay(const struct ksmbd_request *rq,
			       struct ksmbd_open *open,
			       const struct ksmbd_create *c)
{
	if (!(rq->hdr.flags & SMB2_FLAGS_REPLAY_OPERATION) ||
	    open->session != rq->session || open->tree != rq->tree)
		return STATUS_DUPLICATE_OBJECTID;
	return same_lease(open, c) ? STATUS_SUCCESS : STATUS_ACCESS_DENIED;
}

bool ksmbd_durable_replay(struct ksmbd_request *rq, struct ksmbd_create *c,
			  ntstatus_t *status)
{
	bool replay = rq->hdr.flags & SMB2_FLAGS_REPLAY_OPERATION;
	struct ksmbd_open *open;

	if (c->durable.version != 2 || c->durable.reconnect)
		return false;
	/* in this order: what waited is in the table before it is done */
	if (replay && ksmbd_session_any_async(rq->session, is_same_create, rq)) {
		*status = STATUS_FILE_NOT_AVAILABLE;
		return true;
	}
	open = ksmbd_durable_find_guid(c->durable.create_guid,
				       rq->session->client_guid, replay);
	if (!open)
		return false;
	*status = check_replay(rq, open, c);
	if (*status != STATUS_SUCCESS) {
		ksmbd_open_put(open);
		return true;
	}
	c->action = open->durable->action;
	c->maximal_access = open->granted_access;
	/* of an oplock Windows says what it is asked for now, and changes nothing */
	if (c->oplock == SMB2_OPLOCK_LEVEL_LEASE)
		tell_oplock(open, c);
	c->durable_granted = open->durable->granted && ksmbd_durable_oplock_allows(c);
	c->durable.timeout = open->durable->timeout;
	if (rq->open)
		ksmbd_open_put(rq->open);
	rq->open = open;
	return true;
}

/* --- coming back --- */

/* 3.3.5.9.7: only who has a lease says the file's name again. */
static ntstatus_t check_name(struct ksmbd_request *rq, struct ksmbd_open *open,
			     const struct ksmbd_create *c)
{
	struct ksmbd_path *p;
	bool same;
	int err;

	if (c->oplock != SMB2_OPLOCK_LEVEL_LEASE)
		return STATUS_SUCCESS;
	p = kmalloc(sizeof(*p), GFP_KERNEL);
	if (!p)
		return STATUS_INSUFFICIENT_RESOURCES;
	err = ksmbd_path_resolve(rq->tree, c->name, c->posix_case, p);
	same = !err && d_inode(p->entry.dentry) == file_inode(open->filp);
	if (!err || err == -ENOENT)
		ksmbd_path_put(p);
	kfree(p);
	return same ? STATUS_SUCCESS : STATUS_INVALID_PARAMETER;
}

/* What says that it is another handle than the client thinks, or NULL. */
static const char *mismatch(struct ksmbd_request *rq, struct ksmbd_open *open,
			    const struct ksmbd_create *c)
{
	const struct ksmbd_durable *d = open->durable;

	if (c->durable.persistent)
		return "flag";
	if (c->oplock == SMB2_OPLOCK_LEVEL_LEASE &&
	    memcmp(d->client_guid, rq->session->client_guid, 16))
		return "ClientGuid";
	if (!same_lease(open, c))
		return "lease";
	return path_equal(&open->tree->share->root, &rq->tree->share->root) ?
	       NULL : "share";
}

static ntstatus_t check_claim(struct ksmbd_request *rq, struct ksmbd_open *open,
			      const struct ksmbd_create *c)
{
	const char *wrong = mismatch(rq, open, c);

	if (wrong) {
		ksmbd_debug(VFS, "a handle is not given back: another %s\n", wrong);
		return STATUS_OBJECT_NAME_NOT_FOUND;
	}
	if (open->tree->writable && !rq->tree->writable)
		return STATUS_ACCESS_DENIED;
	return check_name(rq, open, c);
}

/* What a client finds again, but for what is under file->spin. */
static void copy(struct ksmbd_open *to, struct ksmbd_open *from)
{
	to->id.persistent = from->id.persistent;
	to->granted_access = from->granted_access;
	to->share_access = from->share_access;
	to->options = from->options;
	to->snapshot = from->snapshot;
	to->parent_lease = from->parent_lease;
	/* without memory for it the handle is nobody's to take over */
	if (from->app)
		to->app = kmemdup(from->app, sizeof(*from->app), GFP_KERNEL);
	to->filp = get_file(from->filp);
	to->file = from->file;
	refcount_inc(&to->file->ref);
	ksmbd_local_move(to->file);	/* one struct file, until @from lets go of it */
	ksmbd_local_moved(to->file, to->filp->f_mode, 1);
	to->delete_on_close = from->delete_on_close;
	to->position = from->position;
	to->mode = from->mode;
	to->write_time_set = from->write_time_set;
	to->wrote = from->wrote;
	to->write_time = from->write_time;
}

static void move_grant_locked(struct ksmbd_open *to, struct ksmbd_open *from)
{
	struct ksmbd_grant *g = from->grant;

	lockdep_assert_held(&from->file->spin);
	to->grant = g;
	from->grant = NULL;
	list_replace_init(&from->grant_link, &to->grant_link);
	if (!g->is_lease)	/* not under this FileId, until it is answered */
		g->known = false;
}

/* Nobody else but the table and us works with @from. */
static bool is_idle(struct ksmbd_open *from)
{
	return READ_ONCE(from->state) != OPEN_DETACHED ||
	       refcount_read(&from->ref) <= 2;
}

/*
 * All in one section of file->spin, so that a break meets one of the two; @from
 * is still DETACHED and not being broken, or its client is too late.
 */
static bool move(struct ksmbd_open *to, struct ksmbd_open *from)
{
	struct ksmbd_file *file = from->file;
	bool ok;

	ksmbd_file_lock(file);
	spin_lock(&file->spin);
	ok = ksmbd_durable_may_outlive_locked(from) && ksmbd_durable_begin_end(from);
	if (ok) {
		move_grant_locked(to, from);
		ksmbd_lock_move_locked(to, from);
	}
	spin_unlock(&file->spin);
	if (ok)
		ksmbd_file_replace(to, from);
	ksmbd_file_unlock(file);
	return ok;
}

static struct ksmbd_durable *renew(const struct ksmbd_durable *old,
				   struct ksmbd_open *open, struct ksmbd_user *user)
{
	struct ksmbd_durable *d = kmemdup(old, sizeof(*old), GFP_KERNEL);

	if (!d)
		return NULL;
	INIT_HLIST_NODE(&d->by_id);
	INIT_HLIST_NODE(&d->by_guid);
	INIT_LIST_HEAD(&d->link);
	d->claimed = false;
	d->action = FILE_OPENED;
	memcpy(d->client_guid, open->session->client_guid, sizeof(d->client_guid));
	d->owner = user;
	ksmbd_user_get(user);
	return d;
}

static ntstatus_t take_over(struct ksmbd_request *rq, struct ksmbd_open *from)
{
	struct ksmbd_open *to = ksmbd_open_new(rq, from->kind);
	struct ksmbd_durable *d;
	int err;

	if (IS_ERR(to))
		return ntstatus_from_errno(PTR_ERR(to));
	if (wait_event_killable_timeout(ksmbd_durable_idle, is_idle(from),
					TAKE_OVER_PATIENCE) <= 0) {
		ksmbd_open_put(to);
		return STATUS_FILE_NOT_AVAILABLE;
	}
	copy(to, from);
	d = renew(from->durable, to, rq->user);
	if (!d || !move(to, from)) {
		ksmbd_open_put(to);
		if (d) {
			ksmbd_user_put(d->owner);
			kfree(d);
			return STATUS_OBJECT_NAME_NOT_FOUND;
		}
		return STATUS_INSUFFICIENT_RESOURCES;
	}
	ksmbd_durable_publish(to, d);
	ksmbd_open_put(from);			/* the table's, which it kept */
	err = ksmbd_open_publish(to);
	if (err) {
		/* the client is gone once more, and what it had with it */
		ksmbd_open_abandon(to);
		return STATUS_NETWORK_NAME_DELETED;
	}
	if (rq->open)
		ksmbd_open_put(rq->open);
	rq->open = to;
	rq->answered = ksmbd_oplock_answered;
	return STATUS_SUCCESS;
}

ntstatus_t ksmbd_durable_reconnect(struct ksmbd_request *rq,
				   struct ksmbd_create *c)
{
	struct ksmbd_open *from = ksmbd_durable_claim(&c->durable, rq->user);
	ntstatus_t status;

	if (IS_ERR(from))
		return ntstatus_from_errno(PTR_ERR(from));
	status = check_claim(rq, from, c);
	if (status == STATUS_SUCCESS)
		status = take_over(rq, from);
	ksmbd_durable_unclaim(from);
	if (status != STATUS_SUCCESS)
		return status;
	c->action = FILE_OPENED;
	c->maximal_access = rq->open->granted_access;
	tell_oplock(rq->open, c);
	return STATUS_SUCCESS;
}
