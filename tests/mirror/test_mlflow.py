"""Training jobs as MLflow runs, on a real server and with real jobs."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import psutil
import pytest

from .conftest import Server, Studio

# The first run may have to wait for SDK 3's installation.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture
def tracking(server: Server, monkeypatch: pytest.MonkeyPatch) -> str:
    """The address of the server, set where Clary runs."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", server.url)
    return server.url


def mirror_process(studio: Studio) -> psutil.Process | None:
    for process in psutil.process_iter():
        try:
            line = process.cmdline()
        except psutil.Error:
            continue
        if "clary.mirror.process" in line and str(studio.engine.home.root) in line:
            return process
    return None


def test_a_job_becomes_a_run_with_everything_that_is_known_of_it(studio: Studio, tracking: str) -> None:
    studio.call("CreateExperiment", {"ExperimentName": "Forecasts"})
    script = "for n in range(1200): print(f'loss={n / 4};')\nprint('acc%=1')"
    studio.submit(
        script, regexes={"loss": "loss=([0-9.]+);", "acc%": "acc%=([0-9])"}, Tags=[{"Key": "team", "Value": "red"}],
        HyperParameters={"lr": "0.10", "opt": '"adam"', "sagemaker_region": '"x"'},
        ExperimentConfig={"ExperimentName": "forecasts"},
    )  # fmt: skip
    job = studio.ended()
    run_id = studio.run_id()
    run = studio.run(tracking, run_id)
    assert (run["status"], run["experiment"], run["name"]) == ("FINISHED", "forecasts", "job")
    assert run["params"] == {"lr": "0.10", "opt": "adam"}
    assert run["metrics"]["loss"] == [[n, n / 4] for n in range(1200)]
    assert run["metrics"]["acc_"] == [[0, 1.0]]
    begun, ended = job["CreationTime"].timestamp() * 1000 - 1, job["TrainingEndTime"].timestamp() * 1000 + 1
    assert all(begun <= stamp <= ended for stamp in run["stamps"]["loss"])
    assert run["tags"]["team"] == "red"
    assert run["tags"]["sagemaker.job_arn"] == job["TrainingJobArn"]
    assert run["tags"]["sagemaker.model_artifacts"] == job["ModelArtifacts"]["S3ModelArtifacts"]
    said = [line for line in studio.log() if run_id in line]
    assert said == [f"[clary] MLflow run {run_id} of experiment forecasts at {tracking}"]


def test_metrics_come_while_the_job_runs_and_its_end_is_told(studio: Studio, tracking: str) -> None:
    sleep = "import time\nprint('loss=1', flush=True)\ntime.sleep(600)"
    studio.submit(
        sleep,
        name="stopped",
        regexes={"loss": "loss=([0-9]+)"},
        Environment={"MLFLOW_EXPERIMENT_NAME": "mine"},
    )
    studio.submit(
        "print('loss=1'); raise SystemExit('no luck')", name="failed", regexes={"loss": "loss=([0-9]+)"}
    )

    def tags(name: str) -> dict[str, str]:
        arn = studio.call("DescribeTrainingJob", {"TrainingJobName": name})["TrainingJobArn"]
        return studio.engine.store.tags.list(arn)

    end = time.monotonic() + 30
    while "mlflow.run_id" not in tags("stopped"):
        assert time.monotonic() < end
        time.sleep(0.05)
    run_id = tags("stopped")["mlflow.run_id"]
    while not (run := studio.run(tracking, run_id))["metrics"]:
        assert time.monotonic() < end, studio.mirror_log()
    assert (run["status"], run["experiment"], run["metrics"]) == ("RUNNING", "mine", {"loss": [[0, 1.0]]})
    studio.call("StopTrainingJob", {"TrainingJobName": "stopped"})
    studio.ended("stopped")
    studio.ended("failed")
    assert studio.run(tracking, studio.run_id("stopped"))["status"] == "KILLED"
    failed = studio.run(tracking, studio.run_id("failed"))
    assert (failed["status"], failed["metrics"]) == ("FAILED", {"loss": [[0, 1.0]]})
    assert "no luck" in failed["tags"]["sagemaker.failure_reason"]


