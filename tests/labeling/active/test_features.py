"""Pictures and texts as vectors."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from clary.labeling.active import features
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
def test_a_network_without_torchvision_is_refused_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(features, "find_spec", lambda name: None)
    monkeypatch.setitem(sys.modules, "torchvision.models", None)
    with pytest.raises(ImportError, match=r"torchvision.*install it"):
        network_of([bars(True)], "resnet18", tmp_path / "none.pt")


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Path]:
    """A small torchvision network of three classes, and the file of its weights."""
    torch, models = features._torchvision()
    torch.manual_seed(3)
    model = models.resnet18(weights=None, num_classes=3).eval()
    path = tmp_path_factory.mktemp("network") / "weights.pt"
    torch.save(model.state_dict(), path)
    return model, path


@pytest.mark.slow  # torch is imported
def test_a_network_gives_what_goes_into_its_last_layer(network: tuple[Any, Path]) -> None:
    import torch

    model, path = network
    images = [bars(number % 2 == 0) for number in range(40)]  # more than a batch
    found = network_of(iter(images), "resnet18", path)
    assert found.shape == (40, 512)
    assert found.dtype == np.float32
    with torch.inference_mode():
        ends = model.fc(torch.from_numpy(found)).numpy()
    array = np.asarray(images[1].convert("RGB").resize((224, 224)), dtype=np.float32) / 255
    given = torch.from_numpy((array - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]).float().permute(2, 0, 1)
    with torch.inference_mode():
        (whole,) = model(given[None]).numpy()
    assert ends[1] == pytest.approx(whole, abs=1e-4)
    assert np.allclose(found[0], found[2], atol=1e-4)
    assert not np.allclose(found[0], found[1], atol=1e-4)


@pytest.mark.slow  # torch is imported
def test_networks_and_weights_that_do_not_fit_are_refused(network: tuple[Any, Path]) -> None:
    _, path = network
    with pytest.raises(ValueError, match="no classifier 'mobilenet_v9'"):
        network_of([bars(True)], "mobilenet_v9", path)
    with pytest.raises(ValueError, match="do not fit torchvision's mobilenet_v3_small"):
        network_of([bars(True)], "mobilenet_v3_small", path)


@pytest.mark.parametrize("bad", [np.inf, np.nan])
def test_a_sparse_row_that_is_no_number_is_refused_by_item(bad: float) -> None:
    rows: Any = words_of(["a cat", "a dog"]).tolil()
    rows[1, 0] = bad
    with pytest.raises(ValueError, match="item 1"):
        Space(rows)
