// SPDX-License-Identifier: GPL-2.0
/* SMB2 QUERY_INFO.  [MS-SMB2] 3.3.5.20 */
#include "smb2/smb2.h"

#include "smb2/open.h"

ntstatus_t smb2_query_info(struct ksmbd_request *rq)
{
	const struct smb2_query_info_req *req = &rq->req.query_info;
	struct ksmbd_open *open;
	ntstatus_t status;

	status = smb2_open_get(rq, req->file_id, &open);
	if (status != STATUS_SUCCESS)
		return status;
	if (req->output_buffer_length > rq->conn->max_transact)
		return STATUS_INVALID_PARAMETER;

	switch (req->info_type) {
	case SMB2_0_INFO_FILE:
		status = smb2_query_file_info(rq);
		break;
	case SMB2_0_INFO_FILESYSTEM:
		status = smb2_query_fs_info(rq);
		break;
	case SMB2_0_INFO_SECURITY:
		status = smb2_query_security_info(rq);
		break;
	case SMB2_0_INFO_QUOTA:
		return STATUS_NOT_SUPPORTED;
	default:
		return STATUS_INVALID_PARAMETER;
	}
	rq->rsp.buffer.output_buffer_length = rq->payload.len;
	return status;
}
