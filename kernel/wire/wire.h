/* SPDX-License-Identifier: GPL-2.0 */
/*
 * wire/ - the only code that looks at bytes from the network.
 *
 * Every function here is pure: no allocation, no lock, no log, no I/O.  The
 * same files build into ksmbd.ko and into the programs of tests/unit/wire and
 * tests/fuzz.
 */
#ifndef _WIRE_H
#define _WIRE_H

#ifdef __KERNEL__
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/string.h>
#include <linux/types.h>
#include "compat/unaligned.h"
#else
#include "user.h"		/* u8 ... u64, get_unaligned_le*() */
#endif

/* Bytes already shown to lie inside the message they came from. */
struct wire_span {
	const u8 *data;
	u32 len;
};

/* Bytes of a message, from its SMB2 header on, that need not lie in one piece. */
struct wire_extent {
	u32 offset;
	u32 len;
};

/**
 * struct wire_reader - cursor over one received message
 * @msg: the message from its SMB2 header on, as Offset fields count from there
 * @beyond: bytes of it that lie elsewhere, behind @msg: only an extent may name them
 * @pos: next byte to read
 * @bad: set by the first read past the end and never cleared; a bad reader
 *	 yields zeros, so a decoder checks once, at its end
 */
struct wire_reader {
	struct wire_span msg;
	u32 beyond;
	u32 pos;
	bool bad;
};

static inline struct wire_reader wire_reader_at(struct wire_span msg, u32 pos)
{
	struct wire_reader r = { .msg = msg, .pos = pos, .bad = pos > msg.len };

	return r;
}

/* A reader of its own for a span: nested structures count from their start. */
static inline struct wire_reader wire_reader_of(struct wire_span span)
{
	return wire_reader_at(span, 0);
}

static inline u32 wire_left(const struct wire_reader *r)
{
	return r->bad ? 0 : r->msg.len - r->pos;
}

/* The next @len bytes, or NULL.  Every other read of a message ends here. */
static inline const u8 *wire_take(struct wire_reader *r, u32 len)
{
	const u8 *p;

	if (r->bad || len > r->msg.len - r->pos) {
		r->bad = true;
		return NULL;
	}
	p = r->msg.data + r->pos;
	r->pos += len;
	return p;
}

/* An empty span has no address: the message itself may be one. */
static inline struct wire_span wire_take_span(struct wire_reader *r, u32 len)
{
	const u8 *p = len ? wire_take(r, len) : NULL;
	struct wire_span span = { .data = p, .len = p ? len : 0 };

	return span;
}

static inline void wire_skip(struct wire_reader *r, u32 len)
{
	wire_take(r, len);
}

static inline u8 wire_get_u8(struct wire_reader *r)
{
	const u8 *p = wire_take(r, 1);

	return p ? *p : 0;
}

static inline u16 wire_get_u16(struct wire_reader *r)
{
	const u8 *p = wire_take(r, 2);

	return p ? get_unaligned_le16(p) : 0;
}

static inline u32 wire_get_u32(struct wire_reader *r)
{
	const u8 *p = wire_take(r, 4);

	return p ? get_unaligned_le32(p) : 0;
}

static inline u64 wire_get_u64(struct wire_reader *r)
{
	const u8 *p = wire_take(r, 8);

	return p ? get_unaligned_le64(p) : 0;
}

/* Copies @len bytes out, or zeros when they are not there. */
static inline void wire_get_bytes(struct wire_reader *r, void *to, u32 len)
{
	const u8 *p = wire_take(r, len);

	if (p)
		memcpy(to, p, len);
	else
		memset(to, 0, len);
}

/* Reads a StructureSize (or any constant) and rejects every other value. */
static inline void wire_expect_u16(struct wire_reader *r, u16 want)
{
	if (wire_get_u16(r) != want)
		r->bad = true;
}

/*
 * The variable part an (Offset, Length) pair points at.  It has to start
 * after the fixed part that was just read and to end inside the message; an
 * empty one may carry any Offset, as clients send 0 there.
 */
static inline struct wire_span wire_get_span(struct wire_reader *r,
					     u32 offset, u32 len)
{
	struct wire_span span = { .data = NULL, .len = 0 };

	if (r->bad || !len)
		return span;
	if (offset < r->pos || offset > r->msg.len ||
	    len > r->msg.len - offset) {
		r->bad = true;
		return span;
	}
	span.data = r->msg.data + offset;
	span.len = len;
	return span;
}

/* As wire_get_span(), for bytes that may lie beyond the reader's own. */
static inline struct wire_extent wire_get_extent(struct wire_reader *r,
						 u32 offset, u32 len)
{
	struct wire_extent e = { .offset = 0, .len = 0 };
	u32 end = r->msg.len + r->beyond;

	if (r->bad || !len)
		return e;
	if (offset < r->pos || offset > end || len > end - offset) {
		r->bad = true;
		return e;
	}
	e.offset = offset;
	e.len = len;
	return e;
}

static inline int wire_reader_status(const struct wire_reader *r)
{
	return r->bad ? -EINVAL : 0;
}

/**
 * struct wire_writer - cursor over a response being built
 * @buf: where the response starts
 * @cap: bytes that fit
 * @len: bytes written
 * @full: a write did not fit; checked once, by whoever owns the buffer
 */
struct wire_writer {
	u8 *buf;
	u32 cap;
	u32 len;
	bool full;
};

static inline struct wire_writer wire_writer_of(void *buf, u32 cap)
{
	struct wire_writer w = { .buf = buf, .cap = cap };

	return w;
}

static inline u8 *wire_reserve(struct wire_writer *w, u32 len)
{
	u8 *p;

	if (w->full || len > w->cap - w->len) {
		w->full = true;
		return NULL;
	}
	p = w->buf + w->len;
	w->len += len;
	return p;
}

static inline void wire_put_u8(struct wire_writer *w, u8 v)
{
	u8 *p = wire_reserve(w, 1);

	if (p)
		*p = v;
}

static inline void wire_put_u16(struct wire_writer *w, u16 v)
{
	u8 *p = wire_reserve(w, 2);

	if (p)
		put_unaligned_le16(v, p);
}

static inline void wire_put_u32(struct wire_writer *w, u32 v)
{
	u8 *p = wire_reserve(w, 4);

	if (p)
		put_unaligned_le32(v, p);
}

static inline void wire_put_u64(struct wire_writer *w, u64 v)
{
	u8 *p = wire_reserve(w, 8);

	if (p)
		put_unaligned_le64(v, p);
}

static inline void wire_put_bytes(struct wire_writer *w, const void *from,
				  u32 len)
{
	u8 *p = wire_reserve(w, len);

	if (p && len)
		memcpy(p, from, len);
}

static inline void wire_put_zero(struct wire_writer *w, u32 len)
{
	u8 *p = wire_reserve(w, len);

	if (p)
		memset(p, 0, len);
}

/* Zeros up to the next multiple of @align, counted from the buffer's start. */
static inline void wire_pad(struct wire_writer *w, u32 align)
{
	wire_put_zero(w, ALIGN(w->len, align) - w->len);
}

/* Overwrites a field written earlier, once its value is known. */
static inline void wire_patch_u32(struct wire_writer *w, u32 pos, u32 v)
{
	if (!w->full && pos <= w->len && w->len - pos >= 4)
		put_unaligned_le32(v, w->buf + pos);
}

#endif /* _WIRE_H */
