# SPDX-License-Identifier: GPL-2.0-only
"""Win32 and network management status codes, and what this server says it is.  [MS-ERREF] 2.2"""

SUCCESS = 0
ACCESS_DENIED = 5
INVALID_PARAMETER = 87
INVALID_NAME = 123
INVALID_LEVEL = 124
MORE_DATA = 234
BUF_TOO_SMALL = 2123
NET_NAME_NOT_FOUND = 2310
DEVICE_NOT_SHARED = 2311

PLATFORM_NT = 500

# Clients choose features by this number; 6.1 is the one other Unix servers give.
VERSION_MAJOR = 6
VERSION_MINOR = 1

UNLIMITED = 0xFFFFFFFF
