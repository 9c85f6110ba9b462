/* SPDX-License-Identifier: GPL-2.0 */
/* The server's side of NTLMv2, [MS-NLMP] 3.2.5.1 and 3.3.2. */
#ifndef _KSMBD_NTLM_H
#define _KSMBD_NTLM_H

#include <linux/types.h>
#include "wire/security.h"

#define KSMBD_NTLM_MIC_SIZE	16

/**
 * struct ksmbd_ntlm - one exchange
 * @flags: what the server agreed to; after a proof, what both agreed to
 * @negotiate, @challenge_msg: copies for the MIC over all three messages
 * @key: ExportedSessionKey, once the proof was right
 */
struct ksmbd_ntlm {
	u32 flags;
	u8 challenge[8];
	u8 *negotiate, *challenge_msg;
	u32 negotiate_len, challenge_len;
	u8 key[16];
};

/* Frees the copies; the owner wipes the struct. */
void ksmbd_ntlm_release(struct ksmbd_ntlm *n);

/*
 * Answers a NEGOTIATE message.  -EINVAL: it does not decode.  -EOPNOTSUPP:
 * the client cannot do what we insist on.
 */
int ksmbd_ntlm_challenge(struct ksmbd_ntlm *n, struct wire_span negotiate,
			 struct wire_writer *out);

/* No name and no proof: the anonymous log-on of [MS-NLMP] 3.2.5.1.2. */
bool ksmbd_ntlm_is_anonymous(const struct ntlmssp_authenticate *a);

/*
 * Why this AUTHENTICATE message is refused before anybody looks the user up,
 * or NULL: NTLMv1 and LM responses, and flags we did not agree to.
 */
const char *ksmbd_ntlm_refuses(const struct ksmbd_ntlm *n,
			       const struct ntlmssp_authenticate *a);

/*
 * Checks the proof with the user's NT hash and fills @n->key.  -EACCES: the
 * password is wrong.  -EBADMSG: it is right and the exchange was tampered with.
 */
int ksmbd_ntlm_check(struct ksmbd_ntlm *n, struct wire_span message,
		     const struct ntlmssp_authenticate *a,
		     const u8 nt_hash[16]);

/* mechListMIC: the first message either side signs, [MS-NLMP] 3.4.4.2. */
int ksmbd_ntlm_mech_mic(const struct ksmbd_ntlm *n, bool by_client,
			const void *data, u32 len,
			u8 mic[KSMBD_NTLM_MIC_SIZE]);

#endif
