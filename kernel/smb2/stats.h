/* SPDX-License-Identifier: GPL-2.0 */
/* What each command cost, per CPU; for ipc/admin.h. */
#ifndef _KSMBD_STATS_H
#define _KSMBD_STATS_H

#include "server/request.h"
#include "server/status.h"

/* A request is answered: counts it, from its first dispatch on. */
void smb2_stats_count(const struct ksmbd_request *rq);
bool smb2_stats_command(struct ksmbd_admin_cursor *c, struct ksmbd_admin_row *row);

/* 0 or -ENOMEM. */
int smb2_stats_init(void);
void smb2_stats_exit(void);

#endif
