"""Search, GetSearchSuggestions."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from clary.api import search_property
from clary.api.errors import ApiError, validation
from clary.api.registry import operation
from clary.api.search_expression import Expression, Reader
from clary.api.search_sql import Sql, where
from clary.store.documents import Document

if TYPE_CHECKING:
    from clary.api.engine import Engine
    from clary.api.search_resources import Resource

_PAGE = 10
_LOOKED_AT = 100
_MOST_SUGGESTIONS = 500


@operation("sagemaker", "Search")
def search(engine: Engine, params: dict[str, Any]) -> dict[str, Any]:
    resource = _resource(params["Resource"])
    seek = _Seek(engine, resource, params)
    if params.get("CrossAccountFilterOption") == "CrossAccount":
        return {"Results": []}  # no other account shares anything with this machine
    engine.runner.reconcile()
    resource.prepare(engine)
    limit = params.get("MaxResults", _PAGE)
    found, token = seek.page(limit, params.get("NextToken"))
    answer: dict[str, Any] = {"Results": [{resource.record: record} for record in found]}
    if token is not None:
        answer["NextToken"] = token
    return answer


@operation("sagemaker", "GetSearchSuggestions")
def get_search_suggestions(engine: Engine, params: dict[str, Any]) -> dict[str, Any]:
    resource = _resource(params["Resource"])
    query = params.get("SuggestionQuery", {}).get("PropertyNameQuery", {})
    hint = query.get("PropertyNameHint", "").lower()
    names = set(search_property.names(resource.model()))
    # The keys of maps are known from what there is.
    page = engine.store.documents.page(resource.kind, limit=_LOOKED_AT, sort_by="modified")
    for document in page.items:
        names |= _keys(resource.full(engine, document) or {})
    fitting = sorted(name for name in names if name.lower().startswith(hint))[:_MOST_SUGGESTIONS]
    return {"PropertyNameSuggestions": [{"PropertyName": name} for name in fitting]}


def _keys(record: dict[str, Any]) -> set[str]:
    found = {f"Tags.{tag['Key']}" for tag in record.get("Tags", [])}
    for member in ("HyperParameters", "Parameters", "Environment", "InputArtifacts", "OutputArtifacts"):
        found |= {f"{member}.{key}" for key in record.get(member, {})}
    for member in ("FinalMetricDataList", "Metrics"):
        found |= {f"Metrics.{metric['MetricName']}" for metric in record.get(member, [])}
    return found


def _resource(name: str) -> Resource:
    from clary.api.search_resources import RESOURCES

    if name not in RESOURCES:
        raise validation(
            f"Search for {name} is not offered by Clary. It searches {', '.join(sorted(RESOURCES))}."
        )
    return RESOURCES[name]


class _Seek:
    """One question: what it asks for, in which order, and where the next page begins."""

    def __init__(self, engine: Engine, resource: Resource, params: dict[str, Any]) -> None:
        self._engine, self._resource = engine, resource
        reader = Reader(resource.model(), resource.record)
        given = params.get("SearchExpression")
        self._expression = Expression() if given is None else reader.read(given)
        self._visible = [
            (one["Key"], one.get("Value", ""))
            for one in params.get("VisibilityConditions", [])
            if "Key" in one
        ]
        for key, _ in self._visible:
            if not key.startswith("Tags."):
                raise validation(
                    f"The key {key} of VisibilityConditions is invalid: it must have the form Tags.<key>."
                )
        self._descending = params.get("SortOrder", "Descending") == "Descending"
        name = params.get("SortBy", "LastModifiedTime")
        self._sort = search_property.find(resource.model(), name, resource.record)
        if self._sort.type == "group":
            raise validation(f"SortBy {name} is not a property with a value to sort by.")
        self._order = resource.columns.expression(self._sort)
        asked = [params["Resource"], given, self._visible, name, self._descending]
        self._fingerprint = hashlib.sha256(json.dumps(asked).encode()).hexdigest()[:16]

    def page(self, limit: int, token: str | None) -> tuple[list[dict[str, Any]], str | None]:
        """Up to `limit` records, and the token of the next page, if there is one."""
        after = None if token is None else self._opened(token)
        if self._order is None:
            return self._page_of_all(limit, after)
        found: list[dict[str, Any]] = []
        last: list[Any] = []
        for document, place in self._rows(self._order, after, limit + 1):
            record = self._judged(document)
            if record is None:
                continue
            if len(found) == limit:
                return found, self._sealed(last)
            found.append(record)
            last = place
        return found, None

    def _page_of_all(self, limit: int, after: list[Any] | None) -> tuple[list[dict[str, Any]], str | None]:
        """A page in an order that only the records know; the token is a count."""
        skip = 0 if after is None else after[0]
        if type(skip) is not int or skip < 0 or (after is not None and len(after) != 1):
            raise _bad_token()
        records = [
            record
            for document, _ in self._rows(Sql("d.name"), None, 1000)
            if (record := self._judged(document)) is not None
        ]
        keyed = [(search_property.values(record, self._sort), record) for record in records]
        have = [pair for pair in keyed if pair[0]]
        have.sort(key=lambda pair: _comparable(pair[0][0]), reverse=self._descending)
        ordered = [record for _, record in have] + [record for value, record in keyed if not value]
        rest = skip + limit
        return ordered[skip:rest], self._sealed([rest]) if rest < len(ordered) else None

    def _judged(self, document: Document) -> dict[str, Any] | None:
        record = self._resource.full(self._engine, document)
        if record is None or not self._expression.holds(record):
            return None
        tags = self._engine.store.tags.list(document.arn) if self._visible else {}
        visible = all(tags.get(key.removeprefix("Tags."), value) == value for key, value in self._visible)
        return record if visible else None

    def _rows(self, order: Sql, after: list[Any] | None, batch: int) -> Iterator[tuple[Document, list[Any]]]:
        """Rows that may fit, in order, each with its place; behind the place `after`."""
        from clary.store.documents import document_of

        condition = where(self._expression, self._resource.columns)
        direction, beyond = ("DESC", "<") if self._descending else ("ASC", ">")
        plain = order.text in ("d.name", "d.created", "d.modified")
        while True:
            parts, values = ["d.kind = ?"], [self._resource.kind]  # type: tuple[list[str], list[Any]]
            if condition is not None:
                parts.append(condition.text)
                values += condition.values
            if after is not None:
                text, more = _behind(order, after, beyond, plain)
                parts.append(text)
                values += more
            # Where there is no value comes last, in either order.
            nulls = "" if plain else f"({order.text}) IS NULL, "
            rows = self._engine.store.read().execute(
                f"SELECT d.*, {order.text} AS place FROM documents d LEFT JOIN jobs j ON j.kind = d.kind AND j.name = d.name"
                f" WHERE {' AND '.join(parts)} ORDER BY {nulls}{order.text} {direction}, d.name {direction} LIMIT ?",
                (*order.values, *values, *([] if plain else order.values), *order.values, batch),
            ).fetchall()  # fmt: skip
            for row in rows:
                yield document_of(row), [row["place"], row["name"]]
            if len(rows) < batch:
                return
            after = [rows[-1]["place"], rows[-1]["name"]]
            batch = min(4 * batch, 2000)

    def _sealed(self, place: list[Any]) -> str:
        return base64.urlsafe_b64encode(json.dumps([self._fingerprint, *place]).encode()).decode()

    def _opened(self, token: str) -> list[Any]:
        try:
            opened: list[Any] = json.loads(base64.b64decode(token, b"-_", validate=True))
            given, *place = opened
        except (ValueError, TypeError, binascii.Error, RecursionError):
            raise _bad_token() from None
        if given != self._fingerprint or not place or not all(_storable(value) for value in place):
            raise _bad_token()
        if self._order is not None and len(place) != 2:
            raise _bad_token()
        return place


def _behind(order: Sql, after: list[Any], beyond: str, plain: bool) -> tuple[str, list[Any]]:
    value, name = after
    if plain:
        return f"({order.text}, d.name) {beyond} (?, ?)", [value, name]
    if value is None:
        return f"(({order.text}) IS NULL AND d.name {beyond} ?)", [*order.values, name]
    text = f"(({order.text}) IS NULL OR ({order.text}, d.name) {beyond} (?, ?))"
    return text, [*order.values, *order.values, value, name]


def _comparable(value: Any) -> tuple[int, float, str]:
    """Numbers, and then texts."""
    return (1, 0.0, value) if isinstance(value, str) else (0, float(value), "")


def _storable(value: Any) -> bool:
    return value is None or (isinstance(value, (int, float, str)) and abs(len(str(value))) < 2000)


def _bad_token() -> ApiError:
    return validation(
        "Invalid pagination token: NextToken was not returned by this search with these parameters."
    )
