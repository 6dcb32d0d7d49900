"""Masks, runs and polygons: exact, and as COCO's own tools read them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pycocotools import mask as coco_mask

from clary.labeling.formats import polygons, rle
from clary.labeling.formats.geometry import pixel_box
from clary.labeling.formats.problems import FormatError, Problems

# numpy's own, about pycocotools.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation")


@st.composite
def some_masks(draw: Any) -> Any:
    random = np.random.default_rng(draw(st.integers(0, 10_000)))
    height, width = draw(st.integers(1, 14)), draw(st.integers(1, 14))
    return random.random((height, width)) < draw(st.sampled_from([0.1, 0.5, 0.9]))


@settings(max_examples=80, deadline=None)
@given(some_masks())
def test_what_is_traced_fills_the_same_pixels_holes_and_touching_corners_too(mask: Any) -> None:
    filled = np.zeros_like(mask)
    for polygon in polygons.trace(mask):
        filled |= polygons.fill(np.ravel(polygon).tolist(), *mask.shape)
    assert (filled == mask).all()


@settings(max_examples=60, deadline=None)
@given(some_masks())
def test_run_lengths_are_those_of_cocos_own_tools(mask: Any) -> None:
    counts = rle.to_counts(mask)
    text = coco_mask.encode(np.asfortranarray(mask.astype(np.uint8)))["counts"].decode()
    assert rle.to_text(counts) == text
    assert rle.from_text(text) == counts
    assert (rle.to_mask(text, *mask.shape) == mask).all()


def test_a_polygon_covers_what_cocos_own_tools_say_but_for_its_edge() -> None:
    random = np.random.default_rng(1)
    for _ in range(20):
        angles = np.sort(random.uniform(0, 2 * np.pi, 9))
        radii = random.uniform(20, 60, 9)
        points = np.stack([64 + radii * np.cos(angles), 64 + radii * np.sin(angles)], axis=1).ravel().tolist()
        ours = polygons.fill(points, 128, 128)
        theirs = coco_mask.decode(coco_mask.frPyObjects([points], 128, 128))[..., 0] == 1
        assert (ours & theirs).sum() / (ours | theirs).sum() > 0.95


@pytest.mark.parametrize("wrong", ["~", "1@", [3, -1, 2], [5]])
def test_run_lengths_that_do_not_fill_the_image_are_refused(wrong: Any) -> None:
    with pytest.raises(ValueError):
        rle.to_mask(wrong, 2, 2)


@pytest.mark.parametrize("wrong", [[1, 2], [1, 2, 3, 4, 5], [0, 0, 1, float("nan"), 1, 1]])
def test_a_polygon_of_too_few_or_no_numbers_is_refused(wrong: list[float]) -> None:
    with pytest.raises(ValueError, match="polygon"):
        polygons.fill(wrong, 5, 5)


def test_edges_within_a_pixel_of_the_image_are_rounding_and_further_ones_are_told() -> None:
    problems = Problems()
    box = pixel_box("a", -0.4, 0.0, 10.6, 5.0, 10, 5, "here", problems)
    assert box == {"label": "a", "left": 0, "top": 0, "width": 10, "height": 5}
    assert pixel_box("a", 3.2, 1.0, 3.3, 2.0, 10, 5, "here", problems) == {
        "label": "a", "left": 3, "top": 1, "width": 1, "height": 1,
    }  # fmt: skip
    problems.check()
    for edges in [(0, 0, 12, 5), (4, 4, 4, 5), (5, 0, 3, 1), (0, 0, float("inf"), 1)]:
        pixel_box("a", *map(float, edges), 10, 5, "file, line 3", problems)
    with pytest.raises(
        FormatError, match=r"4 things are wrong(.|\n)*file, line 3: the box from \(0, 0\) to \(12, 5\)"
    ):
        problems.check()
    lenient = Problems(strict=False)
    assert pixel_box("a", -3, 0, 12, 5, 10, 5, "x", lenient) == {
        "label": "a", "left": 0, "top": 0, "width": 10, "height": 5,
    }  # fmt: skip
    assert pixel_box("a", 20, 0, 30, 5, 10, 5, "x", lenient) is None
    assert len(lenient.notes) == 2
