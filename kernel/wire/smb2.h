/* SPDX-License-Identifier: GPL-2.0 */
/*
 * SMB2 requests and responses in host order: the vocabulary that all layers
 * share.  A field keeps its name from [MS-SMB2], in snake case.  Names and
 * paths in requests are UTF-16LE spans that lie inside the frame.
 *
 * A response that carries a variable part names only its length here; the
 * bytes themselves follow the encoded fixed part as a payload of their own
 * (struct ksmbd_payload), so that bulk data is never copied by an encoder.
 */
#ifndef _WIRE_SMB2_H
#define _WIRE_SMB2_H

#include "aapl.h"
#include "wire.h"

#define SMB2_PROTOCOL_ID	0x424D53FEu	/* 0xFE 'S' 'M' 'B' */
#define SMB1_PROTOCOL_ID	0x424D53FFu
#define SMB2_TRANSFORM_ID	0x424D53FDu
#define SMB2_COMPRESSION_ID	0x424D53FCu
#define SMB2_HEADER_SIZE	64

enum smb2_code {
	SMB2_NEGOTIATE		= 0x0000,
	SMB2_SESSION_SETUP	= 0x0001,
	SMB2_LOGOFF		= 0x0002,
	SMB2_TREE_CONNECT	= 0x0003,
	SMB2_TREE_DISCONNECT	= 0x0004,
	SMB2_CREATE		= 0x0005,
	SMB2_CLOSE		= 0x0006,
	SMB2_FLUSH		= 0x0007,
	SMB2_READ		= 0x0008,
	SMB2_WRITE		= 0x0009,
	SMB2_LOCK		= 0x000A,
	SMB2_IOCTL		= 0x000B,
	SMB2_CANCEL		= 0x000C,
	SMB2_ECHO		= 0x000D,
	SMB2_QUERY_DIRECTORY	= 0x000E,
	SMB2_CHANGE_NOTIFY	= 0x000F,
	SMB2_QUERY_INFO		= 0x0010,
	SMB2_SET_INFO		= 0x0011,
	SMB2_OPLOCK_BREAK	= 0x0012,
	SMB2_NR_COMMANDS	= 0x0013,
};

/* [MS-SMB2] 2.2.1 */
#define SMB2_FLAGS_SERVER_TO_REDIR	0x00000001
#define SMB2_FLAGS_ASYNC_COMMAND	0x00000002
#define SMB2_FLAGS_RELATED_OPERATIONS	0x00000004
#define SMB2_FLAGS_SIGNED		0x00000008
#define SMB2_FLAGS_PRIORITY_MASK	0x00000070
#define SMB2_FLAGS_DFS_OPERATIONS	0x10000000
#define SMB2_FLAGS_REPLAY_OPERATION	0x20000000

/**
 * struct smb2_header - [MS-SMB2] 2.2.1, both directions
 * @status: NTSTATUS in a response; ChannelSequence | Reserved << 16 in a 3.x request
 * @credits: CreditRequest or CreditResponse
 * @async_id: valid instead of @tree_id with SMB2_FLAGS_ASYNC_COMMAND
 */
struct smb2_header {
	u16 credit_charge;
	u32 status;			/* of a response */
	u16 channel_sequence;		/* of a request, in its place */
	u16 command;
	u16 credits;
	u32 flags;
	u32 next_command;
	u64 message_id;
	u64 async_id;
	u32 tree_id;
	u64 session_id;
	u8 signature[16];
};

#define SMB2_FLAGS_OFFSET	16
#define SMB2_SIGNATURE_OFFSET	48
#define SMB2_NEXT_COMMAND_OFFSET 20

/* Decodes the header at the reader's position; the reader ends behind it. */
int wire_decode_header(struct wire_reader *r, struct smb2_header *h);
void wire_encode_header(struct wire_writer *w, const struct smb2_header *h);
/* [MS-SMB2] 3.1.4.1: what makes a GMAC's nonce of an encoded header. */
#define WIRE_GMAC_NONCE_SIZE	12
void wire_gmac_nonce(const u8 header[SMB2_HEADER_SIZE],
		     u8 nonce[WIRE_GMAC_NONCE_SIZE]);
/**
 * struct smb2_transform - [MS-SMB2] 2.2.41 SMB2 TRANSFORM_HEADER, both directions
 * @signature: the AEAD's tag
 * @nonce: 11 bytes of it for CCM, 12 for GCM
 *
 * What is authenticated beside the message are the encoded bytes from the
 * Nonce on.
 */
