"""CreateHumanTaskUi, DescribeHumanTaskUi, ListHumanTaskUis, DeleteHumanTaskUi, RenderUiTemplate."""

from __future__ import annotations

import hashlib
import json
import re
from html import unescape
from typing import TYPE_CHECKING, Any

from clary.api.errors import ApiError, in_use, validation
from clary.api.operations import resources
from clary.api.operations.workforce import as_listing
from clary.api.paging import listing
from clary.api.registry import operation
from clary.objects import ObjectsError
from clary.store.documents import AlreadyExists, Document

if TYPE_CHECKING:
    from clary.api.engine import Engine

KIND = "human-task-ui"
_S3_SOURCE = re.compile(r"""\bsrc\s*=\s*["'](s3://[^"']+)["']""")


@operation("sagemaker", "CreateHumanTaskUi")
def create_human_task_ui(engine: Engine, params: dict[str, Any]) -> dict[str, Any]:
    name = params["HumanTaskUiName"]
    try:
        with resources.creating(engine, KIND, name, params, status="Active") as document:
            return {"HumanTaskUiArn": document.arn}
    except AlreadyExists:
        raise in_use(
            f"There is a human task UI of this name already: {resources.arn(engine, KIND, name)}."
        ) from None


@operation("sagemaker", "DescribeHumanTaskUi")
def describe_human_task_ui(engine: Engine, params: dict[str, Any]) -> dict[str, Any]:
    document = _found(engine, params["HumanTaskUiName"])
    content = document.body["UiTemplate"]["Content"].encode()
    return {
        **_summary(document),
        "HumanTaskUiStatus": "Active",
        "UiTemplate": {"ContentSha256": hashlib.sha256(content).hexdigest()},
    }


@operation("sagemaker", "ListHumanTaskUis")
def list_human_task_uis(engine: Engine, params: dict[str, Any]) -> dict[str, Any]:
    return listing(engine, KIND, as_listing(params), "HumanTaskUiSummaries", _summary)


@operation("sagemaker", "DeleteHumanTaskUi")
def delete_human_task_ui(engine: Engine, params: dict[str, Any]) -> dict[str, Any]:
    with engine.store.transaction():
        resources.remove(engine, _found(engine, params["HumanTaskUiName"]))
    return {}


@operation("sagemaker", "RenderUiTemplate")
def render_ui_template(engine: Engine, params: dict[str, Any]) -> dict[str, Any]:
    """A template's HTML for an example of a task. What is wrong with the template is told in Errors, not as an error."""
    from clary.labeling.templates import TemplateError, render

    if ("UiTemplate" in params) == ("HumanTaskUiArn" in params):
        raise validation("Exactly one of UiTemplate and HumanTaskUiArn must be given.")
    template = _content(engine, params)
    try:
        task = json.loads(params["Task"]["Input"])
    except ValueError as error:
        raise validation(f"Task.Input is not valid JSON: {error}.") from None
    if not isinstance(task, dict):
        raise validation("Task.Input must be a JSON object.")
    try:
        granted: set[str] = set()
        content = render(template, task, _granted(engine, granted))
        return {"RenderedContent": content, "Errors": _unreadable(content, granted)}
    except TemplateError as error:
        return {"RenderedContent": "", "Errors": [{"Code": error.code, "Message": str(error)}]}


def _unreadable(content: str, granted: set[str]) -> list[dict[str, str]]:
    """Objects that the page would load, and that no browser could."""
    wanted = (unescape(uri) for uri in _S3_SOURCE.findall(content))
    return [
        {
            "Code": "InvalidParameters",
            "Message": f'"{uri}" is in a bucket, which a browser cannot read: pass it through the filter grant_read_access.',
        }
        for uri in dict.fromkeys(wanted)
        if uri not in granted
    ]


def _granted(engine: Engine, granted: set[str]) -> Any:
    """What `grant_read_access` gives: as on AWS an address that anybody can read for an hour, if a server runs. Notes the
    URIs that it was asked for."""
    from clary.api import presence
    from clary.labeling.templates import TemplateError

    server = presence.running(engine.home)

    def grant(uri: str) -> str:
        try:
            place = engine.objects.resolve(uri)
        except ObjectsError:
            place = None
        if place is None or (place.kind == "s3" and not place.key):
            raise TemplateError(
                f'"grant_read_access" input is not a valid S3 URI: "{uri}".', "InvalidParameters"
            )
        granted.add(uri)
        if place.kind != "s3" or server is None:
            return uri
        return _presigned(engine, server, place.bucket, place.key)

    return grant


def _presigned(engine: Engine, server: str, bucket: str, key: str) -> str:
    import botocore.session
    from botocore.config import Config

    session = botocore.session.Session()
    client = session.create_client(
        "s3",
        region_name=engine.config.region,
        endpoint_url=server,
        aws_access_key_id=engine.credentials.access_key,
        aws_secret_access_key=engine.credentials.secret_key,
        config=Config(signature_version="s3v4", s3={"addressing_style": "path"}),
    )
    return str(client.generate_presigned_url("get_object", {"Bucket": bucket, "Key": key}, ExpiresIn=3600))


def _content(engine: Engine, params: dict[str, Any]) -> str:
    if "UiTemplate" in params:
        return str(params["UiTemplate"]["Content"])
    document = engine.store.documents.find_by_arn(params["HumanTaskUiArn"])
    if document is None or document.kind != KIND:
        raise ApiError("ResourceNotFound", f"The human task UI {params['HumanTaskUiArn']} does not exist.")
    return str(document.body["UiTemplate"]["Content"])


def _found(engine: Engine, name: str) -> Document:
    document = engine.store.documents.find_by_arn(resources.arn(engine, KIND, name))
    if document is None:
        raise ApiError(
            "ResourceNotFound", f"The human task UI {resources.arn(engine, KIND, name)} does not exist."
        )
    return document


def _summary(document: Document) -> dict[str, Any]:
    return {
        "HumanTaskUiName": document.name,
        "HumanTaskUiArn": document.arn,
        "CreationTime": resources.moment(document.created),
    }
