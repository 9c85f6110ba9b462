/* SPDX-License-Identifier: GPL-2.0 */
/* Messages in pieces as the scatterlists that the kernel's ciphers take. */
#ifndef _KSMBD_SG_H
#define _KSMBD_SG_H

#include <linux/scatterlist.h>
#include <linux/types.h>
#include <linux/uio.h>

#define KSMBD_SG_FEW	12	/* entries that come with the list */

/**
 * struct ksmbd_sg - a scatterlist on its way to completion
 * @sg: @few or kvmalloc()ed
 * @next: the first entry that is not filled
 */
struct ksmbd_sg {
	struct scatterlist *sg, *next;
	struct scatterlist few[KSMBD_SG_FEW];
};

/*
 * Entries that the pieces take: one each, but one a page in vmalloc() memory.
 * Memory of kmalloc(), vmalloc(), alloc_pages() and the stack; not a module's.
 */
unsigned int ksmbd_sg_entries(const struct kvec *iov, unsigned int n);
/* Room for @entries, all of which are to be added.  0 or -ENOMEM. */
int ksmbd_sg_begin(struct ksmbd_sg *list, unsigned int entries);
/* Adds the pieces; returns their bytes. */
size_t ksmbd_sg_add(struct ksmbd_sg *list, const struct kvec *iov, unsigned int n);
void ksmbd_sg_end(struct ksmbd_sg *list);

#endif
