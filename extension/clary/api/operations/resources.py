"""What the families of named resources share: ARNs, look-ups, creation with tags, and moments in answers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from clary.api.errors import limit_exceeded, validation
from clary.store.documents import Document

if TYPE_CHECKING:
    from clary.api.engine import Engine

# kind of document -> what SageMaker's messages call it
TITLES = {
    "training-job": "training job",
    "processing-job": "processing job",
    "model": "model",
    "endpoint-config": "endpoint configuration",
    "endpoint": "endpoint",
    "artifact": "artifact",
    "experiment": "experiment",
    "experiment-trial": "trial",
    "experiment-trial-component": "trial component",
    "labeling-job": "labeling job",
    "workteam": "work team",
    "workforce": "workforce",
    "human-task-ui": "human task UI",
}
# What stands before the name in the ARNs of a kind: all work teams are of the private workforce.
_FOLDERS = {"workteam": "private-crowd/"}
_MOST_TAGS = 50
_MOST_INSTANCES = 100
_ARN = re.compile(r"arn:aws[a-z-]*:sagemaker:[a-z0-9-]*:[0-9]{12}:([a-z-]+)/.+")


def arn(engine: Engine, kind: str, name: str) -> str:
    # As in AWS the name is in lower case here, which also makes names unique whatever their case (the ARN is a unique key).
    place = f"arn:aws:sagemaker:{engine.config.region}:{engine.config.account_id}:{kind}"
    return f"{place}/{_FOLDERS.get(kind, '')}{name.lower()}"


def find(engine: Engine, kind: str, name: str) -> Document:
    """The document, or SageMaker's ValidationException that it could not be found."""
    document = engine.store.documents.find(kind, name)
    if document is None:
        raise validation(f'Could not find {TITLES[kind]} "{arn(engine, kind, name)}".')
    return document


def find_by_arn(engine: Engine, resource: str) -> Document:
    """The document behind an ARN that a user gave."""
    match = _ARN.fullmatch(resource)
    if match is None or match[1] not in TITLES:
        raise validation(
            f'"{resource}" is not the ARN of a resource that can be tagged here: {", ".join(sorted(TITLES))} can.'
        )
    document = engine.store.documents.find_by_arn(resource)
    if document is None:
        raise validation(f'Could not find {TITLES[match[1]]} "{resource}".')
    return document


@contextmanager
def creating(
    engine: Engine, kind: str, name: str, params: dict[str, Any], *, status: str = ""
) -> Iterator[Document]:
    """In one transaction: the document (body = the request without its tags), its tags, and what the block adds."""
    tags = checked_tags(params.get("Tags", []))
    body = {key: value for key, value in params.items() if key != "Tags"}
    resource = arn(engine, kind, name)
    with engine.store.transaction():
        document = engine.store.documents.create(kind, name, body, arn=resource, status=status)
        if tags:
            engine.store.tags.add(resource, tags)
        yield document


def delete(engine: Engine, kind: str, name: str) -> None:
    remove(engine, find(engine, kind, name))


def remove(engine: Engine, document: Document) -> None:
    """The document and its tags."""
    with engine.store.transaction():
        engine.store.documents.delete(document.kind, document.name)
        engine.store.tags.clear(document.arn)


def check_count(variant: str, instance_type: str, count: int) -> None:
    """A local machine has no fleet behind it: a count that can only be a slip is refused as AWS's quotas would."""
    if count > _MOST_INSTANCES:
        raise limit_exceeded(
            f"The account-level service limit '{instance_type} for endpoint usage' is {_MOST_INSTANCES} Instances, with "
            f"a request of {count} Instances for variant {variant}."
        )


def checked_tags(tags: list[dict[str, str]]) -> dict[str, str]:
    found: dict[str, str] = {}
    for tag in tags:
        key = tag["Key"]
        if key in found:
            raise validation(f'Duplicate tag keys found: "{key}".')
        if key.lower().startswith("aws:"):
            raise validation(f'Tag keys must not begin with "aws:", which is reserved: "{key}".')
        found[key] = tag["Value"]
    if len(found) > _MOST_TAGS:
        raise validation(f"A resource can have at most {_MOST_TAGS} tags; {len(found)} were given.")
    return found


def anything_at(engine: Engine, uri: str) -> bool:
    """Whether there is a file at `uri` (``s3://``, ``file://``) or under it as a prefix. Raises ObjectsError."""
    location = engine.objects.resolve(uri)
    if location.kind == "file":
        return location.path.exists()
    # The first hit is enough: a prefix may hold a million objects.
    return next(iter(engine.objects.walk(location.bucket, location.key)), None) is not None


def moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def refuse(feature: str, instead: str) -> Exception:
    """The error for a part of SageMaker's API that Clary does not do (yet): it names the part and the way round."""
    return validation(f"{feature} is not offered by Clary. {instead}")
