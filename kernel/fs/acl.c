// SPDX-License-Identifier: GPL-2.0
/*
 * The xattr security.NTACL, an NDR structure that Samba designed, version 4.
 *
 *	offset	type
 *	0	u16	version 4, and again as a u32 at 2
 *	6	u16, u32  2 and 0x20004: the arm of a union, a pointer
 *	12	u16	hash type, 1: SHA-256
 *	14	u8[64]	hash of the descriptor, 32 bytes used
 *	78	char[10] "posix_acl", NUL
 *	88	NTTIME	when it was set
 *	96	u8[64]	hash of mode and POSIX ACL, 32 bytes used
 *	160		the descriptor; its offsets count from the xattr's start
 *
 * The second hash is over one more NDR structure, see put_posix().  What stock
 * ksmbd and we write: a file without POSIX ACL has none in it.  Samba, which has
 * the ACL from libacl, always puts one in, made of the mode; and its first hash is
 * over the descriptor that it would have made of mode and ACL, which only says
 * something when the second one is wrong.  A descriptor of Samba's is taken when
 * its second hash is right.
 */
#include "fs/acl.h"

#include <linux/cred.h>
#include <linux/fs.h>
#include <linux/fsnotify.h>
#include <linux/posix_acl.h>
#include <linux/sched/task.h>
#include <linux/xattr.h>
#include "compat/crypto.h"
#include "compat/vfs.h"
#include "debug.h"
#include "fs/access.h"
#include "fs/fs.h"
#include "fs/stat.h"

#define NTACL_XATTR	XATTR_SECURITY_PREFIX "NTACL"
#define NTACL_HEADER	0xA0
#define NTACL_MAX	(NTACL_HEADER + SD_MAX_SIZE)
#define HASH_FIELD	64
#define HASH_AT		14
#define POSIX_HASH_AT	96
#define HASH_SHA256	1
#define STORED_PARTS	(OWNER_SECURITY_INFORMATION |		\
			 GROUP_SECURITY_INFORMATION |		\
			 DACL_SECURITY_INFORMATION)
#define MAX_NAMED	64		/* users and groups in a POSIX ACL we write */

DEFINE_FREE(acl_bytes, void *, kvfree(_T))

struct sd *ksmbd_sd_alloc(u32 max_aces)
{
	struct sd *sd = kvzalloc(sizeof(*sd) + max_aces * sizeof(*sd->aces),
				 GFP_KERNEL);

	if (!sd)
		return NULL;
	sd->max_aces = max_aces;
	sd->aces = (struct sd_ace *)(sd + 1);
	return sd;
}

static struct sd *decode(struct wire_span in, u32 base)
{
	struct sd *sd = ksmbd_sd_alloc(sd_count_aces(in, base));
	int err;

	if (!sd)
		return ERR_PTR(-ENOMEM);
	err = sd_decode(in, base, sd);
	if (err) {
		kvfree(sd);
		return ERR_PTR(err);
	}
	return sd;
}

struct sd *ksmbd_sd_decode(struct wire_span in)
{
	return decode(in, 0);
}

void ksmbd_sd_map_generic(struct sd *sd)
{
	for (u32 i = 0; i < sd->n_aces; i++)
		if (!(sd->aces[i].flags & SD_ACE_INHERIT_ONLY))
			sd->aces[i].mask =
				ksmbd_access_map_generic(sd->aces[i].mask);
}

/* --- the hash of mode and POSIX ACL --- */

static u16 tag_number(unsigned int tag)
{
	switch (tag) {
	case ACL_USER:		return 1;
	case ACL_USER_OBJ:	return 2;
	case ACL_GROUP:		return 3;
	case ACL_GROUP_OBJ:	return 4;
	case ACL_OTHER:		return 5;
	default:		return 6;	/* ACL_MASK */
	}
}

static void put_posix_acl(struct wire_writer *w, const struct posix_acl *acl)
{
	const struct posix_acl_entry *e;

	wire_put_u32(w, acl->a_count);
	wire_pad(w, 8);
	wire_put_u32(w, acl->a_count);
	wire_put_u32(w, 0);
	for (e = acl->a_entries; e < acl->a_entries + acl->a_count; e++) {
		wire_pad(w, 8);
		wire_put_u16(w, tag_number(e->e_tag));
		wire_put_u16(w, tag_number(e->e_tag));
		if (e->e_tag == ACL_USER || e->e_tag == ACL_GROUP)
			wire_pad(w, 8);
		if (e->e_tag == ACL_USER)
			wire_put_u64(w, from_kuid(&init_user_ns, e->e_uid));
		if (e->e_tag == ACL_GROUP)
			wire_put_u64(w, from_kgid(&init_user_ns, e->e_gid));
		wire_put_u32(w, e->e_perm);
	}
}

