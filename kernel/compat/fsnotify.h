/* SPDX-License-Identifier: GPL-2.0 */
/* fsnotify as it changed between the kernels we support. */
#ifndef _KSMBD_COMPAT_FSNOTIFY_H
#define _KSMBD_COMPAT_FSNOTIFY_H

#include <linux/fsnotify_backend.h>
#include <linux/version.h>

/*
 * By what the headers define, not by the version: long-term 5.10 got much of 5.17
 * to 6.1 later.
 *
 * Since 5.17 one event tells of both ends of a rename.  Before, each end has its
 * own, one after the other, marked when both are in one directory.
 */
#ifdef FS_RENAME
#define COMPAT_FS_RENAME	FS_RENAME
#define COMPAT_FS_MOVED		0
#define COMPAT_FS_SAME_DIR	0
#else
#define COMPAT_FS_RENAME	0
#define COMPAT_FS_MOVED		(FS_MOVED_FROM | FS_MOVED_TO)
#define COMPAT_FS_SAME_DIR	FS_DN_RENAME
#endif

static inline struct fsnotify_group *
compat_fsnotify_alloc_group(const struct fsnotify_ops *ops)
{
#ifdef FSNOTIFY_GROUP_USER		/* 5.19 */
	return fsnotify_alloc_group(ops, 0);
#else
	return fsnotify_alloc_group(ops);
#endif
}

/* Everything that happens on @sb. */
static inline int compat_fsnotify_add_sb_mark(struct fsnotify_mark *mark,
					      struct super_block *sb)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 10, 0)
	return fsnotify_add_mark(mark, sb, FSNOTIFY_OBJ_TYPE_SB, 0);
#elif LINUX_VERSION_CODE >= KERNEL_VERSION(6, 8, 0)
	return fsnotify_add_mark(mark, &sb->s_fsnotify_marks,
				 FSNOTIFY_OBJ_TYPE_SB, 0);
#else
	return fsnotify_add_mark(mark, &sb->s_fsnotify_marks,
				 FSNOTIFY_OBJ_TYPE_SB, 0, NULL);
#endif
}

static inline int compat_fsnotify_add_inode_mark(struct fsnotify_mark *mark,
						 struct inode *inode)
{
	return fsnotify_add_inode_mark(mark, inode, 0);
}

/* The object an event is about; NULL when it does not say. */
static inline struct inode *compat_fsnotify_inode(const void *data, int type)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(5, 13, 0)
	return fsnotify_data_inode(data, type);
#else
	return (struct inode *)fsnotify_data_inode(data, type);
#endif
}

/* The dentry of a COMPAT_FS_RENAME, at its new place already. */
static inline struct dentry *compat_fsnotify_moved(const void *data, int type)
{
#ifdef FS_RENAME
	return fsnotify_data_dentry(data, type);
#else
	return NULL;
#endif
}

#endif
