"""Good and bad models: each serves, or says in FailureReason or ModelError what its author can do about it."""

from __future__ import annotations

import contextlib
import io
import json
import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import serving_models as models
from botocore.exceptions import ClientError
from serving_conftest import ECHO


def ask(host: Any, endpoint: str, value: Any, **options: Any) -> Any:
    options.setdefault("ContentType", "application/json")
    body = value if isinstance(value, bytes) else json.dumps(value).encode()
    return json.loads(
        host.client().invoke_endpoint(EndpointName=endpoint, Body=body, **options)["Body"].read()
    )


def model_error(host: Any, endpoint: str, value: Any, **options: Any) -> dict[str, Any]:
    with pytest.raises(ClientError) as caught:
        ask(host, endpoint, value, **options)
    response: dict[str, Any] = caught.value.response
    assert response["Error"]["Code"] == "ModelError", response
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 424
    return response


def failure(host: Any, files: dict[str, Any], **environment: str) -> str:
    host.model("bad", files, **environment)
    document = host.create("bad", {"ModelName": "bad"})
    assert document.status == "Failed"
    reason: str = document.body["FailureReason"]
    assert "production variant AllTraffic did not pass the ping health check" in reason
    assert "log stream AllTraffic/i-" in reason
    path = Path(reason[reason.rindex("(") + 1 : reason.rindex(")")])
    assert path.is_file(), "the named log is there"
    return reason


@pytest.mark.slow
def test_torchscript_without_code(host: Any, tmp_path: Path) -> None:
    import torch

    torch.jit.script(torch.nn.Sequential(torch.nn.Linear(2, 1, bias=False))).save(str(tmp_path / "model.pt"))
    host.model("m", {"model.pt": (tmp_path / "model.pt").read_bytes()})
    assert host.create("ep", {"ModelName": "m"}).status == "InService", host.log("ep")
    answer = ask(host, "ep", [[1.0, 0.0], [0.0, 1.0]])
    assert np.array(answer).shape == (2, 1)
    csv = host.client().invoke_endpoint(
        EndpointName="ep", Body=b"1,0\n0,1\n", ContentType="text/csv", Accept="text/csv"
    )
    assert np.allclose([float(line) for line in csv["Body"].read().split()], np.ravel(answer))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["model.joblib", "classifier.pkl"])
def test_scikit_learn_without_code(host: Any, name: str) -> None:
    import joblib
    from sklearn.linear_model import LogisticRegression

    out = io.BytesIO()
    joblib.dump(LogisticRegression().fit([[0, 0], [1, 1]], [0, 1]), out)
    host.model("m", {name: out.getvalue()})
    assert host.create("ep", {"ModelName": "m"}).status == "InService", host.log("ep")
    assert ask(host, "ep", [[0, 0], [1, 1]]) == [0, 1]
    assert ask(host, "ep", b"1,1", ContentType="text/csv", Accept="application/json") == [1]


def test_onnx_with_several_inputs_and_outputs(host: Any) -> None:
    host.model("m", {"model.onnx": models.two_in_two_out()})
    host.create("ep", {"ModelName": "m"})
    assert ask(host, "ep", {"a": [[1, 2]], "b": [[3, 4]]}) == {"sum": [[4, 6]], "difference": [[-2, -2]]}
    assert ask(host, "ep", [{"a": [1, 2], "b": [3, 4]}, {"a": [0, 0], "b": [1, 1]}])["sum"] == [
        [4, 6],
        [1, 1],
    ]
    assert "inputs a, b" in model_error(host, "ep", [[1, 2]])["OriginalMessage"]


def test_user_code_over_an_onnx_file_needs_no_model_fn(host: Any) -> None:
    code = "def predict_fn(data, model):\n    return model.run(None, {'x': data})[0] + 1\n"
    host.model("m", {"model.onnx": models.scaled(2.0), "code/inference.py": code})
    host.create("ep", {"ModelName": "m"})
    assert ask(host, "ep", [[1, 2]]) == [[3, 5]]


