/* SPDX-License-Identifier: GPL-2.0 */
/* The few kernel names that wire/ uses, for the programs under tests/. */
#ifndef _WIRE_USER_H
#define _WIRE_USER_H

#include <endian.h>
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int8_t s8;
typedef int16_t s16;
typedef int32_t s32;
typedef int64_t s64;

#define __force
#define __bitwise
#define BIT(n) (1U << (n))
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define min(a, b) ((a) < (b) ? (a) : (b))
#define max(a, b) ((a) > (b) ? (a) : (b))
#define ALIGN(v, a) (((v) + (a) - 1) & ~((a) - 1))
#define fallthrough __attribute__((__fallthrough__))

#define DEFINE_UNALIGNED(n)						\
static inline u##n get_unaligned_le##n(const void *p)			\
{									\
	u##n v;								\
									\
	memcpy(&v, p, sizeof(v));					\
	return le##n##toh(v);						\
}									\
static inline void put_unaligned_le##n(u##n v, void *p)			\
{									\
	v = htole##n(v);						\
	memcpy(p, &v, sizeof(v));					\
}
DEFINE_UNALIGNED(16)
DEFINE_UNALIGNED(32)
DEFINE_UNALIGNED(64)
#undef DEFINE_UNALIGNED

#endif /* _WIRE_USER_H */
