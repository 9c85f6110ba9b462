// SPDX-License-Identifier: GPL-2.0
#include "server/payload.h"

#include <linux/mm.h>
#include <linux/slab.h>

#define SHRINK_ABOVE	8192		/* bytes worth a copy */

void *ksmbd_payload_alloc(struct ksmbd_payload *p, u32 size)
{
	ksmbd_payload_free(p);
	p->data = kvmalloc(size, GFP_KERNEL);
	p->len = p->data ? size : 0;
	p->size = p->len;
	return p->data;
}

int ksmbd_payload_receive(struct ksmbd_payload *p, u32 size, struct kvec *one,
			  struct iov_iter *to)
{
	if (size < KSMBD_BULK_FROM) {
		/* an empty buffer is not one */
		if (!ksmbd_payload_alloc(p, max_t(u32, size, 1)))
			return -ENOMEM;
		*one = (struct kvec) { p->data, size };
		iov_iter_kvec(to, READ, one, 1, size);
		return 0;
	}
	ksmbd_payload_free(p);
	p->bulk = ksmbd_bulk_new(size);
	if (!p->bulk)
		return -ENOMEM;
	p->len = size;
	p->size = ksmbd_bulk_size(p->bulk);
	iov_iter_kvec(to, READ, p->bulk->vec + 1, p->bulk->n, size);
	return 0;
}

static void shrink_bulk(struct ksmbd_payload *p)
{
	if (!p->len) {
		ksmbd_payload_free(p);
		return;
	}
	ksmbd_bulk_truncate(p->bulk, p->len);
	p->size = ksmbd_bulk_size(p->bulk);
}

/* A client may ask for megabytes and get one; unsent, they would all stay. */
void ksmbd_payload_shrink(struct ksmbd_payload *p)
{
	void *fit;

	if (p->bulk) {
		shrink_bulk(p);
		return;
	}
	if (p->size <= SHRINK_ABOVE || p->len > p->size / 2)
		return;
	fit = kvmalloc(max_t(u32, p->len, 1), GFP_KERNEL);
	if (!fit)
		return;
	memcpy(fit, p->data, p->len);
	kvfree(p->data);
	p->data = fit;
	p->size = max_t(u32, p->len, 1);
}

void ksmbd_payload_free(struct ksmbd_payload *p)
{
	kvfree(p->data);
	ksmbd_bulk_free(p->bulk);
	*p = (struct ksmbd_payload) { };
}
