// SPDX-License-Identifier: GPL-2.0
#include "test.h"

unsigned int failures, checks;

static int decode_copy(const u8 *bytes, u32 len, decode_fn decode)
{
	u8 *exact = malloc(len);
	int err;

	if (!exact && len)
		abort();
	if (len)
		memcpy(exact, bytes, len);
	err = decode(span_of(exact, len));
	free(exact);
	return err;
}

void every_prefix(const char *what, const u8 *bytes, u32 len, u32 needed,
		  decode_fn decode)
{
	u32 n;

	for (n = 0; n <= len; n++) {
		int err = decode_copy(bytes, n, decode);

		checks++;
		if ((err == 0) == (n >= needed) && (!err || err == -EINVAL))
			continue;
		failures++;
		fprintf(stderr, "%s: %d for %u of %u bytes\n", what, err, n, len);
	}
}

void every_byte_bent(const u8 *bytes, u32 len, decode_fn decode)
{
	static const u8 values[] = { 0x00, 0x01, 0x7F, 0x80, 0xFF };
	u8 bent[4096];
	u32 i, j;

	for (i = 0; i < len; i++) {
		for (j = 0; j < sizeof(values); j++) {
			memcpy(bent, bytes, len);
			bent[i] = values[j];
			decode_copy(bent, len, decode);
			checks++;
		}
	}
}

int main(void)
{
	test_header();
	test_gmac_nonce();
	test_transform();
	test_requests();
	test_responses();
	test_negotiate();
	test_create();
	test_utf16();
	test_fscc_query();
	test_fscc_dir();
	test_fscc_set();
	test_spnego();
	test_ntlmssp();
	test_fsctl();
	test_sd();
	printf("wire: %u checks, %u failures\n", checks, failures);
	return failures != 0;
}
