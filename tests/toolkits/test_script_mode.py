"""Hyperparameters and variables, against what sagemaker-training 5.1.4 gives for the same files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from clary.toolkits.training import hyperparameters, variables
from clary.toolkits.training.cluster import network_interface, resource_config
from clary.toolkits.training.code import Program, check_entry_point, kind_of
from clary.toolkits.training.errors import JobFailure
from clary.toolkits.training.layout import Layout

RAW = {
    "sagemaker_program": '"train.py"',
    "sagemaker_submit_directory": '"s3://b/x/sourcedir.tar.gz"',
    "sagemaker_region": '"us-east-1"',
    "sagemaker_job_name": '"job-1"',
    "sagemaker_container_log_level": "20",
    "sagemaker_estimator_class_name": '"PyTorch"',
    "sagemaker_estimator_module": '"sagemaker.pytorch.estimator"',
    "epochs": "10",
    "batch-size": "64",
    "lr": "0.1",
    "augment": "true",
    "name": "plain text",
    "sizes": '{"w": 1, "h": 2}',
    "layers": "[1, 2]",
    "none": "null",
    "e": "3",
    "_tuning_objective_metric": "acc",
    "quoted": '"x y"',
}
REQUEST: dict[str, Any] = {
    "TrainingJobName": "job-1",
    "TrainingJobArn": "arn:aws:sagemaker:us-east-1:000000000000:training-job/job-1",
    "HyperParameters": RAW,
    "AlgorithmSpecification": {"TrainingImage": "clary/python", "TrainingInputMode": "File"},
    "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
    "InputDataConfig": [
        {
            "ChannelName": "train",
            "ContentType": "text/csv",
            "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://b/train"}},
        },
        {
            "ChannelName": "Eval_set",
            "InputMode": "FastFile",
            "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://b/eval"}},
        },
    ],
}
# What the toolkit's Environment().to_cmd_args() returned for RAW.
ARGUMENTS = [
    "--augment", "True", "--batch-size", "64", "-e", "3", "--epochs", "10", "--layers", "[1, 2]", "--lr", "0.1",
    "--name", "plain text", "--none", "", "--quoted", "x y", "--sizes", "h=2,w=1",
]  # fmt: skip
# What its Environment().to_env_vars() returned, but for SM_TRAINING_ENV; the machine had 2 cores and an eth0.
VARIABLES = {
    "SM_CHANNELS": '["Eval_set","train"]',
    "SM_CHANNEL_EVAL_SET": "/opt/ml/input/data/Eval_set",
    "SM_CHANNEL_TRAIN": "/opt/ml/input/data/train",
    "SM_CURRENT_HOST": "algo-1",
    "SM_CURRENT_INSTANCE_GROUP": "homogeneousCluster",
    "SM_CURRENT_INSTANCE_GROUP_HOSTS": '["algo-1"]',
    "SM_CURRENT_INSTANCE_TYPE": "ml.m5.large",
    "SM_DISTRIBUTION_INSTANCE_GROUPS": "[]",
    "SM_FRAMEWORK_MODULE": "",
    "SM_FRAMEWORK_PARAMS": '{"sagemaker_estimator_class_name":"PyTorch",'
    '"sagemaker_estimator_module":"sagemaker.pytorch.estimator"}',
    "SM_HOSTS": '["algo-1"]',
    "SM_HPS": '{"augment":true,"batch-size":64,"e":3,"epochs":10,"layers":[1,2],"lr":0.1,"name":"plain text","none":null,'
    '"quoted":"x y","sizes":{"h":2,"w":1}}',
    "SM_HP_AUGMENT": "true",
    "SM_HP_BATCH-SIZE": "64",
    "SM_HP_E": "3",
    "SM_HP_EPOCHS": "10",
    "SM_HP_LAYERS": "[1,2]",
    "SM_HP_LR": "0.1",
    "SM_HP_NAME": "plain text",
    "SM_HP_NONE": "",
    "SM_HP_QUOTED": "x y",
    "SM_HP_SIZES": '{"h":2,"w":1}',
    "SM_INPUT_CONFIG_DIR": "/opt/ml/input/config",
    "SM_INPUT_DATA_CONFIG": '{"Eval_set":{"RecordWrapperType":"None","S3DistributionType":"FullyReplicated","TrainingInputMode":'
    '"File"},"train":{"ContentType":"text/csv","RecordWrapperType":"None","S3DistributionType":"FullyReplicated",'
    '"TrainingInputMode":"File"}}',
    "SM_INPUT_DIR": "/opt/ml/input",
    "SM_INSTANCE_GROUPS": '["homogeneousCluster"]',
    "SM_INSTANCE_GROUPS_DICT": '{"homogeneousCluster":{"hosts":["algo-1"],"instance_group_name":"homogeneousCluster",'
    '"instance_type":"ml.m5.large"}}',
    "SM_IS_HETERO": "false",
    "SM_LOG_LEVEL": "20",
    "SM_MODEL_DIR": "/opt/ml/model",
    "SM_MODULE_DIR": "s3://b/x/sourcedir.tar.gz",
    "SM_MODULE_NAME": "train",
    "SM_NETWORK_INTERFACE_NAME": network_interface(local=False),
    "SM_NUM_CPUS": "2",
    "SM_NUM_GPUS": "0",
    "SM_NUM_NEURONS": "0",
    "SM_OUTPUT_DATA_DIR": "/opt/ml/output/data",
    "SM_OUTPUT_DIR": "/opt/ml/output",
    "SM_OUTPUT_INTERMEDIATE_DIR": "/opt/ml/output/intermediate",
    "SM_RESOURCE_CONFIG": '{"current_group_name":"homogeneousCluster","current_host":"algo-1","current_instance_type":'
    '"ml.m5.large","hosts":["algo-1"],"instance_groups":[{"hosts":["algo-1"],"instance_group_name":"homogeneousCluster",'
    f'"instance_type":"ml.m5.large"}}],"network_interface_name":"{network_interface(local=False)}"}}',
    "SM_USER_ARGS": json.dumps(ARGUMENTS, separators=(",", ":")),
    "SM_USER_ENTRY_POINT": "train.py",
}
TRAINING_ENV_KEYS = """
additional_framework_parameters channel_input_dirs current_host current_instance_group current_instance_group_hosts
current_instance_type distribution_hosts distribution_instance_groups framework_module hosts hyperparameters
input_config_dir input_data_config input_dir instance_groups instance_groups_dict is_hetero is_master
is_modelparallel_enabled is_smddpmprun_installed is_smddprun_installed job_name log_level master_hostname model_dir
module_dir module_name network_interface_name num_cpus num_gpus num_neurons output_data_dir output_dir
output_intermediate_dir resource_config topology user_entry_point
"""


def made(program: str | None = "train.py", raw: dict[str, str] = RAW) -> dict[str, str]:
    values = hyperparameters.split(raw)
    return variables.script_variables(
        REQUEST,
        values,
        Layout(Path("/opt/ml")),
        resource_config(REQUEST),
        program=program,
        cpus=2.0,
        gpus=0,
    )


def test_the_command_line_is_the_toolkits() -> None:
    assert hyperparameters.to_arguments(hyperparameters.split(RAW).user) == ARGUMENTS


def test_the_variables_are_the_toolkits() -> None:
    found = {name: value for name, value in made().items() if name.startswith("SM_")}
    training = json.loads(found.pop("SM_TRAINING_ENV"))
    assert found == VARIABLES
    assert sorted(training) == TRAINING_ENV_KEYS.split()
    assert training["hyperparameters"] == json.loads(VARIABLES["SM_HPS"])
    assert training["is_modelparallel_enabled"] is None


def test_values_may_be_json_or_plain_text() -> None:
    plain = {
        **RAW,
        "sagemaker_program": "train.py",
        "sagemaker_submit_directory": "s3://b/x/sourcedir.tar.gz",
    }
    assert hyperparameters.split(plain).platform["sagemaker_program"] == "train.py"
    assert made(raw=plain) == made()


@pytest.mark.parametrize(
    ("text", "value"),
    [("1", 1), ("1.0", 1.0), ("1e-3", 0.001), ("true", True), ("True", "True"), ("", ""), ('"1"', "1"), ("0123", "0123"),
     ("[1,", "[1,"), ("nan", "nan"), ("-5", -5), ("s3://b/k", "s3://b/k"), ('"a \\" b"', 'a " b'), ("ü", "ü")],
)  # fmt: skip
def test_a_hyperparameter_is_read_as_json_where_it_is_json(text: str, value: object) -> None:
    found = hyperparameters.decode({"x": text})["x"]
    assert (found, type(found)) == (value, type(value))


def test_a_distributed_framework_parameter_names_the_instance_group() -> None:
    found = made(raw={**RAW, "sagemaker_torch_distributed_enabled": "true"})
    assert found["SM_DISTRIBUTION_INSTANCE_GROUPS"] == '["homogeneousCluster"]'


def test_in_another_base_folder_every_path_is_below_it(tmp_path: Path) -> None:
    found = variables.script_variables(
        REQUEST,
        hyperparameters.split(RAW),
        Layout(tmp_path),
        resource_config(REQUEST),
        program="train.py",
        cpus=0.5,
        gpus=1,
    )
    assert "/opt/ml" not in json.dumps(found)
    assert (found["SM_NUM_CPUS"], found["SM_NUM_GPUS"]) == ("1", "1")


@pytest.mark.parametrize(
    ("name", "files", "kind"),
    [
        ("train.py", [], Program.SCRIPT),
        ("train.py", ["setup.py"], Program.PACKAGE),
        ("train.sh", ["setup.py"], Program.COMMAND),
        ("train", [], Program.COMMAND),
        ("train.R", [], Program.COMMAND),
        ("package.module", ["setup.py"], Program.PACKAGE),
        ("study.ipynb", [], Program.NOTEBOOK),
        ("study.ipynb", ["setup.py"], Program.NOTEBOOK),
    ],
)
def test_the_kind_of_an_entry_point_follows_from_its_name_and_a_setup_py(
    tmp_path: Path, name: str, files: list[str], kind: Program
) -> None:
    for file in files:
        (tmp_path / file).touch()
    assert kind_of(tmp_path, name) is kind


@pytest.mark.parametrize(
    "name",
    [
        "",
        "/etc/x.py",
        "../x.py",
        "a/../x.py",
        "./x.py",
        "-c",
        "a b.py",
        "x;y.py",
        "$(x).py",
        "a//b",
        "x.py\n",
    ],
)
def test_an_entry_point_that_a_shell_could_misread_is_refused(name: str) -> None:
    with pytest.raises(JobFailure, match="ClientError: The entry point"):
        check_entry_point(name)


@pytest.mark.parametrize("name", ["train.py", "src/train.py", "a-b_c+d.py", "package.module", ".hidden/x.sh"])
def test_an_ordinary_entry_point_is_taken(name: str) -> None:
    assert check_entry_point(name) == name
