// SPDX-License-Identifier: GPL-2.0
#include "test.h"

#define H SMB2_HEADER_SIZE

static union smb2_req req;
static struct smb1_negotiate smb1;
static struct smb2_validate_negotiate_req validate;
static struct msg m;

static int negotiate(struct wire_span in)
{
	struct wire_reader r = wire_reader_at(in, H);

	return wire_decode_negotiate(&r, &req);
}

static int smb1_negotiate(struct wire_span in)
{
	return wire_decode_smb1_negotiate(in, &smb1);
}

static int validate_negotiate(struct wire_span in)
{
	return wire_decode_validate_negotiate(in, &validate);
}

/* A NEGOTIATE of two dialects; with 3.1.1 contexts begin at H + 40. */
static void begin(u16 second_dialect, u16 n_contexts)
{
	msg_init(&m);
	wire_put_zero(&m.w, H);
	wire_put_u16(&m.w, 36);
	wire_put_u16(&m.w, 2);
	wire_put_u16(&m.w, SMB2_NEGOTIATE_SIGNING_ENABLED);
	wire_put_u16(&m.w, 0);
	wire_put_u32(&m.w, SMB2_GLOBAL_CAP_LARGE_MTU);
	wire_put_bytes(&m.w, "client guid 1234", 16);
	wire_put_u32(&m.w, H + 40);
	wire_put_u16(&m.w, n_contexts);
	wire_put_u16(&m.w, 0);
	wire_put_u16(&m.w, SMB2_DIALECT_0302);
	wire_put_u16(&m.w, second_dialect);
}

static void context(u16 type, const void *data, u16 len)
{
	wire_pad(&m.w, 8);
	wire_put_u16(&m.w, type);
	wire_put_u16(&m.w, len);
	wire_put_u32(&m.w, 0);
	wire_put_bytes(&m.w, data, len);
}

#define CONTEXT(type, bytes) context(type, bytes, sizeof(bytes) - 1)
#define PREAUTH "\x01\0\x04\0\x01\0salt"
#define CIPHERS "\x02\0\x02\0\x01\0"
#define SIGNING "\x03\0\x02\0\x01\0\0\0"
#define COMPRESSION "\x01\0\0\0\0\0\0\0\x01\0"

static void test_old_dialects(void)
{
	begin(SMB2_DIALECT_0210, 0xFFFF);	/* a ClientStartTime */
	CHECK(negotiate(msg_span(&m)) == 0);
	CHECK(req.negotiate.n_dialects == 2);
	CHECK(req.negotiate.dialects[0] == SMB2_DIALECT_0302);
	CHECK(req.negotiate.dialects[1] == SMB2_DIALECT_0210);
	CHECK(req.negotiate.security_mode == SMB2_NEGOTIATE_SIGNING_ENABLED);
	CHECK(req.negotiate.capabilities == SMB2_GLOBAL_CAP_LARGE_MTU);
	CHECK(!memcmp(req.negotiate.client_guid, "client guid 1234", 16));
	CHECK(req.negotiate.n_contexts == 0);
	every_prefix("negotiate", m.bytes, m.w.len, m.w.len, negotiate);
	every_byte_bent(m.bytes, m.w.len, negotiate);

	patch_u16(&m, H + 2, 0);
	CHECK(negotiate(msg_span(&m)) == -EINVAL);
	patch_u16(&m, H + 2, 3);
	CHECK(negotiate(msg_span(&m)) == -EINVAL);
	patch_u16(&m, H + 2, WIRE_MAX_DIALECTS + 1);
	wire_put_zero(&m.w, 1024);
	CHECK(negotiate(msg_span(&m)) == -EINVAL);
	patch_u16(&m, H + 2, WIRE_MAX_DIALECTS);
	CHECK(negotiate(msg_span(&m)) == 0);
	patch_u16(&m, H, 35);
	CHECK(negotiate(msg_span(&m)) == -EINVAL);
}

