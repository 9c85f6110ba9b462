// SPDX-License-Identifier: GPL-2.0
/*
 * Copying on the server: FSCTL_SRV_COPYCHUNK, [MS-SMB2] 3.3.5.15.6, and
 * FSCTL_DUPLICATE_EXTENTS_TO_FILE, [MS-FSA] 2.1.5.10.4.
 *
 * A request copies 16 MiB at most, so that it holds its worker no longer than a
 * large write does; clients send many.
 */
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/once.h>
#include <linux/random.h>
#include <linux/sched.h>
#include <linux/siphash.h>
#include <linux/slab.h>
#include <linux/uio.h>
#include "compat/unaligned.h"
#include "fs/fs.h"
#include "fs/oplock.h"
#include "fs/stat.h"
#include "fs/stream.h"

#define MAX_CHUNKS	256
#define MAX_CHUNK	(1024 * 1024)
#define MAX_TOTAL	(16 * 1024 * 1024)

/* --- resume keys: the handle's ids and what only this boot can make of them --- */

static u64 seal(const struct ksmbd_open *open)
{
	static siphash_key_t secret;

	get_random_once(&secret, sizeof(secret));
	return siphash_3u64(open->id.persistent, open->id.volatile_id,
			    open->session->id, &secret);
}

void ksmbd_fs_resume_key(const struct ksmbd_open *open,
			 u8 key[FSCTL_RESUME_KEY_SIZE])
{
	put_unaligned_le64(open->id.persistent, key);
	put_unaligned_le64(open->id.volatile_id, key + 8);
	put_unaligned_le64(seal(open), key + 16);
}

/* The handle of the key's session that it was made for, on whichever tree; or NULL. */
static struct ksmbd_open *find_source(struct ksmbd_session *s,
				      const u8 key[FSCTL_RESUME_KEY_SIZE])
{
	struct smb2_file_id id = {
		.persistent	= get_unaligned_le64(key),
		.volatile_id	= get_unaligned_le64(key + 8),
	};
	struct ksmbd_open *open = ksmbd_open_of_session(s, id);

	if (open && seal(open) != get_unaligned_le64(key + 16)) {
		ksmbd_open_put(open);
		open = NULL;
	}
	return open;
}

/* --- one chunk --- */

static ntstatus_t size_of(struct ksmbd_open *open, u64 *size)
{
	if (open->file->stream)
		return ksmbd_stream_size(open, size);
	*size = i_size_read(file_inode(open->filp));
	return STATUS_SUCCESS;
}

/* Through memory, read as a whole first: so ranges of one file may overlap. */
static ntstatus_t copy_buffered(struct ksmbd_open *from, struct ksmbd_open *to,
				const struct fsctl_chunk *c, u32 *copied)
{
	struct kvec buf = { kvmalloc(c->length, GFP_KERNEL), c->length };
	struct iov_iter iter;
	ntstatus_t status;
	u32 n;

	if (!buf.iov_base)
		return STATUS_INSUFFICIENT_RESOURCES;
	iov_iter_kvec(&iter, READ, &buf, 1, buf.iov_len);
	status = ksmbd_fs_read(from, c->source_offset, &iter, false, &n);
	if (status == STATUS_SUCCESS && n != c->length)
		status = STATUS_INVALID_VIEW_SIZE;
	if (status == STATUS_SUCCESS) {
		iov_iter_kvec(&iter, WRITE, &buf, 1, buf.iov_len);
		status = ksmbd_fs_write(to, c->target_offset, &iter, false,
					copied);
	}
	kvfree(buf.iov_base);
	return status;
}

static bool overlap(const struct fsctl_chunk *c)
{
	return c->source_offset < c->target_offset + c->length &&
	       c->target_offset < c->source_offset + c->length;
}

