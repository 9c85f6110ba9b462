/* SPDX-License-Identifier: GPL-2.0 */
/* Encrypted messages, [MS-SMB2] 3.1.4.3 and 3.3.5.2.1.1. */
#ifndef _KSMBD_ENCRYPT_H
#define _KSMBD_ENCRYPT_H

#include <linux/types.h>
#include <linux/uio.h>
#include "wire/smb2.h"

struct ksmbd_cipher;

/* Bytes of a key for SMB2_ENCRYPTION_*; 0: not one that we have. */
u32 ksmbd_cipher_key_size(u16 cipher);

/*
 * A key and what it has encrypted: one for each direction of a session, shared
 * by its channels, set up once.  ERR_PTR on failure.  May work in many threads
 * at once.
 */
struct ksmbd_cipher *ksmbd_cipher_new(u16 cipher, const u8 *key);
void ksmbd_cipher_free(struct ksmbd_cipher *c);	/* NULL is fine */

/*
 * Encrypts the pieces in place and fills the transform header that goes in
 * front of them; @len is their sum.  No piece lies in a module's own memory.
 * 0, -ENOMEM, or -EKEYEXPIRED: no nonce is left.
 */
int ksmbd_encrypt(struct ksmbd_cipher *c, u64 session_id,
		  const struct kvec *iov, unsigned int n, size_t len,
		  u8 header[SMB2_TRANSFORM_SIZE]);
/*
 * Decrypts the pieces, the @t->original_message_size bytes behind @header, in
 * place.  @t is @header decoded.  -EBADMSG: not from who has the key.
 */
int ksmbd_decrypt(struct ksmbd_cipher *c, const struct smb2_transform *t,
		  const u8 header[SMB2_TRANSFORM_SIZE], const struct kvec *iov,
		  unsigned int n);

#endif