static u32 posix_size(const struct posix_acl *acl)
{
	return acl ? 24 + 24 * acl->a_count : 0;
}

static void put_posix(struct wire_writer *w, const struct kstat *st,
		      const struct posix_acl *acl, const struct posix_acl *def)
{
	u32 referent = 0x20000;

	wire_put_u32(w, acl ? referent : 0);
	if (acl)
		referent += 4;
	wire_put_u32(w, def ? referent : 0);
	wire_put_u64(w, from_kuid(&init_user_ns, st->uid));
	wire_put_u64(w, from_kgid(&init_user_ns, st->gid));
	wire_put_u32(w, st->mode);
	if (acl)
		put_posix_acl(w, acl);
	/* only beside the other one: a quirk of the format */
	if (acl && def)
		put_posix_acl(w, def);
}

static int hash_acls(const struct kstat *st, const struct posix_acl *acl,
		     const struct posix_acl *def, u8 hash[SHA256_DIGEST_SIZE])
{
	u32 cap = 32 + posix_size(acl) + posix_size(def);
	void *buf __free(acl_bytes) = kvzalloc(cap, GFP_KERNEL);
	struct wire_writer w;

	if (!buf)
		return -ENOMEM;
	w = wire_writer_of(buf, cap);
	put_posix(&w, st, acl, def);
	if (WARN_ON_ONCE(w.full))
		return -EINVAL;
	sha256(buf, w.len, hash);
	return 0;
}

static struct posix_acl *fetch_acl(const struct path *path, int type)
{
	struct inode *inode = d_inode(path->dentry);
	struct posix_acl *acl;

	if (!IS_POSIXACL(inode) ||
	    (type == ACL_TYPE_DEFAULT && !S_ISDIR(inode->i_mode)))
		return NULL;
	acl = compat_get_acl(inode, type);
	return PTR_ERR_OR_ZERO(acl) == -EOPNOTSUPP ? NULL : acl;
}

/* What libacl gives for none: an ACL of the mode, an empty default ACL. */
static struct posix_acl *stand_in(const struct kstat *st, int type)
{
	struct posix_acl *acl;

	if (type == ACL_TYPE_DEFAULT && !S_ISDIR(st->mode))
		return NULL;
	acl = type == ACL_TYPE_DEFAULT ? posix_acl_alloc(0, GFP_KERNEL) :
					 posix_acl_from_mode(st->mode, GFP_KERNEL);
	return acl ?: ERR_PTR(-ENOMEM);
}

static struct posix_acl *acl_to_hash(const struct path *path,
				     const struct kstat *st, int type,
				     bool as_samba)
{
	struct posix_acl *acl = fetch_acl(path, type);

	return acl || !as_samba ? acl : stand_in(st, type);
}

static int hash_posix(const struct path *path, bool as_samba,
		      u8 hash[SHA256_DIGEST_SIZE])
{
	struct posix_acl *acl, *def;
	struct kstat st;
	int err = ksmbd_getattr(path, &st);

	if (err)
		return err;
	acl = acl_to_hash(path, &st, ACL_TYPE_ACCESS, as_samba);
	if (IS_ERR(acl))
		return PTR_ERR(acl);
	def = acl_to_hash(path, &st, ACL_TYPE_DEFAULT, as_samba);
	err = IS_ERR(def) ? PTR_ERR(def) : hash_acls(&st, acl, def, hash);
	posix_acl_release(acl);
	if (!IS_ERR(def))
		posix_acl_release(def);
	return err;
}

/* --- the xattr --- */

/* kvmalloc()ed, NULL when there is none; no permission is asked. */
static void *read_xattr(const struct path *path, u32 *len)
{
	struct inode *inode = d_inode(path->dentry);
	ssize_t n = __vfs_getxattr(path->dentry, inode, NTACL_XATTR, NULL, 0);
	void *buf;

	if (n == -ENODATA || n == -EOPNOTSUPP)
		return NULL;
	if (n < 0 || n > NTACL_MAX)
		return n < 0 ? ERR_PTR(n) : NULL;
	buf = kvmalloc(n + 1, GFP_KERNEL);
	if (!buf)
		return ERR_PTR(-ENOMEM);
	n = __vfs_getxattr(path->dentry, inode, NTACL_XATTR, buf, n);
	if (n < 0) {		/* removed meanwhile, or longer: in doubt, no */
		kvfree(buf);
		return n == -ENODATA ? NULL : ERR_PTR(n);
	}
	*len = n;
	return buf;
}

