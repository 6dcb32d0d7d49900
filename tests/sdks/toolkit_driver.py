"""Runs in the environment of the training toolkit: one JSON line in (a container's files and variables), one out (what the
toolkit makes of them). Imports nothing of Clary's and nothing of the tests'."""

from __future__ import annotations

import io
import json
import logging
import os
import sys
from typing import Any

logging.disable(logging.CRITICAL)

from sagemaker_training import environment, errors, mpi, process, torch_distributed  # noqa: E402

_BEFORE = dict(os.environ)


def _commands(env: Any) -> dict[str, Any]:
    """The command line of every way to start the entry point that the toolkit knows, or its refusal."""
    arguments, variables = env.to_cmd_args(), env.to_env_vars()
    name = env.user_entry_point
    hosts = env.distribution_hosts or env.hosts
    asked = env.additional_framework_parameters.get("sagemaker_mpi_num_of_processes_per_host")
    processes = int(asked) if asked else 1
    runners = {
        "plain": process.ProcessRunner(name, arguments, variables, 1),
        "torchrun": torch_distributed.TorchDistributedRunner(
            name, arguments, variables, processes, env.master_hostname, hosts, env.current_host, env.network_interface_name
        ),
        "mpi": mpi.MasterRunner(
            name, arguments, variables, processes, env.master_hostname, hosts,
            env.additional_framework_parameters.get("sagemaker_mpi_custom_mpi_options", ""), env.network_interface_name,
            num_processes=env.additional_framework_parameters.get("sagemaker_mpi_num_processes"),
        ),
    }  # fmt: skip
    made: dict[str, Any] = {}
    for kind, runner in runners.items():
        try:
            made[kind] = runner._create_command()
        except errors.ClientError as error:
            made[kind] = {"refused": str(error)}
    return made


def answer(question: dict[str, Any]) -> dict[str, Any]:
    """`environ`: the container's variables; the files of input/config and the code lie below SAGEMAKER_BASE_DIR."""
    os.environ.clear()
    os.environ.update(_BEFORE)
    os.environ.update(question["environ"])
    env = environment.Environment()
    return {
        "variables": env.to_env_vars(),
        "set": {
            name: os.environ[name] for name in ("SAGEMAKER_JOB_NAME", "SAGEMAKER_REGION", "CURRENT_HOST")
        },
        "arguments": env.to_cmd_args(),
        "commands": _commands(env) if question["commands"] else {},
        "master": [env.master_hostname, env.is_master],
    }


def main() -> None:
    out, sys.stdout = sys.stdout, io.StringIO()
    for line in sys.stdin:
        print(json.dumps(answer(json.loads(line))), file=out, flush=True)


if __name__ == "__main__":
    main()
