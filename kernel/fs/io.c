// SPDX-License-Identifier: GPL-2.0
/* Data: [MS-FSA] 2.1.5.3 read, 2.1.5.4 write, 2.1.5.7 flush. */
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/uio.h>
#include "compat/vfs.h"
#include "fs/fs.h"
#include "fs/oplock.h"
#include "fs/stat.h"
#include "fs/stream.h"

#define AT_END_OF_FILE	U64_MAX		/* a write there appends */

static void set_position(struct ksmbd_open *open, u64 position)
{
	spin_lock(&open->spin);
	open->position = position;
	spin_unlock(&open->spin);
}

static ntstatus_t read_stream(struct ksmbd_open *open, u64 offset,
			      struct iov_iter *to, u32 *done)
{
	ntstatus_t status = ksmbd_stream_read(open, offset, to, done);

	if (status == STATUS_SUCCESS)
		set_position(open, offset + *done);
	return status;
}

/* From the page cache, or not at all. */
static ntstatus_t read_cached(struct ksmbd_open *open, u64 offset,
			      struct iov_iter *to, u32 *done)
{
	size_t len = iov_iter_count(to);
	loff_t pos = offset;

	if (open->file->stream || !(open->filp->f_mode & FMODE_NOWAIT) ||
	    vfs_iter_read(open->filp, to, &pos, RWF_NOWAIT) != len)
		return STATUS_RETRY;
	*done = len;
	set_position(open, offset + len);
	return STATUS_SUCCESS;
}

ntstatus_t ksmbd_fs_read(struct ksmbd_open *open, u64 offset, struct iov_iter *to,
			 bool at_once, u32 *done)
{
	size_t len = iov_iter_count(to);
	loff_t pos = offset;
	ssize_t n = 0;

	*done = 0;
	if (open->kind != OPEN_FILE)
		return STATUS_INVALID_DEVICE_REQUEST;
	/* programs are read by those who may run them: [MS-SMB2] 3.3.5.12 */
	if (!(open->granted_access & (FILE_READ_DATA | FILE_EXECUTE)))
		return STATUS_ACCESS_DENIED;
	if (offset > S64_MAX || len > S64_MAX - offset)
		return STATUS_INVALID_PARAMETER;
	if (at_once)
		return read_cached(open, offset, to, done);
	if (open->file->stream)
		return read_stream(open, offset, to, done);

	while (iov_iter_count(to)) {
		n = vfs_iter_read(open->filp, to, &pos, 0);
		if (n <= 0)
			break;
		*done += n;
	}
	if (n < 0 && !*done)
		return ntstatus_from_errno(n);
	if (!*done && len)
		return STATUS_END_OF_FILE;
	set_position(open, offset + *done);
	return STATUS_SUCCESS;
}

/* Up to @size, where somebody else may have come first. */
static int grow(struct ksmbd_open *open, u64 size)
{
	struct iattr attr = {
		.ia_valid = ATTR_SIZE | ATTR_FILE | ATTR_MTIME | ATTR_CTIME |
			    ATTR_FORCE,
		.ia_size = size,
		.ia_file = open->filp,
	};

	return ksmbd_setattr_grow(&open->filp->f_path, &attr);
}

/*
 * Of a directory that was opened without the right to list it, or a stream.  Who
 * may only write the file has its metadata written, where streams are, and with
 * them the journal, if the filesystem has one.
 */
static ntstatus_t sync_anew(struct ksmbd_open *open)
{
	struct file *filp;
	int err;

	filp = dentry_open(&open->filp->f_path, O_RDONLY | O_NONBLOCK | O_CLOEXEC,
			   open->cred);
	if (IS_ERR(filp)) {
		err = PTR_ERR(filp);
		if (err == -EACCES && open->file->stream)
			err = sync_inode_metadata(file_inode(open->filp), 1);
		return ntstatus_from_errno(err);
	}
	err = vfs_fsync(filp, 0);
	compat_fput(filp);
	return ntstatus_from_errno(err);
}

