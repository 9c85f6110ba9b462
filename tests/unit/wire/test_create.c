// SPDX-License-Identifier: GPL-2.0
#include "test.h"

#define H SMB2_HEADER_SIZE
#define CONTEXTS (H + 64)		/* where they begin: the name is 8 bytes */

static union smb2_req req;
static struct msg m;
static u32 last;

static int create(struct wire_span in)
{
	struct wire_reader r = wire_reader_at(in, H);

	return wire_decode_create(&r, &req);
}

static void begin(void)
{
	msg_init(&m);
	wire_put_zero(&m.w, H);
	wire_put_u16(&m.w, 57);
	wire_put_u8(&m.w, 0);
	wire_put_u8(&m.w, SMB2_OPLOCK_LEVEL_LEASE);
	wire_put_u32(&m.w, 2);
	wire_put_zero(&m.w, 16);
	wire_put_u32(&m.w, ACCESS_GENERIC_READ);
	wire_put_u32(&m.w, FILE_ATTRIBUTE_NORMAL);
	wire_put_u32(&m.w, FILE_SHARE_READ);
	wire_put_u32(&m.w, FILE_OPEN_IF);
	wire_put_u32(&m.w, FILE_NON_DIRECTORY_FILE);
	wire_put_u16(&m.w, H + 56);
	wire_put_u16(&m.w, 8);
	wire_put_u32(&m.w, 0);
	wire_put_u32(&m.w, 0);
	wire_put_utf16(&m.w, "name", 4);
	last = 0;
}

/* Appends a context behind the last one and tells the request about it. */
static void context(const void *name, u16 name_len, const void *data, u32 len)
{
	u32 at;

	wire_pad(&m.w, 8);
	at = m.w.len;
	if (last)
		patch_u32(&m, last, at - last);
	last = at;
	wire_put_u32(&m.w, 0);
	wire_put_u16(&m.w, 16);
	wire_put_u16(&m.w, name_len);
	wire_put_u16(&m.w, 0);
	wire_put_u16(&m.w, len ? 16 + ALIGN(name_len, 8) : 0);
	wire_put_u32(&m.w, len);
	wire_put_bytes(&m.w, name, name_len);
	if (len)
		wire_pad(&m.w, 8);
	wire_put_bytes(&m.w, data, len);
	patch_u32(&m, H + 48, CONTEXTS);
	patch_u32(&m, H + 52, m.w.len - CONTEXTS);
}

static const u8 zeros[64];
static const u8 posix_tag[] = {
	0x93, 0xAD, 0x25, 0x50, 0x9C, 0xB4, 0x11, 0xE7,
	0xB4, 0x23, 0x83, 0xDE, 0x96, 0x8B, 0xCD, 0x7C,
};
static const u8 app_id_tag[] = {
	0x45, 0xBC, 0xA6, 0x6A, 0xEF, 0xA7, 0xF7, 0x4A,
	0x90, 0x08, 0xFA, 0x46, 0x2E, 0x14, 0x4D, 0x74,
};
static const u8 app_version_tag[] = {
	0xB9, 0x82, 0xD0, 0xB7, 0x3B, 0x56, 0x07, 0x4F,
	0xA0, 0x7B, 0x52, 0x4A, 0x81, 0x16, 0xA0, 0x10,
};

static void test_plain(void)
{
	begin();
	CHECK(create(msg_span(&m)) == 0);
	CHECK(req.create.oplock_level == SMB2_OPLOCK_LEVEL_LEASE);
	CHECK(req.create.impersonation_level == 2);
	CHECK(req.create.desired_access == ACCESS_GENERIC_READ);
	CHECK(req.create.file_attributes == FILE_ATTRIBUTE_NORMAL);
	CHECK(req.create.share_access == FILE_SHARE_READ);
	CHECK(req.create.disposition == FILE_OPEN_IF);
	CHECK(req.create.options == FILE_NON_DIRECTORY_FILE);
	CHECK(span_is(req.create.name, "n\0a\0m\0e\0", 8));
	CHECK(req.create.contexts == 0);
	every_prefix("create", m.bytes, m.w.len, m.w.len, create);
	every_byte_bent(m.bytes, m.w.len, create);

	/* the share's root: no name, whatever NameOffset says */
	patch_u16(&m, H + 46, 0);
	patch_u16(&m, H + 44, 0);
	m.w.len = H + 56;
	CHECK(create(msg_span(&m)) == 0 && !req.create.name.len);
}

