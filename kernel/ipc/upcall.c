// SPDX-License-Identifier: GPL-2.0
/*
 * Asking mountd.
 *
 * A question waits in three places, all within one deadline: for room (the
 * daemon's socket buffer is finite, and a message that does not fit raises an
 * error there that stock daemons die of), for a daemon to be there, and for
 * the answer.  Handles are given out cyclically, so that an answer that comes
 * after its question was given up does not meet the next question.
 */
#include "ipc/link.h"

#include <linux/jiffies.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/wait.h>
#include <linux/xarray.h>
#include "debug.h"

#define MAX_ASKING	32	/* times 8 KiB stays below the usual rmem_max */

static DEFINE_XARRAY_ALLOC(slots);
static u32 next_handle;

/* under the slots' xa_lock; read without it as a hint */
static enum { LINK_IDLE, LINK_LIVE, LINK_STOPPED } phase;
static u32 daemon_port;

static DECLARE_WAIT_QUEUE_HEAD(link_changed);
static DECLARE_WAIT_QUEUE_HEAD(room);
static atomic_t asking = ATOMIC_INIT(0);
static unsigned long last_active = INITIAL_JIFFIES;

void ksmbd_ipc_touch(void)
{
	WRITE_ONCE(last_active, jiffies);
}

unsigned long ksmbd_ipc_last_active(void)
{
	return READ_ONCE(last_active) / HZ;
}

unsigned long ksmbd_ipc_idle(void)
{
	return jiffies - READ_ONCE(last_active);
}

u32 ksmbd_ipc_port(void)
{
	return READ_ONCE(daemon_port);
}

bool ksmbd_ipc_alive(void)
{
	return ksmbd_ipc_port();
}

bool ksmbd_ipc_configured(void)
{
	return READ_ONCE(phase) == LINK_LIVE;
}

bool ksmbd_ipc_idle_link(void)
{
	return READ_ONCE(phase) == LINK_IDLE;
}

/* Ends the open questions that went to @port, or with 0 all of them. */
static void fail_asked_locked(u32 port, int error)
{
	struct ksmbd_ipc_slot *slot;
	unsigned long i;

	lockdep_assert_held(&slots.xa_lock);
	xa_for_each(&slots, i, slot) {
		if (!slot->port || (port && slot->port != port))
			continue;
		if (slot->reply || slot->error)
			continue;
		slot->error = error;
		complete(&slot->answered);
	}
}

void ksmbd_ipc_daemon_gone(u32 port)
{
	bool was;

	xa_lock(&slots);
	was = port && daemon_port == port;
	if (was) {
		WRITE_ONCE(daemon_port, 0);
		fail_asked_locked(port, -ENOTCONN);
	}
	xa_unlock(&slots);
	if (was)
		pr_info("ksmbd: mountd has gone; connected clients go on\n");
}

bool ksmbd_ipc_adopt(u32 port, bool first)
{
	bool ok;

	xa_lock(&slots);
	ok = phase == (first ? LINK_IDLE : LINK_LIVE) && !daemon_port;
	if (ok) {
		WRITE_ONCE(daemon_port, port);
		WRITE_ONCE(phase, LINK_LIVE);
	}
	xa_unlock(&slots);
	if (ok)
		wake_up_all(&link_changed);
	return ok;
}

static void set_phase(int to, int error)
{
	xa_lock(&slots);
	WRITE_ONCE(phase, to);
	WRITE_ONCE(daemon_port, 0);
	fail_asked_locked(0, error);
	xa_unlock(&slots);
	wake_up_all(&link_changed);
	wake_up_all(&room);
}

void ksmbd_ipc_forget(void)
{
	set_phase(LINK_IDLE, -ENOTCONN);
}

void ksmbd_ipc_stop(void)
{
	set_phase(LINK_STOPPED, -EINTR);
	ksmbd_ipc_heartbeat_stop();
	ksmbd_ipc_notify_flush();
}

void ksmbd_ipc_reset(void)
{
	ksmbd_ipc_settings_free();
	ksmbd_ipc_forget();
}

int ksmbd_ipc_slot_add(struct ksmbd_ipc_slot *slot)
{
	int err;

	slot->port = 0;
	slot->reply = NULL;
	slot->error = 0;
	init_completion(&slot->answered);
	err = xa_alloc_cyclic(&slots, &slot->handle, slot,
			      XA_LIMIT(0, INT_MAX), &next_handle, GFP_KERNEL);
	return err < 0 ? err : 0;
}

void ksmbd_ipc_slot_remove(struct ksmbd_ipc_slot *slot)
{
	xa_erase(&slots, slot->handle);
}

static unsigned long time_left(unsigned long deadline)
{
	unsigned long now = jiffies;

	return time_before(now, deadline) ? deadline - now : 0;
}

/* Outcome of a wait_event_killable_timeout() whose condition may be an end. */
static int waited(long left, int timeout_error)
{
	if (left < 0)
		return -EINTR;
	return left ? 0 : timeout_error;
}

static bool stopped(void)
{
	return READ_ONCE(phase) == LINK_STOPPED;
}

static int get_room(unsigned long deadline)
{
	bool got = false;
	long left;

	left = wait_event_killable_timeout(room,
		stopped() || (got = atomic_add_unless(&asking, 1, MAX_ASKING)),
		time_left(deadline));
	if (got)
		return 0;
	return stopped() ? -EINTR : waited(left, -ETIMEDOUT);
}

