// SPDX-License-Identifier: GPL-2.0
/*
 * SMB2 NEGOTIATE.  [MS-SMB2] 3.3.5.3 and 3.3.5.4.  Runs in the receiving
 * thread, so nothing else sees the connection until it is done.
 */
#include "smb2/smb2.h"

#include <linux/random.h>
#include <linux/timekeeping.h>
#include "fs/fs.h"
#include "smb2/negotiate.h"

static const u16 dialects[] = {		/* best first */
	SMB2_DIALECT_0311, SMB2_DIALECT_0302, SMB2_DIALECT_0300,
	SMB2_DIALECT_0210, SMB2_DIALECT_0202,
};

u16 smb2_choose_dialect(const u16 *offered, u16 n)
{
	for (size_t i = 0; i < ARRAY_SIZE(dialects); i++) {
		if (dialects[i] < ksmbd_settings.min_dialect ||
		    dialects[i] > ksmbd_settings.max_dialect)
			continue;
		for (u16 j = 0; j < n; j++)
			if (offered[j] == dialects[i])
				return dialects[i];
	}
	return 0;
}

static bool lists(const struct wire_u16_list *l, u16 v)
{
	for (u16 i = 0; i < l->n; i++)
		if (l->v[i] == v)
			return true;
	return false;
}

/*
 * Best first, whatever the client's order.  CMAC is what 3.x does without the
 * context, and with one that has nothing for us (3.3.5.4).
 */
static u16 choose_signing(const struct smb2_negotiate_req *req, u16 dialect)
{
	static const u16 algorithms[] = {
		SMB2_SIGNING_AES_GMAC, SMB2_SIGNING_AES_CMAC,
		SMB2_SIGNING_HMAC_SHA256,
	};

	if (dialect < SMB2_DIALECT_0300)
		return SMB2_SIGNING_HMAC_SHA256;
	if (dialect == SMB2_DIALECT_0311 && req->has_signing)
		for (size_t i = 0; i < ARRAY_SIZE(algorithms); i++)
			if (lists(&req->signing_algorithms, algorithms[i]))
				return algorithms[i];
	return SMB2_SIGNING_AES_CMAC;
}

/*
 * One for all: GCM is several times faster than CCM, and 128 bits are enough
 * for a client that takes either.  0: none in common, or switched off.
 */
static u16 choose_cipher(const struct smb2_negotiate_req *req, u16 dialect)
{
	static const u16 ciphers[] = {
		SMB2_ENCRYPTION_AES128_GCM, SMB2_ENCRYPTION_AES256_GCM,
		SMB2_ENCRYPTION_AES128_CCM, SMB2_ENCRYPTION_AES256_CCM,
	};

	if (dialect < SMB2_DIALECT_0300 ||
	    ksmbd_settings.flags & KSMBD_GLOBAL_FLAG_SMB2_ENCRYPTION_OFF)
		return 0;
	if (dialect < SMB2_DIALECT_0311)
		return req->capabilities & SMB2_GLOBAL_CAP_ENCRYPTION ?
		       SMB2_ENCRYPTION_AES128_CCM : 0;
	for (size_t i = 0; i < ARRAY_SIZE(ciphers); i++)
		if (lists(&req->ciphers, ciphers[i]))
			return ciphers[i];
	return 0;
}

static ntstatus_t check_contexts(const struct smb2_negotiate_req *req)
{
	if (!req->has_preauth)
		return STATUS_INVALID_PARAMETER;
	if (!lists(&req->hash_algorithms, SMB2_HASH_SHA512))
		return STATUS_NO_PREAUTH_INTEGRITY_HASH_OVERLAP;
	return STATUS_SUCCESS;
}

