"""Semantic masks: the runs of an answer and the array of its classes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from clary.labeling.tasks.masks import from_pixels, to_pixels


def to_array(answer: dict[str, Any]) -> NDArray[np.uint8]:
    """The class of every pixel, [height, width]; 0 is the background. Raises ValueError where the runs do not fill the image."""
    runs = np.asarray(answer["runs"], dtype=np.int64).reshape(-1, 2)
    return to_pixels(runs, int(answer["width"]), int(answer["height"]))


def to_answer(mask: NDArray[Any]) -> dict[str, Any]:
    """The answer for an array of classes [height, width]."""
    height, width = mask.shape
    return {"width": width, "height": height, "runs": from_pixels(mask).tolist()}


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
