// SPDX-License-Identifier: GPL-2.0
/* SMB2 ECHO.  [MS-SMB2] 3.3.5.17 */
#include "smb2/smb2.h"

ntstatus_t smb2_echo(struct ksmbd_request *rq)
{
	return STATUS_SUCCESS;
}
