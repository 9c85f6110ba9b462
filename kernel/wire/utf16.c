// SPDX-License-Identifier: GPL-2.0
#include "utf16.h"

/* Four UTF-16 units are ASCII and none is NUL, or not. */
static bool four_ascii_units(u64 units)
{
	/* Below 0x80 the sum cannot carry into the next unit. */
	return !(units & 0xFF80FF80FF80FF80ull) &&
	       ((units + 0x7FFF7FFF7FFF7FFFull) & 0x8000800080008000ull) ==
		       0x8000800080008000ull;
}

/* 0x00dd00cc00bb00aa -> 0xddccbbaa */
static u32 narrow(u64 units)
{
	units = (units | units >> 8) & 0x0000FFFF0000FFFFull;
	return (u32)(units | units >> 16);
}

/* 0xddccbbaa -> 0x00dd00cc00bb00aa */
static u64 widen(u32 bytes)
{
	u64 units = bytes;

	units = (units | units << 16) & 0x0000FFFF0000FFFFull;
	return (units | units << 8) & 0x00FF00FF00FF00FFull;
}

static bool is_raw_byte(u32 c)
{
	return c >= 0xF080 && c <= 0xF0FF;
}

/* Up to 4 bytes of UTF-8 for @c, which is not ASCII; returns how many. */
static u32 utf8_from_char(u32 c, u8 out[4])
{
	if (is_raw_byte(c)) {
		out[0] = c & 0xFF;
		return 1;
	}
	if (c < 0x800) {
		out[0] = 0xC0 | c >> 6;
		out[1] = 0x80 | (c & 0x3F);
		return 2;
	}
	if (c < 0x10000) {
		out[0] = 0xE0 | c >> 12;
		out[1] = 0x80 | (c >> 6 & 0x3F);
		out[2] = 0x80 | (c & 0x3F);
		return 3;
	}
	out[0] = 0xF0 | c >> 18;
	out[1] = 0x80 | (c >> 12 & 0x3F);
	out[2] = 0x80 | (c >> 6 & 0x3F);
	out[3] = 0x80 | (c & 0x3F);
	return 4;
}

/* The character at the reader, or 0 for what no name may have. */
static u32 next_utf16(struct wire_reader *r)
{
	u32 c = wire_get_u16(r), low;

	if (c < 0xD800 || c > 0xDFFF)
		return c;
	if (c > 0xDBFF)
		return 0;
	low = wire_get_u16(r);
	if (low < 0xDC00 || low > 0xDFFF)
		return 0;
	return 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00);
}

int wire_utf8_from_utf16(struct wire_span in, char *out, u32 cap)
{
	struct wire_reader r = wire_reader_of(in);
	u32 n = 0, len, c;
	u8 utf8[4];

	if (in.len % 2)
		return -EINVAL;
	while (wire_left(&r)) {
		if (in.len - r.pos >= 8 && cap - n > 4) {
			u64 units = get_unaligned_le64(in.data + r.pos);

			if (four_ascii_units(units)) {
				put_unaligned_le32(narrow(units), out + n);
				n += 4;
				r.pos += 8;
				continue;
			}
		}
		c = next_utf16(&r);
		if (!c)
			return -EINVAL;
		if (c < 0x80) {
			if (1 >= cap - n)
				return -ENAMETOOLONG;
			out[n++] = c;
			continue;
		}
		len = utf8_from_char(c, utf8);
		if (len >= cap - n)
			return -ENAMETOOLONG;
		memcpy(out + n, utf8, len);
		n += len;
	}
	if (n >= cap)
		return -ENAMETOOLONG;
	out[n] = '\0';
	return n;
}

static bool is_continuation(u8 c)
{
	return (c & 0xC0) == 0x80;
}

/*
 * The character at @s, or U+F000 + byte when there is none (overlong forms,
 * surrogates and values past U+10FFFF are none).  Returns the bytes it took.
 */
