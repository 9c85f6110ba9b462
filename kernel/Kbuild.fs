# SPDX-License-Identifier: GPL-2.0
ksmbd-y += fs/open.o fs/file.o fs/path.o fs/casefold.o fs/name.o
ksmbd-y += fs/access.o fs/create.o fs/create_new.o fs/app_instance.o
ksmbd-y += fs/dos_attr.o fs/stat.o fs/io.o fs/lock.o fs/dir.o
ksmbd-y += fs/set.o fs/ea.o fs/rename.o fs/statfs.o fs/xattr.o
ksmbd-y += fs/stream.o fs/stream_open.o fs/stream_query.o
ksmbd-y += fs/oplock.o fs/oplock_wait.o fs/lease.o fs/dir_lease.o fs/local.o fs/durable.o fs/durable_return.o
ksmbd-y += fs/copy.o fs/sparse.o fs/snapshot.o fs/recycle.o fs/apple.o
ksmbd-y += fs/security.o fs/acl.o fs/acl_check.o fs/sid.o
ksmbd-y += fs/status.o
ksmbd-y += fs/notify.o fs/notify_event.o fs/dir_index.o
