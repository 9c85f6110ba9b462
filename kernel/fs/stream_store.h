/* SPDX-License-Identifier: GPL-2.0 */
/* A stream's value, for the files of streams only. */
#ifndef _KSMBD_STREAM_STORE_H
#define _KSMBD_STREAM_STORE_H

#include <linux/path.h>
#include "ntstatus.h"

/* @data: kvmalloc()ed, with room for one byte more than @len */
struct ksmbd_stream_value {
	u8 *data;
	u32 len;
};

/*
 * The value, in a buffer for at least @room bytes, zeroed behind it.  -ENODATA:
 * there is no such stream.  The inode's lock is held, and exclusively for storing,
 * inside of mnt_want_write().
 */
int ksmbd_stream_load(const struct path *path, const char *xattr, u32 room,
		      struct ksmbd_stream_value *v);
int ksmbd_stream_store(const struct path *path, const char *xattr,
		       struct ksmbd_stream_value *v);
/* Its size, or 0 when it is gone or none that could be read. */
u32 ksmbd_stream_stored_size(const struct path *path, const char *xattr);
void ksmbd_stream_value_free(struct ksmbd_stream_value *v);
ntstatus_t ksmbd_stream_error(const struct path *path, int err);

#endif
