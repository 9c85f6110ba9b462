// SPDX-License-Identifier: GPL-2.0
/*
 * From what fsnotify says to what watches note.
 *
 * An event comes with the directory's inode and the name in it.  We are in the
 * thread that made the change, under whatever locks it holds of directories:
 * that thread may sleep, so users' rights can be asked, but no such lock is
 * taken here.
 */
#include "fs/notify.h"

#include <linux/cred.h>
#include <linux/dcache.h>
#include <linux/err.h>
#include <linux/hashtable.h>
#include <linux/mount.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include "compat/fsnotify.h"
#include "compat/vfs.h"
#include "fs/acl.h"
#include "fs/dir_lease.h"
#include "fs/fs.h"

#define EVENTS								\
	(FS_CREATE | FS_DELETE | COMPAT_FS_RENAME | COMPAT_FS_MOVED |	\
	 FS_MODIFY | FS_ATTRIB | FS_EVENT_ON_CHILD)

/* What may be meant when a local process changes an inode. */
#define CHANGES_OF_ATTRIB						\
	(FILE_NOTIFY_CHANGE_ATTRIBUTES | FILE_NOTIFY_CHANGE_LAST_WRITE | \
	 FILE_NOTIFY_CHANGE_LAST_ACCESS | FILE_NOTIFY_CHANGE_CREATION |	\
	 FILE_NOTIFY_CHANGE_EA | FILE_NOTIFY_CHANGE_SECURITY)
#define CHANGES_OF_MODIFY						\
	(FILE_NOTIFY_CHANGE_SIZE | FILE_NOTIFY_CHANGE_LAST_WRITE)

/*
 * struct ksmbd_volume - a filesystem that is listened to
 * @n_watches: on it; under volumes_lock
 * @mark: with its last reference the volume is freed
 */
struct ksmbd_volume {
	struct list_head link;		/* under volumes_lock */
	struct super_block *sb;		/* each watch has a file open on it */
	u32 n_watches;
	struct fsnotify_mark mark;
};

static LIST_HEAD(volumes);
static DEFINE_MUTEX(volumes_lock);
static struct fsnotify_group *group;

/* --- a handler's own changes --- */

static DEFINE_HASHTABLE(quiet_tasks, 6);
static DEFINE_SPINLOCK(quiet_lock);	/* innermost */

void ksmbd_quiet_begin(struct ksmbd_quiet *q, u64 by)
{
	q->task = ksmbd_watches_exist() || (by && ksmbd_dir_leases_exist()) ?
		current : NULL;
	if (!q->task)
		return;
	q->by = by;
	spin_lock(&quiet_lock);
	hash_add(quiet_tasks, &q->hash, (unsigned long)current);
	spin_unlock(&quiet_lock);
}

bool ksmbd_quiet_current(u64 *by)
{
	struct ksmbd_quiet *q;
	bool quiet = false;

	spin_lock(&quiet_lock);
	/* the newest is the first */
	hash_for_each_possible(quiet_tasks, q, hash, (unsigned long)current)
		if (q->task == current) {
			quiet = true;
			*by = q->by;
			break;
		}
	spin_unlock(&quiet_lock);
	return quiet;
}

/* --- one event --- */

/*
 * struct event - changes in one directory, on the way up to the watches
 * @dir: where
 * @here: how far up we are
 * @path: from @here to @dir, each component with a backslash; at the end of
 *	@buf
 * @hidden: a name on the way that clients cannot say
 * @too_long: @path has no room any more
 */
struct event {
	const struct ksmbd_change *changes;
	u32 n_changes;
	u32 filter;
	struct dentry *dir, *here;
	char *buf, *path;
	bool hidden, too_long;
};

