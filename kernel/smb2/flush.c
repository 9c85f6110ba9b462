// SPDX-License-Identifier: GPL-2.0
/* SMB2 FLUSH.  [MS-SMB2] 3.3.5.11 */
#include "smb2/smb2.h"

#include "fs/fs.h"
#include "smb2/open.h"

ntstatus_t smb2_flush(struct ksmbd_request *rq)
{
	struct ksmbd_open *open;
	ntstatus_t status;

	status = smb2_open_get(rq, rq->req.flush.file_id, &open);
	if (status != STATUS_SUCCESS)
		return status;
	if (open->kind == OPEN_PIPE)
		return STATUS_SUCCESS;	/* a pipe has nothing to write back */
	return ksmbd_fs_flush(open);
}
