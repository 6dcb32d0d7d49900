"""What is wrong with a data set, told with the file, the line and what to do."""

from __future__ import annotations

from collections import Counter

_TOLD = 20


class FormatError(ValueError):
    """A data set that cannot be read or written as asked; the text says what, where, and what to do."""


class Problems:
    """Faults of single annotations. While `strict`, they end the reading (all at once, so that one run shows them together);
    else what is wrong is left out and told in `notes`."""

    def __init__(self, strict: bool = True) -> None:
        self.strict = strict
        self._found: list[str] = []
        self._kinds: Counter[str] = Counter()

    def add(self, where: str, what: str, remedy: str = "") -> None:
        """`where`: a file and line or entry; `remedy`: what to do. Raises FormatError when there are too many to go on."""
        self._kinds[remedy] += 1
        if len(self._found) < _TOLD:
            self._found.append(f"{where}: {what}")
        if self.strict and self._kinds.total() >= _TOLD:
            self.check()

    def check(self) -> None:
        """Called at the end of the reading. Raises FormatError for what was found while `strict`."""
        if self.strict and self._found:
            count = self._kinds.total()
            more = "; the reading stopped there" if count >= _TOLD else ""
            remedies = " ".join(remedy for remedy in self._kinds if remedy)
            raise FormatError(
                f"{count} thing{'s are' if count > 1 else ' is'} wrong with the data{more}.\n  "
                + "\n  ".join(self._found)
                + (f"\n{remedies}" if remedies else "")
                + '\nOr have what is wrong left out (boxes clipped) and told: problems="skip".'
            )

    @property
    def notes(self) -> list[str]:
        """What was left out or mended, for the user; empty while `strict`."""
        count = self._kinds.total()
        if not count:
            return []
        rest = [f"... and {count - len(self._found)} more."] if count > len(self._found) else []
        return [f"Left out or mended: {one}." for one in self._found] + rest
