"""Why a job failed, in AWS's words: the text of FailureReason."""

from __future__ import annotations

import re
import signal
from pathlib import Path

from clary.store.logfile import read_events_before
from clary.toolkits.training import driver_failures
from clary.toolkits.training.layout import Layout
from clary.toolkits.training.record import Record

LIMIT = 1024  # characters of FailureReason, and of the failure file that are read
_TAIL_EVENTS = 400
_PLAIN_LINES = 5
_TRACEBACK = "Traceback (most recent call last):"
_EXCEPTION = re.compile(r"[A-Za-z_][\w.]*(:|$)")
_OWN = "[clary]"
# Said in the program's place: there was none to speak for itself.
_CANNOT = "[clary] Cannot execute "
_LOG_FULL = "[clary] The log reached its limit"


def reason(text: str, exit_code: int) -> str:
    """``AlgorithmError: <text>, exit code: <n>``, shortened in the text, never in the exit code."""
    tail = f", exit code: {exit_code}"
    return f"AlgorithmError: {text}"[: LIMIT - len(tail)] + tail


def user_text(layout: Layout, record: Record, exit_code: int, log: Path | None, extra: str = "") -> str:
    """What went wrong in the user's program: its own failure file, else its last error in the log.

    In script mode a missing failure file is written, as the training toolkit does. ``extra``: what is known from outside,
    such as the memory limit.
    """
    own = _failure_file(layout)
    of_drivers = driver_failures.are_drivers_words(own)
    if own and not of_drivers:
        return own
    tail = log_tail(log) if log is not None else []
    message = error_message(driver_failures.users_part(tail) if of_drivers else tail)
    note = extra or signal_note(exit_code)
    if not record.toolkit:
        return "\n".join(part for part in (message, note) if part)
    parts = ["ExecuteUserScriptError:", f"ExitCode {exit_code}", f'ErrorMessage "{message}"']
    if note:
        parts.append(f'ExtraInfo "{note}"')
    parts.append(f'Command "{record.command}"')
    text = "\n".join(parts)
    layout.failure.parent.mkdir(parents=True, exist_ok=True)
    layout.failure.write_text(text, encoding="utf-8")
    return text


def unprepared_text(exit_code: int, log: Path | None, extra: str = "") -> str:
    """The whole FailureReason of an agent that died before the user's program was started."""
    message = error_message(log_tail(log)) if log is not None else ""
    detail = extra or message or signal_note(exit_code) or f"exit code {exit_code}"
    return f"InternalServerError: the job ended before its program was started: {detail}"[:LIMIT]


def _failure_file(layout: Layout) -> str:
    try:
        with open(layout.failure, encoding="utf-8", errors="replace") as file:
            return file.read(LIMIT).strip()
    except OSError:
        return ""


def signal_note(exit_code: int) -> str:
    """What an exit code over 128 says of how the program ended."""
    if exit_code == 137:
        return (
            "OutOfMemory: Process killed by SIGKILL (signal 9). Exit code 137 mostly means that memory ran out: use an instance"
            " type with more memory, or smaller batches"
        )
    if exit_code > 128:
        try:
            return f"Process killed by {signal.Signals(exit_code - 128).name} (signal {exit_code - 128})"
        except ValueError:
            return ""
    return ""


def log_tail(log: Path) -> list[str]:
    """The last lines of the job's log stream."""
    try:
        events, _ = read_events_before(log, limit=_TAIL_EVENTS)
    except OSError:
        return []
    return [event.message for event in events]


def error_message(lines: list[str]) -> str:
    """The last uncaught exception in ``lines`` (its own text, as AWS shows it, without the frames), else the last lines."""
    if lines and lines[-1].startswith(_LOG_FULL):
        return "the log had reached its limit before the program ended, so its last words are not known"
    lines = [line.rstrip() for line in lines if not line.startswith(_OWN) or line.startswith(_CANNOT)]
    starts = [index for index, line in enumerate(lines) if line.endswith(_TRACEBACK)]
    if starts:
        for index in range(starts[-1] + 1, len(lines)):
            if _EXCEPTION.match(lines[index]):
                return "\n".join(lines[index:]).strip()
    return "\n".join([line for line in lines if line.strip()][-_PLAIN_LINES:])
