"""DataFrames: the rows of `csv_table` in memory."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from clary.labeling.formats.csv_table import Csv, columns_of, rows_of
from clary.labeling.formats.format import TEXT_TASKS, Collection, ReadOptions
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
    plain.columns = header  # type: ignore[assignment]
    return collection(rows, header, "The DataFrame", root or Path.cwd(), options, Csv.tasks)


def to_frame(data: Collection) -> pandas.DataFrame:
    """A data set as a DataFrame with the columns of CSV files; images by their paths, several labels and entities as lists."""
    import pandas

    rows: list[dict[str, Any]] = []
    for item in data.items:
        name = item.text if data.task in TEXT_TASKS else str(item.file or item.name)
        rows.extend(rows_of(item, name, data.task, lambda value: value))
    return pandas.DataFrame(rows, columns=columns_of(data.task))
