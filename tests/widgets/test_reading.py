"""Scripts of many styles, read and never run: what a launcher offers of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat
import pytest

from clary.widgets.reading import Parameter, Reading, read

# Whatever is read must not be run: this line would end the test run.
BOMB = "raise SystemExit('this script was run')\n"


@pytest.fixture
def script(tmp_path: Path) -> Any:
    def write(code: str, name: str = "train.py") -> Path:
        path = tmp_path / name
        path.write_text(BOMB + code)
        return path

    return write


def by_name(reading: Reading) -> dict[str, Parameter]:
    return {one.name: one for one in reading.parameters}


def test_types_defaults_choices_and_help_are_read_from_argparse(script: Any) -> None:
    reading = read(
        script(
            """
import argparse
BATCH, MODELS = 2 ** 6, ("resnet18", "vit")
def get_parser():
    parser = argparse.ArgumentParser()
    parser.add_argument("-e", "--epochs", type=int, default=10, help="How often (default: %(default)s).")
    parser.add_argument("--learning-rate", "--lr", type=float, default=1e-3)
    parser.add_argument("--batch_size", type=int, default=BATCH)
    parser.add_argument('--model', choices=MODELS, default=MODELS[0])
    group = parser.add_argument_group("more")
    group.add_argument("--name", required=True,
                       help="One "
                            "sentence at 100%%.")
    group.add_argument("--layers", type=json.loads, default=[64, 32])
    group.add_argument("--sizes", nargs="+", type=int, default=[1, 2])
    group.add_argument("--pretrained", type=str2bool, default=True)
    group.add_argument("--flip", type=lambda x: x.lower() == "true", default=False)
    group.add_argument("--seed", type=int, default=compute_seed())
    group.add_argument("--warmup", type=int, choices=range(3))
    group.add_argument("--version", action="version", version="1")
    return parser
"""
        )
    )
    assert reading.how == "argparse"
    found = by_name(reading)
    assert found["epochs"] == Parameter("epochs", "int", "10", help="How often (default: 10).")
    assert (found["learning-rate"].kind, found["learning-rate"].default) == ("float", "0.001")
    assert found["batch_size"].default == "64"
    assert found["model"].choices == ("resnet18", "vit")
    assert found["name"].required
    assert found["name"].help == "One sentence at 100%."
    assert (found["layers"].kind, found["layers"].default) == ("json", "[64, 32]")
    assert found["sizes"].kind == "list"
    assert "one value" in found["sizes"].note
    assert found["pretrained"].kind == found["flip"].kind == "bool"
    assert not found["pretrained"].flag
    assert found["seed"].default == "compute_seed()"
    assert found["warmup"].choices == ("0", "1", "2")
    assert "version" not in found
    assert reading.warnings == ()


@pytest.mark.parametrize(
    ("parse", "warned"), [("parse_args()", True), ("parse_known_args()[0]", False)], ids=["strict", "lenient"]
)
def test_a_flag_that_a_training_job_cannot_set_is_told_so(script: Any, parse: str, warned: bool) -> None:
    code = f"""
import argparse
p = argparse.ArgumentParser()
p.add_argument("--augment", action="store_true", help="Flip.")
p.add_argument("--no-shuffle", action="store_false")
p.add_argument("--amp", action=argparse.BooleanOptionalAction, default=True)
p.add_argument("-v", "--verbose", action="count", default=0)
args = p.{parse}
"""
    found = by_name(read(script(code)))
    assert [found[name].default for name in ("augment", "no-shuffle", "amp")] == ["False", "True", "True"]
    assert all(found[name].flag for name in found)
    assert ("unrecognized arguments: True" in found["augment"].note) is warned
    assert "takes no value" in found["verbose"].note


def test_what_sagemaker_sets_is_told_apart_and_names_the_channels(script: Any) -> None:
    reading = read(
        script(
            """
