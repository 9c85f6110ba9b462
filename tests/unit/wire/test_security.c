// SPDX-License-Identifier: GPL-2.0
#include "test.h"

static struct msg m;
static struct spnego_init init;
static struct spnego_resp resp;
static struct ntlmssp_authenticate auth;

static int decode_init(struct wire_span in)
{
	return spnego_decode_init(in, &init);
}

static int decode_resp(struct wire_span in)
{
	return spnego_decode_resp(in, &resp);
}

static int authenticate(struct wire_span in)
{
	return ntlmssp_decode_authenticate(in, &auth);
}

/* NegTokenInit: NTLMSSP, KRB5, an unknown one; a token; a MIC */
static const u8 init_token[] = {
	0x60, 0x43, 0x06, 0x06, 0x2B, 6, 1, 5, 5, 2,
	0xA0, 0x39, 0x30, 0x37,
	0xA0, 0x1F, 0x30, 0x1D,
	0x06, 0x0A, 0x2B, 6, 1, 4, 1, 0x82, 0x37, 2, 2, 10,
	0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x12, 1, 2, 2,
	0x06, 0x04, 0x2B, 1, 2, 3,
	0xA1, 0x04, 0x03, 0x02, 0x01, 0x06,
	0xA2, 0x07, 0x04, 0x05, 't', 'o', 'k', 'e', 'n',
	0xA3, 0x05, 0x04, 0x03, 'm', 'i', 'c',
};

static void test_init(void)
{
	u8 bent[sizeof(init_token)];

	CHECK(decode_init(span_of(init_token, sizeof(init_token))) == 0);
	CHECK(init.n_mechs == 3 && init.mechs[0] == SPNEGO_MECH_NTLMSSP);
	CHECK(init.mechs[1] == SPNEGO_MECH_KRB5);
	CHECK(init.mechs[2] == SPNEGO_MECH_UNKNOWN);
	CHECK(span_is(init.mech_list, init_token + 16, 0x1F));
	CHECK(span_is(init.mech_token, "token", 5));
	CHECK(span_is(init.mech_list_mic, "mic", 3));
	every_prefix("init", init_token, sizeof(init_token),
		     sizeof(init_token), decode_init);
	every_byte_bent(init_token, sizeof(init_token), decode_init);

	memcpy(bent, init_token, sizeof(bent));
	bent[4] = 0x2A;				/* another OID than SPNEGO */
	CHECK(decode_init(span_of(bent, sizeof(bent))) == -EINVAL);
	memcpy(bent, init_token, sizeof(bent));
	bent[47] = 0xA0;			/* mechTypes once more */
	CHECK(decode_init(span_of(bent, sizeof(bent))) == -EINVAL);
	bent[47] = 0xA5;			/* out of order */
	CHECK(decode_init(span_of(bent, sizeof(bent))) == -EINVAL);
}

static void test_lengths(void)
{
	static const u8 long_forms[] = {
		0xA1, 0x84, 0, 0, 0, 0x10, 0x30, 0x83, 0, 0, 0x0B,
		0xA2, 0x82, 0, 0x07, 0x04, 0x81, 4, 'a', 'b', 'c', 'd',
	};
	static const u8 five[] = { 0xA1, 0x85, 0, 0, 0, 0, 2, 0x30, 0 };
	static const u8 indefinite[] = { 0xA1, 0x80, 0x30, 0, 0, 0 };
	static const u8 huge[] = { 0xA1, 0x84, 0xFF, 0xFF, 0xFF, 0xFF, 0x30 };
	static const u8 trailing[] = { 0xA1, 2, 0x30, 0, 0 };
	static const u8 inner[] = { 0xA1, 4, 0x30, 0, 0x30, 0 };
	static const u8 empty[] = { 0xA1, 2, 0x30, 0 };

	CHECK(decode_resp(span_of(long_forms, sizeof(long_forms))) == 0);
	CHECK(span_is(resp.response_token, "abcd", 4));
	CHECK(decode_resp(span_of(five, sizeof(five))) == -EINVAL);
	CHECK(decode_resp(span_of(indefinite, sizeof(indefinite))) == -EINVAL);
	CHECK(decode_resp(span_of(huge, sizeof(huge))) == -EINVAL);
	CHECK(decode_resp(span_of(trailing, sizeof(trailing))) == -EINVAL);
	CHECK(decode_resp(span_of(inner, sizeof(inner))) == -EINVAL);
	CHECK(decode_resp(span_of(empty, sizeof(empty))) == 0);
	CHECK(resp.state == SPNEGO_NO_STATE && !resp.response_token.len);
}

