"""The certificate of automatic labels: in words, and the bound of the error against the share that the machine labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from clary.widgets.labeling_results.marks import DIM, HUMAN, LINE, percent
from clary.widgets.view.chart import ticks

_WIDTH, _HEIGHT, _LEFT, _RIGHT, _TOP, _BOTTOM = 420.0, 200.0, 46.0, 20.0, 10.0, 34.0


def certificate_html(certificate: Mapping[str, Any]) -> str:
    """The certificate as a part of a page."""
    words = "".join(
        f'<p style="margin:0 0 6px 0;max-width:70ch">{escape(one)}</p>' for one in certificate["words"]
    )
    return f"<div>{words}{_picture(certificate['curve'], float(certificate['epsilon']))}</div>"


def _picture(curve: Sequence[Mapping[str, float]], epsilon: float) -> str:
    points = sorted((one["share"], one["bound"]) for one in curve)
    if not points:
        return ""
    high = min(1.0, max(2 * epsilon, *(bound for _, bound in points)) * 1.06)

    def x(share: float) -> float:
        return _LEFT + share * (_WIDTH - _LEFT - _RIGHT)

    def y(bound: float) -> float:
        return _HEIGHT - _BOTTOM - min(bound, high) / high * (_HEIGHT - _TOP - _BOTTOM)

    text = f'fill="{DIM}" font-size="11" font-family="sans-serif"'
    rows = "".join(
        f'<line x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y(one):.1f}" y2="{y(one):.1f}" stroke="{LINE}" opacity="0.7"/>'
        f'<text x="{_LEFT - 6}" y="{y(one) + 4:.1f}" text-anchor="end" {text}>{percent(one)}</text>'
        for one in ticks(0.0, high, 4)
    )
    columns = "".join(
        f'<text x="{x(one):.1f}" y="{_HEIGHT - 18}" text-anchor="middle" {text}>{one:.0%}</text>'
        for one in (0.0, 0.25, 0.5, 0.75, 1.0)
    )
    axis = (
        f'<text x="{(_LEFT + _WIDTH - _RIGHT) / 2:.0f}" y="{_HEIGHT - 3}" text-anchor="middle" {text}>'
        "share of all objects that the machine labels</text>"
    )
    path = "L".join(f"{x(share):.1f},{y(bound):.1f}" for share, bound in points)
    line = f'<path d="M{path}" fill="none" stroke="{HUMAN}" stroke-width="2"/>' if len(points) > 1 else ""
    guessed = sorted((one["share"], one["expected"]) for one in curve if one.get("expected") is not None)
    if len(guessed) > 1:
        steps = "L".join(f"{x(share):.1f},{y(bound):.1f}" for share, bound in guessed)
        line += f'<path d="M{steps}" fill="none" stroke="{HUMAN}" stroke-width="1.5" stroke-dasharray="2 3"/>'
        line += (
            f'<text x="{x(guessed[-1][0]) + 4:.1f}" y="{y(guessed[-1][1]) + 4:.1f}" {text}>expected</text>'
        )
    last = [one for one in points if one[1] <= epsilon][-1:]
    dot = "".join(f'<circle cx="{x(a):.1f}" cy="{y(b):.1f}" r="4" fill="{HUMAN}"/>' for a, b in last)
    allowed = (
        f'<line x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y(epsilon):.1f}" y2="{y(epsilon):.1f}" '
        'stroke="var(--jp-error-color1,#c62828)" stroke-dasharray="6 4"/>'
        f'<text x="{_LEFT + 4}" y="{y(epsilon) - 4:.1f}" {text}>allowed: {percent(epsilon)}</text>'
    )
    said = "".join(f"At {a:.0%} labeled by the machine at most {percent(b)} are wrong. " for a, b in last)
    return (
        f'<svg viewBox="0 0 {_WIDTH:g} {_HEIGHT:g}" role="img" aria-label="{escape(said, quote=True)}" '
        f'style="width:100%;max-width:{_WIDTH:g}px;height:auto;display:block">{rows}{columns}{axis}{allowed}{line}{dot}</svg>'
    )
