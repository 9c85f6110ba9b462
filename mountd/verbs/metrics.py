# SPDX-License-Identifier: GPL-2.0-only
"""`ksmbd.control metrics`: the server's numbers for Prometheus.

The text exposition format, version 0.0.4: printed once, for node_exporter's textfile
collector, or served to who asks for /metrics.
"""

from __future__ import annotations

import argparse
import http.server
import ipaddress
import socket
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

from ksmbd.mountd.netlink import admin
from ksmbd.mountd.netlink.admin import Admin, Command, Server, Tree
from ksmbd.mountd.verbs.verb import DONE, FAILED, Verb
from ksmbd.shared.errors import KsmbdError
from ksmbd.shared.lockfile import running_pid

PORT = 9796
_TIMEOUT = 10.0
"""Seconds that one who asks may take."""


@dataclass(frozen=True, slots=True)
class Numbers:
    """What there is to tell; `server` is None without a module that can be asked."""

    server: Server | None = None
    trees: Sequence[Tree] = ()
    commands: Sequence[Command] = ()
    mountd: bool = False


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--listen", nargs="?", type=_endpoint, const=("127.0.0.1", PORT),
        metavar="[ADDRESS:]PORT",
        help=f"serve them over HTTP (127.0.0.1:{PORT}) until a signal comes",
    )  # fmt: skip


def _endpoint(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    host = host.strip("[]") or "127.0.0.1"
    try:
        ipaddress.ip_address(host)
        number = int(port)
    except ValueError:
        number = 0
    if not 0 < number < 65536:
        raise argparse.ArgumentTypeError(f"{text!r} is not like 9796, 10.0.0.1:9796 or [::1]:9796")
    return host, number


def run(arguments: argparse.Namespace) -> int:
    """Prints or serves."""
    if arguments.listen is None:
        sys.stdout.write(exposition(_look(arguments)))
        return DONE
    try:
        server = _listen(arguments)
    except OSError as error:
        host, port = arguments.listen
        sys.stderr.write(f"cannot listen on {host} port {port}: {error.strerror}\n")
        return FAILED
    with server:
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            return DONE
    return DONE


def _look(arguments: argparse.Namespace) -> Numbers:
    mountd = running_pid(arguments.lock) is not None
    try:
        with Admin.open() as kernel:
            return Numbers(kernel.server(), kernel.trees(), kernel.commands(), mountd)
    except KsmbdError:
        return Numbers(mountd=mountd)


def _listen(arguments: argparse.Namespace) -> http.server.ThreadingHTTPServer:
    class Handler(http.server.BaseHTTPRequestHandler):
        timeout = _TIMEOUT
        server_version = "ksmbd"
        sys_version = ""

        def do_GET(self) -> None:
            if self.path.partition("?")[0] != "/metrics":
                self.send_error(404)
                return
            text = exposition(_look(arguments)).encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(text)

        do_HEAD = do_GET

        def log_message(self, format: str, *args: object) -> None:
            """Every 15 s is no news."""

    class Listener(http.server.ThreadingHTTPServer):
        address_family = socket.AF_INET6 if ":" in arguments.listen[0] else socket.AF_INET
        daemon_threads = True

    return Listener(arguments.listen, Handler)


# the text


def exposition(numbers: Numbers) -> str:
    """All of it."""
    return "".join(f"{line}\n" for line in _lines(numbers))


def _lines(numbers: Numbers) -> Iterator[str]:
    server = numbers.server
    yield from _gauge("up", "whether there is a module that serves", int(_serves(server)))
    yield from _gauge("mountd_up", "whether ksmbd.mountd runs", int(numbers.mountd))
    if server is None:
        return
    yield from _gauge("info", "the module", 1, {"module": server.name})
    for name, help, value in (
        ("uptime_seconds", "since it began to listen", server.age / 1000),
        ("connections", "of clients", server.connections),
        ("sessions", "that are logged on", server.sessions),
        ("open_files", "that clients have handles of", server.opens),
    ):
        yield from _gauge(name, help, value)
    yield from _shares(numbers.trees)
    yield from _commands(numbers.commands)


def _serves(server: Server | None) -> bool:
    return server is not None and server.state == admin.STATES.index("running")


def _gauge(
    name: str, help: str, value: float, labels: dict[str, str] | None = None
) -> Iterator[str]:
    yield from _head(name, help, "gauge")
    yield _sample(name, value, labels or {})


def _shares(trees: Iterable[Tree]) -> Iterator[str]:
    yield from _head("share_connections", "that sessions have to a share", "gauge")
    for share, count in sorted(Counter(tree.share for tree in trees).items()):
        yield _sample("share_connections", count, {"share": share})


def _commands(commands: Sequence[Command]) -> Iterator[str]:
    yield from _head("command_errors_total", "answers with an error status", "counter")
    for row in commands:
        yield _sample("command_errors_total", row.errors, {"command": row.name})
    yield from _head("command_bytes_total", "that were read or written", "counter")
    for row in commands:
        if row.name in ("READ", "WRITE"):
            yield _sample("command_bytes_total", row.bytes, {"command": row.name})
    name = "command_duration_seconds"
    yield from _head(name, "from a request to its answer", "histogram")
    for row in commands:
        labels = {"command": row.name}
        below = list(accumulate(row.histogram))
        for bucket, count in enumerate(below[:-1]):
            yield _sample(f"{name}_bucket", count, {**labels, "le": f"{(1 << bucket) / 1e6:g}"})
        total = below[-1] if below else 0
        yield _sample(f"{name}_bucket", total, {**labels, "le": "+Inf"})
        yield _sample(f"{name}_sum", row.time / 1e9, labels)
        yield _sample(f"{name}_count", total, labels)


def _head(name: str, help: str, kind: str) -> Iterator[str]:
    yield f"# HELP ksmbd_{name} {help}"
    yield f"# TYPE ksmbd_{name} {kind}"


def _sample(name: str, value: float, labels: dict[str, str]) -> str:
    pairs = ",".join(f'{key}="{_escaped(text)}"' for key, text in labels.items())
    return f"ksmbd_{name}{{{pairs}}} {value}" if pairs else f"ksmbd_{name} {value}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


VERB = Verb("metrics", "print the numbers that Prometheus collects", _arguments, run, read=False)
