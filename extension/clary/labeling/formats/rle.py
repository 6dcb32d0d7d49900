"""COCO's run-length encoding of a binary mask: runs down the columns, beginning with the zeros; as a list or as its short text.

The text keeps each run as the difference to the one two before it, in groups of five bits, least first, each shifted into
printable ASCII (48 and up), with a bit that says whether another group follows (cocoapi, common/maskApi.c).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray


def to_mask(counts: Sequence[int] | str, height: int, width: int) -> NDArray[np.bool_]:
    """The mask [height, width] of runs or their text. Raises ValueError where they do not fill the image."""
    runs = np.asarray(from_text(counts) if isinstance(counts, str) else counts, dtype=np.int64)
    if runs.size and (runs.min() < 0 or runs.sum() != height * width):
        raise ValueError(f"the runs cover {int(runs.sum())} pixels, the image has {height} x {width}")
    values = np.arange(runs.size) % 2 == 1
    return np.repeat(values, runs).reshape(width, height).T


def to_counts(mask: NDArray[Any]) -> list[int]:
    """The runs of a mask [height, width]."""
    flat = np.asarray(mask, dtype=bool).T.ravel()
    changes = np.flatnonzero(np.diff(flat)) + 1
    runs = np.diff(np.concatenate(([0], changes, [flat.size]))).tolist()
    counts: list[int] = [0, *runs] if flat.size and flat[0] else runs
    return counts


def from_text(text: str) -> list[int]:
    """The runs that the short text means. Raises ValueError."""
    counts: list[int] = []
    value, shift = 0, 0
    for character in text:
        group = ord(character) - 48
        if not 0 <= group < 64:
            raise ValueError(f"{character!r} is no character of a run-length encoding")
        value |= (group & 31) << shift
        shift += 5
        if group & 32:
            continue
        if group & 16:
            value -= 1 << shift
        counts.append(value + counts[-2] if len(counts) > 2 else value)
        value, shift = 0, 0
    if shift:
        raise ValueError("the run-length encoding ends in the middle of a number")
    return counts


def to_text(counts: Sequence[int]) -> str:
    """The short text of runs."""
    text = []
    for place, count in enumerate(counts):
        value = count - counts[place - 2] if place > 2 else count
        more = True
        while more:
            group, value = value & 31, value >> 5
            more = value != (-1 if group & 16 else 0)
            text.append(chr(group + 48 + (32 if more else 0)))
    return "".join(text)
