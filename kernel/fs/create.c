// SPDX-License-Identifier: GPL-2.0
/*
 * Open or create, [MS-FSA] 2.1.5.1.
 *
 * Every right is checked and every other open is asked before anything
 * changes.  Between the look-up and the moment we join the file's opens the
 * name may vanish or appear; then all is tried again (STATUS_RETRY inside).
 */
#include "fs/create.h"

#include <linux/cred.h>
#include <linux/falloc.h>
#include <linux/file.h>
#include <linux/fs.h>
#include "compat/vfs.h"
#include "debug.h"
#include "fs/access.h"
#include "fs/acl.h"
#include "fs/app_instance.h"
#include "fs/dos_attr.h"
#include "fs/durable.h"
#include "fs/ea.h"
#include "fs/local.h"
#include "fs/oplock.h"
#include "fs/stream.h"

#define CREATE_TRIES	16

#define DATA_READ	(FILE_READ_DATA | FILE_EXECUTE)
#define DATA_WRITE	(FILE_WRITE_DATA | FILE_APPEND_DATA)

static bool overwrites(const struct ksmbd_create *c)
{
	return c->disposition == FILE_OVERWRITE ||
	       c->disposition == FILE_OVERWRITE_IF ||
	       c->disposition == FILE_SUPERSEDE;
}

/* 2.1.5.1, the checks on the arguments alone */
static ntstatus_t check_arguments(const struct ksmbd_create *c)
{
	if (!c->access || c->access & ACCESS_INVALID)
		return STATUS_ACCESS_DENIED;
	if (c->access & ACCESS_SYSTEM_SECURITY)
		return STATUS_PRIVILEGE_NOT_HELD;
	if (c->options & FILE_DIRECTORY_FILE && c->stream)
		return STATUS_NOT_A_DIRECTORY;
	if (c->options & FILE_DIRECTORY_FILE &&
	    (c->options & FILE_NON_DIRECTORY_FILE || overwrites(c)))
		return STATUS_INVALID_PARAMETER;
	if (c->options & FILE_NO_INTERMEDIATE_BUFFERING &&
	    c->access & FILE_APPEND_DATA && !(c->access & FILE_WRITE_DATA))
		return STATUS_INVALID_PARAMETER;
	if (c->options & FILE_DELETE_ON_CLOSE &&
	    !(ksmbd_access_map_generic(c->access) &
	      (ACCESS_DELETE | ACCESS_MAXIMUM_ALLOWED)))
		return STATUS_ACCESS_DENIED;
	if (c->snapshot && (overwrites(c) || c->disposition == FILE_CREATE ||
			    c->options & FILE_DELETE_ON_CLOSE))
		return STATUS_MEDIA_WRITE_PROTECTED;
	/* who knows nothing of EAs has none to give */
	if (c->eas.len && c->options & FILE_NO_EA_KNOWLEDGE)
		return STATUS_ACCESS_DENIED;
	return ksmbd_ea_check(c->eas);
}

static ntstatus_t resolve_error(int err)
{
	switch (err) {
	case -ENOTDIR:
		return STATUS_OBJECT_PATH_NOT_FOUND;
	case -ELOOP:
		/* never looked behind, so it tells nothing of the target */
		return STATUS_ACCESS_DENIED;
	}
	return ntstatus_from_errno(err);
}

/*
 * The struct file that serves @granted: O_PATH where no data is touched.  An
 * overwrite counts as writing, so that a lease of a local process says no here
 * and not in the truncation.
 */
static struct file *open_filp(const struct path *path, u32 granted)
{
	struct file *filp;
	int flags;

