/* SPDX-License-Identifier: GPL-2.0 */
/* Message signatures, [MS-SMB2] 3.1.4.1: HMAC-SHA256, AES-128-CMAC, AES-128-GMAC. */
#ifndef _KSMBD_SIGN_H
#define _KSMBD_SIGN_H

#include <linux/types.h>
#include <linux/uio.h>

struct ksmbd_sign_key;

/*
 * A keyed context: the key schedule is set up here and never per message.
 * @algorithm is SMB2_SIGNING_*; @key 16 bytes.  ERR_PTR on failure.  One
 * context may sign and verify in many threads at once.
 */
struct ksmbd_sign_key *ksmbd_sign_key_new(u16 algorithm, const u8 *key);
void ksmbd_sign_key_free(struct ksmbd_sign_key *k);	/* NULL is fine */

/*
 * The 16-byte signature over the pieces, whose first begins with the SMB2
 * header; its Signature field is taken as zero whatever it holds.  The first
 * piece holds the whole header.  No piece lies in a module's own memory.
 * 0 or -errno (memory).
 */
int ksmbd_sign(struct ksmbd_sign_key *k, const struct kvec *iov,
	       unsigned int n, u8 signature[16]);
/* 0, or -EBADMSG; compares in constant time with the header's Signature field. */
int ksmbd_sign_verify(struct ksmbd_sign_key *k, const struct kvec *iov,
		      unsigned int n);

#endif