/* Every directory between the watch and the change: is it his to look into? */
static bool may_traverse(const struct ksmbd_watch *w, const struct event *e)
{
	struct vfsmount *mnt = w->open->filp->f_path.mnt;
	struct path at = { .mnt = mnt, .dentry = dget(e->dir) };
	int mask = MAY_READ | MAY_EXEC;
	struct dentry *parent;
	bool may = true;

	while (may && at.dentry != w->dir && !IS_ROOT(at.dentry)) {
		may = !compat_permission(&at, mask);
		mask = MAY_EXEC;
		parent = dget_parent(at.dentry);
		dput(at.dentry);
		at.dentry = parent;
	}
	dput(at.dentry);
	return may;
}

/* As QUERY_DIRECTORY would: who cannot list a directory learns no names in it. */
static bool may_list(const struct ksmbd_watch *w, const struct event *e)
{
	struct ksmbd_tree *tree = w->open->tree;
	struct vfsmount *mnt = w->open->filp->f_path.mnt;
	struct path dir = { .mnt = mnt, .dentry = e->dir };
	struct path parent = { .mnt = mnt };
	const struct cred *saved;
	bool may;

	if (e->dir == w->dir)
		return true;		/* the handle was granted it */
	saved = override_creds(w->open->cred);
	may = may_traverse(w, e);
	if (may && ksmbd_acl_stored(tree->share)) {
		parent.dentry = dget_parent(e->dir);
		may = ksmbd_acl_limit(tree, &dir, &parent, FILE_LIST_DIRECTORY);
		dput(parent.dentry);
	}
	revert_creds(saved);
	return may;
}

static bool vetoed(const struct ksmbd_share *share, const char *name, u32 len)
{
	char *copy;
	bool vetoed;

	if (!share->veto_list)
		return false;
	copy = kstrndup(name, len, GFP_NOFS);
	vetoed = !copy || ksmbd_fs_vetoed(share, copy);
	kfree(copy);
	return vetoed;
}

static bool path_vetoed(const struct ksmbd_share *share, const struct event *e,
			u32 len)
{
	const char *from = e->path, *end = e->path + len, *to;

	for (; from < end; from = to + 1) {
		to = memchr(from, '\\', end - from);
		if (vetoed(share, from, to - from))
			return true;
	}
	return false;
}

static void visit(struct ksmbd_watch *w, void *arg)
{
	const struct ksmbd_share *share = w->open->tree->share;
	const struct event *e = arg;
	struct wire_span path = {
		.data	= (const u8 *)e->path,
		.len	= e->buf + PATH_MAX - e->path,
	};
	struct ksmbd_change seen[2];
	u32 n = 0;

	if (!may_list(w, e))
		return;
	/* whether a name is hidden cannot be asked here: the client lists anew */
	if (e->too_long || share->flags & KSMBD_SHARE_FLAGS_HIDE) {
		ksmbd_watch_overflow(w);
		return;
	}
	if (path_vetoed(share, e, path.len))
		return;
	for (u32 i = 0; i < e->n_changes; i++) {
		struct wire_span name = e->changes[i].name;

		if (!vetoed(share, (const char *)name.data, name.len))
			seen[n++] = e->changes[i];
	}
	if (n)
		ksmbd_watch_note(w, path, seen, n);
}

/* One directory up; its name goes before the path. */
static void step_up(struct event *e)
{
	struct dentry *parent = dget_parent(e->here);
	struct name_snapshot name;
	u32 len;

	take_dentry_name_snapshot(&name, e->here);
	len = name.name.len;
	e->hidden |= !!memchr(name.name.name, '\\', len);
	e->too_long |= len + 1 > e->path - e->buf;
	if (!e->too_long) {
		*--e->path = '\\';
		e->path -= len;
		memcpy(e->path, name.name.name, len);
	}
	release_dentry_name_snapshot(&name);
	dput(e->here);
	e->here = parent;
}

static void tell_dentry(struct dentry *dir, u32 filter,
			const struct ksmbd_change *changes, u32 n)
{
	struct event e = {
		.changes	= changes,
		.n_changes	= n,
		.filter		= filter,
		.dir		= dir,
	};
	char nothing[1];

	e.buf = kmalloc(PATH_MAX, GFP_NOFS);
	e.too_long = !e.buf;
	if (!e.buf)
		e.buf = nothing;	/* never written to */
	e.path = e.too_long ? e.buf : e.buf + PATH_MAX;
	e.here = dget(dir);
	ksmbd_watches_visit(e.here, filter, false, visit, &e);
	while (!IS_ROOT(e.here) && !e.hidden) {
		step_up(&e);
		if (!e.hidden)
			ksmbd_watches_visit(e.here, filter, true, visit, &e);
	}
	dput(e.here);
	if (e.buf != nothing)
		kfree(e.buf);
}