	if (d_is_dir(path->dentry))
		flags = granted & FILE_LIST_DIRECTORY ?
			O_RDONLY | O_DIRECTORY : O_PATH | O_DIRECTORY;
	else if (granted & DATA_WRITE)
		flags = granted & DATA_READ ? O_RDWR : O_WRONLY;
	else
		flags = granted & DATA_READ ? O_RDONLY : O_PATH;
	/* a lease of a local process is no reason to sleep here */
	filp = dentry_open(path, flags | O_LARGEFILE | O_CLOEXEC | O_NONBLOCK,
			   current_cred());
	if (IS_ERR(filp))
		return filp;
	spin_lock(&filp->f_lock);
	filp->f_flags &= ~O_NONBLOCK;
	spin_unlock(&filp->f_lock);
	return filp;
}

ntstatus_t ksmbd_create_open(struct ksmbd_request *rq, const struct ksmbd_create *c,
			     bool dir, u32 granted, struct ksmbd_open **out)
{
	struct ksmbd_open *open;

	open = ksmbd_open_new(rq, dir ? OPEN_DIRECTORY : OPEN_FILE);
	if (IS_ERR(open))
		return ntstatus_from_errno(PTR_ERR(open));
	open->granted_access = granted;
	open->share_access = c->share_access;
	open->options = c->options;
	open->mode = c->options & KSMBD_OPEN_MODES;
	open->delete_on_close = c->options & FILE_DELETE_ON_CLOSE;
	open->snapshot = c->snapshot;
	open->parent_lease = c->parent_lease;
	if (c->app) {
		open->app = kmemdup(c->app, sizeof(*c->app), GFP_KERNEL);
		if (!open->app) {
			ksmbd_open_put(open);
			return STATUS_INSUFFICIENT_RESOURCES;
		}
	}
	*out = open;
	return STATUS_SUCCESS;
}

/* A stream's struct file is the file's, of whose data it touches nothing. */
static ntstatus_t bind_stream(struct ksmbd_open *open, const struct path *path,
			      const char *name)
{
	struct file *filp = dentry_open(path, O_PATH | O_CLOEXEC, current_cred());
	struct ksmbd_stream *stream;

	if (IS_ERR(filp))
		return ntstatus_from_errno(PTR_ERR(filp));
	open->filp = filp;
	stream = ksmbd_stream_new(name);
	if (stream)
		open->file = ksmbd_file_get_stream(d_inode(path->dentry), stream);
	return open->file ? STATUS_SUCCESS : STATUS_INSUFFICIENT_RESOURCES;
}

ntstatus_t ksmbd_create_bind(struct ksmbd_open *open, const struct path *path,
			     bool overwrite)
{
	u32 access = open->granted_access | (overwrite ? FILE_WRITE_DATA : 0);
	struct file *filp;

	open->file = ksmbd_file_get(d_inode(path->dentry));
	if (!open->file)
		return STATUS_INSUFFICIENT_RESOURCES;
	ksmbd_local_move(open->file);
	filp = open_filp(path, access);
	ksmbd_local_moved(open->file, IS_ERR(filp) ? 0 : filp->f_mode, 1);
	if (IS_ERR(filp))
		return PTR_ERR(filp) == -EAGAIN ? STATUS_SHARING_VIOLATION :
			ntstatus_from_errno(PTR_ERR(filp));
	open->filp = filp;
	return STATUS_SUCCESS;
}

void ksmbd_create_store_attributes(struct ksmbd_open *open, u32 attributes,
				   u64 create_time)
{
	struct ksmbd_dos_attr attr = {
		.attributes	= attributes,
		.create_time	= create_time,
	};
	int err;

	if (open->kind == OPEN_FILE)
		attr.attributes |= FILE_ATTRIBUTE_ARCHIVE;
	err = ksmbd_dos_attr_set(open->tree->share, &open->filp->f_path, &attr);
	if (err)	/* the file works without; the filesystem may have none */
		ksmbd_debug(VFS, "no DOS attributes stored: %d\n", err);
}

