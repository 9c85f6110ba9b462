/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _WIRE_FUZZ_H
#define _WIRE_FUZZ_H

#include <stdio.h>
#include <stdlib.h>
#include "fscc.h"
#include "security.h"
#include "smb2.h"
#include "utf16.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t len);

/* assert() that NDEBUG cannot switch off */
#define MUST(cond)							\
do {									\
	if (!(cond)) {							\
		fprintf(stderr, "%s:%d: not %s\n", __FILE__, __LINE__,	\
			#cond);						\
		abort();						\
	}								\
} while (0)

/* A span is empty, or lies inside what it came from; its bytes are readable. */
static inline void must_be_inside(struct wire_span s, struct wire_span in)
{
	static volatile u8 sink;

	if (!s.len)
		return;
	MUST(s.data >= in.data && s.len <= in.len);
	MUST((size_t)(s.data - in.data) <= in.len - s.len);
	sink = s.data[0];
	sink = s.data[s.len - 1];
	(void)sink;
}

#endif /* _WIRE_FUZZ_H */
