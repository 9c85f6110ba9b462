// SPDX-License-Identifier: GPL-2.0
#include "security.h"
#include "utf16.h"

static const u8 signature[8] = "NTLMSSP";

/* [MS-NLMP] 2.2.2.1: AvId of CHALLENGE's TargetInfo */
#define MSV_AV_NB_COMPUTER_NAME		1
#define MSV_AV_NB_DOMAIN_NAME		2
#define MSV_AV_DNS_COMPUTER_NAME	3
#define MSV_AV_DNS_DOMAIN_NAME		4

/* Signature and MessageType; the reader ends behind them. */
static u32 get_type(struct wire_reader *r)
{
	const u8 *p = wire_take(r, sizeof(signature));

	if (p && memcmp(p, signature, sizeof(signature)))
		r->bad = true;
	return wire_get_u32(r);
}

int ntlmssp_type(struct wire_span in)
{
	struct wire_reader r = wire_reader_of(in);
	u32 type = get_type(&r);

	if (r.bad || type < NTLMSSP_NEGOTIATE || type > NTLMSSP_AUTHENTICATE)
		return -EINVAL;
	return type;
}

/* 2.2.1.1 NEGOTIATE_MESSAGE; the names behind the flags are not used */
int ntlmssp_decode_negotiate(struct wire_span in, struct ntlmssp_negotiate *n)
{
	struct wire_reader r = wire_reader_of(in);

	if (get_type(&r) != NTLMSSP_NEGOTIATE)
		return -EINVAL;
	n->flags = wire_get_u32(&r);
	return wire_reader_status(&r);
}

static void put_fields(struct wire_writer *w, u32 len, u32 offset)
{
	if (len > 0xFFFF)
		w->full = true;
	wire_put_u16(w, len);			/* Len */
	wire_put_u16(w, len);			/* MaxLen */
	wire_put_u32(w, offset);		/* BufferOffset */
}

static void put_av_name(struct wire_writer *w, u16 id, const char *name)
{
	u32 len = strlen(name);

	wire_put_u16(w, id);
	wire_put_u16(w, wire_utf16_len(name, len));
	wire_put_utf16(w, name, len);
}

#define CHALLENGE_SIZE	56

/* 2.2.1.2 CHALLENGE_MESSAGE */
void ntlmssp_put_challenge(struct wire_writer *w,
			   const struct ntlmssp_challenge *c)
{
	/* 2.2.2.10: 6.1 build 0, NTLMSSP_REVISION_W2K3 */
	static const u8 version[8] = { 6, 1, 0, 0, 0, 0, 0, 15 };
	u32 name = wire_utf16_len(c->netbios_name, strlen(c->netbios_name));
	u32 dns = wire_utf16_len(c->dns_name, strlen(c->dns_name));
	u32 target = c->flags & NTLMSSP_REQUEST_TARGET ? name : 0;
	u32 info = 2 * (4 + name) + 2 * (4 + dns) + (4 + 8) + 4;

	wire_put_bytes(w, signature, sizeof(signature));
	wire_put_u32(w, NTLMSSP_CHALLENGE);
	put_fields(w, target, CHALLENGE_SIZE);	/* TargetName */
	wire_put_u32(w, c->flags);
	wire_put_bytes(w, c->server_challenge, sizeof(c->server_challenge));
	wire_put_zero(w, 8);			/* Reserved */
	put_fields(w, info, CHALLENGE_SIZE + target); /* TargetInfo */
	if (c->flags & NTLMSSP_NEGOTIATE_VERSION)
		wire_put_bytes(w, version, sizeof(version));
	else
		wire_put_zero(w, sizeof(version));

	if (target)
		wire_put_utf16(w, c->netbios_name, strlen(c->netbios_name));
	put_av_name(w, MSV_AV_NB_DOMAIN_NAME, c->netbios_name);
	put_av_name(w, MSV_AV_NB_COMPUTER_NAME, c->netbios_name);
	put_av_name(w, MSV_AV_DNS_DOMAIN_NAME, c->dns_name);
	put_av_name(w, MSV_AV_DNS_COMPUTER_NAME, c->dns_name);
	wire_put_u16(w, MSV_AV_TIMESTAMP);
	wire_put_u16(w, 8);
	wire_put_u64(w, c->timestamp);
	wire_put_u16(w, MSV_AV_EOL);
	wire_put_u16(w, 0);
}

/* Len, MaxLen, BufferOffset of one payload field */
struct field {
	u16 len;
	u32 offset;
};

static struct field get_field(struct wire_reader *r)
{
	struct field f;

