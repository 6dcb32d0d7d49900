"""Distributed launchers: what ``distribution={...}`` of SageMaker's SDK says in hyperparameters."""

from __future__ import annotations

from typing import Any

_LAUNCHERS = {"torchrun": "sagemaker_torch_distributed_enabled", "mpi": "sagemaker_mpi_enabled"}


def launcher(name: str | None, processes_per_host: int | None) -> dict[str, Any]:
    """The hyperparameters with which ``name`` (``torchrun``, ``mpi``, or None) starts the script's processes.

    Raises ValueError for another name, or a number of processes without a launcher or below one.
    """
    if name is None:
        if processes_per_host is not None:
            raise ValueError("processes_per_host needs distribution='torchrun' or 'mpi'.")
        return {}
    if name not in _LAUNCHERS:
        raise ValueError(f"distribution is {name!r}; it can be {' or '.join(map(repr, _LAUNCHERS))}.")
    values: dict[str, Any] = {_LAUNCHERS[name]: True}
    if processes_per_host is not None:
        if processes_per_host < 1:
            raise ValueError(f"processes_per_host is {processes_per_host}; it must be at least 1.")
        values["sagemaker_mpi_num_of_processes_per_host"] = processes_per_host
    return values