static void test_all_contexts(void)
{
	begin();
	context("ExtA", 4, "some attributes", 15);
	context("SecD", 4, "descriptor", 10);
	context("DHnQ", 4, zeros, 16);
	context("AlSi", 4, "\x08\x07\x06\x05\x04\x03\x02\x01", 8);
	context("MxAc", 4, NULL, 0);
	context("TWrp", 4, "\x01\x02\x03\x04\x05\x06\x07\x08", 8);
	context("QFid", 4, NULL, 0);
	context("RqLs", 4, zeros, 52);
	context("what", 4, zeros, 3);
	context("AAPL", 4, zeros, 24);
	context(app_id_tag, 16, zeros, 20);
	context(app_version_tag, 16, zeros, 24);
	context(posix_tag, 16, "\xA4\x01\0\0", 4);
	CHECK(create(msg_span(&m)) == 0);
	CHECK(req.create.contexts ==
	      (CREATE_CTX_EXTA | CREATE_CTX_SECD | CREATE_CTX_DHNQ |
	       CREATE_CTX_ALSI | CREATE_CTX_MXAC | CREATE_CTX_TWRP |
	       CREATE_CTX_QFID | CREATE_CTX_RQLS | CREATE_CTX_AAPL |
	       CREATE_CTX_APP_INSTANCE_ID | CREATE_CTX_APP_INSTANCE_VERSION |
	       CREATE_CTX_POSIX));
	CHECK(span_is(req.create.extended_attributes, "some attributes", 15));
	CHECK(span_is(req.create.security_descriptor, "descriptor", 10));
	CHECK(span_is(req.create.durable, zeros, 16));
	CHECK(req.create.allocation_size == 0x0102030405060708);
	CHECK(req.create.twrp == 0x0807060504030201);
	CHECK(req.create.lease.version == 2 && !req.create.lease.state);
	CHECK(req.create.posix_mode == 0644);
	CHECK(!memcmp(req.create.app.id, zeros, 16) && req.create.app.has_version);
	every_prefix("create contexts", m.bytes, m.w.len, m.w.len, create);
	every_byte_bent(m.bytes, m.w.len, create);
}

/* Apple's question and what is answered to it */
static void test_aapl(void)
{
	static const char query[24] = "\1\0\0\0\0\0\0\0\7\0\0\0\0\0\0\0\1";
	static const char resolve_id[24] = "\2";
	struct smb2_create_contexts ctx = {
		.contexts = CREATE_CTX_AAPL,
		.aapl = { AAPL_SERVER_CAPS | AAPL_VOLUME_CAPS | AAPL_MODEL_INFO,
			  AAPL_READ_DIR_ATTR, AAPL_FULL_SYNC, "Xs" },
	};

	begin();
	context("AAPL", 4, query, 24);
	CHECK(create(msg_span(&m)) == 0);
	CHECK(req.create.aapl.command == AAPL_SERVER_QUERY);
	CHECK(req.create.aapl.asked == 7 && req.create.aapl.client == 1);
	for (u32 len = 0; len < 24; len++) {	/* is no question, and no error */
		begin();
		context("AAPL", 4, query, len);
		CHECK(create(msg_span(&m)) == 0 && !req.create.aapl.command &&
		      !req.create.aapl.asked);
	}
	begin();
	context("AAPL", 4, resolve_id, 24);
	CHECK(create(msg_span(&m)) == 0 && !req.create.aapl.command);

	msg_init(&m);
	wire_put_create_contexts(&m.w, &ctx);
	CHECK(m.w.len == 24 + 44 && wire_aapl_size(&ctx.aapl) == 44);
	CHECK(!memcmp(m.bytes + 12, "\x2C\0\0\0AAPL\0\0\0\0\1\0\0\0\0\0\0\0\7\0\0\0\0\0\0\0", 28));
	CHECK(!memcmp(m.bytes + 40, "\1\0\0\0\0\0\0\0\4\0\0\0\0\0\0\0"
		      "\0\0\0\0\4\0\0\0X\0s\0", 28));
	ctx.aapl.answered = AAPL_VOLUME_CAPS;
	msg_init(&m);
	wire_put_create_contexts(&m.w, &ctx);
	CHECK(m.w.len == 24 + 24 && wire_aapl_size(&ctx.aapl) == 24);
	/* the longest of everything has room */
	ctx.contexts = CREATE_CTX_MXAC | CREATE_CTX_QFID | CREATE_CTX_RQLS |
		       CREATE_CTX_DH2Q | CREATE_CTX_AAPL;
	ctx.lease.version = 2;
	ctx.aapl.answered = 7;
	ctx.aapl.model = "123456789012345678901234567890123456789012345678901234567890123";
	CHECK(strlen(ctx.aapl.model) == AAPL_MODEL_MAX);
	msg_init(&m);
	wire_put_create_contexts(&m.w, &ctx);
	CHECK(m.w.len <= WIRE_CREATE_CONTEXTS_MAX);
}

