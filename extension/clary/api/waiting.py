"""Answering a waiter when there is news, instead of at once.

botocore's waiters look at a training job every two minutes. They say in the User-Agent that they are waiters
(feature B), so their Describe call may be held open until the status is no longer a passing one, or for as
long as the client surely waits. Nobody else's call is ever held.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable

import orjson

from clary.api.http_types import Request, Response

_FEATURES = re.compile(r"(?:^| )m/([A-Za-z0-9,+\-]+)")
_PASSING = frozenset(
    {"InProgress", "Creating", "Updating", "Deleting", "Stopping", "Pending", "RollingBack", "Starting"}
)
_LOOK_S = 0.2


def is_waiter(request: Request) -> bool:
    """Whether a botocore waiter (1.36 or newer) asks SageMaker for a description."""
    if not request.headers.get("x-amz-target", "").startswith("SageMaker.Describe"):
        return False
    found = _FEATURES.search(request.headers.get("user-agent", ""))
    return found is not None and "B" in found[1].split(",")


async def hold(
    response: Response, again: Callable[[], Awaitable[Response]], stop: Callable[[], bool], longest_s: float
) -> Response:
    """`response`, or, while it shows a passing status, what `again` answers once that has changed.

    Gives back the last answer after `longest_s` seconds, or as soon as `stop` says so.
    """
    loop = asyncio.get_running_loop()
    end = loop.time() + longest_s
    while _passing(response) and loop.time() < end and not stop():
        await asyncio.sleep(_LOOK_S)
        response = await again()
    return response


def _passing(response: Response) -> bool:
    if response.status != 200 or not isinstance(response.body, bytes):
        return False
    document = orjson.loads(response.body)
    return any(
        name.endswith("Status") and value in _PASSING
        for name, value in document.items()
        if isinstance(value, str)
    )
