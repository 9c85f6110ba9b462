// SPDX-License-Identifier: GPL-2.0
/*
 * Alternate data streams come and go: opening, deleting, renaming.
 *
 * All of it happens under the base's lock, so that a stream that is looked for
 * in the xattrs stays what it is, but for local processes.
 */
#include <linux/cred.h>
#include <linux/fs.h>
#include <linux/fsnotify.h>
#include <linux/mount.h>
#include <linux/slab.h>
#include <linux/uio.h>
#include "compat/vfs.h"
#include "debug.h"
#include "fs/create.h"
#include "fs/stream.h"
#include "fs/stream_store.h"
#include "fs/xattr.h"

struct ksmbd_stream *ksmbd_stream_new(const char *name)
{
	struct ksmbd_stream *s = kmalloc(sizeof(*s), GFP_KERNEL);

	if (!s)
		return NULL;
	if (snprintf(s->xattr, sizeof(s->xattr), "%s%s%s", KSMBD_STREAM_PREFIX,
		     name, KSMBD_STREAM_SUFFIX) >= sizeof(s->xattr)) {
		kfree(s);
		return NULL;
	}
	ksmbd_casefold(&s->key, name, strlen(name));
	return s;
}

/* The xattr that holds a stream, whatever its case: 0, -ENODATA or an error. */
static int find_xattr(const struct path *path, const struct ksmbd_folded *key,
		      char *xattr)
{
	struct ksmbd_xattrs names;
	const char *at = NULL, *name;
	int err = ksmbd_xattrs_get(path, &names);
	u32 len;

	if (err)
		return err;
	err = -ENODATA;
	while (err && (at = ksmbd_xattrs_next(&names, at))) {
		name = ksmbd_stream_of_xattr(at, &len);
		if (name && strlen(at) <= XATTR_NAME_MAX &&
		    ksmbd_casefold_equal(key, name, len)) {
			strscpy(xattr, at, XATTR_NAME_MAX + 1);
			err = 0;
		}
	}
	ksmbd_xattrs_free(&names);
	return err;
}

static int store_empty(const struct path *path, const char *xattr)
{
	struct inode *inode = d_inode(path->dentry);
	u8 nul;
	struct ksmbd_stream_value v = { .data = &nul };
	int err = mnt_want_write(path->mnt);

	if (err)
		return err;
	inode_lock(inode);
	err = ksmbd_stream_store(path, xattr, &v);
	inode_unlock(inode);
	mnt_drop_write(path->mnt);
	return err;
}

static bool overwrites(const struct ksmbd_create *c)
{
	return c->disposition == FILE_OVERWRITE ||
	       c->disposition == FILE_OVERWRITE_IF ||
	       c->disposition == FILE_SUPERSEDE;
}

/* [MS-FSA] 2.1.5.1, what the disposition says of a stream that is (not) there */
static ntstatus_t check_disposition(const struct ksmbd_create *c, bool there)
{
	if (there)
		return c->disposition == FILE_CREATE ?
			STATUS_OBJECT_NAME_COLLISION : STATUS_SUCCESS;
	if (c->disposition == FILE_OPEN || c->disposition == FILE_OVERWRITE)
		return STATUS_OBJECT_NAME_NOT_FOUND;
	return c->may_add_stream ? STATUS_SUCCESS : STATUS_ACCESS_DENIED;
}

static u32 action_of(const struct ksmbd_create *c, bool there)
{
	if (!there)
		return FILE_CREATED;
	if (!overwrites(c))
		return FILE_OPENED;
	return c->disposition == FILE_SUPERSEDE ? FILE_SUPERSEDED :
						  FILE_OVERWRITTEN;
}

/* Where it is stored, known again from the xattrs with each open. */
static void set_xattr(struct ksmbd_file *file, const struct path *path,
		      const char *xattr)
{
	struct inode *inode = d_inode(path->dentry);

	inode_lock(inode);
	strscpy(file->stream->xattr, xattr, sizeof(file->stream->xattr));
	inode_unlock(inode);
}

ntstatus_t ksmbd_stream_open(struct ksmbd_request *rq, struct ksmbd_open *open,
			     struct ksmbd_create *c)
{
	const struct path *path = &open->filp->f_path;
	struct ksmbd_file *file = open->file;
	char xattr[XATTR_NAME_MAX + 1];
	u32 access = open->granted_access;
	ntstatus_t status;
	bool there;
	int err;

