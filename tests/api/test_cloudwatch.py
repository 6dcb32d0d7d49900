"""CloudWatch metrics through both doors and in all three protocols: what jobs print and use, and what clients put."""

from __future__ import annotations

import datetime
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.loaders import Loader

from .conftest import Front

NAMESPACE = "/aws/sagemaker/TrainingJobs"


class _OneProtocol(Loader):
    """botocore's own models, as an older or another botocore has them: CloudWatch speaks one protocol only."""

    def __init__(self, protocol: str) -> None:
        super().__init__()
        self._protocol = protocol

    def load_service_model(self, service_name: str, type_name: str, api_version: Any = None) -> Any:
        model = super().load_service_model(service_name, type_name, api_version)
        if service_name == "cloudwatch" and type_name == "service-2":
            metadata = {**model["metadata"], "protocol": self._protocol, "protocols": [self._protocol]}
            if self._protocol == "query":
                metadata.pop("awsQueryCompatible")
            return {**model, "metadata": metadata}
        return model


def client(front: Front, protocol: str) -> Any:
    import botocore.session

    session = botocore.session.Session()
    session.register_component("data_loader", _OneProtocol(protocol))
    return session.create_client(
        "cloudwatch",
        region_name="us-east-1",
        endpoint_url=front.url,
        aws_access_key_id=front.engine.credentials.access_key,
        aws_secret_access_key=front.engine.credentials.secret_key,
        config=Config(retries={"max_attempts": 0}),
    )


@pytest.fixture(params=["smithy-rpc-v2-cbor", "json", "query"])
def cloudwatch(request: pytest.FixtureRequest, front: Front) -> Any:
    made = client(front, request.param)
    assert made.meta.service_model.resolved_protocol == request.param
    return made


def moment(text: str) -> datetime.datetime:
    return datetime.datetime.fromisoformat(text).replace(tzinfo=datetime.UTC)


def minutes_ago(minutes: float) -> datetime.datetime:
    now = datetime.datetime.now(datetime.UTC).replace(second=0, microsecond=0)
    return now - datetime.timedelta(minutes=minutes)


def test_what_was_put_is_found_again_in_each_protocol(cloudwatch: Any) -> None:
    at = minutes_ago(10)
    dimensions = [{"Name": "Model", "Value": "é & <b>"}, {"Name": "Fold", "Value": "1"}]
    data = [
        {
            "MetricName": "loss",
            "Dimensions": dimensions,
            "Timestamp": at + datetime.timedelta(seconds=s),
            "Value": value,
        }
        for s, value in ((1, 4.0), (30, 2.0), (61, -1.5))
    ]
    cloudwatch.put_metric_data(Namespace="mine", MetricData=data)
    answer = cloudwatch.get_metric_statistics(
        Namespace="mine", MetricName="loss", Dimensions=dimensions[::-1], StartTime=at,
        EndTime=at + datetime.timedelta(minutes=5), Period=60, Statistics=["Average", "Sum", "Minimum", "Maximum", "SampleCount"],
    )  # fmt: skip
    assert answer["Label"] == "loss"
    assert answer["Datapoints"] == [
        {"Timestamp": at, "Unit": "None", "Average": 3.0, "Sum": 6.0, "Minimum": 2.0, "Maximum": 4.0, "SampleCount": 2.0},
        {"Timestamp": at + datetime.timedelta(minutes=1), "Unit": "None", "Average": -1.5, "Sum": -1.5, "Minimum": -1.5,
         "Maximum": -1.5, "SampleCount": 1.0},
    ]  # fmt: skip
    assert cloudwatch.list_metrics(Namespace="mine")["Metrics"] == [
        {
            "Namespace": "mine",
            "MetricName": "loss",
            "Dimensions": sorted(dimensions, key=lambda pair: pair["Name"]),
        }
    ]


def test_a_missing_parameter_is_named_in_each_protocol(cloudwatch: Any) -> None:
    with pytest.raises(
        cloudwatch.exceptions.MissingRequiredParameterException, match=r"MetricData is required"
    ) as caught:
        cloudwatch.put_metric_data(Namespace="mine", MetricData=[])
    assert caught.value.response["Error"]["Code"] == "MissingParameter"
    with pytest.raises(ClientError, match=r"InvalidParameterCombination.*StartTime must be less"):
        cloudwatch.get_metric_statistics(
            Namespace="n", MetricName="m", StartTime=1, EndTime=1, Period=60, Statistics=["Sum"]
        )
    with pytest.raises(ClientError, match="DescribeAlarms of cloudwatch"):
        cloudwatch.describe_alarms()
    with pytest.raises(ClientError, match="Signature"):
        cloudwatch._request_signer._credentials.secret_key = "wrong"
        cloudwatch.list_metrics()


