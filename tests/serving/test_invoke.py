"""InvokeEndpoint with unmodified boto3 against real processes."""

from __future__ import annotations

import io
import json
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest
import serving_models as models
from botocore.exceptions import ClientError


def invoke(client: Any, endpoint: str, value: Any, **options: Any) -> Any:
    options.setdefault("ContentType", "application/json")
    body = value if isinstance(value, bytes) else json.dumps(value).encode()
    return client.invoke_endpoint(EndpointName=endpoint, Body=body, **options)


def value_of(answer: Any) -> Any:
    return json.loads(answer["Body"].read())


def error_of(call: Callable[[], Any]) -> dict[str, Any]:
    with pytest.raises(ClientError) as caught:
        call()
    return dict(caught.value.response)


@pytest.fixture
def scaled(host: Any) -> Any:
    host.model("scaled", {"model.onnx": models.scaled(3.0)})
    assert host.create("ep", {"ModelName": "scaled"}).status == "InService", host.log("ep")
    return host.client()


def test_every_codec_answers_in_kind(scaled: Any) -> None:
    answer = invoke(scaled, "ep", [[1, 2], [3, 4]])
    assert answer["ContentType"] == "application/json"
    assert answer["InvokedProductionVariant"] == "AllTraffic"
    assert answer["ResponseMetadata"]["RequestId"]
    assert value_of(answer) == [[3, 6], [9, 12]]
    assert value_of(invoke(scaled, "ep", [1, 2])) == [[3, 6]]
    assert value_of(invoke(scaled, "ep", {"x": [[1, 2]]})) == [[3, 6]]
    assert value_of(invoke(scaled, "ep", {"instances": [[1, 2]]})) == {"predictions": [[3, 6]]}
    csv = invoke(scaled, "ep", b"1,2\n3,4\n", ContentType="text/csv", Accept="text/csv")
    assert csv["Body"].read() == b"3.0,6.0\n9.0,12.0\n"
    lines = invoke(
        scaled, "ep", b"[1,2]\n[3,4]\n", ContentType="application/jsonlines", Accept="application/jsonlines"
    )
    assert [json.loads(line) for line in lines["Body"].read().splitlines()] == [[3, 6], [9, 12]]
    out = io.BytesIO()
    np.save(out, np.array([[1, 2]], dtype=np.float64))
    answer = invoke(scaled, "ep", out.getvalue(), ContentType="application/x-npy", Accept="application/x-npy")
    array = np.load(io.BytesIO(answer["Body"].read()), allow_pickle=False)
    assert array.dtype == np.float32
    assert array.tolist() == [[3, 6]]
    out = io.BytesIO()
    np.savez(out, x=np.array([[1, 2]], dtype=np.float32))
    answer = invoke(scaled, "ep", out.getvalue(), ContentType="application/x-npz", Accept="application/x-npz")
    assert np.load(io.BytesIO(answer["Body"].read()))["arr_0"].tolist() == [[3, 6]]


def test_nan_goes_in_and_comes_out(scaled: Any) -> None:
    answer = invoke(scaled, "ep", b"[[NaN, Infinity], [1, 2]]")
    assert answer["Body"].read() == b"[[NaN, Infinity], [3.0, 6.0]]"
    assert (
        invoke(scaled, "ep", b"1,\n", ContentType="text/csv", Accept="text/csv")["Body"].read()
        == b"3.0,nan\n"
    )


BAD = [
    (b"[[1, 2]", "application/json", "", 400, "not valid JSON"),
    (b"[[1, 2], [3]]", "application/json", "", 400, "not an array"),
    (b"[[1, 2, 3]]", "application/json", "", 400, "the model takes (n, 2)"),
    (b'[["a", "b"]]', "application/json", "", 400, "not an array"),
    (b'{"z": [[1, 2]]}', "application/json", "", 400, "lacks x"),
    (b"", "application/json", "", 400, "not valid JSON"),
    (b"[[1, 2]]", "image/png", "", 415, "Content type image/png is not supported"),
    (b"[[1, 2]]", "application/json", "image/png", 406, "Accept type image/png is not supported"),
    (b"not npy", "application/x-npy", "", 400, "not a valid npy"),
    (b"not npz", "application/x-npz", "", 400, "not a valid npz"),
    (b"\xff\xfe,1", "text/csv", "", 400, "not UTF-8"),
    (b"1,2\n3\n", "text/csv", "", 400, "differ in length"),
]


