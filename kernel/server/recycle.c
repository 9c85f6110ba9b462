// SPDX-License-Identifier: GPL-2.0
#include "server/recycle.h"

#include <linux/errno.h>
#include <linux/slab.h>
#include <linux/string.h>

void ksmbd_recycle_free(struct ksmbd_recycle *bin)
{
	if (!bin)
		return;
	kfree(bin->folder);
	kfree(bin->exclude);
	kfree(bin);
}

static bool names_a_folder(const char *user)
{
	return *user && !strchr(user, '/') && strcmp(user, ".") &&
	       strcmp(user, "..");
}

/* "%U" once, in no first component: what comes before it is everybody's. */
static int expand(struct ksmbd_recycle *bin, const char *folder,
		  const char *user)
{
	const char *at = strstr(folder, "%U"), *slash = at;

	if (!at) {
		bin->folder = kstrdup(folder, GFP_KERNEL);
		bin->shared = strlen(folder);
		return bin->folder ? 0 : -ENOMEM;
	}
	while (slash > folder && *slash != '/')
		slash--;
	if (slash == folder || !names_a_folder(user))
		return -EINVAL;
	bin->shared = slash - folder;
	bin->folder = kasprintf(GFP_KERNEL, "%.*s%s%s", (int)(at - folder),
				folder, user, at + 2);
	return bin->folder ? 0 : -ENOMEM;
}

struct ksmbd_recycle *ksmbd_recycle_new(const char *folder, const char *rules,
					const char *exclude, const char *user)
{
	struct ksmbd_recycle *bin = kzalloc(sizeof(*bin), GFP_KERNEL);

	if (!bin)
		return NULL;
	bin->keep_tree = strchr(rules, 't');
	bin->versions = strchr(rules, 'v');
	bin->exclude = kstrdup(exclude, GFP_KERNEL);
	if (!bin->exclude || expand(bin, folder, *user ? user : "guest")) {
		ksmbd_recycle_free(bin);
		return NULL;
	}
	bin->exclude_size = strlen(exclude) + 1;
	for (char *c = bin->exclude; *c; c++)
		if (*c == '/')
			*c = '\0';
	return bin;
}
