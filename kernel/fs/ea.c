// SPDX-License-Identifier: GPL-2.0
/*
 * Extended attributes.
 *
 * EA "name" is the xattr user.name, as Samba and stock ksmbd have it; case is
 * kept, and a name finds the xattr that differs from it in case alone.  An EA
 * has a value: Windows takes an empty one for its absence, so an xattr without
 * one is not shown, as is none whose name a client could not say or whose value
 * is too long to be said.
 *
 * Some names in user.* are the server's or Samba's own: they hold attributes,
 * streams and reparse points, and whoever wrote them as EAs would change those
 * behind the back of every check.  For clients they are not there.
 *
 * A handle's FILE_READ_EA was checked against the file when it was opened, and
 * like a file descriptor it holds: reading asks for no permission again.
 *
 * FILE_NEED_EA is refused: xattrs have no place for the flag, and an EA that
 * lost it would no longer keep the ignorant out.  So FILE_NO_EA_KNOWLEDGE is
 * satisfied by every file.
 */
#include "fs/ea.h"

#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/xattr.h>
#include "compat/vfs.h"
#include "fs/fs.h"
#include "fs/stat.h"
#include "fs/xattr.h"

#define EA_NAME_MAX	(XATTR_NAME_MAX - XATTR_USER_PREFIX_LEN)
#define EA_VALUE_MAX	U16_MAX			/* what EaValueLength can say */
#define EA_TOTAL_MAX	(64 * 1024 - 5)		/* [MS-FSA] 2.1.5.15.5 */
#define EA_ENTRY_SIZE	5	/* of each in that sum, besides name and value */
#define EA_INPUT_MAX	(64 * 1024)		/* of a list of names */
#define NO_ENTRY	((u32)-1)

struct ea_name {
	char xattr[XATTR_NAME_MAX + 1];
};

/* --- names --- */

static const char *const private_names[] = {
	"DOSATTRIB", "DOSTIMESTAMPS", "SAMBA_PAI", "SAMBA_STREAMS", "SmbReparse",
};

#define STREAM_PREFIX	"DosStream."

static bool is_private(const char *name, u32 len)
{
	u32 prefix = strlen(STREAM_PREFIX);

	if (len >= prefix && !strncasecmp(name, STREAM_PREFIX, prefix))
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(private_names); i++)
		if (strlen(private_names[i]) == len &&
		    !strncasecmp(name, private_names[i], len))
			return true;
	return false;
}

/* [MS-FSCC] 2.4.16, EaName */
static bool is_well_formed(const char *name, u32 len)
{
	if (!len || len > EA_NAME_MAX)
		return false;
	for (u32 i = 0; i < len; i++)
		if ((u8)name[i] < 0x20 || strchr("\\/:*?\"<>|,+=[];", name[i]))
			return false;
	return true;
}

/* The EA name in an xattr's, or NULL for one that clients do not see. */
static const char *ea_of_xattr(const char *xattr)
{
	const char *name = xattr + XATTR_USER_PREFIX_LEN;

	if (strncmp(xattr, XATTR_USER_PREFIX, XATTR_USER_PREFIX_LEN) ||
	    !is_well_formed(name, strlen(name)) ||
	    is_private(name, strlen(name)))
		return NULL;
	return name;
}

/* The next EA behind the xattr @at (NULL: the first), or NULL. */
static const char *next_ea(const struct ksmbd_xattrs *names, const char *at)
{
	while ((at = ksmbd_xattrs_next(names, at))) {
		const char *ea = ea_of_xattr(at);

		if (ea)
			return ea;
	}
	return NULL;
}

static const char *find_ea(const struct ksmbd_xattrs *names, struct wire_span name)
{
	const char *ea = NULL;

	while ((ea = next_ea(names, ea)))
		if (strlen(ea) == name.len &&
		    !strncasecmp(ea, (const char *)name.data, name.len))
			return ea;
	return NULL;
}

/* --- values --- */

static void build_xattr(struct ea_name *out, const char *name, u32 len)
{
	memcpy(out->xattr, XATTR_USER_PREFIX, XATTR_USER_PREFIX_LEN);
	memcpy(out->xattr + XATTR_USER_PREFIX_LEN, name, len);
	out->xattr[XATTR_USER_PREFIX_LEN + len] = '\0';
}

