"""The environment of a training script: the platform's variables and script mode's ``SM_*`` (contracts sections 2 and 3)."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from clary.toolkits.training.hyperparameters import Hyperparameters, to_arguments
from clary.toolkits.training.layout import Layout, input_data_config

# Framework parameters that name this instance group as the one a distributed launcher runs on.
_DISTRIBUTIONS = (
    "sagemaker_mpi_enabled",
    "sagemaker_parameter_server_enabled",
    "sagemaker_distributed_dataparallel_enabled",
    "sagemaker_pytorch_ddp_enabled",
    "sagemaker_pytorch_xla_multi_worker_enabled",
    "sagemaker_multi_worker_mirrored_strategy_enabled",
    "sagemaker_torch_distributed_enabled",
)
_LONGEST = 131_072  # MAX_ARG_STRLEN


def platform_variables(request: Mapping[str, Any], region: str) -> dict[str, str]:
    """What SageMaker itself sets for every training container."""
    return {
        "TRAINING_JOB_NAME": request["TrainingJobName"],
        "TRAINING_JOB_ARN": request.get("TrainingJobArn") or "",
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
    }


def script_variables(
    request: Mapping[str, Any],
    hyperparameters: Hyperparameters,
    layout: Layout,
    resources: Mapping[str, Any],
    *,
    program: str | None,
    cpus: float,
    gpus: int,
    region: str = "",
) -> dict[str, str]:
    """The ``SM_*`` variables, and those that the training toolkit sets beside them. ``resources``: resourceconfig.json;
    ``program``: the entry point; ``cpus``, ``gpus``: this host's; ``region``: where no hyperparameter names one."""
    values = _toolkit_environment(request, hyperparameters, layout, resources, program, cpus, gpus)
    exported: dict[str, Any] = {name: values[name] for name in _EXPORTED}
    exported["hps"] = hyperparameters.user
    exported["framework_params"] = hyperparameters.framework
    exported["channels"] = sorted(values["channel_input_dirs"])
    exported["user_args"] = to_arguments(hyperparameters.user)
    exported["training_env"] = values
    exported.update({f"channel_{name}": path for name, path in values["channel_input_dirs"].items()})
    exported.update({f"hp_{name}": value for name, value in hyperparameters.user.items()})
    variables = {f"SM_{name.upper()}": as_text(value) for name, value in exported.items()}
    variables["SAGEMAKER_JOB_NAME"] = as_text(hyperparameters.platform.get("sagemaker_job_name"))
    variables["SAGEMAKER_REGION"] = as_text(hyperparameters.platform.get("sagemaker_region", region))
    variables["CURRENT_HOST"] = values["current_host"]
    return variables


_EXPORTED = (
    "hosts", "network_interface_name", "user_entry_point", "resource_config", "input_data_config", "output_data_dir",
    "current_host", "current_instance_type", "current_instance_group", "current_instance_group_hosts",
    "instance_groups", "instance_groups_dict", "distribution_instance_groups", "is_hetero", "module_name", "log_level",
    "framework_module", "input_dir", "input_config_dir", "output_dir", "num_cpus", "num_gpus", "num_neurons", "model_dir",
    "module_dir", "output_intermediate_dir",
)  # fmt: skip


def as_text(value: Any) -> str:
    """A variable's text: strings as they are, None as nothing, everything else as compact JSON with sorted keys."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def distribution_groups(hyperparameters: Hyperparameters, resources: Mapping[str, Any]) -> list[str]:
    """The instance groups on which a distributed launcher runs; none where no launcher is asked for."""
    asked = hyperparameters.framework.get("sagemaker_distribution_instance_groups")
    if asked is not None:
        return list(asked)
    if any(hyperparameters.framework.get(name) for name in _DISTRIBUTIONS):
        return [resources["current_group_name"]]
    return []


def distribution_hosts(hyperparameters: Hyperparameters, resources: Mapping[str, Any]) -> list[str]:
    """The hosts of `distribution_groups`; the first is the launcher's master."""
    chosen = distribution_groups(hyperparameters, resources)
    return [
        host
        for group in resources["instance_groups"]
        if group["instance_group_name"] in chosen
        for host in group["hosts"]
    ]


def too_long(environment: Mapping[str, str]) -> list[str]:
    """Variables with which Linux would execute no program at all: name, value and two more bytes are over 128 KiB."""
    return [
        name
        for name, value in environment.items()
        if len(name) + len(value.encode("utf-8", "surrogateescape")) + 2 > _LONGEST
    ]


def _toolkit_environment(
    request: Mapping[str, Any],
    hyperparameters: Hyperparameters,
    layout: Layout,
    resources: Mapping[str, Any],
    program: str | None,
    cpus: float,
    gpus: int,
) -> dict[str, Any]:
    """The members of the training toolkit's Environment object, which SM_TRAINING_ENV shows whole."""
    channels = input_data_config(request, resources)
    groups = resources["instance_groups"]
    group = resources["current_group_name"]
    distributed = distribution_groups(hyperparameters, resources)
    distributed_hosts = distribution_hosts(hyperparameters, resources)
    master = (distributed_hosts or resources["hosts"])[0]
    return {
        "additional_framework_parameters": hyperparameters.framework,
        "channel_input_dirs": {name: str(layout.channel(name)) for name in channels},
        "current_host": resources["current_host"],
        "current_instance_group": group,
        "current_instance_group_hosts": [
            h for one in groups if one["instance_group_name"] == group for h in one["hosts"]
        ],
        "current_instance_type": resources["current_instance_type"],
        "distribution_hosts": distributed_hosts,
        "distribution_instance_groups": distributed,
        "framework_module": None,
        "hosts": resources["hosts"],
        "hyperparameters": hyperparameters.user,
        "input_config_dir": str(layout.config),
        "input_data_config": channels,
        "input_dir": str(layout.input),
        "instance_groups": [one["instance_group_name"] for one in groups],
        "instance_groups_dict": {one["instance_group_name"]: one for one in groups},
        "is_hetero": len(groups) > 1,
        "is_master": resources["current_host"] == master,
        "is_modelparallel_enabled": None,
        "is_smddpmprun_installed": False,
        "is_smddprun_installed": False,
        "job_name": request["TrainingJobName"],
        "log_level": hyperparameters.platform.get("sagemaker_container_log_level", 20),
        "master_hostname": master,
        "model_dir": str(layout.model),
        "module_dir": str(hyperparameters.platform.get("sagemaker_submit_directory", layout.code)),
        "module_name": str(program).removesuffix(".py") if program else "None",
        "network_interface_name": resources["network_interface_name"],
        "num_cpus": max(1, math.floor(cpus)),
        "num_gpus": gpus,
        "num_neurons": 0,
        "output_data_dir": str(layout.output_data),
        "output_dir": str(layout.output),
        "output_intermediate_dir": str(layout.intermediate),
        "resource_config": resources,
        "topology": [],
        "user_entry_point": program,
    }
