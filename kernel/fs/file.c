// SPDX-License-Identifier: GPL-2.0
/*
 * What the opens of one inode share: share modes, deletion, byte-range locks.
 *
 * Deletion is decided under file->lock, and so is joining: whoever opens a
 * file checks, holding the lock, that its link is still there.
 */
#include "fs/open.h"

#include <linux/cred.h>
#include <linux/hash.h>
#include <linux/hashtable.h>
#include <linux/mount.h>
#include <linux/namei.h>
#include <linux/slab.h>
#include "compat/vfs.h"
#include "debug.h"
#include "fs/local.h"
#include "fs/notify.h"
#include "fs/oplock.h"
#include "fs/recycle.h"
#include "fs/stream.h"

#define UNLINK_TRIES	8		/* against a local process that renames */

static DEFINE_HASHTABLE(files, 10);
static DEFINE_SPINLOCK(files_lock);	/* innermost */

static bool is_stream(const struct ksmbd_file *file,
		      const struct ksmbd_stream *stream)
{
	if (!stream || !file->stream)
		return !stream && !file->stream;
	return file->stream->key.len == stream->key.len &&
	       !memcmp(file->stream->key.name, stream->key.name,
		       stream->key.len);
}

/* @stream NULL: the base */
static struct ksmbd_file *find_locked(struct inode *inode,
				      const struct ksmbd_stream *stream)
{
	struct ksmbd_file *file;

	lockdep_assert_held(&files_lock);
	hash_for_each_possible(files, file, hash, (unsigned long)inode)
		if (file->inode == inode && is_stream(file, stream)) {
			refcount_inc(&file->ref);
			return file;
		}
	return NULL;
}

struct ksmbd_file *ksmbd_file_find(struct inode *inode)
{
	struct ksmbd_file *file;

	spin_lock(&files_lock);
	file = find_locked(inode, NULL);
	spin_unlock(&files_lock);
	return file;
}

static struct ksmbd_file *new_file(struct inode *inode)
{
	struct ksmbd_file *new = kzalloc(sizeof(*new), GFP_KERNEL);

	if (!new)
		return NULL;
	refcount_set(&new->ref, 1);
	new->inode = inode;
	mutex_init(&new->lock);
	INIT_LIST_HEAD(&new->opens);
	INIT_LIST_HEAD(&new->stream_opens);
	spin_lock_init(&new->spin);
	new->shared_locks = RB_ROOT_CACHED;
	new->exclusive_locks = RB_ROOT_CACHED;
	INIT_LIST_HEAD(&new->lock_waiters);
	INIT_LIST_HEAD(&new->grants);
	INIT_LIST_HEAD(&new->break_waiters);
	ksmbd_local_prepare(&new->local);
	return new;
}

static void free_file(struct ksmbd_file *file)
{
	if (file->base)
		ksmbd_file_put(file->base);
	kfree(file->stream);
	kfree(file);
}

/* @new goes into the hash, or gives way to who was faster. */
static struct ksmbd_file *hash_file(struct ksmbd_file *new)
{
	struct ksmbd_file *file;

	spin_lock(&files_lock);
	file = find_locked(new->inode, new->stream);
	if (!file)
		hash_add(files, &new->hash, (unsigned long)new->inode);
	spin_unlock(&files_lock);
	if (!file)
		return new;
	free_file(new);
	return file;
}

struct ksmbd_file *ksmbd_file_get(struct inode *inode)
{
	struct ksmbd_file *file = ksmbd_file_find(inode);

	if (file)
		return file;
	file = new_file(inode);
	return file ? hash_file(file) : NULL;
}

struct ksmbd_file *ksmbd_file_get_stream(struct inode *inode,
					 struct ksmbd_stream *stream)
{
	static struct lock_class_key stream_lock;
	struct ksmbd_file *file = new_file(inode);

	if (!file) {
		kfree(stream);
		return NULL;
	}
	lockdep_set_class(&file->lock, &stream_lock);
	file->stream = stream;
	file->base = ksmbd_file_get(inode);
	if (!file->base) {
		free_file(file);
		return NULL;
	}
	return hash_file(file);
}

void ksmbd_file_rename_stream(struct ksmbd_file *file, struct ksmbd_stream *to)
{
	struct ksmbd_stream *from = file->stream;
	struct ksmbd_file *other;

	lockdep_assert_held(&file->lock);
	spin_lock(&files_lock);
	other = find_locked(file->inode, to);
	if (other && other != file)
		hash_del(&other->hash);
	file->stream = to;
	spin_unlock(&files_lock);
	kfree(from);
	if (other)
		ksmbd_file_put(other);
}

