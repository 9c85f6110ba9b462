/* SPDX-License-Identifier: GPL-2.0 */
/* Caseless comparison of UTF-8 names, as Unicode folds them. */
#ifndef _KSMBD_CASEFOLD_H
#define _KSMBD_CASEFOLD_H

#include <linux/limits.h>
#include <linux/types.h>

#define KSMBD_FOLDED_MAX	(3 * NAME_MAX + 1)	/* folding may lengthen */

/**
 * struct ksmbd_folded - a name folded once, to be compared with many
 * @ascii: the name has ASCII letters only, so no other script can match it
 *	except the few that fold to ASCII (U+212A, U+017F), which are looked at
 */
struct ksmbd_folded {
	u32 len;
	bool ascii;
	char name[KSMBD_FOLDED_MAX];
};

/* A name that is no UTF-8 folds to itself. */
void ksmbd_casefold(struct ksmbd_folded *f, const char *name, u32 len);
bool ksmbd_casefold_equal(const struct ksmbd_folded *f, const char *name,
			  u32 len);

int ksmbd_casefold_init(void);
void ksmbd_casefold_exit(void);

#endif
