"""Functions of the user's own: what can be kept, and what happens when one is called."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import clary
from clary.home import Home
from clary.labeling import functions
from clary.labeling.functions import FunctionError

ELSEWHERE = 1


def plain(event: dict[str, Any]) -> dict[str, Any]:
    return {"got": event["x"]}


def test_a_function_is_kept_named_by_its_arn_called_and_forgotten(home: Home) -> None:
    arn = clary.label_functions.add("mine", plain)
    assert arn == "arn:aws:lambda:us-east-1:000000000000:function:mine"
    assert clary.label_functions.names() == ["mine"]
    assert functions.load(home, f"{arn}:$LATEST")({"x": 3}) == {"got": 3}
    clary.label_functions.remove("mine")
    with pytest.raises(clary.ClaryError, match="no function 'mine' here"):
        clary.label_functions.remove("mine")


def test_a_function_that_is_replaced_is_the_new_one_at_once(home: Home, tmp_path: Path) -> None:
    for answer in (1, 2):
        file = tmp_path / f"f{answer}.py"
        file.write_text(f"def f(event):\n    return {answer}\n")
        functions.add(home, "f", f"{file}:f")
        assert functions.load(home, "f")({}) == answer


def test_a_function_of_a_notebook_is_kept_with_its_own_source(home: Home) -> None:
    source = "def cell(event):\n    import math\n    return math.floor(event['x'])\n"
    namespace = notebook(source)
    functions.add(home, "cell", namespace["cell"])
    assert functions.load(home, "cell")({"x": 2.5}) == 2


def test_a_function_that_needs_the_notebook_around_it_is_refused(home: Home) -> None:
    namespace = notebook("import json\nLIMIT = 3\ndef cell(event):\n    return json.dumps(LIMIT)\n")
    with pytest.raises(FunctionError, match="uses LIMIT, json, which the notebook defines"):
        functions.add(home, "cell", namespace["cell"])


def notebook(source: str) -> dict[str, Any]:
    """What IPython does with a cell: its source can be found, its module is __main__."""
    import linecache

    name = f"<ipython-input-{abs(hash(source))}>"
    linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
    namespace: dict[str, Any] = {"__name__": "__main__"}
    exec(compile(source, name, "exec"), namespace)
    return namespace


@pytest.mark.parametrize(
    ("name", "function", "words"),
    [
        ("a b", plain, "1 to 64 letters"),
        ("PRE-Mine", plain, "Ground Truth's own"),
        ("f", "nowhere.py:f", "cannot be read"),
        ("f", "nowhere.py", "must be written as"),
        ("f", lambda event: 1, "no function with a name"),
        ("f", f"{__file__}:nothing", "defines no function nothing"),
        ("f", "BROKEN:f", "not valid Python: .*line 1"),
    ],
)
def test_what_cannot_be_kept_is_refused(
    home: Home, tmp_path: Path, name: str, function: Any, words: str
) -> None:
    if function == "BROKEN:f":
        (tmp_path / "broken.py").write_text("def f(:\n")
        function = f"{tmp_path}/broken.py:f"
    with pytest.raises(FunctionError, match=words):
        functions.add(home, name, function)
    assert functions.names(home) == []


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("def f(event):\n    return 1 / 0\n", "ZeroDivisionError(.|\n)*line 2, in f"),
        ("def f(event):\n    return object()\n", "TypeError: .*not JSON serializable"),
        ("import sys\ndef f(event):\n    sys.exit(3)\n", "SystemExit: 3"),
        (
            "import nothing_of_this_name\ndef f(event):\n    return 1\n",
            "The source of f failed with ModuleNotFoundError",
        ),
    ],
)
def test_a_function_that_fails_says_where(home: Home, tmp_path: Path, source: str, words: str) -> None:
    (tmp_path / "f.py").write_text(source)
    functions.add(home, "f", f"{tmp_path}/f.py:f")
    with pytest.raises(FunctionError, match=words):
        functions.load(home, "f")({})