def test_the_contract_of_handlers_as_scripts_on_aws_know_it(host: Any) -> None:
    code = """
import os, sys
import helper

def model_fn(model_dir, context):
    assert model_dir == "/opt/ml/model", model_dir
    assert context.system_properties["model_dir"] == model_dir
    print("loading", os.environ["FLAVOUR"])
    return open(model_dir + "/weights.txt").read()

def transform_fn(model, body, content_type, accept, context):
    name = "X-Amzn-SageMaker-Custom-Attributes"
    context.set_response_header(0, name, "said=" + context.get_request_header(0, name))
    return f"{model} {body!r} {content_type} {accept} {helper.VALUE}", "text/plain"
"""
    files = {"code/serve.py": code, "code/helper.py": "VALUE = 42\n", "weights.txt": "heavy"}
    host.model(
        "m",
        files,
        SAGEMAKER_PROGRAM="serve.py",
        SAGEMAKER_SUBMIT_DIRECTORY="/opt/ml/model/code",
        FLAVOUR="sweet",
    )
    assert host.create("ep", {"ModelName": "m"}).status == "InService", host.log("ep")
    answer = host.client().invoke_endpoint(
        EndpointName="ep", Body=b"hi", ContentType="text/csv", CustomAttributes="trace=1"
    )
    assert answer["Body"].read() == b"heavy 'hi' text/csv application/json 42"
    assert answer["ContentType"] == "text/plain"
    assert answer["CustomAttributes"] == "said=trace=1"
    log = host.log("ep")
    assert "loading sweet" in log
    assert "POST /invocations 200" in log


def test_code_from_its_own_archive_and_files_from_a_prefix(host: Any) -> None:
    host.store.documents.create(
        "model",
        "m",
        {
            "PrimaryContainer": {
                "ModelDataSource": {
                    "S3DataSource": {
                        "S3Uri": (host.folder / "plain").as_uri() + "/",
                        "S3DataType": "S3Prefix",
                        "CompressionType": "None",
                    }
                },
                "Environment": {
                    "SAGEMAKER_PROGRAM": "inference.py",
                    "SAGEMAKER_SUBMIT_DIRECTORY": models.archive(
                        host.folder / "code.tar.gz", {"inference.py": ECHO}
                    ),
                },
            }
        },
    )
    (host.folder / "plain" / "deep").mkdir(parents=True)
    (host.folder / "plain" / "deep" / "weights.bin").write_bytes(b"w")
    assert host.create("ep", {"ModelName": "m"}).status == "InService", host.log("ep")
    assert ask(host, "ep", 7)["data"] == 7
    assert (
        host.home.endpoints / "ep" / "1" / "AllTraffic" / "ml" / "model" / "deep" / "weights.bin"
    ).read_bytes() == b"w"


def test_bad_models_fail_with_a_reason(host: Any, tmp_path: Path) -> None:
    cases: list[tuple[dict[str, Any], dict[str, str], str]] = [
        (
            {"code/inference.py": "import no_such_module\n"},
            {},
            "ModuleNotFoundError: No module named 'no_such_module' (inference.py, line 1)",
        ),
        ({"code/inference.py": "def predict_fn(d, m): return d\n"}, {}, "has no model_fn"),
        ({"code/inference.py": "import sys\nsys.exit(3)\n"}, {}, "SystemExit: 3"),
        ({"code/inference.py": "import os\nos._exit(3)\n"}, {}, "ended with exit code 3"),
        ({"code/inference.py": "def model_fn(:\n"}, {}, "SyntaxError"),
        ({"code/inference.py": "model_fn = 3\n"}, {}, "model_fn in inference.py is a int, not a function"),
        (
            {"code/inference.py": "def predict_fn(d, m): ...\ndef transform_fn(m, b, c, a): ...\n"},
            {},
            "in conjunction with",
        ),
        ({"readme.txt": "hello"}, {}, "It holds: readme.txt"),
        ({"model.onnx": b"not onnx"}, {}, "cannot be loaded by ONNX Runtime"),
        (
            {"code/inference.py": ECHO},
            {"SAGEMAKER_PROGRAM": "other.py"},
            "SAGEMAKER_PROGRAM names 'other.py'",
        ),
        ({"../evil.py": "x"}, {}, "climbs out"),
        ({"code/inference.py": ECHO}, {"SAGEMAKER_MODEL_SERVER_WORKERS": "many"}, "it must be a number"),
    ]
    for number, (files, environment, _) in enumerate(cases):
        host.model(f"m{number}", files, **environment)
        host.create(f"ep{number}", {"ModelName": f"m{number}"}, wait=False)
    for number, (_, _, text) in enumerate(cases):
        document = host.settled(f"ep{number}")
        assert document.status == "Failed", text
        assert text in document.body["FailureReason"]
        assert "did not pass the ping health check" in document.body["FailureReason"]
    assert not (host.home.endpoints / "evil.py").exists()


