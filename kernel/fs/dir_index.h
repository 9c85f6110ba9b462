/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The names of large directories, found without regard to case.
 *
 * Linux looks names up as they are written.  That a name is not there in any
 * other case either takes a look at every entry, so that to create N files
 * would cost N * N.  A directory that was once read for that and is large gets
 * an index: its names in a hash table by their folded form.
 *
 * It is right at every moment, whoever changes the directory: fsnotify calls us
 * for each name that comes or goes, in the thread that makes the change and
 * under the directory's i_rwsem.  Adding and removing are idempotent, so
 * changes may arrive while the directory is still being read.  One error is
 * possible: a name that is removed just after it was read stays.  Such a hit
 * is found out when the name is looked up, and the index is thrown away; that
 * there is no name is never wrong.
 *
 * Only filesystems whose directories nobody else changes have one: no network,
 * no cluster, nothing that revalidates its dentries.
 */
#ifndef _KSMBD_DIR_INDEX_H
#define _KSMBD_DIR_INDEX_H

#include <linux/path.h>
#include <linux/types.h>

struct dentry;
struct inode;

#define KSMBD_DIR_INDEX_WORTH	32	/* entries from which on it pays */

/* Are all changes of the filesystem's directories made here, where fsnotify sees them? */
bool ksmbd_dir_is_private(const struct dentry *dir);
/*
 * A name in @dir that equals @name but for case, or exactly: 0 and @stored
 * (NAME_MAX + 1 bytes); -ENOENT, there is none; -EAGAIN, the directory has to
 * be read.
 */
int ksmbd_dir_index_find(struct inode *dir, const char *name, u32 len,
			 char *stored);
/*
 * @dir was read and has at least KSMBD_DIR_INDEX_WORTH entries.  The current
 * user may read it.  Nothing but speed is lost when it fails.
 */
void ksmbd_dir_index_build(const struct path *dir);
/* What it said was wrong. */
void ksmbd_dir_index_forget(struct inode *dir);

int ksmbd_dir_index_init(void);
void ksmbd_dir_index_exit(void);

#endif
