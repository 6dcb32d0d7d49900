"""Requests and responses as both doors know them: no web framework, no botocore."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import BinaryIO
from urllib.parse import parse_qsl


class Headers(MutableMapping[str, str]):
    """HTTP headers: keys compare without case, and keep the case they were first given in."""

    __slots__ = ("_items",)

    def __init__(self, items: Mapping[str, str] | Iterable[tuple[str, str]] = ()) -> None:
        self._items: dict[str, tuple[str, str]] = {}
        pairs = items.items() if isinstance(items, Mapping) else items
        for name, value in pairs:
            self._items[name.lower()] = (name, value)

    def __getitem__(self, name: str) -> str:
        return self._items[name.lower()][1]

    def __setitem__(self, name: str, value: str) -> None:
        self._items[name.lower()] = (name, value)

    def __delitem__(self, name: str) -> None:
        del self._items[name.lower()]

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name.lower() in self._items

    def __iter__(self) -> Iterator[str]:
        return (name for name, _ in self._items.values())

    def __len__(self) -> int:
        return len(self._items)

    def __repr__(self) -> str:
        return f"Headers({dict(self.items())!r})"


@dataclass
class SpooledFile:
    """A request body too large for memory, or a file object that the in-process door was handed.

    `file` stands at the body's first byte and is read once. `length` is in bytes, None when unknown. `sha256`
    (hex) is known when the front computed it while receiving.
    """

    file: BinaryIO
    length: int | None = None
    sha256: str | None = None

    def read(self, size: int = -1) -> bytes:
        return self.file.read(size)


Body = bytes | SpooledFile


@dataclass
class Request:
    """One HTTP request. `path` and `query` are raw (still percent-encoded), `path` begins with a slash.

    `prefix` is what stood before `path` in the address (Jupyter's ``/user/x/clary/aws``): not part of what is
    asked, but part of what was signed. `service`, when set, names the service without looking for it. `remote`
    is the address that it came from, of a request over HTTP.
    """

    method: str
    path: str
    query: str = ""
    headers: Headers = field(default_factory=Headers)
    body: Body = b""
    prefix: str = ""
    service: str = ""
    signed_path: str = ""
    request_id: str = ""
    remote: str = ""

    def __post_init__(self) -> None:
        if not isinstance(self.headers, Headers):
            self.headers = Headers(self.headers)
        if not self.signed_path:
            self.signed_path = self.prefix + self.path

    @property
    def parameters(self) -> dict[str, str]:
        """The query's parameters, decoded; a name without a value has the value ''. Of equal names the first
        counts.
        """
        found: dict[str, str] = {}
        for name, value in parse_qsl(self.query, keep_blank_values=True, errors="replace"):
            found.setdefault(name, value)
        return found

    def content(self) -> bytes:
        """The whole body in memory. Only for bodies whose size the front has bounded."""
        if isinstance(self.body, SpooledFile):
            self.body = self.body.read()
        return self.body


@dataclass
class Response:
    """One answer. `body` is bytes, or an iterable of chunks which is closed (if it can be) when the client
    has gone.
    """

    status: int = 200
    headers: Headers = field(default_factory=Headers)
    body: bytes | Iterable[bytes] = b""

    def __post_init__(self) -> None:
        if not isinstance(self.headers, Headers):
            self.headers = Headers(self.headers)

    def content(self) -> bytes:
        """The whole body in memory."""
        if not isinstance(self.body, bytes):
            self.body = b"".join(self.body)
        return self.body