def test_a_failed_endpoint_names_its_log_and_can_be_deleted(host: Any) -> None:
    failure(host, {"code/inference.py": "print('on my way')\nraise KeyError('x')\n"})
    log = host.log("bad")
    assert "on my way" in log
    assert "KeyError: 'x'" in log
    host.endpoints.delete("bad")
    assert host.settled("bad") is None


def test_a_missing_archive_and_a_pipeline_are_refused_with_a_reason(host: Any) -> None:
    host.store.documents.create(
        "model", "lost", {"PrimaryContainer": {"ModelDataUrl": "file:///nowhere/model.tar.gz"}}
    )
    host.store.documents.create("model", "line", {"Containers": [{"Image": "a"}, {"Image": "b"}]})
    host.store.documents.create(
        "model", "bucket", {"PrimaryContainer": {"ModelDataUrl": "s3://no-such-bucket/model.tar.gz"}}
    )
    for name, text in (
        ("lost", "Could not find model data"),
        ("line", "inference pipeline"),
        ("bucket", "no-such-bucket"),
    ):
        document = host.create(name, {"ModelName": name})
        assert document.status == "Failed"
        assert text in document.body["FailureReason"]


@pytest.mark.slow
def test_a_model_that_never_loads_runs_into_its_startup_allowance(host: Any) -> None:
    host.model("m", {"code/inference.py": "import time\ndef model_fn(d):\n    time.sleep(600)\n"})
    begun = time.monotonic()
    document = host.create("ep", {"ModelName": "m", "ContainerStartupHealthCheckTimeoutInSeconds": 2})
    assert document.status == "Failed"
    assert (
        "not loaded within 2 s (ContainerStartupHealthCheckTimeoutInSeconds)"
        in document.body["FailureReason"]
    )
    assert time.monotonic() - begun < 20


def test_what_goes_wrong_in_a_request_is_a_model_error_and_the_next_one_works(host: Any) -> None:
    host.model("m", {"code/inference.py": ECHO}, SAGEMAKER_MODEL_SERVER_TIMEOUT="2")
    host.create("ep", {"ModelName": "m"})
    pid = ask(host, "ep", 1)["pid"]

    error = model_error(host, "ep", "raise")
    assert error["OriginalStatusCode"] == 500
    assert error["OriginalMessage"].startswith("this cannot be predicted\nTraceback")
    assert "Received server error (500) from primary" in error["Error"]["Message"]
    assert ask(host, "ep", 1)["pid"] == pid
    assert "RuntimeError: this cannot be predicted" in host.log("ep")

    error = model_error(host, "ep", "crash")
    assert error["OriginalStatusCode"] == 500
    assert "worker process died: it was killed by SIGKILL" in error["OriginalMessage"]
    assert ask(host, "ep", 1)["pid"] != pid

    begun = time.monotonic()
    error = model_error(host, "ep", "hang")
    assert 1.5 < time.monotonic() - begun < 10
    assert (
        "Your invocation timed out while waiting for a response from container primary"
        in error["Error"]["Message"]
    )
    assert ask(host, "ep", 1)["data"] == 1
    assert "is killed and replaced" in host.log("ep")

    error = model_error(host, "ep", b"{not json")
    assert error["OriginalStatusCode"] == 500
    assert "JSONDecodeError" in error["OriginalMessage"]
    assert "not UTF-8" in model_error(host, "ep", b"\xff")["OriginalMessage"]


# Dies over long input, hangs over an empty one, and cannot be loaded again after input of one number.
FRAGILE = """
import os, time

def model_fn(model_dir):
    assert not os.path.exists(model_dir + "/gone"), "the licence has run out"
    return model_dir

def predict_fn(data, model):
    if len(data) == 0:
        time.sleep(3600)
    if len(data) == 1:
        open(model + "/gone", "w").close()
    if len(data) == 1 or len(data) > 5:
        print("about to die", flush=True)
        time.sleep(0.5)
        os._exit(3)
    return data
"""