def test_a_large_put_comes_compressed_and_arrives_whole(cloudwatch: Any) -> None:
    at = minutes_ago(3)
    data = [{"MetricName": f"m{n}", "Timestamp": at, "Value": float(n), "Unit": "Count"} for n in range(1000)]
    cloudwatch.put_metric_data(Namespace="many", MetricData=data)
    pages = list(cloudwatch.get_paginator("list_metrics").paginate(Namespace="many"))
    assert [len(page["Metrics"]) for page in pages] == [500, 500]
    queries = [
        {
            "Id": f"q{n}",
            "MetricStat": {
                "Metric": {"Namespace": "many", "MetricName": f"m{n}"},
                "Period": 60,
                "Stat": "Sum",
            },
        }
        for n in range(500)
    ]
    answers = cloudwatch.get_paginator("get_metric_data").paginate(
        MetricDataQueries=queries, StartTime=at, EndTime=at + datetime.timedelta(minutes=1), MaxDatapoints=99
    )
    found: dict[str, list[float]] = {}
    for page in answers:
        for result in page["MetricDataResults"]:
            found.setdefault(result["Id"], []).extend(result["Values"])
    assert found == {f"q{n}": [float(n)] for n in range(500)}


@pytest.fixture
def put(front: Front) -> Any:
    return front.client("cloudwatch")


def test_values_with_counts_and_statistic_sets_are_counted_in(put: Any) -> None:
    at = minutes_ago(2)
    put.put_metric_data(
        Namespace="n",
        MetricData=[
            {
                "MetricName": "a",
                "Timestamp": at,
                "Values": [1.0, 10.0],
                "Counts": [9.0, 1.0],
                "StorageResolution": 1,
            },
            {
                "MetricName": "b",
                "Timestamp": at,
                "StatisticValues": {"SampleCount": 4, "Sum": 8, "Minimum": 0, "Maximum": 5},
            },
        ],
    )

    def one(name: str, **options: Any) -> Any:
        found = put.get_metric_statistics(
            Namespace="n",
            MetricName=name,
            StartTime=at,
            EndTime=at + datetime.timedelta(seconds=1),
            Period=1,
            **options,
        )["Datapoints"]
        return found[0] if found else None

    assert one("a", Statistics=["Average", "SampleCount"]) == {
        "Timestamp": at, "Unit": "None", "Average": 1.9, "SampleCount": 10.0
    }  # fmt: skip
    assert one("a", ExtendedStatistics=["p50", "p90", "p99.9"])["ExtendedStatistics"] == {
        "p50": 1,
        "p90": 1,
        "p99.9": 10,
    }
    assert one("b", Statistics=["Average", "Minimum"])["Average"] == 2.0
    assert one("b", ExtendedStatistics=["p50"]) is None  # nobody knows the values behind the sum
    assert one("a", Statistics=["Sum"], Unit="Seconds") is None


def test_periods_begin_at_their_multiples_and_both_ends_are_looked_up_by_the_minute(put: Any) -> None:
    base = minutes_ago(0).replace(minute=0) - datetime.timedelta(hours=2)
    for second in (0, 119, 301, 599):
        put.put_metric_data(
            Namespace="n",
            MetricData=[
                {"MetricName": "m", "Timestamp": base + datetime.timedelta(seconds=second), "Value": second}
            ],
        )

    def ask(start_s: int, end_s: int, period: int) -> dict[int, float]:
        answer = put.get_metric_statistics(
            Namespace="n", MetricName="m", StartTime=base + datetime.timedelta(seconds=start_s),
            EndTime=base + datetime.timedelta(seconds=end_s), Period=period, Statistics=["Sum"],
        )  # fmt: skip
        return {int((one["Timestamp"] - base).total_seconds()): one["Sum"] for one in answer["Datapoints"]}

    assert ask(0, 600, 300) == {0: 119, 300: 900}
    assert ask(30, 570, 300) == {0: 119, 300: 900}
    assert ask(60, 600, 300) == {0: 119, 300: 900}
    assert ask(120, 600, 300) == {300: 900}
    assert ask(0, 300, 60) == {0: 0, 60: 119}
    assert ask(300, 302, 1) == {301: 301}


