"""CreateLabelingJob's request, and the two files beside it: the label category file and the template."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any

from clary.sdk import storage
from clary.sdk.api import role
from clary.sdk.labeling_tasks import Mode, Task, algorithm_arn, function_arn, page_arn

DAY_S = 86_400
_TAGS = re.compile(
    r"</?(?:p|br|hr|b|i|u|em|strong|ul|ol|li|h[1-6]|div|span|a|img|table|tr|td|th|code|pre|blockquote)\b[^>]*>",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Wish:
    """What a user asks of a labeling job, with nothing left to guess. `block`: Clary's own settings in the category file."""

    name: str
    task: Task
    labels: Sequence[str]
    manifest: str
    output: str
    team: str
    workers: int = 1
    attribute: str = ""
    mode: Mode = "label"
    audited: str = ""
    title: str = ""
    instructions: str = ""
    epsilon: float | None = None
    model_arn: str = ""
    max_labeled: int | None = None
    max_human: int | None = None
    time_limit_s: int = 3600
    available_s: int = 10 * DAY_S
    block: Mapping[str, Any] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)


def labeling_request(wish: Wish) -> dict[str, Any]:
    """The request; its category file and template are stored in the default bucket first."""
    bucket = storage.default_bucket()
    categories = json.dumps(category_file(wish), ensure_ascii=False, indent=1).encode()
    title = wish.title or wish.task.question
    task: dict[str, Any] = {
        "WorkteamArn": wish.team,
        "UiConfig": _page(wish, bucket, title),
        "PreHumanTaskLambdaArn": function_arn("PRE", wish.task, wish.mode),
        "AnnotationConsolidationConfig": {
            "AnnotationConsolidationLambdaArn": function_arn("ACS", wish.task, wish.mode)
        },
        "TaskTitle": title[:128],
        "TaskDescription": (_first_line(wish.instructions) or title)[:255],
        "NumberOfHumanWorkersPerDataObject": wish.workers,
        "TaskTimeLimitInSeconds": wish.time_limit_s,
        "TaskAvailabilityLifetimeInSeconds": wish.available_s,
    }
    request: dict[str, Any] = {
        "LabelingJobName": wish.name,
        "LabelAttributeName": attribute_of(wish),
        "InputConfig": {"DataSource": {"S3DataSource": {"ManifestS3Uri": wish.manifest}}},
        "OutputConfig": {"S3OutputPath": wish.output},
        "RoleArn": role(),
        "LabelCategoryConfigS3Uri": storage.put(bucket, f"{wish.name}/input/categories.json", categories),
        "HumanTaskConfig": task,
        "Tags": [{"Key": key, "Value": value} for key, value in wish.tags.items()],
    }
    stopping = {
        "MaxPercentageOfInputDatasetLabeled": wish.max_labeled,
        "MaxHumanLabeledObjectCount": wish.max_human,
    }
    if any(stopping.values()):
        request["StoppingConditions"] = {key: value for key, value in stopping.items() if value}
    if wish.epsilon is not None:
        request["LabelingJobAlgorithmsConfig"] = {
            "LabelingJobAlgorithmSpecificationArn": algorithm_arn(wish.task),
            **({"InitialActiveLearningModelArn": wish.model_arn} if wish.model_arn else {}),
        }
    return request


def attribute_of(wish: Wish) -> str:
    """The label attribute: the job's name unless it was given; of masks it ends in ``-ref``."""
    attribute = wish.attribute or wish.name
    if wish.task.reference and wish.mode != "verify" and not attribute.endswith("-ref"):
        attribute += "-ref"
    return attribute


def category_file(wish: Wish) -> dict[str, Any]:
    """The label category file, with Clary's own block of what AWS's API has no word for."""
    document: dict[str, Any] = {
        "document-version": "2018-11-28",
        "labels": [{"label": one} for one in wish.labels],
    }
    if wish.audited:
        document["auditLabelAttributeName"] = wish.audited
    if wish.instructions:
        html = instructions_html(wish.instructions)
        document["instructions"] = {"shortInstruction": html, "fullInstruction": html}
    block = {key: value for key, value in wish.block.items() if value not in (None, "", {})}
    if block:
        document["clary"] = block
    return document


def instructions_html(text: str) -> str:
    """Instructions as HTML: what is written in HTML stays, plain text becomes paragraphs."""
    if _TAGS.search(text):
        return text
    paragraphs = [part.strip() for part in re.split(r"\n\s*\n", text) if part.strip()]
    return "".join(f"<p>{escape(part, quote=False).replace(chr(10), '<br>')}</p>" for part in paragraphs)


def _page(wish: Wish, bucket: str, title: str) -> dict[str, str]:
    if wish.task.element == "crowd-entity-annotation" and wish.mode != "verify":
        return {"HumanTaskUiArn": page_arn(wish.task)}
    body = template(wish, title).encode()
    return {"UiTemplateS3Uri": storage.put(bucket, f"{wish.name}/input/template.liquid", body)}


def template(wish: Wish, title: str) -> str:
    """A Liquid template with the task's crowd element."""
    element = wish.task.element
    if wish.mode == "verify":
        element = "crowd-image-classifier" if wish.task.modality == "image" else "crowd-classifier"
    help_text = _no_liquid(instructions_html(wish.instructions))
    header = _no_liquid(escape(title))
    categories = "{{ task.input.labels | to_json | escape }}"
    attributes = f'name="{element}" header="{header}"'
    attributes += f' labels="{categories}"' if _draws(element) else f' categories="{categories}"'
    if wish.task.modality == "image":
        attributes += ' src="{{ task.input.taskObject | grant_read_access }}"'
        target = ""
    else:
        target = "    <classification-target>{{ task.input.taskObject }}</classification-target>\n"
    if wish.mode == "adjust" and _draws(element):
        attributes += ' initial-value="{{ task.input.initialValue | to_json | escape }}"'
    return (
        '<script src="https://assets.crowd.aws/crowd-html-elements.js"></script>\n'
        f"<crowd-form>\n  <{element} {attributes}>\n{target}"
        f'    <full-instructions header="Instructions">{help_text}</full-instructions>\n'
        f"    <short-instructions>{help_text}</short-instructions>\n"
        f"  </{element}>\n</crowd-form>\n"
    )


def _draws(element: str) -> bool:
    return element in ("crowd-bounding-box", "crowd-semantic-segmentation")


def _no_liquid(text: str) -> str:
    """Braces that Liquid would read, as HTML says them."""
    return text.replace("{{", "&#123;&#123;").replace("{%", "&#123;%")


def _first_line(text: str) -> str:
    plain = re.sub(r"<[^>]+>", " ", text)
    return " ".join(next((line for line in plain.splitlines() if line.strip()), "").split())
