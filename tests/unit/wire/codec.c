// SPDX-License-Identifier: GPL-2.0
/*
 * One line in, one line out, for tests/unit/test_wire_property.py: a command
 * and its arguments (numbers, or hex of bytes) become a JSON object or "null"
 * when the bytes do not decode.  The point is that what Python's own encoders
 * write is read here, and the other way round.
 */
#include <inttypes.h>
#include <stdarg.h>
#include "test.h"

#define H SMB2_HEADER_SIZE

static bool first_field;

static void key(const char *name)
{
	printf("%s\"%s\": ", first_field ? "" : ", ", name);
	first_field = false;
}

static void num(const char *name, u64 v)
{
	key(name);
	printf("%" PRIu64, v);
}

static void hex(const char *name, const void *p, u32 len)
{
	u32 i;

	key(name);
	putchar('"');
	for (i = 0; i < len; i++)
		printf("%02x", ((const u8 *)p)[i]);
	putchar('"');
}

static void span(const char *name, struct wire_span s)
{
	hex(name, s.data, s.len);
}

/* The message whose fields are shown: extents count from its start. */
static struct wire_span shown;

static void extent(const char *name, struct wire_extent e)
{
	hex(name, shown.data + e.offset, e.len);
}

static void file_id(struct smb2_file_id id)
{
	num("persistent", id.persistent);
	num("volatile", id.volatile_id);
}

static void list(const char *name, const u16 *v, u16 n)
{
	u16 i;

	key(name);
	putchar('[');
	for (i = 0; i < n; i++)
		printf("%s%u", i ? ", " : "", v[i]);
	putchar(']');
}

static void show_negotiate(const union smb2_req *u)
{
	const struct smb2_negotiate_req *req = &u->negotiate;

	list("dialects", req->dialects, req->n_dialects);
	num("security_mode", req->security_mode);
	num("capabilities", req->capabilities);
	hex("guid", req->client_guid, 16);
	num("contexts", req->n_contexts);
	list("hashes", req->hash_algorithms.v, req->hash_algorithms.n);
	list("ciphers", req->ciphers.v, req->ciphers.n);
	list("signing", req->signing_algorithms.v, req->signing_algorithms.n);
	span("netname", req->netname);
}

static void show_session_setup(const union smb2_req *u)
{
	num("flags", u->session_setup.flags);
	num("security_mode", u->session_setup.security_mode);
	num("capabilities", u->session_setup.capabilities);
	num("previous", u->session_setup.previous_session_id);
	span("blob", u->session_setup.blob);
}

static void show_tree_connect(const union smb2_req *u)
{
	num("flags", u->tree_connect.flags);
	span("path", u->tree_connect.path);
}

static void show_create(const union smb2_req *u)
{
	const struct smb2_create_req *req = &u->create;

	num("oplock", req->oplock_level);
	num("impersonation", req->impersonation_level);
	num("access", req->desired_access);
	num("attributes", req->file_attributes);
	num("share", req->share_access);
	num("disposition", req->disposition);
	num("options", req->options);
	span("name", req->name);
	num("contexts", req->contexts);
	num("allocation", req->allocation_size);
	num("twrp", req->twrp);
	span("ea", req->extended_attributes);
	span("sd", req->security_descriptor);
	num("lease_version", req->lease.version);
	hex("lease_key", req->lease.key, 16);
	num("lease_state", req->lease.state);
	span("durable", req->durable);
}

static void show_close(const union smb2_req *u)
{
	num("flags", u->close.flags);
	file_id(u->close.file_id);
}

static void show_flush(const union smb2_req *u)
{
	file_id(u->flush.file_id);
}

static void show_read(const union smb2_req *u)
{
	num("flags", u->read.flags);
	num("length", u->read.length);
	num("offset", u->read.offset);
	num("minimum", u->read.minimum_count);
	num("channel", u->read.channel);
	num("remaining", u->read.remaining_bytes);
	file_id(u->read.file_id);
}

