"""What a model without code says of a body that it cannot take: the likely cause first."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from clary.toolkits.inference import codecs
from clary.toolkits.inference.handlers import Answer, Handlers
from clary.toolkits.inference.layout import Layout

HEADER = 'The CSV body seems to begin with a header line ("a,b,c"); send rows of numbers only.'


def handlers(folder: Path, code: str | None = None) -> Handlers:
    joblib = pytest.importorskip("joblib")
    linear_model = pytest.importorskip("sklearn.linear_model")
    joblib.dump(linear_model.LinearRegression().fit([[0, 0, 0], [1, 1, 1]], [0, 3]), folder / "model.joblib")
    if code is not None:
        (folder / "inference_of_hints.py").write_text(code)
    program = folder / "inference_of_hints.py" if code is not None else None
    made = Handlers(Layout(folder, program, "sklearn", folder / "model.joblib"), {})
    made.load()
    return made


def ask(made: Handlers, body: bytes, content_type: str = codecs.CSV) -> Answer:
    return made.answer(body, content_type, codecs.JSON, {}, "id")


def first_line(answer: Answer) -> str:
    return answer.body.decode().splitlines()[0]


@pytest.mark.parametrize("body", [b"a,b,c\n1,2,3\n", b"a,b,c\n1,2\n", b"\n a,b,c \n1,2,3\n4,5,6\n"])
def test_a_header_line_is_named_before_the_traceback(tmp_path: Path, body: bytes) -> None:
    answer = ask(handlers(tmp_path), body)
    assert answer.status in (400, 500)
    assert first_line(answer) == HEADER
    assert (b"Traceback" in answer.body) == (answer.status == 500)


def test_a_wrong_number_of_features_is_said_in_scikit_learns_words(tmp_path: Path) -> None:
    answer = ask(handlers(tmp_path), b"1,2\n")
    assert answer.status == 500
    assert first_line(answer).startswith("X has 2 features, but LinearRegression is expecting 3 features")


def test_instances_are_the_rows_for_a_model_without_code(tmp_path: Path) -> None:
    rows = [[0, 0, 0], [1, 1, 1]]
    answer = ask(handlers(tmp_path), json.dumps({"instances": rows}).encode(), codecs.JSON)
    assert answer.status == 200, answer.body
    assert json.loads(answer.body) == pytest.approx([0, 3], abs=1e-5)


def test_code_gets_instances_as_they_are_sent_and_no_hints(tmp_path: Path) -> None:
    code = "def predict_fn(data, model): return sorted(data) if isinstance(data, dict) else data + 1\n"
    made = handlers(tmp_path, code)
    assert json.loads(ask(made, b'{"instances": [[1, 2, 3]]}', codecs.JSON).body) == ["instances"]
    assert "header line" not in first_line(ask(made, b"a,b,c\n1,2,3\n"))


@pytest.mark.parametrize(
    ("body", "header"),
    [
        (b"a,b\n1,2", "a,b"),
        (b'"x","y"\n"1","2"', '"x","y"'),
        (b",a\n0,1", ",a"),
        (b"a,b", "a,b"),
        (b"1,2", None),
        (b"1,red\n2,blue", None),
        (b"hello world", None),
        (b"good film\nbad film", None),
        (b"", None),
        (b"\xff", None),
    ],
)
def test_a_header_line_is_told_from_rows(body: bytes, header: str | None) -> None:
    assert codecs.header_line(body) == header
