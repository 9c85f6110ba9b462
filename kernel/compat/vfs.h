/* SPDX-License-Identifier: GPL-2.0 */
/*
 * VFS calls whose arguments changed between the kernels we support: nothing of a
 * mount until 5.11, its user namespace until 6.2, an idmap since 6.3.
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
#include <linux/filelock.h>
#define compat_idmap(mnt)	mnt_idmap(mnt)
#elif LINUX_VERSION_CODE >= KERNEL_VERSION(5, 12, 0)
#define compat_idmap(mnt)	mnt_user_ns(mnt)
#endif

/* With the idmap in front where the kernel wants one. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(5, 12, 0)
#define compat_mapped(fn, mnt, ...)	fn(compat_idmap(mnt), __VA_ARGS__)
#else
#define compat_mapped(fn, mnt, ...)	((void)(mnt), fn(__VA_ARGS__))
#endif

/*
 * The inode whose delegation is in the way: in a struct of its own since 6.19.
 * Then directories have delegations too; a local process that holds one keeps names
 * from being made and removed there (-EWOULDBLOCK) until it gives it back.
 */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 19, 0)
#define compat_delegated(inode)	((struct delegated_inode *)(inode))
static_assert(sizeof(struct delegated_inode) == sizeof(struct inode *));
#else
#define compat_delegated(inode)	(inode)
#endif

/* Until the lease of @delegated is broken; drops its reference. */
static inline int compat_break_deleg_wait(struct inode **delegated)
{
	return break_deleg_wait(compat_delegated(delegated));
}

static inline int compat_vfs_unlink(struct vfsmount *mnt, struct inode *dir,
				    struct dentry *dentry,
				    struct inode **delegated)
{
	return compat_mapped(vfs_unlink, mnt, dir, dentry,
			     compat_delegated(delegated));
}

static inline int compat_vfs_rmdir(struct vfsmount *mnt, struct inode *dir,
				   struct dentry *dentry)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 19, 0)
	return vfs_rmdir(compat_idmap(mnt), dir, dentry, NULL);
#else
	return compat_mapped(vfs_rmdir, mnt, dir, dentry);
#endif
}

static inline int compat_vfs_create(struct vfsmount *mnt, struct inode *dir,
				    struct dentry *dentry, umode_t mode)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 19, 0)
	return vfs_create(compat_idmap(mnt), dentry, mode, NULL);
#else
	return compat_mapped(vfs_create, mnt, dir, dentry, mode, true);
#endif
}

/*
 * The caller keeps its reference and the lock.  Since 6.15 the call may return
 * another dentry and drops @dentry when it fails; since 6.19 it then unlocks @dir.
 */
static inline int compat_vfs_mkdir(struct vfsmount *mnt, struct inode *dir,
				   struct dentry *dentry, umode_t mode)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 15, 0)
	struct dentry *made;

	dget(dentry);
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 19, 0)
	made = vfs_mkdir(compat_idmap(mnt), dir, dentry, mode, NULL);
	if (IS_ERR(made))
		inode_lock_nested(dir, I_MUTEX_PARENT);
#else
	made = vfs_mkdir(compat_idmap(mnt), dir, dentry, mode);
#endif
	if (IS_ERR(made))
		return PTR_ERR(made);
	dput(made);
	return 0;
#else
	return compat_mapped(vfs_mkdir, mnt, dir, dentry, mode);
#endif
}

static inline int compat_permission(const struct path *path, int mask)
{
	return compat_mapped(inode_permission, path->mnt,
			     d_inode(path->dentry), mask);
}

static inline int compat_check_sticky(struct vfsmount *mnt, struct inode *dir,
				      struct inode *inode)
{
	return compat_mapped(check_sticky, mnt, dir, inode);
}

static inline bool compat_owner_or_capable(const struct path *path)
{
	return compat_mapped(inode_owner_or_capable, path->mnt,
			     d_inode(path->dentry));
}

/* The caller holds the inode's lock. */
static inline int compat_notify_change(const struct path *path,
				       struct iattr *attr,
				       struct inode **delegated)
{
	return compat_mapped(notify_change, path->mnt, path->dentry, attr,
			     compat_delegated(delegated));
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
	return compat_mapped(set_posix_acl, path->mnt, d_inode(path->dentry),
			     type, acl);
#endif
}

/*
 * What iterate_dir() calls for each entry: true for more, since 6.1.  Before, 0
 * was for more; COMPAT_ACTOR(fn) defines what takes fn's place.
 */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 1, 0)
#define COMPAT_ACTOR(fn)	static const filldir_t fn##_actor = fn
#else
#define COMPAT_ACTOR(fn)						\
static int fn##_actor(struct dir_context *ctx, const char *name, int len, \
		      loff_t pos, u64 ino, unsigned int type)		\
{									\
	return fn(ctx, name, len, pos, ino, type) ? 0 : 1;		\
}									\
static_assert(true)
#endif

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
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 16, 0)
	return lookup_one_unlocked(compat_idmap(mnt), &QSTR_LEN(name, len), base);
#elif LINUX_VERSION_CODE >= KERNEL_VERSION(5, 18, 0)
	return lookup_one_unlocked(compat_idmap(mnt), name, base, len);
#else
	return lookup_one_len_unlocked(name, base, len);
#endif
}