static void show_write(const union smb2_req *u)
{
	num("flags", u->write.flags);
	num("length", u->write.length);
	num("offset", u->write.offset);
	num("channel", u->write.channel);
	extent("data", u->write.data);
	file_id(u->write.file_id);
}

static void show_lock(const union smb2_req *u)
{
	u16 i;

	num("sequence", u->lock.lock_sequence);
	file_id(u->lock.file_id);
	key("locks");
	putchar('[');
	for (i = 0; i < u->lock.lock_count; i++) {
		struct smb2_lock_element e = wire_lock_element(&u->lock, i);

		printf("%s[%" PRIu64 ", %" PRIu64 ", %u]", i ? ", " : "",
		       e.offset, e.length, e.flags);
	}
	putchar(']');
}

static void show_ioctl(const union smb2_req *u)
{
	num("code", u->ioctl.ctl_code);
	num("max_input", u->ioctl.max_input_response);
	num("max_output", u->ioctl.max_output_response);
	num("flags", u->ioctl.flags);
	span("input", u->ioctl.input);
	file_id(u->ioctl.file_id);
}

static void show_query_directory(const union smb2_req *u)
{
	num("class", u->query_directory.info_class);
	num("flags", u->query_directory.flags);
	num("index", u->query_directory.file_index);
	num("output", u->query_directory.output_buffer_length);
	span("pattern", u->query_directory.pattern);
	file_id(u->query_directory.file_id);
}

static void show_change_notify(const union smb2_req *u)
{
	num("flags", u->change_notify.flags);
	num("output", u->change_notify.output_buffer_length);
	num("filter", u->change_notify.completion_filter);
	file_id(u->change_notify.file_id);
}

static void show_query_info(const union smb2_req *u)
{
	num("type", u->query_info.info_type);
	num("class", u->query_info.info_class);
	num("output", u->query_info.output_buffer_length);
	num("additional", u->query_info.additional_information);
	num("flags", u->query_info.flags);
	span("input", u->query_info.input);
	file_id(u->query_info.file_id);
}

static void show_set_info(const union smb2_req *u)
{
	num("type", u->set_info.info_type);
	num("class", u->set_info.info_class);
	num("additional", u->set_info.additional_information);
	span("buffer", u->set_info.buffer);
	file_id(u->set_info.file_id);
}

static void show_oplock_break(const union smb2_req *u)
{
	num("lease", u->oplock_break.lease);
	num("level", u->oplock_break.oplock_level);
	hex("key", u->oplock_break.lease_key, 16);
	num("state", u->oplock_break.lease_state);
	file_id(u->oplock_break.file_id);
}

static void show_nothing(const union smb2_req *u)
{
}

static const struct request {
	const char *name;
	int (*decode)(struct wire_reader *r, union smb2_req *u);
	void (*show)(const union smb2_req *u);
} requests[] = {
#define ROW(name) { #name, wire_decode_##name, show_##name }
	ROW(negotiate), ROW(session_setup), ROW(tree_connect), ROW(create),
	ROW(close), ROW(flush), ROW(read), ROW(write), ROW(lock), ROW(ioctl),
	ROW(query_directory), ROW(change_notify), ROW(query_info),
	ROW(set_info), ROW(oplock_break),
	{ "logoff", wire_decode_logoff, show_nothing },
	{ "tree_disconnect", wire_decode_tree_disconnect, show_nothing },
	{ "echo", wire_decode_echo, show_nothing },
	{ "cancel", wire_decode_cancel, show_nothing },
#undef ROW
};

static bool run_request(const char *name, struct wire_span in)
{
	struct wire_reader r = wire_reader_of(in);
	struct smb2_header h;
	union smb2_req req;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(requests); i++) {
		if (strcmp(name, requests[i].name))
			continue;
		if (wire_decode_header(&r, &h) || requests[i].decode(&r, &req))
			return false;
		shown = in;
		num("command", h.command);
		num("message_id", h.message_id);
		num("tree_id", h.tree_id);
		num("session_id", h.session_id);
		requests[i].show(&req);
		return true;
	}
	fprintf(stderr, "no such command: %s\n", name);
	exit(2);
}

