/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Seeing inside.  The layers say what there is, a row at a time (server/status.c,
 * fs/status.c, smb2/stats.c); ipc/admin.c writes rows as netlink attributes.
 * main.c plants the one for the other.
 */
#ifndef _KSMBD_ADMIN_H
#define _KSMBD_ADMIN_H

#include <linux/types.h>
#include "ipc/abi.h"
#include "ipc/admin_abi.h"

#define KSMBD_ADMIN_MAX_CONNECTIONS	32	/* of one session */

/**
 * struct ksmbd_admin_row - one object as it was at one moment
 *
 * Plain values, which belong to whoever reads: no row holds an object.  What
 * an object does not have is not read from its row.
 *
 * @path: room for PATH_MAX bytes, of the reader's
 */
struct ksmbd_admin_row {
	u64 id, serial, session;
	u64 age, idle;			/* milliseconds */
	u64 offset, length;
	u64 count, errors, time, bytes;
	u64 histogram[KSMBD_ADMIN_BUCKETS];
	u32 tree;
	u32 connection[KSMBD_ADMIN_MAX_CONNECTIONS];
	u32 n_connection;
	u32 uid, dialect, signing, cipher, flags;
	u32 connections, sessions, trees, opens, locks;
	u32 requests, waiting;
	u32 access, share_access, options;
	u32 state, port;
	char peer[64];
	char user[KSMBD_REQ_MAX_ACCOUNT_NAME_SZ];
	char share[KSMBD_REQ_MAX_SHARE_NAME];
	char name[32];
	char *path;
};

/* Where a reader is; zero at first.  What comes and goes meanwhile may be missed. */
struct ksmbd_admin_cursor {
	u64 first;
	u32 second;
};

/**
 * struct ksmbd_admin_ops - what the layers above offer
 *
 * The next_*() fill @row with the first object after @c and move @c onto it;
 * false: there is none.  They hold references while they look, and sleep.
 * The close_*() return 0 or -ENOENT.
 */
struct ksmbd_admin_ops {
	void (*server)(struct ksmbd_admin_row *row);
	bool (*next_connection)(struct ksmbd_admin_cursor *c, struct ksmbd_admin_row *row);
	bool (*next_session)(struct ksmbd_admin_cursor *c, struct ksmbd_admin_row *row);
	bool (*next_tree)(struct ksmbd_admin_cursor *c, struct ksmbd_admin_row *row);
	bool (*next_open)(struct ksmbd_admin_cursor *c, struct ksmbd_admin_row *row);
	bool (*next_lock)(struct ksmbd_admin_cursor *c, struct ksmbd_admin_row *row);
	bool (*next_command)(struct ksmbd_admin_cursor *c, struct ksmbd_admin_row *row);
	int (*close_connection)(u64 id);
	int (*close_session)(u64 id);
	int (*close_tree)(u64 session, u32 tree);
	int (*close_open)(u64 id, u64 serial);
	int (*close_share)(const char *name);
};

int ksmbd_admin_init(const struct ksmbd_admin_ops *ops);
void ksmbd_admin_exit(void);	/* waits for those inside */

#endif
