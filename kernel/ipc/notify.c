// SPDX-License-Identifier: GPL-2.0
/*
 * Events that mountd does not answer: log-outs, tree disconnects, closed
 * pipes.  A thousand clients may leave at once, and the daemon's socket holds
 * only a few hundred messages, so these are queued and sent in portions.
 */
#include "ipc/link.h"

#include <linux/list.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#define MAX_QUEUED	16384
#define PORTION		32
#define PAUSE		msecs_to_jiffies(20)

struct note {
	struct list_head link;
	u8 event;
	u32 len;
	u8 data[];
};

static LIST_HEAD(queue);
static unsigned int n_queued;
static DEFINE_SPINLOCK(queue_lock);

static void send_portion(struct work_struct *work);
static DECLARE_DELAYED_WORK(sender, send_portion);

static struct note *take(void)
{
	struct note *n;

	spin_lock(&queue_lock);
	n = list_first_entry_or_null(&queue, struct note, link);
	if (n) {
		list_del(&n->link);
		n_queued--;
	}
	spin_unlock(&queue_lock);
	return n;
}

static void put_back(struct note *n)
{
	spin_lock(&queue_lock);
	list_add(&n->link, &queue);
	n_queued++;
	spin_unlock(&queue_lock);
}

static void send_portion(struct work_struct *work)
{
	for (int i = 0; i < PORTION; i++) {
		struct note *n = take();
		u32 port = ksmbd_ipc_port();
		int err = 0;

		if (!n)
			return;
		/* a daemon to come knows nothing of what these end */
		if (port)
			err = ksmbd_ipc_unicast(port, n->event, n->data, n->len);
		if (err == -EAGAIN) {
			put_back(n);
			schedule_delayed_work(&sender, HZ);
			return;
		}
		if (err == -ECONNREFUSED)
			ksmbd_ipc_daemon_gone(port);
		else if (port)
			ksmbd_ipc_touch();
		kfree(n);
	}
	schedule_delayed_work(&sender, PAUSE);
}

void ksmbd_ipc_notify(u8 event, const void *data, u32 len)
{
	struct note *n;
	bool full;

	if (!ksmbd_ipc_port())
		return;
	n = kmalloc(struct_size(n, data, len), GFP_KERNEL);
	if (!n)
		return;
	n->event = event;
	n->len = len;
	memcpy(n->data, data, len);

	spin_lock(&queue_lock);
	full = n_queued >= MAX_QUEUED;
	if (!full) {
		list_add_tail(&n->link, &queue);
		n_queued++;
	}
	spin_unlock(&queue_lock);
	if (full) {
		kfree(n);
		pr_info_ratelimited("ksmbd: mountd does not read; event %u dropped\n",
				    event);
	}
	schedule_delayed_work(&sender, 0);
}

void ksmbd_ipc_notify_flush(void)
{
	struct note *n;

	/* no port any more: nothing new is queued, and a run empties the queue */
	cancel_delayed_work_sync(&sender);
	while ((n = take()))
		kfree(n);
}
