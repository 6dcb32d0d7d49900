"""Hearing of changes."""

from __future__ import annotations

import os
import resource
import threading
from collections.abc import Iterator

import pytest

from clary.home import Home
from clary.store.watch import Watcher, announce


@pytest.fixture
def thousand_files() -> Iterator[None]:
    """What a busy server has open: select() takes no descriptor above 1,023."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < 2_000:
        pytest.skip("this machine allows no process so many files")
    resource.setrlimit(resource.RLIMIT_NOFILE, (2_000, hard))
    taken = [os.open("/dev/null", os.O_RDONLY)]
    while taken[-1] < 1_100:
        taken.append(os.open("/dev/null", os.O_RDONLY))
    yield
    for number in taken:
        os.close(number)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.usefixtures("thousand_files")
def test_a_process_with_a_thousand_open_files_hears_of_changes(home: Home) -> None:
    with Watcher(home) as watcher:
        assert watcher.fileno() > 1_023
        assert watcher.read(0.01) == []
        threading.Timer(0.05, announce, (home, {"kind": "training-job", "name": "one"})).start()
        assert watcher.read(10.0) == [{"kind": "training-job", "name": "one"}]
        announce(home, {"kind": "training-job", "name": "two"})
        assert watcher.read(None) == [{"kind": "training-job", "name": "two"}]
