"""CoNLL: a token a line with its tag, an empty line between texts. Reads BIO (IOB1, IOB2), BIOES and BILOU, writes BIO (IOB2)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any

from clary.labeling.formats.format import (
    ENTITIES,
    Collection,
    Format,
    Item,
    ReadOptions,
    WriteOptions,
    wanted_task,
)
from clary.labeling.formats.problems import FormatError, Problems
from clary.labeling.formats.split_files import split_files, wanted

_EXTENSIONS = (".conll", ".conll03", ".bio", ".iob", ".iob2", ".bioes")
_TAG = re.compile(r"(?:O|([BIESLU])-(\S+))")
_TOKEN = re.compile(r"\w+|[^\w\s]")
_DOCUMENT = "-DOCSTART-"
Token = tuple[str, str, str]  # where, word, tag


class Conll(Format):
    """The first column is the token, the last its tag. Texts are the tokens with spaces between them: what stood there is not
    in the format."""

    name = "conll"
    title = "CoNLL"
    tasks = frozenset({ENTITIES})

    def matches(self, path: Path) -> bool:
        return bool(split_files(path, _EXTENSIONS))

    def read(self, path: Path, options: ReadOptions) -> Collection:
        task = wanted_task(options, self.tasks, ENTITIES, self.title)
        files = split_files(path, _EXTENSIONS) or ([(path, "")] if path.is_file() else [])
        files = wanted(files, path, options)
        found = {
            match[2]
            for file, _ in files
            for block in _blocks(file)
            for _, _, tag in block
            if (match := _TAG.fullmatch(tag)) and match[2]
        }
        labels = options.labels or tuple(sorted(found))
        return Collection(task, labels, _items(files, labels, options))

    def write(self, data: Collection, target: Path, options: WriteOptions) -> None:
        for label in data.labels:
            if not label or re.search(r"\s", label):
                raise FormatError(
                    f"CoNLL cannot hold the label {label!r}: its columns are split at spaces. Use jsonl."
                )
        with ExitStack() as stack:
            files: dict[str, IO[str]] = {}
            for item in data.items:
                if item.answer is None:
                    options.note(
                        "Texts without a label were left out: CoNLL would take them for texts without entities."
                    )
                    continue
                if item.split not in files:
                    place = target / f"{item.split or 'data'}.conll"
                    files[item.split] = stack.enter_context(place.open("w", encoding="utf-8", newline="\n"))
                if not item.text.strip():
                    options.note("Empty texts were left out: CoNLL has tokens only.")
                    continue
                lines = [f"{word} {tag}\n" for word, tag in _tokens(item, options)]
                files[item.split].write("".join(lines) + "\n")
            options.note(
                "CoNLL holds tokens, not the spaces between them: texts come back with single spaces."
            )


def _blocks(file: Path) -> Iterator[list[Token]]:
    block: list[Token] = []
    try:
        with file.open(encoding="utf-8-sig") as lines:
            for number, line in enumerate(lines, 1):
                words = line.split()
                if words and words[0] != _DOCUMENT and not (line.startswith("# ") and len(words) != 2):
                    if len(words) < 2:
                        raise FormatError(
                            f"{file}, line {number}: {line.strip()[:60]!r} has no tag behind its token."
                        )
                    block.append((f"{file}, line {number}", words[0], words[-1]))
                elif not words and block:
                    yield block
                    block = []
    except UnicodeDecodeError as error:
        raise FormatError(f"{file} is not UTF-8 text: {error}") from None
    if block:
        yield block


def _items(files: list[tuple[Path, str]], labels: tuple[str, ...], options: ReadOptions) -> Iterator[Item]:
    known = frozenset(labels)
    number = 0
    for file, split in files:
        for block in _blocks(file):
            text = " ".join(word for _, word, _ in block)
            spans = [one for one in _spans(block, options.problems) if one["label"] in known]
            yield Item(str(number), text=text, answer={"entities": spans}, split=split)
            number += 1


def _spans(block: list[Token], problems: Problems) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    inside, place = "", 0
    for where, word, tag in block:
        match = _TAG.fullmatch(tag)
        if match is None:
            problems.add(
                where, f"the tag {tag!r} is neither O nor like B-PER", "Tags are O, B-label, I-label."
            )
        position, label = (match[1] or "", match[2] or "") if match else ("", "")
        end = place + len(word)
        # I, E and L go on with the entity before; IOB1 also begins with I.
        if label and position in "IEL" and inside == label:
            found[-1]["endOffset"] = end
        elif label:
            found.append({"label": label, "startOffset": place, "endOffset": end})
        inside = label if position in ("B", "I") else ""
        place = end + 1
    return found


def _tokens(item: Item, options: WriteOptions) -> Iterator[tuple[str, str]]:
    """Words and punctuation with their tags; entities' edges are tokens' edges, too."""
    assert item.answer is not None
    ends = sorted((one["startOffset"], one["endOffset"], one["label"]) for one in item.answer["entities"])
    place = 0
    for start, end, label in ends:
        for match in _TOKEN.finditer(item.text, place, start):
            yield match[0], "O"
        begin = "B"
        for match in _TOKEN.finditer(item.text, start, end):
            yield match[0], f"{begin}-{label}"
            begin = "I"
        if begin == "B":
            options.note("Entities of spaces alone were left out.")
        place = end
    for match in _TOKEN.finditer(item.text, place):
        yield match[0], "O"
