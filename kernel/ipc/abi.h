/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * The generic netlink family SMBD_GENL between the module and mountd, bit for
 * bit as stock ksmbd speaks it.  Integers are in host order; strings are
 * NUL-padded.  Each message has one attribute, whose type is the command, and
 * whose bytes are one of these structs plus the variable part named there.
 *
 * shared/abi.py mirrors this file; tests/unit/test_abi.py compiles it and
 * compares every size and offset.
 */
#ifndef _KSMBD_ABI_H
#define _KSMBD_ABI_H

#include <linux/types.h>

#define KSMBD_GENL_NAME		"SMBD_GENL"
#define KSMBD_GENL_VERSION	1

#define KSMBD_REQ_MAX_ACCOUNT_NAME_SZ	48
#define KSMBD_REQ_MAX_HASH_SZ		18
#define KSMBD_REQ_MAX_SHARE_NAME	64

enum ksmbd_event {
	KSMBD_EVENT_UNSPEC			= 0,
	KSMBD_EVENT_HEARTBEAT_REQUEST		= 1,
	KSMBD_EVENT_STARTING_UP			= 2,
	KSMBD_EVENT_SHUTTING_DOWN		= 3,
	KSMBD_EVENT_LOGIN_REQUEST		= 4,
	KSMBD_EVENT_LOGIN_RESPONSE		= 5,
	KSMBD_EVENT_SHARE_CONFIG_REQUEST	= 6,
	KSMBD_EVENT_SHARE_CONFIG_RESPONSE	= 7,
	KSMBD_EVENT_TREE_CONNECT_REQUEST	= 8,
	KSMBD_EVENT_TREE_CONNECT_RESPONSE	= 9,
	KSMBD_EVENT_TREE_DISCONNECT_REQUEST	= 10,
	KSMBD_EVENT_LOGOUT_REQUEST		= 11,
	KSMBD_EVENT_RPC_REQUEST			= 12,
	KSMBD_EVENT_RPC_RESPONSE		= 13,
	KSMBD_EVENT_SPNEGO_AUTHEN_REQUEST	= 14,
	KSMBD_EVENT_SPNEGO_AUTHEN_RESPONSE	= 15,
	KSMBD_EVENT_LOGIN_REQUEST_EXT		= 16,
	KSMBD_EVENT_LOGIN_RESPONSE_EXT		= 17,
	__KSMBD_EVENT_MAX,
	KSMBD_EVENT_MAX = __KSMBD_EVENT_MAX - 1
};

struct ksmbd_heartbeat {
	__u32 handle;
};

/* ksmbd_startup_request.flags */
#define KSMBD_GLOBAL_FLAG_SMB2_LEASES		0x01
#define KSMBD_GLOBAL_FLAG_SMB2_ENCRYPTION	0x02	/* mandatory */
#define KSMBD_GLOBAL_FLAG_SMB3_MULTICHANNEL	0x04
#define KSMBD_GLOBAL_FLAG_SMB2_ENCRYPTION_OFF	0x08
#define KSMBD_GLOBAL_FLAG_DURABLE_HANDLE	0x10
/* ours; SMB2_LEASES of the stock mountd are those of directories as well */
#define KSMBD_GLOBAL_FLAG_NO_DIRECTORY_LEASES	0x80000000

/* ksmbd_startup_request.signing */
#define KSMBD_CONFIG_OPT_DISABLED	0
#define KSMBD_CONFIG_OPT_ENABLED	1
#define KSMBD_CONFIG_OPT_AUTO		2
#define KSMBD_CONFIG_OPT_MANDATORY	3

struct ksmbd_startup_request {
	__u32 flags;
	__s32 signing;
	__s8 min_prot[16];
	__s8 max_prot[16];
	__s8 netbios_name[16];
	__s8 work_group[64];
	__s8 server_string[64];
	__u16 tcp_port;
	__u16 ipc_timeout;		/* seconds; 0: no heartbeat */
	__u32 deadtime;			/* minutes; 0: never */
	__u32 file_max;
	__u32 smb2_max_write;
	__u32 smb2_max_read;
	__u32 smb2_max_trans;
	__u32 share_fake_fscaps;
	__u32 sub_auth[3];
	__u32 smb2_max_credits;
	__u32 smbd_max_io_size;
	__u32 max_connections;
	__s8 bind_interfaces_only;
	__u32 max_ip_connections;
	__s8 reserved[499];
	__u32 ifc_list_sz;		/* bytes of NUL-terminated names */
	__s8 ____payload[];
} __attribute__((packed));

struct ksmbd_shutdown_request {
	__s32 reserved[16];
};

struct ksmbd_login_request {
	__u32 handle;
	__s8 account[KSMBD_REQ_MAX_ACCOUNT_NAME_SZ];
	__u32 reserved[16];
};

