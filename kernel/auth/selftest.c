// SPDX-License-Identifier: GPL-2.0
/* Known answers, run by KUnit when the module is loaded; a failure is in the log. */
#include <crypto/aead.h>
#include <crypto/hash.h>
#include <kunit/test.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "auth/cmac.h"
#include "auth/delay.h"
#include "auth/encrypt.h"
#include "auth/gmac.h"
#include "auth/hash.h"
#include "auth/kdf.h"
#include "auth/ntlm.h"
#include "auth/sign.h"
#include "ipc/ipc.h"
#include "wire/smb2.h"
#include "wire/upcase.h"

/* Compares @len bytes with what hex digits say. */
static void expect_hex(struct kunit *test, const char *expected, const u8 *actual,
		       u32 len)
{
	char hex[2 * 64 + 1];

	KUNIT_ASSERT_LE(test, len, 64u);
	*bin2hex(hex, actual, len) = '\0';
	KUNIT_EXPECT_STREQ(test, expected, hex);
}

static void unhex(struct kunit *test, u8 *to, const char *hex, u32 len)
{
	KUNIT_ASSERT_EQ(test, 2 * (size_t)len, strlen(hex));
	KUNIT_ASSERT_EQ(test, 0, hex2bin(to, hex, len));
}

/* RFC 4493 section 4, with the message cut in every place. */
static void cmac_gives_the_macs_of_the_rfc(struct kunit *test)
{
	static const struct {
		u32 len;
		const char *mac;
	} cases[] = {
		{ 0, "bb1d6929e95937287fa37d129b756746" },
		{ 16, "070a16b46b4d4144f79bdd9dd04a287c" },
		{ 40, "dfa66747de9ae63030ca32611497c827" },
		{ 64, "51f0bebf7e3b9d92fc49741779363cfe" },
	};
	u8 key[16], message[64], mac[16];
	struct ksmbd_cmac *c;
	u32 i, cut;

	unhex(test, key, "2b7e151628aed2a6abf7158809cf4f3c", 16);
	unhex(test, message, "6bc1bee22e409f96e93d7e117393172a"
			     "ae2d8a571e03ac9c9eb76fac45af8e51"
			     "30c81c46a35ce411e5fbc1191a0a52ef"
			     "f69f2445df4f9b17ad2b417be66c3710", 64);
	c = ksmbd_cmac_new(key);
	KUNIT_ASSERT_FALSE(test, IS_ERR(c));
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		for (cut = 0; cut <= cases[i].len; cut++) {
			struct kvec iov[] = {
				KSMBD_PIECE(message, cut),
				KSMBD_PIECE(message + cut, cases[i].len - cut),
			};

			KUNIT_EXPECT_EQ(test, 0, ksmbd_cmac(c, iov, 2, mac));
			expect_hex(test, cases[i].mac, mac, 16);
		}
	}
	ksmbd_cmac_free(c);
}

/* The kernel's own CMAC, block by block, is the slow twin. */
static void cmac_agrees_with_its_slow_twin(struct kunit *test)
{
	static const u32 lengths[] = {
		1, 15, 17, 4079, 4080, 4095, 4096, 4097, 4111, 4112, 4113, 8191,
		8192, 8193, 65535, 65536, 65537, 100003, (1 << 20) + 7,
	};
	struct crypto_shash *twin = crypto_alloc_shash("cmac(aes)", 0, 0);
	u8 key[16], expected[16], actual[16];
	struct ksmbd_cmac *c;
	u8 *message;
	u32 i;

	KUNIT_ASSERT_FALSE(test, IS_ERR(twin));
	get_random_bytes(key, sizeof(key));
	c = ksmbd_cmac_new(key);
	KUNIT_ASSERT_FALSE(test, IS_ERR(c));
	message = vmalloc(2 << 20);
	KUNIT_ASSERT_NOT_NULL(test, message);
	get_random_bytes(message, 2 << 20);
	KUNIT_ASSERT_EQ(test, 0, crypto_shash_setkey(twin, key, sizeof(key)));
	for (i = 0; i < ARRAY_SIZE(lengths); i++) {
		u32 len = lengths[i], a = len / 3, b = (len - a) / 2;
		const u8 *start = message + i;
		struct kvec iov[] = {
			KSMBD_PIECE(start, a),
			KSMBD_PIECE(start + a, 0),
			KSMBD_PIECE(start + a, b),
			KSMBD_PIECE(start + a + b, len - a - b),
		};

		KUNIT_EXPECT_EQ(test, 0, crypto_shash_tfm_digest(twin, start,
								 len, expected));
		KUNIT_EXPECT_EQ(test, 0, ksmbd_cmac(c, iov, 4, actual));
		KUNIT_EXPECT_EQ_MSG(test, 0, memcmp(expected, actual, 16),
				    "length %u", len);
	}
	vfree(message);
	ksmbd_cmac_free(c);
	crypto_free_shash(twin);
}

