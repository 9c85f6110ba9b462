// SPDX-License-Identifier: GPL-2.0
/* Names: from the wire to the walk, and against patterns. */
#include <linux/bitmap.h>
#include <linux/slab.h>
#include <linux/string.h>
#include "fs/casefold.h"
#include "fs/fs.h"
#include "fs/stream.h"
#include "wire/utf16.h"

#define MAX_PATTERN	1024

/* [MS-FSCC] 2.1.5: these cannot stand in a name. */
static bool is_forbidden(char c)
{
	return (unsigned char)c < 0x20 || strchr("\"*/:<>?|", c);
}

/*
 * [MS-FSCC] 2.1.5: ":stream", ":stream:type" or "::type" at the end of a path.
 * The index of a directory, "$I30", is the directory itself.
 */
static ntstatus_t take_stream(const struct ksmbd_share *share, char *path,
			      struct ksmbd_name *name)
{
	char *stream = strchr(path, ':'), *type;

	if (!stream)
		return STATUS_SUCCESS;
	*stream++ = '\0';
	type = strchr(stream, ':');
	if (type)
		*type++ = '\0';
	if (type && !strcasecmp(type, "$DATA"))
		name->type = STREAM_TYPE_DATA;
	else if (type && !strcasecmp(type, "$INDEX_ALLOCATION"))
		name->type = STREAM_TYPE_INDEX;
	else if (type || !*stream)
		return STATUS_OBJECT_NAME_INVALID;
	if (!*stream || (name->type == STREAM_TYPE_INDEX &&
			 !strcasecmp(stream, "$I30")))
		return STATUS_SUCCESS;
	if (name->type == STREAM_TYPE_INDEX || strpbrk(stream, "\\/") ||
	    strlen(stream) > KSMBD_STREAM_NAME_MAX ||
	    !(share->flags & KSMBD_SHARE_FLAG_STREAMS))
		return STATUS_OBJECT_NAME_INVALID;
	name->stream = kstrdup(stream, GFP_KERNEL);
	return name->stream ? STATUS_SUCCESS : STATUS_INSUFFICIENT_RESOURCES;
}

bool ksmbd_fs_match_any(const char *patterns, u32 size, const char *name)
{
	const char *p = patterns, *end = patterns + size;

	while (p && p < end && *p) {
		if (ksmbd_fs_match(p, name))
			return true;
		p += strnlen(p, end - p) + 1;
	}
	return false;
}

bool ksmbd_fs_vetoed(const struct ksmbd_share *share, const char *component)
{
	return ksmbd_fs_match_any(share->veto_list, share->veto_list_size,
				  component);
}

/* Appends one component to what is in @out up to @end; returns the new end. */
static ntstatus_t add_component(struct ksmbd_tree *tree, char *out, char **end,
				const char *component)
{
	size_t len;

	if (!*component)
		return STATUS_OBJECT_NAME_INVALID;
	if (!strcmp(component, "."))
		return STATUS_SUCCESS;
	if (!strcmp(component, "..")) {
		if (*end == out)
			return STATUS_OBJECT_PATH_SYNTAX_BAD;
		while (*end > out && *--*end != '/')
			;
		**end = '\0';
		return STATUS_SUCCESS;
	}
	for (const char *c = component; *c; c++)
		if (is_forbidden(*c))
			return STATUS_OBJECT_NAME_INVALID;
	if (ksmbd_fs_vetoed(tree->share, component))
		return STATUS_OBJECT_NAME_NOT_FOUND;
	/* never longer than the source: separators are one byte there too */
	if (*end != out)
		*(*end)++ = '/';
	len = strlen(component);
	memcpy(*end, component, len + 1);
	*end += len;
	return STATUS_SUCCESS;
}

static ntstatus_t check_path(struct ksmbd_tree *tree, char *path, char *out)
{
	char *component, *end = out;
	size_t len = strlen(path);
	ntstatus_t status;

	*out = '\0';
	/* [MS-SMB2] 2.2.13: relative to the share */
	if (*path == '\\')
		return STATUS_INVALID_PARAMETER;
	if (len && path[len - 1] == '\\')
		path[len - 1] = '\0';
	if (!*path)
		return STATUS_SUCCESS;
	while ((component = strsep(&path, "\\"))) {
		status = add_component(tree, out, &end, component);
		if (status != STATUS_SUCCESS)
			return status;
	}
	return STATUS_SUCCESS;
}

ntstatus_t ksmbd_fs_name(struct ksmbd_tree *tree, struct wire_span utf16,
			 struct ksmbd_name *name)
{
	char *path = kmalloc(PATH_MAX, GFP_KERNEL);
	char *out = kmalloc(PATH_MAX, GFP_KERNEL);
	ntstatus_t status;
	int len;

