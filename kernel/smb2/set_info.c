// SPDX-License-Identifier: GPL-2.0
/* SMB2 SET_INFO.  [MS-SMB2] 3.3.5.21, [MS-FSCC] 2.4 */
#include "smb2/smb2.h"

#include <linux/slab.h>
#include "fs/fs.h"
#include "fs/stream.h"
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
	if (is_stream_name(&name))
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

static ntstatus_t set_disposition(struct ksmbd_request *rq, struct wire_span in)
{
	u32 flags;

	if (fscc_get_disposition(in, &flags))
		return STATUS_INFO_LENGTH_MISMATCH;
	return ksmbd_fs_set_disposition(rq->open, flags);
}

static ntstatus_t set_disposition_ex(struct ksmbd_request *rq,
				     struct wire_span in)
{
	u32 flags;

	if (fscc_get_disposition_ex(in, &flags))
		return STATUS_INFO_LENGTH_MISMATCH;
	return ksmbd_fs_set_disposition(rq->open, flags);
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

ntstatus_t smb2_set_info(struct ksmbd_request *rq)
{
	const struct smb2_set_info_req *req = &rq->req.set_info;
	struct ksmbd_open *open;
	ntstatus_t status;

	status = smb2_open_get(rq, req->file_id, &open);
	if (status != STATUS_SUCCESS)
		return status;
	if (req->buffer.len > rq->conn->max_transact)
		return STATUS_INVALID_PARAMETER;
	if (open->kind == OPEN_PIPE)
		return STATUS_NOT_SUPPORTED;

	switch (req->info_type) {
	case SMB2_0_INFO_FILE:
		if (req->info_class >= ARRAY_SIZE(classes) ||
		    !classes[req->info_class])
			return STATUS_INVALID_INFO_CLASS;
		return classes[req->info_class](rq, req->buffer);
	case SMB2_0_INFO_SECURITY:
		return ksmbd_fs_set_security(open, req->additional_information,
					     req->buffer);
	case SMB2_0_INFO_FILESYSTEM:
	case SMB2_0_INFO_QUOTA:
		return STATUS_NOT_SUPPORTED;
	default:
		return STATUS_INVALID_PARAMETER;
	}
}
