"""Experiments, trials and trial components by hand and by jobs, and the metrics of runs."""

from __future__ import annotations

import time
from typing import Any

import pytest
from botocore.exceptions import ClientError

from clary.api.engine import Engine
from clary.api.errors import ApiError

from .conftest import Front


@pytest.fixture
def client(front: Front) -> Any:
    return front.client("sagemaker")


@pytest.fixture
def experiment(client: Any) -> Any:
    client.create_experiment(ExperimentName="Exp", Description="first", Tags=[{"Key": "k", "Value": "v"}])
    client.create_trial(TrialName="Trial", ExperimentName="exp")
    return client


def test_each_of_the_three_is_made_read_changed_listed_and_deleted(client: Any) -> None:
    arn = client.create_experiment(ExperimentName="Exp", Description="first")["ExperimentArn"]
    assert arn.endswith(":experiment/exp")
    client.update_experiment(ExperimentName="EXP", DisplayName="Shown")
    shown = client.describe_experiment(ExperimentName="exp")
    assert (shown["ExperimentName"], shown["DisplayName"], shown["Description"]) == ("Exp", "Shown", "first")
    client.create_trial(TrialName="t1", ExperimentName="EXP", MetadataProperties={"CommitId": "abc"})
    client.create_trial(TrialName="t2", ExperimentName="Exp", DisplayName="Two")
    assert client.describe_trial(TrialName="T1")["ExperimentName"] == "Exp"
    assert client.describe_trial(TrialName="t1")["MetadataProperties"] == {"CommitId": "abc"}
    client.update_trial(TrialName="t1", DisplayName="One")
    listed = client.list_trials(ExperimentName="exp", SortBy="Name", SortOrder="Ascending")["TrialSummaries"]
    assert [(one["TrialName"], one["DisplayName"]) for one in listed] == [("t1", "One"), ("t2", "Two")]
    client.create_trial_component(
        TrialComponentName="c1", DisplayName="First", StartTime=1_700_000_000, Status={"PrimaryStatus": "InProgress"},
        Parameters={"lr": {"NumberValue": 0.1}, "opt": {"StringValue": "adam"}}, InputArtifacts={"data": {"Value": "s3://b/d"}},
    )  # fmt: skip
    client.create_trial_component(TrialComponentName="c2")
    client.update_trial_component(
        TrialComponentName="C1", Status={"PrimaryStatus": "Completed", "Message": "done"}, EndTime=1_700_000_060,
        Parameters={"lr": {"NumberValue": 0.2}, "more": {"StringValue": "x"}}, ParametersToRemove=["opt"],
        InputArtifactsToRemove=["data"], OutputArtifacts={"model": {"Value": "s3://b/m", "MediaType": "application/gzip"}},
    )  # fmt: skip
    shown = client.describe_trial_component(TrialComponentName="c1")
    assert shown["Parameters"] == {"lr": {"NumberValue": 0.2}, "more": {"StringValue": "x"}}
    assert shown["OutputArtifacts"] == {"model": {"Value": "s3://b/m", "MediaType": "application/gzip"}}
    assert (shown["InputArtifacts"], shown["Metrics"]) == ({}, [])
    assert (shown["EndTime"] - shown["StartTime"]).total_seconds() == 60
    for trial in ("t1", "t2"):
        client.associate_trial_component(TrialComponentName="c1", TrialName=trial)
    assert len(client.list_trials(TrialComponentName="c1")["TrialSummaries"]) == 2
    for filters in ({"TrialName": "t1"}, {"ExperimentName": "exp"}):
        names = [
            one["TrialComponentName"]
            for one in client.list_trial_components(**filters)["TrialComponentSummaries"]
        ]
        assert names == ["c1"]
    assert len(client.list_trial_components()["TrialComponentSummaries"]) == 2
    with pytest.raises(ClientError, match="has trials"):
        client.delete_experiment(ExperimentName="exp")
    with pytest.raises(ClientError, match="has trial components"):
        client.delete_trial(TrialName="t1")
    with pytest.raises(ClientError, match=r"is associated with trials \(t1, t2\)"):
        client.delete_trial_component(TrialComponentName="c1")
    for trial in ("t1", "t2"):
        client.disassociate_trial_component(TrialComponentName="c1", TrialName=trial)
        client.delete_trial(TrialName=trial)
    client.delete_trial_component(TrialComponentName="c1")
    client.delete_experiment(ExperimentName="exp")
    assert client.list_experiments()["ExperimentSummaries"] == []
    assert (
        client.list_tags(
            ResourceArn=client.describe_trial_component(TrialComponentName="c2")["TrialComponentArn"]
        )["Tags"]
        == []
    )


