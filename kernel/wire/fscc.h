/* SPDX-License-Identifier: GPL-2.0 */
/*
 * [MS-FSCC] information classes: what QUERY_INFO, SET_INFO and QUERY_DIRECTORY
 * carry.  Times are NTTIME (100 ns since 1601), sizes bytes.
 */
#ifndef _WIRE_FSCC_H
#define _WIRE_FSCC_H

#include "wire.h"

/* File information classes, 2.4 */
enum {
	FILE_DIRECTORY_INFORMATION		= 1,
	FILE_FULL_DIRECTORY_INFORMATION		= 2,
	FILE_BOTH_DIRECTORY_INFORMATION		= 3,
	FILE_BASIC_INFORMATION			= 4,
	FILE_STANDARD_INFORMATION		= 5,
	FILE_INTERNAL_INFORMATION		= 6,
	FILE_EA_INFORMATION			= 7,
	FILE_ACCESS_INFORMATION			= 8,
	FILE_NAME_INFORMATION			= 9,
	FILE_RENAME_INFORMATION			= 10,
	FILE_LINK_INFORMATION			= 11,
	FILE_NAMES_INFORMATION			= 12,
	FILE_DISPOSITION_INFORMATION		= 13,
	FILE_POSITION_INFORMATION		= 14,
	FILE_FULL_EA_INFORMATION		= 15,
	FILE_MODE_INFORMATION			= 16,
	FILE_ALIGNMENT_INFORMATION		= 17,
	FILE_ALL_INFORMATION			= 18,
	FILE_ALLOCATION_INFORMATION		= 19,
	FILE_END_OF_FILE_INFORMATION		= 20,
	FILE_ALTERNATE_NAME_INFORMATION		= 21,
	FILE_STREAM_INFORMATION			= 22,
	FILE_PIPE_INFORMATION			= 23,
	FILE_PIPE_LOCAL_INFORMATION		= 24,
	FILE_COMPRESSION_INFORMATION		= 28,
	FILE_NETWORK_OPEN_INFORMATION		= 34,
	FILE_ATTRIBUTE_TAG_INFORMATION		= 35,
	FILE_ID_BOTH_DIRECTORY_INFORMATION	= 37,
	FILE_ID_FULL_DIRECTORY_INFORMATION	= 38,
	FILE_VALID_DATA_LENGTH_INFORMATION	= 39,
	FILE_SHORT_NAME_INFORMATION		= 40,
	FILE_NORMALIZED_NAME_INFORMATION	= 48,
	FILE_ID_INFORMATION			= 59,
	FILE_ID_EXTD_DIRECTORY_INFORMATION	= 60,
	FILE_DISPOSITION_INFORMATION_EX		= 64,
	FILE_RENAME_INFORMATION_EX		= 65,
};

/* Filesystem information classes, 2.5 */
enum {
	FILE_FS_VOLUME_INFORMATION		= 1,
	FILE_FS_LABEL_INFORMATION		= 2,
	FILE_FS_SIZE_INFORMATION		= 3,
	FILE_FS_DEVICE_INFORMATION		= 4,
	FILE_FS_ATTRIBUTE_INFORMATION		= 5,
	FILE_FS_CONTROL_INFORMATION		= 6,
	FILE_FS_FULL_SIZE_INFORMATION		= 7,
	FILE_FS_OBJECTID_INFORMATION		= 8,
	FILE_FS_SECTOR_SIZE_INFORMATION		= 11,
};

struct fscc_apple;

/* Everything the file classes say about one file. */
struct fscc_file {
	u64 creation_time, last_access_time, last_write_time, change_time;
	u64 allocation_size, end_of_file;
	u32 attributes;
	u32 number_of_links;
	bool delete_pending, directory;
	u64 index_number;		/* inode number */
	u64 volume_serial;
	u32 ea_size;
	u32 access_flags;		/* of the open */
	u64 position;			/* of the open */
	u32 mode;			/* of the open: FILE_* create options */
	u32 reparse_tag;
	const struct fscc_apple *apple;	/* of who is told, or NULL */
};

