// SPDX-License-Identifier: GPL-2.0
/* SMB2 READ.  [MS-SMB2] 3.3.5.12 */
#include "smb2/smb2.h"

#include "fs/fs.h"
#include "smb2/dispatch.h"
#include "smb2/open.h"

ntstatus_t smb2_read(struct ksmbd_request *rq)
{
	const struct smb2_read_req *req = &rq->req.read;
	ntstatus_t status = STATUS_SUCCESS;
	struct ksmbd_open *open = rq->open;	/* on its second way through */
	struct iov_iter to;
	struct kvec one;
	u32 done;

	if (!open)
		status = smb2_open_get(rq, req->file_id, &open);
	if (status != STATUS_SUCCESS)
		return status;
	if (req->length > rq->conn->max_read || req->channel)
		return STATUS_INVALID_PARAMETER;
	if (open->kind == OPEN_PIPE)
		return smb2_pipe_read(rq);

	status = ksmbd_fs_check_locks(open, req->offset, req->length, false);
	if (status != STATUS_SUCCESS)
		return status;
	/* an empty read still has to say whether the handle may read */
	if (ksmbd_payload_receive(&rq->payload, req->length, &one, &to))
		return STATUS_INSUFFICIENT_RESOURCES;
	status = ksmbd_fs_read(open, req->offset, &to, rq->msg->here, &done);
	if (status == STATUS_RETRY)
		return SMB2_STATUS_MOVE;
	if (status != STATUS_SUCCESS)
		return status;
	if ((!done && req->length) || done < req->minimum_count)
		return STATUS_END_OF_FILE;
	rq->payload.len = done;
	ksmbd_payload_shrink(&rq->payload);
	rq->rsp.read.data_length = done;
	return STATUS_SUCCESS;
}
