/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Leases of directories: a client keeps a listing until something in it changes.
 * [MS-SMB2] 3.3.4.7, 3.3.5.9.11; [MS-FSA] 2.1.4.12 with PARENT_OBJECT.
 *
 * A grant like one of a file, but for WRITE, which no directory has.  What else takes
 * it is that a name in the directory comes, goes or looks different.  fsnotify says
 * so, of local processes and of ourselves alike, in the thread that makes the change;
 * what a client modifies without a new name its handler says.  What is written is
 * told of when the handle closes, as on Windows.
 *
 * A client knows what it does itself: where it names the directory's lease as its
 * handle's parent, that lease stays.  The two are compared by ksmbd_lease_id().
 */
#ifndef _KSMBD_DIR_LEASE_H
#define _KSMBD_DIR_LEASE_H

#include "fs/open.h"

/* Is there any directory that clients cache? */
bool ksmbd_dir_leases_exist(void);

/*
 * Listens to what happens in @open's directory from now on; false: cannot, or not
 * everybody who changes it is heard.  Under file->lock, as the next.
 */
bool ksmbd_dir_lease_watch(struct ksmbd_open *open);
/* Listens no longer when no client caches the directory. */
void ksmbd_dir_lease_sync(struct ksmbd_file *dir);

/* What @open leads to looks different in its directory. */
void ksmbd_dir_lease_child_changed(const struct ksmbd_open *open);

int ksmbd_dir_lease_init(void);
void ksmbd_dir_lease_exit(void);	/* after the last open */

#endif
