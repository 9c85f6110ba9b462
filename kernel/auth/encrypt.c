// SPDX-License-Identifier: GPL-2.0
/*
 * A nonce is never used twice with a key: each key of ours counts the messages
 * that it encrypts, over all channels, and the session makes a new one at every
 * log-on.  The client has a key of its own for its direction.
 */
#include "auth/encrypt.h"

#include <linux/atomic.h>
#include <linux/err.h>
#include <linux/slab.h>

#include "auth/aead.h"
#include "auth/hash.h"
#include "compat/unaligned.h"

struct ksmbd_cipher {
	struct ksmbd_aead *aead;
	atomic64_t n_encrypted;
};

u32 ksmbd_cipher_key_size(u16 cipher)
{
	switch (cipher) {
	case SMB2_ENCRYPTION_AES128_CCM:
	case SMB2_ENCRYPTION_AES128_GCM:
		return 16;
	case SMB2_ENCRYPTION_AES256_CCM:
	case SMB2_ENCRYPTION_AES256_GCM:
		return 32;
	default:
		return 0;
	}
}

struct ksmbd_cipher *ksmbd_cipher_new(u16 cipher, const u8 *key)
{
	bool ccm = cipher == SMB2_ENCRYPTION_AES128_CCM ||
		   cipher == SMB2_ENCRYPTION_AES256_CCM;
	u32 key_size = ksmbd_cipher_key_size(cipher);
	struct ksmbd_cipher *c;
	int err;

	if (!key_size)
		return ERR_PTR(-EOPNOTSUPP);
	c = kzalloc(sizeof(*c), GFP_KERNEL);
	if (!c)
		return ERR_PTR(-ENOMEM);
	c->aead = ccm ? ksmbd_ccm_new(key, key_size) :
			ksmbd_gcm_new(key, key_size);
	if (!IS_ERR(c->aead))
		return c;
	err = PTR_ERR(c->aead);
	kfree(c);
	return ERR_PTR(err);
}

void ksmbd_cipher_free(struct ksmbd_cipher *c)
{
	if (!c)
		return;
	ksmbd_aead_free(c->aead);
	kfree(c);
}

int ksmbd_encrypt(struct ksmbd_cipher *c, u64 session_id,
		  const struct kvec *iov, unsigned int n, size_t len,
		  u8 header[SMB2_TRANSFORM_SIZE])
{
	const struct kvec aad = KSMBD_PIECE(header + SMB2_TRANSFORM_AAD_OFFSET,
					    SMB2_TRANSFORM_AAD_SIZE);
	struct smb2_transform t = {
		.original_message_size	= len,
		.session_id		= session_id,
	};
	struct wire_writer w = wire_writer_of(header, SMB2_TRANSFORM_SIZE);
	s64 count = atomic64_inc_return(&c->n_encrypted);

	if (count <= 0)			/* some million years later */
		return -EKEYEXPIRED;
	put_unaligned_le64(count, t.nonce);
	wire_encode_transform(&w, &t);
	return ksmbd_aead_encrypt(c->aead, t.nonce, &aad, iov, n,
				  header + SMB2_TRANSFORM_SIGNATURE_OFFSET);
}

int ksmbd_decrypt(struct ksmbd_cipher *c, const struct smb2_transform *t,
		  const u8 header[SMB2_TRANSFORM_SIZE], const struct kvec *iov,
		  unsigned int n)
{
	const struct kvec aad = KSMBD_PIECE(header + SMB2_TRANSFORM_AAD_OFFSET,
					    SMB2_TRANSFORM_AAD_SIZE);

	return ksmbd_aead_decrypt(c->aead, t->nonce, &aad, iov, n, t->signature);
}