static void test_contexts(void)
{
	begin(SMB2_DIALECT_0311, 7);
	CONTEXT(SMB2_PREAUTH_INTEGRITY_CAPABILITIES, PREAUTH);
	CONTEXT(SMB2_ENCRYPTION_CAPABILITIES, CIPHERS);
	CONTEXT(SMB2_COMPRESSION_CAPABILITIES, COMPRESSION);
	CONTEXT(0x7777, "whatever");
	CONTEXT(SMB2_NETNAME_NEGOTIATE_CONTEXT_ID, "h\0o\0");
	CONTEXT(SMB2_POSIX_EXTENSIONS_AVAILABLE, "0123456789abcdef");
	CONTEXT(SMB2_SIGNING_CAPABILITIES, SIGNING);
	CHECK(negotiate(msg_span(&m)) == 0);
	CHECK(req.negotiate.n_contexts == 7);
	CHECK(req.negotiate.has_preauth && req.negotiate.has_encryption);
	CHECK(req.negotiate.has_compression && req.negotiate.has_signing);
	CHECK(req.negotiate.posix);
	CHECK(req.negotiate.hash_algorithms.n == 1);
	CHECK(req.negotiate.hash_algorithms.v[0] == SMB2_HASH_SHA512);
	CHECK(req.negotiate.ciphers.n == 2);
	CHECK(req.negotiate.ciphers.v[0] == SMB2_ENCRYPTION_AES128_GCM);
	CHECK(req.negotiate.ciphers.v[1] == SMB2_ENCRYPTION_AES128_CCM);
	CHECK(req.negotiate.signing_algorithms.n == 3);
	CHECK(req.negotiate.signing_algorithms.v[2] == 0);
	CHECK(span_is(req.negotiate.netname, "h\0o\0", 4));
	every_prefix("contexts", m.bytes, m.w.len, m.w.len, negotiate);
	every_byte_bent(m.bytes, m.w.len, negotiate);

	patch_u32(&m, H + 28, H + 39);		/* inside the dialects */
	CHECK(negotiate(msg_span(&m)) == -EINVAL);
	patch_u32(&m, H + 28, H + 32);
	CHECK(negotiate(msg_span(&m)) == -EINVAL);
	patch_u32(&m, H + 28, 0xFFFFFFF8);
	CHECK(negotiate(msg_span(&m)) == -EINVAL);
	patch_u32(&m, H + 28, H + 40);
	patch_u16(&m, H + 32, 8);		/* one more than there are */
	CHECK(negotiate(msg_span(&m)) == -EINVAL);
	patch_u16(&m, H + 32, 0xFFFF);
	CHECK(negotiate(msg_span(&m)) == -EINVAL);
	patch_u16(&m, H + 32, 0);
	CHECK(negotiate(msg_span(&m)) == 0 && !req.negotiate.has_preauth);
}

/* A list that begins 4 bytes off: its elements are aligned to its start. */
static void test_unaligned_list(void)
{
	begin(SMB2_DIALECT_0311, 2);
	wire_put_zero(&m.w, 4);
	wire_put_bytes(&m.w, "\x02\0\x06\0\0\0\0\0" CIPHERS "\0\0", 16);
	wire_put_bytes(&m.w, "\x08\0\x08\0\0\0\0\0" SIGNING, 16);
	patch_u32(&m, H + 28, H + 44);
	CHECK(negotiate(msg_span(&m)) == 0);
	CHECK(req.negotiate.ciphers.n == 2);
	CHECK(req.negotiate.signing_algorithms.n == 3);
}

static void one_context(u16 type, const void *data, u16 len, int want)
{
	begin(SMB2_DIALECT_0311, 1);
	context(type, data, len);
	CHECK(negotiate(msg_span(&m)) == want);
}

