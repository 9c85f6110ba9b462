// SPDX-License-Identifier: GPL-2.0
#include "fuzz.h"

static void check(const struct ntlmssp_authenticate *a, struct wire_span in)
{
	must_be_inside(a->domain, in);
	must_be_inside(a->user, in);
	must_be_inside(a->workstation, in);
	must_be_inside(a->lm_response, in);
	must_be_inside(a->nt_blob, in);
	must_be_inside(a->target_name, a->nt_blob);
	must_be_inside(a->channel_bindings, a->nt_blob);
	must_be_inside(a->session_key, in);
	MUST(a->session_key.len == 0 || a->session_key.len == 16);
	MUST(a->channel_bindings.len == 0 || a->channel_bindings.len == 16);
	MUST(a->nt_blob.len == (a->nt_response_len < 16 ? 0 :
				a->nt_response_len - 16));
	if (a->has_mic) {
		MUST(a->av_flags & MSV_AV_FLAG_MIC);
		MUST(a->mic_offset == 64 || a->mic_offset == 72);
		MUST(a->mic_offset + 16 <= in.len);
		MUST(!memcmp(a->mic, in.data + a->mic_offset, 16));
	}
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t len)
{
	struct wire_span in = { .data = data, .len = len };
	struct ntlmssp_authenticate a;
	struct ntlmssp_negotiate n;
	int type = ntlmssp_type(in);

	MUST(type == -EINVAL || (type >= 1 && type <= 3));
	if (!ntlmssp_decode_negotiate(in, &n))
		MUST(type == NTLMSSP_NEGOTIATE);
	if (!ntlmssp_decode_authenticate(in, &a)) {
		MUST(type == NTLMSSP_AUTHENTICATE);
		check(&a, in);
	}
	return 0;
}
