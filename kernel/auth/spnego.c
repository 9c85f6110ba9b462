// SPDX-License-Identifier: GPL-2.0
#include "auth/spnego.h"

#include <crypto/algapi.h>
#include <linux/errno.h>
#include <linux/slab.h>

#include "auth/auth.h"

static const struct wire_span nothing;

void ksmbd_spnego_release(struct ksmbd_spnego *s)
{
	kfree(s->mech_list);
	s->mech_list = NULL;
}

static int find_ntlmssp(const struct spnego_init *t)
{
	int i;

	for (i = 0; i < t->n_mechs; i++)
		if (t->mechs[i] == SPNEGO_MECH_NTLMSSP)
			return i;
	return -EOPNOTSUPP;
}

int ksmbd_spnego_first(struct ksmbd_spnego *s, struct wire_span in,
		       struct wire_span *token)
{
	struct spnego_init t;
	int place;

	*token = in;
	s->raw = ntlmssp_type(in) >= 0;
	s->ntlmssp = s->raw;
	if (s->raw)
		return 0;
	if (spnego_decode_init(in, &t))
		return -EINVAL;
	s->kerberos = t.n_mechs && t.mech_token.len &&
		      (t.mechs[0] == SPNEGO_MECH_KRB5 ||
		       t.mechs[0] == SPNEGO_MECH_MS_KRB5);
	place = find_ntlmssp(&t);
	s->ntlmssp = place >= 0;
	if (place < 0 && !s->kerberos)
		return place;
	if (t.mech_list.len > KSMBD_AUTH_MAX_BLOB)
		return -EINVAL;
	s->mech_list = kmemdup(t.mech_list.data, t.mech_list.len, GFP_KERNEL);
	if (!s->mech_list)
		return -ENOMEM;
	s->mech_list_len = t.mech_list.len;
	s->mic_required = place != 0;
	/* The optimistic token is for the first mechanism, ours or not. */
	*token = place ? nothing : t.mech_token;
	return 0;
}

int ksmbd_spnego_next(const struct ksmbd_spnego *s, struct wire_span in,
		      struct wire_span *token, struct wire_span *mic)
{
	struct spnego_resp t;

	*token = in;
	*mic = nothing;
	if (s->raw)
		return 0;
	if (spnego_decode_resp(in, &t) || t.state == SPNEGO_REJECT)
		return -EINVAL;
	*token = t.response_token;
	*mic = t.mech_list_mic;
	return 0;
}

/* RFC 4178 4.2.2: request-mic and supportedMech are for the first answer only. */
void ksmbd_spnego_put_more(struct ksmbd_spnego *s, struct wire_span token,
			   struct wire_writer *out)
{
	bool first = !s->answered;

	s->answered = true;
	if (s->raw)
		wire_put_bytes(out, token.data, token.len);
	else
		spnego_put_resp(out, first && s->mic_required ?
				SPNEGO_REQUEST_MIC : SPNEGO_ACCEPT_INCOMPLETE,
				first ? SPNEGO_MECH_NTLMSSP : SPNEGO_MECH_UNKNOWN,
				token, nothing);
}

int ksmbd_spnego_finish(const struct ksmbd_spnego *s,
			const struct ksmbd_ntlm *ntlm, struct wire_span mic,
			struct wire_writer *out)
{
	u8 own[KSMBD_NTLM_MIC_SIZE];
	const struct wire_span own_span = { .data = own, .len = sizeof(own) };
	int err;

	if (s->raw)
		return 0;
	if (!mic.len) {
		if (s->mic_required)
			return -EBADMSG;
		spnego_put_resp(out, SPNEGO_ACCEPT_COMPLETED,
				SPNEGO_MECH_UNKNOWN, nothing, nothing);
		return 0;
	}
	err = ksmbd_ntlm_mech_mic(ntlm, true, s->mech_list, s->mech_list_len,
				  own);
	if (err)
		return err;
	if (mic.len != sizeof(own) || crypto_memneq(own, mic.data, sizeof(own)))
		return -EBADMSG;
	err = ksmbd_ntlm_mech_mic(ntlm, false, s->mech_list, s->mech_list_len,
				  own);
	if (!err)
		spnego_put_resp(out, SPNEGO_ACCEPT_COMPLETED,
				SPNEGO_MECH_UNKNOWN, nothing, own_span);
	return err;
}

void ksmbd_spnego_finish_keyless(const struct ksmbd_spnego *s,
				 struct wire_writer *out)
{
	if (!s->raw)
		spnego_put_resp(out, SPNEGO_ACCEPT_COMPLETED,
				SPNEGO_MECH_UNKNOWN, nothing, nothing);
}
