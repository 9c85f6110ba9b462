/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _WIRE_TEST_H
#define _WIRE_TEST_H

#include <stdio.h>
#include <stdlib.h>
#include "fscc.h"
#include "security.h"
#include "smb2.h"
#include "utf16.h"

extern unsigned int failures, checks;

#define CHECK(cond)							\
do {									\
	checks++;							\
	if (!(cond)) {							\
		failures++;						\
		fprintf(stderr, "%s:%d: %s: not %s\n", __FILE__,	\
			__LINE__, __func__, #cond);			\
	}								\
} while (0)

/* A message under construction; offsets are easy to patch. */
struct msg {
	u8 bytes[4096];
	struct wire_writer w;
};

static inline void msg_init(struct msg *m)
{
	memset(m->bytes, 0, sizeof(m->bytes));
	m->w = wire_writer_of(m->bytes, sizeof(m->bytes));
}

static inline void patch_u16(struct msg *m, u32 at, u16 v)
{
	put_unaligned_le16(v, m->bytes + at);
}

static inline void patch_u32(struct msg *m, u32 at, u32 v)
{
	put_unaligned_le32(v, m->bytes + at);
}

static inline struct wire_span msg_span(const struct msg *m)
{
	return (struct wire_span){ .data = m->bytes, .len = m->w.len };
}

static inline struct wire_span span_of(const void *p, u32 len)
{
	return (struct wire_span){ .data = p, .len = len };
}

static inline bool span_is(struct wire_span s, const void *p, u32 len)
{
	return s.len == len && (!len || !memcmp(s.data, p, len));
}

/* A decoder of a whole buffer: 0 or an errno; @out is scratch of its own. */
typedef int (*decode_fn)(struct wire_span in);

/*
 * Decodes every prefix in a heap buffer of exactly its size, so that ASan sees
 * one byte too many.  From @needed bytes on it has to succeed, before it must
 * not.
 */
void every_prefix(const char *what, const u8 *bytes, u32 len, u32 needed,
		  decode_fn decode);

/* Every byte of @bytes set to 0, 0x7F, 0x80 and 0xFF in turn: no crash. */
void every_byte_bent(const u8 *bytes, u32 len, decode_fn decode);

void test_header(void);
void test_gmac_nonce(void);
void test_transform(void);
void test_requests(void);
void test_responses(void);
void test_negotiate(void);
void test_create(void);
void test_utf16(void);
void test_fscc_query(void);
void test_fscc_dir(void);
void test_fscc_set(void);
void test_spnego(void);
void test_ntlmssp(void);
void test_fsctl(void);
void test_sd(void);

#endif /* _WIRE_TEST_H */
