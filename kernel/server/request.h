/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A message is one received frame: a chain of one or more requests
 * ([MS-SMB2] 3.3.5.2.7), executed in order by one work item.
 *
 * What has to wait does not sleep.  The handler parks the request on what it
 * waits for and returns STATUS_PENDING; the worker sends the interim response
 * and leaves.  Whoever ends the wait calls ksmbd_request_wake(); the message
 * is queued again and the handler is called once more, for the same request.
 * A handler that can park is written to be entered again: its own state is in
 * @park.  It may park as often as it likes; one interim response is sent.
 */
#ifndef _KSMBD_REQUEST_H
#define _KSMBD_REQUEST_H

#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/workqueue.h>
#include "ntstatus.h"
#include "server/connection.h"
#include "server/payload.h"
#include "server/session.h"
#include "server/tree.h"
#include "transport/transport.h"
#include "wire/smb2.h"

#define KSMBD_MAX_COMPOUND	64	/* requests in one message */

struct ksmbd_open;
struct ksmbd_message;

/**
 * struct ksmbd_request - one command of a message, from decoding to answer
 *
 * Owned by its message and touched only by the one worker that runs the
 * message, except @wake_lock's fields, which wakers and CANCEL touch.
 *
 * @hdr: as received; @session_id, @tree_id of related requests are inherited
 *	already
 * @open: the handle that FileId names or is inherited; set by
 *	ksmbd_open_find(), reference dropped when the request ends
 * @status: of this request once handled
 * @answered: called when the answer is on its way, or never will be; or NULL
 * @park: what the handler keeps between calls; @release frees it, at the
 *	latest when the request ends
 */
struct ksmbd_request {
	struct ksmbd_message *msg;
	struct ksmbd_conn *conn;
	struct list_head link;		/* in msg->done */
	struct list_head wait_link;	/* in open->waiters, under its spin */
	struct smb2_header hdr;
	enum smb2_code code;
	struct wire_span raw;		/* the request's own bytes, from its header, */
	u32 beyond;			/* and how many more in the frame's pieces */
	bool related;
	bool prepared;			/* resolved, checked and decoded */
	u64 started;			/* ktime_get_ns() of the first dispatch */
	bool signed_ok;			/* carried a valid signature */

	struct ksmbd_session *session;
	struct ksmbd_channel *channel;
	struct ksmbd_logon *logon;	/* reference: SESSION_SETUP is a leg of it */
	struct ksmbd_user *user;
	struct ksmbd_tree *tree;
	struct ksmbd_open *open;
	struct ksmbd_open *counted;	/* @open, when it counts this one: smb2/open.h */

	union smb2_req req;
	union smb2_rsp rsp;
	ntstatus_t status;
	struct ksmbd_payload payload;
	u64 rsp_session_id;		/* for the response's header: as in @hdr */
	u32 rsp_tree_id;		/* unless the handler sets another */
	u16 charge;			/* CreditCharge, at least 1 */
	bool error_has_body;		/* @status comes with the usual response */
	u32 error_length;		/* BUFFER_TOO_SMALL: what it takes */
	bool close_connection;		/* answer, then end the connection */
	bool too_many;			/* cancelled for want of an AsyncId */
	bool no_answer;			/* with the above: end it without a word */
	void (*answered)(struct ksmbd_request *rq);

	struct {
		void *data;
		void (*release)(void *data);
	} park;
	u64 async_id;			/* 0: no interim response sent */

	spinlock_t wake_lock;		/* innermost; any context */
	/* RUNNING or WOKEN --park--> ANNOUNCED --suspend--> PARKED --wake--> WOKEN;
	 * a wake of an ANNOUNCED one makes it WOKEN, and suspend fails */
	enum { RQ_RUNNING, RQ_ANNOUNCED, RQ_PARKED, RQ_WOKEN } wait_state;
	bool cancelled;			/* CANCEL named it */
	bool torn_down;			/* its handle, tree, session or connection ended */
};

/**
 * struct ksmbd_message - a frame and its requests
 *
 * Owned by whoever runs it: the receiving thread, then the work item, then,
 * while a request is parked, nobody but the wait; wakers reach it only
 * through ksmbd_request_wake(), which is safe until the request ended.
 */
