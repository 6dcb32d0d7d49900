"""The page of results in a notebook: all of it without script, whatever the labels are called."""

from __future__ import annotations

from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any

import pytest
from tests.labeling.results.test_document import crowd

from clary.labeling import results
from clary.labeling.work import Work
from clary.widgets import labeling_results

CERTIFICATE = {
    "metadata": {"upper-bound": 0.04},
    "words": ["With 95% certainty <b>at most</b> 4% are wrong.", "Humans checked 100."],
    "curve": [{"share": 0.2, "bound": 0.01}, {"share": 0.6, "bound": 0.04}, {"share": 0.9, "bound": 0.11}],
    "epsilon": 0.05,
}


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()
        self.text = ""

    def handle_starttag(self, tag: str, attributes: Any) -> None:
        self.seen.add(tag)
        if tag not in ("img", "line", "path", "circle"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in ("img", "line", "path", "circle"):
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += f" {data}"


@pytest.fixture
def document(job: Callable[..., Work]) -> dict[str, Any]:
    return {**results.document(job("text-classification", crowd(30), 30)), "certificate": CERTIFICATE}


def test_the_page_says_everything_in_words_and_runs_no_script(document: dict[str, Any]) -> None:
    tags = _Tags()
    tags.feed(labeling_results.bundle(document)["text/html"])
    assert not tags.open
    assert not tags.seen & {"script", "style", "i", "iframe"}
    for said in (
        "<i>owl</i>", "anna", "Krippendorff's alpha", "Doubtful objects", "text 2 <script>"[:6], "<b>at most</b>",
        "Confusion between annotators", "Agrees with the others", "allowed: 5%",
    ):  # fmt: skip
        assert said in tags.text, said


def test_images_in_the_gallery_are_part_of_the_page(job: Callable[..., Work]) -> None:
    answers = {"a": {0: {"label": "cat"}}, "b": {0: {"label": "dog"}}}
    found = results.document(job("image-classification", answers, 1))
    assert 'src="data:image/jpeg;base64,YWJj"' in labeling_results.html(found, lambda thing: b"abc")
    assert "<code>0.png</code>" in labeling_results.html(found, lambda thing: None)


def test_a_job_without_answers_has_a_page_too(job: Callable[..., Work]) -> None:
    found = results.document(job("text-classification", {}, 3))
    assert "Nobody has labeled anything yet" in labeling_results.html(found)


def test_the_figure_is_a_chart_that_altair_accepts(document: dict[str, Any]) -> None:
    drawn = labeling_results.figure(document).to_dict()
    titles = str(drawn)
    assert all(
        title in titles for title in ("Labels", "Confidence", "Krippendorff", "Confusion", "Certificate")
    )
    assert "datasets" not in drawn or len(drawn["datasets"]) < 20
