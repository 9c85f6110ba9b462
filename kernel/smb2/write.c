// SPDX-License-Identifier: GPL-2.0
/* SMB2 WRITE.  [MS-SMB2] 3.3.5.13 */
#include "smb2/smb2.h"

#include "fs/fs.h"
#include "fs/notify.h"
#include "smb2/open.h"

ntstatus_t smb2_write(struct ksmbd_request *rq)
{
	const struct smb2_write_req *req = &rq->req.write;
	struct ksmbd_quiet quiet;
	struct ksmbd_open *open;
	struct iov_iter from;
	struct kvec one;
	bool through;
	ntstatus_t status;

	status = smb2_open_get(rq, req->file_id, &open);
	if (status != STATUS_SUCCESS)
		return status;
	if (req->length > rq->conn->max_write || req->channel)
		return STATUS_INVALID_PARAMETER;
	if (open->kind == OPEN_PIPE)
		return smb2_pipe_write(rq);

	if (open->snapshot)
		return STATUS_MEDIA_WRITE_PROTECTED;
	status = ksmbd_fs_check_locks(open, req->offset, req->length, true);
	if (status != STATUS_SUCCESS)
		return status;
	/* the flag exists since 2.1; write-through handles need none */
	through = (rq->conn->dialect > SMB2_DIALECT_0202 &&
		   req->flags & SMB2_WRITEFLAG_WRITE_THROUGH) ||
		  READ_ONCE(open->mode) & FILE_WRITE_THROUGH;
	ksmbd_request_data(rq, req->data, &one, &from);
	ksmbd_quiet_begin(&quiet, 0);
	status = ksmbd_fs_write(open, req->offset, &from, through,
				&rq->rsp.write.count);
	ksmbd_quiet_end(&quiet, open, rq->rsp.write.count ?
			FILE_NOTIFY_CHANGE_SIZE | FILE_NOTIFY_CHANGE_LAST_WRITE : 0);
	return status;
}
