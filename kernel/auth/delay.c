// SPDX-License-Identifier: GPL-2.0
#include "auth/delay.h"

#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/sched/signal.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/wait.h>

#include "ipc/abi.h"

/**
 * struct ksmbd_delay - one account with attempts under way
 * @account: as the client named it
 * @places: attempts; the entry is free at 0
 * @until: when the last of its delays ends
 *
 * There are as many entries as places, so an attempt with a place always
 * finds one.  All is under delay_lock.
 */
struct ksmbd_delay {
	char account[KSMBD_REQ_MAX_ACCOUNT_NAME_SZ];
	u32 places;
	unsigned long until;
};

unsigned long ksmbd_delay_length = 5 * HZ;

static struct ksmbd_delay delays[KSMBD_DELAY_PLACES];
static u32 places_taken;
static DEFINE_SPINLOCK(delay_lock);

static bool cancelled;
static DECLARE_WAIT_QUEUE_HEAD(delay_wait);

static struct ksmbd_delay *find_locked(const char *account)
{
	struct ksmbd_delay *free = NULL;
	int i;

	lockdep_assert_held(&delay_lock);
	for (i = 0; i < KSMBD_DELAY_PLACES; i++) {
		struct ksmbd_delay *d = &delays[i];

		if (!d->places)
			free = free ?: d;
		else if (!strncmp(d->account, account, sizeof(d->account)))
			return d;
	}
	return free;
}

struct ksmbd_delay *ksmbd_delay_enter(const char *account)
{
	struct ksmbd_delay *d = NULL;

	spin_lock(&delay_lock);
	if (places_taken < KSMBD_DELAY_PLACES)
		d = find_locked(account);
	if (d && d->places >= KSMBD_DELAY_PLACES_PER_ACCOUNT)
		d = NULL;
	if (d) {
		if (!d->places) {
			strscpy(d->account, account, sizeof(d->account));
			d->until = jiffies;
		}
		d->places++;
		places_taken++;
	}
	spin_unlock(&delay_lock);
	return d;
}

/* Queues a delay behind those of the account; when it ends. */
static unsigned long take_turn(struct ksmbd_delay *d)
{
	unsigned long until;

	spin_lock(&delay_lock);
	if (time_before(d->until, jiffies))
		d->until = jiffies;
	d->until += ksmbd_delay_length;
	until = d->until;
	spin_unlock(&delay_lock);
	return until;
}

void ksmbd_delay_leave(struct ksmbd_delay *d, bool failed)
{
	if (failed) {
		long left = take_turn(d) - jiffies;

		if (left > 0)
			wait_event_killable_timeout(delay_wait,
						    READ_ONCE(cancelled), left);
	}
	spin_lock(&delay_lock);
	d->places--;
	places_taken--;
	spin_unlock(&delay_lock);
}

void ksmbd_delay_cancel(void)
{
	WRITE_ONCE(cancelled, true);
	wake_up_all(&delay_wait);
}

void ksmbd_delay_allow(void)
{
	WRITE_ONCE(cancelled, false);
}
