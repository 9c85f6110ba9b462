/* SPDX-License-Identifier: GPL-2.0 */
/* What the server has, for ipc/admin.h. */
#ifndef _KSMBD_STATUS_H
#define _KSMBD_STATUS_H

#include "ipc/admin.h"

struct ksmbd_session;
struct ksmbd_tree;

bool ksmbd_status_connection(struct ksmbd_admin_cursor *c, struct ksmbd_admin_row *row);
bool ksmbd_status_session(struct ksmbd_admin_cursor *c, struct ksmbd_admin_row *row);
bool ksmbd_status_tree(struct ksmbd_admin_cursor *c, struct ksmbd_admin_row *row);
/* Whose and where something is: user, peer, connections of @s; share of @tree. */
void ksmbd_status_owner(struct ksmbd_session *s, struct ksmbd_admin_row *row);
void ksmbd_status_share(const struct ksmbd_tree *tree, struct ksmbd_admin_row *row);

int ksmbd_status_close_connection(u64 id);
int ksmbd_status_close_session(u64 id);
int ksmbd_status_close_tree(u64 session, u32 tree);
/* Every tree on a share, by its name in any case. */
int ksmbd_status_close_share(const char *name);

#endif
