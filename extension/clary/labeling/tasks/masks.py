"""Masks as runs of pixels, and as PNG files: what segmentation does with arrays of pixels.

A mask is `runs`, an int64 array of shape (n, 2) with rows (class, length), row by row from the top left; 12 megapixels of a
photo's mask are a few thousand runs. Pixels are unpacked only where a file is written or read.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from clary.labeling.task_type import BadAnswer

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Runs = NDArray[np.int64]

_CELLS = 400_000_000  # pixels; a larger mask is refused before anything is unpacked


class Packed(Sequence[list[int]]):
    """The runs ``[[class, length], ...]`` of an answer in 8 bytes each; as lists they take ten times that. Arrays are made of it
    as of a list, to which it is also equal; JSON does not know it."""

    __slots__ = ("_runs",)

    def __init__(self, runs: Any) -> None:
        import numpy as np

        given = np.asarray(runs, np.int64).reshape(-1, 2)
        self._runs = given.astype(np.int32) if given.max(initial=0) < 2**31 else given.copy()

    def __len__(self) -> int:
        return len(self._runs)

    def __getitem__(self, index: Any) -> Any:
        return self._runs[index].tolist()

    def __iter__(self) -> Iterator[list[int]]:
        return iter(self._runs.tolist())

    def __eq__(self, other: object) -> bool:
        return list(self) == list(other) if isinstance(other, (list, Packed)) else NotImplemented

    __hash__ = None  # type: ignore[assignment]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        import numpy as np

        return np.array(self._runs, dtype, copy=copy)


def merged(runs: Runs) -> Runs:
    """The same mask with empty runs dropped and neighbours of one class joined."""
    import numpy as np

    runs = runs[runs[:, 1] > 0]
    if not len(runs):
        return runs
    first = np.flatnonzero(np.r_[True, runs[1:, 0] != runs[:-1, 0]])
    return np.stack([runs[first, 0], np.add.reduceat(runs[:, 1], first)], axis=1)


def from_pixels(pixels: NDArray[Any]) -> Runs:
    """Runs of a mask of classes, any shape."""
    import numpy as np

    flat = pixels.reshape(-1)
    if not flat.size:
        return np.zeros((0, 2), np.int64)
    first = np.flatnonzero(np.r_[True, flat[1:] != flat[:-1]])
    return np.stack([flat[first].astype(np.int64), np.diff(np.r_[first, flat.size])], axis=1)


def to_pixels(runs: Runs, width: int, height: int) -> NDArray[np.uint8]:
    """Classes of shape (height, width)."""
    import numpy as np

    return np.repeat(runs[:, 0].astype(np.uint8), runs[:, 1]).reshape(height, width)


def common(masks: Sequence[Runs]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Masks of one size cut at each other's borders: (classes of shape (masks, pieces), lengths of the pieces)."""
    import numpy as np

    ends = [np.cumsum(runs[:, 1]) for runs in masks]
    cuts = np.unique(np.concatenate(ends)) if ends else np.zeros(0, np.int64)
    classes = np.stack([runs[np.searchsorted(end, cuts), 0] for runs, end in zip(masks, ends, strict=True)])
    return classes, np.diff(cuts, prepend=0)


def mean_iou(one: Runs, other: Runs) -> float:
    """Mean of the classes' IoU, over the classes in either mask; the background counts only where there is nothing else."""
    import numpy as np

    classes, lengths = common([one, other])
    size = int(classes.max(initial=0)) + 1
    counts = np.bincount(classes[0] * size + classes[1], weights=lengths, minlength=size * size)
    table = counts.reshape(size, size)
    both, either = np.diag(table), table.sum(0) + table.sum(1) - np.diag(table)
    present = either > 0
    present[0] = False
    return float(np.mean(both[present] / either[present])) if present.any() else 1.0


def to_png(runs: Runs, width: int, height: int, colors: Sequence[str]) -> bytes:
    """A PNG with a palette: a pixel's value is its class, its colour ``colors[class]`` (``#rrggbb``); at most 256 classes."""
    import numpy as np

    rows = np.zeros((height, width + 1), np.uint8)  # every row is led by its filter: 0, none
    rows[:, 1:] = to_pixels(runs, width, height)
    palette = b"".join(bytes.fromhex(color[1:]) for color in colors)
    head = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    parts = (b"IHDR", head), (b"PLTE", palette), (b"IDAT", zlib.compress(rows.tobytes(), 6)), (b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in parts
    )


def from_png(file: bytes, colors: Mapping[str, int], width: int, height: int) -> tuple[Runs, int, int]:
    """(runs, width, height) of a PNG whose pixels have exactly these colours; clear ones are background.

    `width`, `height`: what the image has, 0 where it is not known. Raises BadAnswer: no picture, another size, a colour that
    stands for no class.
    """
    import numpy as np
    from PIL import Image

    try:
        with Image.open(io.BytesIO(file)) as picture:
            if picture.width * picture.height > _CELLS:
                raise BadAnswer(f"The mask has {picture.width} x {picture.height} pixels, which is too many.")
            if width and (picture.width, picture.height) != (width, height):
                raise BadAnswer(
                    f"The mask has {picture.width} x {picture.height} pixels, its image {width} x {height}:"
                    " they must be the same."
                )
            pixels = np.asarray(picture.convert("RGBA"))
    except BadAnswer:
        raise
    except Exception as error:  # what Pillow raises for broken files is not one family
        raise BadAnswer(f"The mask is no picture that can be read: {error}") from None
    packed = np.ascontiguousarray(pixels).view("<u4")[..., 0]
    runs = from_pixels(packed)
    values = runs[:, 0]
    known = {int(color[5:7] + color[3:5] + color[1:3], 16): number for color, number in colors.items()}
    classes = np.full(len(values), -1, np.int64)
    for color, number in known.items():
        classes[(values & 0xFFFFFF) == color] = number
    classes[values >> 24 == 0] = 0
    if (classes < 0).any():
        strange = int(values[classes < 0][0])
        text = "".join(f"{strange >> shift & 255:02x}" for shift in (0, 8, 16))
        raise BadAnswer(
            f"The mask has pixels of colour #{text}, which stands for no class; its colours are {', '.join(colors)}."
        )
    return merged(np.stack([classes, runs[:, 1]], axis=1)), pixels.shape[1], pixels.shape[0]
