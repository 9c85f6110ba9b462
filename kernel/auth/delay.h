/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Brakes on guessing a password, for accounts mountd reports as under attack
 * (KSMBD_USER_FLAG_DELAY_SESSION).
 *
 * An attempt takes a place before its password is looked at.  A wrong one
 * keeps the place until its delay is over, and the delays of one account
 * follow one another: whoever tries in parallel gets one answer in five
 * seconds, as if he tried in turn.  Who knows the password does not wait.
 * There are few places, as each holds a worker: when all are taken an attempt
 * is refused without a look at its password.
 */
#ifndef _KSMBD_DELAY_H
#define _KSMBD_DELAY_H

#include <linux/jiffies.h>
#include <linux/types.h>

#define KSMBD_DELAY_PLACES		32
#define KSMBD_DELAY_PLACES_PER_ACCOUNT	8

struct ksmbd_delay;

extern unsigned long ksmbd_delay_length;	/* jiffies: five seconds; a test shortens it */

struct ksmbd_delay *ksmbd_delay_enter(const char *account);	/* NULL: no place */
/* Leaves; when @failed only after the delay, a fatal signal, or _cancel(). */
void ksmbd_delay_leave(struct ksmbd_delay *delay, bool failed);

/* A server on its way down lets nobody wait; _allow() undoes it. */
void ksmbd_delay_cancel(void);
void ksmbd_delay_allow(void);

#endif