/* As the data of a READ: pages behind a header, which are encrypted where they lie. */
static void cmac_of_pages_agrees_too(struct kunit *test)
{
	static const u32 lengths[] = { 16383, 16384, 16385, 32768, 40000, 65536 };
	struct crypto_shash *twin = crypto_alloc_shash("cmac(aes)", 0, 0);
	u8 key[16], head[81], expected[16], actual[16];
	u8 *pages = alloc_pages_exact(1 << 16, GFP_KERNEL);
	u8 *whole = vmalloc(1 << 17);
	struct ksmbd_cmac *c;

	KUNIT_ASSERT_FALSE(test, IS_ERR(twin));
	KUNIT_ASSERT_TRUE(test, pages && whole);
	get_random_bytes(key, sizeof(key));
	get_random_bytes(head, sizeof(head));
	get_random_bytes(pages, 1 << 16);
	c = ksmbd_cmac_new(key);
	KUNIT_ASSERT_FALSE(test, IS_ERR(c));
	KUNIT_ASSERT_EQ(test, 0, crypto_shash_setkey(twin, key, sizeof(key)));
	for (u32 i = 0; i < ARRAY_SIZE(lengths); i++)
		for (u32 n = 79; n <= 81; n++)
			for (u32 tail = 0; tail < 2; tail++) {
				struct kvec iov[] = {
					KSMBD_PIECE(head, n),
					KSMBD_PIECE(pages, lengths[i]),
					KSMBD_PIECE(head, tail * 5),
				};
				u32 len = 0;

				for (u32 j = 0; j < ARRAY_SIZE(iov); j++) {
					memcpy(whole + len, iov[j].iov_base,
					       iov[j].iov_len);
					len += iov[j].iov_len;
				}
				KUNIT_EXPECT_EQ(test, 0, crypto_shash_tfm_digest(
							twin, whole, len, expected));
				KUNIT_EXPECT_EQ(test, 0, ksmbd_cmac(c, iov, 3, actual));
				KUNIT_EXPECT_EQ_MSG(test, 0,
						    memcmp(expected, actual, 16),
						    "%u + %u + %u", n, lengths[i],
						    tail * 5);
				KUNIT_EXPECT_EQ(test, 0, memcmp(whole + n, pages,
								lengths[i]));
			}
	vfree(whole);
	free_pages_exact(pages, 1 << 16);
	ksmbd_cmac_free(c);
	crypto_free_shash(twin);
}

static int verify_one(struct ksmbd_sign_key *k, const u8 *message, u32 len)
{
	const struct kvec one = KSMBD_PIECE(message, len);

	return ksmbd_sign_verify(k, &one, 1);
}

static void signatures_ignore_their_own_field(struct kunit *test)
{
	static const struct {
		u16 algorithm;
		const char *signature;
	} cases[] = {
		{ SMB2_SIGNING_HMAC_SHA256, "c254115a2660ac830a05042b61645aeb" },
		{ SMB2_SIGNING_AES_CMAC, "e0c23cc26f45c75213981762d3384139" },
		{ SMB2_SIGNING_AES_GMAC, "7714ade1ec94ce83680044143f534411" },
	};
	u8 key[16], message[100], before[100], signature[16];
	struct kvec iov[] = {
		KSMBD_PIECE(message, 64), KSMBD_PIECE(message + 64, 36),
	};
	u32 i, byte;

	for (i = 0; i < 16; i++)
		key[i] = i;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct ksmbd_sign_key *k;

		for (byte = 0; byte < sizeof(message); byte++)
			message[byte] = byte;
		memcpy(before, message, sizeof(message));
		k = ksmbd_sign_key_new(cases[i].algorithm, key);
		KUNIT_ASSERT_FALSE(test, IS_ERR(k));
		KUNIT_EXPECT_EQ(test, 0, ksmbd_sign(k, iov, 2, signature));
		KUNIT_EXPECT_EQ(test, 0, memcmp(before, message, sizeof(message)));
		expect_hex(test, cases[i].signature, signature, 16);

		memcpy(message + SMB2_SIGNATURE_OFFSET, signature, 16);
		KUNIT_EXPECT_EQ(test, 0, verify_one(k, message, 100));
		KUNIT_EXPECT_EQ(test, -EBADMSG, verify_one(k, message, 99));
		KUNIT_EXPECT_EQ(test, -EBADMSG, verify_one(k, message, 63));
		for (byte = 0; byte < sizeof(message); byte++) {
			message[byte] ^= 1;
			KUNIT_EXPECT_EQ(test, -EBADMSG,
					verify_one(k, message, 100));
			message[byte] ^= 1;
		}
		ksmbd_sign_key_free(k);
	}
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP,
			PTR_ERR(ksmbd_sign_key_new(SMB2_SIGNING_AES_GMAC + 1, key)));
}

