"""Finding one's way in log files of any size: places by time, and several streams merged in order of time."""

from __future__ import annotations

import heapq
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from clary.store.logfile import LogEvent, StreamInfo, read_events

# A stream's part of a merge: small, because there may be a thousand streams.
_BLOCK_BYTES = 16_384
_BLOCK_EVENTS = 200


def offset_of_time(path: Path, moment_ms: int) -> int:
    """Where the first event at or after `moment_ms` begins, the file's size if there is none.

    Binary search over byte positions, since events are written in order of time: some thirty reads in a
    gigabyte.
    """
    with open(path, "rb") as file:
        size = low = file.seek(0, os.SEEK_END)
        low, high = 0, size
        while low < high:
            middle = (low + high) // 2
            start, stamp = _line_from(file, middle)
            if stamp is None or stamp >= moment_ms:
                high = middle
            else:
                low = start + 1
        start, stamp = _line_from(file, low)
        return size if stamp is None else start


def _line_from(file: BinaryIO, position: int) -> tuple[int, int | None]:
    """(offset, milliseconds) of the first event that begins at or after `position`; (_, None) if there is
    none."""
    if position:
        file.seek(position - 1)
        position += len(file.readline()) - 1
    else:
        file.seek(0)
    while line := file.readline():
        stamp = line.partition(b"\t")[0]
        if stamp.isdigit() and line.endswith(b"\n"):
            return position, int(stamp)
        position += len(line)
    return position, None


@dataclass(frozen=True)
class Merged:
    """An event of one of several streams; `following` is the offset behind it in its own stream."""

    stream: str
    event: LogEvent
    following: int


def merge(
    streams: list[StreamInfo], offsets: Mapping[str, int], start_ms: int | None, end_ms: int | None
) -> Iterator[Merged]:
    """The events of all `streams` in order of time, each stream from its offset on (else from `start_ms`),
    lazily."""

    def one(stream: StreamInfo) -> Iterator[Merged]:
        offset = offsets.get(stream.name)
        try:
            if offset is None:
                offset = offset_of_time(stream.path, start_ms) if start_ms else 0
            while True:
                events, following = read_events(stream.path, offset, _BLOCK_EVENTS, _BLOCK_BYTES)
                ends = [event.offset for event in events[1:]] + [following]
                for event, end in zip(events, ends, strict=False):
                    if end_ms is not None and event.timestamp >= end_ms:
                        return
                    if start_ms is None or event.timestamp >= start_ms:
                        yield Merged(stream.name, event, end)
                if following == offset:
                    return
                offset = following
        except FileNotFoundError:
            return  # deleted meanwhile

    return heapq.merge(*(one(stream) for stream in streams), key=lambda merged: merged.event.timestamp)
