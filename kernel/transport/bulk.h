/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Memory for data that is large: pieces of pages, so that no allocation is, and
 * that a socket may take by reference.
 */
#ifndef _KSMBD_BULK_H
#define _KSMBD_BULK_H

#include <linux/mm.h>
#include <linux/types.h>
#include <linux/uio.h>

#define KSMBD_BULK_FROM		(7 << 10)	/* bytes that are worth it */
#define KSMBD_BULK_ORDER	get_order(32 << 10)
#define KSMBD_BULK_PIECE	(PAGE_SIZE << KSMBD_BULK_ORDER)

/**
 * struct ksmbd_bulk - @len bytes in @n pieces
 * @vec: the pieces are @vec[1] to @vec[@n], of KSMBD_BULK_PIECE bytes each but the
 *	last; @vec[0] is the owner's, for what goes in front of them
 *
 * One owner.  Of the pages there may be other references, from sockets that still
 * send them: what was handed to one is not written any more.
 */
struct ksmbd_bulk {
	u32 len;
	unsigned int n;
	struct kvec vec[];
};

/* @len bytes, not zeroed; @len is not 0.  NULL: no memory. */
struct ksmbd_bulk *ksmbd_bulk_new(u32 len);
void ksmbd_bulk_free(struct ksmbd_bulk *b);	/* NULL is fine */
/* Gives back what is behind @len, which is not 0. */
void ksmbd_bulk_truncate(struct ksmbd_bulk *b, u32 len);

/* Bytes of memory it takes. */
static inline size_t ksmbd_bulk_size(const struct ksmbd_bulk *b)
{
	return b->n * KSMBD_BULK_PIECE;
}

void ksmbd_bulk_init(void);
void ksmbd_bulk_exit(void);	/* after the last one is freed */

#endif