/* Can the filesystem do it by itself, sharing extents where it has such? */
static bool is_direct(const struct ksmbd_open *from, const struct ksmbd_open *to,
		      const struct fsctl_chunk *c)
{
	u64 max = file_inode(to->filp)->i_sb->s_maxbytes;

	return !from->file->stream && !to->file->stream &&
	       from->filp->f_mode & FMODE_READ &&
	       to->granted_access & FILE_WRITE_DATA &&
	       c->target_offset <= max && c->length <= max - c->target_offset &&
	       !(from->file == to->file && overlap(c));
}

static ntstatus_t copy_direct(struct ksmbd_open *from, struct ksmbd_open *to,
			      const struct fsctl_chunk *c, u32 *copied)
{
	ssize_t n = 0;

	while (*copied < c->length) {
		n = vfs_copy_file_range(from->filp, c->source_offset + *copied,
					to->filp, c->target_offset + *copied,
					c->length - *copied, 0);
		if (n <= 0)
			break;
		*copied += n;
	}
	if (*copied)
		ksmbd_file_written(to);
	if (n < 0)
		return ntstatus_from_errno(n);
	return *copied < c->length ? STATUS_INVALID_VIEW_SIZE : STATUS_SUCCESS;
}

static ntstatus_t copy_chunk(struct ksmbd_open *from, struct ksmbd_open *to,
			     const struct fsctl_chunk *c, u32 *copied)
{
	ntstatus_t status;
	u64 size;

	*copied = 0;
	status = size_of(from, &size);
	if (status != STATUS_SUCCESS)
		return status;
	if (c->source_offset > size || c->length > size - c->source_offset)
		return STATUS_INVALID_VIEW_SIZE;
	status = ksmbd_fs_check_locks(from, c->source_offset, c->length, false);
	if (status == STATUS_SUCCESS)
		status = ksmbd_fs_check_locks(to, c->target_offset, c->length,
					      true);
	if (status != STATUS_SUCCESS)
		return status;
	ksmbd_oplock_break_read(to);
	if (is_direct(from, to, c)) {
		status = copy_direct(from, to, c, copied);
		/* two filesystems, or one that cannot */
		if (*copied || (status != STATUS_NOT_SUPPORTED &&
				status != STATUS_NOT_SAME_DEVICE &&
				status != STATUS_INVALID_PARAMETER))
			return status;
	}
	return copy_buffered(from, to, c, copied);
}

/* --- COPYCHUNK --- */

static bool within_limits(const struct fsctl_copychunk *c)
{
	u64 total = 0;

	if (c->chunk_count > MAX_CHUNKS)
		return false;
	for (u32 i = 0; i < c->chunk_count; i++) {
		struct fsctl_chunk chunk = fsctl_chunk_at(c, i);

		if (!chunk.length || chunk.length > MAX_CHUNK)
			return false;
		total += chunk.length;
	}
	return total <= MAX_TOTAL;
}

static ntstatus_t check_handles(const struct ksmbd_open *from,
				const struct ksmbd_open *to, bool may_read_target)
{
	if (from->kind != OPEN_FILE || to->kind != OPEN_FILE)
		return STATUS_INVALID_DEVICE_REQUEST;
	if (!(from->granted_access & (FILE_READ_DATA | FILE_EXECUTE)) ||
	    !(to->granted_access & (FILE_WRITE_DATA | FILE_APPEND_DATA)))
		return STATUS_ACCESS_DENIED;
	/* COPYCHUNK wants it, COPYCHUNK_WRITE does not */
	if (may_read_target && !(to->granted_access & FILE_READ_DATA))
		return STATUS_ACCESS_DENIED;
	return STATUS_SUCCESS;
}

static ntstatus_t copy_chunks(struct ksmbd_open *from, struct ksmbd_open *to,
			      const struct fsctl_copychunk *c,
			      struct fsctl_copychunk_rsp *rsp)
{
	ntstatus_t status = STATUS_SUCCESS;
	u32 copied;

