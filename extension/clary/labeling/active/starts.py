"""The first items, without any label: TypiClust (Hacohen, Dekel and Weinshall, ICML 2022, arXiv 2202.02794).

As many clusters as items are wanted, and of each cluster its most typical item, the one whose neighbours are nearest:
with few labels typical items teach more than doubtful ones. Clusters that hold a label already are passed over.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from clary.labeling.active.strategy import Situation, Strategy

_NEIGHBOURS = 20
_LARGEST = 20_000  # items that are clustered; of more, so many are drawn


class TypiClust(Strategy):
    def choose(self, now: Situation, count: int, stream: np.random.Generator) -> list[int]:
        items = np.union1d(now.pool, now.labelled)
        if len(items) > _LARGEST:
            kept = stream.choice(now.pool, min(_LARGEST, len(now.pool)), replace=False)
            items = np.union1d(kept, now.labelled)
        count = min(count, len(now.pool))
        clusters = min(len(items), count + len(now.labelled))
        points = (now.space.points if now.space.modes is None else now.space.modes)[items]
        member = _clusters(points, clusters, stream)
        free = np.isin(items, now.pool)
        taken = set(member[~free].tolist())
        sizes = np.bincount(member, minlength=clusters)
        chosen: list[int] = []
        for cluster in np.argsort(-sizes, kind="stable").tolist():
            spots = np.flatnonzero((member == cluster) & free)
            if len(chosen) < count and cluster not in taken and spots.size:
                chosen.append(int(items[spots[np.argmax(_typicality(points[spots]))]]))
        if len(chosen) < count:  # clusters were empty or held labels
            others = np.setdiff1d(now.pool, chosen)
            chosen += [int(one) for one in stream.choice(others, count - len(chosen), replace=False)]
        return chosen


def _clusters(points: NDArray[np.float64], count: int, stream: np.random.Generator) -> NDArray[np.int64]:
    import warnings

    from sklearn.cluster import MiniBatchKMeans

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # fewer distinct points than clusters: fine
        model = MiniBatchKMeans(
            count, n_init=1, batch_size=2048, max_iter=50, random_state=int(stream.integers(2**31))
        )
        return np.asarray(model.fit_predict(points), dtype=np.int64)


def _typicality(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """The inverse of the mean distance to the nearest members (n,)."""
    from sklearn.neighbors import NearestNeighbors

    neighbours = min(_NEIGHBOURS, len(points) - 1)
    if neighbours < 1:
        return np.ones(len(points))
    distances, _ = NearestNeighbors(n_neighbors=neighbours + 1).fit(points).kneighbors(points)
    return np.asarray(1.0 / (distances[:, 1:].mean(axis=1) + 1e-9))
