"""Boxes of every format as whole pixels: left, top, width, height, from the top left corner, 0-based."""

from __future__ import annotations

import math
from typing import Any

from clary.labeling.formats.problems import Problems

# Tools round edges to the next pixel; what lies further out is no rounding.
_ROUNDING = 1.0


def pixel_box(
    label: str, left: float, top: float, right: float, bottom: float, width: int, height: int, where: str,
    problems: Problems,
) -> dict[str, Any] | None:  # fmt: skip
    """The box between four edges (pixels; right and bottom exclusive), clipped to an image of `width` x `height`; None for one
    without area. What is more than rounding is a problem: outside the image, no area, no number."""
    edges = (left, top, right, bottom)
    if not all(math.isfinite(edge) for edge in edges):
        problems.add(where, f"the box {_said(edges)} has edges that are no numbers")
        return None
    if right <= left or bottom <= top:
        problems.add(
            where, f"the box {_said(edges)} has no area", "A box needs a width and a height above zero."
        )
        return None
    if (
        left < -_ROUNDING
        or top < -_ROUNDING
        or (width and right > width + _ROUNDING)
        or (height and bottom > height + _ROUNDING)
    ):
        problems.add(
            where, f"the box {_said(edges)} reaches outside the image of {width} x {height} pixels",
            "Boxes must lie in their images: see whether the sizes are those of the images the boxes were drawn on.",
        )  # fmt: skip
    x0, y0 = max(0, round_half_up(left)), max(0, round_half_up(top))
    x1, y1 = round_half_up(right), round_half_up(bottom)
    # A box thinner than a pixel still is one.
    x1, y1 = max(x1, x0 + 1), max(y1, y0 + 1)
    if width and height:
        x1, y1 = min(x1, width), min(y1, height)
        x0, y0 = min(x0, x1 - 1), min(y0, y1 - 1)
        if right <= 0 or bottom <= 0 or left >= width or top >= height:
            if (
                left < width + _ROUNDING
                and top < height + _ROUNDING
                and right > -_ROUNDING
                and bottom > -_ROUNDING
            ):
                problems.add(where, f"the box {_said(edges)} lies on the edge of the image, outside")
            return None
    return {"label": label, "left": x0, "top": y0, "width": x1 - x0, "height": y1 - y0}


def round_half_up(value: float) -> int:
    """The nearest whole number; unlike `round`, 0.5 and 1.5 both go up, so that equal boxes stay equal wherever they lie."""
    return math.floor(value + 0.5)


def _said(edges: tuple[float, ...]) -> str:
    left, top, right, bottom = (f"{edge:.6g}" for edge in edges)
    return f"from ({left}, {top}) to ({right}, {bottom})"