static void choose_sizes(struct ksmbd_conn *conn)
{
	if (!(conn->capabilities & SMB2_GLOBAL_CAP_LARGE_MTU)) {
		conn->max_read = conn->max_write = conn->max_transact = 65536;
		return;
	}
	conn->max_read = ksmbd_settings.max_read;
	conn->max_write = ksmbd_settings.max_write;
	conn->max_transact = ksmbd_settings.max_trans;
	if (conn->dialect == SMB2_DIALECT_0210 && !ksmbd_settings.sizes_set) {
		conn->max_read = min_t(u32, conn->max_read, 1 << 20);
		conn->max_write = min_t(u32, conn->max_write, 1 << 20);
		conn->max_transact = min_t(u32, conn->max_transact, 1 << 20);
	}
}

/* The response and its payload from what @conn holds by now. */
static ntstatus_t answer(struct ksmbd_request *rq, u16 dialect,
			 const struct smb2_negotiate_contexts *ctx)
{
	struct smb2_negotiate_rsp *rsp = &rq->rsp.negotiate;
	struct ksmbd_conn *conn = rq->conn;
	struct timespec64 now;
	struct wire_writer w;
	struct wire_span blob;
	u8 hint[256];

	*rsp = (struct smb2_negotiate_rsp) {
		.security_mode		= conn->security_mode,
		.dialect		= dialect,
		.capabilities		= conn->capabilities,
		.max_transact_size	= conn->max_transact,
		.max_read_size		= conn->max_read,
		.max_write_size		= conn->max_write,
	};
	memcpy(rsp->server_guid, ksmbd_settings.server_guid, 16);
	ktime_get_coarse_real_ts64(&now);
	rsp->system_time = ksmbd_nttime(now);

	w = wire_writer_of(hint, sizeof(hint));
	ksmbd_auth_put_hint(&w);
	blob = (struct wire_span) { hint, w.len };
	if (w.full || !ksmbd_payload_alloc(&rq->payload, 512))
		return STATUS_INSUFFICIENT_RESOURCES;
	w = wire_writer_of(rq->payload.data, rq->payload.len);
	wire_put_negotiate_payload(&w, rsp, blob, ctx);
	if (w.full)
		return STATUS_INTERNAL_ERROR;
	rq->payload.len = w.len;
	return STATUS_SUCCESS;
}

static void describe_ourselves(struct ksmbd_conn *conn)
{
	conn->security_mode = SMB2_NEGOTIATE_SIGNING_ENABLED;
	if (ksmbd_settings.signing == KSMBD_CONFIG_OPT_MANDATORY)
		conn->security_mode |= SMB2_NEGOTIATE_SIGNING_REQUIRED;
	conn->capabilities = 0;
	if (conn->dialect > SMB2_DIALECT_0202)
		conn->capabilities |= SMB2_GLOBAL_CAP_LARGE_MTU;
	if (conn->dialect > SMB2_DIALECT_0202 &&
	    ksmbd_settings.flags & KSMBD_GLOBAL_FLAG_SMB2_LEASES)
		conn->capabilities |= SMB2_GLOBAL_CAP_LEASING;
	if (conn->dialect >= SMB2_DIALECT_0300 &&
	    conn->capabilities & SMB2_GLOBAL_CAP_LEASING &&
	    !(ksmbd_settings.flags & KSMBD_GLOBAL_FLAG_NO_DIRECTORY_LEASES))
		conn->capabilities |= SMB2_GLOBAL_CAP_DIRECTORY_LEASING;
	if (conn->cipher && conn->dialect < SMB2_DIALECT_0311)
		conn->capabilities |= SMB2_GLOBAL_CAP_ENCRYPTION;
	if (conn->dialect >= SMB2_DIALECT_0300 &&
	    ksmbd_settings.flags & KSMBD_GLOBAL_FLAG_SMB3_MULTICHANNEL)
		conn->capabilities |= SMB2_GLOBAL_CAP_MULTI_CHANNEL;
	choose_sizes(conn);
}

