"""Input channels of jobs with several hosts: each host its share, as a boto3 user asks for it."""

from __future__ import annotations

import json
from typing import Any

TELL = """
import json, os
config = json.load(open("/opt/ml/input/config/inputdataconfig.json"))
found = {"config": config, "channels": json.loads(os.environ["SM_CHANNELS"]), "data": {}}
for name, one in config.items():
    place = f"/opt/ml/input/data/{name}"
    if one["TrainingInputMode"] == "Pipe":
        found["data"][name] = [open(f"{place}_{epoch}").read().split() for epoch in range(3)]
    else:
        found["data"][name] = sorted(os.listdir(place))
found["folders"] = sorted(name for name in os.listdir("/opt/ml/input/data") if not name.startswith(".") and "_" not in name)
open(f"/opt/ml/model/{os.environ['SM_CURRENT_HOST']}.json", "w").write(json.dumps(found))
"""


def channel(
    name: str, mode: str = "File", *, sharded: bool = False, groups: list[str] | None = None, **more: Any
) -> Any:
    source = {
        "S3DataType": "S3Prefix",
        "S3Uri": "s3://bucket/d/",
        "S3DataDistributionType": "ShardedByS3Key" if sharded else "FullyReplicated",
        **({"InstanceGroupNames": groups} if groups else {}),
    }
    return {"ChannelName": name, "InputMode": mode, "DataSource": {"S3DataSource": source}, **more}


def found(trainer: Any) -> dict[str, Any]:
    trainer.completed()
    return {name.removesuffix(".json"): json.loads(text) for name, text in trainer.artifact().items()}


NAMES = [f"{number}" for number in range(7)]


def test_sharded_channels_are_parted_among_the_hosts_and_shuffled_ones_anew_each_epoch(trainer: Any) -> None:
    for name in NAMES:
        trainer.put(f"d/{name}", f"{name} ")
    trainer.create(
        TELL,
        count=2,
        InputDataConfig=[
            channel("whole"),
            channel("copied", sharded=True),
            channel("shown", "FastFile", sharded=True),
            channel("piped", "Pipe", sharded=True),
            channel("mixed", "Pipe", sharded=True, ShuffleConfig={"Seed": 3}),
        ],
    )
    hosts = found(trainer)
    one, two = hosts["algo-1"]["data"], hosts["algo-2"]["data"]
    assert one["whole"] == two["whole"] == NAMES
    assert (one["copied"], two["copied"]) == (NAMES[::2], NAMES[1::2])
    assert (one["shown"], two["shown"]) == (NAMES[::2], NAMES[1::2])
    assert (one["piped"], two["piped"]) == ([NAMES[::2]] * 3, [NAMES[1::2]] * 3)
    for epoch in range(3):
        assert sorted(one["mixed"][epoch] + two["mixed"][epoch]) == NAMES
    assert len({frozenset(epoch) for epoch in one["mixed"]}) > 1
    assert hosts["algo-2"]["config"]["copied"]["S3DistributionType"] == "ShardedByS3Key"
    assert hosts["algo-2"]["config"]["shown"]["TrainingInputMode"] == "File"


def test_a_channel_reaches_the_instance_groups_that_it_names(trainer: Any) -> None:
    for name in NAMES[:4]:
        trainer.put(f"d/{name}", name)
    groups = [
        {"InstanceGroupName": name, "InstanceType": "ml.m5.large", "InstanceCount": count}
        for name, count in (("first", 1), ("second", 2))
    ]
    trainer.create(
        TELL,
        ResourceConfig={"InstanceGroups": groups, "VolumeSizeInGB": 1},
        InputDataConfig=[
            channel("all", sharded=True),
            channel("some", sharded=True, groups=["second"]),
            channel("piped", "Pipe", groups=["first"]),
        ],
    )
    hosts = found(trainer)
    assert {name: one["channels"] for name, one in hosts.items()} == {
        "algo-1": ["all", "piped"],
        "algo-2": ["all", "some"],
        "algo-3": ["all", "some"],
    }
    assert [hosts[f"algo-{n}"]["data"]["all"] for n in (1, 2, 3)] == [["0", "3"], ["1"], ["2"]]
    assert [hosts[f"algo-{n}"]["data"]["some"] for n in (2, 3)] == [["0", "2"], ["1", "3"]]
    assert hosts["algo-1"]["folders"] == ["all"]
    assert hosts["algo-2"]["folders"] == ["all", "some"]


def test_objects_that_are_gone_when_the_job_starts_fail_it_in_awss_words(trainer: Any) -> None:
    trainer.put("d/0", "0")
    trainer.put("m", json.dumps([{"prefix": "s3://bucket/d/"}, *["0"] * 10_000, "late"]))
    source = {"S3DataType": "ManifestFile", "S3Uri": "s3://bucket/m"}
    # A manifest this long is not gone through before the job exists.
    trainer.create(TELL, InputDataConfig=[{"ChannelName": "train", "DataSource": {"S3DataSource": source}}])
    answer = trainer.wait()
    assert answer["TrainingJobStatus"] == "Failed"
    assert answer["FailureReason"] == (
        'ClientError: Data download failed: Entry 10002 of the manifest "s3://bucket/m" names "s3://bucket/d/late", and there'
        " is no such object."
    )