struct smb2_transform {
	u8 signature[16];
	u8 nonce[16];
	u32 original_message_size;
	u64 session_id;
};

#define SMB2_TRANSFORM_SIZE	52
#define SMB2_TRANSFORM_SIGNATURE_OFFSET 4
#define SMB2_TRANSFORM_AAD_OFFSET 20
#define SMB2_TRANSFORM_AAD_SIZE	(SMB2_TRANSFORM_SIZE - SMB2_TRANSFORM_AAD_OFFSET)

/*
 * -EINVAL also when the message behind it is not as long as it says, or too
 * short for an SMB2 header: 3.3.5.2.1.1.
 */
int wire_decode_transform(struct wire_reader *r, struct smb2_transform *t);
void wire_encode_transform(struct wire_writer *w, const struct smb2_transform *t);

/* [MS-SMB2] 2.2.2, without ErrorData: 9 bytes, one of them padding. */
void wire_encode_error(struct wire_writer *w);
/* With 4 bytes of ErrorData: the length that would have done. */
void wire_encode_error_u32(struct wire_writer *w, u32 v);

struct smb2_file_id {
	u64 persistent;
	u64 volatile_id;
};

/* --- NEGOTIATE, 2.2.3 and 2.2.4 --- */
#define SMB2_DIALECT_0202	0x0202
#define SMB2_DIALECT_0210	0x0210
#define SMB2_DIALECT_0300	0x0300
#define SMB2_DIALECT_0302	0x0302
#define SMB2_DIALECT_0311	0x0311
#define SMB2_DIALECT_WILDCARD	0x02FF

#define SMB2_NEGOTIATE_SIGNING_ENABLED	0x0001
#define SMB2_NEGOTIATE_SIGNING_REQUIRED	0x0002

#define SMB2_GLOBAL_CAP_DFS			0x00000001
#define SMB2_GLOBAL_CAP_LEASING			0x00000002
#define SMB2_GLOBAL_CAP_LARGE_MTU		0x00000004
#define SMB2_GLOBAL_CAP_MULTI_CHANNEL		0x00000008
#define SMB2_GLOBAL_CAP_PERSISTENT_HANDLES	0x00000010
#define SMB2_GLOBAL_CAP_DIRECTORY_LEASING	0x00000020
#define SMB2_GLOBAL_CAP_ENCRYPTION		0x00000040
#define SMB2_GLOBAL_CAP_NOTIFICATIONS		0x00000080

#define SMB2_PREAUTH_INTEGRITY_CAPABILITIES	1
#define SMB2_ENCRYPTION_CAPABILITIES		2
#define SMB2_COMPRESSION_CAPABILITIES		3
#define SMB2_NETNAME_NEGOTIATE_CONTEXT_ID	5
#define SMB2_TRANSPORT_CAPABILITIES		6
#define SMB2_RDMA_TRANSFORM_CAPABILITIES	7
#define SMB2_SIGNING_CAPABILITIES		8
#define SMB2_POSIX_EXTENSIONS_AVAILABLE		0x100

#define SMB2_HASH_SHA512	1
#define SMB2_SIGNING_HMAC_SHA256 0
#define SMB2_SIGNING_AES_CMAC	1
#define SMB2_SIGNING_AES_GMAC	2
#define SMB2_ENCRYPTION_AES128_CCM 1
#define SMB2_ENCRYPTION_AES128_GCM 2
#define SMB2_ENCRYPTION_AES256_CCM 3
#define SMB2_ENCRYPTION_AES256_GCM 4

#define WIRE_MAX_DIALECTS	64
#define WIRE_MAX_ALGORITHMS	16

struct wire_u16_list {
	u16 n;
	u16 v[WIRE_MAX_ALGORITHMS];
};

/**
 * struct smb2_negotiate_req - 2.2.3 with its 3.1.1 contexts already taken apart
 * @n_dialects: entries of @dialects; more than WIRE_MAX_DIALECTS are refused
 * @has_*: the context was there; twice the same context is an error
 * @hash_algorithms, @ciphers, @signing_algorithms: the client's order, the
 *	first WIRE_MAX_ALGORITHMS of each
 * @posix: the POSIX extensions context was there
 */
struct smb2_negotiate_req {
	u16 n_dialects;
	u16 dialects[WIRE_MAX_DIALECTS];
	u16 security_mode;
	u32 capabilities;
	u8 client_guid[16];
	u16 n_contexts;
	bool has_preauth, has_encryption, has_signing, has_compression;
	bool posix;
	struct wire_u16_list hash_algorithms;
	struct wire_u16_list ciphers;
	struct wire_u16_list signing_algorithms;
	struct wire_span netname;
};