static bool run_token(const char *name, struct wire_span in)
{
	struct ntlmssp_authenticate a;
	struct spnego_init init;
	struct spnego_resp resp;
	u16 mechs[SPNEGO_MAX_MECHS];
	u32 i;

	if (!strcmp(name, "spnego_init")) {
		if (spnego_decode_init(in, &init))
			return false;
		for (i = 0; i < init.n_mechs; i++)
			mechs[i] = init.mechs[i];
		list("mechs", mechs, init.n_mechs);
		span("mech_list", init.mech_list);
		span("token", init.mech_token);
		span("mic", init.mech_list_mic);
		return true;
	}
	if (!strcmp(name, "spnego_resp")) {
		if (spnego_decode_resp(in, &resp))
			return false;
		num("state", resp.state);
		span("token", resp.response_token);
		span("mic", resp.mech_list_mic);
		return true;
	}
	if (ntlmssp_decode_authenticate(in, &a))
		return false;
	num("flags", a.flags);
	span("domain", a.domain);
	span("user", a.user);
	span("workstation", a.workstation);
	span("lm", a.lm_response);
	hex("proof", a.nt_proof, 16);
	span("blob", a.nt_blob);
	num("av_flags", a.av_flags);
	num("timestamp", a.av_timestamp);
	span("target", a.target_name);
	span("bindings", a.channel_bindings);
	span("key", a.session_key);
	num("has_mic", a.has_mic);
	num("mic_offset", a.mic_offset);
	hex("mic", a.mic, 16);
	return true;
}

static bool run_utf16(const char *name, struct wire_span in)
{
	static u8 out[1 << 16];
	struct wire_writer w = wire_writer_of(out, sizeof(out));
	int n;

	if (!strcmp(name, "utf16")) {
		wire_put_utf16(&w, (const char *)in.data, in.len);
		hex("out", out, w.len);
		return true;
	}
	n = wire_utf8_from_utf16(in, (char *)out, sizeof(out));
	if (n < 0)
		return false;
	hex("out", out, n);
	return true;
}

/* dir CLASS NAME SHORTNAME: two entries, of values the other side knows */
static void run_dir(u8 info_class, const char *name, const char *short_name)
{
	static const struct fscc_file f = {
		.creation_time = 0x1D00000000000001, .last_access_time = 0x1D00000000000002,
		.last_write_time = 0x1D00000000000003, .change_time = 0x1D00000000000004,
		.allocation_size = 4096, .end_of_file = 1234,
		.attributes = FILE_ATTRIBUTE_ARCHIVE, .ea_size = 77,
		.index_number = 0x1122334455667788,
	};
	static u8 out[8192];
	struct wire_writer w = wire_writer_of(out, sizeof(out));
	int at;

	at = fscc_put_dir_entry(&w, info_class, -1, &f, "first", 5, NULL);
	fscc_put_dir_entry(&w, info_class, at, &f, name, strlen(name),
			   short_name);
	hex("out", out, w.len);
}

static void run_negotiate_response(struct wire_span blob)
{
	static u8 out[8192];
	struct wire_writer w = wire_writer_of(out + 64, sizeof(out) - 64);
	struct wire_writer fixed = wire_writer_of(out, 64);
	struct smb2_negotiate_contexts ctx = {
		.preauth = true, .encryption = true, .signing = true,
		.cipher = SMB2_ENCRYPTION_AES128_GCM,
		.signing_algorithm = SMB2_SIGNING_AES_CMAC,
	};
	union smb2_rsp rsp = { .negotiate = {
		.security_mode = 3, .dialect = SMB2_DIALECT_0311,
		.capabilities = 0x2F, .max_transact_size = 1 << 20,
		.max_read_size = 8 << 20, .max_write_size = 4 << 20,
		.system_time = 0x1D00000000000000,
	} };

	memset(ctx.salt, 0x5A, sizeof(ctx.salt));
	wire_put_negotiate_payload(&w, &rsp.negotiate, blob, &ctx);
	wire_encode_negotiate(&fixed, &rsp);
	hex("out", out, fixed.len + w.len);
}

