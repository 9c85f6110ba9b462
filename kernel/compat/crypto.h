/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _COMPAT_CRYPTO_H
#define _COMPAT_CRYPTO_H

#include <crypto/aead.h>
#include <crypto/hash.h>
#include <crypto/skcipher.h>
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/version.h>
#if LINUX_VERSION_CODE >= KERNEL_VERSION(5, 11, 0)
#include <crypto/sha2.h>
#else
#include <crypto/sha.h>
#endif

/*
 * An AES-GCM that reads associated data where it lies, for messages that are
 * nothing else.  Before 6.11 the one for x86 copies it into one kmalloc()
 * first, which fails for large ones; the template over the same machine's CTR
 * and GHASH does not, and has to be asked for by the drivers' names.
 */
static inline struct crypto_aead *compat_alloc_gmac(u32 mask)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 11, 0)
	struct crypto_skcipher *ctr = crypto_alloc_skcipher("ctr(aes)", 0, mask);
	struct crypto_ahash *ghash = crypto_alloc_ahash("ghash", 0, mask);
	struct crypto_aead *gcm = ERR_PTR(-ENOENT);
	char name[CRYPTO_MAX_ALG_NAME];

	if (!IS_ERR(ctr) && !IS_ERR(ghash) &&
	    snprintf(name, sizeof(name), "gcm_base(%s,%s)",
		     crypto_tfm_alg_driver_name(crypto_skcipher_tfm(ctr)),
		     crypto_ahash_driver_name(ghash)) < sizeof(name))
		gcm = crypto_alloc_aead(name, 0, mask);
	if (!IS_ERR(ctr))
		crypto_free_skcipher(ctr);
	if (!IS_ERR(ghash))
		crypto_free_ahash(ghash);
	return gcm;
#else
	return crypto_alloc_aead("gcm(aes)", 0, mask);
#endif
}

#endif
