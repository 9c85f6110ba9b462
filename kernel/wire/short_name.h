/* SPDX-License-Identifier: GPL-2.0 */
/* 8.3 names, [MS-FSCC] 2.1.5.2.1, made from long ones. */
#ifndef _WIRE_SHORT_NAME_H
#define _WIRE_SHORT_NAME_H

#include "wire.h"

#define WIRE_SHORT_NAME_MAX	12

/*
 * The 8.3 name of @name (UTF-8), always the same: @name itself in upper case if
 * it is one, else a letter, a hash and the start of the extension.
 */
void wire_short_name(const char *name, u32 len, char out[WIRE_SHORT_NAME_MAX + 1]);
/* May @name be one that was made from a hash, in any case? */
bool wire_is_hashed_name(const char *name, u32 len);

#endif /* _WIRE_SHORT_NAME_H */
