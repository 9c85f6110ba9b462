/* SPDX-License-Identifier: GPL-2.0 */
/* The FSCTLs of files, one handler each; rq->open is a file or a directory. */
#ifndef _KSMBD_SMB2_IOCTL_H
#define _KSMBD_SMB2_IOCTL_H

#include "smb2/smb2.h"

/* An answer of @size bytes to write to; false: no memory. */
bool smb2_ioctl_answer(struct ksmbd_request *rq, u32 size, struct wire_writer *w);

/* ioctl_copy.c */
ntstatus_t smb2_ioctl_resume_key(struct ksmbd_request *rq);
ntstatus_t smb2_ioctl_copychunk(struct ksmbd_request *rq);
ntstatus_t smb2_ioctl_duplicate(struct ksmbd_request *rq);

/* ioctl_file.c */
ntstatus_t smb2_ioctl_object_id(struct ksmbd_request *rq);
ntstatus_t smb2_ioctl_set_sparse(struct ksmbd_request *rq);
ntstatus_t smb2_ioctl_query_ranges(struct ksmbd_request *rq);
ntstatus_t smb2_ioctl_zero_data(struct ksmbd_request *rq);
ntstatus_t smb2_ioctl_get_compression(struct ksmbd_request *rq);
ntstatus_t smb2_ioctl_set_compression(struct ksmbd_request *rq);
ntstatus_t smb2_ioctl_snapshots(struct ksmbd_request *rq);
ntstatus_t smb2_ioctl_no_reparse_point(struct ksmbd_request *rq);
ntstatus_t smb2_ioctl_not_here(struct ksmbd_request *rq);

/* ioctl_network.c: of the server, no handle */
ntstatus_t smb2_ioctl_interfaces(struct ksmbd_request *rq);

#endif
