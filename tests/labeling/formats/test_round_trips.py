"""What goes out in a format comes back the same, whatever the names are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.labeling.formats.conftest import SIZES, folders, read, written

from clary.labeling import formats
from clary.labeling.formats import masks
from clary.labeling.formats.format import (
    BOXES,
    ENTITIES,
    IMAGE_CLASS,
    IMAGE_CLASSES,
    PIXELS,
    SPLITS,
    TEXT_CLASS,
    TEXT_CLASSES,
    Item,
)

lean = settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
# No control characters, surrogates or line ends; all else, so spaces, quotes, <b>, commas, emoji and right-to-left.
printable = st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp"))
words = st.text(printable, min_size=1, max_size=12).map(str.strip).filter(lambda one: one and one[0] != "#")
classes = st.lists(
    words | st.sampled_from(["<b>bold</b>", "a,b", "0", "null", "=1+1"]), min_size=1, max_size=4, unique=True
)
file_names = st.lists(
    st.text(printable.filter(lambda one: one not in '/\\'), min_size=1, max_size=10).filter(lambda one: one[0] != "."),
    min_size=1, max_size=2,
).map(lambda parts: "/".join(parts) + ".png")  # fmt: skip
splits = st.sampled_from(SPLITS)


@st.composite
def boxes(draw: Any, labels: list[str], size: tuple[int, int]) -> dict[str, Any]:
    left, top = draw(st.integers(0, size[0] - 1)), draw(st.integers(0, size[1] - 1))
    return {
        "label": draw(st.sampled_from(labels)),
        "left": left,
        "top": top,
        "width": draw(st.integers(1, size[0] - left)),
        "height": draw(st.integers(1, size[1] - top)),
    }


@st.composite
def masks_of(draw: Any, count: int, size: tuple[int, int]) -> dict[str, Any]:
    random = np.random.default_rng(draw(st.integers(0, 1000)))
    share = draw(st.sampled_from([0.0, 0.3, 0.9]))
    canvas = random.integers(0, count + 1, (size[1], size[0])) * (random.random((size[1], size[0])) < share)
    return masks.to_answer(canvas)


@st.composite
def data_sets(draw: Any, task: str) -> tuple[list[str], list[Item]]:
    """Labels, and items without files (their size says which)."""
    labels = draw(classes)
    names = draw(st.lists(file_names, min_size=1, max_size=4, unique=True))
    items = []
    for name in names:
        size = draw(st.sampled_from(SIZES[:2] if task == PIXELS else SIZES))
        more: dict[str, Any] = {}
        if task == IMAGE_CLASS:
            answer: Any = {"label": draw(st.sampled_from(labels))}
        elif task == IMAGE_CLASSES:
            answer = {"labels": draw(st.lists(st.sampled_from(labels), unique=True))}
        elif task == BOXES:
            answer = {"boxes": draw(st.lists(boxes(labels, size), max_size=3))}
            if answer["boxes"] and draw(st.booleans()):
                more["crowd"] = tuple([True] + [False] * (len(answer["boxes"]) - 1))
        else:
            answer = draw(masks_of(len(labels), size))
        items.append(Item(name, width=size[0], height=size[1], answer=answer, split=draw(splits), **more))
    return labels, items


def key(item: Item) -> tuple[str, str]:
    """Names may get a number or lose their folders; sizes, splits and answers may not change."""
    return str(sorted(str(item.answer))), str((item.width, item.height, item.split))


KINDS = [
    ("coco", BOXES), ("coco", PIXELS), ("yolo", BOXES), ("yolo", PIXELS), ("voc", BOXES), ("voc", PIXELS),
    ("csv", BOXES), ("csv", IMAGE_CLASS), ("csv", IMAGE_CLASSES), ("huggingface", BOXES),
    ("huggingface", IMAGE_CLASS), ("huggingface", IMAGE_CLASSES),
]  # fmt: skip


@pytest.mark.parametrize(("name", "task"), KINDS, ids=lambda value: str(value))
def test_images_come_back_as_they_went_out(
    name: str, task: str, pictures: dict[tuple[int, int], Path], tmp_path: Path
) -> None:
    places = folders(tmp_path)
    kind = formats.find(name)

    @lean
    @given(data_sets(task))
    def goes_round(drawn: tuple[list[str], list[Item]]) -> None:
        from dataclasses import replace

        labels, plain = drawn
        items = [replace(one, file=pictures[one.width, one.height]) for one in plain]
        target = next(places)
        written(kind, task, labels, items, target)
        assert type(formats.detect(target)) is type(kind)
        data, found = read(kind, target, task=task, labels=tuple(labels))
        assert data.labels == tuple(labels)
        assert sorted(map(key, found)) == sorted(map(key, items))
        for one in found:
            same = next(other for other in items if key(other) == key(one))
            assert _normal(one.answer) == _normal(same.answer)
            assert one.file is not None
            assert one.file.samefile(pictures[one.width, one.height])
        if name in ("coco", "huggingface"):
            assert sorted(str(one.crowd) for one in found) == sorted(str(one.crowd) for one in items)

    goes_round()


def _normal(answer: Any) -> Any:
    if answer and "labels" in answer:
        return sorted(answer["labels"])
    if answer and "boxes" in answer:  # formats group what belongs together, and keep no order between
        return sorted(map(str, answer["boxes"]))
    return answer


@pytest.mark.parametrize("task", [TEXT_CLASS, TEXT_CLASSES, ENTITIES])
@pytest.mark.parametrize("name", ["csv", "jsonl"])
def test_texts_come_back_as_they_went_out(name: str, task: str, tmp_path: Path) -> None:
    places = folders(tmp_path)
    kind = formats.find(name)

    @lean
    @given(st.data())
    def goes_round(data: Any) -> None:
        labels = data.draw(classes)
        items = [
            Item(
                str(number),
                text=text,
                answer=data.draw(_text_answers(task, labels, text)),
                split=data.draw(splits),
            )
            for number, text in enumerate(data.draw(st.lists(_texts(), min_size=1, max_size=4)))
        ]
        target = next(places)
        written(kind, task, labels, items, target)
        _, found = read(kind, target, task=task, labels=tuple(labels))
        simple = [(one.text, one.answer, one.split) for one in found]
        assert sorted(map(str, simple)) == sorted(str((one.text, one.answer, one.split)) for one in items)

    goes_round()


def test_entities_come_back_from_conll_with_the_texts_they_are_of(tmp_path: Path) -> None:
    places = folders(tmp_path)
    kind = formats.find("conll")

    @lean
    @given(st.data())
    def goes_round(data: Any) -> None:
        labels = data.draw(
            st.lists(
                words.filter(lambda one: not any(c.isspace() for c in one)),
                min_size=1,
                max_size=3,
                unique=True,
            )
        )
        text = data.draw(_texts())
        item = Item("0", text=text, answer=data.draw(_text_answers(ENTITIES, labels, text)))
        target = next(places)
        options = written(kind, ENTITIES, labels, [item], target)
        assert any("spaces" in note for note in options.notes)
        if not text.strip():
            return
        _, found = read(kind, target, labels=tuple(labels))
        spoken = [one for one in _spoken(item) if one[1]]
        assert [one for one in _spoken(found[0]) if one[1]] == spoken
        assert "".join(found[0].text.split()) == "".join(text.split())

    goes_round()


def _spoken(item: Item) -> list[tuple[str, str]]:
    assert item.answer is not None
    return [
        (one["label"], "".join(item.text[one["startOffset"] : one["endOffset"]].split()))
        for one in item.answer["entities"]
    ]


def _texts() -> Any:
    return st.text(
        st.characters(exclude_categories=("Cs",), exclude_characters="\0\r"), min_size=1, max_size=30
    )


@st.composite
def _text_answers(draw: Any, task: str, labels: list[str], text: str) -> dict[str, Any]:
    if task == TEXT_CLASS:
        return {"label": draw(st.sampled_from(labels))}
    if task == TEXT_CLASSES:
        return {"labels": draw(st.lists(st.sampled_from(labels), unique=True))}
    cuts = sorted(draw(st.sets(st.integers(0, len(text)), max_size=6)))
    spans = list(zip(cuts[0::2], cuts[1::2], strict=False))
    return {
        "entities": [
            {"label": draw(st.sampled_from(labels)), "startOffset": start, "endOffset": end}
            for start, end in spans
        ]
    }


def test_class_folders_come_back_and_refuse_names_that_no_folder_can_have(
    picture: Any, tmp_path: Path
) -> None:
    kind = formats.find("folder")
    items = [
        picture("x y.png", {"label": "<b>"}, split="train"),
        picture("ü/x y.png", {"label": "größe"}, split="validation"),
        picture("x y-2.png", {"label": "<b>"}, split="train"),
    ]
    written(kind, IMAGE_CLASS, ["<b>", "größe"], items, tmp_path / "out")
    data, found = read(kind, tmp_path / "out")
    assert data.labels == ("<b>", "größe")
    assert [(one.name, one.answer, one.split) for one in found] == [
        ("train/<b>/x y-2.png", {"label": "<b>"}, "train"),
        ("train/<b>/x y.png", {"label": "<b>"}, "train"),
        ("validation/größe/ü/x y.png", {"label": "größe"}, "validation"),
    ]
    for label in ("a/b", "..", ".hidden", ""):
        with pytest.raises(formats.FormatError, match="cannot be a folder's name"):
            written(kind, IMAGE_CLASS, [label], [], tmp_path / f"no{len(label)}{label[:1] == '.'}")