static void test_finder_info(void)
{
	u8 info[AFP_INFO_SIZE] = "AFP";
	struct fscc_apple a;
	u32 i;

	for (i = 16; i < sizeof(info); i++)
		info[i] = i;
	wire_get_finder_info((struct wire_span) { info, sizeof(info) },
			     946684800 + 0x01020304, &a);
	CHECK(!memcmp(a.finder_info, "\x10\x11\x12\x13\x14\x15\x16\x17\x18\x19\x28\x29"
		      "\x01\x02\x03\x04", 16));
	for (i = 0; i < 48; i++) {
		wire_get_finder_info((struct wire_span) { info, i }, 946684800, &a);
		CHECK(!memcmp(a.finder_info, zeros, 16));
	}
	info[0] = 'a';
	wire_get_finder_info((struct wire_span) { info, sizeof(info) }, 946684800, &a);
	CHECK(!memcmp(a.finder_info, zeros, 16));
}

static void test_sizes(void)
{
	static const struct {
		const void *name;
		u16 name_len;
		u32 sizes[2];
	} tags[] = {
		{ "DHnQ", 4, { 16, 16 } }, { "DHnC", 4, { 16, 16 } },
		{ "AlSi", 4, { 8, 8 } }, { "MxAc", 4, { 0, 8 } },
		{ "TWrp", 4, { 8, 8 } }, { "RqLs", 4, { 32, 52 } },
		{ "DH2Q", 4, { 32, 32 } }, { "DH2C", 4, { 36, 36 } },
		{ posix_tag, 16, { 4, 4 } }, { app_id_tag, 16, { 20, 20 } },
		{ app_version_tag, 16, { 24, 24 } },
	};
	u32 i, len;

	for (i = 0; i < ARRAY_SIZE(tags); i++) {
		for (len = 0; len <= sizeof(zeros); len++) {
			bool good = len == tags[i].sizes[0] ||
				    len == tags[i].sizes[1];

			begin();
			context(tags[i].name, tags[i].name_len, zeros, len);
			CHECK(create(msg_span(&m)) == (good ? 0 : -EINVAL));
		}
		begin();
		context(tags[i].name, tags[i].name_len, zeros, tags[i].sizes[0]);
		context(tags[i].name, tags[i].name_len, zeros, tags[i].sizes[0]);
		CHECK(create(msg_span(&m)) == -EINVAL);
	}
}

static void test_reconnect_wins(void)
{
	begin();
	context("DHnC", 4, "reconnect 123456", 16);
	context("DHnQ", 4, zeros, 16);
	CHECK(create(msg_span(&m)) == 0);
	CHECK(span_is(req.create.durable, "reconnect 123456", 16));
	begin();
	context("DHnQ", 4, zeros, 16);
	context("DHnC", 4, "reconnect 123456", 16);
	CHECK(create(msg_span(&m)) == 0);
	CHECK(span_is(req.create.durable, "reconnect 123456", 16));
}

