// SPDX-License-Identifier: GPL-2.0
/*
 * Counters of commands.  Each CPU has its own, written without a lock by
 * whoever answers there; a reader adds them up and may see one request
 * halfway counted.
 */
#include "smb2/stats.h"

#include <linux/ktime.h>
#include <linux/log2.h>
#include <linux/percpu.h>
#include <linux/string.h>
#include "smb2/dispatch.h"

struct command_stats {
	u64 count, errors, time, bytes;
	u64 histogram[KSMBD_ADMIN_BUCKETS];
};

/*
 * Not static: what all modules together may have of that, the kernel's
 * reserved chunk, is 8 KiB.
 */
static struct command_stats __percpu *stats;	/* SMB2_NR_COMMANDS of them */

static unsigned int bucket_of(u64 ns)
{
	u64 us = ns / 1000;
	unsigned int n = us ? ilog2(us) + 1 : 0;

	return min_t(unsigned int, n, KSMBD_ADMIN_BUCKETS - 1);
}

static u64 bytes_of(const struct ksmbd_request *rq)
{
	if (rq->status != STATUS_SUCCESS)
		return 0;
	if (rq->code == SMB2_READ)
		return rq->rsp.read.data_length;
	return rq->code == SMB2_WRITE ? rq->rsp.write.count : 0;
}

void smb2_stats_count(const struct ksmbd_request *rq)
{
	struct command_stats *s;
	u64 time;

	if (rq->code >= SMB2_NR_COMMANDS || !rq->started)
		return;
	time = ktime_get_ns() - rq->started;
	s = get_cpu_ptr(stats) + rq->code;
	s->count++;
	s->errors += ntstatus_is_error(rq->status);
	s->time += time;
	s->bytes += bytes_of(rq);
	s->histogram[bucket_of(time)]++;
	put_cpu_ptr(stats);
}

/* @c: one more than the last command. */
bool smb2_stats_command(struct ksmbd_admin_cursor *c, struct ksmbd_admin_row *row)
{
	u32 code = c->second;
	int cpu;

	if (code >= SMB2_NR_COMMANDS)
		return false;
	c->second = code + 1;
	row->id = code;
	strscpy(row->name, smb2_command_name(code), sizeof(row->name));
	for_each_possible_cpu(cpu) {
		const struct command_stats *s = per_cpu_ptr(stats, cpu) + code;

		row->count += READ_ONCE(s->count);
		row->errors += READ_ONCE(s->errors);
		row->time += READ_ONCE(s->time);
		row->bytes += READ_ONCE(s->bytes);
		for (int i = 0; i < KSMBD_ADMIN_BUCKETS; i++)
			row->histogram[i] += READ_ONCE(s->histogram[i]);
	}
	return true;
}

int smb2_stats_init(void)
{
	stats = __alloc_percpu(SMB2_NR_COMMANDS * sizeof(*stats),
			       __alignof__(*stats));
	return stats ? 0 : -ENOMEM;
}

void smb2_stats_exit(void)
{
	free_percpu(stats);
}
