/* SPDX-License-Identifier: GPL-2.0 */
/* Handles as the command files use them. */
#ifndef _KSMBD_SMB2_OPEN_H
#define _KSMBD_SMB2_OPEN_H

#include "fs/open.h"

/*
 * The open of @id in @open, which rq->open keeps.  FILE_CLOSED, or for a
 * related request whose predecessor failed that one's status (3.3.5.2.7.2).
 */
static inline ntstatus_t smb2_open_get(struct ksmbd_request *rq,
				       struct smb2_file_id id,
				       struct ksmbd_open **open)
{
	*open = ksmbd_open_find(rq, id);
	if (*open)
		return STATUS_SUCCESS;
	if (rq->related && !rq->msg->has_file_id)
		return rq->msg->failed;
	return STATUS_FILE_CLOSED;
}

#endif
