// SPDX-License-Identifier: GPL-2.0
#include "server/connection.h"

#include <linux/err.h>
#include <linux/jiffies.h>
#include <linux/list.h>
#include <linux/printk.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>
#include "debug.h"
#include "server/request.h"
#include "server/session.h"

/*
 * @list_lock guards the list of connections and its length; innermost.  A
 * connection is in it from birth until nothing works for it any more, so that
 * limits count those that are still being torn down.
 */
static DEFINE_SPINLOCK(list_lock);
static LIST_HEAD(connections);
static unsigned int n_connections;

static atomic_t n_alive = ATOMIC_INIT(0);	/* allocated ones */
static DECLARE_WAIT_QUEUE_HEAD(all_gone);

/* --- birth --- */

static bool over_limit_locked(const struct ksmbd_transport *t, const char **why)
{
	u32 max = ksmbd_settings.max_connections;
	u32 max_ip = ksmbd_settings.max_ip_connections, same = 0;
	struct ksmbd_conn *c;

	lockdep_assert_held(&list_lock);
	if (n_connections >= min_not_zero(max, (u32)KSMBD_MAX_CONNECTIONS)) {
		*why = "max connections";
		return true;
	}
	if (!max_ip)
		return false;
	list_for_each_entry(c, &connections, link)
		if (!strcmp(c->transport->peer, t->peer) && ++same >= max_ip) {
			*why = "max ip connections";
			return true;
		}
	return false;
}

struct ksmbd_conn *ksmbd_conn_new(struct ksmbd_transport *t)
{
	struct ksmbd_conn *conn = kzalloc(sizeof(*conn), GFP_KERNEL);
	const char *why = NULL;

	if (!conn)
		return ERR_PTR(-ENOMEM);
	refcount_set(&conn->ref, 1);	/* the transport's */
	conn->transport = t;
	conn->born = jiffies;
	conn->last_frame = jiffies;
	ksmbd_credits_init(&conn->credits,
			   min_t(u32, ksmbd_settings.max_credits,
				 KSMBD_CREDITS_UNPROVEN));
	init_waitqueue_head(&conn->idle);
	spin_lock_init(&conn->lock);
	INIT_LIST_HEAD(&conn->sessions);
	INIT_LIST_HEAD(&conn->messages);
	INIT_LIST_HEAD(&conn->backlog);
	INIT_LIST_HEAD(&conn->outbox);
	xa_init_flags(&conn->async, XA_FLAGS_ALLOC1);

	spin_lock(&list_lock);
	if (!over_limit_locked(t, &why)) {
		list_add_tail(&conn->link, &connections);
		n_connections++;
	}
	spin_unlock(&list_lock);
	if (why) {
		pr_info_ratelimited("ksmbd: %s: connection refused: %s reached\n",
				    t->peer, why);
		ksmbd_credits_destroy(&conn->credits);
		kfree(conn);
		return ERR_PTR(-EUSERS);
	}
	atomic_inc(&n_alive);
	ksmbd_transport_get(t);
	t->conn = conn;
	return conn;
}

/* --- death --- */

static void conn_free(struct ksmbd_conn *conn)
{
	WARN_ON_ONCE(!list_empty(&conn->sessions) ||
		     !list_empty(&conn->messages) || !xa_empty(&conn->async));
	ksmbd_credits_destroy(&conn->credits);
	xa_destroy(&conn->async);
	ksmbd_transport_put(conn->transport);
	kfree_rcu(conn, rcu);
	if (atomic_dec_and_test(&n_alive))
		wake_up_all(&all_gone);
}

void ksmbd_conn_put(struct ksmbd_conn *conn)
{
	if (refcount_dec_and_test(&conn->ref))
		conn_free(conn);
}

void ksmbd_conn_shutdown(struct ksmbd_conn *conn)
{
	ksmbd_transport_shutdown(conn->transport);
	wake_up_all(&conn->idle);
}

static bool no_messages(struct ksmbd_conn *conn)
{
	bool none;

	spin_lock(&conn->lock);
	none = !conn->n_messages;
	spin_unlock(&conn->lock);
	return none;
}

/*
 * Unreachable first, then woken, then waited for.  A SESSION_SETUP that was
 * under way may still have made a session after the first sweep; when the
 * last message is gone nobody can.
 */