static u32 next_utf8(const u8 *s, u32 len, u32 *c)
{
	if (s[0] < 0x80) {
		*c = s[0];
		return 1;
	}
	if (s[0] >= 0xC2 && s[0] <= 0xDF && len >= 2 && is_continuation(s[1])) {
		*c = (s[0] & 0x1Fu) << 6 | (s[1] & 0x3Fu);
		return 2;
	}
	if ((s[0] & 0xF0) == 0xE0 && len >= 3 && is_continuation(s[1]) &&
	    is_continuation(s[2])) {
		*c = (s[0] & 0x0Fu) << 12 | (s[1] & 0x3Fu) << 6 | (s[2] & 0x3Fu);
		if (*c >= 0x800 && (*c < 0xD800 || *c > 0xDFFF) &&
		    !is_raw_byte(*c))
			return 3;
	}
	if ((s[0] & 0xF8) == 0xF0 && len >= 4 && is_continuation(s[1]) &&
	    is_continuation(s[2]) && is_continuation(s[3])) {
		*c = (s[0] & 0x07u) << 18 | (s[1] & 0x3Fu) << 12 |
		     (s[2] & 0x3Fu) << 6 | (s[3] & 0x3Fu);
		if (*c >= 0x10000 && *c <= 0x10FFFF)
			return 4;
	}
	*c = 0xF000 + s[0];
	return 1;
}

static u32 utf16_size(u32 c)
{
	return c >= 0x10000 ? 4 : 2;
}

static bool four_ascii_bytes(u32 bytes)
{
	return !(bytes & 0x80808080);
}

u32 wire_utf16_len(const char *utf8, u32 len)
{
	const u8 *s = (const u8 *)utf8;
	u32 i = 0, n = 0, c;

	while (i < len) {
		if (len - i >= 4 && four_ascii_bytes(get_unaligned_le32(s + i))) {
			i += 4;
			n += 8;
			continue;
		}
		i += next_utf8(s + i, len - i, &c);
		n += utf16_size(c);
	}
	return n;
}

/* Whole characters into @room bytes at @p; returns the bytes written. */
static u32 convert(u8 *p, u32 room, const u8 *s, u32 len)
{
	u32 i = 0, n = 0, c;

	while (i < len) {
		if (len - i >= 4 && room - n >= 8) {
			u32 bytes = get_unaligned_le32(s + i);

			if (four_ascii_bytes(bytes)) {
				put_unaligned_le64(widen(bytes), p + n);
				i += 4;
				n += 8;
				continue;
			}
		}
		i += next_utf8(s + i, len - i, &c);
		if (utf16_size(c) > room - n)
			break;
		if (c >= 0x10000) {
			c -= 0x10000;
			put_unaligned_le16(0xD800 + (c >> 10), p + n);
			put_unaligned_le16(0xDC00 + (c & 0x3FF), p + n + 2);
			n += 4;
		} else {
			put_unaligned_le16(c, p + n);
			n += 2;
		}
	}
	return n;
}

u32 wire_put_utf16(struct wire_writer *w, const char *utf8, u32 len)
{
	u32 room = w->cap - w->len;
	u32 n;

	if (w->full)
		return 0;
	/* No byte becomes more than one unit: only a tight fit is measured. */
	if (len > room / 2 && wire_utf16_len(utf8, len) > room) {
		w->full = true;
		return 0;
	}
	n = convert(w->buf + w->len, room, (const u8 *)utf8, len);
	w->len += n;
	return n;
}

u32 wire_put_utf16_cut(struct wire_writer *w, const char *utf8, u32 len,
		       bool *cut)
{
	u32 n = wire_utf16_len(utf8, len);

	if (w->full)
		return n;
	if (n > w->cap - w->len)
		*cut = true;
	w->len += convert(w->buf + w->len, w->cap - w->len,
			  (const u8 *)utf8, len);
	return n;
}
