// SPDX-License-Identifier: GPL-2.0
/* SMB2 LOGOFF.  [MS-SMB2] 3.3.5.6 */
#include "smb2/smb2.h"

ntstatus_t smb2_logoff(struct ksmbd_request *rq)
{
	return ksmbd_session_leave(rq->session) ? STATUS_SUCCESS :
						  STATUS_USER_SESSION_DELETED;
}
