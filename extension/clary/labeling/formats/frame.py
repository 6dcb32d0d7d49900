"""DataFrames: the rows of `csv_table` in memory."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from clary.labeling.formats.csv_table import Csv, columns_of, rows_of
from clary.labeling.formats.format import PIXELS, TEXT_TASKS, Collection, ReadOptions
from clary.labeling.formats.rows import collection

if TYPE_CHECKING:
    import pandas


def read_frame(frame: pandas.DataFrame, options: ReadOptions, root: Path | None = None) -> Collection:
    """The data set of a DataFrame with the columns that CSV files have; lists may be lists. `root`: where relative paths of
    images begin, the working folder if None. Raises FormatError."""
    plain = frame.astype(object)

    def rows() -> Any:
        for number, row in enumerate(plain.to_dict("records")):
            yield f"row {number}", row

    header = [str(name) for name in frame.columns]
    plain.columns = header
    return collection(rows, header, "The DataFrame", root or Path.cwd(), options, Csv.tasks)


def to_frame(data: Collection) -> pandas.DataFrame:
    """A data set as a DataFrame with the columns of CSV files; images by their addresses, several labels and entities as lists.
    Masks, which no table holds, as their areas: a column a class, a share of the image (0..1)."""
    if data.task == PIXELS:
        return _areas(data)
    import pandas

    rows: list[dict[str, Any]] = []
    for item in data.items:
        name = item.text if data.task in TEXT_TASKS else item.uri or str(item.file or item.name)
        rows.extend(rows_of(item, name, data.task, lambda value: value))
    return pandas.DataFrame(rows, columns=columns_of(data.task))


def _areas(data: Collection) -> pandas.DataFrame:
    import numpy as np
    import pandas

    rows = []
    for item in data.items:
        row: dict[str, Any] = {"image": item.uri or str(item.file or item.name)}
        if item.answer is not None:
            runs = np.asarray(item.answer["runs"], dtype=np.int64).reshape(-1, 2)
            pixels = np.bincount(runs[:, 0], weights=runs[:, 1], minlength=len(data.labels) + 1)
            shares = (pixels[1:] / max(1.0, pixels.sum())).tolist()
            row |= dict(zip(data.labels, shares, strict=True))
        rows.append({**row, "confidence": item.confidence, "split": item.split})
    return pandas.DataFrame(rows, columns=["image", *data.labels, "confidence", "split"])
