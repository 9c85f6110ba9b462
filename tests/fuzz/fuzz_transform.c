// SPDX-License-Identifier: GPL-2.0
/* A transform header: says the message behind it exactly, or nothing. */
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t len)
{
	struct wire_span in = { .data = data, .len = len };
	struct wire_reader r = wire_reader_of(in);
	u8 again[SMB2_TRANSFORM_SIZE];
	struct wire_writer w = wire_writer_of(again, sizeof(again));
	struct smb2_transform t;
	int err;

	err = wire_decode_transform(&r, &t);
	MUST(err == 0 || err == -EINVAL);
	if (err)
		return 0;
	MUST(r.pos == SMB2_TRANSFORM_SIZE);
	MUST(t.original_message_size >= SMB2_HEADER_SIZE);
	MUST(t.original_message_size == in.len - r.pos);
	wire_encode_transform(&w, &t);
	MUST(!w.full && w.len == SMB2_TRANSFORM_SIZE);
	/* but for the two reserved bytes */
	MUST(!memcmp(again, data, 40) && !memcmp(again + 42, data + 42, 10));
	return 0;
}
