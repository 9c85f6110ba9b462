// SPDX-License-Identifier: GPL-2.0
#include "fscc.h"
#include "utf16.h"

/* [MS-FSCC] 2.4.7 FileBasicInformation */
void fscc_put_basic(struct wire_writer *w, const struct fscc_file *f)
{
	wire_put_u64(w, f->creation_time);
	wire_put_u64(w, f->last_access_time);
	wire_put_u64(w, f->last_write_time);
	wire_put_u64(w, f->change_time);
	wire_put_u32(w, f->attributes);
	wire_put_u32(w, 0);			/* Reserved */
}

/* [MS-FSCC] FileStandardInformation */
void fscc_put_standard(struct wire_writer *w, const struct fscc_file *f)
{
	wire_put_u64(w, f->allocation_size);
	wire_put_u64(w, f->end_of_file);
	wire_put_u32(w, f->number_of_links);
	wire_put_u8(w, f->delete_pending);
	wire_put_u8(w, f->directory);
	wire_put_u16(w, 0);			/* Reserved */
}

/* [MS-FSCC] FileInternalInformation */
void fscc_put_internal(struct wire_writer *w, const struct fscc_file *f)
{
	wire_put_u64(w, f->index_number);
}

/* [MS-FSCC] FileEaInformation */
void fscc_put_ea(struct wire_writer *w, const struct fscc_file *f)
{
	wire_put_u32(w, f->ea_size);
}

/* [MS-FSCC] FileAccessInformation */
void fscc_put_access(struct wire_writer *w, const struct fscc_file *f)
{
	wire_put_u32(w, f->access_flags);
}

/* [MS-FSCC] FilePositionInformation */
void fscc_put_position(struct wire_writer *w, const struct fscc_file *f)
{
	wire_put_u64(w, f->position);
}

/* [MS-FSCC] FileModeInformation */
void fscc_put_mode(struct wire_writer *w, const struct fscc_file *f)
{
	wire_put_u32(w, f->mode);
}

/* [MS-FSCC] FileAlignmentInformation: FILE_BYTE_ALIGNMENT */
void fscc_put_alignment(struct wire_writer *w, const struct fscc_file *f)
{
	wire_put_u32(w, 0);
}

/* [MS-FSCC] FileNetworkOpenInformation */
void fscc_put_network_open(struct wire_writer *w, const struct fscc_file *f)
{
	wire_put_u64(w, f->creation_time);
	wire_put_u64(w, f->last_access_time);
	wire_put_u64(w, f->last_write_time);
	wire_put_u64(w, f->change_time);
	wire_put_u64(w, f->allocation_size);
	wire_put_u64(w, f->end_of_file);
	wire_put_u32(w, f->attributes);
	wire_put_u32(w, 0);			/* Reserved */
}

/* [MS-FSCC] FileAttributeTagInformation */
void fscc_put_attribute_tag(struct wire_writer *w, const struct fscc_file *f)
{
	wire_put_u32(w, f->attributes);
	wire_put_u32(w, f->reparse_tag);
}

/* [MS-FSCC] FileCompressionInformation: COMPRESSION_FORMAT_NONE */
void fscc_put_compression(struct wire_writer *w, const struct fscc_file *f)
{
	wire_put_u64(w, f->end_of_file);	/* CompressedFileSize */
	wire_put_u16(w, 0);			/* CompressionFormat */
	wire_put_u8(w, 0);			/* CompressionUnitShift */
	wire_put_u8(w, 0);			/* ChunkShift */
	wire_put_u8(w, 0);			/* ClusterShift */
	wire_put_zero(w, 3);			/* Reserved */
}

/* [MS-FSCC] FileIdInformation: the 64-bit id is the low half of the 128-bit */
void fscc_put_id(struct wire_writer *w, const struct fscc_file *f)
{
	wire_put_u64(w, f->volume_serial);
	wire_put_u64(w, f->index_number);
	wire_put_u64(w, 0);
}

