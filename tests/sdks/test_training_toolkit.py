"""Script mode's variables and command lines are those of `sagemaker-training` 5.1.4 itself, for whatever a job may carry.

Both read the same files of /opt/ml/input/config. What differs on purpose is named where it is compared.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.sdks import environments

from clary.toolkits.training import cluster, code, distributed, hyperparameters, variables
from clary.toolkits.training.distributed import Cluster
from clary.toolkits.training.errors import JobFailure
from clary.toolkits.training.layout import Layout
from clary.toolkits.training.program import for_script_mode

JOB = "job-1"
EXAMPLES = settings(
    max_examples=200,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


class Toolkit:
    """The toolkit in its own interpreter, asked over a pipe, and our answers to the same questions."""

    def __init__(self, base: Path) -> None:
        self.layout = Layout(base)
        self.layout.make()
        environment = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
        environment |= {"SAGEMAKER_BASE_DIR": str(base), "AWS_DEFAULT_REGION": "eu-west-1"}
        self._process = subprocess.Popen(
            [environments.python_of("v2"), Path(__file__).with_name("toolkit_driver.py")],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()

    def ask(self, request: Mapping[str, Any], host: str = cluster.HOST, *, commands: bool = False) -> Any:
        """What the toolkit makes of a job, on one of its hosts."""
        self.layout.write_config(request, cluster.resource_config(request, host))
        question = {"environ": {"TRAINING_JOB_NAME": request["TrainingJobName"]}, "commands": commands}
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(question) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def ours(self, request: Mapping[str, Any], host: str = cluster.HOST) -> dict[str, str]:
        values = hyperparameters.split(request["HyperParameters"])
        return variables.script_variables(
            request,
            values,
            self.layout,
            cluster.resource_config(request, host),
            program=values.platform.get("sagemaker_program"),
            cpus=multiprocessing.cpu_count(),
            gpus=0,
            region="eu-west-1",
        )

    def code(self, names: Mapping[str, str]) -> None:
        """Make the user's code anew."""
        shutil.rmtree(self.layout.code)
        self.layout.code.mkdir()
        for name, text in names.items():
            path = self.layout.code / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)


@pytest.fixture(scope="module")
def toolkit(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Toolkit]:
    one = Toolkit(tmp_path_factory.mktemp("toolkit") / "ml")
    yield one
    one.close()


