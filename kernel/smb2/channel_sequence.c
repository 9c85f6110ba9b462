// SPDX-License-Identifier: GPL-2.0
/*
 * A client that lost a channel sends again, over another, what was not answered
 * yet, under a new channel sequence.  What comes late over the lost one must
 * not undo it, and what is still running must not meet its own replay.
 * [MS-SMB2] 3.3.5.2.10
 */
#include "smb2/open.h"

#include "smb2/smb2.h"

static bool changes_something(const struct ksmbd_request *rq)
{
	return rq->code == SMB2_WRITE || rq->code == SMB2_SET_INFO ||
	       rq->code == SMB2_IOCTL;
}

/* A new sequence: all that is under way belongs to an older one now. */
static void advance_locked(struct ksmbd_open *open, u16 sequence)
{
	lockdep_assert_held(&open->spin);
	open->n_before += open->n_current;
	open->n_current = 0;
	open->channel_sequence = sequence;
}

/* Whether the request comes in turn; then it counts. */
static bool in_turn_locked(struct ksmbd_request *rq, struct ksmbd_open *open)
{
	u16 sequence = rq->hdr.channel_sequence;
	u16 ahead = sequence - open->channel_sequence;

	lockdep_assert_held(&open->spin);
	if (ahead > 0x7FFF)
		return false;
	if (ahead)
		advance_locked(open, sequence);
	if (rq->hdr.flags & SMB2_FLAGS_REPLAY_OPERATION && open->n_before)
		return false;
	open->n_current++;
	return true;
}

ntstatus_t smb2_sequence_check(struct ksmbd_request *rq, struct ksmbd_open *open)
{
	bool in_turn;

	if (!ksmbd_conn_is_smb3(rq->conn) || rq->counted)
		return STATUS_SUCCESS;
	spin_lock(&open->spin);
	in_turn = in_turn_locked(rq, open);
	spin_unlock(&open->spin);
	if (in_turn)
		rq->counted = open;
	else if (changes_something(rq))
		return STATUS_FILE_NOT_AVAILABLE;
	return STATUS_SUCCESS;
}

void smb2_sequence_done(struct ksmbd_request *rq)
{
	struct ksmbd_open *open = rq->counted;

	if (!open)
		return;
	rq->counted = NULL;
	spin_lock(&open->spin);
	if (rq->hdr.channel_sequence == open->channel_sequence)
		open->n_current--;
	else
		open->n_before--;
	spin_unlock(&open->spin);
}