void ksmbd_conn_lost(struct ksmbd_conn *conn)
{
	spin_lock(&conn->lock);
	conn->state = CONN_DYING;
	spin_unlock(&conn->lock);
	ksmbd_conn_shutdown(conn);

	ksmbd_request_tear_down_all(conn, NULL, NULL);
	ksmbd_session_conn_lost(conn);
	wait_event(conn->idle, no_messages(conn));
	ksmbd_session_conn_lost(conn);

	spin_lock(&list_lock);
	list_del_init(&conn->link);
	n_connections--;
	spin_unlock(&list_lock);
	ksmbd_debug(CONN, "%s: connection ended\n", conn->transport->peer);
}

void ksmbd_conn_drain_all(void)
{
	struct ksmbd_conn *conn;

	/*
	 * Shutting down sleeps, so one at a time; a connection is marked by
	 * its state only when its thread has noticed, hence by a rotation.
	 */
	for (unsigned int n = ksmbd_conn_count(); n; n--) {
		spin_lock(&list_lock);
		conn = list_first_entry_or_null(&connections,
						struct ksmbd_conn, link);
		if (conn) {
			list_move_tail(&conn->link, &connections);
			ksmbd_conn_get(conn);	/* the list's members have one */
		}
		spin_unlock(&list_lock);
		if (!conn)
			break;
		ksmbd_conn_shutdown(conn);
		ksmbd_conn_put(conn);
	}
	wait_event(all_gone, !atomic_read(&n_alive));
}

/* --- state --- */

enum ksmbd_conn_state ksmbd_conn_get_state(struct ksmbd_conn *conn)
{
	enum ksmbd_conn_state state;

	spin_lock(&conn->lock);
	state = conn->state;
	spin_unlock(&conn->lock);
	return state;
}

unsigned int ksmbd_conn_count(void)
{
	unsigned int n;

	spin_lock(&list_lock);
	n = n_connections;
	spin_unlock(&list_lock);
	return n;
}

struct ksmbd_conn *ksmbd_conn_after(u64 id)
{
	struct ksmbd_conn *c, *found = NULL;

	spin_lock(&list_lock);
	list_for_each_entry(c, &connections, link)
		if (c->transport->id > id &&
		    (!found || c->transport->id < found->transport->id))
			found = c;
	if (found)
		ksmbd_conn_get(found);	/* the list's members have one */
	spin_unlock(&list_lock);
	return found;
}

void ksmbd_conn_authenticated(struct ksmbd_conn *conn)
{
	spin_lock(&conn->lock);
	conn->authenticated = true;
	spin_unlock(&conn->lock);
	ksmbd_credits_raise(&conn->credits, ksmbd_settings.max_credits);
}

/* --- what the transport asks --- */

u32 ksmbd_conn_max_frame(struct ksmbd_conn *conn)
{
	bool authenticated;

	spin_lock(&conn->lock);
	authenticated = conn->authenticated;
	spin_unlock(&conn->lock);
	if (!authenticated)
		return KSMBD_CONN_FIRST_FRAME;
	return max(conn->max_write, conn->max_transact) + KSMBD_CONN_FRAME_EXTRA;
}

long ksmbd_conn_receive_timeout(struct ksmbd_conn *conn)
{
	unsigned long deadtime = ksmbd_settings.deadtime;
	bool authenticated, busy;
	unsigned long last;

	spin_lock(&conn->lock);
	authenticated = conn->authenticated;
	busy = conn->n_messages;
	last = conn->last_frame;
	spin_unlock(&conn->lock);
	if (!authenticated)
		return (long)(conn->born + KSMBD_SETUP_TIMEOUT - jiffies);
	if (!deadtime)
		return MAX_SCHEDULE_TIMEOUT;
	if (busy || atomic_read(&conn->open_files))
		return deadtime;
	return (long)(last + deadtime - jiffies);
}

static bool has_room(struct ksmbd_conn *conn, int *room)
{
	spin_lock(&conn->lock);
	if (conn->state == CONN_DYING)
		*room = -ESHUTDOWN;
	else
		*room = conn->bytes_in_flight <
			(conn->authenticated ? KSMBD_CONN_MAX_BYTES :
					       KSMBD_CONN_STRANGER_BYTES);
	spin_unlock(&conn->lock);
	return *room;
}

int ksmbd_conn_wait_room(struct ksmbd_conn *conn, unsigned long timeout)
{
	int room = 0;

	wait_event_timeout(conn->idle, has_room(conn, &room), timeout);
	return room;
}
