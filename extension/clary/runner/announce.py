"""The sending half of `clary.store.watch`, for processes that may import the standard library only (see
linux.py)."""

from __future__ import annotations

# Under `socket` lie enum and selectors, which would cost every shim 6 ms.
import _socket
import contextlib
import errno
import json
import os


def announce(run_folder: str, kind: str, name: str, change: str) -> None:
    """Tell every watcher of this home, never waiting for one; a watcher that is gone loses its socket."""
    try:
        names = [entry for entry in os.listdir(run_folder) if entry.startswith("watch-")]
    except OSError:
        return
    if not names:
        return
    payload = json.dumps({"kind": kind, "name": name, "change": change}).encode()
    sender = _socket.socket(_socket.AF_UNIX, _socket.SOCK_DGRAM)
    try:
        sender.setblocking(False)
        for entry in names:
            path = f"{run_folder}/{entry}"
            try:
                sender.sendto(payload, path)
            except OSError as error:
                if error.errno == errno.ECONNREFUSED:
                    with contextlib.suppress(OSError):
                        os.unlink(path)
    finally:
        sender.close()