struct ksmbd_message {
	struct work_struct work;
	struct list_head link;		/* conn->messages */
	struct ksmbd_conn *conn;	/* reference */
	struct ksmbd_frame *frame;
	struct wire_span bytes;		/* of its first piece: the chain, decrypted */
	u32 beyond;			/* in the other pieces: the data of a WRITE
					 * that is alone in its frame */
	u32 size;			/* that counts as in flight */
	struct ksmbd_session *sealed_by; /* reference: the session whose key
					 * encrypted it, and will the answers */
	u32 next;			/* offset of the next request in @bytes */
	u32 n_requests;			/* seen so far */
	struct ksmbd_request *rq;	/* the one running or parked */
	bool slow;			/* may sleep for mountd or a penalty before
					 * anybody has proved anything: other
					 * workers; set before it is queued */
	bool here;			/* runs in the receiving thread: must not
					 * wait, but may be moved to a worker */
	struct list_head turn;		/* conn->backlog; under conn->lock */
	bool has_turn;			/* counts in conn->n_running; the runner's */
	struct list_head done;		/* answered ones not sent yet */

	/* what related requests inherit, [MS-SMB2] 3.3.5.2.7.2 */
	bool related_to_nothing;	/* nothing before, or no session */
	u64 session_id;
	u32 tree_id;
	struct smb2_file_id file_id;
	bool has_file_id;
	ntstatus_t failed;		/* why there is none to inherit */
};

/*
 * A handler announces a wait before it returns STATUS_PENDING: from here on a
 * wake is remembered.  False: already cancelled or torn down; do not wait.
 * Call it before making the request visible to wakers.
 */
bool ksmbd_request_park(struct ksmbd_request *rq);
/*
 * The dispatcher, when the handler returned STATUS_PENDING.  True: parked, and
 * owned by whoever wakes it; the worker touches neither request nor message
 * any more.  False: a wake came already, the handler is to be called again.
 */
bool ksmbd_request_suspend(struct ksmbd_request *rq);
/*
 * Gives the request its AsyncId.  -ENOSPC: too many wait on this connection.
 * The id is valid until the request is freed.
 */
int ksmbd_request_make_async(struct ksmbd_request *rq);
/*
 * Ends the wait; safe in any context that may take wake_lock, from publish to
 * unpublish of the request at what it waits for.  Waking twice, or before the
 * handler returned, is fine.
 */
void ksmbd_request_wake(struct ksmbd_request *rq);
/* As wake, with the reason: the handler then answers CANCELLED. */
void ksmbd_request_cancel(struct ksmbd_request *rq);
void ksmbd_request_tear_down(struct ksmbd_request *rq);
/*
 * Tears down the waiting requests of a connection, only those of @s or of @tree
 * when not NULL.  Their state is to be DYING already: then those that
 * announce a wait later find out in ksmbd_request_park().
 */
void ksmbd_request_tear_down_all(struct ksmbd_conn *conn,
				 const struct ksmbd_session *s,
				 const struct ksmbd_tree *tree);

/*
 * Is one of the connection's requests, of those that were answered STATUS_PENDING
 * and are not done, what @match says?  Called under a spinlock; of the request it may
 * look at what never changes after that.
 */
typedef bool ksmbd_request_match(const struct ksmbd_request *rq, const void *what);
bool ksmbd_request_any_async(struct ksmbd_conn *conn, ksmbd_request_match *match,
			     const void *what);
/* The same of all channels of @s. */
bool ksmbd_session_any_async(struct ksmbd_session *s, ksmbd_request_match *match,
			     const void *what);

/*
 * The bytes of the request that @e says, to be read through @from; @one has to live as
 * long as @from.
 */
void ksmbd_request_data(const struct ksmbd_request *rq, struct wire_extent e,
			struct kvec *one, struct iov_iter *from);

/* Provided by smb2/receive.c: runs or goes on running a message. */
void ksmbd_message_run(struct work_struct *work);
/* CANCEL: by AsyncId or MessageId among this connection's requests. */
void ksmbd_request_cancel_by_id(struct ksmbd_conn *conn,
				const struct smb2_header *hdr);

int ksmbd_request_init(void);		/* workqueue, slab */
void ksmbd_request_exit(void);		/* after the last connection */
struct ksmbd_message *ksmbd_message_new(struct ksmbd_conn *conn,
					struct ksmbd_frame *frame);
void ksmbd_message_free(struct ksmbd_message *msg);
/* To a worker, or to wait its turn when its connection has enough of them. */
void ksmbd_message_queue(struct ksmbd_message *msg);
/*
 * The rest of a running one goes to the workers, and from them to those that may sleep
 * for mountd.
 */
void ksmbd_message_move(struct ksmbd_message *msg);
/* May it run in the receiving thread?  Only when nothing else of its connection does. */
bool ksmbd_message_take_turn(struct ksmbd_message *msg);
/* Starts what waits and now may: there is room again. */
void ksmbd_backlog_start(struct ksmbd_conn *conn);
struct ksmbd_request *ksmbd_request_new(struct ksmbd_message *msg);
void ksmbd_request_free(struct ksmbd_request *rq);

/* Provided by fs/open.c. */
void ksmbd_open_put(struct ksmbd_open *open);

#endif
