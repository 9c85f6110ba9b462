// SPDX-License-Identifier: GPL-2.0
/*
 * QUERY_DIRECTORY, [MS-FSA] 2.1.5.6.3.
 *
 * Names are read in batches, and looked at after the filesystem has let go of
 * the directory.  A batch stays with the handle until all of it was sent: to
 * seek back to the first name that did not fit would, where directory
 * positions are hashes, now and then lose or repeat a name.
 *
 * Symbolic links and mount points that the share does not cross are left out,
 * as they cannot be opened: what is behind them is nobody's business here.
 */
#include "fs/dir.h"

#include <linux/file.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/namei.h>
#include <linux/slab.h>
#include "compat/vfs.h"
#include "fs/access.h"
#include "fs/apple.h"
#include "fs/ea.h"
#include "fs/fs.h"
#include "fs/path.h"
#include "fs/stat.h"

#define BATCH_SIZE	8000		/* bytes of names; all within two pages */
#define NO_ENTRY	((u32)-1)

/* open->scan_emitted: what comes next */
enum { SCAN_DOT, SCAN_DOT_DOT, SCAN_ENTRIES, SCAN_DONE };

struct batch_entry {
	u64 ino;
	u16 len;
	u8 type;			/* DT_* */
	char name[];			/* NUL-terminated */
};

struct ksmbd_dir_batch {
	struct dir_context ctx;
	u32 used, next;
	u8 data[BATCH_SIZE] __aligned(8);
};

/* One QUERY_DIRECTORY under way. */
struct dir_query {
	struct ksmbd_open *open;
	u8 info_class;
	struct wire_writer *w;
	u32 prev;			/* position of the last entry */
	bool any;
};

static u32 entry_size(u32 len)
{
	return ALIGN(offsetof(struct batch_entry, name) + len + 1,
		     __alignof__(struct batch_entry));
}

static bool is_dots(const char *name, u32 len)
{
	return *name == '.' && (len == 1 || (len == 2 && name[1] == '.'));
}

/* --- reading names --- */

static bool collect(struct dir_context *ctx, const char *name, int len,
		    loff_t pos, u64 ino, unsigned int type)
{
	struct ksmbd_dir_batch *batch =
		container_of(ctx, struct ksmbd_dir_batch, ctx);
	struct batch_entry *e;

	/* no name of ours; a backslash would be a path to the client */
	if (len <= 0 || len > NAME_MAX || is_dots(name, len) ||
	    type == DT_LNK || memchr(name, '\\', len))
		return true;
	if (entry_size(len) > BATCH_SIZE - batch->used)
		return false;
	e = (struct batch_entry *)(batch->data + batch->used);
	e->ino = ino;
	e->len = len;
	e->type = type;
	memcpy(e->name, name, len);
	e->name[len] = '\0';
	batch->used += entry_size(len);
	return true;
}
COMPAT_ACTOR(collect);

/* The next names; none is the end.  Positions are the struct file's. */
static int read_batch(struct ksmbd_open *open)
{
	struct ksmbd_dir_batch *batch = open->batch;
	loff_t before;
	int err;

	if (!batch) {
		batch = kvmalloc(sizeof(*batch), GFP_KERNEL);
		if (!batch)
			return -ENOMEM;
		open->batch = batch;
	}
	batch->ctx = (struct dir_context) { .actor = collect_actor };
	batch->used = 0;
	batch->next = 0;
	do {
		before = open->filp->f_pos;
		err = iterate_dir(open->filp, &batch->ctx);
	} while (!err && !batch->used && open->filp->f_pos != before);
	if (batch->used)
		return 0;
	return err == -ENOENT ? 0 : err;	/* removed meanwhile: it is empty */
}

static void drop_batch(struct ksmbd_open *open)
{
	kvfree(open->batch);
	open->batch = NULL;
}

/* --- writing entries --- */

static int put_entry(struct dir_query *q, const struct fscc_file *f,
		     const char *name)
{
	int at = fscc_put_dir_entry(q->w, q->info_class, q->prev, f, name,
				    strlen(name), NULL);

	if (at < 0)
		return at;
	q->prev = at;
	q->any = true;
	return 0;
}

static int put_path(struct dir_query *q, const struct path *path,
		    const char *name, bool dots)
{
	struct fscc_apple apple;
	struct fscc_file f;

	/* one that fails vanished between its name and itself */
	if (ksmbd_stat_path(q->open->tree->share, path, dots ? NULL : name, &f))
		return 0;
	if (READ_ONCE(q->open->tree->apple) &&
	    q->info_class == FILE_ID_BOTH_DIRECTORY_INFORMATION) {
		ksmbd_apple_describe(q->open, path,
				     ksmbd_timespec(f.creation_time).tv_sec,
				     &apple);
		f.apple = &apple;
	} else if (fscc_dir_class_has_ea_size(q->info_class)) {
		f.ea_size = ksmbd_ea_size(path);
	}
	return put_entry(q, &f, name);
}

