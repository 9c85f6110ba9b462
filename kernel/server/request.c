// SPDX-License-Identifier: GPL-2.0
/*
 * Messages, requests, and the wait of a request.
 *
 * Who may look at a request that is not its own: wakers, which the rules of
 * publishing keep from one that has ended, and the two searches below, by
 * connection list and by AsyncId.  Those hold the connection's lock or the
 * table's, and ksmbd_request_free() passes through both before it frees.
 */
#include "server/request.h"

#include <linux/slab.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>
#include "debug.h"

static struct kmem_cache *request_cache;
static struct kmem_cache *message_cache;

/*
 * Requests sleep in the filesystem and burn CPU in ciphers and hashes, so
 * they are not bound to the CPU that received them; not WQ_HIGHPRI, because a
 * file server is not more important than what runs beside it; and not
 * WQ_MEM_RECLAIM, because filesystems wait for system work items in them.
 * What comes before authentication sleeps for mountd and for penalties, and
 * would let strangers take every worker: it has a queue of its own.
 */
static struct workqueue_struct *io_queue;
static struct workqueue_struct *slow_queue;

/* --- turns --- */

/*
 * Workers are few and shared by all, and so is memory: a connection has a
 * number of turns, and gets none while what it has in flight, requests and
 * unsent answers, is over the limit.  One may always run when nothing else of
 * it does, or it would never get below.  What was parked goes on without a
 * turn: it has waited already.
 */
static void to_worker(struct ksmbd_message *msg)
{
	queue_work(msg->slow ? slow_queue : io_queue, &msg->work);
}

static bool may_start_locked(const struct ksmbd_conn *conn)
{
	lockdep_assert_held(&conn->lock);
	if (!conn->n_running && !conn->sending)
		return true;
	return conn->n_running < KSMBD_CONN_MAX_RUNNING &&
	       conn->bytes_in_flight < KSMBD_CONN_MAX_BYTES;
}

void ksmbd_backlog_start(struct ksmbd_conn *conn)
{
	struct ksmbd_message *next;

	spin_lock(&conn->lock);
	while (!list_empty(&conn->backlog) && may_start_locked(conn)) {
		next = list_first_entry(&conn->backlog, struct ksmbd_message,
					turn);
		list_del_init(&next->turn);
		next->has_turn = true;
		conn->n_running++;
		to_worker(next);
	}
	spin_unlock(&conn->lock);
}

void ksmbd_message_queue(struct ksmbd_message *msg)
{
	struct ksmbd_conn *conn = msg->conn;

	/* once it is in the list it may run and end at any moment */
	ksmbd_conn_get(conn);
	spin_lock(&conn->lock);
	list_add_tail(&msg->turn, &conn->backlog);
	spin_unlock(&conn->lock);
	ksmbd_backlog_start(conn);
	ksmbd_conn_put(conn);
}

void ksmbd_message_move(struct ksmbd_message *msg)
{
	if (msg->here)
		msg->here = false;
	else
		msg->slow = true;
	to_worker(msg);
}

bool ksmbd_message_take_turn(struct ksmbd_message *msg)
{
	struct ksmbd_conn *conn = msg->conn;

	spin_lock(&conn->lock);
	msg->here = !conn->n_running && !conn->sending &&
		    list_empty(&conn->backlog);
	if (msg->here) {
		msg->has_turn = true;
		conn->n_running++;
	}
	spin_unlock(&conn->lock);
	return msg->here;
}

static void give_back_turn(struct ksmbd_conn *conn)
{
	spin_lock(&conn->lock);
	conn->n_running--;
	spin_unlock(&conn->lock);
	ksmbd_backlog_start(conn);
}

/* --- messages --- */

struct ksmbd_message *ksmbd_message_new(struct ksmbd_conn *conn,
					struct ksmbd_frame *frame)
{
	struct ksmbd_message *msg = kmem_cache_zalloc(message_cache, GFP_KERNEL);

	if (!msg)
		return NULL;
	INIT_WORK(&msg->work, ksmbd_message_run);
	INIT_LIST_HEAD(&msg->done);
	INIT_LIST_HEAD(&msg->turn);
	ksmbd_conn_get(conn);
	msg->conn = conn;
	msg->frame = frame;
	msg->size = ksmbd_frame_size(frame);
	msg->bytes = (struct wire_span) { frame->vec[0].iov_base,
					  frame->vec[0].iov_len };
	msg->failed = STATUS_INVALID_PARAMETER;