/*
 * QUERY_INFO encoders.  @name is the path from the share root with leading
 * backslash, UTF-8.  A fixed class that does not fit sets w->full; a name is
 * cut to what fits and *overflow is set ([MS-SMB2] 3.3.5.20.1:
 * STATUS_BUFFER_OVERFLOW), as long as the class's fixed part fits.
 */
void fscc_put_basic(struct wire_writer *w, const struct fscc_file *f);
void fscc_put_standard(struct wire_writer *w, const struct fscc_file *f);
void fscc_put_internal(struct wire_writer *w, const struct fscc_file *f);
void fscc_put_ea(struct wire_writer *w, const struct fscc_file *f);
void fscc_put_access(struct wire_writer *w, const struct fscc_file *f);
void fscc_put_position(struct wire_writer *w, const struct fscc_file *f);
void fscc_put_mode(struct wire_writer *w, const struct fscc_file *f);
void fscc_put_alignment(struct wire_writer *w, const struct fscc_file *f);
void fscc_put_network_open(struct wire_writer *w, const struct fscc_file *f);
void fscc_put_attribute_tag(struct wire_writer *w, const struct fscc_file *f);
void fscc_put_compression(struct wire_writer *w, const struct fscc_file *f);
void fscc_put_id(struct wire_writer *w, const struct fscc_file *f);
/* FileNameInformation, NormalizedName, AlternateName: length and UTF-16 name */
void fscc_put_name(struct wire_writer *w, const char *name, bool *overflow);
void fscc_put_all(struct wire_writer *w, const struct fscc_file *f,
		  const char *name, bool *overflow);
/*
 * Appends one FILE_STREAM_INFORMATION entry, of the stream @name without colons and
 * type; @prev, result and -ENOSPC as those of fscc_put_dir_entry().
 */
int fscc_put_stream(struct wire_writer *w, u32 prev, const char *name, u32 len,
		    u64 size, u64 allocation);
void fscc_put_pipe_local(struct wire_writer *w);

/**
 * fscc_put_dir_entry - appends one entry of a directory class
 * @prev: position of the entry before, whose NextEntryOffset is patched, or
 *	(u32)-1 for the first
 * Returns the entry's position, or -ENOSPC with nothing written when it does
 * not fit, or -EINVAL for a class that is not a directory class.
 */
int fscc_put_dir_entry(struct wire_writer *w, u8 info_class, u32 prev,
		       const struct fscc_file *f, const char *name, u32 len,
		       const char *short_name);
bool fscc_is_dir_class(u8 info_class);
bool fscc_dir_class_has_ea_size(u8 info_class);
/* Smallest buffer the class's fixed part needs: less is INFO_LENGTH_MISMATCH. */
u32 fscc_dir_class_size(u8 info_class);

/* Action of FILE_NOTIFY_INFORMATION, 2.7.1 */
enum {
	FILE_ACTION_ADDED		= 1,
	FILE_ACTION_REMOVED		= 2,
	FILE_ACTION_MODIFIED		= 3,
	FILE_ACTION_RENAMED_OLD_NAME	= 4,
	FILE_ACTION_RENAMED_NEW_NAME	= 5,
};

#define FSCC_NOTIFY_SIZE	12	/* up to FileName */

/*
 * Appends one FILE_NOTIFY_INFORMATION for @name (UTF-8) in @dir, which is empty
 * or ends with a backslash.  @prev and result as those of fscc_put_dir_entry().
 */
int fscc_put_notify(struct wire_writer *w, u32 prev, u32 action,
		    struct wire_span dir, struct wire_span name);

/* FILE_OBJECTID_BUFFER, 2.1.3.1 */
#define FSCC_OBJECT_ID_SIZE	64
void fscc_put_object_id(struct wire_writer *w, const struct fscc_file *f);

struct fscc_fs {
	u64 creation_time;
	u32 serial_number;
	const char *label;		/* UTF-8 */
	const char *fs_name;		/* "NTFS" for applications that look */
	u64 total_units, caller_units, actual_units;
	u32 sectors_per_unit, bytes_per_sector;
	u32 attributes, max_component;
	u32 device_type, device_characteristics;
	u8 object_id[16];
};

