"""Where a YOLO data set has its pictures, its text files and its classes' names."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path, PurePath
from typing import Any

from clary.labeling.formats.format import ReadOptions, split_of
from clary.labeling.formats.pictures import images_below, is_image
from clary.labeling.formats.problems import FormatError

_KEYS = (("train", "train"), ("val", "validation"), ("test", "test"))
_LARGEST = 4 << 20  # bytes of data.yaml; ten thousand classes have a tenth of that


def find_yaml(path: Path) -> Path | None:
    """The YAML file of a data set: the file itself, ``data.yaml``, or the only one of the folder that has ``names``."""
    places = [path] if path.is_file() else [path / "data.yaml", *sorted(path.glob("*.y*ml"))]
    for one in places:
        try:
            if one.is_file() and any(
                line.startswith("names") for line in one.open(encoding="utf-8", errors="replace")
            ):
                return one
        except OSError:
            continue
    return None


def label_file(image: Path, root: Path) -> Path:
    """The text file of a picture: in ``labels/`` beside ``images/`` (the last folder of that name), else beside the picture."""
    parts = list(image.parts)
    for place in range(len(parts) - 2, len(root.parts) - 1, -1):
        if parts[place] == "images":
            parts[place] = "labels"
            break
    return Path(*parts).with_suffix(".txt")


class Layout:
    """One data set. `labels`: the names by class number; `root`: the folder that everything lies in."""

    def __init__(self, path: Path, options: ReadOptions) -> None:
        """Raises FormatError."""
        yaml_file = find_yaml(path)
        self.root = path if path.is_dir() else path.parent
        self._document: dict[str, Any] = _load(yaml_file) if yaml_file else {}
        self.labels = options.labels or self._names(yaml_file)
        self._sources = list(self._found(yaml_file))
        if not self._sources:
            raise FormatError(
                f"{path} has no folder of pictures: data.yaml names none that is there under train, val or test, "
                "and there is no images/."
            )

    def _names(self, yaml_file: Path | None) -> tuple[str, ...]:
        names = self._document.get("names")
        if isinstance(names, dict):
            if set(names) != {str(number) for number in range(len(names))}:
                raise FormatError(
                    f"{yaml_file}: the keys of names must be 0 to {len(names) - 1}, they are {', '.join(sorted(names)[:20])}."
                )
            names = [names[str(number)] for number in range(len(names))]
        if isinstance(names, list) and names:
            return tuple(_text(name, "names", yaml_file) for name in names)
        for name in ("classes.txt", "obj.names"):
            if (self.root / name).is_file():
                lines = (self.root / name).read_text(encoding="utf-8-sig").splitlines()
                return tuple(line.strip() for line in lines if line.strip())
        raise FormatError(
            f"{self.root} does not say what its classes are called. Give it a data.yaml with names, or name them: labels=[...]."
        )

    def _found(self, yaml_file: Path | None) -> Iterator[tuple[Path, str]]:
        """Folders and lists of pictures, with their splits."""
        if yaml_file:
            said = self._document.get("path")
            bases = [yaml_file.parent / _text(said, "path", yaml_file)] if said else []
            bases.append(yaml_file.parent)
            for key, split in _KEYS:
                said_here = self._document.get(key) or []
                for entry in said_here if isinstance(said_here, list) else [said_here]:
                    name = _text(entry, key, yaml_file)
                    # Some tools write ../train/images for what lies beside the file.
                    names = [name, name.removeprefix("../")]
                    places = [base / name for name in names for base in bases]
                    place = next((one for one in places if one.exists()), None)
                    if place is not None:
                        yield place, split
        elif (self.root / "images").is_dir():
            folders = [one for one in sorted((self.root / "images").iterdir()) if one.is_dir()]
            if folders and all(split_of(one.name) for one in folders):
                yield from ((one, split_of(one.name)) for one in folders)
            else:
                yield self.root / "images", ""
        elif any(is_image(one) for one in self.root.iterdir()):
            yield self.root, ""

    def images(self, options: ReadOptions) -> Iterator[tuple[Path, str]]:
        """Every picture once, with its split; val that names the same folder as train is train."""
        seen: set[Path] = set()
        for place, split in self._sources:
            if place in seen or (options.split is not None and not options.wants(split)):
                continue
            seen.add(place)
            if place.is_dir():
                yield from ((one, split) for one in images_below(place))
            else:
                yield from ((one, split) for one in _listed(place))

    def name(self, image: Path) -> str:
        """The picture's name in the data set: its path without ``images/``."""
        try:
            parts = image.resolve().relative_to(self.root.resolve()).parts
        except ValueError:
            return image.name
        return PurePath(*[part for part in parts[:-1] if part != "images"], parts[-1]).as_posix()


def _listed(file: Path) -> Iterator[Path]:
    for number, line in enumerate(file.read_text(encoding="utf-8-sig").splitlines(), 1):
        if not line.strip():
            continue
        image = file.parent / line.strip()
        if not image.is_file():
            raise FormatError(f"{file}, line {number}: there is no image {line.strip()!r}.")
        yield image


def _text(value: Any, key: str, file: Path | None) -> str:
    """A name or a path. Raises FormatError for lists and mappings, which aliases may have made longer than any memory."""
    if isinstance(value, str):
        return value
    kind = "a mapping" if isinstance(value, dict) else "a list"
    raise FormatError(f"{file}: {key} has {kind} where a text belongs.")


def _load(file: Path) -> dict[str, Any]:
    """The document, whose scalars are all texts: a class named ``no``, ``007`` or ``12:30`` is called that."""
    import yaml

    if (size := file.stat().st_size) > _LARGEST:
        raise FormatError(f"{file} has {size:,} bytes, which is too large for a list of classes and folders.")
    try:
        document = yaml.load(file.read_text(encoding="utf-8-sig"), Loader=yaml.BaseLoader)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise FormatError(f"{file} is not valid YAML: {' '.join(str(error).split())}") from None
    except RecursionError:
        raise FormatError(f"{file} is nested too deeply to be read.") from None
    if not isinstance(document, dict):
        raise FormatError(f"{file} is not a YAML document with names, train and val.")
    return document
