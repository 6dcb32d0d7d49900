"""``%%train`` in real kernels: what runs, what is seen below the cell, what goes wrong before anything is submitted."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import tarfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from jupyter_client.manager import KernelManager

import clary


class Kernel:
    """A kernel in which cells are run one after the other."""

    def __init__(self, name: str, folder: Path, **environment: str) -> None:
        self.manager = KernelManager(kernel_name=name)
        self.manager.start_kernel(cwd=str(folder), env={**os.environ, **environment})
        self.client = self.manager.blocking_client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=60)

    def run(self, code: str) -> tuple[str, dict[str, Any]]:
        """What a cell prints, tracebacks included, and the reply."""
        said: list[str] = []

        def take(message: dict[str, Any]) -> None:
            content = message["content"]
            if message["msg_type"] == "stream":
                said.append(content["text"])
            if message["msg_type"] == "error":
                said.append("\n".join(content["traceback"]))
            if message["msg_type"] == "execute_result":
                said.append(content["data"]["text/plain"])

        reply = self.client.execute_interactive(code, timeout=90, output_hook=take, allow_stdin=False)
        payload = "".join(
            one.get("data", {}).get("text/plain", "") for one in reply["content"].get("payload", [])
        )
        return "".join(said) + payload, reply["content"]

    def close(self) -> None:
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)


@pytest.fixture
def work(home_path: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "work"
    (folder / "data").mkdir(parents=True)
    (folder / "data" / "numbers.csv").write_text("1,2,3")
    (folder / "helper.py").write_text("def double(x): return 2 * x")
    (folder / "train_cell.py").write_text("the user's own file")
    return folder


@pytest.fixture
def kernel(work: Path) -> Iterator[Kernel]:
    one = Kernel("clary-python", work)
    yield one
    one.close()


CELL = """%%train --name {name} --hp epochs=2 --hp lr=$rate --hp label="two words" --input train=./data \\
-e EXTRA={{1 + 1}} --metric loss="loss=([0-9.]{{1,9}})" --source-dir . job
import argparse, os
from helper import double
parser = argparse.ArgumentParser()
parser.add_argument("--epochs", type=int)
parser.add_argument("--lr", type=float)
parser.add_argument("--label")
options = parser.parse_args()
for epoch in range(options.epochs):
    print(f"epoch={{epoch}} loss={{options.lr / double(epoch + 1)}}", flush=True)
print(options.label, os.environ["EXTRA"], os.environ["SM_HP_EPOCHS"], os.listdir(os.environ["SM_CHANNEL_TRAIN"]))
with open(os.environ["SM_MODEL_DIR"] + "/model.txt", "w") as file:
    file.write("trained")
