// SPDX-License-Identifier: GPL-2.0
#include "auth/hash.h"

#include <crypto/hash.h>
#include <linux/err.h>

#include "auth/kdf.h"

/* Unkeyed, so any number of threads may use them at once. */
static struct crypto_shash *md5_tfm;
static struct crypto_shash *sha512_tfm;
/* Module and self-test: KUnit runs before a module's init or, in newer kernels, after. */
static unsigned int users;

static int digest(struct crypto_shash *tfm, const struct kvec *iov,
		  unsigned int n, u8 *out)
{
	SHASH_DESC_ON_STACK(desc, tfm);
	unsigned int i;
	int err;

	desc->tfm = tfm;
	err = crypto_shash_init(desc);
	for (i = 0; !err && i < n; i++)
		err = crypto_shash_update(desc, iov[i].iov_base, iov[i].iov_len);
	if (!err)
		err = crypto_shash_final(desc, out);
	shash_desc_zero(desc);
	return err;
}

/* A log-on hashes a handful of times with as many keys: no pool to run dry. */
static int hmac(const char *name, const u8 *key, u32 key_len,
		const struct kvec *iov, unsigned int n, u8 *out)
{
	struct crypto_shash *tfm = crypto_alloc_shash(name, 0, 0);
	int err;

	if (IS_ERR(tfm))
		return PTR_ERR(tfm);
	err = crypto_shash_setkey(tfm, key, key_len);
	if (!err)
		err = digest(tfm, iov, n, out);
	crypto_free_shash(tfm);		/* wipes the key */
	return err;
}

int ksmbd_hmac_md5(const u8 *key, u32 key_len, const struct kvec *iov,
		   unsigned int n, u8 out[KSMBD_MD5_SIZE])
{
	return hmac("hmac(md5)", key, key_len, iov, n, out);
}

int ksmbd_hmac_sha256(const u8 *key, u32 key_len, const struct kvec *iov,
		      unsigned int n, u8 out[KSMBD_SHA256_SIZE])
{
	return hmac("hmac(sha256)", key, key_len, iov, n, out);
}

int ksmbd_md5(const struct kvec *iov, unsigned int n, u8 out[KSMBD_MD5_SIZE])
{
	return digest(md5_tfm, iov, n, out);
}

/* [MS-SMB2] 3.1.4.4.1: the hash so far goes in front of the message. */
int ksmbd_preauth_update(u8 hash[KSMBD_PREAUTH_HASH_SIZE],
			 const struct kvec *iov, unsigned int n)
{
	SHASH_DESC_ON_STACK(desc, sha512_tfm);
	unsigned int i;
	int err;

	desc->tfm = sha512_tfm;
	err = crypto_shash_init(desc);
	if (!err)
		err = crypto_shash_update(desc, hash, KSMBD_PREAUTH_HASH_SIZE);
	for (i = 0; !err && i < n; i++)
		err = crypto_shash_update(desc, iov[i].iov_base, iov[i].iov_len);
	if (!err)
		err = crypto_shash_final(desc, hash);
	return err;
}

/* Loads an algorithm's module, so that its lack shows now and not per client. */
static int probe(const char *name, u32 type)
{
	if (crypto_has_alg(name, type, CRYPTO_ALG_TYPE_MASK))
		return 0;
	pr_err("ksmbd: the kernel has no %s\n", name);
	return -ENOENT;
}

int ksmbd_crypto_init(void)
{
	int err;

	if (users) {
		users++;
		return 0;
	}
	err = probe("hmac(md5)", CRYPTO_ALG_TYPE_SHASH);
	if (!err)
		err = probe("hmac(sha256)", CRYPTO_ALG_TYPE_SHASH);
	if (!err)
		err = probe("cbc(aes)", CRYPTO_ALG_TYPE_SKCIPHER);
	if (!err)
		err = probe("gcm(aes)", CRYPTO_ALG_TYPE_AEAD);
	if (!err)
		err = probe("ccm(aes)", CRYPTO_ALG_TYPE_AEAD);
	if (err)
		return err;

	md5_tfm = crypto_alloc_shash("md5", 0, 0);
	if (IS_ERR(md5_tfm)) {
		pr_err("ksmbd: the kernel has no md5\n");
		return PTR_ERR(md5_tfm);
	}
	sha512_tfm = crypto_alloc_shash("sha512", 0, 0);
	if (IS_ERR(sha512_tfm)) {
		pr_err("ksmbd: the kernel has no sha512\n");
		crypto_free_shash(md5_tfm);
		return PTR_ERR(sha512_tfm);
	}
	users = 1;
	return 0;
}

void ksmbd_crypto_exit(void)
{
	if (--users)
		return;
	crypto_free_shash(sha512_tfm);
	crypto_free_shash(md5_tfm);
}