	spin_lock(&conn->lock);
	list_add_tail(&msg->link, &conn->messages);
	conn->n_messages++;
	conn->bytes_in_flight += msg->size;
	conn->last_frame = jiffies;
	spin_unlock(&conn->lock);
	return msg;
}

void ksmbd_message_free(struct ksmbd_message *msg)
{
	struct ksmbd_conn *conn = msg->conn;
	struct ksmbd_request *rq, *next;

	list_for_each_entry_safe(rq, next, &msg->done, link) {
		list_del(&rq->link);
		ksmbd_request_free(rq);
	}
	if (msg->rq)
		ksmbd_request_free(msg->rq);

	spin_lock(&conn->lock);
	list_del(&msg->link);
	if (msg->has_turn)
		conn->n_running--;
	conn->n_messages--;
	conn->bytes_in_flight -= msg->size;
	conn->last_frame = jiffies;
	spin_unlock(&conn->lock);
	wake_up_all(&conn->idle);
	ksmbd_backlog_start(conn);

	if (msg->sealed_by)
		ksmbd_session_put(msg->sealed_by);
	ksmbd_frame_free(msg->frame);
	kmem_cache_free(message_cache, msg);
	ksmbd_conn_put(conn);
}

/* --- requests --- */

struct ksmbd_request *ksmbd_request_new(struct ksmbd_message *msg)
{
	struct ksmbd_request *rq = kmem_cache_zalloc(request_cache, GFP_KERNEL);

	if (!rq)
		return NULL;
	rq->msg = msg;
	rq->conn = msg->conn;
	INIT_LIST_HEAD(&rq->link);
	spin_lock_init(&rq->wake_lock);
	rq->wait_state = RQ_RUNNING;

	spin_lock(&msg->conn->lock);
	msg->rq = rq;
	spin_unlock(&msg->conn->lock);
	return rq;
}

void ksmbd_request_data(const struct ksmbd_request *rq, struct wire_extent e,
			struct kvec *one, struct iov_iter *from)
{
	const struct ksmbd_frame *frame = rq->msg->frame;

	if (!rq->beyond) {
		*one = (struct kvec) { (void *)rq->raw.data + e.offset, e.len };
		iov_iter_kvec(from, WRITE, one, 1, e.len);
		return;
	}
	/* then the first piece begins with the request */
	iov_iter_kvec(from, WRITE, frame->vec, frame->n,
		      (size_t)rq->raw.len + rq->beyond);
	iov_iter_advance(from, e.offset);
	iov_iter_truncate(from, e.len);
}

static void forget_async(struct ksmbd_request *rq)
{
	struct ksmbd_conn *conn = rq->conn;

	if (!rq->async_id)
		return;
	xa_erase(&conn->async, rq->async_id);
	spin_lock(&conn->lock);
	conn->n_async--;
	spin_unlock(&conn->lock);
}

void ksmbd_request_free(struct ksmbd_request *rq)
{
	struct ksmbd_message *msg = rq->msg;

	/* after the next two steps nobody finds it; see the top */
	spin_lock(&rq->conn->lock);
	if (msg->rq == rq)
		msg->rq = NULL;
	spin_unlock(&rq->conn->lock);
	forget_async(rq);
	if (rq->park.release)		/* nor a waker */
		rq->park.release(rq->park.data);
	/* and the last waker has let go of the lock in it */
	spin_lock_irq(&rq->wake_lock);
	spin_unlock_irq(&rq->wake_lock);
	if (rq->answered)
		rq->answered(rq);
	if (rq->open)
		ksmbd_open_put(rq->open);
	if (rq->tree)
		ksmbd_tree_put(rq->tree);
	ksmbd_user_put(rq->user);
	if (rq->channel)
		ksmbd_channel_put(rq->channel);
	ksmbd_logon_put(rq->logon);
	if (rq->session)
		ksmbd_session_put(rq->session);
	ksmbd_payload_free(&rq->payload);
	kmem_cache_free(request_cache, rq);
}

