# SPDX-License-Identifier: GPL-2.0-only
"""`ksmbd.control trace`: requests as they come and go, from the module's tracepoints."""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path

from ksmbd.mountd.verbs.verb import DONE, Verb, say
from ksmbd.shared.errors import KsmbdError

_TRACING = Path("/sys/kernel/tracing")


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("-c", "--command", help="only this SMB2 command, such as CREATE")
    parser.add_argument("-e", "--errors", action="store_true", help="only what failed")
    parser.add_argument("-n", "--count", type=int, default=0, metavar="N", help="lines; 0: no end")


def wanted(line: str, command: str | None, errors: bool) -> bool:
    """Whether a line of the trace is to be shown."""
    if command is not None and not re.search(rf"\b{re.escape(command.upper())}\b", line):
        return False
    status = re.search(r"status=0x([0-9a-f]{8})", line)
    return not errors or (status is not None and status[1][0] in "c8")


def _run(arguments: argparse.Namespace) -> int:
    """Shows the trace of an instance of its own, which goes when this ends."""
    instance = _TRACING / "instances" / f"ksmbd-{arguments.command or 'all'}"
    if not (_TRACING / "events" / "ksmbd").is_dir():
        raise KsmbdError(
            f"{_TRACING}/events/ksmbd: the module is not loaded, or mount -t tracefs tracefs "
            f"{_TRACING}, as root"
        )
    shown = 0
    instance.mkdir(exist_ok=True)
    try:
        (instance / "events" / "ksmbd" / "enable").write_text("1")
        with (instance / "trace_pipe").open(errors="replace") as pipe:
            for line in pipe:
                if wanted(line, arguments.command, arguments.errors):
                    say(line.strip())
                    sys.stdout.flush()
                    shown += 1
                if arguments.count and shown >= arguments.count:
                    break
    except KeyboardInterrupt:
        pass
    finally:
        (instance / "events" / "ksmbd" / "enable").write_text("0")
        instance.rmdir()
    return DONE


VERB = Verb("trace", "show requests as they come and go", _arguments, _run, read=False)