static void test_bad_contexts(void)
{
	static const struct { u16 type; const char *data; u16 len; } good[] = {
		{ SMB2_PREAUTH_INTEGRITY_CAPABILITIES, PREAUTH, 10 },
		{ SMB2_ENCRYPTION_CAPABILITIES, CIPHERS, 6 },
		{ SMB2_COMPRESSION_CAPABILITIES, COMPRESSION, 10 },
		{ SMB2_SIGNING_CAPABILITIES, SIGNING, 8 },
	};
	u8 many[2 + 2 * 200];
	u32 i, len;

	for (i = 0; i < ARRAY_SIZE(good); i++) {
		/* DataLength too small for what the counts say, then right */
		for (len = 0; len < good[i].len; len++)
			one_context(good[i].type, good[i].data, len, -EINVAL);
		one_context(good[i].type, good[i].data, len, 0);
		/* no algorithm at all */
		one_context(good[i].type, "\0\0\0\0\0\0\0\0\0\0\0\0", 12, -EINVAL);
		/* the same one twice */
		begin(SMB2_DIALECT_0311, 2);
		context(good[i].type, good[i].data, good[i].len);
		context(good[i].type, good[i].data, good[i].len);
		CHECK(negotiate(msg_span(&m)) == -EINVAL);
	}

	memset(many, 0, sizeof(many));
	put_unaligned_le16(200, many);
	many[2] = SMB2_ENCRYPTION_AES256_GCM;
	one_context(SMB2_ENCRYPTION_CAPABILITIES, many, sizeof(many), 0);
	CHECK(req.negotiate.ciphers.n == WIRE_MAX_ALGORITHMS);
	CHECK(req.negotiate.ciphers.v[0] == SMB2_ENCRYPTION_AES256_GCM);
}

static void test_response(void)
{
	struct smb2_negotiate_contexts ctx = {
		.preauth = true, .signing = true, .posix = true,
		.encryption = true, .signing_algorithm = 1, .cipher = 2,
	};
	union smb2_rsp rsp = { .negotiate = {
		.security_mode = 3, .dialect = 0x311, .capabilities = 4,
		.max_transact_size = 5, .max_read_size = 6, .max_write_size = 7,
		.system_time = 8, .server_start_time = 9,
	} };
	struct wire_span blob = span_of("blob!", 5);
	u32 cap;

	memset(ctx.salt, 0xAA, sizeof(ctx.salt));
	memset(rsp.negotiate.server_guid, 0xBB, 16);
	msg_init(&m);
	wire_put_negotiate_payload(&m.w, &rsp.negotiate, blob, &ctx);
	CHECK(rsp.negotiate.security_buffer_length == 5);
	CHECK(rsp.negotiate.context_offset == 136 && rsp.negotiate.n_contexts == 4);
	CHECK(m.w.len == 8 + 48 + 16 + 16 + 24);
	CHECK(!memcmp(m.bytes, "blob!\0\0\0\x01\0\x26\0\0\0\0\0\x01\0\x20\0\x01\0\xAA", 23));
	CHECK(!memcmp(m.bytes + 56, "\x02\0\x04\0\0\0\0\0\x01\0\x02\0", 12));
	CHECK(!memcmp(m.bytes + 72, "\x08\0\x04\0\0\0\0\0\x01\0\x01\0", 12));
	CHECK(!memcmp(m.bytes + 88, "\0\x01\x10\0\0\0\0\0\x93\xAD\x25\x50", 12));
	for (cap = 0; cap < m.w.len; cap++) {
		u8 *exact = malloc(cap);
		struct wire_writer w = wire_writer_of(exact, cap);

		wire_put_negotiate_payload(&w, &rsp.negotiate, blob, &ctx);
		CHECK(w.full);
		free(exact);
	}

	msg_init(&m);
	wire_encode_negotiate(&m.w, &rsp);
	CHECK(m.w.len == 64 && get_unaligned_le16(m.bytes) == 65);
	CHECK(get_unaligned_le16(m.bytes + 4) == 0x311);
	CHECK(get_unaligned_le16(m.bytes + 6) == 4 && m.bytes[8] == 0xBB);
	CHECK(get_unaligned_le32(m.bytes + 24) == 4);
	CHECK(get_unaligned_le64(m.bytes + 40) == 8);
	CHECK(get_unaligned_le16(m.bytes + 56) == 128);
	CHECK(get_unaligned_le16(m.bytes + 58) == 5);
	CHECK(get_unaligned_le32(m.bytes + 60) == 136);

	msg_init(&m);
	wire_put_negotiate_payload(&m.w, &rsp.negotiate, blob, NULL);
	CHECK(m.w.len == 5 && rsp.negotiate.n_contexts == 0);
	CHECK(rsp.negotiate.context_offset == 0);
}