ntstatus_t smb2_negotiate(struct ksmbd_request *rq)
{
	const struct smb2_negotiate_req *req = &rq->req.negotiate;
	struct smb2_negotiate_contexts ctx = { };
	struct ksmbd_conn *conn = rq->conn;
	struct kvec bytes = { (void *)rq->raw.data, rq->raw.len };
	u16 dialect = smb2_choose_dialect(req->dialects, req->n_dialects);
	ntstatus_t status;

	/* Whatever fails here, the client cannot go on: it has no dialect. */
	rq->close_connection = true;
	if (!dialect)
		return STATUS_NOT_SUPPORTED;
	if (dialect == SMB2_DIALECT_0311) {
		status = check_contexts(req);
		if (status != STATUS_SUCCESS)
			return status;
		ctx.preauth = true;
		ctx.signing = req->has_signing;
		/* without one in common it says cipher 0: 3.3.5.4 */
		ctx.encryption = req->has_encryption &&
				 !(ksmbd_settings.flags &
				   KSMBD_GLOBAL_FLAG_SMB2_ENCRYPTION_OFF);
		get_random_bytes(ctx.salt, sizeof(ctx.salt));
		memset(conn->preauth_hash, 0, sizeof(conn->preauth_hash));
		if (ksmbd_preauth_update(conn->preauth_hash, &bytes, 1))
			return STATUS_INSUFFICIENT_RESOURCES;
	}

	conn->client_security_mode = req->security_mode;
	conn->client_capabilities = req->capabilities;
	memcpy(conn->client_guid, req->client_guid, 16);
	conn->n_client_dialects = req->n_dialects;
	memcpy(conn->client_dialects, req->dialects,
	       req->n_dialects * sizeof(u16));
	conn->signing_algorithm = choose_signing(req, dialect);
	ctx.signing_algorithm = conn->signing_algorithm;
	conn->cipher = choose_cipher(req, dialect);
	ctx.cipher = conn->cipher;
	conn->dialect = dialect;
	describe_ourselves(conn);

	status = answer(rq, dialect, &ctx);
	if (status != STATUS_SUCCESS)
		return status;
	rq->close_connection = false;
	spin_lock(&conn->lock);
	if (conn->state == CONN_NEW)
		conn->state = CONN_NEGOTIATED;
	spin_unlock(&conn->lock);
	return STATUS_SUCCESS;
}

/*
 * 3.3.5.3.1: "SMB 2.???" asks for an SMB2 NEGOTIATE to follow and is answered
 * with the wildcard; "SMB 2.002" alone settles for 2.0.2 at once.
 */
ntstatus_t smb2_negotiate_smb1(struct ksmbd_request *rq,
			       const struct smb1_negotiate *n)
{
	static const u16 only_202[] = { SMB2_DIALECT_0202 };
	struct smb2_negotiate_contexts none = { };
	struct ksmbd_conn *conn = rq->conn;
	ntstatus_t status;

	rq->close_connection = true;
	if (n->smb2_wildcard && ksmbd_settings.max_dialect > SMB2_DIALECT_0202) {
		/* sizes of what will most likely be negotiated next */
		conn->capabilities = SMB2_GLOBAL_CAP_LARGE_MTU;
		conn->security_mode = SMB2_NEGOTIATE_SIGNING_ENABLED;
		if (ksmbd_settings.signing == KSMBD_CONFIG_OPT_MANDATORY)
			conn->security_mode |= SMB2_NEGOTIATE_SIGNING_REQUIRED;
		choose_sizes(conn);
		status = answer(rq, SMB2_DIALECT_WILDCARD, &none);
	} else if (n->smb2_002 && smb2_choose_dialect(only_202, 1)) {
		conn->dialect = SMB2_DIALECT_0202;
		conn->n_client_dialects = 1;
		conn->client_dialects[0] = SMB2_DIALECT_0202;
		conn->signing_algorithm = SMB2_SIGNING_HMAC_SHA256;
		describe_ourselves(conn);
		status = answer(rq, SMB2_DIALECT_0202, &none);
	} else {
		status = STATUS_NOT_SUPPORTED;
	}
	rq->close_connection = status != STATUS_SUCCESS;
	return status;
}
