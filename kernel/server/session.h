/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KSMBD_SESSION_H
#define _KSMBD_SESSION_H

#include <linux/completion.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/refcount.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/xarray.h>
#include "auth/encrypt.h"
#include "server/channel.h"
#include "server/user.h"

struct ksmbd_conn;
struct ksmbd_tree;

/**
 * struct ksmbd_session - a Session of [MS-SMB2] 3.3.1.8
 *
 * Life:
 *	SETUP --authenticated--> VALID <--reauthentication--> VALID
 *	SETUP, VALID --logoff, connection lost, replaced--> DYING --> freed
 *
 *	DYING is reached once, in ksmbd_session_close(): from then on no request
 *	finds the session, no tree or open can be added, its trees and opens
 *	are closed and its parked requests woken.  It lives as long as one of
 *	its connections: losing a channel ends nothing but what waits there.
 *
 * References, one each:
 *	- the session table, from publish until it is closed;
 *	- each connection's @sessions, while it has a channel or a log-on there;
 *	- every request on it, every tree, every open.
 *
 * Locks: @setup serialises the legs of SESSION_SETUP on all connections, sleeps
 *	for mountd and is taken first; what waits for it has proved that it knows
 *	the session's key, or is the session's first log-on.  @lock guards the fields below it and is innermost.
 *	@user and @state change under @lock; a request pins the user it
 *	began with.  Keys and algorithms are set before VALID and never change:
 *	reauthentication keeps them ([MS-SMB2] 3.3.5.5.3), a channel that is
 *	bound has to have negotiated the same.
 */
struct ksmbd_session {
	refcount_t ref;
	struct rcu_head rcu;
	struct hlist_node hash;		/* in the session table, under its lock */
	u64 id;
	u16 dialect;			/* of the connection that made it */
	u8 client_guid[16];
	unsigned long born;		/* jiffies */

	struct mutex setup;
	struct completion closed;	/* its opens are gone */

	u8 session_key[16];
	u8 signing_key[16];		/* of the first channel, for binding others */
	u16 signing_algorithm, cipher;	/* as its connection negotiated */
	struct ksmbd_cipher *encrypt, *decrypt;	/* both or none; owned */
	bool signing_required;
	bool encrypt_data;		/* nothing goes in clear but SESSION_SETUP */
	bool uses_encryption;		/* the client has encrypted once; only set */
	bool guest, anonymous;

	/* TreeId -> tree; each entry holds a reference.  xa_lock; closed for
	 * new entries by DYING. */
	struct xarray trees;
	u32 next_tree;			/* under @trees' lock */

	spinlock_t lock;
	enum ksmbd_session_state { SESSION_SETUP, SESSION_VALID, SESSION_DYING } state;
	struct ksmbd_user *user;	/* NULL until VALID */
	struct ksmbd_user *owner;	/* the first: whom @user may become again */
	u32 n_trees;			/* entries of @trees; bounded */
	struct list_head channels;
	struct list_head logons;	/* with @channels: bounded */
	struct list_head opens;		/* struct ksmbd_open.session_link */
	u32 n_opens;
};

#define KSMBD_SESSION_MAX_TREES	1024
#define KSMBD_SESSION_CLOSING	(5 * HZ)	/* as long as others wait for its end */

/* An entry of a connection's list of sessions; under conn->lock. */
struct ksmbd_session_link {
	struct list_head link;
	struct ksmbd_session *session;	/* reference */
};

/*
 * A new session in SETUP, published, with @lg, its log-on on @conn;
 * referenced for the caller, both.  ERR_PTR(-ENOMEM, -EUSERS: too many on this
 * connection, -ENOTCONN).  Those whose setup took too long are ended on the way.
 */
struct ksmbd_session *ksmbd_session_create(struct ksmbd_conn *conn,
					   struct ksmbd_logon **lg);

/*
 * The session @id as this connection may use it: one that has a channel on
 * it, or is being set up or bound there.  Never one of another connection.  NULL if
 * there is none or it is DYING.
 */
struct ksmbd_session *ksmbd_session_find(struct ksmbd_conn *conn, u64 id);
/* Any session on the server, in whatever state: to bind or to replace it. */
struct ksmbd_session *ksmbd_session_lookup(u64 id);
/* Any VALID session on the server: for administrators. */
struct ksmbd_session *ksmbd_session_find_global(u64 id);
/* The VALID one with the lowest id above @id, referenced; NULL: none. */
struct ksmbd_session *ksmbd_session_after(u64 id);

static inline void ksmbd_session_get(struct ksmbd_session *s)
{
	refcount_inc(&s->ref);
}
void ksmbd_session_put(struct ksmbd_session *s);

enum ksmbd_session_state ksmbd_session_get_state(struct ksmbd_session *s);
/* A reference on the present user, or on whose session it is; or NULL. */
struct ksmbd_user *ksmbd_session_user(struct ksmbd_session *s);
struct ksmbd_user *ksmbd_session_owner(struct ksmbd_session *s);

/*
 * Ends it, for an administrator.  True for the one caller that did it.
 * Closes trees and opens (which wakes parked requests) before it returns.
 */
bool ksmbd_session_close(struct ksmbd_session *s);
/*
 * The same for a client that goes, or is gone: LOGOFF, a lost last channel, a
 * replaced previous session.  It may come back for its durable opens.
 */
bool ksmbd_session_leave(struct ksmbd_session *s);
/* The same, and waits, KSMBD_SESSION_CLOSING at most, for one who was first. */
void ksmbd_session_leave_sync(struct ksmbd_session *s);
/* Tears down the requests that wait on @tree, on every channel. */
void ksmbd_session_tear_down(struct ksmbd_session *s,
			     const struct ksmbd_tree *tree);
/* The connection is gone: its channels go, sessions without one are closed. */
void ksmbd_session_conn_lost(struct ksmbd_conn *conn);

/*
 * The list of @conn's sessions, for who logs on: in it, once.  -ENOMEM; -EUSERS:
 * too many; -ENOTCONN: lost.  And out of it.
 */
int ksmbd_session_link(struct ksmbd_conn *conn, struct ksmbd_session *s);
void ksmbd_session_unlink(struct ksmbd_conn *conn, struct ksmbd_session *s);

int ksmbd_session_init(void);
void ksmbd_session_exit(void);
unsigned int ksmbd_session_count(void);

#endif
