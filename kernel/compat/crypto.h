/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _COMPAT_CRYPTO_H
#define _COMPAT_CRYPTO_H

#include <crypto/aead.h>
#include <crypto/hash.h>
#include <crypto/skcipher.h>
#include <linux/version.h>
#if LINUX_VERSION_CODE >= KERNEL_VERSION(5, 11, 0)
#include <crypto/sha2.h>
#else
#include <crypto/sha.h>
#endif

/*
 * What ksmbd asks of an implementation.  The fast ones on x86 carry CRYPTO_ALG_ASYNC,
 * although they answer at once in process context; asking for a synchronous one
 * would get the block-by-block fallback.  What stays out are accelerators behind a
 * driver, which take longer than the cipher on messages of this size.
 */
#define KSMBD_CRYPTO_MASK	CRYPTO_ALG_KERN_DRIVER_ONLY

/* Does the gcm(aes) of x86 copy associated data into one kmalloc()? */
#define COMPAT_GCM_COPIES_AAD	(LINUX_VERSION_CODE < KERNEL_VERSION(6, 11, 0))

#endif
