// SPDX-License-Identifier: GPL-2.0
/*
 * Named pipes on IPC$: the kernel moves PDUs, mountd answers them.
 * [MS-SMB2] 3.3.5.9 (a pipe's open), 3.3.5.15.10 (transceive)
 *
 * A pipe's name is looked up in a table: it never becomes a path.
 */
#include "smb2/smb2.h"

#include <linux/mm.h>
#include <linux/string.h>
#include "ipc/ipc.h"
#include "smb2/open.h"
#include "wire/fsctl.h"
#include "wire/utf16.h"

static const struct { const char *name; u32 service; } pipes[] = {
	{ "srvsvc", KSMBD_RPC_SRVSVC_METHOD_INVOKE },
	{ "wkssvc", KSMBD_RPC_WKSSVC_METHOD_INVOKE },
	{ "samr",   KSMBD_RPC_SAMR_METHOD_INVOKE },
	{ "lsarpc", KSMBD_RPC_LSARPC_METHOD_INVOKE },
};

static u32 service_of(struct wire_span utf16)
{
	char name[64], *p = name;

	if (wire_utf8_from_utf16(utf16, name, sizeof(name)) <= 0)
		return 0;
	if (*p == '\\')
		p++;
	for (size_t i = 0; i < ARRAY_SIZE(pipes); i++)
		if (!strcasecmp(pipes[i].name, p))
			return pipes[i].service;
	return 0;
}

static bool restricted(const struct ksmbd_request *rq)
{
	return rq->session->guest || rq->session->anonymous;
}

static void close_pipe(struct ksmbd_open *open)
{
	ksmbd_ipc_rpc_close(open->pipe_handle);
	mutex_lock(&open->scan);
	kvfree(open->pipe_rest);
	open->pipe_rest = NULL;
	mutex_unlock(&open->scan);
}

/* mountd's answer, or its absence, as the client sees it. */
static ntstatus_t status_of(int rc)
{
	switch (rc) {
	case KSMBD_RPC_OK:
		return STATUS_SUCCESS;
	case KSMBD_RPC_EACCESS_DENIED:
		return STATUS_ACCESS_DENIED;
	case KSMBD_RPC_EBAD_FID:
		return STATUS_INVALID_HANDLE;
	case KSMBD_RPC_ENOMEM:
		return STATUS_INSUFFICIENT_RESOURCES;
	case KSMBD_RPC_ENOTIMPLEMENTED:
		return STATUS_NOT_SUPPORTED;
	case KSMBD_RPC_SOME_NOT_MAPPED:
		return STATUS_SUCCESS;	/* the stub says so itself */
	case -ENOTCONN:
	case -ETIMEDOUT:
		return STATUS_PIPE_DISCONNECTED;
	case -EMSGSIZE:
		return STATUS_INVALID_BUFFER_SIZE;
	}
	return rc < 0 ? ntstatus_from_errno(rc) : STATUS_INVALID_PARAMETER;
}

ntstatus_t smb2_pipe_create(struct ksmbd_request *rq)
{
	struct smb2_create_rsp *rsp = &rq->rsp.create;
	u32 service = service_of(rq->req.create.name);
	struct ksmbd_open *open;
	ntstatus_t status;

	if (!service)
		return STATUS_OBJECT_NAME_NOT_FOUND;
	open = ksmbd_open_new(rq, OPEN_PIPE);
	if (IS_ERR(open))
		return ntstatus_from_errno(PTR_ERR(open));
	open->pipe_service = service;
	open->granted_access = FILE_READ_DATA | FILE_WRITE_DATA |
			       FILE_APPEND_DATA | FILE_READ_EA | FILE_WRITE_EA |
			       FILE_READ_ATTRIBUTES | FILE_WRITE_ATTRIBUTES |
			       ACCESS_READ_CONTROL | ACCESS_SYNCHRONIZE;
	status = status_of(ksmbd_ipc_rpc_open(service, restricted(rq),
					      &open->pipe_handle));
	if (status != STATUS_SUCCESS) {
		ksmbd_open_put(open);
		return status == STATUS_PIPE_DISCONNECTED ?
		       STATUS_PIPE_NOT_AVAILABLE : status;
	}
	open->on_close = close_pipe;
	if (ksmbd_open_publish(open)) {
		close_pipe(open);
		ksmbd_open_put(open);
		return STATUS_NETWORK_NAME_DELETED;
	}
	rq->open = open;	/* publish left us our reference */
	rsp->create_action = FILE_OPENED;
	rsp->file_attributes = FILE_ATTRIBUTE_NORMAL;
	rsp->file_id = open->id;
	return STATUS_SUCCESS;
}

