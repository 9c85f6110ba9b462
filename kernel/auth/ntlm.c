// SPDX-License-Identifier: GPL-2.0
#include "auth/ntlm.h"

#include <crypto/algapi.h>
#include <crypto/arc4.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/ktime.h>
#include <linux/random.h>
#include <linux/slab.h>
#include <linux/utsname.h>

#include "auth/auth.h"
#include "auth/hash.h"
#include "compat/unaligned.h"
#include "ipc/ipc.h"
#include "wire/upcase.h"

/* Without these the exchange is not NTLMv2 with a full-strength key. */
#define NTLM_REQUIRED	(NTLMSSP_NEGOTIATE_UNICODE |			\
			 NTLMSSP_NEGOTIATE_NTLM |			\
			 NTLMSSP_NEGOTIATE_EXTENDED_SESSIONSECURITY |	\
			 NTLMSSP_NEGOTIATE_128)
/* Granted when asked for. */
#define NTLM_OFFERED	(NTLM_REQUIRED | NTLMSSP_REQUEST_TARGET |	\
			 NTLMSSP_NEGOTIATE_SIGN |			\
			 NTLMSSP_NEGOTIATE_SEAL |			\
			 NTLMSSP_NEGOTIATE_ALWAYS_SIGN |		\
			 NTLMSSP_NEGOTIATE_KEY_EXCH |			\
			 NTLMSSP_NEGOTIATE_56)

/* NTLMv2_CLIENT_CHALLENGE up to its AvPairs, [MS-NLMP] 2.2.2.7 */
#define NTLM_MIN_CLIENT_BLOB	28
#define NTLM_V1_RESPONSE_SIZE	24
/* As an account name of the ABI in UTF-16, and a domain as long as DNS lets it. */
#define NTLM_MAX_USER		(2 * KSMBD_REQ_MAX_ACCOUNT_NAME_SZ)
#define NTLM_MAX_DOMAIN		512

void ksmbd_ntlm_release(struct ksmbd_ntlm *n)
{
	kfree(n->negotiate);
	kfree_sensitive(n->challenge_msg);
	n->negotiate = NULL;
	n->challenge_msg = NULL;
}

/* 100 ns since 1601 */
static u64 nt_time_now(void)
{
	return div_u64(ktime_get_real_ns(), 100) + 116444736000000000ULL;
}

int ksmbd_ntlm_challenge(struct ksmbd_ntlm *n, struct wire_span negotiate,
			 struct wire_writer *out)
{
	char dns_name[__NEW_UTS_LEN + 1];
	struct ntlmssp_challenge c = {
		.netbios_name = ksmbd_settings.netbios_name,
		.dns_name = dns_name,
		.timestamp = nt_time_now(),
	};
	struct ntlmssp_negotiate hello;
	u32 start = out->len;

	if (negotiate.len > KSMBD_AUTH_MAX_BLOB ||
	    ntlmssp_decode_negotiate(negotiate, &hello))
		return -EINVAL;
	if ((hello.flags & NTLM_REQUIRED) != NTLM_REQUIRED)
		return -EOPNOTSUPP;

	n->flags = hello.flags & NTLM_OFFERED;
	get_random_bytes(n->challenge, sizeof(n->challenge));
	memcpy(c.server_challenge, n->challenge, sizeof(c.server_challenge));
	c.flags = n->flags | NTLMSSP_NEGOTIATE_TARGET_INFO |
		  NTLMSSP_TARGET_TYPE_SERVER;
	strscpy(dns_name, init_utsname()->nodename, sizeof(dns_name));
	ntlmssp_put_challenge(out, &c);
	if (out->full)
		return -ENOBUFS;

	n->negotiate = kmemdup(negotiate.data, negotiate.len, GFP_KERNEL);
	n->negotiate_len = negotiate.len;
	n->challenge_len = out->len - start;
	n->challenge_msg = kmemdup(out->buf + start, n->challenge_len,
				   GFP_KERNEL);
	return n->negotiate && n->challenge_msg ? 0 : -ENOMEM;
}

/* The LM response of an anonymous log-on is absent or one zero byte. */
bool ksmbd_ntlm_is_anonymous(const struct ntlmssp_authenticate *a)
{
	return !a->user.len && !a->nt_response_len && a->lm_response.len <= 1;
}