/* Pieces of every kind of memory, more of them than a short message has. */
static void gmac_does_not_care_where_a_message_lies(struct kunit *test)
{
	static const u32 lengths[] = { 0, 1, 4095, 4097, 65536, (5 << 20) + 7 };
	u8 key[16], nonce[12], whole_mac[16], mac[16], stack[48];
	struct ksmbd_gmac *gmac;
	u8 *whole, *pages, *head;
	u32 i;

	get_random_bytes(key, sizeof(key));
	get_random_bytes(nonce, sizeof(nonce));
	gmac = ksmbd_gmac_new(key);
	KUNIT_ASSERT_FALSE(test, IS_ERR(gmac));
	whole = vmalloc(6 << 20);
	pages = vmalloc(6 << 20);
	head = kunit_kmalloc(test, 64, GFP_KERNEL);
	KUNIT_ASSERT_TRUE(test, whole && pages && head);
	for (i = 0; i < ARRAY_SIZE(lengths); i++) {
		u32 len = lengths[i], odd = 64 + 48 + 3;
		struct kvec one[] = { KSMBD_PIECE(whole, 64 + 48 + len) };
		struct kvec iov[] = {
			KSMBD_PIECE(head, 64), KSMBD_PIECE(stack, 0),
			KSMBD_PIECE(stack, 48), KSMBD_PIECE(pages + odd, len),
		};

		get_random_bytes(whole, 4096);
		memcpy(head, whole, 64);
		memcpy(stack, whole + 64, 48);
		memcpy(pages + odd, whole + 64 + 48, len);
		KUNIT_EXPECT_EQ(test, 0, ksmbd_gmac(gmac, nonce, one, 1, whole_mac));
		KUNIT_EXPECT_EQ(test, 0, ksmbd_gmac(gmac, nonce, iov, 4, mac));
		KUNIT_EXPECT_EQ_MSG(test, 0, memcmp(whole_mac, mac, 16),
				    "length %u", len);
	}
	vfree(pages);
	vfree(whole);
	ksmbd_gmac_free(gmac);
}

static const char *driver_of_gcm(struct kunit *test, char name[CRYPTO_MAX_ALG_NAME])
{
	struct crypto_aead *tfm = crypto_alloc_aead("gcm(aes)", 0, 0);

	KUNIT_ASSERT_FALSE(test, IS_ERR(tfm));
	strscpy(name, crypto_tfm_alg_driver_name(crypto_aead_tfm(tfm)),
		CRYPTO_MAX_ALG_NAME);
	crypto_free_aead(tfm);
	return name;
}

static void gmac_leaves_the_gcm_of_others_alone(struct kunit *test)
{
	char before[CRYPTO_MAX_ALG_NAME], after[CRYPTO_MAX_ALG_NAME];
	static const u8 key[16];
	struct ksmbd_gmac *gmac;

	driver_of_gcm(test, before);
	gmac = ksmbd_gmac_new(key);
	KUNIT_ASSERT_FALSE(test, IS_ERR(gmac));
	KUNIT_EXPECT_STREQ(test, before, driver_of_gcm(test, after));
	ksmbd_gmac_free(gmac);
}

static int decrypt_one(struct ksmbd_cipher *c, const struct smb2_transform *t,
		       const u8 *header, u8 *message)
{
	const struct kvec one = KSMBD_PIECE(message, t->original_message_size);

	return ksmbd_decrypt(c, t, header, &one, 1);
}

