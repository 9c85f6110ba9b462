/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KSMBD_SESSION_H
#define _KSMBD_SESSION_H

#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/refcount.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/xarray.h>
#include "auth/auth.h"
#include "auth/encrypt.h"
#include "auth/kdf.h"
#include "auth/sign.h"
#include "server/user.h"

struct ksmbd_conn;
struct ksmbd_tree;

/**
 * struct ksmbd_channel - a Channel of [MS-SMB2] 3.3.1.14
 *
 * Owns a reference on its connection and its signing key.  Immutable once
 * published in @session->channels; freed after a grace period when the last
 * reference is gone.  A request holds one from look-up to answer.
 */
struct ksmbd_channel {
	refcount_t ref;
	struct rcu_head rcu;
	struct ksmbd_conn *conn;
	struct ksmbd_sign_key *signing_key;	/* NULL: guest or anonymous */
	struct list_head link;
};

/**
 * struct ksmbd_session - a Session of [MS-SMB2] 3.3.1.8
 *
 * Life:
 *	SETUP --authenticated--> VALID <--reauthentication--> VALID
 *	SETUP, VALID --logoff, connection lost, replaced--> DYING --> freed
 *
 *	DYING is reached once, in ksmbd_session_close(): from then on no look-up
 *	finds the session, no tree or open can be added, its trees and opens
 *	are closed and its parked requests woken.
 *
 * References, one each:
 *	- the session table, from publish until close;
 *	- each connection's @sessions, while it has a channel or a setup there;
 *	- every request on it, every tree, every open.
 *
 * The session itself holds a reference on @origin, the connection that it is
 * being set up on, until it is VALID or DYING; then its channels do.
 *
 * Locks: @setup serialises the legs of SESSION_SETUP, sleeps for mountd and
 *	is taken first.  @lock guards the fields below it and is innermost.
 *	@user and @state change under @lock; a request pins the user it
 *	began with.  Keys are set before VALID and never change:
 *	reauthentication keeps them ([MS-SMB2] 3.3.5.5.3).
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
	struct ksmbd_auth *auth;	/* under @setup: the exchange under way */
	u8 preauth_hash[KSMBD_PREAUTH_HASH_SIZE];	/* under @setup */

	u8 session_key[16];
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
	struct ksmbd_conn *origin;
	u32 n_trees;			/* entries of @trees; bounded */
	struct list_head channels;
	struct list_head opens;		/* struct ksmbd_open.session_link */
	u32 n_opens;
};

#define KSMBD_SESSION_MAX_TREES	1024
#define KSMBD_SESSION_MAX_CHANNELS 32

/* An entry of a connection's list of sessions; under conn->lock. */
struct ksmbd_session_link {
	struct list_head link;
	struct ksmbd_session *session;	/* reference */
};

/*
 * A new session in SETUP on @conn, published; referenced for the caller.
 * ERR_PTR(-ENOMEM, -EUSERS: too many on this connection, -ENOTCONN).  Those
 * whose setup took too long are ended on the way.
 */
struct ksmbd_session *ksmbd_session_create(struct ksmbd_conn *conn);

/*
 * The session @id as this connection may use it: one that has a channel on
 * it, or is being set up there.  Never one of another connection.  NULL if
 * there is none or it is DYING.
 */
struct ksmbd_session *ksmbd_session_find(struct ksmbd_conn *conn, u64 id);
/* Any VALID session on the server: for PreviousSessionId and administrators. */
struct ksmbd_session *ksmbd_session_find_global(u64 id);
/* The VALID one with the lowest id above @id, referenced; NULL: none. */
struct ksmbd_session *ksmbd_session_after(u64 id);

static inline void ksmbd_session_get(struct ksmbd_session *s)
{
	refcount_inc(&s->ref);
}
void ksmbd_session_put(struct ksmbd_session *s);

enum ksmbd_session_state ksmbd_session_get_state(struct ksmbd_session *s);
/* A reference on the present user, or NULL. */
struct ksmbd_user *ksmbd_session_user(struct ksmbd_session *s);

/*
 * The proof is in: derives the keys with the session's preauth hash, makes the
 * first channel, moves to VALID.  Takes @user over in every case.  -ENOENT: the
 * session has ended meanwhile.  Called under @setup.
 */
int ksmbd_session_validate(struct ksmbd_session *s, struct ksmbd_conn *conn,
			   struct ksmbd_user *user,
			   const struct ksmbd_auth_result *result);
/* Reauthentication: swaps the user, taken over; another account is -EACCES. */
int ksmbd_session_reauthenticate(struct ksmbd_session *s,
				 struct ksmbd_user *user);

/* The channel of @conn, referenced, or NULL. */
struct ksmbd_channel *ksmbd_channel_find(struct ksmbd_session *s,
					 struct ksmbd_conn *conn);
void ksmbd_channel_put(struct ksmbd_channel *ch);

/*
 * Ends it: LOGOFF, a replaced previous session, a lost last channel.  True for
 * the one caller that did it.  Closes trees and opens (which wakes parked
 * requests) before it returns.
 */
bool ksmbd_session_close(struct ksmbd_session *s);
/* Tears down the requests that wait on @tree, on every channel. */
void ksmbd_session_tear_down(struct ksmbd_session *s,
			     const struct ksmbd_tree *tree);
/* The connection is gone: its channels go, sessions without one are closed. */
void ksmbd_session_conn_lost(struct ksmbd_conn *conn);

int ksmbd_session_init(void);
void ksmbd_session_exit(void);
unsigned int ksmbd_session_count(void);

#endif
