"""Jobs on machines without namespaces: /opt/ml is another folder, and everything that names it says so."""

from __future__ import annotations

import json
from typing import Any

SCRIPT = """
import json, os, sys
print("ARGS " + json.dumps(sys.argv))
text = open(os.path.join(os.environ["SM_CHANNEL_TRAIN"], "a.txt")).read()
open(os.path.join(os.environ["SM_MODEL_DIR"], "model"), "w").write(text.upper())
open(os.path.join(os.environ["SM_OUTPUT_DATA_DIR"], "out"), "w").write(os.environ["WHERE"])
print("SEEN " + json.dumps({k: v for k, v in os.environ.items() if "ml" in v}))
print("ABSENT", os.path.exists("/opt/ml"))
"""


def train_channel(mode: str = "File") -> list[dict[str, Any]]:
    source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://bucket/train/"}}
    return [{"ChannelName": "train", "InputMode": mode, "DataSource": source}]


def test_the_same_script_runs_without_namespaces_when_it_reads_its_variables(paths_desk: Any) -> None:
    desk = paths_desk
    desk.put("train/a.txt", "abc")
    for mode in ("File", "FastFile"):
        job = desk.completed(
            desk.train(
                {"train.py": SCRIPT},
                InputDataConfig=train_channel(mode),
                Environment={"WHERE": "/opt/ml/model:/opt/mlflow"},
            )
        )
        base = desk.attempt_dir(job) / "ml"
        assert desk.artifact(job) == {"model": b"ABC"}
        assert desk.artifact(job, "output.tar.gz") == {"out": f"{base}/model:/opt/mlflow".encode()}
        log = desk.log(job)
        assert "ABSENT False" in log
        seen = json.loads(
            next(line for line in log.splitlines() if line.startswith("SEEN ")).removeprefix("SEEN ")
        )
        assert seen["SAGEMAKER_BASE_DIR"] == str(base)
        assert not [name for name, value in seen.items() if "/opt/ml/" in value]


def test_container_arguments_that_name_opt_ml_are_rewritten(paths_desk: Any) -> None:
    desk = paths_desk
    desk.put("train/a.txt", "abc")
    line = "cat /opt/ml/input/data/train/a.txt > /opt/ml/model/copy && ls /opt/ml && echo /opt/mlflow"
    job = desk.completed(
        desk.train(
            AlgorithmSpecification={
                "TrainingImage": "clary/python",
                "TrainingInputMode": "File",
                "ContainerEntrypoint": ["/bin/sh", "-c"],
                "ContainerArguments": [line],
            },
            InputDataConfig=train_channel(),
        )
    )
    assert desk.artifact(job) == {"copy": b"abc"}
    assert desk.log(job).splitlines()[-5:] == ["code", "input", "model", "output", "/opt/mlflow"]


def test_the_drivers_of_sdk_v3_are_rewritten_too(paths_desk: Any) -> None:
    desk = paths_desk
    desk.put("drivers/sm_train.sh", "#!/bin/sh\necho driven > /opt/ml/model/done\n")
    desk.put("drivers/data.bin", b"\xff/opt/ml\xfe")
    source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://bucket/drivers/"}}
    job = desk.completed(
        desk.train(
            AlgorithmSpecification={
                "TrainingImage": "clary/python",
                "TrainingInputMode": "File",
                "ContainerEntrypoint": ["/bin/bash"],
                "ContainerArguments": ["-c", "sh /opt/ml/input/data/sm_drivers/sm_train.sh"],
            },
            InputDataConfig=[{"ChannelName": "sm_drivers", "DataSource": source}],
        )
    )
    assert desk.artifact(job) == {"done": b"driven\n"}
    assert desk.objects.read("bucket", "drivers/sm_train.sh").endswith(b"/opt/ml/model/done\n")


def test_checkpoints_work_in_path_mode(paths_desk: Any) -> None:
    desk = paths_desk
    source = "import os\nos.makedirs(os.environ['CKPT'], exist_ok=True)\nopen(os.environ['CKPT'] + '/c', 'w').write('1')"
    desk.completed(
        desk.train(
            {"train.py": source},
            Environment={"CKPT": "/opt/ml/checkpoints"},
            CheckpointConfig={"S3Uri": "s3://bucket/ckpt"},
        )
    )
    assert desk.objects.read("bucket", "ckpt/c") == b"1"
