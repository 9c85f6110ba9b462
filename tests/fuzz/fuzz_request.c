// SPDX-License-Identifier: GPL-2.0
/* A header and one request of any command: spans inside, counts bounded. */
#include "fuzz.h"

typedef int (*decode_fn)(struct wire_reader *r, union smb2_req *u);

static const decode_fn decoders[SMB2_NR_COMMANDS] = {
	[SMB2_NEGOTIATE] = wire_decode_negotiate,
	[SMB2_SESSION_SETUP] = wire_decode_session_setup,
	[SMB2_LOGOFF] = wire_decode_logoff,
	[SMB2_TREE_CONNECT] = wire_decode_tree_connect,
	[SMB2_TREE_DISCONNECT] = wire_decode_tree_disconnect,
	[SMB2_CREATE] = wire_decode_create,
	[SMB2_CLOSE] = wire_decode_close,
	[SMB2_FLUSH] = wire_decode_flush,
	[SMB2_READ] = wire_decode_read,
	[SMB2_WRITE] = wire_decode_write,
	[SMB2_LOCK] = wire_decode_lock,
	[SMB2_IOCTL] = wire_decode_ioctl,
	[SMB2_CANCEL] = wire_decode_cancel,
	[SMB2_ECHO] = wire_decode_echo,
	[SMB2_QUERY_DIRECTORY] = wire_decode_query_directory,
	[SMB2_CHANGE_NOTIFY] = wire_decode_change_notify,
	[SMB2_QUERY_INFO] = wire_decode_query_info,
	[SMB2_SET_INFO] = wire_decode_set_info,
	[SMB2_OPLOCK_BREAK] = wire_decode_oplock_break,
};

static void check_lock(const struct smb2_lock_req *lock, struct wire_span in)
{
	u16 i;

	MUST(lock->lock_count && lock->locks.len == lock->lock_count * 24u);
	must_be_inside(lock->locks, in);
	for (i = 0; i < lock->lock_count; i++)
		wire_lock_element(lock, i);
}

static void check(u16 command, const union smb2_req *u, struct wire_span in,
		  u32 beyond)
{
	switch (command) {
	case SMB2_SESSION_SETUP:
		must_be_inside(u->session_setup.blob, in);
		break;
	case SMB2_TREE_CONNECT:
		must_be_inside(u->tree_connect.path, in);
		break;
	case SMB2_WRITE:
		MUST(u->write.data.len == u->write.length);
		MUST(u->write.data.offset <= in.len + beyond);
		MUST(u->write.data.len <= in.len + beyond - u->write.data.offset);
		break;
	case SMB2_LOCK:
		check_lock(&u->lock, in);
		break;
	case SMB2_IOCTL:
		must_be_inside(u->ioctl.input, in);
		break;
	case SMB2_QUERY_DIRECTORY:
		must_be_inside(u->query_directory.pattern, in);
		break;
	case SMB2_QUERY_INFO:
		must_be_inside(u->query_info.input, in);
		break;
	case SMB2_SET_INFO:
		must_be_inside(u->set_info.buffer, in);
		break;
	}
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t len)
{
	struct wire_span in = { .data = data, .len = len };
	struct wire_reader r = wire_reader_of(in);
	struct smb2_header h;
	union smb2_req u;
	int err;

	/* Most inputs would end at ProtocolId: the header may be bad. */
	err = wire_decode_header(&r, &h);
	MUST(err == 0 || err == -EINVAL);
	MUST(err || r.pos == SMB2_HEADER_SIZE);
	r = wire_reader_at(in, SMB2_HEADER_SIZE);
	/* as much beyond the message as a field says that nothing else uses */
	if (!err)
		r.beyond = h.signature[0] << 12;
	h.command %= SMB2_NR_COMMANDS;
	err = decoders[h.command](&r, &u);
	MUST(err == 0 || err == -EINVAL);
	if (!err) {
		MUST(!r.bad && r.pos <= in.len);
		check(h.command, &u, in, r.beyond);
	}
	return 0;
}
