"""What a template asks of people, as a canvas understands it."""

from __future__ import annotations

import ast
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from clary.labeling.settings import Label
from clary.labeling.templates.elements import Element, text_of, the_one
from clary.labeling.templates.liquid import Grant, TemplateError, render

_TASKS = {
    "crowd-image-classifier": "image-classification",
    "crowd-image-classifier-multi-select": "image-classification-multilabel",
    "crowd-classifier": "text-classification",
    "crowd-classifier-multi-select": "text-classification-multilabel",
    "crowd-bounding-box": "bounding-box",
    "crowd-semantic-segmentation": "semantic-segmentation",
    "crowd-entity-annotation": "named-entity-recognition",
}
_ASKING = frozenset(_TASKS)
# What stands for the object while a template is looked at before there is one.
SAMPLE = "sample"


@dataclass(frozen=True)
class Page:
    """One task of a template. `task`: the task type; `element`, `name`: the crowd element's tag and name; `source`: the image's
    URI, or the text; `initial`: the element's initial-value, parsed; instructions are HTML as written (unsafe)."""

    task: str
    element: str
    name: str
    header: str
    labels: tuple[Label, ...]
    source: str
    instructions: str
    full_instructions: str
    initial: Any = None

    @property
    def is_image(self) -> bool:
        return self.element not in (
            "crowd-classifier",
            "crowd-classifier-multi-select",
            "crowd-entity-annotation",
        )

    def shown(self) -> dict[str, Any]:
        """What an object's canvas shows in the place of the manifest's line: ``header``, and ``image`` or ``text``."""
        kind = "image" if self.is_image else "text"
        found = {kind: self.source, "header": self.header}
        return {name: value for name, value in found.items() if value}


def interpret(
    template: str,
    task_input: Mapping[str, Any],
    grant: Grant | None = None,
    data_object: Mapping[str, Any] | None = None,
) -> Page:
    """The page that a template makes of a task (see `liquid.render`). Raises TemplateError."""
    element = the_one(render(template, task_input, grant, data_object), _ASKING)
    attributes, parts = element.attributes, element.parts
    return Page(
        task=_TASKS[element.tag],
        element=element.tag,
        name=attributes.get("name", ""),
        header=attributes.get("header", "").strip(),
        labels=_labels(element),
        source=_source(element),
        instructions=parts.get("short-instructions", "").strip(),
        full_instructions=parts.get("full-instructions", "").strip(),
        initial=_parsed(attributes["initial-value"]) if attributes.get("initial-value", "").strip() else None,
    )


def task_of(template: str, labels: tuple[Label, ...] = ()) -> Page:
    """The page of a task that does not exist yet: which element it has, and what it says whatever the object is."""
    names = [one.name for one in labels]
    return interpret(template, {"labels": names, "taskObject": SAMPLE})


def _source(element: Element) -> str:
    if element.tag == "crowd-entity-annotation":
        return element.attributes.get("text", "")
    if element.tag in ("crowd-classifier", "crowd-classifier-multi-select"):
        return text_of(element.parts.get("classification-target", ""))
    return element.attributes.get("src", "").strip()


def _labels(element: Element) -> tuple[Label, ...]:
    """Of ``categories`` or ``labels``: a JSON array of texts or of ``{"label", "shortDisplayName"}``; empty where it is not
    known yet."""
    name = "labels" if "labels" in element.attributes else "categories"
    text = element.attributes.get(name, "").strip()
    value = _parsed(text) if text else None
    if value is None:
        return ()
    found = []
    for one in value if isinstance(value, list | tuple) else [value]:
        label = one.get("label") if isinstance(one, dict) else one
        short = one.get("shortDisplayName", "") if isinstance(one, dict) else ""
        if not isinstance(label, str) or not isinstance(short, str):
            raise TemplateError(
                f"The {name} of <{element.tag}> must be a list of texts, not {text[:80]!r}.",
                "InvalidParameters",
            )
        found.append(Label(label, short))
    return tuple(found)


def _parsed(text: str) -> Any:
    """JSON, or what JavaScript would take for it: ``['a', 'b']``."""
    try:
        return json.loads(text)
    except ValueError:
        pass
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        raise TemplateError(f"{text[:80]!r} is not valid JSON.", "InvalidParameters") from None
