/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The recycle bin of a share (vfs objects = recycle): a file that a client deletes
 * moves to a folder of the share instead.
 *
 * It is moved with the rights of who deletes it, so what he may not delete he cannot
 * move.  The folders of the bin are made as needed, by us: up to the component that
 * has his name in it they are everybody's to pass through and nobody's to list, from
 * there on his alone; where none has, everybody may put files there and take his own
 * out again, as in /tmp.  No symbolic link and no mount point is followed there.
 *
 * What cannot be moved stays where it is, and the log says why.  Deleted for good are
 * directories, streams, what is in the bin already, what the share excludes, and what
 * is not on the filesystem of the share's root.
 */
#ifndef _KSMBD_RECYCLE_H
#define _KSMBD_RECYCLE_H

#include <linux/path.h>
#include "server/recycle.h"

struct cred;
struct ksmbd_share;

/* Nothing was moved: the file is to be deleted. */
#define KSMBD_RECYCLE_NOT	1

/*
 * Moves the file at @path to @share's bin with @cred's rights: 0, KSMBD_RECYCLE_NOT, or
 * an errno, when it is to stay.  The caller holds no i_rwsem.
 */
int ksmbd_recycle(const struct ksmbd_share *share, const struct path *path,
		  const struct cred *cred);

#endif
