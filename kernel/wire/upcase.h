/* SPDX-License-Identifier: GPL-2.0 */
/* Upper case of UTF-16, one unit to one, as [MS-UCODEREF] 3.1.5.3 has it. */
#ifndef _WIRE_UPCASE_H
#define _WIRE_UPCASE_H

#include "wire.h"

u16 wire_upcase(u16 unit);

/* Appends @in (UTF-16LE) in upper case; an odd last byte goes as it is. */
void wire_put_upcase(struct wire_writer *w, struct wire_span in);

#endif /* _WIRE_UPCASE_H */
