// SPDX-License-Identifier: GPL-2.0
/* The interfaces that more channels could go to.  [MS-SMB2] 3.3.5.15.11 */
#include "smb2/ioctl.h"

#include <linux/mm.h>
#include <linux/slab.h>
#include "wire/fsctl.h"

#define MAX_ADDRESSES	128

/* Who is on this machine reaches it by no other address as surely. */
static bool is_local(const struct ksmbd_request *rq)
{
	const char *peer = rq->conn->transport->peer;

	return !strncmp(peer, "127.", 4) || !strcmp(peer, "::1");
}

static ntstatus_t answer(struct ksmbd_request *rq,
			 const struct fsctl_interface *list, unsigned int n)
{
	u32 size = n * FSCTL_INTERFACE_SIZE;
	struct wire_writer w;

	if (size > rq->req.ioctl.max_output_response)
		return STATUS_BUFFER_TOO_SMALL;
	if (!smb2_ioctl_answer(rq, size, &w))
		return STATUS_INSUFFICIENT_RESOURCES;
	for (unsigned int i = 0; i < n; i++)
		fsctl_put_interface(&w, &list[i], i + 1 == n);
	return STATUS_SUCCESS;
}

ntstatus_t smb2_ioctl_interfaces(struct ksmbd_request *rq)
{
	struct fsctl_interface *list;
	ntstatus_t status;
	unsigned int n;

	if (!(rq->conn->capabilities & SMB2_GLOBAL_CAP_MULTI_CHANNEL))
		return STATUS_NOT_SUPPORTED;
	list = kvcalloc(MAX_ADDRESSES, sizeof(*list), GFP_KERNEL);
	if (!list)
		return STATUS_INSUFFICIENT_RESOURCES;
	n = ksmbd_tcp_interfaces(is_local(rq), list, MAX_ADDRESSES);
	status = answer(rq, list, n);
	kvfree(list);
	return status;
}
