"""Labeling jobs with functions or a template of the user's own: AWS's events, and what their answers mean here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from clary.home import Home
from clary.labeling.functions import FunctionError, call
from clary.labeling.settings import JobSettings
from clary.labeling.task_type import Answer
from clary.labeling.templates import Page, interpret

VERSION = "2018-10-16"
# Where the API keeps the template's text and the job's role among the settings' options.
TEMPLATE, ROLE, HEADER = "template_text", "role", "header"


@dataclass(frozen=True)
class View:
    """How an object is shown. `shown`: header, text or image in the place of what the line says; `wanted`: False when the
    function says that nobody needs to label it; `suggestion`: the template's initial-value."""

    shown: dict[str, Any] = field(default_factory=dict)
    wanted: bool = True
    suggestion: Answer | None = None


def is_custom(settings: JobSettings) -> bool:
    """Whether each object must be asked for its `view`."""
    return bool(settings.pre) or bool(settings.options.get(TEMPLATE))


def view(home: Home, settings: JobSettings, line: Mapping[str, Any]) -> View:
    """What the function before the task and the template make of one line of the manifest. Called in a step. Raises
    FunctionError, TemplateError."""
    task_input, wanted = before_task(home, settings, line)
    template = settings.options.get(TEMPLATE, "")
    if not template or not wanted:
        return View(_plain_view(task_input) if settings.pre else {}, wanted)
    page = interpret(template, task_input, data_object=line)
    return View(page.shown(), wanted, _suggestion(page))


def before_task(home: Home, settings: JobSettings, line: Mapping[str, Any]) -> tuple[dict[str, Any], bool]:
    """The task's input, and whether a person is to see it. Without a function of the user's: what Ground Truth's own give."""
    if not settings.pre:
        source = line.get("source-ref", line.get("source", ""))
        return {"taskObject": source, "labels": [one.name for one in settings.labels]}, True
    event = {"version": VERSION, "labelingJobArn": settings.arn, "dataObject": dict(line)}
    answer = call(home, settings.pre, event)
    given = answer.get("taskInput") if isinstance(answer, dict) else None
    if not isinstance(given, dict):
        raise FunctionError(
            f'The function {settings.pre} must return {{"taskInput": an object}}, not {str(answer)[:200]}.'
        )
    # The documentation has had both names, and both kinds of values.
    said = answer.get("isHumanAnnotationRequired", answer.get("humanAnnotationRequired", True))
    return given, str(said).lower() != "false"


def after_task(
    home: Home, settings: JobSettings, payload_uri: str, expected: Sequence[int]
) -> dict[int, dict[str, Any]]:
    """What the function after the task made of the answers: by object the content that goes into its line of the manifest, the
    label attribute always among it. `payload_uri`: the consolidation request, as `output.Output` writes it; `expected`: the
    objects in it. Called in a step. Raises FunctionError."""
    event = {
        "version": VERSION,
        "labelingJobArn": settings.arn,
        "labelCategories": [one.name for one in settings.labels],
        "labelAttributeName": settings.attribute,
        "roleArn": settings.options.get(ROLE, ""),
        "outputConfig": settings.output_uri,
        "payload": {"s3Uri": payload_uri},
    }
    answer = call(home, settings.post, event)
    if not isinstance(answer, list):
        raise FunctionError(
            f"The function {settings.post} must return a list with one entry an object, not {str(answer)[:200]}."
        )
    known = {str(number): number for number in expected}
    found: dict[int, dict[str, Any]] = {}
    for place, one in enumerate(answer, 1):
        number, content = _entry(one)
        if number not in known or content is None or settings.attribute not in content:
            raise FunctionError(
                f"Entry {place} of what the function {settings.post} returned must be "
                f'{{"datasetObjectId": one of the request\'s, "consolidatedAnnotation": {{"content": {{"{settings.attribute}": '
                f"...}}}}}}, not {str(one)[:200]}."
            )
        found[known[number]] = content
    return found


def _entry(one: Any) -> tuple[str, dict[str, Any] | None]:
    if not isinstance(one, dict):
        return "", None
    annotation = one.get("consolidatedAnnotation")
    content = annotation.get("content") if isinstance(annotation, dict) else None
    return str(one.get("datasetObjectId", "")), content if isinstance(content, dict) else None


def _plain_view(task_input: Mapping[str, Any]) -> dict[str, Any]:
    """A function without a template: its taskObject is the object."""
    source = task_input.get("taskObject")
    if not isinstance(source, str) or not source:
        return {}
    return {"image" if source.startswith(("s3://", "file://", "https://")) else "text": source}


def _suggestion(page: Page) -> Answer | None:
    """The element's initial-value as an answer; checked when it is stored."""
    if page.initial is None:
        return None
    if page.task == "bounding-box" and isinstance(page.initial, list):
        return {"boxes": page.initial}
    if page.task == "named-entity-recognition" and isinstance(page.initial, list):
        return {"entities": page.initial}
    return None
