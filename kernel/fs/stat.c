// SPDX-License-Identifier: GPL-2.0
/* Times, sizes and attributes of files. */
#include "fs/stat.h"

#include <linux/dcache.h>
#include <linux/fs.h>
#include <linux/kdev_t.h>
#include <linux/math64.h>
#include <linux/mount.h>
#include <linux/namei.h>
#include <linux/slab.h>
#include <linux/uuid.h>
#include "compat/unaligned.h"
#include "compat/vfs.h"
#include "debug.h"
#include "fs/fs.h"
#include "fs/stream.h"

#define NTTIME_PER_SEC		10000000u
#define NTTIME_UNIX_EPOCH	11644473600LL	/* seconds from 1601 to 1970 */
#define SETATTR_TRIES		8

u64 ksmbd_nttime(struct timespec64 ts)
{
	if (ts.tv_sec > S64_MAX / NTTIME_PER_SEC - NTTIME_UNIX_EPOCH - 1)
		return S64_MAX;
	if (ts.tv_sec < -NTTIME_UNIX_EPOCH)
		return 0;
	return (u64)(ts.tv_sec + NTTIME_UNIX_EPOCH) * NTTIME_PER_SEC +
	       ts.tv_nsec / 100;
}

struct timespec64 ksmbd_timespec(u64 nttime)
{
	struct timespec64 ts;
	u32 rest;

	ts.tv_sec = div_u64_rem(min_t(u64, nttime, S64_MAX), NTTIME_PER_SEC,
				&rest) - NTTIME_UNIX_EPOCH;
	ts.tv_nsec = rest * 100;
	return ts;
}

int ksmbd_getattr(const struct path *path, struct kstat *st)
{
	return vfs_getattr(path, st, STATX_BASIC_STATS | STATX_BTIME,
			   AT_STATX_SYNC_AS_STAT);
}

u64 ksmbd_create_time(const struct kstat *st, const struct ksmbd_dos_attr *attr)
{
	struct timespec64 oldest = st->mtime;

	if (attr->create_time)
		return attr->create_time;
	if (st->result_mask & STATX_BTIME)
		return ksmbd_nttime(st->btime);
	if (timespec64_compare(&st->ctime, &oldest) < 0)
		oldest = st->ctime;
	if (timespec64_compare(&st->atime, &oldest) < 0)
		oldest = st->atime;
	return ksmbd_nttime(oldest);
}

u64 ksmbd_volume_serial(const struct super_block *sb)
{
	const u8 *id = sb->s_uuid.b;

	if (uuid_is_null(&sb->s_uuid))
		return huge_encode_dev(sb->s_dev);
	return get_unaligned_le64(id) ^ get_unaligned_le64(id + 8);
}

int ksmbd_stat_path(const struct ksmbd_share *share, const struct path *path,
		    const char *name, struct fscc_file *f)
{
	struct ksmbd_dos_attr attr;
	struct kstat st;
	int err = ksmbd_getattr(path, &st);

	if (err)
		return err;
	ksmbd_dos_attr_get(share, path, &attr);
	*f = (struct fscc_file) {
		.creation_time		= ksmbd_create_time(&st, &attr),
		.last_access_time	= ksmbd_nttime(st.atime),
		.last_write_time	= ksmbd_nttime(st.mtime),
		.change_time		= ksmbd_nttime(st.ctime),
		.attributes		= attr.attributes,
		.number_of_links	= st.nlink,
		.directory		= S_ISDIR(st.mode),
		.index_number		= st.ino,
		.volume_serial		= ksmbd_volume_serial(path->dentry->d_sb),
	};
	if (f->directory) {
		/* what Linux counts there are ".." entries */
		f->number_of_links = 1;
		f->attributes |= FILE_ATTRIBUTE_DIRECTORY;
	} else if (S_ISREG(st.mode)) {
		f->end_of_file = st.size;
		f->allocation_size = (u64)st.blocks << 9;
	}
	if (name && *name == '.' &&
	    share->flags & KSMBD_SHARE_FLAG_HIDE_DOT_FILES)
		f->attributes |= FILE_ATTRIBUTE_HIDDEN;
	if (!f->attributes)
		f->attributes = FILE_ATTRIBUTE_NORMAL;
	return 0;
}