# CreateTrainingJob's own limits: any text, up to 2500 characters; JSON cannot carry lone surrogates. Variables cannot carry
# NUL (our agent leaves such a variable out and says so; the toolkit's would fail to start anything).
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
KEY = st.one_of(
    st.sampled_from(["epochs", "e", "batch-size", "learning_rate", "a.b", "Ünïcode", "s", "hps", "", "-x"]),
    TEXT,
)
VALUE = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(allow_nan=False),
        TEXT,
        st.sampled_from(["", " ", "[1", "NaN", "a=b"]),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(KEY, inner, max_size=3), st.dictionaries(TEXT, inner)
    ),
    max_leaves=5,
)
RAW = st.one_of(
    VALUE.map(json.dumps),
    TEXT,
    st.sampled_from(["NaN", "-Infinity", "1e999", "0x10", "True", "null", "1" * 5000, '"\\ud800"']),
)
PROGRAM = st.sampled_from(
    ["train.py", "src/train.py", "train.sh", "run", "a.py.py", "123", "-c", "../x.py", "a b.py"]
)
LAUNCHERS = [
    "sagemaker_mpi_enabled",
    "sagemaker_torch_distributed_enabled",
    "sagemaker_pytorch_ddp_enabled",
    "sagemaker_parameter_server_enabled",
    "sagemaker_distributed_dataparallel_enabled",
]
PLATFORM = st.fixed_dictionaries(
    {},
    optional={
        "sagemaker_program": PROGRAM.flatmap(lambda name: st.sampled_from([name, json.dumps(name)])),
        "sagemaker_submit_directory": st.sampled_from(
            ['"s3://b/k.tar.gz"', "s3://b/k.tar.gz", "/opt/ml/code"]
        ),
        "sagemaker_container_log_level": st.sampled_from(["20", "10", '"INFO"', "null"]),
        "sagemaker_job_name": st.sampled_from(['"job"', "job", '""']),
        "sagemaker_region": st.sampled_from(['"us-west-2"', "us-west-2"]),
        "sagemaker_s3_output": st.just('"s3://b/out"'),
        "sagemaker_enable_cloudwatch_metrics": st.just("false"),
        "_tuning_objective_metric": st.just("loss"),
        "sagemaker_estimator_class_name": st.just('"PyTorch"'),
        **{name: st.sampled_from(["true", "false"]) for name in LAUNCHERS},
    },
)
CHANNEL = st.fixed_dictionaries(
    {
        "DataSource": st.fixed_dictionaries(
            {
                "S3DataSource": st.fixed_dictionaries(
                    {"S3Uri": st.just("s3://b/k")},
                    optional={
                        "S3DataDistributionType": st.sampled_from(["FullyReplicated", "ShardedByS3Key"])
                    },
                )
            }
        )
    },
    optional={
        "ContentType": TEXT,
        "InputMode": st.sampled_from(["File", "Pipe", "FastFile"]),
        "RecordWrapperType": st.sampled_from(["None", "RecordIO"]),
    },
)
NAME = st.from_regex(r"[A-Za-z0-9._-]{1,12}", fullmatch=True).filter(
    lambda name: name.strip(".")
)  # no folder is "."
CHANNELS = st.dictionaries(NAME, CHANNEL, max_size=4).map(
    lambda found: [{"ChannelName": name, **channel} for name, channel in found.items()]
)
GROUPS = st.lists(
    st.tuples(st.sampled_from(["ml.m5.large", "ml.c5.xlarge"]), st.integers(1, 4)), min_size=1, max_size=3
).map(
    lambda found: {
        "InstanceGroups": [
            {"InstanceGroupName": f"group-{index}", "InstanceType": kind, "InstanceCount": count}
            for index, (kind, count) in enumerate(found)
        ]
    }
)
ALIKE = st.fixed_dictionaries(
    {"InstanceType": st.sampled_from(["ml.m5.large", "ml.p3.16xlarge"]), "InstanceCount": st.integers(1, 12)}
)
CLUSTER = st.one_of(ALIKE, GROUPS)


def request(values: Mapping[str, str], channels: list[Any], resources: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "TrainingJobName": JOB,
        "HyperParameters": dict(values),
        "InputDataConfig": channels,
        "AlgorithmSpecification": {"TrainingInputMode": "File"},
        "ResourceConfig": dict(resources),
    }


def same_variables(ours: dict[str, str], theirs: dict[str, Any]) -> None:
    """Every variable of the toolkit's, and the three that it sets in its own process, have the same text; there are no more."""
    expected = {**theirs["variables"], **theirs["set"]}
    # Compared as values, so that a difference is shown by its key.
    assert json.loads(ours.pop("SM_TRAINING_ENV")) == json.loads(expected.pop("SM_TRAINING_ENV"))
    assert ours == expected


@EXAMPLES
@given(st.dictionaries(KEY, RAW, max_size=6), PLATFORM, CHANNELS)
def test_variables_and_arguments_are_the_toolkits(
    toolkit: Toolkit, values: dict[str, str], platform: dict[str, str], channels: list[Any]
) -> None:
    asked = request({**values, **platform}, channels, {"InstanceType": "ml.m5.large", "InstanceCount": 1})
    theirs = toolkit.ask(asked)
    same_variables(toolkit.ours(asked), theirs)
    assert (
        hyperparameters.to_arguments(hyperparameters.split(asked["HyperParameters"]).user)
        == theirs["arguments"]
    )


@EXAMPLES
@given(PLATFORM, CLUSTER, st.data())
def test_every_host_of_a_cluster_sees_what_the_toolkit_shows(
    toolkit: Toolkit, platform: dict[str, str], resources: dict[str, Any], data: st.DataObject
) -> None:
    names = [group["InstanceGroupName"] for group in resources.get("InstanceGroups", [])]
    if names and data.draw(st.booleans()):
        chosen = data.draw(st.lists(st.sampled_from(names), unique=True))
        platform = {**platform, "sagemaker_distribution_instance_groups": json.dumps(chosen)}
    asked = request(platform, [], resources)
    host = data.draw(st.sampled_from(cluster.hosts(asked)))
    theirs = toolkit.ask(asked, host)
    ours = toolkit.ours(asked, host)
    environment = json.loads(ours["SM_TRAINING_ENV"])
    assert [environment["master_hostname"], environment["is_master"]] == theirs["master"]
    same_variables(ours, theirs)


