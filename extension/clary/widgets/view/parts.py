"""The pieces of a job's picture: its status, its phases, what it used, its log."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable
from html import escape

from clary.sdk.pages import duration
from clary.widgets.observing import Look
from clary.widgets.view import chart

# A mark beside the word, so that the colour is never all that tells.
_MARKS = {"good": "✓", "bad": "✕", "warn": "▲", "idle": "■", "busy": "●"}
_TONES = {
    "Completed": "good", "Failed": "bad", "Stopped": "idle", "Pending": "idle", "Stopping": "warn", "Interrupted": "warn",
    "MaxRuntimeExceeded": "warn", "MaxWaitTimeExceeded": "warn",
}  # fmt: skip
_WORDS = {
    "InProgress": "In progress",
    "MaxRuntimeExceeded": "Max runtime exceeded",
    "MaxWaitTimeExceeded": "Max wait time exceeded",
    "LaunchingMLInstances": "Launching",
    "PreparingTrainingStack": "Preparing",
    "DownloadingTrainingImage": "Downloading image",
}
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b\][^\x07]*\x07|[\x00-\x08\x0b-\x1f]")
_LONGEST_LINE = 2000


def words(status: str) -> str:
    """A status in words: "In progress"."""
    return _WORDS.get(status, status)


def badge(status: str) -> str:
    """A status with its mark."""
    tone = _TONES.get(status, "busy")
    return (
        f'<span class="claryw-Badge claryw-tone-{tone}"><span class="claryw-Mark" aria-hidden="true">'
        f"{_MARKS[tone]}</span>{escape(words(status))}</span>"
    )


def heading(look: Look) -> str:
    """The job's name, its status and how long it took so far."""
    return (
        f'<div class="claryw-Head"><b class="claryw-Name">{escape(look.name)}</b> {badge(look.status)} '
        f'<span class="claryw-Dim">{duration(look.seconds)}</span></div>'
    )


def timeline(look: Look) -> str:
    """The phases in order, each with how long it took and what it says now."""
    steps = look.transitions
    items = []
    for number, step in enumerate(steps):
        current = number == len(steps) - 1
        status = str(step["Status"])
        tone = _TONES.get(status, "busy") if current or status == "Interrupted" else "good"
        if look.status == "Failed" and number == _failed_at(steps):
            tone = "bad"
        start = step["StartTime"].timestamp()
        end = step["EndTime"].timestamp() if step.get("EndTime") else look.at
        closing = status in ("Completed", "Failed", "Stopped")
        took = (
            time.strftime("%H:%M:%S", time.localtime(start)) if closing else duration(max(0.0, end - start))
        )
        message = str(step.get("StatusMessage", ""))[:160] if current and not look.ended else ""
        items.append(
            f'<li class="claryw-Phase claryw-tone-{tone}"{" aria-current=step" if current else ""}>'
            f'<span class="claryw-Mark" aria-hidden="true">{_MARKS[tone]}</span>'
            f'<span class="claryw-Phase-name">{escape(words(status))}</span> <span class="claryw-Dim">{took}</span>'
            + (f'<span class="claryw-Phase-message">{escape(message)}</span>' if message else "")
            + "</li>"
        )
    return f'<ol class="claryw-Timeline" aria-label="Phases">{"".join(items)}</ol>'


def _failed_at(steps: list[dict[str, object]]) -> int:
    """What a failed job did is stored, too: it failed in the last phase before that."""
    at = len(steps) - 2
    while at > 0 and steps[at]["Status"] == "Uploading":
        at -= 1
    return at


def failure(look: Look) -> str:
    """Why it failed, in the API's words."""
    if not look.failure:
        return ""
    return (
        f'<div class="claryw-Problem" role="alert"><b>{escape(words(look.status))}</b>'
        f"<pre>{escape(look.failure)}</pre></div>"
    )


def metrics(look: Look) -> str:
    """The charts, or why there are none."""
    drawn = chart.charts(look.metrics)
    if drawn:
        return drawn
    defined = [
        one["Name"] for one in look.answer.get("AlgorithmSpecification", {}).get("MetricDefinitions", [])
    ]
    if not defined:
        said = "No metrics were asked for."
    else:
        said = f"No line of the log matched {', '.join(defined)}{'' if look.ended else ' so far'}."
    return f'<p class="claryw-Note">{escape(said)}</p>'


def resources(look: Look) -> str:
    """CPU and memory over time."""
    figures = "".join(
        chart.chart(
            name,
            {name: points},
            width=250,
            height=100,
            zero=True,
            format=chart.percent if name in ("CPU", "GPU") else chart.megabytes,
        )
        for name, points in look.resources.items()
    )
    return f'<div class="claryw-Charts claryw-small">{figures}</div>' if figures else ""


def log(lines: Iterable[str]) -> str:
    """Lines of a log as they are to be read: no terminal codes, each of a bounded length."""
    return escape("\n".join(clean(line) for line in lines), quote=False)


def clean(line: str) -> str:
    """A line without terminal codes; of one that was rewritten in place (a progress bar) what was seen last."""
    line = line.rstrip("\r\n").rpartition("\r")[2]
    line = _ESCAPES.sub("", line)
    return line if len(line) <= _LONGEST_LINE else f"{line[:_LONGEST_LINE]} ... ({len(line):,} characters)"
