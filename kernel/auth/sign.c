// SPDX-License-Identifier: GPL-2.0
#include "auth/sign.h"

#include <crypto/algapi.h>
#include <crypto/hash.h>
#include <linux/err.h>
#include <linux/slab.h>

#include "auth/cmac.h"
#include "auth/hash.h"
#include "wire/smb2.h"

#define SIGNATURE_SIZE		16
/* Responses have a few pieces: header and body, data, padding of a compound. */
#define PIECES_ON_STACK		8

struct ksmbd_sign_key {
	u16 algorithm;
	union {
		struct crypto_shash *hmac;
		struct ksmbd_cmac *cmac;
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

struct ksmbd_sign_key *ksmbd_sign_key_new(u16 algorithm, const u8 *key)
{
	struct ksmbd_sign_key *k;
	void *context;

	switch (algorithm) {
	case SMB2_SIGNING_HMAC_SHA256:
		context = hmac_new(key);
		break;
	case SMB2_SIGNING_AES_CMAC:
		context = ksmbd_cmac_new(key);
		break;
	default:
		return ERR_PTR(-EOPNOTSUPP);
	}
	if (IS_ERR(context))
		return context;

	k = kmalloc(sizeof(*k), GFP_KERNEL);
	if (!k) {
		if (algorithm == SMB2_SIGNING_AES_CMAC)
			ksmbd_cmac_free(context);
		else
			crypto_free_shash(context);
		return ERR_PTR(-ENOMEM);
	}
	k->algorithm = algorithm;
	if (algorithm == SMB2_SIGNING_AES_CMAC)
		k->cmac = context;
	else
		k->hmac = context;
	return k;
}

void ksmbd_sign_key_free(struct ksmbd_sign_key *k)
{
	if (!k)
		return;
	if (k->algorithm == SMB2_SIGNING_AES_CMAC)
		ksmbd_cmac_free(k->cmac);
	else
		crypto_free_shash(k->hmac);
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

/* The pieces with a zero where the signature is. */
static void without_signature(struct kvec *to, const struct kvec *iov,
			      unsigned int n)
{
	static const u8 zero[SIGNATURE_SIZE];
	const u32 after = SMB2_SIGNATURE_OFFSET + SIGNATURE_SIZE;

	to[0].iov_base = iov[0].iov_base;
	to[0].iov_len = SMB2_SIGNATURE_OFFSET;
	to[1].iov_base = (void *)zero;
	to[1].iov_len = SIGNATURE_SIZE;
	to[2].iov_base = iov[0].iov_base + after;
	to[2].iov_len = iov[0].iov_len - after;
	memcpy(to + 3, iov + 1, (n - 1) * sizeof(*iov));
}

int ksmbd_sign(struct ksmbd_sign_key *k, const struct kvec *iov,
	       unsigned int n, u8 signature[16])
{
	struct kvec few[PIECES_ON_STACK + 2], *pieces = few;
	int err;

	if (WARN_ON_ONCE(!n || iov[0].iov_len < SMB2_HEADER_SIZE))
		return -EINVAL;
	if (n > PIECES_ON_STACK) {
		pieces = kmalloc_array(n + 2, sizeof(*pieces), GFP_KERNEL);
		if (!pieces)
			return -ENOMEM;
	}
	without_signature(pieces, iov, n);
	if (k->algorithm == SMB2_SIGNING_AES_CMAC)
		err = ksmbd_cmac(k->cmac, pieces, n + 2, signature);
	else
		err = hmac_sign(k->hmac, pieces, n + 2, signature);
	if (pieces != few)
		kfree(pieces);
	return err;
}

int ksmbd_sign_verify(struct ksmbd_sign_key *k, const void *msg, u32 len)
{
	const struct kvec iov = KSMBD_PIECE(msg, len);
	u8 signature[SIGNATURE_SIZE];
	int err;

	if (len < SMB2_HEADER_SIZE)
		return -EBADMSG;
	err = ksmbd_sign(k, &iov, 1, signature);
	if (!err && crypto_memneq(signature, msg + SMB2_SIGNATURE_OFFSET,
				  SIGNATURE_SIZE))
		err = -EBADMSG;
	memzero_explicit(signature, sizeof(signature));
	return err;
}
