"""HTML for notebooks: static, no script, in JupyterLab's own colours where the page has them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from html import escape
from typing import Any

_TONES = {
    "Completed": "success",
    "InService": "success",
    "Failed": "error",
    "UpdateRollbackFailed": "error",
    "OutOfService": "error",
    "Stopped": "warn",
    "Stopping": "warn",
    "Deleting": "warn",
}
_FALLBACKS = {"success": "#2e7d32", "error": "#c62828", "warn": "#b26a00", "info": "#1565c0"}


def badge(status: str) -> str:
    """A status as a small coloured word."""
    tone = _TONES.get(status, "info")
    colour = f"var(--jp-{tone}-color1, {_FALLBACKS[tone]})"
    return (
        f'<span style="border:1px solid {colour};color:{colour};border-radius:9px;padding:0 8px;'
        f'font-size:0.9em;white-space:nowrap">{escape(status)}</span>'
    )


def card(title: str, status: str, facts: Mapping[str, Any], note: str = "") -> str:
    """One thing with its status and a few facts; ``None`` values are left out."""
    rows = "".join(
        f'<tr><td style="text-align:left;opacity:0.7;padding:1px 12px 1px 0">{escape(key)}</td>'
        f'<td style="text-align:left;padding:1px 0">{escape(text(value))}</td></tr>'
        for key, value in facts.items()
        if value is not None
    )
    hint = f'<div style="opacity:0.7;margin-top:4px"><code>{escape(note)}</code></div>' if note else ""
    return (
        '<div style="border:1px solid var(--jp-border-color2,#ccc);border-radius:6px;padding:8px 12px;'
        'display:inline-block;font-family:var(--jp-ui-font-family,sans-serif);font-size:13px">'
        f"<div><b>{escape(title)}</b>&ensp;{badge(status)}</div>"
        f'<table style="border:none;margin:4px 0 0 0">{rows}</table>{hint}</div>'
    )


def table(heads: Sequence[str], rows: Iterable[Sequence[Any]], status_column: int = 1) -> str:
    """Several things, one a row."""
    head = "".join(f'<th style="text-align:left">{escape(name)}</th>' for name in heads)
    lines = ("".join(_cell(value, index == status_column) for index, value in enumerate(row)) for row in rows)
    body = "".join(f"<tr>{line}</tr>" for line in lines)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _cell(value: Any, is_status: bool) -> str:
    return f'<td style="text-align:left">{badge(str(value)) if is_status else escape(text(value))}</td>'


def text(value: Any) -> str:
    """A value for a person: local time to the second, short floats, everything else as it is."""
    if isinstance(value, datetime):
        return value.astimezone().strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(value, float):
        return f"{value:.6g}"
    return "" if value is None else str(value)


def duration(seconds: float) -> str:
    """``75.2`` as ``1:15``."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


class LogText(str):
    """Log text that a notebook shows as text, not as a quoted string."""

    def __repr__(self) -> str:
        return str(self)