void ksmbd_file_lock(struct ksmbd_file *file)
{
	if (file->base)
		mutex_lock(&file->base->lock);
	mutex_lock(&file->lock);
}

void ksmbd_file_unlock(struct ksmbd_file *file)
{
	mutex_unlock(&file->lock);
	if (file->base)
		mutex_unlock(&file->base->lock);
}

void ksmbd_file_put(struct ksmbd_file *file)
{
	bool last;

	spin_lock(&files_lock);
	last = refcount_dec_and_test(&file->ref);
	if (last)
		hash_del(&file->hash);
	spin_unlock(&files_lock);
	if (!last)
		return;
	WARN_ON_ONCE(!list_empty(&file->opens) || file->n_byte_locks ||
		     !list_empty(&file->stream_opens) || file->local.filp ||
		     file->mark);
	ksmbd_file_clear_delete(file);
	free_file(file);
}

void ksmbd_file_pin(struct ksmbd_file *file)
{
	ihold(file->inode);
	refcount_inc(&file->ref);
}

void ksmbd_file_unpin(struct ksmbd_file *file)
{
	struct inode *inode = file->inode;

	ksmbd_file_put(file);
	iput(inode);
}

/* Rights that take part in sharing; an open without any conflicts with none. */
#define SHARED_READ	(FILE_READ_DATA | FILE_EXECUTE)
#define SHARED_WRITE	(FILE_WRITE_DATA | FILE_APPEND_DATA)
#define SHARED_ALL	(SHARED_READ | SHARED_WRITE | ACCESS_DELETE)

static const struct {
	u32 access, share;
} sharing[] = {
	{ SHARED_READ,	 FILE_SHARE_READ },
	{ SHARED_WRITE,	 FILE_SHARE_WRITE },
	{ ACCESS_DELETE, FILE_SHARE_DELETE },
};

/* Counts tell what a look at each of ten thousand opens would. */
static void count(struct ksmbd_file *file, const struct ksmbd_open *open, int by)
{
	lockdep_assert_held(&file->lock);
	if (!ksmbd_oplock_is_stat(open->granted_access))
		file->n_real += by;
	if (!(open->granted_access & SHARED_ALL))
		return;
	for (u32 i = 0; i < ARRAY_SIZE(sharing); i++) {
		if (open->granted_access & sharing[i].access)
			file->n_doing[i] += by;
		if (!(open->share_access & sharing[i].share))
			file->n_denying[i] += by;
	}
}

/*
 * Who wants to delete a file asks the handles of its streams as well; the file's
 * own have no say in the deletion of a stream.
 */
static bool streams_exclude(const struct ksmbd_file *base, u32 access)
{
	const struct ksmbd_open *other;

	if (!(access & ACCESS_DELETE))
		return false;
	list_for_each_entry(other, &base->stream_opens, stream_link)
		if (other->granted_access & SHARED_ALL &&
		    !(other->share_access & FILE_SHARE_DELETE))
			return true;
	return false;
}

ntstatus_t ksmbd_file_check_share(const struct ksmbd_file *file, u32 access,
				  u32 share_access)
{
	lockdep_assert_held(&file->lock);
	if (file->delete_pending || (file->base && file->base->delete_pending))
		return STATUS_DELETE_PENDING;
	if (streams_exclude(file, access))
		return STATUS_SHARING_VIOLATION;
	if (!(access & SHARED_ALL))
		return STATUS_SUCCESS;
	for (u32 i = 0; i < ARRAY_SIZE(sharing); i++)
		if ((access & sharing[i].access && file->n_denying[i]) ||
		    (!(share_access & sharing[i].share) && file->n_doing[i]))
			return STATUS_SHARING_VIOLATION;
	return STATUS_SUCCESS;
}

void ksmbd_file_set_delete(struct ksmbd_file *file, struct ksmbd_open *by)
{
	lockdep_assert_held(&file->lock);
	if (file->delete_pending)
		return;
	file->delete_path = by->filp->f_path;
	path_get(&file->delete_path);
	file->delete_share = by->tree->share;
	ksmbd_share_get(file->delete_share);
	file->delete_cred = get_cred(by->cred);
	file->delete_parent = by->parent_lease;
	file->delete_pending = true;
	ksmbd_notify_deleted(file);
}