def test_a_body_that_the_model_cannot_take_is_a_model_error(scaled: Any) -> None:
    for body, content_type, accept, status, text in BAD:
        options: dict[str, Any] = {"ContentType": content_type, **({"Accept": accept} if accept else {})}
        error = error_of(partial(invoke, scaled, "ep", body, **options))
        assert error["Error"]["Code"] == "ModelError"
        assert error["ResponseMetadata"]["HTTPStatusCode"] == 424
        assert error["OriginalStatusCode"] == status, body
        assert text in error["OriginalMessage"]
        assert f"Received client error ({status}) from primary" in error["Error"]["Message"]
        assert ":log-group:/aws/sagemaker/Endpoints/ep:log-stream:AllTraffic/i-" in error["LogStreamArn"]
        assert value_of(invoke(scaled, "ep", [[1, 2]])) == [[3, 6]]


def test_a_pickle_inside_npy_is_never_opened(scaled: Any, tmp_path: Any) -> None:
    class Bomb:
        def __reduce__(self) -> Any:
            return (open, (str(tmp_path / "opened"), "w"))

    out = io.BytesIO()
    np.save(out, np.array([Bomb()], dtype=object), allow_pickle=True)
    error = error_of(lambda: invoke(scaled, "ep", out.getvalue(), ContentType="application/x-npy"))
    assert "pickles" in error["OriginalMessage"]
    assert not (tmp_path / "opened").exists()


def test_a_body_over_the_limit_is_refused_and_the_client_hears_it(scaled: Any) -> None:
    error = error_of(lambda: invoke(scaled, "ep", b"0" * (6 * 2**20 + 1)))
    assert error["ResponseMetadata"]["HTTPStatusCode"] == 413
    assert error["Error"]["Code"] == "ValidationError"
    assert "exceeded 6291456 bytes" in error["Error"]["Message"]
    rows = np.ones((300_000, 2), dtype=np.float32)
    out = io.BytesIO()
    np.save(out, rows)
    answer = invoke(scaled, "ep", out.getvalue(), ContentType="application/x-npy", Accept="application/x-npy")
    assert np.load(io.BytesIO(answer["Body"].read())).shape == rows.shape


def test_an_endpoint_that_is_not_there_is_not_found(scaled: Any) -> None:
    error = error_of(lambda: invoke(scaled, "other", [[1, 2]]))
    assert error["Error"] == {
        "Code": "ValidationError",
        "Message": "Endpoint other of account 000000000000 not found.",
    }


def test_what_is_not_offered_says_so(scaled: Any) -> None:
    error = error_of(lambda: invoke(scaled, "ep", [[1, 2]], TargetModel="a.tar.gz"))
    assert "TargetModel is not offered" in error["Error"]["Message"]
    error = error_of(
        lambda: scaled.invoke_endpoint_async(
            EndpointName="ep", InputLocation="s3://a/b", ContentType="application/json"
        )
    )
    assert "InvokeEndpointAsync is not offered" in error["Error"]["Message"]