/* ksmbd_login_response.status, and account_flags of the requests */
#define KSMBD_USER_FLAG_OK		0x01
#define KSMBD_USER_FLAG_BAD_PASSWORD	0x02
#define KSMBD_USER_FLAG_BAD_UID		0x04
#define KSMBD_USER_FLAG_BAD_USER	0x08
#define KSMBD_USER_FLAG_GUEST_ACCOUNT	0x10
#define KSMBD_USER_FLAG_DELAY_SESSION	0x20
#define KSMBD_USER_FLAG_EXTENSION	0x40

struct ksmbd_login_response {
	__u32 handle;
	__u32 gid;
	__u32 uid;
	__s8 account[KSMBD_REQ_MAX_ACCOUNT_NAME_SZ];
	__u16 status;
	__u16 hash_sz;
	__s8 hash[KSMBD_REQ_MAX_HASH_SZ];
	__u32 reserved[16];
};

struct ksmbd_login_response_ext {
	__u32 handle;
	__s32 ngroups;
	__s8 reserved[128];
	__s8 ____payload[];		/* ngroups u32 */
};

struct ksmbd_share_config_request {
	__u32 handle;
	__s8 share_name[KSMBD_REQ_MAX_SHARE_NAME];
	__u32 reserved[16];
};

/* ksmbd_share_config_response.flags; 0: no such share */
#define KSMBD_SHARE_FLAG_AVAILABLE		BIT(0)
#define KSMBD_SHARE_FLAG_BROWSEABLE		BIT(1)
#define KSMBD_SHARE_FLAG_WRITEABLE		BIT(2)
#define KSMBD_SHARE_FLAG_READONLY		BIT(3)
#define KSMBD_SHARE_FLAG_GUEST_OK		BIT(4)
#define KSMBD_SHARE_FLAG_GUEST_ONLY		BIT(5)
#define KSMBD_SHARE_FLAG_STORE_DOS_ATTRS	BIT(6)
#define KSMBD_SHARE_FLAG_OPLOCKS		BIT(7)
#define KSMBD_SHARE_FLAG_PIPE			BIT(8)
#define KSMBD_SHARE_FLAG_HIDE_DOT_FILES		BIT(9)
#define KSMBD_SHARE_FLAG_INHERIT_OWNER		BIT(10)
#define KSMBD_SHARE_FLAG_STREAMS		BIT(11)
#define KSMBD_SHARE_FLAG_FOLLOW_SYMLINKS	BIT(12)
#define KSMBD_SHARE_FLAG_ACL_XATTR		BIT(13)
#define KSMBD_SHARE_FLAG_UPDATE			BIT(14)
#define KSMBD_SHARE_FLAG_CROSSMNT		BIT(15)
#define KSMBD_SHARE_FLAG_CONTINUOUS_AVAILABILITY BIT(16)
/* ours, which the stock module passes over */
#define KSMBD_SHARE_FLAG_RECYCLE		BIT(25)	/* three, after that of APPLE */
#define KSMBD_SHARE_FLAG_TIME_MACHINE		BIT(26)
#define KSMBD_SHARE_FLAG_APPLE			BIT(27)	/* one string, after those of SNAPSHOTS */
#define KSMBD_SHARE_FLAG_SNAPSHOTS		BIT(28)	/* two strings after the path */
#define KSMBD_SHARE_FLAG_HIDE_SPECIAL		BIT(29)
#define KSMBD_SHARE_FLAG_HIDE_UNWRITEABLE	BIT(30)
#define KSMBD_SHARE_FLAG_HIDE_UNREADABLE	BIT(31)
#define KSMBD_SHARE_FLAGS_HIDE						\
	(KSMBD_SHARE_FLAG_HIDE_SPECIAL | KSMBD_SHARE_FLAG_HIDE_UNWRITEABLE | \
	 KSMBD_SHARE_FLAG_HIDE_UNREADABLE)

#define KSMBD_SHARE_INVALID_UID	0xFFFF
#define KSMBD_SHARE_INVALID_GID	0xFFFF

struct ksmbd_share_config_response {
	__u32 handle;
	__u32 flags;
	__u16 create_mask;
	__u16 directory_mask;
	__u16 force_create_mode;
	__u16 force_directory_mode;
	__u16 force_uid;
	__u16 force_gid;
	__s8 share_name[KSMBD_REQ_MAX_SHARE_NAME];
	__u32 reserved[111];
	__u32 payload_sz;		/* 0 from tools 3.4.7 */
	__u32 veto_list_sz;
	__s8 ____payload[];		/* [veto list, NUL,] path, NUL */
					/* [, snapshot folder, NUL, format, NUL] */
};

/* ksmbd_tree_connect_request.flags */
#define KSMBD_TREE_CONN_REQ_IPV6	BIT(0)
#define KSMBD_TREE_CONN_REQ_SMB2	BIT(1)
/* ours, which the stock tools pass over: the module can insist on encryption */
#define KSMBD_TREE_CONN_REQ_ENCRYPTS	BIT(15)