	f.len = wire_get_u16(r);
	wire_skip(r, 2);			/* MaxLen: ignored on receipt */
	f.offset = wire_get_u32(r);
	return f;
}

/* Its bytes; *payload becomes where the first of the fields begins. */
static struct wire_span get_payload(struct wire_reader *r, struct field f,
				    u32 *payload)
{
	if (f.len && f.offset < *payload)
		*payload = f.offset;
	return wire_get_span(r, f.offset, f.len);
}

#define CLIENT_CHALLENGE_SIZE	28	/* up to its AvPairs */

static void get_av_pair(struct wire_reader *value, u16 id,
			struct ntlmssp_authenticate *a)
{
	u32 want = value->msg.len;

	switch (id) {
	case MSV_AV_FLAGS:
		want = 4;
		a->av_flags = wire_get_u32(value);
		break;
	case MSV_AV_TIMESTAMP:
		want = 8;
		a->has_av_timestamp = true;
		a->av_timestamp = wire_get_u64(value);
		break;
	case MSV_AV_TARGET_NAME:
		a->target_name = value->msg;
		break;
	case MSV_AV_CHANNEL_BINDINGS:
		want = 16;
		a->channel_bindings = value->msg;
		break;
	default:
		break;
	}
	if (value->msg.len != want)
		value->bad = true;
}

/*
 * 2.2.2.7 NTLMv2_CLIENT_CHALLENGE.  A response too short to be one (NTLMv1,
 * or nonsense that proves nothing) has no pairs and is not an error here.
 */
static void get_av_pairs(struct wire_reader *r, struct ntlmssp_authenticate *a)
{
	struct wire_reader pairs;
	u16 id, seen = 0;

	if (a->nt_blob.len < CLIENT_CHALLENGE_SIZE)
		return;
	pairs = wire_reader_at(a->nt_blob, CLIENT_CHALLENGE_SIZE);
	for (;;) {
		struct wire_reader value;

		id = wire_get_u16(&pairs);
		value = wire_reader_of(wire_take_span(&pairs,
						      wire_get_u16(&pairs)));
		if (pairs.bad || id == MSV_AV_EOL)
			break;
		if (id < 16) {
			if (seen & BIT(id))
				pairs.bad = true;
			seen |= BIT(id);
		}
		get_av_pair(&value, id, a);
		pairs.bad |= value.bad;
	}
	r->bad |= pairs.bad;
}

/*
 * The MIC is there when a pair says so and the payload leaves room for it.
 * It follows Version, which a client that does not send one may leave out.
 */
static void get_mic(struct wire_span in, u32 payload,
		    struct ntlmssp_authenticate *a)
{
	u32 offset = 72;

	if (!(a->av_flags & MSV_AV_FLAG_MIC))
		return;
	if (!(a->flags & NTLMSSP_NEGOTIATE_VERSION) &&
	    payload < offset + sizeof(a->mic))
		offset = 64;
	if (payload < offset + sizeof(a->mic))
		return;
	a->has_mic = true;
	a->mic_offset = offset;
	memcpy(a->mic, in.data + offset, sizeof(a->mic));
}

/* 2.2.1.3 AUTHENTICATE_MESSAGE */
int ntlmssp_decode_authenticate(struct wire_span in,
				struct ntlmssp_authenticate *a)
{
	struct field lm, nt, domain, user, workstation, key;
	struct wire_reader r = wire_reader_of(in);
	struct wire_span response;
	u32 payload = in.len;

	memset(a, 0, sizeof(*a));
	if (get_type(&r) != NTLMSSP_AUTHENTICATE)
		return -EINVAL;
	lm = get_field(&r);
	nt = get_field(&r);
	domain = get_field(&r);
	user = get_field(&r);
	workstation = get_field(&r);
	key = get_field(&r);
	a->flags = wire_get_u32(&r);
	a->lm_response = get_payload(&r, lm, &payload);
	response = get_payload(&r, nt, &payload);
	a->domain = get_payload(&r, domain, &payload);
	a->user = get_payload(&r, user, &payload);
	a->workstation = get_payload(&r, workstation, &payload);
	a->session_key = get_payload(&r, key, &payload);
	if (r.bad || (key.len && key.len != 16))
		return -EINVAL;

	a->nt_response_len = response.len;
	if (response.len >= sizeof(a->nt_proof)) {
		memcpy(a->nt_proof, response.data, sizeof(a->nt_proof));
		a->nt_blob.data = response.data + sizeof(a->nt_proof);
		a->nt_blob.len = response.len - sizeof(a->nt_proof);
	}
	get_av_pairs(&r, a);
	get_mic(in, payload, a);
	return wire_reader_status(&r);
}
