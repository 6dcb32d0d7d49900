"""A job from its submission to its end, with real processes."""

from __future__ import annotations

import json
import re
import signal
import time
from itertools import pairwise
from typing import Any

import pytest

from clary.runner import RunnerError


def test_a_job_that_ends_well_is_completed(bench: Any) -> None:
    job = bench.wait(bench.submit("nothing"))
    assert (job.status, job.secondary, job.failure_reason) == ("Completed", "Completed", "")
    assert job.created <= job.started <= job.ended


def test_an_exit_code_is_kept(bench: Any) -> None:
    job = bench.wait(bench.submit("exit_with", payload={"code": 41}))
    assert job.status == "Failed"
    assert job.failure_reason == "AlgorithmError: The job failed, exit code: 41"
    assert bench.attempt(job).exit()["exit_code"] == 41


def test_the_signal_that_killed_a_job_is_kept(bench: Any) -> None:
    job = bench.wait(bench.submit("die_by", payload={"signal": signal.SIGSEGV}))
    assert bench.attempt(job).exit()["signal"] == signal.SIGSEGV
    assert job.failure_reason == "AlgorithmError: The job was killed by SIGSEGV."


def test_an_entry_that_does_not_exist_fails_the_job_and_says_so_in_its_log(bench: Any) -> None:
    job = bench.wait(bench.submit("there_is_no_such_function"))
    assert job.status == "Failed"
    assert any("there_is_no_such_function" in event.message for event in bench.log(job))


def test_an_interpreter_that_does_not_exist_fails_the_job_and_says_so_in_its_log(bench: Any) -> None:
    job = bench.wait(bench.submit("nothing", python="/no/such/python"))
    assert job.status == "Failed"
    assert [event.message for event in bench.log(job)] == [
        "[clary] Cannot execute /no/such/python: No such file or directory."
    ]


def test_a_name_is_taken_once(bench: Any) -> None:
    bench.submit("nothing", name="same")
    with pytest.raises(RunnerError, match="There is a test named same already"):
        bench.submit("nothing", name="same")


def test_the_log_is_live_and_each_line_has_its_time(bench: Any) -> None:
    job = bench.submit("talk", payload={"lines": ["one", "two", "three"]})
    bench.wait_started(job)
    bench.until(lambda: len(bench.log(job)) >= 1, "a first line")
    assert bench.job(job).state == "running"
    bench.wait(job)
    events = bench.log(job)
    assert [event.message for event in events] == ["one", "two", "three", "and on stderr"]
    times = [event.timestamp for event in events]
    assert times == sorted(times)
    assert 150 <= times[1] - times[0] < 2000
    assert abs(times[-1] / 1000 - time.time()) < 30


def test_invalid_utf8_and_carriage_returns_and_empty_lines_stay_one_event_each(bench: Any) -> None:
    pieces = [
        b"\xff\xfe bad\n",
        b"\n",
        b"half of " + "é".encode()[:1],
        "é".encode()[1:] + b"\n",
        b" 10%\r 20%\r\n",
        b"tab\there\n",
        b"no newline",
    ]
    job = bench.wait(bench.submit("write_bytes", payload={"bytes": [piece.hex() for piece in pieces]}))
    assert [event.message for event in bench.log(job)] == [
        "\ufffd\ufffd bad", "", "half of é", " 10%\r 20%\r", "tab\there", "no newline",
    ]  # fmt: skip


def test_a_line_without_an_end_is_shown_after_a_moment(bench: Any) -> None:
    pieces = [b"Continue? "] + [b""] * 60
    job = bench.submit("write_bytes", payload={"bytes": [piece.hex() for piece in pieces]})
    bench.wait_started(job)
    bench.until(
        lambda: [event.message for event in bench.log(job)] == ["Continue? "], "the prompt", timeout=2.5
    )
    assert bench.job(job).state == "running"


def test_an_endless_line_becomes_events_of_bearable_size(bench: Any) -> None:
    job = bench.wait(bench.submit("one_endless_line"))
    messages = [event.message for event in bench.log(job)]
    assert "".join(messages) == "é" * 500_000
    assert max(len(message.encode()) for message in messages) <= 256_000


