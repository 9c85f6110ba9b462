// SPDX-License-Identifier: GPL-2.0
#include "server/credits.h"

#include <linux/bitmap.h>
#include <linux/errno.h>
#include <linux/minmax.h>
#include <linux/slab.h>

/*
 * Ids from low up to high were granted.  Those still unused are what the
 * client holds.  Almost always they are used in order, and no bitmap exists.
 */
void ksmbd_credits_init(struct ksmbd_credits *c, u32 max)
{
	spin_lock_init(&c->lock);
	c->low = 0;
	c->high = 1;		/* a new connection may send NEGOTIATE */
	c->n_used = 0;
	c->max = clamp_t(u32, max, 1, KSMBD_CREDITS_MAX);
	c->used = NULL;
}

void ksmbd_credits_raise(struct ksmbd_credits *c, u32 max)
{
	spin_lock(&c->lock);
	c->max = max(c->max, clamp_t(u32, max, 1, KSMBD_CREDITS_MAX));
	spin_unlock(&c->lock);
}

void ksmbd_credits_destroy(struct ksmbd_credits *c)
{
	bitmap_free(c->used);
	c->used = NULL;
}

static unsigned int bit_of(u64 id)
{
	return id & (KSMBD_CREDITS_MAX - 1);
}

static bool usable_locked(const struct ksmbd_credits *c, u64 id, u16 charge)
{
	lockdep_assert_held(&c->lock);
	if (id < c->low || id >= c->high || c->high - id < charge)
		return false;
	if (!c->used)
		return true;
	for (u16 i = 0; i < charge; i++)
		if (test_bit(bit_of(id + i), c->used))
			return false;
	return true;
}

/* Lets low pass over what was used out of order. */
static void advance_locked(struct ksmbd_credits *c)
{
	lockdep_assert_held(&c->lock);
	while (c->n_used && test_bit(bit_of(c->low), c->used)) {
		clear_bit(bit_of(c->low), c->used);
		c->n_used--;
		c->low++;
	}
}

static int consume_locked(struct ksmbd_credits *c, u64 id, u16 charge)
{
	lockdep_assert_held(&c->lock);
	if (!usable_locked(c, id, charge))
		return -EINVAL;
	if (id == c->low) {
		c->low += charge;
		advance_locked(c);
		return 0;
	}
	if (!c->used)
		return -EAGAIN;
	for (u16 i = 0; i < charge; i++)
		set_bit(bit_of(id + i), c->used);
	c->n_used += charge;
	return 0;
}

int ksmbd_credits_consume(struct ksmbd_credits *c, u64 message_id, u16 charge)
{
	unsigned long *map = NULL;
	int err;

	for (;;) {
		spin_lock(&c->lock);
		if (!c->used && map) {
			c->used = map;
			map = NULL;
		}
		err = consume_locked(c, message_id, max_t(u16, charge, 1));
		spin_unlock(&c->lock);
		if (err != -EAGAIN)
			break;
		/* the first one out of order: the map is needed from now on */
		map = bitmap_zalloc(KSMBD_CREDITS_MAX, GFP_KERNEL);
		if (!map)
			return -EINVAL;
	}
	bitmap_free(map);
	return err;
}

u16 ksmbd_credits_grant(struct ksmbd_credits *c, u16 requested, u16 charge)
{
	u32 held, room, grant;

	spin_lock(&c->lock);
	held = c->high - c->low - c->n_used;
	room = c->max > held ? c->max - held : 0;
	/* ids share the map's bits: the window never spans more than it has */
	room = min_t(u32, room, KSMBD_CREDITS_MAX - (c->high - c->low));
	grant = min_t(u32, max_t(u16, requested, 1), room);
	c->high += grant;
	spin_unlock(&c->lock);
	return grant;
}
