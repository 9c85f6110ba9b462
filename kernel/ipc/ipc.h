/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Questions to mountd and its answers, over the family of ipc/abi.h.
 *
 * An upcall sends one event and sleeps, killable and at most
 * KSMBD_IPC_TIMEOUT, for the reply whose handle and type match.  When mountd
 * is away it waits for its return within the same bound.  Common errors:
 *	-ENOTCONN   no mountd, or it went away
 *	-ETIMEDOUT  it did not answer in time
 *	-EPROTO     it answered nonsense
 *	-EINTR	    the waiting thread was killed or the server is going down
 *	-ENAMETOOLONG, -EMSGSIZE  the question does not fit the ABI
 * A reply nobody waits for any more is acknowledged and dropped: stock
 * daemons die of a negative acknowledgment.
 */
#ifndef _KSMBD_IPC_H
#define _KSMBD_IPC_H

#include <linux/types.h>
#include <linux/uidgid.h>
#include "ipc/abi.h"

#define KSMBD_IPC_TIMEOUT	(5 * HZ)
#define KSMBD_RPC_MAX_WRITE	4096	/* bytes of a PDU to mountd */
#define KSMBD_RPC_MAX_READ	65536	/* bytes accepted from mountd */
#define KSMBD_MAX_GROUPS	65536

/**
 * struct ksmbd_settings - what startup configured; validated, never changes
 * until the next startup.  Zero sizes are replaced by defaults already.
 */
struct ksmbd_settings {
	u32 flags;			/* KSMBD_GLOBAL_FLAG_* */
	u32 signing;			/* KSMBD_CONFIG_OPT_* */
	u16 min_dialect, max_dialect;	/* SMB2_DIALECT_* */
	char netbios_name[16];
	char work_group[64];
	char server_string[64];
	u16 tcp_port;
	unsigned long ipc_timeout;	/* jiffies; 0: no heartbeat */
	unsigned long deadtime;		/* jiffies; 0: never */
	u32 max_open_files;
	u32 max_read, max_write, max_trans;	/* bytes; 64 KiB to 8 MiB */
	bool sizes_set;			/* configured, so 2.x gets them too */
	u32 max_credits;
	u32 max_connections, max_ip_connections;	/* 0: no limit */
	u32 fake_fscaps;
	u32 sub_auth[3];
	u16 n_interfaces;		/* 0: every one */
	char (*interfaces)[16];		/* IFNAMSIZ each; owned by the settings */
	u8 server_guid[16];
};

/* The one live set.  Valid from startup until the last connection is gone. */
extern struct ksmbd_settings ksmbd_settings;

int ksmbd_ipc_init(void);
/* Wakes every waiter with -EINTR, then unregisters the family. */
void ksmbd_ipc_exit(void);
/*
 * Server reset, its two halves around the draining of connections: first
 * forget the daemon, wake waiters and refuse questions (-EINTR) and startups;
 * at last free what startup gave and be ready for another.
 */
void ksmbd_ipc_stop(void);
void ksmbd_ipc_reset(void);
/* Whether a daemon is registered and its socket accepts messages. */
bool ksmbd_ipc_alive(void);
/* Seconds since boot of the last exchange, as the stats file shows it. */
unsigned long ksmbd_ipc_last_active(void);

/* Groups and ids of a login; free with ksmbd_ipc_login_free(). */
struct ksmbd_ipc_login {
	char account[KSMBD_REQ_MAX_ACCOUNT_NAME_SZ];	/* "" for a guest */
	kuid_t uid;
	kgid_t gid;
	u32 flags;			/* KSMBD_USER_FLAG_* */
	bool has_hash;
	u8 nt_hash[16];
	u32 n_groups;
	kgid_t *groups;
};

/* @account "" asks for the anonymous user.  Also 0 when the user is refused: see flags. */
int ksmbd_ipc_login(const char *account, struct ksmbd_ipc_login *login);
void ksmbd_ipc_login_free(struct ksmbd_ipc_login *login);	/* wipes the hash */
void ksmbd_ipc_logout(const char *account, u32 flags);

