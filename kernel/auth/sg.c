// SPDX-License-Identifier: GPL-2.0
/*
 * A message lies in a few pieces, some in vmalloc() memory whose pages are
 * anywhere: with a list of them nothing is copied and nothing has to be contiguous.
 */
#include "auth/sg.h"

#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

unsigned int ksmbd_sg_entries(const struct kvec *iov, unsigned int n)
{
	unsigned int count = 0;

	for (; n; n--, iov++) {
		if (!iov->iov_len)
			continue;
		count += !is_vmalloc_addr(iov->iov_base) ? 1 :
			 DIV_ROUND_UP(offset_in_page(iov->iov_base) +
				      iov->iov_len, PAGE_SIZE);
	}
	return count;
}

int ksmbd_sg_begin(struct ksmbd_sg *list, unsigned int entries)
{
	list->sg = list->few;
	if (entries > KSMBD_SG_FEW)
		list->sg = kvmalloc_array(entries, sizeof(*list->sg), GFP_KERNEL);
	if (!list->sg)
		return -ENOMEM;
	sg_init_table(list->sg, entries);
	list->next = list->sg;
	return 0;
}

static void add_piece(struct ksmbd_sg *list, const u8 *p, size_t len)
{
	if (len && !is_vmalloc_addr(p)) {
		sg_set_buf(list->next++, p, len);
		return;
	}
	while (len) {
		size_t part = min_t(size_t, len, PAGE_SIZE - offset_in_page(p));

		sg_set_page(list->next++, vmalloc_to_page(p), part,
			    offset_in_page(p));
		p += part;
		len -= part;
	}
}

size_t ksmbd_sg_add(struct ksmbd_sg *list, const struct kvec *iov, unsigned int n)
{
	size_t len = 0;

	for (; n; n--, iov++) {
		add_piece(list, iov->iov_base, iov->iov_len);
		len += iov->iov_len;
	}
	return len;
}

void ksmbd_sg_end(struct ksmbd_sg *list)
{
	if (list->sg != list->few)
		kvfree(list->sg);
	list->sg = NULL;
}