/*
 * A handle that may only append never touches what is there: [MS-SMB2]
 * 3.3.5.13.  Its writes go where the end is by then, which has to be at @offset
 * at least.
 */
static ntstatus_t check_append(struct ksmbd_open *open, u64 offset, bool *append)
{
	u64 size = i_size_read(file_inode(open->filp));
	ntstatus_t status;

	*append = offset == AT_END_OF_FILE;
	if (*append || open->granted_access & FILE_WRITE_DATA)
		return STATUS_SUCCESS;
	if (open->file->stream) {
		status = ksmbd_stream_size(open, &size);
		if (status != STATUS_SUCCESS)
			return status;
	}
	if (offset < size)
		return STATUS_ACCESS_DENIED;
	/* nobody but clients writes a stream, one at a time */
	*append = offset == size || !open->file->stream;
	return offset > size && !open->file->stream ? ntstatus_from_errno(grow(open, offset)) :
			       STATUS_SUCCESS;
}

static ntstatus_t check_write(struct ksmbd_open *open, u64 offset, u32 len,
			      bool *append)
{
	u64 max = file_inode(open->filp)->i_sb->s_maxbytes;

	if (open->kind != OPEN_FILE)
		return STATUS_INVALID_DEVICE_REQUEST;
	if (!(open->granted_access & (FILE_WRITE_DATA | FILE_APPEND_DATA)))
		return STATUS_ACCESS_DENIED;
	if (offset != AT_END_OF_FILE && (offset > max || len > max - offset))
		return STATUS_INVALID_PARAMETER;
	if (!len)		/* changes nothing, not even the size */
		return STATUS_SUCCESS;
	return check_append(open, offset, append);
}

static int write_all(struct file *filp, loff_t *pos, struct iov_iter *from,
		     rwf_t flags)
{
	while (iov_iter_count(from)) {
		ssize_t n = compat_iter_write(filp, from, pos, flags);

		if (n < 0)
			return n;
		if (!n)
			return -ENOSPC;
	}
	return 0;
}

static ntstatus_t write_stream(struct ksmbd_open *open, u64 offset,
			       struct iov_iter *from, bool append,
			       bool write_through, u32 *done)
{
	u32 len = iov_iter_count(from);
	ntstatus_t status;
	u64 end;

	status = ksmbd_stream_write(open, offset, from, append, &end);
	if (status == STATUS_SUCCESS && write_through)
		status = sync_anew(open);
	if (status != STATUS_SUCCESS)
		return status;
	*done = len;
	set_position(open, end);
	return STATUS_SUCCESS;
}

ntstatus_t ksmbd_fs_write(struct ksmbd_open *open, u64 offset,
			  struct iov_iter *from, bool write_through, u32 *done)
{
	u32 len = iov_iter_count(from);
	ntstatus_t status;
	loff_t pos = offset;
	rwf_t flags = 0;
	bool append;
	int err;

	*done = 0;
	status = check_write(open, offset, len, &append);
	if (status != STATUS_SUCCESS || !len)
		return status;
	ksmbd_oplock_break_read(open);
	if (open->file->stream)
		return write_stream(open, offset, from, append, write_through,
				    done);
	if (append) {
		flags |= RWF_APPEND;
		pos = 0;		/* found anew under the inode's lock */
	}
	if (write_through)
		flags |= RWF_DSYNC;
	err = write_all(open->filp, &pos, from, flags);
	ksmbd_file_written(open);
	if (err)
		return ntstatus_from_errno(err);
	*done = len;
	set_position(open, pos);
	return STATUS_SUCCESS;
}

/* [MS-SMB2] 3.3.5.11: who may write or add may also ask for it to be on disk. */
ntstatus_t ksmbd_fs_flush(struct ksmbd_open *open)
{
	if (!(open->granted_access & (FILE_WRITE_DATA | FILE_APPEND_DATA)))
		return STATUS_ACCESS_DENIED;
	if (!(open->filp->f_mode & FMODE_PATH))
		return ntstatus_from_errno(vfs_fsync(open->filp, 0));
	return sync_anew(open);
}