def test_variants_of_two_kinds_share_the_traffic_exactly_by_weight(host: Any) -> None:
    from importlib import import_module

    echo = import_module("serving_conftest").ECHO
    host.model("onnx", {"model.onnx": models.scaled(2.0)})
    host.model("python", {"code/inference.py": echo})
    document = host.create(
        "ep",
        {"ModelName": "onnx", "VariantName": "A", "InitialVariantWeight": 1},
        {"ModelName": "python", "VariantName": "B", "InitialVariantWeight": 3},
        {"ModelName": "onnx", "VariantName": "Z", "InitialVariantWeight": 0},
    )
    assert document.status == "InService", document.body
    client = host.client()
    counts = Counter(invoke(client, "ep", [[1, 2]])["InvokedProductionVariant"] for _ in range(400))
    assert counts == {"A": 100, "B": 300}
    assert invoke(client, "ep", [[1, 2]], TargetVariant="Z")["InvokedProductionVariant"] == "Z"
    error = error_of(lambda: invoke(client, "ep", [[1, 2]], TargetVariant="nobody"))
    assert error["Error"]["Code"] == "ValidationError"
    assert "no variant named nobody. It has: A, B, Z" in error["Error"]["Message"]

    host.endpoints.update_weights(
        "ep", [{"VariantName": "A", "DesiredWeight": 1}, {"VariantName": "B", "DesiredWeight": 0}]
    )
    document = host.settled("ep")
    assert document.status == "InService"
    shown = {item["VariantName"]: item for item in document.body["ProductionVariants"]}
    assert (shown["B"]["CurrentWeight"], shown["B"]["DesiredWeight"], shown["A"]["CurrentWeight"]) == (
        0,
        0,
        1,
    )
    counts = Counter(invoke(client, "ep", [[1, 2]])["InvokedProductionVariant"] for _ in range(20))
    assert counts == {"A": 20}

    host.endpoints.update_weights("ep", [{"VariantName": name, "DesiredWeight": 0} for name in "ABZ"])
    host.settled("ep")
    assert "weight 0" in error_of(lambda: invoke(client, "ep", [[1, 2]]))["Error"]["Message"]


def test_instances_become_workers_up_to_the_cores_and_change_live(host: Any) -> None:
    from importlib import import_module

    echo = import_module("serving_conftest").ECHO
    host.model("python", {"code/inference.py": echo})
    host.create("ep", {"ModelName": "python"})
    client = host.client()
    assert len({value_of(invoke(client, "ep", 1))["pid"] for _ in range(5)}) == 1
    host.endpoints.update_weights("ep", [{"VariantName": "AllTraffic", "DesiredInstanceCount": 9}])
    document = host.settled("ep")
    assert document.body["ProductionVariants"][0]["CurrentInstanceCount"] == 9
    most = max(1, int(host.config.cpus))
    assert len({value_of(invoke(client, "ep", 1))["pid"] for _ in range(20)}) == most
    host.endpoints.update_weights("ep", [{"VariantName": "AllTraffic", "DesiredInstanceCount": 1}])
    host.settled("ep")
    assert len({value_of(invoke(client, "ep", 1))["pid"] for _ in range(5)}) == 1


def test_the_in_process_door_gives_the_same_answers(host: Any, scaled: Any) -> None:
    status, headers, body = host.endpoints.invoke("ep", body=b"[[1, 2]]", content_type="application/json")
    assert (status, json.loads(body)) == (200, [[3, 6]])
    assert headers["x-Amzn-Invoked-Production-Variant"] == "AllTraffic"
    status, headers, body = host.endpoints.invoke("nobody", body=b"")
    assert (status, headers["x-amzn-ErrorType"]) == (400, "ValidationError")
    assert "not found" in json.loads(body)["Message"]


def test_a_reused_connection_may_name_another_endpoint(host: Any, scaled: Any) -> None:
    import http.client
    from urllib.parse import urlsplit

    host.model("five", {"model.onnx": models.scaled(5.0)})
    host.create("other", {"ModelName": "five"})
    address = urlsplit(host.endpoints.runtime_url())
    connection = http.client.HTTPConnection(address.hostname or "", address.port)
    headers = {"Authorization": f"Bearer {host.credentials.token}", "Content-Type": "application/json"}
    for _ in range(3):
        for name, wanted in (("ep", 3), ("other", 5), ("gone", None)):
            connection.request("POST", f"/endpoints/{name}/invocations", b"[[1, 1]]", headers)
            response = connection.getresponse()
            body = json.loads(response.read())
            if wanted is None:
                assert (response.status, response.headers["x-amzn-ErrorType"]) == (400, "ValidationError")
            else:
                assert body == [[wanted, wanted]]
    connection.close()
