// SPDX-License-Identifier: GPL-2.0
#include "aapl.h"
#include "fscc.h"
#include "utf16.h"

#define REPARSE_POINT	0x00000400	/* FILE_ATTRIBUTE_REPARSE_POINT */
#define NO_ENTRY	((u32)-1)

/*
 * The directory classes are one structure with more or less at its end: the
 * columns say where a field is, 0 that the class has none.  All but Names begin
 * with the same 64 bytes.
 */
struct dir_class {
	u8 info_class;
	u8 size;		/* where FileName begins */
	u8 length_at;		/* FileNameLength */
	u8 ea_at;		/* EaSize */
	u8 tag_at;		/* ReparsePointTag */
	u8 short_at;		/* ShortNameLength, Reserved, ShortName */
	u8 id_at;		/* FileId, 64 bits or the low ones of 128 */
};

static const struct dir_class dir_classes[] = {
	{ FILE_ID_BOTH_DIRECTORY_INFORMATION, 104, 60, 64, 0, 68, 96 },
	{ FILE_ID_FULL_DIRECTORY_INFORMATION, 80, 60, 64, 0, 0, 72 },
	{ FILE_BOTH_DIRECTORY_INFORMATION, 94, 60, 64, 0, 68, 0 },
	{ FILE_FULL_DIRECTORY_INFORMATION, 68, 60, 64, 0, 0, 0 },
	{ FILE_ID_EXTD_DIRECTORY_INFORMATION, 88, 60, 64, 68, 0, 72 },
	{ FILE_DIRECTORY_INFORMATION, 64, 60, 0, 0, 0, 0 },
	{ FILE_NAMES_INFORMATION, 12, 8, 0, 0, 0, 0 },
};

static const struct dir_class *find_class(u8 info_class)
{
	u32 i;

	for (i = 0; i < ARRAY_SIZE(dir_classes); i++)
		if (dir_classes[i].info_class == info_class)
			return &dir_classes[i];
	return NULL;
}

bool fscc_is_dir_class(u8 info_class)
{
	return find_class(info_class);
}

bool fscc_dir_class_has_ea_size(u8 info_class)
{
	const struct dir_class *c = find_class(info_class);

	return c && c->ea_at;
}

u32 fscc_dir_class_size(u8 info_class)
{
	const struct dir_class *c = find_class(info_class);

	return c ? c->size : 0;
}

/* The 8.3 name has room for 12 characters; a longer one is left out. */
static void fill_short_name(u8 *p, const char *name)
{
	struct wire_writer w = wire_writer_of(p + 2, 24);

	*p = wire_put_utf16(&w, name, strlen(name));
}

/* A length that is none, and what a Mac wants to know in the fields behind it. */
static void fill_apple(u8 *p, const struct dir_class *c,
		       const struct fscc_apple *a)
{
	u8 *at = p + c->short_at + 2;

	put_unaligned_le32(a->maximal_access, p + c->ea_at);
	p[c->short_at] = 24;
	put_unaligned_le64(a->resource_size, at);
	memcpy(at + 8, a->finder_info, sizeof(a->finder_info));
	put_unaligned_le16(a->mode, at + 24);	/* Reserved2 */
}

static void fill(u8 *p, const struct dir_class *c, const struct fscc_file *f,
		 const char *short_name)
{
	bool reparse = f->attributes & REPARSE_POINT;

	put_unaligned_le64(f->creation_time, p + 8);
	put_unaligned_le64(f->last_access_time, p + 16);
	put_unaligned_le64(f->last_write_time, p + 24);
	put_unaligned_le64(f->change_time, p + 32);
	put_unaligned_le64(f->end_of_file, p + 40);
	put_unaligned_le64(f->allocation_size, p + 48);
	put_unaligned_le32(f->attributes, p + 56);
	/* Where there is no field for the tag, EaSize has it instead. */
	if (c->ea_at)
		put_unaligned_le32(reparse && !c->tag_at ? f->reparse_tag :
							   f->ea_size,
				   p + c->ea_at);
	if (c->tag_at && reparse)
		put_unaligned_le32(f->reparse_tag, p + c->tag_at);
	if (c->short_at && short_name)
		fill_short_name(p + c->short_at, short_name);
	if (c->id_at)
		put_unaligned_le64(f->index_number, p + c->id_at);
	if (f->apple && c->info_class == FILE_ID_BOTH_DIRECTORY_INFORMATION)
		fill_apple(p, c, f->apple);
}

int fscc_put_dir_entry(struct wire_writer *w, u8 info_class, u32 prev,
		       const struct fscc_file *f, const char *name, u32 len,
		       const char *short_name)
{
	const struct dir_class *c = find_class(info_class);
	u32 start = w->len, at, name_length;
	u8 *p;

	if (!c)
		return -EINVAL;
	if (w->full)
		return -ENOSPC;

	wire_pad(w, 8);
	at = w->len;
	p = wire_reserve(w, c->size);
	name_length = wire_put_utf16(w, name, len);
	if (w->full) {
		w->len = start;
		w->full = false;
		return -ENOSPC;
	}

	/* Zeros for NextEntryOffset, FileIndex and what is reserved. */
	memset(p, 0, c->size);
	put_unaligned_le32(name_length, p + c->length_at);
	if (c->size >= 64)
		fill(p, c, f, short_name);
	if (prev != NO_ENTRY)
		wire_patch_u32(w, prev, at - prev);
	return at;
}
