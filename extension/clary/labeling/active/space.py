"""The space that items live in: what can be learned about them before anybody labels one.

Three steps, none of which sees a label. Dense features are centred and turned to their first principal components;
sparse ones (TF-IDF) become latent semantic coordinates of length 1 (Deerwester et al., 1990). Then the nearest
neighbours of all items make a graph, whose slowest diffusion modes are a second set of coordinates (Belkin and Niyogi,
2003; diffusion maps, Coifman and Lafon, 2006): items that are connected by a chain of lookalikes are close there. With
few labels that halves the errors, with many the first set is better; the learner mixes the two as its cross-validation says.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
_DENSE, _SPARSE = 50, 100  # components
_SAMPLE = 1000  # items that the median distance is measured on
_NEIGHBOURS, _MODES = 7, 50
_WIDTHS = (0.35, 1.0, 2.8)
_LARGEST_GRAPH = 60_000  # items; with more, the neighbours alone would take minutes


@dataclass(frozen=True)
class Form:
    """A kernel. `width`: in units of 1 / (median distance)^2; `graph`: the share (0..1) of the graph's coordinates."""

    width: float
    graph: float


class Space:
    """`features`: (N, d) floats, dense or scipy sparse; NaN and infinity are refused (ValueError, naming the first such item).

    Takes about a second per thousand items of text, less for images. May be pickled and given to `AutoLabeler` in place
    of the features.
    """

    def __init__(self, features: Any) -> None:
        import scipy.sparse

        if features.ndim != 2:
            raise ValueError(f"features must be (items, dimensions), not of shape {features.shape}.")
        self.size = int(features.shape[0])
        if scipy.sparse.issparse(features):
            matrix = features.tocsr()
            _finite(matrix.data, lambda spot: int(np.searchsorted(matrix.indptr, spot, side="right")) - 1)
            self.points = _semantic(matrix, _SPARSE)
        else:
            dense = np.asarray(features)
            dense = dense if dense.dtype == np.float32 else dense.astype(np.float64)
            _finite(dense.ravel(), lambda spot: spot // dense.shape[1])
            self.points = _principal(dense, _DENSE)
        self._unit = _median(self.points)
        self.modes = _diffusion(self.points) if 50 <= self.size <= _LARGEST_GRAPH else None
        self._unit_modes = _median(self.modes) if self.modes is not None else 1.0

    def forms(self) -> list[Form]:
        """The kernels that the learner chooses among."""
        shares = (0.0,) if self.modes is None else (0.0, 0.5, 1.0)
        return [Form(width, share) for share in shares for width in _WIDTHS]

    def kernel(self, some: Ints, others: Ints, form: Form) -> Floats:
        """Similarities (n, m), between 1 and 2: Gaussians, plus 1 for the intercept."""
        kernel: NDArray[np.float64] = np.ones((len(some), len(others)))
        for points, unit, share in (
            (self.points, self._unit, 1 - form.graph), (self.modes, self._unit_modes, form.graph),
        ):  # fmt: skip
            if points is not None and share > 0:
                kernel += share * np.exp(-form.width / unit * _squares(points[some], points[others]))
        return np.asarray(kernel)


def _squares(one: Floats, other: Floats) -> Floats:
    lengths = (one * one).sum(axis=1)[:, None] + (other * other).sum(axis=1)[None, :]
    return np.asarray(np.maximum(lengths - 2.0 * (one @ other.T), 0.0))


def _median(points: Floats) -> float:
    """The median squared distance between items; 1 where most are the same."""
    chosen = points[np.random.default_rng(0).permutation(len(points))[:_SAMPLE]]
    squares = _squares(chosen, chosen)[np.triu_indices(len(chosen), 1)]
    return float(np.median(squares)) if squares.size and np.median(squares) > 1e-12 else 1.0


def _finite(values: Any, item: Callable[[int], int]) -> None:
    bad = np.flatnonzero(~np.isfinite(values))
    if bad.size:
        raise ValueError(
            f"features of item {item(int(bad[0]))} hold NaN or infinity; every feature must be a finite number."
        )


def _principal(dense: NDArray[Any], components: int) -> Floats:
    """Coordinates along the first principal components (all of them, if there are no more)."""
    centred = dense - dense.mean(axis=0) if len(dense) else dense
    if min(centred.shape) <= components:
        return np.asarray(centred, dtype=np.float64)
    from sklearn.utils.extmath import randomized_svd

    left, strengths, _ = randomized_svd(centred, components, random_state=0)
    return np.asarray(left * strengths, dtype=np.float64)


def _semantic(matrix: Any, components: int) -> Floats:
    """Latent semantic coordinates of rows, of length 1 (0 for empty rows)."""
    if min(matrix.shape) <= components:
        points = np.asarray(matrix.toarray(), dtype=np.float64)
    else:
        from sklearn.decomposition import TruncatedSVD

        lengths = np.sqrt(np.asarray(matrix.multiply(matrix).sum(axis=1), dtype=np.float64).ravel())
        from scipy.sparse import diags

        unit = diags(1.0 / np.where(lengths > 0, lengths, 1.0)) @ matrix
        points = TruncatedSVD(components, n_iter=2, random_state=0).fit_transform(unit)
    lengths = np.linalg.norm(points, axis=1, keepdims=True)
    return np.asarray(points / np.where(lengths > 1e-12, lengths, 1.0), dtype=np.float64)


def _diffusion(points: Floats) -> Floats | None:
    """Coordinates (N, modes - 1) of the neighbours' graph: eigenvectors of its random walk, the slow ones stretched.

    Edges weigh exp(-d^2 / (s_i s_j)) with s the distance to the farthest neighbour (self-tuning: Zelnik-Manor and
    Perona, 2004). A mode of eigenvalue l counts as l / sqrt(1.02 - l): between the commute-time distance and a few steps
    of diffusion.
    """
    from scipy.sparse import csr_matrix, diags
    from scipy.sparse.linalg import ArpackError, eigsh
    from sklearn.neighbors import NearestNeighbors

    count = len(points)
    distances, near = NearestNeighbors(n_neighbors=_NEIGHBOURS + 1).fit(points).kneighbors(points)
    distances, near = distances[:, 1:], near[:, 1:]
    reach = np.maximum(distances[:, -1], 1e-12)
    weights = np.exp(-(distances**2) / (reach[:, None] * reach[near])) + 1e-6
    graph = csr_matrix(
        (weights.ravel(), (np.repeat(np.arange(count), _NEIGHBOURS), near.ravel())), shape=(count, count)
    )
    graph = graph.maximum(graph.T)
    degrees = np.asarray(graph.sum(axis=1)).ravel()
    root = diags(degrees**-0.5)
    start = np.random.default_rng(0).normal(size=count)
    try:
        values, vectors = eigsh(root @ graph @ root, k=min(_MODES, count // 2), which="LA", v0=start)
    except ArpackError:
        return None
    values, vectors = values[::-1][1:], vectors[:, ::-1][:, 1:]
    modes = vectors / np.sqrt(degrees)[:, None]
    spread = modes.std(axis=0)
    stretch = np.maximum(values, 0.0) / np.sqrt(1.02 - np.minimum(values, 1.0))
    return np.asarray(modes / np.where(spread > 0, spread, 1.0) * stretch)