/* The descriptor in it, or an empty span. */
static struct wire_span unwrap(struct wire_span in)
{
	struct wire_span none = { };
	struct wire_reader r = wire_reader_of(in);

	wire_expect_u16(&r, 4);
	if (wire_get_u32(&r) != 4)
		r.bad = true;
	wire_expect_u16(&r, 2);
	wire_skip(&r, 4);
	wire_expect_u16(&r, HASH_SHA256);
	r.bad |= in.len < NTACL_HEADER;
	if (wire_reader_status(&r))
		return none;
	r = wire_reader_at(in, NTACL_HEADER);
	return wire_take_span(&r, in.len - NTACL_HEADER);
}

static bool is_hash(struct wire_span in, u32 at, const u8 hash[SHA256_DIGEST_SIZE])
{
	return !memcmp(hash, in.data + at, SHA256_DIGEST_SIZE);
}

/* Are mode and POSIX ACL what they were when it was written?  1, 0, or an errno. */
static int is_current(const struct path *path, struct wire_span in,
		      struct wire_span sd)
{
	u8 hash[SHA256_DIGEST_SIZE], samba_hash[SHA256_DIGEST_SIZE];
	int err = hash_posix(path, true, samba_hash);

	if (!err)
		err = hash_posix(path, false, hash);
	if (err)
		return err;
	if (is_hash(in, POSIX_HASH_AT, samba_hash))
		return 1;
	if (!is_hash(in, POSIX_HASH_AT, hash))
		return 0;
	sha256(sd.data, sd.len, hash);
	return is_hash(in, HASH_AT, hash);
}

struct sd *ksmbd_acl_load(const struct ksmbd_share *share,
			  const struct path *path)
{
	struct wire_span in = { }, sd;
	struct sd *decoded;
	int err;

	if (!ksmbd_acl_stored(share))
		return NULL;

	void *buf __free(acl_bytes) = read_xattr(path, &in.len);

	if (IS_ERR_OR_NULL(buf)) {
		err = PTR_ERR_OR_ZERO(buf);
		buf = NULL;
		return ERR_PTR(err);
	}
	in.data = buf;
	sd = unwrap(in);
	if (!sd.len)
		return NULL;
	err = is_current(path, in, sd);
	if (err <= 0)
		return ERR_PTR(err);
	decoded = decode(sd, NTACL_HEADER);
	/* no descriptor is no descriptor; one we cannot judge denies */
	return PTR_ERR_OR_ZERO(decoded) == -EINVAL ? NULL : decoded;
}

static int write_xattr(const struct path *path, const void *value, u32 len)
{
	struct inode *inode = d_inode(path->dentry);
	int err = mnt_want_write(path->mnt);

	if (err)
		return err;
	inode_lock(inode);
	if (IS_IMMUTABLE(inode) || IS_APPEND(inode))
		err = -EPERM;
	else
		err = compat_setxattr_unchecked(path, NTACL_XATTR, value, len);
	if (!err)
		fsnotify_xattr(path->dentry);
	inode_unlock(inode);
	mnt_drop_write(path->mnt);
	return err;
}

int ksmbd_acl_store(const struct path *path, const struct sd *sd)
{
	u32 cap = NTACL_HEADER + sd_size(sd, STORED_PARTS);
	u8 hash[SHA256_DIGEST_SIZE], posix_hash[SHA256_DIGEST_SIZE];
	struct wire_writer w;
	struct timespec64 now;
	int err;

	if (cap > NTACL_MAX)
		return -E2BIG;

	void *buf __free(acl_bytes) = kvzalloc(cap, GFP_KERNEL);

	if (!buf)
		return -ENOMEM;
	w = wire_writer_of(buf + NTACL_HEADER, cap - NTACL_HEADER);
	sd_encode(&w, sd, STORED_PARTS, NTACL_HEADER);
	if (w.full)
		return -E2BIG;
	sha256(buf + NTACL_HEADER, w.len, hash);
	err = hash_posix(path, false, posix_hash);
	if (err)
		return err;
	ktime_get_coarse_real_ts64(&now);
	w = wire_writer_of(buf, NTACL_HEADER);
	wire_put_u16(&w, 4);
	wire_put_u32(&w, 4);
	wire_put_u16(&w, 2);
	wire_put_u32(&w, 0x20004);
	wire_put_u16(&w, HASH_SHA256);
	wire_put_bytes(&w, hash, sizeof(hash));
	wire_put_zero(&w, HASH_FIELD - sizeof(hash));
	wire_put_bytes(&w, "posix_acl", 10);
	wire_put_u64(&w, ksmbd_nttime(now));
	wire_put_bytes(&w, posix_hash, sizeof(posix_hash));
	wire_put_zero(&w, HASH_FIELD - sizeof(posix_hash));
	return write_xattr(path, buf, cap);
}