int ksmbd_request_make_async(struct ksmbd_request *rq)
{
	struct ksmbd_conn *conn = rq->conn;
	bool full;
	u32 id;
	int err;

	if (rq->async_id)
		return 0;
	spin_lock(&conn->lock);
	full = conn->n_async >= KSMBD_CONN_MAX_ASYNC;
	if (!full)
		conn->n_async++;
	spin_unlock(&conn->lock);
	if (full)
		return -ENOSPC;
	/* reserved first: CANCEL finds only what has its id */
	err = xa_alloc_cyclic(&conn->async, &id, NULL, xa_limit_32b,
			      &conn->next_async, GFP_KERNEL);
	if (err < 0) {
		spin_lock(&conn->lock);
		conn->n_async--;
		spin_unlock(&conn->lock);
		return err;
	}
	rq->async_id = id;
	xa_store(&conn->async, id, rq, GFP_KERNEL);	/* has its slot: cannot fail */
	return 0;
}

/* --- waiting --- */

static bool cancelled_before_locked(struct ksmbd_request *rq)
{
	struct ksmbd_conn *conn = rq->conn;

	lockdep_assert_held(&conn->lock);
	for (int i = 0; i < KSMBD_CONN_CANCELS; i++)
		if (conn->cancels[i].message_id == rq->hdr.message_id &&
		    conn->cancels[i].session_id == rq->hdr.session_id &&
		    rq->hdr.session_id)
			return true;
	return false;
}

/* Racing with whoever makes them DYING is fine: see tear_down_all. */
static bool ending_locked(const struct ksmbd_request *rq)
{
	lockdep_assert_held(&rq->conn->lock);
	return rq->conn->state == CONN_DYING ||
	       (rq->session && READ_ONCE(rq->session->state) == SESSION_DYING) ||
	       (rq->tree && READ_ONCE(rq->tree->state) == TREE_DYING);
}

bool ksmbd_request_park(struct ksmbd_request *rq)
{
	struct ksmbd_conn *conn = rq->conn;
	bool wait;

	/*
	 * In one section of conn->lock with the searches: either they see the
	 * request waiting, or it sees what they left behind.
	 */
	spin_lock(&conn->lock);
	spin_lock_irq(&rq->wake_lock);
	if (cancelled_before_locked(rq))
		rq->cancelled = true;
	if (ending_locked(rq))
		rq->torn_down = true;
	wait = !rq->cancelled && !rq->torn_down;
	rq->wait_state = wait ? RQ_ANNOUNCED : RQ_RUNNING;
	spin_unlock_irq(&rq->wake_lock);
	spin_unlock(&conn->lock);
	return wait;
}

static bool suspend(struct ksmbd_request *rq)
{
	bool parked = false;

	spin_lock_irq(&rq->wake_lock);
	if (rq->wait_state == RQ_ANNOUNCED) {
		rq->msg->has_turn = false;	/* the caller passes it on */
		rq->wait_state = RQ_PARKED;
		parked = true;
	} else if (WARN_ON_ONCE(rq->wait_state == RQ_RUNNING)) {
		/* pending without a wait: nobody would ever wake it */
		rq->torn_down = true;
	} else {
		rq->wait_state = RQ_RUNNING;
	}
	spin_unlock_irq(&rq->wake_lock);
	return parked;
}

bool ksmbd_request_suspend(struct ksmbd_request *rq)
{
	struct ksmbd_conn *conn = rq->conn;
	bool has_turn = rq->msg->has_turn;
	bool parked;

	/* once parked, the request may end before we are done here */
	ksmbd_conn_get(conn);
	parked = suspend(rq);
	if (parked && has_turn)
		give_back_turn(conn);
	ksmbd_conn_put(conn);
	return parked;
}

enum wake_reason { WAKE_DONE, WAKE_CANCEL, WAKE_TEAR_DOWN };

/* Queued under the lock: once woken, the request may end at any moment. */
static void wake(struct ksmbd_request *rq, enum wake_reason reason)
{
	unsigned long flags;

	spin_lock_irqsave(&rq->wake_lock, flags);
	if (reason == WAKE_CANCEL)
		rq->cancelled = true;
	else if (reason == WAKE_TEAR_DOWN)
		rq->torn_down = true;
	if (rq->wait_state == RQ_PARKED)
		to_worker(rq->msg);
	if (rq->wait_state == RQ_PARKED || rq->wait_state == RQ_ANNOUNCED)
		rq->wait_state = RQ_WOKEN;
	spin_unlock_irqrestore(&rq->wake_lock, flags);
}

void ksmbd_request_wake(struct ksmbd_request *rq)
{
	wake(rq, WAKE_DONE);
}

void ksmbd_request_cancel(struct ksmbd_request *rq)
{
	wake(rq, WAKE_CANCEL);
}