static bool is_share_root(const struct ksmbd_share *share,
			  const struct path *path)
{
	return path->dentry == share->root.dentry && path->mnt == share->root.mnt;
}

/* What of the file's own is otherwise for a stream. */
static ntstatus_t stat_stream(struct ksmbd_open *open, struct fscc_file *f)
{
	ntstatus_t status = ksmbd_stream_size(open, &f->end_of_file);

	f->directory = false;
	f->attributes &= ~FILE_ATTRIBUTE_DIRECTORY;
	if (!f->attributes)
		f->attributes = FILE_ATTRIBUTE_NORMAL;
	if (READ_ONCE(open->file->base->delete_pending))
		f->delete_pending = true;
	f->allocation_size = ALIGN(f->end_of_file, KSMBD_STREAM_UNIT);
	return status;
}

ntstatus_t ksmbd_fs_stat(struct ksmbd_open *open, struct fscc_file *f)
{
	const struct ksmbd_share *share = open->tree->share;
	const struct path *path = &open->filp->f_path;
	struct name_snapshot name;
	ntstatus_t status;
	int err;

	take_dentry_name_snapshot(&name, path->dentry);
	err = ksmbd_stat_path(share, path, is_share_root(share, path) ?
					   NULL : (const char *)name.name.name, f);
	release_dentry_name_snapshot(&name);
	if (err)
		return ntstatus_from_errno(err);
	f->delete_pending = READ_ONCE(open->file->delete_pending);
	if (open->file->stream) {
		status = stat_stream(open, f);
		if (status != STATUS_SUCCESS)
			return status;
	}
	/* [MS-FSA] 2.1.5.12.27: links that are not deleted */
	if (f->delete_pending && f->number_of_links)
		f->number_of_links--;
	f->access_flags = open->granted_access;
	spin_lock(&open->spin);
	f->position = open->position;
	f->mode = open->mode;
	spin_unlock(&open->spin);
	return STATUS_SUCCESS;
}

/* Puts "\name" in front of what is at @*at. */
static int prepend(char *buf, char **at, struct dentry *dentry)
{
	struct name_snapshot name;
	int err = 0;

	take_dentry_name_snapshot(&name, dentry);
	if (*at - buf < name.name.len + 1) {
		err = -ENAMETOOLONG;
	} else {
		*at -= name.name.len;
		memcpy(*at, name.name.name, name.name.len);
		*--*at = '\\';
	}
	release_dentry_name_snapshot(&name);
	return err;
}

/*
 * Up from the object to the share's root, one name at a time.  A rename on the
 * way may mix old and new names, as it may between two questions of a client;
 * what was moved out of the share has no path.
 */
static int build_path(const struct ksmbd_share *share, struct path *p,
		      char *buf, char **at)
{
	struct dentry *parent;
	int err;

	while (!is_share_root(share, p)) {
		if (p->dentry == p->mnt->mnt_root) {
			if (!follow_up(p))
				return -ENOENT;
			continue;
		}
		if (IS_ROOT(p->dentry))
			return -ENOENT;
		err = prepend(buf, at, p->dentry);
		if (err)
			return err;
		parent = dget_parent(p->dentry);
		dput(p->dentry);
		p->dentry = parent;
	}
	return 0;
}

/* ":name" behind the path */
static bool add_stream(const struct ksmbd_open *open, char *path)
{
	struct inode *inode = file_inode(open->filp);
	u32 at = strlen(path), len;
	const char *name;

	inode_lock_shared(inode);
	name = ksmbd_stream_of_xattr(open->file->stream->xattr, &len);
	if (at + 1 + len >= PATH_MAX)
		name = NULL;
	if (name)
		snprintf(path + at, PATH_MAX - at, ":%.*s", len, name);
	inode_unlock_shared(inode);
	return name;
}

