// SPDX-License-Identifier: GPL-2.0
/*
 * Named pipes: DCE/RPC goes to mountd as it is.
 *
 * The ABI knows a pipe's answers only by the pipe's handle.  So one operation
 * runs at a time, and a pipe whose answer did not come is not used again: a
 * late answer would be taken for the next operation's.
 */
#include "ipc/link.h"

#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/refcount.h>
#include <linux/slab.h>
#include <linux/xarray.h>

/*
 * struct rpc_pipe - an open named pipe
 *
 * References: the table, from open until close; each operation.
 * Locks: @lock serialises operations, sleeps for mountd, and guards @broken.
 */
struct rpc_pipe {
	refcount_t ref;
	struct mutex lock;
	bool broken;
	struct ksmbd_ipc_slot slot;	/* its handle is the pipe's */
};

static DEFINE_XARRAY(pipes);		/* handle -> pipe */

static void pipe_put(struct rpc_pipe *p)
{
	if (!refcount_dec_and_test(&p->ref))
		return;
	ksmbd_ipc_slot_remove(&p->slot);
	mutex_destroy(&p->lock);
	kfree(p);
}

static struct rpc_pipe *pipe_find(u32 handle)
{
	struct rpc_pipe *p;

	xa_lock(&pipes);
	p = xa_load(&pipes, handle);
	if (p)
		refcount_inc(&p->ref);	/* the table's keeps it above 0 */
	xa_unlock(&pipes);
	return p;
}

/* Checks the answer in the slot and takes its data.  Its status, or -errno. */
static int take_answer(struct ksmbd_ipc_slot *slot, void **data, u32 *len)
{
	const struct ksmbd_rpc_command *rsp = slot->reply;
	int status = -EPROTO;

	if (slot->len < sizeof(*rsp) || rsp->flags > INT_MAX ||
	    slot->len - sizeof(*rsp) != rsp->payload_sz ||
	    rsp->payload_sz > KSMBD_RPC_MAX_READ)
		goto out;
	status = rsp->flags;
	if (data && rsp->payload_sz) {
		*data = kvmalloc(rsp->payload_sz, GFP_KERNEL);
		if (*data) {
			memcpy(*data, rsp->payload, rsp->payload_sz);
			*len = rsp->payload_sz;
		} else {
			status = -ENOMEM;
		}
	}
out:
	kvfree(slot->reply);
	slot->reply = NULL;
	return status;
}

static int ask_locked(struct rpc_pipe *p, u32 flags, const void *in, u32 in_len,
		      void **data, u32 *len)
{
	struct ksmbd_rpc_command *cmd;
	int err;

	lockdep_assert_held(&p->lock);
	if (p->broken)
		return -ENOTCONN;
	cmd = kvzalloc(struct_size(cmd, payload, in_len), GFP_KERNEL);
	if (!cmd)
		return -ENOMEM;
	cmd->flags = flags;
	cmd->payload_sz = in_len;
	if (in_len)
		memcpy(cmd->payload, in, in_len);
	/* another daemon does not know this pipe: never asked again */
	err = ksmbd_ipc_ask(&p->slot, KSMBD_EVENT_RPC_REQUEST, cmd,
			    struct_size(cmd, payload, in_len), false);
	kvfree(cmd);
	if (err) {
		p->broken = true;
		return err;
	}
	return take_answer(&p->slot, data, len);
}

static int operate(u32 handle, u32 flags, const void *in, u32 in_len,
		   void **data, u32 *len)
{
	struct rpc_pipe *p;
	int status;

	if (data) {
		*data = NULL;
		*len = 0;
	}
	if (in_len > KSMBD_RPC_MAX_WRITE)
		return -EMSGSIZE;
	p = pipe_find(handle);
	if (!p)
		return -ENOTCONN;
	if (mutex_lock_killable(&p->lock)) {
		status = -EINTR;
	} else {
		status = ask_locked(p, flags, in, in_len, data, len);
		mutex_unlock(&p->lock);
	}
	pipe_put(p);
	return status;
}

static u32 context(bool restricted)
{
	return restricted ? KSMBD_RPC_RESTRICTED_CONTEXT : 0;
}

int ksmbd_ipc_rpc_open(u32 service, bool restricted, u32 *handle)
{
	struct rpc_pipe *p = kzalloc(sizeof(*p), GFP_KERNEL);
	int status;

	if (!p)
		return -ENOMEM;
	refcount_set(&p->ref, 1);
	mutex_init(&p->lock);
	status = ksmbd_ipc_slot_add(&p->slot);
	if (status) {
		kfree(p);
		return status;
	}
	status = xa_err(xa_store(&pipes, p->slot.handle, p, GFP_KERNEL));
	if (status) {
		pipe_put(p);
		return status;
	}
	/* the context of a guest goes with each operation, not with the open */
	*handle = p->slot.handle;
	status = operate(*handle, KSMBD_RPC_OPEN_METHOD | service, NULL, 0,
			 NULL, NULL);
	if (status)
		ksmbd_ipc_rpc_close(*handle);
	return status;
}

int ksmbd_ipc_rpc_write(u32 handle, u32 service, bool restricted,
			const void *data, u32 len)
{
	return operate(handle,
		       KSMBD_RPC_WRITE_METHOD | service | context(restricted),
		       data, len, NULL, NULL);
}

int ksmbd_ipc_rpc_read(u32 handle, u32 service, bool restricted,
		       void **data, u32 *len)
{
	return operate(handle,
		       KSMBD_RPC_READ_METHOD | service | context(restricted),
		       NULL, 0, data, len);
}

int ksmbd_ipc_rpc_ioctl(u32 handle, u32 service, bool restricted,
			const void *in, u32 in_len, void **data, u32 *len)
{
	return operate(handle,
		       KSMBD_RPC_IOCTL_METHOD | service | context(restricted),
		       in, in_len, data, len);
}

/* mountd answers a close too; nobody waits, and the answer is dropped. */
void ksmbd_ipc_rpc_close(u32 handle)
{
	struct ksmbd_rpc_command cmd = {
		.handle = handle,
		.flags = KSMBD_RPC_CLOSE_METHOD,
	};
	struct rpc_pipe *p = xa_erase(&pipes, handle);

	if (!p)
		return;
	ksmbd_ipc_notify(KSMBD_EVENT_RPC_REQUEST, &cmd, sizeof(cmd));
	pipe_put(p);
}