static void sealed_message(u8 *message)
{
	u32 i;

	for (i = 0; i < 100; i++)
		message[i] = i * 3;
}

/* Computed with Python's cryptography package: keys count up from 0, nonce 1. */
static void encrypted_messages_are_those_of_the_specification(struct kunit *test)
{
	static const struct {
		u16 cipher;
		const char *tag, *first, *last;
	} cases[] = {
		{ SMB2_ENCRYPTION_AES128_CCM, "a74354f590847c5920a04e4af81a0d82",
		  "7ec31e43cb336e276ccf7a65cab2da8f",
		  "5d2a9bee59bb4b094a3da7d8b219ed5e" },
		{ SMB2_ENCRYPTION_AES128_GCM, "2646ff31d7c275fe3300449b226f533a",
		  "4cbedf0c91b9807b00bf26fa51cdfca7",
		  "b950b64cfd4015d4413f5549a49ea6bb" },
		{ SMB2_ENCRYPTION_AES256_CCM, "6f7f96d34373105fb5c7e8e87491c2e6",
		  "e71386c1cd55c87092ce582bd22a3064",
		  "28d70d8ee8244d75d1255c6b2722831f" },
		{ SMB2_ENCRYPTION_AES256_GCM, "c4f55156886ede34e709e2014a0a796a",
		  "e22f8436a8a0fe12521f1be218e6a2e6",
		  "9d170a93fb58164a5eaa6e10dac2f662" },
	};
	u8 key[32], frame[SMB2_TRANSFORM_SIZE + 100], plain[100], before[152];
	u8 *message = frame + SMB2_TRANSFORM_SIZE;
	struct kvec iov[] = {
		KSMBD_PIECE(message, 64), KSMBD_PIECE(message + 64, 36),
	};
	struct smb2_transform t;
	struct wire_reader r;
	u32 i, byte;

	for (i = 0; i < 32; i++)
		key[i] = i;
	sealed_message(plain);
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct ksmbd_cipher *c = ksmbd_cipher_new(cases[i].cipher, key);

		KUNIT_ASSERT_FALSE(test, IS_ERR(c));
		memcpy(message, plain, sizeof(plain));
		KUNIT_EXPECT_EQ(test, 0, ksmbd_encrypt(c, 0x1122334455667788,
						       iov, 2, 100, frame));
		expect_hex(test, cases[i].tag, frame + 4, 16);
		expect_hex(test, cases[i].first, message, 16);
		expect_hex(test, cases[i].last, message + 84, 16);
		memcpy(before, frame, sizeof(frame));

		/* any bit that counts; ProtocolId and Flags do for the decoder */
		for (byte = 4; byte < sizeof(frame); byte++) {
			memcpy(frame, before, sizeof(frame));
			frame[byte] ^= 0x10;
			r = wire_reader_of((struct wire_span) { frame, sizeof(frame) });
			if (wire_decode_transform(&r, &t))
				continue;
			KUNIT_EXPECT_EQ_MSG(test, -EBADMSG,
					    decrypt_one(c, &t, frame, message),
					    "cipher %u byte %u", i, byte);
		}
		memcpy(frame, before, sizeof(frame));
		r = wire_reader_of((struct wire_span) { frame, sizeof(frame) });
		KUNIT_EXPECT_EQ(test, 0, wire_decode_transform(&r, &t));
		KUNIT_EXPECT_EQ(test, 0, decrypt_one(c, &t, frame, message));
		KUNIT_EXPECT_EQ(test, 0, memcmp(plain, message, sizeof(plain)));

		/* the same once more is not the same */
		KUNIT_EXPECT_EQ(test, 0, ksmbd_encrypt(c, 0x1122334455667788,
						       iov, 2, 100, frame));
		KUNIT_EXPECT_EQ(test, 2, frame[SMB2_TRANSFORM_AAD_OFFSET]);
		KUNIT_EXPECT_NE(test, 0, memcmp(before + 52, message, 100));
		ksmbd_cipher_free(c);
	}
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP, PTR_ERR(ksmbd_cipher_new(0, key)));
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP, PTR_ERR(ksmbd_cipher_new(5, key)));
}

