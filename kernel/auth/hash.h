/* SPDX-License-Identifier: GPL-2.0 */
/* One-shot hashes for the log-on, where a key is used once. */
#ifndef _KSMBD_HASH_H
#define _KSMBD_HASH_H

#include <linux/types.h>
#include <linux/uio.h>

#define KSMBD_MD5_SIZE		16
#define KSMBD_SHA256_SIZE	32

/* A piece of a message to hash; the kvec does not say that it is only read. */
#define KSMBD_PIECE(p, l) { .iov_base = (void *)(p), .iov_len = (l) }

int ksmbd_hmac_md5(const u8 *key, u32 key_len, const struct kvec *iov,
		   unsigned int n, u8 out[KSMBD_MD5_SIZE]);
int ksmbd_hmac_sha256(const u8 *key, u32 key_len, const struct kvec *iov,
		      unsigned int n, u8 out[KSMBD_SHA256_SIZE]);
int ksmbd_md5(const struct kvec *iov, unsigned int n, u8 out[KSMBD_MD5_SIZE]);

#endif
