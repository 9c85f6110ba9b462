// SPDX-License-Identifier: GPL-2.0
/* The body of a CREATE, its chain of contexts above all. */
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t len)
{
	struct wire_span in = { .data = data, .len = len };
	struct wire_reader r = wire_reader_of(in);
	struct smb2_create_req *req;
	struct smb2_durable d;
	struct fscc_apple apple;
	union smb2_req u;
	int err;

	wire_get_finder_info(in, len, &apple);
	err = wire_decode_create(&r, &u);
	MUST(err == 0 || err == -EINVAL);
	if (err)
		return 0;
	req = &u.create;
	must_be_inside(req->name, in);
	must_be_inside(req->extended_attributes, in);
	must_be_inside(req->security_descriptor, in);
	must_be_inside(req->durable, in);
	MUST(!(req->contexts & CREATE_CTX_RQLS) == !req->lease.version);
	MUST(req->lease.version <= 2);
	MUST(!(req->contexts & (CREATE_CTX_DHNQ | CREATE_CTX_DHNC |
				CREATE_CTX_DH2Q | CREATE_CTX_DH2C)) ==
	     !req->durable.len);
	for (u32 one = CREATE_CTX_DHNQ; one <= CREATE_CTX_DH2C; one <<= 1)
		if (req->contexts & one && req->durable.len >= 36)
			wire_get_durable(req, one, &d);
	MUST(req->aapl.command <= AAPL_SERVER_QUERY);
	MUST(req->twrp == 0 || req->contexts & CREATE_CTX_TWRP);
	return 0;
}
