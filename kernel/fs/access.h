/* SPDX-License-Identifier: GPL-2.0 */
/* Windows access rights from Unix permissions and security descriptors. */
#ifndef _KSMBD_ACCESS_H
#define _KSMBD_ACCESS_H

#include <linux/path.h>
#include "server/tree.h"

/* [MS-DTYP] 2.4.3: generic rights to those of files; other bits stay. */
u32 ksmbd_access_map_generic(u32 access);
/*
 * All that the current user may do to @entry in @parent on @tree.  Unix lets
 * everyone who reaches an object look at its attributes; deleting is a right
 * of the directory, sticky bit included.
 */
u32 ksmbd_access_maximal(const struct ksmbd_tree *tree,
			 const struct path *entry, const struct path *parent);
/* Everything that changes something; a read-only tree never grants it. */
#define KSMBD_ACCESS_WRITES						\
	(FILE_WRITE_DATA | FILE_APPEND_DATA | FILE_WRITE_EA |		\
	 FILE_DELETE_CHILD | FILE_WRITE_ATTRIBUTES | ACCESS_DELETE |	\
	 ACCESS_WRITE_DAC | ACCESS_WRITE_OWNER)

#endif