def test_what_is_not_there_is_resource_not_found_and_a_taken_name_is_said_to_exist_already(
    experiment: Any,
) -> None:
    for call in (
        lambda: experiment.describe_experiment(ExperimentName="x"),
        lambda: experiment.describe_trial(TrialName="exp"),
        lambda: experiment.describe_trial_component(TrialComponentName="trial"),
        lambda: experiment.create_trial(TrialName="new", ExperimentName="x"),
        lambda: experiment.list_trial_components(ExperimentName="x"),
        lambda: experiment.associate_trial_component(TrialComponentName="x", TrialName="trial"),
        lambda: experiment.delete_trial_component(TrialComponentName="x"),
    ):
        with pytest.raises(experiment.exceptions.ResourceNotFound, match="does not exist"):
            call()
    with pytest.raises(ClientError, match=r"\(ValidationException\).*already exists"):
        experiment.create_experiment(ExperimentName="eXP")
    with pytest.raises(ClientError, match="Only one of"):
        experiment.list_trial_components(ExperimentName="exp", TrialName="trial")
    experiment.create_trial_component(TrialComponentName="c")
    with pytest.raises(experiment.exceptions.ResourceNotFound, match="not associated"):
        experiment.disassociate_trial_component(TrialComponentName="c", TrialName="trial")


def test_a_job_of_an_experiment_becomes_a_trial_component(
    experiment: Any, trained: Any, engine: Engine
) -> None:
    config = {"ExperimentName": "exp", "TrialName": "trial", "TrialComponentDisplayName": "Shown"}
    job = trained("for n in (4, 2, 3): print(f'loss={n}')", {"loss": "loss=([0-9]+)"}, ExperimentConfig=config,
                  HyperParameters={"lr": "0.5", "opt": '"adam"'})  # fmt: skip
    assert job["ExperimentConfig"] == config
    shown = experiment.describe_trial_component(TrialComponentName="job-aws-training-job")
    assert shown["DisplayName"] == "Shown"
    assert shown["Source"] == {"SourceArn": job["TrainingJobArn"], "SourceType": "SageMakerTrainingJob"}
    assert shown["Parameters"] == {
        "lr": {"NumberValue": 0.5}, "opt": {"StringValue": '"adam"'}, "SageMaker.InstanceCount": {"NumberValue": 1.0},
        "SageMaker.InstanceType": {"StringValue": "ml.m5.large"}, "SageMaker.VolumeSizeInGB": {"NumberValue": 1.0},
    }  # fmt: skip
    assert shown["InputArtifacts"]["SageMaker.ImageUri"] == {"Value": "clary/python"}
    assert (
        shown["OutputArtifacts"]["SageMaker.ModelArtifact"]["Value"]
        == job["ModelArtifacts"]["S3ModelArtifacts"]
    )
    assert shown["Status"]["PrimaryStatus"] == "Completed"
    assert (shown["StartTime"], shown["EndTime"]) == (job["TrainingStartTime"], job["TrainingEndTime"])
    (metric,) = shown["Metrics"]
    assert {key: metric[key] for key in ("Max", "Min", "Last", "Count", "Avg")} == {
        "Max": 4, "Min": 2, "Last": 3, "Count": 3, "Avg": 3
    }  # fmt: skip
    by_source = experiment.list_trial_components(SourceArn=job["TrainingJobArn"].upper())[
        "TrialComponentSummaries"
    ]
    assert [one["TrialComponentName"] for one in by_source] == ["job-aws-training-job"]

    def found(**condition: str) -> list[dict[str, Any]]:
        answer = experiment.search(
            Resource="ExperimentTrialComponent", SearchExpression={"Filters": [condition]}
        )
        return [result["TrialComponent"] for result in answer["Results"]]

    for condition in (
        {"Name": "Parents.ExperimentName", "Operator": "Equals", "Value": "Exp"},
        {"Name": "Parents.TrialName", "Operator": "Equals", "Value": "Trial"},
        {"Name": "Parameters.lr", "Operator": "GreaterThan", "Value": "0.4"},
        {"Name": "Parameters.lr.NumberValue", "Operator": "Equals", "Value": "0.5"},
        {"Name": "Metrics.loss.max", "Operator": "GreaterThanOrEqualTo", "Value": "4"},
        {"Name": "Status.PrimaryStatus", "Operator": "Equals", "Value": "Completed"},
        {"Name": "Source.SourceArn", "Operator": "Contains", "Value": "training-job/job"},
        {"Name": "OutputArtifacts.SageMaker.ModelArtifact", "Operator": "Contains", "Value": "/job/"},
    ):
        assert len(found(**condition)) == 1, condition
    assert found(Name="Parameters.lr", Operator="LessThan", Value="0.4") == []
    (record,) = found(Name="TrialComponentName", Value="job-aws-training-job")
    assert record["Parents"] == [{"TrialName": "Trial", "ExperimentName": "Exp"}]
    assert record["SourceDetail"]["TrainingJob"]["TrainingJobName"] == "job"
    (trial,) = experiment.search(Resource="ExperimentTrial")["Results"]
    assert trial["Trial"]["TrialComponentSummaries"][0]["TrialComponentName"] == "job-aws-training-job"
    tagged = {"Filters": [{"Name": "Tags.k", "Value": "v"}]}
    (known,) = experiment.search(Resource="Experiment", SearchExpression=tagged)["Results"]
    assert known["Experiment"]["Description"] == "first"


