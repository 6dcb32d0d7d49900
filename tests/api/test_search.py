"""Search: every operator on every type of property, order, pages, and what cannot be asked."""

from __future__ import annotations

import datetime
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from clary.api.engine import Engine
from clary.home import Home

from ..conftest import forget_sockets_of, kill_everything_of
from .conftest import Front, ended, serving, submit_to

Found = Callable[..., list[str]]


@pytest.fixture
def client(front: Front) -> Any:
    return front.client("sagemaker")


@pytest.fixture(scope="module")
def jobs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A client of a home with five jobs, for tests that only read: `seed`, `good` and `better` have run, `bad` has failed,
    `live` runs on."""
    root = tmp_path_factory.mktemp("search") / "home"
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("CLARY_HOME", str(root))
        environment.setenv("CLARY_ZYGOTE", "0")
        engine = Engine(Home.locate(root))
        with serving(engine) as front:
            client = front.client("sagemaker")
            _make_jobs(engine, client)
            yield client
    kill_everything_of(root)
    forget_sockets_of(root)


def _make_jobs(engine: Engine, client: Any) -> None:
    regexes = {"acc": "acc=([0-9.]+)", "validation:loss": "loss=([0-9.]+)"}

    def trained(*arguments: Any, **options: Any) -> None:
        ended(engine, submit_to(engine, *arguments, **options))

    trained("", name="seed")
    trained("print('acc=0.5'); print('acc=0.75 loss=3')", regexes, name="good",
            HyperParameters={"lr": "0.5", "opt": '"adam"', "a.b": "x", 'q"t': "1"},
            Tags=[{"Key": "team", "Value": "red"}])  # fmt: skip
    trained("print('acc=0.9')", regexes, name="better", HyperParameters={"lr": "1e-3", "epochs": "10"},
            Tags=[{"Key": "team", "Value": "blue"}, {"Key": "a.b", "Value": "dot"}])  # fmt: skip
    trained("raise SystemExit('out of luck')", name="bad", HyperParameters={"lr": "high"},
            ResourceConfig={"InstanceType": "ml.c5.xlarge", "InstanceCount": 1, "VolumeSizeInGB": 30})  # fmt: skip
    live = "import time; print('acc=0.99', flush=True); time.sleep(600)"
    submit_to(engine, live, regexes, name="live", HyperParameters={"lr": "2.5"})
    end = time.monotonic() + 30
    while not client.describe_training_job(TrainingJobName="live").get("FinalMetricDataList"):
        assert time.monotonic() < end
        time.sleep(0.05)


@pytest.fixture
def found(jobs: Any) -> Found:
    """The names of the jobs that a filter (or an expression) finds, sorted."""

    def search(
        name: str = "", operator: str | None = None, value: str | None = None, **expression: Any
    ) -> list[str]:
        if name:
            condition = {"Name": name}
            if operator:
                condition["Operator"] = operator
            if value is not None:
                condition["Value"] = value
            expression = {"Filters": [condition]}
        answer = jobs.search(Resource="TrainingJob", SearchExpression=expression, MaxResults=100)
        return sorted(result["TrainingJob"]["TrainingJobName"] for result in answer["Results"])

    return search


def test_every_operator_finds_what_it_says(found: Found, jobs: Any) -> None:
    cases: list[tuple[tuple[str, ...], str]] = [
        (("TrainingJobName", "Equals", "good"), "good"),
        (("trainingjobname", "Equals", "good"), "good"),
        (("TrainingJob.TrainingJobName", "Equals", "good"), "good"),
        (("TrainingJobName", "NotEquals", "good"), "bad better live seed"),
        (("TrainingJobName", "Contains", "oo"), "good"),
        (("TrainingJobName", "In", "good, bad,none"), "bad good"),
        (("TrainingJobStatus", "Equals", "Failed"), "bad"),
        (("TrainingJobStatus", "In", "Failed,InProgress"), "bad live"),
        (("SecondaryStatus", "Equals", "Training"), "live"),
        (("FailureReason",), "bad"),
        (("FailureReason", "Exists"), "bad"),
        (("FailureReason", "NotExists"), "better good live seed"),
        (("FailureReason", "Contains", "out of luck"), "bad"),
        (("HyperParameters.lr", "Equals", "0.5"), "good"),
        (("HyperParameters.lr", "Equals", "0.50"), "good"),
        (("HyperParameters.lr", "LessThan", "0.5"), "better"),
        (("HyperParameters.lr", "LessThanOrEqualTo", "0.5"), "better good"),
        (("HyperParameters.lr", "GreaterThan", "0.4"), "good live"),
        (("HyperParameters.lr", "GreaterThanOrEqualTo", "2.5"), "live"),
        (("HyperParameters.lr", "LessThan", "1"), "better good"),
        (("HyperParameters.lr", "Equals", "2"), "live"),  # for an integer, decimals count as integers
        (("HyperParameters.lr", "Equals", "high"), "bad"),
        (("HyperParameters.lr", "NotEquals", "high"), "better good live seed"),
        (("HyperParameters.lr", "In", "high,2.5"), "bad live"),
        (("HyperParameters.opt", "Contains", "adam"), "good"),
        (("HyperParameters.a.b", "Equals", "x"), "good"),
        (('HyperParameters.q"t', "Exists"), "good"),
        (("HyperParameters.epochs", "Exists"), "better"),
        (("HyperParameters.epochs", "NotExists"), "bad good live seed"),
        (("Metrics.acc", "GreaterThan", "0.8"), "better live"),
        (("Metrics.acc", "Equals", "0.75"), "good"),
        (("FinalMetricDataList.acc", "LessThan", "0.8"), "good"),
        (("Metrics.validation:loss", "Exists"), "good"),
        (("Metrics.acc", "NotExists"), "bad seed"),
        (("FinalMetricDataList.Value", "GreaterThanOrEqualTo", "3"), "good"),
        (("Tags.team", "Equals", "red"), "good"),
        (("Tags.team", "NotEquals", "red"), "bad better live seed"),
        (("Tags.a.b", "Exists"), "better"),
        (("ResourceConfig.InstanceType", "Equals", "ml.c5.xlarge"), "bad"),
        (("ResourceConfig.VolumeSizeInGB", "GreaterThan", "1"), "bad"),
        (("EnableNetworkIsolation", "Equals", "false"), "bad better good live seed"),
        (("EnableNetworkIsolation", "Equals", "true"), ""),
        (("CreationTime", "GreaterThan", "2020-01-01T00:00:00"), "bad better good live seed"),
        (("CreationTime", "LessThan", "2020-01-01T00:00:00Z"), ""),
        (("TrainingEndTime", "NotExists"), "live"),
        (("TrainingStartTime", "Exists"), "bad better good live seed"),
        (("ModelArtifacts.S3ModelArtifacts", "Contains", "/good/"), "good"),
        (("SecondaryStatusTransitions.Status", "Equals", "Failed"), "bad"),
        (("OutputDataConfig.S3OutputPath", "Equals", "s3://bucket/out"), "bad better good live seed"),
        (("Environment.SCRIPT", "Equals", "pass"), "seed"),
        (("AlgorithmSpecification.MetricDefinitions.Name", "Equals", "acc"), "better good live"),
        (("InputDataConfig", "Exists"), ""),
    ]  # fmt: skip
    wrong = {case: names for case, expected in cases if " ".join(names := found(*case)) != expected}
    assert not wrong
    created = jobs.describe_training_job(TrainingJobName="good")["CreationTime"]
    second = created.astimezone(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%S")
    assert "good" in found("CreationTime", "Equals", second)


def test_filters_nested_filters_and_subexpressions_are_joined_as_asked(found: Found) -> None:
    failed = {"Name": "TrainingJobStatus", "Operator": "Equals", "Value": "Failed"}
    red = {"Name": "Tags.team", "Operator": "Equals", "Value": "red"}
    accurate = {"Name": "Metrics.acc", "Operator": "GreaterThan", "Value": "0.8"}
    assert found(Filters=[failed, red]) == []
    assert found(Filters=[failed, red], Operator="Or") == ["bad", "good"]
    assert found(SubExpressions=[{"Filters": [failed, red], "Operator": "Or"}, {"Filters": [red]}]) == [
        "good"
    ]
    assert found(Filters=[accurate], SubExpressions=[{"Filters": [failed]}], Operator="Or") == [
        "bad",
        "better",
        "live",
    ]

    def metric(name: str, value: str) -> dict[str, Any]:
        return {
            "NestedPropertyName": "FinalMetricDataList",
            "Filters": [
                {"Name": "FinalMetricDataList.MetricName", "Operator": "Equals", "Value": name},
                {"Name": "Value", "Operator": "GreaterThan", "Value": value},
            ],
        }

    assert found(NestedFilters=[metric("acc", "0.8")]) == ["better", "live"]
    assert found(NestedFilters=[metric("acc", "0.5"), metric("validation:loss", "2")]) == ["good"]
    assert found(NestedFilters=[metric("validation:loss", "5")]) == []  # no one element is both


def test_channels_are_searched_through(client: Any, submit: Any, engine: Engine) -> None:
    submit(name="plain")
    engine.objects.put("bucket", "data/a", b"1")

    def channel(name: str, uri: str) -> dict[str, Any]:
        return {"ChannelName": name, "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": uri}}}

    submit(
        name="one",
        InputDataConfig=[channel("train", "s3://bucket/data/a"), channel("test", "s3://bucket/data")],
    )

    def names(expression: dict[str, Any]) -> list[str]:
        found = client.search(Resource="TrainingJob", SearchExpression=expression)["Results"]
        return [result["TrainingJob"]["TrainingJobName"] for result in found]

    def both(name: str, part: str) -> dict[str, Any]:
        filters = [
            {"Name": "InputDataConfig.ChannelName", "Operator": "Equals", "Value": name},
            {"Name": "InputDataConfig.DataSource.S3DataSource.S3Uri", "Operator": "Contains", "Value": part},
        ]
        return {"NestedFilters": [{"NestedPropertyName": "InputDataConfig", "Filters": filters}]}

    assert names(both("train", "data/a")) == ["one"]
    assert names(both("test", "data/a")) == []
    assert names(
        {"Filters": [{"Name": "InputDataConfig.ChannelName", "Operator": "Equals", "Value": "test"}]}
    ) == ["one"]
    assert names({"Filters": [{"Name": "InputDataConfig", "Operator": "NotExists"}]}) == ["plain"]


def test_a_found_job_is_as_describe_says_with_its_tags(found: Found, jobs: Any) -> None:
    record = jobs.search(
        Resource="TrainingJob", SearchExpression={"Filters": [{"Name": "TrainingJobName", "Value": "good"}]}
    )["Results"][0]["TrainingJob"]  # fmt: skip
    described = jobs.describe_training_job(TrainingJobName="good")
    assert record.pop("Tags") == [{"Key": "team", "Value": "red"}]
    assert record == {key: described[key] for key in record}
    assert set(described) - set(record) == {"ResponseMetadata", "ProfilingStatus"}


def test_pages_in_any_order_hold_each_job_once(found: Found, jobs: Any) -> None:
    names = ["Metrics.acc", "HyperParameters.lr", "CreationTime", "TrainingJobName", "Tags.team", "TrainingEndTime",
             "FailureReason", "ModelArtifacts.S3ModelArtifacts", None]  # fmt: skip
    for name in names:
        for order in ("Ascending", "Descending"):
            _check_order(jobs, name, order)


def _check_order(client: Any, name: str | None, order: str) -> None:
    asked = {"Resource": "TrainingJob", "SortOrder": order, **({"SortBy": name} if name else {})}
    pages = client.get_paginator("search").paginate(**asked, PaginationConfig={"PageSize": 2})
    listed = [[result["TrainingJob"]["TrainingJobName"] for result in page["Results"]] for page in pages]
    assert [len(page) for page in listed] == [2, 2, 1]
    names = [one for page in listed for one in page]
    assert sorted(names) == ["bad", "better", "good", "live", "seed"]
    in_order = {
        "Metrics.acc": ["good", "better"],
        "Tags.team": ["better", "good"],
        "CreationTime": ["seed", "good", "better", "bad", "live"],
        "TrainingJobName": ["bad", "better", "good", "live", "seed"],
    }.get(name or "", [])
    if order == "Descending":
        in_order = in_order[::-1]
    assert [one for one in names if one in in_order] == in_order
    if name in ("Metrics.acc", "Tags.team"):
        assert names[:2] == in_order  # where there is no value comes last


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        ({"Name": "Nonsense", "Value": "1"}, "Unknown property name: Nonsense"),
        ({"Name": "ResourceConfig.Nonsense"}, r"Unknown property name: ResourceConfig\.Nonsense"),
        ({"Name": "TrainingJobName.More"}, "Unknown property name"),
        (
            {"Name": "TrainingJobName", "Operator": "GreaterThan", "Value": "1"},
            "GreaterThan is not supported for the text",
        ),
        (
            {"Name": "CreationTime", "Operator": "Contains", "Value": "2"},
            "Contains is not supported for the timestamp",
        ),
        ({"Name": "Metrics.acc", "Operator": "In", "Value": "1"}, "In is not supported for the number"),
        (
            {"Name": "Metrics.acc", "Operator": "LessThan", "Value": "low"},
            "low for Metrics.acc is not a number",
        ),
        ({"Name": "HyperParameters.lr", "Operator": "LessThan", "Value": "low"}, "is not a number"),
        ({"Name": "CreationTime", "Operator": "LessThan", "Value": "yesterday"}, "ISO 8601"),
        ({"Name": "ResourceConfig", "Value": "x"}, "properties of its own"),
        ({"Name": "TrainingJobName", "Operator": "Equals"}, "needs a Value"),
        ({"Name": "TrainingJobName", "Operator": "Like", "Value": "x"}, "enum value set"),
    ],
)
def test_a_filter_that_makes_no_sense_is_refused_in_words(
    client: Any, condition: dict[str, str], words: str
) -> None:
    with pytest.raises(ClientError, match=words) as caught:
        client.search(Resource="TrainingJob", SearchExpression={"Filters": [condition]})
    assert caught.value.response["Error"]["Code"] == "ValidationException"


def test_what_else_cannot_be_asked(client: Any, submit: Any) -> None:
    submit(name="a")
    submit(name="b")

    def refused(words: str, **params: Any) -> None:
        with pytest.raises(ClientError, match=words) as caught:
            client.search(**{"Resource": "TrainingJob", **params})
        assert caught.value.response["Error"]["Code"] == "ValidationException"

    one = {"Name": "TrainingJobName", "Operator": "Contains", "Value": "a"}
    refused("at least one of Filters", SearchExpression={})
    refused("'CONTAINS' operator usage limit of 1 exceeded", SearchExpression={"Filters": [one, one]})
    many = [{"Name": "TrainingJobName", "Value": "a"}] * 20
    refused("more than 50", SearchExpression={"SubExpressions": [{"Filters": many}] * 3})
    refused("SortBy ResourceConfig", SortBy="ResourceConfig")
    refused("Unknown property name", SortBy="Nonsense")
    refused("Search for Pipeline is not offered", Resource="Pipeline")
    refused("Tags.<key>", VisibilityConditions=[{"Key": "x", "Value": "y"}])
    nested = {"NestedPropertyName": "ResourceConfig", "Filters": [{"Name": "InstanceType", "Value": "x"}]}
    refused("not a list", SearchExpression={"NestedFilters": [nested]})
    for token in ("x", "bnVsbA==", "WyJ4IiwxXQ==", "W10="):
        refused("Invalid pagination token", NextToken=token)
    page = client.search(Resource="TrainingJob", MaxResults=1)
    refused("Invalid pagination token", MaxResults=1, NextToken=page["NextToken"], SortOrder="Ascending")
    assert client.search(Resource="TrainingJob", CrossAccountFilterOption="CrossAccount")["Results"] == []
    deep: dict[str, Any] = {"Filters": many[:1]}
    for _ in range(60):
        deep = {"SubExpressions": [deep]}
    refused("more than 50", SearchExpression=deep)


def test_jobs_with_another_value_of_a_tag_are_not_visible(found: Found, jobs: Any) -> None:
    answer = jobs.search(Resource="TrainingJob", VisibilityConditions=[{"Key": "Tags.team", "Value": "red"}])
    names = {result["TrainingJob"]["TrainingJobName"] for result in answer["Results"]}
    assert names == {"good", "bad", "live", "seed"}


def test_models_and_endpoints_are_found_too(client: Any, submit: Any, engine: Engine) -> None:
    submit()
    engine.objects.put("bucket", "model.tar.gz", b"1")
    for name in ("one", "two"):
        client.create_model(
            ModelName=name, ExecutionRoleArn="arn:aws:iam::000000000000:role/r", Tags=[{"Key": "n", "Value": name}],
            PrimaryContainer={"Image": "i", "ModelDataUrl": "s3://bucket/model.tar.gz", "Environment": {"N": name}},
        )  # fmt: skip

    def names(**condition: str) -> list[str]:
        answer = client.search(
            Resource="Model", SearchExpression={"Filters": [condition]}, SortBy="ModelName"
        )
        return [result["Model"]["Model"]["ModelName"] for result in answer["Results"]]

    assert names(Name="ModelName", Operator="Contains", Value="o") == ["two", "one"]
    assert names(Name="Model.Tags.n", Value="one") == ["one"]
    assert names(Name="PrimaryContainer.Environment.N", Value="two") == ["two"]
    assert (
        client.search(Resource="Endpoint", SearchExpression={"Filters": [{"Name": "EndpointName"}]})[
            "Results"
        ]
        == []
    )


def test_suggestions_begin_with_the_hint_and_know_the_keys_in_use(found: Found, jobs: Any) -> None:
    def suggested(hint: str) -> list[str]:
        query = {"PropertyNameQuery": {"PropertyNameHint": hint}}
        answer = jobs.get_search_suggestions(Resource="TrainingJob", SuggestionQuery=query)
        return [one["PropertyName"] for one in answer["PropertyNameSuggestions"]]

    assert suggested("trainingjobn") == ["TrainingJobName"]
    assert suggested("Metrics.") == ["Metrics.acc", "Metrics.validation:loss"]
    assert suggested("HyperParameters.l") == ["HyperParameters.lr"]
    assert suggested("Tags.t") == ["Tags.team"]
    assert "InputDataConfig.DataSource.S3DataSource.S3Uri" in suggested("InputDataConfig.")
    assert suggested("xyz") == []
    everything = jobs.get_search_suggestions(Resource="TrainingJob")["PropertyNameSuggestions"]
    for one in everything:
        jobs.search(Resource="TrainingJob", SearchExpression={"Filters": [{"Name": one["PropertyName"]}]})
