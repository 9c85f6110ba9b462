/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Apple's extension of SMB2: the create context "AAPL", by which a Mac learns what
 * server it talks to, and what it then finds in the entries of a listing.  By Apple's
 * published client (kAAPL_*, smbclient's smb2_rq) and AppleDouble, RFC 1740.
 */
#ifndef _WIRE_AAPL_H
#define _WIRE_AAPL_H

#include "wire.h"

#define AAPL_SERVER_QUERY	1	/* Command; RESOLVE_ID, 2, is not answered */

/* what is asked for, and answered */
#define AAPL_SERVER_CAPS	0x1
#define AAPL_VOLUME_CAPS	0x2
#define AAPL_MODEL_INFO		0x4
/* of server and client */
#define AAPL_READ_DIR_ATTR	0x1	/* struct fscc_apple in listings */
#define AAPL_UNIX_BASED		0x4
/* of the volume */
#define AAPL_CASE_SENSITIVE	0x2
#define AAPL_FULL_SYNC		0x4	/* FLUSH reaches the disk: what Time Machine asks for */

#define AAPL_MODEL_MAX		63	/* bytes of UTF-8 */

/* @command: 0 when the context is no question that we know */
struct aapl_query {
	u32 command;
	u64 asked;
	u64 client;
};

struct aapl_answer {
	u64 answered;
	u64 server, volume;
	const char *model;
};

/* The data of an "AAPL" context; whatever is wrong with it, it is no question. */
void wire_get_aapl(struct wire_span data, struct aapl_query *q);
/* Bytes that the answer takes. */
u32 wire_aapl_size(const struct aapl_answer *a);
void wire_put_aapl(struct wire_writer *w, const struct aapl_answer *a);

/**
 * struct fscc_apple - in FileIdBothDirectoryInformation, instead of EA size and 8.3 name
 * @maximal_access: of who lists
 * @resource_size: of the stream AFP_Resource
 * @finder_info: type and creator; flags; extended flags; seconds since 2000, big-endian
 * @mode: st_mode
 */
struct fscc_apple {
	u32 maximal_access;
	u64 resource_size;
	u8 finder_info[16];
	u16 mode;
};

#define AFP_INFO_SIZE		60

/*
 * @info: the stream AFP_AfpInfo, or what there is of it; @added: seconds since 1970.
 * What is not one leaves zeros.
 */
void wire_get_finder_info(struct wire_span info, s64 added,
			  struct fscc_apple *apple);

#endif
