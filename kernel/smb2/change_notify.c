// SPDX-License-Identifier: GPL-2.0
/* SMB2 CHANGE_NOTIFY.  [MS-SMB2] 3.3.5.19; may park, so it is entered again when woken */
#include "smb2/smb2.h"

#include "fs/notify.h"
#include "smb2/open.h"

ntstatus_t smb2_change_notify(struct ksmbd_request *rq)
{
	const struct smb2_change_notify_req *req = &rq->req.change_notify;
	struct ksmbd_open *open = rq->open;
	ntstatus_t status;

	/* A woken request keeps the handle it waits on, closed or not. */
	if (!open) {
		status = smb2_open_get(rq, req->file_id, &open);
		if (status != STATUS_SUCCESS)
			return status;
	}
	if (open->kind != OPEN_DIRECTORY ||
	    req->output_buffer_length > rq->conn->max_transact)
		return STATUS_INVALID_PARAMETER;
	if (!(open->granted_access & FILE_LIST_DIRECTORY))
		return STATUS_ACCESS_DENIED;
	return ksmbd_fs_change_notify(rq, open, req->completion_filter,
				      req->flags & SMB2_WATCH_TREE,
				      req->output_buffer_length);
}
