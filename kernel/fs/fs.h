/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The operations of [MS-FSA] 2.1.5 on the Linux VFS.  They return the status
 * that [MS-FSA] names.  The caller runs them under tree->cred
 * (override_creds()), and has resolved the open; each checks the handle's
 * granted access itself, from the section's rule, so that no caller can
 * forget.  A read-only tree never grants write access in the first place.
 */
#ifndef _KSMBD_FS_H
#define _KSMBD_FS_H

#include "fs/open.h"
#include "wire/fscc.h"
#include "wire/fsctl.h"
#include "wire/sd.h"

/* NTTIME (100 ns since 1601) and back, clamped to what the kernel can hold. */
u64 ksmbd_nttime(struct timespec64 ts);
struct timespec64 ksmbd_timespec(u64 nttime);

/**
 * struct ksmbd_create - one CREATE, [MS-FSA] 2.1.5.1
 * @name: UTF-8, components divided by '/', no leading or trailing one; "" is
 *	the share's root.  Already free of "." and ".." components, empty
 *	components and characters Windows forbids.  At most PATH_MAX.
 * @stream: the named stream of it, or NULL
 * @access, @share_access, @disposition, @options, @attributes: as requested;
 *	generic bits are mapped here
 * @eas: FILE_FULL_EA_INFORMATION list for a file that is made or overwritten
 * @action: FILE_OPENED ...
 * @sd: the creator's descriptor for a new file, or NULL
 * @maximal_access: of the user on the file, for MxAc; when @want_maximal
 * @oplock: SMB2_OPLOCK_LEVEL_*, asked for, then granted
 * @lease: the same with SMB2_OPLOCK_LEVEL_LEASE
 * @durable: what is asked for to outlive the connection, or to find again;
 *	its timeout as granted, when @durable_granted
 */
struct ksmbd_create {
	const char *name;
	const char *stream;
	u32 access, share_access, disposition, options, attributes;
	bool has_allocation_size;
	u64 allocation_size;
	struct wire_span eas;
	bool want_maximal;
	bool posix_case;		/* exact names only */
	bool snapshot;			/* nothing is made or changed */
	u64 parent_lease;		/* as in struct ksmbd_open */
	const struct smb2_app_instance *app;	/* or NULL */
	struct sd *sd;

	u32 action;
	u32 maximal_access;
	u8 oplock;
	struct smb2_lease lease;
	struct smb2_durable durable;
	bool durable_granted;

	/* inside of fs/ only */
	struct inode *made;		/* by us a moment ago, for a stream of it */
	bool may_add_stream;
};

/* Opens or creates; PENDING: parked, to be called again.  On success a published open, in rq->open as well. */
ntstatus_t ksmbd_fs_create(struct ksmbd_request *rq, struct ksmbd_create *c);

/**
 * struct ksmbd_name - a client's name, taken apart
 * @path: as ksmbd_create.name; kfree()
 * @stream: the name of a named stream, or NULL; kfree()
 * @type: the stream's type, if it was given
 */
struct ksmbd_name {
	char *path;
	char *stream;
	enum { STREAM_TYPE_NONE, STREAM_TYPE_DATA, STREAM_TYPE_INDEX } type;
};

/*
 * Takes the client's UTF-16 path apart: checks characters and components,
 * resolves "." and ".." that stay inside, refuses those that leave the share
 * (OBJECT_PATH_SYNTAX_BAD).  A named stream is OBJECT_NAME_INVALID where the share
 * has none.  Vetoed names are OBJECT_NAME_NOT_FOUND, as if absent.
 */
ntstatus_t ksmbd_fs_name(struct ksmbd_tree *tree, struct wire_span utf16,
			 struct ksmbd_name *name);
void ksmbd_fs_name_free(struct ksmbd_name *name);

/*
 * As much as @to has room for and there is, *@done bytes.  @at_once: without a wait;
 * STATUS_RETRY when that is not all that @to has room for, and @to is used up.
 */
ntstatus_t ksmbd_fs_read(struct ksmbd_open *open, u64 offset, struct iov_iter *to,
			 bool at_once, u32 *done);
/* All that is in @from, or an error; what a full disk took stays written. */
ntstatus_t ksmbd_fs_write(struct ksmbd_open *open, u64 offset,
			  struct iov_iter *from, bool write_through, u32 *done);
ntstatus_t ksmbd_fs_flush(struct ksmbd_open *open);

/* What QUERY_INFO, CLOSE and CREATE report.  Needs no access right. */
ntstatus_t ksmbd_fs_stat(struct ksmbd_open *open, struct fscc_file *f);
/*
 * The open's path from the share root, with leading '\' and '\' between
 * components, UTF-8, in a kmalloc()ed string; "\" is the root.
 */
ntstatus_t ksmbd_fs_path(struct ksmbd_open *open, char **path);
ntstatus_t ksmbd_fs_statfs(struct ksmbd_open *open, struct fscc_fs *fs);
/* FileStreamInformation, 2.1.5.12.29; BUFFER_OVERFLOW: those that fit */
ntstatus_t ksmbd_fs_query_streams(struct ksmbd_open *open, struct wire_writer *w);
/* Are @size bytes free for everybody there? */
bool ksmbd_fs_has_room(const struct path *path, u64 size);