#define FILE_CASE_SENSITIVE_SEARCH	0x00000001
#define FILE_CASE_PRESERVED_NAMES	0x00000002
#define FILE_UNICODE_ON_DISK		0x00000004
#define FILE_PERSISTENT_ACLS		0x00000008
#define FILE_SUPPORTS_SPARSE_FILES	0x00000040
#define FILE_READ_ONLY_VOLUME		0x00080000
#define FILE_NAMED_STREAMS		0x00040000
#define FILE_SUPPORTS_HARD_LINKS	0x00400000
#define FILE_SUPPORTS_EXTENDED_ATTRIBUTES 0x00800000
#define FILE_SUPPORTS_BLOCK_REFCOUNTING	0x08000000

void fscc_put_fs_volume(struct wire_writer *w, const struct fscc_fs *fs,
			bool *overflow);
void fscc_put_fs_size(struct wire_writer *w, const struct fscc_fs *fs);
void fscc_put_fs_full_size(struct wire_writer *w, const struct fscc_fs *fs);
void fscc_put_fs_device(struct wire_writer *w, const struct fscc_fs *fs);
void fscc_put_fs_attribute(struct wire_writer *w, const struct fscc_fs *fs,
			   bool *overflow);
void fscc_put_fs_control(struct wire_writer *w, const struct fscc_fs *fs);
void fscc_put_fs_objectid(struct wire_writer *w, const struct fscc_fs *fs);
void fscc_put_fs_sector_size(struct wire_writer *w, const struct fscc_fs *fs);

/* SET_INFO decoders: 0, or -EINVAL for a buffer shorter than its class. */
struct fscc_basic {
	/* 0: leave; -1: stop automatic updates; -2: resume them; else set */
	s64 creation_time, last_access_time, last_write_time, change_time;
	u32 attributes;			/* 0: leave */
};
int fscc_get_basic(struct wire_span in, struct fscc_basic *b);

struct fscc_rename {
	bool replace_if_exists;
	u32 flags;			/* FILE_RENAME_* of the Ex class */
	u64 root_directory;		/* has to be 0 over the network */
	struct wire_span name;		/* UTF-16LE */
};
int fscc_get_rename(struct wire_span in, struct fscc_rename *rn);
int fscc_get_rename_ex(struct wire_span in, struct fscc_rename *rn);
/* FileLinkInformation has the layout of the rename class. */

#define FILE_DISPOSITION_DELETE				0x00000001
#define FILE_DISPOSITION_POSIX_SEMANTICS		0x00000002
#define FILE_DISPOSITION_FORCE_IMAGE_SECTION_CHECK	0x00000004
#define FILE_DISPOSITION_ON_CLOSE			0x00000008
#define FILE_DISPOSITION_IGNORE_READONLY_ATTRIBUTE	0x00000010
#define FILE_RENAME_REPLACE_IF_EXISTS			0x00000001
#define FILE_RENAME_POSIX_SEMANTICS			0x00000002
int fscc_get_disposition(struct wire_span in, u32 *flags);
int fscc_get_disposition_ex(struct wire_span in, u32 *flags);
int fscc_get_u64(struct wire_span in, u64 *v);	/* end of file, allocation, position */
int fscc_get_u32(struct wire_span in, u32 *v);	/* mode */

/* One FILE_FULL_EA_INFORMATION at a time; *more says whether another follows. */
#define FILE_NEED_EA	0x80
struct fscc_ea {
	u8 flags;
	struct wire_span name;		/* without NUL, 1..255 bytes */
	struct wire_span value;
};
int fscc_get_ea(struct wire_reader *r, struct fscc_ea *ea, bool *more);
/* One FILE_GET_EA_INFORMATION, the same way; @name without NUL, 1..255 bytes. */
int fscc_get_ea_name(struct wire_reader *r, struct wire_span *name, bool *more);
/*
 * Appends one FILE_FULL_EA_INFORMATION; @prev, result and -ENOSPC as those of
 * fscc_put_dir_entry().  -EINVAL: its lengths cannot be said.
 */
int fscc_put_ea_entry(struct wire_writer *w, u32 prev, struct wire_span name,
		      struct wire_span value);

#endif /* _WIRE_FSCC_H */