struct smb2_negotiate_rsp {
	u16 security_mode;
	u16 dialect;
	u16 n_contexts;
	u8 server_guid[16];
	u32 capabilities;
	u32 max_transact_size, max_read_size, max_write_size;
	u64 system_time, server_start_time;
	u16 security_buffer_length;	/* first in the payload */
	u32 context_offset;		/* from the header; 0 when there are none */
};

/* The payload behind it: blob, padding, contexts.  Contexts are 3.1.1 only. */
struct smb2_negotiate_contexts {
	u8 salt[32];
	bool preauth, signing, posix, encryption;
	u16 signing_algorithm;
	u16 cipher;
};

/* Writes @blob, pads, writes the contexts; fills the lengths in @rsp. */
void wire_put_negotiate_payload(struct wire_writer *w,
				struct smb2_negotiate_rsp *rsp,
				struct wire_span blob,
				const struct smb2_negotiate_contexts *ctx);

/**
 * struct smb1_negotiate - the multi-protocol NEGOTIATE of SMB1, [MS-SMB2] 3.3.5.3
 * @smb2_002, @smb2_wildcard: which SMB2 dialect strings were offered
 */
struct smb1_negotiate {
	bool smb2_002, smb2_wildcard;
};

/* @frame starts at 0xFF 'SMB'. */
int wire_decode_smb1_negotiate(struct wire_span frame, struct smb1_negotiate *n);

/* --- SESSION_SETUP, LOGOFF, 2.2.5 to 2.2.8 --- */
#define SMB2_SESSION_FLAG_BINDING	0x01
#define SMB2_SESSION_FLAG_IS_GUEST	0x0001
#define SMB2_SESSION_FLAG_IS_NULL	0x0002
#define SMB2_SESSION_FLAG_ENCRYPT_DATA	0x0004

struct smb2_session_setup_req {
	u8 flags;
	u8 security_mode;
	u32 capabilities;
	u64 previous_session_id;
	struct wire_span blob;
};

struct smb2_session_setup_rsp {
	u16 session_flags;
	u16 security_buffer_length;
};

/* --- TREE_CONNECT, 2.2.9 and 2.2.10 --- */
#define SMB2_SHARE_TYPE_DISK	1
#define SMB2_SHARE_TYPE_PIPE	2
#define SMB2_TREE_CONNECT_FLAG_EXTENSION_PRESENT 0x0004
#define SMB2_SHAREFLAG_NO_CACHING	0x00000030
#define SMB2_SHAREFLAG_ACCESS_BASED_DIRECTORY_ENUM	0x00000800
#define SMB2_SHAREFLAG_ENCRYPT_DATA	0x00008000

struct smb2_tree_connect_req {
	u16 flags;
	struct wire_span path;		/* \\server\share */
};

struct smb2_tree_connect_rsp {
	u8 share_type;
	u32 share_flags;
	u32 capabilities;
	u32 maximal_access;
};

/* --- CREATE, 2.2.13 and 2.2.14 --- */
#define FILE_READ_DATA			0x00000001
#define FILE_LIST_DIRECTORY		0x00000001
#define FILE_WRITE_DATA			0x00000002
#define FILE_ADD_FILE			0x00000002
#define FILE_APPEND_DATA		0x00000004
#define FILE_ADD_SUBDIRECTORY		0x00000004
#define FILE_READ_EA			0x00000008
#define FILE_WRITE_EA			0x00000010
#define FILE_EXECUTE			0x00000020
#define FILE_TRAVERSE			0x00000020
#define FILE_DELETE_CHILD		0x00000040
#define FILE_READ_ATTRIBUTES		0x00000080
#define FILE_WRITE_ATTRIBUTES		0x00000100
#define ACCESS_DELETE			0x00010000
#define ACCESS_READ_CONTROL		0x00020000
#define ACCESS_WRITE_DAC		0x00040000
#define ACCESS_WRITE_OWNER		0x00080000
#define ACCESS_SYNCHRONIZE		0x00100000
#define ACCESS_SYSTEM_SECURITY		0x01000000
#define ACCESS_MAXIMUM_ALLOWED		0x02000000
#define ACCESS_GENERIC_ALL		0x10000000
#define ACCESS_GENERIC_EXECUTE		0x20000000
#define ACCESS_GENERIC_WRITE		0x40000000
#define ACCESS_GENERIC_READ		0x80000000
#define ACCESS_FILE_ALL			0x001F01FF
/* bits no file grants; a request that has one is ACCESS_DENIED */
#define ACCESS_INVALID			0x0CE0FE00

