from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from clary.api.engine import Engine
from clary.api.logs_pattern import parse
from clary.api.logs_reading import offset_of_time
from clary.store.logfile import LogWriter, stream_path

GROUP = "/aws/sagemaker/TrainingJobs"
START = 1_790_000_000_000

Write = Callable[..., Path]


@pytest.fixture
def write(engine: Engine) -> Write:
    """Appends messages to a stream, one a second from `start` (ms) on."""

    def append(stream: str, *messages: str, start: int = START, step: int = 1000, group: str = GROUP) -> Path:
        path = stream_path(engine.home, group, stream)
        writer = LogWriter(path, 2**30)
        for number, message in enumerate(messages):
            writer.write(message, start + number * step)
        writer.close()
        return path

    return append


@pytest.fixture(params=["in process", "http"])
def logs(request: pytest.FixtureRequest, engine: Engine) -> Any:
    """A boto3 client for CloudWatch Logs, through both doors."""
    if request.param == "http":
        yield request.getfixturevalue("front").client("logs")
        return
    import boto3

    import clary

    clary.attach()
    yield boto3.session.Session().client("logs")
    clary.detach()


def messages(answer: dict[str, Any]) -> list[str]:
    return [event["message"] for event in answer["events"]]


def test_groups_and_streams_are_described(logs: Any, write: Write) -> None:
    write("job-a/algo-1-1", "one", "two")
    write("job-b/algo-1-1", "three", start=START + 60_000)
    write("AllTraffic/i-1", "x", group="/aws/sagemaker/Endpoints/e")
    groups = logs.describe_log_groups()["logGroups"]
    assert [one["logGroupName"] for one in groups] == ["/aws/sagemaker/Endpoints/e", GROUP]
    assert groups[1]["arn"] == f"arn:aws:logs:us-east-1:000000000000:log-group:{GROUP}:*"
    assert len(logs.describe_log_groups(logGroupNamePrefix=GROUP)["logGroups"]) == 1
    assert len(logs.describe_log_groups(logGroupNamePattern="endPOINTS")["logGroups"]) == 1
    streams = logs.describe_log_streams(logGroupName=GROUP)["logStreams"]
    assert [one["logStreamName"] for one in streams] == ["job-a/algo-1-1", "job-b/algo-1-1"]
    first = streams[0]
    assert (first["firstEventTimestamp"], first["lastEventTimestamp"]) == (START, START + 1000)
    found = logs.describe_log_streams(logGroupName=GROUP, logStreamNamePrefix="job-b/")["logStreams"]
    assert [one["logStreamName"] for one in found] == ["job-b/algo-1-1"]
    by_arn = logs.describe_log_streams(
        logGroupIdentifier=f"arn:aws:logs:us-east-1:000000000000:log-group:{GROUP}"
    )
    assert len(by_arn["logStreams"]) == 2


def test_streams_come_in_pages_and_in_the_order_asked_for(logs: Any, write: Write) -> None:
    for number, name in enumerate(["c", "a", "d", "b"]):
        os.utime(write(name, "x"), (1000 + number, 1000 + number))
    pages = logs.get_paginator("describe_log_streams").paginate(
        logGroupName=GROUP, PaginationConfig={"PageSize": 3}
    )
    assert [[one["logStreamName"] for one in page["logStreams"]] for page in pages] == [
        ["a", "b", "c"],
        ["d"],
    ]
    pages = logs.get_paginator("describe_log_streams").paginate(
        logGroupName=GROUP, orderBy="LastEventTime", descending=True, PaginationConfig={"PageSize": 3}
    )
    assert [one["logStreamName"] for page in pages for one in page["logStreams"]] == ["b", "d", "a", "c"]


