"""Pictures and texts as vectors."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from clary.labeling.active.features import embeddings_of, network_of, pixels_of, scattering_of, words_of
from clary.labeling.active.space import Space


def bars(vertical: bool, shift: int = 0, mode: str = "L") -> Image.Image:
    values = np.zeros((40, 40), dtype=np.uint8)
    values[:, 8 + shift : 14 + shift] = 255
    return Image.fromarray(values if vertical else values.T).convert(mode)


def test_pictures_of_every_mode_and_size_become_rows() -> None:
    images = [bars(True, mode=mode) for mode in ("1", "L", "P", "RGBA", "CMYK", "LA", "I", "F")]
    images += [Image.new("L", (1, 1), 7), Image.fromarray(np.full((9, 5), 40_000, dtype=np.uint16))]
    found = pixels_of(images)
    assert found.dtype == np.float32
    assert len(found) == 10
    assert found.min() >= 0
    assert found.max() <= 1
    assert pixels_of([bars(True)]).shape == (1, 32 * 32)
    assert pixels_of([bars(True), Image.new("RGB", (4, 4), "red")]).shape == (2, 3 * 32 * 32)
    assert len(scattering_of([])) == len(pixels_of([])) == 0


def test_scattering_sees_shape_rather_than_place_and_colour_where_there_is_some() -> None:
    one, moved, turned = scattering_of([bars(True), bars(True, 2), bars(False)])
    assert np.linalg.norm(one - moved) < 0.6 * np.linalg.norm(one - turned)
    red, blue = scattering_of([Image.new("RGB", (50, 50), "red"), Image.new("RGB", (50, 50), "blue")])
    assert np.linalg.norm(red - blue) > 1


def test_words_of_texts_and_of_none() -> None:
    found = words_of(["the cat sat", "the dog sat", "a cat"])
    assert found.shape[0] == 3
    assert found.dtype == np.float32
    assert words_of(["", "  "]).shape[0] == 2
    assert words_of([]).shape[0] == 0
    assert words_of(["?", "!"]).shape[0] == 2
    Space(words_of(["", "a word", "a word"]))


def test_embeddings_of_a_function_and_of_one_that_is_wrong() -> None:
    assert embeddings_of(["ab", "c"], lambda texts: [[len(one), 1.0] for one in texts]).tolist() == [
        [2, 1],
        [1, 1],
    ]
    with pytest.raises(ValueError, match=r"shape \(2,\) for 2 texts"):
        embeddings_of(["ab", "c"], lambda texts: [1.0, 2.0])


@pytest.mark.slow  # torch is imported
def test_a_network_without_torchvision_is_refused_by_name(tmp_path: Path) -> None:
    try:
        import torchvision  # noqa: F401
    except (ImportError, RuntimeError):
        with pytest.raises(ImportError, match=r"torchvision.*install it"):
            network_of([bars(True)], "resnet18", tmp_path / "none.pt")
    else:
        pytest.skip("torchvision is installed here")


@pytest.mark.parametrize("bad", [np.inf, np.nan])
def test_a_sparse_row_that_is_no_number_is_refused_by_item(bad: float) -> None:
    rows: Any = words_of(["a cat", "a dog"]).tolil()
    rows[1, 0] = bad
    with pytest.raises(ValueError, match="item 1"):
        Space(rows)