/* What the directory alone tells, to those who may list it but not enter. */
static int put_bare(struct dir_query *q, const struct batch_entry *e)
{
	struct fscc_file f = {
		.attributes	= e->type == DT_DIR ? FILE_ATTRIBUTE_DIRECTORY :
						      FILE_ATTRIBUTE_NORMAL,
		.index_number	= e->ino,
	};

	return put_entry(q, &f, e->name);
}

/* Left out of listings on this share, for this user; it can still be asked for. */
static bool is_hidden(const struct dir_query *q, const struct path *path)
{
	const struct ksmbd_tree *tree = q->open->tree;
	u32 flags = tree->share->flags & KSMBD_SHARE_FLAGS_HIDE;
	bool file = d_is_reg(path->dentry);
	u32 may;

	if (!flags)
		return false;
	if (flags & KSMBD_SHARE_FLAG_HIDE_SPECIAL && !file &&
	    !d_is_dir(path->dentry))
		return true;
	may = ksmbd_access_maximal(tree, path, &q->open->filp->f_path);
	/* a directory may hold what can be written */
	return (flags & KSMBD_SHARE_FLAG_HIDE_UNREADABLE &&
		!(may & FILE_READ_DATA)) ||
	       (flags & KSMBD_SHARE_FLAG_HIDE_UNWRITEABLE && file &&
		!(may & FILE_WRITE_DATA));
}

static int put_batch_entry(struct dir_query *q, const struct batch_entry *e)
{
	struct ksmbd_tree *tree = q->open->tree;
	bool hides = tree->share->flags & KSMBD_SHARE_FLAGS_HIDE;
	struct path path;
	int err;

	if (!ksmbd_fs_match(q->open->pattern, e->name) ||
	    ksmbd_fs_vetoed(tree->share, e->name))
		return 0;
	/* names alone need no look at the files, if they surely are files */
	if (q->info_class == FILE_NAMES_INFORMATION && e->type != DT_UNKNOWN &&
	    !hides)
		return put_bare(q, e);
	err = ksmbd_path_lookup(tree, &q->open->filp->f_path, e->name, e->len,
				true, &path);
	if (err == -ENOENT || err == -ELOOP)
		return 0;
	if (err)	/* who may not look at them may read none of them */
		return hides ? 0 : put_bare(q, e);
	err = is_hidden(q, &path) ? 0 : put_path(q, &path, e->name, false);
	path_put(&path);
	return err;
}

static int put_dot(struct dir_query *q)
{
	return put_path(q, &q->open->filp->f_path, ".", true);
}

/* "..", of the share's root and of whatever was moved out of the share, is "." */
static int put_dot_dot(struct dir_query *q)
{
	struct ksmbd_tree *tree = q->open->tree;
	const struct path *dir = &q->open->filp->f_path;
	struct path parent = { .mnt = dir->mnt };
	bool top = dir->dentry == tree->share->root.dentry ||
		   dir->dentry == dir->mnt->mnt_root;
	int err;

	parent.dentry = top ? dget(dir->dentry) : dget_parent(dir->dentry);
	if (!ksmbd_path_inside(tree, &parent))
		err = put_path(q, dir, "..", true);
	else
		err = put_path(q, &parent, "..", true);
	dput(parent.dentry);
	return err;
}

/* --- the scan --- */

/* A pattern without wildcards is a name, to be looked up and not searched. */
static int scan_name(struct dir_query *q)
{
	struct ksmbd_open *open = q->open;
	const char *name = open->pattern;
	struct name_snapshot stored;
	struct path path;
	int err;

	if (open->scan_emitted == SCAN_DONE)
		return 0;
	if (!strcmp(name, ".") || !strcmp(name, "..")) {
		err = name[1] ? put_dot_dot(q) : put_dot(q);
		goto done;
	}
	err = 0;
	if (ksmbd_fs_vetoed(open->tree->share, name))
		goto done;
	err = ksmbd_path_lookup(open->tree, &open->filp->f_path, name,
				strlen(name), false, &path);
	if (err) {
		/* too long, a link, forbidden: no such file in any case */
		err = err == -ENOMEM ? err : 0;
		goto done;
	}
	if (is_hidden(q, &path)) {
		err = 0;
	} else if (path.mnt == open->filp->f_path.mnt) {
		take_dentry_name_snapshot(&stored, path.dentry);
		err = put_path(q, &path, (const char *)stored.name.name, false);
		release_dentry_name_snapshot(&stored);
	} else {
		err = put_path(q, &path, name, false);
	}
	path_put(&path);
done:
	if (!err)
		open->scan_emitted = SCAN_DONE;
	return err;
}