void ksmbd_create_reserve(struct ksmbd_open *open, const struct ksmbd_create *c)
{
	if (!c->has_allocation_size || open->kind != OPEN_FILE ||
	    !(open->filp->f_mode & FMODE_WRITE) || !c->allocation_size ||
	    !ksmbd_fs_has_room(&open->filp->f_path, c->allocation_size))
		return;
	vfs_fallocate(open->filp, FALLOC_FL_KEEP_SIZE, 0, c->allocation_size);
}

/* Truncates for OVERWRITE and SUPERSEDE, once everything allowed it. */
static ntstatus_t overwrite(struct ksmbd_open *open, const struct ksmbd_create *c,
			    const struct ksmbd_dos_attr *old)
{
	struct ksmbd_dos_attr fresh = { .create_time = old->create_time };
	ntstatus_t status;
	int err;

	/* first, as it is what can be undone */
	if (c->eas.len) {
		status = ksmbd_ea_set(&open->filp->f_path, c->eas);
		if (status != STATUS_SUCCESS)
			return status;
	}
	err = vfs_truncate(&open->filp->f_path, 0);
	if (err)
		return ntstatus_from_errno(err);
	if (ksmbd_stream_supported(open->tree->share, file_inode(open->filp)))
		ksmbd_stream_unlink_all(open);
	if (c->disposition == FILE_SUPERSEDE)
		fresh.create_time = 0;
	ksmbd_create_store_attributes(open, c->attributes, fresh.create_time);
	ksmbd_create_reserve(open, c);
	return STATUS_SUCCESS;
}

/*
 * [MS-FSA] 2.1.5.1.2: the other handles agree, or are asked to give up what they
 * only cache, and that is waited for.
 */
ntstatus_t ksmbd_create_agree(struct ksmbd_request *rq, struct ksmbd_open *open,
			      const struct ksmbd_create *c, u32 access,
			      bool overwrite)
{
	ntstatus_t status, waits;

	if (c->oplock == SMB2_OPLOCK_LEVEL_LEASE &&
	    ksmbd_lease_elsewhere(open->session->client_guid, c->lease.key,
				  open->file))
		return STATUS_INVALID_PARAMETER;
	status = ksmbd_file_check_share(open->file, access, c->share_access);
	if (status != STATUS_SUCCESS && status != STATUS_SHARING_VIOLATION)
		return status;
	waits = ksmbd_oplock_open(rq, open, c, status == STATUS_SHARING_VIOLATION,
				  overwrite);
	return waits != STATUS_SUCCESS ? waits : status;
}

ntstatus_t ksmbd_create_join(struct ksmbd_request *rq, struct ksmbd_open *open,
			     struct ksmbd_create *c, const struct ksmbd_dos_attr *old)
{
	struct ksmbd_file *file = open->file;
	u32 access = open->granted_access;
	ntstatus_t status = STATUS_SUCCESS;

	if (old)
		access |= FILE_WRITE_DATA;
	if (old && c->disposition == FILE_SUPERSEDE)
		access |= ACCESS_DELETE;

	ksmbd_file_lock(file);
	if (d_unhashed(open->filp->f_path.dentry) &&
	    !IS_ROOT(open->filp->f_path.dentry))
		status = STATUS_RETRY;
	if (status == STATUS_SUCCESS && c->stream)
		status = ksmbd_stream_open(rq, open, c);
	else if (status == STATUS_SUCCESS)
		status = ksmbd_create_agree(rq, open, c, access, old);
	if (status == STATUS_SUCCESS && old && !c->stream)
		status = overwrite(open, c, old);
	if (status == STATUS_SUCCESS) {
		ksmbd_oplock_grant(open, c);
		ksmbd_file_join(open);
	}
	ksmbd_file_unlock(file);
	return status;
}

ntstatus_t ksmbd_create_publish(struct ksmbd_request *rq, struct ksmbd_open *open,
				struct ksmbd_create *c)
{
	int err;