ntstatus_t smb2_pipe_write(struct ksmbd_request *rq)
{
	const struct smb2_write_req *req = &rq->req.write;
	struct ksmbd_open *open = rq->open;
	struct iov_iter from;
	struct kvec one;
	void *data;
	int rc;

	if (req->data.len > KSMBD_RPC_MAX_WRITE)
		return status_of(-EMSGSIZE);
	data = kvmalloc(max_t(u32, req->data.len, 1), GFP_KERNEL);
	if (!data)
		return STATUS_INSUFFICIENT_RESOURCES;
	ksmbd_request_data(rq, req->data, &one, &from);
	rc = -EFAULT;			/* cannot be: it is kernel memory */
	if (copy_from_iter_full(data, req->data.len, &from))
		rc = ksmbd_ipc_rpc_write(open->pipe_handle, open->pipe_service,
					 restricted(rq), data, req->data.len);
	kvfree(data);
	rq->rsp.write.count = rc ? 0 : req->data.len;
	return status_of(rc);
}

/*
 * A pipe is a message pipe: what did not fit into one answer is kept for the
 * READs that follow, each but the last BUFFER_OVERFLOW.  Under open->scan.
 */
static ntstatus_t serve_rest(struct ksmbd_request *rq, u32 room)
{
	struct ksmbd_open *open = rq->open;
	u32 left = open->pipe_rest_len - open->pipe_rest_pos;
	u32 n = min(left, room);

	if (!open->pipe_rest_pos && n == left) {	/* whole: no copy */
		rq->payload = (struct ksmbd_payload) {
			.data = open->pipe_rest, .len = n, .size = n,
		};
		open->pipe_rest = NULL;
		return STATUS_SUCCESS;
	}
	if (!ksmbd_payload_alloc(&rq->payload, max_t(u32, n, 1)))
		return STATUS_INSUFFICIENT_RESOURCES;
	memcpy(rq->payload.data, open->pipe_rest + open->pipe_rest_pos, n);
	rq->payload.len = n;
	if (n < left) {
		open->pipe_rest_pos += n;
		return STATUS_BUFFER_OVERFLOW;
	}
	kvfree(open->pipe_rest);
	open->pipe_rest = NULL;
	return STATUS_SUCCESS;
}

/* Takes mountd's answer over and serves its beginning. */
static ntstatus_t take_answer(struct ksmbd_request *rq, int rc, void *data,
			      u32 len, u32 room)
{
	ntstatus_t status = status_of(rc);

	if (status == STATUS_SUCCESS && !len)
		status = STATUS_PIPE_EMPTY;
	if (status != STATUS_SUCCESS) {
		kvfree(data);
		return status;
	}
	rq->open->pipe_rest = data;
	rq->open->pipe_rest_pos = 0;
	rq->open->pipe_rest_len = len;
	return serve_rest(rq, room);
}

static ntstatus_t read_pipe(struct ksmbd_request *rq, u32 room)
{
	struct ksmbd_open *open = rq->open;
	void *data = NULL;
	u32 len = 0;
	int rc;

	if (open->pipe_rest)
		return serve_rest(rq, room);
	rc = ksmbd_ipc_rpc_read(open->pipe_handle, open->pipe_service,
				restricted(rq), &data, &len);
	return take_answer(rq, rc, data, len, room);
}

ntstatus_t smb2_pipe_read(struct ksmbd_request *rq)
{
	struct ksmbd_open *open = rq->open;
	ntstatus_t status;

	if (mutex_lock_killable(&open->scan))
		return STATUS_CANCELLED;
	status = read_pipe(rq, rq->req.read.length);
	mutex_unlock(&open->scan);
	rq->rsp.read.data_length = rq->payload.len;
	return status;
}

ntstatus_t smb2_pipe_transceive(struct ksmbd_request *rq)
{
	const struct smb2_ioctl_req *req = &rq->req.ioctl;
	struct ksmbd_open *open = rq->open;
	ntstatus_t status;
	void *data = NULL;
	u32 len = 0;
	int rc;

	if (mutex_lock_killable(&open->scan))
		return STATUS_CANCELLED;
	if (open->pipe_rest) {
		/* an answer is still being read: [MS-SMB2] 3.3.5.15.10 */
		status = STATUS_PIPE_BUSY;
	} else {
		rc = ksmbd_ipc_rpc_ioctl(open->pipe_handle, open->pipe_service,
					 restricted(rq), req->input.data,
					 req->input.len, &data, &len);
		status = take_answer(rq, rc, data, len, req->max_output_response);
	}
	mutex_unlock(&open->scan);
	return status;
}

/* [MS-SMB2] 3.3.5.15.10: every pipe there is takes another client at once */
ntstatus_t smb2_pipe_wait(struct ksmbd_request *rq)
{
	struct wire_span name;

	if (!rq->tree->share->pipe)
		return STATUS_INVALID_DEVICE_REQUEST;
	if (fsctl_get_pipe_wait(rq->req.ioctl.input, &name))
		return STATUS_INVALID_PARAMETER;
	return service_of(name) ? STATUS_SUCCESS : STATUS_OBJECT_NAME_NOT_FOUND;
}
