/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The second family: who is connected, what is open, what it costs, and ending
 * it.  ksmbd-admin.yaml describes the same to programs; a test compares them.
 * Numbers are never reused; a reader skips attributes that it does not know.
 */
#ifndef _KSMBD_ADMIN_ABI_H
#define _KSMBD_ADMIN_ABI_H

#define KSMBD_ADMIN_GENL_NAME		"ksmbd-admin"
#define KSMBD_ADMIN_GENL_VERSION	1

enum ksmbd_admin_cmd {
	KSMBD_ADMIN_CMD_SERVER_GET = 1,
	KSMBD_ADMIN_CMD_CONNECTION_GET,
	KSMBD_ADMIN_CMD_SESSION_GET,
	KSMBD_ADMIN_CMD_TREE_GET,
	KSMBD_ADMIN_CMD_OPEN_GET,
	KSMBD_ADMIN_CMD_LOCK_GET,
	KSMBD_ADMIN_CMD_COMMAND_GET,
	KSMBD_ADMIN_CMD_CONNECTION_CLOSE,
	KSMBD_ADMIN_CMD_SESSION_CLOSE,
	KSMBD_ADMIN_CMD_TREE_CLOSE,
	KSMBD_ADMIN_CMD_OPEN_CLOSE,
	KSMBD_ADMIN_CMD_SHARE_CLOSE,
};

enum ksmbd_admin_attr {
	KSMBD_ADMIN_A_ID = 1,		/* u64 */
	KSMBD_ADMIN_A_SERIAL,		/* u64; of an open: never reused */
	KSMBD_ADMIN_A_SESSION,		/* u64 */
	KSMBD_ADMIN_A_TREE,		/* u32 */
	KSMBD_ADMIN_A_CONNECTION,	/* u32; a session has one or more */
	KSMBD_ADMIN_A_PEER,		/* string: address without port */
	KSMBD_ADMIN_A_USER,		/* string: "" for a guest */
	KSMBD_ADMIN_A_SHARE,		/* string */
	KSMBD_ADMIN_A_PATH,		/* string: as the host names it */
	KSMBD_ADMIN_A_NAME,		/* string */
	KSMBD_ADMIN_A_UID,		/* u32 */
	KSMBD_ADMIN_A_DIALECT,		/* u32: 0x0311 */
	KSMBD_ADMIN_A_SIGNING,		/* u32: SMB2 signing algorithm */
	KSMBD_ADMIN_A_CIPHER,		/* u32: SMB2 cipher, 0: none */
	KSMBD_ADMIN_A_FLAGS,		/* u32: KSMBD_ADMIN_F_* */
	KSMBD_ADMIN_A_AGE,		/* u64: milliseconds */
	KSMBD_ADMIN_A_IDLE,		/* u64: milliseconds */
	KSMBD_ADMIN_A_CONNECTIONS,	/* u32 */
	KSMBD_ADMIN_A_SESSIONS,		/* u32 */
	KSMBD_ADMIN_A_TREES,		/* u32 */
	KSMBD_ADMIN_A_OPENS,		/* u32 */
	KSMBD_ADMIN_A_LOCKS,		/* u32 */
	KSMBD_ADMIN_A_REQUESTS,		/* u32: in flight */
	KSMBD_ADMIN_A_WAITING,		/* u32: of them waiting for something */
	KSMBD_ADMIN_A_ACCESS,		/* u32: access mask */
	KSMBD_ADMIN_A_SHARE_ACCESS,	/* u32 */
	KSMBD_ADMIN_A_OPTIONS,		/* u32: create options */
	KSMBD_ADMIN_A_OFFSET,		/* u64 */
	KSMBD_ADMIN_A_LENGTH,		/* u64 */
	KSMBD_ADMIN_A_STATE,		/* u32: KSMBD_ADMIN_STATE_* */
	KSMBD_ADMIN_A_PORT,		/* u32 */
	KSMBD_ADMIN_A_COUNT,		/* u64: answered */
	KSMBD_ADMIN_A_ERRORS,		/* u64: of them with an error status */
	KSMBD_ADMIN_A_TIME,		/* u64: nanoseconds, all together */
	KSMBD_ADMIN_A_BYTES,		/* u64: read or written */
	KSMBD_ADMIN_A_HISTOGRAM,	/* u64[]: n-th: below 2^n microseconds */
	KSMBD_ADMIN_A_PAD,
	__KSMBD_ADMIN_A_END,
};

#define KSMBD_ADMIN_A_MAX	(__KSMBD_ADMIN_A_END - 1)

#define KSMBD_ADMIN_F_GUEST		0x0001
#define KSMBD_ADMIN_F_ANONYMOUS		0x0002
#define KSMBD_ADMIN_F_SIGNED		0x0004	/* the session has to sign */
#define KSMBD_ADMIN_F_WRITABLE		0x0008
#define KSMBD_ADMIN_F_PIPE		0x0010
#define KSMBD_ADMIN_F_DIRECTORY		0x0020
#define KSMBD_ADMIN_F_DELETE_ON_CLOSE	0x0040
#define KSMBD_ADMIN_F_EXCLUSIVE		0x0080
#define KSMBD_ADMIN_F_ENCRYPTED		0x0100	/* the session has to encrypt */

#define KSMBD_ADMIN_BUCKETS	24	/* the last one holds what is longer */

#endif