LOGS_ITSELF = """
import mlflow
mlflow.log_param('lr', '0.1')
for n in range(3): mlflow.log_metric('loss', n, step=n)
print('loss=7 acc=5')
mlflow.end_run()
with mlflow.start_run(): mlflow.log_param('second', 1)
"""


def test_a_script_that_uses_mlflow_logs_to_the_jobs_run(studio: Studio, tracking: str) -> None:
    own = {"MLFLOW_EXPERIMENT_NAME": "own"}
    values = {"lr": "0.10", "epochs": "3"}
    studio.submit(LOGS_ITSELF, regexes={"acc": "acc=([0-9]+)"}, HyperParameters=values, Environment=own)
    assert studio.ended()["TrainingJobStatus"] == "Completed", studio.log()
    run = studio.run(tracking, studio.run_id())
    assert run["params"] == {"lr": "0.1", "epochs": "3"}  # what the script says of lr stands
    assert run["metrics"] == {"loss": [[0, 0], [1, 1], [2, 2]], "acc": [[0, 5.0]]}
    assert run["status"] == "FINISHED"
    search = "[len(client.search_runs([e.experiment_id])) for e in client.search_experiments(filter_string=\"name = 'own'\")]"
    assert studio.ask(tracking, search) == [2]  # its second run is one of its own


def test_a_script_that_chooses_its_experiment_has_a_run_of_its_own(
    studio: Studio, tracking: str, mlflow_site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(mlflow_site))
    script = "import mlflow\nmlflow.set_experiment('elsewhere')\nmlflow.log_metric('x', 1)\nprint('loss=3')\n"
    studio.engine.objects.put("bucket", "s.tar.gz", _sourcedir(script))
    source = {"sagemaker_submit_directory": '"s3://bucket/s.tar.gz"', "sagemaker_program": '"train.py"'}
    _script_mode(studio, {**source, "lr": "1"})
    assert studio.ended("script-mode")["TrainingJobStatus"] == "Completed", studio.log("script-mode")
    run = studio.run(tracking, studio.run_id("script-mode"))
    assert (run["params"], run["metrics"], run["experiment"]) == (
        {"lr": "1"},
        {"loss": [[0, 3.0]]},
        "Default",
    )
    runs = "client.search_runs([client.get_experiment_by_name('elsewhere').experiment_id])"
    assert studio.ask(tracking, f"[r.data.metrics for r in {runs}]") == [{"x": 1.0}]


def _sourcedir(script: str) -> bytes:
    import io
    import tarfile

    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as tar:
        info = tarfile.TarInfo("train.py")
        info.size = len(script)
        tar.addfile(info, io.BytesIO(script.encode()))
    return out.getvalue()


def _script_mode(studio: Studio, values: dict[str, str]) -> str:
    studio.call("CreateTrainingJob", {
        "TrainingJobName": "script-mode", "RoleArn": "arn:aws:iam::000000000000:role/r", "HyperParameters": values,
        "AlgorithmSpecification": {"TrainingImage": "clary/python", "TrainingInputMode": "File",
                                   "MetricDefinitions": [{"Name": "loss", "Regex": "loss=([0-9]+)"}]},
        "OutputDataConfig": {"S3OutputPath": "s3://bucket/out"}, "StoppingCondition": {"MaxRuntimeInSeconds": 600},
        "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
    })  # fmt: skip
    return "script-mode"


