/* SPDX-License-Identifier: GPL-2.0 */
/* What a share says of its recycle bin; what becomes of that: fs/recycle.h. */
#ifndef _KSMBD_SHARE_RECYCLE_H
#define _KSMBD_SHARE_RECYCLE_H

#include <linux/types.h>

/**
 * struct ksmbd_recycle - a share's bin
 * @folder: from the share's root, components with a slash between them
 * @shared: bytes of it up to the user's own part; all of it if he has none
 * @keep_tree: below it as in the share
 * @versions: keep what is there by the same name, too
 * @exclude: patterns, each with its NUL; @exclude_size bytes
 */
struct ksmbd_recycle {
	char *folder;
	u32 shared;
	bool keep_tree, versions;
	char *exclude;
	u32 exclude_size;
};

/*
 * Takes what mountd said over: @folder with %U for the user, @rules of 't' and 'v',
 * @exclude with a slash between patterns.  @user is "" for a guest.  NULL: no memory,
 * or a name that cannot be one of a folder.
 */
struct ksmbd_recycle *ksmbd_recycle_new(const char *folder, const char *rules,
					const char *exclude, const char *user);
void ksmbd_recycle_free(struct ksmbd_recycle *bin);

#endif
