"""CloudWatch Logs: reading the logs of jobs and endpoints as the SDKs and the console do."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
import zlib
from typing import TYPE_CHECKING, Any

from clary.api.errors import ApiError
from clary.api.logs_pattern import parse
from clary.api.logs_reading import merge, offset_of_time
from clary.api.registry import operation
from clary.store import logfile

if TYPE_CHECKING:
    from clary.api.engine import Engine

_PAGE = 50
_MOST_EVENTS = 10_000
# A page of FilterLogEvents ends after so many bytes of messages looked at, found or not, as it does on AWS.
_SEARCHED_BYTES = 16 * 2**20
_RETURNED_BYTES = 1_000_000
_LARGEST_TOKEN = 4 * 2**20
_TOKEN = re.compile(r"([fb])/(\d{1,18})")


@operation("logs", "DescribeLogGroups")
def describe_log_groups(engine: Engine, params: dict[str, Any]) -> dict[str, Any]:
    prefix, pattern = params.get("logGroupNamePrefix"), params.get("logGroupNamePattern")
    if prefix and pattern:
        raise _invalid("LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.")
    names = [
        name
        for name in logfile.groups(engine.home)
        if name.startswith(prefix or "") and (pattern or "").lower() in name.lower()
    ]
    page, token = _page(names, params)
    return {"logGroups": [_group_facts(engine, name) for name in page], "nextToken": token}


def _group_facts(engine: Engine, name: str) -> dict[str, Any]:
    folder = logfile.stream_path(engine.home, name, "x").parent
    arn = _arn(engine, name)
    return {
        "logGroupName": name,
        "creationTime": int(folder.stat().st_mtime * 1000),
        "metricFilterCount": 0,
        "arn": f"{arn}:*",
        "logGroupArn": arn,
        "storedBytes": sum(stream.size for stream in logfile.streams(engine.home, name)),
        "logGroupClass": "STANDARD",
    }


@operation("logs", "DescribeLogStreams")
def describe_log_streams(engine: Engine, params: dict[str, Any]) -> dict[str, Any]:
    group = _group(engine, params)
    prefix = params.get("logStreamNamePrefix", "")
    by_time = params.get("orderBy") == "LastEventTime"
    if by_time and prefix:
        raise _invalid("Cannot order by LastEventTime with a logStreamNamePrefix.")
    found = {stream.name: stream for stream in logfile.streams(engine.home, group, prefix)}
    names = sorted(found, key=lambda name: (found[name].modified, name) if by_time else (0.0, name))
    if params.get("descending"):
        names.reverse()
    page, token = _page(names, params)
    facts = [_stream_facts(engine, group, found[name]) for name in page]
    return {"logStreams": [one for one in facts if one is not None], "nextToken": token}


def _stream_facts(engine: Engine, group: str, stream: logfile.StreamInfo) -> dict[str, Any] | None:
    try:
        first, _ = logfile.read_events(stream.path, 0, 1)
        last, _ = logfile.read_events_before(stream.path, None, 1)
    except FileNotFoundError:
        return None  # deleted since the group was read
    facts = {
        "logStreamName": stream.name,
        "creationTime": first[0].timestamp if first else int(stream.modified * 1000),
        "arn": f"{_arn(engine, group)}:log-stream:{stream.name}",
        "storedBytes": 0,
    }
    if first and last:
        facts["firstEventTimestamp"] = first[0].timestamp
        facts["lastEventTimestamp"] = last[-1].timestamp
        facts["lastIngestionTime"] = last[-1].timestamp
    return facts


@operation("logs", "GetLogEvents")
def get_log_events(engine: Engine, params: dict[str, Any]) -> dict[str, Any]:
    """Tokens are byte offsets, so that following a log costs the same however long it has become."""
    group = _group(engine, params)
    path = logfile.stream_path(engine.home, group, params["logStreamName"])
    if not path.is_file():
        raise _missing("log stream")
    forward, place = _place(params)
    start, end = params.get("startTime"), params.get("endTime")
    low = offset_of_time(path, start) if start else 0
    high = offset_of_time(path, end) if end is not None else path.stat().st_size
    limit = params.get("limit", _MOST_EVENTS)
    if forward:
        begin = max(low, place or 0)
        events, following = logfile.read_events(path, begin, limit, _RETURNED_BYTES)
        late = [event for event in events if end is not None and event.offset >= high]
        if late:
            events, following = events[: -len(late)], late[0].offset
    else:
        following = high if place is None else min(place, high)
        events, begin = logfile.read_events_before(path, following, limit, _RETURNED_BYTES)
        if begin < low:
            events = [event for event in events if event.offset >= low]
            begin = min(low, following)
        if place is None:
            # A line still being written is no event yet: the next call forward must begin before it.
            following = _behind(path, events, begin)
    return {
        "events": [
            {"timestamp": event.timestamp, "message": event.message, "ingestionTime": event.timestamp}
            for event in events
        ],
        "nextForwardToken": f"f/{following}",
        "nextBackwardToken": f"b/{begin}",
    }


def _behind(path: Any, events: list[logfile.LogEvent], begin: int) -> int:
    if not events:
        return begin
    return logfile.read_events(path, events[-1].offset, 1)[1]


def _place(params: dict[str, Any]) -> tuple[bool, int | None]:
    """(read forward?, byte offset) that a request of GetLogEvents asks for."""
    token = params.get("nextToken")
    if token is None:
        return bool(params.get("startFromHead")), None
    found = _TOKEN.fullmatch(token)
    if not found:
        raise _invalid("The specified nextToken is invalid.")
    return found[1] == "f", int(found[2])


@operation("logs", "FilterLogEvents")
def filter_log_events(engine: Engine, params: dict[str, Any]) -> dict[str, Any]:
    group = _group(engine, params)
    pattern = parse(params.get("filterPattern", ""))
    start, end = params.get("startTime"), params.get("endTime")
    limit = params.get("limit", _MOST_EVENTS)
    offsets = _offsets(params.get("nextToken"))
    streams = [
        one
        for one in _chosen_streams(engine, group, params)
        if not start or one.modified * 1000 + 1000 > start
    ]
    found: list[dict[str, Any]] = []
    searched = returned = 0
    for one in merge(streams, offsets, start, end):
        if len(found) >= limit or searched >= _SEARCHED_BYTES or returned >= _RETURNED_BYTES:
            return {"events": found, "searchedLogStreams": [], "nextToken": _sealed(offsets)}
        offsets[one.stream] = one.following
        searched += one.following - one.event.offset
        if pattern.matches(one.event.message):
            returned += one.following - one.event.offset
            found.append(
                {
                    "logStreamName": one.stream,
                    "timestamp": one.event.timestamp,
                    "message": one.event.message,
                    "ingestionTime": one.event.timestamp,
                    "eventId": _event_id(one.stream, one.event),
                }
            )
    return {"events": found, "searchedLogStreams": []}


def _chosen_streams(engine: Engine, group: str, params: dict[str, Any]) -> list[logfile.StreamInfo]:
    names, prefix = params.get("logStreamNames"), params.get("logStreamNamePrefix")
    if names and prefix:
        raise _invalid("Cannot specify both logStreamNames and logStreamNamePrefix.")
    streams = logfile.streams(engine.home, group, prefix or "")
    if not names:
        return streams
    chosen = [stream for stream in streams if stream.name in set(names)]
    if len(chosen) < len(set(names)):
        raise _missing("log stream")
    return chosen


def _event_id(stream: str, event: logfile.LogEvent) -> str:
    """56 digits, as on AWS, unique in the group."""
    digest = int.from_bytes(hashlib.sha256(stream.encode()).digest()[:6], "big")
    return f"{event.timestamp:020}{digest:016}{event.offset:020}"


def _group(engine: Engine, params: dict[str, Any]) -> str:
    """The name of the group that `params` name, which must exist. Raises ApiError."""
    name, identifier = params.get("logGroupName"), params.get("logGroupIdentifier")
    if (name is None) == (identifier is None):
        raise _invalid("Exactly one of logGroupName and logGroupIdentifier must be given.")
    group = name if name is not None else str(identifier).rpartition(":log-group:")[2].removesuffix(":*")
    if not logfile.stream_path(engine.home, group, "x").parent.is_dir():
        raise _missing("log group")
    return group


def _arn(engine: Engine, group: str) -> str:
    return f"arn:aws:logs:{engine.config.region}:{engine.config.account_id}:log-group:{group}"


def _page(names: list[str], params: dict[str, Any]) -> tuple[list[str], str | None]:
    """One page of `names` in the order they have, behind the name that the token holds."""
    limit, token = params.get("limit", _PAGE), params.get("nextToken")
    start = 0
    if token is not None:
        after = _opened(token)
        if not isinstance(after, str):
            raise _invalid("The specified nextToken is invalid.")
        start = names.index(after) + 1 if after in names else _first_behind(names, after)
    page = names[start : start + limit]
    return page, _sealed(page[-1]) if start + limit < len(names) else None


def _first_behind(names: list[str], after: str) -> int:
    """Where to go on when the last name of the page before has been deleted since."""
    descending = len(names) > 1 and names[0] > names[-1]
    return next(
        (at for at, name in enumerate(names) if (name < after if descending else name > after)), len(names)
    )


def _offsets(token: str | None) -> dict[str, int]:
    opened = {} if token is None else _opened(token)
    if not isinstance(opened, dict) or not all(
        type(value) is int and value >= 0 for value in opened.values()
    ):
        raise _invalid("The specified nextToken is invalid.")
    return opened


def _sealed(value: Any) -> str:
    return base64.urlsafe_b64encode(zlib.compress(json.dumps(value).encode())).decode()


def _opened(token: str) -> Any:
    try:
        unpacker = zlib.decompressobj()
        return json.loads(unpacker.decompress(base64.b64decode(token, b"-_", validate=True), _LARGEST_TOKEN))
    except (binascii.Error, zlib.error, ValueError, RecursionError):
        raise _invalid("The specified nextToken is invalid.") from None


def _invalid(message: str) -> ApiError:
    return ApiError("InvalidParameterException", message)


def _missing(what: str) -> ApiError:
    return ApiError("ResourceNotFoundException", f"The specified {what} does not exist.")
