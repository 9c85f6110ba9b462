// SPDX-License-Identifier: GPL-2.0
#include "security.h"

/* Tags of the grammar in RFC 4178, 4.2, and [MS-SPNG] 2.2.1 */
#define TAG_OCTET_STRING	0x04
#define TAG_OID			0x06
#define TAG_ENUMERATED		0x0A
#define TAG_GENERAL_STRING	0x1B
#define TAG_SEQUENCE		0x30
#define TAG_APPLICATION_0	0x60
#define TAG_CONTEXT(n)		(0xA0 | (n))

static const u8 oid_spnego[] = { 0x2B, 6, 1, 5, 5, 2 };

struct mech_oid {
	enum spnego_mech mech;
	u8 len;
	u8 oid[10];
};

static const struct mech_oid mech_oids[] = {
	{ SPNEGO_MECH_NTLMSSP, 10,
	  { 0x2B, 6, 1, 4, 1, 0x82, 0x37, 2, 2, 10 } },
	{ SPNEGO_MECH_KRB5, 9,
	  { 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x12, 1, 2, 2 } },
	{ SPNEGO_MECH_MS_KRB5, 9,
	  { 0x2A, 0x86, 0x48, 0x82, 0xF7, 0x12, 1, 2, 2 } },
	{ SPNEGO_MECH_NEGOEX, 10,
	  { 0x2B, 6, 1, 4, 1, 0x82, 0x37, 2, 2, 30 } },
};

static enum spnego_mech mech_from_oid(struct wire_span oid)
{
	u32 i;

	for (i = 0; i < ARRAY_SIZE(mech_oids); i++)
		if (oid.len == mech_oids[i].len &&
		    !memcmp(oid.data, mech_oids[i].oid, oid.len))
			return mech_oids[i].mech;
	return SPNEGO_MECH_UNKNOWN;
}

static const struct mech_oid *oid_from_mech(enum spnego_mech mech)
{
	u32 i;

	for (i = 0; i < ARRAY_SIZE(mech_oids); i++)
		if (mech_oids[i].mech == mech)
			return &mech_oids[i];
	return NULL;
}

/*
 * X.690 8.1.3: the definite forms with up to four length bytes.  The long form
 * is taken where the short one would do, as BER encoders among clients send it.
 */
static u32 get_length(struct wire_reader *r)
{
	u32 n = wire_get_u8(r), len = 0;

	if (n < 0x80)
		return n;
	n -= 0x80;
	if (!n || n > 4)
		r->bad = true;
	while (n-- && !r->bad)
		len = len << 8 | wire_get_u8(r);
	return len;
}

/* The next element, whichever it is: its tag, and a reader of its contents. */
static struct wire_reader get_any(struct wire_reader *r, u8 *tag)
{
	*tag = wire_get_u8(r);
	return wire_reader_of(wire_take_span(r, get_length(r)));
}

/* The contents of the next element, which has to have @tag. */
static struct wire_reader get_element(struct wire_reader *r, u8 tag)
{
	struct wire_reader contents;
	u8 found;

	contents = get_any(r, &found);
	if (found != tag)
		r->bad = true;
	contents.bad = r->bad;
	return contents;
}

/* An element that fills @r: nothing may follow it. */
static struct wire_reader get_only(struct wire_reader *r, u8 tag)
{
	struct wire_reader contents = get_element(r, tag);

	contents.bad |= wire_left(r) != 0;
	return contents;
}

static struct wire_span get_only_span(struct wire_reader *r, u8 tag)
{
	struct wire_reader contents = get_only(r, tag);

	r->bad = contents.bad;
	return contents.msg;
}

/* mechTypes [0] MechTypeList ::= SEQUENCE OF OBJECT IDENTIFIER */
static void get_mech_types(struct wire_reader *r, struct spnego_init *t)
{
	struct wire_reader list;

	t->mech_list = r->msg;
	list = get_only(r, TAG_SEQUENCE);
	while (wire_left(&list)) {
		struct wire_reader oid = get_element(&list, TAG_OID);

		if (!list.bad && t->n_mechs < SPNEGO_MAX_MECHS)
			t->mechs[t->n_mechs++] = mech_from_oid(oid.msg);
	}
	r->bad = list.bad;
}

