// SPDX-License-Identifier: GPL-2.0
/* SET_INFO of one file, [MS-FSA] 2.1.5.15, but for names: see rename.c. */
#include <linux/fs.h>
#include <linux/falloc.h>
#include <linux/mount.h>
#include "compat/vfs.h"
#include "debug.h"
#include "fs/dir.h"
#include "fs/fs.h"
#include "fs/oplock.h"
#include "fs/stat.h"
#include "fs/stream.h"

#define TIME_FREEZE	(-1)	/* of a time: this handle changes it no more */
#define TIME_THAW	(-2)	/* and now it does again */

/* 2.1.5.15.2: what a client may choose */
#define SETTABLE_ATTRIBUTES						\
	(FILE_ATTRIBUTE_READONLY | FILE_ATTRIBUTE_HIDDEN |		\
	 FILE_ATTRIBUTE_SYSTEM | FILE_ATTRIBUTE_ARCHIVE |		\
	 FILE_ATTRIBUTE_TEMPORARY | FILE_ATTRIBUTE_OFFLINE |		\
	 FILE_ATTRIBUTE_NOT_CONTENT_INDEXED)

static bool is_root(const struct ksmbd_open *open)
{
	return !open->file->stream && open->filp->f_path.dentry == open->tree->share->root.dentry;
}

static ntstatus_t check_basic(const struct ksmbd_open *open,
			      const struct fscc_basic *b)
{
	bool dir = open->kind == OPEN_DIRECTORY;

	if (!(open->granted_access & FILE_WRITE_ATTRIBUTES))
		return STATUS_ACCESS_DENIED;
	if (b->creation_time < TIME_THAW || b->last_access_time < TIME_THAW ||
	    b->last_write_time < TIME_THAW || b->change_time < TIME_THAW)
		return STATUS_INVALID_PARAMETER;
	if (b->attributes & FILE_ATTRIBUTE_DIRECTORY && !dir)
		return STATUS_INVALID_PARAMETER;
	if (b->attributes & FILE_ATTRIBUTE_TEMPORARY && dir)
		return STATUS_INVALID_PARAMETER;
	return STATUS_SUCCESS;
}

/* Attributes and creation time, which live in one xattr. */
static ntstatus_t set_dos_attr(struct ksmbd_open *open,
			       const struct fscc_basic *b)
{
	const struct ksmbd_share *share = open->tree->share;
	const struct path *path = &open->filp->f_path;
	u32 settable = SETTABLE_ATTRIBUTES;
	struct ksmbd_dos_attr attr, old;
	int err = 0;

	if (is_root(open))
		settable &= ~(FILE_ATTRIBUTE_HIDDEN | FILE_ATTRIBUTE_SYSTEM);
	mutex_lock(&ksmbd_file_base(open->file)->lock);
	ksmbd_dos_attr_get(share, path, &attr);
	old = attr;
	if (b->attributes)
		attr.attributes = (attr.attributes & ~settable) |
				  (b->attributes & settable);
	if (b->creation_time > 0)
		attr.create_time = b->creation_time;
	if (attr.attributes != old.attributes ||
	    attr.create_time != old.create_time)
		err = ksmbd_dos_attr_set(share, path, &attr);
	mutex_unlock(&ksmbd_file_base(open->file)->lock);
	/* without xattrs only what protects or hides is missed */
	if (err == -EOPNOTSUPP &&
	    !(attr.attributes & (FILE_ATTRIBUTE_READONLY |
				 FILE_ATTRIBUTE_HIDDEN | FILE_ATTRIBUTE_SYSTEM)))
		err = 0;
	return ntstatus_from_errno(err);
}

/* From now on this handle's writes leave @time, until it is thawed. */
static void keep_write_time(struct ksmbd_open *open, bool keep,
			    struct timespec64 time)
{
	spin_lock(&open->spin);
	open->write_time_set = keep;
	open->write_time = time;
	spin_unlock(&open->spin);
}

