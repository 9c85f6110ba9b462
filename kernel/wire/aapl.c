// SPDX-License-Identifier: GPL-2.0
#include "aapl.h"
#include "utf16.h"

#define YEAR_2000	946684800	/* seconds since 1970 */

void wire_get_aapl(struct wire_span data, struct aapl_query *q)
{
	struct wire_reader r = wire_reader_of(data);

	q->command = wire_get_u32(&r);
	wire_skip(&r, 4);			/* Reserved */
	q->asked = wire_get_u64(&r);
	q->client = wire_get_u64(&r);
	if (wire_reader_status(&r) || q->command != AAPL_SERVER_QUERY)
		memset(q, 0, sizeof(*q));
}

u32 wire_aapl_size(const struct aapl_answer *a)
{
	u32 size = 16;

	if (a->answered & AAPL_SERVER_CAPS)
		size += 8;
	if (a->answered & AAPL_VOLUME_CAPS)
		size += 8;
	if (a->answered & AAPL_MODEL_INFO)
		size += 8 + wire_utf16_len(a->model, strlen(a->model));
	return size;
}

void wire_put_aapl(struct wire_writer *w, const struct aapl_answer *a)
{
	u32 len;

	wire_put_u32(w, AAPL_SERVER_QUERY);
	wire_put_u32(w, 0);			/* Reserved */
	wire_put_u64(w, a->answered);
	if (a->answered & AAPL_SERVER_CAPS)
		wire_put_u64(w, a->server);
	if (a->answered & AAPL_VOLUME_CAPS)
		wire_put_u64(w, a->volume);
	if (a->answered & AAPL_MODEL_INFO) {
		len = strlen(a->model);
		wire_put_u32(w, 0);		/* Reserved */
		wire_put_u32(w, wire_utf16_len(a->model, len));
		wire_put_utf16(w, a->model, len);
	}
}

static void put_date_added(s64 added, u8 *p)
{
	u32 seconds = added - YEAR_2000, i;

	for (i = 0; i < 4; i++)
		p[i] = seconds >> (24 - 8 * i);
}

void wire_get_finder_info(struct wire_span info, s64 added,
			  struct fscc_apple *apple)
{
	struct wire_reader r = wire_reader_of(info);
	u8 magic[4], finder[32];

	memset(apple->finder_info, 0, sizeof(apple->finder_info));
	put_date_added(added, apple->finder_info + 12);
	wire_get_bytes(&r, magic, sizeof(magic));
	wire_skip(&r, 12);			/* Version, Reserved1, BackupTime */
	wire_get_bytes(&r, finder, sizeof(finder));
	if (wire_reader_status(&r) || memcmp(magic, "AFP", 4))
		return;
	memcpy(apple->finder_info, finder, 10);	/* type, creator, flags */
	memcpy(apple->finder_info + 10, finder + 24, 2);	/* extended flags */
}
