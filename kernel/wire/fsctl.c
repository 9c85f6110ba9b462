// SPDX-License-Identifier: GPL-2.0
#include "fsctl.h"
#include "file_id.h"

#define CHUNK_SIZE		24
#define SOCKADDR_SIZE		128
#define FAMILY_INET		0x0002
#define FAMILY_INET6		0x0017
#define DUPLICATE_EX_SIZE	0x30	/* what StructureSize says; there are more */

/* [MS-SMB2] 2.2.31.1 SRV_COPYCHUNK_COPY */
int fsctl_get_copychunk(struct wire_span in, struct fsctl_copychunk *c)
{
	struct wire_reader r = wire_reader_of(in);

	wire_get_bytes(&r, c->source_key, sizeof(c->source_key));
	c->chunk_count = wire_get_u32(&r);
	wire_skip(&r, 4);			/* Reserved */
	if (c->chunk_count > wire_left(&r) / CHUNK_SIZE)
		return -EINVAL;
	c->chunks = wire_take_span(&r, c->chunk_count * CHUNK_SIZE);
	return wire_reader_status(&r);
}

/* [MS-SMB2] 2.2.31.1.1 SRV_COPYCHUNK */
struct fsctl_chunk fsctl_chunk_at(const struct fsctl_copychunk *c, u32 i)
{
	struct wire_reader r = wire_reader_at(c->chunks, i * CHUNK_SIZE);
	struct fsctl_chunk chunk;

	chunk.source_offset = wire_get_u64(&r);
	chunk.target_offset = wire_get_u64(&r);
	chunk.length = wire_get_u32(&r);
	return chunk;
}

/* [MS-SMB2] 2.2.32.1 SRV_COPYCHUNK_RESPONSE */
void fsctl_put_copychunk(struct wire_writer *w,
			 const struct fsctl_copychunk_rsp *rsp)
{
	wire_put_u32(w, rsp->chunks_written);
	wire_put_u32(w, rsp->chunk_bytes_written);
	wire_put_u32(w, rsp->total_bytes_written);
}

/* [MS-SMB2] 2.2.32.3 SRV_REQUEST_RESUME_KEY Response */
void fsctl_put_resume_key(struct wire_writer *w,
			  const u8 key[FSCTL_RESUME_KEY_SIZE])
{
	wire_put_bytes(w, key, FSCTL_RESUME_KEY_SIZE);
	wire_put_u32(w, 0);			/* ContextLength */
	wire_put_u32(w, 0);			/* Context */
}

/* --- [MS-SMB2] 2.2.32.2 SRV_SNAPSHOT_ARRAY --- */

#define GMT_TOKEN	25		/* UTF-16 units of @GMT-YYYY.MM.DD-HH.MM.SS and NUL */

static void put_digits(struct wire_writer *w, u32 value, u32 width)
{
	u32 unit = 1;

	while (--width)
		unit *= 10;
	for (; unit; unit /= 10)
		wire_put_u16(w, '0' + value / unit % 10);
}

static void put_part(struct wire_writer *w, char before, u32 value, u32 width)
{
	wire_put_u16(w, before);
	put_digits(w, value, width);
}

void fsctl_put_snapshot(struct wire_writer *w, const struct fsctl_gmt *t)
{
	wire_put_u16(w, '@');
	wire_put_u16(w, 'G');
	wire_put_u16(w, 'M');
	wire_put_u16(w, 'T');
	put_part(w, '-', t->year, 4);
	put_part(w, '.', t->month, 2);
	put_part(w, '.', t->day, 2);
	put_part(w, '-', t->hour, 2);
	put_part(w, '.', t->minute, 2);
	put_part(w, '.', t->second, 2);
	wire_put_u16(w, 0);
}

/* Windows fills it up to 16 bytes. */
bool fsctl_begin_snapshots(struct wire_writer *w, u32 n)
{
	u32 size = n ? (n * GMT_TOKEN + 1) * 2 : 0;
	bool all = n && 12 + size <= w->cap - w->len;

	wire_put_u32(w, n);
	wire_put_u32(w, all ? n : 0);
	wire_put_u32(w, size);
	if (!all)
		wire_put_zero(w, FSCTL_SNAPSHOTS_RSP - 12);
	return all;
}

