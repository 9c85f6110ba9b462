// SPDX-License-Identifier: GPL-2.0
#include "fs/xattr.h"

#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/xattr.h>

static bool may_have_xattrs(const struct path *path)
{
	umode_t mode = d_inode(path->dentry)->i_mode;

	return S_ISREG(mode) || S_ISDIR(mode);
}

/* One that grows while it is read is read again. */
int ksmbd_xattrs_get(const struct path *path, struct ksmbd_xattrs *names)
{
	ssize_t len = 0;

	*names = (struct ksmbd_xattrs) { };
	if (!may_have_xattrs(path))
		return 0;
	for (int i = 0; i < 4; i++) {
		len = vfs_listxattr(path->dentry, NULL, 0);
		if (len <= 0)
			break;
		len = min_t(ssize_t, len, XATTR_LIST_MAX);
		names->list = kvzalloc(len + 1, GFP_KERNEL);
		if (!names->list)
			return -ENOMEM;
		len = vfs_listxattr(path->dentry, names->list, len);
		if (len > 0) {
			names->list[len] = '\0';
			names->len = len;
			return 0;
		}
		kvfree(names->list);
		names->list = NULL;
		if (len != -ERANGE)
			break;
	}
	return len == -EOPNOTSUPP ? 0 : len;
}

void ksmbd_xattrs_free(struct ksmbd_xattrs *names)
{
	kvfree(names->list);
}

const char *ksmbd_xattrs_next(const struct ksmbd_xattrs *names, const char *at)
{
	at = at ? at + strlen(at) + 1 : names->list;
	return at && at < names->list + names->len ? at : NULL;
}
