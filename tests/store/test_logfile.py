"""Log streams as files."""

from __future__ import annotations

from clary.home import Home
from clary.store.logfile import LogWriter, read_events, read_events_before, stream_path, streams

GROUP = "/aws/sagemaker/TrainingJobs"


def test_lines_come_back_in_order_from_any_offset(home: Home) -> None:
    path = stream_path(home, GROUP, "job/algo-1-1")
    writer = LogWriter(path, 10_000)
    writer.write("one\ntwo", 1000)
    writer.write(b"bad \xff bytes\rand more", 2000)
    writer.write("", 3000)
    events, end = read_events(path)
    assert [(event.timestamp, event.message) for event in events] == [
        (1000, "one"), (1000, "two"), (2000, "bad \ufffd bytes\rand more"), (3000, ""),
    ]  # fmt: skip
    assert read_events(path, end) == ([], end)
    rest, _ = read_events(path, events[1].offset, limit=2)
    assert rest == events[1:3]


def test_the_last_lines_are_found_from_the_end(home: Home) -> None:
    path = stream_path(home, GROUP, "s")
    writer = LogWriter(path, 10_000_000)
    for number in range(30_000):
        writer.write(f"line {number}", number)
    events, start = read_events_before(path, None, 3)
    assert [event.message for event in events] == ["line 29997", "line 29998", "line 29999"]
    earlier, _ = read_events_before(path, start, 2)
    assert [event.message for event in earlier] == ["line 29995", "line 29996"]
    everything, start = read_events_before(path, None, 10**6, max_bytes=10**9)
    assert (len(everything), start) == (30_000, 0)


def test_a_line_still_being_written_is_left_for_later(home: Home) -> None:
    path = stream_path(home, GROUP, "s")
    LogWriter(path, 1000).write("whole", 1)
    with open(path, "ab") as file:
        file.write(b"2\thalf")
    events, offset = read_events(path)
    assert [event.message for event in events] == ["whole"]
    with open(path, "ab") as file:
        file.write(b" and half\n")
    assert [event.message for event in read_events(path, offset)[0]] == ["half and half"]


def test_a_log_stops_at_its_limit_and_says_so(home: Home) -> None:
    path = stream_path(home, GROUP, "s")
    writer = LogWriter(path, 200)
    for _ in range(100):
        writer.write("x" * 20)
    events, _ = read_events(path)
    assert "log_limit_mb" in events[-1].message
    assert path.stat().st_size < 400


def test_streams_are_listed_by_name_and_prefix(home: Home) -> None:
    for name in ("b/algo-1-1", "a/algo-1-2"):
        LogWriter(stream_path(home, GROUP, name), 1000).write("x")
    assert [stream.name for stream in streams(home, GROUP)] == ["a/algo-1-2", "b/algo-1-1"]
    assert [stream.name for stream in streams(home, GROUP, "b/")] == ["b/algo-1-1"]
    assert streams(home, "nothing") == []