#define FILE_SHARE_READ			0x00000001
#define FILE_SHARE_WRITE		0x00000002
#define FILE_SHARE_DELETE		0x00000004

#define FILE_SUPERSEDE			0
#define FILE_OPEN			1
#define FILE_CREATE			2
#define FILE_OPEN_IF			3
#define FILE_OVERWRITE			4
#define FILE_OVERWRITE_IF		5

#define FILE_DIRECTORY_FILE		0x00000001
#define FILE_WRITE_THROUGH		0x00000002
#define FILE_SEQUENTIAL_ONLY		0x00000004
#define FILE_NO_INTERMEDIATE_BUFFERING	0x00000008
#define FILE_SYNCHRONOUS_IO_ALERT	0x00000010
#define FILE_SYNCHRONOUS_IO_NONALERT	0x00000020
#define FILE_NON_DIRECTORY_FILE		0x00000040
#define FILE_CREATE_TREE_CONNECTION	0x00000080
#define FILE_COMPLETE_IF_OPLOCKED	0x00000100
#define FILE_NO_EA_KNOWLEDGE		0x00000200
#define FILE_OPEN_REMOTE_INSTANCE	0x00000400
#define FILE_RANDOM_ACCESS		0x00000800
#define FILE_DELETE_ON_CLOSE		0x00001000
#define FILE_OPEN_BY_FILE_ID		0x00002000
#define FILE_OPEN_FOR_BACKUP_INTENT	0x00004000
#define FILE_NO_COMPRESSION		0x00008000
#define FILE_OPEN_REQUIRING_OPLOCK	0x00010000
#define FILE_DISALLOW_EXCLUSIVE		0x00020000
#define FILE_RESERVE_OPFILTER		0x00100000
#define FILE_OPEN_REPARSE_POINT		0x00200000
#define FILE_OPEN_NO_RECALL		0x00400000
#define FILE_OPEN_FOR_FREE_SPACE_QUERY	0x00800000

#define FILE_ATTRIBUTE_READONLY		0x00000001
#define FILE_ATTRIBUTE_HIDDEN		0x00000002
#define FILE_ATTRIBUTE_SYSTEM		0x00000004
#define FILE_ATTRIBUTE_DIRECTORY	0x00000010
#define FILE_ATTRIBUTE_ARCHIVE		0x00000020
#define FILE_ATTRIBUTE_NORMAL		0x00000080
#define FILE_ATTRIBUTE_TEMPORARY	0x00000100
#define FILE_ATTRIBUTE_SPARSE_FILE	0x00000200
#define FILE_ATTRIBUTE_REPARSE_POINT	0x00000400
#define FILE_ATTRIBUTE_COMPRESSED	0x00000800
#define FILE_ATTRIBUTE_OFFLINE		0x00001000
#define FILE_ATTRIBUTE_NOT_CONTENT_INDEXED 0x00002000
#define FILE_ATTRIBUTE_ENCRYPTED	0x00004000

/* CreateAction */
#define FILE_SUPERSEDED		0
#define FILE_OPENED		1
#define FILE_CREATED		2
#define FILE_OVERWRITTEN	3

#define SMB2_OPLOCK_LEVEL_NONE		0x00
#define SMB2_OPLOCK_LEVEL_II		0x01
#define SMB2_OPLOCK_LEVEL_EXCLUSIVE	0x08
#define SMB2_OPLOCK_LEVEL_BATCH		0x09
#define SMB2_OPLOCK_LEVEL_LEASE		0xFF

/* LeaseState, 2.2.13.2.8; the server has oplocks in the same terms */
#define SMB2_LEASE_READ			0x01
#define SMB2_LEASE_HANDLE		0x02
#define SMB2_LEASE_WRITE		0x04
#define SMB2_LEASE_ALL			0x07

/* LeaseFlags; of a break, 2.2.23.2 */
#define SMB2_LEASE_FLAG_BREAK_IN_PROGRESS	0x02
#define SMB2_LEASE_FLAG_PARENT_KEY_SET		0x04
#define SMB2_BREAK_FLAG_ACK_REQUIRED		0x01

