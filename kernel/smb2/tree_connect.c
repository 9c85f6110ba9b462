// SPDX-License-Identifier: GPL-2.0
/* SMB2 TREE_CONNECT.  [MS-SMB2] 3.3.5.7 */
#include "smb2/smb2.h"

#include <linux/slab.h>
#include <linux/string.h>
#include "wire/utf16.h"

#define MAX_UNC	1024		/* bytes of \\server\share in UTF-8 */

/* The share's name: what follows the last backslash of \\server\share. */
static const char *share_of(const char *unc)
{
	const char *name;

	if (unc[0] != '\\' || unc[1] != '\\')
		return NULL;
	name = strchr(unc + 2, '\\');
	if (!name || name == unc + 2 || !name[1] || strchr(name + 1, '\\'))
		return NULL;
	return name + 1;
}

ntstatus_t smb2_tree_connect(struct ksmbd_request *rq)
{
	struct smb2_tree_connect_rsp *rsp = &rq->rsp.tree_connect;
	const char *name;
	ntstatus_t status;
	char *unc;

	/*
	 * 3.3.5.7: in 3.1.1 the request proves that nobody tampered with
	 * NEGOTIATE, so an authenticated client has to sign or encrypt it.
	 */
	if (rq->conn->dialect == SMB2_DIALECT_0311 && !rq->signed_ok &&
	    !rq->msg->sealed_by && !rq->session->guest && !rq->session->anonymous) {
		rq->close_connection = true;
		return STATUS_ACCESS_DENIED;
	}
	unc = kmalloc(MAX_UNC, GFP_KERNEL);
	if (!unc)
		return STATUS_INSUFFICIENT_RESOURCES;
	name = wire_utf8_from_utf16(rq->req.tree_connect.path, unc, MAX_UNC) < 0 ?
	       NULL : share_of(unc);
	if (name)
		status = ksmbd_tree_connect(rq->session, rq->user,
					    rq->conn->transport, name,
					    &rq->tree);
	else
		status = STATUS_BAD_NETWORK_NAME;
	kfree(unc);
	if (status != STATUS_SUCCESS)
		return status;

	rq->rsp_tree_id = rq->tree->id;
	rsp->share_type = rq->tree->share->pipe ? SMB2_SHARE_TYPE_PIPE :
						  SMB2_SHARE_TYPE_DISK;
	if (rq->tree->share->pipe)
		rsp->share_flags = SMB2_SHAREFLAG_NO_CACHING;
	if (rq->tree->share->flags & KSMBD_SHARE_FLAG_HIDE_UNREADABLE)
		rsp->share_flags |= SMB2_SHAREFLAG_ACCESS_BASED_DIRECTORY_ENUM;
	if (rq->tree->encrypt_data)
		rsp->share_flags |= SMB2_SHAREFLAG_ENCRYPT_DATA;
	rsp->maximal_access = rq->tree->maximal_access;
	return STATUS_SUCCESS;
}