@pytest.mark.parametrize(
    ("change", "code", "words"),
    [
        ({"Period": 7}, "InvalidParameterValue", "multiple of 60"),
        ({"Period": 1}, "InvalidParameterCombination", "requested up to 3,600 datapoints, which exceeds the limit of 1,440"),
        ({"ExtendedStatistics": ["p50"]}, "InvalidParameterCombination", "Exactly one"),
        ({"Statistics": None, "ExtendedStatistics": ["p101"]}, "InvalidParameterValue", "p101"),
        ({"Statistics": ["Median"]}, "InvalidParameterValue", "enum value set"),
        ({"Dimensions": [{"Name": "a", "Value": "1"}, {"Name": "a", "Value": "2"}]}, "InvalidParameterValue", "unique"),
    ],
)  # fmt: skip
def test_what_cannot_be_asked_is_refused_in_words(
    put: Any, change: dict[str, Any], code: str, words: str
) -> None:
    end = minutes_ago(0)
    params = {
        "Namespace": "n", "MetricName": "m", "StartTime": end - datetime.timedelta(hours=1), "EndTime": end, "Period": 60,
        "Statistics": ["Sum"], **change,
    }  # fmt: skip
    with pytest.raises(ClientError, match=words) as caught:
        put.get_metric_statistics(**{key: value for key, value in params.items() if value is not None})
    assert caught.value.response["Error"]["Code"] in code.split("|")


@pytest.mark.parametrize(
    ("datum", "words"),
    [
        ({}, "At least one of the parameters"),
        ({"Value": 1, "Values": [1]}, "mutually exclusive"),
        ({"Value": float("nan")}, "nan"),
        ({"Value": 2.0**361}, "invalid"),
        ({"Values": []}, "1 to 150"),
        ({"Values": [1], "Counts": [1, 2]}, "as many"),
        ({"Value": 1, "Timestamp": 0}, "two weeks"),
        ({"Value": 1, "StorageResolution": 5}, "1 or 60"),
        ({"StatisticValues": {"SampleCount": 0, "Sum": 0, "Minimum": 0, "Maximum": 0}}, "set of statistics"),
    ],
)
def test_what_is_no_metric_is_not_stored(put: Any, datum: dict[str, Any], words: str) -> None:
    good = {"MetricName": "m", "Value": 1}
    with pytest.raises(ClientError, match=words):
        put.put_metric_data(Namespace="n", MetricData=[good, {"MetricName": "m", **datum}])
    assert put.list_metrics()["Metrics"] == []


def test_metric_math_and_aws_own_namespaces_are_refused_by_name(put: Any) -> None:
    query = {"Id": "q", "Expression": "m1 * 2"}
    with pytest.raises(ClientError, match="Expression"):
        put.get_metric_data(MetricDataQueries=[query], StartTime=minutes_ago(1), EndTime=minutes_ago(0))
    with pytest.raises(ClientError, match="AWS/"):
        put.put_metric_data(Namespace="AWS/EC2", MetricData=[{"MetricName": "m", "Value": 1}])
    with pytest.raises(ClientError, match="NextToken is invalid"):
        put.list_metrics(NextToken="bm9uc2Vuc2U=")
    bare = {"Id": "q", "MetricStat": {"Metric": {"MetricName": "m"}, "Period": 60, "Stat": "Sum"}}
    with pytest.raises(ClientError, match="needs Namespace and MetricName"):
        put.get_metric_data(MetricDataQueries=[bare], StartTime=minutes_ago(1), EndTime=minutes_ago(0))


def test_a_body_that_is_no_cbor_is_refused_and_nothing_breaks(front: Front) -> None:
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials
    from botocore.httpsession import URLLib3Session

    keys = Credentials(front.engine.credentials.access_key, front.engine.credentials.secret_key)
    bodies = [
        b"\x00",
        b"\xbf",
        b"\x9f" * 100,
        b"\xbb\xff\xff\xff\xff\xff\xff\xff\xff",
        b"\xa1\x80\x00",
        b"\xa0\x00",
        b"\x7f\x61",
        b"\xf8\x20",
    ]
    for body in bodies:
        address = f"{front.url}/service/GraniteServiceVersion20100801/operation/ListMetrics"
        request = AWSRequest("POST", address, {"smithy-protocol": "rpc-v2-cbor"}, body)
        SigV4Auth(keys, "monitoring", "us-east-1").add_auth(request)
        answer = URLLib3Session().send(request.prepare())
        assert (answer.status_code, b"SerializationException" in answer.content) == (400, True), (
            body,
            answer.content,
        )


