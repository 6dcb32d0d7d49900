"""What the SDK raises."""

from __future__ import annotations


class ClaryError(Exception):
    """The API refused a request; ``code`` and ``message`` are the API's own."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{message} ({code})")
        self.code = code
        self.message = message


class JobFailed(Exception):
    """Something long-running ended badly: its name, the reason the API gives, and the end of its log."""

    what = "It"

    def __init__(self, name: str, reason: str, log_tail: str = "") -> None:
        text = f"{self.what} {name} failed: {reason}"
        if log_tail:
            text += f"\n--- the end of its log ---\n{log_tail}"
        super().__init__(text)
        self.name = name
        self.reason = reason
        self.log_tail = log_tail


class TrainingFailed(JobFailed):
    """A training job ended as Failed."""

    what = "Training job"


class ProcessingFailed(JobFailed):
    """A processing job ended as Failed."""

    what = "Processing job"


class DeploymentFailed(JobFailed):
    """An endpoint did not come into service."""

    what = "Endpoint"


class LabelingFailed(JobFailed):
    """A labeling job ended as Failed."""

    what = "Labeling job"
