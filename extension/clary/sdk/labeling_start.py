"""``clary.label``: what a user wants labelled, made into a labeling job."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from clary.sdk import packing, storage
from clary.sdk.api import call
from clary.sdk.labeling import LabelingJob
from clary.sdk.labeling_checks import check_attributes, check_automatic, check_labels, check_modes, check_task
from clary.sdk.labeling_gold import check_share, gold_block
from clary.sdk.labeling_input import manifest_of
from clary.sdk.labeling_request import Wish, labeling_request
from clary.sdk.labeling_tasks import Modality, Mode, task_named
from clary.sdk.model import Model
from clary.sdk.workteam import DEFAULT, Workteam, team_arn


def label(
    data: Any,
    labels: Sequence[str] = (),
    *,
    task: str | None = None,
    name: str | None = None,
    column: str | None = None,
    workers: int = 1,
    team: str | Workteam | None = None,
    epsilon: float | None = None,
    delta: float = 0.05,
    scope: Literal["dataset", "auto-labelled"] = "dataset",
    instructions: str = "",
    title: str = "",
    gold: Any = None,
    gold_share: float = 0.1,
    attribute: str | None = None,
    verify: str | None = None,
    adjust: str | None = None,
    suggestions: str | None = None,
    model: str | Path | Model | None = None,
    features: str = "",
    seed: int = 0,
    review_below: float | None = None,
    hotkeys: Mapping[str, str] | None = None,
    colors: Mapping[str, str] | None = None,
    grid: bool = False,
    max_human: int | None = None,
    max_labeled: int | None = None,
    time_limit: int = 3600,
    output: str | None = None,
    tags: Mapping[str, str] | None = None,
) -> LabelingJob:
    """Have images or texts labelled; returns the started LabelingJob, which a notebook shows as the canvas.

    ``data``: a folder of images or .txt files, a list of paths, addresses, texts, PIL images or arrays, a DataFrame, a CSV
    (``column`` where it has several), a manifest, an ``s3://`` prefix, or an earlier LabelingJob. Images on disk are labelled
    where they are, not copied. ``labels``: the classes. ``task``: a task type
    (image-classification, bounding-box, named-entity-recognition, ...); inferred as a classification where it is not given.

    ``workers``: people for each object. ``team``: a work team's name. ``time_limit``: seconds that a person has for an object.
    ``instructions``: text or HTML. ``hotkeys``, ``colors``: by label. ``grid``: begin with many images at once.

    ``epsilon``: the error that may remain in the labels; with it the machine labels what it can under that bound, which fails
    with probability ``delta`` at most, and which is a share of the data set or (``scope``) of what the machine labelled.
    ``features``: what the machine looks at: scattering (of images, by itself), pixels, torchvision:<architecture>, tfidf (of
    texts, by itself) or embedding. ``model``: the weights of a torchvision architecture (a file as torch.save writes it), a
    folder of a sentence-transformers model, or for boxes a detector; a Model, its name or ARN, or a path or address from which
    one is made.

    ``gold``: known answers by which annotators are judged: a dict from source to label, an earlier LabelingJob, or (manifest,
    attribute); they are ``gold_share`` of what a person gets. ``review_below``: objects whose annotators agree less (0 to 1)
    go to your review queue. ``verify`` or ``adjust``: the label attribute of an earlier job that is looked at or corrected.
    ``suggestions``: an attribute whose labels are shown as suggestions. ``max_human`` (objects), ``max_labeled`` (percent):
    when to stop. ``output``: ``s3://`` prefix of the labels.

    Raises FileNotFoundError, ValueError or TypeError for what is wrong here, ClaryError for what the API refuses.
    """
    check_labels(labels)
    given = {
        "features": bool(features),
        "model": model is not None,
        "delta": delta != 0.05,
        "scope": scope != "dataset",
        "seed": seed != 0,
    }
    check_automatic(epsilon, delta, scope, given)
    check_modes(verify, adjust, epsilon, suggestions)
    if gold is not None:
        check_share(gold_share)
    elif gold_share != 0.1:
        raise ValueError(
            "gold_share is of the known answers: give gold={source: label, ...}, or leave it out."
        )
    stem = _stem(data)
    if isinstance(data, LabelingJob):
        data = data.manifest
    check_attributes(data, {"verify": verify, "adjust": adjust, "suggestions": suggestions})

    def accept(found: Modality) -> None:
        check_task(task or f"{found}-classification", found, epsilon, features, model)

    bucket = storage.default_bucket()
    name = name or packing.new_name(stem)
    manifest = manifest_of(data, name, column, task_named(task).modality if task else None, accept)
    kind = task or f"{manifest.modality}-classification"
    chosen = task_named(kind)
    mode: Mode = "verify" if verify else "adjust" if adjust else "label"
    block: dict[str, Any] = {
        "prelabel_attribute": suggestions, "review_below": review_below, "hotkeys": dict(hotkeys or {}),
        "colors": dict(colors or {}), "grid": grid or None, "features": features,
        "gold": gold_block(gold, gold_share, name, list(labels), kind) if gold is not None else None,
    }  # fmt: skip
    if epsilon is not None:
        block |= {"epsilon": epsilon, "delta": delta, "scope": scope, "seed": seed}
    wish = Wish(
        name, chosen, list(labels), manifest.uri, output or f"s3://{bucket}/",
        team_arn(team.name if isinstance(team, Workteam) else team or DEFAULT),
        workers=workers, attribute=attribute or "", mode=mode, audited=verify or adjust or "", title=title,
        instructions=instructions, epsilon=epsilon, model_arn=_model_arn(model), max_labeled=max_labeled,
        max_human=max_human, time_limit_s=time_limit, block=block, tags=tags or {},
    )  # fmt: skip
    call("CreateLabelingJob", **labeling_request(wish))
    return LabelingJob(name)


def _model_arn(model: str | Path | Model | None) -> str:
    if model is None:
        return ""
    if isinstance(model, str) and model.startswith("arn:"):
        return model
    if isinstance(model, Path) or (isinstance(model, str) and ("/" in model or Path(model).is_file())):
        return Model.create(model).arn
    return model.arn if isinstance(model, Model) else Model(model).arn


def _stem(data: Any) -> str:
    """A readable beginning of the job's name."""
    if isinstance(data, LabelingJob):
        return data.name[:30]
    if isinstance(data, (str, Path)):
        return Path(str(data).rstrip("/")).name.partition(".")[0] or "labels"
    return "labels"