static void test_resp(void)
{
	static const u8 token[] = {
		0xA1, 0x22, 0x30, 0x20, 0xA0, 3, 0x0A, 1, 1,
		0xA1, 0x0C, 0x06, 0x0A, 0x2B, 6, 1, 4, 1, 0x82, 0x37, 2, 2, 10,
		0xA2, 4, 0x04, 2, 'h', 'i', 0xA3, 5, 0x04, 3, 'm', 'i', 'c',
	};
	u8 bent[sizeof(token) + 2];
	u32 i;

	CHECK(decode_resp(span_of(token, sizeof(token))) == 0);
	CHECK(resp.state == SPNEGO_ACCEPT_INCOMPLETE);
	CHECK(span_is(resp.response_token, "hi", 2));
	CHECK(span_is(resp.mech_list_mic, "mic", 3));
	every_prefix("resp", token, sizeof(token), sizeof(token), decode_resp);
	every_byte_bent(token, sizeof(token), decode_resp);
	for (i = 0; i < 256; i++) {
		memcpy(bent, token, sizeof(token));
		bent[8] = i;
		CHECK(decode_resp(span_of(bent, sizeof(token))) ==
		      (i <= SPNEGO_REQUEST_MIC ? 0 : -EINVAL));
	}
	memcpy(bent, token, sizeof(token));
	bent[23] = 0xA1;			/* a field twice */
	CHECK(decode_resp(span_of(bent, sizeof(token))) == -EINVAL);
}

/* What we write for clients has NegTokenInit2's hints; we can read it back. */
static void test_put_init(void)
{
	static const enum spnego_mech mechs[] = {
		SPNEGO_MECH_MS_KRB5, SPNEGO_MECH_KRB5, SPNEGO_MECH_NEGOEX,
		SPNEGO_MECH_UNKNOWN, SPNEGO_MECH_NTLMSSP,
	};
	static const enum spnego_mech ntlm = SPNEGO_MECH_NTLMSSP;

	msg_init(&m);
	spnego_put_init(&m.w, &ntlm, 1);
	CHECK(m.w.len == 74 && m.bytes[1] == 72);	/* as stock servers */
	CHECK(decode_init(msg_span(&m)) == 0 && init.n_mechs == 1);
	msg_init(&m);
	spnego_put_init(&m.w, mechs, 5);
	CHECK(decode_init(msg_span(&m)) == 0 && init.n_mechs == 4);
	CHECK(init.mechs[0] == SPNEGO_MECH_MS_KRB5);
	CHECK(init.mechs[2] == SPNEGO_MECH_NEGOEX);
	CHECK(!init.mech_token.len && !init.mech_list_mic.len);
	CHECK(!memcmp(m.bytes + m.w.len - 36, "not_defined_in_RFC4178@please_ignore", 36));
}

static void test_put_resp(void)
{
	static const u32 sizes[] = { 0, 1, 100, 127, 128, 255, 256, 3000 };
	static u8 bulk[70000], out[70100];
	struct wire_span none = span_of(NULL, 0);
	struct wire_writer w;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct wire_span token = span_of(bulk, sizes[i]);

		msg_init(&m);
		spnego_put_resp(&m.w, SPNEGO_ACCEPT_INCOMPLETE,
				SPNEGO_MECH_NTLMSSP, token, none);
		CHECK(!m.w.full && decode_resp(msg_span(&m)) == 0);
		CHECK(resp.state == SPNEGO_ACCEPT_INCOMPLETE);
		CHECK(resp.response_token.len == sizes[i]);
		msg_init(&m);
		spnego_put_resp(&m.w, SPNEGO_NO_STATE, SPNEGO_MECH_UNKNOWN,
				none, token);
		CHECK(decode_resp(msg_span(&m)) == 0);
		CHECK(resp.state == SPNEGO_NO_STATE);
		CHECK(resp.mech_list_mic.len == sizes[i]);
	}
	w = wire_writer_of(out, sizeof(out));
	spnego_put_resp(&w, SPNEGO_ACCEPT_COMPLETED, SPNEGO_MECH_UNKNOWN,
			span_of(bulk, sizeof(bulk)), none);
	CHECK(decode_resp(span_of(out, w.len)) == 0);
	CHECK(resp.response_token.len == sizeof(bulk));
}

