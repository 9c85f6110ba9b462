# SPDX-License-Identifier: GPL-2.0-only
"""The verbs of ksmbd.control: one module each, one row each in `table.py`."""
