"""The kernel, started as Jupyter starts it: boto3 in it with no configuration, charts with no network."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import KernelManager

from clary_kernels.install import main as install

LOOK = """
import json, os
import boto3
print(json.dumps({
    "account": boto3.client("sts").get_caller_identity()["Account"],
    "region": boto3.session.Session().region_name,
    "jobs": boto3.client("sagemaker").list_training_jobs()["TrainingJobSummaries"],
    "home": os.environ.get("CLARY_HOME"),
    "mine": os.environ.get("MINE"),
}))
"""


def run_in(manager: KernelManager, code: str) -> str:
    """What ``code`` prints in the kernel; an error of the code is raised here."""
    client = manager.blocking_client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=60)
        printed: list[str] = []

        def take(message: dict[str, Any]) -> None:
            content = message["content"]
            if message["msg_type"] == "stream" and content["name"] == "stdout":
                printed.append(content["text"])

        reply = client.execute_interactive(code, timeout=60, output_hook=take, allow_stdin=False)
        assert reply["content"]["status"] == "ok", "\n".join(reply["content"].get("traceback", []))
        return "".join(printed)
    finally:
        client.stop_channels()


@pytest.fixture
def started(home_path: Path) -> Iterator[Any]:
    managers: list[KernelManager] = []

    def start(
        name: str = "clary-python", *, env: dict[str, str] | None = None, **options: Any
    ) -> KernelManager:
        manager = KernelManager(kernel_name=name)
        managers.append(manager)
        manager.start_kernel(env={**os.environ, **(env or {})}, **options)
        return manager

    yield start
    for manager in managers:
        if manager.has_kernel:
            manager.shutdown_kernel(now=True)


def test_jupyter_finds_the_kernel_by_its_name() -> None:
    spec = KernelSpecManager().get_kernel_spec("clary-python")
    assert spec.display_name == "Clary (Python)"
    assert spec.metadata["kernel_provisioner"]["provisioner_name"] == "clary-provisioner"


def test_boto3_is_ready_in_the_kernel_with_no_configuration(started: Any, home_path: Path) -> None:
    seen = json.loads(run_in(started(env={"MINE": "kept"}), LOOK))
    assert seen == {
        "account": "000000000000",
        "region": "us-east-1",
        "jobs": [],
        "home": str(home_path),
        "mine": "kept",
    }


def test_a_users_aws_settings_for_the_cloud_do_not_get_in_the_way(started: Any, tmp_path: Path) -> None:
    env = {
        "AWS_REGION": "eu-central-1",
        "AWS_ACCESS_KEY_ID": "AKIAREAL",
        "AWS_SECRET_ACCESS_KEY": "real",
        "AWS_SESSION_TOKEN": "real",
        "AWS_PROFILE": "nowhere",
        "AWS_CONFIG_FILE": str(tmp_path / "none"),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "none"),
    }
    seen = json.loads(run_in(started(env=env), LOOK))
    assert seen["account"] == "000000000000"


def test_the_kernel_survives_modules_of_the_user_that_are_named_like_pythons_own(
    started: Any, tmp_path: Path
) -> None:
    (tmp_path / "logging.py").write_text("raise RuntimeError('the user\\'s own file')")
    (tmp_path / "mine.py").write_text("answer = 42")
    assert run_in(started(cwd=str(tmp_path)), "import mine; print(mine.answer)").strip() == "42"


def test_a_kernel_bound_to_a_folder_has_that_folders_home(
    started: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(["--prefix", str(tmp_path / "prefix"), "--name", "clary-here", "--home", ".clary"])
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "prefix" / "share" / "jupyter"))
    folder = tmp_path / "project"
    folder.mkdir()
    seen = json.loads(run_in(started("clary-here", cwd=str(folder)), LOOK))
    assert seen["home"] == str(folder / ".clary")
    assert (folder / ".clary" / "clary.db").exists()


def test_a_restarted_kernel_is_ready_again(started: Any, home_path: Path) -> None:
    manager = started()
    run_in(manager, "x = 1")
    manager.restart_kernel(now=True)
    assert json.loads(run_in(manager, "assert 'x' not in globals()\n" + LOOK))["home"] == str(home_path)


def test_papermill_runs_a_notebook_on_the_kernel_by_its_name(home_path: Path, tmp_path: Path) -> None:
    cells = [
        nbformat.v4.new_code_cell("bucket = 'none'", metadata={"tags": ["parameters"]}),
        nbformat.v4.new_code_cell(
            "import boto3\ns3 = boto3.client('s3')\ns3.create_bucket(Bucket=bucket)\n"
            "s3.put_object(Bucket=bucket, Key='a/b', Body=b'data')\n"
            "print(s3.get_object(Bucket=bucket, Key='a/b')['Body'].read())"
        ),
    ]
    metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=metadata), tmp_path / "in.ipynb")
    command = [sys.executable, "-m", "papermill", "-k", "clary-python", "-p", "bucket", "from-papermill"]
    result = subprocess.run(
        [*command, str(tmp_path / "in.ipynb"), str(tmp_path / "out.ipynb")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr[-2000:]
    done = nbformat.read(tmp_path / "out.ipynb", 4)
    assert done.cells[-1].outputs[0].text == "b'data'\n"
    assert (home_path / "s3" / "from-papermill" / "a" / "b").read_bytes() == b"data"


CHART = """
import altair as alt, json
from IPython import get_ipython
chart = alt.Chart(alt.Data(values=[{"a": 1}])).mark_point().encode(x="a:Q")
shown, _ = get_ipython().display_formatter.format(chart | chart)
alt.renderers.enable("json")
chosen, _ = get_ipython().display_formatter.format(chart)
print(json.dumps([sorted(shown), sorted(chosen)]))
"""


def test_a_chart_is_drawn_by_jupyterlab_and_fetches_nothing_unless_the_user_chose_so(started: Any) -> None:
    shown, chosen = json.loads(run_in(started(), CHART))
    assert shown == ["application/vnd.vegalite.v5+json", "text/plain"]
    assert chosen == ["application/json", "text/plain"]


BAR = """
from clary.sdk.progress import State, open_progress
bar = open_progress("Training job x")
bar.show(State("Training", "cell 1 of 4"))
bar.show(State("Completed", metrics={"loss": 0.25}, done=True))
bar.close()
print(type(bar).__name__)
"""


def test_waiting_shows_a_bar_where_somebody_looks_and_lines_where_nobody_does(started: Any) -> None:
    assert run_in(started(env={"JPY_SESSION_NAME": "notebook.ipynb"}), BAR).split() == ["NotebookBar"]
    lines = run_in(started(), BAR).splitlines()
    assert [line.split()[-1] for line in lines] == ["x", "4", "loss=0.25", "PlainLines"]


def test_a_plain_script_needs_only_import_clary(home_path: Path, tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text("import clary\n" + LOOK)
    clean = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "CLARY_HOME": str(home_path)}
    result = subprocess.run(
        [sys.executable, str(script)], env=clean, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout)["jobs"] == []


def test_the_door_stays_closed_where_the_environment_says_so(home_path: Path) -> None:
    code = "import clary, botocore; print(len(botocore._INITIALIZERS))"
    for value, expected in (("off", "0"), ("", "1")):
        env = {**os.environ, "CLARY_DOOR": value}
        result = subprocess.run(
            [sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True
        )
        assert result.stdout.strip() == expected