/* One [n] field of NegTokenInit; @r is a reader of its contents. */
static void get_init_field(struct wire_reader *r, u8 tag, struct spnego_init *t)
{
	switch (tag) {
	case TAG_CONTEXT(0):
		get_mech_types(r, t);
		break;
	case TAG_CONTEXT(2):
		t->mech_token = get_only_span(r, TAG_OCTET_STRING);
		break;
	case TAG_CONTEXT(3):
		/* negHints of a NegTokenInit2 has this tag as well. */
		if (r->msg.len && r->msg.data[0] == TAG_OCTET_STRING)
			t->mech_list_mic = get_only_span(r, TAG_OCTET_STRING);
		break;
	case TAG_CONTEXT(4):
		t->mech_list_mic = get_only_span(r, TAG_OCTET_STRING);
		break;
	default:
		break;				/* reqFlags, and what is to come */
	}
}

int spnego_decode_init(struct wire_span in, struct spnego_init *t)
{
	struct wire_reader r = wire_reader_of(in);
	struct wire_reader token, oid, choice, fields;
	u8 tag, last = 0;

	memset(t, 0, sizeof(*t));
	token = get_only(&r, TAG_APPLICATION_0);
	oid = get_element(&token, TAG_OID);
	if (oid.bad || oid.msg.len != sizeof(oid_spnego) ||
	    memcmp(oid.msg.data, oid_spnego, sizeof(oid_spnego)))
		return -EINVAL;
	choice = get_only(&token, TAG_CONTEXT(0));
	fields = get_only(&choice, TAG_SEQUENCE);
	while (wire_left(&fields)) {
		struct wire_reader field = get_any(&fields, &tag);

		/* In the order of their numbers, so each at most once. */
		if (tag <= last)
			return -EINVAL;
		last = tag;
		field.bad |= fields.bad;
		get_init_field(&field, tag, t);
		fields.bad |= field.bad;
	}
	/* mechTypes is the one that is not optional. */
	if (!fields.bad && !t->mech_list.len)
		return -EINVAL;
	return wire_reader_status(&fields);
}

/* One [n] field of NegTokenResp; @r is a reader of its contents. */
static void get_resp_field(struct wire_reader *r, u8 tag, struct spnego_resp *t)
{
	struct wire_span value;

	switch (tag) {
	case TAG_CONTEXT(0):
		value = get_only_span(r, TAG_ENUMERATED);
		if (value.len != 1 || value.data[0] > SPNEGO_REQUEST_MIC)
			r->bad = true;
		else
			t->state = value.data[0];
		break;
	case TAG_CONTEXT(2):
		t->response_token = get_only_span(r, TAG_OCTET_STRING);
		break;
	case TAG_CONTEXT(3):
		t->mech_list_mic = get_only_span(r, TAG_OCTET_STRING);
		break;
	default:
		break;				/* supportedMech, a server's field */
	}
}

int spnego_decode_resp(struct wire_span in, struct spnego_resp *t)
{
	struct wire_reader r = wire_reader_of(in);
	struct wire_reader choice, fields;
	u8 tag, last = 0;

	memset(t, 0, sizeof(*t));
	t->state = SPNEGO_NO_STATE;
	choice = get_only(&r, TAG_CONTEXT(1));
	fields = get_only(&choice, TAG_SEQUENCE);
	while (wire_left(&fields)) {
		struct wire_reader field = get_any(&fields, &tag);

		if (tag <= last)
			return -EINVAL;
		last = tag;
		field.bad |= fields.bad;
		get_resp_field(&field, tag, t);
		fields.bad |= field.bad;
	}
	return wire_reader_status(&fields);
}