/* Megabytes in place, out of pages that lie anywhere, at an odd address. */
static void large_messages_are_encrypted_in_place(struct kunit *test)
{
	const u32 len = (1 << 20) + 4093;
	u16 cipher;

	for (cipher = 1; cipher <= 4; cipher++) {
		u8 key[32], header[SMB2_TRANSFORM_SIZE];
		struct ksmbd_cipher *c;
		struct smb2_transform t;
		struct wire_reader r;
		u8 *plain = vmalloc(len), *frame = vmalloc(len + 100);
		u8 *text = frame + 55;
		struct kvec iov[] = {
			KSMBD_PIECE(text, 129), KSMBD_PIECE(text + 129, 70000),
			KSMBD_PIECE(text + 70129, len - 70129),
		};

		KUNIT_ASSERT_TRUE(test, plain && frame);
		get_random_bytes(key, sizeof(key));
		c = ksmbd_cipher_new(cipher, key);
		KUNIT_ASSERT_FALSE(test, IS_ERR(c));
		get_random_bytes(plain, len);
		memcpy(text, plain, len);
		KUNIT_EXPECT_EQ(test, 0, ksmbd_encrypt(c, 7, iov, 3, len, header));
		KUNIT_EXPECT_NE(test, 0, memcmp(plain, text, len));
		memmove(frame, header, sizeof(header));
		memmove(frame + 52, text, len);
		r = wire_reader_of((struct wire_span) { frame, 52 + len });
		KUNIT_EXPECT_EQ(test, 0, wire_decode_transform(&r, &t));
		KUNIT_EXPECT_EQ(test, 0, decrypt_one(c, &t, frame, frame + 52));
		KUNIT_EXPECT_EQ(test, 0, memcmp(plain, frame + 52, len));
		ksmbd_cipher_free(c);
		vfree(frame);
		vfree(plain);
	}
}

/* From the KBKDFHMAC of Python's cryptography package. */
static void keys_are_those_of_sp800_108(struct kunit *test)
{
	static const struct {
		u16 dialect;
		enum ksmbd_key_purpose purpose;
		u32 len;
		const char *key;
	} cases[] = {
		{ 0x0210, KSMBD_KEY_SIGNING, 16, "101112131415161718191a1b1c1d1e1f" },
		{ 0x0300, KSMBD_KEY_SIGNING, 16, "24f1f0fdb269db9836d70efbbb97413f" },
		{ 0x0302, KSMBD_KEY_APPLICATION, 16, "fcdcc2c713f38db23189c653589890c7" },
		{ 0x0300, KSMBD_KEY_SERVER_IN, 16, "fe85e20ea4633a2437828b14d1833584" },
		{ 0x0302, KSMBD_KEY_SERVER_OUT, 16, "fa192f82747e0174f720cdaea0e2f537" },
		{ 0x0311, KSMBD_KEY_SIGNING, 16, "5ef54c06375af21e5e7e3ca026e5c7f4" },
		{ 0x0311, KSMBD_KEY_APPLICATION, 16, "f1d43833fc49bb12857127a0a131ac9f" },
		{ 0x0311, KSMBD_KEY_SERVER_IN, 16, "04c2e4001612bbdf632d093259857cd5" },
		{ 0x0311, KSMBD_KEY_SERVER_OUT, 16, "d88624ad45dae57ee525ff483f0f4d11" },
		{ 0x0311, KSMBD_KEY_SERVER_IN, 32,
		  "cd15085bdf93b42329a8817f98f6b21c197dfabe4d95fc769ae18d64fb241e21" },
		{ 0x0311, KSMBD_KEY_SERVER_OUT, 32,
		  "d335b53b66d02e7f76b7d886833a55c5b5ced5bec8975d9e5dfa19ed4cec1f46" },
	};
	u8 session_key[16], preauth[64], out[32];
	const struct wire_span key = { session_key, sizeof(session_key) };
	u32 i;

	for (i = 0; i < 16; i++)
		session_key[i] = 0x10 + i;
	for (i = 0; i < 64; i++)
		preauth[i] = i * 7 + 3;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		int err = ksmbd_derive_key(cases[i].dialect, cases[i].purpose,
					   key, preauth, out,
					   cases[i].len);

		KUNIT_EXPECT_EQ(test, 0, err);
		expect_hex(test, cases[i].key, out, cases[i].len);
	}
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP,
			ksmbd_derive_key(0x0210, KSMBD_KEY_SERVER_IN,
					 key, preauth, out, 16));

	/* The sample of the Windows 8 release notes on signing keys. */
	unhex(test, session_key, "7cd451825d0450d235424e44ba6e78cc", 16);
	KUNIT_EXPECT_EQ(test, 0, ksmbd_derive_key(0x0300, KSMBD_KEY_SIGNING,
						  key, NULL, out, 16));
	expect_hex(test, "0b7e9c5cac36c0f6ea9ab275298cedce", out, 16);
}

