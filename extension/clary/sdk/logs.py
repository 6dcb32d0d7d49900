"""Logs of jobs and endpoints, through CloudWatch Logs' operations."""

from __future__ import annotations

from collections.abc import Iterator

from clary.sdk.api import call
from clary.sdk.errors import ClaryError
from clary.sdk.pages import LogText

TRAINING_GROUP = "/aws/sagemaker/TrainingJobs"
PROCESSING_GROUP = "/aws/sagemaker/ProcessingJobs"


def endpoint_group(name: str) -> str:
    """The log group of one endpoint."""
    return f"/aws/sagemaker/Endpoints/{name}"


class LogReader:
    """Reads the streams of ``group`` whose names start with ``prefix``, each on from where it last stopped.

    A group or stream that does not exist yet has no lines; it is looked for again at the next call.
    """

    def __init__(self, group: str, prefix: str = "") -> None:
        self._group = group
        self._prefix = prefix
        self._tokens: dict[str, str] = {}

    def new(self) -> Iterator[str]:
        """The lines written since the last call, stream by stream."""
        for stream in self._streams():
            while True:
                more = {"nextToken": self._tokens[stream]} if stream in self._tokens else {}
                answer = call(
                    "GetLogEvents",
                    service="logs",
                    logGroupName=self._group,
                    logStreamName=stream,
                    startFromHead=True,
                    **more,
                )
                yield from (event["message"] for event in answer["events"])
                token = answer["nextForwardToken"]
                if not answer["events"] or token == self._tokens.get(stream):
                    break
                self._tokens[stream] = token

    def text(self) -> LogText:
        """Everything that was written since the last call."""
        return LogText("\n".join(self.new()))

    def tail(self, lines: int = 20) -> LogText:
        """The last lines of the stream that was written last, without reading it from its beginning."""
        streams = self._streams()
        if not streams:
            return LogText("")
        answer = call(
            "GetLogEvents", service="logs", logGroupName=self._group, logStreamName=streams[-1], limit=lines
        )
        return LogText("\n".join(event["message"] for event in answer["events"]))

    def _streams(self) -> list[str]:
        wanted = {"logStreamNamePrefix": self._prefix} if self._prefix else {}
        names: list[str] = []
        token: dict[str, str] = {}
        try:
            while True:
                answer = call(
                    "DescribeLogStreams", service="logs", logGroupName=self._group, **wanted, **token
                )
                names += [stream["logStreamName"] for stream in answer["logStreams"]]
                if not answer.get("nextToken"):
                    return names
                token = {"nextToken": answer["nextToken"]}
        except ClaryError as error:
            if error.code == "ResourceNotFoundException":
                return []
            raise
