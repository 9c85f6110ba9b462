// SPDX-License-Identifier: GPL-2.0
/*
 * New names for open files: [MS-FSA] 2.1.5.15.11 rename, 2.1.5.15.6 link.
 *
 * What is named is the handle's own dentry, wherever it is now; only the new
 * name is a path.  The decisions are made under the file's lock and, when an
 * object is replaced, under that one's: nobody opens it, and nobody's delete
 * on close runs, in between.  The directories are locked inside of these; there
 * the new name is looked up again and both parents must still be in the
 * share.  If anything is not as it was, all is tried again (-EAGAIN).
 */
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/mount.h>
#include <linux/namei.h>
#include <linux/random.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include "compat/vfs.h"
#include "fs/access.h"
#include "fs/acl.h"
#include "fs/dos_attr.h"
#include "fs/fs.h"
#include "fs/path.h"

#define NAMING_TRIES	8

/**
 * struct naming - a rename or link under way
 * @open: what gets a name
 * @name: as the client wrote it
 * @link: another name, not a new one
 * @replace: what has the name may go
 * @posix: even if it is open
 * @to: where @name leads; its entry is the object to be replaced, if any
 * @target: of that object, referenced; NULL: the name has to be free
 * @last: the last component to be created
 */
struct naming {
	struct ksmbd_open *open;
	const char *name;
	bool link;
	bool replace;
	bool posix;

	struct ksmbd_path to;
	struct ksmbd_file *target;
	const char *last;
};

static const struct path *source(const struct naming *n)
{
	return &n->open->filp->f_path;
}

static ntstatus_t check_source(const struct naming *n)
{
	const struct ksmbd_open *open = n->open;
	const struct path *src = source(n);

	/* a read-only tree grants neither */
	if (!(open->granted_access &
	      (n->link ? FILE_WRITE_ATTRIBUTES : ACCESS_DELETE)))
		return STATUS_ACCESS_DENIED;
	if (n->link && open->kind == OPEN_DIRECTORY)
		return STATUS_FILE_IS_A_DIRECTORY;
	if (!*n->name)
		return STATUS_INVALID_PARAMETER;
	/* neither the share's root nor what is mounted below it */
	if (src->dentry == open->tree->share->root.dentry ||
	    src->dentry == src->mnt->mnt_root)
		return STATUS_ACCESS_DENIED;
	/* 2.1.5.15.11: what is open below keeps its path */
	if (!n->link && !n->posix && open->kind == OPEN_DIRECTORY &&
	    ksmbd_open_any_below(src->dentry))
		return STATUS_ACCESS_DENIED;
	return STATUS_SUCCESS;
}

static const char *last_component(const char *name)
{
	const char *slash = strrchr(name, '/');

	return slash ? slash + 1 : name;
}

static ntstatus_t resolve(struct naming *n)
{
	int err = ksmbd_path_resolve(n->open->tree, n->name, false, &n->to);

	n->target = NULL;
	n->last = n->to.name;
	switch (err) {
	case 0:
	case -ENOENT:
		break;
	case -ENOTDIR:
		return STATUS_OBJECT_PATH_NOT_FOUND;
	case -ELOOP:
		return STATUS_ACCESS_DENIED;
	default:
		return ntstatus_from_errno(err);
	}
	if (n->to.parent.mnt != source(n)->mnt) {
		ksmbd_path_put(&n->to);
		return STATUS_NOT_SAME_DEVICE;
	}
	return STATUS_SUCCESS;
}

/* The name leads to the file itself. */
static ntstatus_t same_file(struct naming *n, bool *done)
{
	/* another case of the name that is renamed */
	if (!n->link && n->to.entry.dentry == source(n)->dentry) {
		n->last = last_component(n->name);
		*done = !strcmp(n->last, n->to.name);
		return STATUS_SUCCESS;
	}
	if (!n->replace)
		return STATUS_OBJECT_NAME_COLLISION;
	*done = true;
	/* two links of one file: rename(2) leaves both, which is no rename */
	return n->link ? STATUS_SUCCESS : STATUS_NOT_SUPPORTED;
}

/* What is already there under the name: may it go? */
static ntstatus_t pick_target(struct naming *n, bool *done)
{
	const struct path *entry = &n->to.entry;
	struct ksmbd_dos_attr attr;

	*done = false;
	if (!entry->dentry)
		return STATUS_SUCCESS;
	if (d_inode(entry->dentry) == d_inode(source(n)->dentry))
		return same_file(n, done);
	if (!n->replace)
		return STATUS_OBJECT_NAME_COLLISION;
	if (!d_is_reg(entry->dentry) || n->open->kind == OPEN_DIRECTORY)
		return STATUS_ACCESS_DENIED;
	if (!(ksmbd_access_maximal(n->open->tree, entry, &n->to.parent) &
	      ACCESS_DELETE))
		return STATUS_ACCESS_DENIED;
	ksmbd_dos_attr_get(n->open->tree->share, entry, &attr);
	if (attr.attributes & FILE_ATTRIBUTE_READONLY)
		return STATUS_ACCESS_DENIED;
	n->target = ksmbd_file_get(d_inode(entry->dentry));
	return n->target ? STATUS_SUCCESS : STATUS_INSUFFICIENT_RESOURCES;
}