void fsctl_end_snapshots(struct wire_writer *w)
{
	wire_put_u16(w, 0);
}

/* [MS-FSCC] 2.3.52 FILE_ALLOCATED_RANGE_BUFFER, 2.3.71 FILE_ZERO_DATA_INFORMATION */
int fsctl_get_range(struct wire_span in, struct fsctl_range *range)
{
	struct wire_reader r = wire_reader_of(in);

	range->offset = wire_get_u64(&r);
	range->end_or_length = wire_get_u64(&r);
	return wire_reader_status(&r);
}

void fsctl_put_range(struct wire_writer *w, u64 offset, u64 length)
{
	wire_put_u64(w, offset);
	wire_put_u64(w, length);
}

/* [MS-FSCC] 2.3.69 FILE_SET_SPARSE_BUFFER */
int fsctl_get_set_sparse(struct wire_span in, bool *sparse)
{
	struct wire_reader r = wire_reader_of(in);

	*sparse = !in.len || wire_get_u8(&r);
	return wire_reader_status(&r);
}

static void get_extents(struct wire_reader *r, struct fsctl_duplicate *d)
{
	d->source = wire_get_file_id(r);
	d->source_offset = wire_get_u64(r);
	d->target_offset = wire_get_u64(r);
	d->length = wire_get_u64(r);
}

/* [MS-FSCC] 2.3.7.2 SMB2_DUPLICATE_EXTENTS_DATA */
int fsctl_get_duplicate(struct wire_span in, struct fsctl_duplicate *d)
{
	struct wire_reader r = wire_reader_of(in);

	get_extents(&r, d);
	d->flags = 0;
	return wire_reader_status(&r);
}

/* [MS-FSCC] 2.3.9.2 SMB2_DUPLICATE_EXTENTS_DATA_EX */
int fsctl_get_duplicate_ex(struct wire_span in, struct fsctl_duplicate *d)
{
	struct wire_reader r = wire_reader_of(in);

	if (wire_get_u64(&r) != DUPLICATE_EX_SIZE)
		return -EINVAL;
	get_extents(&r, d);
	d->flags = wire_get_u32(&r);
	wire_skip(&r, 4);			/* Reserved */
	return wire_reader_status(&r);
}

/* [MS-FSCC] 2.3.67 FSCTL_SET_COMPRESSION Request */
int fsctl_get_compression(struct wire_span in, u16 *format)
{
	struct wire_reader r = wire_reader_of(in);

	*format = wire_get_u16(&r);
	return wire_reader_status(&r);
}

/* [MS-SMB2] 2.2.32.5.1: SOCKADDR_IN and SOCKADDR_IN6; ports are ignored */
void fsctl_put_interface(struct wire_writer *w, const struct fsctl_interface *i,
			 bool last)
{
	u32 size;

	wire_put_u32(w, last ? 0 : FSCTL_INTERFACE_SIZE);	/* Next */
	wire_put_u32(w, i->index);
	wire_put_u32(w, i->capability);
	wire_put_u32(w, 0);			/* Reserved */
	wire_put_u64(w, i->speed);
	wire_put_u16(w, i->ipv6 ? FAMILY_INET6 : FAMILY_INET);
	wire_put_u16(w, 0);			/* Port */
	if (i->ipv6)
		wire_put_u32(w, 0);		/* FlowInfo */
	size = i->ipv6 ? 16 : 4;
	wire_put_bytes(w, i->address, size);
	wire_put_zero(w, SOCKADDR_SIZE - (i->ipv6 ? 8 : 4) - size);
}

/* [MS-FSCC] 2.3.49 FSCTL_PIPE_WAIT Request */
int fsctl_get_pipe_wait(struct wire_span in, struct wire_span *name)
{
	struct wire_reader r = wire_reader_of(in);
	u32 name_length;

	wire_skip(&r, 8);			/* Timeout */
	name_length = wire_get_u32(&r);
	wire_skip(&r, 2);			/* TimeoutSpecified, Padding */
	*name = wire_take_span(&r, name_length);
	return wire_reader_status(&r);
}
