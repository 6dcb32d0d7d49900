"""``clary.deploy`` and ``endpoint.predict`` with real endpoints."""

from __future__ import annotations

import collections
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

import clary
from clary.cli import main

CODE = """
def model_fn(model_dir):
    with open(model_dir + "/factor.txt") as file:
        return float(file.read())

def predict_fn(data, factor):
    if isinstance(data, str) and data.startswith("boom"):
        raise ValueError("the model does not like this")
    return data * factor if hasattr(data, "shape") else [float(x) * factor for x in data]
"""


@pytest.fixture
def work(home_path: Path, tmp_path: Path) -> Iterator[Path]:
    for factor in (2, 3):
        folder = tmp_path / f"times-{factor}"
        folder.mkdir()
        (folder / "factor.txt").write_text(str(factor))
    (tmp_path / "inference.py").write_text(CODE)
    yield tmp_path
    for endpoint in clary.endpoints():
        endpoint.delete(models=True)


def model(work: Path, factor: int) -> clary.Model:
    return clary.Model.create(work / f"times-{factor}", code=work / "inference.py", name=f"times-{factor}")


def test_a_model_is_deployed_asked_and_deleted(work: Path) -> None:
    endpoint = clary.deploy(model(work, 2), name="doubles")
    assert endpoint.status == "InService"
    assert endpoint.arn.endswith(":endpoint/doubles")
    assert endpoint.predict([1, 2]) == [2.0, 4.0]
    array = endpoint.predict(np.array([[1.0, 2.5]], dtype=np.float32))
    assert np.array_equal(array, np.array([[2.0, 5.0]]))
    assert "AllTraffic" in endpoint._repr_html_()
    assert endpoint.describe()["EndpointName"] == "doubles"
    assert [one.name for one in clary.endpoints()] == ["doubles"]
    endpoint.delete(models=True)
    assert clary.endpoints() == []
    with pytest.raises(clary.ClaryError, match="Could not find"):
        endpoint.describe()


def test_an_endpoint_answers_through_both_of_the_sdks_ways(work: Path) -> None:
    from clary.sdk import codecs, predictor

    clary.deploy(model(work, 2), name="both")
    body, kind = codecs.encode([1, 2])
    headers = {"Content-Type": kind, "Accept": codecs.JSON}
    over_http = predictor.invoke("both", body, headers, timeout=30)
    inside = predictor._in_process("/endpoints/both/invocations", body, headers)
    assert over_http.body == inside.body == b"[2.0, 4.0]"
    assert over_http.variant == inside.variant == "AllTraffic"


def test_variants_share_the_requests_by_weight_and_can_be_asked_by_name(work: Path) -> None:
    endpoint = clary.deploy(variants={"two": model(work, 2), "three": (model(work, 3), 3.0)}, name="both")
    answers = collections.Counter(endpoint.predict([1])[0] for _ in range(200))
    assert answers == {2.0: 50, 3.0: 150}
    assert endpoint.predict([1], target_variant="two") == [2.0]
    endpoint.update(weights={"three": 0.0})
    assert {endpoint.predict([1])[0] for _ in range(20)} == {2.0}


def test_an_update_changes_the_model_while_requests_go_on(work: Path) -> None:
    endpoint = clary.deploy(model(work, 2), name="changing")
    stop = threading.Event()
    seen: list[float] = []
    errors: list[Exception] = []

    def ask() -> None:
        while not stop.is_set():
            try:
                seen.append(endpoint.predict([1])[0])
            except Exception as error:
                errors.append(error)

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    endpoint.update(model(work, 3))
    after = endpoint.predict([1])
    stop.set()
    for thread in threads:
        thread.join()
    assert errors == []
    assert after == [3.0]
    assert set(seen) == {2.0, 3.0}


def test_an_update_that_fails_is_raised_and_the_old_model_goes_on(work: Path) -> None:
    endpoint = clary.deploy(model(work, 2), name="careful")
    (work / "times-3" / "factor.txt").write_text("not a number")
    with pytest.raises(clary.DeploymentFailed, match="not a number"):
        endpoint.update(model(work, 3))
    assert endpoint.status == "InService"
    assert endpoint.predict([1]) == [2.0]


def test_a_models_own_error_comes_back_with_its_text(work: Path) -> None:
    endpoint = clary.deploy(model(work, 2), name="fails")
    with pytest.raises(clary.ClaryError) as caught:
        endpoint.predict("boom", content_type="text/plain")
    assert caught.value.code == "ModelError"
    with pytest.raises(clary.ClaryError) as caught:
        endpoint.predict([1], target_variant="nobody")
    assert caught.value.code == "ValidationError"
    assert endpoint.predict([1]) == [2.0]


def test_a_model_that_cannot_be_loaded_fails_with_the_reason(work: Path) -> None:
    (work / "times-2" / "factor.txt").write_text("not a number")
    with pytest.raises(clary.DeploymentFailed) as caught:
        clary.deploy(model(work, 2), name="broken")
    assert caught.value.reason
    assert "not a number" in str(caught.value)


def test_a_trained_job_is_deployed_with_code_beside_it(work: Path) -> None:
    script = work / "train.py"
    script.write_text("import os\nopen(os.environ['SM_MODEL_DIR'] + '/factor.txt', 'w').write('5')")
    job = clary.train(script, name="five", wait=True)
    assert job.model == clary.Model("five")
    assert job.model.artifacts == job.artifacts
    endpoint = clary.deploy(job, code=work / "inference.py")
    assert endpoint.predict([2]) == [10.0]
    assert "name" not in endpoint.boto3
    import boto3  # noqa: F401  used by the hint

    described: dict[str, Any] = eval(endpoint.boto3)
    assert described["EndpointStatus"] == "InService"


def test_the_same_model_is_made_once_and_another_under_its_name_is_refused(work: Path) -> None:
    first = clary.Model.create(work / "times-2", name="same")
    assert clary.Model.create(first.artifacts or "", name="same") == first
    with pytest.raises(clary.ClaryError, match="already existing"):
        clary.Model.create(first.artifacts or "", name="same", environment={"OTHER": "1"})
    first.delete()
    with pytest.raises(clary.ClaryError, match=r"[Cc]ould not"):
        clary.Model.create("s3://nobody/model.tar.gz")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({}, "either a source or variants"),
        ({"source": "s3://a/b", "variants": {"a": "s3://a/b"}}, "either a source or variants"),
        ({"variants": {"a": "s3://a/b"}, "code": "inference.py"}, "code="),
    ],
)
def test_a_deployment_that_makes_no_sense_is_refused_at_once(
    home_path: Path, arguments: dict[str, Any], words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        clary.deploy(**arguments)


def test_an_update_of_nothing_is_refused(home_path: Path) -> None:
    with pytest.raises(ValueError, match="Nothing to update"):
        clary.Endpoint("any").update()


def test_the_log_of_an_endpoint_is_read(work: Path) -> None:
    clary.deploy(model(work, 2), name="logged")
    result = subprocess.run(
        [sys.executable, "-m", "clary.cli", "logs", "--endpoint", "logged"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout.strip() == str(clary.Endpoint("logged").logs()).strip()
    by_name_alone = CliRunner().invoke(main, ["logs", "logged"])
    assert (by_name_alone.exit_code, by_name_alone.stdout) == (0, result.stdout)
    neither = CliRunner().invoke(main, ["logs", "nobody"])
    assert neither.exit_code == 1
    assert "no training, processing or labeling job, and no endpoint, named 'nobody'" in neither.stderr
    with pytest.raises(clary.ClaryError, match="nobody"):
        clary.Endpoint("nobody").logs()