import argparse, json, os
p = argparse.ArgumentParser()
p.add_argument("--model-dir", default=os.environ.get("SM_MODEL_DIR", "./model"))
p.add_argument("--train", type=str, default=os.environ["SM_CHANNEL_TRAIN"])
p.add_argument("--test", default=os.getenv("SM_CHANNEL_TEST"))
p.add_argument("--hosts", type=list, default=json.loads(os.environ["SM_HOSTS"]))
p.add_argument("--gpus", type=int, default=int(os.environ.get("SM_NUM_GPUS", 0)))
p.add_argument("--user", default=os.environ.get("USER", "nobody"))
data = open("/opt/ml/input/data/labels/x.csv")
"""
        )
    )
    found = by_name(reading)
    assert [name for name, one in found.items() if one.from_platform] == [
        "model-dir",
        "train",
        "test",
        "hosts",
        "gpus",
    ]
    assert found["train"].channel == "train"
    assert found["model-dir"].default == "./model"
    assert found["user"].variable == "USER"
    assert sorted(reading.channels) == ["labels", "test", "train"]


def test_what_cannot_be_known_without_running_is_said(script: Any) -> None:
    reading = read(
        script(
            """
import argparse
p = argparse.ArgumentParser()
p.add_argument("data", help="positional")
for name in ("--a", "--b"):
    p.add_argument(name, type=int)
p.add_argument("--depth", type=int, default=3)
p.set_defaults(depth=7)
"""
        )
    )
    assert by_name(reading)["depth"].default == "7"
    assert any("data is a positional argument" in warning for warning in reading.warnings)
    assert any("1 argument is named only when the script runs" in warning for warning in reading.warnings)


def test_click_options_are_read(script: Any) -> None:
    reading = read(
        script(
            """
import click
@click.command()
@click.option("--epochs", "-e", type=int, default=3, show_default=True, help="How often.")
@click.option("--rate", default=0.1)
@click.option("--mode", type=click.Choice(["fast", "slow"]), default="fast")
@click.option("--shuffle/--no-shuffle", default=True)
@click.option("--name", required=True)
@click.argument("data")
def main(**options): ...
"""
        )
    )
    found = by_name(reading)
    assert reading.how == "click"
    assert (found["epochs"].kind, found["epochs"].default, found["epochs"].help) == ("int", "3", "How often.")
    assert found["rate"].kind == "float"
    assert found["mode"].choices == ("fast", "slow")
    assert found["shuffle"].flag
    assert found["name"].required
    assert "data is a positional argument" in reading.warnings[0]


def test_typers_function_is_read(script: Any) -> None:
    reading = read(
        script(
            """
import typer
from typing import Annotated, Optional
app = typer.Typer()
@app.command()
def main(
    source: str,
    epochs: int = 3,
    learning_rate: Annotated[float, typer.Option(help="Step.")] = 0.01,
    name: str = typer.Option(..., help="A name."),
    limit: Optional[int] = None,
    debug: bool = False,
): ...
"""
        )
    )
    found = by_name(reading)
    assert reading.how == "typer"
    assert (found["learning-rate"].kind, found["learning-rate"].help) == ("float", "Step.")
    assert found["name"].required
    assert found["limit"].kind == "int"
    assert found["debug"].flag
    assert "source is a positional argument" in reading.warnings[0]


def test_the_dataclasses_of_huggingfaces_parser_are_read(script: Any) -> None:
    reading = read(
        script(
            """
from dataclasses import dataclass, field
from transformers import HfArgumentParser, TrainingArguments
@dataclass
class ModelArguments:
    model_name_or_path: str
    learning_rate: float = field(default=5e-5, metadata={"help": "Step " "size."})
    use_lora: bool = False
    seed: "int | None" = None
@dataclass
class Unrelated:
    other: int = 1
parser = HfArgumentParser((ModelArguments, TrainingArguments))
"""
        )
    )
    found = by_name(reading)
    assert list(found) == ["model_name_or_path", "learning_rate", "use_lora", "seed"]
    assert found["model_name_or_path"].required
    assert (found["learning_rate"].default, found["learning_rate"].help) == ("5e-05", "Step size.")
    assert (found["use_lora"].kind, found["use_lora"].flag) == ("bool", False)
    assert found["seed"].kind == "int"
    assert "TrainingArguments" in reading.warnings[0]


def test_metrics_are_suggested_from_what_is_printed_and_find_their_numbers(script: Any) -> None:
    import re

    reading = read(
        script(
            """