""".replace("\\\n", "")


def test_a_cell_is_a_training_job_with_its_output_below(kernel: Kernel, work: Path, home_path: Path) -> None:
    kernel.run("rate = 0.5")
    said, reply = kernel.run(CELL.format(name="from-a-cell"))
    assert reply["status"] == "ok", said
    assert "epoch=0 loss=0.25\n" in said
    assert "two words 2 2 ['numbers.csv']" in said
    assert "Completed" in said
    said, _ = kernel.run("print(job.name, job.status, job.metrics()['value'].tolist())")
    assert said.split(maxsplit=2) == ["from-a-cell", "Completed", "[0.25, 0.125]\n"]
    archive = home_path / "s3" / clary.TrainingJob("from-a-cell").artifacts.removeprefix("s3://")
    with tarfile.open(archive) as tar:
        assert tar.getnames() == ["model.txt"]
    # The user's folder is as it was.
    assert (work / "train_cell.py").read_text() == "the user's own file"


def test_a_traceback_has_the_lines_of_the_cell(kernel: Kernel) -> None:
    said, reply = kernel.run(
        "%%train --hp a=1 job\nimport sys\n\ndef fail():\n    raise ValueError('odd data')\n\nfail()"
    )
    assert reply["status"] == "error"
    assert reply["ename"] == "TrainingFailed"
    assert 'train_cell.py", line 5, in fail' in said
    assert 'train_cell.py", line 7, in <module>' in said
    assert "odd data" in said
    # Not the way through Clary's own code.
    assert "site-packages" not in said
    assert "clary/magics" not in said
    assert kernel.run("print(job.status)")[0] == "Failed\n"


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ("%%train\nx = 1\nif x\n    print(x)", "line 3 of the cell: expected ':'"),
        ("%%train\n!pip install x", "Magics and shell commands of IPython do not work"),
        ("%%train\n", "the cell body is empty"),
        ("%%train --hp lr\nx = 1", "--hp is NAME=VALUE, not 'lr'"),
        ("%%train --hp lr=$nowhere\nx = 1", "There is no variable nowhere"),
        ("%%train --hp lr={1/0}\nx = 1", "ZeroDivisionError"),
        ("%%train --wrong 1\nx = 1", "unrecognized arguments: --wrong"),
        ("%%train --instance-count two\nx = 1", "invalid int value: 'two'"),
        ("%%train --name 'open\nx = 1", "A quote (') is not closed"),
        ("%%train my-job\nx = 1", "'my-job' cannot be the name of a variable"),
        ("%%train --name a_b\nx = 1", "ValidationException"),
        ("%%train --instance-type ml.none\nx = 1", "ValidationException"),
        ("%%train --metric loss='('\nx = 1", "is not valid"),
        ("%%train --input train=./nowhere\nx = 1", "There is no nowhere"),
        ("%%train --source-dir ./nowhere\nx = 1", "There is no folder ./nowhere"),
        ("%%train --requirements nowhere.txt\nx = 1", "There is no requirements file nowhere.txt"),
    ],
)
def test_slips_are_told_before_anything_is_submitted(kernel_for_slips: Kernel, cell: str, said: str) -> None:
    found, reply = kernel_for_slips.run(cell)
    assert reply["status"] == "error"
    assert said in found
    assert "Traceback" not in found
    assert kernel_for_slips.run("import clary; print(len(clary.jobs()))")[0] == "0\n"


@pytest.fixture(scope="module")
def kernel_for_slips(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    """One kernel for all slips, since none of them leaves anything behind."""
    folder = tmp_path_factory.mktemp("slips")
    one = Kernel("clary-python", folder, CLARY_HOME=str(folder / "home"), CLARY_ZYGOTE="0")
    yield one
    one.close()


def test_the_help_tells_every_option(kernel_for_slips: Kernel) -> None:
    said, _ = kernel_for_slips.run("%%train?")
    for option in (
        "--name",
        "--hp",
        "--input",
        "--metric",
        "--source-dir",
        "--requirements",
        "--no-wait",
        "-e KEY=VALUE",
    ):
        assert option in said


def test_values_of_the_notebook_stand_for_options(kernel: Kernel) -> None:
    kernel.run(
        "settings = {'lr': 0.5, 'name': '7', 'sizes': [1, 2]}\npackages = ['numpy']\nplaces = {'train': './data'}"
    )
    said, reply = kernel.run(
        "%%train --hp $settings --hp epochs={2 * 2} --hp pair={settings['sizes'][1]}:{settings[\"name\"]} "
        "--input $places --requirements {packages} --no-wait job\n"
        "import json, os\nprint(os.environ['SM_HPS'])"
    )
    assert reply["status"] == "ok", said
    assert "was submitted. job.wait(logs=True) shows its output" in said
    said, _ = kernel.run("print(job.wait(quiet=True).logs())")
    line = next(line for line in said.splitlines() if line.startswith("{"))
    assert json.loads(line) == {"lr": 0.5, "name": "7", "sizes": [1, 2], "epochs": 4, "pair": "2:7"}


def test_interrupting_the_cell_leaves_the_job_running_and_says_so(kernel: Kernel) -> None:
    sent = kernel.client.execute(
        "%%train --name goes-on job\nimport time\nprint('it runs', flush=True)\nwhile True: time.sleep(0.1)"
    )
    said, interrupted, end = "", False, time.monotonic() + 60
    while time.monotonic() < end:
        try:
            message = kernel.client.get_iopub_msg(timeout=1)
        except queue.Empty:
            continue
        if message["parent_header"].get("msg_id") != sent:
            continue
        content = message["content"]
        said += content.get("text", "") + "\n".join(content.get("traceback", []))
        if "it runs" in said and not interrupted:
            interrupted = True
            kernel.manager.interrupt_kernel()
        if message["msg_type"] == "status" and content["execution_state"] == "idle":
            break
    assert "goes-on goes on" in said
    assert "the training job goes on" in said
    assert "clary/sdk/training.py" not in said
    job = clary.TrainingJob("goes-on")
    assert job.status == "InProgress"
    assert kernel.run("job.stop(); print(job.name)")[0] == "goes-on\n"


def test_a_plain_kernel_has_it_after_load_ext(work: Path) -> None:
    one = Kernel("python3", work)
    try:
        said, reply = one.run("%load_ext clary\n")
        assert reply["status"] == "ok", said
        said, reply = one.run("%%train --no-wait job\nprint('from a plain kernel')")
        assert reply["status"] == "ok", said
        assert "from a plain kernel" in one.run("print(job.wait(quiet=True).logs())")[0]
    finally:
        one.close()


def test_papermill_stops_at_a_cell_whose_job_failed(work: Path, tmp_path: Path) -> None:
    cells = [
        nbformat.v4.new_code_cell("%%train\nprint('loss=0.5')\nraise SystemExit(3)"),
        nbformat.v4.new_code_cell("1"),
    ]
    metadata = {"kernelspec": {"name": "clary-python", "display_name": "Clary", "language": "python"}}
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=metadata), tmp_path / "in.ipynb")
    command = [sys.executable, "-m", "papermill", str(tmp_path / "in.ipynb"), str(tmp_path / "out.ipynb")]
    result = subprocess.run(command, capture_output=True, text=True, check=False, cwd=work)
    assert result.returncode != 0
    assert "TrainingFailed" in result.stderr
    done = nbformat.read(tmp_path / "out.ipynb", 4)
    cell = next(cell for cell in done.cells if cell.source.startswith("%%train"))
    assert "loss=0.5" in "".join(output.get("text", "") for output in cell.outputs)
