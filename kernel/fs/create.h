/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Inside of fs/: the steps of an open, for what is there (create.c) and what is not
 * yet (create_new.c, stream_open.c).
 *
 *	ksmbd_create_open -> _bind -> _join -> _publish
 *
 * When a step fails the open is dropped with ksmbd_open_put(); publish does that
 * itself.
 */
#ifndef _KSMBD_CREATE_H
#define _KSMBD_CREATE_H

#include "fs/fs.h"
#include "fs/path.h"

struct ksmbd_dos_attr;

/* A NEW open; all that may be refused for want of something is refused here. */
ntstatus_t ksmbd_create_open(struct ksmbd_request *rq, const struct ksmbd_create *c,
			     bool dir, u32 granted, struct ksmbd_open **out);
/* Its struct file and its place in the inode's file, not joined yet. */
ntstatus_t ksmbd_create_bind(struct ksmbd_open *open, const struct path *path,
			     bool overwrite);
/*
 * Joins the file's opens: the name must still be there, the others must agree.
 * @old: the file's attributes when it is to be overwritten, which takes part
 * in sharing as the writing and deleting that it is; else NULL.
 */
ntstatus_t ksmbd_create_join(struct ksmbd_request *rq, struct ksmbd_open *open,
			     struct ksmbd_create *c,
			     const struct ksmbd_dos_attr *old);
/* The client's from now on, in rq->open; takes @open over. */
ntstatus_t ksmbd_create_publish(struct ksmbd_request *rq, struct ksmbd_open *open,
				struct ksmbd_create *c);

/*
 * Holding ksmbd_file_lock(): may @open with @access join the opens of its file?
 * PENDING: not before others have given up what they cache.
 */
ntstatus_t ksmbd_create_agree(struct ksmbd_request *rq, struct ksmbd_open *open,
			      const struct ksmbd_create *c, u32 access,
			      bool overwrite);

void ksmbd_create_store_attributes(struct ksmbd_open *open, u32 attributes,
				   u64 create_time);
/*
 * AllocationSize is a hint ([MS-FSA] 2.1.5.1.1), so what would not fit is not
 * tried: a failed fallocate() may keep the space it got.
 */
void ksmbd_create_reserve(struct ksmbd_open *open, const struct ksmbd_create *c);

/* There is nothing by the name that @p leads to. */
ntstatus_t ksmbd_create_missing(struct ksmbd_request *rq, struct ksmbd_create *c,
				struct ksmbd_path *p);

#endif
