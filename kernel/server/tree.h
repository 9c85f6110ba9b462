/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KSMBD_TREE_H
#define _KSMBD_TREE_H

#include <linux/cred.h>
#include <linux/path.h>
#include <linux/rcupdate.h>
#include <linux/refcount.h>
#include <linux/types.h>
#include "ipc/ipc.h"
#include "ntstatus.h"

struct ksmbd_request;
struct ksmbd_session;
struct ksmbd_recycle;
struct ksmbd_transport;
struct ksmbd_user;

/**
 * struct ksmbd_share - a Share of [MS-SMB2] 3.3.1.6, as mountd described it
 *
 * Immutable.  Each tree connect asks mountd anew and makes its own, so that a
 * reload needs no invalidation.  One reference per tree, and one per file that is
 * to be deleted.
 *
 * @root: the directory, pinned; the walk starts there and never leaves it.
 *	Unset for a pipe share.
 * @name: as the client wrote it, UTF-8, for the volume label and the log
 */
struct ksmbd_share {
	refcount_t ref;
	char name[KSMBD_REQ_MAX_SHARE_NAME];
	u32 flags;			/* KSMBD_SHARE_FLAG_* */
	bool pipe;
	struct path root;
	u16 create_mask, directory_mask;
	u16 force_create_mode, force_directory_mode;
	u16 force_uid, force_gid;
	char *veto_list;		/* NUL-separated patterns, or NULL */
	u32 veto_list_size;
	char *snapshots, *snapshot_format, *model;	/* as in struct ksmbd_ipc_share */
	struct ksmbd_recycle *recycle;	/* or NULL */
};

static inline void ksmbd_share_get(struct ksmbd_share *share)
{
	refcount_inc(&share->ref);
}
void ksmbd_share_put(struct ksmbd_share *share);

/**
 * struct ksmbd_tree - a TreeConnect of [MS-SMB2] 3.3.1.9
 *
 * Life: NEW (tree id reserved, not found) -> LIVE -> DYING, once, by whoever of
 *	TREE_DISCONNECT and the session's end comes first.
 *
 * References: the session's tree table from publish until close; each request
 *	on it; each open.
 *
 * Everything but @state and @apple is immutable once published.  @state is changed
 * with cmpxchg(); DYING means that its opens are being closed.
 *
 * @cred: what files are accessed with: the user's, or the forced ids
 */
struct ksmbd_tree {
	refcount_t ref;
	struct rcu_head rcu;
	u32 id;
	struct ksmbd_session *session;
	struct ksmbd_share *share;
	const struct cred *cred;
	bool writable;
	bool encrypt_data;		/* nothing on it is served in clear */
	u32 maximal_access;
	bool apple;			/* listings tell what a Mac asked for: fs/apple.c */
	enum ksmbd_tree_state { TREE_NEW, TREE_LIVE, TREE_DYING } state;
};

/*
 * Connects @session to share @name (UTF-8, no slashes).  Asks mountd for the
 * share and for the permission; says why in the log when it is refused.
 * BAD_NETWORK_NAME, ACCESS_DENIED, INSUFFICIENT_RESOURCES ...
 */
ntstatus_t ksmbd_tree_connect(struct ksmbd_session *s, struct ksmbd_user *user,
			      struct ksmbd_transport *t, const char *name,
			      struct ksmbd_tree **tree);
struct ksmbd_tree *ksmbd_tree_find(struct ksmbd_session *s, u32 id);
/* True for the one caller that ended it; opens closed, mountd told. */
bool ksmbd_tree_close(struct ksmbd_tree *tree);
void ksmbd_tree_put(struct ksmbd_tree *tree);

/*
 * Calls up, provided by fs/open.c: closes the opens of one tree, or all of a
 * session (@tree NULL).  Wakes what is parked on them.
 */
void ksmbd_open_close_all(struct ksmbd_session *s, struct ksmbd_tree *tree);
/*
 * The same, by fs/durable.c: @s, which is DYING, ends without having been asked to.  What
 * may outlive it is detached from it; the rest stays, to be closed.
 */
void ksmbd_durable_detach_all(struct ksmbd_session *s);
/* From now on opens may be detached; now none may, and none is any more. */
void ksmbd_durable_start(void);
void ksmbd_durable_stop(void);

#endif