static ntstatus_t freeze_write_time(struct ksmbd_open *open, bool freeze)
{
	struct kstat st = { };
	int err = freeze ? ksmbd_getattr(&open->filp->f_path, &st) : 0;

	if (!err)
		keep_write_time(open, freeze, st.mtime);
	return ntstatus_from_errno(err);
}

/*
 * The change time cannot be set on Linux.  ATTR_FORCE: the handle's
 * FILE_WRITE_ATTRIBUTES is the permission; utimensat(2) would ask for
 * ownership, but Windows lets everyone who may write a file set its times.
 */
static ntstatus_t set_times(struct ksmbd_open *open, const struct fscc_basic *b)
{
	struct iattr attr = { };
	int err;

	if (b->last_access_time > 0) {
		attr.ia_valid |= ATTR_ATIME | ATTR_ATIME_SET;
		attr.ia_atime = ksmbd_timespec(b->last_access_time);
	}
	if (b->last_write_time > 0) {
		attr.ia_valid |= ATTR_MTIME | ATTR_MTIME_SET;
		attr.ia_mtime = ksmbd_timespec(b->last_write_time);
	}
	if (attr.ia_valid) {
		attr.ia_valid |= ATTR_CTIME | ATTR_FORCE;
		err = ksmbd_setattr(&open->filp->f_path, &attr);
		if (err)
			return ntstatus_from_errno(err);
	}
	if (b->last_write_time > 0)
		keep_write_time(open, true, attr.ia_mtime);
	else if (b->last_write_time)
		return freeze_write_time(open, b->last_write_time == TIME_FREEZE);
	return STATUS_SUCCESS;
}

ntstatus_t ksmbd_fs_set_basic(struct ksmbd_open *open, const struct fscc_basic *b)
{
	ntstatus_t status = check_basic(open, b);

	if (status == STATUS_SUCCESS)
		status = set_dos_attr(open, b);
	if (status == STATUS_SUCCESS)
		status = set_times(open, b);
	return status;
}

/* --- sizes --- */

static ntstatus_t check_resize(const struct ksmbd_open *open, u64 size)
{
	if (open->kind != OPEN_FILE)
		return STATUS_INVALID_PARAMETER;
	if (!(open->granted_access & FILE_WRITE_DATA))
		return STATUS_ACCESS_DENIED;
	if (size > (u64)file_inode(open->filp)->i_sb->s_maxbytes)
		return STATUS_INVALID_PARAMETER;
	return STATUS_SUCCESS;
}

/*
 * As ftruncate(2): the open handle is the permission, so vfs_truncate(), which
 * asks the mode again, will not do.  A setuid file loses that to whoever
 * changes it.
 */
static int resize(struct ksmbd_open *open, u64 size, bool cut)
{
	struct file *filp = open->filp;
	umode_t mode = file_inode(filp)->i_mode;
	struct iattr attr = {
		.ia_valid = ATTR_SIZE | ATTR_FILE | ATTR_MTIME | ATTR_CTIME |
			    ATTR_KILL_SUID | ATTR_KILL_PRIV | ATTR_FORCE,
		.ia_size = size,
		.ia_file = filp,
	};
	int err;

	if (IS_APPEND(file_inode(filp)))
		return -EPERM;
	if ((mode & (S_ISGID | 0010)) == (S_ISGID | 0010))
		attr.ia_valid |= ATTR_KILL_SGID;
	err = cut ? ksmbd_setattr_cut(&filp->f_path, &attr) :
		    ksmbd_setattr(&filp->f_path, &attr);
	if (!err)
		ksmbd_file_written(open);
	return err;
}

/* 2.1.5.15.4 */
ntstatus_t ksmbd_fs_set_end_of_file(struct ksmbd_open *open, u64 size)
{
	ntstatus_t status = check_resize(open, size);

	if (status != STATUS_SUCCESS)
		return status;
	ksmbd_oplock_break_read(open);
	if (open->file->stream)
		return ksmbd_stream_set_size(open, size, false);
	if (size == (u64)i_size_read(file_inode(open->filp)))
		return STATUS_SUCCESS;
	return ntstatus_from_errno(resize(open, size, false));
}

