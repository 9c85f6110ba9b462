/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Names to dentries, beneath the share's root and nowhere else.
 *
 * The walk goes down one component at a time from share->root.  There is no
 * "..", no symbolic link is followed, a mount point is crossed only where the
 * share allows it.  So a path cannot lead out; what a local process moves out
 * of the share while we hold it is caught by ksmbd_path_inside() before
 * anything is changed there.
 *
 * Each component is looked up as written first; only a miss scans the
 * directory for a name that differs in case.
 */
#ifndef _KSMBD_PATH_H
#define _KSMBD_PATH_H

#include <linux/path.h>
#include <linux/types.h>
#include "server/tree.h"

/**
 * struct ksmbd_path - a name in a directory
 * @parent: the directory, referenced
 * @entry: the object, referenced; entry.dentry NULL when there is none
 * @name: the last component as it has to be created: as stored on disk when
 *	the object exists, else as the client wrote it; NUL-terminated
 */
struct ksmbd_path {
	struct path parent;
	struct path entry;
	char name[NAME_MAX + 1];
};

/*
 * Resolves @name (struct ksmbd_create) under the current credentials.
 *	0	    found: @p->entry is set.  For "" it is the root, and so is the parent.
 *	-ENOENT	    the last component is not there; @p->parent and @p->name are
 *	-ENOTDIR    a component before it is missing or no directory
 *	-ELOOP	    a symbolic link, or a mount point that must not be crossed
 *	-EACCES, -ENAMETOOLONG, -ENOMEM ...
 * On 0 and -ENOENT the caller puts @p; otherwise there is nothing to put.
 * @exact: names have to match byte for byte.
 */
int ksmbd_path_resolve(struct ksmbd_tree *tree, const char *name, bool exact,
		       struct ksmbd_path *p);
void ksmbd_path_put(struct ksmbd_path *p);

/*
 * @name in @dir, exact or in another case.  0 and *entry referenced, -ENOENT,
 * -ELOOP, or another error.
 */
int ksmbd_path_lookup(struct ksmbd_tree *tree, const struct path *dir,
		      const char *name, u32 len, bool exact,
		      struct path *entry);

/* Is @dir still the share's root or below it? */
bool ksmbd_path_inside(struct ksmbd_tree *tree, const struct path *dir);

#endif
