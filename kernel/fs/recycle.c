// SPDX-License-Identifier: GPL-2.0
#include "fs/recycle.h"

#include <linux/cred.h>
#include <linux/dcache.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/mount.h>
#include <linux/namei.h>
#include <linux/printk.h>
#include <linux/random.h>
#include <linux/slab.h>
#include "compat/vfs.h"
#include "fs/fs.h"
#include "server/tree.h"
#include "server/user.h"

#define MOVE_TRIES	8		/* against a local process that renames */
#define NUMBERED	16		/* copies that have small numbers */

/* --- the folders --- */

/*
 * struct walk - on the way down into the bin
 * @at: where we are; referenced
 * @keeper: who may own what is shared, beside root: the owner of the share's root
 * @make: what is missing is made; only by who has all rights
 * @own: for this user alone, from here on
 */
struct walk {
	struct path at;
	kuid_t keeper;
	bool make;
	const struct cred *own;
};

/* With mode 0700 and ours until it is what it should be. */
static int give_away(const struct walk *w, struct dentry *dir, bool last_shared)
{
	const struct path path = { .mnt = w->at.mnt, .dentry = dir };
	struct iattr attr = { .ia_valid = ATTR_MODE };
	int err;

	attr.ia_mode = S_IFDIR | (w->own ? 0700 : last_shared ? 01777 : 0711);
	if (w->own) {
		attr.ia_valid |= ATTR_UID | ATTR_GID;
		attr.ia_uid = w->own->fsuid;
		attr.ia_gid = w->own->fsgid;
	}
	inode_lock(d_inode(dir));
	err = compat_notify_change(&path, &attr, NULL);
	inode_unlock(d_inode(dir));
	/* a filesystem without owners has none to keep apart */
	return err == -EPERM || err == -EOPNOTSUPP ? 0 : err;
}

/*
 * Else another user could have made the folder, to see and take what is put there.  A
 * shared one that files do not go into, as Samba's may be the first user's, only leads
 * on to folders that are looked at in turn.
 */
static bool may_keep(const struct walk *w, const struct inode *dir, bool takes_files)
{
	if (uid_eq(dir->i_uid, GLOBAL_ROOT_UID) || (!w->own && !takes_files))
		return true;
	return uid_eq(dir->i_uid, w->own ? w->own->fsuid : w->keeper);
}

static void unmake(const struct walk *w, struct dentry *made)
{
	inode_lock_nested(d_inode(w->at.dentry), I_MUTEX_PARENT);
	if (!d_unhashed(made) && made->d_parent == w->at.dentry)
		compat_vfs_rmdir(w->at.mnt, d_inode(w->at.dentry), made);
	inode_unlock(d_inode(w->at.dentry));
}

/* One component down; a shared one is @last where files go into it. */
static int step(struct walk *w, const char *name, u32 len, bool last)
{
	struct inode *dir = d_inode(w->at.dentry);
	bool made = false;
	struct dentry *next;
	int err = 0;

	inode_lock_nested(dir, I_MUTEX_PARENT);
	next = compat_lookup_locked(w->at.mnt, name, w->at.dentry, len);
	if (!IS_ERR(next) && d_is_negative(next) && w->make) {
		err = compat_vfs_mkdir(w->at.mnt, dir, next, 0700);
		made = !err;
	}
	inode_unlock(dir);
	if (IS_ERR(next))
		return PTR_ERR(next);
	if (!err && d_is_negative(next))
		err = -ENOENT;
	else if (!err && (!d_is_dir(next) || d_mountpoint(next)))
		err = -ENOTDIR;
	else if (!err && !may_keep(w, d_inode(next), last))
		err = -EPERM;
	if (made && !err) {
		err = give_away(w, next, last);
		if (err)
			unmake(w, next);
	}
	if (err) {
		dput(next);
		return err;
	}
	dput(w->at.dentry);
	w->at.dentry = next;
	return 0;
}

