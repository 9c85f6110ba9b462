// SPDX-License-Identifier: GPL-2.0
#include "fs/path.h"

#include <linux/cred.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/namei.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include "compat/vfs.h"
#include "fs/casefold.h"
#include "fs/dir_index.h"
#include "fs/fs.h"
#include "wire/short_name.h"

/*
 * A scan for a name in another case.  A name that may be a short one also
 * finds the file whose short name it is, if no file has it for its own.
 */
struct caseless_scan {
	struct dir_context ctx;
	const struct ksmbd_folded *wanted;
	u32 len;			/* of @found; 0: nothing yet */
	char found[NAME_MAX + 1];
	const struct ksmbd_share *share;
	const char *short_name;		/* what was asked for, if it may be one */
	u32 short_len;
	u32 n_seen;
	char short_owner[NAME_MAX + 1];
};

static void compare_short(struct caseless_scan *scan, const char *name, u32 len)
{
	char short_name[WIRE_SHORT_NAME_MAX + 1];

	if (!scan->short_name || *scan->short_owner)
		return;
	wire_short_name(name, len, short_name);
	if (strlen(short_name) != scan->short_len ||
	    strncasecmp(short_name, scan->short_name, scan->short_len))
		return;
	memcpy(scan->short_owner, name, len);
	scan->short_owner[len] = '\0';
	/* its own name was checked, which this is not */
	if (ksmbd_fs_vetoed(scan->share, scan->short_owner))
		*scan->short_owner = '\0';
}

static bool compare_entry(struct dir_context *ctx, const char *name, int len,
			  loff_t pos, u64 ino, unsigned int type)
{
	struct caseless_scan *scan = container_of(ctx, struct caseless_scan, ctx);

	scan->n_seen++;
	if (len <= 0 || len > NAME_MAX)
		return true;
	if (!ksmbd_casefold_equal(scan->wanted, name, len)) {
		compare_short(scan, name, len);
		return true;
	}
	memcpy(scan->found, name, len);
	scan->found[len] = '\0';
	scan->len = len;
	return false;			/* that is enough */
}
COMPAT_ACTOR(compare_entry);

/*
 * Reads the directory for a name that equals @name but for case.  0 and the
 * name as stored, or -ENOENT; also -ENOENT when the user may not list it.
 */
static int scan_caseless(const struct ksmbd_share *share, const struct path *dir,
			 const char *name, u32 len, char *stored)
{
	struct caseless_scan *scan;
	struct ksmbd_folded *wanted;
	struct file *filp;
	loff_t before;
	int err;

	if (compat_permission(dir, MAY_READ))	/* dentry_open() does not ask */
		return -ENOENT;
	filp = dentry_open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC,
			   current_cred());
	if (IS_ERR(filp))
		return PTR_ERR(filp) == -ENOMEM ? -ENOMEM : -ENOENT;
	scan = kzalloc(sizeof(*scan), GFP_KERNEL);
	wanted = kmalloc(sizeof(*wanted), GFP_KERNEL);
	if (!scan || !wanted) {
		err = -ENOMEM;
		goto out;
	}
	ksmbd_casefold(wanted, name, len);
	scan->wanted = wanted;
	scan->share = share;
	if (wire_is_hashed_name(name, len)) {
		scan->short_name = name;
		scan->short_len = len;
	}
	scan->ctx.actor = compare_entry_actor;
	do {
		before = scan->ctx.pos;
		err = iterate_dir(filp, &scan->ctx);
		if (fatal_signal_pending(current))
			err = -EINTR;
		cond_resched();
	} while (!err && !scan->len && scan->ctx.pos != before);
	if (!err && scan->len)
		memcpy(stored, scan->found, scan->len + 1);
	else if (!err && *scan->short_owner)
		strcpy(stored, scan->short_owner);
	else if (!err)
		err = -ENOENT;
	if (scan->n_seen >= KSMBD_DIR_INDEX_WORTH)
		ksmbd_dir_index_build(dir);
out:
	kfree(wanted);
	kfree(scan);
	compat_fput(filp);
	return err;
}

/* As scan_caseless(), for short names too; -EAGAIN: the directory has to be read. */
static int find_indexed(const struct path *dir, const char *name, u32 len,
			char *stored)
{
	int err = ksmbd_dir_index_find(d_inode(dir->dentry), name, len, stored);

	if (err == -EAGAIN || (err && wire_is_hashed_name(name, len)))
		return -EAGAIN;
	/* what the scan would need too */
	return compat_permission(dir, MAY_READ) ? -ENOENT : err;
}

