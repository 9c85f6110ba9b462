// SPDX-License-Identifier: GPL-2.0
#include "fs/casefold.h"

#include <linux/ctype.h>
#include <linux/err.h>
#include <linux/module.h>
#include <linux/string.h>
#include <linux/unicode.h>

#if IS_ENABLED(CONFIG_UNICODE)
static struct unicode_map *map;
#endif

static bool is_ascii(const char *name, u32 len)
{
	for (u32 i = 0; i < len; i++)
		if (name[i] & 0x80)
			return false;
	return true;
}

/* The length of @out, or -EINVAL when the kernel cannot fold it. */
static int fold_unicode(const char *name, u32 len, char *out, u32 cap)
{
#if IS_ENABLED(CONFIG_UNICODE)
	struct qstr q = QSTR_INIT(name, len);

	if (map)
		return utf8_casefold(map, &q, out, cap);
#endif
	return -EINVAL;
}

void ksmbd_casefold(struct ksmbd_folded *f, const char *name, u32 len)
{
	int n;

	len = min_t(u32, len, KSMBD_FOLDED_MAX - 1);
	f->ascii = is_ascii(name, len);
	n = f->ascii ? -EINVAL :
		       fold_unicode(name, len, f->name, sizeof(f->name));
	if (n >= 0) {
		f->len = n;
		return;
	}
	for (u32 i = 0; i < len; i++)
		f->name[i] = f->ascii ? tolower(name[i]) : name[i];
	f->len = len;
}

bool ksmbd_casefold_equal(const struct ksmbd_folded *f, const char *name,
			  u32 len)
{
	char folded[KSMBD_FOLDED_MAX];
	int n;

	if (is_ascii(name, len)) {
		/* folding keeps the length of ASCII */
		if (len != f->len)
			return false;
		for (u32 i = 0; i < len; i++)
			if (tolower(name[i]) != f->name[i])
				return false;
		return true;
	}
	n = fold_unicode(name, len, folded, sizeof(folded));
	if (n < 0)
		return len == f->len && !memcmp(name, f->name, len);
	return n == f->len && !memcmp(folded, f->name, n);
}

int ksmbd_casefold_init(void)
{
#if IS_ENABLED(CONFIG_UNICODE)
	map = utf8_load(UNICODE_AGE(12, 1, 0));
	if (IS_ERR(map)) {
		pr_warn("ksmbd: no Unicode tables, names are caseless in ASCII only\n");
		map = NULL;
	}
#endif
	return 0;
}

void ksmbd_casefold_exit(void)
{
#if IS_ENABLED(CONFIG_UNICODE)
	utf8_unload(map);
	map = NULL;
#endif
}