/* All components of @folder, up to @len; @last as in step(), of the last one. */
static int walk_down(struct walk *w, const char *folder, u32 len, bool last)
{
	const char *end = folder + len, *slash;
	int err = 0;

	while (!err && folder < end) {
		slash = memchr(folder, '/', end - folder) ?: end;
		if (slash > folder)
			err = step(w, folder, slash - folder,
				   last && slash == end);
		folder = slash + 1;
	}
	return err;
}

static void begin_walk(struct walk *w, const struct ksmbd_share *share, bool make)
{
	w->at = share->root;
	path_get(&w->at);
	w->keeper = d_inode(w->at.dentry)->i_uid;
	w->make = make;
	w->own = NULL;
}

/* Is @path in the bin, whoever's part of it? */
static bool is_inside(const struct ksmbd_share *share, const struct path *path)
{
	const struct ksmbd_recycle *bin = share->recycle;
	bool inside = false;
	struct walk w;

	begin_walk(&w, share, false);
	if (!walk_down(&w, bin->folder, bin->shared, false))
		inside = is_subdir(path->dentry, w.at.dentry);
	path_put(&w.at);
	return inside;
}

/* The folder of @path from the share's root, in a buffer of PATH_MAX bytes. */
static char *tree_of(const struct ksmbd_share *share, const struct path *path,
		     char *buf)
{
	struct path folder = { .mnt = path->mnt, .dentry = dget_parent(path->dentry) };
	char *at = buf + PATH_MAX - 1;
	struct name_snapshot name;
	struct dentry *up;

	*at = '\0';
	while (folder.dentry != share->root.dentry && !IS_ROOT(folder.dentry)) {
		take_dentry_name_snapshot(&name, folder.dentry);
		if (name.name.len + 1 > at - buf) {
			release_dentry_name_snapshot(&name);
			at = ERR_PTR(-ENAMETOOLONG);
			break;
		}
		*--at = '/';
		at -= name.name.len;
		memcpy(at, name.name.name, name.name.len);
		release_dentry_name_snapshot(&name);
		up = dget_parent(folder.dentry);
		dput(folder.dentry);
		folder.dentry = up;
	}
	dput(folder.dentry);
	return at;
}

/* Down to where @path's file goes, for @cred's user; with all rights. */
static int open_bin(struct walk *w, const struct ksmbd_share *share,
		    const struct path *path, const struct cred *cred)
{
	const struct ksmbd_recycle *bin = share->recycle;
	u32 len = strlen(bin->folder);
	char *buf, *tree;
	int err;

	begin_walk(w, share, true);
	err = walk_down(w, bin->folder, bin->shared, bin->shared == len);
	if (!err && bin->shared < len) {
		w->own = cred;
		err = walk_down(w, bin->folder + bin->shared, len - bin->shared,
				false);
	}
	if (err || !bin->keep_tree)
		return err;
	buf = kmalloc(PATH_MAX, GFP_KERNEL);
	if (!buf)
		return -ENOMEM;
	tree = tree_of(share, path, buf);
	err = PTR_ERR_OR_ZERO(tree);
	while (!err && *tree) {		/* each of them takes files */
		char *slash = strchrnul(tree, '/');

		err = step(w, tree, slash - tree, true);
		tree = *slash ? slash + 1 : slash;
	}
	kfree(buf);
	return err;
}

/* --- moving --- */

static int rename_locked(const struct ksmbd_share *share, const struct path *parent,
			 struct dentry *old, struct dentry *dir,
			 struct dentry *new, struct inode **delegated)
{
	if (d_unhashed(old))
		return -ENOENT;
	if (READ_ONCE(old->d_parent) != parent->dentry)
		return -ESTALE;
	if (!path_is_under(parent, &share->root))
		return -EXDEV;
	/* rename(2) would do nothing: what is there is another link of it */
	if (d_inode(new) == d_inode(old))
		return KSMBD_RECYCLE_NOT;
	if (d_is_positive(new) && (share->recycle->versions || !d_is_reg(new)))
		return -EEXIST;
	return compat_rename(parent, old, dir, new, delegated);
}

static int move_once(const struct ksmbd_share *share, const struct path *path,
		     struct dentry *dir, const char *name)
{
	struct path parent = { .mnt = path->mnt, .dentry = dget_parent(path->dentry) };
	struct inode *delegated = NULL;
	struct dentry *new;
	int err;