/*
 * Whose Kerberos ticket is in @token, a client's SPNEGO message?  Fills @login, @key
 * (of @key_len bytes, at least 16, at most KSMBD_MAX_TICKET_KEY) and @answer, which
 * has room for *@answer_len.  Also 0 when it is nobody's: see the flags of @login; then
 * key and answer are empty.
 */
#define KSMBD_MAX_TICKET_KEY	64
#define KSMBD_MAX_TOKEN		4096	/* what stock daemons take, and give */
int ksmbd_ipc_ticket(const void *token, u32 len, struct ksmbd_ipc_login *login,
		     u8 key[KSMBD_MAX_TICKET_KEY], u32 *key_len,
		     void *answer, u32 *answer_len);

/*
 * A share name as mountd knows it: casefolded.  -EINVAL: not UTF-8;
 * -ENAMETOOLONG.  The calls below take names as the client wrote them.
 */
int ksmbd_ipc_fold_name(const char *name, char folded[KSMBD_REQ_MAX_SHARE_NAME]);

/* A share as mountd describes it; free with ksmbd_ipc_share_free(). */
struct ksmbd_ipc_share {
	u32 flags;			/* KSMBD_SHARE_FLAG_*; never 0 */
	u16 create_mask, directory_mask;
	u16 force_create_mode, force_directory_mode;
	u16 force_uid, force_gid;	/* 0xFFFF: not forced */
	char *path;			/* absolute; NULL for a pipe share */
	char *veto_list;		/* patterns, each with its NUL */
	u32 veto_list_size;
	char *snapshots;		/* folder of snapshots, below the path; or NULL */
	char *snapshot_format;		/* of the names in it */
	char *model;			/* what Macs take us for; or NULL */
	char *recycle[3];		/* as of ksmbd_recycle_new(), but for the user */
};

/* -ENOENT: no such share.  A disk share without an absolute path is -EPROTO. */
int ksmbd_ipc_share_config(const char *name, struct ksmbd_ipc_share **share);
void ksmbd_ipc_share_free(struct ksmbd_ipc_share *share);

struct ksmbd_ipc_tree {
	u64 session_id, tree_id;
	const char *account;
	u32 account_flags;
	const char *share;
	const char *peer;		/* text address */
	bool ipv6;
	/* answer */
	u16 status;			/* enum ksmbd_tree_status */
	u16 flags;			/* KSMBD_TREE_CONN_FLAG_* */
};

int ksmbd_ipc_tree_connect(struct ksmbd_ipc_tree *tree);
void ksmbd_ipc_tree_disconnect(u64 session_id, u64 tree_id);

/*
 * Named pipes.  @service is a KSMBD_RPC_*_METHOD_INVOKE bit.  The functions
 * return a negative errno as above or the KSMBD_RPC_* status >= 0 of mountd.
 * The handle comes from the IPC's id space and lives until _close().
 */
int ksmbd_ipc_rpc_open(u32 service, bool restricted, u32 *handle);
int ksmbd_ipc_rpc_write(u32 handle, u32 service, bool restricted,
			const void *data, u32 len);
/* *data is kvmalloc()ed, at most KSMBD_RPC_MAX_READ bytes; NULL when empty. */
int ksmbd_ipc_rpc_read(u32 handle, u32 service, bool restricted,
		       void **data, u32 *len);
int ksmbd_ipc_rpc_ioctl(u32 handle, u32 service, bool restricted,
			const void *in, u32 in_len, void **data, u32 *len);
void ksmbd_ipc_rpc_close(u32 handle);

/*
 * Calls up, provided by server/server.c.
 * A first startup: begin to listen with ksmbd_settings.  0 or -errno, which
 * becomes the acknowledgment.  Called without IPC locks held.
 */
int ksmbd_server_start(void);
/* The heartbeat found mountd gone and ipc_timeout is set: drop everything. */
void ksmbd_server_reset_async(void);

#endif