static void smb1_begin(const void *dialects, u16 len)
{
	msg_init(&m);
	wire_put_bytes(&m.w, "\xFFSMB\x72", 5);
	wire_put_zero(&m.w, 27);
	wire_put_u8(&m.w, 0);
	wire_put_u16(&m.w, len);
	wire_put_bytes(&m.w, dialects, len);
}

static void test_smb1(void)
{
	static const char list[] =
		"\x02NT LM 0.12\0\x02SMB 2.002\0\x02SMB 2.???";
	static const char old[] = "\x02NT LM 0.12\0\x02SMB 2.00";

	smb1_begin(list, sizeof(list));
	CHECK(smb1_negotiate(msg_span(&m)) == 0);
	CHECK(smb1.smb2_002 && smb1.smb2_wildcard);
	every_prefix("smb1", m.bytes, m.w.len, m.w.len, smb1_negotiate);
	every_byte_bent(m.bytes, m.w.len, smb1_negotiate);
	m.bytes[32] = 1;			/* WordCount */
	CHECK(smb1_negotiate(msg_span(&m)) == -EINVAL);
	m.bytes[32] = 0;
	m.bytes[35] = 3;			/* BufferFormat */
	CHECK(smb1_negotiate(msg_span(&m)) == -EINVAL);
	m.bytes[35] = 2;
	m.bytes[4] = 0x73;			/* SESSION_SETUP_ANDX */
	CHECK(smb1_negotiate(msg_span(&m)) == -EINVAL);

	smb1_begin(list, sizeof(list) - 1);	/* the last one lacks its NUL */
	CHECK(smb1_negotiate(msg_span(&m)) == -EINVAL);
	smb1_begin(old, sizeof(old));
	CHECK(smb1_negotiate(msg_span(&m)) == 0);
	CHECK(!smb1.smb2_002 && !smb1.smb2_wildcard);
	smb1_begin("", 0);
	CHECK(smb1_negotiate(msg_span(&m)) == 0);
}

static void test_validate(void)
{
	struct smb2_validate_negotiate_rsp rsp = {
		.capabilities = 1, .security_mode = 2, .dialect = 0x302,
	};

	msg_init(&m);
	wire_put_u32(&m.w, 0x7F);
	wire_put_bytes(&m.w, "client guid 1234", 16);
	wire_put_u16(&m.w, 1);
	wire_put_u16(&m.w, 2);
	wire_put_u16(&m.w, SMB2_DIALECT_0300);
	wire_put_u16(&m.w, SMB2_DIALECT_0302);
	CHECK(validate_negotiate(msg_span(&m)) == 0);
	CHECK(validate.capabilities == 0x7F && validate.security_mode == 1);
	CHECK(validate.n_dialects == 2 && validate.dialects[1] == 0x302);
	CHECK(!memcmp(validate.guid, "client guid 1234", 16));
	every_prefix("validate", m.bytes, m.w.len, m.w.len, validate_negotiate);
	patch_u16(&m, 22, WIRE_MAX_DIALECTS + 1);
	wire_put_zero(&m.w, 1024);
	CHECK(validate_negotiate(msg_span(&m)) == -EINVAL);

	memcpy(rsp.guid, "server guid 1234", 16);
	msg_init(&m);
	wire_put_validate_negotiate(&m.w, &rsp);
	CHECK(span_is(msg_span(&m), "\x01\0\0\0server guid 1234\x02\0\x02\x03", 24));
}

void test_negotiate(void)
{
	test_old_dialects();
	test_contexts();
	test_unaligned_list();
	test_bad_contexts();
	test_response();
	test_smb1();
	test_validate();
}
