// SPDX-License-Identifier: GPL-2.0
/*
 * The data of alternate data streams.
 *
 * Two servers wrote such xattrs before: Samba's value is the data and one NUL,
 * stock ksmbd's the data alone.  Written is Samba's, of which every byte can be
 * told; read are both: a value that does not end in NUL is data to its end.
 * Of what stock ksmbd wrote, a stream that ends in NUL reads one byte short.
 *
 * A value is replaced as a whole, under the inode's lock from reading it to
 * writing it, so that two writers, also local ones, lose nothing.  The limit is
 * the filesystem's for one xattr (ext4: what is left of a block), 65535 bytes at
 * most; more is FILE_SYSTEM_LIMITATION.
 *
 * Like a file descriptor a handle keeps the rights that it was opened with, so no
 * permission is asked again.
 */
#include "fs/stream.h"

#include <linux/fs.h>
#include <linux/fsnotify.h>
#include <linux/mm.h>
#include <linux/mount.h>
#include <linux/slab.h>
#include <linux/uio.h>
#include "compat/vfs.h"
#include "debug.h"
#include "fs/ea.h"
#include "fs/stat.h"
#include "fs/stream_store.h"

bool ksmbd_stream_supported(const struct ksmbd_share *share,
			    const struct inode *inode)
{
	return share->flags & KSMBD_SHARE_FLAG_STREAMS &&
	       ksmbd_ea_supported(inode);
}

const char *ksmbd_stream_of_xattr(const char *xattr, u32 *len)
{
	const u32 prefix = strlen(KSMBD_STREAM_PREFIX);
	const u32 suffix = strlen(KSMBD_STREAM_SUFFIX);
	u32 n = strlen(xattr);

	if (n <= prefix + suffix ||
	    strncmp(xattr, KSMBD_STREAM_PREFIX, prefix) ||
	    strcasecmp(xattr + n - suffix, KSMBD_STREAM_SUFFIX))
		return NULL;
	*len = n - prefix - suffix;
	return xattr + prefix;
}

int ksmbd_stream_load(const struct path *path, const char *xattr, u32 room,
		      struct ksmbd_stream_value *v)
{
	struct inode *inode = d_inode(path->dentry);
	ssize_t n;

	lockdep_assert_held(&inode->i_rwsem);
	n = __vfs_getxattr(path->dentry, inode, xattr, NULL, 0);
	if (n < 0)
		return n;
	if (n > XATTR_SIZE_MAX)
		return -E2BIG;
	room = max_t(u32, room, n) + 1;		/* the NUL to be */
	v->data = kvzalloc(room, GFP_KERNEL);
	if (!v->data)
		return -ENOMEM;
	if (n)
		n = __vfs_getxattr(path->dentry, inode, xattr, v->data, n);
	if (n < 0) {
		ksmbd_stream_value_free(v);
		return n;
	}
	if (n && !v->data[n - 1])
		n--;
	v->len = n;
	return 0;
}

void ksmbd_stream_value_free(struct ksmbd_stream_value *v)
{
	kvfree(v->data);
	v->data = NULL;
}

int ksmbd_stream_store(const struct path *path, const char *xattr,
		       struct ksmbd_stream_value *v)
{
	struct inode *inode = d_inode(path->dentry);
	int err;

	if (IS_IMMUTABLE(inode) || IS_APPEND(inode))
		return -EPERM;
	v->data[v->len] = 0;
	err = compat_setxattr_unchecked(path, xattr, v->data, v->len + 1);
	if (!err)
		fsnotify_xattr(path->dentry);
	return err;
}

ntstatus_t ksmbd_stream_error(const struct path *path, int err)
{
	switch (err) {
	case -ENODATA:		/* another handle, or a local process */
		return STATUS_FILE_DELETED;
	case -ENOSPC:		/* of the xattrs' block, as a rule, not of the disk */
		if (!ksmbd_fs_has_room(path, XATTR_SIZE_MAX))
			break;
		fallthrough;
	case -E2BIG:
	case -ERANGE:
	case -EFBIG:
		return STATUS_FILE_SYSTEM_LIMITATION;
	}
	return ntstatus_from_errno(err);
}

/* What the handle is on; the inode's lock is held. */
static const char *xattr_of(const struct ksmbd_open *open)
{
	return open->file->stream->xattr;
}

ntstatus_t ksmbd_stream_size(struct ksmbd_open *open, u64 *size)
{
	const struct path *path = &open->filp->f_path;
	struct inode *inode = d_inode(path->dentry);
	struct ksmbd_stream_value v;
	int err;

	inode_lock_shared(inode);
	err = ksmbd_stream_load(path, xattr_of(open), 0, &v);
	inode_unlock_shared(inode);
	if (err)
		return ksmbd_stream_error(path, err);
	*size = v.len;
	ksmbd_stream_value_free(&v);
	return STATUS_SUCCESS;
}