/**
 * struct smb2_lease - what RqLs asks for, or answers; 2.2.13.2.8 and .10
 * @version: 1 or 2; 0: there is none
 * @parent_key, @epoch: of version 2
 */
struct smb2_lease {
	u8 version;
	u8 key[16];
	u32 state;
	u32 flags;
	u8 parent_key[16];
	u16 epoch;
};

/* Which create contexts a request carried; each at most once, else an error. */
#define CREATE_CTX_EXTA		BIT(0)
#define CREATE_CTX_SECD		BIT(1)
#define CREATE_CTX_DHNQ		BIT(2)
#define CREATE_CTX_DHNC		BIT(3)
#define CREATE_CTX_ALSI		BIT(4)
#define CREATE_CTX_MXAC		BIT(5)
#define CREATE_CTX_TWRP		BIT(6)
#define CREATE_CTX_QFID		BIT(7)
#define CREATE_CTX_RQLS		BIT(8)
#define CREATE_CTX_DH2Q		BIT(9)
#define CREATE_CTX_DH2C		BIT(10)
#define CREATE_CTX_POSIX	BIT(11)
#define CREATE_CTX_AAPL		BIT(12)
#define CREATE_CTX_APP_INSTANCE_ID BIT(13)
#define CREATE_CTX_APP_INSTANCE_VERSION BIT(14)

/**
 * struct smb2_durable - one of DHnQ, DHnC, DH2Q, DH2C: 2.2.13.2.3, .4, .11, .12
 * @version: 1, 2; 0: none
 * @reconnect: DHnC, DH2C, with @file_id; else a request for it
 * @timeout: ms, of DH2Q
 * @persistent: SMB2_DHANDLE_FLAG_PERSISTENT
 */
struct smb2_durable {
	u8 version;
	bool reconnect;
	bool persistent;
	u32 timeout;
	struct smb2_file_id file_id;
	u8 create_guid[16];
};

#define SMB2_DHANDLE_FLAG_PERSISTENT	0x00000002

/* 2.2.13.2.13 and .15 */
struct smb2_app_instance {
	u8 id[16];
	bool has_version;
	u64 high, low;
};

struct smb2_create_req {
	u8 oplock_level;
	u32 impersonation_level;
	u32 desired_access;
	u32 file_attributes;
	u32 share_access;
	u32 disposition;
	u32 options;
	struct wire_span name;
	u32 contexts;			/* CREATE_CTX_* */
	u64 allocation_size;		/* AlSi */
	u64 twrp;			/* TWrp */
	struct wire_span extended_attributes;	/* ExtA, FILE_FULL_EA_INFORMATION list */
	struct wire_span security_descriptor;	/* SecD */
	struct smb2_lease lease;	/* RqLs */
	struct wire_span durable;	/* DHnQ, DHnC, DH2Q or DH2C data */
	u32 posix_mode;
	struct aapl_query aapl;
	struct smb2_app_instance app;	/* APP_INSTANCE_ID and perhaps _VERSION */
};

struct smb2_create_rsp {
	u8 oplock_level;
	u32 create_action;
	u64 creation_time, last_access_time, last_write_time, change_time;
	u64 allocation_size, end_of_file;
	u32 file_attributes;
	struct smb2_file_id file_id;
	u32 contexts_length;		/* in the payload; offset is 152 */
};

/**
 * struct smb2_create_contexts - what the response's contexts say
 * @contexts: of CREATE_CTX_MXAC, CREATE_CTX_QFID, CREATE_CTX_RQLS, CREATE_CTX_DHNQ,
 *	CREATE_CTX_DH2Q, CREATE_CTX_AAPL, what to write
 */
struct smb2_create_contexts {
	u32 contexts;
	u32 maximal_access_status;
	u32 maximal_access;
	u64 disk_file_id;
	u64 volume_id;
	struct smb2_lease lease;
	u32 durable_timeout;		/* ms, of DH2Q */
	struct aapl_answer aapl;
};

#define WIRE_CREATE_CONTEXTS_MAX	(256 + 64 + 2 * AAPL_MODEL_MAX)
void wire_put_create_contexts(struct wire_writer *w,
			      const struct smb2_create_contexts *ctx);
/* What req->durable holds, which is data of @context, CREATE_CTX_DHNQ ... */
void wire_get_durable(const struct smb2_create_req *req, u32 context,
		      struct smb2_durable *d);

/* --- CLOSE, FLUSH, READ, WRITE, 2.2.15 to 2.2.22 --- */
#define SMB2_CLOSE_FLAG_POSTQUERY_ATTRIB	0x0001