def test_a_flood_of_output_stops_at_the_limit_and_the_job_goes_on(
    bench: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    object.__setattr__(bench.runner.config, "log_limit_mb", 3)
    job = bench.wait(bench.submit("flood", payload={"megabytes": 50}))
    assert job.status == "Completed"
    events = bench.log(job)
    assert events[-1].message == "[clary] The log reached its limit (log_limit_mb); later output is dropped."
    assert all(len(event.message) == 1000 for event in events[:-1])
    size = sum(len(event.message) + 15 for event in events)
    assert 2.9e6 < size < 3.3e6


def test_a_daemon_that_holds_the_output_open_does_not_keep_the_job(bench: Any, alive: Any) -> None:
    job = bench.submit("with_daemon", payload={"code": 7})
    begun = time.monotonic()
    job = bench.wait(job, timeout=10)
    assert time.monotonic() - begun < 8
    assert job.failure_reason.endswith("exit code: 7")
    assert not alive(int((bench.attempt(job).folder / "daemon").read_text()))
    assert [event.message for event in bench.log(job)] == ["the main process ends"]


def test_phases_become_transitions(bench: Any) -> None:
    job = bench.wait(bench.submit("phases"))
    transitions = bench.runner.store.jobs.transitions(job.id)
    assert [transition.status for transition in transitions] == [
        "Starting",
        "Downloading",
        "Training",
        "Completed",
    ]
    assert transitions[1].message == "Downloading input data"
    assert 0.25 < transitions[1].end - transitions[1].start < 5
    assert all(earlier.end == later.start for earlier, later in pairwise(transitions))


def test_metrics_are_scraped_from_both_streams(bench: Any) -> None:
    definitions = [
        {"Name": "loss", "Regex": r"loss=([0-9.e+-]+)"},
        {"Name": "accuracy", "Regex": r"accuracy: (\S+)"},
        {"Name": "broken", "Regex": r"("},
        {"Name": "no-group", "Regex": r"loss"},
        {"Name": "stderr", "Regex": r"and on (\d*)stderr"},
    ]
    lines = ["loss=0.5 accuracy: 0.25", "loss=nan accuracy: fine", "\rstep 1 loss=1e-3\rstep 2 loss=2e-3"]
    job = bench.wait(bench.submit("talk", payload={"lines": lines}, metric_definitions=definitions))
    found = [(metric["name"], metric["value"]) for metric in bench.runner.metrics(job)]
    assert found == [("loss", 0.5), ("accuracy", 0.25), ("loss", 0.001), ("loss", 0.002)]
    assert all(abs(metric["time"] - time.time()) < 60 for metric in bench.runner.metrics(job))


def test_a_regex_that_never_ends_does_not_hang_the_job(bench: Any) -> None:
    definitions = [
        {"Name": "early", "Regex": r"early=(\d+)"},
        {"Name": "bomb", "Regex": r"(x+x+)+y"},
        {"Name": "late", "Regex": r"late=(\d+)"},
    ]
    lines = ["early=1", f"{'x' * 64} late=2", "early=3 late=4", "x" * 64, "more", "late=5"]
    told = "[clary] The regular expression of metric bomb took too long on one line and is given up."
    then = bench.tmp_path / "then"
    payload = {"lines": lines, "then": str(then)}
    job = bench.submit("talk", payload=payload, metric_definitions=definitions)
    bench.wait_started(job)
    # At once, not at the job's end.
    bench.until(lambda: told in [event.message for event in bench.log(job)], "the user is told")
    then.touch()
    job = bench.wait(job)
    assert job.status == "Completed"
    messages = [event.message for event in bench.log(job)]
    assert messages.count(told) == 1
    assert [message for message in messages if message != told] == [*lines, "and on stderr"]
    metrics = [(metric["name"], metric["value"]) for metric in bench.runner.metrics(job)]
    assert metrics == [("early", 1), ("late", 2), ("early", 3), ("late", 4), ("late", 5)]


def test_a_regex_that_is_given_up_at_the_end_of_the_job_is_still_told_of(bench: Any) -> None:
    definitions = [{"Name": "bomb", "Regex": r"(x+x+)+y"}, {"Name": "last", "Regex": r"last=(\d+)"}]
    # Without a newline the scraper sees the line when all is over.
    text = f"{'x' * 64} last=1".encode().hex()
    job = bench.wait(bench.submit("write_bytes", payload={"bytes": [text]}, metric_definitions=definitions))
    assert bench.log(job)[-1].message.startswith(
        "[clary] The regular expression of metric bomb took too long"
    )
    assert [metric["value"] for metric in bench.runner.metrics(job)] == [1]


def test_use_of_cpu_and_memory_is_sampled(bench: Any) -> None:
    job = bench.wait(bench.submit("use_cpu"))
    samples = bench.runner.resources(job)
    assert len(samples) >= 4
    used_s = sum(
        later["cpu_percent"] / 100 * (later["time"] - earlier["time"]) for earlier, later in pairwise(samples)
    )
    assert 0.6 < used_s < 1.5
    assert all(5 < sample["rss_mb"] < 500 for sample in samples[1:])


def test_thread_variables_follow_the_slots_unless_the_user_set_them(
    bench: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from clary.runner import Resources

    monkeypatch.setenv("MPLBACKEND", "module://matplotlib_inline.backend_inline")
    monkeypatch.setenv("JPY_PARENT_PID", "1")
    path = bench.tmp_path / "environment.json"
    payload = {"file": str(path)}
    job = bench.submit(
        "show_environment",
        payload=payload,
        resources=Resources(2),
        environment={"MKL_NUM_THREADS": "7", "GREETING": "hi"},
    )
    bench.wait(job)
    seen = json.loads(path.read_text())
    assert (seen["OMP_NUM_THREADS"], seen["MKL_NUM_THREADS"], seen["GREETING"]) == ("2", "7", "hi")
    assert re.fullmatch(r"1\.1\.[0-9a-f]{16}", seen["CLARY_COOKIE"])
    assert seen["CLARY_HOME"] == str(bench.runner.home.root)
    assert "MPLBACKEND" not in seen
    assert "JPY_PARENT_PID" not in seen


def test_a_job_that_starts_a_job_does_not_take_it_along_when_it_ends(bench: Any) -> None:
    path = bench.tmp_path / "marks"
    outer = bench.submit("submit_another", payload={"file": str(path), "stay": 1.0})
    bench.wait(outer)
    inner = bench.runner.get("test", "inner")
    assert bench.wait(inner).status == "Completed"
    assert path.read_text() == "inner\n"


def test_a_job_that_is_done_can_be_removed_and_its_name_used_again(bench: Any) -> None:
    job = bench.submit("sleep", name="again")
    with pytest.raises(RunnerError, match="has not ended"):
        bench.runner.remove("test", "again")
    bench.runner.stop("test", "again")
    bench.wait(job)
    bench.runner.remove("test", "again")
    assert bench.runner.get("test", "again") is None
    assert not (bench.runner.home.jobs / str(job.id)).exists()
    assert bench.wait(bench.submit("nothing", name="again")).status == "Completed"
