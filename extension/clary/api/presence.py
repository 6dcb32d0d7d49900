"""Where this home's servers can be reached: each leaves a note while it runs, `clary serve` and Jupyter servers alike."""

from __future__ import annotations

import contextlib
import json
import os
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from clary.home import Home, write_json

SERVER = "server"
PORTAL = "portal"


@dataclass(frozen=True)
class Server:
    """A server that accepts connections now: the base address of its AWS API, and its process."""

    url: str
    pid: int


class Presence:
    """The note of one server. `url` is the base address of the AWS API, a path included where there is one; of a server of
    the annotators' portal alone (`kind` PORTAL) what stands before ``/clary/portal/``. `pings`: where it accepts connections,
    if that is another address."""

    def __init__(self, home: Home, url: str, kind: str = SERVER, pings: str = "") -> None:
        self._path = home.run / f"{kind}-{os.getpid()}-{os.urandom(4).hex()}.json"
        write_json(self._path, {"url": url, "pid": os.getpid(), "pings": pings or url}, mode=0o600)

    def leave(self) -> None:
        """Take the note away; called when the server stops."""
        with contextlib.suppress(OSError):
            self._path.unlink()


def running(home: Home, kind: str = SERVER) -> str | None:
    """The address of the server of this home that began last and accepts connections now, or None."""
    return next((server.url for server in _alive(home, kind)), None)


def all_running(home: Home) -> list[Server]:
    """Every server of this home that accepts connections now, the last begun first."""
    return [*_alive(home, SERVER), *_alive(home, PORTAL)]


def _alive(home: Home, kind: str) -> Iterator[Server]:
    for path in _newest_first(home, kind):
        server = None
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            note = json.loads(path.read_bytes())
            server = Server(str(note["url"]), int(note["pid"]))
            if not _accepts(str(note.get("pings") or server.url)):
                server = None
                path.unlink()  # its server was killed
        if server is not None:
            yield server


def _newest_first(home: Home, kind: str) -> Iterator[Path]:
    noted = []
    for path in home.run.glob(f"{kind}-*.json"):
        with contextlib.suppress(OSError):
            noted.append((path.stat().st_mtime_ns, path))
    return (path for _, path in sorted(noted, reverse=True))


def _accepts(url: str) -> bool:
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        with socket.create_connection((parts.hostname or "", port), timeout=1):
            return True
    except OSError:
        return False
