// SPDX-License-Identifier: GPL-2.0
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/slab.h>
#include "transport/bulk.h"
#include "transport/transport.h"

static struct ksmbd_frame *frame_new(u32 len, u32 head)
{
	struct ksmbd_frame *f = NULL;	/* sized by type, not yet there */

	f = kvmalloc(struct_size(f, data, head), GFP_KERNEL);
	if (!f)
		return NULL;
	f->len = len;
	f->bulk = NULL;
	f->one = (struct kvec) { f->data, head };
	f->vec = &f->one;
	f->n = 1;
	return f;
}

struct ksmbd_frame *ksmbd_frame_new(u32 len)
{
	struct ksmbd_frame *f;

	if (len < KSMBD_BULK_FROM)
		return frame_new(len, len);
	f = frame_new(len, KSMBD_FRAME_HEAD);
	if (!f)
		return NULL;
	f->bulk = ksmbd_bulk_new(len - KSMBD_FRAME_HEAD);
	if (!f->bulk) {
		kvfree(f);
		return NULL;
	}
	f->bulk->vec[0] = f->one;
	f->vec = f->bulk->vec;
	f->n = f->bulk->n + 1;
	return f;
}

void ksmbd_frame_free(struct ksmbd_frame *f)
{
	ksmbd_bulk_free(f->bulk);
	kvfree(f);
}

u32 ksmbd_frame_size(const struct ksmbd_frame *f)
{
	return f->bulk ? KSMBD_FRAME_HEAD + ksmbd_bulk_size(f->bulk) : f->len;
}

struct ksmbd_frame *ksmbd_frame_in_one(const struct ksmbd_frame *f)
{
	struct ksmbd_frame *flat;
	u32 len = 0;

	for (unsigned int i = 0; i < f->n; i++)
		len += f->vec[i].iov_len;
	flat = frame_new(len, len);
	if (!flat)
		return NULL;
	len = 0;
	for (unsigned int i = 0; i < f->n; i++) {
		memcpy(flat->data + len, f->vec[i].iov_base, f->vec[i].iov_len);
		len += f->vec[i].iov_len;
	}
	return flat;
}