/* The value's length; 0 when it is absent or none that can be shown. */
static int get_value(const struct path *path, const char *ea, void *buf, u32 cap)
{
	struct ea_name name;
	ssize_t n;

	build_xattr(&name, ea, strlen(ea));
	n = __vfs_getxattr(path->dentry, d_inode(path->dentry), name.xattr, buf,
			   cap);
	if (n == -ENODATA || n == -ERANGE || n == -E2BIG || n > EA_VALUE_MAX)
		return 0;
	return n;
}

bool ksmbd_ea_supported(const struct inode *inode)
{
	const struct xattr_handler *const *h =
		(const struct xattr_handler *const *)inode->i_sb->s_xattr;

	if (!(inode->i_opflags & IOP_XATTR) || !h)
		return false;
	for (; *h; h++) {
		const char *prefix = (*h)->prefix;

		/* "" takes every name: overlayfs and FUSE do so */
		if (prefix && strstarts(XATTR_USER_PREFIX, prefix))
			return true;
	}
	return false;
}

static u64 entry_size(const char *ea, u32 value_len)
{
	return EA_ENTRY_SIZE + strlen(ea) + value_len;
}

/* The sum that is bounded. */
static u64 total_size(const struct path *path, const struct ksmbd_xattrs *names)
{
	const char *ea = NULL;
	u64 total = 0;

	while ((ea = next_ea(names, ea))) {
		int n = get_value(path, ea, NULL, 0);

		if (n > 0)
			total += entry_size(ea, n);
	}
	return total;
}

u32 ksmbd_ea_size(const struct path *path)
{
	struct ksmbd_xattrs names;
	u64 total;

	if (ksmbd_xattrs_get(path, &names))
		return 0;
	total = total_size(path, &names);
	ksmbd_xattrs_free(&names);
	return total ? min_t(u64, total + 4, U32_MAX) : 0;
}

/* --- QUERY_INFO --- */

struct ea_query {
	const struct path *path;
	struct ksmbd_xattrs names;
	struct wire_writer *w;
	u32 prev;
	u8 *value;
};

/* 1: written, 0: not shown, -ENOSPC: does not fit. */
static int put_one(struct ea_query *q, struct wire_span name, const char *ea,
		   bool even_absent)
{
	int n = ea ? get_value(q->path, ea, q->value, EA_VALUE_MAX) : 0;
	int at;

	if (n < 0)
		return n;
	if (!n && !even_absent)
		return 0;
	at = fscc_put_ea_entry(q->w, q->prev, name,
			       (struct wire_span) { q->value, n });
	if (at < 0)
		return at;
	q->prev = at;
	return 1;
}

static ntstatus_t cut_short(const struct ea_query *q, int err)
{
	if (err != -ENOSPC)
		return ntstatus_from_errno(err);
	return q->prev == NO_ENTRY ? STATUS_BUFFER_TOO_SMALL :
				     STATUS_BUFFER_OVERFLOW;
}

/* Those that the client named, in its order; an absent one has no value. */
static ntstatus_t query_named(struct ea_query *q, struct wire_span input,
			      bool single)
{
	struct wire_reader r = wire_reader_of(input);
	struct wire_span name;
	bool more = true;
	int err;

	if (input.len > EA_INPUT_MAX)
		return STATUS_INVALID_PARAMETER;
	while (more) {
		if (fscc_get_ea_name(&r, &name, &more))
			return STATUS_EA_LIST_INCONSISTENT;
		if (!is_well_formed((const char *)name.data, name.len))
			return STATUS_INVALID_EA_NAME;
		err = put_one(q, name, find_ea(&q->names, name), true);
		if (err < 0)
			return cut_short(q, err);
		if (single)
			break;
		cond_resched();
	}
	return STATUS_SUCCESS;
}

