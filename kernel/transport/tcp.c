// SPDX-License-Identifier: GPL-2.0
/*
 * Direct TCP: a socket, the thread that receives from it, and the mutex under
 * which whole messages are sent.
 *
 * No peer can hold the thread or a sender for ever: the next frame, the rest
 * of a frame that has begun and each send have deadlines, and keepalive finds
 * out peers that vanished.
 */
#include "transport/transport.h"

#include <linux/atomic.h>
#include <linux/completion.h>
#include <linux/err.h>
#include <linux/inet.h>
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/net.h>
#include <linux/overflow.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/tcp.h>
#include <net/ipv6.h>
#include <net/sock.h>
#include <net/tcp_states.h>
#include "compat/kthread.h"
#include "compat/net.h"
#include "compat/unaligned.h"
#include "debug.h"
#include "transport/bulk.h"
#include "transport/tcp.h"

#define HEADER		4		/* a zero byte, 24 bits of length, big endian */
#define EARLY		(HEADER + KSMBD_FRAME_HEAD)	/* bytes taken from the socket with a header */
#define KEEPIDLE	60		/* s; with the probes a dead peer is gone in 90 s */
#define KEEPINTVL	10
#define KEEPCNT		3
#define USER_TIMEOUT	(90 * 1000)	/* ms, for what was sent and not acknowledged */
#define SLOWEST		(16 << 10)	/* bytes a second; slower peers are cut off */
#define GRACE		(10 * HZ)
#define SEND_GRACE	(30 * HZ)
#define SEND_SLACK	4096
#define LOOK_AROUND	(5 * HZ)
#define IDLE_AFTER	(2L * HZ)

/*
 * struct tcp_transport - an accepted socket
 * @closed: set once by shutdown; no frame is received or sent afterwards
 * @send_lock: one message at a time; sleeps for the peer, at most as long as
 *	the deadline of a send
 * @early: what came with the last header, as a rule all of a small frame: the
 *	@n_early bytes from @at are not used yet; the receiving thread's
 *
 * References: the receiving thread; the connection.
 */
struct tcp_transport {
	struct ksmbd_transport t;
	struct socket *sock;
	struct mutex send_lock;
	bool closed;
	u16 at, n_early;
	u8 early[EARLY];
};

/*
 * Every receiving thread completes this as its very last act, in the
 * kernel's text and not in ours: the module may go once each one has.
 */
static DECLARE_COMPLETION(thread_ended);
static atomic_t n_threads = ATOMIC_INIT(0);
static atomic_t next_id = ATOMIC_INIT(0);

static struct tcp_transport *tcp_of(struct ksmbd_transport *t)
{
	return container_of(t, struct tcp_transport, t);
}

static unsigned long deadline_for(u32 len, unsigned long grace)
{
	return jiffies + grace + (unsigned long)(len / SLOWEST) * HZ;
}

/* --- operations --- */

static void tcp_shutdown(struct ksmbd_transport *t)
{
	struct tcp_transport *tcp = tcp_of(t);

	WRITE_ONCE(tcp->closed, true);
	kernel_sock_shutdown(tcp->sock, SHUT_RDWR);
}

/* Why to give up before the next try, or 0. */
static int give_up(struct tcp_transport *tcp, unsigned long deadline)
{
	if (READ_ONCE(tcp->closed))
		return -ESHUTDOWN;
	return time_after_eq(jiffies, deadline) ? -ETIMEDOUT : 0;
}

/* What a call of the socket's brought, unless only a round of sk_sndtimeo was over. */
static bool failed(int sent)
{
	return sent < 0 && sent != -EAGAIN && sent != -EINTR;
}

static int send_copied(struct tcp_transport *tcp, struct kvec *iov,
		       unsigned int n, size_t len, int flags,
		       unsigned long deadline)
{
	struct msghdr msg = { .msg_flags = MSG_NOSIGNAL | flags };

	iov_iter_kvec(&msg.msg_iter, WRITE, iov, n, len);
	while (msg_data_left(&msg)) {
		int err = give_up(tcp, deadline);
		int sent = err ?: sock_sendmsg(tcp->sock, &msg);

		if (failed(sent))
			return sent;
	}
	return 0;
}

