"""CBOR (RFC 8949) as far as Smithy's RPC v2 protocol uses it: what boto3 speaks with CloudWatch."""

from __future__ import annotations

import math
import struct
from datetime import UTC, datetime
from typing import Any

_DEEPEST = 64
_BREAK = object()
_SIZES = {24: ">B", 25: ">H", 26: ">I", 27: ">Q"}
_FLOATS = {25: ">e", 26: ">f", 27: ">d"}
_SIMPLE = {20: False, 21: True, 22: None, 23: None}


class CborError(ValueError):
    """Bytes that are not one whole CBOR item."""


def loads(data: bytes) -> Any:
    """The one item in `data`; timestamps (tag 1) become epoch seconds. Raises CborError."""
    reader = _Reader(data)
    try:
        value = reader.item(0)
    except (struct.error, IndexError, UnicodeDecodeError, TypeError, OverflowError) as error:
        raise CborError(f"The body is not valid CBOR: {error}") from None
    if reader.place != len(data):
        raise CborError("The body has bytes behind its CBOR item.")
    return value


def dumps(value: Any) -> bytes:
    """`value` (dict, list, str, bytes, bool, int, float, aware datetime, None) as CBOR."""
    out = bytearray()
    _write(out, value)
    return bytes(out)


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self.place = 0

    def item(self, depth: int) -> Any:
        if depth > _DEEPEST:
            raise CborError("The body is nested too deeply.")
        first = self._take(1)[0]
        major, info = first >> 5, first & 31
        if major == 7:
            return self._simple(info)
        length = None if info == 31 and major in (2, 3, 4, 5) else self._number(info)
        if major == 0:
            return length
        if major == 1:
            return -1 - int(length or 0)
        if major in (2, 3):
            data = self._chunks(depth) if length is None else self._take(length)
            return data if major == 2 else data.decode()
        if major == 4:
            return list(self._items(length, depth))
        if major == 5:
            pairs = list(self._items(None if length is None else 2 * length, depth))
            return dict(zip(pairs[::2], pairs[1::2], strict=True))
        return self.item(depth + 1)  # a tag: what it says of numbers we know from the model

    def _simple(self, info: int) -> Any:
        if info in _SIMPLE:
            return _SIMPLE[info]
        if info == 31:
            return _BREAK
        if info not in _FLOATS:
            raise CborError(f"The body has a simple value ({info}) of no known meaning.")
        layout = _FLOATS[info]
        return struct.unpack(layout, self._take(struct.calcsize(layout)))[0]

    def _number(self, info: int) -> int:
        if info < 24:
            return info
        if info not in _SIZES:
            raise CborError("The body has an item of impossible length.")
        layout = _SIZES[info]
        number: int = struct.unpack(layout, self._take(struct.calcsize(layout)))[0]
        return number

    def _items(self, count: int | None, depth: int) -> list[Any]:
        if count is not None and count > len(self._data) - self.place:
            raise CborError("The body ends before its last item.")
        found: list[Any] = []
        while count is None or len(found) < count:
            value = self.item(depth + 1)
            if value is _BREAK:
                if count is None:
                    break
                raise CborError("The body has a break where an item should be.")
            found.append(value)
        return found

    def _chunks(self, depth: int) -> bytes:
        parts = self._items(None, depth)
        return b"".join(part.encode() if isinstance(part, str) else part for part in parts)

    def _take(self, size: int) -> bytes:
        end = self.place + size
        if end > len(self._data):
            raise CborError("The body ends before its last item.")
        data = self._data[self.place : end]
        self.place = end
        return data


def _head(out: bytearray, major: int, number: int) -> None:
    if number < 24:
        out.append(major << 5 | number)
        return
    for info, layout in _SIZES.items():
        if number < 1 << 8 * struct.calcsize(layout):
            out.append(major << 5 | info)
            out += struct.pack(layout, number)
            return
    raise CborError(f"{number} is too large for CBOR.")


def _write(out: bytearray, value: Any) -> None:
    if value is None or isinstance(value, bool):
        out.append(0xF6 if value is None else 0xF5 if value else 0xF4)
    elif isinstance(value, int):
        _head(out, 0, value) if value >= 0 else _head(out, 1, -1 - value)
    elif isinstance(value, float):
        out += b"\xf9\x7e\x00" if math.isnan(value) else b"\xfb" + struct.pack(">d", value)
    elif isinstance(value, str):
        data = value.encode("utf-8", "replace")
        _head(out, 3, len(data))
        out += data
    elif isinstance(value, bytes):
        _head(out, 2, len(value))
        out += value
    elif isinstance(value, datetime):
        out.append(0xC1)
        _write(out, (value if value.tzinfo else value.replace(tzinfo=UTC)).timestamp())
    elif isinstance(value, dict):
        _head(out, 5, len(value))
        for key, item in value.items():
            _write(out, key)
            _write(out, item)
    else:
        _head(out, 4, len(value))
        for item in value:
            _write(out, item)
