"""Notebooks as training scripts: parameters, progress, and an executed copy that is never left half-way."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from clary.toolkits import notebook_state

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]


def notebook(
    *cells: str, kernel: str = "python3", language: str = "python", parameters: str | None = "epochs = 1"
) -> str:
    made = [cell_of(parameters, ["parameters"])] if parameters is not None else []
    made += [cell_of(source) for source in cells]
    value = {
        "cells": made,
        "metadata": {"kernelspec": {"name": kernel, "display_name": kernel, "language": language}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return json.dumps(value)


def cell_of(source: str, tags: list[str] | None = None) -> dict[str, Any]:
    return {
        "cell_type": "code",
        "id": f"c{abs(hash(source)) % 10**8}",
        "source": source,
        "metadata": {"tags": tags} if tags else {},
        "outputs": [],
        "execution_count": None,
    }


def executed(desk: Any, job: Any, name: str = "study.ipynb") -> dict[str, Any]:
    value: dict[str, Any] = json.loads(desk.artifact(job, "output.tar.gz")[name])
    return value


def states(value: dict[str, Any]) -> list[str]:
    return [
        cell["metadata"]["papermill"]["status"] for cell in value["cells"] if "papermill" in cell["metadata"]
    ]


def printed(value: dict[str, Any]) -> str:
    return "".join(
        "".join(output.get("text", ""))
        for cell in value["cells"]
        for output in cell.get("outputs", [])
        if "text" in output
    )


def test_a_notebook_is_run_with_typed_parameters_in_this_interpreter(desk: Any) -> None:
    source = notebook(
        "import sys, os, helper\nprint('TYPES', *[type(x).__name__ for x in (epochs, lr, name, flag, sizes)])",
        "print('PYTHON', sys.executable, os.getcwd(), helper.VALUE, os.environ['SM_HP_EPOCHS'])",
        "print('loss=0.25')\nopen('/opt/ml/model/m', 'w').write(str(epochs * 2))\nepochs",
        kernel="conda_pytorch_p310",
    )
    job = desk.completed(
        desk.train(
            {"study.ipynb": source, "helper.py": "VALUE = 7"},
            program="study.ipynb",
            hyperparameters={"epochs": "3", "lr": "0.5", "name": "x y", "flag": "true", "sizes": "[1, 2]"},
            metrics=[{"Name": "loss", "Regex": "loss=([0-9.]+)"}],
        )
    )
    done = executed(desk, job)
    text = printed(done)
    assert "TYPES int float str bool list" in text
    assert f"PYTHON {sys.executable} /opt/ml/code 7 3" in text
    assert set(states(done)) == {"completed"}
    assert "TYPES int float str bool list" in desk.log(job)
    assert job.result["FinalMetricDataList"][0]["Value"] == 0.25
    assert desk.artifact(job) == {"m": b"6"}
    progress = json.loads((desk.attempt_dir(job) / "progress.json").read_text())
    assert progress == {"done": 5, "total": 5}  # parameters, injected parameters, three cells
    messages = [one.message for one in desk.store.jobs.transitions(job.id)]
    assert "Executed 5 of 5 cells" in messages


def test_a_failing_cell_is_the_reason_and_the_executed_copy_is_kept(desk: Any) -> None:
    source = notebook(
        "print('before')",
        "def f():\n    raise ValueError('boom in a cell')\nf()",
        "print('never')",
        parameters=None,
    )
    job = desk.train({"study.ipynb": source}, program="study.ipynb", hyperparameters={"epochs": "3"})
    reason = desk.failed(job)
    assert reason.startswith("AlgorithmError: ExecuteUserScriptError:\nExitCode 1\nErrorMessage ")
    assert "ValueError: boom in a cell (in cell [3] of study.ipynb)" in reason
    assert "\x1b" not in reason
    done = executed(desk, job)
    assert "running" not in states(done)
    assert states(done)[-3:] == ["completed", "failed", "pending"]
    assert done["metadata"]["papermill"]["exception"] is True
    assert "never" not in desk.log(job)
    assert "Traceback" in desk.log(job) or "boom in a cell" in desk.log(job)


@pytest.mark.parametrize("how", ["stopped", "killed"])
def test_a_notebook_that_is_cut_off_has_no_cell_left_running(desk: Any, how: str) -> None:
    source = notebook(
        "print('quick')", "import time\nprint('SLEEPING', flush=True)\ntime.sleep(600)", "print('never')"
    )
    job = desk.submit({"study.ipynb": source}, program="study.ipynb", grace_s=20.0)
    desk.until(job, lambda now: desk.said(now, "SLEEPING"), timeout_s=120)
    assert json.loads((desk.attempt_dir(desk.look(job)) / "progress.json").read_text())["done"] == 2
    if how == "stopped":
        desk.runner.stop("training-job", job.name)
        done = desk.wait(job)
        assert (done.status, done.failure_reason) == ("Stopped", "")
    else:
        os.kill(papermill_of(desk, job), signal.SIGKILL)
        done = desk.wait(job)
        assert desk.failed(done).endswith("exit code: 137")
    value = executed(desk, done)
    assert states(value)[-2:] == ["failed", "pending"]
    assert states(value).count("completed") == len(states(value)) - 2
    assert value["metadata"]["papermill"]["end_time"]
    cut = value["cells"][-2]
    assert cut["outputs"][-1]["output_type"] == "error"
    assert "while this cell ran" in cut["outputs"][-1]["evalue"]
    if how == "stopped":
        assert "SLEEPING" in printed(value)


def papermill_of(desk: Any, job: Any) -> int:
    mark = str(desk.attempt_dir(desk.look(job)) / "notebook.json").encode()
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                if mark in Path(f"/proc/{entry}/cmdline").read_bytes():
                    return int(entry)
            except OSError:
                continue
    raise AssertionError("no papermill process")


def test_what_cannot_be_run_is_said_so(desk: Any) -> None:
    for source, words in (
        ("this is not JSON", "is not a notebook that can be read"),
        (
            notebook("1", kernel="ir", language="R"),
            "is written in R for the kernel 'ir', which is not installed here",
        ),
    ):
        reason = desk.failed(desk.train({"study.ipynb": source}, program="study.ipynb"))
        assert words in reason
        assert reason.endswith("exit code: 1")


def test_a_notebook_whose_kernel_dies_fails_with_that_reason(desk: Any) -> None:
    source = notebook("print('x')", "import os\nos.kill(os.getpid(), 9)")
    job = desk.train({"study.ipynb": source}, program="study.ipynb")
    assert "DeadKernelError" in desk.failed(job)
    assert "running" not in states(executed(desk, job))


def test_settling_is_done_once_and_leaves_other_files_alone(tmp_path: Path) -> None:
    path = tmp_path / "x.ipynb"
    for text in ("", "[]", '{"cells": 3}', "not json"):
        path.write_text(text)
        assert notebook_state.settle(path, stopped=True) is False
        assert path.read_text() == text
    assert notebook_state.settle(tmp_path / "none.ipynb", stopped=True) is False
    value = json.loads(notebook("a", "b"))
    for cell, status in zip(value["cells"], ("completed", "running", "pending"), strict=True):
        cell["metadata"]["papermill"] = {"status": status, "start_time": "2026-01-01T00:00:00+00:00"}
    path.write_text(json.dumps(value))
    begun = time.time()
    assert notebook_state.settle(path, stopped=False) is True
    assert notebook_state.settle(path, stopped=False) is False
    done = json.loads(path.read_text())
    assert states(done) == ["completed", "failed", "pending"]
    assert done["cells"][1]["metadata"]["papermill"]["duration"] > begun - 1_800_000_000
