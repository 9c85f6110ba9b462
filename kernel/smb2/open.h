/* SPDX-License-Identifier: GPL-2.0 */
/* Handles as the command files use them. */
#ifndef _KSMBD_SMB2_OPEN_H
#define _KSMBD_SMB2_OPEN_H

#include "fs/open.h"

/*
 * [MS-SMB2] 3.3.5.2.10: counts @rq among the open's requests until it is done.
 * FILE_NOT_AVAILABLE: it would change something out of turn, before or beside a
 * request of an older channel sequence.  Once a request; later calls say SUCCESS.
 */
ntstatus_t smb2_sequence_check(struct ksmbd_request *rq, struct ksmbd_open *open);
void smb2_sequence_done(struct ksmbd_request *rq);

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
		return smb2_sequence_check(rq, *open);
	if (rq->related && !rq->msg->has_file_id)
		return rq->msg->failed;
	return STATUS_FILE_CLOSED;
}

#endif
