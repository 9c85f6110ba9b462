/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Inside ipc/: the link to mountd.
 *
 * One lock, the xa_lock of the slot table, guards who the daemon is, whether
 * questions are allowed, and every field of a slot that a reply may touch.
 */
#ifndef _KSMBD_IPC_LINK_H
#define _KSMBD_IPC_LINK_H

#include <linux/completion.h>
#include <linux/types.h>
#include "ipc/ipc.h"

/**
 * struct ksmbd_ipc_slot - a handle of the ABI and the question asked under it
 * @handle: from add to remove
 * @port: whom the question went to; 0 while none is open
 * @reply_event: what answers it
 *
 * Lives on the stack of the asking thread, or in a pipe.  Replies reach it by
 * its handle and under the lock only, so that after remove nobody does.
 */
struct ksmbd_ipc_slot {
	u32 handle;
	u32 port;
	u8 reply_event;
	int error;
	void *reply;
	u32 len;
	struct completion answered;
};

/* upcall.c */
int ksmbd_ipc_slot_add(struct ksmbd_ipc_slot *slot);
void ksmbd_ipc_slot_remove(struct ksmbd_ipc_slot *slot);
/*
 * Asks and waits.  @msg begins with the handle, which is filled in here.  On
 * success slot->reply is a kvmalloc()ed copy that the caller owns, of at least
 * 4 bytes.  @again: when the daemon goes away in the middle, ask its successor.
 */
int ksmbd_ipc_ask(struct ksmbd_ipc_slot *slot, u8 event, void *msg, u32 len,
		  bool again);
/* All of that for a question with a handle of its own. */
int ksmbd_ipc_ask_once(u8 event, void *msg, u32 len, void **reply,
		       u32 *reply_len);
/* A reply came in.  The result is the acknowledgment. */
int ksmbd_ipc_answered(u8 event, const void *data, u32 len);

/* The registered daemon's port, or 0. */
u32 ksmbd_ipc_port(void);
void ksmbd_ipc_daemon_gone(u32 port);
/* False: a reset is under way. */
bool ksmbd_ipc_adopt(u32 port, bool first);
/* Whether a startup configured us and no reset came since. */
bool ksmbd_ipc_configured(void);
/* Nothing configured, and no reset under way either. */
bool ksmbd_ipc_idle_link(void);
void ksmbd_ipc_forget(void);
void ksmbd_ipc_touch(void);
/* Jiffies since the last exchange. */
unsigned long ksmbd_ipc_idle(void);

/* netlink.c: -ECONNREFUSED is a daemon that has gone */
int ksmbd_ipc_unicast(u32 port, u8 event, const void *data, u32 len);

/* notify.c: events without an answer; lost when there is no daemon */
void ksmbd_ipc_notify(u8 event, const void *data, u32 len);
void ksmbd_ipc_notify_flush(void);

/* startup.c */
int ksmbd_ipc_startup(const void *data, u32 len, u32 port);
void ksmbd_ipc_heartbeat_stop(void);
void ksmbd_ipc_settings_free(void);

/* share.c */
int ksmbd_ipc_names_init(void);
void ksmbd_ipc_names_exit(void);

/* Copies a string into a fixed field, with its NUL; the rest is zeroed. */
int ksmbd_ipc_put_string(s8 *field, size_t size, const char *s);
/* A field of a message as a string, or NULL when its NUL is missing. */
static inline const char *ksmbd_ipc_string(const s8 *field, size_t size)
{
	return memchr(field, 0, size) ? (const char *)field : NULL;
}

#endif
