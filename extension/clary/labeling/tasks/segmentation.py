"""Semantic segmentation: every pixel of an image has a class."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from clary.labeling.settings import JobSettings
from clary.labeling.task_type import Answer, BadAnswer, DataObject, TaskType, Verdict, Vote
from clary.labeling.tasks import checking, masks
from clary.labeling.tasks.labels import BACKGROUND, BACKGROUND_COLOR, filled

if TYPE_CHECKING:
    from clary.labeling.tasks.masks import Runs

MOST_RUNS = 8_000_000
_COLOR_MAP = "internal-color-map"


class SemanticSegmentation(TaskType):
    """``semantic-segmentation``: PRE-SemanticSegmentation. The label is a PNG with a palette: pixel values are classes (what
    training wants), colours are the labels' (what people and AWS's readers want)."""

    name = "semantic-segmentation"
    metadata_type = "groundtruth/semantic-segmentation"
    element = "crowd-semantic-segmentation"
    modality = "image"
    reference = True

    def check(self, answer: Any, thing: DataObject, settings: JobSettings) -> Answer:
        said = checking.members(answer, "The answer", ["width", "height", "runs"], ["classes"])
        width = checking.integer(said["width"], "The answer's 'width'", 1)
        height = checking.integer(said["height"], "The answer's 'height'", 1)
        if thing.width and (width, height) != (thing.width, thing.height):
            raise BadAnswer(
                f"The mask has {width} x {height} pixels, its image {thing.width} x {thing.height}: they must be the same."
            )
        runs = _checked(said["runs"], width * height, settings)
        return {"width": width, "height": height, "runs": runs.tolist()}

    def consolidate(
        self, votes: Mapping[int, Sequence[Vote]], things: Mapping[int, DataObject], settings: JobSettings,
        gold: Mapping[int, Answer],
    ) -> dict[int, Verdict]:  # fmt: skip
        from clary.labeling.consolidation.pixels import consolidate

        return consolidate(votes, gold, alone=settings.workers_per_object == 1)

    def distance(self, one: Answer, other: Answer) -> float:
        """1 - mean IoU of the classes; masks of different sizes have nothing in common."""
        if (one["width"], one["height"]) != (other["width"], other["height"]):
            return 1.0
        return 1.0 - masks.mean_iou(array(one), array(other))

    def packed(self, answer: Answer) -> Answer:
        return {**answer, "runs": masks.Packed(answer["runs"])}

    def write(
        self, verdict: Verdict, thing: DataObject, settings: JobSettings, stored: str
    ) -> tuple[Any, dict[str, Any]]:
        present = {0} | {int(one[0]) for one in verdict.answer["runs"]}
        confidence = round(verdict.confidence, 4)
        return stored, {
            _COLOR_MAP: {
                str(number): {"class-name": name, "confidence": confidence, "hex-color": color}
                for number, (name, color) in enumerate(_classes(settings))
                if number in present
            }
        }

    def stored_file(
        self, verdict: Verdict, thing: DataObject, settings: JobSettings
    ) -> tuple[bytes, str] | None:
        return _png(verdict.answer, settings), ".png"

    def read(
        self, value: Any, metadata: Mapping[str, Any], thing: DataObject, settings: JobSettings, file: bytes | None
    ) -> Answer:  # fmt: skip
        if file is None:
            raise BadAnswer(f"The mask {checking.shown(value)} could not be read.")
        found = _color_map(metadata)
        if settings.mode == "verify":  # the job's labels judge, they are not the mask's classes
            classes = [one for one in found if one[0] != BACKGROUND]
            numbers = {color: classes.index((name, color)) + 1 for name, color in classes}
        else:
            known = {one.name: number for number, one in enumerate(settings.labels, 1)}
            for name, _ in found:
                if name not in known and name != BACKGROUND:
                    raise BadAnswer(
                        f"The mask has a class {name!r}, which is no label of this job: add it to the labels."
                    )
            numbers = {color: known[name] for name, color in found if name != BACKGROUND}
        numbers.update({color: 0 for name, color in found if name == BACKGROUND})
        numbers.setdefault(BACKGROUND_COLOR, 0)
        runs, width, height = masks.from_png(file, numbers, thing.width, thing.height)
        answer: Answer = {"width": width, "height": height, "runs": runs.tolist()}
        if settings.mode == "verify":
            answer["classes"] = [{"name": name, "color": color} for name, color in classes]
        return answer

    def answer_content(self, answer: Answer, thing: DataObject, settings: JobSettings) -> dict[str, Any]:
        from base64 import b64encode

        return {
            "annotatedResult": {
                "inputImageProperties": {"height": answer["height"], "width": answer["width"]},
                "labelMappings": {one.name: {"color": one.color} for one in filled(settings.labels)},
                "labeledImage": {"pngImageData": b64encode(_png(answer, settings)).decode()},
            }
        }


def array(answer: Answer) -> Runs:
    """The runs of an answer as an array of shape (n, 2)."""
    import numpy as np

    return np.asarray(answer["runs"], np.int64).reshape(-1, 2)


def _classes(settings: JobSettings) -> list[tuple[str, str]]:
    """(name, colour) of every class, the background first."""
    return [(BACKGROUND, BACKGROUND_COLOR)] + [(one.name, one.color) for one in filled(settings.labels)]


def _png(answer: Answer, settings: JobSettings) -> bytes:
    colors = [color for _, color in _classes(settings)]
    return masks.to_png(array(answer), answer["width"], answer["height"], colors)


def _color_map(metadata: Mapping[str, Any]) -> list[tuple[str, str]]:
    """(class, colour) of the metadata, in the order of their numbers. Raises BadAnswer."""
    given = metadata.get(_COLOR_MAP)
    if not isinstance(given, Mapping):
        raise BadAnswer(f"The mask's metadata lack {_COLOR_MAP!r}, without which its colours mean nothing.")
    found = []
    for key in sorted(given, key=lambda key: (len(key), key)):
        one = given[key]
        name = one.get("class-name") if isinstance(one, Mapping) else None
        color = one.get("hex-color") if isinstance(one, Mapping) else None
        if not isinstance(name, str) or not isinstance(color, str) or not _is_color(color):
            raise BadAnswer(
                f"Class {key} of {_COLOR_MAP!r} must have a 'class-name' and a 'hex-color' as \"#2acf59\","
                f" not {checking.shown(one)}."
            )
        found.append((name, color.lower()))
    return found


def _is_color(text: str) -> bool:
    if len(text) != 7 or text[0] != "#":
        return False
    return all(one in "0123456789abcdef" for one in text[1:].lower())


def _checked(value: Any, pixels: int, settings: JobSettings) -> Runs:
    """The runs of an answer in normal form. Raises BadAnswer."""
    import numpy as np

    wrong = "The answer's 'runs' must be a list of [class, length], two integers"
    given = list(value) if isinstance(value, masks.Packed) else value
    given = checking.items(given, "The answer's 'runs'", MOST_RUNS)
    try:
        runs = np.array(given)
    except (ValueError, OverflowError):
        raise BadAnswer(f"{wrong} each.") from None
    if runs.ndim != 2 or runs.shape[1] != 2 or runs.dtype.kind not in "iu":
        raise BadAnswer(f"{wrong} each, not {checking.shown(list(given[:3]))}.")
    runs = runs.astype(np.int64)
    if (runs[:, 0] < 0).any() or (runs[:, 0] > len(settings.labels)).any():
        strange = int(runs[(runs[:, 0] < 0) | (runs[:, 0] > len(settings.labels)), 0][0])
        raise BadAnswer(
            f"The answer's 'runs' have a class {strange}: there are 0 (background) to {len(settings.labels)}."
        )
    if (runs[:, 1] < 0).any() or (runs[:, 1] > pixels).any() or int(runs[:, 1].sum()) != pixels:
        total = sum(int(one) for one in runs[:, 1])
        raise BadAnswer(f"The lengths of the answer's 'runs' sum to {total}; the image has {pixels} pixels.")
    return masks.merged(runs)