/* Bytes of tag and length in front of @len bytes of contents */
static u32 header_size(u32 len)
{
	if (len < 0x80)
		return 2;
	if (len < 0x100)
		return 3;
	return len < 0x10000 ? 4 : 5;
}

static u32 element_size(u32 len)
{
	return header_size(len) + len;
}

static void put_header(struct wire_writer *w, u8 tag, u32 len)
{
	u32 bytes = header_size(len) - 2;

	wire_put_u8(w, tag);
	wire_put_u8(w, bytes ? 0x80 | bytes : len);
	while (bytes--)
		wire_put_u8(w, len >> (8 * bytes));
}

static void put_element(struct wire_writer *w, u8 tag, const void *data,
			u32 len)
{
	put_header(w, tag, len);
	wire_put_bytes(w, data, len);
}

void spnego_put_init(struct wire_writer *w, const enum spnego_mech *mechs,
		     u8 n_mechs)
{
	/* [MS-SPNG] 2.2.1: the hint every server sends */
	static const char hint[] = "not_defined_in_RFC4178@please_ignore";
	const u32 hint_len = sizeof(hint) - 1;
	u32 list = 0, hints, fields;
	const struct mech_oid *m;
	u8 i;

	for (i = 0; i < n_mechs; i++) {
		m = oid_from_mech(mechs[i]);
		if (m)
			list += element_size(m->len);
	}
	hints = element_size(element_size(hint_len));
	fields = element_size(element_size(list)) +
		 element_size(element_size(hints));

	put_header(w, TAG_APPLICATION_0,
		   element_size(sizeof(oid_spnego)) +
		   element_size(element_size(fields)));
	put_element(w, TAG_OID, oid_spnego, sizeof(oid_spnego));
	put_header(w, TAG_CONTEXT(0), element_size(fields));
	put_header(w, TAG_SEQUENCE, fields);
	put_header(w, TAG_CONTEXT(0), element_size(list));	/* mechTypes */
	put_header(w, TAG_SEQUENCE, list);
	for (i = 0; i < n_mechs; i++) {
		m = oid_from_mech(mechs[i]);
		if (m)
			put_element(w, TAG_OID, m->oid, m->len);
	}
	put_header(w, TAG_CONTEXT(3), element_size(hints));	/* negHints */
	put_header(w, TAG_SEQUENCE, hints);
	put_header(w, TAG_CONTEXT(0), element_size(hint_len));	/* hintName */
	put_element(w, TAG_GENERAL_STRING, hint, hint_len);
}

/* [n] OCTET STRING, left out when empty */
static u32 octets_size(struct wire_span s)
{
	return s.len ? element_size(element_size(s.len)) : 0;
}

static void put_octets(struct wire_writer *w, u8 tag, struct wire_span s)
{
	if (!s.len)
		return;
	put_header(w, tag, element_size(s.len));
	put_element(w, TAG_OCTET_STRING, s.data, s.len);
}

void spnego_put_resp(struct wire_writer *w, enum spnego_state state,
		     enum spnego_mech mech, struct wire_span token,
		     struct wire_span mic)
{
	const struct mech_oid *m = oid_from_mech(mech);
	u8 state_byte = state;
	u32 fields = octets_size(token) + octets_size(mic);

	if (state != SPNEGO_NO_STATE)
		fields += element_size(element_size(1));
	if (m)
		fields += element_size(element_size(m->len));

	put_header(w, TAG_CONTEXT(1), element_size(fields));
	put_header(w, TAG_SEQUENCE, fields);
	if (state != SPNEGO_NO_STATE) {
		put_header(w, TAG_CONTEXT(0), element_size(1)); /* negState */
		put_element(w, TAG_ENUMERATED, &state_byte, 1);
	}
	if (m) {
		put_header(w, TAG_CONTEXT(1), element_size(m->len));
		put_element(w, TAG_OID, m->oid, m->len); /* supportedMech */
	}
	put_octets(w, TAG_CONTEXT(2), token);		/* responseToken */
	put_octets(w, TAG_CONTEXT(3), mic);		/* mechListMIC */
}