/*
 * [MS-FSA] opens the directory to add to it, and for a rename shares no
 * deletion of it meanwhile: who has it open has a word in this.  Its lock is not
 * kept, so an open that comes later comes after the new name.
 */
static ntstatus_t check_directory(const struct naming *n)
{
	u32 share = FILE_SHARE_READ | FILE_SHARE_WRITE |
		    (n->link ? FILE_SHARE_DELETE : 0);
	struct ksmbd_file *dir;
	ntstatus_t status;

	if (!ksmbd_acl_may_add(n->open->tree, &n->to.parent,
			       n->open->kind == OPEN_DIRECTORY))
		return STATUS_ACCESS_DENIED;
	dir = ksmbd_file_find(d_inode(n->to.parent.dentry));
	if (!dir)
		return STATUS_SUCCESS;
	mutex_lock(&dir->lock);
	status = ksmbd_file_check_share(dir, FILE_ADD_FILE, share);
	mutex_unlock(&dir->lock);
	ksmbd_file_put(dir);
	return status;
}

/* Two files' locks go in the order of their addresses. */
static void lock_files(struct ksmbd_file *a, struct ksmbd_file *b)
{
	if (b && b < a)
		swap(a, b);
	mutex_lock(&a->lock);
	if (b)
		mutex_lock_nested(&b->lock, SINGLE_DEPTH_NESTING);
}

static void unlock_files(struct ksmbd_file *a, struct ksmbd_file *b)
{
	mutex_unlock(&a->lock);
	if (b)
		mutex_unlock(&b->lock);
}

static ntstatus_t check_opens(const struct naming *n)
{
	if (n->open->file->delete_pending)
		return STATUS_ACCESS_DENIED;
	/* as below a directory: what is open in it keeps its path */
	if (!n->link && !n->posix && !list_empty(&n->open->file->stream_opens))
		return STATUS_ACCESS_DENIED;
	if (!n->target)
		return STATUS_SUCCESS;
	/* POSIX semantics leave its handles to it; others protect it by them */
	if (n->target->delete_pending ||
	    (!n->posix && (!list_empty(&n->target->opens) ||
			   !list_empty(&n->target->stream_opens))))
		return STATUS_ACCESS_DENIED;
	return STATUS_SUCCESS;
}

/*
 * The new name under the directory's lock: as expected, the target or nothing;
 * -EAGAIN otherwise.
 */
static int check_new(const struct naming *n, const struct dentry *new)
{
	const struct inode *expected = n->target ? n->target->inode : NULL;

	if (!ksmbd_path_inside(n->open->tree, &n->to.parent))
		return -ENOENT;
	if (d_inode(new) != expected && new != source(n)->dentry)
		return -EAGAIN;
	return 0;
}

static struct dentry *lookup_new(const struct naming *n)
{
	struct dentry *new;
	int err;

	new = compat_lookup_locked(n->to.parent.mnt, n->last,
				   n->to.parent.dentry, strlen(n->last));
	if (IS_ERR(new))
		return new;
	err = check_new(n, new);
	if (!err)
		return new;
	dput(new);
	return ERR_PTR(err);
}

static int rename_locked(const struct naming *n, const struct path *old_parent,
			 struct dentry *new, struct inode **delegated)
{
	struct dentry *old = source(n)->dentry;
	int err;

	if (!ksmbd_path_inside(n->open->tree, old_parent))
		return -ENOENT;
	err = check_new(n, new);
	if (err)
		return err;
	if (new == old)			/* a directory that folds case has no other */
		return 0;
	return compat_rename(old_parent, old, n->to.parent.dentry, new, delegated);
}

static int rename_once(const struct naming *n, struct inode **delegated)
{
	struct path old_parent = {
		.mnt	= source(n)->mnt,
		.dentry	= dget_parent(source(n)->dentry),
	};
	struct dentry *old = source(n)->dentry, *to = n->to.parent.dentry, *new;
	int err;

	new = compat_rename_begin(&old_parent, old, to, n->last);
	if (IS_ERR(new)) {
		err = PTR_ERR(new);
	} else {
		err = rename_locked(n, &old_parent, new, delegated);
		compat_rename_end(&old_parent, old, to, new);
	}
	dput(old_parent.dentry);
	return err;
}

