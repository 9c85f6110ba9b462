/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Caseless comparison of UTF-8 names as Windows does it: unit by unit of their UTF-16,
 * in upper case ([MS-FSA] 2.1.4.4).  Nothing is normalised: a letter with its accent and
 * the letter followed by the accent are two names.
 */
#ifndef _KSMBD_CASEFOLD_H
#define _KSMBD_CASEFOLD_H

#include <linux/limits.h>
#include <linux/types.h>

#define KSMBD_FOLDED_MAX	(2 * (NAME_MAX + 1))

/**
 * struct ksmbd_folded - a name folded once, to be compared with many
 * @ascii: the name has ASCII letters only and is kept as bytes; no other
 *	letter's upper case is one of them
 */
struct ksmbd_folded {
	u32 len;
	bool ascii;
	char name[KSMBD_FOLDED_MAX];
};

/* At most NAME_MAX bytes.  What is no UTF-8 is compared as clients see it. */
void ksmbd_casefold(struct ksmbd_folded *f, const char *name, u32 len);
bool ksmbd_casefold_equal(const struct ksmbd_folded *f, const char *name,
			  u32 len);

#endif