/* From number @first (counted from 0); *next is where to go on. */
static ntstatus_t query_from(struct ea_query *q, u32 first, bool single,
			     u32 *next, u32 *n_eas)
{
	const char *ea = NULL;
	u32 n = 0;
	int err = 0;

	*next = first;
	while ((ea = next_ea(&q->names, ea))) {
		struct wire_span name = { (const u8 *)ea, strlen(ea) };

		if (n < first) {
			if (get_value(q->path, ea, NULL, 0) > 0)
				n++;
			continue;
		}
		err = put_one(q, name, ea, false);
		if (err < 0)
			break;
		n += err;
		*next = n;
		if (err && single)
			break;
	}
	*n_eas = n;
	return err < 0 ? cut_short(q, err) : STATUS_SUCCESS;
}

/*
 * The index counts from 1; one past the last is the end, and what is farther
 * was never there.  Without an index or a restart the scan goes on where the
 * handle's last one ended.
 */
static ntstatus_t query_scan(struct ksmbd_open *open, struct ea_query *q,
			     u8 flags, u32 index)
{
	bool indexed = flags & SL_INDEX_SPECIFIED;
	bool single = flags & SL_RETURN_SINGLE_ENTRY;
	u32 first = 0, next, n_eas;
	ntstatus_t status;

	if (indexed && !index)
		return STATUS_NONEXISTENT_EA_ENTRY;
	if (indexed)
		first = index - 1;
	else if (!(flags & SL_RESTART_SCAN))
		first = open->next_ea;
	status = query_from(q, first, single, &next, &n_eas);
	if (q->prev == NO_ENTRY && status == STATUS_SUCCESS) {
		if (!n_eas)
			return STATUS_NO_EAS_ON_FILE;
		return indexed && first > n_eas ? STATUS_NONEXISTENT_EA_ENTRY :
						  STATUS_NO_MORE_EAS;
	}
	if (q->prev != NO_ENTRY)
		open->next_ea = next;
	return status;
}

ntstatus_t ksmbd_fs_query_ea(struct ksmbd_open *open, u8 flags, u32 index,
			     struct wire_span names, struct wire_writer *w)
{
	struct ea_query q = {
		.path = &open->filp->f_path, .w = w, .prev = NO_ENTRY,
	};
	ntstatus_t status;
	int err;

	if (!(open->granted_access & FILE_READ_EA))
		return STATUS_ACCESS_DENIED;
	err = ksmbd_xattrs_get(q.path, &q.names);
	if (err)
		return ntstatus_from_errno(err);
	q.value = kvmalloc(EA_VALUE_MAX, GFP_KERNEL);
	if (q.value) {
		mutex_lock(&open->scan);
		if (names.len)
			status = query_named(&q, names,
					     flags & SL_RETURN_SINGLE_ENTRY);
		else
			status = query_scan(open, &q, flags, index);
		mutex_unlock(&open->scan);
	} else {
		status = STATUS_INSUFFICIENT_RESOURCES;
	}
	kvfree(q.value);
	ksmbd_xattrs_free(&q.names);
	return status;
}

/* --- SET_INFO and CREATE --- */

ntstatus_t ksmbd_ea_check(struct wire_span list)
{
	struct wire_reader r = wire_reader_of(list);
	bool more = list.len;
	struct fscc_ea ea;

	while (more) {
		const char *name;

		if (fscc_get_ea(&r, &ea, &more))
			return STATUS_EA_LIST_INCONSISTENT;
		name = (const char *)ea.name.data;
		if (!is_well_formed(name, ea.name.len))
			return STATUS_INVALID_EA_NAME;
		if (is_private(name, ea.name.len))
			return STATUS_ACCESS_DENIED;
		if (ea.flags & ~FILE_NEED_EA)
			return STATUS_INVALID_EA_NAME;
		if (ea.flags)
			return STATUS_EAS_NOT_SUPPORTED;
	}
	return STATUS_SUCCESS;
}

static int write_value(const struct path *path, const char *xattr,
		       const void *value, u32 len)
{
	int err;

	if (len)
		return compat_setxattr(path, xattr, value, len);
	err = compat_removexattr(path, xattr);
	return err == -ENODATA ? 0 : err;
}

/* What was there before an EA was set, to be put back. */
struct undo {
	struct list_head link;
	struct ea_name name;
	u32 len;			/* 0: there was none */
	u8 value[];
};

/* The value now, ahead of a change; first in, last undone. */
static int remember(const struct path *path, const char *xattr,
		    struct list_head *undos)
{
	struct inode *inode = d_inode(path->dentry);
	ssize_t n = __vfs_getxattr(path->dentry, inode, xattr, NULL, 0);
	struct undo *u;