ntstatus_t ksmbd_fs_path(struct ksmbd_open *open, char **path)
{
	struct path p = open->filp->f_path;
	char *buf, *at;
	int err;

	buf = kmalloc(PATH_MAX, GFP_KERNEL);
	if (!buf)
		return STATUS_INSUFFICIENT_RESOURCES;
	at = buf + PATH_MAX - 1;
	*at = '\0';
	path_get(&p);
	err = build_path(open->tree->share, &p, buf, &at);
	path_put(&p);
	if (err) {
		kfree(buf);
		return ntstatus_from_errno(err);
	}
	if (!*at)
		*--at = '\\';
	memmove(buf, at, strlen(at) + 1);
	if (open->file->stream && !add_stream(open, buf)) {
		kfree(buf);
		return STATUS_NAME_TOO_LONG;
	}
	*path = buf;
	return STATUS_SUCCESS;
}

enum resize { RESIZE_TO, RESIZE_CUT, RESIZE_GROW };

/*
 * RESIZE_CUT, RESIZE_GROW: ATTR_SIZE may only shorten or lengthen the file: what
 * it has become meanwhile is looked at under its lock, and data written just
 * now stays.
 */
static int setattr(const struct path *path, struct iattr *attr,
		   enum resize resize)
{
	struct inode *inode = d_inode(path->dentry), *delegated = NULL;
	const unsigned int valid = attr->ia_valid;
	const loff_t size = attr->ia_size;
	int err = mnt_want_write(path->mnt);

	if (err)
		return err;
	for (int i = 0; i < SETATTR_TRIES; i++) {
		attr->ia_valid = valid;		/* it is changed there */
		inode_lock(inode);
		if (resize == RESIZE_CUT)
			attr->ia_size = min(size, i_size_read(inode));
		if (resize == RESIZE_GROW)
			attr->ia_size = max(size, i_size_read(inode));
		err = compat_notify_change(path, attr, &delegated);
		inode_unlock(inode);
		if (!delegated)
			break;
		err = compat_break_deleg_wait(&delegated);
		if (err)
			break;
		err = -EAGAIN;
	}
	mnt_drop_write(path->mnt);
	return err;
}

int ksmbd_setattr(const struct path *path, struct iattr *attr)
{
	return setattr(path, attr, RESIZE_TO);
}

int ksmbd_setattr_cut(const struct path *path, struct iattr *attr)
{
	return setattr(path, attr, RESIZE_CUT);
}

int ksmbd_setattr_grow(const struct path *path, struct iattr *attr)
{
	return setattr(path, attr, RESIZE_GROW);
}

static void mark_archive(struct ksmbd_open *open)
{
	const struct ksmbd_share *share = open->tree->share;
	struct ksmbd_dos_attr attr;

	mutex_lock(&ksmbd_file_base(open->file)->lock);
	ksmbd_dos_attr_get(share, &open->filp->f_path, &attr);
	if (!(attr.attributes & FILE_ATTRIBUTE_ARCHIVE)) {
		attr.attributes |= FILE_ATTRIBUTE_ARCHIVE;
		if (ksmbd_dos_attr_set(share, &open->filp->f_path, &attr))
			ksmbd_debug(VFS, "ARCHIVE not stored\n");
	}
	mutex_unlock(&ksmbd_file_base(open->file)->lock);
}

void ksmbd_file_written(struct ksmbd_open *open)
{
	struct iattr attr = {
		.ia_valid = ATTR_MTIME | ATTR_MTIME_SET | ATTR_CTIME | ATTR_FORCE,
	};
	bool first, keep;

	spin_lock(&open->spin);
	first = !open->wrote;
	open->wrote = true;
	keep = open->write_time_set;
	attr.ia_mtime = open->write_time;
	spin_unlock(&open->spin);
	if (first)
		mark_archive(open);
	if (keep && ksmbd_setattr(&open->filp->f_path, &attr))
		ksmbd_debug(VFS, "write time not kept\n");
}
