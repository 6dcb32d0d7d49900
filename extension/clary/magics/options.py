"""The options of ``%%train``, and the notebook's values in them."""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Mapping
from typing import Any, NoReturn

_DESCRIPTION = """Run this cell's code as a training job.

The code is a script of its own, train_cell.py: it sees none of the notebook's variables, but the hyperparameters (--hp lr=0.1
comes as the argument --lr 0.1, and as SM_HP_LR), the channels (SM_CHANNEL_TRAIN), and SM_MODEL_DIR for what it leaves behind.
Its output appears below the cell as it comes. Interrupting the cell leaves the job running."""

_EPILOG = """$name and {expression} stand for values of the notebook: --hp lr=$rate, --input train=s3://{bucket}/data/. Alone they
may be a dictionary of several: --hp $settings. In --metric NAME=REGEX they are left alone, since $ and { } mean something in a
regex. Quote what has spaces.

    %%train --hp epochs=3 --hp lr=$rate --input train=./data --metric loss="loss=([0-9.]+)" job
    import argparse
    ...

Afterwards `job` is the TrainingJob: job.metrics(), job.logs(), clary.deploy(job)."""


class OptionsError(Exception):
    """What is wrong with the line after ``%%train``, in words."""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise OptionsError(f"{message}. `%%train?` shows the options.")

    def exit(self, status: int = 0, message: str | None = None) -> NoReturn:
        raise OptionsError(message or "")


