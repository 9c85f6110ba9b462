/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Credits, [MS-SMB2] 3.3.1.1 and 3.3.5.2.3: the CommandSequenceWindow is the
 * set of MessageIds that the client may use, each once.  It is kept as the
 * lowest unused id and a bitmap of used ones above it.
 *
 * All functions lock for themselves; the lock is innermost.
 */
#ifndef _KSMBD_CREDITS_H
#define _KSMBD_CREDITS_H

#include <linux/spinlock.h>
#include <linux/types.h>

#define KSMBD_CREDITS_UNPROVEN	512	/* outstanding before authentication */
#define KSMBD_CREDITS_MAX	8192	/* also the window's size in ids */

struct ksmbd_credits {
	spinlock_t lock;
	u64 low;		/* every id below is used up */
	u64 high;		/* first id not granted yet */
	u32 n_used;		/* used ones between the two */
	u32 max;		/* outstanding at the most, <= KSMBD_CREDITS_MAX */
	unsigned long *used;	/* bitmap of ids modulo KSMBD_CREDITS_MAX;
				 * allocated by the first id out of order */
};

void ksmbd_credits_init(struct ksmbd_credits *c, u32 max);
/* The client has proved who it is. */
void ksmbd_credits_raise(struct ksmbd_credits *c, u32 max);
void ksmbd_credits_destroy(struct ksmbd_credits *c);
/*
 * Uses up @charge (at least 1) ids from @message_id on.  -EINVAL: one of them
 * was not granted or is used already; the connection has to end.
 */
int ksmbd_credits_consume(struct ksmbd_credits *c, u64 message_id, u16 charge);
/*
 * Credits to grant with one answer: at least what keeps the client alive, at
 * most what it asked for and the window allows.
 */
u16 ksmbd_credits_grant(struct ksmbd_credits *c, u16 requested, u16 charge);

#endif