def test_a_jobs_metrics_are_cloudwatch_metrics(front: Front, trained: Any) -> None:
    script = "import time\nfor n in range(1000): print(f'loss={n / 8};')\ntime.sleep(1.5)\nprint('acc: 0.5')"
    job = trained(script, {"loss": "loss=([0-9.]+);", "acc": "acc: ([0-9.]+)", "never": "x(y)z"})
    assert job["TrainingJobStatus"] == "Completed", job
    cloudwatch = front.client("cloudwatch")
    span = {
        "StartTime": job["TrainingStartTime"],
        "EndTime": job["TrainingEndTime"] + datetime.timedelta(minutes=1),
    }
    dimensions = [{"Name": "TrainingJobName", "Value": "job"}]
    points = cloudwatch.get_metric_statistics(
        Namespace=NAMESPACE, MetricName="loss", Dimensions=dimensions, Period=60, **span,
        Statistics=["Sum", "SampleCount", "Maximum", "Minimum"],
    )["Datapoints"]  # fmt: skip
    assert sum(point["SampleCount"] for point in points) == 1000
    assert sum(point["Sum"] for point in points) == sum(n / 8 for n in range(1000))
    assert (min(p["Minimum"] for p in points), max(p["Maximum"] for p in points)) == (0, 999 / 8)
    listed = cloudwatch.list_metrics(Namespace=NAMESPACE)["Metrics"]
    assert {(m["MetricName"], m["Dimensions"][0]["Name"], m["Dimensions"][0]["Value"]) for m in listed} == {
        ("loss", "TrainingJobName", "job"), ("acc", "TrainingJobName", "job"),
        ("CPUUtilization", "Host", "job/algo-1"), ("MemoryUtilization", "Host", "job/algo-1"),
    }  # fmt: skip
    assert len(cloudwatch.list_metrics(Dimensions=[{"Name": "Host"}])["Metrics"]) == 2
    used = cloudwatch.get_metric_statistics(
        Namespace=NAMESPACE, MetricName="MemoryUtilization", Dimensions=[{"Name": "Host", "Value": "job/algo-1"}], Period=60,
        **span, Statistics=["Maximum"],
    )["Datapoints"]  # fmt: skip
    assert used
    assert all(point["Unit"] == "Percent" and 0 < point["Maximum"] < 100 for point in used)


def test_the_door_in_process_answers_too(engine: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    import clary

    clary.attach()
    boto3.DEFAULT_SESSION = None
    cloudwatch = boto3.client("cloudwatch")
    cloudwatch.put_metric_data(Namespace="n", MetricData=[{"MetricName": "m", "Value": 3.5}])
    with pytest.raises(cloudwatch.exceptions.InvalidParameterValueException):
        cloudwatch.put_metric_data(Namespace="AWS/n", MetricData=[{"MetricName": "m", "Value": 3.5}])
    query = {
        "Id": "q",
        "MetricStat": {"Metric": {"Namespace": "n", "MetricName": "m"}, "Period": 60, "Stat": "Average"},
    }
    found = cloudwatch.get_metric_data(
        MetricDataQueries=[query], StartTime=minutes_ago(2), EndTime=minutes_ago(-2)
    )
    assert found["MetricDataResults"][0]["Values"] == [3.5]


def test_each_host_of_a_job_has_its_own_use(front: Front, trained: Any) -> None:
    script = (
        "import time, socket\nend = time.monotonic() + 4\nbusy = socket.gethostname() == 'algo-2'\n"
        "data = bytearray(200 << 20) if busy else b''\nwhile time.monotonic() < end: time.sleep(0 if busy else 0.1)"
    )
    job = trained(
        script, ResourceConfig={"InstanceType": "ml.m5.large", "InstanceCount": 2, "VolumeSizeInGB": 1}
    )
    assert job["TrainingJobStatus"] == "Completed", job
    cloudwatch = front.client("cloudwatch")
    names = {one["Dimensions"][0]["Value"] for one in cloudwatch.list_metrics(Namespace=NAMESPACE)["Metrics"]}
    assert names == {"job/algo-1", "job/algo-2"}

    def total(host: str, metric: str) -> float:
        points = cloudwatch.get_metric_statistics(
            Namespace=NAMESPACE, MetricName=metric, Dimensions=[{"Name": "Host", "Value": f"job/{host}"}], Period=60,
            StartTime=job["CreationTime"], EndTime=job["TrainingEndTime"] + datetime.timedelta(minutes=1), Statistics=["Sum"],
        )["Datapoints"]  # fmt: skip
        return float(sum(point["Sum"] for point in points))

    assert total("algo-2", "CPUUtilization") > total("algo-1", "CPUUtilization")
    assert total("algo-2", "MemoryUtilization") > 2 * total("algo-1", "MemoryUtilization")