	*name = (struct ksmbd_name) { };
	if (!path || !out) {
		status = STATUS_INSUFFICIENT_RESOURCES;
		goto out;
	}
	len = wire_utf8_from_utf16(utf16, path, PATH_MAX);
	if (len < 0) {
		status = STATUS_OBJECT_NAME_INVALID;
		goto out;
	}
	status = take_stream(tree->share, path, name);
	if (status == STATUS_SUCCESS)
		status = check_path(tree, path, out);
	if (status == STATUS_SUCCESS) {
		name->path = out;
		out = NULL;
	} else {
		ksmbd_fs_name_free(name);
	}
out:
	kfree(path);
	kfree(out);
	return status;
}

void ksmbd_fs_name_free(struct ksmbd_name *name)
{
	kfree(name->path);
	kfree(name->stream);
	*name = (struct ksmbd_name) { };
}

/*
 * Windows wildcards, [MS-FSA] 2.1.4.4, as a set of positions in the pattern
 * that the name read so far can have reached; no recursion, so no pattern
 * costs more than its length times the name's.
 *
 *	*  any characters		?  any one character
 *	<  any but the last dot		>  any one, or none before a dot or the end
 *	"  a dot, or none at the end
 */
struct matcher {
	const char *pattern;
	u32 pattern_len;
	DECLARE_BITMAP(now, MAX_PATTERN + 1);
	DECLARE_BITMAP(then, MAX_PATTERN + 1);
};

static u32 char_len(const char *p, u32 left)
{
	u32 n = 1;

	while (n < left && (p[n] & 0xC0) == 0x80)
		n++;
	return n;
}

/* Reaches @pos and what can be reached from there without a character. */
static void reach(struct matcher *m, unsigned long *set, u32 pos, bool at_end,
		  bool at_dot)
{
	while (!test_and_set_bit(pos, set) && pos < m->pattern_len) {
		char c = m->pattern[pos];

		if (c == '*' || c == '<' || (c == '>' && (at_end || at_dot)) ||
		    (c == '"' && at_end))
			pos++;
		else
			break;
	}
}

/* May the pattern at @pos take this character?  Returns where it is then, or -1. */
static int step(const struct matcher *m, u32 pos, const char *name, u32 n,
		const char *last_dot, bool is_last)
{
	char p = m->pattern[pos];

	switch (p) {
	case '*':
		return pos;
	case '<':
		return name == last_dot ? -1 : (int)pos;
	case '?':
		return pos + 1;
	case '>':
		return *name != '.' || is_last ? pos + 1 : -1;
	case '"':
		return *name == '.' ? pos + 1 : -1;
	}
	if (m->pattern_len - pos < n || memcmp(m->pattern + pos, name, n))
		return -1;
	return pos + n;
}

static bool run_matcher(struct matcher *m, const char *name, u32 len)
{
	const char *last_dot = NULL;
	u32 pos, n;
	int to;

	for (u32 i = 0; i < len; i++)
		if (name[i] == '.')
			last_dot = name + i;
	bitmap_zero(m->now, MAX_PATTERN + 1);
	reach(m, m->now, 0, !len, len && *name == '.');
	for (; len; name += n, len -= n) {
		n = char_len(name, len);
		bitmap_zero(m->then, MAX_PATTERN + 1);
		for_each_set_bit(pos, m->now, m->pattern_len) {
			to = step(m, pos, name, n, last_dot, n == len);
			if (to >= 0)
				reach(m, m->then, to, n == len,
				      n < len && name[n] == '.');
		}
		bitmap_copy(m->now, m->then, MAX_PATTERN + 1);
	}
	return test_bit(m->pattern_len, m->now);
}

struct match_space {
	struct matcher m;
	struct ksmbd_folded name, pattern;
};

bool ksmbd_fs_match(const char *pattern, const char *name)
{
	struct match_space *s;
	u32 len = strlen(pattern);
	bool matches;

	if (!strcmp(pattern, "*"))
		return true;
	if (len >= NAME_MAX)
		return false;		/* no name is as long */
	s = kmalloc(sizeof(*s), GFP_KERNEL);
	if (!s)
		return false;
	ksmbd_casefold(&s->pattern, pattern, len);
	ksmbd_casefold(&s->name, name, strlen(name));
	s->m.pattern = s->pattern.name;
	s->m.pattern_len = s->pattern.len;
	matches = run_matcher(&s->m, s->name.name, s->name.len);
	kfree(s);
	return matches;
}
