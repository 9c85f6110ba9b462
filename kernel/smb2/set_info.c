// SPDX-License-Identifier: GPL-2.0
/* SMB2 SET_INFO.  [MS-SMB2] 3.3.5.21, [MS-FSCC] 2.4 */
#include "smb2/smb2.h"

#include <linux/slab.h>
#include "fs/dir_lease.h"
#include "fs/fs.h"
#include "fs/stream.h"
#include "fs/notify.h"
#include "fs/oplock.h"
#include "smb2/open.h"

static ntstatus_t set_basic(struct ksmbd_request *rq, struct wire_span in)
{
	struct fscc_basic b;

	if (fscc_get_basic(in, &b))
		return STATUS_INFO_LENGTH_MISMATCH;
	return ksmbd_fs_set_basic(rq->open, &b);
}

static bool is_stream_name(const struct ksmbd_name *name)
{
	/* "name::$DATA" is the file itself */
	return name->stream || (name->type != STREAM_TYPE_NONE && !*name->path);
}

/* [MS-FSA] 2.1.5.15.11.1: only within a file, by a name that begins with ':' */
static ntstatus_t rename_stream(struct ksmbd_open *open,
				const struct ksmbd_name *name,
				const struct fscc_rename *rn, bool link)
{
	if (link || open->kind == OPEN_DIRECTORY)
		return STATUS_INVALID_PARAMETER;
	if (*name->path)	/* what Windows says */
		return STATUS_SHARING_VIOLATION;
	if (name->type == STREAM_TYPE_INDEX)
		return STATUS_OBJECT_TYPE_MISMATCH;
	/* what would leave the file without its unnamed stream */
	if (!open->file->stream)
		return name->stream ? STATUS_NOT_SUPPORTED : STATUS_SUCCESS;
	return ksmbd_stream_rename(open, name->stream, rn->replace_if_exists);
}

/* [MS-FSA] 2.1.4.12: the name moves or goes, so nobody may keep it open for later. */
static ntstatus_t break_handles(struct ksmbd_request *rq)
{
	if (!(rq->open->granted_access & ACCESS_DELETE))
		return STATUS_ACCESS_DENIED;
	return ksmbd_oplock_break_handles(rq, rq->open->file, rq->open);
}

static ntstatus_t rename_or_link(struct ksmbd_request *rq,
				 const struct fscc_rename *rn, bool link)
{
	struct ksmbd_name name;
	ntstatus_t status;

	/* a handle to start from makes no sense over the network: 2.4.37 */
	if (rn->root_directory)
		return STATUS_INVALID_PARAMETER;
	status = ksmbd_fs_name(rq->tree, rn->name, &name);
	if (status != STATUS_SUCCESS)
		return status;
	if (!link)
		status = break_handles(rq);
	/* what is open below a directory keeps its path */
	if (status == STATUS_SUCCESS && !link && rq->open->kind == OPEN_DIRECTORY &&
	    !(rn->flags & FILE_RENAME_POSIX_SEMANTICS))
		status = ksmbd_oplock_break_below(rq, rq->open);
	if (status != STATUS_SUCCESS)
		;
	else if (is_stream_name(&name))
		status = rename_stream(rq->open, &name, rn, link);
	else if (rq->open->file->stream)
		status = STATUS_INVALID_PARAMETER;
	else if (link)
		status = ksmbd_fs_link(rq->open, name.path, rn->replace_if_exists);
	else
		status = ksmbd_fs_rename(rq->open, name.path, rn->replace_if_exists,
					 rn->flags & FILE_RENAME_POSIX_SEMANTICS);
	ksmbd_fs_name_free(&name);
	return status;
}

static ntstatus_t set_rename(struct ksmbd_request *rq, struct wire_span in)
{
	struct fscc_rename rn;

	if (fscc_get_rename(in, &rn))
		return STATUS_INFO_LENGTH_MISMATCH;
	return rename_or_link(rq, &rn, false);
}

static ntstatus_t set_rename_ex(struct ksmbd_request *rq, struct wire_span in)
{
	struct fscc_rename rn;

	if (fscc_get_rename_ex(in, &rn))
		return STATUS_INFO_LENGTH_MISMATCH;
	return rename_or_link(rq, &rn, false);
}

