/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The server as a whole: startup -> running -> reset -> startup ..., shutdown
 * at unload; and /sys/class/ksmbd-control (kill_server, stats, debug).
 * ksmbd_server_start() and ksmbd_server_reset_async(): ipc/ipc.h.
 */
#ifndef _KSMBD_SERVER_H
#define _KSMBD_SERVER_H

#include <linux/types.h>

enum ksmbd_server_state { SERVER_STARTUP, SERVER_RUNNING, SERVER_RESET, SERVER_SHUTDOWN };

enum ksmbd_server_state ksmbd_server_state(void);
/* Stops listening, drops every connection, forgets mountd; waits for it. */
void ksmbd_server_reset(void);

int ksmbd_server_init(void);
void ksmbd_server_exit(void);

/* Components of the debug file, each a bit: smb auth vfs oplock ipc conn rdma */
#define KSMBD_DEBUG_SMB		0x01
#define KSMBD_DEBUG_AUTH	0x02
#define KSMBD_DEBUG_VFS		0x04
#define KSMBD_DEBUG_OPLOCK	0x08
#define KSMBD_DEBUG_IPC		0x10
#define KSMBD_DEBUG_CONN	0x20
#define KSMBD_DEBUG_RDMA	0x40

#endif