void ksmbd_request_tear_down(struct ksmbd_request *rq)
{
	wake(rq, WAKE_TEAR_DOWN);
}

/*
 * Whether it has announced a wait and not ended it by itself.  Its header,
 * session and tree were written before it announced, so they can be read.
 */
static bool is_waiting(struct ksmbd_request *rq)
{
	bool waiting;

	spin_lock_irq(&rq->wake_lock);
	waiting = rq->wait_state != RQ_RUNNING;
	spin_unlock_irq(&rq->wake_lock);
	return waiting;
}

void ksmbd_request_tear_down_all(struct ksmbd_conn *conn,
				 const struct ksmbd_session *s,
				 const struct ksmbd_tree *tree)
{
	struct ksmbd_message *msg;

	spin_lock(&conn->lock);
	list_for_each_entry(msg, &conn->messages, link) {
		struct ksmbd_request *rq = msg->rq;

		if (!rq || !is_waiting(rq))
			continue;
		if ((s && rq->session != s) || (tree && rq->tree != tree))
			continue;
		ksmbd_request_tear_down(rq);
	}
	spin_unlock(&conn->lock);
}

bool ksmbd_request_any_async(struct ksmbd_conn *conn, ksmbd_request_match *match,
			     const void *what)
{
	struct ksmbd_message *msg;
	bool any = false;

	spin_lock(&conn->lock);
	list_for_each_entry(msg, &conn->messages, link) {
		any = msg->rq && READ_ONCE(msg->rq->async_id) &&
		      match(msg->rq, what);
		if (any)
			break;
	}
	spin_unlock(&conn->lock);
	return any;
}

/* --- CANCEL, [MS-SMB2] 3.3.5.16 --- */

static void cancel_async(struct ksmbd_conn *conn, const struct smb2_header *hdr)
{
	struct ksmbd_request *rq;

	xa_lock(&conn->async);
	rq = xa_load(&conn->async, hdr->async_id);
	if (rq && rq->hdr.session_id == hdr->session_id)
		ksmbd_request_cancel(rq);
	xa_unlock(&conn->async);
}

/* What does not wait yet is remembered: it asks before it waits. */
static void cancel_message(struct ksmbd_conn *conn, const struct smb2_header *hdr)
{
	struct ksmbd_message *msg;
	u32 slot;

	spin_lock(&conn->lock);
	list_for_each_entry(msg, &conn->messages, link) {
		struct ksmbd_request *rq = msg->rq;

		if (!rq || !is_waiting(rq) ||
		    rq->hdr.message_id != hdr->message_id ||
		    rq->hdr.session_id != hdr->session_id)
			continue;
		ksmbd_request_cancel(rq);
		goto out;
	}
	slot = conn->next_cancel++ % KSMBD_CONN_CANCELS;
	conn->cancels[slot].message_id = hdr->message_id;
	conn->cancels[slot].session_id = hdr->session_id;
out:
	spin_unlock(&conn->lock);
}

void ksmbd_request_cancel_by_id(struct ksmbd_conn *conn,
				const struct smb2_header *hdr)
{
	if (hdr->flags & SMB2_FLAGS_ASYNC_COMMAND)
		cancel_async(conn, hdr);
	else
		cancel_message(conn, hdr);
}

/* --- set up --- */

static unsigned int n_inits;	/* the module, and its tests before it */

static void tear_down(void)
{
	if (io_queue)
		destroy_workqueue(io_queue);
	if (slow_queue)
		destroy_workqueue(slow_queue);
	kmem_cache_destroy(request_cache);
	kmem_cache_destroy(message_cache);
	io_queue = NULL;
	slow_queue = NULL;
	request_cache = NULL;
	message_cache = NULL;
}

int ksmbd_request_init(void)
{
	if (n_inits++)
		return 0;
	request_cache = KMEM_CACHE(ksmbd_request, 0);
	message_cache = KMEM_CACHE(ksmbd_message, 0);
	io_queue = alloc_workqueue("ksmbd-io", WQ_UNBOUND, WQ_MAX_ACTIVE);
	slow_queue = alloc_workqueue("ksmbd-auth", WQ_UNBOUND, 0);
	if (request_cache && message_cache && io_queue && slow_queue)
		return 0;
	tear_down();
	n_inits--;
	return -ENOMEM;
}

void ksmbd_request_exit(void)
{
	if (!--n_inits)
		tear_down();
}
