"""Labeling jobs for the pages to show, made with unmodified boto3, and annotators who answer over HTTP."""

from __future__ import annotations

import io
import json
import urllib.request
import uuid
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any
from urllib.parse import quote

from tests.ui import samples
from tests.ui.lab import TOKEN, Lab, until

FUNCTIONS = "arn:aws:lambda:us-east-1:432418664414:function"
ALGORITHM = "arn:aws:sagemaker:us-east-1:027400017018:labeling-job-algorithm-specification"
TEAM = "arn:aws:sagemaker:us-east-1:000000000000:workteam/private-crowd/default"
TEMPLATE = """<script src="https://assets.crowd.aws/crowd-html-elements.js"></script>
<crowd-form><{element} name="{element}" src="{{{{ task.input.taskObject | grant_read_access }}}}"
  header="{header}" {list}="{{{{ task.input.labels | to_json | escape }}}}">
  <full-instructions header="Instructions"><p>{header}</p></full-instructions>
  <short-instructions><p>{header}</p></short-instructions></{element}></crowd-form>"""


@cache
def digits(count: int) -> list[tuple[bytes, int]]:
    """scikit-learn's handwritten digits as PNGs of 96 x 96 pixels, with what they are."""
    from PIL import Image
    from sklearn.datasets import load_digits

    found = load_digits()
    made = []
    for picture, target in zip(found.images[:count], found.target[:count], strict=True):
        buffer = io.BytesIO()
        scaled = Image.fromarray((255 - picture * 15.9).astype("uint8")).resize(
            (96, 96), Image.Resampling.BICUBIC
        )
        scaled.save(buffer, "PNG")
        made.append((buffer.getvalue(), int(target)))
    return made


def put_digits(s3: Any, prefix: str, count: int) -> list[int]:
    """The images under `prefix`, and a manifest of them; returns what each shows."""
    lines = []
    for number, (png, _) in enumerate(digits(count)):
        key = f"{prefix}/{number:04d}.png"
        s3.put_object(Bucket=samples.BUCKET, Key=key, Body=png)
        lines.append(json.dumps({"source-ref": f"s3://{samples.BUCKET}/{key}"}))
    s3.put_object(Bucket=samples.BUCKET, Key=f"{prefix}/input.manifest", Body="\n".join(lines).encode())
    return [target for _, target in digits(count)]


def create(
    lab: Lab,
    name: str,
    *,
    manifest: str,
    labels: Sequence[str],
    function: str = "ImageMultiClass",
    element: str = "crowd-image-classifier",
    workers: int = 1,
    header: str = "Which digit is it?",
    algorithm: str = "",
    **own: Any,
) -> None:
    """Start a job and wait until it gives out objects. `own`: Clary's block of the category file."""
    sagemaker, s3 = lab.client("sagemaker"), lab.client("s3")
    categories = {
        "document-version": "2018-11-28",
        "labels": [{"label": one} for one in labels],
        **({"clary": own} if own else {}),
    }
    listed = "labels" if element in ("crowd-bounding-box", "crowd-semantic-segmentation") else "categories"
    files = {
        "categories.json": json.dumps(categories),
        "template.liquid": TEMPLATE.format(element=element, header=header, list=listed),
    }
    for key, text in files.items():
        s3.put_object(Bucket=samples.BUCKET, Key=f"{name}/{key}", Body=text.encode())
    algorithms = {"LabelingJobAlgorithmSpecificationArn": f"{ALGORITHM}/{algorithm}"}
    sagemaker.create_labeling_job(
        LabelingJobName=name,
        LabelAttributeName="digit",
        InputConfig={"DataSource": {"S3DataSource": {"ManifestS3Uri": f"s3://{samples.BUCKET}/{manifest}"}}},
        OutputConfig={"S3OutputPath": f"s3://{samples.BUCKET}/labels"},
        RoleArn=samples.ROLE,
        LabelCategoryConfigS3Uri=f"s3://{samples.BUCKET}/{name}/categories.json",
        HumanTaskConfig={
            "WorkteamArn": TEAM,
            "UiConfig": {"UiTemplateS3Uri": f"s3://{samples.BUCKET}/{name}/template.liquid"},
            "PreHumanTaskLambdaArn": f"{FUNCTIONS}:PRE-{function}",
            "AnnotationConsolidationConfig": {
                "AnnotationConsolidationLambdaArn": f"{FUNCTIONS}:ACS-{function}"
            },
            "TaskTitle": header,
            "TaskDescription": "For the tests",
            "NumberOfHumanWorkersPerDataObject": workers,
            "TaskTimeLimitInSeconds": 600,
        },
        **({"LabelingJobAlgorithmsConfig": algorithms} if algorithm else {}),
    )
    until(lambda: status(lab, name) != "Initializing")
    assert status(lab, name) == "InProgress", sagemaker.describe_labeling_job(LabelingJobName=name)


def status(lab: Lab, name: str) -> str:
    return str(lab.client("sagemaker").describe_labeling_job(LabelingJobName=name)["LabelingJobStatus"])


def counters(lab: Lab, name: str) -> dict[str, int]:
    return dict(lab.client("sagemaker").describe_labeling_job(LabelingJobName=name)["LabelCounters"])


def canvas(lab: Lab, job: str, method: str, worker: str = "", **params: Any) -> dict[str, Any]:
    """What a canvas asks, as `worker`."""
    query = f"?worker={quote(worker)}" if worker else ""
    request = urllib.request.Request(
        f"{lab.url}clary/labeling-jobs/{job}/canvas{query}",
        json.dumps({"method": method, "params": params}).encode(),
        {"Authorization": f"token {TOKEN}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request) as response:
        return dict(json.load(response)["result"])


def answer(lab: Lab, job: str, worker: str, say: Callable[[dict[str, Any]], Any], most: int = 10_000) -> int:
    """`worker` answers what is there, with `say(item)`; returns how many."""
    done = 0
    while done < most:
        items = canvas(lab, job, "next", worker, n=min(20, most - done))["items"]
        if not items:
            break
        for item in items:
            canvas(
                lab, job, "act", worker, action="answer", object=item["id"], answer=say(item), seconds=1.5,
                nonce=uuid.uuid4().hex,
            )  # fmt: skip
            done += 1
    return done