static void tell(struct inode *dir, u32 filter,
		 const struct ksmbd_change *changes, u32 n)
{
	/* a directory has one; and without any nobody has it open */
	struct dentry *dentry = d_find_any_alias(dir);

	if (!dentry)
		return;
	if (ksmbd_watched(dentry))
		tell_dentry(dentry, filter, changes, n);
	dput(dentry);
}

static struct ksmbd_change change_of(u32 action, const struct qstr *name)
{
	return (struct ksmbd_change) {
		.action	= action,
		.name	= { .data = name->name, .len = name->len },
	};
}

static void tell_one(struct inode *dir, u32 filter, u32 action,
		     const struct qstr *name)
{
	const struct ksmbd_change change = change_of(action, name);

	/* what QUERY_DIRECTORY leaves out too */
	if (!memchr(name->name, '\\', name->len))
		tell(dir, filter, &change, 1);
}

/* [MS-FSA] 2.1.5.15.11: into another directory it goes from one and comes to one. */
static void tell_rename(struct inode *old_dir, const struct qstr *old,
			struct dentry *moved, u32 filter)
{
	/* the mover holds both directories: parent and name stay */
	struct inode *new_dir = d_inode(moved->d_parent);
	struct ksmbd_change pair[] = {
		change_of(FILE_ACTION_RENAMED_OLD_NAME, old),
		change_of(FILE_ACTION_RENAMED_NEW_NAME, &moved->d_name),
	};

	if (new_dir == old_dir && !memchr(old->name, '\\', old->len) &&
	    !memchr(moved->d_name.name, '\\', moved->d_name.len)) {
		tell(old_dir, filter, pair, 2);
		return;
	}
	tell_one(old_dir, filter, FILE_ACTION_REMOVED, old);
	tell_one(new_dir, filter, FILE_ACTION_ADDED, &moved->d_name);
}

static void tell_gone(struct ksmbd_watch *w, void *arg)
{
	ksmbd_watch_deleted(w);
}

/* A directory was removed: perhaps one that is watched. */
static void directory_gone(struct inode *inode)
{
	struct dentry *dentry = inode ? d_find_any_alias(inode) : NULL;

	if (!dentry)
		return;
	ksmbd_watches_visit(dentry, ~0, false, tell_gone, NULL);
	dput(dentry);
}

/* --- fsnotify --- */

static void name_event(u32 mask, const void *data, int type, struct inode *dir,
		       const struct qstr *name)
{
	u32 filter = mask & FS_ISDIR ? FILE_NOTIFY_CHANGE_DIR_NAME :
				       FILE_NOTIFY_CHANGE_FILE_NAME;
	bool same = mask & COMPAT_FS_SAME_DIR;

	if (mask & COMPAT_FS_RENAME) {
		tell_rename(dir, name, compat_fsnotify_moved(data, type), filter);
	} else if (mask & FS_CREATE) {
		tell_one(dir, filter, FILE_ACTION_ADDED, name);
	} else if (mask & FS_DELETE) {
		if (mask & FS_ISDIR)
			directory_gone(compat_fsnotify_inode(data, type));
		tell_one(dir, filter, FILE_ACTION_REMOVED, name);
	} else if (mask & COMPAT_FS_MOVED & FS_MOVED_FROM) {
		tell_one(dir, filter, same ? FILE_ACTION_RENAMED_OLD_NAME :
					     FILE_ACTION_REMOVED, name);
	} else if (mask & COMPAT_FS_MOVED & FS_MOVED_TO) {
		tell_one(dir, filter, same ? FILE_ACTION_RENAMED_NEW_NAME :
					     FILE_ACTION_ADDED, name);
	}
}