const char *ksmbd_ntlm_refuses(const struct ksmbd_ntlm *n,
			       const struct ntlmssp_authenticate *a)
{
	const u32 required = NTLMSSP_NEGOTIATE_UNICODE |
			     NTLMSSP_NEGOTIATE_EXTENDED_SESSIONSECURITY;

	if (ksmbd_ntlm_is_anonymous(a))		/* has nothing to secure */
		return NULL;
	if ((a->flags & required) != required)
		return "no extended session security";
	if (!a->nt_response_len)
		return "LM response";
	if (a->nt_response_len <= NTLM_V1_RESPONSE_SIZE)
		return "NTLMv1 response";
	if (a->nt_blob.len < NTLM_MIN_CLIENT_BLOB)
		return "malformed NTLMv2 response";
	if (a->user.len > NTLM_MAX_USER || a->domain.len > NTLM_MAX_DOMAIN)
		return "name too long";
	return NULL;
}

/* NTOWFv2, [MS-NLMP] 3.3.2: the user in upper case, the domain as typed. */
static int ntowf_v2(const u8 nt_hash[16], const struct ntlmssp_authenticate *a,
		    u8 out[16])
{
	u8 upper[NTLM_MAX_USER];
	struct wire_writer w = wire_writer_of(upper, sizeof(upper));
	const struct kvec iov[] = {
		KSMBD_PIECE(upper, a->user.len),
		KSMBD_PIECE(a->domain.data, a->domain.len),
	};

	wire_put_upcase(&w, a->user);
	if (w.full)
		return -EINVAL;
	return ksmbd_hmac_md5(nt_hash, 16, iov, ARRAY_SIZE(iov), out);
}

/* The proof, and the session base key: NTLMv2's key exchange key, 3.4.5.1. */
static int check_proof(const struct ksmbd_ntlm *n,
		       const struct ntlmssp_authenticate *a,
		       const u8 nt_hash[16], u8 base_key[16])
{
	const struct kvec blob[] = {
		KSMBD_PIECE(n->challenge, sizeof(n->challenge)),
		KSMBD_PIECE(a->nt_blob.data, a->nt_blob.len),
	};
	u8 response_key[16], proof[16];
	const struct kvec proof_iov = KSMBD_PIECE(proof, sizeof(proof));
	int err;

	err = ntowf_v2(nt_hash, a, response_key);
	if (!err)
		err = ksmbd_hmac_md5(response_key, 16, blob, ARRAY_SIZE(blob),
				     proof);
	if (!err && crypto_memneq(proof, a->nt_proof, sizeof(proof)))
		err = -EACCES;
	if (!err)
		err = ksmbd_hmac_md5(response_key, 16, &proof_iov, 1, base_key);
	memzero_explicit(response_key, sizeof(response_key));
	memzero_explicit(proof, sizeof(proof));
	return err;
}

static int rc4(const u8 key[16], const u8 *in, u8 *out, u32 len)
{
	struct arc4_ctx *ctx = kmalloc(sizeof(*ctx), GFP_KERNEL);

	if (!ctx)
		return -ENOMEM;
	arc4_setkey(ctx, key, 16);
	arc4_crypt(ctx, out, in, len);
	kfree_sensitive(ctx);
	return 0;
}

/*
 * 3.2.5.1.2: a key exchange happens when it and signing or sealing were
 * agreed; a client that skips the latter may send a key all the same.
 */
static int exchange_key(struct ksmbd_ntlm *n,
			const struct ntlmssp_authenticate *a,
			const u8 base_key[16])
{
	const u32 uses_key = NTLMSSP_NEGOTIATE_SIGN | NTLMSSP_NEGOTIATE_SEAL;

	if (!(n->flags & NTLMSSP_NEGOTIATE_KEY_EXCH) ||
	    (!(n->flags & uses_key) && !a->session_key.len)) {
		n->flags &= ~NTLMSSP_NEGOTIATE_KEY_EXCH;
		memcpy(n->key, base_key, 16);
		return 0;
	}
	if (a->session_key.len != 16)
		return -EBADMSG;
	return rc4(base_key, a->session_key.data, n->key, 16);
}

