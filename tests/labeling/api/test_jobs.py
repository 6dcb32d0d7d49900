"""CreateLabelingJob, DescribeLabelingJob, the lists, StopLabelingJob."""

from __future__ import annotations

import json
from typing import Any

import pytest

from clary.api import labeling_routes
from clary.api.engine import Engine
from clary.api.errors import ApiError
from clary.api.http_types import Request
from clary.labeling.session import Session
from clary.labeling.work import Work

TEAM = "arn:aws:sagemaker:us-east-1:000000000000:workteam/private-crowd/default"


def answer_all(engine: Engine, name: str, label: str = "good") -> None:
    session = Session(engine.home, None, None, name, "anna", False)
    while items := session.call("next", {"n": 20})["items"]:
        for one in items:
            act = {
                "action": "answer",
                "object": one["id"],
                "answer": {"label": label},
                "nonce": f"n{one['id']}",
            }
            session.call("act", act)


def call(engine: Engine, operation: str, **params: Any) -> dict[str, Any]:
    return engine.call("sagemaker", operation, params)


def test_a_job_goes_from_its_manifest_to_the_output_manifest(
    engine: Engine, request_of: Any, run_step: Any, describe: Any
) -> None:
    request = request_of(Tags=[{"Key": "team", "Value": "a"}])
    arn = call(engine, "CreateLabelingJob", **request)["LabelingJobArn"]
    assert arn == "arn:aws:sagemaker:us-east-1:000000000000:labeling-job/mood"
    assert describe("mood")["LabelingJobStatus"] == "Initializing"
    run_step("mood")
    found = describe("mood")
    assert found["LabelingJobStatus"] == "InProgress"
    assert found["LabelCounters"]["Unlabeled"] == 3
    assert found["Tags"] == [{"Key": "team", "Value": "a"}]
    assert found["HumanTaskConfig"] == request["HumanTaskConfig"]
    assert len(found["JobReferenceCode"]) == 32
    answer_all(engine, "mood")
    run_step("mood")
    found = describe("MOOD")
    assert found["LabelingJobStatus"] == "Completed"
    assert found["LabelCounters"] == {
        "TotalLabeled": 3,
        "HumanLabeled": 3,
        "MachineLabeled": 0,
        "FailedNonRetryableError": 0,
        "Unlabeled": 0,
    }
    uri = found["LabelingJobOutput"]["OutputDatasetS3Uri"]
    assert uri == "s3://data/out/mood/manifests/output/output.manifest"
    lines = [json.loads(line) for line in engine.objects.read_uri(uri).splitlines()]
    assert [line["mood-metadata"]["class-name"] for line in lines] == ["good"] * 3


def test_a_name_is_taken_whatever_its_case(engine: Engine, request_of: Any, quiet: None) -> None:
    call(engine, "CreateLabelingJob", **request_of("Mood"))
    with pytest.raises(ApiError, match="must be unique") as caught:
        call(engine, "CreateLabelingJob", **request_of("mood"))
    assert caught.value.code == "ResourceInUse"


def test_what_a_killed_creation_left_is_in_nobodys_way(engine: Engine, request_of: Any, job: Any) -> None:
    folder = engine.home.root / "labeling" / "mood"
    folder.mkdir(parents=True)
    (folder / "job.db").write_bytes(b"half")
    job("mood")
    assert Work.open(engine.home, "mood").counters()["Unlabeled"] == 3


