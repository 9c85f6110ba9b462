/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KSMBD_CONNECTION_H
#define _KSMBD_CONNECTION_H

#include <linux/mutex.h>
#include <linux/refcount.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/wait.h>
#include <linux/xarray.h>
#include "auth/kdf.h"
#include "ipc/ipc.h"
#include "server/credits.h"
#include "transport/transport.h"
#include "wire/smb2.h"

#define KSMBD_CONN_MAX_SESSIONS	1024	/* per connection */
#define KSMBD_CONN_MAX_IN_SETUP	32	/* of them not authenticated yet */
#define KSMBD_CONN_MAX_ASYNC	512	/* requests waiting for something */
#define KSMBD_CONN_CANCELS	16
#define KSMBD_CONN_MAX_RUNNING	32	/* messages in workers' hands */
#define KSMBD_CONN_MAX_BYTES	(64 << 20)	/* in flight */
#define KSMBD_CONN_STRANGER_BYTES (1 << 20)	/* the same, before a session is authenticated */
#define KSMBD_CONN_FIRST_FRAME	(128 << 10)	/* bytes, before a session is authenticated */
#define KSMBD_CONN_FRAME_EXTRA	(64 << 10)	/* beyond the negotiated sizes: headers, chains */
#define KSMBD_MAX_CONNECTIONS	32768	/* whatever is configured: each is a thread */
#define KSMBD_SETUP_TIMEOUT	(30 * HZ)	/* without an authenticated session */

/**
 * struct ksmbd_conn - a Connection of [MS-SMB2] 3.3.1.7: one client's transport
 *
 * Life:
 *	NEW --NEGOTIATE--> NEGOTIATED --lost--> DYING --last put--> freed
 *
 *	A multi-protocol NEGOTIATE of SMB1 leaves it NEW with @smb1_seen, and
 *	an SMB2 NEGOTIATE follows.  DYING is reached once, in ksmbd_conn_lost().
 *
 * References, one each:
 *	- the transport, until its receiving thread has ended;
 *	- every message (frame with its requests) until its last answer is out;
 *	- every channel, from its creation until it leaves its session;
 *	- a look-up in the connection list, while it works.
 *
 * Locks: NEGOTIATE runs in the receiving thread, so the negotiated fields are
 *	written by that thread only, before any other command is accepted, and
 *	never change afterwards.  @lock guards the fields below it; only a
 *	request's wake_lock is taken under it.
 */
struct ksmbd_conn {
	refcount_t ref;
	struct rcu_head rcu;
	struct list_head link;		/* in the connection list, under its lock */
	struct ksmbd_transport *transport;
	unsigned long born;		/* jiffies */

	/* negotiated, see above */
	bool smb1_seen;
	u16 dialect;			/* 0 until negotiated */
	u8 client_guid[16];
	u32 client_capabilities;
	u16 client_security_mode;
	u16 n_client_dialects;
	u16 client_dialects[WIRE_MAX_DIALECTS];
	u32 capabilities;		/* ours, as answered */
	u16 security_mode;		/* ours, as answered */
	u16 signing_algorithm;		/* SMB2_SIGNING_* */
	u16 cipher;			/* 0: none */
	bool posix;
	u32 max_transact, max_read, max_write;	/* bytes */
	u8 preauth_hash[KSMBD_PREAUTH_HASH_SIZE];	/* after NEGOTIATE */

	struct ksmbd_credits credits;

	wait_queue_head_t idle;		/* woken when a counter below drops */

	spinlock_t lock;
	enum ksmbd_conn_state { CONN_NEW, CONN_NEGOTIATED, CONN_DYING } state;
	bool authenticated;		/* a session was set up here at least once */
	struct list_head sessions;	/* with a channel here or in setup here:
					 * struct ksmbd_session_link */
	u32 n_sessions;			/* entries of @sessions; bounded */
	u32 n_async;			/* entries of @async; bounded */
	u32 next_async;			/* of the one making a request async, under @async's lock */
	u32 n_messages;			/* in flight */
	size_t bytes_in_flight;		/* memory of received frames and of answers */
	u32 n_running;			/* of them with a worker's turn */
	struct list_head backlog;	/* those that wait for one: .turn */
	struct list_head messages;	/* struct ksmbd_message.link, oldest first */
	struct list_head outbox;	/* struct ksmbd_outgoing, see server/outbox.h */
	bool sending;			/* somebody empties it */
	struct xarray async;		/* AsyncId -> parked request, no reference:
					 * removed before the request is freed */
	/* CANCELs that came before their request began to wait */
	struct { u64 message_id, session_id; } cancels[KSMBD_CONN_CANCELS];
	u32 next_cancel;
	unsigned long last_frame;	/* jiffies, for deadtime */
	atomic_t open_files;		/* for deadtime */
};

static inline void ksmbd_conn_get(struct ksmbd_conn *conn)
{
	refcount_inc(&conn->ref);
}

/* ksmbd_conn_put(), ksmbd_conn_new(), ksmbd_conn_lost(): transport/transport.h */

/* Ends the connection from our side: the receiving thread then reports it lost. */
void ksmbd_conn_shutdown(struct ksmbd_conn *conn);
/* Ends all of them and waits until the last one is gone. */
void ksmbd_conn_drain_all(void);
enum ksmbd_conn_state ksmbd_conn_get_state(struct ksmbd_conn *conn);
unsigned int ksmbd_conn_count(void);
/* The one with the lowest transport id above @id, referenced; NULL: none. */
struct ksmbd_conn *ksmbd_conn_after(u64 id);

/* A session was authenticated here: more credits, larger frames, no setup timeout. */
void ksmbd_conn_authenticated(struct ksmbd_conn *conn);

/* May this connection use SMB 3.x rules? */
static inline bool ksmbd_conn_is_smb3(const struct ksmbd_conn *conn)
{
	return conn->dialect >= SMB2_DIALECT_0300;
}

#endif
