"""The job's output, from its pipe to the log stream's file. Standard library only (see linux.py).

The file's format is the one of `clary.store.logfile`: ``<epoch milliseconds>\\t<message>\\n``, valid UTF-8,
no message over 256,000 bytes.
"""

from __future__ import annotations

import fcntl
import os
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

LONGEST_MESSAGE = 256_000
_CHUNK = 1 << 18
# A line without its newline is shown after this long: a prompt, or a progress bar that redraws itself.
_PATIENCE_S = 1.0
_F_SETPIPE_SZ = 1031


class LogFile:
    """Appends finished lines, up to a limit; later output is dropped, and the log says so. A full disk loses
    output, too, and is mentioned when there is space again; nothing here ever stops the job's output from
    being read."""

    def __init__(self, path: str, limit: int) -> None:
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
        self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        self._left = limit - os.fstat(self._descriptor).st_size
        self._lost = 0
        self._torn = False

    def append(self, lines: bytes) -> bool:
        """Write lines, separated by newlines, with the present time; False when they were dropped."""
        if self._left <= 0:
            return False
        mark = b"%d\t" % int(time.time() * 1000)
        block = _marked(lines, mark)
        if len(block) > self._left:
            keep = block.rfind(b"\n", 0, self._left) + 1
            limit = mark + b"[clary] The log reached its limit (log_limit_mb); later output is dropped.\n"
            block = block[:keep] + limit
            self._left = 0
        else:
            self._left -= len(block)
        if self._lost:
            block = mark + b"[clary] The disk was full: %d bytes of output are lost.\n" % self._lost + block
        return self._write(b"\n" + block if self._torn else block)

    def close(self) -> None:
        os.close(self._descriptor)

    def _write(self, block: bytes) -> bool:
        try:
            written = os.write(self._descriptor, block)
        except OSError:
            self._lost += len(block)
            return False
        if written < len(block):
            self._torn = (self._torn and written == 0) or block[written - 1 : written] != b"\n"
            self._lost = len(block) - written
            return True
        self._torn, self._lost = False, 0
        return True


class Output:
    """Reads a job's merged stdout and stderr and hands on whole lines."""

    def __init__(
        self,
        source: int,
        log: LogFile,
        also: Callable[[bytes], None] | None = None,
        whole_lines: bool = False,
    ) -> None:
        """`also` hears all that is said, as it comes, or in whole lines where several processes speak to it."""
        self._whole_lines = whole_lines
        self._source = source
        self._log = log
        self._also = also
        self._pending = b""
        self._pending_since = 0.0
        os.set_blocking(source, False)
        try:
            fcntl.fcntl(source, _F_SETPIPE_SZ, 1 << 20)  # fewer turns for a chatty job
        except OSError:
            pass
        self.wrote = False

    def read(self) -> bool:
        """Take what is there, at most one chunk; False when there is nothing more now or for ever (see
        `ended`)."""
        try:
            data = os.read(self._source, _CHUNK)
        except BlockingIOError:
            return False
        if not data:
            self.ended = True
            return False
        if self._also is not None and not self._whole_lines:
            self._also(data)
        lines, newline, rest = (self._pending + data).rpartition(b"\n")
        if newline:
            self._put(lines)
        elif not self._pending:
            self._pending_since = time.monotonic()
        if newline and rest:
            self._pending_since = time.monotonic()
        self._pending = rest
        while len(self._pending) > LONGEST_MESSAGE:
            cut = _whole(self._pending[:LONGEST_MESSAGE])
            self._put(self._pending[:cut])
            self._pending = self._pending[cut:]
        return True

    ended = False

    def add(self, lines: bytes) -> None:
        """Lines of our own, between the job's."""
        self.wrote = self._log.append(lines) or self.wrote

    def wait_s(self) -> float | None:
        """In how many seconds `flush_late` has something to do; None: never, unless output comes."""
        if not self._pending:
            return None
        return max(0.0, self._pending_since + _PATIENCE_S - time.monotonic())

    def flush_late(self) -> None:
        """Show a line that has waited long for its newline, up to its last whole character."""
        if self._pending and self.wait_s() == 0.0:
            cut = _whole(self._pending)
            if cut:
                self._put(self._pending[:cut])
                self._pending = self._pending[cut:]
            self._pending_since = time.monotonic()

    def drain(self) -> None:
        """Take everything that is in the pipe, and what is left of a last line. Its writers are dead."""
        while self.read():
            pass
        if self._pending:
            self._put(self._pending)
            self._pending = b""
        os.close(self._source)

    def _put(self, lines: bytes) -> None:
        if self._also is not None and self._whole_lines:
            self._also(lines + b"\n")
        self.wrote = self._log.append(lines) or self.wrote


def _marked(lines: bytes, mark: bytes) -> bytes:
    try:
        lines.decode()
    except UnicodeDecodeError:
        lines = lines.decode("utf-8", "replace").encode()
    if len(lines) <= LONGEST_MESSAGE:
        return mark + lines.replace(b"\n", b"\n" + mark) + b"\n"
    marked = []
    for line in lines.split(b"\n"):
        while len(line) > LONGEST_MESSAGE:
            cut = _whole(line[:LONGEST_MESSAGE])
            marked.append(mark + line[:cut])
            line = line[cut:]
        marked.append(mark + line)
    return b"\n".join(marked) + b"\n"


def _whole(data: bytes) -> int:
    """The length of `data` without a UTF-8 character that is cut off at its end."""
    for back in range(1, min(4, len(data)) + 1):
        byte = data[-back]
        if byte >= 0xC0:  # the first byte of a character of 2, 3 or 4
            needed = 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4
            return len(data) - back if needed > back else len(data)
        if byte < 0x80:
            break
    return len(data)
