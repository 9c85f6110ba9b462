// SPDX-License-Identifier: GPL-2.0
#include "fs/dir_lease.h"

#include <linux/dcache.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/slab.h>
#include "compat/fsnotify.h"
#include "fs/dir_index.h"
#include "fs/notify.h"
#include "fs/oplock.h"
#include "server/user.h"

#define CHANGES		(FS_MODIFY | FS_ATTRIB)
#define EVENTS								\
	(FS_CREATE | FS_DELETE | FS_MOVED_FROM | FS_MOVED_TO |		\
	 CHANGES | FS_EVENT_ON_CHILD)

static struct fsnotify_group *group;
static atomic_t n_watched = ATOMIC_INIT(0);

bool ksmbd_dir_leases_exist(void)
{
	return atomic_read(&n_watched);
}

/* --- breaking --- */

/* Something in @dir changed; @by: the id of the lease whose client knows, or 0. */
static void changed(struct inode *dir, u64 by)
{
	struct ksmbd_file *file = ksmbd_file_find(dir);

	if (!file)
		return;
	if (READ_ONCE(file->n_grants))
		ksmbd_grants_break_but(file, by);
	ksmbd_file_put(file);
}

void ksmbd_dir_lease_child_changed(const struct ksmbd_open *open)
{
	struct dentry *parent;

	if (!ksmbd_dir_leases_exist() || IS_ROOT(open->filp->f_path.dentry))
		return;
	parent = dget_parent(open->filp->f_path.dentry);
	changed(d_inode(parent), open->parent_lease);
	dput(parent);
}

static int handle_event(struct fsnotify_group *g, u32 mask, const void *data,
			int type, struct inode *dir, const struct qstr *name,
			u32 cookie, struct fsnotify_iter_info *iter)
{
	u64 by = 0;

	/* of the directory itself, or of an inode by no name */
	if (!dir || !name)
		return 0;
	/* what a client modifies its handler says, or the close of its handle */
	if (mask & CHANGES && ksmbd_user_is_current())
		return 0;
	ksmbd_quiet_current(&by);
	changed(dir, by);
	return 0;
}

/* --- listening; under file->lock --- */

static void free_mark(struct fsnotify_mark *mark)
{
	kfree(mark);
}

static const struct fsnotify_ops ops = {
	.handle_event	= handle_event,
	.free_mark	= free_mark,
};

bool ksmbd_dir_lease_watch(struct ksmbd_open *open)
{
	struct ksmbd_file *dir = open->file;
	struct fsnotify_mark *mark;

	lockdep_assert_held(&dir->lock);
	if (dir->mark)
		return true;
	if (!ksmbd_dir_is_private(open->filp->f_path.dentry))
		return false;
	mark = kzalloc(sizeof(*mark), GFP_KERNEL);
	if (!mark)
		return false;
	fsnotify_init_mark(mark, group);
	mark->mask = EVENTS;
	atomic_inc(&n_watched);		/* first: a handler that sees none is not heard */
	if (compat_fsnotify_add_inode_mark(mark, dir->inode)) {
		atomic_dec(&n_watched);
		fsnotify_put_mark(mark);
		return false;
	}
	dir->mark = mark;
	return true;
}

void ksmbd_dir_lease_sync(struct ksmbd_file *dir)
{
	struct fsnotify_mark *mark = dir->mark;
	bool cached;

	lockdep_assert_held(&dir->lock);
	if (!mark)
		return;
	spin_lock(&dir->spin);
	cached = dir->n_caching[ilog2(SMB2_LEASE_READ)];
	spin_unlock(&dir->spin);
	if (cached)
		return;
	dir->mark = NULL;
	atomic_dec(&n_watched);
	fsnotify_destroy_mark(mark, group);
	fsnotify_put_mark(mark);
}

int ksmbd_dir_lease_init(void)
{
	group = compat_fsnotify_alloc_group(&ops);
	return PTR_ERR_OR_ZERO(group);
}

void ksmbd_dir_lease_exit(void)
{
	WARN_ON(atomic_read(&n_watched));
	fsnotify_put_group(group);
	/* after it no mark is freed and no event handled by code of ours */
	fsnotify_wait_marks_destroyed();
}
