/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A transport moves whole SMB messages: the 4-byte length in front of each is
 * its business ([MS-SMB2] 2.1, direct TCP).  It knows no SMB.
 *
 * One kthread "ksmbd/N" per transport receives.  It calls ksmbd_received()
 * for each frame, in order, and ksmbd_conn_lost() once, when the peer is gone
 * or ksmbd_transport_shutdown() was called; after that call the transport
 * never calls up again.
 */
#ifndef _KSMBD_TRANSPORT_H
#define _KSMBD_TRANSPORT_H

#include <linux/refcount.h>
#include <linux/types.h>
#include <linux/uio.h>

struct ksmbd_transport;
struct ksmbd_conn;
struct ksmbd_bulk;

/**
 * struct ksmbd_pieces - a message to send
 * @iov, @n, @len: its pieces and their sum; @iov[-1] is there for the transport
 * @shared: of each piece, whether it is one of a struct ksmbd_bulk: the peer's
 *	acknowledgment may come long after @send returned, and its pages are
 *	referred to until then; other pieces are copied
 */
struct ksmbd_pieces {
	struct kvec *iov;
	bool *shared;
	unsigned int n;
	size_t len;
};

/**
 * struct ksmbd_transport_ops - one kind of transport
 * @send: sends the pieces as one frame (the length header is added here).
 *	Serialised by the transport's own mutex.  Bounded by a send timeout; a
 *	failure shuts the transport down.
 * @is_quiet: has nothing more come from the peer, and could a message of @size
 *	bytes be sent without waiting for it?  Asked in the receiving thread.
 * @shutdown: both directions; wakes the receiving thread.  Idempotent, any
 *	context that may sleep.
 * @free: the last reference is gone
 */
struct ksmbd_transport_ops {
	int (*send)(struct ksmbd_transport *t, const struct ksmbd_pieces *p);
	bool (*is_quiet)(struct ksmbd_transport *t, size_t size);
	void (*shutdown)(struct ksmbd_transport *t);
	void (*free)(struct ksmbd_transport *t);
};

/**
 * struct ksmbd_transport - base of every transport
 * @conn: set by ksmbd_conn_new() before the receiving thread starts; the
 *	transport's reference on the connection, dropped by the transport
 *	after ksmbd_conn_lost()
 * @peer: text address without port, "10.0.2.2" or "fe80::1"; an IPv4-mapped
 *	address is shown as IPv4
 * @id: the N of the thread's name
 */
struct ksmbd_transport {
	const struct ksmbd_transport_ops *ops;
	refcount_t ref;
	struct ksmbd_conn *conn;
	u32 id;
	bool ipv6;
	char peer[64];
};

struct net;

/*
 * Listen in @net as ksmbd_settings say.  0 when at least one listener stands,
 * or when every configured interface is down for now: one that comes up gets
 * its listener then.
 */
int ksmbd_tcp_start(struct net *net);
/* Stops listening and waits for the listener threads; connections stay. */
void ksmbd_tcp_stop(void);
int ksmbd_tcp_init(void);
void ksmbd_tcp_exit(void);

struct fsctl_interface;
/*
 * The addresses that clients reach the server at, at most @max, to @list; the
 * loopback ones only with @loopback.  Sleeps; returns how many.
 */
unsigned int ksmbd_tcp_interfaces(bool loopback, struct fsctl_interface *list,
				  unsigned int max);

static inline int ksmbd_transport_send(struct ksmbd_transport *t,
				       const struct ksmbd_pieces *p)
{
	return t->ops->send(t, p);
}

static inline bool ksmbd_transport_is_quiet(struct ksmbd_transport *t, size_t size)
{
	return t->ops->is_quiet(t, size);
}

static inline void ksmbd_transport_shutdown(struct ksmbd_transport *t)
{
	t->ops->shutdown(t);
}

static inline void ksmbd_transport_get(struct ksmbd_transport *t)
{
	refcount_inc(&t->ref);
}

static inline void ksmbd_transport_put(struct ksmbd_transport *t)
{
	if (refcount_dec_and_test(&t->ref))
		t->ops->free(t);
}

#define KSMBD_FRAME_HEAD	512	/* bytes of a large frame that lie in one piece */

/**
 * struct ksmbd_frame - one received message
 * @len: bytes
 * @vec, @n: the pieces they lie in, not zeroed beforehand
 * @bulk: of a large frame all but the first KSMBD_FRAME_HEAD bytes; else NULL
 * @one: @vec of a frame in one piece
 * @data: the first piece
 */
struct ksmbd_frame {
	u32 len;
	unsigned int n;
	struct kvec *vec;
	struct ksmbd_bulk *bulk;
	struct kvec one;
	u8 data[];
};

struct ksmbd_frame *ksmbd_frame_new(u32 len);	/* NULL: no memory */
void ksmbd_frame_free(struct ksmbd_frame *f);
/* Bytes of memory it takes. */
u32 ksmbd_frame_size(const struct ksmbd_frame *f);
/* A copy of what @f's pieces are by now, in one.  NULL: no memory. */
struct ksmbd_frame *ksmbd_frame_in_one(const struct ksmbd_frame *f);

/*
 * Calls up.  By server/connection.c:
 * A connection for an accepted transport, or ERR_PTR: over a limit, no memory.
 */
struct ksmbd_conn *ksmbd_conn_new(struct ksmbd_transport *t);
void ksmbd_conn_lost(struct ksmbd_conn *conn);
void ksmbd_conn_put(struct ksmbd_conn *conn);
/* Largest frame the connection takes in its present state; more disconnects. */
u32 ksmbd_conn_max_frame(struct ksmbd_conn *conn);
/*
 * Jiffies from now that the receiver may go on waiting for the next frame:
 * short before a session is authenticated, "deadtime" without open files
 * afterwards, MAX_SCHEDULE_TIMEOUT for ever.  Asked again when they are over;
 * 0 or less: the time is up.
 */
long ksmbd_conn_receive_timeout(struct ksmbd_conn *conn);
/*
 * Before a frame is read: waits, at most @timeout jiffies, until what is in
 * flight leaves room for it.  1: there is room, 0: not yet, -ESHUTDOWN.
 */
int ksmbd_conn_wait_room(struct ksmbd_conn *conn, unsigned long timeout);
/* By smb2/receive.c: takes the frame over.  Non-zero ends the connection. */
int ksmbd_received(struct ksmbd_conn *conn, struct ksmbd_frame *frame);

#endif
