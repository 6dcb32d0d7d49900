"""The labeling canvas in a notebook."""

from __future__ import annotations

from typing import Any

from clary.sdk.progress import in_live_notebook

_VIEW = "application/vnd.jupyter.widget-view+json"
_shown: dict[str, Any] = {}


def canvas_of(job: str) -> Any:
    """The job's canvas as an anywidget. One a job: shown twice, it has two views."""
    if job not in _shown:
        from clary.widgets.labeling.widget import make

        _shown[job] = make(job)
    return _shown[job]


def live_view(job: str) -> dict[str, Any]:
    """What a mimebundle has of the canvas; nothing where nobody looks."""
    if not in_live_notebook() and job not in _shown:
        return {}
    shown = canvas_of(job)._repr_mimebundle_()
    bundle = shown[0] if isinstance(shown, tuple) else shown
    return {_VIEW: bundle[_VIEW]}
