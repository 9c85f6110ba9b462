/* SPDX-License-Identifier: GPL-2.0 */
/* The names of a file's xattrs. */
#ifndef _KSMBD_XATTR_H
#define _KSMBD_XATTR_H

#include <linux/path.h>
#include <linux/types.h>

/* One after the other, each with its NUL. */
struct ksmbd_xattrs {
	char *list;
	u32 len;
};

/*
 * 0, also for an object or a filesystem that has none, or an errno.  Linux
 * bounds the list.  Asks for no permission.
 */
int ksmbd_xattrs_get(const struct path *path, struct ksmbd_xattrs *names);
void ksmbd_xattrs_free(struct ksmbd_xattrs *names);
/* The name behind @at (NULL: the first), or NULL. */
const char *ksmbd_xattrs_next(const struct ksmbd_xattrs *names, const char *at);

#endif