static int handle_event(struct fsnotify_group *g, u32 mask, const void *data,
			int type, struct inode *dir, const struct qstr *name,
			u32 cookie, struct fsnotify_iter_info *iter)
{
	struct inode *inode = compat_fsnotify_inode(data, type);
	u64 by;

	/* of a directory itself, or of an inode by no name */
	if (!dir || !name)
		return 0;
	/* no client sees symbolic links */
	if (inode && S_ISLNK(inode->i_mode))
		return 0;
	if (!(mask & (FS_MODIFY | FS_ATTRIB))) {
		name_event(mask, data, type, dir, name);
	} else if (!ksmbd_quiet_current(&by)) {
		tell_one(dir, (mask & FS_ATTRIB ? CHANGES_OF_ATTRIB : 0) |
			      (mask & FS_MODIFY ? CHANGES_OF_MODIFY : 0),
			 FILE_ACTION_MODIFIED, name);
	}
	return 0;
}

void ksmbd_quiet_end(struct ksmbd_quiet *q, struct ksmbd_open *open, u32 filter)
{
	struct name_snapshot name;
	struct dentry *parent;

	if (!q->task)
		return;
	spin_lock(&quiet_lock);
	hash_del(&q->hash);
	spin_unlock(&quiet_lock);
	if (!filter || !open || !open->filp ||
	    IS_ROOT(open->filp->f_path.dentry))
		return;
	parent = dget_parent(open->filp->f_path.dentry);
	take_dentry_name_snapshot(&name, open->filp->f_path.dentry);
	tell_one(d_inode(parent), filter, FILE_ACTION_MODIFIED, &name.name);
	release_dentry_name_snapshot(&name);
	dput(parent);
}

static void free_mark(struct fsnotify_mark *mark)
{
	kfree(container_of(mark, struct ksmbd_volume, mark));
}

static const struct fsnotify_ops ops = {
	.handle_event	= handle_event,
	.free_mark	= free_mark,
};

static struct ksmbd_volume *find_volume(struct super_block *sb)
{
	struct ksmbd_volume *v;

	lockdep_assert_held(&volumes_lock);
	list_for_each_entry(v, &volumes, link)
		if (v->sb == sb)
			return v;
	return NULL;
}

static struct ksmbd_volume *new_volume(struct super_block *sb)
{
	struct ksmbd_volume *v = kzalloc(sizeof(*v), GFP_KERNEL);
	int err;

	if (!v)
		return ERR_PTR(-ENOMEM);
	v->sb = sb;
	fsnotify_init_mark(&v->mark, group);
	v->mark.mask = EVENTS;
	err = compat_fsnotify_add_sb_mark(&v->mark, sb);
	if (err) {
		fsnotify_put_mark(&v->mark);
		return ERR_PTR(err);
	}
	list_add(&v->link, &volumes);
	return v;
}

struct ksmbd_volume *ksmbd_volume_get(struct super_block *sb)
{
	struct ksmbd_volume *v;

	mutex_lock(&volumes_lock);
	v = find_volume(sb);
	if (!v)
		v = new_volume(sb);
	if (!IS_ERR(v))
		v->n_watches++;
	mutex_unlock(&volumes_lock);
	return v;
}

void ksmbd_volume_put(struct ksmbd_volume *v)
{
	mutex_lock(&volumes_lock);
	if (!--v->n_watches) {
		list_del(&v->link);
		fsnotify_destroy_mark(&v->mark, group);
		fsnotify_put_mark(&v->mark);
	}
	mutex_unlock(&volumes_lock);
}

int ksmbd_notify_init(void)
{
	group = compat_fsnotify_alloc_group(&ops);
	return PTR_ERR_OR_ZERO(group);
}

void ksmbd_notify_exit(void)
{
	ksmbd_watches_exit();
	fsnotify_put_group(group);
	/* after it no mark is freed and no event handled by code of ours */
	fsnotify_wait_marks_destroyed();
}
