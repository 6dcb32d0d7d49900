"""Values over time: what PutMetricData and BatchPutMetrics bring, by series (namespace, metric, dimensions)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from clary.store.database import Store


@dataclass(frozen=True)
class Sample:
    """`count` values taken at `time` (epoch seconds), with their sum and their bounds; one value v is (1, v, v, v)."""

    time: float
    count: float
    sum: float
    low: float
    high: float
    unit: str = "None"
    step: int | None = None

    @classmethod
    def of(cls, time: float, value: float, unit: str = "None", step: int | None = None) -> Sample:
        return cls(time, 1.0, value, value, value, unit, step)


@dataclass(frozen=True)
class Series:
    """A metric: `dimensions` are pairs of name and value."""

    id: int
    namespace: str
    metric: str
    dimensions: dict[str, str]
    last: float


class Samples:
    """Stored samples. The namespace '' holds those of trial components, which are no CloudWatch metrics."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def add(
        self, namespace: str, metric: str, dimensions: Mapping[str, str], samples: Iterable[Sample]
    ) -> None:
        """Append to a series, which is made if it is new."""
        rows = list(samples)
        latest = max((row.time for row in rows), default=0.0)
        with self._store.transaction() as db:
            (series,) = db.execute(
                "INSERT INTO series (namespace, metric, dimensions, last) VALUES (?, ?, ?, ?)"
                " ON CONFLICT (namespace, metric, dimensions) DO UPDATE SET last = max(last, excluded.last)"
                " RETURNING id",
                (namespace, metric, _canonical(dimensions), latest),
            ).fetchone()
            db.executemany(
                "INSERT INTO samples (series, time, count, sum, low, high, unit, step)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                [(series, s.time, s.count, s.sum, s.low, s.high, s.unit, s.step) for s in rows],
            )

    def between(
        self, namespace: str, metric: str, dimensions: Mapping[str, str], start: float, end: float
    ) -> list[Sample]:
        """Samples with start <= time < end of exactly this series, in the order of time."""
        rows = self._store.read().execute(
            "SELECT s.time, s.count, s.sum, s.low, s.high, s.unit, s.step FROM samples s"
            " WHERE s.series = (SELECT id FROM series WHERE namespace = ? AND metric = ? AND dimensions = ?)"
            " AND s.time >= ? AND s.time < ? ORDER BY s.time, s.rowid",
            (namespace, metric, _canonical(dimensions), start, end),
        )
        return [Sample(*row) for row in rows]

    def series(
        self,
        namespace: str | None = None,
        metric: str | None = None,
        *,
        dimensions: Mapping[str, str] | None = None,
        after: int = 0,
        limit: int = -1,
    ) -> list[Series]:
        """Series in the order they were made, behind the one with the id `after`. `dimensions`: exactly these."""
        rows = self._store.read().execute(
            "SELECT id, namespace, metric, dimensions, last FROM series WHERE id > ? AND namespace = coalesce(?, namespace)"
            " AND metric = coalesce(?, metric) AND dimensions = coalesce(?, dimensions)"
            " AND (? IS NOT NULL OR namespace != '') ORDER BY id LIMIT ?",
            (
                after,
                namespace,
                metric,
                None if dimensions is None else _canonical(dimensions),
                namespace,
                limit,
            ),
        )
        return [Series(row[0], row[1], row[2], dict(json.loads(row[3])), row[4]) for row in rows]

    def remove(self, namespace: str, dimensions: Mapping[str, str]) -> None:
        """Forget all series of exactly these dimensions."""
        with self._store.transaction() as db:
            where = "namespace = ? AND dimensions = ?"
            values = (namespace, _canonical(dimensions))
            db.execute(f"DELETE FROM samples WHERE series IN (SELECT id FROM series WHERE {where})", values)
            db.execute(f"DELETE FROM series WHERE {where}", values)


def _canonical(dimensions: Mapping[str, str]) -> str:
    return json.dumps(sorted(dimensions.items()), separators=(",", ":"))
