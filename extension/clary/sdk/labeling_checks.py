"""What is wrong with the arguments of ``clary.label``, told before anything is copied."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from clary.sdk import packing, storage
from clary.sdk.labeling_input import MANIFESTS, TABLES, is_frame
from clary.sdk.labeling_tasks import Modality, task_named

# What the machine can look at: the name, and whether it needs a model.
_FEATURES: dict[Modality, dict[str, bool]] = {
    "image": {"scattering": False, "pixels": False, "torchvision": True},
    "text": {"tfidf": False, "embedding": True},
}
_WRITTEN = {"torchvision": "torchvision:<architecture>"}
_HEAD = 200_000  # bytes of a manifest that are its first lines


def check_labels(labels: Sequence[str]) -> None:
    """Raises TypeError or ValueError for classes that are none."""
    if isinstance(labels, str):
        raise TypeError(f"labels is a list of classes: [{labels!r}, ...].")
    if not labels:
        raise ValueError('Give the classes: labels=["cat", "dog"].')
    twice = sorted({one for one in labels if list(labels).count(one) > 1})
    if twice:
        raise ValueError(f"Every label once: {', '.join(twice)} is there more often.")


def check_automatic(epsilon: float | None, delta: float, scope: str, without: Mapping[str, bool]) -> None:
    """``without``: the arguments that say how the machine labels, and whether they were given: they mean nothing without epsilon.

    Raises ValueError."""
    for name, value in (("epsilon", epsilon), ("delta", delta)):
        if value is not None and not 0 < value < 1:
            raise ValueError(f"{name} is a share between 0 and 1, such as 0.05; not {value}.")
    if scope not in ("dataset", "auto-labelled"):
        raise ValueError(f"scope is 'dataset' or 'auto-labelled': of what epsilon is a share; not {scope!r}.")
    given = [name for name, there in without.items() if there]
    if epsilon is None and given:
        raise ValueError(
            f"{given[0]} says how the machine labels, and without epsilon people label everything: give the error that may "
            f"remain, epsilon=0.05, or leave {given[0]} out."
        )


def check_modes(
    verify: str | None, adjust: str | None, epsilon: float | None, suggestions: str | None
) -> None:
    """Raises ValueError for what does not go together."""
    if verify and adjust:
        raise ValueError("A job verifies labels or adjusts them: give verify or adjust, not both.")
    mode = "verify" if verify else "adjust"
    if (verify or adjust) and epsilon is not None:
        raise ValueError(
            f"Labels are looked at by people only: leave epsilon out with {mode}, or {mode} out with epsilon."
        )
    if (verify or adjust) and suggestions:
        raise ValueError(
            f"With {mode} the labels of {verify or adjust!r} are shown: leave suggestions out, or {mode} out."
        )


def check_task(kind: str, found: Modality, epsilon: float | None, features: str, model: Any) -> None:
    """kind: the task's name; found: what the data are. Raises ValueError for what the task cannot do with them."""
    task = task_named(kind)
    if task.modality != found:
        raise ValueError(f"The data are {found}s, but {kind} is for {task.modality}s: choose another task.")
    if epsilon is None:
        return
    if not task.algorithm:
        raise ValueError(
            f"There are no automatic labels for {kind}: leave epsilon out. Classifications with a single label and "
            "bounding boxes have them."
        )
    if kind != "bounding-box":
        _check_features(features, found, model is not None)
    elif features:
        raise ValueError("Boxes are found by a detector, not by features: leave features out.")


def _check_features(features: str, modality: Modality, with_model: bool) -> None:
    there = _FEATURES[modality]
    name, _, architecture = features.partition(":")
    if features and (name not in there or (name == "torchvision") != bool(architecture)):
        known = ", ".join(_WRITTEN.get(one, one) for one in there)
        more = ", features='torchvision:resnet18' for example" if name == "torchvision" in there else ""
        raise ValueError(f"There are no features {features!r} of {modality}s: choose one of {known}{more}.")
    if features and there[name] and not with_model:
        what = "weights.pt" if modality == "image" else "all-MiniLM-L6-v2/"
        raise ValueError(
            f"The features {features!r} need a model, which is not downloaded: model={what!r}, "
            + ("a file of its weights as torch.save writes it." if modality == "image" else "its folder.")
        )
    if not with_model or (features and there[name]):
        return
    if features:
        raise ValueError(
            f"The features {features!r} need no model: leave model out, or choose other features."
        )
    if modality == "image":
        raise ValueError(
            "What network the model's weights belong to must be said: features='torchvision:resnet18', for example."
        )


def check_attributes(data: Any, named: Mapping[str, str | None]) -> None:
    """``named``: arguments that name a label attribute of the input. Raises ValueError that lists those which there are.

    Data that cannot be read at all are told of by who makes the manifest."""
    wanted = {argument: attribute for argument, attribute in named.items() if attribute}
    if not wanted:
        return
    body, names = _beginning(data)
    if names is None:
        return
    for argument, attribute in wanted.items():
        if attribute in names or (body and _is_later(data, attribute)):
            continue
        there = [one for one in names if f"{one}-metadata" in names] if body else names
        have = f"there are {', '.join(map(repr, there))}" if there else "there are none"
        raise ValueError(
            f"{argument}={attribute!r} names no label attribute of the data; {have}. Give an earlier LabelingJob or its output "
            "manifest as data, and the name under which its labels are (job.attribute)."
        )


def _beginning(data: Any) -> tuple[bytes, list[str] | None]:
    """What a manifest begins with, and the members of its first lines; of other data the columns that are passed through."""
    if is_frame(data):
        return b"", [str(one) for one in getattr(data, "columns", [])]
    if not isinstance(data, (str, Path)):
        return b"", []
    name = str(data).lower()
    if isinstance(data, str) and packing.is_address(data):
        head = storage.beginning(data, _HEAD) if name.endswith(MANIFESTS) else b""
        return head, _members(head)
    path = Path(data).expanduser()
    if not path.exists():
        return b"", None
    if path.is_file() and name.endswith(MANIFESTS):
        with path.open("rb") as file:
            head = file.read(_HEAD)
        return head, _members(head)
    if path.is_file() and name.endswith(TABLES):
        import pandas

        return b"", list(pandas.read_csv(path, sep="\t" if name.endswith(".tsv") else ",", nrows=0).columns)
    return b"", []


def _members(head: bytes) -> list[str]:
    names: dict[str, None] = {}
    for line in filter(None, head.splitlines()):
        try:
            found = json.loads(line)
        except ValueError:  # the last is cut off; of one that is no JSON the job tells
            continue
        names.update(dict.fromkeys(found) if isinstance(found, dict) else {})
    return list(names)


def _is_later(data: str | Path, attribute: str) -> bool:
    """Whether a manifest names it somewhere: while a job runs, its first lines may have no label yet."""
    is_address = isinstance(data, str) and packing.is_address(data)
    body = storage.get(str(data)) if is_address else Path(data).expanduser().read_bytes()
    return any(json.dumps(attribute, ensure_ascii=plain).encode() in body for plain in (True, False))
