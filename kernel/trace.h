/* SPDX-License-Identifier: GPL-2.0 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM ksmbd

#if !defined(_KSMBD_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _KSMBD_TRACE_H

#include <linux/tracepoint.h>
#include "compat/trace.h"
#include "ntstatus.h"

TRACE_EVENT(smb2_start,
	TP_PROTO(u32 conn, u64 mid, const char *command),
	TP_ARGS(conn, mid, command),
	TP_STRUCT__entry(
		__field(u32, conn)
		__field(u64, mid)
		__string(command, command)
	),
	TP_fast_assign(
		__entry->conn = conn;
		__entry->mid = mid;
		ksmbd_assign_str(command, command);
	),
	TP_printk("conn=%u mid=%llu %s", __entry->conn, __entry->mid,
		  __get_str(command))
);

TRACE_EVENT(smb2_done,
	TP_PROTO(u32 conn, u64 mid, const char *command, ntstatus_t status),
	TP_ARGS(conn, mid, command, status),
	TP_STRUCT__entry(
		__field(u32, conn)
		__field(u64, mid)
		__string(command, command)
		__field(u32, status)
	),
	TP_fast_assign(
		__entry->conn = conn;
		__entry->mid = mid;
		ksmbd_assign_str(command, command);
		__entry->status = (__force u32)status;
	),
	TP_printk("conn=%u mid=%llu %s status=0x%08x", __entry->conn,
		  __entry->mid, __get_str(command), __entry->status)
);

#endif /* _KSMBD_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