	for (u32 i = 0; status == STATUS_SUCCESS && i < c->chunk_count; i++) {
		struct fsctl_chunk chunk = fsctl_chunk_at(c, i);

		status = copy_chunk(from, to, &chunk, &copied);
		rsp->total_bytes_written += copied;
		if (status == STATUS_SUCCESS)
			rsp->chunks_written++;
		else
			rsp->chunk_bytes_written = copied;
		cond_resched();
	}
	return status;
}

ntstatus_t ksmbd_fs_copy_chunks(struct ksmbd_open *to,
				const struct fsctl_copychunk *c,
				bool may_read_target,
				struct fsctl_copychunk_rsp *rsp, bool *answered)
{
	struct ksmbd_open *from;
	ntstatus_t status;

	*answered = false;
	*rsp = (struct fsctl_copychunk_rsp) { };
	from = find_source(to->session, c->source_key);
	if (!from)
		return STATUS_OBJECT_NAME_NOT_FOUND;
	status = check_handles(from, to, may_read_target);
	*answered = status == STATUS_SUCCESS;
	if (status == STATUS_SUCCESS && !within_limits(c)) {
		/* the answer is what the limits are */
		rsp->chunks_written = MAX_CHUNKS;
		rsp->chunk_bytes_written = MAX_CHUNK;
		rsp->total_bytes_written = MAX_TOTAL;
		status = STATUS_INVALID_PARAMETER;
	} else if (status == STATUS_SUCCESS) {
		status = copy_chunks(from, to, c, rsp);
	}
	ksmbd_open_put(from);
	return status;
}

/* --- DUPLICATE_EXTENTS --- */

static ntstatus_t check_duplicate(struct ksmbd_open *from, struct ksmbd_open *to,
				  const struct fsctl_duplicate *d)
{
	u64 size = i_size_read(file_inode(from->filp));
	ntstatus_t status;

	if (from->kind != OPEN_FILE || from->file->stream || to->file->stream)
		return STATUS_INVALID_PARAMETER;
	if (!(from->granted_access & FILE_READ_DATA) ||
	    !(to->granted_access & FILE_WRITE_DATA))
		return STATUS_ACCESS_DENIED;
	if (file_inode(from->filp)->i_sb != file_inode(to->filp)->i_sb)
		return STATUS_INVALID_PARAMETER;
	if (d->source_offset > size || d->length > size - d->source_offset)
		return STATUS_NOT_SUPPORTED;
	/* a copy behind the end would leave the size where it is: 2.1.5.10.4 */
	size = i_size_read(file_inode(to->filp));
	if (d->target_offset > size || d->length > size - d->target_offset)
		return STATUS_NOT_SUPPORTED;
	status = ksmbd_fs_check_locks(from, d->source_offset, d->length, false);
	if (status == STATUS_SUCCESS)
		status = ksmbd_fs_check_locks(to, d->target_offset, d->length,
					      true);
	return status;
}

ntstatus_t ksmbd_fs_duplicate(struct ksmbd_open *to,
			      const struct fsctl_duplicate *d)
{
	struct ksmbd_open *from;
	ntstatus_t status;
	loff_t n;

	if (to->kind != OPEN_FILE)
		return STATUS_INVALID_PARAMETER;
	if (!to->filp->f_op->remap_file_range)
		return STATUS_INVALID_DEVICE_REQUEST;
	from = ksmbd_open_of_session(to->session, d->source);
	if (!from || from->tree != to->tree) {
		status = STATUS_INVALID_HANDLE;
		goto put;
	}
	status = check_duplicate(from, to, d);
	if (status != STATUS_SUCCESS || !d->length)
		goto put;
	ksmbd_oplock_break_read(to);
	n = vfs_clone_file_range(from->filp, d->source_offset, to->filp,
				 d->target_offset, d->length, 0);
	if (n > 0)
		ksmbd_file_written(to);
	if (n == -EINVAL)		/* not whole clusters */
		status = STATUS_NOT_SUPPORTED;
	else if (n < 0)
		status = ntstatus_from_errno(n);
	else if (n != d->length)
		status = STATUS_NOT_SUPPORTED;
put:
	if (from)
		ksmbd_open_put(from);
	return status;
}
