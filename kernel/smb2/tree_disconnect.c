// SPDX-License-Identifier: GPL-2.0
/* SMB2 TREE_DISCONNECT.  [MS-SMB2] 3.3.5.8 */
#include "smb2/smb2.h"

ntstatus_t smb2_tree_disconnect(struct ksmbd_request *rq)
{
	return ksmbd_tree_close(rq->tree) ? STATUS_SUCCESS :
					    STATUS_NETWORK_NAME_DELETED;
}