static void preauth_hash_chains_the_messages(struct kunit *test)
{
	static const char request[] = "negotiate request";
	static const char response[] = "negotiate response";
	const struct kvec first = KSMBD_PIECE(request, sizeof(request) - 1);
	const struct kvec second[] = {
		KSMBD_PIECE(response, 5),
		KSMBD_PIECE(response + 5, sizeof(response) - 1 - 5),
	};
	u8 hash[KSMBD_PREAUTH_HASH_SIZE] = { 0 };

	KUNIT_EXPECT_EQ(test, 0, ksmbd_preauth_update(hash, &first, 1));
	KUNIT_EXPECT_EQ(test, 0, ksmbd_preauth_update(hash, second, 2));
	expect_hex(test, "37311ce11673083a4dac7793e056d1525c9bea2864fa8795"
			 "404f6191fbb3aacf294745e50a3bd0f09b69abba6e84a9fc"
			 "5a5fcc3bec21db21c4f92edb6a81edf5", hash, 64);
}

/* [MS-NLMP] 4.2.1 and 4.2.4: User, Domain, "Password". */
struct nlmp_sample {
	struct ksmbd_ntlm n;
	struct ntlmssp_authenticate a;
	u8 nt_hash[16], user[8], domain[12], blob[68], session_key[16];
};

static struct nlmp_sample *nlmp_sample(struct kunit *test)
{
	struct nlmp_sample *s = kunit_kzalloc(test, sizeof(*s), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, s);
	unhex(test, s->nt_hash, "a4f49c406510bdcab6824ee7c30fd852", 16);
	unhex(test, s->user, "5500730065007200", 8);
	unhex(test, s->domain, "44006f006d00610069006e00", 12);
	unhex(test, s->blob, "01010000000000000000000000000000"
			     "aaaaaaaaaaaaaaaa00000000"
			     "02000c0044006f006d00610069006e00"
			     "01000c00530065007200760065007200"
			     "0000000000000000", 68);
	unhex(test, s->session_key, "c5dad2544fc9799094ce1ce90bc9d03e", 16);
	unhex(test, s->n.challenge, "0123456789abcdef", 8);
	unhex(test, s->a.nt_proof, "68cd0ab851e51c96aabc927bebef6a1c", 16);
	s->n.flags = 0xe28a8233;
	s->a.flags = 0xe28a8233;
	s->a.user = (struct wire_span){ s->user, sizeof(s->user) };
	s->a.domain = (struct wire_span){ s->domain, sizeof(s->domain) };
	s->a.nt_blob = (struct wire_span){ s->blob, sizeof(s->blob) };
	s->a.nt_response_len = 16 + sizeof(s->blob);
	s->a.session_key = (struct wire_span){ s->session_key, 16 };
	return s;
}

static void ntlm_accepts_the_sample_of_the_specification(struct kunit *test)
{
	struct nlmp_sample *s = nlmp_sample(test);
	const struct wire_span message = { NULL, 0 };

	KUNIT_EXPECT_NULL(test, ksmbd_ntlm_refuses(&s->n, &s->a));
	KUNIT_EXPECT_EQ(test, 0, ksmbd_ntlm_check(&s->n, message, &s->a,
						  s->nt_hash));
	expect_hex(test, "55555555555555555555555555555555", s->n.key, 16);
}

static void ntlm_without_key_exchange_has_the_base_key(struct kunit *test)
{
	struct nlmp_sample *s = nlmp_sample(test);
	const struct wire_span message = { NULL, 0 };

	s->a.flags &= ~NTLMSSP_NEGOTIATE_KEY_EXCH;
	s->a.session_key.len = 0;
	KUNIT_EXPECT_EQ(test, 0, ksmbd_ntlm_check(&s->n, message, &s->a,
						  s->nt_hash));
	expect_hex(test, "8de40ccadbc14a82f15cb0ad0de95ca3", s->n.key, 16);
}