ntstatus_t ksmbd_stream_read(struct ksmbd_open *open, u64 offset,
			     struct iov_iter *to, u32 *done)
{
	const struct path *path = &open->filp->f_path;
	struct inode *inode = d_inode(path->dentry);
	u32 len = iov_iter_count(to);
	struct ksmbd_stream_value v;
	int err;

	*done = 0;
	inode_lock_shared(inode);
	err = ksmbd_stream_load(path, xattr_of(open), 0, &v);
	inode_unlock_shared(inode);
	if (err)
		return ksmbd_stream_error(path, err);
	if (offset < v.len)
		*done = min_t(u64, len, v.len - offset);
	if (*done)
		*done = copy_to_iter(v.data + offset, *done, to);
	ksmbd_stream_value_free(&v);
	return !*done && len ? STATUS_END_OF_FILE : STATUS_SUCCESS;
}

/**
 * struct change - what becomes of a stream
 * @from: what goes to @offset; NULL: the stream is to end there
 * @len: its length
 * @zero: instead of @from, @len zeros; the end stays where it is
 * @offset: where
 * @append: at the end instead
 * @cut: only if the stream becomes shorter
 */
struct change {
	struct iov_iter *from;
	u32 len;
	u64 offset;
	bool append;
	bool cut;
	bool zero;
};

static int zero_value(struct ksmbd_open *open, struct ksmbd_stream_value *v,
		      const struct change *ch)
{
	if (ch->offset >= v->len)
		return 0;
	memset(v->data + ch->offset, 0, min_t(u64, ch->len, v->len - ch->offset));
	return ksmbd_stream_store(&open->filp->f_path, xattr_of(open), v);
}

static int change_value(struct ksmbd_open *open, struct change *ch)
{
	const struct path *path = &open->filp->f_path;
	struct ksmbd_stream_value v;
	u64 end = ch->offset + ch->len;
	int err;

	err = ksmbd_stream_load(path, xattr_of(open),
				ch->append ? KSMBD_STREAM_MAX :
				min_t(u64, end, KSMBD_STREAM_MAX), &v);
	if (err)
		return err;
	if (ch->zero) {
		err = zero_value(open, &v, ch);
		goto free;
	}
	if (ch->append)
		ch->offset = v.len;
	end = ch->offset + ch->len;
	if (ch->cut && end >= v.len)
		goto free;
	if (ch->from)
		end = max_t(u64, end, v.len);
	if (end > KSMBD_STREAM_MAX) {
		err = -EFBIG;
		goto free;
	}
	if (ch->from &&
	    !copy_from_iter_full(v.data + ch->offset, ch->len, ch->from)) {
		err = -EFAULT;
		goto free;
	}
	v.len = end;
	err = ksmbd_stream_store(path, xattr_of(open), &v);
free:
	ksmbd_stream_value_free(&v);
	return err;
}

static ntstatus_t change(struct ksmbd_open *open, struct change *ch)
{
	const struct path *path = &open->filp->f_path;
	struct iattr now = { .ia_valid = ATTR_MTIME | ATTR_CTIME | ATTR_FORCE };
	struct inode *inode = d_inode(path->dentry);
	int err = mnt_want_write(path->mnt);

	if (err)
		return ntstatus_from_errno(err);
	inode_lock(inode);
	err = change_value(open, ch);
	inode_unlock(inode);
	mnt_drop_write(path->mnt);
	if (err)
		return ksmbd_stream_error(path, err);
	/* an xattr leaves the write time alone, a stream does not */
	if (ksmbd_setattr(path, &now))
		ksmbd_debug(VFS, "a stream's write time not stored\n");
	ksmbd_file_written(open);
	return STATUS_SUCCESS;
}

ntstatus_t ksmbd_stream_write(struct ksmbd_open *open, u64 offset,
			      struct iov_iter *from, bool append, u64 *end)
{
	u32 len = iov_iter_count(from);
	struct change ch = {
		.from = from, .len = len, .offset = offset, .append = append,
	};
	ntstatus_t status;

	if (len > KSMBD_STREAM_MAX ||
	    (!append && offset > KSMBD_STREAM_MAX - len))
		return STATUS_FILE_SYSTEM_LIMITATION;
	status = change(open, &ch);
	*end = ch.offset + len;
	return status;
}

ntstatus_t ksmbd_stream_set_size(struct ksmbd_open *open, u64 size, bool cut)
{
	struct change ch = { .offset = size, .cut = cut };

	if (size > KSMBD_STREAM_MAX)
		return STATUS_FILE_SYSTEM_LIMITATION;
	return change(open, &ch);
}

ntstatus_t ksmbd_stream_zero(struct ksmbd_open *open, u64 begin, u64 end)
{
	struct change ch = {
		.offset	= min_t(u64, begin, KSMBD_STREAM_MAX),
		.len	= min_t(u64, end - begin, KSMBD_STREAM_MAX),
		.zero	= true,
	};

	return change(open, &ch);
}
