// SPDX-License-Identifier: GPL-2.0
/* SMB2 LOCK.  [MS-SMB2] 3.3.5.14; may park, so it is entered again when woken */
#include "smb2/smb2.h"

#include "fs/fs.h"
#include "smb2/open.h"

ntstatus_t smb2_lock(struct ksmbd_request *rq)
{
	struct ksmbd_open *open = rq->open;
	ntstatus_t status;

	/* A woken request keeps the handle it waits on, closed or not. */
	if (!open) {
		status = smb2_open_get(rq, rq->req.lock.file_id, &open);
		if (status != STATUS_SUCCESS)
			return status;
	}
	if (open->kind == OPEN_PIPE)
		return STATUS_INVALID_DEVICE_REQUEST;
	return ksmbd_fs_lock(rq, open);
}
