"""What the SDKs make of metrics and experiments: data frames of jobs and runs, equal to what was printed and logged."""

from __future__ import annotations

from tests.sdks.user import User

IMAGE = "000000000000.dkr.ecr.us-east-1.amazonaws.com/pytorch-training:2.6"
METRICS = [{"Name": "loss", "Regex": "loss=([0-9.]+);"}, {"Name": "acc", "Regex": "acc: ([0-9.]+)"}]
SCRIPT = """
import time
for number in range(1000):
    print(f"loss={number / 4};")
for number in range(3):
    print("acc:", number, flush=True)
    time.sleep(1.1)
"""
TRAIN = f"""
import json, os, sagemaker, sys, time
from sagemaker.estimator import Estimator
session = sagemaker.Session()
options = dict(image_uri="{IMAGE}", entry_point="train.py", source_dir="code", role=os.environ["ROLE"], instance_count=1,
               instance_type="ml.m5.large", sagemaker_session=session, metric_definitions={METRICS!r})
"""


def test_the_analytics_of_a_job_are_the_averages_of_what_it_printed(v2: User) -> None:
    v2.write("code/train.py", SCRIPT)
    ran = v2.run(
        TRAIN
        + """
estimator = Estimator(**options, hyperparameters={"lr": 0.1})
estimator.fit(wait=True, logs="None")
from sagemaker.analytics import TrainingJobAnalytics
name = estimator.latest_training_job.name
by_minute = estimator.training_job_analytics.dataframe()
by_second = TrainingJobAnalytics(name, metric_names=["acc"], sagemaker_session=session, period=1).dataframe()
values = {metric: list(rows["value"]) for metric, rows in by_minute.groupby("metric_name")}
found = session.sagemaker_client.search(
    Resource="TrainingJob",
    SearchExpression={"Filters": [{"Name": "Metrics.acc", "Operator": "Equals", "Value": "2"}]},
)
names = [result["TrainingJob"]["TrainingJobName"] == name for result in found["Results"]]
print(json.dumps([values, list(by_second["timestamp"]), list(by_second["value"]), names]))
"""
    )
    values, seconds, accuracies, found = ran.result
    if len(values["loss"]) == 1:  # else the job ran across the end of a minute
        assert values["loss"] == [sum(number / 4 for number in range(1000)) / 1000]
    assert set(values) == {"acc", "loss"}
    assert accuracies == [0, 1, 2]
    assert seconds[0] == 0
    assert seconds[2] in (2, 3)
    assert found == [True]


def test_version_3_has_the_same_analytics(v3: User) -> None:
    v3.write("code/train.py", SCRIPT)
    ran = v3.run(
        f"""
import json, os
from sagemaker.core.helper.session_helper import Session
from sagemaker.core.analytics import TrainingJobAnalytics
from sagemaker.train import ModelTrainer
from sagemaker.train.configs import Compute, SourceCode
from sagemaker.core.shapes import MetricDefinition
session = Session()
trainer = ModelTrainer(
    training_image="{IMAGE}", source_code=SourceCode(source_dir="code", entry_script="train.py"), role=os.environ["ROLE"],
    compute=Compute(instance_type="ml.m5.large", instance_count=1), sagemaker_session=session, base_job_name="v3",
).with_metric_definitions([MetricDefinition(name="acc", regex="acc: ([0-9.]+)")])
trainer.train(wait=True, logs=False)
name = trainer._latest_training_job.training_job_name
frame = TrainingJobAnalytics(name, sagemaker_session=session, period=1).dataframe()
print(json.dumps(list(frame["value"])))
"""
    )
    assert ran.result == [0, 1, 2]


def test_a_run_and_the_jobs_in_it_are_one_row_of_the_experiment(v2: User) -> None:
    v2.write("code/train.py", SCRIPT)
    v2.write(
        "inside.py",
        """
        from sagemaker.experiments import load_run
        from sagemaker.session import Session
        with load_run(sagemaker_session=Session()) as run:
            run.log_parameter("inside", 1)
            for step in range(12):
                run.log_metric("inner", step / 2, step=step)
        """,
    )
    ran = v2.run(
        TRAIN
        + """
from sagemaker.analytics import ExperimentAnalytics
from sagemaker.experiments import Run, list_runs
for name, rate in (("slow", 0.25), ("fast", 0.75)):
    with Run(experiment_name="Rates", run_name=name, sagemaker_session=session) as run:
        run.log_parameters({"rate": rate, "kind": name})
        for step in range(25):
            run.log_metric("score", rate * step, step=step)
        run.log_file("code/train.py", name="code")
        if name == "fast":
            estimator = Estimator(**options, hyperparameters={"lr": 0.1})
            estimator.fit(wait=True, logs="None")
            own = {key: value for key, value in os.environ.items() if key.startswith("AWS_")}
            job = Estimator(
                image_uri=options["image_uri"], role=options["role"], instance_count=1, instance_type="ml.m5.large",
                sagemaker_session=session, environment=own,
                container_entry_point=[sys.executable, os.path.abspath("inside.py")],
            )
            job.fit(wait=True, logs="None")
try:
    with Run(experiment_name="rates", run_name="broken", sagemaker_session=session):
        raise ValueError("no luck")
except ValueError:
    pass
analytics = ExperimentAnalytics(
    experiment_name="rates", sort_by="metrics.score.max", sort_order="Descending", sagemaker_session=session
)
frame = analytics.dataframe()
runs = sorted(run.run_name for run in list_runs("rates", sagemaker_session=session))
broken = session.sagemaker_client.describe_trial_component(TrialComponentName="rates-broken")["Status"]
columns = ["rate", "kind", "lr", "inside", "score - Last", "score - Count", "inner - Max", "loss - Last", "code - MediaType"]
print(json.dumps([json.loads(frame[["TrialComponentName", *columns]].to_json(orient="records")), runs, broken]))
"""
    )
    rows, runs, broken = ran.result
    assert runs == ["broken", "fast", "slow"]
    assert broken == {"PrimaryStatus": "Failed", "Message": "no luck"}
    assert [row.pop("TrialComponentName") for row in rows] == ["rates-fast", "rates-slow", "rates-broken"]
    assert rows[0] == {
        "rate": 0.75, "kind": "fast", "lr": 0.1, "inside": 1.0, "score - Last": 18.0, "score - Count": 25.0,
        "inner - Max": 5.5, "loss - Last": 999 / 4, "code - MediaType": "text/x-python",
    }  # fmt: skip
    assert (rows[1]["kind"], rows[1]["lr"], rows[1]["score - Last"]) == ("slow", None, 6.0)