struct smb2_close_req {
	u16 flags;
	struct smb2_file_id file_id;
};

struct smb2_close_rsp {
	u16 flags;
	u64 creation_time, last_access_time, last_write_time, change_time;
	u64 allocation_size, end_of_file;
	u32 file_attributes;
};

struct smb2_flush_req {
	struct smb2_file_id file_id;
};

#define SMB2_READFLAG_READ_UNBUFFERED	0x01
struct smb2_read_req {
	u8 flags;
	u32 length;
	u64 offset;
	struct smb2_file_id file_id;
	u32 minimum_count;
	u32 channel;
	u32 remaining_bytes;
};

struct smb2_read_rsp {
	u32 data_length;		/* DataOffset is 80 */
};

#define SMB2_WRITEFLAG_WRITE_THROUGH	0x00000001
#define SMB2_WRITEFLAG_WRITE_UNBUFFERED	0x00000002
struct smb2_write_req {
	u32 length;
	u64 offset;
	struct smb2_file_id file_id;
	u32 channel;
	u32 flags;
	struct wire_extent data;
};

struct smb2_write_rsp {
	u32 count;
};

/* --- LOCK, 2.2.26 --- */
#define SMB2_LOCKFLAG_SHARED_LOCK	0x00000001
#define SMB2_LOCKFLAG_EXCLUSIVE_LOCK	0x00000002
#define SMB2_LOCKFLAG_UNLOCK		0x00000004
#define SMB2_LOCKFLAG_FAIL_IMMEDIATELY	0x00000010

struct smb2_lock_element {
	u64 offset;
	u64 length;
	u32 flags;
};

struct smb2_lock_req {
	u16 lock_count;
	u32 lock_sequence;
	struct smb2_file_id file_id;
	struct wire_span locks;		/* lock_count elements of 24 bytes */
};

/* Element @i < lock_count of a decoded request. */
struct smb2_lock_element wire_lock_element(const struct smb2_lock_req *req,
					   u16 i);

/* --- IOCTL, 2.2.31 and 2.2.32 --- */
#define SMB2_0_IOCTL_IS_FSCTL		0x00000001
#define FSCTL_GET_COMPRESSION		0x0009003C
#define FSCTL_GET_NTFS_VOLUME_DATA	0x00090064
#define FSCTL_SET_REPARSE_POINT		0x000900A4
#define FSCTL_GET_REPARSE_POINT		0x000900A8
#define FSCTL_DELETE_REPARSE_POINT	0x000900AC
#define FSCTL_CREATE_OR_GET_OBJECT_ID	0x000900C0
#define FSCTL_SET_SPARSE		0x000900C4
#define FSCTL_GET_INTEGRITY_INFORMATION	0x0009027C
#define FSCTL_QUERY_ALLOCATED_RANGES	0x000940CF
#define FSCTL_SET_ZERO_DATA		0x000980C8
#define FSCTL_DUPLICATE_EXTENTS_TO_FILE	0x00098344
#define FSCTL_DUPLICATE_EXTENTS_TO_FILE_EX 0x000983E8
#define FSCTL_SET_COMPRESSION		0x0009C040
#define FSCTL_SET_INTEGRITY_INFORMATION	0x0009C280
#define FSCTL_DFS_GET_REFERRALS		0x00060194
#define FSCTL_DFS_GET_REFERRALS_EX	0x000601B0
#define FSCTL_PIPE_PEEK			0x0011400C
#define FSCTL_PIPE_WAIT			0x00110018
#define FSCTL_PIPE_TRANSCEIVE		0x0011C017
#define FSCTL_SRV_ENUMERATE_SNAPSHOTS	0x00144064
#define FSCTL_SRV_REQUEST_RESUME_KEY	0x00140078
#define FSCTL_SRV_COPYCHUNK		0x001440F2
#define FSCTL_SRV_COPYCHUNK_WRITE	0x001480F2
#define FSCTL_VALIDATE_NEGOTIATE_INFO	0x00140204
#define FSCTL_QUERY_NETWORK_INTERFACE_INFO 0x001401FC

struct smb2_ioctl_req {
	u32 ctl_code;
	struct smb2_file_id file_id;
	u32 max_input_response;
	u32 max_output_response;
	u32 flags;
	struct wire_span input;
};

struct smb2_ioctl_rsp {
	u32 ctl_code;
	struct smb2_file_id file_id;
	u32 output_count;		/* OutputOffset is 112 */
};

