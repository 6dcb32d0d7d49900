"""The results as Altair charts, for notebooks that go on with them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_WIDTH = 320
_COLOURS = {"domain": ["people", "machine"], "range": ["#2f7ed8", "#e0762f"]}


def figure(document: Mapping[str, Any]) -> Any:
    """An `altair.VConcatChart` of what there is: labels, confidence, agreement, confusion, progress, and the certificate."""
    import altair

    charts = [
        part
        for part in (
            _classes(document.get("classes") or []),
            _confidence(document.get("confidence")),
            _agreement(document.get("agreement")),
            _confusion(document.get("confusion")),
            _progress(document.get("progress") or []),
            _certificate(document.get("certificate")),
        )
        if part is not None
    ]
    rows = [altair.hconcat(*charts[place : place + 2]) for place in range(0, len(charts), 2)]
    return altair.vconcat(*rows).resolve_scale(color="independent")


def _data(rows: list[dict[str, Any]]) -> Any:
    import altair

    return altair.Data(values=rows)


def _classes(classes: list[Mapping[str, Any]]) -> Any:
    import altair

    if not classes:
        return None
    rows = [
        {"label": str(one["label"]), "by": by, "count": one[key]}
        for one in classes
        for by, key in (("people", "human"), ("machine", "machine"))
        if one[key]
    ]
    return (
        altair.Chart(_data(rows), title="Labels", width=_WIDTH)
        .mark_bar()
        .encode(
            x=altair.X("count:Q", title="objects"),
            y=altair.Y("label:N", title=None, sort="-x"),
            color=altair.Color("by:N", title=None, scale=altair.Scale(**_COLOURS)),
            tooltip=["label:N", "by:N", "count:Q"],
        )
    )


def _confidence(found: Mapping[str, Any] | None) -> Any:
    import altair

    if not found:
        return None
    edges = found["edges"]
    rows = [
        {"from": edges[place], "to": edges[place + 1], "by": by, "count": count}
        for by, key in (("people", "human"), ("machine", "machine"))
        for place, count in enumerate(found[key])
        if count
    ]
    return (
        altair.Chart(_data(rows), title="Confidence", width=_WIDTH, height=160)
        .mark_bar()
        .encode(
            x=altair.X("from:Q", bin="binned", title="confidence", scale=altair.Scale(domain=[0, 1])),
            x2="to:Q",
            y=altair.Y("count:Q", title="objects", stack=True),
            color=altair.Color("by:N", title=None, scale=altair.Scale(**_COLOURS)),
            tooltip=["from:Q", "to:Q", "by:N", "count:Q"],
        )
    )


def _agreement(found: Mapping[str, Any] | None) -> Any:
    import altair

    if not found or found.get("value") is None:
        return None
    rows = [{"of": "all", **{key: found[key] for key in ("value", "low", "high")}}]
    rows += [
        {"of": one["label"], **{key: one[key] for key in ("value", "low", "high")}}
        for one in found["by_class"]
    ]
    base = altair.Chart(_data(rows), title=str(found["measure"]), width=_WIDTH).encode(
        y=altair.Y("of:N", title=None, sort=None), tooltip=["of:N", "value:Q", "low:Q", "high:Q"]
    )
    line = base.mark_rule().encode(x=altair.X("low:Q", title="agreement, 95 % interval"), x2="high:Q")
    return line + base.mark_point(filled=True, size=60).encode(x="value:Q")


def _confusion(found: Mapping[str, Any] | None) -> Any:
    import altair

    if not found:
        return None
    rows = [
        {
            "one": one,
            "other": other,
            "count": found["matrix"][i][j],
            "share": found["matrix"][i][j] / (sum(found["matrix"][i]) or 1),
        }
        for i, one in enumerate(found["labels"])
        for j, other in enumerate(found["labels"])
    ]
    return (
        altair.Chart(_data(rows), title="Confusion between annotators", width=_WIDTH)
        .mark_rect()
        .encode(
            x=altair.X("other:N", title="another person's label", sort=None),
            y=altair.Y("one:N", title="one person's label", sort=None),
            color=altair.Color(
                "share:Q", title="share of the row", scale=altair.Scale(scheme="blues", domain=[0, 1])
            ),
            tooltip=["one:N", "other:N", "count:Q", "share:Q"],
        )
    )


def _progress(points: list[Mapping[str, Any]]) -> Any:
    import altair

    if len(points) < 2:
        return None
    rows = [{"time": one["time"] * 1000, "labeled": one["labeled"]} for one in points]
    return (
        altair.Chart(_data(rows), title="Progress", width=_WIDTH, height=160)
        .mark_line(interpolate="step-after")
        .encode(x=altair.X("time:T", title=None), y=altair.Y("labeled:Q", title="labeled objects"))
    )


def _certificate(found: Mapping[str, Any] | None) -> Any:
    import altair

    if not found:
        return None
    rows = [dict(one) for one in found["curve"]]
    axis = altair.Axis(format="%")
    curve = (
        altair.Chart(_data(rows), title="Certificate", width=_WIDTH, height=160)
        .mark_line(point=True)
        .encode(
            x=altair.X(
                "share:Q", title="labeled by the machine", axis=axis, scale=altair.Scale(domain=[0, 1])
            ),
            y=altair.Y("bound:Q", title="error is at most", axis=axis),
            tooltip=["share:Q", "bound:Q"],
        )
    )
    allowed = altair.Chart(_data([{"bound": found["epsilon"]}])).mark_rule(strokeDash=[6, 4], color="#c62828")
    return curve + allowed.encode(y="bound:Q")
