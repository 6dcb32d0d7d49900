"""What ``%%train`` does: the cell becomes a script, the script a job, the job's output the cell's."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from IPython.core.error import UsageError

from clary.magics.options import Options, OptionsError
from clary.sdk import packing
from clary.sdk.errors import ClaryError, TrainingFailed
from clary.sdk.training import TrainingJob, train

SCRIPT = "train_cell.py"


class _Interrupted(KeyboardInterrupt):
    """The wait was interrupted; what happened is said already, so the cell shows no traceback of ours."""

    def _render_traceback_(self) -> list[str]:
        return ["KeyboardInterrupt: the cell was interrupted; the training job goes on."]


def run(shell: Any, line: str, cell: str) -> None:
    """Run a cell's code as a job. Raises UsageError for what is wrong with the line or the code, TrainingFailed."""
    try:
        options = Options(line, shell.user_ns)
    except OptionsError as error:
        raise UsageError(str(error)) from None
    code = _script(line, cell)
    try:
        with _folder(code, options.source_dir) as folder:
            job = train(folder, entry=SCRIPT, **{"name": packing.new_name("train-cell"), **options.arguments})
    except (ClaryError, OSError, ValueError) as error:
        raise UsageError(f"%%train: {error}") from None
    if options.variable:
        shell.user_ns[options.variable] = job
    if options.wait:
        _wait(job)
    else:
        keeper = options.variable or f"clary.TrainingJob({job.name!r})"
        print(
            f"{job.name} was submitted. {keeper}.wait(logs=True) shows its output, {keeper}.stop() stops it."
        )


def _script(line: str, cell: str) -> str:
    """The cell as a script whose lines have the numbers that they have in the cell."""
    if not cell.strip():
        raise UsageError("The cell has no code to train with.")
    code = f"# %%train {line}\n{cell}"
    try:
        compile(code, SCRIPT, "exec")
    except SyntaxError as error:
        raise UsageError(_pointed(error)) from None
    except ValueError as error:  # null bytes
        raise UsageError(f"The cell is no Python code: {error}") from None
    return code


def _pointed(error: SyntaxError) -> str:
    """A syntax error with the cell's line, and where in it."""
    said = f"%%train: line {error.lineno} of the cell: {error.msg}. Nothing was submitted."
    if error.text:
        text = error.text.rstrip("\n")
        indent = len(text) - len(text.lstrip())
        said += f"\n    {text.strip()}\n    {' ' * max(0, (error.offset or 1) - 1 - indent)}^"
        if text.lstrip().startswith(("!", "%")):
            said += "\nMagics and shell commands of IPython do not work in a training script."
    return said


@contextmanager
def _folder(code: str, source_dir: str | None) -> Iterator[Path]:
    """A folder with the script, and with what ``source_dir`` holds; the user's own folder is left as it is."""
    with tempfile.TemporaryDirectory(prefix="clary-cell-") as scratch:
        folder = Path(scratch)
        if source_dir is not None:
            base = Path(source_dir).expanduser()
            if not base.is_dir():
                raise FileNotFoundError(f"There is no folder {source_dir} in {Path.cwd()}.")
            for file in packing.walk(base):
                target = folder / file.relative_to(base)
                target.parent.mkdir(parents=True, exist_ok=True)
                _take(file, target)
        script = folder / SCRIPT
        script.unlink(missing_ok=True)  # a hard link to the user's own file must not be written through
        script.write_text(code, encoding="utf-8")
        yield folder


def _take(file: Path, target: Path) -> None:
    try:
        os.link(file.resolve(), target)
    except OSError:
        shutil.copy2(file, target)


def _wait(job: TrainingJob) -> None:
    try:
        job.wait(logs=True)
    except KeyboardInterrupt:
        raise _Interrupted from None
    except TrainingFailed as error:
        # The log is above already, and the way through our own code tells the user nothing.
        lines = [f"TrainingFailed: {error.name} failed: {error.reason}"]
        error._render_traceback_ = lambda: lines  # type: ignore[attr-defined]
        raise
