// SPDX-License-Identifier: GPL-2.0
/* Security descriptors of QUERY_INFO.  [MS-SMB2] 3.3.5.20.3, [MS-DTYP] 2.4.6 */
#include "smb2/smb2.h"

#include "fs/fs.h"

#define MIN_BUFFER	4096
#define KNOWN_PARTS	(OWNER_SECURITY_INFORMATION | GROUP_SECURITY_INFORMATION | \
			 DACL_SECURITY_INFORMATION)

ntstatus_t smb2_query_security_info(struct ksmbd_request *rq)
{
	const struct smb2_query_info_req *req = &rq->req.query_info;
	struct ksmbd_open *open = rq->open;
	ntstatus_t status;
	u32 len = 0, cap;

	if (open->kind == OPEN_PIPE)
		return STATUS_NOT_SUPPORTED;
	if (req->additional_information & SACL_SECURITY_INFORMATION &&
	    !(open->granted_access & ACCESS_SYSTEM_SECURITY))
		return STATUS_ACCESS_DENIED;
	if (req->additional_information & KNOWN_PARTS &&
	    !(open->granted_access & ACCESS_READ_CONTROL))
		return STATUS_ACCESS_DENIED;

	cap = min_t(u32, req->output_buffer_length, SD_MAX_SIZE);
	if (!ksmbd_payload_alloc(&rq->payload, max_t(u32, cap, MIN_BUFFER)))
		return STATUS_INSUFFICIENT_RESOURCES;
	status = ksmbd_fs_query_security(open,
					 req->additional_information & KNOWN_PARTS,
					 rq->payload.data, cap, &len);
	if (status == STATUS_BUFFER_TOO_SMALL) {
		/* the client asks again with the length we name: 3.3.5.20.3 */
		rq->error_length = len;
		return status;
	}
	rq->payload.len = len;
	return status;
}