struct smb2_validate_negotiate_req {
	u32 capabilities;
	u8 guid[16];
	u16 security_mode;
	u16 n_dialects;
	u16 dialects[WIRE_MAX_DIALECTS];
};

struct smb2_validate_negotiate_rsp {
	u32 capabilities;
	u8 guid[16];
	u16 security_mode;
	u16 dialect;
};

int wire_decode_validate_negotiate(struct wire_span in,
				   struct smb2_validate_negotiate_req *req);
void wire_put_validate_negotiate(struct wire_writer *w,
				 const struct smb2_validate_negotiate_rsp *rsp);

/* --- QUERY_DIRECTORY, CHANGE_NOTIFY, 2.2.33 to 2.2.36 --- */
#define SMB2_RESTART_SCANS		0x01
#define SMB2_RETURN_SINGLE_ENTRY	0x02
#define SMB2_INDEX_SPECIFIED		0x04
#define SMB2_REOPEN			0x10

struct smb2_query_directory_req {
	u8 info_class;
	u8 flags;
	u32 file_index;
	struct smb2_file_id file_id;
	struct wire_span pattern;
	u32 output_buffer_length;
};

#define SMB2_WATCH_TREE			0x0001

/* CompletionFilter, 2.2.35 */
#define FILE_NOTIFY_CHANGE_FILE_NAME	0x00000001
#define FILE_NOTIFY_CHANGE_DIR_NAME	0x00000002
#define FILE_NOTIFY_CHANGE_ATTRIBUTES	0x00000004
#define FILE_NOTIFY_CHANGE_SIZE		0x00000008
#define FILE_NOTIFY_CHANGE_LAST_WRITE	0x00000010
#define FILE_NOTIFY_CHANGE_LAST_ACCESS	0x00000020
#define FILE_NOTIFY_CHANGE_CREATION	0x00000040
#define FILE_NOTIFY_CHANGE_EA		0x00000080
#define FILE_NOTIFY_CHANGE_SECURITY	0x00000100
#define FILE_NOTIFY_CHANGE_STREAM_NAME	0x00000200
#define FILE_NOTIFY_CHANGE_STREAM_SIZE	0x00000400
#define FILE_NOTIFY_CHANGE_STREAM_WRITE	0x00000800

struct smb2_change_notify_req {
	u16 flags;
	u32 output_buffer_length;
	struct smb2_file_id file_id;
	u32 completion_filter;
};

/* Responses of QUERY_DIRECTORY, CHANGE_NOTIFY and QUERY_INFO have one shape. */
struct smb2_buffer_rsp {
	u32 output_buffer_length;	/* OutputBufferOffset is 72 */
};

/* --- QUERY_INFO, SET_INFO, 2.2.37 to 2.2.40 --- */
#define SMB2_0_INFO_FILE	0x01
#define SMB2_0_INFO_FILESYSTEM	0x02
#define SMB2_0_INFO_SECURITY	0x03
#define SMB2_0_INFO_QUOTA	0x04

#define OWNER_SECURITY_INFORMATION	0x00000001
#define GROUP_SECURITY_INFORMATION	0x00000002
#define DACL_SECURITY_INFORMATION	0x00000004
#define SACL_SECURITY_INFORMATION	0x00000008

#define SL_RESTART_SCAN		0x00000001
#define SL_RETURN_SINGLE_ENTRY	0x00000002
#define SL_INDEX_SPECIFIED	0x00000004

struct smb2_query_info_req {
	u8 info_type;
	u8 info_class;
	u32 output_buffer_length;
	u32 additional_information;
	u32 flags;
	struct smb2_file_id file_id;
	struct wire_span input;
};

struct smb2_set_info_req {
	u8 info_type;
	u8 info_class;
	u32 additional_information;
	struct smb2_file_id file_id;
	struct wire_span buffer;
};

/* --- OPLOCK_BREAK acknowledgment, 2.2.24; its response, 2.2.25, is the same --- */
struct smb2_oplock_break_req {
	bool lease;			/* StructureSize 36 instead of 24 */
	u8 oplock_level;
	struct smb2_file_id file_id;
	u32 lease_flags;
	u8 lease_key[16];
	u32 lease_state;
};

/* What the server sends by itself, 2.2.23: of an oplock, or of a lease */
struct smb2_break {
	bool lease;
	u8 oplock_level;
	struct smb2_file_id file_id;
	u16 new_epoch;
	u32 flags;			/* SMB2_BREAK_FLAG_* */
	u8 lease_key[16];
	u32 current_state, new_state;
};

