/* SPDX-License-Identifier: GPL-2.0 */
/* SMB2_FILEID, [MS-SMB2] 2.2.14.1: shared by the codecs, of no use elsewhere. */
#ifndef _WIRE_FILE_ID_H
#define _WIRE_FILE_ID_H

#include "smb2.h"

static inline struct smb2_file_id wire_get_file_id(struct wire_reader *r)
{
	struct smb2_file_id id;

	id.persistent = wire_get_u64(r);
	id.volatile_id = wire_get_u64(r);
	return id;
}

static inline void wire_put_file_id(struct wire_writer *w,
				    struct smb2_file_id id)
{
	wire_put_u64(w, id.persistent);
	wire_put_u64(w, id.volatile_id);
}

#endif /* _WIRE_FILE_ID_H */