ntstatus_t ksmbd_fs_set_basic(struct ksmbd_open *open, const struct fscc_basic *b);
ntstatus_t ksmbd_fs_set_end_of_file(struct ksmbd_open *open, u64 size);
ntstatus_t ksmbd_fs_set_allocation(struct ksmbd_open *open, u64 size);
/* @flags FILE_DISPOSITION_* */
ntstatus_t ksmbd_fs_set_disposition(struct ksmbd_open *open, u32 flags);
/* @name as in ksmbd_create */
ntstatus_t ksmbd_fs_rename(struct ksmbd_open *open, const char *name,
			   bool replace, bool posix);
ntstatus_t ksmbd_fs_link(struct ksmbd_open *open, const char *name, bool replace);

/* --- FSCTLs --- */

/* What names the handle in a COPYCHUNK of its session; nobody can make one up. */
void ksmbd_fs_resume_key(const struct ksmbd_open *open,
			 u8 key[FSCTL_RESUME_KEY_SIZE]);
/*
 * *answered: @rsp says how far it came, also with an error; with INVALID_PARAMETER
 * it says what the limits are.
 */
ntstatus_t ksmbd_fs_copy_chunks(struct ksmbd_open *to,
				const struct fsctl_copychunk *c,
				bool may_read_target,
				struct fsctl_copychunk_rsp *rsp, bool *answered);
ntstatus_t ksmbd_fs_duplicate(struct ksmbd_open *to,
			      const struct fsctl_duplicate *d);
ntstatus_t ksmbd_fs_set_sparse(struct ksmbd_open *open, bool sparse);
ntstatus_t ksmbd_fs_query_ranges(struct ksmbd_open *open,
				 const struct fsctl_range *range,
				 struct wire_writer *w);
ntstatus_t ksmbd_fs_zero_data(struct ksmbd_open *open,
			      const struct fsctl_range *range);

/*
 * Byte-range locks, [MS-FSA] 2.1.5.8 and 2.1.5.9.  ksmbd_fs_lock() may park
 * the request (STATUS_PENDING) and is then called again when it is woken;
 * with one element only ([MS-SMB2] 3.3.5.14.2).
 */
ntstatus_t ksmbd_fs_lock(struct ksmbd_request *rq, struct ksmbd_open *open);
/* Is [offset, offset+len) free for this handle's READ or WRITE? */
ntstatus_t ksmbd_fs_check_locks(struct ksmbd_open *open, u64 offset, u64 len,
				bool write);

/*
 * QUERY_DIRECTORY, [MS-FSA] 2.1.5.6.3: appends entries to @w.  NO_SUCH_FILE
 * when the first scan of a pattern finds nothing, NO_MORE_FILES later,
 * INFO_LENGTH_MISMATCH / BUFFER_OVERFLOW for a buffer too small for the first.
 * @pattern UTF-8, "*" when the client sent none; ignored on a continued scan.
 */
ntstatus_t ksmbd_fs_query_directory(struct ksmbd_open *open, u8 info_class,
				    u8 flags, const char *pattern,
				    struct wire_writer *w);

/*
 * Extended attributes, [MS-FSA] 2.1.5.12.12: appends entries to @w.  @flags SL_*;
 * @index counts from 1; @names: FILE_GET_EA_INFORMATION list, or empty.
 */
ntstatus_t ksmbd_fs_query_ea(struct ksmbd_open *open, u8 flags, u32 index,
			     struct wire_span names, struct wire_writer *w);
/* 2.1.5.15.5; @list: FILE_FULL_EA_INFORMATION */
ntstatus_t ksmbd_fs_set_ea(struct ksmbd_open *open, struct wire_span list);

/*
 * The self-relative security descriptor, with the parts that
 * OWNER_/GROUP_/DACL_SECURITY_INFORMATION select; *len is what it needs even
 * when BUFFER_TOO_SMALL is returned.
 */
ntstatus_t ksmbd_fs_query_security(struct ksmbd_open *open, u32 info, void *buf,
				   u32 cap, u32 *len);
ntstatus_t ksmbd_fs_set_security(struct ksmbd_open *open, u32 info,
				 struct wire_span in);
/*
 * What a client wants a new file to have, to be freed with kvfree();
 * INVALID_OWNER when it is to be somebody else's.
 */
ntstatus_t ksmbd_fs_decode_security(const struct ksmbd_share *share,
				    struct wire_span in, struct sd **sd);
/*
 * Gives @entry, just made in @parent, @given (may be NULL) or what it
 * inherits.  An errno.
 */
int ksmbd_fs_new_security(const struct ksmbd_share *share,
			  const struct path *entry, const struct path *parent,
			  struct sd *given);

/* Does @name match @pattern with Windows wildcards (* ? < > ")?  Caseless. */
bool ksmbd_fs_match(const char *pattern, const char *name);
/* One of @patterns, each with its NUL, @size bytes; they end there or with an empty one. */
bool ksmbd_fs_match_any(const char *patterns, u32 size, const char *name);
/* Does the share hide this name altogether? */
bool ksmbd_fs_vetoed(const struct ksmbd_share *share, const char *component);

#endif
