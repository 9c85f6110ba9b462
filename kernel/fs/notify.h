/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Change notifications, [MS-SMB2] 3.3.5.19 and [MS-FSA] 2.1.5.11.
 *
 * The first CHANGE_NOTIFY on a directory's handle makes a watch, which notes
 * what happens from then on until the handle closes; its filter, its size and
 * whether it watches a tree are that request's, as on Windows.  What was noted
 * answers the next request at once; else the request is parked.
 *
 * What happens is heard from fsnotify, so that local processes count like
 * clients.  One mark on each filesystem with a watch is all that is set,
 * however many directories are below; an event looks for watches on its way
 * up from its directory.  fsnotify calls in the context of whoever makes the
 * change, and that tells our own changes from others: while a handler
 * works between ksmbd_quiet_begin() and ksmbd_quiet_end(), modifications that
 * its thread makes are not taken from fsnotify, which knows little of what was
 * modified, but said by the handler, as [MS-FSA] does ("FilterMatch").
 *
 * In notify.c are the watches and who waits for them, in notify_event.c what
 * comes from fsnotify.
 */
#ifndef _KSMBD_NOTIFY_H
#define _KSMBD_NOTIFY_H

#include "fs/open.h"
#include "wire/wire.h"

/**
 * struct ksmbd_watch - a ChangeNotifyEntry of [MS-FSA] 2.1.1.8
 *
 * Owned by its open; found in the hash by events, until the handle closes.
 *
 * @users: 1 while it is in the hash, and 1 for each event that looks at it; the
 *	close waits until there is none, so @open is there for an event
 * @lock: guards the fields below it; sleeps, and is taken under the locks of
 *	whoever changes a directory, so nothing is taken or reclaimed under it
 */
struct ksmbd_watch {
	struct hlist_node hash;		/* under hash_lock, read under SRCU */
	struct rcu_head rcu;
	refcount_t users;
	struct completion unused;
	struct ksmbd_open *open;
	struct dentry *dir;		/* of open->filp */
	struct ksmbd_volume *volume;
	u32 filter;			/* FILE_NOTIFY_CHANGE_* */
	u32 max;			/* bytes that are kept */
	bool tree;

	struct mutex lock;
	void *buf;			/* FILE_NOTIFY_INFORMATION list */
	u32 size, len;			/* allocated, used */
	u32 last;			/* its last entry, if @len */
	bool overflow;			/* something could not be noted */
	struct list_head waits;		/* struct notify_wait */
};

/* One name that changed; a rename within a directory is two. */
struct ksmbd_change {
	u32 action;			/* FILE_ACTION_* */
	struct wire_span name;		/* last component, UTF-8 */
};

/*
 * Answers with what was noted or parks the request; it is called again when
 * that is woken.  The caller has checked the handle.
 */
ntstatus_t ksmbd_fs_change_notify(struct ksmbd_request *rq,
				  struct ksmbd_open *open, u32 filter,
				  bool tree, u32 size);

/* The handle closes: nothing is noted any more.  Sleeps; once. */
void ksmbd_notify_close(struct ksmbd_open *open);
/* With the last reference to the open. */
void ksmbd_notify_free(struct ksmbd_open *open);
/* The directory is to be deleted: who waits for it hears that. */
void ksmbd_notify_deleted(struct ksmbd_file *file);

/* --- between notify.c and notify_event.c --- */

/* Is there any watch at all? */
bool ksmbd_watches_exist(void);
/* Is @dir watched, or a tree with it inside? */
bool ksmbd_watched(struct dentry *dir);
/*
 * Calls @visit for each watch of @dir itself that wants @filter; only those of
 * a tree with @only_trees.  @visit may sleep.
 */
void ksmbd_watches_visit(struct dentry *dir, u32 filter, bool only_trees,
			 void (*visit)(struct ksmbd_watch *w, void *arg),
			 void *arg);
/* Notes @n changes, all of one answer, in @dir relative to the watch. */
void ksmbd_watch_note(struct ksmbd_watch *w, struct wire_span dir,
		      const struct ksmbd_change *changes, u32 n);
/* Something happened that has no name to tell. */
void ksmbd_watch_overflow(struct ksmbd_watch *w);
/* Its directory is gone. */
void ksmbd_watch_deleted(struct ksmbd_watch *w);

/* A filesystem that is listened to; ERR_PTR. */
struct ksmbd_volume *ksmbd_volume_get(struct super_block *sb);
void ksmbd_volume_put(struct ksmbd_volume *volume);

/* --- for those who change files --- */

/**
 * struct ksmbd_quiet - on the stack of a handler that changes a file
 *
 * In a hash by task, of which each task touches its own entries only: they nest.
 */
struct ksmbd_quiet {
	struct hlist_node hash;
	const struct task_struct *task;	/* NULL: nobody wants to know */
	u64 by;
};

/* @by: the lease that knows of the change to its directory (fs/dir_lease.h), or 0. */
void ksmbd_quiet_begin(struct ksmbd_quiet *q, u64 by);
/* Is it a handler that we are called from?  Then also its innermost @by. */
bool ksmbd_quiet_current(u64 *by);
/* @open was modified as @filter says; 0 for nothing to tell. */
void ksmbd_quiet_end(struct ksmbd_quiet *q, struct ksmbd_open *open, u32 filter);

void ksmbd_watches_exit(void);		/* after the last watch */

int ksmbd_notify_init(void);
void ksmbd_notify_exit(void);		/* after the last open */

#endif
