/* SPDX-License-Identifier: GPL-2.0 */
/* What a file says of itself, for one handle and for directory entries. */
#ifndef _KSMBD_STAT_H
#define _KSMBD_STAT_H

#include <linux/path.h>
#include <linux/stat.h>
#include "fs/dos_attr.h"
#include "fs/open.h"
#include "wire/fscc.h"

/* Asks the filesystem; needs no right on the object itself. */
int ksmbd_getattr(const struct path *path, struct kstat *st);
/* When it was born: as stored, as the filesystem knows, or the oldest time. */
u64 ksmbd_create_time(const struct kstat *st, const struct ksmbd_dos_attr *attr);
/*
 * Everything in @f that does not depend on an open.  @name is the last
 * component, whose dot may hide it; NULL for what is never hidden.
 */
int ksmbd_stat_path(const struct ksmbd_share *share, const struct path *path,
		    const char *name, struct fscc_file *f);
/* Stays the same for a filesystem as long as it can. */
u64 ksmbd_volume_serial(const struct super_block *sb);

/*
 * After the handle changed the file's data: marks it ARCHIVE, and puts the
 * write time back that a client has set on this handle.
 */
void ksmbd_file_written(struct ksmbd_open *open);
/* notify_change() with what goes around it; delegations are waited for. */
int ksmbd_setattr(const struct path *path, struct iattr *attr);
/* The same, but it only makes the file longer: up to attr->ia_size. */
int ksmbd_setattr_grow(const struct path *path, struct iattr *attr);
/* The same with ATTR_SIZE, which only shortens: a longer one leaves the size. */
int ksmbd_setattr_cut(const struct path *path, struct iattr *attr);

#endif
