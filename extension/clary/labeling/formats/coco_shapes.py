"""The shapes of COCO's annotations: boxes and masks from ``bbox`` and ``segmentation``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from clary.labeling.formats.geometry import pixel_box
from clary.labeling.formats.problems import Problems

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_REMEDY = "bbox is [left, top, width, height] in pixels."


def box_of(
    entry: dict[str, Any], label: str, width: int, height: int, where: str, problems: Problems
) -> dict[str, Any] | None:
    """The box of an annotation (0-based pixels), from its bbox, else around its segmentation; None for a problem."""
    bbox = entry.get("bbox")
    if not bbox and entry.get("segmentation"):
        bbox = _around(entry, width, height, where, problems)
        if bbox is None:
            return None
    if (
        not isinstance(bbox, list)
        or len(bbox) != 4
        or not all(isinstance(one, (int, float)) and not isinstance(one, bool) for one in bbox)
    ):
        problems.add(where, f"the bbox {str(bbox)[:80]} is not four numbers", _REMEDY)
        return None
    left, top, wide, high = (float(one) for one in bbox)
    return pixel_box(label, left, top, left + wide, top + high, width, height, where, problems)


def _around(
    entry: dict[str, Any], width: int, height: int, where: str, problems: Problems
) -> list[float] | None:
    shape = entry["segmentation"]
    if isinstance(shape, list):
        try:
            xs = [float(x) for polygon in shape for x in polygon[0::2]]
            ys = [float(y) for polygon in shape for y in polygon[1::2]]
            return [min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys)]
        except (TypeError, ValueError):
            problems.add(where, "the segmentation is no list of polygons")
            return None
    mask = mask_of(entry, width, height, where, problems)
    if mask is None or not mask.any():
        return None
    return [float(side) for side in surrounding(mask)]


def surrounding(mask: NDArray[Any]) -> tuple[int, int, int, int]:
    """Left, top, width and height of the smallest box around a mask [height, width] that is not empty."""
    import numpy as np

    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    left, top = int(columns[0]), int(rows[0])
    return left, top, int(columns[-1]) + 1 - left, int(rows[-1]) + 1 - top


def mask_of(
    entry: dict[str, Any], width: int, height: int, where: str, problems: Problems
) -> NDArray[np.bool_] | None:
    """The mask [height, width] of an annotation's segmentation; of its bbox where it has none; None for a problem."""
    import numpy as np

    from clary.labeling.formats import polygons, rle

    shape = entry.get("segmentation")
    try:
        if isinstance(shape, dict):
            size = shape.get("size")
            if size != [height, width]:
                problems.add(
                    where, f"the segmentation is of the size {size}, its image of [{height}, {width}]"
                )
                return None
            return rle.to_mask(shape.get("counts", []), height, width)
        if isinstance(shape, list) and shape:
            mask = np.zeros((height, width), dtype=bool)
            for polygon in shape:
                mask |= polygons.fill(polygon, height, width)
            return mask
    except (ValueError, TypeError) as error:
        problems.add(where, f"the segmentation cannot be read: {error}")
        return None
    box = box_of({"bbox": entry.get("bbox")}, "", width, height, where, problems)
    if box is None:
        return None
    mask = np.zeros((height, width), dtype=bool)
    mask[box["top"] : box["top"] + box["height"], box["left"] : box["left"] + box["width"]] = True
    return mask
