/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The server as a whole: startup -> running -> reset -> startup ..., shutdown
 * at unload; and /sys/class/ksmbd-control (kill_server, stats, debug).
 * ksmbd_server_start() and ksmbd_server_reset_async(): ipc/ipc.h.
 */
#ifndef _KSMBD_SERVER_H
#define _KSMBD_SERVER_H

#include <linux/types.h>
#include "debug.h"

enum ksmbd_server_state { SERVER_STARTUP, SERVER_RUNNING, SERVER_RESET, SERVER_SHUTDOWN };

enum ksmbd_server_state ksmbd_server_state(void);
/* Stops listening, drops every connection, forgets mountd; waits for it. */
void ksmbd_server_reset(void);

/* For administrators: version, state, port, how much there is. */
struct ksmbd_admin_row;
void ksmbd_server_status(struct ksmbd_admin_row *row);

int ksmbd_server_init(void);
void ksmbd_server_exit(void);

#endif
