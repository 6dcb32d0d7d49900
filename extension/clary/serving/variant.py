"""A production variant at work: its backend, its logs, and the answers that carry its name."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod

from clary.serving.answers import clean, error_response, model_error, request_id, success_prefix
from clary.serving.http import Request
from clary.serving.instance_logs import InstanceLogs

TIMED_OUT = (
    "Your invocation timed out while waiting for a response from container primary. Review the latency metrics for each "
    "container in Amazon CloudWatch, resolve the issue, and try again."
)


class Backend(ABC):
    """What runs a variant's model. Every method is called on the event loop's thread."""

    @abstractmethod
    async def start(self, allowance: float) -> None:
        """Called once, before any request: load, and return when requests can be answered. Raises StartFailure."""

    @abstractmethod
    def submit(self, request: Request) -> None:
        """Called for every request that was let in; must lead to `Variant.succeed`, `fail` or `unavailable` later."""

    @abstractmethod
    async def scale(self, instances: int) -> None:
        """Called when the instance count changes; returns when that many are there. Raises StartFailure."""

    @abstractmethod
    async def close(self) -> None:
        """Called after the last request was answered."""

    @property
    @abstractmethod
    def ready(self) -> bool:
        """Asked by /ping: a request would be answered now."""


class StartFailure(Exception):
    """A variant that cannot serve; the text says what its owner can do."""


class Variant:
    """Answers requests in the name of one production variant."""

    def __init__(self, name: str, logs: InstanceLogs) -> None:
        self.name = name
        self.logs = logs
        self.backend: Backend = _NotStarted()
        self.desired_weight = 1.0
        self.weight = 1.0
        self.desired_instances = 1
        self.instances = 1
        self._prefixes: dict[str, bytes] = {}

    def succeed(
        self, request: Request, content_type: str, body: bytes, custom_attributes: str | None = None
    ) -> None:
        """Send a 200."""
        prefix = self._prefixes.get(content_type)
        if prefix is None:
            prefix = success_prefix(self.name, content_type)
            if len(self._prefixes) < 100:  # content types may come from a model, and so be endless
                self._prefixes[content_type] = prefix
        head = b"%b%b\r\n" % (prefix, request_id())
        if custom_attributes is not None:
            head += b"X-Amzn-SageMaker-Custom-Attributes: %b\r\n" % clean(custom_attributes)[:1024]
        self.logs.count(time.monotonic() - request.arrived, failed=False)
        request.reply(head, body)

    def fail(
        self,
        request: Request,
        status: int,
        message: str,
        *,
        stream: str | None = None,
        text: str | None = None,
    ) -> None:
        """Send ModelError (424) for what the model's own side answered."""
        stream = stream or self.logs.first_stream
        head, body = model_error(
            status, message, log_arn=self.logs.arn(stream), where=self.logs.where(stream), text=text
        )
        self.logs.count(time.monotonic() - request.arrived, failed=True)
        request.reply(head, body)

    def time_out(self, request: Request, stream: str | None = None) -> None:
        """Send the ModelError of a model that did not answer in time."""
        self.fail(
            request,
            0,
            TIMED_OUT,
            stream=stream,
            text=f'Received server error (0) from primary with message "{TIMED_OUT}"',
        )

    def unavailable(self, request: Request, message: str) -> None:
        """Send ServiceUnavailable (503): nothing is wrong with the request, it may be sent again."""
        self.logs.count(time.monotonic() - request.arrived, failed=True)
        request.reply(*error_response(503, "ServiceUnavailable", message))


class _NotStarted(Backend):
    async def start(self, allowance: float) -> None:
        raise StartFailure("no backend")

    def submit(self, request: Request) -> None:
        request.reply(*error_response(503, "ServiceUnavailable", "The variant is not ready yet."))

    async def scale(self, instances: int) -> None:
        raise StartFailure("no backend")

    async def close(self) -> None:
        return

    @property
    def ready(self) -> bool:
        return False
