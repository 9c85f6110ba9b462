// SPDX-License-Identifier: GPL-2.0
#include "fscc.h"
#include "utf16.h"

/* [MS-FSCC] 2.5.9 FileFsVolumeInformation */
void fscc_put_fs_volume(struct wire_writer *w, const struct fscc_fs *fs,
			bool *overflow)
{
	u32 label_length_at;

	wire_put_u64(w, fs->creation_time);
	wire_put_u32(w, fs->serial_number);
	label_length_at = w->len;
	wire_put_u32(w, 0);			/* VolumeLabelLength */
	wire_put_u8(w, 0);			/* SupportsObjects */
	wire_put_u8(w, 0);			/* Reserved */
	wire_patch_u32(w, label_length_at,
		       wire_put_utf16_cut(w, fs->label, strlen(fs->label),
					  overflow));
}

/* [MS-FSCC] 2.5.8 FileFsSizeInformation */
void fscc_put_fs_size(struct wire_writer *w, const struct fscc_fs *fs)
{
	wire_put_u64(w, fs->total_units);
	wire_put_u64(w, fs->caller_units);
	wire_put_u32(w, fs->sectors_per_unit);
	wire_put_u32(w, fs->bytes_per_sector);
}

/* [MS-FSCC] 2.5.4 FileFsFullSizeInformation */
void fscc_put_fs_full_size(struct wire_writer *w, const struct fscc_fs *fs)
{
	wire_put_u64(w, fs->total_units);
	wire_put_u64(w, fs->caller_units);
	wire_put_u64(w, fs->actual_units);
	wire_put_u32(w, fs->sectors_per_unit);
	wire_put_u32(w, fs->bytes_per_sector);
}

/* [MS-FSCC] 2.5.10 FileFsDeviceInformation */
void fscc_put_fs_device(struct wire_writer *w, const struct fscc_fs *fs)
{
	wire_put_u32(w, fs->device_type);
	wire_put_u32(w, fs->device_characteristics);
}

/* [MS-FSCC] 2.5.1 FileFsAttributeInformation */
void fscc_put_fs_attribute(struct wire_writer *w, const struct fscc_fs *fs,
			   bool *overflow)
{
	u32 name_length_at;

	wire_put_u32(w, fs->attributes);
	wire_put_u32(w, fs->max_component);
	name_length_at = w->len;
	wire_put_u32(w, 0);			/* FileSystemNameLength */
	wire_patch_u32(w, name_length_at,
		       wire_put_utf16_cut(w, fs->fs_name, strlen(fs->fs_name),
					  overflow));
}

/* [MS-FSCC] 2.5.2 FileFsControlInformation: quotas are not tracked */
void fscc_put_fs_control(struct wire_writer *w, const struct fscc_fs *fs)
{
	wire_put_u64(w, 0);			/* FreeSpaceStartFiltering */
	wire_put_u64(w, 0);			/* FreeSpaceThreshold */
	wire_put_u64(w, 0);			/* FreeSpaceStopFiltering */
	wire_put_u64(w, ~0ull);			/* DefaultQuotaThreshold: none */
	wire_put_u64(w, ~0ull);			/* DefaultQuotaLimit: none */
	wire_put_u32(w, 0);			/* FileSystemControlFlags */
	wire_put_u32(w, 0);			/* Padding */
}

/* [MS-FSCC] 2.5.6 FileFsObjectIdInformation */
void fscc_put_fs_objectid(struct wire_writer *w, const struct fscc_fs *fs)
{
	wire_put_bytes(w, fs->object_id, sizeof(fs->object_id));
	wire_put_zero(w, 48);			/* ExtendedInfo */
}

#define SSINFO_FLAGS_ALIGNED_DEVICE			0x00000001
#define SSINFO_FLAGS_PARTITION_ALIGNED_ON_DEVICE	0x00000002

/* [MS-FSCC] 2.5.7 FileFsSectorSizeInformation */
void fscc_put_fs_sector_size(struct wire_writer *w, const struct fscc_fs *fs)
{
	wire_put_u32(w, fs->bytes_per_sector);	/* logical */
	wire_put_u32(w, fs->bytes_per_sector);	/* physical, for atomicity */
	wire_put_u32(w, fs->bytes_per_sector);	/* physical, for performance */
	wire_put_u32(w, fs->bytes_per_sector);	/* effective, for atomicity */
	wire_put_u32(w, SSINFO_FLAGS_ALIGNED_DEVICE |
			SSINFO_FLAGS_PARTITION_ALIGNED_ON_DEVICE);
	wire_put_u32(w, 0);			/* ByteOffsetForSectorAlignment */
	wire_put_u32(w, 0);			/* ByteOffsetForPartitionAlignment */
}
