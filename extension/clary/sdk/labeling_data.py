"""Labelled data in and out: import from other formats, export to them, torch datasets and DataFrames."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from clary.sdk import packing, storage
from clary.sdk.api import engine

if TYPE_CHECKING:
    import pandas

    from clary.labeling.formats.exporting import Exported
    from clary.labeling.formats.importing import Imported
    from clary.labeling.formats.torch_dataset import LabelDataset


def import_labels(
    data: str | Path | pandas.DataFrame,
    format: str | None = None,
    to: str | None = None,
    *,
    task: str | None = None,
    labels: Sequence[str] | None = None,
    attribute: str | None = None,
    images: str | Path | None = None,
    columns: Mapping[str, str] | None = None,
    split: str | None = None,
    problems: Literal["raise", "skip"] = "raise",
    copy: bool = True,
    human: bool = True,
    zero_based: bool = False,
    name: str | None = None,
) -> Imported:
    """Labels of another format as a Ground Truth manifest; returns where it is (``.manifest``) and what is in it.

    ``data``: a file, a folder or a DataFrame. ``format``: coco, yolo, voc, huggingface, csv, jsonl, conll or folder; found out
    if None. ``to``: an ``s3://`` prefix for the manifest, the masks and (``copy``) the images; in the default bucket if None.
    ``task``: what the labels are read as, where the format allows several ("bounding-box" or "semantic-segmentation" of COCO);
    ``labels``: the classes, where the data do not name them or their order matters; ``attribute``: their name in the manifest.
    ``images``: the images' folder where it is not the usual one; ``columns``: role to column name ({"text": "tweet"});
    ``split``: import this one alone. ``problems``: what is wrong with single annotations is told all together as an error, or
    left out ("skip", told in ``.notes``). ``copy=False`` leaves images where they are. ``human=False``: a model made the
    labels. ``zero_based``: VOC files that count pixels from 0.

    Raises FormatError (a ValueError) that says which file and line, and what to do.
    """
    from clary.labeling.formats.format import ReadOptions
    from clary.labeling.formats.importing import import_labels as run
    from clary.labeling.formats.importing import with_resolver
    from clary.labeling.formats.problems import FormatError, Problems

    if problems not in ("raise", "skip"):
        raise FormatError(f'problems is "raise" or "skip", not {problems!r}.')
    source = Path(data).expanduser() if isinstance(data, (str, Path)) else data
    name = name or packing.new_name(source.stem if isinstance(source, Path) else "labels")
    options = ReadOptions(
        task=task,
        labels=tuple(labels) if labels is not None else None,
        images=Path(images).expanduser() if images is not None else None,
        columns=dict(columns or {}),
        split=split,
        zero_based=zero_based,
        problems=Problems(strict=problems == "raise"),
    )
    objects = engine().objects
    return run(
        objects,
        source,
        to or f"s3://{storage.default_bucket()}/imports/{name}",
        with_resolver(options, objects),
        format=format,
        attribute=attribute,
        copy=copy,
        human=human,
        name=name,
    )


def export_labels(
    manifest: str,
    format: str,
    path: str | Path,
    *,
    attribute: str | None = None,
    classes: Sequence[str] | None = None,
    images: Literal["copy", "link", "none"] = "copy",
    splits: Mapping[str, float] | None = None,
    seed: int = 0,
    human_only: bool = False,
) -> Exported:
    """The labels of a manifest in another format, written to ``path``; returns what was written, and in ``.notes`` what the
    format could not hold.

    ``manifest``: its ``s3://`` or ``file://`` address. ``format``: as of :func:`import_labels`. ``path``: a new folder, or a
    file (.json, .csv, .jsonl, .conll) for the labels alone. ``attribute``: which labels, where there are several; ``classes``:
    all of them in their order, those that occur if None. ``images``: copied, hard-linked ("link"), or left where they are.
    ``splits``: {"train": 0.8, "validation": 0.2}, drawn by the objects' names and ``seed``. ``human_only``: without what a
    machine labelled.

    Raises FormatError (a ValueError).
    """
    from clary.labeling.formats.exporting import export_labels as run

    return run(
        engine().objects,
        manifest,
        Path(path).expanduser(),
        format=format,
        attribute=attribute,
        classes=classes,
        images=images,
        splits=splits,
        seed=seed,
        human_only=human_only,
    )


def to_dataset(
    manifest: str,
    attribute: str | None = None,
    transform: Callable[[Any], Any] | None = None,
    *,
    target_transform: Callable[[Any], Any] | None = None,
    transforms: Callable[[Any, Any], tuple[Any, Any]] | None = None,
    classes: Sequence[str] | None = None,
    split: str | None = None,
    human_only: bool = False,
    weighted: bool = False,
) -> LabelDataset:
    """The labelled objects of a manifest as a torch dataset of (image, target) or (text, target), with ``.classes``.

    Without ``transform`` images are float32 tensors [3, height, width] of 0..1; with one it gets the PIL image;
    ``transforms(image, target)`` gets both. Targets: a class's number, a multi-hot vector, torchvision's dict of boxes, a mask,
    entities; see :class:`clary.labeling.formats.torch_dataset.LabelDataset`. ``classes``: their order, the manifest's if None.
    ``weighted``: the label's confidence as the third of each item; ``.weights`` has all of them.

    Raises FormatError (a ValueError).
    """
    from clary.labeling.formats.torch_dataset import to_dataset as run

    return run(
        engine().objects,
        manifest,
        attribute=attribute,
        classes=classes,
        split=split,
        human_only=human_only,
        transform=transform,
        target_transform=target_transform,
        transforms=transforms,
        weighted=weighted,
    )


def label_frame(
    manifest: str, attribute: str | None = None, *, classes: Sequence[str] | None = None
) -> pandas.DataFrame:
    """The labels of a manifest as a DataFrame: ``image`` (its address) or ``text``; ``label``, ``labels`` (lists), ``entities``
    (lists of [start, end, label]), or a row a box (label, left, top, width, height; none for an image without boxes); and
    ``confidence`` and ``split`` where they are known. Objects without a label have none. Raises FormatError."""
    from clary.labeling.formats.frame import to_frame
    from clary.labeling.formats.manifests import Manifest

    source = Manifest(engine().objects, manifest)
    return to_frame(source.collection(source.look(attribute, classes)))
