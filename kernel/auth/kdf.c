// SPDX-License-Identifier: GPL-2.0
#include "auth/kdf.h"

#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include "auth/hash.h"
#include "compat/unaligned.h"
#include "wire/smb2.h"

/* A label or context; [MS-SMB2] 3.1.4.2 counts their terminating zeros in. */
struct kdf_text {
	const char *text;
	u32 len;
};

#define TEXT(s) { .text = (s), .len = sizeof(s) }

/* "ServerIn " has a space at its end: both contexts are as long. */
static const struct {
	struct kdf_text label, context;
} kdf_30[] = {
	[KSMBD_KEY_SIGNING]	= { TEXT("SMB2AESCMAC"), TEXT("SmbSign") },
	[KSMBD_KEY_APPLICATION]	= { TEXT("SMB2APP"), TEXT("SmbRpc") },
	[KSMBD_KEY_SERVER_IN]	= { TEXT("SMB2AESCCM"), TEXT("ServerIn ") },
	[KSMBD_KEY_SERVER_OUT]	= { TEXT("SMB2AESCCM"), TEXT("ServerOut") },
};

static const struct kdf_text kdf_311_labels[] = {
	[KSMBD_KEY_SIGNING]	= TEXT("SMBSigningKey"),
	[KSMBD_KEY_APPLICATION]	= TEXT("SMBAppKey"),
	[KSMBD_KEY_SERVER_IN]	= TEXT("SMBC2SCipherKey"),
	[KSMBD_KEY_SERVER_OUT]	= TEXT("SMBS2CCipherKey"),
};

/* SP800-108 5.1 with r = 32 and one iteration: PRF(1 | label | 0 | context | L) */
static int derive(struct wire_span session_key, const struct kdf_text *label,
		  const void *context, u32 context_len, u8 *out, u32 out_len)
{
	u8 digest[KSMBD_SHA256_SIZE], counter[4], bits[4];
	const u8 zero = 0;
	const struct kvec iov[] = {
		KSMBD_PIECE(counter, sizeof(counter)),
		KSMBD_PIECE(label->text, label->len),
		KSMBD_PIECE(&zero, 1),
		KSMBD_PIECE(context, context_len),
		KSMBD_PIECE(bits, sizeof(bits)),
	};
	int err;

	put_unaligned_be32(1, counter);
	put_unaligned_be32(out_len * 8, bits);
	err = ksmbd_hmac_sha256(session_key.data, session_key.len, iov,
				ARRAY_SIZE(iov), digest);
	if (!err)
		memcpy(out, digest, out_len);
	memzero_explicit(digest, sizeof(digest));
	return err;
}

int ksmbd_derive_key(u16 dialect, enum ksmbd_key_purpose purpose,
		     struct wire_span session_key, const u8 *preauth_hash,
		     u8 *out, u32 out_len)
{
	if (WARN_ON_ONCE(out_len != 16 && out_len != 32))
		return -EINVAL;

	if (dialect < SMB2_DIALECT_0300) {
		/* Neither ciphers nor 32-byte keys exist there. */
		if (out_len != 16 || (purpose != KSMBD_KEY_SIGNING &&
				      purpose != KSMBD_KEY_APPLICATION))
			return -EOPNOTSUPP;
		if (WARN_ON_ONCE(session_key.len < 16))
			return -EINVAL;
		memcpy(out, session_key.data, 16);
		return 0;
	}
	if (dialect < SMB2_DIALECT_0311)
		return derive(session_key, &kdf_30[purpose].label,
			      kdf_30[purpose].context.text,
			      kdf_30[purpose].context.len, out, out_len);
	return derive(session_key, &kdf_311_labels[purpose], preauth_hash,
		      KSMBD_PREAUTH_HASH_SIZE, out, out_len);
}
