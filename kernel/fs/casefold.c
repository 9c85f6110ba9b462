// SPDX-License-Identifier: GPL-2.0
#include "fs/casefold.h"

#include <linux/ctype.h>
#include <linux/minmax.h>
#include <linux/string.h>
#include "compat/unaligned.h"
#include "wire/upcase.h"
#include "wire/utf16.h"

static bool is_ascii(const char *name, u32 len)
{
	for (u32 i = 0; i < len; i++)
		if (name[i] & 0x80)
			return false;
	return true;
}

void ksmbd_casefold(struct ksmbd_folded *f, const char *name, u32 len)
{
	struct wire_writer w = wire_writer_of(f->name, sizeof(f->name));

	len = min_t(u32, len, NAME_MAX);
	f->ascii = is_ascii(name, len);
	f->len = len;
	if (f->ascii) {
		for (u32 i = 0; i < len; i++)
			f->name[i] = tolower(name[i]);
		return;
	}
	wire_put_utf16(&w, name, len);
	f->len = w.len;
	for (u32 i = 0; i + 1 < f->len; i += 2)
		put_unaligned_le16(wire_upcase(get_unaligned_le16(f->name + i)),
				   f->name + i);
}

static bool equal_ascii(const struct ksmbd_folded *f, const char *name, u32 len)
{
	if (len != f->len)
		return false;
	for (u32 i = 0; i < len; i++)
		if (tolower(name[i]) != f->name[i])
			return false;
	return true;
}

bool ksmbd_casefold_equal(const struct ksmbd_folded *f, const char *name,
			  u32 len)
{
	struct ksmbd_folded other;

	if (f->ascii)
		return equal_ascii(f, name, len);
	if (len > NAME_MAX || is_ascii(name, len))
		return false;
	ksmbd_casefold(&other, name, len);
	return other.len == f->len && !memcmp(other.name, f->name, f->len);
}
