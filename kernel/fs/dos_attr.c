// SPDX-License-Identifier: GPL-2.0
/*
 * The xattr user.DOSATTRIB: an NDR structure that Samba designed.
 *
 *	offset	type
 *	0	u8	0: an empty string, where old versions had hex digits
 *	2	u16	version, and again as a u32 at 4
 *	8	u32	which of the fields are valid
 *	12	u32	attributes
 *	version 4: 16 NTTIME first creation, 24 NTTIME creation
 *	version 3: 16 u32, 20 u64, 28 u64 sizes, 36 NTTIME creation, 44 NTTIME
 *
 * Written is version 4, which every reader of today knows.
 *
 * Who may write it: the client needs FILE_WRITE_ATTRIBUTES on its handle, which
 * is granted to those who may write the file and to its owner.  Linux asks
 * for write permission for any user.* xattr; so that the owner of a 0444 file
 * can clear its DOS attributes as he could chmod(2) it, his are written
 * without asking.
 */
#include "fs/dos_attr.h"

#include <linux/fs.h>
#include <linux/fsnotify.h>
#include <linux/xattr.h>
#include "compat/vfs.h"
#include "fs/stat.h"
#include "wire/smb2.h"

#define DOS_XATTR		XATTR_USER_PREFIX "DOSATTRIB"
#define DOS_XATTR_MAX		256
#define DOS_XATTR_V4_SIZE	32

#define VALID_ATTRIBUTES	0x00000001
#define VALID_CREATE_TIME	0x00000010
#define VALID_FIRST_TIME	0x00000040

/* What is kept; the others say what the object is and cannot be chosen. */
#define STORED_ATTRIBUTES						\
	(FILE_ATTRIBUTE_READONLY | FILE_ATTRIBUTE_HIDDEN |		\
	 FILE_ATTRIBUTE_SYSTEM | FILE_ATTRIBUTE_ARCHIVE |		\
	 FILE_ATTRIBUTE_TEMPORARY | FILE_ATTRIBUTE_SPARSE_FILE |	\
	 FILE_ATTRIBUTE_OFFLINE | FILE_ATTRIBUTE_NOT_CONTENT_INDEXED)

static bool is_stored(const struct ksmbd_share *share, const struct inode *inode)
{
	/* Linux has user.* xattrs on these two kinds only */
	return share->flags & KSMBD_SHARE_FLAG_STORE_DOS_ATTRS &&
	       (S_ISREG(inode->i_mode) || S_ISDIR(inode->i_mode));
}

static void decode(struct wire_span in, struct ksmbd_dos_attr *attr)
{
	struct wire_reader r = wire_reader_of(in);
	u32 version, valid, attributes;
	u64 create_time;

	if (wire_get_u8(&r))
		return;
	wire_skip(&r, 1);
	version = wire_get_u16(&r);
	if (wire_get_u32(&r) != version)
		return;
	valid = wire_get_u32(&r);
	attributes = wire_get_u32(&r);
	switch (version) {
	case 3:
		wire_skip(&r, 20);
		break;
	case 4:
		wire_skip(&r, 8);
		break;
	default:
		return;
	}
	create_time = wire_get_u64(&r);
	if (wire_reader_status(&r))
		return;
	if (valid & VALID_ATTRIBUTES)
		attr->attributes = attributes & STORED_ATTRIBUTES;
	/* a time before or after all that Windows can show is nobody's */
	if (valid & VALID_CREATE_TIME && create_time <= S64_MAX)
		attr->create_time = create_time;
}

void ksmbd_dos_attr_get(const struct ksmbd_share *share,
			const struct path *path, struct ksmbd_dos_attr *attr)
{
	struct inode *inode = d_inode(path->dentry);
	u8 buf[DOS_XATTR_MAX];
	ssize_t len;

	*attr = (struct ksmbd_dos_attr) { };
	if (!is_stored(share, inode))
		return;
	/* no permission asked: like mode and times, they are for all to see */
	len = __vfs_getxattr(path->dentry, inode, DOS_XATTR, buf, sizeof(buf));
	if (len > 0)
		decode((struct wire_span) { buf, len }, attr);
}

static void encode(struct wire_writer *w, const struct ksmbd_dos_attr *attr)
{
	wire_put_u16(w, 0);
	wire_put_u16(w, 4);
	wire_put_u32(w, 4);
	wire_put_u32(w, VALID_ATTRIBUTES | VALID_CREATE_TIME | VALID_FIRST_TIME);
	wire_put_u32(w, attr->attributes & STORED_ATTRIBUTES);
	wire_put_u64(w, attr->create_time);
	wire_put_u64(w, attr->create_time);
}

static int write_unchecked(const struct path *path, const u8 *value, u32 len)
{
	struct inode *inode = d_inode(path->dentry);
	int err = -EPERM;

	inode_lock(inode);
	if (!IS_IMMUTABLE(inode) && !IS_APPEND(inode)) {
		err = compat_setxattr_unchecked(path, DOS_XATTR, value, len);
		if (!err)
			fsnotify_xattr(path->dentry);
	}
	inode_unlock(inode);
	return err;
}

/* The creation time that the file has now, to be kept. */
static int present_create_time(const struct ksmbd_share *share,
			       const struct path *path, u64 *time)
{
	struct ksmbd_dos_attr old;
	struct kstat st;
	int err = ksmbd_getattr(path, &st);

	if (err)
		return err;
	ksmbd_dos_attr_get(share, path, &old);
	*time = ksmbd_create_time(&st, &old);
	return 0;
}

int ksmbd_dos_attr_set(const struct ksmbd_share *share,
		       const struct path *path,
		       const struct ksmbd_dos_attr *attr)
{
	struct ksmbd_dos_attr full = *attr;
	u8 buf[DOS_XATTR_V4_SIZE];
	struct wire_writer w = wire_writer_of(buf, sizeof(buf));
	int err;

	if (!is_stored(share, d_inode(path->dentry)))
		return 0;
	if (!full.create_time) {
		err = present_create_time(share, path, &full.create_time);
		if (err)
			return err;
	}
	encode(&w, &full);
	if (WARN_ON_ONCE(w.full))
		return -EINVAL;
	err = mnt_want_write(path->mnt);
	if (err)
		return err;
	err = compat_setxattr(path, DOS_XATTR, buf, w.len);
	if ((err == -EACCES || err == -EPERM) && compat_owner_or_capable(path))
		err = write_unchecked(path, buf, w.len);
	mnt_drop_write(path->mnt);
	return err;
}