def test_what_is_missing_is_told(logs: Any, write: Write) -> None:
    with pytest.raises(logs.exceptions.ResourceNotFoundException, match="log group does not exist"):
        logs.describe_log_streams(logGroupName="none")
    with pytest.raises(logs.exceptions.ResourceNotFoundException, match="log group"):
        logs.get_log_events(logGroupName="none", logStreamName="s")
    write("s", "x")
    with pytest.raises(logs.exceptions.ResourceNotFoundException, match="log stream"):
        logs.get_log_events(logGroupName=GROUP, logStreamName="../s")
    with pytest.raises(logs.exceptions.ResourceNotFoundException, match="log stream"):
        logs.filter_log_events(logGroupName=GROUP, logStreamNames=["none"])
    with pytest.raises(logs.exceptions.ResourceNotFoundException):
        logs.describe_log_streams(logGroupName="../../etc")
    for wrong in (
        {"logStreamName": "s"},
        {"logGroupName": GROUP, "logGroupIdentifier": GROUP, "logStreamName": "s"},
        {"logGroupName": GROUP, "logStreamName": "s", "nextToken": "nonsense"},
        {"logGroupName": GROUP, "logStreamName": "s", "nextToken": "f/-1"},
    ):
        with pytest.raises(logs.exceptions.InvalidParameterException):
            logs.get_log_events(**wrong)
    with pytest.raises(logs.exceptions.InvalidParameterException):
        logs.describe_log_streams(logGroupName=GROUP, orderBy="LastEventTime", logStreamNamePrefix="x")
    for call in (logs.describe_log_streams, logs.filter_log_events):
        for token in ("nonsense", "AAAA", "eJwDAAAAAAE="):
            with pytest.raises(logs.exceptions.InvalidParameterException, match="nextToken"):
                call(logGroupName=GROUP, nextToken=token)


def test_an_operation_that_is_not_offered_is_named(logs: Any) -> None:
    with pytest.raises(ClientError, match="StartQuery"):
        logs.start_query(logGroupName="g", startTime=0, endTime=1, queryString="fields x")


def test_a_log_is_followed_by_tokens_that_stand_still_at_its_end(logs: Any, write: Write) -> None:
    write("s", *(f"line {number}" for number in range(5)))
    asked: dict[str, Any] = {"logGroupName": GROUP, "logStreamName": "s", "startFromHead": True}
    first = logs.get_log_events(**asked, limit=2)
    assert messages(first) == ["line 0", "line 1"]
    assert first["events"][0]["timestamp"] == START
    rest = logs.get_log_events(**asked, nextToken=first["nextForwardToken"])
    assert messages(rest) == ["line 2", "line 3", "line 4"]
    end = logs.get_log_events(**asked, nextToken=rest["nextForwardToken"])
    assert (messages(end), end["nextForwardToken"]) == ([], rest["nextForwardToken"])
    write("s", "a later line", start=START + 9000)
    more = logs.get_log_events(**asked, nextToken=end["nextForwardToken"])
    assert messages(more) == ["a later line"]
    back = logs.get_log_events(**asked, nextToken=rest["nextBackwardToken"])
    assert messages(back) == ["line 0", "line 1"]
    start = logs.get_log_events(**asked, nextToken=back["nextBackwardToken"])
    assert (messages(start), start["nextBackwardToken"]) == ([], back["nextBackwardToken"])


def test_without_a_token_the_end_of_the_log_is_read(logs: Any, write: Write) -> None:
    write("s", *(f"line {number}" for number in range(5)))
    asked: dict[str, Any] = {"logGroupName": GROUP, "logStreamName": "s"}
    last = logs.get_log_events(**asked, limit=2)
    assert messages(last) == ["line 3", "line 4"]
    before = logs.get_log_events(**asked, limit=2, nextToken=last["nextBackwardToken"])
    assert messages(before) == ["line 1", "line 2"]
    again = logs.get_log_events(**asked, nextToken=before["nextForwardToken"])
    assert messages(again) == ["line 3", "line 4"]
    write("s", "new", start=START + 9000)
    assert messages(logs.get_log_events(**asked, nextToken=last["nextForwardToken"])) == ["new"]