def test_a_job_whose_creator_died_is_prepared_by_whoever_asks(
    engine: Engine, request_of: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr("clary.labeling.steps.ensure", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        call(engine, "CreateLabelingJob", **request_of())
    assert engine.runner.get("labeling-step", "mood/1") is None
    call(engine, "ListLabelingJobs")
    assert engine.runner.get("labeling-step", "mood/1") is not None


def test_a_manifest_with_a_broken_line_fails_the_job_with_the_line(job: Any, put: Any, describe: Any) -> None:
    uri = put("broken.manifest", '{"source": "a"}\n{"source": \n')
    job(InputConfig={"DataSource": {"S3DataSource": {"ManifestS3Uri": uri}}})
    found = describe("mood")
    assert found["LabelingJobStatus"] == "Failed"
    assert "Line 2" in found["FailureReason"]


def test_jobs_are_listed_with_filters_in_order_and_in_pages(
    engine: Engine, request_of: Any, job: Any
) -> None:
    for name in ("zoo", "Apes", "zebra"):
        call(engine, "CreateLabelingJob", **request_of(name))
    job("done")

    def names(**params: Any) -> list[str]:
        listed = call(engine, "ListLabelingJobs", **params)["LabelingJobSummaryList"]
        return [one["LabelingJobName"] for one in listed]

    assert names() == ["zoo", "Apes", "zebra", "done"]
    assert names(SortBy="Name", SortOrder="Descending") == ["zoo", "zebra", "done", "Apes"]
    assert names(NameContains="Z") == ["zoo", "zebra"]
    assert names(StatusEquals="InProgress") == ["done"]
    assert names(CreationTimeAfter=2e9 + 2e9) == []
    first = call(engine, "ListLabelingJobs", MaxResults=3)
    rest = call(engine, "ListLabelingJobs", MaxResults=3, NextToken=first["NextToken"])
    assert [one["LabelingJobName"] for one in rest["LabelingJobSummaryList"]] == ["done"]
    assert "NextToken" not in rest
    summary = rest["LabelingJobSummaryList"][0]
    assert summary["WorkteamArn"] == TEAM
    assert summary["PreHumanTaskLambdaArn"].endswith("PRE-TextMultiClass")
    assert summary["LabelCounters"]["Unlabeled"] == 3


def test_a_teams_jobs_are_listed_by_their_reference_codes(
    engine: Engine, request_of: Any, job: Any, describe: Any
) -> None:
    job("mine")
    group = {"UserPool": "us-east-1_x", "UserGroup": "g", "ClientId": "c"}
    team = call(
        engine, "CreateWorkteam", WorkteamName="others", Description="d",
        MemberDefinitions=[{"CognitoMemberDefinition": group}],
    )["WorkteamArn"]  # fmt: skip
    call(engine, "CreateLabelingJob", **request_of("theirs", human={"WorkteamArn": team}))
    found = call(engine, "ListLabelingJobsForWorkteam", WorkteamArn=TEAM)["LabelingJobSummaryList"]
    assert [one["LabelingJobName"] for one in found] == ["mine"]
    assert found[0]["LabelCounters"] == {"HumanLabeled": 0, "PendingHuman": 3, "Total": 3}
    assert found[0]["WorkRequesterAccountId"] == "000000000000"
    code = describe("theirs")["JobReferenceCode"]
    asked = {"WorkteamArn": team, "JobReferenceCodeContains": code[3:20]}
    assert len(call(engine, "ListLabelingJobsForWorkteam", **asked)["LabelingJobSummaryList"]) == 1
    assert not call(engine, "ListLabelingJobsForWorkteam", **{**asked, "JobReferenceCodeContains": "x"})[
        "LabelingJobSummaryList"
    ]


def test_a_stopped_job_keeps_what_was_labelled(
    engine: Engine, job: Any, run_step: Any, describe: Any
) -> None:
    job()
    session = Session(engine.home, None, None, "mood", "anna", False)
    (item,) = session.call("next", {"n": 1})["items"]
    session.call("act", {"action": "answer", "object": item["id"], "answer": {"label": "bad"}, "nonce": "a"})
    call(engine, "StopLabelingJob", LabelingJobName="mood")
    assert describe("mood")["LabelingJobStatus"] == "Stopping"
    run_step("mood")
    found = describe("mood")
    assert found["LabelingJobStatus"] == "Stopped"
    assert (found["LabelCounters"]["HumanLabeled"], found["LabelCounters"]["Unlabeled"]) == (1, 2)
    lines = engine.objects.read_uri(found["LabelingJobOutput"]["OutputDatasetS3Uri"]).splitlines()
    assert sum(b"mood-metadata" in line for line in lines) == 1
    with pytest.raises(ApiError, match="in status Stopped") as caught:
        call(engine, "StopLabelingJob", LabelingJobName="mood")
    assert caught.value.code == "ValidationException"


def test_a_job_whose_bucket_was_gone_at_its_end_goes_on_when_it_is_back(
    engine: Engine, job: Any, run_step: Any, describe: Any
) -> None:
    def retry() -> int:
        return labeling_routes.handle(engine, Request("POST", "/clary/labeling-jobs/mood/retry")).status

    job()
    with pytest.raises(ApiError, match="it is InProgress"):
        retry()
    answer_all(engine, "mood")
    bucket = engine.objects.path("data", "x").parent
    bucket.rename(f"{bucket}-away")
    run_step("mood")
    assert describe("mood")["LabelingJobStatus"] == "Failed"
    assert ".retry()" in describe("mood")["FailureReason"]
    bucket.with_name(f"{bucket.name}-away").rename(bucket)
    assert retry() == 200
    run_step("mood")
    assert describe("mood")["LabelingJobStatus"] == "Completed"
    assert "FailureReason" not in describe("mood")


@pytest.mark.parametrize("operation", ["DescribeLabelingJob", "StopLabelingJob"])
def test_a_job_that_is_not_there_is_resource_not_found(engine: Engine, operation: str) -> None:
    with pytest.raises(ApiError, match="Could not find labeling job") as caught:
        call(engine, operation, LabelingJobName="nope")
    assert caught.value.code == "ResourceNotFound"


def test_jobs_teams_and_workforces_can_be_tagged(engine: Engine, job: Any, describe: Any) -> None:
    job()
    force = call(engine, "ListWorkforces")["Workforces"][0]["WorkforceArn"]
    for arn in (describe("mood")["LabelingJobArn"], TEAM, force):
        call(engine, "AddTags", ResourceArn=arn, Tags=[{"Key": "a", "Value": "b"}])
        assert call(engine, "ListTags", ResourceArn=arn)["Tags"] == [{"Key": "a", "Value": "b"}]


@pytest.mark.slow
def test_a_job_over_http_with_boto3_from_creation_to_output(server: Any) -> None:
    """The real server, its real steps in processes of their own, and an annotator through the portal."""
    import http.client

    client, s3 = server.client("sagemaker"), server.client("s3")
    s3.create_bucket(Bucket="data")
    s3.put_object(Bucket="data", Key="in.manifest", Body=b'{"source": "a"}\n{"source": "b"}\n')
    s3.put_object(Bucket="data", Key="labels.json", Body=b'{"labels": [{"label": "x"}, {"label": "y"}]}')
    account = "arn:aws:lambda:us-east-1:432418664414:function:"
    client.create_labeling_job(
        LabelingJobName="real",
        LabelAttributeName="kind",
        InputConfig={"DataSource": {"S3DataSource": {"ManifestS3Uri": "s3://data/in.manifest"}}},
        OutputConfig={"S3OutputPath": "s3://data/out/"},
        RoleArn="arn:aws:iam::000000000000:role/labeling",
        LabelCategoryConfigS3Uri="s3://data/labels.json",
        HumanTaskConfig={
            "WorkteamArn": TEAM,
            "UiConfig": {},
            "PreHumanTaskLambdaArn": f"{account}PRE-TextMultiClass",
            "AnnotationConsolidationConfig": {
                "AnnotationConsolidationLambdaArn": f"{account}ACS-TextMultiClass"
            },
            "TaskTitle": "t",
            "TaskDescription": "d",
            "NumberOfHumanWorkersPerDataObject": 1,
            "TaskTimeLimitInSeconds": 60,
        },
    )
    connection = http.client.HTTPConnection(server.url.removeprefix("http://"), timeout=30)

    def ask(method: str, path: str, headers: dict[str, str], body: Any = None) -> Any:
        connection.request(method, path, None if body is None else json.dumps(body), headers)
        answer = connection.getresponse()
        return json.loads(answer.read())

    login = {"Authorization": f"Bearer {server.environment()['CLARY_TOKEN']}"}
    link = ask("POST", "/clary/workteams/default/members", login, {"name": "Anna"})["link"]
    assert link.startswith(f"{server.url}/clary/portal/#")
    secret = {"X-Clary-Annotator": link.partition("#")[2]}
    wait(client, "InProgress")
    canvas = "/clary/portal/jobs/real/canvas"
    items = ask("POST", canvas, secret, {"method": "next", "params": {"n": 5}})["result"]["items"]
    for one in items:
        act = {"action": "answer", "object": one["id"], "answer": {"label": "y"}, "nonce": f"n{one['id']}"}
        assert "result" in ask("POST", canvas, secret, {"method": "act", "params": act})
    wait(client, "Completed")
    output = s3.get_object(Bucket="data", Key="out/real/manifests/output/output.manifest")["Body"].read()
    assert [json.loads(line)["kind"] for line in output.splitlines()] == [1, 1]


def wait(client: Any, status: str) -> None:
    import time

    end = time.monotonic() + 60
    while (found := client.describe_labeling_job(LabelingJobName="real"))["LabelingJobStatus"] != status:
        assert time.monotonic() < end, found
        assert found["LabelingJobStatus"] != "Failed", found
        time.sleep(0.1)