/* --- from a descriptor to mode and POSIX ACL --- */

/*
 * FILE_EXECUTE of a file lets SMB read it ([MS-SMB2] 3.3.5.12), so r belongs
 * to it.
 */
static unsigned int perm_of(u32 access, bool dir)
{
	u32 reads = FILE_READ_DATA | (dir ? 0 : FILE_EXECUTE);

	return (access & reads ? 4 : 0) |
	       (access & (FILE_WRITE_DATA | FILE_APPEND_DATA) ? 2 : 0) |
	       (access & FILE_EXECUTE ? 1 : 0);
}

static u32 access_of_user(const struct sd *sd, u32 uid)
{
	const struct ksmbd_acl_token token = {
		.has_uid = true, .uid = uid, .authenticated = true,
	};

	return ksmbd_acl_evaluate(sd, &token);
}

static u32 access_of_group(const struct sd *sd, u32 gid)
{
	const struct ksmbd_acl_token token = {
		.has_gid = true, .gid = gid, .authenticated = true,
	};

	return ksmbd_acl_evaluate(sd, &token);
}

static u32 access_of_others(const struct sd *sd)
{
	const struct ksmbd_acl_token token = { .authenticated = true };

	return ksmbd_acl_evaluate(sd, &token);
}

/*
 * With the descriptor stored as well, the owner's bits need only let through
 * what it grants him: rights on EAs without those on data are kept possible.
 * He could chmod(2) the file anyway; others get no more than they are granted.
 */
static umode_t mode_of(const struct sd *sd, const struct kstat *st, bool stored)
{
	bool dir = S_ISDIR(st->mode);
	u32 owner = access_of_user(sd, from_kuid(&init_user_ns, st->uid));
	u32 group = access_of_group(sd, from_kgid(&init_user_ns, st->gid));
	umode_t mode;

	if (stored && owner & FILE_READ_EA)
		owner |= FILE_READ_DATA;
	if (stored && owner & FILE_WRITE_EA)
		owner |= FILE_WRITE_DATA;
	mode = perm_of(owner, dir) << 6 | perm_of(group, dir) << 3 |
	       perm_of(access_of_others(sd), dir);
	if (dir)
		mode |= st->mode & 0111;
	return (st->mode & ~0777) | mode;	/* the type is part of it */
}

/* Adds @id once, in order: what a POSIX ACL has of users, or of groups. */
static u32 add_named(u32 *ids, u32 n, u32 id)
{
	u32 i = 0;

	while (i < n && ids[i] < id)
		i++;
	if (i < n && ids[i] == id)
		return n;
	if (n == MAX_NAMED)
		return n;
	memmove(ids + i + 1, ids + i, (n - i) * sizeof(*ids));
	ids[i] = id;
	return n + 1;
}

struct named {
	u32 n_users, n_groups;
	u32 users[MAX_NAMED], groups[MAX_NAMED];
};

static void find_named(const struct sd *sd, const struct kstat *st,
		       struct named *named)
{
	u32 owner = from_kuid(&init_user_ns, st->uid);
	u32 group = from_kgid(&init_user_ns, st->gid), id;

	named->n_users = named->n_groups = 0;
	for (u32 i = 0; i < sd->n_aces; i++) {
		const struct sd_ace *ace = &sd->aces[i];

		if (ace->flags & SD_ACE_INHERIT_ONLY)
			continue;
		if (ksmbd_sid_to_uid(&ace->sid, &id) && id != owner)
			named->n_users = add_named(named->users,
						   named->n_users, id);
		if (ksmbd_sid_to_gid(&ace->sid, &id) && id != group)
			named->n_groups = add_named(named->groups,
						    named->n_groups, id);
	}
}

