// SPDX-License-Identifier: GPL-2.0
/*
 * Connections, sessions and trees as rows.
 *
 * They are in no order, so the next one is the lowest id above the last: a
 * walk for each row, at an administrator's pace, and whatever comes and goes
 * meanwhile is either told of or not, once.
 */
#include "server/status.h"

#include <linux/jiffies.h>
#include <linux/math64.h>
#include <linux/string.h>
#include <linux/user_namespace.h>
#include "server/connection.h"
#include "server/session.h"
#include "server/tree.h"
#include "server/user.h"

static u64 ms_since(unsigned long then)
{
	return div_u64(jiffies64_to_nsecs(jiffies - then), NSEC_PER_MSEC);
}

/* --- connections --- */

bool ksmbd_status_connection(struct ksmbd_admin_cursor *c,
			     struct ksmbd_admin_row *row)
{
	struct ksmbd_conn *conn = ksmbd_conn_after(c->first);

	if (!conn)
		return false;
	c->first = conn->transport->id;
	row->id = conn->transport->id;
	strscpy(row->peer, conn->transport->peer, sizeof(row->peer));
	row->age = ms_since(conn->born);
	spin_lock(&conn->lock);
	if (conn->state != CONN_NEW) {		/* negotiated before, see the struct */
		row->dialect = conn->dialect;
		row->signing = conn->signing_algorithm;
		row->cipher = conn->cipher;
	}
	row->idle = ms_since(conn->last_frame);
	row->sessions = conn->n_sessions;
	row->requests = conn->n_messages;
	row->waiting = conn->n_async;
	spin_unlock(&conn->lock);
	row->opens = atomic_read(&conn->open_files);
	ksmbd_conn_put(conn);
	return true;
}

int ksmbd_status_close_connection(u64 id)
{
	struct ksmbd_conn *conn = id ? ksmbd_conn_after(id - 1) : NULL;
	int err = -ENOENT;

	if (!conn)
		return err;
	if (conn->transport->id == id) {
		ksmbd_conn_shutdown(conn);
		err = 0;
	}
	ksmbd_conn_put(conn);
	return err;
}

/* --- sessions --- */

static void channels_locked(struct ksmbd_session *s, struct ksmbd_admin_row *row)
{
	struct ksmbd_channel *ch;

	lockdep_assert_held(&s->lock);
	list_for_each_entry(ch, &s->channels, link) {
		if (row->n_connection == ARRAY_SIZE(row->connection))
			break;
		if (!row->n_connection)
			strscpy(row->peer, ch->conn->transport->peer,
				sizeof(row->peer));
		row->connection[row->n_connection++] = ch->conn->transport->id;
		/* last_frame is the receiving thread's; a stale one will do */
		row->idle = min(row->idle,
				ms_since(READ_ONCE(ch->conn->last_frame)));
	}
}

void ksmbd_status_owner(struct ksmbd_session *s, struct ksmbd_admin_row *row)
{
	row->age = ms_since(s->born);
	row->idle = row->age;
	spin_lock(&s->lock);
	if (s->user) {
		strscpy(row->user, s->user->name, sizeof(row->user));
		row->uid = from_kuid_munged(&init_user_ns, s->user->cred->fsuid);
	}
	channels_locked(s, row);
	row->trees = s->n_trees;
	row->opens = s->n_opens;
	spin_unlock(&s->lock);
}

bool ksmbd_status_session(struct ksmbd_admin_cursor *c,
			  struct ksmbd_admin_row *row)
{
	struct ksmbd_session *s = ksmbd_session_after(c->first);

	if (!s)
		return false;
	c->first = s->id;
	row->id = s->id;
	row->dialect = s->dialect;
	ksmbd_status_owner(s, row);
	if (s->guest)
		row->flags |= KSMBD_ADMIN_F_GUEST;
	if (s->anonymous)
		row->flags |= KSMBD_ADMIN_F_ANONYMOUS;
	if (s->signing_required)
		row->flags |= KSMBD_ADMIN_F_SIGNED;
	ksmbd_session_put(s);
	return true;
}

int ksmbd_status_close_session(u64 id)
{
	struct ksmbd_session *s = ksmbd_session_find_global(id);
	int err;

	if (!s)
		return -ENOENT;
	err = ksmbd_session_close(s) ? 0 : -ENOENT;
	ksmbd_session_put(s);
	return err;
}

/* --- trees --- */

static struct ksmbd_tree *tree_after(struct ksmbd_session *s, u32 id)
{
	unsigned long at = id;
	struct ksmbd_tree *tree;

	do {
		/* whoever ends it drops the table's reference: take our own */
		if (!xa_find_after(&s->trees, &at, U32_MAX, XA_PRESENT))
			return NULL;
		tree = ksmbd_tree_find(s, at);
	} while (!tree);
	return tree;
}

void ksmbd_status_share(const struct ksmbd_tree *tree,
			struct ksmbd_admin_row *row)
{
	strscpy(row->share, tree->share->name, sizeof(row->share));
	row->tree = tree->id;
}

/* The session that the cursor is in goes on; else the next one that has a tree. */
static struct ksmbd_tree *next_tree(struct ksmbd_admin_cursor *c)
{
	struct ksmbd_session *s;
	struct ksmbd_tree *tree;

	for (;;) {
		s = c->first ? ksmbd_session_after(c->first - 1) :
			       ksmbd_session_after(0);
		if (!s)
			return NULL;
		if (s->id != c->first)
			c->second = 0;
		c->first = s->id;
		tree = tree_after(s, c->second);
		ksmbd_session_put(s);
		if (tree) {
			c->second = tree->id;
			return tree;
		}
		if (c->first == U64_MAX)
			return NULL;
		c->first++;
		c->second = 0;
	}
}

bool ksmbd_status_tree(struct ksmbd_admin_cursor *c, struct ksmbd_admin_row *row)
{
	struct ksmbd_tree *tree = next_tree(c);

	if (!tree)
		return false;
	ksmbd_status_owner(tree->session, row);
	ksmbd_status_share(tree, row);
	row->session = tree->session->id;
	row->access = tree->maximal_access;
	if (tree->writable)
		row->flags |= KSMBD_ADMIN_F_WRITABLE;
	if (tree->share->pipe)
		row->flags |= KSMBD_ADMIN_F_PIPE;
	ksmbd_tree_put(tree);
	return true;
}

int ksmbd_status_close_tree(u64 session, u32 id)
{
	struct ksmbd_session *s = ksmbd_session_find_global(session);
	struct ksmbd_tree *tree;
	int err = -ENOENT;

	if (!s)
		return err;
	tree = ksmbd_tree_find(s, id);
	if (tree) {
		if (ksmbd_tree_close(tree))
			err = 0;
		ksmbd_tree_put(tree);
	}
	ksmbd_session_put(s);
	return err;
}

int ksmbd_status_close_share(const char *name)
{
	char wanted[KSMBD_REQ_MAX_SHARE_NAME], its[KSMBD_REQ_MAX_SHARE_NAME];
	struct ksmbd_admin_cursor c = { };
	struct ksmbd_tree *tree;
	int err;

	err = ksmbd_ipc_fold_name(name, wanted);
	if (err)
		return err;
	err = -ENOENT;
	while ((tree = next_tree(&c))) {
		if (!ksmbd_ipc_fold_name(tree->share->name, its) &&
		    !strcmp(its, wanted) && ksmbd_tree_close(tree))
			err = 0;
		ksmbd_tree_put(tree);
	}
	return err;
}