@settings(EXAMPLES, max_examples=100)
@given(
    st.dictionaries(KEY, RAW, max_size=4),
    PROGRAM,
    st.booleans(),
    st.integers(1, 3),
    st.sampled_from(["", "1", "2"]),
)
def test_command_lines_are_the_toolkits(
    toolkit: Toolkit, values: dict[str, str], program: str, package: bool, count: int, processes: str
) -> None:
    toolkit.code({"train.py": "", "src/train.py": "", "run": "", "train.sh": "", "a.py.py": "", "123": ""})
    if package:
        (toolkit.layout.code / "setup.py").touch()
    platform = {"sagemaker_program": json.dumps(program), "sagemaker_torch_distributed_enabled": "true"}
    if processes:
        platform["sagemaker_mpi_num_of_processes_per_host"] = processes
    asked = request({**values, **platform}, [], {"InstanceType": "ml.m5.large", "InstanceCount": count})
    theirs = toolkit.ask(asked, commands=True)["commands"]
    split = hyperparameters.split(asked["HyperParameters"])
    arguments = hyperparameters.to_arguments(split.user)
    python, folder = Path(sys.executable), toolkit.layout.code
    try:
        entry_point = code.check_entry_point(program)
    except JobFailure as failure:
        assert "refused" in theirs["plain"]
        assert repr(program) in failure.reason
        return
    kind = code.kind_of(folder, entry_point)
    plain = for_script_mode(kind, entry_point, arguments, python, folder, {}).arguments
    assert shell_words(plain) == shell_words(as_ours(theirs["plain"]))

    hosts = cluster.hosts(asked)
    one = Cluster(hosts, hosts[0], distributed.processes_per_host(split, 0), "lo", 7777)
    if "refused" in theirs["torchrun"]:
        with pytest.raises(JobFailure):
            distributed.torchrun(one, kind, python, entry_point, arguments)
    else:
        assert distributed.torchrun(one, kind, python, entry_point, arguments) == as_ours(theirs["torchrun"])

    # Of mpirun's own options those count that say where and how many; the others tune AWS's network and images.
    program_line = distributed.mpi_program(python, plain)
    line = distributed.mpirun(one, split, program_line, {})
    theirs_mpi = as_ours(theirs["mpi"])
    for option in ("--host", "-np"):
        assert line[line.index(option) + 1] == theirs_mpi[theirs_mpi.index(option) + 1]
    # The toolkit runs a script as `-m mpi4py`; we do where that is installed.
    tail = shell_words(list(plain))
    assert shell_words(line)[-len(tail) :] == tail
    words = [part for part in shell_words(theirs_mpi) if part not in (sys.executable, "-m", "mpi4py")]
    tail = [part for part in tail if part not in (sys.executable, "-m")]
    assert words[-len(tail) :] == tail


def as_ours(command: list[str]) -> list[str]:
    """The toolkit's command with what we say otherwise on purpose: our interpreter; no ``--`` before a script (the name was
    checked, and our warm start recognises it); torchrun as a module, to find packages installed for the job alone."""
    found = list(command)
    if found[0] == "torchrun":
        return [sys.executable, "-m", "torch.distributed.run", *found[1:]]
    for index, part in enumerate(found):
        if part.endswith("/bin/python"):
            found[index] = sys.executable
            if found[index + 1] == "--":
                del found[index + 1]
            break
    return found


def shell_words(command: list[str] | Any) -> list[str]:
    """A command with the text of its ``sh -c`` taken apart: quoting may differ, what the shell reads may not."""
    found = list(command)
    if "-c" in found and found[found.index("-c") - 1] == "/bin/sh":
        index = found.index("-c")
        return [*found[: index + 1], *shlex.split(found[index + 1])]
    return found
