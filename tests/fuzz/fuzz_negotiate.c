// SPDX-License-Identifier: GPL-2.0
/* NEGOTIATE of SMB2 and of SMB1, and VALIDATE_NEGOTIATE_INFO. */
#include "fuzz.h"

static void check(const struct smb2_negotiate_req *req, struct wire_span in)
{
	MUST(req->n_dialects > 0 && req->n_dialects <= WIRE_MAX_DIALECTS);
	MUST(req->hash_algorithms.n <= WIRE_MAX_ALGORITHMS);
	MUST(req->ciphers.n <= WIRE_MAX_ALGORITHMS);
	MUST(req->signing_algorithms.n <= WIRE_MAX_ALGORITHMS);
	MUST(req->has_preauth == (req->hash_algorithms.n > 0));
	MUST(req->has_encryption == (req->ciphers.n > 0));
	MUST(req->has_signing == (req->signing_algorithms.n > 0));
	must_be_inside(req->netname, in);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t len)
{
	struct wire_span in = { .data = data, .len = len };
	struct smb2_validate_negotiate_req validate;
	struct wire_reader r = wire_reader_of(in);
	struct smb1_negotiate smb1;
	union smb2_req u;
	int err;

	err = wire_decode_negotiate(&r, &u);
	MUST(err == 0 || err == -EINVAL);
	if (!err)
		check(&u.negotiate, in);
	err = wire_decode_smb1_negotiate(in, &smb1);
	MUST(err == 0 || err == -EINVAL);
	err = wire_decode_validate_negotiate(in, &validate);
	MUST(err == -EINVAL || validate.n_dialects <= WIRE_MAX_DIALECTS);
	return 0;
}
