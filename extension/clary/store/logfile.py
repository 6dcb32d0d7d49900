"""CloudWatch log streams as files: one event a line, ``<epoch milliseconds>\\t<message>\\n``."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO
from urllib.parse import quote, unquote

from clary.home import Home

# CloudWatch takes events of up to 256 KiB; a longer line becomes several events.
_LONGEST_MESSAGE = 256_000
_SUFFIX = ".log"


@dataclass(frozen=True)
class LogEvent:
    """One line of output. `timestamp` in milliseconds since the epoch; `offset` is its place in the file in bytes."""

    timestamp: int
    message: str
    offset: int


@dataclass(frozen=True)
class StreamInfo:
    name: str
    path: Path
    size: int
    created: float
    modified: float


def stream_path(home: Home, group: str, stream: str) -> Path:
    return home.logs / quote(group, safe="") / (quote(stream, safe="") + _SUFFIX)


def groups(home: Home) -> list[str]:
    return sorted(unquote(entry.name) for entry in os.scandir(home.logs) if entry.is_dir())


def streams(home: Home, group: str, prefix: str = "") -> list[StreamInfo]:
    """The streams of a group whose name starts with `prefix`, by name; empty when there is no such group."""
    found = []
    try:
        entries = list(os.scandir(home.logs / quote(group, safe="")))
    except FileNotFoundError:
        return []
    for entry in entries:
        if not entry.name.endswith(_SUFFIX):
            continue
        name = unquote(entry.name.removesuffix(_SUFFIX))
        if name.startswith(prefix):
            status = entry.stat()
            found.append(StreamInfo(name, Path(entry.path), status.st_size, status.st_ctime, status.st_mtime))
    return sorted(found, key=lambda stream: stream.name)


def format_events(message: bytes, timestamp_ms: int) -> bytes:
    """The lines of the file for one line of output (without its newline)."""
    text = message.decode("utf-8", "replace").encode()
    pieces = [text[start : start + _LONGEST_MESSAGE] for start in range(0, len(text), _LONGEST_MESSAGE)] or [
        b""
    ]
    return b"".join(b"%d\t%b\n" % (timestamp_ms, piece) for piece in pieces)


class LogWriter:
    """Appends to a stream, up to `limit_bytes`; then says so once and drops the rest, so that no job fills the disk."""

    def __init__(self, path: Path, limit_bytes: int) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = open(path, "ab", buffering=0)  # noqa: SIM115 - lives as long as the writer
        self._left = limit_bytes - self._file.tell()

    def write(self, message: str | bytes, timestamp_ms: int | None = None) -> None:
        """Append one line of output (several, when it holds newlines)."""
        if self._left <= 0:
            return
        data = message.encode("utf-8", "replace") if isinstance(message, str) else message
        now = int(time.time() * 1000) if timestamp_ms is None else timestamp_ms
        lines = b"".join(format_events(line, now) for line in data.split(b"\n"))
        self._left -= len(lines)
        if self._left <= 0:
            lines = format_events(
                b"[clary] The log reached its limit (log_limit_mb); later output is dropped.", now
            )
        self._file.write(lines)

    def close(self) -> None:
        self._file.close()


def read_events(
    path: Path, offset: int = 0, limit: int = 10_000, max_bytes: int = 1_000_000
) -> tuple[list[LogEvent], int]:
    """Up to `limit` events from byte `offset` on, at most about `max_bytes` of them (always one, if there is one), and
    the offset where the next call goes on. A line still being written is left for later."""
    events: list[LogEvent] = []
    used = 0
    with open(path, "rb") as file:
        file.seek(offset)
        while len(events) < limit and (used < max_bytes or not events):
            line = file.readline()
            if not line.endswith(b"\n"):
                break
            event = _parse(line, offset)
            offset += len(line)
            used += len(line)
            if event is not None:
                events.append(event)
    return events, offset


def read_events_before(
    path: Path, offset: int | None = None, limit: int = 10_000, max_bytes: int = 1_000_000
) -> tuple[list[LogEvent], int]:
    """The last `limit` events that end at or before byte `offset` (None: the end), oldest first, and where they begin."""
    with open(path, "rb") as file:
        end = file.seek(0, os.SEEK_END)
        end = end if offset is None else min(offset, end)
        start = _start_of_last_lines(file, end, limit, max_bytes)
        file.seek(start)
        data = file.read(end - start)
    complete = data[: data.rfind(b"\n") + 1]
    events, place = [], start
    for text in complete.split(b"\n")[:-1]:
        line = text + b"\n"
        event = _parse(line, place)
        place += len(line)
        if event is not None:
            events.append(event)
    return events, start


def _start_of_last_lines(file: BinaryIO, end: int, limit: int, max_bytes: int) -> int:
    """Where the last `limit` lines before `end` begin, going back at most `max_bytes` beyond the first of them."""
    position, newlines, first_complete = end, 0, end
    while position > 0:
        size = min(65_536, position)
        position -= size
        file.seek(position)
        block = file.read(size)
        index = len(block)
        while (index := block.rfind(b"\n", 0, index)) >= 0:
            place = position + index + 1
            if place >= end:
                continue  # the newline that ends the last line
            newlines += 1
            if newlines == limit or (end - place > max_bytes and first_complete < end):
                return place
            first_complete = place
    return 0


def _parse(line: bytes, offset: int) -> LogEvent | None:
    stamp, tab, message = line.rstrip(b"\n").partition(b"\t")
    if not tab or not stamp.isdigit():
        return None  # a torn line after a crash
    return LogEvent(int(stamp), message.decode("utf-8", "replace"), offset)