	/* renamed, or replaced by one that was, since we looked for it */
	if (!ksmbd_casefold_equal(&file->stream->key, c->stream,
				  strlen(c->stream)) || hlist_unhashed(&file->hash))
		return STATUS_RETRY;
	err = find_xattr(path, &file->stream->key, xattr);
	if (err && err != -ENODATA)
		return ksmbd_stream_error(path, err);
	there = !err;
	status = check_disposition(c, there);
	if (status != STATUS_SUCCESS)
		return status;
	if (there && overwrites(c))
		access |= FILE_WRITE_DATA;
	if (there && c->disposition == FILE_SUPERSEDE)
		access |= ACCESS_DELETE;
	status = ksmbd_create_agree(rq, open, c, access, there && overwrites(c));
	if (status != STATUS_SUCCESS)
		return status;
	if (there)
		set_xattr(file, path, xattr);
	if (!there || overwrites(c))
		err = store_empty(path, file->stream->xattr);
	if (err)
		return ksmbd_stream_error(path, err);
	c->action = action_of(c, there);
	return STATUS_SUCCESS;
}

static int remove_xattr(const struct path *path, const char *xattr)
{
	struct inode *inode = d_inode(path->dentry);
	int err;

	lockdep_assert_held_write(&inode->i_rwsem);
	if (IS_IMMUTABLE(inode) || IS_APPEND(inode))
		return -EPERM;
	err = compat_removexattr_unchecked(path, xattr);
	if (!err)
		fsnotify_xattr(path->dentry);
	return err;
}

static int remove_locking(const struct path *path, const char *xattr)
{
	struct inode *inode = d_inode(path->dentry);
	int err = mnt_want_write(path->mnt);

	if (err)
		return err;
	inode_lock(inode);
	err = remove_xattr(path, xattr);
	inode_unlock(inode);
	mnt_drop_write(path->mnt);
	return err;
}

int ksmbd_stream_unlink(struct ksmbd_file *file, const struct path *path)
{
	lockdep_assert_held(&file->lock);
	return remove_locking(path, file->stream->xattr);
}

static bool is_open(struct ksmbd_file *base, const char *name, u32 len)
{
	struct ksmbd_open *open;

	lockdep_assert_held(&base->lock);
	list_for_each_entry(open, &base->stream_opens, stream_link)
		if (ksmbd_casefold_equal(&open->file->stream->key, name, len))
			return true;
	return false;
}

void ksmbd_stream_unlink_all(struct ksmbd_open *open)
{
	const struct path *path = &open->filp->f_path;
	struct ksmbd_xattrs names;
	const char *at = NULL, *name;
	u32 len;

	if (ksmbd_xattrs_get(path, &names))
		return;
	while ((at = ksmbd_xattrs_next(&names, at))) {
		name = ksmbd_stream_of_xattr(at, &len);
		if (!name || is_open(open->file, name, len))
			continue;
		if (remove_locking(path, at))
			ksmbd_debug(VFS, "a stream is left over\n");
	}
	ksmbd_xattrs_free(&names);
}

/* --- rename, 2.1.5.15.11.1 --- */

/*
 * May the name @to be taken?  What has it goes only if it is empty and nobody's.
 * *xattr becomes where that is, or "".
 */
static ntstatus_t check_target(struct ksmbd_open *open,
			       const struct ksmbd_stream *to, bool replace,
			       char *xattr)
{
	const struct path *path = &open->filp->f_path;
	struct inode *inode = d_inode(path->dentry);
	struct ksmbd_stream_value v;
	int err = find_xattr(path, &to->key, xattr);

	if (err == -ENODATA) {
		*xattr = '\0';
		return STATUS_SUCCESS;
	}
	if (err)
		return ksmbd_stream_error(path, err);
	if (!strcmp(xattr, open->file->stream->xattr)) {	/* its own, in another case */
		*xattr = '\0';
		return STATUS_SUCCESS;
	}
	if (!replace)
		return STATUS_OBJECT_NAME_COLLISION;
	if (is_open(open->file->base, to->key.name, to->key.len))
		return STATUS_INVALID_PARAMETER;
	inode_lock_shared(inode);
	err = ksmbd_stream_load(path, xattr, 0, &v);
	inode_unlock_shared(inode);
	if (err)
		return ksmbd_stream_error(path, err);
	ksmbd_stream_value_free(&v);
	return v.len ? STATUS_INVALID_PARAMETER : STATUS_SUCCESS;
}

/* The new xattr first: what fails in between leaves two, never none. */
static int move_value(struct ksmbd_open *open, struct ksmbd_stream *to,
		      const char *replaced)
{
	const struct path *path = &open->filp->f_path;
	struct ksmbd_file *file = open->file;
	const char *from = file->stream->xattr;
	struct inode *inode = d_inode(path->dentry);
	struct ksmbd_stream_value v;
	int err;

	inode_lock(inode);
	err = ksmbd_stream_load(path, from, 0, &v);
	if (err)
		goto unlock;
	if (strcmp(from, to->xattr)) {
		err = ksmbd_stream_store(path, to->xattr, &v);
		if (!err && *replaced && strcmp(replaced, to->xattr))
			remove_xattr(path, replaced);
		if (!err)
			err = remove_xattr(path, from);
	}
	ksmbd_stream_value_free(&v);
	if (!err)
		ksmbd_file_rename_stream(file, to);
unlock:
	inode_unlock(inode);
	return err;
}

