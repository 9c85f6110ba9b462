// SPDX-License-Identifier: GPL-2.0
/* SMB2 CANCEL.  [MS-SMB2] 3.3.5.16; there is no response. */
#include "smb2/smb2.h"

ntstatus_t smb2_cancel(struct ksmbd_request *rq)
{
	ksmbd_request_cancel_by_id(rq->conn, &rq->hdr);
	return STATUS_SUCCESS;
}