static void run_challenge(const char *netbios, const char *dns)
{
	static u8 out[8192];
	struct wire_writer w = wire_writer_of(out, sizeof(out));
	struct ntlmssp_challenge c = {
		.flags = NTLMSSP_NEGOTIATE_UNICODE | NTLMSSP_REQUEST_TARGET |
			 NTLMSSP_NEGOTIATE_NTLM | NTLMSSP_TARGET_TYPE_SERVER |
			 NTLMSSP_NEGOTIATE_TARGET_INFO |
			 NTLMSSP_NEGOTIATE_VERSION,
		.server_challenge = "chalenge", .netbios_name = netbios,
		.dns_name = dns, .timestamp = 133000000000000000ull,
	};

	ntlmssp_put_challenge(&w, &c);
	hex("out", out, w.len);
}

static void run_spnego_put(struct wire_span token, struct wire_span mic)
{
	static const enum spnego_mech mechs[] = {
		SPNEGO_MECH_MS_KRB5, SPNEGO_MECH_KRB5, SPNEGO_MECH_NTLMSSP,
	};
	static u8 out[1 << 18];
	struct wire_writer w = wire_writer_of(out, sizeof(out));

	spnego_put_init(&w, mechs, ARRAY_SIZE(mechs));
	hex("init", out, w.len);
	w = wire_writer_of(out, sizeof(out));
	spnego_put_resp(&w, SPNEGO_ACCEPT_INCOMPLETE, SPNEGO_MECH_NTLMSSP,
			token, mic);
	hex("resp", out, w.len);
}

/* The bytes of a hex argument, in a buffer of exactly their size. */
static struct wire_span unhex(const char *arg)
{
	struct wire_span s = { .len = arg ? strlen(arg) / 2 : 0 };
	u8 *p = malloc(s.len);
	unsigned int byte;
	u32 i;

	for (i = 0; i < s.len; i++) {
		if (sscanf(arg + 2 * i, "%2x", &byte) != 1)
			exit(2);
		p[i] = byte;
	}
	s.data = p;
	return s;
}

static char *string(const char *arg)
{
	struct wire_span s = unhex(arg);
	char *text = calloc(1, s.len + 1);

	memcpy(text, s.data, s.len);
	free((void *)s.data);
	return text;
}

static bool run(const char *name, char **args)
{
	struct wire_span a, b;
	char *s, *t;
	bool ok = true;

	if (!strcmp(name, "dir")) {
		s = string(args[1]);
		t = string(args[2]);
		run_dir(atoi(args[0]), s, t);
		free(s);
		free(t);
		return true;
	}
	if (!strcmp(name, "challenge")) {
		s = string(args[0]);
		t = string(args[1]);
		run_challenge(s, t);
		free(s);
		free(t);
		return true;
	}
	a = unhex(args[0]);
	b = unhex(args[1]);
	if (!strcmp(name, "negotiate_response"))
		run_negotiate_response(a);
	else if (!strcmp(name, "spnego_put"))
		run_spnego_put(a, b);
	else if (!strncmp(name, "utf", 3))
		ok = run_utf16(name, a);
	else if (!strncmp(name, "spnego", 6) || !strcmp(name, "authenticate"))
		ok = run_token(name, a);
	else
		ok = run_request(name, a);
	free((void *)a.data);
	free((void *)b.data);
	return ok;
}

int main(void)
{
	static char line[1 << 20];

	while (fgets(line, sizeof(line), stdin)) {
		char *args[4] = { NULL }, *save = NULL, *name;
		u32 n = 0;

		name = strtok_r(line, " \n", &save);
		if (!name)
			exit(2);
		while (n < 3 && (args[n] = strtok_r(NULL, " \n", &save)))
			n++;
		first_field = true;
		putchar('{');
		if (!run(name, args))
			printf("\"error\": 1");
		puts("}");
		fflush(stdout);
	}
	return 0;
}
