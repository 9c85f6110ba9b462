/* SPDX-License-Identifier: GPL-2.0 */
/*
 * DOS attributes and creation time, kept in the xattr user.DOSATTRIB as Samba
 * and stock ksmbd keep them.  What is read there was perhaps written by
 * somebody hostile: it is bounded and checked like bytes from the network.
 */
#ifndef _KSMBD_DOS_ATTR_H
#define _KSMBD_DOS_ATTR_H

#include <linux/path.h>
#include "server/tree.h"

/**
 * struct ksmbd_dos_attr - what the xattr says
 * @attributes: FILE_ATTRIBUTE_READONLY, HIDDEN, SYSTEM, ARCHIVE and others that
 *	Windows stores; never DIRECTORY
 * @create_time: NTTIME; 0 when unknown
 */
struct ksmbd_dos_attr {
	u32 attributes;
	u64 create_time;
};

/*
 * Reads it; without one, or on a share that stores none, @attr becomes what
 * Linux alone says (nothing set).  Never fails for the caller.
 */
void ksmbd_dos_attr_get(const struct ksmbd_share *share,
			const struct path *path, struct ksmbd_dos_attr *attr);
/* Writes it, if the share stores them; under the caller's credentials. */
int ksmbd_dos_attr_set(const struct ksmbd_share *share,
		       const struct path *path,
		       const struct ksmbd_dos_attr *attr);

#endif
