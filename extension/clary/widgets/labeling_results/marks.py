"""Bars, intervals, histograms and tables as HTML, in JupyterLab's colours where the page has them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

HUMAN, MACHINE = "var(--clary-s0,#2f7ed8)", "var(--clary-s1,#e0762f)"
DIM = "var(--jp-ui-font-color2,#666)"
LINE = "var(--jp-border-color2,#ccc)"
# What the machine did is dotted, so that it shows without colours.
_DOTTED = "border:2px dotted var(--jp-layout-color1,#fff)"
_CELL = "text-align:left;padding:2px 10px 2px 0;border:none;background:none"


def card(title: str, body: str, note: str = "") -> str:
    """A part of the page under its own title."""
    said = f'<div style="color:{DIM};font-size:12px">{escape(note)}</div>' if note else ""
    return (
        f'<section style="margin:0 0 18px 0;min-width:0"><div style="font-weight:600;margin:0 0 4px 0">{escape(title)}</div>'
        f"{said}{body}</section>"
    )


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table of cells that are HTML already; the heads are text."""
    head = "".join(
        f'<th scope="col" style="{_CELL};color:{DIM};font-weight:normal">{escape(one)}</th>' for one in heads
    )
    lines = "".join(
        "<tr>" + "".join(f'<td style="{_CELL};vertical-align:middle">{cell}</td>' for cell in row) + "</tr>"
        for row in rows
    )
    return (
        '<table style="border:none;border-collapse:collapse;margin:0;font-size:13px"><thead><tr>'
        f"{head}</tr></thead><tbody>{lines}</tbody></table>"
    )


def bar(parts: Sequence[tuple[float, str]], width: int = 220) -> str:
    """A bar of parts (share of the width 0..1, colour); the second is dotted."""
    drawn = "".join(
        f'<div style="display:inline-block;height:12px;width:{max(0.0, share) * width:.1f}px;background:{colour};'
        f'box-sizing:border-box;{_DOTTED if place else ""}"></div>'
        for place, (share, colour) in enumerate(parts)
        if share > 0
    )
    return f'<div style="width:{width}px;line-height:0;white-space:nowrap" aria-hidden="true">{drawn}</div>'


def interval(value: float | None, low: float | None, high: float | None, width: int = 180) -> str:
    """A point with its 95 % interval on a line from 0 to 1 (what is below 0 is drawn at 0)."""
    if value is None:
        return ""
    left, right, at = (
        min(1.0, max(0.0, one if one is not None else value)) * width for one in (low, high, value)
    )
    return (
        f'<div style="width:{width}px;height:12px;border-left:1px solid {LINE};border-right:1px solid {LINE}" '
        'aria-hidden="true">'
        f'<div style="margin-left:{left:.1f}px;width:{max(2.0, right - left):.1f}px;height:4px;background:{HUMAN};'
        'opacity:0.4;position:relative;top:4px"></div>'
        f'<div style="margin-left:{max(0.0, at - 2):.1f}px;width:4px;height:12px;background:{HUMAN};position:relative;top:-4px">'
        "</div></div>"
    )


def histogram(edges: Sequence[float], human: Sequence[int], machine: Sequence[int], height: int = 90) -> str:
    """Counts between the edges, people's below the machine's."""
    most = max([*(a + b for a, b in zip(human, machine, strict=True)), 1])
    columns = []
    for place, (people, machines) in enumerate(zip(human, machine, strict=True)):
        title = f"{edges[place]:g} to {edges[place + 1]:g}: {people:,} by people, {machines:,} by the machine"
        parts = "".join(
            f'<div style="height:{count / most * height:.1f}px;background:{colour};box-sizing:border-box;{edge}"></div>'
            for count, colour, edge in ((machines, MACHINE, _DOTTED), (people, HUMAN, ""))
            if count
        )
        columns.append(
            f'<td title="{escape(title, quote=True)}" style="vertical-align:bottom;padding:0 1px;border:none;width:12px;'
            f'height:{height}px;background:none">{parts}</td>'
        )
    return (
        f'<table role="img" aria-label="Histogram of the confidence" style="border:none;border-collapse:collapse;margin:0">'
        f"<tbody><tr>{''.join(columns)}</tr></tbody></table>"
        f'<div style="width:{14 * len(human)}px;color:{DIM};font-size:11px;border-top:1px solid {LINE}">'
        f'<span>{edges[0]:g}</span><span style="float:right">{edges[-1]:g}</span></div>'
    )


def heat(labels: Sequence[str], matrix: Sequence[Sequence[float]]) -> str:
    """A table whose cells are shaded by their share of the row, which they also say."""
    heads = "".join(
        f'<th scope="col" style="{_CELL};color:{DIM};font-weight:normal;max-width:90px;overflow:hidden">{escape(one)}</th>'
        for one in labels
    )
    rows = []
    for label, row in zip(labels, matrix, strict=True):
        total = sum(row) or 1
        cells = "".join(
            f'<td title="{value:,}" style="text-align:right;padding:2px 8px;border:1px solid {LINE};'
            f'background:rgba(47,126,216,{0.75 * value / total:.2f})">{f"{value / total:.0%}" if value else ""}</td>'
            for value in row
        )
        rows.append(
            f'<tr><th scope="row" style="{_CELL};font-weight:normal">{escape(label)}</th>{cells}</tr>'
        )
    return (
        '<table style="border:none;border-collapse:collapse;margin:0;font-size:12px"><thead><tr><td style="border:none"></td>'
        f"{heads}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
    )


def legend(names: Mapping[str, str]) -> str:
    """Colours and what they stand for."""
    marks = "".join(
        f'<span style="margin-right:14px"><span style="display:inline-block;width:10px;height:10px;background:{colour};'
        f'margin-right:5px" aria-hidden="true"></span>{escape(name)}</span>'
        for name, colour in names.items()
    )
    return f'<div style="font-size:12px;color:{DIM};margin:2px 0 4px 0">{marks}</div>'


def number(value: Any, digits: int = 2) -> str:
    """A number for a person; a dash for what is not known."""
    if value is None:
        return "-"
    return f"{value:,.{digits}f}" if isinstance(value, float) else f"{value:,}"


def percent(value: float | None) -> str:
    """A share: 4.2% of small ones, 42% of others; a dash for what is not known."""
    if value is None:
        return "-"
    small = 0 < value < 0.1 and abs(value * 100 - round(value * 100)) > 0.049
    return f"{value:.1%}" if small else f"{value:.0%}"