static int send_shared(struct tcp_transport *tcp, const struct kvec *piece,
		       int flags, unsigned long deadline)
{
	struct page *page = virt_to_page(piece->iov_base);
	size_t done = 0;

	while (done < piece->iov_len) {
		int err = give_up(tcp, deadline);
		int sent = err ?: compat_send_page(tcp->sock, page, done,
						   piece->iov_len - done,
						   MSG_NOSIGNAL | flags);

		if (failed(sent))
			return sent;
		if (sent > 0)
			done += sent;
	}
	return 0;
}

/*
 * The header and what is to be copied go in together, up to the next piece that is
 * shared; the last call lets go of what MSG_MORE held back.
 */
static int send_pieces(struct tcp_transport *tcp, const struct ksmbd_pieces *p,
		       unsigned long deadline)
{
	struct kvec *first = p->iov - 1;	/* not sent yet */
	size_t len = HEADER;			/* of those up to here */
	int err;

	for (unsigned int i = 0; i < p->n; i++) {
		struct kvec *piece = &p->iov[i];

		if (!p->shared[i]) {
			len += piece->iov_len;
			continue;
		}
		err = len ? send_copied(tcp, first, piece - first, len, MSG_MORE,
					deadline) : 0;
		err = err ?: send_shared(tcp, piece, i + 1 < p->n ? MSG_MORE : 0,
					 deadline);
		if (err)
			return err;
		first = piece + 1;
		len = 0;
	}
	if (!len)
		return 0;
	return send_copied(tcp, first, p->iov + p->n - first, len, 0, deadline);
}

static int tcp_send(struct ksmbd_transport *t, const struct ksmbd_pieces *p)
{
	struct tcp_transport *tcp = tcp_of(t);
	u8 header[HEADER];
	int err;

	if (p->len >= 1 << 24)
		return -EMSGSIZE;
	put_unaligned_be32(p->len, header);
	p->iov[-1] = (struct kvec) { header, sizeof(header) };

	mutex_lock(&tcp->send_lock);
	err = send_pieces(tcp, p, deadline_for(p->len, SEND_GRACE));
	mutex_unlock(&tcp->send_lock);
	if (err) {		/* half a frame may be out: nothing can follow */
		ksmbd_debug(CONN, "%s: send: %d\n", t->peer, err);
		tcp_shutdown(t);
	}
	return err;
}

static bool tcp_is_quiet(struct ksmbd_transport *t, size_t size)
{
	struct tcp_transport *tcp = tcp_of(t);
	struct sock *sk = tcp->sock->sk;

	/* what it takes is counted in whole buffers */
	return !tcp->n_early && skb_queue_empty_lockless(&sk->sk_receive_queue) &&
	       sk_stream_wspace(sk) >= 2 * (int)size + SEND_SLACK;
}

static void tcp_free(struct ksmbd_transport *t)
{
	struct tcp_transport *tcp = tcp_of(t);

	sock_release(tcp->sock);
	mutex_destroy(&tcp->send_lock);
	kfree(tcp);
}

static const struct ksmbd_transport_ops tcp_ops = {
	.send		= tcp_send,
	.is_quiet	= tcp_is_quiet,
	.shutdown	= tcp_shutdown,
	.free		= tcp_free,
};

/* --- receiving --- */

/* Up to @len bytes within @timeout.  0 at the end, -EAGAIN when time is over. */
static int receive_some(struct tcp_transport *tcp, void *buf, u32 len,
			int flags, long timeout)
{
	struct kvec iov = { buf, len };
	struct msghdr msg = { };
	int got;

	if (READ_ONCE(tcp->closed))
		return 0;
	WRITE_ONCE(tcp->sock->sk->sk_rcvtimeo, timeout);
	got = kernel_recvmsg(tcp->sock, &msg, &iov, 1, len, flags);
	return READ_ONCE(tcp->closed) ? 0 : got;
}

