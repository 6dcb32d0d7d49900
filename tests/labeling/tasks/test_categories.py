"""Label category files."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from clary.labeling import canvas, hotkeys
from clary.labeling.categories import Categories, CategoriesError, document, parse
from clary.labeling.settings import Label
from clary.labeling.tasks.labels import filled


def file(*labels: Any, **more: Any) -> bytes:
    return json.dumps({"document-version": "2018-11-28", "labels": list(labels), **more}).encode()


CAT, DOG = {"label": "cat"}, {"label": "<script>dog</script>"}


def test_a_file_of_aws_is_read() -> None:
    found = parse(
        file(
            {"label": "Date", "shortDisplayName": "dt"}, {"label": "Thing"}, auditLabelAttributeName="ner",
            instructions={"shortInstruction": "<p>Mark</p>", "fullInstruction": "<p>Mark all</p>"},
        ),
        "named-entity-recognition",
    )  # fmt: skip
    assert found.labels == (Label("Date", "dt"), Label("Thing"))
    assert (found.audit_attribute, found.instructions, found.full_instructions) == (
        "ner",
        "<p>Mark</p>",
        "<p>Mark all</p>",
    )


def test_clarys_own_block_and_the_whole_file_come_back() -> None:
    labels = (Label("cat", "c", "#1f77b4", "k"), Label("dog"))
    given = Categories(labels, "boxes", "short", "full", {"epsilon": 0.01, "grid": True})
    found = parse(document(given), "image-classification")
    assert found.labels == labels
    assert found.clary["epsilon"] == 0.01
    assert (found.audit_attribute, found.instructions, found.full_instructions) == ("boxes", "short", "full")


@pytest.mark.parametrize(
    ("data", "task", "mode", "said"),
    [
        (b'{"labels": [}', "", "label", r"no valid JSON \(line 1, column 13\)"),
        (b"[]", "", "label", "an object with a list of labels"),
        (file(), "bounding-box", "label", "There are no labels"),
        (file(CAT), "image-classification", "label", "There is one label, 'cat'; image-classification needs at least two"),
        (file(CAT), "text-classification-multilabel", "label", "needs at least two"),
        (file(CAT), "bounding-box", "verify", "a verification needs at least two"),
        (file(CAT, DOG, CAT), "bounding-box", "label", "'cat' is there twice"),
        (file(*({"label": f"{n}"} for n in range(251))), "", "label", "250 is the most"),
        (file({"label": " "}), "", "label", "Label 1 of the label category file must be"),
        (file("cat"), "", "label", "must be an object as"),
        (file({"label": "x" * 257}), "", "label", "256 is the most"),
        (file(CAT, **{"document-version": "1"}), "", "label", "must be '2018-11-28'"),
        (file(CAT, instructions="look"), "", "label", "'shortInstruction' and 'fullInstruction'"),
        (file(CAT, clary=[]), "", "label", "'clary' must be an object"),
        (file(CAT, clary={"colors": {"cat": "red"}}), "", "label", "written as"),
        (file(CAT, clary={"hotkeys": {"cow": "c"}}), "", "label", "hotkeys for 'cow', which is none"),
        (file(CAT, DOG, clary={"hotkeys": {"cat": "c", DOG["label"]: "c"}}), "", "label", "'c' is given to two"),
        (file(CAT, clary={"hotkeys": {"cat": "u"}}), "bounding-box", "label",
         "The hotkey 'u' of the label 'cat' is the canvas's own: it undoes. Free are the digits and a, b, c, d, e, g, h, j"),
        (file(CAT, clary={"hotkeys": {"cat": "N"}}), "bounding-box", "label", "it makes a box"),
        (file(CAT, clary={"hotkeys": {"cat": "Enter"}}), "bounding-box", "label", "'Enter' .* that writes one sign"),
        (file({"label": "BACKGROUND"}), "semantic-segmentation", "label", "may not be 'BACKGROUND'"),
        (file(CAT, clary={"colors": {"cat": "#FFFFFF"}}), "semantic-segmentation", "label", "the background's"),
    ],
)  # fmt: skip
def test_a_wrong_file_is_refused_in_words(data: bytes, task: str, mode: Any, said: str) -> None:
    with pytest.raises(CategoriesError, match=said):
        parse(data, task, mode)


@pytest.mark.parametrize(
    ("source", "known"),
    [
        ("desk_keys", {**hotkeys.EVERYWHERE, "g": ""}), ("labels", {"/": ""}), ("grid", {"a": "", " ": ""}),
        ("viewport", {**hotkeys.PICTURE, "0": ""}), ("box_keys", hotkeys.BOXES), ("verify", hotkeys.VERIFICATION),
        ("segment_keys", {**hotkeys.MASKS, " ": ""}), ("choose", {}), ("spans", {}), ("span_keys", {}), ("review", {}),
    ],
)  # fmt: skip
def test_the_keys_that_no_label_may_have_are_those_of_the_canvas(source: str, known: dict[str, str]) -> None:
    text = canvas.module(f"{source}.js").decode()
    found = set(re.findall(r'\bkey [!=]== "(.)"', text))
    for table in re.findall(r"const (?:KEYS|TOOLS) = \{(.*?)\};", text, re.S):
        found |= set(re.findall(r"\b(\w): ", table))
    assert found - {"/"} == known.keys() - {"/"}


def test_every_label_gets_a_colour_and_a_key_of_its_own() -> None:
    labels = filled(tuple(Label(f"label {n}", color="#ff7f0e" if n == 3 else "") for n in range(200)))
    assert len({one.color for one in labels}) == 200
    assert "#ffffff" not in {one.color for one in labels}
    assert "".join(one.hotkey for one in labels[:11]) == "1234567890q"
    keys = [one.hotkey for one in labels if one.hotkey]
    assert len(set(keys)) == len(keys)
    assert labels[3].color == "#ff7f0e"
    assert [one.hotkey for one in filled(tuple(Label(digit) for digit in "0123456789"))] == list("0123456789")
