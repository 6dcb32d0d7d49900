"""How the objects of a job are shown by its template."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from clary.labeling.settings import JobSettings
from clary.labeling.task_type import Answer
from clary.labeling.templates.page import Page, interpret

# Where the API keeps, among the settings' options, the template's text if every object must be asked for its page, and what
# the template says of all of them if not.
TEMPLATE, HEADER = "template_text", "header"
Shown = dict[str, Any]


def form(settings: JobSettings) -> Callable[..., Shown]:
    """``shown(task_input, line)``: what a canvas shows for an object: ``header``, and ``text`` or ``image`` in the place of
    what its line says; ``suggestion``: the template's initial-value as an answer, unchecked. It raises TemplateError."""
    template = settings.options.get(TEMPLATE, "")
    header = settings.options.get(HEADER, "")
    if not template:
        return lambda task_input, line=None: {"header": header} if header else {}

    def shown(task_input: Mapping[str, Any], line: Mapping[str, Any] | None = None) -> Shown:
        page = interpret(template, task_input, data_object=line)
        found = page.shown()
        suggestion = _suggestion(page)
        return {**found, "suggestion": suggestion} if suggestion else found

    return shown


def _suggestion(page: Page) -> Answer | None:
    if not isinstance(page.initial, list):
        return None
    if page.task == "bounding-box":
        return {"boxes": page.initial}
    if page.task == "named-entity-recognition":
        return {"entities": page.initial}
    return None