/* Those of the next @len bytes that came early; how many. */
static u32 take_early(struct tcp_transport *tcp, u8 *buf, u32 len)
{
	u32 n = min_t(u32, len, tcp->n_early);

	memcpy(buf, tcp->early + tcp->at, n);
	tcp->at += n;
	tcp->n_early -= n;
	return n;
}

/* What is left of a frame that has begun. */
static int receive_rest(struct tcp_transport *tcp, u8 *buf, u32 len,
			unsigned long deadline)
{
	u32 early = take_early(tcp, buf, len);

	for (buf += early, len -= early; len;) {
		unsigned long now = jiffies;
		int got;

		if (time_after_eq(now, deadline))
			return -ETIMEDOUT;
		got = receive_some(tcp, buf, len, MSG_WAITALL, deadline - now);
		if (!got)
			return -ECONNRESET;
		if (got < 0 && got != -EAGAIN && got != -EINTR)
			return got;
		if (got > 0) {
			buf += got;
			len -= got;
		}
	}
	return 0;
}

/*
 * A thread that has sent keeps the pages which the last bytes were copied to, 32 KiB,
 * for what it sends next: of an idle connection that is half the memory.
 */
static void drop_send_pages(void)
{
	struct page_frag *frag = &current->task_frag;

	if (frag->page)
		put_page(frag->page);
	frag->page = NULL;
}

/* The next frame may take its time; the connection says how much. */
static int receive_header(struct tcp_transport *tcp, u8 *header)
{
	u32 have = take_early(tcp, header, HEADER);
	bool idle = false;

	while (have < HEADER) {
		long timeout = ksmbd_conn_receive_timeout(tcp->t.conn);
		int got;

		if (timeout <= 0)
			return -ETIMEDOUT;
		got = receive_some(tcp, tcp->early, sizeof(tcp->early), 0,
				   idle ? timeout : min(timeout, IDLE_AFTER));
		if (got == -EAGAIN && !idle) {
			drop_send_pages();
			idle = true;
		}
		if (!got)
			return -ECONNRESET;
		if (got < 0 && got != -EAGAIN && got != -EINTR)
			return got;
		tcp->at = 0;
		tcp->n_early = max(got, 0);
		have += take_early(tcp, header + have, HEADER - have);
	}
	return 0;
}

/*
 * Back-pressure.  While nothing is read the end of the stream is not seen
 * either, so the socket is looked at every few seconds: requests that wait for
 * good must not keep a connection whose client has left.
 */
static int wait_room(struct tcp_transport *tcp)
{
	int room;

	while (!(room = ksmbd_conn_wait_room(tcp->t.conn, LOOK_AROUND))) {
		if (READ_ONCE(tcp->closed) ||
		    ksmbd_conn_receive_timeout(tcp->t.conn) <= 0 ||
		    inet_sk_state_load(tcp->sock->sk) != TCP_ESTABLISHED)
			return -ECONNRESET;
	}
	return room < 0 ? room : 0;
}

static struct ksmbd_frame *receive_frame(struct tcp_transport *tcp)
{
	struct ksmbd_frame *frame;
	unsigned long deadline;
	u8 header[HEADER];
	u32 len;
	int err;

	err = wait_room(tcp) ?: receive_header(tcp, header);
	if (err)
		return ERR_PTR(err);
	len = get_unaligned_be32(header);
	if (header[0] || !len || len > ksmbd_conn_max_frame(tcp->t.conn)) {
		ksmbd_debug(CONN, "%s: frame of type %u, %u bytes\n",
			    tcp->t.peer, header[0], len & 0xffffff);
		return ERR_PTR(-EPROTO);
	}
	frame = ksmbd_frame_new(len);
	if (!frame)
		return ERR_PTR(-ENOMEM);
	deadline = deadline_for(len, GRACE);
	for (unsigned int i = 0; !err && i < frame->n; i++)
		err = receive_rest(tcp, frame->vec[i].iov_base,
				   frame->vec[i].iov_len, deadline);
	if (err) {
		ksmbd_frame_free(frame);
		return ERR_PTR(err);
	}
	return frame;
}