#define WIRE_BREAK_MAX	44
void wire_put_break(struct wire_writer *w, const struct smb2_break *b);

union smb2_req {
	struct smb2_negotiate_req negotiate;
	struct smb2_session_setup_req session_setup;
	struct smb2_tree_connect_req tree_connect;
	struct smb2_create_req create;
	struct smb2_close_req close;
	struct smb2_flush_req flush;
	struct smb2_read_req read;
	struct smb2_write_req write;
	struct smb2_lock_req lock;
	struct smb2_ioctl_req ioctl;
	struct smb2_query_directory_req query_directory;
	struct smb2_change_notify_req change_notify;
	struct smb2_query_info_req query_info;
	struct smb2_set_info_req set_info;
	struct smb2_oplock_break_req oplock_break;
};

union smb2_rsp {
	struct smb2_negotiate_rsp negotiate;
	struct smb2_session_setup_rsp session_setup;
	struct smb2_tree_connect_rsp tree_connect;
	struct smb2_create_rsp create;
	struct smb2_close_rsp close;
	struct smb2_read_rsp read;
	struct smb2_write_rsp write;
	struct smb2_ioctl_rsp ioctl;
	struct smb2_buffer_rsp buffer;
	struct smb2_oplock_break_req oplock_break;
};

/*
 * Decoders: the reader stands behind the SMB2 header of a message that ends at
 * the request's own end (NextCommand), and counts offsets from that header.
 * Each returns 0 or -EINVAL.
 */
int wire_decode_negotiate(struct wire_reader *r, union smb2_req *u);
int wire_decode_session_setup(struct wire_reader *r, union smb2_req *u);
int wire_decode_logoff(struct wire_reader *r, union smb2_req *u);
int wire_decode_tree_connect(struct wire_reader *r, union smb2_req *u);
int wire_decode_tree_disconnect(struct wire_reader *r, union smb2_req *u);
int wire_decode_create(struct wire_reader *r, union smb2_req *u);
int wire_decode_close(struct wire_reader *r, union smb2_req *u);
int wire_decode_flush(struct wire_reader *r, union smb2_req *u);
int wire_decode_read(struct wire_reader *r, union smb2_req *u);
int wire_decode_write(struct wire_reader *r, union smb2_req *u);
int wire_decode_lock(struct wire_reader *r, union smb2_req *u);
int wire_decode_ioctl(struct wire_reader *r, union smb2_req *u);
int wire_decode_cancel(struct wire_reader *r, union smb2_req *u);
int wire_decode_echo(struct wire_reader *r, union smb2_req *u);
int wire_decode_query_directory(struct wire_reader *r, union smb2_req *u);
int wire_decode_change_notify(struct wire_reader *r, union smb2_req *u);
int wire_decode_query_info(struct wire_reader *r, union smb2_req *u);
int wire_decode_set_info(struct wire_reader *r, union smb2_req *u);
int wire_decode_oplock_break(struct wire_reader *r, union smb2_req *u);

/* Encoders of the fixed part behind the header; at most WIRE_MAX_FIXED bytes. */
#define WIRE_MAX_FIXED	96
void wire_encode_negotiate(struct wire_writer *w, const union smb2_rsp *u);
void wire_encode_session_setup(struct wire_writer *w, const union smb2_rsp *u);
void wire_encode_tree_connect(struct wire_writer *w, const union smb2_rsp *u);
void wire_encode_create(struct wire_writer *w, const union smb2_rsp *u);
void wire_encode_close(struct wire_writer *w, const union smb2_rsp *u);
void wire_encode_read(struct wire_writer *w, const union smb2_rsp *u);
void wire_encode_write(struct wire_writer *w, const union smb2_rsp *u);
void wire_encode_ioctl(struct wire_writer *w, const union smb2_rsp *u);
void wire_encode_buffer(struct wire_writer *w, const union smb2_rsp *u);
void wire_encode_oplock_break(struct wire_writer *w, const union smb2_rsp *u);
/* LOGOFF, TREE_DISCONNECT, FLUSH, LOCK, ECHO: StructureSize 4 and nothing. */
void wire_encode_empty(struct wire_writer *w, const union smb2_rsp *u);
/* SET_INFO: StructureSize 2. */
void wire_encode_set_info(struct wire_writer *w, const union smb2_rsp *u);

#endif /* _WIRE_SMB2_H */