static ntstatus_t rename_to(struct ksmbd_open *open, struct ksmbd_stream *to,
			    bool replace)
{
	const struct path *path = &open->filp->f_path;
	char replaced[XATTR_NAME_MAX + 1];
	ntstatus_t status;
	int err;

	status = check_target(open, to, replace, replaced);
	if (status != STATUS_SUCCESS)
		return status;
	err = mnt_want_write(path->mnt);
	if (err)
		return ntstatus_from_errno(err);
	err = move_value(open, to, replaced);
	mnt_drop_write(path->mnt);
	return err ? ksmbd_stream_error(path, err) : STATUS_SUCCESS;
}

static int write_unnamed(struct ksmbd_open *open,
			 const struct ksmbd_stream_value *v)
{
	struct file *filp = dentry_open(&open->filp->f_path,
					O_WRONLY | O_LARGEFILE | O_CLOEXEC,
					open->cred);
	struct kvec vec = { .iov_base = v->data, .iov_len = v->len };
	struct iov_iter iter;
	loff_t pos = 0;
	ssize_t n;

	if (IS_ERR(filp))
		return PTR_ERR(filp);
	iov_iter_kvec(&iter, WRITE, &vec, 1, vec.iov_len);
	n = v->len ? compat_iter_write(filp, &iter, &pos, 0) : 0;
	if (n != v->len) {	/* it was empty, so it becomes so again */
		vfs_truncate(&filp->f_path, 0);
		n = n < 0 ? n : -ENOSPC;
	}
	compat_fput(filp);
	return n < 0 ? n : 0;
}

/* -ESTALE: somebody wrote to it after @old was read. */
static int remove_unchanged(struct ksmbd_open *open,
			    const struct ksmbd_stream_value *old)
{
	const struct path *path = &open->filp->f_path;
	const char *xattr = open->file->stream->xattr;
	struct inode *inode = d_inode(path->dentry);
	struct ksmbd_stream_value v;
	int err = mnt_want_write(path->mnt);

	if (err)
		return err;
	inode_lock(inode);
	err = ksmbd_stream_load(path, xattr, 0, &v);
	if (!err) {
		err = v.len == old->len && !memcmp(v.data, old->data, v.len) ?
			remove_xattr(path, xattr) : -ESTALE;
		ksmbd_stream_value_free(&v);
	}
	inode_unlock(inode);
	mnt_drop_write(path->mnt);
	return err;
}

/*
 * The data become the file's own; handles of the stream, which is no more, are
 * told FILE_DELETED.  Like another stream, the unnamed one has to be empty.
 */
static ntstatus_t rename_to_unnamed(struct ksmbd_open *open, bool replace)
{
	const struct path *path = &open->filp->f_path;
	struct inode *inode = d_inode(path->dentry);
	struct ksmbd_stream_value v;
	int err;

	if (!S_ISREG(inode->i_mode))
		return STATUS_INVALID_PARAMETER;
	if (!replace)
		return STATUS_OBJECT_NAME_COLLISION;
	if (!list_empty(&open->file->base->opens) || i_size_read(inode))
		return STATUS_INVALID_PARAMETER;
	inode_lock_shared(inode);
	err = ksmbd_stream_load(path, open->file->stream->xattr, 0, &v);
	inode_unlock_shared(inode);
	if (err)
		return ksmbd_stream_error(path, err);
	err = write_unnamed(open, &v);
	if (!err)
		err = remove_unchanged(open, &v);
	ksmbd_stream_value_free(&v);
	if (err == -ESTALE) {
		vfs_truncate(path, 0);
		return STATUS_SHARING_VIOLATION;
	}
	return err ? ksmbd_stream_error(path, err) : STATUS_SUCCESS;
}

ntstatus_t ksmbd_stream_rename(struct ksmbd_open *open, const char *name,
			       bool replace)
{
	struct ksmbd_stream *to = NULL;
	ntstatus_t status;

	if (!(open->granted_access & ACCESS_DELETE))
		return STATUS_ACCESS_DENIED;
	if (name) {
		to = ksmbd_stream_new(name);
		if (!to)
			return STATUS_INSUFFICIENT_RESOURCES;
	}
	ksmbd_file_lock(open->file);
	if (open->file->delete_pending || open->file->base->delete_pending)
		status = STATUS_ACCESS_DENIED;
	else if (to)
		status = rename_to(open, to, replace);
	else
		status = rename_to_unnamed(open, replace);
	ksmbd_file_unlock(open->file);
	/* kept by the file, if it was renamed */
	if (status != STATUS_SUCCESS)
		kfree(to);
	return status;
}