import logging
print(f"epoch {epoch} step={step:.0f}: loss={loss:.4f} val_loss={v:.4f} device={device}")
print("accuracy: %.3f" % accuracy)
logging.info("f1 = {:.2f}".format(f1))
logger.info(f"rmse={rmse}")
"""
        )
    )
    assert sorted(reading.metrics) == ["accuracy", "f1", "loss", "rmse", "val_loss"]
    line = "loss=0.5 val_loss=1e-3 accuracy: 0.25 f1 = 0.75"
    values = {name: re.search(regex, line) for name, regex in reading.metrics.items() if name != "rmse"}
    assert {name: float(found[1]) for name, found in values.items() if found} == {
        "loss": 0.5, "val_loss": 0.001, "accuracy": 0.25, "f1": 0.75,
    }  # fmt: skip


def test_options_of_a_module_beside_the_script_are_read_for_a_folder_and_missed_for_a_file(
    script: Any, tmp_path: Path
) -> None:
    script(
        "import argparse\np = argparse.ArgumentParser()\np.add_argument('--lr', type=float)\n", "options.py"
    )
    main = script("import options, numpy\n")
    assert "lr" in by_name(read(main, alone=False))
    alone = read(main)
    assert not alone.parameters
    assert alone.warnings == (
        "It imports options, and options.py lies beside it: choose the folder to send both.",
    )


def test_a_script_that_is_no_python_is_told_with_its_line(script: Any) -> None:
    with pytest.raises(ValueError, match=r"train\.py, line 3: "):
        read(script("\nx = = 1\n"))


def test_odd_files_are_no_trouble(tmp_path: Path, script: Any) -> None:
    assert read(script("")).parameters == ()
    (tmp_path / "run.sh").write_text("exit 1")
    assert read(tmp_path / "run.sh") == Reading()
    deep = (
        "x = "
        + "-" * 3000
        + "1\nimport argparse\np.add_argument('--n', default="
        + "(" * 80
        + "1"
        + ")" * 80
        + ")"
    )
    (tmp_path / "deep.py").write_text(deep)
    with pytest.raises(ValueError, match=r"deep\.py is nested too deeply"):
        read(tmp_path / "deep.py")


def test_a_notebooks_parameters_cell_is_read(tmp_path: Path) -> None:
    cells = [
        nbformat.v4.new_code_cell(BOMB),
        nbformat.v4.new_code_cell(
            "epochs: int = 3  # how often\nrate = 0.5\nname = 'a'\nflip = False\nsizes = [1, 2]\nmissing = None",
            metadata={"tags": ["parameters"]},
        ),
        nbformat.v4.new_code_cell(
            "%matplotlib inline\nprint(f'loss={loss:.3f}')\nimport os\nos.environ['SM_CHANNEL_TRAIN']"
        ),
    ]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / "train.ipynb")
    reading = read(tmp_path / "train.ipynb")
    found = by_name(reading)
    assert reading.how == "notebook"
    assert found["epochs"] == Parameter("epochs", "int", "3", help="how often")
    assert {name: one.kind for name, one in found.items()} == {
        "epochs": "int", "rate": "float", "name": "str", "flip": "bool", "sizes": "list", "missing": "any",
    }  # fmt: skip
    assert found["name"].default == "a"
    assert reading.channels == ("train",)
    assert list(reading.metrics) == ["loss"]


def test_a_notebook_without_parameters_and_a_file_that_is_none_are_told(tmp_path: Path) -> None:
    nbformat.write(
        nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("x = 1")]), tmp_path / "plain.ipynb"
    )
    assert "No cell is tagged parameters" in read(tmp_path / "plain.ipynb").warnings[0]
    (tmp_path / "broken.ipynb").write_text("{")
    with pytest.raises(ValueError, match=r"broken\.ipynb is not a notebook"):
        read(tmp_path / "broken.ipynb")