	ksmbd_durable_offer(rq, open, c);
	err = ksmbd_open_publish(open);
	if (!err) {
		if (rq->open)
			ksmbd_open_put(rq->open);
		rq->open = open;
		rq->answered = ksmbd_oplock_answered;
		return STATUS_SUCCESS;
	}
	ksmbd_open_abandon(open);
	return err == -ENOENT ? STATUS_NETWORK_NAME_DELETED :
				ntstatus_from_errno(err);
}

/* The same of a file whose named stream is asked for; the stream comes later */
static ntstatus_t check_base(const struct ksmbd_share *share,
			     const struct ksmbd_create *c,
			     const struct path *entry,
			     const struct ksmbd_dos_attr *attr)
{
	if (!ksmbd_stream_supported(share, d_inode(entry->dentry)))
		return STATUS_OBJECT_NAME_NOT_FOUND;
	if (d_is_dir(entry->dentry))
		return STATUS_SUCCESS;
	if (!d_is_reg(entry->dentry))
		return STATUS_ACCESS_DENIED;
	if (!(attr->attributes & FILE_ATTRIBUTE_READONLY))
		return STATUS_SUCCESS;
	if (c->options & FILE_DELETE_ON_CLOSE)
		return STATUS_CANNOT_DELETE;
	return overwrites(c) || ksmbd_access_map_generic(c->access) & DATA_WRITE ?
		STATUS_ACCESS_DENIED : STATUS_SUCCESS;
}

/* 2.1.5.1.2: what the kind of file and its attributes say about the request */
static ntstatus_t check_existing(const struct ksmbd_create *c,
				 const struct path *entry,
				 const struct ksmbd_dos_attr *attr)
{
	bool dir = d_is_dir(entry->dentry);

	if (c->disposition == FILE_CREATE)
		return STATUS_OBJECT_NAME_COLLISION;
	if (!dir && !d_is_reg(entry->dentry))	/* FIFO, socket, device */
		return STATUS_ACCESS_DENIED;
	if (c->options & FILE_DIRECTORY_FILE && !dir)
		return STATUS_NOT_A_DIRECTORY;
	if (c->options & FILE_NON_DIRECTORY_FILE && dir)
		return STATUS_FILE_IS_A_DIRECTORY;
	if (attr->attributes & FILE_ATTRIBUTE_READONLY &&
	    c->options & FILE_DELETE_ON_CLOSE)
		return STATUS_CANNOT_DELETE;
	if (dir)
		return overwrites(c) ? STATUS_INVALID_PARAMETER : STATUS_SUCCESS;
	if (attr->attributes & FILE_ATTRIBUTE_READONLY) {
		if (overwrites(c) ||
		    ksmbd_access_map_generic(c->access) & DATA_WRITE)
			return STATUS_ACCESS_DENIED;
	}
	/* hidden and system stay what they are, or the client says so */
	if (overwrites(c) &&
	    attr->attributes & ~c->attributes &
	    (FILE_ATTRIBUTE_HIDDEN | FILE_ATTRIBUTE_SYSTEM))
		return STATUS_ACCESS_DENIED;
	return STATUS_SUCCESS;
}

/* 2.1.5.1.2.1: what the handle is granted, or ACCESS_DENIED */
static ntstatus_t grant(const struct ksmbd_create *c, u32 maximal,
			const struct ksmbd_dos_attr *attr, u32 *granted)
{
	u32 wanted = ksmbd_access_map_generic(c->access);
	u32 needed;

	/* as on read-only media: to ask for more is no error, to use it would be */
	if (c->snapshot)
		wanted &= ~KSMBD_ACCESS_WRITES;
	needed = wanted & ~ACCESS_MAXIMUM_ALLOWED;

	if (attr->attributes & FILE_ATTRIBUTE_READONLY)
		maximal &= ~DATA_WRITE;
	*granted = needed;
	if (wanted & ACCESS_MAXIMUM_ALLOWED)
		*granted |= maximal;
	/* the disposition's own rights are checked, not granted */
	if (c->disposition == FILE_SUPERSEDE)
		needed |= ACCESS_DELETE;
	if (overwrites(c))
		needed |= FILE_WRITE_DATA | FILE_WRITE_ATTRIBUTES;
	if (c->options & FILE_DELETE_ON_CLOSE)
		needed |= ACCESS_DELETE;
	return needed & ~maximal ? STATUS_ACCESS_DENIED : STATUS_SUCCESS;
}

