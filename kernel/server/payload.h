/* SPDX-License-Identifier: GPL-2.0 */
/* The variable part of a response, sent as it lies. */
#ifndef _KSMBD_PAYLOAD_H
#define _KSMBD_PAYLOAD_H

#include <linux/types.h>
#include <linux/uio.h>
#include "transport/bulk.h"

/**
 * struct ksmbd_payload - @len bytes, in one piece or as bulk data
 * @data: kvmalloc()ed, owned; NULL when there is none
 * @bulk: instead of @data; owned
 * @size: bytes of memory; they count as in flight until they are sent
 */
struct ksmbd_payload {
	void *data;
	struct ksmbd_bulk *bulk;
	u32 len;
	u32 size;
};

/* A buffer of @size bytes, not zeroed.  NULL: no memory. */
void *ksmbd_payload_alloc(struct ksmbd_payload *p, u32 size);
/*
 * Memory for @size bytes that will come through @to.  @one has to live as long as
 * @to.  0 or -ENOMEM.
 */
int ksmbd_payload_receive(struct ksmbd_payload *p, u32 size, struct kvec *one,
			  struct iov_iter *to);
/* Gives back what @len does not need, when it is much. */
void ksmbd_payload_shrink(struct ksmbd_payload *p);
void ksmbd_payload_free(struct ksmbd_payload *p);

#endif
