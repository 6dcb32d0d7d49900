"""Clary's small SDK: train, deploy and predict in a line each, over the SageMaker API and nothing under it.

Every object knows its name, its ARN and (``.boto3``) the boto3 call that shows the same thing, so that a user
can drop down a level at any time::

    job = clary.train("train.py", inputs={"train": "./data"}, metrics={"loss": r"loss=([0-9.]+)"})
    job.wait()
    endpoint = clary.deploy(job)
    endpoint.predict([[0.0, 1.0]])
"""

from __future__ import annotations

from clary.sdk.endpoint import Endpoint, deploy, endpoints
from clary.sdk.errors import ClaryError, DeploymentFailed, LabelingFailed, ProcessingFailed, TrainingFailed
from clary.sdk.inputs import Input
from clary.sdk.labeling import LabelingJob, labeling_jobs
from clary.sdk.labeling_data import export_labels, import_labels, label_frame, to_dataset
from clary.sdk.labeling_start import label
from clary.sdk.model import Model
from clary.sdk.processing import ProcessingJob, process, processing_jobs
from clary.sdk.training import TrainingJob, jobs, train
from clary.sdk.workteam import Workteam, workteams

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
]