static ntstatus_t open_existing(struct ksmbd_request *rq,
				struct ksmbd_create *c, struct ksmbd_path *p)
{
	bool dir = d_is_dir(p->entry.dentry);
	struct ksmbd_dos_attr attr = { };
	struct ksmbd_open *open;
	ntstatus_t status;
	u32 maximal, granted;

	if (d_is_reg(p->entry.dentry) || d_is_dir(p->entry.dentry))
		ksmbd_dos_attr_get(rq->tree->share, &p->entry, &attr);
	status = c->stream ? check_base(rq->tree->share, c, &p->entry, &attr) :
			     check_existing(c, &p->entry, &attr);
	if (status != STATUS_SUCCESS)
		return status;
	maximal = ksmbd_access_maximal(rq->tree, &p->entry, &p->parent);
	if (c->snapshot)
		maximal &= ~KSMBD_ACCESS_WRITES;
	if (c->made == d_inode(p->entry.dentry))	/* its maker may do all */
		maximal |= ACCESS_FILE_ALL;
	if (dir)	/* READONLY there guards nothing inside */
		attr.attributes &= ~FILE_ATTRIBUTE_READONLY;
	c->may_add_stream = maximal & FILE_WRITE_DATA &&
			    !(attr.attributes & FILE_ATTRIBUTE_READONLY);
	status = grant(c, maximal, &attr, &granted);
	if (status == STATUS_SUCCESS)
		status = ksmbd_app_instance_take_over(rq, c, &p->entry, maximal);
	if (status != STATUS_SUCCESS)
		return status;
	status = ksmbd_create_open(rq, c, dir && !c->stream, granted, &open);
	if (status != STATUS_SUCCESS)
		return status;
	status = c->stream ? bind_stream(open, &p->entry, c->stream) :
			     ksmbd_create_bind(open, &p->entry, overwrites(c));
	if (status == STATUS_SUCCESS)
		status = ksmbd_create_join(rq, open, c, overwrites(c) ? &attr : NULL);
	if (status != STATUS_SUCCESS) {
		ksmbd_open_put(open);
		return status;
	}
	c->maximal_access = maximal;
	if (c->stream)
		return ksmbd_create_publish(rq, open, c);
	c->action = FILE_OPENED;
	if (overwrites(c))
		c->action = c->disposition == FILE_SUPERSEDE ? FILE_SUPERSEDED :
							       FILE_OVERWRITTEN;
	return ksmbd_create_publish(rq, open, c);
}

ntstatus_t ksmbd_fs_create(struct ksmbd_request *rq, struct ksmbd_create *c)
{
	ntstatus_t status = check_arguments(c);
	struct ksmbd_path *p;
	int err;

	if (status != STATUS_SUCCESS)
		return status;
	p = kmalloc(sizeof(*p), GFP_KERNEL);
	if (!p)
		return STATUS_INSUFFICIENT_RESOURCES;
	for (int i = 0; i < CREATE_TRIES; i++) {
		err = ksmbd_path_resolve(rq->tree, c->name, c->posix_case, p);
		if (err && err != -ENOENT) {
			status = resolve_error(err);
			break;
		}
		status = err ? ksmbd_create_missing(rq, c, p) :
			       open_existing(rq, c, p);
		ksmbd_path_put(p);
		if (status != STATUS_RETRY)
			break;
		cond_resched();
	}
	kfree(p);
	return status == STATUS_RETRY ? STATUS_DELETE_PENDING : status;
}