static ntstatus_t set_link(struct ksmbd_request *rq, struct wire_span in)
{
	struct fscc_rename rn;

	if (fscc_get_rename(in, &rn))
		return STATUS_INFO_LENGTH_MISMATCH;
	return rename_or_link(rq, &rn, true);
}

static ntstatus_t dispose(struct ksmbd_request *rq, u32 flags)
{
	ntstatus_t status = STATUS_SUCCESS;

	if (flags & FILE_DISPOSITION_DELETE)
		status = break_handles(rq);
	return status == STATUS_SUCCESS ?
		ksmbd_fs_set_disposition(rq->open, flags) : status;
}

static ntstatus_t set_disposition(struct ksmbd_request *rq, struct wire_span in)
{
	u32 flags;

	if (fscc_get_disposition(in, &flags))
		return STATUS_INFO_LENGTH_MISMATCH;
	return dispose(rq, flags);
}

static ntstatus_t set_disposition_ex(struct ksmbd_request *rq,
				     struct wire_span in)
{
	u32 flags;

	if (fscc_get_disposition_ex(in, &flags))
		return STATUS_INFO_LENGTH_MISMATCH;
	return dispose(rq, flags);
}

static ntstatus_t set_end_of_file(struct ksmbd_request *rq, struct wire_span in)
{
	u64 size;

	if (fscc_get_u64(in, &size))
		return STATUS_INFO_LENGTH_MISMATCH;
	return ksmbd_fs_set_end_of_file(rq->open, size);
}

static ntstatus_t set_allocation(struct ksmbd_request *rq, struct wire_span in)
{
	u64 size;

	if (fscc_get_u64(in, &size))
		return STATUS_INFO_LENGTH_MISMATCH;
	return ksmbd_fs_set_allocation(rq->open, size);
}

/* [MS-FSA] 2.1.5.15.10 */
static ntstatus_t set_position(struct ksmbd_request *rq, struct wire_span in)
{
	u64 position;

	if (fscc_get_u64(in, &position))
		return STATUS_INFO_LENGTH_MISMATCH;
	if ((s64)position < 0)
		return STATUS_INVALID_PARAMETER;
	spin_lock(&rq->open->spin);
	rq->open->position = position;
	spin_unlock(&rq->open->spin);
	return STATUS_SUCCESS;
}

/* [MS-FSA] 2.1.5.15.8 */
static ntstatus_t set_mode(struct ksmbd_request *rq, struct wire_span in)
{
	const u32 settable = FILE_WRITE_THROUGH | FILE_SEQUENTIAL_ONLY |
			     FILE_SYNCHRONOUS_IO_ALERT |
			     FILE_SYNCHRONOUS_IO_NONALERT;
	u32 mode;

	if (fscc_get_u32(in, &mode))
		return STATUS_INFO_LENGTH_MISMATCH;
	if (mode & ~settable ||
	    (mode & FILE_SYNCHRONOUS_IO_ALERT &&
	     mode & FILE_SYNCHRONOUS_IO_NONALERT))
		return STATUS_INVALID_PARAMETER;
	spin_lock(&rq->open->spin);
	rq->open->mode = mode;
	spin_unlock(&rq->open->spin);
	return STATUS_SUCCESS;
}

static ntstatus_t set_ea(struct ksmbd_request *rq, struct wire_span in)
{
	return ksmbd_fs_set_ea(rq->open, in);
}

static ntstatus_t (*const classes[])(struct ksmbd_request *rq,
				     struct wire_span in) = {
	[FILE_BASIC_INFORMATION]	  = set_basic,
	[FILE_RENAME_INFORMATION]	  = set_rename,
	[FILE_LINK_INFORMATION]		  = set_link,
	[FILE_DISPOSITION_INFORMATION]	  = set_disposition,
	[FILE_POSITION_INFORMATION]	  = set_position,
	[FILE_FULL_EA_INFORMATION]	  = set_ea,
	[FILE_MODE_INFORMATION]		  = set_mode,
	[FILE_ALLOCATION_INFORMATION]	  = set_allocation,
	[FILE_END_OF_FILE_INFORMATION]	  = set_end_of_file,
	[FILE_DISPOSITION_INFORMATION_EX] = set_disposition_ex,
	[FILE_RENAME_INFORMATION_EX]	  = set_rename_ex,
};

