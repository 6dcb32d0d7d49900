"""What people see of a labeling job: its template, and what Clary's canvas takes from it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from clary.api.errors import ApiError, validation
from clary.api.operations import resources
from clary.labeling.settings import Label, Mode
from clary.labeling.templates import Page, TemplateError, task_of
from clary.objects import ObjectsError

if TYPE_CHECKING:
    from clary.api.engine import Engine

_ARN = re.compile(r"arn:aws[a-z-]*:sagemaker:[a-z0-9-]+:([0-9]{12}):human-task-ui/(.+)")
# AWS's own interfaces, by the last part of their ARNs; its account differs from region to region.
_BUILT_IN = {"NamedEntityRecognition": "named-entity-recognition"}
_REFUSED = ("Video", "PointCloud")


def template_text(engine: Engine, config: dict[str, Any]) -> tuple[str, str]:
    """The template of a UiConfig and where it is from; empty texts for Clary's own canvas. Raises ApiError."""
    if len(config) > 1:
        raise validation("UiConfig must have UiTemplateS3Uri or HumanTaskUiArn, not both.")
    if "HumanTaskUiArn" in config:
        return _human_task_ui(engine, config["HumanTaskUiArn"])
    if "UiTemplateS3Uri" not in config:
        return "", ""
    uri = config["UiTemplateS3Uri"]
    try:
        return engine.objects.read_uri(uri).decode(), uri
    except ObjectsError as error:
        raise validation(f"The template at {uri} cannot be read: {error}") from None
    except UnicodeDecodeError:
        raise validation(f"The template at {uri} is not UTF-8.") from None


def page_of(template: str, where: str, labels: tuple[Label, ...]) -> Page:
    """What the template asks of people. Raises ValidationException."""
    try:
        return task_of(template, labels)
    except TemplateError as error:
        raise validation(f"The template at {where} cannot be used: {error}") from None


def check_fits(page: Page, where: str, task: str, mode: Mode) -> None:
    """Whether a template can ask for the answers of a built-in task. Raises ValidationException."""
    if page.task == task:
        return
    # A verification asks for a verdict: its templates choose between good and bad.
    if mode == "verify" and page.task in ("image-classification", "text-classification"):
        return
    raise validation(
        f"The template at {where} has <{page.element}>, which asks for {page.task}; the job's functions are for {task}."
    )


def _human_task_ui(engine: Engine, arn: str) -> tuple[str, str]:
    match = _ARN.fullmatch(arn)
    name = match[2] if match else ""
    if name in _BUILT_IN:
        return "", ""
    if any(word in name for word in _REFUSED):
        raise resources.refuse(
            f"The worker interface {name}",
            "Clary labels images and texts; video and 3D point clouds it does not.",
        )
    document = (
        engine.store.documents.find_by_arn(resources.arn(engine, "human-task-ui", name)) if name else None
    )
    if document is None:
        raise ApiError("ResourceNotFound", f"The worker interface {arn} does not exist.")
    return str(document.body["UiTemplate"]["Content"]), document.arn
