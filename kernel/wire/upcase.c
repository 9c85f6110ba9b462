// SPDX-License-Identifier: GPL-2.0
#include "upcase.h"

/* Units @first, @first + @step ... @last have their upper case @delta away. */
static const struct upcase_run {
	u16 first, last, step;
	s32 delta;
} upcase_runs[] = {
#include "upcase_table.inc"
};

u16 wire_upcase(u16 unit)
{
	u32 low = 0, high = ARRAY_SIZE(upcase_runs);

	if (unit < 0x80)
		return unit >= 'a' && unit <= 'z' ? unit - 0x20 : unit;

	while (low < high) {
		u32 mid = low + (high - low) / 2;
		const struct upcase_run *run = &upcase_runs[mid];

		if (unit < run->first)
			high = mid;
		else if (unit > run->last)
			low = mid + 1;
		else
			return (unit - run->first) % run->step ?
				unit : unit + run->delta;
	}
	return unit;
}

void wire_put_upcase(struct wire_writer *w, struct wire_span in)
{
	u32 i;

	for (i = 0; i + 1 < in.len; i += 2)
		wire_put_u16(w, wire_upcase(get_unaligned_le16(in.data + i)));
	if (i < in.len)
		wire_put_u8(w, in.data[i]);
}
