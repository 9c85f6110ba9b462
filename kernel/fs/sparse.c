// SPDX-License-Identifier: GPL-2.0
/* Holes: the FSCTLs SET_SPARSE, QUERY_ALLOCATED_RANGES and SET_ZERO_DATA. */
#include <linux/fs.h>
#include <linux/falloc.h>
#include <linux/sched.h>
#include "fs/dos_attr.h"
#include "fs/fs.h"
#include "fs/oplock.h"
#include "fs/stat.h"
#include "fs/stream.h"

static bool is_sparse(struct ksmbd_open *open)
{
	struct ksmbd_dos_attr attr;

	ksmbd_dos_attr_get(open->tree->share, &open->filp->f_path, &attr);
	return attr.attributes & FILE_ATTRIBUTE_SPARSE_FILE;
}

/* [MS-FSA] 2.1.5.10.36; holes are made and filled by what is written */
ntstatus_t ksmbd_fs_set_sparse(struct ksmbd_open *open, bool sparse)
{
	const struct ksmbd_share *share = open->tree->share;
	const struct path *path = &open->filp->f_path;
	struct ksmbd_dos_attr attr;
	u32 old;
	int err = 0;

	if (open->kind != OPEN_FILE)
		return STATUS_INVALID_PARAMETER;
	if (!(open->granted_access & (FILE_WRITE_DATA | FILE_APPEND_DATA |
				      FILE_WRITE_ATTRIBUTES)))
		return STATUS_ACCESS_DENIED;
	if (open->file->stream)		/* an xattr has no holes */
		return STATUS_SUCCESS;
	if (!(share->flags & KSMBD_SHARE_FLAG_STORE_DOS_ATTRS))
		return STATUS_INVALID_DEVICE_REQUEST;
	mutex_lock(&open->file->lock);
	ksmbd_dos_attr_get(share, path, &attr);
	old = attr.attributes;
	attr.attributes &= ~FILE_ATTRIBUTE_SPARSE_FILE;
	if (sparse)
		attr.attributes |= FILE_ATTRIBUTE_SPARSE_FILE;
	if (attr.attributes != old)
		err = ksmbd_dos_attr_set(share, path, &attr);
	mutex_unlock(&open->file->lock);
	return ntstatus_from_errno(err);
}

/* The next range of data from @pos before @end: 1, 0 when there is none, or an errno. */
static int next_data(struct file *filp, loff_t pos, loff_t end, loff_t *from,
		     loff_t *to)
{
	*from = vfs_llseek(filp, pos, SEEK_DATA);
	if (*from == -ENXIO || *from >= end)
		return 0;
	if (*from < 0)
		return *from;
	*to = vfs_llseek(filp, *from, SEEK_HOLE);
	if (*to < 0)
		return *to;
	*to = min(*to, end);
	return *to > *from;		/* else it was cut meanwhile */
}

static ntstatus_t put_ranges(struct ksmbd_open *open, loff_t pos, loff_t end,
			     struct wire_writer *w)
{
	loff_t from, to;
	int more = 0;

	for (; pos < end; pos = to) {
		more = next_data(open->filp, pos, end, &from, &to);
		if (more <= 0)
			break;
		if (w->cap - w->len < FSCTL_RANGE_SIZE)
			return w->len ? STATUS_BUFFER_OVERFLOW :
					STATUS_BUFFER_TOO_SMALL;
		fsctl_put_range(w, from, to - from);
		cond_resched();
	}
	return more < 0 ? ntstatus_from_errno(more) : STATUS_SUCCESS;
}

/* [MS-FSA] 2.1.5.10.22 */
ntstatus_t ksmbd_fs_query_ranges(struct ksmbd_open *open,
				 const struct fsctl_range *range,
				 struct wire_writer *w)
{
	u64 size, end;
	ntstatus_t status;

	if (open->kind != OPEN_FILE)
		return STATUS_INVALID_PARAMETER;
	if (!(open->granted_access & FILE_READ_DATA))
		return STATUS_ACCESS_DENIED;
	if (range->offset < 0 || range->end_or_length < 0 ||
	    range->end_or_length > S64_MAX - range->offset)
		return STATUS_INVALID_PARAMETER;
	size = i_size_read(file_inode(open->filp));
	if (open->file->stream) {
		status = ksmbd_stream_size(open, &size);
		if (status != STATUS_SUCCESS)
			return status;
	}
	end = min_t(u64, size, range->offset + range->end_or_length);
	if (range->offset >= end)
		return STATUS_SUCCESS;
	if (!open->file->stream && is_sparse(open))
		return put_ranges(open, range->offset, end, w);
	if (w->cap < FSCTL_RANGE_SIZE)
		return STATUS_BUFFER_TOO_SMALL;
	fsctl_put_range(w, range->offset, end - range->offset);
	return STATUS_SUCCESS;
}

/* A hole where there may be one; else zeros, which a hole gives as well. */
static int zero(struct ksmbd_open *open, u64 offset, u64 len)
{
	int mode = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;
	int err = -EOPNOTSUPP;

	if (!is_sparse(open))
		err = vfs_fallocate(open->filp, FALLOC_FL_ZERO_RANGE |
				    FALLOC_FL_KEEP_SIZE, offset, len);
	if (err == -EOPNOTSUPP)
		err = vfs_fallocate(open->filp, mode, offset, len);
	return err;
}

/* [MS-FSA] 2.1.5.10.38: within the file, whose size stays */
ntstatus_t ksmbd_fs_zero_data(struct ksmbd_open *open,
			      const struct fsctl_range *range)
{
	u64 begin = range->offset, end = range->end_or_length;
	ntstatus_t status;
	int err;

	if (open->kind != OPEN_FILE)
		return STATUS_INVALID_PARAMETER;
	if (!(open->granted_access & FILE_WRITE_DATA))
		return STATUS_ACCESS_DENIED;
	if (range->offset < 0 || range->end_or_length < range->offset)
		return STATUS_INVALID_PARAMETER;
	status = ksmbd_fs_check_locks(open, begin, end - begin, true);
	if (status != STATUS_SUCCESS)
		return status;
	ksmbd_oplock_break_read(open);
	if (open->file->stream)
		return ksmbd_stream_zero(open, begin, end);
	end = min_t(u64, end, i_size_read(file_inode(open->filp)));
	if (begin >= end)
		return STATUS_SUCCESS;
	err = zero(open, begin, end - begin);
	if (!err)
		ksmbd_file_written(open);
	return ntstatus_from_errno(err);
}
