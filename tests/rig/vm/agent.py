# SPDX-License-Identifier: GPL-2.0-only
"""The guest's end of the control channel: runs commands and reports what came of them.

A frame is a 4-byte big-endian length and a JSON object; answers carry the id of their
request and come in any order. Standard library only: it starts under emulation.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import signal
import struct
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any, BinaryIO

KEEP = 8 << 20


class Agent:
    def __init__(self, port: BinaryIO) -> None:
        self.port = port
        self.send_lock = threading.Lock()
        self.jobs: dict[int, tuple[subprocess.Popen[bytes], str]] = {}
        self.next_job = 1

    def send(self, answer: dict[str, Any]) -> None:
        body = json.dumps(answer).encode()
        data = struct.pack(">I", len(body)) + body
        with self.send_lock:
            while data:
                data = data[self.port.write(data) or 0 :]

    def receive(self) -> dict[str, Any]:
        (size,) = struct.unpack(">I", self.read_exactly(4))
        request = json.loads(self.read_exactly(size))
        assert isinstance(request, dict)
        return request

    def read_exactly(self, size: int) -> bytes:
        parts = []
        while size:
            part = self.port.read(size)
            if not part:
                # No one is connected on the host: a virtio port reads as end of file.
                raise EOFError
            parts.append(part)
            size -= len(part)
        return b"".join(parts)

    def serve(self) -> None:
        self.send({"id": 0, "hello": os.uname().release})
        while True:
            request = self.receive()
            threading.Thread(target=self.answer, args=(request,), daemon=True).start()

    def answer(self, request: dict[str, Any]) -> None:
        try:
            result = getattr(self, "do_" + request["op"])(request)
        except Exception as error:
            result = {"error": repr(error)}
        self.send({"id": request["id"], **result})

    def spawn(
        self, request: dict[str, Any], out: BinaryIO, err: BinaryIO
    ) -> subprocess.Popen[bytes]:
        command = request["cmd"]
        env = {**os.environ, **request.get("env", {})}
        return subprocess.Popen(
            command,
            shell=isinstance(command, str),
            executable="/bin/bash" if isinstance(command, str) else None,
            stdin=subprocess.PIPE if request.get("input") is not None else subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            env=env,
            cwd=request.get("cwd", "/"),
            start_new_session=True,
        )

    def do_run(self, request: dict[str, Any]) -> dict[str, Any]:
        # Files, not pipes: a daemon that keeps its standard output must not hold us up.
        with (
            tempfile.TemporaryFile(dir="/run/rig") as out,
            tempfile.TemporaryFile(dir="/run/rig") as err,
        ):
            process = self.spawn(request, out, err)
            timed_out = False
            try:
                data = request.get("input")
                if data is not None:
                    assert process.stdin is not None
                    try:
                        process.stdin.write(base64.b64decode(data))
                        process.stdin.close()
                    except BrokenPipeError:
                        pass
                process.wait(request["timeout"])
            except subprocess.TimeoutExpired:
                timed_out = True
                os.killpg(process.pid, signal.SIGKILL)
                # Stuck in the kernel, perhaps: the caller learns of the timeout anyway.
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(10)
            rc = process.returncode
            return {
                "rc": rc if rc is not None else -9,
                "timed_out": timed_out,
                "out": tail(out),
                "err": tail(err),
            }

    def do_start(self, request: dict[str, Any]) -> dict[str, Any]:
        handle, path = tempfile.mkstemp(dir="/run/rig", prefix="job-")
        with os.fdopen(handle, "wb") as out:
            process = self.spawn(request, out, out)
        job = self.next_job
        self.next_job += 1
        self.jobs[job] = (process, path)
        return {"job": job, "pid": process.pid}

    def do_poll(self, request: dict[str, Any]) -> dict[str, Any]:
        """Waits up to `timeout` seconds for a job to end; rc is null while it runs."""
        process, path = self.jobs[request["job"]]
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(request.get("timeout", 0))
        with Path(path).open("rb") as out:
            return {"rc": process.returncode, "out": tail(out)}

    def do_read(self, request: dict[str, Any]) -> dict[str, Any]:
        """A file of /proc, or those of its lines that have one of `words` in them.

        No process and no more bytes than asked for: who counts instructions counts these too.
        """
        text = Path(request["path"]).read_text()
        if words := request.get("words"):
            lines = text.splitlines(keepends=True)
            text = "".join(line for line in lines if any(word in line for word in words))
        return {"text": text}

    def do_signal(self, request: dict[str, Any]) -> dict[str, Any]:
        process, _ = self.jobs[request["job"]]
        if process.poll() is None:
            os.killpg(process.pid, request["signal"])
        return {}


def tail(file: Any) -> str:
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - KEEP))
    return base64.b64encode(file.read()).decode()


def main() -> None:
    with Path(sys.argv[1]).open("r+b", buffering=0) as port:
        Agent(port).serve()


if __name__ == "__main__":
    main()
