"""A notebook as a program: run by papermill, on a kernel of the job's own interpreter, with the progress of its cells.

``command`` is what a job executes; ``python -m clary.toolkits.notebook <plan.json>`` is that command's other end. The
executed copy is saved before and after each cell, always whole, so that it can be read while the notebook runs.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

from clary.home import atomic_write
from clary.toolkits.notebook_state import settle

AUTOSAVE_S = 5
_START_TIMEOUT_S = 120
_TERMINATED = 143


def command(
    python: Path,
    source: Path,
    executed: Path,
    parameters: Mapping[str, Any],
    attempt_dir: Path,
    failure: Path,
    kernel: Path | None = None,
) -> list[str]:
    """The command that runs ``source`` and saves it as ``executed``.

    ``parameters`` keep their types (a JSON number becomes a Python number). Progress goes to ``attempt_dir/progress.json``
    as ``{"done", "total"}`` (cells), and the error of a failed cell to the file ``failure``, unless there is one.
    ``kernel``: another interpreter to run the cells; it needs ipykernel and nothing of Clary's.
    """
    plan = attempt_dir / "notebook.json"
    value = {
        "source": str(source),
        "executed": str(executed),
        "parameters": dict(parameters),
        "attempt_dir": str(attempt_dir),
        "failure": str(failure),
        "kernel": str(kernel or python),
    }
    plan.write_text(json.dumps(value), encoding="utf-8")
    return [str(python), "-m", "clary.toolkits.notebook", str(plan)]


def main(plan_file: str) -> int:
    """Run the notebook of a plan; 0, or 1 when a cell failed."""
    plan = json.loads(Path(plan_file).read_text(encoding="utf-8"))
    source, executed = Path(plan["source"]), Path(plan["executed"])
    try:
        import papermill
        from papermill.exceptions import PapermillExecutionError
    except ImportError as error:
        return _failed(
            Path(plan["failure"]), f"A notebook needs papermill and ipykernel: {error}. Please install them"
        )
    from clary.toolkits.notebook_engine import OwnKernelManager, ProgressEngine, notebook_error, prepare

    OwnKernelManager.python = plan["kernel"]
    notebook = prepare(source)
    if isinstance(notebook, str):
        return _failed(Path(plan["failure"]), notebook)
    progress = Progress(Path(plan["attempt_dir"]))
    papermill.engines.papermill_engines.register("clary", ProgressEngine)
    executed.parent.mkdir(parents=True, exist_ok=True)
    signal.signal(signal.SIGTERM, _stopper(executed))
    try:
        papermill.execute_notebook(
            notebook,
            str(executed),
            parameters=plan["parameters"],
            engine_name="clary",
            kernel_name=notebook.metadata.kernelspec.name,
            progress_bar=False,
            stdout_file=sys.stdout,
            stderr_file=sys.stderr,
            start_timeout=_START_TIMEOUT_S,
            autosave_cell_every=AUTOSAVE_S,
            cwd=str(source.parent),
            on_progress=progress.report,
        )
    except PapermillExecutionError as error:
        return _failed(Path(plan["failure"]), notebook_error(error, source.name))
    except Exception as error:
        settle(executed, stopped=False)
        return _failed(
            Path(plan["failure"]),
            f"The notebook {source.name} could not be run: {type(error).__name__}: {error}",
        )
    return 0


class Progress:
    """Tells how many cells are done: in a file, and as the message of the job's phase."""

    def __init__(self, attempt_dir: Path) -> None:
        self._attempt_dir = attempt_dir

    def report(self, done: int, total: int) -> None:
        """Called before the first cell and after each."""
        atomic_write(self._attempt_dir / "progress.json", json.dumps({"done": done, "total": total}).encode())
        if (self._attempt_dir / "spec.json").exists():
            from clary.runner import child

            child.phase(self._attempt_dir, "Training", f"Executed {done} of {total} cells")


def _stopper(executed: Path) -> Any:
    def stop(number: int, frame: FrameType | None) -> NoReturn:
        from clary.toolkits.notebook_engine import ProgressEngine

        # The kernel is stopped like us; what its cell printed so far is kept.
        ProgressEngine.save_now()
        settle(executed, stopped=True)
        os._exit(_TERMINATED)

    return stop


def _failed(failure: Path, text: str) -> int:
    print(text, file=sys.stderr, flush=True)
    if not failure.exists():
        failure.parent.mkdir(parents=True, exist_ok=True)
        failure.write_text(f'ExecuteUserScriptError:\nExitCode 1\nErrorMessage "{text}"', encoding="utf-8")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