/* What each section of [MS-FSA] 2.1.5.15 reports; names report themselves. */
static u32 changed_basic(struct wire_span in)
{
	struct fscc_basic b;

	if (fscc_get_basic(in, &b))
		return 0;
	return (b.attributes ? FILE_NOTIFY_CHANGE_ATTRIBUTES : 0) |
	       (b.creation_time > 0 ? FILE_NOTIFY_CHANGE_CREATION : 0) |
	       (b.last_access_time > 0 ? FILE_NOTIFY_CHANGE_LAST_ACCESS : 0) |
	       (b.last_write_time > 0 ? FILE_NOTIFY_CHANGE_LAST_WRITE : 0);
}

static u32 changed_file(u8 info_class, struct wire_span in)
{
	switch (info_class) {
	case FILE_BASIC_INFORMATION:
		return changed_basic(in);
	case FILE_ALLOCATION_INFORMATION:
	case FILE_END_OF_FILE_INFORMATION:
		return FILE_NOTIFY_CHANGE_SIZE | FILE_NOTIFY_CHANGE_LAST_WRITE;
	case FILE_FULL_EA_INFORMATION:
		return FILE_NOTIFY_CHANGE_EA;
	default:
		return 0;
	}
}

/* Who watches or caches the directory: that @filter of @open changed; 0 for nothing. */
static void tell(struct ksmbd_quiet *quiet, struct ksmbd_open *open, u32 filter)
{
	ksmbd_quiet_end(quiet, open, filter);
	if (filter)
		ksmbd_dir_lease_child_changed(open);
}

static ntstatus_t set_file(struct ksmbd_request *rq, u8 info_class,
			   struct wire_span in)
{
	struct ksmbd_quiet quiet;
	ntstatus_t status;

	if (info_class >= ARRAY_SIZE(classes) || !classes[info_class])
		return STATUS_INVALID_INFO_CLASS;
	/* these two are the handle's own */
	if (rq->open->snapshot && info_class != FILE_POSITION_INFORMATION &&
	    info_class != FILE_MODE_INFORMATION)
		return STATUS_MEDIA_WRITE_PROTECTED;
	ksmbd_quiet_begin(&quiet, rq->open->parent_lease);
	status = classes[info_class](rq, in);
	tell(&quiet, rq->open, status == STATUS_SUCCESS ?
	     changed_file(info_class, in) : 0);
	return status;
}

static ntstatus_t set_security(struct ksmbd_request *rq,
			       const struct smb2_set_info_req *req)
{
	struct ksmbd_quiet quiet;
	ntstatus_t status;

	if (rq->open->snapshot)
		return STATUS_MEDIA_WRITE_PROTECTED;
	ksmbd_quiet_begin(&quiet, rq->open->parent_lease);
	status = ksmbd_fs_set_security(rq->open, req->additional_information,
				       req->buffer);
	tell(&quiet, rq->open, status == STATUS_SUCCESS ?
	     FILE_NOTIFY_CHANGE_SECURITY : 0);
	return status;
}

ntstatus_t smb2_set_info(struct ksmbd_request *rq)
{
	const struct smb2_set_info_req *req = &rq->req.set_info;
	struct ksmbd_open *open;
	ntstatus_t status;

	status = ksmbd_oplock_resume(rq);
	if (status != STATUS_SUCCESS)
		return status;
	status = smb2_open_get(rq, req->file_id, &open);
	if (status != STATUS_SUCCESS)
		return status;
	if (req->buffer.len > rq->conn->max_transact)
		return STATUS_INVALID_PARAMETER;
	if (open->kind == OPEN_PIPE)
		return STATUS_NOT_SUPPORTED;

	switch (req->info_type) {
	case SMB2_0_INFO_FILE:
		return set_file(rq, req->info_class, req->buffer);
	case SMB2_0_INFO_SECURITY:
		return set_security(rq, req);
	case SMB2_0_INFO_FILESYSTEM:
	case SMB2_0_INFO_QUOTA:
		return STATUS_NOT_SUPPORTED;
	default:
		return STATUS_INVALID_PARAMETER;
	}
}
