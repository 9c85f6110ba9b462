// SPDX-License-Identifier: GPL-2.0
/* DER from a client; what it said is written again and read back the same. */
#include "fuzz.h"

static bool same(struct wire_span a, struct wire_span b)
{
	return a.len == b.len && (!a.len || !memcmp(a.data, b.data, a.len));
}

static void write_again(const struct spnego_resp *t)
{
	static u8 out[16384];
	struct wire_writer w = wire_writer_of(out, sizeof(out));
	struct spnego_resp again;

	spnego_put_resp(&w, t->state, SPNEGO_MECH_NTLMSSP, t->response_token,
			t->mech_list_mic);
	MUST(!w.full);
	MUST(!spnego_decode_resp((struct wire_span){ out, w.len }, &again));
	MUST(again.state == t->state);
	MUST(same(again.response_token, t->response_token));
	MUST(same(again.mech_list_mic, t->mech_list_mic));
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t len)
{
	struct wire_span in = { .data = data, .len = len };
	struct spnego_init init;
	struct spnego_resp resp;

	if (!spnego_decode_init(in, &init)) {
		MUST(init.n_mechs <= SPNEGO_MAX_MECHS && init.mech_list.len);
		must_be_inside(init.mech_list, in);
		must_be_inside(init.mech_token, in);
		must_be_inside(init.mech_list_mic, in);
	}
	if (!spnego_decode_resp(in, &resp)) {
		must_be_inside(resp.response_token, in);
		must_be_inside(resp.mech_list_mic, in);
		write_again(&resp);
	}
	return 0;
}
