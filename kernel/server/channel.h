/* SPDX-License-Identifier: GPL-2.0 */
/* Channels of a session, and the log-ons that lead to them. */
#ifndef _KSMBD_CHANNEL_H
#define _KSMBD_CHANNEL_H

#include <linux/list.h>
#include <linux/rcupdate.h>
#include <linux/refcount.h>
#include "auth/auth.h"
#include "auth/kdf.h"
#include "auth/sign.h"

struct ksmbd_conn;
struct ksmbd_session;
struct ksmbd_user;

#define KSMBD_SESSION_MAX_CHANNELS 32	/* with those that are being bound */

/**
 * struct ksmbd_channel - a Channel of [MS-SMB2] 3.3.1.14
 *
 * Owns a reference on its connection and its signing key.  Immutable once
 * published in the session's @channels; freed after a grace period when the
 * last reference is gone.  A request holds one from look-up to answer.
 */
struct ksmbd_channel {
	refcount_t ref;
	struct rcu_head rcu;
	struct ksmbd_conn *conn;
	struct ksmbd_sign_key *signing_key;	/* NULL: guest or anonymous */
	struct list_head link;
};

/**
 * struct ksmbd_logon - SESSION_SETUP's exchange on one connection, under way
 *
 * Makes a session VALID, proves it anew, or binds it to another connection.
 * There is at most one for a session and a connection.
 *
 * Life: in the session's @logons from ksmbd_logon_begin() until it is over, one
 * way or the other, its connection is lost or the session ends.  One reference
 * for the list, one for each request that is a leg of it.
 *
 * @conn: reference
 * @signing_key: when binding, Session.SigningKey in the session's algorithm:
 *	what the legs are signed with ([MS-SMB2] 3.3.5.5 step 4); owned, immutable
 * @auth, @preauth_hash: under the session's @setup
 */
struct ksmbd_logon {
	refcount_t ref;
	struct list_head link;		/* under session->lock; empty: over */
	struct ksmbd_conn *conn;
	struct ksmbd_sign_key *signing_key;
	struct ksmbd_auth *auth;
	u8 preauth_hash[KSMBD_PREAUTH_HASH_SIZE];
};

/* The channel of @conn, referenced, or NULL. */
struct ksmbd_channel *ksmbd_channel_find(struct ksmbd_session *s,
					 struct ksmbd_conn *conn);
/*
 * One whose connection is not known to be lost, that of @first if it can be;
 * referenced, or NULL.
 */
struct ksmbd_channel *ksmbd_channel_alive(struct ksmbd_session *s,
					  struct ksmbd_conn *first);
void ksmbd_channel_put(struct ksmbd_channel *ch);

/*
 * The log-on of @s under way on @conn, or a new one that nobody sees yet;
 * @binding: its legs carry signatures.  ERR_PTR(-ENOMEM).
 */
struct ksmbd_logon *ksmbd_logon_get(struct ksmbd_session *s,
				    struct ksmbd_conn *conn, bool binding);
void ksmbd_logon_put(struct ksmbd_logon *lg);	/* NULL is fine */
/*
 * Publishes a new one; one that is published already stays.  -ENOENT: the session has
 * ended; -EBUSY: the connection has another; -EUSERS: as many channels as a
 * session may have.
 */
int ksmbd_logon_begin(struct ksmbd_session *s, struct ksmbd_logon *lg);
/*
 * It is over, also one that could not begin.  A connection that got no channel by
 * it knows nothing of the session any more.
 */
void ksmbd_logon_end(struct ksmbd_session *s, struct ksmbd_logon *lg);

/*
 * The proof is in: derives the keys with the log-on's hash, makes the first
 * channel, moves to VALID.  Takes @user over in every case.  -ENOENT: the
 * session or the connection has ended meanwhile.  Called under the session's @setup.
 */
int ksmbd_session_validate(struct ksmbd_session *s, struct ksmbd_logon *lg,
			   struct ksmbd_user *user,
			   const struct ksmbd_auth_result *result);
/*
 * Reauthentication: swaps the user, taken over.  It is the owner again, or nobody
 * (@anonymous), who keeps the keys, trees and handles and gets no new ones of
 * the owner's; another account is -EACCES.
 */
int ksmbd_session_reauthenticate(struct ksmbd_session *s,
				 struct ksmbd_user *user, bool anonymous);
/*
 * Binding: a channel for the log-on's connection, with a key of its own.  Takes
 * @user over, who has to be the session's: -EACCES.  -ENOENT as above.
 */
int ksmbd_session_bind(struct ksmbd_session *s, struct ksmbd_logon *lg,
		       struct ksmbd_user *user,
		       const struct ksmbd_auth_result *result);

#endif
