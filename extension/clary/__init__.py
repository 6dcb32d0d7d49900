"""Clary: Amazon SageMaker's workflow on your own machine, by the SageMaker API itself.

``import clary`` does two things and no more:

* it opens the *in-process door*: sessions of boto3 and of the SageMaker SDKs that this process makes from
  then on are answered by Clary's engine inside this process: no server, no port, no key, no network.
  ``clary.detach()`` closes the door again, ``CLARY_DOOR=off`` in the environment keeps it closed;
* it offers a small SDK over the same API (:func:`train`, :func:`process`, :func:`deploy`, :func:`label`, :func:`jobs`,
  :func:`processing_jobs`, :func:`endpoints`) and a panel for notebooks (:class:`TrainingLauncher`), each name imported when
  it is first used, so that the import itself stays cheap. ``clary.images`` says which environments stand for container images,
  ``clary.label_functions`` keeps functions for labeling jobs.
"""

from __future__ import annotations

import importlib
import os
from typing import TYPE_CHECKING, Any

from clary.api.transport import attach, detach

if TYPE_CHECKING:
    from clary import images
    from clary.sdk import (
        ClaryError,
        DeploymentFailed,
        Endpoint,
        Input,
        LabelingFailed,
        LabelingJob,
        Model,
        ProcessingFailed,
        ProcessingJob,
        TrainingFailed,
        TrainingJob,
        Workteam,
        deploy,
        endpoints,
        export_labels,
        import_labels,
        jobs,
        label,
        label_frame,
        labeling_jobs,
        process,
        processing_jobs,
        to_dataset,
        train,
        workteams,
    )
    from clary.widgets import TrainingLauncher

__version__ = "0.1.0"

_HOMES = {
    **dict.fromkeys(
        (
            "ClaryError",
            "DeploymentFailed",
            "Endpoint",
            "Input",
            "LabelingFailed",
            "LabelingJob",
            "Model",
            "ProcessingFailed",
            "ProcessingJob",
            "TrainingFailed",
            "TrainingJob",
            "Workteam",
            "deploy",
            "endpoints",
            "export_labels",
            "import_labels",
            "jobs",
            "label_frame",
            "label",
            "labeling_jobs",
            "process",
            "processing_jobs",
            "to_dataset",
            "train",
            "workteams",
        ),
        "clary.sdk",
    ),
    "TrainingLauncher": "clary.widgets",
}

_MODULES = {"images": "clary.images", "label_functions": "clary.sdk.label_functions"}

__all__ = [
    "ClaryError",
    "DeploymentFailed",
    "Endpoint",
    "Input",
    "LabelingFailed",
    "LabelingJob",
    "Model",
    "ProcessingFailed",
    "ProcessingJob",
    "TrainingFailed",
    "TrainingJob",
    "TrainingLauncher",
    "Workteam",
    "__version__",
    "attach",
    "deploy",
    "detach",
    "endpoints",
    "export_labels",
    "images",
    "import_labels",
    "jobs",
    "label_frame",
    "label_functions",
    "label",
    "labeling_jobs",
    "process",
    "processing_jobs",
    "to_dataset",
    "train",
    "workteams",
]


def __getattr__(name: str) -> Any:
    """Import a name of the SDK or a launcher when it is first asked for (PEP 562)."""
    if name in _MODULES:
        return importlib.import_module(_MODULES[name])
    if name in _HOMES:
        value = getattr(importlib.import_module(_HOMES[name]), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module 'clary' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES, *_MODULES})


def load_ipython_extension(shell: Any) -> None:
    """``%load_ext clary``: the magic ``%%train`` for this shell. The clary-python kernel has it already."""
    importlib.import_module("clary.magics").register(shell)


if os.environ.get("CLARY_DOOR", "").strip().lower() not in {"off", "0", "no", "false"}:
    attach()
