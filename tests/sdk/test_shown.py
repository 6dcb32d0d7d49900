"""How things show: progress by where it is looked at, HTML that holds no script, values by content type."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest

from clary.sdk import codecs, pages, progress
from clary.sdk.progress import PlainLines, State, TerminalLine


def test_plain_progress_prints_a_line_for_each_status_and_no_more(capsys: pytest.CaptureFixture[str]) -> None:
    bar = PlainLines("Training job x")
    for state in (
        State("Starting"),
        State("Starting"),
        State("Training"),
        State("Training", metrics={"loss": 0.5}),
    ):
        bar.show(state)
    bar.show(State("Completed", metrics={"loss": 0.25}, done=True))
    bar.close()
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "Training job x"
    assert [line.split()[1] for line in said[1:]] == ["Starting", "Training", "Completed"]
    assert said[-1].endswith("loss=0.25")


def test_a_terminals_line_is_rewritten_in_place(capsys: pytest.CaptureFixture[str]) -> None:
    bar = TerminalLine("Training job x")
    bar.show(State("Training"))
    bar.log("a line of the log")
    bar.show(State("Completed", done=True))
    bar.close()
    said = capsys.readouterr().out
    assert said.count("\r\x1b[K") == 4
    assert "a line of the log\n" in said
    assert "█" * 24 in said


@pytest.mark.parametrize(
    ("state", "fraction"),
    [
        (State("Starting"), 0.03),
        (State("Training"), 0.1),
        (State("Training", "cell 5 of 10"), 0.525),
        (State("Training", "5/10"), 0.525),
        (State("Training", "99 of 0"), 0.1),
        (State("Training", "20 of 10"), 0.95),
        (State("Completed", done=True), 1.0),
        (State("SomethingNew"), 0.0),
    ],
)
def test_the_bar_moves_with_the_status_and_with_a_message_that_counts(state: State, fraction: float) -> None:
    assert state.fraction == pytest.approx(fraction)


def test_output_that_nobody_watches_is_plain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: False, raising=False)
    assert type(progress.open_progress("x")) is PlainLines


def test_cards_and_tables_escape_what_users_wrote() -> None:
    card = pages.card("<script>a", "<b>", {"note": "<img src=x>", "absent": None}, "<i>")
    table = pages.table(("name", "status"), [("<script>", "InService")])
    for html in (card, table):
        assert "<script" not in html
        assert "<img" not in html
    assert "absent" not in card


def test_values_are_written_for_a_person() -> None:
    assert pages.text(0.123456789) == "0.123457"
    assert pages.text(None) == ""
    assert pages.text(datetime(2026, 1, 2, 3, 4, 5, 999, tzinfo=UTC)).startswith("2026-01-0")
    assert pages.duration(59.9) == "0:59"
    assert pages.duration(3675) == "1:01:15"
    assert repr(pages.LogText("a\nb")) == "a\nb"


@pytest.mark.parametrize(
    ("data", "body", "kind"),
    [
        ({"a": [1, 2]}, b'{"a": [1, 2]}', codecs.JSON),
        ([1.5], b"[1.5]", codecs.JSON),
        ([np.float32(1.5), np.int64(2)], b"[1.5, 2]", codecs.JSON),
        ([np.zeros(2)], b"[[0.0, 0.0]]", codecs.JSON),
        ("1,2\n", b"1,2\n", codecs.CSV),
        (b"\x00", b"\x00", codecs.BYTES),
        (bytearray(b"\x01"), b"\x01", codecs.BYTES),
    ],
)
def test_a_value_has_its_content_type(data: Any, body: bytes, kind: str) -> None:
    assert codecs.encode(data) == (body, kind)


def test_arrays_go_and_come_back_unchanged() -> None:
    array = np.arange(6, dtype=np.float32).reshape(2, 3)
    body, kind = codecs.encode(array)
    assert kind == codecs.accept_for(kind) == codecs.NPY
    back = codecs.decode(body, kind)
    assert back.dtype == array.dtype
    assert np.array_equal(back, array)


def test_an_array_of_objects_is_refused_and_never_pickled() -> None:
    with pytest.raises(ValueError, match="pickle"):
        codecs.encode(np.array([object()]))


def test_what_json_cannot_carry_is_named() -> None:
    with pytest.raises(TypeError, match="set cannot be sent as JSON"):
        codecs.encode({"a": {1}})


def test_answers_are_decoded_by_their_content_type() -> None:
    assert codecs.decode(b"[1]", "application/json; charset=utf-8") == [1]
    assert codecs.decode(b"1,2", "text/csv") == "1,2"
    assert codecs.decode(b"\xff", "image/png") == b"\xff"