def behind_a_deadly_one(host: Any, deadly: list[int], wait_until: Any) -> tuple[str, list[Any]]:
    """The message for a fresh worker's first request, which kills it, and the five answers to those behind it."""
    host.model("m", {"code/inference.py": FRAGILE}, SAGEMAKER_MODEL_SERVER_WORKERS="1")
    assert host.create("ep", {"ModelName": "m"}).status == "InService", host.log("ep")

    def good(number: int) -> Any:
        try:
            return ask(host, "ep", [number, number])
        except ClientError as error:
            return error.response["OriginalMessage"]

    with ThreadPoolExecutor(6) as threads:
        first = threads.submit(model_error, host, "ep", deadly)
        wait_until(lambda: "about to die" in host.log("ep"), 10, "the first request to reach the model")
        answers = list(threads.map(good, range(5)))
    return first.result()["OriginalMessage"], answers


def test_a_fresh_worker_that_dies_takes_no_waiting_request_with_it(host: Any, wait_until: Any) -> None:
    message, answers = behind_a_deadly_one(host, [0] * 6, wait_until)
    assert "worker process died: it ended with exit code 3" in message
    assert answers == [[number, number] for number in range(5)]


def test_requests_do_not_wait_for_a_model_that_cannot_be_loaded_again(host: Any, wait_until: Any) -> None:
    begun = time.monotonic()
    message, answers = behind_a_deadly_one(host, [0], wait_until)
    assert "worker process died: it ended with exit code 3" in message
    assert len(answers) == 5
    for answer in answers:
        assert "The model cannot be loaded again: " in answer
        assert "the licence has run out" in answer
    assert time.monotonic() - begun < 20


def test_a_first_request_that_hangs_harms_not_the_next(host: Any) -> None:
    host.model(
        "m",
        {"code/inference.py": FRAGILE},
        SAGEMAKER_MODEL_SERVER_TIMEOUT="2",
        SAGEMAKER_MODEL_SERVER_WORKERS="1",
    )
    host.create("ep", {"ModelName": "m"})
    client = host.client()  # one for both: the second is asked before the first's process is buried
    json_body = {"EndpointName": "ep", "ContentType": "application/json"}
    with pytest.raises(ClientError, match="invocation timed out"):
        client.invoke_endpoint(Body=b"[]", **json_body)
    assert json.loads(client.invoke_endpoint(Body=b"[1, 2]", **json_body)["Body"].read()) == [1, 2]


@pytest.mark.slow
def test_handlers_that_return_the_wrong_things(host: Any) -> None:
    code = """
def model_fn(d): return 1
def input_fn(body, content_type): return body
def predict_fn(data, model): return data
def output_fn(prediction, accept):
    if prediction == '"status"':
        class Teapot(Exception):
            status_code, message, phrase = 418, "short and stout", "teapot"
        raise Teapot()
    return {
        '"dict"': {"a": 1}, '"none"': None, '"three"': (1, 2, 3), '"bytes"': b"raw",
        '"header"': ("x", "text/plain\\r\\nEvil: 1"),
    }[prediction]
"""
    host.model("m", {"code/inference.py": code})
    host.create("ep", {"ModelName": "m"})
    for value, text in (("dict", "output_fn returned a dict"), ("none", "a NoneType"), ("three", "a tuple")):
        error = model_error(host, "ep", value)
        assert error["OriginalStatusCode"] == 500
        assert text in error["OriginalMessage"]
    error = model_error(host, "ep", "status")
    assert error["OriginalStatusCode"] == 418
    assert error["OriginalMessage"].startswith("short and stout")
    client = host.client()
    answer = client.invoke_endpoint(
        EndpointName="ep", Body=b'"bytes"', ContentType="application/json", Accept="image/png"
    )
    assert (answer["Body"].read(), answer["ContentType"]) == (b"raw", "image/png")
    answer = client.invoke_endpoint(EndpointName="ep", Body=b'"header"', ContentType="application/json")
    assert "evil" not in answer["ResponseMetadata"]["HTTPHeaders"]


