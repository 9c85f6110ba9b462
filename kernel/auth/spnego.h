/* SPDX-License-Identifier: GPL-2.0 */
/* The acceptor's side of SPNEGO, RFC 4178, with NTLMSSP as the mechanism done here. */
#ifndef _KSMBD_SPNEGO_H
#define _KSMBD_SPNEGO_H

#include <linux/types.h>
#include "auth/ntlm.h"
#include "wire/security.h"

/**
 * struct ksmbd_spnego - one negotiation
 * @raw: the client speaks NTLMSSP without SPNEGO around it
 * @kerberos: the client's first choice is Kerberos, and its token is there
 * @ntlmssp: it would take NTLMSSP
 * @answered: our first NegTokenResp is out; it alone names the mechanism
 * @mic_required: NTLMSSP was not the client's first choice, so somebody on
 *	the way may have put a weaker list in place of the real one
 * @mech_list: the list as the client sent it; the MICs cover it
 */
struct ksmbd_spnego {
	bool raw, kerberos, ntlmssp, answered, mic_required;
	u8 *mech_list;
	u32 mech_list_len;
};

void ksmbd_spnego_release(struct ksmbd_spnego *s);

/*
 * Unwraps the first leg.  An empty @token means that the client has to start
 * NTLMSSP in its next leg; what Kerberos brings is for mountd, unwrapped there.  -EINVAL, -EOPNOTSUPP (no mechanism in common), -ENOMEM.
 */
int ksmbd_spnego_first(struct ksmbd_spnego *s, struct wire_span in,
		       struct wire_span *token);

/* Unwraps any other leg.  @mic may come back empty. */
int ksmbd_spnego_next(const struct ksmbd_spnego *s, struct wire_span in,
		      struct wire_span *token, struct wire_span *mic);

/* Answers with a leg to follow; @token is empty or a CHALLENGE. */
void ksmbd_spnego_put_more(struct ksmbd_spnego *s, struct wire_span token,
			   struct wire_writer *out);

/*
 * Ends an exchange that proved a key: checks @mic, -EBADMSG when it is wrong
 * or missing and required, and answers with ours if there was one.
 */
int ksmbd_spnego_finish(const struct ksmbd_spnego *s,
			const struct ksmbd_ntlm *ntlm, struct wire_span mic,
			struct wire_writer *out);

/* Ends one without a key, so without MICs: guest and anonymous. */
void ksmbd_spnego_finish_keyless(const struct ksmbd_spnego *s,
				 struct wire_writer *out);

#endif
