"""What real requests carry that has no effect here: accepted, given back, and said in the log; and what is too much."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

RULE = {"RuleConfigurationName": "r", "RuleEvaluatorImage": "img"}


def test_debugger_and_profiler_settings_are_accepted_and_the_log_says_that_they_do_nothing(
    trainer: Any,
) -> None:
    asked: dict[str, Any] = {
        "DebugHookConfig": {"S3OutputPath": "s3://bucket/debug"},
        "DebugRuleConfigurations": [RULE],
        "ProfilerConfig": {"S3OutputPath": "s3://bucket/profile", "ProfilingIntervalInMilliseconds": 500},
        "ProfilerRuleConfigurations": [RULE],
        "TensorBoardOutputConfig": {"S3OutputPath": "s3://bucket/tensorboard"},
        "VpcConfig": {"SecurityGroupIds": ["sg-1"], "Subnets": ["subnet-1"]},
        "EnableInterContainerTrafficEncryption": True,
    }
    trainer.create("print('trained')", **asked)
    answer = trainer.completed()
    for member, value in asked.items():
        assert answer[member] == value
    log = trainer.log()
    assert "[clary] Debugger is not offered by Clary" in log
    assert "[clary] Profiler is not offered by Clary" in log
    assert "[clary] VpcConfig is ignored" in log
    assert "trained" in log


def test_a_job_that_asks_for_nothing_odd_has_no_warnings(trainer: Any) -> None:
    trainer.create("print('trained')", ProfilerConfig={"DisableProfiler": True})
    trainer.completed()
    assert "ignored" not in trainer.log()


def test_a_hundred_hyperparameters_of_2500_characters_reach_the_script(trainer: Any) -> None:
    # 256 KB in all is AWS's limit; each value may have 2,500 characters.
    values = {f"key{number:02d}": "x" * 2500 for number in range(98)}
    script = """
import json, os, sys
given = json.load(open("/opt/ml/input/config/hyperparameters.json"))
told = {name: value for name, value in given.items() if name.startswith("key")}
assert dict(zip(sys.argv[1::2], sys.argv[2::2])) == {f"--{name}": value for name, value in told.items()}
assert all(os.environ[f"SM_HP_{name.upper()}"] == value for name, value in told.items())
print("count", sum(map(len, told.values())), "SM_HPS" in os.environ)
"""
    trainer.create(script, hyperparameters=values)
    trainer.completed()
    assert f"count {98 * 2500} False" in trainer.log()
    assert "[clary] SM_HPS is longer than Linux lets a variable be" in trainer.log()


@pytest.mark.parametrize(
    "values", [{"a": "x" * 2501}, {f"key{number}": "1" for number in range(101)}, {"k" * 257: "1"}]
)
def test_more_hyperparameters_than_aws_takes_are_refused(trainer: Any, values: dict[str, str]) -> None:
    with pytest.raises(ClientError) as caught:
        trainer.create(None, command=["/bin/true", "-"], hyperparameters=values)
    assert caught.value.response["Error"]["Code"] == "ValidationException"
    assert "hyperParameters" in json.dumps(caught.value.response["Error"])
