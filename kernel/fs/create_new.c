// SPDX-License-Identifier: GPL-2.0
/*
 * What is not there yet: files, directories, and files for the sake of a stream.
 * [MS-FSA] 2.1.5.1.1.
 */
#include "fs/create.h"

#include <linux/cred.h>
#include <linux/fs.h>
#include <linux/mount.h>
#include <linux/namei.h>
#include <linux/posix_acl.h>
#include "compat/vfs.h"
#include "debug.h"
#include "fs/access.h"
#include "fs/acl.h"
#include "fs/ea.h"
#include "fs/oplock.h"

static bool may_create(const struct ksmbd_create *c)
{
	return c->disposition == FILE_CREATE || c->disposition == FILE_OPEN_IF ||
	       c->disposition == FILE_OVERWRITE_IF ||
	       c->disposition == FILE_SUPERSEDE;
}

static umode_t new_mode(const struct ksmbd_share *share, bool dir)
{
	if (dir)
		return (0777 & share->directory_mask) | share->force_directory_mode;
	return (0777 & share->create_mask) | share->force_create_mode;
}

/*
 * A kernel thread's umask is nobody's choice: the share's masks are what the
 * administrator set.  A default ACL of the parent has the last word, though.
 */
static void undo_umask(const struct path *entry, struct inode *dir, umode_t mode)
{
	struct inode *inode = d_inode(entry->dentry);
	struct iattr attr = { .ia_valid = ATTR_MODE };
	struct posix_acl *acl;

	if ((inode->i_mode & 0777) == mode)
		return;
	acl = compat_get_acl(dir, ACL_TYPE_DEFAULT);
	if (!IS_ERR_OR_NULL(acl)) {
		posix_acl_release(acl);
		return;
	}
	attr.ia_mode = (inode->i_mode & ~0777) | mode;
	inode_lock(inode);
	compat_notify_change(entry, &attr, NULL);
	inode_unlock(inode);
}

/* Makes the file or directory; -EEXIST when somebody else just did. */
static int make(struct ksmbd_request *rq, struct ksmbd_path *p, bool is_dir)
{
	struct inode *dir = d_inode(p->parent.dentry);
	umode_t mode = new_mode(rq->tree->share, is_dir);
	struct dentry *dentry;
	int err = mnt_want_write(p->parent.mnt);

	if (err)
		return err;
	inode_lock_nested(dir, I_MUTEX_PARENT);
	err = ksmbd_path_inside(rq->tree, &p->parent) ? 0 : -ENOENT;
	if (err)
		goto unlock;
	dentry = compat_lookup_locked(p->parent.mnt, p->name, p->parent.dentry,
				      strlen(p->name));
	if (IS_ERR(dentry)) {
		err = PTR_ERR(dentry);
		goto unlock;
	}
	if (d_is_positive(dentry))
		err = -EEXIST;
	else if (is_dir)
		err = compat_vfs_mkdir(p->parent.mnt, dir, dentry, mode);
	else
		err = compat_vfs_create(p->parent.mnt, dir, dentry, mode);
	/* some filesystems leave the dentry for the next look-up to fill */
	if (!err && (d_is_negative(dentry) || d_unhashed(dentry)))
		err = -EEXIST;
	if (err) {
		dput(dentry);
	} else {
		p->entry.mnt = mntget(p->parent.mnt);
		p->entry.dentry = dentry;
	}
unlock:
	inode_unlock(dir);
	if (!err)
		undo_umask(&p->entry, dir, mode);
	mnt_drop_write(p->parent.mnt);
	return err;
}

/* A file without the EAs it was to have is not made at all. */
static ntstatus_t give_eas(struct ksmbd_open *open, const struct ksmbd_create *c)
{
	const struct path *path = &open->filp->f_path;
	ntstatus_t status;

	if (!c->eas.len)
		return STATUS_SUCCESS;
	mutex_lock(&open->file->lock);
	status = ksmbd_ea_set(path, c->eas);
	/* unless somebody has opened it meanwhile */
	if (status != STATUS_SUCCESS && list_empty(&open->file->opens) &&
	    ksmbd_unlink(path, &open->tree->share->root, open->cred))
		ksmbd_debug(VFS, "a file without its EAs is left over\n");
	mutex_unlock(&open->file->lock);
	return status;
}

static ntstatus_t create_new(struct ksmbd_request *rq, struct ksmbd_create *c,
			     struct ksmbd_path *p)
{
	bool dir = c->options & FILE_DIRECTORY_FILE;
	struct ksmbd_open *open;
	ntstatus_t status;
	u32 granted;
	int err;