/* Under file->lock, or with the last reference. */
void ksmbd_file_clear_delete(struct ksmbd_file *file)
{
	if (!file->delete_pending)
		return;
	file->delete_pending = false;
	path_put(&file->delete_path);
	ksmbd_share_put(file->delete_share);
	put_cred(file->delete_cred);
	file->delete_cred = NULL;
}

/*
 * One try: -ESTALE when the link moved between looking at its parent and
 * locking it.
 */
static int unlink_once(const struct path *path, const struct path *root)
{
	struct dentry *parent = dget_parent(path->dentry);
	const struct path at = { .mnt = path->mnt, .dentry = parent };
	struct inode *dir = d_inode(parent), *delegated = NULL;
	int err;

	inode_lock_nested(dir, I_MUTEX_PARENT);
	if (path->dentry->d_parent != parent || d_unhashed(path->dentry))
		err = d_unhashed(path->dentry) ? -ENOENT : -ESTALE;
	else if (!path_is_under(&at, root))
		err = -EXDEV;
	else if (d_is_dir(path->dentry))
		err = compat_vfs_rmdir(path->mnt, dir, path->dentry);
	else
		err = compat_vfs_unlink(path->mnt, dir, path->dentry, &delegated);
	inode_unlock(dir);
	dput(parent);
	if (delegated) {
		err = compat_break_deleg_wait(&delegated);
		if (!err)
			err = -ESTALE;
	}
	return err;
}

int ksmbd_unlink(const struct path *path, const struct path *root,
		 const struct cred *cred)
{
	const struct cred *saved = override_creds(cred);
	int err = mnt_want_write(path->mnt);

	if (!err) {
		for (int i = 0; i < UNLINK_TRIES; i++) {
			err = unlink_once(path, root);
			if (err != -ESTALE)
				break;
		}
		mnt_drop_write(path->mnt);
	}
	revert_creds(saved);
	return err;
}

void ksmbd_file_join(struct ksmbd_open *open)
{
	struct ksmbd_file *file = open->file;

	lockdep_assert_held(&file->lock);
	list_add_tail(&open->file_link, &file->opens);
	count(file, open, 1);
	if (file->base)
		list_add_tail(&open->stream_link, &file->base->stream_opens);
}

void ksmbd_file_replace(struct ksmbd_open *to, struct ksmbd_open *from)
{
	lockdep_assert_held(&from->file->lock);
	list_replace_init(&from->file_link, &to->file_link);
	if (from->file->base)
		list_replace_init(&from->stream_link, &to->stream_link);
}

/* With the rights of who doomed it; a file goes to the share's recycle bin, if any. */
static int remove(struct ksmbd_file *file)
{
	const struct ksmbd_share *share = file->delete_share;
	int err;

	if (file->stream)
		return ksmbd_stream_unlink(file, &file->delete_path);
	err = ksmbd_recycle(share, &file->delete_path, file->delete_cred);
	return err == KSMBD_RECYCLE_NOT ?
		ksmbd_unlink(&file->delete_path, &share->root, file->delete_cred) : err;
}

/*
 * A doomed file goes with @last, the last handle of it or of one of its streams.  A
 * client that caches the directory knows of it if both who doomed it and who closes
 * last are its.
 */
static void remove_if_doomed(struct ksmbd_file *file, const struct ksmbd_open *last)
{
	struct ksmbd_quiet quiet;
	int err;

	lockdep_assert_held(&file->lock);
	if (!file->delete_pending || !list_empty(&file->opens) ||
	    !list_empty(&file->stream_opens))
		return;
	ksmbd_quiet_begin(&quiet, file->delete_parent == last->parent_lease ?
				  last->parent_lease : 0);
	err = remove(file);
	ksmbd_quiet_end(&quiet, NULL, 0);
	if (err)
		ksmbd_debug(VFS, "delete on close failed\n");
	ksmbd_file_clear_delete(file);
}

void ksmbd_file_leave(struct ksmbd_open *open)
{
	struct ksmbd_file *file = open->file;

	lockdep_assert_held(&file->lock);
	if (!list_empty(&open->file_link))
		count(file, open, -1);
	list_del_init(&open->file_link);
	list_del_init(&open->stream_link);
	if (READ_ONCE(open->delete_on_close) && !file->delete_pending)
		ksmbd_file_set_delete(file, open);
	remove_if_doomed(file, open);
	if (file->base)
		remove_if_doomed(file->base, open);
}