/*
 * A promise of space; some filesystems make none.  What would not fit is not
 * tried, and what a failed try got is given back: it may keep all there was.
 */
static int allocate(struct ksmbd_open *open, u64 size)
{
	int err;

	if (!ksmbd_fs_has_room(&open->filp->f_path, size))
		return -ENOSPC;
	err = vfs_fallocate(open->filp, FALLOC_FL_KEEP_SIZE, 0, size);
	if (err == -EOPNOTSUPP || err == -ENOSYS)
		return 0;
	if (err)
		resize(open, S64_MAX, true);
	return err;
}

/* 2.1.5.15.1: never less than the data; the data is cut to fit */
ntstatus_t ksmbd_fs_set_allocation(struct ksmbd_open *open, u64 size)
{
	ntstatus_t status = check_resize(open, size);
	struct kstat st;
	int err;

	if (status != STATUS_SUCCESS)
		return status;
	ksmbd_oplock_break_read(open);
	if (open->file->stream)		/* xattrs promise no space */
		return ksmbd_stream_set_size(open, size, true);
	err = ksmbd_getattr(&open->filp->f_path, &st);
	/* cutting, be it where the data ends, frees what lies behind */
	if (!err && (size < (u64)st.size || size < (u64)st.blocks << 9))
		err = resize(open, size, true);
	if (!err && size > (u64)st.size && size > (u64)st.blocks << 9)
		err = allocate(open, size);
	return ntstatus_from_errno(err);
}

/* --- deletion --- */

/* 2.1.5.15.3; under file->lock */
static ntstatus_t mark_deleted(struct ksmbd_open *open, u32 flags)
{
	struct ksmbd_dos_attr attr;
	int err;

	ksmbd_dos_attr_get(open->tree->share, &open->filp->f_path, &attr);
	if (attr.attributes & FILE_ATTRIBUTE_READONLY &&
	    !(flags & FILE_DISPOSITION_IGNORE_READONLY_ATTRIBUTE))
		return STATUS_CANNOT_DELETE;
	if (open->kind == OPEN_DIRECTORY) {
		err = ksmbd_dir_check_empty(open);
		/* who may not list it will hear nothing; rmdir decides */
		if (err && err != -EACCES)
			return ntstatus_from_errno(err);
	}
	ksmbd_file_set_delete(open->file, open);
	return STATUS_SUCCESS;
}

static ntstatus_t set_delete_on_close(struct ksmbd_open *open, bool delete)
{
	/* 2.1.5.15.4: a handle that has the option can lose and regain it */
	if (!(open->options & FILE_DELETE_ON_CLOSE))
		return STATUS_NOT_SUPPORTED;
	WRITE_ONCE(open->delete_on_close, delete);
	return STATUS_SUCCESS;
}

ntstatus_t ksmbd_fs_set_disposition(struct ksmbd_open *open, u32 flags)
{
	bool delete = flags & FILE_DISPOSITION_DELETE;
	ntstatus_t status = STATUS_SUCCESS;

	if (!(open->granted_access & ACCESS_DELETE))
		return STATUS_ACCESS_DENIED;
	/* the volume does not claim POSIX unlink, so nobody has to ask */
	if (flags & FILE_DISPOSITION_POSIX_SEMANTICS)
		return STATUS_NOT_SUPPORTED;
	if (delete && is_root(open))
		return STATUS_CANNOT_DELETE;
	if (flags & FILE_DISPOSITION_ON_CLOSE)
		return set_delete_on_close(open, delete);

	ksmbd_file_lock(open->file);
	if (delete)
		status = mark_deleted(open, flags);
	else
		ksmbd_file_clear_delete(open->file);
	ksmbd_file_unlock(open->file);
	return status;
}
