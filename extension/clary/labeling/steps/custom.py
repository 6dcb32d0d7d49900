"""The user's own functions before and after the task: AWS's events in, AWS's answers out, run in the step's process."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping
from typing import Any

from clary.home import Home
from clary.labeling import functions
from clary.labeling.settings import JobSettings
from clary.labeling.templates import TemplateError, form

_VERSION = "2018-10-16"
Shown = dict[str, Any]


class FunctionFailed(Exception):
    """A function of the user's raised, or answered what is no answer; the text says which, and what."""


def before(home: Home, settings: JobSettings) -> Callable[[Mapping[str, Any]], Shown | None]:
    """What a canvas is to show for a line, by the pre-annotation function and the template; ``{}``: the line itself; None: the
    function wants nobody to label it."""
    if not settings.pre and not settings.template:
        return lambda line: {}
    function = _load(home, settings.pre) if settings.pre else None
    page = form(settings) if settings.template else None

    def shown(line: Mapping[str, Any]) -> Shown | None:
        given = _task_input(function, settings, line)
        if given is None:
            return None
        if page is not None:
            try:
                return page(given, line)
            except TemplateError as error:
                raise FunctionFailed(f"The template cannot show this object: {error}") from None
        thing = given.get("taskObject", line.get("source", line.get("source-ref", "")))
        member = "text" if "source" in line or not str(thing).startswith(("s3://", "file://")) else "image"
        header = given.get("header")
        return {member: str(thing), **({"header": str(header)} if header else {})}

    return shown


def after(home: Home, settings: JobSettings, payload_uri: str) -> list[dict[str, Any]]:
    """What the post-annotation function made of the answers in the document at `payload_uri`:
    ``[{"datasetObjectId", "consolidatedAnnotation": {"content": {...}}}]``. Raises FunctionFailed."""
    function = _load(home, settings.post)
    event = {
        "version": _VERSION,
        "labelingJobArn": settings.arn,
        "labelAttributeName": settings.attribute,
        "labelCategories": [label.name for label in settings.labels],
        "roleArn": settings.options.get("role_arn", ""),
        "outputConfig": settings.output_uri,
        "payload": {"s3Uri": payload_uri},
    }
    answer = _call(function, event, "post-annotation")
    wrong = not isinstance(answer, list) or any(
        not isinstance(one, dict)
        or "datasetObjectId" not in one
        or not isinstance(one.get("consolidatedAnnotation", {}).get("content"), dict)
        for one in answer
    )
    if wrong:
        raise FunctionFailed(
            "The post-annotation function must return a list of"
            ' {"datasetObjectId": ..., "consolidatedAnnotation": {"content": {...}}}.'
        )
    return list(answer)


def _task_input(
    function: Callable[[Any], Any] | None, settings: JobSettings, line: Mapping[str, Any]
) -> dict[str, Any] | None:
    """The template's ``task.input``; None: no human annotation is required."""
    if function is None:
        return {
            "taskObject": line.get("source", line.get("source-ref")),
            "labels": [one.name for one in settings.labels],
        }
    event = {"version": _VERSION, "labelingJobArn": settings.arn, "dataObject": dict(line)}
    answer = _call(function, event, "pre-annotation")
    if not isinstance(answer, dict) or not isinstance(answer.get("taskInput"), dict):
        raise FunctionFailed('The pre-annotation function must return {"taskInput": {...}}.')
    if str(answer.get("isHumanAnnotationRequired", "true")).lower() == "false":
        return None
    return dict(answer["taskInput"])


def _load(home: Home, reference: str) -> Callable[[Any], Any]:
    try:
        return functions.load(home, reference)
    except functions.FunctionError as error:
        raise FunctionFailed(f"The function {reference} cannot be used: {error}") from None


def _call(function: Callable[[Any], Any], event: dict[str, Any], which: str) -> Any:
    try:
        return function(event)
    except functions.FunctionError as error:
        traceback.print_exc()
        raise FunctionFailed(f"The {which} function failed. {error}") from error