/*
 * [MS-FSCC] 2.1.7 FILE_NAME_INFORMATION.  FileNameLength is that of the whole
 * name even when only a part of it follows ([MS-FSA] 2.1.5.12).
 */
void fscc_put_name(struct wire_writer *w, const char *name, bool *overflow)
{
	u32 at = w->len;

	wire_put_u32(w, 0);			/* FileNameLength */
	wire_patch_u32(w, at,
		       wire_put_utf16_cut(w, name, strlen(name), overflow));
}

/* [MS-FSCC] FileAllInformation */
void fscc_put_all(struct wire_writer *w, const struct fscc_file *f,
		  const char *name, bool *overflow)
{
	fscc_put_basic(w, f);
	fscc_put_standard(w, f);
	fscc_put_internal(w, f);
	fscc_put_ea(w, f);
	fscc_put_access(w, f);
	fscc_put_position(w, f);
	fscc_put_mode(w, f);
	fscc_put_alignment(w, f);
	fscc_put_name(w, name, overflow);
}

/* [MS-FSCC] 2.4.49 FileStreamInformation, one entry */
int fscc_put_stream(struct wire_writer *w, u32 prev, const char *name, u32 len,
		    u64 size, u64 allocation)
{
	u32 start = w->len, at, name_at, name_length;

	if (w->full)
		return -ENOSPC;
	wire_pad(w, 8);
	at = w->len;
	wire_put_u32(w, 0);			/* NextEntryOffset */
	name_at = w->len;
	wire_put_u32(w, 0);			/* StreamNameLength */
	wire_put_u64(w, size);
	wire_put_u64(w, allocation);
	name_length = wire_put_utf16(w, ":", 1);
	name_length += wire_put_utf16(w, name, len);
	name_length += wire_put_utf16(w, ":$DATA", 6);
	if (w->full) {
		w->len = start;
		w->full = false;
		return -ENOSPC;
	}
	wire_patch_u32(w, name_at, name_length);
	if (prev != (u32)-1)
		wire_patch_u32(w, prev, at - prev);
	return at;
}

#define FILE_PIPE_MESSAGE_TYPE		1
#define FILE_PIPE_FULL_DUPLEX		2
#define FILE_PIPE_CONNECTED_STATE	3
#define FILE_PIPE_CLIENT_END		0
#define PIPE_QUOTA			4096

/* [MS-FSCC] FilePipeLocalInformation: every RPC pipe is the same */
void fscc_put_pipe_local(struct wire_writer *w)
{
	wire_put_u32(w, FILE_PIPE_MESSAGE_TYPE);
	wire_put_u32(w, FILE_PIPE_FULL_DUPLEX);
	wire_put_u32(w, 0xFFFFFFFF);		/* MaximumInstances: no limit */
	wire_put_u32(w, 1);			/* CurrentInstances */
	wire_put_u32(w, PIPE_QUOTA);		/* InboundQuota */
	wire_put_u32(w, 0);			/* ReadDataAvailable */
	wire_put_u32(w, PIPE_QUOTA);		/* OutboundQuota */
	wire_put_u32(w, PIPE_QUOTA);		/* WriteQuotaAvailable */
	wire_put_u32(w, FILE_PIPE_CONNECTED_STATE);
	wire_put_u32(w, FILE_PIPE_CLIENT_END);
}

/* [MS-FSCC] 2.1.3.1 FILE_OBJECTID_BUFFER Type 1 */
void fscc_put_object_id(struct wire_writer *w, const struct fscc_file *f)
{
	wire_put_u64(w, f->index_number);	/* ObjectId */
	wire_put_u64(w, f->volume_serial);
	wire_put_u64(w, f->volume_serial);	/* BirthVolumeId */
	wire_put_u64(w, 0);
	wire_put_u64(w, f->index_number);	/* BirthObjectId */
	wire_put_u64(w, f->volume_serial);
	wire_put_zero(w, 16);			/* DomainId */
}