/*
 * link(2) replaces nothing, so the link gets a name that nobody knows and takes
 * the target's place by a rename.  The directory stays locked for both.
 */
static int link_over(const struct naming *n, struct dentry *target,
		     struct inode **delegated)
{
	const struct path *parent = &n->to.parent;
	struct inode *dir = d_inode(parent->dentry);
	struct inode *ignored = NULL;
	struct dentry *tmp;
	char name[40];
	int err;

	snprintf(name, sizeof(name), ".ksmbd-link-%016llx",
		 (unsigned long long)get_random_u64());
	tmp = compat_lookup_locked(parent->mnt, name, parent->dentry,
				   strlen(name));
	if (IS_ERR(tmp))
		return PTR_ERR(tmp);
	err = d_is_positive(tmp) ? -EAGAIN :
	      compat_vfs_link(parent->mnt, source(n)->dentry, dir, tmp, delegated);
	if (!err) {
		err = compat_rename(parent, tmp, parent->dentry, target,
				    delegated);
		if (err)	/* just made, and ours: nobody has a lease on it */
			compat_vfs_unlink(parent->mnt, dir, tmp, &ignored);
	}
	dput(tmp);
	if (ignored)
		iput(ignored);
	return err;
}

static int link_once(const struct naming *n, struct inode **delegated)
{
	const struct path *parent = &n->to.parent;
	struct inode *dir = d_inode(parent->dentry);
	struct dentry *new;
	int err;

	inode_lock_nested(dir, I_MUTEX_PARENT);
	new = lookup_new(n);
	if (IS_ERR(new)) {
		err = PTR_ERR(new);
		goto unlock;
	}
	if (n->target)
		err = link_over(n, new, delegated);
	else
		err = compat_vfs_link(parent->mnt, source(n)->dentry, dir, new,
				      delegated);
	dput(new);
unlock:
	inode_unlock(dir);
	return err;
}

static int apply(const struct naming *n)
{
	struct inode *delegated = NULL;
	int err = mnt_want_write(source(n)->mnt);

	if (err)
		return err;
	err = n->link ? link_once(n, &delegated) : rename_once(n, &delegated);
	mnt_drop_write(source(n)->mnt);
	if (delegated) {
		err = compat_break_deleg_wait(&delegated);
		if (!err)
			err = -EAGAIN;
	}
	return err;
}

/* One try; *again: something moved meanwhile. */
static ntstatus_t try_naming(struct naming *n, bool *again)
{
	struct ksmbd_file *file = n->open->file;
	ntstatus_t status = resolve(n);
	bool done = false;
	int err;

	*again = false;
	if (status != STATUS_SUCCESS)
		return status;
	status = pick_target(n, &done);
	if (status == STATUS_SUCCESS && !done)
		status = check_directory(n);
	if (status != STATUS_SUCCESS || done)
		goto put;
	lock_files(file, n->target);
	status = check_opens(n);
	if (status == STATUS_SUCCESS) {
		err = apply(n);
		*again = err == -EAGAIN;
		status = ntstatus_from_errno(err);
	}
	unlock_files(file, n->target);
put:
	if (n->target)
		ksmbd_file_put(n->target);
	ksmbd_path_put(&n->to);
	return status;
}

static ntstatus_t give_name(struct naming *n)
{
	ntstatus_t status = check_source(n);
	bool again = true;

	if (status != STATUS_SUCCESS)
		return status;
	for (int i = 0; again && i < NAMING_TRIES; i++) {
		status = try_naming(n, &again);
		cond_resched();
	}
	/* somebody is playing with the name; the client may try again */
	return again ? STATUS_SHARING_VIOLATION : status;
}

static ntstatus_t start_naming(const struct naming *how)
{
	/* has a name in it: too big for the stack */
	struct naming *n = kmalloc(sizeof(*n), GFP_KERNEL);
	ntstatus_t status;

	if (!n)
		return STATUS_INSUFFICIENT_RESOURCES;
	n->open = how->open;
	n->name = how->name;
	n->link = how->link;
	n->replace = how->replace;
	n->posix = how->posix;
	status = give_name(n);
	kfree(n);
	return status;
}

ntstatus_t ksmbd_fs_rename(struct ksmbd_open *open, const char *name,
			   bool replace, bool posix)
{
	const struct naming how = {
		.open = open, .name = name, .replace = replace, .posix = posix,
	};

	return start_naming(&how);
}

ntstatus_t ksmbd_fs_link(struct ksmbd_open *open, const char *name, bool replace)
{
	const struct naming how = {
		.open = open, .name = name, .link = true, .replace = replace,
	};

	return start_naming(&how);
}
