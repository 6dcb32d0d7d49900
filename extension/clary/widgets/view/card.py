"""The static picture of a launcher: what is kept in a notebook when no front end or no kernel is there."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from clary.sdk.pages import duration
from clary.sdk.pages import text as written
from clary.widgets.equivalent import sdk_code
from clary.widgets.observing import Look
from clary.widgets.settings import Settings
from clary.widgets.view import parts
from clary.widgets.view.style import STYLE

_LINES = 20


def html(settings: Settings, look: Look | None) -> str:
    """Settings, and of a launched job its status, phases, charts, the end of its log, and what to do next."""
    body = "" if look is None else _job(look)
    title = (
        ""
        if look is not None
        else '<div class="claryw-Head"><b class="claryw-Name">Training launcher</b></div>'
    )
    code = (
        f"<details><summary>The same as code</summary>"
        f'<div class="claryw-Code"><pre>{escape(sdk_code(settings), quote=False)}</pre></div></details>'
    )
    frame = 'style="border:1px solid var(--jp-border-color2,#ccc);border-radius:6px;padding:8px 14px"'
    return (
        f'{STYLE}<div class="clary-Launcher" {frame}>{title}{body}{facts(_facts(settings, look))}{code}</div>'
    )


def _job(look: Look) -> str:
    drawn = parts.metrics(look)
    log = look.log[-_LINES:]
    return (
        parts.heading(look)
        + parts.timeline(look)
        + parts.failure(look)
        + drawn
        + (
            f'<div class="claryw-Title">The end of the log</div><div class="claryw-Log"><pre>{parts.log(log)}</pre></div>'
            if log
            else ""
        )
        + outcome(look)
    )


def outcome(look: Look) -> str:
    """Where the model is, and the line that deploys it."""
    if not look.artifacts:
        return ""
    hint = f"clary.TrainingJob({look.name!r}).model.deploy()"
    rows = {"Model": look.artifacts}
    if look.status == "Completed":
        rows["Deploy"] = hint
    return facts(rows, code={"Deploy", "Model"})


def facts(rows: Mapping[str, Any], code: set[str] | None = None) -> str:
    """A table of names and values."""
    lines = "".join(
        f'<tr><th scope="row">{escape(name)}</th><td>'
        + (f"<code>{escape(written(value))}</code>" if name in (code or ()) else escape(written(value)))
        + "</td></tr>"
        for name, value in rows.items()
        if value not in (None, "")
    )
    return f'<table class="claryw-Facts">{lines}</table>' if lines else ""


def _facts(settings: Settings, look: Look | None) -> dict[str, Any]:
    count = f" x {settings.instance_count}" if settings.instance_count != 1 else ""
    return {
        "Source": settings.source + (f" ({settings.entry})" if settings.entry else ""),
        "Hyperparameters": ", ".join(f"{key}={value}" for key, value in settings.hyperparameters.items()),
        "Channels": ", ".join(f"{key}: {one.source}" for key, one in settings.inputs.items()),
        "Instance": f"{settings.instance_type}{count}{', spot' if settings.spot else ''}",
        "Metrics": ", ".join(settings.metrics),
    }


def text(settings: Settings, look: Look | None) -> str:
    """The same in plain text."""
    lines = [f"TrainingLauncher({settings.source!r})"]
    if look is not None:
        lines = [f"{look.name}  {parts.words(look.status)}  {duration(look.seconds)}"]
        lines += [f"  {name}={written(points[-1][1])}" for name, points in look.metrics.items() if points]
        if look.failure:
            lines.append(f"  {look.failure}")
        if look.artifacts:
            lines.append(f"  {look.artifacts}")
        lines += [f"  | {parts.clean(line)}" for line in look.log[-_LINES:]]
    lines += [f"  {name}: {value}" for name, value in _facts(settings, look).items() if value]
    return "\n".join(lines)