	if (n == -ENODATA)
		n = 0;
	if (n < 0)
		return n;
	u = kvmalloc(struct_size(u, value, n), GFP_KERNEL);
	if (!u)
		return -ENOMEM;
	strscpy(u->name.xattr, xattr, sizeof(u->name.xattr));
	u->len = 0;
	if (n)
		n = __vfs_getxattr(path->dentry, inode, xattr, u->value, n);
	if (n < 0 && n != -ENODATA) {
		kvfree(u);
		return n;
	}
	u->len = n > 0 ? n : 0;
	list_add(&u->link, undos);
	return 0;
}

static void finish(const struct path *path, struct list_head *undos, bool undo)
{
	struct undo *u, *next;

	list_for_each_entry_safe(u, next, undos, link) {
		if (undo)
			write_value(path, u->name.xattr, u->value, u->len);
		kvfree(u);
	}
}

/* One EA of the list; *total is what all of them take, before and after. */
static int set_one(const struct path *path, const struct fscc_ea *ea,
		   u64 *total, struct list_head *undos)
{
	struct ksmbd_xattrs names;
	struct ea_name name;
	const char *old;
	int err = ksmbd_xattrs_get(path, &names), n = 0;

	if (err)
		return err;
	old = find_ea(&names, ea->name);
	build_xattr(&name, old ?: (const char *)ea->name.data, ea->name.len);
	if (old)
		n = get_value(path, old, NULL, 0);
	if (n > 0)
		*total -= entry_size(old, n);
	ksmbd_xattrs_free(&names);
	if (n < 0)
		return n;
	if (ea->value.len)
		*total += EA_ENTRY_SIZE + ea->name.len + ea->value.len;
	/* a file that has too much already may still become smaller */
	if (ea->value.len && *total > EA_TOTAL_MAX)
		return -E2BIG;
	err = remember(path, name.xattr, undos);
	if (!err)
		err = write_value(path, name.xattr, ea->value.data, ea->value.len);
	return err;
}

static ntstatus_t set_error(int err)
{
	switch (err) {
	case -ENOSPC:		/* ext4 has one block for all: not the disk's fault */
	case -ERANGE:
		return STATUS_EA_TOO_LARGE;
	case -EOPNOTSUPP:
		return STATUS_EAS_NOT_SUPPORTED;
	}
	return ntstatus_from_errno(err);
}

ntstatus_t ksmbd_ea_set(const struct path *path, struct wire_span list)
{
	struct wire_reader r = wire_reader_of(list);
	bool more = list.len;
	struct ksmbd_xattrs names;
	struct fscc_ea ea;
	LIST_HEAD(undos);
	u64 total;
	int err;

	if (list.len > EA_INPUT_MAX + EA_NAME_MAX)
		return STATUS_EA_TOO_LARGE;
	err = ksmbd_xattrs_get(path, &names);
	if (err)
		return set_error(err);
	total = total_size(path, &names);
	ksmbd_xattrs_free(&names);
	err = mnt_want_write(path->mnt);
	if (err)
		return set_error(err);
	while (more && !err) {
		err = fscc_get_ea(&r, &ea, &more);
		if (!err)
			err = set_one(path, &ea, &total, &undos);
		cond_resched();
	}
	finish(path, &undos, err);
	mnt_drop_write(path->mnt);
	return set_error(err);
}

ntstatus_t ksmbd_fs_set_ea(struct ksmbd_open *open, struct wire_span list)
{
	ntstatus_t status;

	if (!(open->granted_access & FILE_WRITE_EA))
		return STATUS_ACCESS_DENIED;
	if (!list.len)
		return STATUS_INFO_LENGTH_MISMATCH;
	status = ksmbd_ea_check(list);
	if (status != STATUS_SUCCESS)
		return status;
	mutex_lock(&ksmbd_file_base(open->file)->lock);
	status = ksmbd_ea_set(&open->filp->f_path, list);
	mutex_unlock(&ksmbd_file_base(open->file)->lock);
	if (status == STATUS_SUCCESS && open->kind == OPEN_FILE)
		ksmbd_file_written(open);
	return status;
}
