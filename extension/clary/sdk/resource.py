"""What training jobs, models and endpoints have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from datetime import datetime
from typing import Any, ClassVar, Generic, TypeVar

from clary.sdk import pages
from clary.sdk.api import call


class Resource(ABC):
    """A named thing of the API. Making one from a name asks nothing; every property asks the API afresh."""

    kind: ClassVar[str]  # as in the API's operations: Describe<kind>

    def __init__(self, name: str) -> None:
        self.name = name

    def describe(self) -> dict[str, Any]:
        """The API's whole answer, as boto3 would give it."""
        return call(f"Describe{self.kind}", **{f"{self.kind}Name": self.name})

    @property
    def arn(self) -> str:
        """The Amazon resource name."""
        return str(self.describe()[f"{self.kind}Arn"])

    @property
    @abstractmethod
    def boto3(self) -> str:
        """The boto3 call that shows the same thing."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r})"

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and isinstance(other, Resource) and other.name == self.name

    def __hash__(self) -> int:
        return hash((type(self), self.name))


R = TypeVar("R", bound=Resource)


class Listing(list[R], Generic[R]):
    """A list of resources that a notebook shows as a table; ``rows`` are (name, status, created)."""

    def __init__(self, items: Sequence[R], rows: Sequence[tuple[str, str, datetime]]) -> None:
        super().__init__(items)
        self.rows = rows

    def _repr_html_(self) -> str:
        return pages.table(("name", "status", "created"), self.rows) if self.rows else "<i>none</i>"


def listed(kind: type[R], operation: str, member: str, limit: int, wanted: dict[str, Any]) -> Listing[R]:
    """The ``limit`` newest things that a List operation gives, page by page, newest first."""
    rows: list[tuple[str, str, datetime]] = []
    # Said, because the operations' own orders differ: ListLabelingJobs begins with the oldest.
    wanted = {"SortBy": "CreationTime", "SortOrder": "Descending", **wanted}
    token: dict[str, str] = {}
    while len(rows) < limit:
        answer = call(operation, MaxResults=min(limit - len(rows), 100), **wanted, **token)
        rows += [
            (one[f"{kind.kind}Name"], one[f"{kind.kind}Status"], one["CreationTime"])
            for one in answer[member]
        ]
        if not answer.get("NextToken"):
            break
        token = {"NextToken": answer["NextToken"]}
    return Listing([kind(row[0]) for row in rows], rows)