struct ksmbd_tree_connect_request {
	__u32 handle;
	__u16 account_flags;
	__u16 flags;
	__u64 session_id;
	__u64 connect_id;
	__s8 account[KSMBD_REQ_MAX_ACCOUNT_NAME_SZ];
	__s8 share[KSMBD_REQ_MAX_SHARE_NAME];
	__s8 peer_addr[64];
	__u32 reserved[16];
};

/* ksmbd_tree_connect_response.status */
enum ksmbd_tree_status {
	KSMBD_TREE_CONN_STATUS_OK,
	KSMBD_TREE_CONN_STATUS_NOMEM,
	KSMBD_TREE_CONN_STATUS_NO_SHARE,
	KSMBD_TREE_CONN_STATUS_NO_USER,
	KSMBD_TREE_CONN_STATUS_INVALID_USER,
	KSMBD_TREE_CONN_STATUS_HOST_DENIED,
	KSMBD_TREE_CONN_STATUS_CONN_EXIST,
	KSMBD_TREE_CONN_STATUS_TOO_MANY_CONNS,
	KSMBD_TREE_CONN_STATUS_TOO_MANY_SESSIONS,
	KSMBD_TREE_CONN_STATUS_ERROR,
};

/* ksmbd_tree_connect_response.connection_flags */
#define KSMBD_TREE_CONN_FLAG_GUEST_ACCOUNT	BIT(0)
#define KSMBD_TREE_CONN_FLAG_READ_ONLY		BIT(1)
#define KSMBD_TREE_CONN_FLAG_WRITABLE		BIT(2)
#define KSMBD_TREE_CONN_FLAG_ADMIN_ACCOUNT	BIT(3)
#define KSMBD_TREE_CONN_FLAG_UPDATE		BIT(4)
/* ours, an answer to ENCRYPTS only: nothing is served in clear */
#define KSMBD_TREE_CONN_FLAG_ENCRYPT		BIT(15)

struct ksmbd_tree_connect_response {
	__u32 handle;
	__u16 status;
	__u16 connection_flags;
	__u32 reserved[16];
};

struct ksmbd_tree_disconnect_request {
	__u64 session_id;
	__u64 connect_id;
	__u32 reserved[16];
};

struct ksmbd_logout_request {
	__s8 account[KSMBD_REQ_MAX_ACCOUNT_NAME_SZ];
	__u32 account_flags;
	__u32 reserved[16];
};

/* ksmbd_rpc_command.flags of a request: a method and the pipe's service */
#define KSMBD_RPC_METHOD_RETURN		0x0001
#define KSMBD_RPC_SRVSVC_METHOD_INVOKE	0x0002
#define KSMBD_RPC_WKSSVC_METHOD_INVOKE	0x0004
#define KSMBD_RPC_IOCTL_METHOD		(0x0008 | KSMBD_RPC_METHOD_RETURN)
#define KSMBD_RPC_OPEN_METHOD		0x0010
#define KSMBD_RPC_WRITE_METHOD		0x0020
#define KSMBD_RPC_READ_METHOD		(0x0040 | KSMBD_RPC_METHOD_RETURN)
#define KSMBD_RPC_CLOSE_METHOD		0x0080
#define KSMBD_RPC_RAP_METHOD		(0x0100 | KSMBD_RPC_METHOD_RETURN)
#define KSMBD_RPC_RESTRICTED_CONTEXT	0x0200
#define KSMBD_RPC_SAMR_METHOD_INVOKE	0x0400
#define KSMBD_RPC_LSARPC_METHOD_INVOKE	0x0800

/* ksmbd_rpc_command.flags of a response */
#define KSMBD_RPC_OK			0
#define KSMBD_RPC_EBAD_FUNC		0x00000001
#define KSMBD_RPC_EACCESS_DENIED	0x00000005
#define KSMBD_RPC_EBAD_FID		0x00000006
#define KSMBD_RPC_ENOMEM		0x00000008
#define KSMBD_RPC_EBAD_DATA		0x0000000D
#define KSMBD_RPC_ENOTIMPLEMENTED	0x00000040
#define KSMBD_RPC_EINVALID_PARAMETER	0x00000057
#define KSMBD_RPC_EINVALID_LEVEL	0x0000007C
#define KSMBD_RPC_EMORE_DATA		0x000000EA
#define KSMBD_RPC_SOME_NOT_MAPPED	0x00000107

struct ksmbd_rpc_command {
	__u32 handle;
	__u32 flags;
	__u32 payload_sz;
	__u8 payload[];
};

struct ksmbd_spnego_authen_request {
	__u32 handle;
	__u16 spnego_blob_len;
	__u8 spnego_blob[];		/* at 6: the struct is 8 bytes */
};

struct ksmbd_spnego_authen_response {
	__u32 handle;
	struct ksmbd_login_response login_response;
	__u16 session_key_len;
	__u16 spnego_blob_len;
	__u8 payload[];			/* session key, blob */
};

#endif /* _KSMBD_ABI_H */
