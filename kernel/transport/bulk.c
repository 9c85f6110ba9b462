// SPDX-License-Identifier: GPL-2.0
/*
 * The page allocator takes its time with pieces, most of all where it has to zero
 * them (init_on_alloc, which distributions turn on): a quarter of a large READ.  So
 * pieces that were used go into a ring, oldest first, and are used again once no
 * socket refers to them any more.  What they hold is some client's data; each user
 * writes a piece before it sends it, and sends no more than it wrote.
 */
#include "transport/bulk.h"

#include <linux/jiffies.h>
#include <linux/minmax.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#define RING_MAX	256		/* pieces, and no more than a part of all memory: */
#define RING_PART	128
#define RING_IDLE	(5 * HZ)	/* unused so long, it is emptied */

static struct page *ring[RING_MAX];
static unsigned int ring_size, ring_first, ring_n;	/* under ring_lock, as the rest */
static unsigned long ring_used;				/* jiffies */
static DEFINE_SPINLOCK(ring_lock);

static struct page *pop_locked(void)
{
	struct page *page = ring[ring_first];

	lockdep_assert_held(&ring_lock);
	ring_first = (ring_first + 1) % RING_MAX;
	ring_n--;
	return page;
}

static void empty_ring(void)
{
	struct page *page;

	do {
		spin_lock(&ring_lock);
		page = ring_n ? pop_locked() : NULL;
		spin_unlock(&ring_lock);
		if (page)
			put_page(page);
	} while (page);
}

static void ring_look(struct work_struct *work);
static DECLARE_DELAYED_WORK(ring_work, ring_look);

static void ring_look(struct work_struct *work)
{
	bool idle, empty;

	spin_lock(&ring_lock);
	idle = time_after_eq(jiffies, ring_used + RING_IDLE);
	spin_unlock(&ring_lock);
	if (idle)
		empty_ring();
	spin_lock(&ring_lock);
	empty = !ring_n;
	if (!empty)
		schedule_delayed_work(&ring_work, RING_IDLE);
	spin_unlock(&ring_lock);
}

/* The oldest, if it is ours alone by now. */
static struct page *piece_again(void)
{
	struct page *page = NULL;

	spin_lock(&ring_lock);
	if (ring_n && page_count(ring[ring_first]) == 1)
		page = pop_locked();
	spin_unlock(&ring_lock);
	return page;
}

static void *piece_new(void)
{
	struct page *page = piece_again() ?:
			    alloc_pages(GFP_KERNEL | __GFP_COMP | __GFP_NOWARN,
					KSMBD_BULK_ORDER);

	return page ? page_address(page) : NULL;
}

static void piece_free(void *piece)
{
	struct page *page = virt_to_page(piece), *oldest = NULL;

	spin_lock(&ring_lock);
	ring_used = jiffies;
	if (ring_n == ring_size)
		oldest = pop_locked();
	ring[(ring_first + ring_n++) % RING_MAX] = page;
	if (ring_n == 1)
		schedule_delayed_work(&ring_work, RING_IDLE);
	spin_unlock(&ring_lock);
	if (oldest)
		put_page(oldest);
}

static void set_length(struct ksmbd_bulk *b, u32 len)
{
	b->len = len;
	b->vec[b->n].iov_len = len - (b->n - 1) * KSMBD_BULK_PIECE;
}

struct ksmbd_bulk *ksmbd_bulk_new(u32 len)
{
	unsigned int n = DIV_ROUND_UP(len, KSMBD_BULK_PIECE);
	struct ksmbd_bulk *b = NULL;	/* sized by type, not yet there */

	b = kmalloc(struct_size(b, vec, n + 1), GFP_KERNEL);
	if (!b)
		return NULL;
	for (b->n = 0; b->n < n; b->n++) {
		void *piece = piece_new();

		if (!piece) {
			ksmbd_bulk_free(b);
			return NULL;
		}
		b->vec[b->n + 1] = (struct kvec) { piece, KSMBD_BULK_PIECE };
	}
	set_length(b, len);
	return b;
}

static void free_from(struct ksmbd_bulk *b, unsigned int left)
{
	for (; b->n > left; b->n--)
		piece_free(b->vec[b->n].iov_base);
}

void ksmbd_bulk_free(struct ksmbd_bulk *b)
{
	if (!b)
		return;
	free_from(b, 0);
	kfree(b);
}

void ksmbd_bulk_truncate(struct ksmbd_bulk *b, u32 len)
{
	free_from(b, DIV_ROUND_UP(len, KSMBD_BULK_PIECE));
	set_length(b, len);
}

void ksmbd_bulk_init(void)
{
	ring_size = clamp_t(unsigned long,
			    (totalram_pages() / RING_PART) >> KSMBD_BULK_ORDER,
			    1, RING_MAX);
}

void ksmbd_bulk_exit(void)
{
	cancel_delayed_work_sync(&ring_work);
	empty_ring();
}
