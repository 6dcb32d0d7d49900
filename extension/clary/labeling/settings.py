"""What a labeling job is, in the engine's own terms: written once when the job is made, read by every process on it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal

Mode = Literal["label", "verify", "adjust"]


@dataclass(frozen=True)
class Label:
    """A category. `short`: what a span shows; `color`: ``#rrggbb``; `hotkey`: a key, as in KeyboardEvent.key. Empty: chosen."""

    name: str
    short: str = ""
    color: str = ""
    hotkey: str = ""


@dataclass(frozen=True)
class Automatic:
    """Automatic labels. `epsilon`: the error that may remain (0..1); `delta`: the probability that it is more after all;
    `scope`: of what the error is a share. `model`: the user's weights, detector or earlier model (``s3://``, ``file://``), if
    any; `code`, `program`: an archive with its inference code, and the script in it, where the model has none; `features`: how
    objects become vectors (scattering | pixels | torchvision:<architecture>, or tfidf | embedding), empty: by the task."""

    epsilon: float = 0.05
    delta: float = 0.05
    scope: Literal["dataset", "auto-labelled"] = "dataset"
    seed: int = 0
    features: str = ""
    model: str = ""
    code: str = ""
    program: str = ""
    iou: float = 0.5


@dataclass(frozen=True)
class Gold:
    """Items whose label is known, mixed in to judge the annotators. `uri`: a manifest with the labels under `attribute`;
    `share`: of the items that a person gets (0..1)."""

    uri: str
    attribute: str
    share: float = 0.1


@dataclass(frozen=True)
class JobSettings:
    """One labeling job. URIs are ``s3://`` or ``file://``; times are seconds.

    task: name of a `TaskType`. attribute: the label attribute of the output; audit_attribute: what is verified or adjusted.
    output_uri: the prefix under which the job's own folder lies. max_labeled_share (0..1) and max_human_labeled: stopping
    conditions. review_below: objects whose annotators agree less than this (0..1) go to the review queue; None: none do.
    template, pre, post: a Liquid template's URI and references to the user's functions, empty for the built-in ones.
    prelabel_attribute: answers in the input that are shown as suggestions (a detector's boxes, say).
    """

    name: str
    arn: str
    task: str
    attribute: str
    input_uri: str
    output_uri: str
    labels: tuple[Label, ...] = ()
    mode: Mode = "label"
    audit_attribute: str = ""
    title: str = ""
    description: str = ""
    instructions: str = ""
    full_instructions: str = ""
    workteam: str = ""
    workers_per_object: int = 1
    task_time_limit_s: float = 3600.0
    availability_s: float = 864_000.0
    max_concurrent: int = 1000
    max_labeled_share: float | None = None
    max_human_labeled: int | None = None
    review_below: float | None = None
    automatic: Automatic | None = None
    gold: Gold | None = None
    prelabel_attribute: str = ""
    template: str = ""
    pre: str = ""
    post: str = ""
    options: dict[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> JobSettings:
        """The inverse of `to_json`; members that a newer Clary added are left out."""
        known = {one.name for one in fields(cls)}
        values = {name: member for name, member in value.items() if name in known}
        values["labels"] = tuple(Label(**one) for one in values.get("labels", ()))
        for name, kind in (("automatic", Automatic), ("gold", Gold)):
            if values.get(name) is not None:
                values[name] = kind(**values[name])
        return cls(**values)
