/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KSMBD_OPEN_H
#define _KSMBD_OPEN_H

#include <linux/cleanup.h>
#include <linux/fs.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/rbtree.h>
#include <linux/refcount.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>
#include "ntstatus.h"
#include "server/request.h"
#include "wire/smb2.h"

struct fsnotify_mark;
struct ksmbd_durable;
struct ksmbd_stream;

/* Inside of fs/ only: what was looked up has changed; look again. */
#define STATUS_RETRY	NTSTATUS(0x000000FF)

/**
 * struct ksmbd_local - the kernel's lease on a file that clients cache, fs/local.c
 * @filp: what it was set on; referenced, as long as clients cache anything
 * @extra: @filp is no open's, or not any more
 * @wanted: of the lease that is being set
 * @holds: READ, WRITE (which includes READ), or 0; under file->spin
 * @n_writers, @n_readers: struct files of opens that write, or only read
 * @n_moving: of those, that come or go just now; @n_moved: that did.  These four and
 *	@doubt need no lock, only the order of others_object() and ksmbd_local_moved()
 * @doubt: whether others have the file open could not be seen for that
 * @sync: has a pin on the file while it is queued
 *
 * What is not said otherwise is under file->lock.
 */
struct ksmbd_local {
	struct file *filp;
	bool extra;
	u8 wanted, holds;
	atomic_t n_writers, n_readers, n_moving, n_moved;
	bool doubt;
	struct work_struct sync;
};

/**
 * struct ksmbd_file - one inode that has opens: what they share ([MS-FSA] 2.1.1.3)
 *
 * The file itself with its unnamed stream, the base, or one named stream of it.
 * In a hash by inode; created by the first open, freed with the last
 * reference.  One reference per open.  Named by inode, never by path, so that
 * hard links and renames keep share modes and locks together.
 *
 * Locks: @lock (sleeping) serialises share-mode checks, publishing of opens,
 *	delete and rename decisions; it is taken after a directory's i_rwsem
 *	is released, never while holding one.  A stream's is taken inside of its
 *	base's: ksmbd_file_lock() takes what there is.  @spin guards the byte-range
 *	locks, oplocks and leases; inside of it an open's @spin and what is inside of that.
 */
struct ksmbd_file {
	refcount_t ref;
	struct hlist_node hash;
	struct inode *inode;		/* pinned by the opens' struct file */
	struct mutex lock;
	struct list_head opens;		/* struct ksmbd_open.file_link */
	struct list_head stream_opens;	/* a base's: .stream_link, of all streams */
	struct ksmbd_file *base;	/* a stream's, referenced; else NULL */
	struct ksmbd_stream *stream;	/* its name; see there for the locks */
	/* how many of @opens read, write, delete, and share none of it */
	u32 n_doing[3], n_denying[3];
	bool delete_pending;		/* the last close unlinks @delete_path, */
					/* or the stream */
	struct path delete_path;	/* pinned while set: the link to remove, */
	struct ksmbd_share *delete_share;	/* unless it was moved out of this, */
	const struct cred *delete_cred;	/* and with whose rights */
	u64 delete_parent;		/* who said so: open->parent_lease.  Under @lock */

	spinlock_t spin;
	struct rb_root_cached shared_locks, exclusive_locks;	/* byte ranges, fs/lock.c */
	u32 n_byte_locks;		/* of all opens; bounded */
	struct list_head lock_waiters;

	/* what clients keep to themselves, fs/oplock.c; under @spin */
	struct list_head grants;	/* struct ksmbd_grant.link */
	u32 n_grants;			/* of them; read without @spin as a hint */
	u32 n_oplocks;			/* of them no leases, and not broken to none */
	u32 n_breaking;
	u32 n_caching[3];		/* that have READ, HANDLE, WRITE */
	struct list_head break_waiters;	/* struct break_wait.link */
	u32 n_real;			/* of @opens, more than attributes; under @lock */
	struct ksmbd_local local;
	struct fsnotify_mark *mark;	/* a directory's that clients cache; under @lock */
};

/**
 * struct ksmbd_open - an Open of [MS-SMB2] 3.3.1.10: one client handle
 *
 * Life:
 *	NEW --publish--> LIVE --close--> DYING --last put--> freed
 *
 *	Only a LIVE open is found by ksmbd_open_find().  DYING is reached once,
 *	by whoever of CLOSE, LOGOFF, TREE_DISCONNECT and connection loss comes
 *	first; the others find nothing.  A durable one that loses its connection
 *	goes from LIVE to DETACHED (fs/durable.h), and from there to DYING when its
 *	time is over, others want the file, or its client has got another for it.
 *
 * References, one each:
 *	- the open table, from publish until close, DETACHED or not;
 *	- every request working on the handle, from find until it is answered.
 *
 * Locks: the fields above @scan are set before publish and never change.
 *	@scan serialises scans on the handle, of names and of EAs, and guards the fields
 *	below it up to @spin.  @spin guards the rest and is innermost.
 */