static void put_room(void)
{
	atomic_dec(&asking);
	wake_up(&room);
}

static int wait_for_daemon(unsigned long deadline)
{
	long left = wait_event_killable_timeout(link_changed,
		ksmbd_ipc_port() || READ_ONCE(phase) != LINK_LIVE,
		time_left(deadline));

	return stopped() ? -EINTR : waited(left, -ENOTCONN);
}

/* Opens the question: from here on a reply, or the daemon's end, completes it. */
static int arm(struct ksmbd_ipc_slot *slot, u8 event, u32 *port)
{
	int err = 0;

	xa_lock(&slots);
	if (phase == LINK_STOPPED)
		err = -EINTR;
	else if (!daemon_port)
		err = -ENOTCONN;
	else
		slot->port = daemon_port;
	*port = slot->port;
	slot->reply_event = event + 1;
	slot->reply = NULL;
	slot->error = 0;
	reinit_completion(&slot->answered);
	xa_unlock(&slots);
	return err;
}

/* Closes it.  An answer that came in the last moment counts. */
static int disarm(struct ksmbd_ipc_slot *slot, int err)
{
	xa_lock(&slots);
	slot->port = 0;
	if (slot->reply)
		err = 0;
	else if (slot->error)
		err = slot->error;
	xa_unlock(&slots);
	return err;
}

static int wait_answered(struct ksmbd_ipc_slot *slot, unsigned long deadline)
{
	long left = wait_for_completion_killable_timeout(&slot->answered,
							 time_left(deadline));

	return waited(left, -ETIMEDOUT);
}

static int ask_daemon(struct ksmbd_ipc_slot *slot, u8 event, void *msg,
		      u32 len, unsigned long deadline)
{
	u32 port;
	int err = wait_for_daemon(deadline);

	if (err)
		return err;
	err = arm(slot, event, &port);
	if (err)
		return err;
	err = ksmbd_ipc_unicast(port, event, msg, len);
	if (err == -ECONNREFUSED) {
		ksmbd_ipc_daemon_gone(port);
		err = -ENOTCONN;
	} else if (err == -EAGAIN) {	/* it does not read its socket */
		err = -ETIMEDOUT;
	} else if (!err) {
		ksmbd_ipc_touch();
		err = wait_answered(slot, deadline);
	}
	return disarm(slot, err);
}

int ksmbd_ipc_ask(struct ksmbd_ipc_slot *slot, u8 event, void *msg, u32 len,
		  bool again)
{
	unsigned long deadline = jiffies + KSMBD_IPC_TIMEOUT;
	int err = get_room(deadline);

	if (err)
		return err;
	memcpy(msg, &slot->handle, sizeof(slot->handle));
	do {
		err = ask_daemon(slot, event, msg, len, deadline);
	} while (err == -ENOTCONN && again && time_left(deadline) &&
		 ksmbd_ipc_configured());
	put_room();
	if (err)
		ksmbd_debug(IPC, "event %u, handle %u: error %d\n", event,
			    slot->handle, err);
	return err;
}

int ksmbd_ipc_ask_once(u8 event, void *msg, u32 len, void **reply,
		       u32 *reply_len)
{
	struct ksmbd_ipc_slot slot;
	int err = ksmbd_ipc_slot_add(&slot);

	if (err)
		return err;
	err = ksmbd_ipc_ask(&slot, event, msg, len, true);
	ksmbd_ipc_slot_remove(&slot);
	if (err)
		return err;
	*reply = slot.reply;
	*reply_len = slot.len;
	return 0;
}

static bool expected_locked(const struct ksmbd_ipc_slot *slot, u8 event)
{
	lockdep_assert_held(&slots.xa_lock);
	return slot && slot->port && slot->reply_event == event &&
	       !slot->reply && !slot->error;
}

int ksmbd_ipc_answered(u8 event, const void *data, u32 len)
{
	struct ksmbd_ipc_slot *slot;
	void *copy;
	bool wanted;
	u32 handle;

	if (len < sizeof(handle))
		return -EINVAL;
	memcpy(&handle, data, sizeof(handle));
	ksmbd_ipc_touch();

	xa_lock(&slots);
	wanted = expected_locked(xa_load(&slots, handle), event);
	xa_unlock(&slots);
	if (!wanted) {
		ksmbd_debug(IPC, "event %u, handle %u: nobody waits\n", event,
			    handle);
		return 0;
	}
	copy = kvmalloc(len, GFP_KERNEL);
	if (copy)
		memcpy(copy, data, len);

	xa_lock(&slots);
	slot = xa_load(&slots, handle);
	if (expected_locked(slot, event)) {
		if (copy) {
			slot->reply = copy;
			slot->len = len;
			copy = NULL;
		} else {
			slot->error = -ENOMEM;
		}
		complete(&slot->answered);
	}
	xa_unlock(&slots);
	kvfree_sensitive(copy, len);
	return 0;
}

int ksmbd_ipc_put_string(s8 *field, size_t size, const char *s)
{
	size_t len = strlen(s);

	if (len >= size)
		return -ENAMETOOLONG;
	memset(field, 0, size);
	memcpy(field, s, len);
	return 0;
}