/* The same with @base's i_rwsem held by the caller. */
static inline struct dentry *compat_lookup_locked(struct vfsmount *mnt,
						  const char *name,
						  struct dentry *base, int len)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 16, 0)
	return lookup_one(compat_idmap(mnt), &QSTR_LEN(name, len), base);
#elif LINUX_VERSION_CODE >= KERNEL_VERSION(5, 18, 0)
	return lookup_one(compat_idmap(mnt), name, base, len);
#else
	return lookup_one_len(name, base, len);
#endif
}

/* Both directories are locked by compat_rename_begin(), or are one and locked. */
static inline int compat_rename(const struct path *old_parent,
				struct dentry *old, struct dentry *new_parent,
				struct dentry *new, struct inode **delegated)
{
	struct renamedata rd = {
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 18, 0)
		.mnt_idmap	= mnt_idmap(old_parent->mnt),
		.old_parent	= old_parent->dentry,
		.new_parent	= new_parent,
#else
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 3, 0)
		.old_mnt_idmap	= mnt_idmap(old_parent->mnt),
		.new_mnt_idmap	= mnt_idmap(old_parent->mnt),
#elif LINUX_VERSION_CODE >= KERNEL_VERSION(5, 12, 0)
		.old_mnt_userns	= mnt_user_ns(old_parent->mnt),
		.new_mnt_userns	= mnt_user_ns(old_parent->mnt),
#endif
		.old_dir	= d_inode(old_parent->dentry),
		.new_dir	= d_inode(new_parent),
#endif
		.old_dentry	= old,
		.new_dentry	= new,
		.delegated_inode = compat_delegated(delegated),
	};

	return vfs_rename(&rd);
}

/*
 * Locks the directories of a rename and looks @name up in @new_parent.  -ENOENT:
 * @old has no name any more; -EAGAIN: it has one elsewhere; -EINVAL: it is above
 * @new_parent; -ENOTEMPTY: what has the name is above @old.  Ends with
 * compat_rename_end(), unless it failed.
 */
static inline struct dentry *
compat_rename_begin(const struct path *old_parent, struct dentry *old,
		    struct dentry *new_parent, const char *name)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 19, 0)
	struct renamedata rd = {
		.mnt_idmap	= mnt_idmap(old_parent->mnt),
		.old_parent	= old_parent->dentry,
		.new_parent	= new_parent,
	};
	int err = start_renaming_dentry(&rd, 0, old, &QSTR(name));

	/* seen after the locks are gone: -EAGAIN looks again */
	if (err == -EINVAL && d_unhashed(old))
		err = -ENOENT;
	if (err == -EINVAL && READ_ONCE(old->d_parent) != old_parent->dentry)
		err = -EAGAIN;
	if (err)
		return ERR_PTR(err);
	return rd.new_dentry;
#else
	struct dentry *trap = lock_rename(new_parent, old_parent->dentry), *new;

	if (IS_ERR(trap))		/* since 6.9, for what is in no tree */
		return trap;
	if (d_unhashed(old))
		new = ERR_PTR(-ENOENT);
	else if (old->d_parent != old_parent->dentry)
		new = ERR_PTR(-EAGAIN);
	else if (old == trap)
		new = ERR_PTR(-EINVAL);
	else
		new = compat_lookup_locked(old_parent->mnt, name, new_parent,
					   strlen(name));
	if (!IS_ERR(new) && new == trap) {
		dput(new);
		new = ERR_PTR(-ENOTEMPTY);
	}
	if (IS_ERR(new))
		unlock_rename(new_parent, old_parent->dentry);
	return new;
#endif
}

/*
 * After the rename, whether it was done or not; drops @new.  The names have moved
 * by then, so the directories are named again.
 */
static inline void compat_rename_end(const struct path *old_parent,
				     struct dentry *old,
				     struct dentry *new_parent,
				     struct dentry *new)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 19, 0)
	struct renamedata rd = {
		.old_parent	= old_parent->dentry,
		.new_parent	= new_parent,
		.old_dentry	= old,
		.new_dentry	= new,
	};

	end_renaming(&rd);
#else
	unlock_rename(new_parent, old_parent->dentry);
	dput(new);
#endif
}

static inline int compat_vfs_link(struct vfsmount *mnt, struct dentry *old,
				  struct inode *dir, struct dentry *new,
				  struct inode **delegated)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(5, 12, 0)
	return vfs_link(old, compat_idmap(mnt), dir, new,
			compat_delegated(delegated));
#else
	return vfs_link(old, dir, new, delegated);
#endif
}

static inline int compat_setxattr(const struct path *path, const char *name,
				  const void *value, size_t size)
{
	return compat_mapped(vfs_setxattr, path->mnt, path->dentry, name,
			     value, size, 0);
}

static inline int compat_removexattr(const struct path *path, const char *name)
{
	return compat_mapped(vfs_removexattr, path->mnt, path->dentry, name);
}

/* Asks for no permission; the caller holds the inode's lock and has decided. */
static inline int compat_setxattr_unchecked(const struct path *path,
					    const char *name,
					    const void *value, size_t size)
{
	return compat_mapped(__vfs_setxattr, path->mnt, path->dentry,
			     d_inode(path->dentry), name, value, size, 0);
}

static inline int compat_removexattr_unchecked(const struct path *path,
					       const char *name)
{
	return compat_mapped(__vfs_removexattr, path->mnt, path->dentry, name);
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