struct ksmbd_open {
	refcount_t ref;
	struct rcu_head rcu;
	struct smb2_file_id id;
	enum ksmbd_open_kind { OPEN_FILE, OPEN_DIRECTORY, OPEN_PIPE } kind;
	struct ksmbd_session *session;	/* reference */
	struct ksmbd_tree *tree;	/* reference */
	struct ksmbd_conn *conn;	/* reference; counts in its open_files */
	struct ksmbd_file *file;	/* reference; NULL for a pipe */
	struct file *filp;		/* NULL for a pipe.  Its f_path is the name
					 * now, across renames. */
	const struct cred *cred;	/* who opened it */
	u32 granted_access;
	u32 share_access;
	u32 options;			/* FILE_* create options */
	struct smb2_app_instance *app;	/* the application that it is of, or NULL */
	struct ksmbd_durable *durable;	/* that it is, or asked to be; or NULL */
	struct ksmbd_watch *watch;	/* a directory's, from the first CHANGE_NOTIFY
					 * on; set under @scan and @spin */
	bool snapshot;			/* of what cannot be changed any more */
	bool reserved;			/* holds a slot and a place; until close */
	u32 pipe_handle;		/* ipc handle */
	u32 pipe_service;		/* KSMBD_RPC_*_METHOD_INVOKE */
	void (*on_close)(struct ksmbd_open *open);	/* a pipe's; once, may sleep */
	struct list_head session_link;	/* under session->lock */
	struct list_head file_link;	/* under file->lock */
	struct list_head stream_link;	/* a stream's; under file->base->lock */
	struct list_head byte_locks;	/* its own, under file->spin */
	u32 n_byte_locks;		/* the same */
	bool byte_locks_closed;		/* under file->spin: none is added any more */
	bool byte_locks_shown;		/* to local processes; under @scan */
	u64 parent_lease;		/* of its directory, which the client knows the
					 * state of: ksmbd_lease_id(); or 0 */
	struct ksmbd_grant *grant;	/* its oplock or lease, or NULL; referenced; */
	struct list_head grant_link;	/* in grant->opens; both under file->spin */

	struct mutex scan;		/* a directory's enumeration */
	char *pattern;			/* UTF-8, of the scan under way */
	struct ksmbd_dir_batch *batch;	/* read, not all of it sent; kvmalloc()ed */
	bool scan_started, scan_any;	/* an entry was returned */
	u64 scan_emitted;
	u32 next_ea;			/* where the scan of EAs goes on */
	void *pipe_rest;		/* of mountd's last answer, not read yet */
	u32 pipe_rest_pos, pipe_rest_len;

	u8 *lock_sequences;		/* LockSequenceArray, from the first use on;
					 * set under file->spin, which guards it */
	spinlock_t spin;
	enum ksmbd_open_state {
		OPEN_NEW, OPEN_LIVE, OPEN_DETACHED, OPEN_DYING
	} state;			/* DETACHED also under file->spin */
	bool delete_on_close;
	/* [MS-SMB2] 3.3.5.2.10, by smb2/channel_sequence.c */
	u16 channel_sequence;		/* the newest that a request carried */
	u32 n_current, n_before;	/* requests not done, of this one and of older ones */
	u64 position;
	u32 mode;			/* FileModeInformation; from @options at first */
	bool write_time_set;		/* a client set it: automatic updates stop */
	bool wrote;			/* ARCHIVE was seen to */
	struct timespec64 write_time;	/* what writes leave, if write_time_set */
	struct list_head waiters;	/* parked requests: ksmbd_request.wait_link */
};

#define KSMBD_SESSION_MAX_OPENS	16384
/* The create options that FileModeInformation shows, [MS-FSCC] 2.4.26 */
#define KSMBD_OPEN_MODES						\
	(FILE_WRITE_THROUGH | FILE_SEQUENTIAL_ONLY |			\
	 FILE_NO_INTERMEDIATE_BUFFERING | FILE_SYNCHRONOUS_IO_ALERT |	\
	 FILE_SYNCHRONOUS_IO_NONALERT | FILE_DELETE_ON_CLOSE)

/*
 * The LIVE open that @id names for this request, or the one that a related
 * request inherits (FileId all ones); it must belong to the request's session
 * and tree.  Also kept in rq->open, which holds the reference: the caller
 * puts nothing.  NULL: STATUS_FILE_CLOSED, or rq->msg->failed for a related request.
 */
struct ksmbd_open *ksmbd_open_find(struct ksmbd_request *rq,
				   struct smb2_file_id id);
void ksmbd_open_put(struct ksmbd_open *open);
/* The LIVE open of the session, on any tree, referenced; or NULL. */
struct ksmbd_open *ksmbd_open_of_session(struct ksmbd_session *s,
					 struct smb2_file_id id);

