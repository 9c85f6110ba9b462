# SPDX-License-Identifier: GPL-2.0-only
"""The named pipes that the kernel has open, by its handle."""

import logging
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ksmbd.mountd.rpc.association import Association
from ksmbd.mountd.rpc.environment import RpcEnvironment
from ksmbd.mountd.rpc.interface import Interface
from ksmbd.shared.abi import RpcStatus
from ksmbd.shared.errors import ProtocolError

log = logging.getLogger(__name__)

MAX_PIPES = 4096
MAX_UNREAD = 64 * 1024
"""A pipe takes no further request while more than this of its answers is unread."""

MAX_BYTES = 64 * 1024 * 1024
"""What all pipes together may hold."""

_GROUPS = 0xFFFFFFFF


@dataclass(slots=True)
class _Pipe:
    association: Association
    restricted: bool
    unread: deque[bytes] = field(default_factory=deque)

    @property
    def unread_bytes(self) -> int:
        return sum(map(len, self.unread))

    @property
    def held(self) -> int:
        return self.association.buffered + self.unread_bytes


class Pipes:
    """Opens, feeds, drains and closes pipes; every answer is one PDU of at most 4096 bytes.

    A pipe is in message mode: each read returns one PDU.  The first fragment of an answer is
    what an ioctl (a transceive) returns, and the rest waits for reads.
    """

    def __init__(self, env: RpcEnvironment, interfaces: Sequence[Interface]) -> None:
        self._env = env
        self._services: Mapping[str, tuple[Interface, ...]] = {
            name: tuple(i for i in interfaces if i.pipe == name)
            for name in {i.pipe for i in interfaces}
        }
        self._pipes: dict[int, _Pipe] = {}
        self._held = 0
        self._next_group = 0

    @property
    def held(self) -> int:
        """Bytes that wait in all pipes, either way."""
        return self._held

    def __len__(self) -> int:
        return len(self._pipes)

    @property
    def services(self) -> frozenset[str]:
        return frozenset(self._services)

    def open(self, handle: int, service: str, restricted: bool = False) -> int:
        """Opens a pipe; `restricted` says that the session is a guest's."""
        interfaces = self._services.get(service)
        if interfaces is None:
            return RpcStatus.ENOTIMPLEMENTED
        if handle in self._pipes:
            # The kernel gave the number to a new pipe, so the close of the old one is lost.
            log.warning("pipe %d was still open", handle)
            self.close(handle)
        if len(self._pipes) >= MAX_PIPES:
            log.warning("no more than %d pipes", MAX_PIPES)
            return RpcStatus.ENOMEM
        self._next_group = self._next_group % _GROUPS + 1
        association = Association(interfaces, f"\\PIPE\\{service}", self._env, self._next_group)
        self._pipes[handle] = _Pipe(association, restricted)
        return RpcStatus.OK

    def write(self, handle: int, data: bytes, restricted: bool = False) -> int:
        """Takes bytes from the client: a PDU, a part of one, or several.

        The stock kernel tells of a guest's session here rather than at open.
        """
        pipe = self._pipes.get(handle)
        if pipe is None:
            return RpcStatus.EBAD_FID
        before = pipe.held
        if pipe.unread_bytes > MAX_UNREAD or self._held + len(data) > MAX_BYTES:
            return RpcStatus.ENOMEM
        pipe.restricted = pipe.restricted or restricted
        try:
            pipe.unread.extend(pipe.association.receive(data, pipe.restricted))
        except ProtocolError as e:
            log.debug("pipe %d: %s", handle, e)
            return RpcStatus.EBAD_DATA
        finally:
            self._held += pipe.held - before
        return RpcStatus.OK

    def read(self, handle: int) -> tuple[int, bytes]:
        """Returns the next PDU; EBAD_DATA when there is none yet."""
        pipe = self._pipes.get(handle)
        if pipe is None:
            return RpcStatus.EBAD_FID, b""
        if not pipe.unread:
            return RpcStatus.EBAD_DATA, b""
        data = pipe.unread.popleft()
        self._held -= len(data)
        return RpcStatus.OK, data

    def ioctl(self, handle: int, data: bytes, restricted: bool = False) -> tuple[int, bytes]:
        """Write and read in one: FSCTL_PIPE_TRANSCEIVE."""
        status = self.write(handle, data, restricted)
        if status != RpcStatus.OK:
            return status, b""
        return self.read(handle)

    def close(self, handle: int) -> int:
        pipe = self._pipes.pop(handle, None)
        if pipe is None:
            return RpcStatus.EBAD_FID
        self._held -= pipe.held
        return RpcStatus.OK