static void ntlm_refuses_any_change_of_what_is_proved(struct kunit *test)
{
	struct nlmp_sample *s = nlmp_sample(test);
	struct {
		u8 *p;
		u32 len;
	} parts[] = {
		{ s->nt_hash, 16 }, { s->n.challenge, 8 }, { s->a.nt_proof, 16 },
		{ s->blob, sizeof(s->blob) }, { s->domain, sizeof(s->domain) },
	};
	const struct wire_span message = { NULL, 0 };
	u32 i, byte;

	for (i = 0; i < ARRAY_SIZE(parts); i++) {
		for (byte = 0; byte < parts[i].len; byte++) {
			parts[i].p[byte] ^= 0x20;
			KUNIT_EXPECT_EQ(test, -EACCES,
					ksmbd_ntlm_check(&s->n, message, &s->a,
							 s->nt_hash));
			parts[i].p[byte] ^= 0x20;
		}
	}
	/* The user's case is not proved, his letters are. */
	s->user[2] ^= 0x20;
	KUNIT_EXPECT_EQ(test, 0, ksmbd_ntlm_check(&s->n, message, &s->a,
						  s->nt_hash));
	s->user[2] ^= 1;
	KUNIT_EXPECT_EQ(test, -EACCES, ksmbd_ntlm_check(&s->n, message, &s->a,
							s->nt_hash));
}

static void ntlm_refuses_old_responses(struct kunit *test)
{
	struct nlmp_sample *s = nlmp_sample(test);

	s->a.nt_response_len = 24;
	KUNIT_EXPECT_STREQ(test, "NTLMv1 response",
			   ksmbd_ntlm_refuses(&s->n, &s->a));
	s->a.nt_response_len = 0;
	KUNIT_EXPECT_STREQ(test, "LM response",
			   ksmbd_ntlm_refuses(&s->n, &s->a));
	s->a.nt_response_len = 200;
	s->a.flags &= ~NTLMSSP_NEGOTIATE_EXTENDED_SESSIONSECURITY;
	KUNIT_EXPECT_STREQ(test, "no extended session security",
			   ksmbd_ntlm_refuses(&s->n, &s->a));
	s->a.nt_response_len = 0;
	s->a.user.len = 0;
	KUNIT_EXPECT_NULL(test, ksmbd_ntlm_refuses(&s->n, &s->a));
	KUNIT_EXPECT_TRUE(test, ksmbd_ntlm_is_anonymous(&s->a));
}

/* Keys as in [MS-NLMP] 4.2.4.4; the MICs computed with impacket. */
static void mech_list_mic_is_ntlms_first_signature(struct kunit *test)
{
	struct ksmbd_ntlm n = { .flags = 0xe2088233 };
	u8 list[14], mic[16];

	memset(n.key, 0x55, sizeof(n.key));
	unhex(test, list, "300c060a2b06010401823702020a", 14);
	KUNIT_EXPECT_EQ(test, 0, ksmbd_ntlm_mech_mic(&n, true, list, 14, mic));
	expect_hex(test, "0100000022a3984fefbb9c3200000000", mic, 16);
	KUNIT_EXPECT_EQ(test, 0, ksmbd_ntlm_mech_mic(&n, false, list, 14, mic));
	expect_hex(test, "010000007dd6da05648a73ae00000000", mic, 16);
	n.flags &= ~NTLMSSP_NEGOTIATE_KEY_EXCH;
	KUNIT_EXPECT_EQ(test, 0, ksmbd_ntlm_mech_mic(&n, true, list, 14, mic));
	expect_hex(test, "010000002646f52a31a2c3ee00000000", mic, 16);
}

static void upper_case_is_that_of_windows(struct kunit *test)
{
	static const u16 pairs[][2] = {
		{ 'a', 'A' }, { 'z', 'Z' }, { '{', '{' }, { 0xE9, 0xC9 },
		{ 0xF7, 0xF7 }, { 0xDF, 0xDF }, { 0xFF, 0x178 }, { 0xB5, 0xB5 },
		{ 0x131, 0x131 }, { 0x17F, 0x17F }, { 0x101, 0x100 },
		{ 0x100, 0x100 }, { 0x3C2, 0x3A3 }, { 0x3C3, 0x3A3 },
		{ 0x44F, 0x42F }, { 0x451, 0x401 }, { 0x561, 0x531 },
		{ 0x10D0, 0x10D0 }, { 0x1FB3, 0x1FBC }, { 0x24D0, 0x24B6 },
		{ 0xFF41, 0xFF21 }, { 0xD801, 0xD801 }, { 0xFFFF, 0xFFFF },
	};
	u32 i;

	for (i = 0; i < ARRAY_SIZE(pairs); i++)
		KUNIT_EXPECT_EQ_MSG(test, pairs[i][1], wire_upcase(pairs[i][0]),
				    "U+%04X", pairs[i][0]);
}