def test_a_line_still_being_written_is_not_lost(logs: Any, write: Write) -> None:
    path = write("s", "whole")
    with open(path, "ab") as file:
        file.write(b"%d\thalf" % (START + 5000))
    answer = logs.get_log_events(logGroupName=GROUP, logStreamName="s")
    assert messages(answer) == ["whole"]
    with open(path, "ab") as file:
        file.write(b" and half\n")
    more = logs.get_log_events(logGroupName=GROUP, logStreamName="s", nextToken=answer["nextForwardToken"])
    assert messages(more) == ["half and half"]


def test_times_bound_what_is_read(logs: Any, write: Write) -> None:
    write("s", *(f"line {number}" for number in range(10)))
    asked: dict[str, Any] = {"logGroupName": GROUP, "logStreamName": "s"}
    window = {"startTime": START + 3000, "endTime": START + 6000}
    for options in ({"startFromHead": True}, {}):
        assert messages(logs.get_log_events(**asked, **window, **options)) == ["line 3", "line 4", "line 5"]
    assert messages(logs.filter_log_events(logGroupName=GROUP, **window)) == ["line 3", "line 4", "line 5"]
    late = logs.get_log_events(**asked, startTime=START + 99_000, startFromHead=True)
    assert messages(late) == []
    assert (
        logs.get_log_events(**asked, startTime=START + 99_000, nextToken=late["nextForwardToken"])["events"]
        == []
    )
    assert messages(logs.get_log_events(**asked, endTime=START)) == []


def test_a_log_that_is_written_while_it_is_followed_is_read_once_and_whole(engine: Engine) -> None:
    path = stream_path(engine.home, GROUP, "s")
    path.parent.mkdir(parents=True)
    path.touch()

    def write_in_pieces() -> None:
        data = b"".join(b"%d\t%d\n" % (START + number, number) for number in range(3000))
        with open(path, "ab", buffering=0) as file:
            for at in range(0, len(data), 97):
                file.write(data[at : at + 97])

    thread = threading.Thread(target=write_in_pieces)
    thread.start()
    found: list[str] = []
    token = "f/0"
    while thread.is_alive() or len(found) < 3000:
        answer = engine.call(
            "logs", "GetLogEvents", {"logGroupName": GROUP, "logStreamName": "s", "nextToken": token}
        )
        found += messages(answer)
        token = answer["nextForwardToken"]
    thread.join()
    assert found == [str(number) for number in range(3000)]


def test_text_that_is_no_text_and_messages_with_tabs_survive(logs: Any, engine: Engine) -> None:
    path = stream_path(engine.home, GROUP, "s")
    writer = LogWriter(path, 2**30)
    writer.write(b"\xff\xfe tab\there \r progress \x1b[0m", START)
    writer.close()
    assert messages(logs.get_log_events(logGroupName=GROUP, logStreamName="s")) == [
        "\ufffd\ufffd tab\there \r progress \x1b[0m"
    ]


def test_streams_are_searched_together_in_order_of_time(logs: Any, write: Write) -> None:
    write("b/2", "b ERROR one", "b fine", "b ERROR two", start=START + 500)
    write("a/1", "a ERROR one", "a fine", "a error", "a ERROR two")
    answer = logs.filter_log_events(logGroupName=GROUP, filterPattern="ERROR")
    assert messages(answer) == ["a ERROR one", "b ERROR one", "b ERROR two", "a ERROR two"]
    assert [one["logStreamName"] for one in answer["events"]] == ["a/1", "b/2", "b/2", "a/1"]
    assert len({one["eventId"] for one in answer["events"]}) == 4
    assert messages(
        logs.filter_log_events(logGroupName=GROUP, logStreamNamePrefix="b/", filterPattern='"ERROR one"')
    ) == ["b ERROR one"]
    assert len(logs.filter_log_events(logGroupName=GROUP, logStreamNames=["a/1"])["events"]) == 4
    with pytest.raises(logs.exceptions.InvalidParameterException):
        logs.filter_log_events(logGroupName=GROUP, logStreamNames=["a/1"], logStreamNamePrefix="a")