/* Steps onto what is mounted there, if the share goes across mounts. */
static int cross_mount(struct ksmbd_tree *tree, struct path *entry)
{
	if (d_is_symlink(entry->dentry))
		return -ELOOP;
	if (!d_mountpoint(entry->dentry))
		return 0;
	if (!(tree->share->flags & KSMBD_SHARE_FLAG_CROSSMNT))
		return -ELOOP;
	/* what is mounted already; nothing is made to mount itself */
	while (d_mountpoint(entry->dentry) && follow_down_one(entry))
		;
	return d_is_symlink(entry->dentry) ? -ELOOP : 0;
}

static int lookup_exact(const struct path *dir, const char *name, u32 len,
			struct path *entry)
{
	struct dentry *dentry;

	dentry = compat_lookup_unlocked(dir->mnt, name, dir->dentry, len);
	if (IS_ERR(dentry))
		return PTR_ERR(dentry);
	if (d_is_negative(dentry)) {
		dput(dentry);
		return -ENOENT;
	}
	entry->mnt = mntget(dir->mnt);
	entry->dentry = dentry;
	return 0;
}

static int lookup_caseless(const struct ksmbd_share *share,
			   const struct path *dir, const char *name, u32 len,
			   struct path *entry)
{
	char *stored = kmalloc(NAME_MAX + 1, GFP_KERNEL);
	int err;

	if (!stored)
		return -ENOMEM;
	err = find_indexed(dir, name, len, stored);
	if (!err) {
		err = lookup_exact(dir, stored, strlen(stored), entry);
		if (err == -ENOENT) {		/* a name that is gone */
			ksmbd_dir_index_forget(d_inode(dir->dentry));
			err = -EAGAIN;
		}
	}
	if (err == -EAGAIN) {
		err = scan_caseless(share, dir, name, len, stored);
		if (!err)
			err = lookup_exact(dir, stored, strlen(stored), entry);
	}
	kfree(stored);
	return err;
}

int ksmbd_path_lookup(struct ksmbd_tree *tree, const struct path *dir,
		      const char *name, u32 len, bool exact,
		      struct path *entry)
{
	int err;

	if (len > NAME_MAX)
		return -ENAMETOOLONG;
	err = lookup_exact(dir, name, len, entry);
	/* a directory that folds by itself has missed for good, but short names */
	if (err == -ENOENT && !exact &&
	    (!IS_CASEFOLDED(d_inode(dir->dentry)) ||
	     wire_is_hashed_name(name, len)))
		err = lookup_caseless(tree->share, dir, name, len, entry);
	if (err)
		return err;
	err = cross_mount(tree, entry);
	if (err)
		path_put(entry);
	return err;
}

/* One component down: *dir is replaced. */
static int descend(struct ksmbd_tree *tree, struct path *dir, const char *name,
		   u32 len, bool exact)
{
	struct path next;
	int err;

	err = ksmbd_path_lookup(tree, dir, name, len, exact, &next);
	if (err)
		return err == -ENOENT ? -ENOTDIR : err;
	if (!d_can_lookup(next.dentry)) {
		path_put(&next);
		return -ENOTDIR;
	}
	path_put(dir);
	*dir = next;
	return 0;
}

/* The last component: what is there, under the name that it has there. */
static int resolve_last(struct ksmbd_tree *tree, struct ksmbd_path *p,
			const char *name, u32 len, bool exact)
{
	struct name_snapshot stored;
	int err;

	if (len > NAME_MAX)
		return -ENAMETOOLONG;
	memcpy(p->name, name, len);
	p->name[len] = '\0';
	err = ksmbd_path_lookup(tree, &p->parent, name, len, exact, &p->entry);
	if (err) {
		p->entry = (struct path) { };
		return err;
	}
	if (p->entry.mnt == p->parent.mnt) {
		take_dentry_name_snapshot(&stored, p->entry.dentry);
		strscpy(p->name, stored.name.name, sizeof(p->name));
		release_dentry_name_snapshot(&stored);
	}
	return 0;
}

int ksmbd_path_resolve(struct ksmbd_tree *tree, const char *name, bool exact,
		       struct ksmbd_path *p)
{
	const char *end;
	int err;

	p->parent = tree->share->root;
	path_get(&p->parent);
	p->entry = (struct path) { };
	p->name[0] = '\0';
	if (!*name) {
		p->entry = tree->share->root;
		path_get(&p->entry);
		return 0;
	}
	while ((end = strchr(name, '/'))) {
		err = descend(tree, &p->parent, name, end - name, exact);
		if (err)
			goto undo_parent;
		name = end + 1;
	}
	err = resolve_last(tree, p, name, strlen(name), exact);
	if (err && err != -ENOENT)
		goto undo_parent;
	return err;

undo_parent:
	path_put(&p->parent);
	return err;
}

void ksmbd_path_put(struct ksmbd_path *p)
{
	path_put(&p->entry);		/* NULL is fine */
	path_put(&p->parent);
}

bool ksmbd_path_inside(struct ksmbd_tree *tree, const struct path *dir)
{
	return path_is_under(dir, &tree->share->root);
}
