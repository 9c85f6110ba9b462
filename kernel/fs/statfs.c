// SPDX-License-Identifier: GPL-2.0
/* The volume that a handle is on, [MS-FSCC] 2.5. */
#include <linux/fs.h>
#include <linux/magic.h>
#include <linux/math64.h>
#include <linux/statfs.h>
#include <linux/uuid.h>
#include "fs/ea.h"
#include "fs/fs.h"
#include "fs/stat.h"
#include "fs/stream.h"

#define SECTOR_SIZE_SHOWN	512
#define FILE_DEVICE_DISK	0x00000007
#define FILE_READ_ONLY_DEVICE	0x00000002
#define FILE_DEVICE_IS_MOUNTED	0x00000020

/*
 * FILE_PERSISTENT_ACLS is not said: descriptors are shown, but cannot be
 * written, and clients that see it would try to with every copy.
 */
#define ATTRIBUTES	(FILE_CASE_SENSITIVE_SEARCH | FILE_CASE_PRESERVED_NAMES | \
			 FILE_UNICODE_ON_DISK | FILE_SUPPORTS_HARD_LINKS)

/* Allocation units: what the filesystem counts in, in sectors if it can be. */
static void set_units(struct fscc_fs *fs, const struct kstatfs *st)
{
	u32 unit = st->f_frsize ?: st->f_bsize;

	fs->total_units = st->f_blocks;
	fs->caller_units = st->f_bavail;
	fs->actual_units = st->f_bfree;
	if (unit >= SECTOR_SIZE_SHOWN && unit % SECTOR_SIZE_SHOWN == 0) {
		fs->bytes_per_sector = SECTOR_SIZE_SHOWN;
		fs->sectors_per_unit = unit / SECTOR_SIZE_SHOWN;
	} else {
		fs->bytes_per_sector = unit;
		fs->sectors_per_unit = 1;
	}
}

bool ksmbd_fs_has_room(const struct path *path, u64 size)
{
	struct kstatfs fs;
	u32 unit;

	if (vfs_statfs(path, &fs))
		return false;
	unit = fs.f_frsize ?: fs.f_bsize;	/* a filesystem may say anything */
	return unit && div_u64(size, unit) < fs.f_bavail;
}

ntstatus_t ksmbd_fs_statfs(struct ksmbd_open *open, struct fscc_fs *fs)
{
	const struct ksmbd_tree *tree = open->tree;
	const struct path *path = &open->filp->f_path;
	const struct super_block *sb = path->dentry->d_sb;
	u64 serial = ksmbd_volume_serial(sb);
	struct kstatfs st;
	struct fscc_file root;
	int err = vfs_statfs(path, &st);

	if (err)
		return ntstatus_from_errno(err);
	*fs = (struct fscc_fs) {
		.serial_number	= (u32)serial ^ (u32)(serial >> 32),
		.label		= tree->share->name,
		/* applications look for this name before they use features */
		.fs_name	= "NTFS",
		.attributes	= ATTRIBUTES | ksmbd_settings.fake_fscaps,
		.max_component	= min_t(u32, st.f_namelen ?: NAME_MAX, NAME_MAX),
		.device_type	= FILE_DEVICE_DISK,
		.device_characteristics = FILE_DEVICE_IS_MOUNTED,
	};
	set_units(fs, &st);
	if (ksmbd_ea_supported(d_inode(path->dentry)))
		fs->attributes |= FILE_SUPPORTS_EXTENDED_ATTRIBUTES;
	if (tree->share->flags & KSMBD_SHARE_FLAG_STORE_DOS_ATTRS)
		fs->attributes |= FILE_SUPPORTS_SPARSE_FILES;
	/* others try in vain and copy */
	if (sb->s_magic == BTRFS_SUPER_MAGIC || sb->s_magic == XFS_SUPER_MAGIC)
		fs->attributes |= FILE_SUPPORTS_BLOCK_REFCOUNTING;
	if (ksmbd_stream_supported(tree->share, d_inode(path->dentry)))
		fs->attributes |= FILE_NAMED_STREAMS;
	if (!tree->writable || sb_rdonly(sb)) {
		fs->attributes |= FILE_READ_ONLY_VOLUME;
		fs->device_characteristics |= FILE_READ_ONLY_DEVICE;
	}
	/* the volume is as old as the share's root; unknown is 0 */
	if (!ksmbd_stat_path(tree->share, &tree->share->root, NULL, &root))
		fs->creation_time = root.creation_time;
	memcpy(fs->object_id, &sb->s_uuid, sizeof(fs->object_id));
	return STATUS_SUCCESS;
}