def parser() -> argparse.ArgumentParser:
    """The options, named as those of ``clary.train``."""
    one = _Parser(
        prog="%%train",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        add_help=False,
        allow_abbrev=False,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    one.add_argument("job", nargs="?", help="the variable that keeps the TrainingJob")
    one.add_argument("--name", help="the job's name; made up if not given")
    one.add_argument(
        "--hp", action="append", default=[], metavar="NAME=VALUE", help="a hyperparameter; may be repeated"
    )
    one.add_argument(
        "--input",
        action="append",
        default=[],
        metavar="NAME=PLACE",
        help="a channel: a local path, s3:// or file://",
    )
    one.add_argument(
        "--input-mode", choices=["File", "FastFile", "Pipe"], help="how channels are brought to the job"
    )
    one.add_argument(
        "--metric", action="append", default=[], metavar="NAME=REGEX", help="a number to find in the log"
    )
    one.add_argument("--instance-type", metavar="TYPE", help="such as ml.m5.large")
    one.add_argument("--instance-count", type=int, metavar="N", help="hosts")
    one.add_argument(
        "--source-dir", metavar="FOLDER", help="a folder that goes along, for the cell to import from"
    )
    one.add_argument(
        "--requirements",
        action="append",
        default=[],
        metavar="FILE|PACKAGE",
        help="requirements.txt, or packages",
    )
    one.add_argument(
        "-e", "--env", action="append", default=[], metavar="KEY=VALUE", help="an environment variable"
    )
    one.add_argument("--max-runtime", type=int, metavar="SECONDS", help="the job is stopped after so long")
    one.add_argument("--spot", action="store_true", help="managed spot training")
    one.add_argument("--max-wait", type=int, metavar="SECONDS", help="of spot training, waiting included")
    one.add_argument("--checkpoints", metavar="S3", help="the prefix kept in step with /opt/ml/checkpoints")
    one.add_argument("--output", metavar="S3", help="the prefix for the model")
    one.add_argument("--network-isolation", action="store_true", help="no network for the script")
    one.add_argument(
        "--wait", action=argparse.BooleanOptionalAction, default=True, help="wait for the end (the default)"
    )
    return one


class Options:
    """A parsed line. ``arguments`` are those of ``clary.train``, the code aside. Raises OptionsError."""

    def __init__(self, line: str, namespace: Mapping[str, Any]) -> None:
        self._namespace = namespace
        found = parser().parse_args(_words(line))
        self.wait: bool = found.wait
        self.variable: str | None = found.job
        if self.variable is not None and not self.variable.isidentifier():
            raise OptionsError(f"{self.variable!r} cannot be the name of a variable.")
        self.source_dir: str | None = self._text(found.source_dir)
        self.arguments: dict[str, Any] = {
            "hyperparameters": self._pairs("--hp", found.hp, literal=True),
            "inputs": {key: str(value) for key, value in self._pairs("--input", found.input).items()},
            "metrics": self._pairs("--metric", found.metric, expand=False),
            "environment": {key: str(value) for key, value in self._pairs("-e", found.env).items()},
            "requirements": self._requirements(found.requirements),
            "spot": found.spot,
            "network_isolation": found.network_isolation,
        }
        for name in ("instance_count", "max_runtime", "max_wait"):
            self.arguments[name] = getattr(found, name)
        for name in ("name", "input_mode", "instance_type", "checkpoints", "output"):
            self.arguments[name] = self._text(getattr(found, name))
        self.arguments = {
            key: value for key, value in self.arguments.items() if value not in (None, {}, [], False)
        }

    def _pairs(
        self, option: str, texts: list[str], *, expand: bool = True, literal: bool = False
    ) -> dict[str, Any]:
        """``NAME=VALUE`` texts, or a dictionary of the notebook."""
        found: dict[str, Any] = {}
        for text in texts:
            whole = self._value(text)
            if isinstance(whole, Mapping):
                found.update({str(key): value for key, value in whole.items()})
                continue
            name, equals, value = text.partition("=")
            if not equals or not name:
                raise OptionsError(f"{option} is NAME=VALUE, not {text!r}. `%%train?` shows the options.")
            found[name] = self._value(value) if expand else value
            if literal and not re.fullmatch(_REFERENCE, value):  # what the notebook holds keeps its type
                found[name] = _literal(found[name])
        return found

    def _requirements(self, texts: list[str]) -> str | list[str] | None:
        words = [self._value(text) for text in texts]
        flat = [str(one) for word in words for one in (word if isinstance(word, (list, tuple)) else [word])]
        if len(flat) == 1 and flat[0].endswith(".txt"):
            return flat[0]
        return flat or None

    def _text(self, text: str | None) -> str | None:
        return None if text is None else str(self._value(text))

    def _value(self, text: str) -> Any:
        """A text with the notebook's values in it; the value itself where it is nothing else."""
        whole = re.fullmatch(_REFERENCE, text)
        if whole:
            return self._evaluated(whole)
        return re.sub(_REFERENCE, lambda found: str(self._evaluated(found)), text)

    def _evaluated(self, found: re.Match[str]) -> Any:
        name, expression = found["name"], found["expression"]
        if name is not None and name not in self._namespace:
            raise OptionsError(f"There is no variable {name} in the notebook (for ${name}).")
        try:
            return eval(name or expression, dict(self._namespace))
        except Exception as error:
            raise OptionsError(
                f"{{{name or expression}}} cannot be evaluated: {type(error).__name__}: {error}"
            ) from error


_REFERENCE = r"\$(?P<name>[A-Za-z_]\w*)|\{(?P<expression>[^{}]+)\}"


def _words(line: str) -> list[str]:
    """The line's words as a shell has them, but for backslashes, which regexes need, and ``{d["key"] + 1}``, one word."""
    words: list[str] = []
    word, quote, depth = None, "", 0
    balanced = line.count("{") == line.count("}")
    for character in line:
        if quote and not depth and character == quote:
            quote = ""
        elif not quote and not depth and character in "\"'":
            word, quote = word or "", character
        elif not quote and not depth and character.isspace():
            if word is not None:
                words.append(word)
            word = None
        else:
            word = (word or "") + character
            if balanced and character in "{}":
                depth = max(0, depth + (1 if character == "{" else -1))
    if quote:
        raise OptionsError(f"A quote ({quote}) is not closed.")
    return words if word is None else [*words, word]


def _literal(text: str) -> Any:
    """A hyperparameter's text as the value that it writes (JSON), else as text."""
    try:
        return json.loads(text)
    except ValueError:
        return text
