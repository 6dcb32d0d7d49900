"""Endpoints that are updated, deleted, killed and rebooted, while somebody asks them."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest
import serving_models as models
from botocore.exceptions import ConnectionClosedError
from botocore.exceptions import ConnectionError as BotoConnectionError
from serving_conftest import ECHO
from serving_load import Load

Wait = Callable[..., Any]


def is_dead(process: psutil.Process) -> bool:
    """Gone, or a zombie that nobody has asked for yet."""
    try:
        return bool(process.status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True


def test_an_update_under_load_fails_not_one_request(host: Any) -> None:
    host.model("one", {"model.onnx": models.scaled(1.0)})
    host.model("two", {"model.onnx": models.scaled(2.0)})
    host.create("ep", {"ModelName": "one"})
    with Load(host, "ep", b"[[1, 1]]") as load:
        for generation, model in ((2, "two"), (3, "one")):
            document = host.update("ep", {"ModelName": model})
            assert document.status == "InService"
            assert document.body["generation"] == generation
            # From the moment that it says InService, nothing comes from the old one any more.
            moment = time.monotonic()
            time.sleep(0.3)
            later = load.asked_after(moment)
            assert len(later) > 10
            assert [answer for answer in later if answer != ([[2, 2]] if model == "two" else [[1, 1]])] == []
    assert load.errors == []
    assert load.reconnects == 0, "keep-alive connections are handed over, not closed"
    assert len(load.answers) > 200


@pytest.mark.slow
def test_updates_of_busy_workers_fail_not_one_request_either(host: Any) -> None:
    for name in "ab":
        host.model(name, {"code/inference.py": ECHO}, NAME=name)
    host.create("ep", {"ModelName": "a"})
    with Load(host, "ep", b'{"sleep": 0.005}', boto=2, raw=6) as load:
        for name in "baba":
            assert host.update("ep", {"ModelName": name}).status == "InService"
            moment = time.monotonic()
            time.sleep(0.3)
            assert {answer["model"] for answer in load.asked_after(moment)} == {name}
    assert load.errors == []
    assert load.reconnects == 0


@pytest.mark.slow
def test_an_update_from_python_to_onnx_lets_slow_requests_finish(host: Any, wait_until: Wait) -> None:
    host.model("slow", {"code/inference.py": ECHO})
    host.model("fast", {"model.onnx": models.scaled(2.0)})
    host.create("ep", {"ModelName": "slow"})
    client = host.client()
    answers: list[Any] = []

    def ask() -> None:
        answer = client.invoke_endpoint(
            EndpointName="ep", Body=b'{"sleep": 3}', ContentType="application/json"
        )
        answers.append(json.loads(answer["Body"].read()))

    thread = threading.Thread(target=ask)
    thread.start()
    time.sleep(0.3)
    document = host.update("ep", {"ModelName": "fast"})
    assert document.status == "InService"
    assert answers == []
    answer = host.client().invoke_endpoint(
        EndpointName="ep", Body=b"[[1, 1]]", ContentType="application/json"
    )
    assert json.loads(answer["Body"].read()) == [[2, 2]]
    thread.join(20)
    assert answers[0]["data"] == {"sleep": 3}
    wait_until(lambda: host.runner.get("endpoint", "ep:1").state == "done", what="the old generation to end")
    assert not (host.home.endpoints / "ep" / "1").exists()


def test_an_update_that_cannot_start_is_rolled_back(host: Any) -> None:
    host.model("good", {"model.onnx": models.scaled(2.0)})
    host.model(
        "bad", {"code/inference.py": "def model_fn(model_dir):\n    raise ValueError('no such weights')\n"}
    )
    host.create("ep", {"ModelName": "good"})
    with Load(host, "ep", b"[[1, 1]]", boto=1, raw=1) as load:
        document = host.update("ep", {"ModelName": "bad"})
    assert load.errors == []
    assert document.status == "InService"
    assert "ValueError: no such weights (inference.py, line 2)" in document.body["FailureReason"]
    assert document.body["EndpointConfigName"] == "config-1"
    document = host.update("ep", {"ModelName": "good"})
    assert document.status == "InService"
    assert "FailureReason" not in document.body
    assert document.body["EndpointConfigName"] == "config-3"


@pytest.mark.slow
def test_an_update_may_keep_weights_and_counts(host: Any) -> None:
    host.model("m", {"model.onnx": models.scaled(2.0)})
    host.create("ep", {"ModelName": "m", "VariantName": "A"}, {"ModelName": "m", "VariantName": "B"})
    host.endpoints.update_weights("ep", [{"VariantName": "A", "DesiredWeight": 5, "DesiredInstanceCount": 2}])
    host.settled("ep")
    document = host.update(
        "ep",
        {"ModelName": "m", "VariantName": "A"},
        {"ModelName": "m", "VariantName": "C"},
        kept=("DesiredWeight",),
    )
    shown = {item["VariantName"]: item for item in document.body["ProductionVariants"]}
    assert (shown["A"]["CurrentWeight"], shown["A"]["CurrentInstanceCount"]) == (5, 1)
    assert shown["C"]["CurrentWeight"] == 1


def test_deleting_drains_and_leaves_nothing(host: Any, wait_until: Wait) -> None:
    host.model("slow", {"code/inference.py": ECHO})
    host.create("ep", {"ModelName": "slow"})
    client = host.client()
    answers: list[Any] = []

    def ask() -> None:
        answer = client.invoke_endpoint(
            EndpointName="ep", Body=b'{"sleep": 1.5}', ContentType="application/json"
        )
        answers.append(json.loads(answer["Body"].read()))

    thread = threading.Thread(target=ask)
    thread.start()
    time.sleep(0.4)
    child = psutil.Process(host.pids("ep")["child"])
    everybody = [child, *child.children(recursive=True)]
    host.endpoints.delete("ep")
    assert host.settled("ep") is None
    thread.join(10)
    assert answers[0]["data"] == {"sleep": 1.5}
    assert "Traceback" not in host.log("ep")
    assert "Endpoint process" in host.log("ep"), "it ended by itself"
    with pytest.raises(client.exceptions.ClientError, match="not found"):
        client.invoke_endpoint(EndpointName="ep", Body=b"1", ContentType="application/json")
    wait_until(lambda: all(is_dead(process) for process in everybody), 5, "its processes to end")
    assert not (host.home.endpoints / "ep" / "1").exists()
    assert not [path for path in host.home.run.iterdir() if path.name.startswith("e-")]
    # The name is free again.
    assert host.create("ep", {"ModelName": "slow"}).status == "InService"


@pytest.mark.slow
def test_an_endpoint_can_be_deleted_while_it_is_created(host: Any) -> None:
    host.model("slow", {"code/inference.py": "import time\ndef model_fn(d):\n    time.sleep(60)\n"})
    host.create("ep", {"ModelName": "slow"}, wait=False)
    time.sleep(1.0)
    begun = time.monotonic()
    host.endpoints.delete("ep")
    assert host.settled("ep") is None
    assert time.monotonic() - begun < 15


@pytest.mark.parametrize("victim", ["child", "shim"])
def test_an_endpoint_killed_with_9_comes_back_by_itself(host: Any, wait_until: Wait, victim: str) -> None:
    host.model("m", {"code/inference.py": ECHO})
    host.create("ep", {"ModelName": "m"})
    client = host.client()

    def works() -> bool:
        try:
            answer = client.invoke_endpoint(EndpointName="ep", Body=b"1", ContentType="application/json")
            return bool(json.loads(answer["Body"].read())["data"] == 1)
        except (client.exceptions.ServiceUnavailable, BotoConnectionError, ConnectionClosedError):
            return False  # the connections of a killed process are cut; boto3 retries by itself unless told not to

    assert works()
    before = host.pids("ep")
    worker = psutil.Process(before["child"]).children()[0]
    # Nobody but the serving processes themselves is there to notice.
    host.pump.stop()
    os.kill(before[victim], signal.SIGKILL)
    wait_until(lambda: is_dead(worker), 5, "the worker to die with its endpoint process")
    wait_until(works, 30, "the endpoint to be back")
    assert host.pids("ep")["child"] != before["child"]
    assert host.store.documents.get("endpoint", "ep").status == "InService"


def test_everything_comes_back_after_a_reboot_at_the_same_address(
    host: Any, home_path: Any, wait_until: Wait
) -> None:
    host.model("m", {"model.onnx": models.scaled(2.0)})
    host.create("ep", {"ModelName": "m"})
    address = host.endpoints.runtime_url()
    client = host.client()
    host.pump.stop()
    marks = f"CLARY_HOME={home_path}".encode()
    for process in psutil.process_iter():
        try:
            environment = Path(f"/proc/{process.pid}/environ").read_bytes().split(b"\0")
            if process.pid != os.getpid() and (
                marks in environment or str(home_path) in " ".join(process.cmdline())
            ):
                process.kill()
        except (OSError, psutil.Error):
            continue
    # The archive may be gone by then: what was unpacked is used.
    (host.folder / "m.tar.gz").unlink()
    host.runner.reconcile()
    host.runner.schedule()

    def works() -> bool:
        host.runner.reconcile()
        host.runner.schedule()
        try:
            answer = client.invoke_endpoint(
                EndpointName="ep", Body=b"[[1, 1]]", ContentType="application/json"
            )
            return bool(json.loads(answer["Body"].read()) == [[2, 2]])
        except Exception:
            return False

    wait_until(works, 40, "the endpoint to be back")
    assert host.endpoints.runtime_url() == address


@pytest.mark.slow
def test_an_endpoint_that_cannot_come_back_says_why(host: Any, wait_until: Wait) -> None:
    code = (
        "import os\ndef model_fn(d):\n    assert not os.path.exists(d + '/gone'), 'the licence has run out'\n"
    )
    host.model("m", {"code/inference.py": code})
    host.create("ep", {"ModelName": "m"})
    (host.home.endpoints / "ep" / "1" / "AllTraffic" / "ml" / "model" / "gone").touch()
    os.kill(host.pids("ep")["child"], signal.SIGKILL)
    document = wait_until(
        lambda: (one := host.store.documents.get("endpoint", "ep")).status == "Failed" and one,
        30,
        "the endpoint to be Failed",
    )
    assert "AssertionError: the licence has run out (inference.py, line 3)" in document.body["FailureReason"]
    (host.home.endpoints / "ep" / "1" / "AllTraffic" / "ml" / "model" / "gone").unlink()
    wait_until(
        lambda: host.store.documents.get("endpoint", "ep").status == "InService", 40, "another try to succeed"
    )


@pytest.mark.slow
def test_a_process_that_dies_again_and_again_while_it_starts_is_given_up(host: Any, wait_until: Wait) -> None:
    host.model("m", {"code/inference.py": "import time\ndef model_fn(d):\n    time.sleep(600)\n"})
    host.create("ep", {"ModelName": "m"}, wait=False)
    killed: set[int] = set()

    def kill_or_failed() -> bool:
        document = host.store.documents.get("endpoint", "ep")
        starts = document.body.get("starts", {}).get("1", 0)
        if document.status == "Creating" and starts > len(killed):
            child = host.pids("ep")["child"]
            if child not in killed:
                os.kill(child, signal.SIGKILL)
                killed.add(child)
        return bool(document.status == "Failed")

    wait_until(kill_or_failed, 60, "the endpoint to be Failed")
    assert len(killed) == 3
    assert (
        "died 3 times while it was starting"
        in host.store.documents.get("endpoint", "ep").body["FailureReason"]
    )


def test_models_work_without_namespaces_too(
    home: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from serving_conftest import Host

    monkeypatch.setenv("CLARY_ISOLATION", "paths")
    host = Host(home, tmp_path / "models")
    code = "def model_fn(d): return open(d + '/w').read() + d\ndef predict_fn(data, model): return model\n"
    host.model("m", {"code/inference.py": code, "w": "weights"})
    assert host.create("ep", {"ModelName": "m"}).status == "InService", host.log("ep")
    status, _, body = host.endpoints.invoke("ep", body=b"1")
    assert status == 200
    assert json.loads(body).startswith("weights" + str(home.endpoints))
    host.pump.stop()
