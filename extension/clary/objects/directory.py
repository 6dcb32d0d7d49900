"""One folder's files and folders in the order of the keys they lead to; large folders are remembered."""

from __future__ import annotations

import os
import threading
import time
from bisect import bisect_left, bisect_right
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass

from clary.objects.names import to_part

# Reading and sorting 100,000 names takes 100 ms, and a listing of them has 100 pages.
_REMEMBERED_ENTRIES = 1000
_REMEMBERED_FOLDERS = 8
# A folder's modification time moves in ticks of the kernel's clock; younger than this, it may change unseen.
_SETTLED_NS = 100_000_000


@dataclass(frozen=True)
class Directory:
    """`orders` is sorted: a file's part of its key, a folder's with a slash behind; `names` are the file
    names.

    A folder's keys go on with a slash, and that decides: ``a.txt`` comes before ``a/b``, though ``a`` comes
    before ``a.txt``.
    """

    orders: list[str]
    names: list[str]

    def between(self, prefix: str, after: str) -> Iterator[tuple[str, str]]:
        """(order, file name) of the entries that begin with `prefix` (which holds no slash) and may hold keys
        behind `after`."""
        # The last entry that is not behind `after` may be the folder that `after` lies in.
        start = max(bisect_left(self.orders, prefix), bisect_right(self.orders, after) - 1, 0)
        for position in range(start, len(self.orders)):
            order = self.orders[position]
            if not order.startswith(prefix):
                if order > prefix:
                    return
                continue
            yield order, self.names[position]


_remembered: OrderedDict[tuple[int, int], tuple[int, Directory]] = OrderedDict()
_lock = threading.Lock()


def read(descriptor: int) -> Directory:
    """The entries of the open folder that are objects or may hold some."""
    status = os.fstat(descriptor)
    place = (status.st_dev, status.st_ino)
    with _lock:
        found = _remembered.get(place)
        if found is not None and found[0] == status.st_mtime_ns:
            _remembered.move_to_end(place)
            return found[1]
    settled = time.time_ns() - status.st_mtime_ns > _SETTLED_NS
    directory = _scanned(descriptor)
    if settled and len(directory.orders) >= _REMEMBERED_ENTRIES:
        with _lock:
            _remembered[place] = (status.st_mtime_ns, directory)
            while len(_remembered) > _REMEMBERED_FOLDERS:
                _remembered.popitem(last=False)
    return directory


def _scanned(descriptor: int) -> Directory:
    entries = []
    with os.scandir(descriptor) as scanned:
        for entry in scanned:
            is_folder = entry.is_dir(follow_symlinks=False)
            if not is_folder and not entry.is_file(follow_symlinks=False):
                continue  # links, sockets and devices are no objects
            name = entry.name
            part = to_part(name)
            if (not part and not is_folder) or not (part.isprintable() or _is_text(part)):
                continue  # what no key leads to
            entries.append((f"{part}/" if is_folder else part, name))
    entries.sort()
    return Directory([order for order, _ in entries], [name for _, name in entries])


def _is_text(part: str) -> bool:
    """False for a file name that is not UTF-8: S3 has no key for it."""
    try:
        part.encode()
    except UnicodeEncodeError:
        return False
    return True
