"""One worker process of a variant, as the endpoint process sees it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from clary.serving.http import Request
from clary.toolkits.inference import frames


class State(Enum):
    LOADING = "loading"
    IDLE = "idle"
    BUSY = "busy"
    DEAD = "dead"


@dataclass(frozen=True)
class WorkerOrder:
    """How to start a worker: the interpreter, its environment, its folder (whose ``ml`` is the model's), the log's writer."""

    python: str
    environment: Mapping[str, str]
    folder: Path
    isolation: str
    log: Callable[[bytes], None]


class WorkerProcess(asyncio.Protocol):
    """Owns the process, its socket and the pipe of its output. Callbacks come on the loop's thread.

    changed(worker): called when it got ready, died or failed. answered(worker, head, body): for each answer.
    """

    def __init__(
        self,
        order: WorkerOrder,
        changed: Callable[[WorkerProcess], None],
        answered: Callable[[WorkerProcess, dict[str, Any], bytes], None],
    ) -> None:
        self._order = order
        self._changed = changed
        self._answered = answered
        self.state = State.LOADING
        self.failure = ""
        self.request: Request | None = None
        self.deadline: asyncio.TimerHandle | None = None
        self.killed_for_time = False
        self.retiring = False
        self.loaded = False
        self.served = 0
        self.started = time.monotonic()
        self._transport: Any = None
        self._buffer = bytearray()
        self._process: subprocess.Popen[bytes] | None = None
        self._output: int | None = None
        self._outbox = self._inbox = -1
        self._tail = b""

    async def start(self) -> None:
        """Spawn it and tell it what to load. Must be called on the main thread: the worker dies with the thread that made it."""
        loop = asyncio.get_running_loop()
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        read, write = os.pipe()
        os.set_blocking(read, False)
        self._outbox, self._inbox = frames.shared_file(), frames.shared_file()
        shared = (self._outbox, self._inbox)
        self._order.folder.mkdir(parents=True, exist_ok=True)
        link = self._order.folder / "ml"
        if not link.is_symlink():
            link.symlink_to(self._order.folder.parent.parent / "ml")
        try:
            self._process = subprocess.Popen(
                [
                    self._order.python,
                    "-m",
                    "clary.toolkits.inference.worker",
                    *map(str, (theirs.fileno(), *shared)),
                ],
                env=dict(self._order.environment),
                stdin=subprocess.DEVNULL,
                stdout=write,
                stderr=write,
                pass_fds=(theirs.fileno(), *shared),
                cwd="/",
                start_new_session=True,  # what the model's code starts is killed with it
            )
        finally:
            theirs.close()
            os.close(write)
        self._output = read
        loop.add_reader(read, self._read_output)
        await loop.create_unix_connection(lambda: self, sock=ours)
        body = {"folder": str(self._order.folder), "isolation": self._order.isolation}
        self._transport.write(frames.pack(body))

    @property
    def pid(self) -> int:
        return self._process.pid if self._process is not None else 0

    def send(self, request: Request, head: dict[str, Any]) -> None:
        """Give it a request; it must be idle."""
        self.state = State.BUSY
        self.request = request
        if len(request.body) >= frames.SHARED_FROM:
            frames.put_shared(self._outbox, request.body)
            self._transport.write(frames.pack({**head, "shared": len(request.body)}))
        else:
            self._transport.write(frames.pack(head, request.body) + request.body)

    def kill(self) -> None:
        """SIGKILL: its death comes back through `changed`."""
        if self._process is not None and self._process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)

    def retire(self) -> None:
        """Close its socket: it ends by itself after the request it has."""
        self.retiring = True
        if self.state is not State.BUSY and self._transport is not None:
            self._transport.close()

    async def gone(self, patience: float = 5.0) -> None:
        """Wait for its end; kill it when that takes longer."""
        process = self._process
        if process is None:
            return
        end = time.monotonic() + patience
        while process.poll() is None:
            if time.monotonic() > end:
                self.kill()
            await asyncio.sleep(0.01)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        self._close_output()

    # asyncio.Protocol, on the socket

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        buffer = self._buffer
        buffer += data
        while len(buffer) >= frames.PREFIX.size:
            try:
                head_length, body_length = frames.lengths(buffer)
            except frames.BrokenFrame:
                self.kill()  # user code found our socket and wrote into it
                return
            start = frames.PREFIX.size + head_length
            if len(buffer) < start + body_length:
                return
            head = json.loads(buffer[frames.PREFIX.size : start])
            body = bytes(buffer[start : start + body_length])
            del buffer[: start + body_length]
            self._take(head, body)

    def connection_lost(self, error: Exception | None) -> None:
        if self.state is not State.DEAD:
            asyncio.get_running_loop().create_task(self._bury())

    def _take(self, head: dict[str, Any], body: bytes) -> None:
        kind = head.get("op")
        if kind == "ready":
            self.loaded = True
            self.state = State.IDLE
            self._changed(self)
        elif kind == "failed":
            self.failure = str(head.get("message"))
        elif kind == "answer" and self.state is State.BUSY:
            if "shared" in head:
                try:
                    body = frames.take_shared(self._inbox, int(head["shared"]))
                except (frames.BrokenFrame, OSError):
                    self.kill()
                    return
            self.state = State.IDLE
            self.served += 1
            self._answered(self, head, body)

    async def _bury(self) -> None:
        """The socket is closed: the process is dead or about to be."""
        await self.gone(1.0)
        self.state = State.DEAD
        if not self.failure:
            self.failure = self._how_it_ended()
        self._changed(self)

    def _how_it_ended(self) -> str:
        code = self._process.returncode if self._process is not None else None
        if self.killed_for_time:
            return "it did not answer in time and was killed"
        if code is not None and code < 0:
            with contextlib.suppress(ValueError):
                hint = " (out of memory?)" if code == -signal.SIGKILL else ""
                return f"it was killed by {signal.Signals(-code).name}{hint}"
        return f"it ended with exit code {code}"

    # its output

    def _read_output(self) -> None:
        if self._output is None:
            return
        try:
            data = os.read(self._output, 65_536)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._close_output()
            return
        lines, newline, tail = (self._tail + data).rpartition(b"\n")
        self._tail = tail
        if newline:
            self._order.log(lines)
        if len(self._tail) > 256_000:
            self._order.log(self._tail)
            self._tail = b""

    def _close_output(self) -> None:
        if self._output is None:
            return
        # What it printed last is still in the pipe; a grandchild that holds the pipe open is not waited for.
        with contextlib.suppress(OSError):
            while data := os.read(self._output, 65_536):
                self._tail += data
        if self._tail:
            self._order.log(self._tail.rstrip(b"\n"))
            self._tail = b""
        asyncio.get_running_loop().remove_reader(self._output)
        for descriptor in (self._output, self._outbox, self._inbox):
            os.close(descriptor)
        self._output = None