def test_search_results_come_in_pages_without_loss_or_repetition(logs: Any, write: Write) -> None:
    for stream in "abc":
        write(stream, *(f"{stream} {number}" for number in range(20)), start=START + ord(stream))
    pages = list(
        logs.get_paginator("filter_log_events").paginate(logGroupName=GROUP, PaginationConfig={"PageSize": 7})
    )
    found = [(one["timestamp"], one["message"]) for page in pages for one in page["events"]]
    assert len(pages) == 9
    assert len(set(found)) == 60
    assert found == sorted(found)


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("", {"ERROR one", "WARN two", "INFO one", "error x-y"}),
        ("one", {"ERROR one", "INFO one"}),
        ("one ERROR", {"ERROR one"}),
        ("?ERROR ?WARN", {"ERROR one", "WARN two"}),
        ("one -ERROR", {"INFO one"}),
        ('"x-y"', {"error x-y"}),
        ('-"x-y" -one', {"WARN two"}),
        ("?ERROR one", {"ERROR one", "INFO one"}),
        (r'"say \"hi\""', set()),
    ],
)
def test_patterns_match_as_documented(pattern: str, expected: set[str]) -> None:
    lines = ["ERROR one", "WARN two", "INFO one", "error x-y"]
    compiled = parse(pattern)
    assert {line for line in lines if compiled.matches(line)} == expected


@pytest.mark.parametrize("pattern", ["x-y", '"open', 'a"b"', "{ $.x = 1 }", "[a, b]", "%error.*%", "a &"])
def test_patterns_that_are_not_understood_are_refused(logs: Any, write: Write, pattern: str) -> None:
    write("s", "x")
    with pytest.raises(logs.exceptions.InvalidParameterException, match="Invalid filter pattern"):
        logs.filter_log_events(logGroupName=GROUP, filterPattern=pattern)


def test_times_are_found_by_search_between_torn_and_long_lines(tmp_path: Path) -> None:
    path = tmp_path / "s.log"
    offsets = {}
    with open(path, "wb") as file:
        for number in range(300):
            if number % 7 == 0:
                file.write(b"no time stamp here\n")
            offsets[number] = file.tell()
            file.write(b"%d\t%b\n" % (number * 10, b"x" * (number % 50) * 40))
        end = file.tell()
    for number in range(300):
        found = offset_of_time(path, number * 10 - 5)
        assert found == offsets[number], number
    assert offset_of_time(path, 0) == offsets[0]
    assert offset_of_time(path, 3000) == end


@pytest.mark.slow
def test_a_log_of_half_a_gigabyte_is_read_at_its_ends_at_once(engine: Engine) -> None:
    path = stream_path(engine.home, GROUP, "large")
    path.parent.mkdir(parents=True)
    block = b"".join(
        b"%d\tline %04d of a long training run with a metric loss=0.125\n" % (START, number)
        for number in range(10_000)
    )
    with open(path, "wb") as file:
        while file.tell() < 500 * 2**20:
            file.write(block)
        file.write(b"%d\tthe last line\n" % (START + 1000))
    asked = {"logGroupName": GROUP, "logStreamName": "large"}
    began = time.perf_counter()
    tail = engine.call("logs", "GetLogEvents", {**asked, "limit": 5})
    window = engine.call("logs", "GetLogEvents", {**asked, "startTime": START + 500, "startFromHead": True})
    follow = engine.call("logs", "GetLogEvents", {**asked, "nextToken": tail["nextForwardToken"]})
    engine.call("logs", "DescribeLogStreams", {"logGroupName": GROUP})
    page = engine.call("logs", "FilterLogEvents", {"logGroupName": GROUP, "filterPattern": '"last line"'})
    took = time.perf_counter() - began
    assert messages(tail)[-1] == messages(window)[0] == "the last line"
    assert follow["events"] == []
    assert page["events"] == []
    assert page["nextToken"]
    assert took < 5
