// SPDX-License-Identifier: GPL-2.0
/*
 * SMB2 CHANGE_NOTIFY.  [MS-SMB2] 3.3.5.19
 *
 * Watching is not there yet: a request that is well formed is answered
 * NOT_SUPPORTED, as by an object store without notifications.
 */
#include "smb2/smb2.h"

#include "smb2/open.h"

ntstatus_t smb2_change_notify(struct ksmbd_request *rq)
{
	const struct smb2_change_notify_req *req = &rq->req.change_notify;
	struct ksmbd_open *open;
	ntstatus_t status;

	status = smb2_open_get(rq, req->file_id, &open);
	if (status != STATUS_SUCCESS)
		return status;
	if (open->kind != OPEN_DIRECTORY ||
	    req->output_buffer_length > rq->conn->max_transact)
		return STATUS_INVALID_PARAMETER;
	if (!(open->granted_access & FILE_LIST_DIRECTORY))
		return STATUS_ACCESS_DENIED;
	return STATUS_NOT_SUPPORTED;
}
