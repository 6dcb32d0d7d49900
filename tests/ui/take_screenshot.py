"""Takes the README's picture (`make screenshot`): JupyterLab while the digits network trains, with the real product.

python tests/ui/take_screenshot.py [--output extension/screenshot.png] [--theme "JupyterLab Dark"]
"""

from __future__ import annotations

import argparse
import io
import sys
import tarfile
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.ui.lab import REPOSITORY, browser, lab, until

BUCKET = "handwritten-digits"
ROLE = "arn:aws:iam::000000000000:role/clary"
EXAMPLE = REPOSITORY / "examples" / "digits"


def put_data(s3: Any) -> None:
    """scikit-learn's digits as the channels `train` and `test`, and the example's script."""
    import numpy as np
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    digits = load_digits()
    rows = np.column_stack([digits.target, digits.data])
    s3.create_bucket(Bucket=BUCKET)
    for channel, part in zip(
        ("train", "test"), train_test_split(rows, test_size=0.25, random_state=0), strict=True
    ):
        text = io.BytesIO()
        np.savetxt(text, part, fmt="%d", delimiter=",")
        s3.put_object(Bucket=BUCKET, Key=f"data/{channel}/digits.csv", Body=text.getvalue())
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w:gz") as tar:
        tar.add(EXAMPLE / "train.py", arcname="train.py")
    s3.put_object(Bucket=BUCKET, Key="code/sourcedir.tar.gz", Body=archive.getvalue())


def train(sagemaker: Any, name: str, **hyperparameters: str) -> None:
    def channel(name: str) -> dict[str, Any]:
        source = {"S3DataType": "S3Prefix", "S3Uri": f"s3://{BUCKET}/data/{name}/"}
        return {"ChannelName": name, "DataSource": {"S3DataSource": source}}

    sagemaker.create_training_job(
        TrainingJobName=name,
        RoleArn=ROLE,
        AlgorithmSpecification={
            "TrainingImage": "pytorch",
            "TrainingInputMode": "File",
            "MetricDefinitions": [
                {"Name": "loss", "Regex": "loss=([0-9.]+)"},
                {"Name": "accuracy", "Regex": "accuracy=([0-9.]+)"},
            ],
        },
        HyperParameters={
            "sagemaker_program": "train.py",
            "sagemaker_submit_directory": f"s3://{BUCKET}/code/sourcedir.tar.gz",
            **{key.replace("_", "-"): value for key, value in hyperparameters.items()},
        },
        InputDataConfig=[channel("train"), channel("test")],
        OutputDataConfig={"S3OutputPath": f"s3://{BUCKET}/output"},
        ResourceConfig={"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 5},
        StoppingCondition={"MaxRuntimeInSeconds": 600},
    )


def ended(sagemaker: Any, name: str) -> str:
    status = str(sagemaker.describe_training_job(TrainingJobName=name)["TrainingJobStatus"])
    return status if status in ("Completed", "Failed") else ""


def deploy(sagemaker: Any, name: str, job: str) -> None:
    artifacts = sagemaker.describe_training_job(TrainingJobName=job)["ModelArtifacts"]
    sagemaker.create_model(
        ModelName=name,
        ExecutionRoleArn=ROLE,
        PrimaryContainer={"Image": "pytorch", "ModelDataUrl": artifacts["S3ModelArtifacts"]},
    )
    variant = {"VariantName": "AllTraffic", "ModelName": name, "InstanceType": "ml.m5.large"}
    sagemaker.create_endpoint_config(
        EndpointConfigName=name, ProductionVariants=[{**variant, "InitialInstanceCount": 1}]
    )
    sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)
    until(
        lambda: sagemaker.describe_endpoint(EndpointName=name)["EndpointStatus"] in ("InService", "Failed"),
        90,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, default=REPOSITORY / "extension" / "screenshot.png")
    parser.add_argument("--theme", default="JupyterLab Light")
    options = parser.parse_args()
    with lab(theme=options.theme, base_url="/") as one, browser() as chromium:
        sagemaker = one.client("sagemaker")
        put_data(one.client("s3"))
        for name, settings in {
            "digits-baseline": {"epochs": "12"},
            "digits-typo": {"epochs": "twelve"},
        }.items():
            train(sagemaker, name, **settings)
            until(lambda name=name: ended(sagemaker, name), 120)
        deploy(sagemaker, "digits", "digits-baseline")
        tab = chromium.new_context(viewport={"width": 1400, "height": 880}).new_page()
        tab.goto(one.page_url())
        tab.locator(".jp-Launcher").wait_for()
        tab.locator('.jp-SideBar [data-id="clary-panel"]').click()
        train(sagemaker, "digits-wide", epochs="80", width="24", learning_rate="0.004")
        tab.locator('.clary-Row[data-name="digits-wide"] .clary-Row-open').click()
        page = tab.locator('.clary-Page[data-name="digits-wide"]')
        page.get_by_role("log").get_by_text("epoch=40").first.wait_for(timeout=120_000)
        tab.mouse.move(700, 8)
        tab.wait_for_timeout(300)
        tab.screenshot(path=options.output)
    print(options.output)


if __name__ == "__main__":
    main()
