"""The form without a front end: what it reads, offers, checks and hands on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import clary
from clary.widgets import checks
from clary.widgets.live.places import PlaceField, complete
from clary.widgets.reading import Parameter


@pytest.fixture
def launcher(folder: Path) -> clary.TrainingLauncher:
    one = clary.TrainingLauncher("train.py", hyperparameters={"epochs": 7, "other": "x"})
    _ = one.widget
    return one


def form(launcher: clary.TrainingLauncher) -> Any:
    return launcher._panel.form


def field(launcher: clary.TrainingLauncher, name: str) -> Any:
    return next(one for one in form(launcher).hyperparameters.fields if one.parameter.name == name)


def test_declared_hyperparameters_have_their_controls_and_others_their_rows(
    launcher: clary.TrainingLauncher,
) -> None:
    controls = {
        one.parameter.name: type(one.control).__name__ for one in form(launcher).hyperparameters.fields
    }
    assert controls == {"epochs": "Text", "pause": "Text", "mode": "Dropdown", "fail": "Text"}
    assert field(launcher, "epochs").control.value == "7"
    assert [row.pair() for row in form(launcher).hyperparameters.others.rows] == [("other", "x")]
    assert [row.name.value for row in form(launcher).channels.rows] == ["train"]
    assert launcher.values["hyperparameters"] == {"epochs": 7, "other": "x"}


def test_what_is_changed_in_the_fields_is_what_code_sees(launcher: clary.TrainingLauncher) -> None:
    field(launcher, "epochs").control.value = "9"
    field(launcher, "mode").control.value = "slow"
    field(launcher, "fail").control.value = "007"
    form(launcher).channels.rows[0].place.control.value = "./data"
    form(launcher).metrics.add("loss", "loss=(.*)")
    form(launcher).more.max_runtime.control.value = "1h 30m"
    form(launcher).more.spot.control.value = True
    assert launcher.values == {
        "source": "train.py",
        "inputs": {"train": "./data"},
        "hyperparameters": {"epochs": 9, "mode": "slow", "fail": "007", "other": "x"},
        "metrics": {"loss": "loss=(.*)"},
        "max_runtime": 5400,
        "spot": True,
    }
    # Emptied, the script's own default counts again.
    field(launcher, "epochs").control.value = ""
    assert "epochs" not in launcher.values["hyperparameters"]
    launcher.update(instance_type="ml.c5.large", hyperparameters={"epochs": 1})
    assert form(launcher).instance_type.value == "ml.c5.large"
    assert field(launcher, "epochs").control.value == "1"


def test_another_script_brings_its_own_fields_and_keeps_what_still_fits(
    launcher: clary.TrainingLauncher, folder: Path
) -> None:
    (folder / "other.py").write_text(
        "import argparse, os\np = argparse.ArgumentParser()\np.add_argument('--epochs', type=int)\n"
        "p.add_argument('--depth', type=int, required=True)\nos.environ['SM_CHANNEL_LABELS']\n"
    )
    form(launcher).source.control.value = "other.py"
    assert [one.parameter.name for one in form(launcher).hyperparameters.fields] == ["epochs", "depth"]
    assert field(launcher, "epochs").control.value == "7"
    assert [row.name.value for row in form(launcher).channels.rows] == ["labels"]
    assert form(launcher).problems() == ["depth has no default: give it a value."]
    (folder / "other.py").write_text("x = = 1")
    form(launcher).source.control.value = "other.py "
    assert "other.py, line 1" in form(launcher)._says.widget.value


def test_a_folder_asks_for_its_entry_point(launcher: clary.TrainingLauncher, folder: Path) -> None:
    code = folder / "code"
    code.mkdir()
    (code / "run.py").write_text(
        "import argparse\nargparse.ArgumentParser().add_argument('--lr', type=float)"
    )
    form(launcher).source.control.value = "code"
    assert form(launcher).entry.widget.layout.display is None
    assert "name the entry point" in form(launcher).problems()[0]
    form(launcher).entry.control.value = "run.py"
    assert form(launcher).problems() == []
    assert [one.parameter.name for one in form(launcher).hyperparameters.fields] == ["lr"]


def test_every_problem_is_said_beside_its_field_and_nothing_is_launched(
    launcher: clary.TrainingLauncher,
) -> None:
    one = form(launcher)
    one.channels.rows[0].place.control.value = "./nowhere"
    one.channels.add("train", clary.Input("./data"))
    one.metrics.add("loss", "loss=(")
    one.metrics.add("acc", "acc=.*")
    one.instance_type.control.value = "ml.m5.huge"
    one.more.name.control.value = "under_score"
    one.more.max_runtime.control.value = "soon"
    one.more.output.control.value = "/tmp/out"
    one.more.environment.add("1X", "y")
    launcher._panel._launch()
    said = launcher._panel._problem.value
    for problem in (
        "There is no ./nowhere", "Two channels have the same name", "no regular expression", "Put a group ( )",
        "ml.m5.huge is no instance type", "A job&#x27;s name must satisfy the pattern", "Give seconds, or a time",
        "Give an address such as s3://", "A variable&#x27;s name must satisfy",
    ):  # fmt: skip
        assert problem in said, problem
    assert launcher.job is None
    assert clary.jobs() == []
    assert 'role="alert"' in one.more.name.says.widget.value
    assert one.more._opened


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90", 90), ("90m", 5400), ("1h 30m", 5400), ("1.5 h", 5400), ("2d", 172_800), ("28d", 2_419_200),
     ("29d", None), ("0", None), ("", None), ("-5", None), ("1 fortnight", None), ("h", None)],
)  # fmt: skip
def test_times_are_read_as_people_write_them(text: str, seconds: int | None) -> None:
    found, problem = checks.seconds(text)
    assert found == seconds
    assert bool(problem) == (seconds is None)


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [("int", "7", 7), ("float", "1e-3", 0.001), ("bool", "no", False), ("str", "7", "7"), ("list", "[1, 2]", [1, 2]),
     ("list", "(1, 2)", (1, 2)), ("json", '{"a": 1}', {"a": 1}), ("any", "True", True), ("any", "two words", "two words")],
)  # fmt: skip
def test_values_are_read_by_their_kind(kind: str, text: str, value: Any) -> None:
    assert checks.value(text, Parameter("p", kind)) == (value, "")


@pytest.mark.parametrize(
    ("kind", "text"),
    [("int", "1.5"), ("float", "x"), ("bool", "maybe"), ("list", "[1,"), ("any", "x" * 2501)],
)
def test_values_of_another_kind_are_refused(kind: str, text: str) -> None:
    found, problem = checks.value(text, Parameter("p", kind))
    assert found is None
    assert problem.startswith("p")


def test_places_are_completed_from_folders_and_buckets(folder: Path) -> None:
    (folder / ".hidden").touch()
    assert complete("", (".py",)) == ["data/", "train.py"]
    assert complete("data/") == ["data/data.csv"]
    assert complete(f"{folder}/da") == [f"{folder}/data/", f"{folder}/train.py"]
    assert complete("no/such/") == []
    clary.train("train.py", inputs={"train": "./data"}, name="filled", wait=True)
    assert complete("s3://", buckets=True) == ["s3://clary-us-east-1-000000000000/"]
    assert "s3://clary-us-east-1-000000000000/filled/" in complete(
        "s3://clary-us-east-1-000000000000/", buckets=True
    )
    assert complete("s3://no-such-bucket/", buckets=True) == []
    assert checks.place("s3://clary-us-east-1-000000000000/filled/input/") == ""
    assert checks.place("s3://clary-us-east-1-000000000000/none/") != ""


def test_browsing_goes_down_and_up_again(folder: Path) -> None:
    one = PlaceField("Data", "", buckets=True)
    one._toggle()
    assert [label for label, _ in one._list.options] == ["⬑ the folder above", "data/", "train.py"]
    one._list.value = "data/"
    one._take()
    assert one.value == "data/"
    assert [label for label, _ in one._list.options] == ["⬑ the folder above", "data.csv"]
    one._list.value = ""
    one._take()
    assert [label for label, _ in one._list.options][1:] == ["data/", "train.py"]
    one._list.value = "train.py"
    one._take()
    assert one.value == "train.py"
    assert one.browser.layout.display == "none"


def test_closing_a_panel_closes_its_own_widgets_and_no_other(launcher: clary.TrainingLauncher) -> None:
    import ipywidgets

    mine = ipywidgets.IntSlider(value=3)
    control, panel = form(launcher).source.control, launcher.widget
    launcher.close()
    assert (control.comm, panel.comm) == (None, None)
    assert mine.comm is not None
    assert launcher.widget is not panel  # shown again, it is made anew
    assert field(launcher, "epochs").control.value == "7"
