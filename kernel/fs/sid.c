// SPDX-License-Identifier: GPL-2.0
/* Unix ids as SIDs, and what a list of SIDs may do. */
#include <linux/cred.h>
#include <linux/uidgid.h>
#include <linux/user_namespace.h>
#include "fs/access.h"
#include "fs/acl.h"
#include "wire/smb2.h"

#define AUTHORITY_NT	5
#define AUTHORITY_UNIX	22
#define UNIX_USERS	1
#define UNIX_GROUPS	2

const struct sd_sid ksmbd_sid_everyone = { .authority = 1, .n = 1 };
static const struct sd_sid owner_rights = {
	.authority = 3, .n = 1, .sub = { 4 },
};
static const struct sd_sid authenticated_users = {
	.authority = AUTHORITY_NT, .n = 1, .sub = { 11 },
};

struct sd_sid ksmbd_sid_of_uid(u32 uid)
{
	const u32 *domain = ksmbd_settings.sub_auth;

	return (struct sd_sid) {
		.authority = AUTHORITY_NT, .n = 5,
		.sub = { 21, domain[0], domain[1], domain[2], uid },
	};
}

struct sd_sid ksmbd_sid_of_gid(u32 gid)
{
	return (struct sd_sid) {
		.authority = AUTHORITY_UNIX, .n = 2, .sub = { UNIX_GROUPS, gid },
	};
}

static bool is_unix(const struct sd_sid *sid, u32 kind)
{
	return sid->authority == AUTHORITY_UNIX && sid->n == 2 &&
	       sid->sub[0] == kind && sid->sub[1] != (u32)-1;
}

bool ksmbd_sid_to_uid(const struct sd_sid *sid, u32 *uid)
{
	if (is_unix(sid, UNIX_USERS)) {
		*uid = sid->sub[1];
		return true;
	}
	if (sid->authority != AUTHORITY_NT || sid->n != 5 || sid->sub[0] != 21 ||
	    memcmp(&sid->sub[1], ksmbd_settings.sub_auth,
		   sizeof(ksmbd_settings.sub_auth)) || sid->sub[4] == (u32)-1)
		return false;
	*uid = sid->sub[4];
	return true;
}

bool ksmbd_sid_to_gid(const struct sd_sid *sid, u32 *gid)
{
	if (!is_unix(sid, UNIX_GROUPS))
		return false;
	*gid = sid->sub[1];
	return true;
}

/* groups_search() is not exported, and in_group_p() asks for current alone */
static bool in_group(const struct ksmbd_acl_token *token, u32 gid)
{
	const struct group_info *groups = token->groups;

	if (!token->has_gid)
		return false;
	if (gid == token->gid)
		return true;
	for (int i = 0; groups && i < groups->ngroups; i++)
		if (from_kgid(&init_user_ns, groups->gid[i]) == gid)
			return true;
	return false;
}

static bool is_in(const struct ksmbd_acl_token *token, const struct sd_sid *sid)
{
	u32 id;

	if (sd_sid_equal(sid, &ksmbd_sid_everyone))
		return true;
	if (sd_sid_equal(sid, &authenticated_users))
		return token->authenticated;
	if (ksmbd_sid_to_uid(sid, &id))
		return token->has_uid && id == token->uid;
	if (ksmbd_sid_to_gid(sid, &id))
		return in_group(token, id);
	return false;
}

/* A user: an owner that is a group, or Everyone, would be too many. */
static bool is_owner(const struct sd *sd, const struct ksmbd_acl_token *token)
{
	u32 uid;

	return token->has_uid && sd->has_owner &&
	       ksmbd_sid_to_uid(&sd->owner, &uid) && uid == token->uid;
}

/*
 * A right belongs to whichever ACE names it first.  The owner may always read
 * and write the DACL, unless an ACE for OWNER RIGHTS says what he may.
 */
u32 ksmbd_acl_evaluate(const struct sd *sd, const struct ksmbd_acl_token *token)
{
	bool owner = is_owner(sd, token);
	u32 allowed = 0, denied = 0;

	if (!(sd->control & SD_DACL_PRESENT) || sd->null_dacl)
		return ACCESS_FILE_ALL;
	for (u32 i = 0; i < sd->n_aces; i++) {
		const struct sd_ace *ace = &sd->aces[i];
		u32 mask = ksmbd_access_map_generic(ace->mask);

		if (ace->flags & SD_ACE_INHERIT_ONLY)
			continue;
		if (sd_sid_equal(&ace->sid, &owner_rights) ? !owner :
							     !is_in(token, &ace->sid))
			continue;
		if (ace->type == SD_ACE_DENIED)
			denied |= mask & ~allowed;
		else
			allowed |= mask & ~denied;
	}
	for (u32 i = 0; owner && i < sd->n_aces; i++)
		if (!(sd->aces[i].flags & SD_ACE_INHERIT_ONLY) &&
		    sd_sid_equal(&sd->aces[i].sid, &owner_rights))
			owner = false;
	if (owner)
		allowed |= ACCESS_READ_CONTROL | ACCESS_WRITE_DAC;
	return allowed & ACCESS_FILE_ALL;
}