static int receive_thread(void *data)
{
	struct tcp_transport *tcp = data;
	struct ksmbd_conn *conn = tcp->t.conn;
	struct ksmbd_frame *frame;

	do {
		frame = receive_frame(tcp);
	} while (!IS_ERR(frame) && !ksmbd_received(conn, frame));

	tcp_shutdown(&tcp->t);
	ksmbd_conn_lost(conn);
	ksmbd_conn_put(conn);
	ksmbd_transport_put(&tcp->t);
	kthread_complete_and_exit(&thread_ended, 0);
}

/* --- a new connection --- */

/* The address as a host list would name it: IPv4 also when it came mapped. */
static int name_peer(struct tcp_transport *tcp)
{
	struct sockaddr_storage addr;
	const struct sockaddr_in6 *in6 = (void *)&addr;
	const struct sockaddr_in *in = (void *)&addr;
	char *peer = tcp->t.peer;
	int err = kernel_getpeername(tcp->sock, (struct sockaddr *)&addr);

	if (err < 0)
		return err;
	if (addr.ss_family == AF_INET) {
		snprintf(peer, sizeof(tcp->t.peer), "%pI4", &in->sin_addr);
	} else if (addr.ss_family != AF_INET6) {
		return -EAFNOSUPPORT;
	} else if (ipv6_addr_v4mapped(&in6->sin6_addr)) {
		snprintf(peer, sizeof(tcp->t.peer), "%pI4",
			 &in6->sin6_addr.s6_addr32[3]);
	} else {
		tcp->t.ipv6 = true;
		snprintf(peer, sizeof(tcp->t.peer), "%pI6c", &in6->sin6_addr);
	}
	return 0;
}

static void set_options(struct sock *sk)
{
	compat_hold_net(sk);	/* its last FIN may need time that we don't have */
	tcp_sock_set_nodelay(sk);
	sock_set_keepalive(sk);
	tcp_sock_set_keepidle(sk, KEEPIDLE);
	tcp_sock_set_keepintvl(sk, KEEPINTVL);
	tcp_sock_set_keepcnt(sk, KEEPCNT);
	tcp_sock_set_user_timeout(sk, USER_TIMEOUT);
	WRITE_ONCE(sk->sk_sndtimeo, LOOK_AROUND);
}

static int start_receiving(struct tcp_transport *tcp)
{
	struct task_struct *task;

	/* those that ended since need not be waited for at the end */
	while (atomic_read(&n_threads) > 0 &&
	       try_wait_for_completion(&thread_ended))
		atomic_dec(&n_threads);

	task = kthread_create(receive_thread, tcp, "ksmbd/%u", tcp->t.id);
	if (IS_ERR(task))
		return PTR_ERR(task);
	atomic_inc(&n_threads);
	wake_up_process(task);
	return 0;
}

static u32 new_id(void)
{
	u32 id;

	do
		id = atomic_inc_return(&next_id);
	while (!id);			/* 0 is the listener's */
	return id;
}

void ksmbd_tcp_accepted(struct socket *sock)
{
	struct tcp_transport *tcp = kzalloc(sizeof(*tcp), GFP_KERNEL);
	struct ksmbd_conn *conn;

	if (!tcp) {
		sock_release(sock);
		return;
	}
	tcp->t.ops = &tcp_ops;
	refcount_set(&tcp->t.ref, 1);	/* the thread's */
	tcp->t.id = new_id();
	tcp->sock = sock;
	mutex_init(&tcp->send_lock);
	if (name_peer(tcp))
		goto drop;
	set_options(sock->sk);
	conn = ksmbd_conn_new(&tcp->t);
	if (IS_ERR(conn))
		goto drop;
	if (start_receiving(tcp)) {
		tcp_shutdown(&tcp->t);
		ksmbd_conn_lost(conn);
		ksmbd_conn_put(conn);
		goto drop;
	}
	return;
drop:
	ksmbd_transport_put(&tcp->t);
}

int ksmbd_tcp_init(void)
{
	ksmbd_bulk_init();
	return ksmbd_tcp_listen_init();
}

void ksmbd_tcp_exit(void)
{
	ksmbd_tcp_listen_exit();
	while (atomic_dec_return(&n_threads) >= 0)
		wait_for_completion(&thread_ended);
	ksmbd_bulk_exit();
}