/*
 * A NEW open on rq's session and tree, not found yet.  All that can run out is
 * reserved here (ERR_PTR(-EMFILE), -ENOMEM), before anything happens to a
 * file.  Publish makes it LIVE, or fails when the tree or session died
 * meanwhile; a NEW one is dropped with ksmbd_open_put().
 */
struct ksmbd_open *ksmbd_open_new(struct ksmbd_request *rq,
				  enum ksmbd_open_kind kind);
int ksmbd_open_publish(struct ksmbd_open *open);
/* Drops a NEW one that has joined its file already. */
void ksmbd_open_abandon(struct ksmbd_open *open);

/*
 * Takes the open out of the table, ends its waits, drops its locks and share
 * mode, deletes the file when it was the last and deletion is pending (with
 * the opener's credentials).  True for the one caller that did it; the
 * caller's own reference stays valid.
 */
bool ksmbd_open_close(struct ksmbd_open *open);
/* ksmbd_open_close_all(): server/tree.h */

/* Steps of the above, for fs/durable.c.  Out of LIVE: what waits is torn down. */
void ksmbd_open_set_state_locked(struct ksmbd_open *open,
				 enum ksmbd_open_state state);
void ksmbd_open_leave_session(struct ksmbd_open *open);
void ksmbd_open_leave_file(struct ksmbd_open *open);

/*
 * The file of @filp's inode, referenced; made when it has none.  NULL: no
 * memory.  The filp keeps the inode alive as long as the caller needs it.
 */
struct ksmbd_file *ksmbd_file_get(struct inode *inode);
/* The same, only if there is one: for names that have no handle of ours. */
struct ksmbd_file *ksmbd_file_find(struct inode *inode);
/* One more reference, which keeps the inode as well; no open is needed any more. */
void ksmbd_file_pin(struct ksmbd_file *file);
void ksmbd_file_unpin(struct ksmbd_file *file);
/* The same of a stream; takes @stream over, also when it fails. */
struct ksmbd_file *ksmbd_file_get_stream(struct inode *inode,
					 struct ksmbd_stream *stream);
void ksmbd_file_put(struct ksmbd_file *file);
/* Takes @to over.  Who has found another file under that name finds it no more. */
void ksmbd_file_rename_stream(struct ksmbd_file *file, struct ksmbd_stream *to);

/* What attributes, EAs and security belong to, whichever stream is open. */
static inline struct ksmbd_file *ksmbd_file_base(struct ksmbd_file *file)
{
	return file->base ?: file;
}

/* @file->lock, and of a stream the base's around it. */
void ksmbd_file_lock(struct ksmbd_file *file);
void ksmbd_file_unlock(struct ksmbd_file *file);
/* Into and out of the file's opens; ksmbd_file_lock() is held. */
void ksmbd_file_join(struct ksmbd_open *open);
void ksmbd_file_leave(struct ksmbd_open *open);
/* @to instead of @from, with the same rights. */
void ksmbd_file_replace(struct ksmbd_open *to, struct ksmbd_open *from);
/*
 * [MS-FSA] 2.1.5.1.2.2: may @access and @share_access join the opens there?
 * SHARING_VIOLATION, DELETE_PENDING or SUCCESS.  Holds ksmbd_file_lock().
 */
ntstatus_t ksmbd_file_check_share(const struct ksmbd_file *file, u32 access,
				  u32 share_access);
/* Marks or unmarks deletion at the last close.  Holds file->lock. */
void ksmbd_file_set_delete(struct ksmbd_file *file, struct ksmbd_open *by);
void ksmbd_file_clear_delete(struct ksmbd_file *file);
/*
 * Removes the link @path with @cred's rights, if it is below @root: -EXDEV for
 * what a local process has moved out.  The caller holds no i_rwsem.
 */
int ksmbd_unlink(const struct path *path, const struct path *root,
		 const struct cred *cred);

/*
 * The requests parked on a handle are told when it closes.  Enter before
 * suspending, leave when the handler is called again; false: DYING already.
 */
bool ksmbd_open_wait_enter(struct ksmbd_open *open, struct ksmbd_request *rq);
void ksmbd_open_wait_leave(struct ksmbd_open *open, struct ksmbd_request *rq);

/*
 * Does anybody hold something open below @dir?  Looks at every open: for the
 * rename of a directory.  What is opened during the search may be missed.
 */
bool ksmbd_open_any_below(struct dentry *dir);
bool ksmbd_open_is_below(const struct ksmbd_open *open, struct dentry *dir);
/* The LIVE open with the lowest volatile id above *@id, referenced; moves *@id. */
struct ksmbd_open *ksmbd_open_after(unsigned long *id);

int ksmbd_open_init(void);
void ksmbd_open_exit(void);
unsigned int ksmbd_open_count(void);

DEFINE_FREE(ksmbd_open, struct ksmbd_open *, if (_T) ksmbd_open_put(_T))

#endif
