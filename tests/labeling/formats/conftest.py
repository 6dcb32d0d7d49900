"""Images to label, made once, and data sets of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from clary.labeling.formats.format import Collection, Item, ReadOptions, WriteOptions

SIZES = ((7, 5), (12, 9), (31, 23))


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[int, int], Path]:
    """A PNG of each size (width, height)."""
    folder = tmp_path_factory.mktemp("pictures")
    random = np.random.default_rng(0)
    found = {}
    for width, height in SIZES:
        pixels = random.integers(0, 255, (height, width, 3), dtype=np.uint8)
        found[width, height] = folder / f"{width}x{height}.png"
        Image.fromarray(pixels).save(found[width, height])
    return found


@pytest.fixture
def objects(home: Any) -> Any:
    """Buckets, one of them named bucket."""
    from clary.objects import Objects

    made = Objects(home)
    made.create_bucket("bucket")
    return made


@pytest.fixture
def picture(pictures: dict[tuple[int, int], Path]) -> Callable[..., Item]:
    """An item with a picture of 31 x 23 pixels (or another size)."""

    def make(name: str, answer: Any = None, size: tuple[int, int] = (31, 23), **more: Any) -> Item:
        return Item(name, pictures[size], width=size[0], height=size[1], answer=answer, **more)

    return make


def gone_through(data: Collection, options: ReadOptions) -> list[Item]:
    """All items; raises what is wrong with them."""
    items = list(data.items)
    options.problems.check()
    return items


def written(kind: Any, task: str, labels: Any, items: Any, target: Path) -> WriteOptions:
    """Write items in a format into a new folder."""
    target.mkdir(parents=True)
    options = WriteOptions("link")
    kind.write(Collection(task, tuple(labels), iter(items)), target, options)
    return options


def read(kind: Any, path: Path, **options: Any) -> tuple[Collection, list[Item]]:
    wish = ReadOptions(**options)
    data = kind.read(path, wish)
    return data, gone_through(data, wish)


def folders(base: Path) -> Iterator[Path]:
    """New folders below `base`, without end."""
    number = 0
    while True:
        number += 1
        yield base / str(number)
