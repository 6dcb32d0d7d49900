"""Where this home's servers can be reached: each leaves a note while it runs, `clary serve` and Jupyter servers alike."""

from __future__ import annotations

import contextlib
import json
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from clary.home import Home, write_json

_PATTERN = "server-*.json"


class Presence:
    """The note of one server. `url` is the base address of the AWS API, a path included where there is one."""

    def __init__(self, home: Home, url: str) -> None:
        self._path = home.run / f"server-{os.getpid()}-{os.urandom(4).hex()}.json"
        write_json(self._path, {"url": url, "pid": os.getpid()}, mode=0o600)

    def leave(self) -> None:
        """Take the note away; called when the server stops."""
        with contextlib.suppress(OSError):
            self._path.unlink()


def running(home: Home) -> str | None:
    """The address of the server of this home that began last and accepts connections now, or None."""
    for path in _newest_first(home):
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            url = str(json.loads(path.read_bytes())["url"])
            if _accepts(url):
                return url
            path.unlink()  # its server was killed
    return None


def _newest_first(home: Home) -> Iterator[Path]:
    noted = []
    for path in home.run.glob(_PATTERN):
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
