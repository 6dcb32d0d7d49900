"""What every List operation of the old families has in common: filters, order and tokens."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from clary.api.errors import validation
from clary.store.documents import BadToken, Document, SortBy

if TYPE_CHECKING:
    from clary.api.engine import Engine

_SORT_KEYS: dict[str, SortBy] = {
    "Name": "name",
    "CreationTime": "created",
    "Status": "status",
    "LastModifiedTime": "modified",
}
# The page size when MaxResults is absent: SageMaker's own default.
_DEFAULT_PAGE = 10


def listing(
    engine: Engine,
    kind: str,
    params: dict[str, Any],
    summaries: str,
    summarise: Callable[[Document], dict[str, Any]],
    within: tuple[str, tuple[Any, ...]] | None = None,
) -> dict[str, Any]:
    """A page of documents of `kind` as `params` (a List request) asks, under the response member `summaries`. `within`: a
    further condition (see `Documents.page`)."""
    try:
        page = engine.store.documents.page(
            kind,
            limit=params.get("MaxResults", _DEFAULT_PAGE),
            token=params.get("NextToken"),
            name_contains=params.get("NameContains"),
            status=params.get("StatusEquals"),
            created_after=_seconds(params.get("CreationTimeAfter")),
            created_before=_seconds(params.get("CreationTimeBefore")),
            modified_after=_seconds(params.get("LastModifiedTimeAfter")),
            modified_before=_seconds(params.get("LastModifiedTimeBefore")),
            sort_by=_SORT_KEYS[params.get("SortBy", "CreationTime")],
            within=within,
            descending=params.get("SortOrder", "Descending") == "Descending",
        )
    except BadToken:
        raise validation(
            "Invalid pagination token: NextToken was not returned by this listing with these filters."
        ) from None
    result: dict[str, Any] = {summaries: [summarise(document) for document in page.items]}
    if page.next_token is not None:
        result["NextToken"] = page.next_token
    return result


def _seconds(moment: Any) -> float | None:
    return None if moment is None else float(moment.timestamp())
