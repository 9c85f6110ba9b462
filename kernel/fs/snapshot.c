// SPDX-License-Identifier: GPL-2.0
#include "fs/snapshot.h"

#include <linux/cred.h>
#include <linux/ctype.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/sort.h>
#include <linux/time.h>
#include "compat/vfs.h"
#include "fs/fs.h"
#include "fs/path.h"

#define MOST_SNAPSHOTS	4096		/* of more, some are not listed */

/* --- names and times --- */

/* The parts of a time, as strftime(3) calls them. */
static const char parts[] = "YmdHMS";

/* of any int: an NTTIME goes beyond the year 9999 */
#define LONGEST_PART	11

static u32 width_of(char part)
{
	return part == 'Y' ? 4 : 2;
}

/*
 * @format has literals, "%%", and each of the parts at most once; mountd sees to it.
 * How long the name is, or -ENAMETOOLONG.
 */
static int name_of(const char *format, time64_t when, char name[NAME_MAX + 1])
{
	struct tm tm;
	u32 len = 0;

	time64_to_tm(when, 0, &tm);
	for (; *format; format++) {
		const int values[] = { tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday,
				       tm.tm_hour, tm.tm_min, tm.tm_sec };
		const char *part = NULL;

		if (len + LONGEST_PART > NAME_MAX)
			return -ENAMETOOLONG;
		if (*format == '%' && format[1])
			part = strchr(parts, *++format);
		if (part)
			len += sprintf(name + len, "%0*d", width_of(*part),
				       values[part - parts]);
		else
			name[len++] = *format;
	}
	name[len] = '\0';
	return len;
}

static int number_at(const char *text, u32 width)
{
	int value = 0;

	for (u32 i = 0; i < width; i++) {
		if (!isdigit(text[i]))
			return -EINVAL;
		value = 10 * value + text[i] - '0';
	}
	return value;
}

/* Is @name what a time is called?  @again is room to work in. */
static bool time_of(const char *format, const char *name, time64_t *when,
		    char again[NAME_MAX + 1])
{
	int values[] = { 1970, 1, 1, 0, 0, 0 };
	const char *at = name;

	for (const char *f = format; *f && *at; f++) {
		const char *part = NULL;

		if (*f == '%' && f[1])
			part = strchr(parts, *++f);
		if (!part) {
			at++;
			continue;
		}
		values[part - parts] = number_at(at, width_of(*part));
		if (values[part - parts] < 0)
			return false;
		at += width_of(*part);
	}
	*when = mktime64(values[0], values[1], values[2], values[3], values[4],
			 values[5]);
	/* the 31st of February is called otherwise, as are other literals */
	return name_of(format, *when, again) > 0 && !strcmp(again, name);
}

ntstatus_t ksmbd_snapshot_path(const struct ksmbd_share *share, u64 nttime,
			       const char *path, char **in_snapshot)
{
	char name[NAME_MAX + 1];

	if (!share->snapshots ||
	    name_of(share->snapshot_format, ksmbd_timespec(nttime).tv_sec, name) < 0)
		return STATUS_OBJECT_NAME_NOT_FOUND;
	*in_snapshot = kasprintf(GFP_KERNEL, "%s/%s%s%s", share->snapshots, name,
				 *path ? "/" : "", path);
	return *in_snapshot ? STATUS_SUCCESS : STATUS_INSUFFICIENT_RESOURCES;
}

/* --- listing --- */

struct snapshot_scan {
	struct dir_context ctx;
	const char *format;
	char name[NAME_MAX + 1], again[NAME_MAX + 1];	/* not on a stack under a filesystem */
	u32 n;
	time64_t times[MOST_SNAPSHOTS];
};

static bool note_snapshot(struct dir_context *ctx, const char *name, int len,
			  loff_t pos, u64 ino, unsigned int type)
{
	struct snapshot_scan *scan = container_of(ctx, struct snapshot_scan, ctx);

	if (len <= 0 || len > NAME_MAX || (type != DT_DIR && type != DT_UNKNOWN))
		return true;
	memcpy(scan->name, name, len);
	scan->name[len] = '\0';
	if (time_of(scan->format, scan->name, &scan->times[scan->n], scan->again))
		scan->n++;
	return scan->n < MOST_SNAPSHOTS;
}
COMPAT_ACTOR(note_snapshot);

static int newest_first(const void *a, const void *b)
{
	const time64_t *x = a, *y = b;

	return *x < *y ? 1 : -(*x > *y);
}

static int read_snapshots(const struct path *dir, struct snapshot_scan *scan)
{
	int err = compat_permission(dir, MAY_READ);	/* dentry_open() does not ask */
	struct file *filp;
	loff_t before;

	if (err)
		return err;
	filp = dentry_open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC,
			   current_cred());
	if (IS_ERR(filp))
		return PTR_ERR(filp);
	scan->ctx.actor = note_snapshot_actor;
	do {
		before = filp->f_pos;
		err = iterate_dir(filp, &scan->ctx);
		cond_resched();
	} while (!err && scan->n < MOST_SNAPSHOTS && filp->f_pos != before);
	compat_fput(filp);
	sort(scan->times, scan->n, sizeof(scan->times[0]), newest_first, NULL);
	return err;
}

/* None where there is no such folder, or not for this user. */
static int find_snapshots(struct ksmbd_tree *tree, struct snapshot_scan *scan)
{
	struct ksmbd_path *p;
	int err;

	if (!tree->share->snapshots)
		return 0;
	scan->format = tree->share->snapshot_format;
	p = kmalloc(sizeof(*p), GFP_KERNEL);
	if (!p)
		return -ENOMEM;
	err = ksmbd_path_resolve(tree, tree->share->snapshots, true, p);
	if (!err || err == -ENOENT) {
		if (!err)
			err = read_snapshots(&p->entry, scan);
		ksmbd_path_put(p);
	}
	kfree(p);
	return err == -ENOMEM ? err : 0;
}

static void put_snapshots(struct wire_writer *w, const struct snapshot_scan *scan)
{
	struct tm tm;

	if (!fsctl_begin_snapshots(w, scan->n))
		return;
	for (u32 i = 0; i < scan->n; i++) {
		time64_to_tm(scan->times[i], 0, &tm);
		fsctl_put_snapshot(w, &(struct fsctl_gmt) {
			.year	= tm.tm_year + 1900,
			.month	= tm.tm_mon + 1,
			.day	= tm.tm_mday,
			.hour	= tm.tm_hour,
			.minute	= tm.tm_min,
			.second	= tm.tm_sec,
		});
	}
	fsctl_end_snapshots(w);
}

ntstatus_t ksmbd_fs_snapshots(struct ksmbd_tree *tree, struct wire_writer *w)
{
	struct snapshot_scan *scan = kvzalloc(sizeof(*scan), GFP_KERNEL);
	int err;

	if (!scan)
		return STATUS_INSUFFICIENT_RESOURCES;
	err = find_snapshots(tree, scan);
	if (!err)
		put_snapshots(w, scan);
	kvfree(scan);
	return err ? STATUS_INSUFFICIENT_RESOURCES : STATUS_SUCCESS;
}