def test_the_component_follows_its_job_and_outlives_it(experiment: Any, submit: Any, engine: Engine) -> None:
    script = "import time; print('loss=5', flush=True); time.sleep(600)"
    submit(
        script,
        {"loss": "loss=([0-9]+)"},
        ExperimentConfig={"ExperimentName": "exp"},
        HyperParameters={"lr": "1"},
    )
    name = "job-aws-training-job"
    end = time.monotonic() + 30
    while not experiment.describe_trial_component(TrialComponentName=name)["Metrics"]:
        assert time.monotonic() < end
        time.sleep(0.05)
    live = experiment.describe_trial_component(TrialComponentName=name)
    assert live["Status"]["PrimaryStatus"] == "InProgress"
    assert "EndTime" not in live
    experiment.update_trial_component(
        TrialComponentName=name, Parameters={"lr": {"NumberValue": 7}, "note": {"StringValue": "n"}}
    )
    accurate = {"Filters": [{"Name": "Metrics.loss", "Operator": "Equals", "Value": "5"}]}
    assert (
        len(experiment.search(Resource="ExperimentTrialComponent", SearchExpression=accurate)["Results"]) == 1
    )
    with pytest.raises(
        experiment.exceptions.ResourceInUse, match="cannot be deleted while its status is InProgress"
    ):
        experiment.delete_training_job(TrainingJobName="job")
    experiment.stop_training_job(TrainingJobName="job")
    experiment.get_waiter("training_job_completed_or_stopped").wait(
        TrainingJobName="job", WaiterConfig={"Delay": 1, "MaxAttempts": 60}
    )
    experiment.delete_training_job(TrainingJobName="job")
    with pytest.raises(ClientError, match="not found"):
        experiment.describe_training_job(TrainingJobName="job")
    left = experiment.describe_trial_component(TrialComponentName=name)
    assert left["Status"]["PrimaryStatus"] == "Stopped"
    assert left["Metrics"][0]["Last"] == 5
    assert left["Parameters"]["lr"] == {"NumberValue": 7.0}
    assert left["Parameters"]["note"] == {"StringValue": "n"}
    (trial,) = experiment.list_trials(TrialComponentName=name)["TrialSummaries"]
    assert trial["TrialName"] == "job-aws-trial"
    assert not (engine.home.jobs / "1").exists()