static void test_bad_chains(void)
{
	static const u32 nexts[] = { 1, 4, 8, 12, 17, 20, 25, 0x7FFFFFF8,
				     0xFFFFFFF8, 0xFFFFFFFF, 32, 40 };
	static const u16 words[] = { 0, 1, 8, 15, 25, 0x7FFF, 0xFFF8, 0xFFFF };
	u32 i;

	for (i = 0; i < ARRAY_SIZE(nexts); i++) {
		begin();
		context("MxAc", 4, zeros, 8);
		patch_u32(&m, CONTEXTS, nexts[i]);
		CHECK(create(msg_span(&m)) == -EINVAL);
	}
	for (i = 0; i < ARRAY_SIZE(words); i++) {
		begin();
		context("MxAc", 4, zeros, 8);
		context("QFid", 4, NULL, 0);
		patch_u16(&m, CONTEXTS + 4, words[i]);	/* NameOffset */
		CHECK(create(msg_span(&m)) == -EINVAL || words[i] == 25);
		patch_u16(&m, CONTEXTS + 4, 16);
		patch_u16(&m, CONTEXTS + 10, words[i]);	/* DataOffset */
		CHECK(create(msg_span(&m)) == -EINVAL);
		patch_u16(&m, CONTEXTS + 10, 24);
		CHECK(create(msg_span(&m)) == 0);
		/* reaching into the next element */
		patch_u32(&m, CONTEXTS + 12, 9);
		CHECK(create(msg_span(&m)) == -EINVAL);
		patch_u32(&m, CONTEXTS + 12, 0xFFFFFFFF);
		CHECK(create(msg_span(&m)) == -EINVAL);
	}
	begin();
	context("abc", 3, NULL, 0);
	CHECK(create(msg_span(&m)) == -EINVAL);

	begin();				/* 64 are walked, 65 are not */
	for (i = 0; i < 64; i++)
		context("nobody", 6, NULL, 0);
	CHECK(create(msg_span(&m)) == 0);
	context("nobody", 6, NULL, 0);
	CHECK(create(msg_span(&m)) == -EINVAL);

	begin();
	context("MxAc", 4, zeros, 8);
	patch_u32(&m, H + 48, H + 55);		/* in the fixed part */
	CHECK(create(msg_span(&m)) == -EINVAL);
	patch_u32(&m, H + 48, CONTEXTS + 8);
	CHECK(create(msg_span(&m)) == -EINVAL);
	patch_u32(&m, H + 48, CONTEXTS);
	patch_u32(&m, H + 52, 15);
	CHECK(create(msg_span(&m)) == -EINVAL);
	patch_u32(&m, H + 52, 0xFFFFFFFF);
	CHECK(create(msg_span(&m)) == -EINVAL);
}

static void test_response_contexts(void)
{
	struct smb2_create_contexts ctx = {
		.contexts = CREATE_CTX_MXAC | CREATE_CTX_QFID | CREATE_CTX_ALSI,
		.maximal_access_status = 1, .maximal_access = 0x1F01FF,
		.disk_file_id = 0x1111, .volume_id = 0x2222,
	};

	msg_init(&m);
	wire_put_create_contexts(&m.w, &ctx);
	CHECK(m.w.len == 32 + 56 && m.w.len <= WIRE_CREATE_CONTEXTS_MAX);
	CHECK(!memcmp(m.bytes, "\x20\0\0\0\x10\0\x04\0\0\0\x18\0\x08\0\0\0MxAc"
		      "\0\0\0\0\x01\0\0\0\xFF\x01\x1F\0", 32));
	CHECK(!memcmp(m.bytes + 32, "\0\0\0\0\x10\0\x04\0\0\0\x18\0\x20\0\0\0QFid"
		      "\0\0\0\0\x11\x11\0\0\0\0\0\0\x22\x22\0\0\0\0\0\0", 40));

	ctx.contexts = CREATE_CTX_QFID;
	msg_init(&m);
	wire_put_create_contexts(&m.w, &ctx);
	CHECK(m.w.len == 56);
	ctx.contexts = CREATE_CTX_DHNC;		/* has no answer */
	msg_init(&m);
	wire_put_create_contexts(&m.w, &ctx);
	CHECK(m.w.len == 0);
}

