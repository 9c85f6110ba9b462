/* SPDX-License-Identifier: GPL-2.0 */
/* Key derivation and the hashes of a session, [MS-SMB2] 3.1.4.2 and 3.3.5.4. */
#ifndef _KSMBD_KDF_H
#define _KSMBD_KDF_H

#include <linux/types.h>
#include <linux/uio.h>
#include "wire/wire.h"

#define KSMBD_PREAUTH_HASH_SIZE	64

enum ksmbd_key_purpose {
	KSMBD_KEY_SIGNING,
	KSMBD_KEY_APPLICATION,
	KSMBD_KEY_SERVER_IN,	/* decrypts what the client sends */
	KSMBD_KEY_SERVER_OUT,
};

/*
 * SP800-108 counter mode with HMAC-SHA256 and the label of @purpose for
 * @dialect; @preauth_hash is the 3.1.1 context and ignored before 3.1.1.
 * Before 3.0 the "derived" signing key is the session key itself.  @out_len
 * is 16 or 32.  @session_key is Session.SessionKey, 16 bytes, but for keys of
 * 256-bit ciphers Session.FullSessionKey.
 */
int ksmbd_derive_key(u16 dialect, enum ksmbd_key_purpose purpose,
		     struct wire_span session_key, const u8 *preauth_hash,
		     u8 *out, u32 out_len);

/* hash = SHA-512(hash | pieces) */
int ksmbd_preauth_update(u8 hash[KSMBD_PREAUTH_HASH_SIZE],
			 const struct kvec *iov, unsigned int n);

int ksmbd_crypto_init(void);	/* the shared, unkeyed transforms; also checks the others exist */
void ksmbd_crypto_exit(void);

#endif