def test_a_deleted_jobs_name_is_free_again_and_its_log_stays(front: Front, trained: Any, client: Any) -> None:
    trained("print('first')")
    with pytest.raises(ApiError, match="ResourceInUse"):
        trained("print('second')")
    client.delete_training_job(TrainingJobName="job")
    assert client.list_training_jobs()["TrainingJobSummaries"] == []
    assert client.search(Resource="TrainingJob")["Results"] == []
    with pytest.raises(ClientError, match="not found"):
        client.delete_training_job(TrainingJobName="job")
    time.sleep(1.1)  # log streams are named after the second of their beginning
    assert trained("print('second')")["TrainingJobStatus"] == "Completed"
    events = front.client("logs").filter_log_events(
        logGroupName="/aws/sagemaker/TrainingJobs", logStreamNamePrefix="job/"
    )
    said = [event["message"] for event in events["events"]]
    assert (said.count("first"), said.count("second")) == (1, 1)


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"ExperimentName": "none"}, r"\(ResourceNotFound\).*Experiment 'none' does not exist"),
        (
            {"ExperimentName": "exp", "TrialName": "none"},
            r"\(ResourceNotFound\).*Trial 'none' does not exist",
        ),
        (
            {"ExperimentName": "other", "TrialName": "trial"},
            "Trial 'Trial' is part of experiment 'Exp', not of 'Other'",
        ),
    ],
)
def test_a_job_for_an_experiment_that_is_not_there_is_not_made(
    experiment: Any, config: dict[str, str], words: str, engine: Engine
) -> None:
    experiment.create_experiment(ExperimentName="Other")
    engine.objects.create_bucket("bucket")
    with pytest.raises(ClientError, match=words):
        experiment.create_training_job(
            TrainingJobName="job", RoleArn="arn:aws:iam::000000000000:role/r", ExperimentConfig=config,
            AlgorithmSpecification={
                "TrainingImage": "clary/python", "TrainingInputMode": "File", "ContainerEntrypoint": ["true"],
            },
            OutputDataConfig={"S3OutputPath": "s3://bucket/out"}, StoppingCondition={"MaxRuntimeInSeconds": 60},
            ResourceConfig={"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
        )  # fmt: skip
    assert experiment.list_training_jobs()["TrainingJobSummaries"] == []
    assert experiment.list_trial_components()["TrialComponentSummaries"] == []
    assert len(experiment.list_trials()["TrialSummaries"]) == 1


def test_a_job_in_a_run_adds_to_the_run(experiment: Any, trained: Any, front: Front) -> None:
    experiment.create_trial_component(
        TrialComponentName="exp-run",
        Parameters={"by": {"StringValue": "hand"}},
        Status={"PrimaryStatus": "InProgress"},
    )
    config = {"ExperimentName": "exp", "TrialName": "trial", "RunName": "exp-run"}
    job = trained(
        "print('loss=5')", {"loss": "loss=([0-9]+)"}, ExperimentConfig=config, HyperParameters={"lr": "2"}
    )
    front.client("sagemaker-metrics").batch_put_metrics(
        TrialComponentName="exp-run",
        MetricData=[{"MetricName": "acc", "Timestamp": 1_700_000_000, "Step": 1, "Value": 0.5}],
    )
    run = experiment.describe_trial_component(TrialComponentName="exp-run")
    assert run["Source"]["SourceArn"] == job["TrainingJobArn"]
    assert run["Status"] == {"PrimaryStatus": "InProgress"}  # whoever made the run ends it
    assert (run["Parameters"]["by"], run["Parameters"]["lr"]) == ({"StringValue": "hand"}, {"NumberValue": 2})
    assert {metric["MetricName"]: metric["Last"] for metric in run["Metrics"]} == {"loss": 5, "acc": 0.5}
    assert len(experiment.list_trial_components()["TrialComponentSummaries"]) == 1


def test_run_metrics_are_read_back_by_step_and_by_time(experiment: Any, front: Front) -> None:
    arn = experiment.create_trial_component(TrialComponentName="run")["TrialComponentArn"]
    metrics = front.client("sagemaker-metrics")
    base = 1_700_000_040
    for start in range(0, 20, 10):
        data = [
            {"MetricName": "loss", "Timestamp": base + 6 * n, "Step": n, "Value": float(n)}
            for n in range(start, start + 10)
        ]
        assert "Errors" not in metrics.batch_put_metrics(TrialComponentName="run", MetricData=data)

    def ask(**query: Any) -> tuple[str, list[int], list[float]]:
        full = {"MetricName": "loss", "ResourceArn": arn, "MetricStat": "Last", "Period": "IterationNumber",
                "XAxisType": "IterationNumber", **query}  # fmt: skip
        (result,) = metrics.batch_get_metrics(MetricQueries=[full])["MetricQueryResults"]
        return result["Status"], result["XAxisValues"], result["MetricValues"]

    assert ask() == ("Complete", list(range(20)), [float(n) for n in range(20)])
    assert ask(Start=3, End=5) == ("Complete", [3, 4, 5], [3.0, 4.0, 5.0])
    minute = {"Period": "OneMinute", "XAxisType": "Timestamp"}
    assert ask(**minute, MetricStat="Max") == ("Complete", [base, base + 60], [9.0, 19.0])
    assert ask(**minute, MetricStat="Count")[2] == [10.0, 10.0]
    assert ask(Period="OneHour")[0] == "ValidationError"
    assert ask(ResourceArn=arn + "x")[0] == "ValidationError"
    bad = [{"MetricName": "m", "Timestamp": base, "Value": value} for value in (1.0, float("nan"))]
    assert metrics.batch_put_metrics(TrialComponentName="run", MetricData=bad)["Errors"] == [
        {"Code": "VALIDATION_ERROR", "MetricIndex": 1}
    ]
    with pytest.raises(ClientError, match="ResourceNotFound"):
        metrics.batch_put_metrics(TrialComponentName="nobody", MetricData=bad[:1])
    experiment.delete_trial_component(TrialComponentName="run")
    experiment.create_trial_component(TrialComponentName="run")
    assert experiment.describe_trial_component(TrialComponentName="run")["Metrics"] == []


def test_artifacts_of_a_run_are_associated_with_it(experiment: Any) -> None:
    run = experiment.create_trial_component(TrialComponentName="run")["TrialComponentArn"]
    made = experiment.create_artifact(
        ArtifactName="curve", ArtifactType="ROCCurve", Source={"SourceUri": "s3://b/curve.json"}, Properties={"a": "b"}
    )["ArtifactArn"]  # fmt: skip
    shown = experiment.describe_artifact(ArtifactArn=made)
    assert (shown["ArtifactName"], shown["Properties"]) == ("curve", {"a": "b"})
    with pytest.raises(ClientError, match=r"\(ValidationException\).*already exists"):
        experiment.create_artifact(ArtifactName="curve", ArtifactType="x", Source={"SourceUri": "s3://b/x"})
    experiment.add_association(SourceArn=run, DestinationArn=made, AssociationType="Produced")
    with pytest.raises(ClientError, match=r"\(ValidationException\).*already exists"):
        experiment.add_association(SourceArn=run, DestinationArn=made, AssociationType="Produced")
    for filters in ({}, {"SourceArn": run}, {"DestinationType": "ROCCurve"}, {"AssociationType": "Produced"}):
        (edge,) = experiment.list_associations(**filters)["AssociationSummaries"]
        assert (edge["DestinationArn"], edge["DestinationName"], edge["SourceName"]) == (made, "curve", "run")
    assert experiment.list_associations(SourceArn=made)["AssociationSummaries"] == []
    assert len(experiment.list_artifacts(SourceUri="s3://b/curve.json")["ArtifactSummaries"]) == 1
    assert experiment.list_artifacts(ArtifactType="Other")["ArtifactSummaries"] == []
    with pytest.raises(experiment.exceptions.ResourceNotFound):
        experiment.add_association(SourceArn=run + "x", DestinationArn=made)
    experiment.delete_association(SourceArn=run, DestinationArn=made)
    experiment.delete_artifact(Source={"SourceUri": "s3://b/curve.json"})
    with pytest.raises(experiment.exceptions.ResourceNotFound, match="does not exist"):
        experiment.describe_artifact(ArtifactArn=made)