	if (!may_create(c))
		return STATUS_OBJECT_NAME_NOT_FOUND;
	if (!rq->tree->writable || !ksmbd_acl_may_add(rq->tree, &p->parent, dir))
		return STATUS_ACCESS_DENIED;
	if (c->options & FILE_DELETE_ON_CLOSE &&
	    c->attributes & FILE_ATTRIBUTE_READONLY)
		return STATUS_CANNOT_DELETE;
	if (dir && c->attributes & FILE_ATTRIBUTE_TEMPORARY)
		return STATUS_INVALID_PARAMETER;

	/* its maker gets what he asked for, whatever the mode says */
	granted = ksmbd_access_map_generic(c->access);
	if (granted & ACCESS_MAXIMUM_ALLOWED)
		granted |= ACCESS_FILE_ALL;
	granted &= ~ACCESS_MAXIMUM_ALLOWED;
	if (c->oplock == SMB2_OPLOCK_LEVEL_LEASE &&
	    ksmbd_lease_elsewhere(rq->session->client_guid, c->lease.key, NULL))
		return STATUS_INVALID_PARAMETER;
	status = ksmbd_create_open(rq, c, dir, granted, &open);
	if (status != STATUS_SUCCESS)
		return status;
	err = make(rq, p, dir);
	if (err) {
		ksmbd_open_put(open);
		if (err == -EEXIST)
			return STATUS_RETRY;
		return err == -ENOENT ? STATUS_OBJECT_PATH_NOT_FOUND :
					ntstatus_from_errno(err);
	}
	status = ksmbd_create_bind(open, &p->entry, false);
	if (status == STATUS_SUCCESS)
		status = give_eas(open, c);
	if (status == STATUS_SUCCESS)
		status = ksmbd_create_join(rq, open, c, NULL);
	if (status != STATUS_SUCCESS) {
		ksmbd_open_put(open);
		return status;
	}
	ksmbd_create_store_attributes(open, c->attributes, 0);
	/* the last to come: its mode may keep us from all of the above */
	err = ksmbd_fs_new_security(rq->tree->share, &p->entry, &p->parent, c->sd);
	if (err) {	/* better none than one that others can read */
		ksmbd_unlink(&p->entry, &rq->tree->share->root, open->cred);
		ksmbd_open_abandon(open);
		return ntstatus_from_errno(err);
	}
	ksmbd_create_reserve(open, c);
	c->action = FILE_CREATED;
	c->maximal_access = ksmbd_access_maximal(rq->tree, &p->entry, &p->parent);
	return ksmbd_create_publish(rq, open, c);
}

/* Takes back the file that was made for a stream, unless it is somebody's already. */
static void unmake_base(struct ksmbd_open *base)
{
	struct ksmbd_file *file = base->file;

	ksmbd_file_lock(file);
	if (list_is_singular(&file->opens) && list_empty(&file->stream_opens))
		ksmbd_file_set_delete(file, base);
	ksmbd_file_unlock(file);
}

/*
 * A stream of a file that is not there: the file is made first, through a handle
 * of our own.
 */
static ntstatus_t create_with_base(struct ksmbd_request *rq,
				   struct ksmbd_create *c)
{
	struct ksmbd_create first = *c;
	struct ksmbd_open *base;
	ntstatus_t status;

	if (!may_create(c))
		return STATUS_OBJECT_NAME_NOT_FOUND;
	if (c->made)			/* gone as soon as it was made */
		return STATUS_DELETE_PENDING;
	first.stream = NULL;
	first.has_allocation_size = false;
	first.access = FILE_READ_ATTRIBUTES;
	first.share_access = FILE_SHARE_READ | FILE_SHARE_WRITE |
			     FILE_SHARE_DELETE;
	first.disposition = FILE_CREATE;
	first.options = FILE_NON_DIRECTORY_FILE;
	first.oplock = SMB2_OPLOCK_LEVEL_NONE;
	first.durable.version = 0;
	first.app = NULL;
	status = ksmbd_fs_create(rq, &first);
	if (status == STATUS_OBJECT_NAME_COLLISION)
		return STATUS_RETRY;
	if (status != STATUS_SUCCESS)
		return status;
	base = rq->open;
	rq->open = NULL;
	c->made = file_inode(base->filp);
	c->eas = (struct wire_span) { };
	status = ksmbd_fs_create(rq, c);
	if (status != STATUS_SUCCESS && status != STATUS_PENDING)
		unmake_base(base);
	c->made = NULL;
	ksmbd_open_close(base);
	ksmbd_open_put(base);
	return status;
}

ntstatus_t ksmbd_create_missing(struct ksmbd_request *rq, struct ksmbd_create *c,
				struct ksmbd_path *p)
{
	if (c->snapshot)
		return STATUS_OBJECT_NAME_NOT_FOUND;
	return c->stream ? create_with_base(rq, c) : create_new(rq, c, p);
}