/* 2.2.13.2.3, .4, .11, .12, and what is answered to the requests */
static void test_durable(void)
{
	static const char q2[32] = "\x10\x27\0\0\x02\0\0\0\0\0\0\0\0\0\0\0the guid of one";
	static const char c2[36] = "\x01\0\0\0\0\0\0\0\x02\0\0\0\0\0\0\0the guid of one";
	struct smb2_create_contexts ctx = { .durable_timeout = 60000 };
	struct smb2_durable d;

	begin();
	context("DHnQ", 4, zeros, 16);
	CHECK(create(msg_span(&m)) == 0);
	wire_get_durable(&req.create, CREATE_CTX_DHNQ, &d);
	CHECK(d.version == 1 && !d.reconnect && !d.persistent && !d.timeout);
	begin();
	context("DHnC", 4, c2, 16);
	CHECK(create(msg_span(&m)) == 0);
	wire_get_durable(&req.create, CREATE_CTX_DHNC, &d);
	CHECK(d.version == 1 && d.reconnect && !d.persistent);
	CHECK(d.file_id.persistent == 1 && d.file_id.volatile_id == 2);
	begin();
	context("DH2Q", 4, q2, 32);
	CHECK(create(msg_span(&m)) == 0);
	wire_get_durable(&req.create, CREATE_CTX_DH2Q, &d);
	CHECK(d.version == 2 && !d.reconnect && d.persistent);
	CHECK(d.timeout == 10000 && !memcmp(d.create_guid, q2 + 16, 16));
	begin();
	context("DH2C", 4, c2, 36);
	CHECK(create(msg_span(&m)) == 0);
	wire_get_durable(&req.create, CREATE_CTX_DH2C, &d);
	CHECK(d.version == 2 && d.reconnect && !d.persistent);
	CHECK(d.file_id.persistent == 1 && !memcmp(d.create_guid, c2 + 16, 16));

	ctx.contexts = CREATE_CTX_DHNQ | CREATE_CTX_DH2Q;
	msg_init(&m);
	wire_put_create_contexts(&m.w, &ctx);
	CHECK(m.w.len == 64);
	CHECK(!memcmp(m.bytes + 16, "DHnQ\0\0\0\0\0\0\0\0\0\0\0\0", 16));
	CHECK(!memcmp(m.bytes + 48, "DH2Q\0\0\0\0\x60\xEA\0\0\0\0\0\0", 16));
}

/* What was asked for comes back as it was, in either version. */
static void test_lease(void)
{
	static const u8 v2[52] = "0123456789abcdef\x05\0\0\0\x04\0\0\0"
		"\0\0\0\0\0\0\0\0fedcba9876543210\x34\x12";
	struct smb2_create_contexts ctx = { .contexts = CREATE_CTX_RQLS };

	for (u32 len = 32; len <= 52; len += 20) {
		begin();
		context("RqLs", 4, v2, len);
		CHECK(create(msg_span(&m)) == 0);
		ctx.lease = req.create.lease;
		CHECK(ctx.lease.version == (len == 32 ? 1 : 2));
		CHECK(ctx.lease.state == (SMB2_LEASE_READ | SMB2_LEASE_WRITE));
		CHECK(ctx.lease.flags == SMB2_LEASE_FLAG_PARENT_KEY_SET);
		CHECK(ctx.lease.epoch == (len == 32 ? 0 : 0x1234));
		msg_init(&m);
		wire_put_create_contexts(&m.w, &ctx);
		CHECK(m.w.len == 24 + len);
		CHECK(!memcmp(m.bytes + 24, v2, len));
	}
}

void test_create(void)
{
	test_lease();
	test_durable();
	test_plain();
	test_all_contexts();
	test_aapl();
	test_finder_info();
	test_sizes();
	test_reconnect_wins();
	test_bad_chains();
	test_response_contexts();
}
