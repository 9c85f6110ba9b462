/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the FSCTLs of files carry: [MS-SMB2] 2.2.31, 2.2.32, [MS-FSCC] 2.3.  Decoders
 * return 0, or -EINVAL for a buffer that is shorter than its structure.
 */
#ifndef _WIRE_FSCTL_H
#define _WIRE_FSCTL_H

#include "smb2.h"

#define FSCTL_RESUME_KEY_SIZE	24
#define FSCTL_RESUME_KEY_RSP	32
#define FSCTL_COPYCHUNK_RSP	12
#define FSCTL_SNAPSHOTS_RSP	16	/* the least */
#define FSCTL_SNAPSHOTS_MAX	(256 << 10)

/* SRV_COPYCHUNK_COPY */
struct fsctl_copychunk {
	u8 source_key[FSCTL_RESUME_KEY_SIZE];
	u32 chunk_count;
	struct wire_span chunks;	/* chunk_count of them */
};

struct fsctl_chunk {
	u64 source_offset;
	u64 target_offset;
	u32 length;
};

struct fsctl_copychunk_rsp {
	u32 chunks_written;
	u32 chunk_bytes_written;
	u32 total_bytes_written;
};

int fsctl_get_copychunk(struct wire_span in, struct fsctl_copychunk *c);
/* Chunk @i < chunk_count */
struct fsctl_chunk fsctl_chunk_at(const struct fsctl_copychunk *c, u32 i);
void fsctl_put_copychunk(struct wire_writer *w,
			 const struct fsctl_copychunk_rsp *rsp);
void fsctl_put_resume_key(struct wire_writer *w,
			  const u8 key[FSCTL_RESUME_KEY_SIZE]);
/* A time of day in UTC, of the years up to 9999 */
struct fsctl_gmt {
	u16 year;
	u8 month, day, hour, minute, second;	/* the first two from 1 on */
};

/*
 * SRV_SNAPSHOT_ARRAY of @n times into @w, which has FSCTL_SNAPSHOTS_RSP bytes at
 * least.  False: there are none, or no room for all, and that is all of the answer;
 * else each is put, and the end.
 */
bool fsctl_begin_snapshots(struct wire_writer *w, u32 n);
void fsctl_put_snapshot(struct wire_writer *w, const struct fsctl_gmt *t);
void fsctl_end_snapshots(struct wire_writer *w);

/* A pair of numbers: FILE_ZERO_DATA_INFORMATION, FILE_ALLOCATED_RANGE_BUFFER */
struct fsctl_range {
	s64 offset;
	s64 end_or_length;
};
int fsctl_get_range(struct wire_span in, struct fsctl_range *range);
#define FSCTL_RANGE_SIZE	16
#define FSCTL_RANGES_MAX	(64 * 1024)	/* in one answer; more is BUFFER_OVERFLOW */
void fsctl_put_range(struct wire_writer *w, u64 offset, u64 length);

/* FILE_SET_SPARSE_BUFFER; nothing at all means TRUE */
int fsctl_get_set_sparse(struct wire_span in, bool *sparse);

/* SMB2_DUPLICATE_EXTENTS_DATA and, longer, its _EX */
struct fsctl_duplicate {
	struct smb2_file_id source;
	u64 source_offset;
	u64 target_offset;
	u64 length;
	u32 flags;
};
int fsctl_get_duplicate(struct wire_span in, struct fsctl_duplicate *d);
int fsctl_get_duplicate_ex(struct wire_span in, struct fsctl_duplicate *d);

#define COMPRESSION_FORMAT_NONE	0
int fsctl_get_compression(struct wire_span in, u16 *format);

/**
 * struct fsctl_interface - NETWORK_INTERFACE_INFO, [MS-SMB2] 2.2.32.5
 * @speed: bits per second
 * @address: IPv4 in its first four bytes; network order
 */
struct fsctl_interface {
	u32 index;			/* not 0 */
	u32 capability;
#define FSCTL_INTERFACE_RSS	0x00000001
#define FSCTL_INTERFACE_RDMA	0x00000002
	u64 speed;
	bool ipv6;
	u8 address[16];
};
#define FSCTL_INTERFACE_SIZE	152
void fsctl_put_interface(struct wire_writer *w, const struct fsctl_interface *i,
			 bool last);

/* FSCTL_PIPE_WAIT: the name, UTF-16LE */
int fsctl_get_pipe_wait(struct wire_span in, struct wire_span *name);

#endif