static struct posix_acl_entry *add_entry(struct posix_acl_entry *e, short tag,
					 unsigned int perm)
{
	e->e_tag = tag;
	e->e_perm = perm & 7;
	return e + 1;
}

/* ERR_PTR, or NULL when the mode says it all. */
static struct posix_acl *posix_acl_of(const struct sd *sd,
				      const struct kstat *st, umode_t mode)
{
	bool dir = S_ISDIR(st->mode);
	unsigned int x = dir ? st->mode & 1 : 0, mask, perm;
	struct named *named = kmalloc(sizeof(*named), GFP_KERNEL);
	struct posix_acl_entry *e;
	struct posix_acl *acl = NULL;

	if (!named)
		return ERR_PTR(-ENOMEM);
	find_named(sd, st, named);
	if (!named->n_users && !named->n_groups)
		goto out;
	acl = posix_acl_alloc(4 + named->n_users + named->n_groups, GFP_KERNEL);
	if (!acl) {
		acl = ERR_PTR(-ENOMEM);
		goto out;
	}
	mask = mode >> 3;
	e = add_entry(acl->a_entries, ACL_USER_OBJ, mode >> 6);
	for (u32 i = 0; i < named->n_users; i++) {
		perm = perm_of(access_of_user(sd, named->users[i]), dir) | x;
		e->e_uid = make_kuid(&init_user_ns, named->users[i]);
		e = add_entry(e, ACL_USER, perm);
		mask |= perm;
	}
	e = add_entry(e, ACL_GROUP_OBJ, mode >> 3);
	for (u32 i = 0; i < named->n_groups; i++) {
		perm = perm_of(access_of_group(sd, named->groups[i]), dir) | x;
		e->e_gid = make_kgid(&init_user_ns, named->groups[i]);
		e = add_entry(e, ACL_GROUP, perm);
		mask |= perm;
	}
	e = add_entry(e, ACL_MASK, mask);
	add_entry(e, ACL_OTHER, mode);
out:
	kfree(named);
	return acl;
}

static int set_posix_acl_on(const struct path *path, struct posix_acl *acl)
{
	struct inode *inode = d_inode(path->dentry);
	int err = mnt_want_write(path->mnt);

	if (err)
		return err;
	inode_lock(inode);
	err = compat_set_acl(path, ACL_TYPE_ACCESS, acl);
	inode_unlock(inode);
	mnt_drop_write(path->mnt);
	return err;
}

/* An ACL brings its mode along; without one an old ACL must go first. */
static int apply_both(const struct path *path, struct posix_acl *acl,
		      struct iattr *attr)
{
	struct posix_acl *old;
	int err;

	if (acl)
		return set_posix_acl_on(path, acl);
	old = fetch_acl(path, ACL_TYPE_ACCESS);
	if (IS_ERR(old))
		return PTR_ERR(old);
	err = old ? set_posix_acl_on(path, NULL) : 0;
	posix_acl_release(old);
	return err ?: ksmbd_setattr(path, attr);
}

/*
 * WRITE_DAC, and not ownership, is what Windows asks for, so with descriptors
 * the kernel's own credentials do what the handle's right has decided.
 */
static int apply_as_kernel(const struct path *path, const struct sd *sd,
			   const struct kstat *st, struct iattr *attr)
{
	struct posix_acl *acl = NULL;
	const struct cred *saved;
	struct cred *kernel;
	int err;

	if (IS_POSIXACL(d_inode(path->dentry)))
		acl = posix_acl_of(sd, st, attr->ia_mode);
	if (IS_ERR(acl))
		return PTR_ERR(acl);
	kernel = ksmbd_user_kernel_cred();
	if (!kernel) {
		posix_acl_release(acl);
		return -ENOMEM;
	}
	saved = override_creds(kernel);
	err = apply_both(path, acl, attr);
	revert_creds(saved);
	put_cred(kernel);
	posix_acl_release(acl);
	return err;
}

int ksmbd_acl_apply_mode(const struct path *path, const struct sd *sd,
			 bool named)
{
	struct iattr attr = { .ia_valid = ATTR_MODE };
	struct kstat st;
	int err = ksmbd_getattr(path, &st);

	if (err)
		return err;
	attr.ia_mode = mode_of(sd, &st, named);
	if (named)
		return apply_as_kernel(path, sd, &st, &attr);
	return st.mode == attr.ia_mode ? 0 :
	       ksmbd_setattr(path, &attr);
}
