from __future__ import annotations

from typing import Any

import pytest

from clary.home import Home
from clary.objects import Objects


@pytest.fixture
def objects(home: Home) -> Objects:
    """The object store of this test's home, with one bucket named `box`."""
    store = Objects(home)
    store.create_bucket("box")
    return store


@pytest.fixture
def side_files(objects: Objects) -> Any:
    """How many temporary files are left right now."""

    def count() -> int:
        folder = objects.side.root / "tmp"
        return len(list(folder.iterdir())) if folder.is_dir() else 0

    return count