static void test_many_mechs(void)
{
	u32 i;

	msg_init(&m);
	wire_put_bytes(&m.w, "\x60\x34\x06\x06\x2B\x06\x01\x05\x05\x02"
		       "\xA0\x2A\x30\x28\xA0\x26\x30\x24", 18);
	for (i = 0; i < 12; i++)
		wire_put_bytes(&m.w, "\x06\x01\x2B", 3);
	CHECK(decode_init(msg_span(&m)) == 0);
	CHECK(init.n_mechs == SPNEGO_MAX_MECHS);
	/* no mechTypes at all */
	CHECK(decode_init(span_of("\x60\x0C\x06\x06\x2B\x06\x01\x05\x05\x02"
				  "\xA0\x02\x30\x00", 14)) == -EINVAL);
	/* [4] mechListMIC of NegTokenInit2 */
	CHECK(decode_init(span_of("\x60\x17\x06\x06\x2B\x06\x01\x05\x05\x02"
				  "\xA0\x0D\x30\x0B\xA0\x04\x30\x02\x06\x00"
				  "\xA4\x03\x04\x01M", 25)) == 0);
	CHECK(span_is(init.mech_list_mic, "M", 1));
}

void test_spnego(void)
{
	test_init();
	test_lengths();
	test_resp();
	test_put_init();
	test_put_resp();
	test_many_mechs();
}

static void field(u16 len, u32 offset)
{
	wire_put_u16(&m.w, len);
	wire_put_u16(&m.w, 0xFFFF);		/* MaxLen: ignored */
	wire_put_u32(&m.w, offset);
}

#define AV_FLAGS "\x06\0\x04\0\x02\0\0\0"
#define AV_TIME "\x07\0\x08\0\x08\x07\x06\x05\x04\x03\x02\x01"
#define AV_TARGET "\x09\0\x04\0c\0i\0"
#define AV_BINDINGS "\x0A\0\x10\0channel bindings"
#define AV_NAME "\x02\0\x02\0D\0"
#define AV_EOL "\0\0\0\0"

/* An AUTHENTICATE whose payload begins at @payload. */
static void auth_message(u32 flags, u32 payload, const void *pairs, u16 len)
{
	u16 nt = 16 + 28 + len;

	msg_init(&m);
	wire_put_bytes(&m.w, "NTLMSSP", 8);
	wire_put_u32(&m.w, NTLMSSP_AUTHENTICATE);
	field(2, payload);			/* LM */
	field(nt, payload + 24);
	field(2, payload + 2);			/* domain */
	field(4, payload + 4);			/* user */
	field(0, 0);				/* workstation */
	field(16, payload + 8);			/* session key */
	wire_put_u32(&m.w, flags);
	wire_put_zero(&m.w, payload - 64);
	memset(m.bytes + payload - 16, 0x3C, payload >= 80 ? 16 : 0);
	wire_put_bytes(&m.w, "LMD\0u\0v\0session key 1234", 24);
	wire_put_bytes(&m.w, "proof of 16 byte", 16);
	wire_put_zero(&m.w, 28);
	wire_put_bytes(&m.w, pairs, len);
}

#define ALL_PAIRS AV_NAME AV_FLAGS AV_TIME AV_TARGET AV_BINDINGS AV_EOL

