// SPDX-License-Identifier: GPL-2.0
#include "auth/sign.h"

#include <crypto/algapi.h>
#include <crypto/hash.h>
#include <linux/err.h>
#include <linux/slab.h>

#include "auth/cmac.h"
#include "auth/gmac.h"
#include "auth/hash.h"
#include "wire/smb2.h"

#define SIGNATURE_SIZE		16
/* Responses have a few pieces: header and body, data, padding of a compound. */
#define PIECES_ON_STACK		8

struct ksmbd_sign_key {
	u16 algorithm;
	union {
		void *context;
		struct crypto_shash *hmac;
		struct ksmbd_cmac *cmac;
		struct ksmbd_gmac *gmac;
	};
};

static struct crypto_shash *hmac_new(const u8 *key)
{
	struct crypto_shash *tfm = crypto_alloc_shash("hmac(sha256)", 0, 0);
	int err;

	if (IS_ERR(tfm))
		return tfm;
	err = crypto_shash_setkey(tfm, key, 16);
	if (!err)
		return tfm;
	crypto_free_shash(tfm);
	return ERR_PTR(err);
}

static void *context_new(u16 algorithm, const u8 *key)
{
	switch (algorithm) {
	case SMB2_SIGNING_HMAC_SHA256:
		return hmac_new(key);
	case SMB2_SIGNING_AES_CMAC:
		return ksmbd_cmac_new(key);
	case SMB2_SIGNING_AES_GMAC:
		return ksmbd_gmac_new(key);
	default:
		return ERR_PTR(-EOPNOTSUPP);
	}
}

struct ksmbd_sign_key *ksmbd_sign_key_new(u16 algorithm, const u8 *key)
{
	struct ksmbd_sign_key *k = kzalloc(sizeof(*k), GFP_KERNEL);
	int err;

	if (!k)
		return ERR_PTR(-ENOMEM);
	k->algorithm = algorithm;
	k->context = context_new(algorithm, key);
	if (!IS_ERR(k->context))
		return k;
	err = PTR_ERR(k->context);
	kfree(k);
	return ERR_PTR(err);
}

void ksmbd_sign_key_free(struct ksmbd_sign_key *k)
{
	if (!k)
		return;
	switch (k->algorithm) {
	case SMB2_SIGNING_HMAC_SHA256:
		crypto_free_shash(k->hmac);
		break;
	case SMB2_SIGNING_AES_CMAC:
		ksmbd_cmac_free(k->cmac);
		break;
	case SMB2_SIGNING_AES_GMAC:
		ksmbd_gmac_free(k->gmac);
		break;
	}
	kfree(k);
}

static int hmac_sign(struct crypto_shash *tfm, const struct kvec *iov,
		     unsigned int n, u8 signature[SIGNATURE_SIZE])
{
	SHASH_DESC_ON_STACK(desc, tfm);
	u8 digest[KSMBD_SHA256_SIZE];
	unsigned int i;
	int err;

	desc->tfm = tfm;
	err = crypto_shash_init(desc);
	for (i = 0; !err && i < n; i++)
		err = crypto_shash_update(desc, iov[i].iov_base, iov[i].iov_len);
	if (!err)
		err = crypto_shash_final(desc, digest);
	if (!err)
		memcpy(signature, digest, SIGNATURE_SIZE);
	shash_desc_zero(desc);
	memzero_explicit(digest, sizeof(digest));
	return err;
}

static int gmac_sign(struct ksmbd_gmac *g, const struct kvec *iov,
		     unsigned int n, u8 signature[SIGNATURE_SIZE])
{
	u8 nonce[KSMBD_GMAC_NONCE_SIZE];

	wire_gmac_nonce(iov[0].iov_base, nonce);
	return ksmbd_gmac(g, nonce, iov, n, signature);
}

/* The pieces with zeros where the signature is. */
static void without_signature(struct kvec *to, const struct kvec *iov,
			      unsigned int n, const u8 *zeros)
{
	const u32 after = SMB2_SIGNATURE_OFFSET + SIGNATURE_SIZE;

	to[0].iov_base = iov[0].iov_base;
	to[0].iov_len = SMB2_SIGNATURE_OFFSET;
	to[1].iov_base = (void *)zeros;
	to[1].iov_len = SIGNATURE_SIZE;
	to[2].iov_base = iov[0].iov_base + after;
	to[2].iov_len = iov[0].iov_len - after;
	memcpy(to + 3, iov + 1, (n - 1) * sizeof(*iov));
}

static int sign_pieces(struct ksmbd_sign_key *k, const struct kvec *iov,
		       unsigned int n, u8 signature[SIGNATURE_SIZE])
{
	switch (k->algorithm) {
	case SMB2_SIGNING_AES_GMAC:
		return gmac_sign(k->gmac, iov, n, signature);
	case SMB2_SIGNING_AES_CMAC:
		return ksmbd_cmac(k->cmac, iov, n, signature);
	default:
		return hmac_sign(k->hmac, iov, n, signature);
	}
}

int ksmbd_sign(struct ksmbd_sign_key *k, const struct kvec *iov,
	       unsigned int n, u8 signature[16])
{
	struct kvec few[PIECES_ON_STACK + 2], *pieces = few;
	u8 zeros[SIGNATURE_SIZE] = { };
	int err;

	if (WARN_ON_ONCE(!n || iov[0].iov_len < SMB2_HEADER_SIZE))
		return -EINVAL;
	if (n > PIECES_ON_STACK) {
		pieces = kmalloc_array(n + 2, sizeof(*pieces), GFP_KERNEL);
		if (!pieces)
			return -ENOMEM;
	}
	without_signature(pieces, iov, n, zeros);
	err = sign_pieces(k, pieces, n + 2, signature);
	if (pieces != few)
		kfree(pieces);
	return err;
}

int ksmbd_sign_verify(struct ksmbd_sign_key *k, const struct kvec *iov,
		      unsigned int n)
{
	u8 signature[SIGNATURE_SIZE];
	int err;

	if (!n || iov[0].iov_len < SMB2_HEADER_SIZE)
		return -EBADMSG;
	err = ksmbd_sign(k, iov, n, signature);
	if (!err && crypto_memneq(signature,
				  iov[0].iov_base + SMB2_SIGNATURE_OFFSET,
				  SIGNATURE_SIZE))
		err = -EBADMSG;
	memzero_explicit(signature, sizeof(signature));
	return err;
}
