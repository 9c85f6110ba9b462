/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Alternate data streams, [MS-FSCC] 2.1.5: the xattrs user.DosStream.NAME:$DATA.
 *
 * A stream has its own struct ksmbd_file (share modes, byte-range locks, deletion),
 * found by the inode and the stream's name, with a reference to the file's own,
 * its base.  Everything else (times, attributes, security, EAs) is the base's.
 */
#ifndef _KSMBD_STREAM_H
#define _KSMBD_STREAM_H

#include <linux/xattr.h>
#include "fs/casefold.h"
#include "fs/fs.h"

#define KSMBD_STREAM_PREFIX	XATTR_USER_PREFIX "DosStream."
#define KSMBD_STREAM_SUFFIX	":$DATA"
/* What Linux lets an xattr have, but for Samba's NUL; filesystems allow less. */
#define KSMBD_STREAM_MAX	(XATTR_SIZE_MAX - 1)
#define KSMBD_STREAM_UNIT	8	/* of AllocationSize, as of resident data in NTFS */
#define KSMBD_STREAM_NAME_MAX						\
	(XATTR_NAME_MAX - (sizeof(KSMBD_STREAM_PREFIX) - 1) -		\
	 (sizeof(KSMBD_STREAM_SUFFIX) - 1))

/**
 * struct ksmbd_stream - the name of a stream that has opens
 * @xattr: where it is, as stored
 * @key: its name, folded
 *
 * Replaced by a rename, which holds the file's locks, the inode's exclusively, and
 * the lock of the hash of files: each of them is enough to look at it.
 */
struct ksmbd_stream {
	char xattr[XATTR_NAME_MAX + 1];
	struct ksmbd_folded key;
};

/* Does the share have streams, and the filesystem a place for them? */
bool ksmbd_stream_supported(const struct ksmbd_share *share,
			    const struct inode *inode);
/* @name is that of a client, checked by ksmbd_fs_name(); kfree().  NULL: no memory. */
struct ksmbd_stream *ksmbd_stream_new(const char *name);
/* The name in an xattr's, and its length; NULL when that is no stream. */
const char *ksmbd_stream_of_xattr(const char *xattr, u32 *len);

/* --- data; the handle's rights were checked --- */

ntstatus_t ksmbd_stream_read(struct ksmbd_open *open, u64 offset,
			     struct iov_iter *to, u32 *done);
/* @append: at the end, wherever it is by then.  *end: behind what was written. */
ntstatus_t ksmbd_stream_write(struct ksmbd_open *open, u64 offset,
			      struct iov_iter *from, bool append, u64 *end);
ntstatus_t ksmbd_stream_set_size(struct ksmbd_open *open, u64 size, bool cut);
/* Zeros from @begin to @end, as far as there are data. */
ntstatus_t ksmbd_stream_zero(struct ksmbd_open *open, u64 begin, u64 end);
/* FILE_DELETED when it is no more. */
ntstatus_t ksmbd_stream_size(struct ksmbd_open *open, u64 *size);

/* --- opening and closing; the caller holds ksmbd_file_lock() --- */

/*
 * Joins, creates or overwrites, as @c says; STATUS_RETRY: look up again; PENDING: as
 * ksmbd_create_agree().
 */
ntstatus_t ksmbd_stream_open(struct ksmbd_request *rq, struct ksmbd_open *open,
			     struct ksmbd_create *c);
int ksmbd_stream_unlink(struct ksmbd_file *file, const struct path *path);
/* Before its file is overwritten: those that nobody has open. */
void ksmbd_stream_unlink_all(struct ksmbd_open *open);

/* --- SET_INFO and QUERY_INFO --- */

/* [MS-FSA] 2.1.5.15.11.1; @name NULL: the unnamed stream */
ntstatus_t ksmbd_stream_rename(struct ksmbd_open *open, const char *name,
			       bool replace);

#endif