def test_default_input_of_code_refuses_other_content_types(host: Any) -> None:
    code = "def model_fn(d): return 1\ndef predict_fn(data, model): return data\n"
    host.model("m", {"code/inference.py": code})
    host.create("ep", {"ModelName": "m"})
    assert ask(host, "ep", [[1, 2]]) == [[1, 2]]
    assert model_error(host, "ep", b"x", ContentType="image/png")["OriginalStatusCode"] == 415
    assert model_error(host, "ep", [1], Accept="image/png")["OriginalStatusCode"] == 406


@pytest.mark.slow
def test_requirements_are_installed_for_the_model_alone(host: Any, tmp_path: Path) -> None:
    package = tmp_path / "wheel" / "clary_test_greeting"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("TEXT = 'hello from the package'\n")
    (package.parent / "setup.py").write_text(
        "from setuptools import setup\nsetup(name='clary-test-greeting', version='1', packages=['clary_test_greeting'])\n"
    )
    code = "import clary_test_greeting as greeting, numpy\ndef model_fn(d): return greeting.TEXT\n"
    code += "def predict_fn(data, model): return model\n"
    host.model(
        "m",
        {
            "code/inference.py": code,
            "code/requirements.txt": f"{package.parent}\n",
        },
    )
    document = host.create("ep", {"ModelName": "m"})
    assert document.status == "InService", host.log("ep")
    assert ask(host, "ep", 1) == "hello from the package"
    with pytest.raises(ImportError):
        __import__("clary_test_greeting")
    assert "Successfully installed" in host.log("ep")

    host.model("n", {"code/inference.py": code, "code/requirements.txt": "/no/such/package\n"})
    document = host.create("broken", {"ModelName": "n"})
    assert document.status == "Failed"
    assert "pip could not install code/requirements.txt: ERROR:" in document.body["FailureReason"]


@pytest.mark.slow
def test_rows_that_influence_one_another_are_never_batched(host: Any) -> None:
    import threading

    host.model("m", {"model.onnx": models.mean_over_rows()})
    host.create("ep", {"ModelName": "m"})
    assert "no batching" in host.log("ep")
    wrong: list[Any] = []

    def many() -> None:
        client = host.client()
        for _ in range(100):
            answer = client.invoke_endpoint(
                EndpointName="ep", Body=b"[[1, 5], [3, 7]]", ContentType="application/json"
            )
            value = json.loads(answer["Body"].read())
            if value != [[-1, -1], [1, 1]]:
                wrong.append(value)

    threads = [threading.Thread(target=many) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_workers_do_not_outlive_an_endpoint_process_that_is_killed(host: Any) -> None:
    import psutil

    host.model("m", {"code/inference.py": ECHO})
    host.create("ep", {"ModelName": "m"})
    worker = psutil.Process(ask(host, "ep", 1)["pid"])
    host.pump.stop()
    os.kill(host.pids("ep")["shim"], 9)
    end = time.monotonic() + 5
    with contextlib.suppress(psutil.NoSuchProcess):
        while worker.status() != psutil.STATUS_ZOMBIE:
            assert time.monotonic() < end
            time.sleep(0.02)


def test_big_bodies_go_through_workers_unharmed(host: Any) -> None:
    code = "def model_fn(d): return 1\ndef transform_fn(m, body, content_type, accept): return body[::-1]\n"
    host.model("m", {"code/inference.py": code})
    host.create("ep", {"ModelName": "m"})
    client = host.client()
    for size in (0, 1, 131_071, 131_072, 6 * 2**20):
        body = os.urandom(size)
        answer = client.invoke_endpoint(EndpointName="ep", Body=body, ContentType="application/octet-stream")
        assert answer["Body"].read() == body[::-1]


def test_boto3_in_a_models_code_finds_clary(host: Any) -> None:
    code = """
def model_fn(d):
    import boto3
    return boto3.client("s3").list_buckets()["Buckets"]
def predict_fn(data, model):
    return [bucket["Name"] for bucket in model]
"""
    from clary.objects import Objects

    Objects(host.home).create_bucket("weights")
    host.model("m", {"code/inference.py": code})
    assert host.create("ep", {"ModelName": "m"}).status == "InService", host.log("ep")
    assert ask(host, "ep", [1]) == ["weights"]
