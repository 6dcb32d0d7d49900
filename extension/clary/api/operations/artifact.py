"""Lineage artifacts and their associations, as far as experiment runs make them: Create, Describe, List, DeleteArtifact;
AddAssociation, ListAssociations, DeleteAssociation."""

from __future__ import annotations

import hashlib
import uuid
from typing import TYPE_CHECKING, Any

from clary.api import lineage
from clary.api.errors import validation
from clary.api.operations import resources
from clary.api.registry import operation
from clary.store.documents import AlreadyExists, Document

if TYPE_CHECKING:
    from clary.api.engine import Engine

_KIND, _EDGE = "artifact", "association"
# What an association may join; others of AWS's kinds (actions, contexts) are not there.
_ENDS = (_KIND, "experiment", "experiment-trial-component")


@operation("sagemaker", "CreateArtifact")
def create_artifact(engine: Engine, params: dict[str, Any]) -> dict[str, Any]:
    name = params.get("ArtifactName")
    with engine.store.transaction():
        within = ("json_extract(body, '$.ArtifactName') = ?", (name,))
        if name is not None and engine.store.documents.page(_KIND, limit=1, within=within).items:
            raise validation(f"Artifact '{name}' already exists.")
        with resources.creating(engine, _KIND, uuid.uuid4().hex, params) as document:
            return {"ArtifactArn": document.arn}


@operation("sagemaker", "DescribeArtifact")
def describe_artifact(engine: Engine, params: dict[str, Any]) -> dict[str, Any]:
    document = _found(engine, params["ArtifactArn"])
    body = document.body
    return {
        **_summary(document),
        # A nameless artifact is shown under its ARN.
        "ArtifactName": body.get("ArtifactName", document.arn),
        "Properties": body.get("Properties"),
        "MetadataProperties": body.get("MetadataProperties"),
    }


@operation("sagemaker", "ListArtifacts")
def list_artifacts(engine: Engine, params: dict[str, Any]) -> dict[str, Any]:
    parts, values = [], []  # type: tuple[list[str], list[str]]
    for member, path in (("SourceUri", "$.Source.SourceUri"), ("ArtifactType", "$.ArtifactType")):
        if member in params:
            parts.append(f"json_extract(body, '{path}') = ?")
            values.append(params[member])
    within = (" AND ".join(parts), tuple(values)) if parts else None
    return lineage.listed(engine, _KIND, params, "ArtifactSummaries", _summary, within)


@operation("sagemaker", "DeleteArtifact")
def delete_artifact(engine: Engine, params: dict[str, Any]) -> dict[str, Any]:
    if ("ArtifactArn" in params) == ("Source" in params):
        raise validation("Exactly one of ArtifactArn and Source must be given.")
    with engine.store.transaction():
        if "ArtifactArn" in params:
            document = _found(engine, params["ArtifactArn"])
        else:
            uri = params["Source"]["SourceUri"]
            within = ("json_extract(body, '$.Source.SourceUri') = ?", (uri,))
            found = engine.store.documents.page(_KIND, limit=1, within=within).items
            if not found:
                raise lineage.missing(f"Artifact with the source '{uri}' does not exist.")
            document = found[0]
        resources.remove(engine, document)
    return {"ArtifactArn": document.arn}


def _found(engine: Engine, arn: str) -> Document:
    document = engine.store.documents.find_by_arn(arn)
    if document is None or document.kind != _KIND:
        raise lineage.missing(f"Artifact '{arn}' does not exist.")
    return document


def _summary(document: Document) -> dict[str, Any]:
    return {
        "ArtifactArn": document.arn,
        "ArtifactName": document.body.get("ArtifactName"),
        "Source": document.body["Source"],
        "ArtifactType": document.body["ArtifactType"],
        "CreationTime": resources.moment(document.created),
        "LastModifiedTime": resources.moment(document.modified),
    }


@operation("sagemaker", "AddAssociation")
def add_association(engine: Engine, params: dict[str, Any]) -> dict[str, Any]:
    ends = {member: _end(engine, params[member]).arn for member in ("SourceArn", "DestinationArn")}
    try:
        engine.store.documents.create(_EDGE, _edge(params), {**params, **ends})
    except AlreadyExists:
        raise validation(
            f"An association between {params['SourceArn']} and {params['DestinationArn']} already exists."
        ) from None
    return ends


@operation("sagemaker", "ListAssociations")
def list_associations(engine: Engine, params: dict[str, Any]) -> dict[str, Any]:
    parts, values = [], []  # type: tuple[list[str], list[str]]
    for member in ("SourceArn", "DestinationArn", "AssociationType"):
        if member in params:
            parts.append(f"json_extract(body, '$.{member}') = ?")
            values.append(params[member])
    for member, end in (("SourceType", "SourceArn"), ("DestinationType", "DestinationArn")):
        if member in params:
            parts.append(f"EXISTS (SELECT 1 FROM documents o WHERE o.arn = json_extract(documents.body, '$.{end}')"
                         " AND coalesce(json_extract(o.body, '$.ArtifactType'), o.kind) = ?)")  # fmt: skip
            values.append(params[member])
    if params.get("SortBy", "CreationTime") != "CreationTime":
        raise resources.refuse(f"SortBy {params['SortBy']} in ListAssociations", "Sort by CreationTime.")

    def summary(document: Document) -> dict[str, Any]:
        shown = {**document.body, "CreationTime": resources.moment(document.created)}
        for side in ("Source", "Destination"):
            end = engine.store.documents.find_by_arn(shown[f"{side}Arn"])
            if end is not None:
                shown[f"{side}Type"] = end.body.get("ArtifactType", end.kind)
                shown[f"{side}Name"] = end.body.get("ArtifactName") if end.kind == _KIND else end.name
        return shown

    within = (" AND ".join(parts), tuple(values)) if parts else None
    return lineage.listed(engine, _EDGE, params, "AssociationSummaries", summary, within)


@operation("sagemaker", "DeleteAssociation")
def delete_association(engine: Engine, params: dict[str, Any]) -> dict[str, Any]:
    with engine.store.transaction():
        if engine.store.documents.find(_EDGE, _edge(params)) is None:
            raise lineage.missing(
                f"An association between {params['SourceArn']} and {params['DestinationArn']} does not exist."
            )
        engine.store.documents.delete(_EDGE, _edge(params))
    return {member: params[member] for member in ("SourceArn", "DestinationArn")}


def _edge(params: dict[str, Any]) -> str:
    return hashlib.sha256(f"{params['SourceArn']}\n{params['DestinationArn']}".encode()).hexdigest()


def _end(engine: Engine, arn: str) -> Document:
    document = engine.store.documents.find_by_arn(arn)
    if document is None or document.kind not in _ENDS:
        raise lineage.missing(f"Resource '{arn}' does not exist.")
    return document
