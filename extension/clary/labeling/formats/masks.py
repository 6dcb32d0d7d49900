"""Semantic masks: the runs of an answer and the array of its classes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.uint16]


def to_array(answer: dict[str, Any]) -> Mask:
    """The class of every pixel, [height, width]; 0 is the background. Raises ValueError where the runs do not fill the image."""
    runs = np.asarray(answer["runs"], dtype=np.int64).reshape(-1, 2)
    flat = np.repeat(runs[:, 0].astype(np.uint16), runs[:, 1])
    return flat.reshape(int(answer["height"]), int(answer["width"]))


def to_answer(mask: NDArray[Any]) -> dict[str, Any]:
    """The answer for an array of classes [height, width]."""
    height, width = mask.shape
    flat = mask.ravel()
    if not flat.size:
        return {"width": width, "height": height, "runs": []}
    starts = np.concatenate(([0], np.flatnonzero(np.diff(flat)) + 1))
    lengths = np.diff(np.concatenate((starts, [flat.size])))
    runs = np.stack((flat[starts].astype(np.int64), lengths), axis=1)
    return {"width": width, "height": height, "runs": runs.tolist()}


def colours(count: int) -> NDArray[np.uint8]:
    """Pascal VOC's colours for `count` classes, [count, 3]: bits of the class number spread over red, green and blue, so that
    neighbours differ; class 0 is black (VOC development kit, VOCcode/VOClabelcolormap.m)."""
    number = np.arange(count, dtype=np.int64)
    table = np.zeros((count, 3), dtype=np.int64)
    for shift in range(7, -1, -1):
        for channel in range(3):
            table[:, channel] |= ((number >> channel) & 1) << shift
        number = number >> 3
    return table.astype(np.uint8)
