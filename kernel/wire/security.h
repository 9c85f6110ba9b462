/* SPDX-License-Identifier: GPL-2.0 */
/* Authentication tokens: SPNEGO (RFC 4178) and NTLMSSP ([MS-NLMP]). */
#ifndef _WIRE_SECURITY_H
#define _WIRE_SECURITY_H

#include "wire.h"

#define SPNEGO_MAX_MECHS	8

enum spnego_mech {
	SPNEGO_MECH_UNKNOWN,
	SPNEGO_MECH_NTLMSSP,	/* 1.3.6.1.4.1.311.2.2.10 */
	SPNEGO_MECH_KRB5,	/* 1.2.840.113554.1.2.2 */
	SPNEGO_MECH_MS_KRB5,	/* 1.2.840.48018.1.2.2 */
	SPNEGO_MECH_NEGOEX,	/* 1.3.6.1.4.1.311.2.2.30 */
};

/**
 * struct spnego_init - NegTokenInit, RFC 4178 4.2.1
 * @mechs: in the client's order, the first SPNEGO_MAX_MECHS
 * @mech_list: the DER of mechTypes (the SEQUENCE with its header), over which
 *	mechListMIC is computed
 */
struct spnego_init {
	u8 n_mechs;
	enum spnego_mech mechs[SPNEGO_MAX_MECHS];
	struct wire_span mech_list;
	struct wire_span mech_token;
	struct wire_span mech_list_mic;
};

enum spnego_state {
	SPNEGO_ACCEPT_COMPLETED = 0,
	SPNEGO_ACCEPT_INCOMPLETE = 1,
	SPNEGO_REJECT = 2,
	SPNEGO_REQUEST_MIC = 3,
	SPNEGO_NO_STATE = 255,
};

/* NegTokenResp, RFC 4178 4.2.2, from the client */
struct spnego_resp {
	enum spnego_state state;
	struct wire_span response_token;
	struct wire_span mech_list_mic;
};

/* DER readers: definite lengths only, nesting fixed by the grammar. */
int spnego_decode_init(struct wire_span in, struct spnego_init *t);
int spnego_decode_resp(struct wire_span in, struct spnego_resp *t);

/* NegTokenInit2 of NEGOTIATE, [MS-SPNG] 2.2.1, with the mechanisms offered. */
void spnego_put_init(struct wire_writer *w, const enum spnego_mech *mechs,
		     u8 n_mechs);
/* NegTokenResp; @mech SPNEGO_MECH_UNKNOWN leaves supportedMech out, empty spans theirs. */
void spnego_put_resp(struct wire_writer *w, enum spnego_state state,
		     enum spnego_mech mech, struct wire_span token,
		     struct wire_span mic);

#define NTLMSSP_NEGOTIATE_UNICODE		0x00000001
#define NTLMSSP_NEGOTIATE_OEM			0x00000002
#define NTLMSSP_REQUEST_TARGET			0x00000004
#define NTLMSSP_NEGOTIATE_SIGN			0x00000010
#define NTLMSSP_NEGOTIATE_SEAL			0x00000020
#define NTLMSSP_NEGOTIATE_LM_KEY		0x00000080
#define NTLMSSP_NEGOTIATE_NTLM			0x00000200
#define NTLMSSP_ANONYMOUS			0x00000800
#define NTLMSSP_NEGOTIATE_ALWAYS_SIGN		0x00008000
#define NTLMSSP_TARGET_TYPE_SERVER		0x00020000
#define NTLMSSP_NEGOTIATE_EXTENDED_SESSIONSECURITY 0x00080000
#define NTLMSSP_NEGOTIATE_TARGET_INFO		0x00800000
#define NTLMSSP_NEGOTIATE_VERSION		0x02000000
#define NTLMSSP_NEGOTIATE_128			0x20000000
#define NTLMSSP_NEGOTIATE_KEY_EXCH		0x40000000
#define NTLMSSP_NEGOTIATE_56			0x80000000

enum ntlmssp_type {
	NTLMSSP_NEGOTIATE = 1,
	NTLMSSP_CHALLENGE = 2,
	NTLMSSP_AUTHENTICATE = 3,
};

/* The signature and MessageType of any NTLMSSP message, or -EINVAL. */
int ntlmssp_type(struct wire_span in);

/* [MS-NLMP] 2.2.1.1 */
struct ntlmssp_negotiate {
	u32 flags;
};
int ntlmssp_decode_negotiate(struct wire_span in, struct ntlmssp_negotiate *n);

/* [MS-NLMP] 2.2.1.2; @netbios_name and @domain are UTF-8 */
struct ntlmssp_challenge {
	u32 flags;
	u8 server_challenge[8];
	const char *netbios_name;	/* target name, NbComputerName, NbDomainName */
	const char *dns_name;
	u64 timestamp;			/* MsvAvTimestamp, NTTIME */
};
void ntlmssp_put_challenge(struct wire_writer *w,
			   const struct ntlmssp_challenge *c);

#define MSV_AV_EOL		0
#define MSV_AV_FLAGS		6
#define MSV_AV_TIMESTAMP	7
#define MSV_AV_TARGET_NAME	9
#define MSV_AV_CHANNEL_BINDINGS	10
#define MSV_AV_FLAG_MIC		0x00000002

/**
 * struct ntlmssp_authenticate - [MS-NLMP] 2.2.1.3
 * @nt_proof: first 16 bytes of NtChallengeResponse; all zero when there is none
 * @nt_blob: NTLMv2_CLIENT_CHALLENGE, 2.2.2.7, what follows @nt_proof
 * @nt_response_len: as announced, to tell NTLMv1 (24) from NTLMv2
 * @av_flags, @has_av_timestamp, @av_timestamp: from the AV pairs of @nt_blob
 * @mic: at mic_offset in the message when @has_mic
 */
struct ntlmssp_authenticate {
	u32 flags;
	struct wire_span domain;	/* UTF-16LE, as the client typed it */
	struct wire_span user;
	struct wire_span workstation;
	struct wire_span lm_response;
	u32 nt_response_len;
	u8 nt_proof[16];
	struct wire_span nt_blob;
	u32 av_flags;
	bool has_av_timestamp;
	u64 av_timestamp;
	struct wire_span target_name;	/* MsvAvTargetName, UTF-16LE */
	struct wire_span channel_bindings; /* 16 bytes or empty */
	struct wire_span session_key;	/* EncryptedRandomSessionKey: 0 or 16 bytes, else -EINVAL */
	bool has_mic;
	u32 mic_offset;
	u8 mic[16];
};
int ntlmssp_decode_authenticate(struct wire_span in,
				struct ntlmssp_authenticate *a);

#endif /* _WIRE_SECURITY_H */