static int scan_dots(struct dir_query *q, bool single)
{
	struct ksmbd_open *open = q->open;
	int err;

	if (open->scan_emitted == SCAN_DOT) {
		err = ksmbd_fs_match(open->pattern, ".") ? put_dot(q) : 0;
		if (err)
			return err;
		open->scan_emitted = SCAN_DOT_DOT;
	}
	if (single && q->any)
		return 0;
	if (open->scan_emitted == SCAN_DOT_DOT) {
		err = ksmbd_fs_match(open->pattern, "..") ? put_dot_dot(q) : 0;
		if (err)
			return err;
		open->scan_emitted = SCAN_ENTRIES;
	}
	return 0;
}

/* -ENOSPC: the buffer is full, and what did not fit is still in the batch. */
static int scan_entries(struct dir_query *q, bool single)
{
	struct ksmbd_open *open = q->open;
	const struct batch_entry *e;
	int err = scan_dots(q, single);

	while (!err && !(single && q->any)) {
		if (!open->batch || open->batch->next == open->batch->used) {
			cond_resched();
			/* nobody waits for the end of a long search any more */
			if (READ_ONCE(open->state) == OPEN_DYING)
				return -EBADF;
			err = read_batch(open);
			if (err || !open->batch->used) {
				drop_batch(open);
				break;
			}
		}
		e = (const void *)(open->batch->data + open->batch->next);
		err = put_batch_entry(q, e);
		if (!err)
			open->batch->next += entry_size(e->len);
	}
	return err;
}

static int begin_scan(struct ksmbd_open *open, const char *pattern)
{
	char *copy = kstrdup(pattern, GFP_KERNEL);
	loff_t pos;

	if (!copy)
		return -ENOMEM;
	pos = vfs_llseek(open->filp, 0, SEEK_SET);
	if (pos < 0) {
		kfree(copy);
		return pos;
	}
	kfree(open->pattern);
	open->pattern = copy;
	drop_batch(open);
	open->scan_started = true;
	open->scan_any = false;
	open->scan_emitted = SCAN_DOT;
	return 0;
}

static ntstatus_t scan_status(struct dir_query *q, int err, bool first)
{
	if (q->any) {
		q->open->scan_any = true;
		return STATUS_SUCCESS;
	}
	if (err == -ENOSPC)
		return STATUS_BUFFER_OVERFLOW;
	if (err)
		return ntstatus_from_errno(err);
	return first ? STATUS_NO_SUCH_FILE : STATUS_NO_MORE_FILES;
}

/* Under open->scan: two requests on one handle get two parts of the listing. */
static ntstatus_t query_locked(struct dir_query *q, u8 flags,
			       const char *pattern)
{
	struct ksmbd_open *open = q->open;
	bool first = !open->scan_started ||
		     flags & (SMB2_RESTART_SCANS | SMB2_REOPEN);
	bool single = flags & SMB2_RETURN_SINGLE_ENTRY;
	int err = 0;

	lockdep_assert_held(&open->scan);
	if (first) {
		if (strpbrk(pattern, "\\/"))
			return STATUS_OBJECT_NAME_INVALID;
		err = begin_scan(open, pattern);
	}
	if (!err)
		err = strpbrk(open->pattern, "*?<>\"") ?
		      scan_entries(q, single) : scan_name(q);
	return scan_status(q, err, first);
}

ntstatus_t ksmbd_fs_query_directory(struct ksmbd_open *open, u8 info_class,
				    u8 flags, const char *pattern,
				    struct wire_writer *w)
{
	struct dir_query q = {
		.open		= open,
		.info_class	= info_class,
		.w		= w,
		.prev		= NO_ENTRY,
	};
	ntstatus_t status;

	if (open->kind != OPEN_DIRECTORY)
		return STATUS_INVALID_PARAMETER;
	if (!(open->granted_access & FILE_LIST_DIRECTORY))
		return STATUS_ACCESS_DENIED;
	mutex_lock(&open->scan);
	status = query_locked(&q, flags, pattern);
	mutex_unlock(&open->scan);
	return status;
}

/* --- is it empty? --- */

struct empty_scan {
	struct dir_context ctx;
	bool found;
};

static bool note_entry(struct dir_context *ctx, const char *name, int len,
		       loff_t pos, u64 ino, unsigned int type)
{
	struct empty_scan *scan = container_of(ctx, struct empty_scan, ctx);

	scan->found = !is_dots(name, len);
	return !scan->found;
}
COMPAT_ACTOR(note_entry);

int ksmbd_dir_check_empty(const struct ksmbd_open *open)
{
	struct empty_scan scan = { .ctx.actor = note_entry_actor };
	struct file *filp;
	loff_t before;
	int err;

	/* of its own: the handle's position belongs to its listing */
	filp = dentry_open(&open->filp->f_path,
			   O_RDONLY | O_DIRECTORY | O_CLOEXEC, open->cred);
	if (IS_ERR(filp))
		return PTR_ERR(filp);
	do {
		before = filp->f_pos;
		err = iterate_dir(filp, &scan.ctx);
	} while (!err && !scan.found && filp->f_pos != before);
	compat_fput(filp);
	return err ?: scan.found ? -ENOTEMPTY : 0;
}