static void test_authenticate(void)
{
	auth_message(NTLMSSP_NEGOTIATE_VERSION, 88, ALL_PAIRS,
		     sizeof(ALL_PAIRS) - 1);
	CHECK(authenticate(msg_span(&m)) == 0);
	CHECK(auth.flags == NTLMSSP_NEGOTIATE_VERSION);
	CHECK(span_is(auth.lm_response, "LM", 2));
	CHECK(span_is(auth.domain, "D", 2));
	CHECK(span_is(auth.user, "u\0v\0", 4));
	CHECK(span_is(auth.session_key, "session key 1234", 16));
	CHECK(auth.workstation.len == 0);
	CHECK(auth.nt_response_len == 44 + sizeof(ALL_PAIRS) - 1);
	CHECK(!memcmp(auth.nt_proof, "proof of 16 byte", 16));
	CHECK(auth.nt_blob.len == auth.nt_response_len - 16);
	CHECK(auth.av_flags == MSV_AV_FLAG_MIC);
	CHECK(auth.has_av_timestamp && auth.av_timestamp == 0x0102030405060708);
	CHECK(span_is(auth.target_name, "c\0i\0", 4));
	CHECK(span_is(auth.channel_bindings, "channel bindings", 16));
	CHECK(auth.has_mic && auth.mic_offset == 72 && auth.mic[15] == 0x3C);
	every_prefix("authenticate", m.bytes, m.w.len, m.w.len, authenticate);
	every_byte_bent(m.bytes, m.w.len, authenticate);
}

static void test_mic(void)
{
	static const char pairs[] = AV_FLAGS AV_EOL, none[] = AV_EOL;

	/* a client that has no Version, and one that has zeros there */
	auth_message(0, 80, pairs, sizeof(pairs) - 1);
	CHECK(authenticate(msg_span(&m)) == 0);
	CHECK(auth.has_mic && auth.mic_offset == 64);
	auth_message(0, 88, pairs, sizeof(pairs) - 1);
	CHECK(authenticate(msg_span(&m)) == 0);
	CHECK(auth.has_mic && auth.mic_offset == 72);
	/* announced, but the payload is where it would have been */
	auth_message(NTLMSSP_NEGOTIATE_VERSION, 80, pairs, sizeof(pairs) - 1);
	CHECK(authenticate(msg_span(&m)) == 0);
	CHECK(!auth.has_mic && auth.av_flags == MSV_AV_FLAG_MIC);
	auth_message(0, 72, pairs, sizeof(pairs) - 1);
	CHECK(authenticate(msg_span(&m)) == 0 && !auth.has_mic);
	/* room for it, but not announced */
	auth_message(NTLMSSP_NEGOTIATE_VERSION, 88, none, sizeof(none) - 1);
	CHECK(authenticate(msg_span(&m)) == 0 && !auth.has_mic);
}

static void bad_pairs(const void *pairs, u16 len)
{
	auth_message(0, 88, pairs, len);
	CHECK(authenticate(msg_span(&m)) == -EINVAL);
}

#define BAD_PAIRS(pairs) bad_pairs(pairs, sizeof(pairs) - 1)

static void test_bad_pairs(void)
{
	BAD_PAIRS("");				/* no EOL */
	BAD_PAIRS(AV_TIME);
	BAD_PAIRS("\0\0\0");
	BAD_PAIRS("\x02\0\xFF\xFF" AV_EOL);
	BAD_PAIRS("\x02\0\x05\0" AV_EOL);
	BAD_PAIRS("\x06\0\x02\0\x02\0" AV_EOL);
	BAD_PAIRS("\x06\0\x08\0\x02\0\0\0\0\0\0\0" AV_EOL);
	BAD_PAIRS("\x07\0\x04\0\x02\0\0\0" AV_EOL);
	BAD_PAIRS("\x0A\0\x04\0\x02\0\0\0" AV_EOL);
	BAD_PAIRS(AV_FLAGS AV_FLAGS AV_EOL);
	auth_message(0, 88, "\x20\0\x01\0x" AV_EOL, 9);	/* one to come */
	CHECK(authenticate(msg_span(&m)) == 0);
}

static void test_bad_fields(void)
{
	static const u32 offsets[] = { 0, 63, 0x7FFFFFFF, 0xFFFFFFFF };
	static const char none[] = AV_EOL;
	u32 at, i;

	for (at = 12; at < 60; at += 8) {
		for (i = 0; i < ARRAY_SIZE(offsets); i++) {
			auth_message(0, 88, none, 4);
			if (at == 44)		/* workstation was empty */
				patch_u16(&m, at, 1);
			patch_u32(&m, at + 4, offsets[i]);
			CHECK(authenticate(msg_span(&m)) == -EINVAL);
			patch_u16(&m, at, 0);
			CHECK(authenticate(msg_span(&m)) == 0);
		}
		auth_message(0, 88, none, 4);
		patch_u16(&m, at, 0xFFFF);
		CHECK(authenticate(msg_span(&m)) == -EINVAL);
	}
	for (i = 0; i < 40; i++) {		/* session key: 0 or 16 bytes */
		auth_message(0, 88, none, 4);
		patch_u16(&m, 52, i);
		CHECK(authenticate(msg_span(&m)) ==
		      (i == 0 || i == 16 ? 0 : -EINVAL));
	}
	for (i = 0; i < 44; i++) {		/* too short for pairs */
		auth_message(0, 88, none, 4);
		patch_u16(&m, 20, i);
		CHECK(authenticate(msg_span(&m)) == 0);
		CHECK(auth.nt_response_len == i);
		CHECK(auth.nt_blob.len == (i < 16 ? 0 : i - 16));
		CHECK((auth.nt_proof[0] == 'p') == (i >= 16));
	}
	m.bytes[8] = NTLMSSP_NEGOTIATE;
	CHECK(authenticate(msg_span(&m)) == -EINVAL);
}

