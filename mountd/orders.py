# SPDX-License-Identifier: GPL-2.0-only
"""Orders of ksmbd.control: one JSON object a line, over a socket that only root can open.

Signals, which the stock tools send, cannot answer; this is for what has an answer.
"""

from __future__ import annotations

import asyncio
import json
import logging
import socket
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from ksmbd.shared.errors import KsmbdError

log = logging.getLogger(__name__)

SOCKET = "ksmbd.sock"
_LONGEST = 1 << 20
_PATIENCE = 30.0

Answer = dict[str, Any]
Order = Callable[[Mapping[str, Any]], Awaitable[Answer]]


class Orders:
    """The socket, for as long as mountd serves."""

    def __init__(self, path: Path, orders: Mapping[str, Order]) -> None:
        self._path = path
        self._orders = orders
        self._server: asyncio.AbstractServer | None = None

    async def open(self) -> None:
        """Begins to listen.  Without a socket mountd serves all the same."""
        with suppress(FileNotFoundError):
            self._path.unlink()
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
        try:
            sock.bind(str(self._path))
            self._path.chmod(0o600)
            self._server = await asyncio.start_unix_server(self._serve, sock=sock, limit=_LONGEST)
        except OSError as e:
            sock.close()
            log.warning("%s: %s; ksmbd.control has to do without answers", self._path, e.strerror)

    def close(self) -> None:
        """Ends it."""
        if self._server is not None:
            self._server.close()
            with suppress(FileNotFoundError):
                self._path.unlink()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            line = await asyncio.wait_for(reader.readline(), _PATIENCE)
            answer = await self._answer(line)
            writer.write(json.dumps(answer).encode() + b"\n")
            await asyncio.wait_for(writer.drain(), _PATIENCE)
        except (TimeoutError, OSError, ValueError) as e:
            log.debug("an order without an end: %s", e)
        finally:
            writer.close()

    async def _answer(self, line: bytes) -> Answer:
        try:
            order = json.loads(line)
            work = self._orders[order["do"]]
        except (ValueError, KeyError, TypeError):
            return {"error": "no such order"}
        try:
            return await work(order)
        except KsmbdError as e:
            return {"error": str(e)}


def ask(path: Path, order: Answer) -> Answer:
    """Gives an order and waits for its answer; for tools, blocks.

    Raises:
        KsmbdError: mountd is not there, or says no.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC) as sock:
        sock.settimeout(_PATIENCE)
        try:
            sock.connect(str(path))
            sock.sendall(json.dumps(order).encode() + b"\n")
            with sock.makefile("rb") as stream:
                answer = json.loads(stream.read(_LONGEST) or b"null")
        except (OSError, ValueError) as e:
            raise KsmbdError(f"{path}: ksmbd.mountd does not answer: {e}") from e
    if not isinstance(answer, dict):
        raise KsmbdError(f"{path}: ksmbd.mountd has no answer")
    if "error" in answer:
        raise KsmbdError(str(answer["error"]))
    return answer


class Refusals(logging.Handler):
    """Remembers the last things that were refused, with their reasons."""

    MOST = 200

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._last: deque[Answer] = deque(maxlen=self.MOST)

    def emit(self, record: logging.LogRecord) -> None:
        """Keeps what says that something was refused."""
        text = record.getMessage()
        if " refused" in text:
            self._last.append({"at": record.created, "text": text})

    def last(self) -> list[Answer]:
        """The oldest first."""
        return list(self._last)
