"""The one error that a job's own preparation raises."""

from __future__ import annotations


class JobFailure(Exception):
    """A job that cannot go on, for a reason its owner should read.

    ``reason`` is the whole FailureReason as ``DescribeTrainingJob`` returns it (class of error first, as AWS words it:
    ``ClientError: Data download failed: ...``); ``exit_code`` is what the job's process ends with.
    """

    def __init__(self, reason: str, exit_code: int = 1) -> None:
        super().__init__(reason)
        self.reason = reason
        self.exit_code = exit_code