static int negotiate(struct wire_span in)
{
	struct ntlmssp_negotiate n;

	return ntlmssp_decode_negotiate(in, &n);
}

static void test_types(void)
{
	struct ntlmssp_negotiate n;
	u32 type;

	for (type = 0; type < 6; type++) {
		msg_init(&m);
		wire_put_bytes(&m.w, "NTLMSSP", 8);
		wire_put_u32(&m.w, type);
		wire_put_u32(&m.w, 0x12345678);
		CHECK(ntlmssp_type(msg_span(&m)) ==
		      (type >= 1 && type <= 3 ? (int)type : -EINVAL));
		CHECK(negotiate(msg_span(&m)) == (type == 1 ? 0 : -EINVAL));
	}
	patch_u32(&m, 8, 1);
	CHECK(ntlmssp_decode_negotiate(msg_span(&m), &n) == 0);
	CHECK(n.flags == 0x12345678);
	every_prefix("ntlmssp negotiate", m.bytes, 16, 16, negotiate);
	m.bytes[7] = 'x';
	CHECK(ntlmssp_type(msg_span(&m)) == -EINVAL);
	CHECK(ntlmssp_type(span_of("NTLMSSP", 8)) == -EINVAL);
}

static void test_challenge(void)
{
	struct ntlmssp_challenge c = {
		.flags = NTLMSSP_REQUEST_TARGET | NTLMSSP_NEGOTIATE_VERSION,
		.server_challenge = "12345678", .netbios_name = "SRV",
		.dns_name = "srv.lan", .timestamp = 0x0102030405060708,
	};
	struct wire_writer w;
	static char huge[40000];
	u32 len, cap;

	msg_init(&m);
	ntlmssp_put_challenge(&m.w, &c);
	CHECK(!memcmp(m.bytes, "NTLMSSP\0\x02\0\0\0\x06\0\x06\0\x38\0\0\0", 20));
	CHECK(get_unaligned_le32(m.bytes + 20) == c.flags);
	CHECK(!memcmp(m.bytes + 24, "12345678\0\0\0\0\0\0\0\0", 16));
	CHECK(get_unaligned_le32(m.bytes + 44) == 62);
	CHECK(m.w.len == 62u + get_unaligned_le16(m.bytes + 40));
	CHECK(m.bytes[55] == 15);
	CHECK(!memcmp(m.bytes + 56, "S\0R\0V\0\x02\0\x06\0S\0R\0V\0\x01\0", 18));
	len = m.w.len;
	for (cap = 0; cap < len; cap++) {
		u8 *exact = malloc(cap);

		w = wire_writer_of(exact, cap);
		ntlmssp_put_challenge(&w, &c);
		CHECK(w.full);
		free(exact);
	}

	c.flags = 0;
	msg_init(&m);
	ntlmssp_put_challenge(&m.w, &c);
	CHECK(m.w.len == len - 6 && get_unaligned_le32(m.bytes + 44) == 56);
	CHECK(m.bytes[55] == 0);

	/* more than a 16-bit length can say */
	memset(huge, 'x', sizeof(huge) - 1);
	c.dns_name = huge;
	msg_init(&m);
	ntlmssp_put_challenge(&m.w, &c);
	CHECK(m.w.full);
}

void test_ntlmssp(void)
{
	test_types();
	test_challenge();
	test_authenticate();
	test_mic();
	test_bad_pairs();
	test_bad_fields();
}