static void places_of_an_account_run_out(struct kunit *test)
{
	struct ksmbd_delay *taken[KSMBD_DELAY_PLACES];
	char account[] = "kunit-a";
	u32 i;

	for (i = 0; i < KSMBD_DELAY_PLACES; i++) {
		account[6] = 'a' + i / KSMBD_DELAY_PLACES_PER_ACCOUNT;
		taken[i] = ksmbd_delay_enter(account);
		KUNIT_EXPECT_NOT_NULL(test, taken[i]);
		if ((i + 1) % KSMBD_DELAY_PLACES_PER_ACCOUNT == 0)
			KUNIT_EXPECT_NULL(test, ksmbd_delay_enter(account));
	}
	KUNIT_EXPECT_NULL(test, ksmbd_delay_enter("kunit-other"));
	for (i = 0; i < KSMBD_DELAY_PLACES; i++)
		if (taken[i])
			ksmbd_delay_leave(taken[i], false);
	taken[0] = ksmbd_delay_enter("kunit-other");
	KUNIT_ASSERT_NOT_NULL(test, taken[0]);

	ksmbd_delay_cancel();
	ksmbd_delay_leave(taken[0], true);	/* at once */
	ksmbd_delay_allow();
}

/* Both places are taken at the same time; their delays follow one another. */
static void delays_of_an_account_add_up(struct kunit *test)
{
	const unsigned long length = ksmbd_delay_length;
	struct ksmbd_delay *d = ksmbd_delay_enter("kunit-slow");
	struct ksmbd_delay *twin = ksmbd_delay_enter("kunit-slow");
	unsigned long start = jiffies;

	KUNIT_ASSERT_PTR_EQ(test, d, twin);
	ksmbd_delay_length = HZ / 20;
	ksmbd_delay_leave(d, true);
	KUNIT_EXPECT_GE(test, jiffies - start, ksmbd_delay_length);
	ksmbd_delay_leave(twin, true);
	KUNIT_EXPECT_GE(test, jiffies - start, 2 * ksmbd_delay_length);
	ksmbd_delay_length = length;
}

static struct kunit_case auth_cases[] = {
	KUNIT_CASE(cmac_gives_the_macs_of_the_rfc),
	KUNIT_CASE(cmac_agrees_with_its_slow_twin),
	KUNIT_CASE(cmac_of_pages_agrees_too),
	KUNIT_CASE(signatures_ignore_their_own_field),
	KUNIT_CASE(gmac_does_not_care_where_a_message_lies),
	KUNIT_CASE(gmac_leaves_the_gcm_of_others_alone),
	KUNIT_CASE(encrypted_messages_are_those_of_the_specification),
	KUNIT_CASE(large_messages_are_encrypted_in_place),
	KUNIT_CASE(keys_are_those_of_sp800_108),
	KUNIT_CASE(preauth_hash_chains_the_messages),
	KUNIT_CASE(ntlm_accepts_the_sample_of_the_specification),
	KUNIT_CASE(ntlm_without_key_exchange_has_the_base_key),
	KUNIT_CASE(ntlm_refuses_any_change_of_what_is_proved),
	KUNIT_CASE(ntlm_refuses_old_responses),
	KUNIT_CASE(mech_list_mic_is_ntlms_first_signature),
	KUNIT_CASE(upper_case_is_that_of_windows),
	KUNIT_CASE(places_of_an_account_run_out),
	KUNIT_CASE(delays_of_an_account_add_up),
	{ }
};

static int suite_init(struct kunit_suite *suite)
{
	return ksmbd_crypto_init();
}

static void suite_exit(struct kunit_suite *suite)
{
	ksmbd_crypto_exit();
}

static struct kunit_suite auth_suite = {
	.name = "ksmbd-auth",
	.suite_init = suite_init,
	.suite_exit = suite_exit,
	.test_cases = auth_cases,
};

kunit_test_suite(auth_suite);
