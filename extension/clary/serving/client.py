"""A blocking HTTP client for Unix sockets: the in-process door's way to endpoint processes."""

from __future__ import annotations

import http.client
import socket
import threading
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

_MOST_KEPT = 16
# A little more than what an invocation may take, so that the endpoint's own answer about that arrives.
_SECONDS = 3700.0


class Unreachable(Exception):
    """Nobody answers there. `sent`: the request may have been worked on, and must not be sent again."""

    def __init__(self, sent: bool) -> None:
        super().__init__("the endpoint's process cannot be reached")
        self.sent = sent


class _Connection(http.client.HTTPConnection):
    def __init__(self, path: str, timeout: float) -> None:
        super().__init__("clary", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


class Client:
    """Keeps a connection per thread and endpoint process."""

    def __init__(self) -> None:
        self._mine = threading.local()

    def call(
        self,
        folder: Path,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: bytes,
        timeout: float = _SECONDS,
    ) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body. Raises Unreachable."""
        kept: dict[Path, _Connection] | None = getattr(self._mine, "connections", None)
        if kept is None:
            kept = self._mine.connections = {}
        connection = kept.pop(folder, None)
        if connection is not None:
            try:
                return self._exchange(kept, folder, connection, method, path, headers, body)
            except Unreachable as error:
                if error.sent:
                    raise  # an idle connection that was closed is only seen when nothing comes back
        return self._exchange(
            kept, folder, _Connection(str(folder / "http"), timeout), method, path, headers, body
        )

    @staticmethod
    def _exchange(
        kept: dict[Path, _Connection],
        folder: Path,
        connection: _Connection,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: bytes,
    ) -> tuple[int, dict[str, str], bytes]:
        reused = connection.sock is not None
        sent = False
        try:
            if not reused:
                connection.connect()
            connection.request(method, quote(path, safe="/-_.~"), body, dict(headers))
            sent = True
            response = connection.getresponse()
            content = response.read()
        except http.client.RemoteDisconnected as error:
            connection.close()
            # Not a byte of an answer on a kept connection: it was closed before the request came in.
            raise Unreachable(sent=not reused) from error
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            raise Unreachable(sent=sent) from error
        if response.will_close or len(kept) >= _MOST_KEPT:
            connection.close()
        else:
            kept[folder] = connection
        return response.status, dict(response.getheaders()), content
