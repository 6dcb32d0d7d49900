"""Known answers, by which annotators are judged."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from clary.sdk import packing, storage
from clary.sdk.labeling import LabelingJob

_ATTRIBUTE = "gold"
_MOST = 0.5  # as the API: people are there to label, not only to be tested


def gold_block(gold: Any, share: float, job: str, labels: Sequence[str], kind: str) -> dict[str, Any]:
    """The category file's ``gold`` from a dict (source to label), a LabelingJob, or (manifest, attribute).

    Raises ValueError or TypeError that say what would be right.
    """
    check_share(share)
    if isinstance(gold, LabelingJob):
        return {"uri": gold.manifest, "attribute": gold.attribute, "share": share}
    if isinstance(gold, Mapping):
        return {"uri": _written(gold, job, labels, kind), "attribute": _ATTRIBUTE, "share": share}
    if (
        isinstance(gold, (tuple, list))
        and len(gold) == 2
        and all(isinstance(one, (str, Path)) for one in gold)
    ):
        uri = packing.upload_input(gold[0], f"{job}/input/gold")
        return {"uri": uri, "attribute": str(gold[1]), "share": share}
    raise TypeError("gold is a dict from source to label, an earlier LabelingJob, or (manifest, attribute).")


def check_share(share: float) -> None:
    """Raises ValueError for a share that known answers cannot have of what a person gets."""
    if not 0 < share < _MOST:
        raise ValueError(f"gold_share is a share between 0 and {_MOST}, such as 0.1; not {share}.")


def _written(gold: Mapping[Any, Any], job: str, labels: Sequence[str], kind: str) -> str:
    """A manifest of known answers; of classifications only, the other tasks have no short way to say one."""
    multi = kind.endswith("-multilabel")
    if not kind.partition("-")[2].startswith("classification"):
        raise ValueError(
            f"A dict holds known answers of classifications only; of {kind} give (manifest, attribute)."
        )
    lines = []
    for number, (source, answer) in enumerate(gold.items()):
        names = list(answer) if multi else [answer]
        wrong = [one for one in names if one not in labels]
        if wrong:
            raise ValueError(
                f"The gold answer {wrong[0]!r} of {source!r} is none of the labels {', '.join(labels)}."
            )
        indices = [labels.index(one) for one in names]
        metadata: dict[str, Any] = {
            "type": f"groundtruth/{kind}", "human-annotated": "yes", "job-name": "labeling-job/gold",
            "creation-date": "1970-01-01T00:00:00.000000",
        }  # fmt: skip
        if multi:
            metadata["class-map"] = {str(index): name for index, name in zip(indices, names, strict=True)}
            metadata["confidence-map"] = {str(index): 1.0 for index in indices}
        else:
            metadata |= {"class-name": answer, "confidence": 1.0}
        line: dict[str, Any] = _source(source, number, job, kind)
        line[_ATTRIBUTE] = indices if multi else indices[0]
        line[f"{_ATTRIBUTE}-metadata"] = metadata
        lines.append(json.dumps(line, ensure_ascii=False))
    body = ("\n".join(lines) + "\n").encode()
    return storage.put(storage.default_bucket(), f"{job}/input/gold.manifest", body)


def _source(source: Any, number: int, job: str, kind: str) -> dict[str, Any]:
    if kind.startswith("text"):
        return {"source": str(source)}
    if isinstance(source, str) and packing.is_address(source):
        return {"source-ref": source}
    path = Path(source).expanduser()
    if not path.is_file():
        raise FileNotFoundError(f"There is no image {path} of the gold items.")
    key = f"{job}/input/gold/{number:06d}-{path.name}"
    return {"source-ref": storage.put(storage.default_bucket(), key, path)}
