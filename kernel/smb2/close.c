// SPDX-License-Identifier: GPL-2.0
/* SMB2 CLOSE.  [MS-SMB2] 3.3.5.10 */
#include "smb2/smb2.h"

#include "fs/fs.h"
#include "smb2/open.h"

ntstatus_t smb2_close(struct ksmbd_request *rq)
{
	const struct smb2_close_req *req = &rq->req.close;
	struct smb2_close_rsp *rsp = &rq->rsp.close;
	struct ksmbd_open *open;
	struct fscc_file f;
	ntstatus_t status;

	status = smb2_open_get(rq, req->file_id, &open);
	if (status != STATUS_SUCCESS)
		return status;

	/* A failed stat must not keep the handle open: answer without it. */
	if (req->flags & SMB2_CLOSE_FLAG_POSTQUERY_ATTRIB &&
	    open->kind != OPEN_PIPE &&
	    ksmbd_fs_stat(open, &f) == STATUS_SUCCESS) {
		rsp->flags = SMB2_CLOSE_FLAG_POSTQUERY_ATTRIB;
		rsp->creation_time = f.creation_time;
		rsp->last_access_time = f.last_access_time;
		rsp->last_write_time = f.last_write_time;
		rsp->change_time = f.change_time;
		rsp->allocation_size = f.allocation_size;
		rsp->end_of_file = f.end_of_file;
		rsp->file_attributes = f.attributes;
	}
	return ksmbd_open_close(open) ? STATUS_SUCCESS : STATUS_FILE_CLOSED;
}