/* Over the three messages, the MIC field itself being zero. */
static int check_mic(const struct ksmbd_ntlm *n, struct wire_span message,
		     const struct ntlmssp_authenticate *a)
{
	static const u8 zero[sizeof(a->mic)];
	const u32 after = a->mic_offset + sizeof(a->mic);
	const struct kvec iov[] = {
		KSMBD_PIECE(n->negotiate, n->negotiate_len),
		KSMBD_PIECE(n->challenge_msg, n->challenge_len),
		KSMBD_PIECE(message.data, a->mic_offset),
		KSMBD_PIECE(zero, sizeof(zero)),
		KSMBD_PIECE(message.data + after, message.len - after),
	};
	u8 mic[KSMBD_MD5_SIZE];
	int err;

	err = ksmbd_hmac_md5(n->key, sizeof(n->key), iov, ARRAY_SIZE(iov), mic);
	if (!err && crypto_memneq(mic, a->mic, sizeof(mic)))
		err = -EBADMSG;
	memzero_explicit(mic, sizeof(mic));
	return err;
}

int ksmbd_ntlm_check(struct ksmbd_ntlm *n, struct wire_span message,
		     const struct ntlmssp_authenticate *a,
		     const u8 nt_hash[16])
{
	u8 base_key[16];
	int err;

	err = check_proof(n, a, nt_hash, base_key);
	if (err)
		return err;
	n->flags &= a->flags;
	err = exchange_key(n, a, base_key);
	memzero_explicit(base_key, sizeof(base_key));
	if (err)
		return err;
	/*
	 * The announcement of the MIC is covered by the proof, so nobody on
	 * the way can take both out.
	 */
	if (!(a->av_flags & MSV_AV_FLAG_MIC))
		return 0;
	return a->has_mic ? check_mic(n, message, a) : -EBADMSG;
}

/* SIGNKEY and SEALKEY of [MS-NLMP] 3.4.5.2 and 3.4.5.3; the zero counts. */
static int magic_key(const u8 *key, u32 key_len, const char *magic,
		     u32 magic_size, u8 out[16])
{
	const struct kvec iov[] = {
		KSMBD_PIECE(key, key_len),
		KSMBD_PIECE(magic, magic_size),
	};

	return ksmbd_md5(iov, ARRAY_SIZE(iov), out);
}

static int sign_key(const struct ksmbd_ntlm *n, bool by_client, u8 out[16])
{
	static const char c2s[] =
		"session key to client-to-server signing key magic constant";
	static const char s2c[] =
		"session key to server-to-client signing key magic constant";

	return by_client ? magic_key(n->key, 16, c2s, sizeof(c2s), out) :
			   magic_key(n->key, 16, s2c, sizeof(s2c), out);
}

static int seal_key(const struct ksmbd_ntlm *n, bool by_client, u8 out[16])
{
	static const char c2s[] =
		"session key to client-to-server sealing key magic constant";
	static const char s2c[] =
		"session key to server-to-client sealing key magic constant";
	u32 len = n->flags & NTLMSSP_NEGOTIATE_128 ? 16 :
		  n->flags & NTLMSSP_NEGOTIATE_56 ? 7 : 5;

	return by_client ? magic_key(n->key, len, c2s, sizeof(c2s), out) :
			   magic_key(n->key, len, s2c, sizeof(s2c), out);
}

/*
 * NTLMSSP_MESSAGE_SIGNATURE with sequence number 0: version, checksum,
 * number.  The RC4 state is that of a fresh context ([MS-SPNG] 3.3.5.1), and
 * SMB signs nothing else with these keys.
 */
int ksmbd_ntlm_mech_mic(const struct ksmbd_ntlm *n, bool by_client,
			const void *data, u32 len,
			u8 mic[KSMBD_NTLM_MIC_SIZE])
{
	static const u8 sequence[4];
	const struct kvec iov[] = {
		KSMBD_PIECE(sequence, sizeof(sequence)),
		KSMBD_PIECE(data, len),
	};
	u8 key[16], sum[KSMBD_MD5_SIZE];
	int err;

	err = sign_key(n, by_client, key);
	if (!err)
		err = ksmbd_hmac_md5(key, sizeof(key), iov, ARRAY_SIZE(iov), sum);
	if (!err && (n->flags & NTLMSSP_NEGOTIATE_KEY_EXCH)) {
		err = seal_key(n, by_client, key);
		if (!err)
			err = rc4(key, sum, sum, 8);
	}
	if (!err) {
		put_unaligned_le32(1, mic);
		memcpy(mic + 4, sum, 8);
		memcpy(mic + 12, sequence, sizeof(sequence));
	}
	memzero_explicit(key, sizeof(key));
	memzero_explicit(sum, sizeof(sum));
	return err;
}
