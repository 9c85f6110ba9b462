/* SPDX-License-Identifier: GPL-2.0 */
/* Extended attributes, [MS-FSCC] 2.4.16, kept as the file's user.* xattrs. */
#ifndef _KSMBD_EA_H
#define _KSMBD_EA_H

#include "fs/open.h"
#include "wire/fscc.h"

/* Does the filesystem of @inode keep EAs? */
bool ksmbd_ea_supported(const struct inode *inode);
/* What EaSize shows: [MS-FSA] 2.1.5.12.11.  Needs no right; 0 when unknown. */
u32 ksmbd_ea_size(const struct path *path);
/*
 * Is the list one that could be set?  EA_LIST_INCONSISTENT, INVALID_EA_NAME,
 * ACCESS_DENIED for the server's own names.  Looks at no file.
 */
ntstatus_t ksmbd_ea_check(struct wire_span list);
/*
 * Sets, replaces and (by an empty value) removes, with the caller's rights, all
 * of the list or, as far as the filesystem lets us, nothing.  @list was checked.
 */
ntstatus_t ksmbd_ea_set(const struct path *path, struct wire_span list);

#endif
