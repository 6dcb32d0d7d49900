"""Line charts as SVG: no script, readable in light and dark, told apart by dashes as well as by colour."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from html import escape

Points = Sequence[tuple[float, float]]

_COLOURS = ("#2f7ed8", "#e0762f", "#2f9e62", "#c0408f", "#7b5fd0", "#b08a10", "#1a9bb0", "#c24a42")
_DASHES = ("", "6 3", "2 3", "8 3 2 3", "12 4", "4 4", "1 4", "10 2 2 2 2 2")
_LEFT, _RIGHT, _TOP, _BOTTOM = 46.0, 10.0, 8.0, 20.0


def charts(metrics: Mapping[str, Points]) -> str:
    """A chart for each group of metrics that belong together (``train:loss``, ``validation:loss``)."""
    figures = "".join(chart(title, series) for title, series in grouped(metrics).items())
    return f'<div class="claryw-Charts">{figures}</div>' if figures else ""


def grouped(metrics: Mapping[str, Points]) -> dict[str, dict[str, Points]]:
    """Metrics by the last part of their names: what follows the last ``:``, ``_``, ``-`` or ``/``."""
    groups: dict[str, dict[str, Points]] = {}
    for name, points in metrics.items():
        last = name
        for mark in ":/_-. ":
            last = last.rpartition(mark)[2]
        groups.setdefault(last.lower() or name, {})[name] = points
    return {(next(iter(series)) if len(series) == 1 else title): series for title, series in groups.items()}


def chart(
    title: str,
    series: Mapping[str, Points],
    *,
    width: float = 380.0,
    height: float = 170.0,
    format: Callable[[float], str] | None = None,
    zero: bool = False,
) -> str:
    """A figure: title, legend with the last values, lines over the seconds since the start."""
    write = format or short
    finite = {name: [one for one in points if math.isfinite(one[1])] for name, points in series.items()}
    every = [one for points in finite.values() for one in points]
    legend = "".join(
        f'<span class="claryw-Legend">{_swatch(number) + escape(name) if len(series) > 1 or name != title else ""}'
        f" <strong>{escape(write(series[name][-1][1]))}</strong></span>"
        for number, name in enumerate(series)
        if series[name]
    )
    if not every:
        return (
            f"<figure class='claryw-Chart'><figcaption><b>{escape(title)}</b>{legend}</figcaption></figure>"
        )
    frame = _Frame(every, width, height, zero)
    label = f"{title}: " + ", ".join(
        f"{name} {write(points[-1][1])}" for name, points in finite.items() if points
    )
    lines = "".join(_line(number, points, frame) for number, points in enumerate(finite.values()) if points)
    return (
        f'<figure class="claryw-Chart" style="margin:0"><figcaption><b>{escape(title)}</b> {legend}</figcaption>'
        f'<svg viewBox="0 0 {width:g} {height:g}" role="img" aria-label="{escape(label, quote=True)}" '
        f'style="width:100%;max-width:{width * 1.3:g}px;height:auto;display:block">'
        f"{frame.axes(write)}{lines}</svg></figure>"
    )


class _Frame:
    """From values to places on the picture."""

    def __init__(self, points: Points, width: float, height: float, zero: bool) -> None:
        xs, ys = [x for x, _ in points], [y for _, y in points]
        self.x0, self.x1 = min(0.0, *xs), max(max(xs), min(xs) + 1.0)
        low, high = min(ys), max(ys)
        room = (high - low) * 0.06 or abs(high) * 0.1 or 1.0
        self.y0 = min(0.0, low) if zero else low - room
        self.y1 = high + room
        self.width, self.height = width, height

    def x(self, value: float) -> float:
        return _LEFT + (value - self.x0) / (self.x1 - self.x0) * (self.width - _LEFT - _RIGHT)

    def y(self, value: float) -> float:
        return (
            self.height - _BOTTOM - (value - self.y0) / (self.y1 - self.y0) * (self.height - _TOP - _BOTTOM)
        )

    def axes(self, write: Callable[[float], str]) -> str:
        """Lines with their numbers; the times below."""
        text = 'fill="var(--jp-ui-font-color2,#767676)" font-size="11" font-family="sans-serif"'
        rows = "".join(
            f'<line x1="{_LEFT:g}" x2="{self.width - _RIGHT:g}" y1="{self.y(tick):.1f}" y2="{self.y(tick):.1f}" '
            f'stroke="var(--jp-border-color2,#ccc)" stroke-width="1" opacity="0.7"/>'
            f'<text x="{_LEFT - 6:g}" y="{self.y(tick) + 4:.1f}" text-anchor="end" {text}>{escape(write(tick))}</text>'
            for tick in ticks(self.y0, self.y1, 4)
        )
        last = self.height - 5
        times = "".join(
            f'<text x="{self.x(tick):.1f}" y="{last:g}" text-anchor="middle" {text}>{escape(_time(tick))}</text>'
            for tick in _time_ticks(self.x1)
            if self.x(tick) < self.width - 22
        )
        return rows + times


def _line(number: int, points: Points, frame: _Frame) -> str:
    colour, dash = _colour(number), _DASHES[number % len(_DASHES)]
    last = points[-1]
    dot = f'<circle cx="{frame.x(last[0]):.1f}" cy="{frame.y(last[1]):.1f}" r="3" fill="{colour}"/>'
    if len(points) == 1:
        return dot
    path = "L".join(f"{frame.x(x):.1f},{frame.y(y):.1f}" for x, y in points)
    dashes = f' stroke-dasharray="{dash}"' if dash else ""
    return f'<path d="M{path}" fill="none" stroke="{colour}" stroke-width="1.8" stroke-linejoin="round"{dashes}/>{dot}'


def _colour(number: int) -> str:
    return f"var(--clary-s{number % len(_COLOURS)},{_COLOURS[number % len(_COLOURS)]})"


def _swatch(number: int) -> str:
    dash = _DASHES[number % len(_DASHES)]
    dashes = f' stroke-dasharray="{dash}"' if dash else ""
    return (
        '<svg width="22" height="8" aria-hidden="true" style="margin-right:4px;vertical-align:middle">'
        f'<line x1="0" x2="22" y1="4" y2="4" stroke="{_colour(number)}" stroke-width="2"{dashes}/></svg>'
    )


def ticks(low: float, high: float, count: int) -> list[float]:
    """Round numbers within [low, high], in about ``count`` steps of 1, 2, 2.5 or 5 times a power of ten."""
    span = high - low
    if not (span > 0 and math.isfinite(span)):
        return []
    raw = span / count
    power = 10.0 ** math.floor(math.log10(raw))
    step = next((one * power for one in (1, 2, 2.5, 5, 10) if one * power >= raw * 0.999), 10 * power)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [number * step for number in range(first, last + 1)]


def _time_ticks(longest: float) -> list[float]:
    steps = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400)
    step = next((one for one in steps if longest / one <= 5), math.ceil(longest / 5 / 86400) * 86400)
    return [float(number * step) for number in range(int(longest // step) + 1)]


def _time(seconds: float) -> str:
    if seconds == 0:
        return "0"
    if seconds < 60:
        return f"{seconds:g} s"
    return f"{seconds / 60:.3g} min" if seconds < 3600 else f"{seconds / 3600:.3g} h"


def short(value: float) -> str:
    """At most four significant digits: 0.0312, 97.12, 1.2e+06, 12,345."""
    if not math.isfinite(value):
        return str(value)
    size = abs(value)
    if size >= 1e4 and size < 1e7:
        return f"{value:,.0f}"
    return f"{value:.4g}"


def percent(value: float) -> str:
    return f"{value:.0f} %"


def megabytes(value: float) -> str:
    """``rss_mb`` for a person: 512 MB, 1.5 GB."""
    return f"{value / 1000:.3g} GB" if value >= 1000 else f"{value:.0f} MB"
