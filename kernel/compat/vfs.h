/* SPDX-License-Identifier: GPL-2.0 */
/*
 * VFS calls whose arguments changed between the kernels we support: a user
 * namespace until 6.2, an idmap since 6.3.
 */
#ifndef _KSMBD_COMPAT_VFS_H
#define _KSMBD_COMPAT_VFS_H

#include <linux/file.h>
#include <linux/fs.h>
#include <linux/mount.h>
#include <linux/namei.h>
#include <linux/posix_acl.h>
#include <linux/sched.h>
#include <linux/version.h>
#include <linux/xattr.h>

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 3, 0)
#define compat_idmap(mnt)	mnt_idmap(mnt)
#else
#define compat_idmap(mnt)	mnt_user_ns(mnt)
#endif

static inline int compat_vfs_unlink(struct vfsmount *mnt, struct inode *dir,
				    struct dentry *dentry,
				    struct inode **delegated)
{
	return vfs_unlink(compat_idmap(mnt), dir, dentry, delegated);
}

static inline int compat_vfs_rmdir(struct vfsmount *mnt, struct inode *dir,
				   struct dentry *dentry)
{
	return vfs_rmdir(compat_idmap(mnt), dir, dentry);
}

static inline int compat_vfs_create(struct vfsmount *mnt, struct inode *dir,
				    struct dentry *dentry, umode_t mode)
{
	return vfs_create(compat_idmap(mnt), dir, dentry, mode, true);
}

static inline int compat_vfs_mkdir(struct vfsmount *mnt, struct inode *dir,
				   struct dentry *dentry, umode_t mode)
{
	return vfs_mkdir(compat_idmap(mnt), dir, dentry, mode);
}

static inline int compat_permission(const struct path *path, int mask)
{
	return inode_permission(compat_idmap(path->mnt),
				d_inode(path->dentry), mask);
}

static inline int compat_check_sticky(struct vfsmount *mnt, struct inode *dir,
				      struct inode *inode)
{
	return check_sticky(compat_idmap(mnt), dir, inode);
}

static inline bool compat_owner_or_capable(const struct path *path)
{
	return inode_owner_or_capable(compat_idmap(path->mnt),
				      d_inode(path->dentry));
}

/* The caller holds the inode's lock. */
static inline int compat_notify_change(const struct path *path,
				       struct iattr *attr,
				       struct inode **delegated)
{
	return notify_change(compat_idmap(path->mnt), path->dentry, attr,
			     delegated);
}

/* An inode's ACL_TYPE_*: NULL, ERR_PTR or referenced. */
static inline struct posix_acl *compat_get_acl(struct inode *inode, int type)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 2, 0)
	return get_inode_acl(inode, type);
#else
	return get_acl(inode, type);
#endif
}

/* The caller holds the inode's lock; owner or capable.  @acl NULL removes it. */
static inline int compat_set_acl(const struct path *path, int type,
				 struct posix_acl *acl)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 2, 0)
	return set_posix_acl(compat_idmap(path->mnt), path->dentry, type, acl);
#else
	return set_posix_acl(compat_idmap(path->mnt), d_inode(path->dentry),
			     type, acl);
#endif
}

/*
 * Closes at once.  fput() of a kernel thread leaves it to one work item for
 * the whole machine: a file would be busy long after its CLOSE was answered.
 */
static inline void compat_fput(struct file *filp)
{
	if (current->flags & PF_KTHREAD)
		__fput_sync(filp);
	else
		fput(filp);
}

/* Checks MAY_EXEC on @base; the result may be negative. */
static inline struct dentry *compat_lookup_unlocked(struct vfsmount *mnt,
						    const char *name,
						    struct dentry *base, int len)
{
	return lookup_one_unlocked(compat_idmap(mnt), name, base, len);
}

/* The same with @base's i_rwsem held by the caller. */
static inline struct dentry *compat_lookup_locked(struct vfsmount *mnt,
						  const char *name,
						  struct dentry *base, int len)
{
	return lookup_one(compat_idmap(mnt), name, base, len);
}

/* Both directories are locked with lock_rename() and on one mount. */
static inline int compat_rename(const struct path *old_parent,
				struct dentry *old, struct dentry *new_parent,
				struct dentry *new, struct inode **delegated)
{
	struct renamedata rd = {
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 3, 0)
		.old_mnt_idmap	= mnt_idmap(old_parent->mnt),
		.new_mnt_idmap	= mnt_idmap(old_parent->mnt),
#else
		.old_mnt_userns	= mnt_user_ns(old_parent->mnt),
		.new_mnt_userns	= mnt_user_ns(old_parent->mnt),
#endif
		.old_dir	= d_inode(old_parent->dentry),
		.old_dentry	= old,
		.new_dir	= d_inode(new_parent),
		.new_dentry	= new,
		.delegated_inode = delegated,
	};

	return vfs_rename(&rd);
}

static inline int compat_vfs_link(struct vfsmount *mnt, struct dentry *old,
				  struct inode *dir, struct dentry *new,
				  struct inode **delegated)
{
	return vfs_link(old, compat_idmap(mnt), dir, new, delegated);
}

static inline int compat_setxattr(const struct path *path, const char *name,
				  const void *value, size_t size)
{
	return vfs_setxattr(compat_idmap(path->mnt), path->dentry, name, value,
			    size, 0);
}

static inline int compat_removexattr(const struct path *path, const char *name)
{
	return vfs_removexattr(compat_idmap(path->mnt), path->dentry, name);
}

/* Asks for no permission; the caller holds the inode's lock and has decided. */
static inline int compat_setxattr_unchecked(const struct path *path,
					    const char *name,
					    const void *value, size_t size)
{
	return __vfs_setxattr(compat_idmap(path->mnt), path->dentry,
			      d_inode(path->dentry), name, value, size, 0);
}

static inline int compat_removexattr_unchecked(const struct path *path,
					       const char *name)
{
	return __vfs_removexattr(compat_idmap(path->mnt), path->dentry, name);
}

/* Waits for a frozen filesystem by itself since 6.8. */
static inline ssize_t compat_iter_write(struct file *filp, struct iov_iter *iter,
					loff_t *pos, rwf_t flags)
{
	ssize_t n;

	if (LINUX_VERSION_CODE < KERNEL_VERSION(6, 8, 0))
		file_start_write(filp);
	n = vfs_iter_write(filp, iter, pos, flags);
	if (LINUX_VERSION_CODE < KERNEL_VERSION(6, 8, 0))
		file_end_write(filp);
	return n;
}

#endif