def test_a_server_that_is_away_delays_nothing_and_hears_everything_later(
    studio: Studio, later_server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = later_server
    monkeypatch.setenv("MLFLOW_TRACKING_URI", server.url)
    begun = time.monotonic()
    studio.submit(
        "for n in range(5): print(f'loss={n}')",
        regexes={"loss": "loss=([0-9]+)"},
        HyperParameters={"lr": "1"},
    )
    assert time.monotonic() - begun < 5
    assert studio.ended()["TrainingJobStatus"] == "Completed"
    end = time.monotonic() + 30
    while not any("cannot be reached" in line for line in studio.log()):
        assert time.monotonic() < end, studio.mirror_log()
        time.sleep(0.1)
    server.start()
    run = studio.run(server.url, studio.run_id())
    assert (run["status"], run["params"]) == ("FINISHED", {"lr": "1"})
    assert run["metrics"] == {"loss": [[n, float(n)] for n in range(5)]}
    assert sum("cannot be reached" in line for line in studio.log()) == 1


def test_the_mirror_may_be_killed_at_any_time(studio: Studio, tracking: str) -> None:
    script = "import time\nfor n in range(400): print(f'loss={n}', flush=True); time.sleep(0.02)"
    studio.submit(script, regexes={"loss": "loss=([0-9]+)"})
    killed = 0
    while studio.call("DescribeTrainingJob", {"TrainingJobName": "job"})["TrainingJobStatus"] == "InProgress":
        process = mirror_process(studio)
        if process is not None and studio.engine.store.documents.find("mlflow-run", "job") is not None:
            time.sleep(0.7)
            process.send_signal(signal.SIGKILL)
            killed += 1
        time.sleep(0.3)
    assert killed >= 2
    run_id = studio.run_id()
    run = studio.run(tracking, run_id)
    assert run["status"] == "FINISHED"
    # A batch that had arrived when its sender was killed is sent again; MLflow keeps equal values of a step once.
    assert run["metrics"]["loss"] == [[n, float(n)] for n in range(400)]


@pytest.mark.parametrize("scheme", ["sqlite", "file"])
def test_stores_that_are_no_server_work_through_the_package(
    studio: Studio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mlflow_python: Path, scheme: str
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    given, uri = {
        "sqlite": ("sqlite:///runs.db", f"sqlite:///{tmp_path}/runs.db"), "file": ("mlruns", f"file://{tmp_path}/mlruns")
    }[scheme]  # fmt: skip
    monkeypatch.setenv("MLFLOW_TRACKING_URI", given)
    monkeypatch.setattr("sys.executable", str(mlflow_python))  # as if mlflow were installed beside Clary
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2] / "extension"))
    studio.submit(LOGS_ITSELF, regexes={"acc": "acc=([0-9]+)"}, HyperParameters={"lr": "0.10", "epochs": "3"})
    job = studio.ended()
    assert job["TrainingJobStatus"] == "Completed", studio.log()
    run = studio.run(uri, studio.run_id())
    assert (run["status"], run["params"]) == ("FINISHED", {"lr": "0.1", "epochs": "3"})
    assert run["metrics"] == {"loss": [[0, 0], [1, 1], [2, 2]], "acc": [[0, 5.0]]}


def test_without_the_package_the_log_says_what_to_install(
    studio: Studio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/runs.db")
    studio.submit("print('loss=1')")
    assert studio.ended()["TrainingJobStatus"] == "Completed"
    studio.settled()
    (line,) = [line for line in studio.log() if "[clary]" in line and "MLflow" in line]
    assert "pip install 'clary[mlflow]'" in line


def test_a_job_without_the_variable_is_not_mirrored_and_one_that_is_refused_leaves_no_run(
    studio: Studio, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    studio.submit("print(1)", name="plain")
    assert studio.engine.store.documents.find("mlflow-run", "plain") is None
    monkeypatch.setenv("MLFLOW_TRACKING_URI", server.url)
    before = studio.ask(server.url, "len(client.search_runs(['0']))")
    with pytest.raises(Exception, match="already exists"):
        studio.submit("print(1)", name="plain")
    assert studio.ask(server.url, "len(client.search_runs(['0']))") == before
