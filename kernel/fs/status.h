/* SPDX-License-Identifier: GPL-2.0 */
/* What is open and locked, for ipc/admin.h. */
#ifndef _KSMBD_FS_STATUS_H
#define _KSMBD_FS_STATUS_H

#include "server/status.h"

void ksmbd_status_server(struct ksmbd_admin_row *row);
bool ksmbd_status_open(struct ksmbd_admin_cursor *c, struct ksmbd_admin_row *row);
bool ksmbd_status_lock(struct ksmbd_admin_cursor *c, struct ksmbd_admin_row *row);
int ksmbd_status_close_open(u64 id, u64 serial);

#endif
