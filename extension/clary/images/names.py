"""Names of container images: their parts, and how well the name that a user registered fits one."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fnmatch import fnmatchcase

_GLOB = re.compile(r"[*?\[]")


@dataclass(frozen=True)
class ImageName:
    """``registry/repository:tag@digest`` taken apart; parts that the text does not have are empty."""

    text: str
    registry: str
    repository: str
    tag: str
    digest: str

    @classmethod
    def parse(cls, text: str) -> ImageName:
        """Any text is taken: a name that no registry would accept is simply known to nobody."""
        rest, _, digest = text.partition("@")
        head, slash, tail = rest.partition("/")
        is_registry = bool(slash) and ("." in head or ":" in head or head == "localhost")
        registry, path = (head, tail) if is_registry else ("", rest)
        folder, slash, leaf = path.rpartition("/")
        leaf, _, tag = leaf.partition(":")
        return cls(text, registry, f"{folder}{slash}{leaf}", tag, digest)

    @property
    def leaf(self) -> str:
        """The repository's name without the folders before it."""
        return self.repository.rpartition("/")[2]

    @property
    def short(self) -> str:
        """The name without registry and folders: the same image in any account and region."""
        return self.leaf + (f":{self.tag}" if self.tag else "") + (f"@{self.digest}" if self.digest else "")

    def fit(self, pattern: str) -> tuple[int, int] | None:
        """How closely ``pattern`` names this image (greater is closer), or None if it names another.

        The very name is closest; then the name in any registry, then the repository with any tag (in this registry, in any),
        then a glob over the whole name, the longest first.
        """
        tag = self.tag or ("" if self.digest else "latest")
        end = (f":{tag}" if tag else "") + (f"@{self.digest}" if self.digest else "")
        with_registry = f"{self.registry}/{self.repository}" if self.registry else self.repository
        forms = (
            {self.text, f"{with_registry}{end}"},
            {f"{self.repository}{end}"},
            {self.short, f"{self.leaf}{end}"},
            {with_registry},
            {self.repository},
            {self.leaf},
        )
        for place, form in enumerate(forms):
            if pattern in form:
                return len(forms) - place, len(pattern)
        if _GLOB.search(pattern) and any(fnmatchcase(name, pattern) for form in forms[:3] for name in form):
            return 0, len(pattern)
        return None
