// SPDX-License-Identifier: GPL-2.0
/*
 * SMB2 OPLOCK_BREAK acknowledgment.  [MS-SMB2] 3.3.5.22
 *
 * No oplock or lease is ever granted yet, so none can be breaking: for a valid
 * handle that is the protocol error of 3.3.5.22.1, for a lease 3.3.5.22.2.
 */
#include "smb2/smb2.h"

#include "smb2/open.h"

ntstatus_t smb2_oplock_break(struct ksmbd_request *rq)
{
	const struct smb2_oplock_break_req *req = &rq->req.oplock_break;
	struct ksmbd_open *open;
	ntstatus_t status;

	if (req->lease)
		return STATUS_OBJECT_NAME_NOT_FOUND;
	status = smb2_open_get(rq, req->file_id, &open);
	if (status != STATUS_SUCCESS)
		return status;
	return STATUS_INVALID_OPLOCK_PROTOCOL;
}