	new = compat_rename_begin(&parent, path->dentry, dir, name);
	if (IS_ERR(new)) {
		err = PTR_ERR(new);
	} else {
		err = rename_locked(share, &parent, path->dentry, dir, new,
				    &delegated);
		compat_rename_end(&parent, path->dentry, dir, new);
	}
	dput(parent.dentry);
	if (delegated) {
		err = compat_break_deleg_wait(&delegated);
		if (!err)
			err = -ESTALE;
	}
	return err;
}

static int move_as(const struct ksmbd_share *share, const struct path *path,
		   struct dentry *dir, const char *name)
{
	int err = -ESTALE;

	for (int i = 0; i < MOVE_TRIES && (err == -ESTALE || err == -EAGAIN); i++)
		err = move_once(share, path, dir, name);
	return err;
}

/* "Copy #2 of name", cut where that is too long but not within a character. */
static void number_name(char *out, const char *name, u32 number)
{
	int len = snprintf(out, NAME_MAX + 1, "Copy #%u of %s", number, name);

	if (len <= NAME_MAX)
		return;
	len = NAME_MAX;
	while (len && ((u8)out[len - 1] & 0xC0) == 0x80)
		len--;
	out[len - 1] = '\0';
}

static int move_by_any_name(const struct ksmbd_share *share,
			    const struct path *path, struct dentry *dir,
			    const char *name)
{
	char *other;
	int err = move_as(share, path, dir, name);

	if (err != -EEXIST || !share->recycle->versions)
		return err;
	other = kmalloc(NAME_MAX + 1, GFP_KERNEL);
	if (!other)
		return -ENOMEM;
	for (u32 i = 1; err == -EEXIST && i <= 2 * NUMBERED; i++) {
		number_name(other, name, i <= NUMBERED ? i : get_random_u32());
		err = move_as(share, path, dir, other);
		cond_resched();
	}
	kfree(other);
	return err;
}

/* -ENOENT: the file or the bin is gone. */
static int move_to_bin(const struct ksmbd_share *share, const struct path *path,
		       const struct cred *cred, const struct cred *all,
		       const char *name)
{
	const struct cred *saved = override_creds(all);
	struct walk w;
	int err = open_bin(&w, share, path, cred);

	revert_creds(saved);
	if (!err) {
		saved = override_creds(cred);
		err = move_by_any_name(share, path, w.at.dentry, name);
		revert_creds(saved);
	}
	path_put(&w.at);
	return err;
}

static int move(const struct ksmbd_share *share, const struct path *path,
		const struct cred *cred, const char *name)
{
	struct cred *all = ksmbd_user_kernel_cred();
	int err;

	if (!all)
		return -ENOMEM;
	err = mnt_want_write(path->mnt);
	if (!err) {
		err = -ENOENT;
		for (int i = 0; i < MOVE_TRIES && err == -ENOENT &&
				!d_unhashed(path->dentry); i++)
			err = move_to_bin(share, path, cred, all, name);
		mnt_drop_write(path->mnt);
	}
	put_cred(all);
	return err;
}

int ksmbd_recycle(const struct ksmbd_share *share, const struct path *path,
		  const struct cred *cred)
{
	const struct ksmbd_recycle *bin = share->recycle;
	struct name_snapshot name;
	int err = KSMBD_RECYCLE_NOT;

	if (!bin || !d_is_reg(path->dentry) || path->mnt != share->root.mnt)
		return KSMBD_RECYCLE_NOT;
	take_dentry_name_snapshot(&name, path->dentry);
	if (!ksmbd_fs_match_any(bin->exclude, bin->exclude_size,
				(const char *)name.name.name) &&
	    !is_inside(share, path)) {
		err = move(share, path, cred, (const char *)name.name.name);
		if (err < 0)
			pr_warn_ratelimited("ksmbd: share \"%s\": a deleted file stays, the recycle bin cannot have it (%d)\n",
					    share->name, err);
	}
	release_dentry_name_snapshot(&name);
	return err;
}
