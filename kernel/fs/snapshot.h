/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Previous versions: snapshots that are folders below one folder of the share, each
 * named after the time when it was made (UTC).  A client asks for a file with a time
 * (TWrp, [MS-SMB2] 2.2.13.2.7), and gets what lies under the folder of that name, with
 * the rights that the snapshot's files give, and never to be changed.
 */
#ifndef _KSMBD_SNAPSHOT_H
#define _KSMBD_SNAPSHOT_H

#include "fs/open.h"

/*
 * @path, as in ksmbd_create.name, in the snapshot of @nttime: kfree().
 * OBJECT_NAME_NOT_FOUND where the share has none.
 */
ntstatus_t ksmbd_snapshot_path(const struct ksmbd_share *share, u64 nttime,
			       const char *path, char **in_snapshot);
/*
 * FSCTL_SRV_ENUMERATE_SNAPSHOTS, [MS-SMB2] 3.3.5.15.1: those that the user may see
 * listed, the newest first; only how many where @w has no room for all.
 */
ntstatus_t ksmbd_fs_snapshots(struct ksmbd_tree *tree, struct wire_writer *w);

#endif
