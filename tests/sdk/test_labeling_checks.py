"""Arguments of clary.label that would fail late or be ignored: told before anything is copied."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import clary
from clary.sdk.labeling_checks import check_attributes, check_task

TEXTS = ["a", "b"]
WEIGHTS = {"epsilon": 0.1, "model": "weights.pt"}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"features": "tfidf"}, "without epsilon people label everything: give .*, or leave features out"),
        ({"model": "weights.pt"}, "model says how the machine labels"),
        ({"delta": 0.1}, "delta says"),
        ({"scope": "auto-labelled"}, "scope says"),
        ({"scope": "all", "epsilon": 0.1}, "scope is 'dataset' or 'auto-labelled'"),
        ({"seed": 3}, "seed says"),
        ({"gold_share": 0.2}, "give gold="),
        ({"gold_share": 0.7, "gold": {"a": "x"}}, "between 0 and 0.5"),
        (
            {"features": "smell", "epsilon": 0.1},
            "no features 'smell' of texts: choose one of tfidf, embedding",
        ),
        ({"features": "pixels", "epsilon": 0.1}, "no features 'pixels' of texts"),
        ({"features": "embedding", "epsilon": 0.1}, "'embedding' need a model"),
        ({"features": "tfidf", **WEIGHTS}, "need no model"),
        ({"verify": "nope"}, "verify='nope' names no label attribute of the data; there are none"),
        ({"suggestions": "nope"}, "suggestions='nope' names no"),
        ({"adjust": "old", "epsilon": 0.1}, "leave epsilon out with adjust"),
        ({"adjust": "old", "suggestions": "nope"}, "leave suggestions out"),
    ],
)
def test_it_is_told_and_nothing_is_stored(home_path: Path, arguments: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        clary.label(TEXTS, ["x", "y"], **arguments)
    assert not list((home_path / "s3").rglob("*.manifest"))


def test_features_of_images_and_their_models_belong_together() -> None:
    for features, model, said in (
        ("torchvision:resnet18", None, "need a model"),
        ("torchvision", "w.pt", "'torchvision:resnet18' for example"),
        ("", "w.pt", "What network"),
        ("embedding", None, "choose one of scattering, pixels, torchvision:<architecture>"),
    ):
        with pytest.raises(ValueError, match=said):
            check_task("image-classification", "image", 0.1, features, model)
    with pytest.raises(ValueError, match="by a detector"):
        check_task("bounding-box", "image", 0.1, "pixels", "detector.pt")
    for features, model in (("", None), ("pixels", None), ("torchvision:resnet18", "w.pt")):
        check_task("image-classification", "image", 0.1, features, model)
    check_task("text-classification", "text", 0.1, "", "sentences/")
    check_task("bounding-box", "image", 0.1, "", "detector.pt")


def test_a_label_attribute_is_looked_for_in_the_first_lines_and_then_in_all(tmp_path: Path) -> None:
    import pandas

    labelled = json.dumps({"source": "b", "größe": 1, "größe-metadata": {}})
    manifest = tmp_path / "output.manifest"
    manifest.write_text(
        '{"source": "a", "old": 0, "old-metadata": {}, "id": 7}\n' + "\n" * 300_000 + labelled
    )
    check_attributes(manifest, {"verify": "old", "adjust": None})
    check_attributes(manifest.as_uri(), {"adjust": "größe"})
    with pytest.raises(
        ValueError, match="adjust='new' names no label attribute of the data; there are 'old'"
    ):
        check_attributes(str(manifest), {"adjust": "new"})
    with pytest.raises(ValueError, match="there are 'text', 'stars'"):
        check_attributes(pandas.DataFrame({"text": ["a"], "stars": [1]}), {"suggestions": "new"})
    check_attributes(tmp_path / "nowhere.manifest", {"verify": "old"})  # of it another error tells
