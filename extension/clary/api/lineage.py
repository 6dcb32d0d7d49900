"""What experiments, trials and trial components share: look-up without regard to case, creation, change, lists."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from clary.api.errors import ApiError, resource_not_found, validation
from clary.api.operations import resources
from clary.api.paging import listing
from clary.store.documents import AlreadyExists, Document

if TYPE_CHECKING:
    from clary.api.engine import Engine

_TITLES = {
    "experiment": "Experiment",
    "experiment-trial": "Trial",
    "experiment-trial-component": "Trial component",
}


def find(engine: Engine, kind: str, name: str) -> Document:
    """The document with this name, or this ARN. Raises ApiError (ResourceNotFound)."""
    known = name.lower() if name.startswith("arn:") else resources.arn(engine, kind, name)
    document = engine.store.documents.find_by_arn(known)
    if document is None or document.kind != kind:
        raise missing(f"{_TITLES[kind]} '{name}' does not exist.")
    return document


def missing(message: str) -> ApiError:
    return resource_not_found(message)


def create(engine: Engine, kind: str, name: str, params: dict[str, Any], status: str = "") -> Document:
    """Raises ApiError (ValidationException, whose words the SDK knows) when the name is taken."""
    from clary.api import components

    components.check(params)
    try:
        with resources.creating(engine, kind, name, params, status=status) as document:
            return document
    except AlreadyExists:
        raise validation(f"{_TITLES[kind]} '{name}' already exists.") from None


def change(engine: Engine, kind: str, name: str, params: dict[str, Any]) -> Document:
    """Take over DisplayName and Description, where given."""
    with engine.store.transaction():
        document = find(engine, kind, name)
        body = dict(document.body)
        body.update({member: params[member] for member in ("DisplayName", "Description") if member in params})
        return engine.store.documents.update(kind, document.name, body=body)


def listed(
    engine: Engine,
    kind: str,
    params: dict[str, Any],
    summaries: str,
    summarise: Callable[[Document], dict[str, Any]],
    within: tuple[str, tuple[Any, ...]] | None = None,
) -> dict[str, Any]:
    """A page of a List request of these families."""
    renamed = {"CreatedAfter": "CreationTimeAfter", "CreatedBefore": "CreationTimeBefore"}
    asked = {renamed.get(key, key): value for key, value in params.items()}
    return listing(engine, kind, asked, summaries, summarise, within)
