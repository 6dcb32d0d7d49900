"""Which images there are, and what each stands for."""

from __future__ import annotations

import builtins
from dataclasses import dataclass, field
from html import escape
from shlex import quote
from typing import Any

from clary.home import Home
from clary.images import interpreters, registry
from clary.images.errors import ImageError
from clary.images.frameworks import FRAMEWORKS, recognise
from clary.images.names import ImageName
from clary.images.resolution import resolve

HEADS = ("image", "source", "environment", "python", "packages", "status")


@dataclass(frozen=True)
class Row:
    """One image.

    source: ``known`` (a framework image, in any registry and with any tag), ``added``, ``built`` or ``config.toml``.
    environment: the interpreter that its jobs run with, empty where there is none; packages: what it has of what the image
    needs, by name. status: ``ready``, or what is missing.
    """

    image: str
    source: str
    status: str
    environment: str = ""
    python: str = ""
    program: str = ""
    needs: tuple[str, ...] = ()
    packages: dict[str, str] = field(default_factory=dict)
    help: str = ""

    @property
    def ready(self) -> bool:
        return self.status == "ready"

    def document(self) -> dict[str, Any]:
        """For programs."""
        return {
            "image": self.image,
            "source": self.source,
            "status": self.status,
            "environment": self.environment,
            "python": self.python,
            "program": self.program,
            "needs": builtins.list(self.needs),
            "packages": self.packages,
            "help": self.help,
        }

    def cells(self) -> tuple[str, ...]:
        """For people, in the order of `HEADS`."""
        packages = ", ".join(f"{name} {version}" for name, version in self.packages.items())
        what = f"{self.environment} (program {self.program})" if self.program else self.environment
        return self.image, self.source, what, self.python, packages, self.status


class Images(builtins.list[Row]):
    """A list of images that a notebook shows as a table."""

    def _repr_html_(self) -> str:
        heads = "".join(f'<th style="text-align:left">{name}</th>' for name in HEADS)
        lines = []
        for row in self:
            tone = "var(--jp-success-color1,#2e7d32)" if row.ready else "var(--jp-warn-color1,#b26a00)"
            *cells, status = row.cells()
            line = "".join(f'<td style="text-align:left">{escape(cell)}</td>' for cell in cells)
            hint = f"<br><code>{escape(row.help)}</code>" if row.help else ""
            line += (
                f'<td style="text-align:left"><span style="color:{tone}">{escape(status)}</span>{hint}</td>'
            )
            lines.append(f"<tr>{line}</tr>")
        return f"<table><thead><tr>{heads}</tr></thead><tbody>{''.join(lines)}</tbody></table>"


def images(home: Home | None = None) -> Images:
    """The registered images, then the known ones, each with what it stands for now. Raises ImageError."""
    home = home or Home.locate()
    registered = sorted(registry.registered(home), key=lambda one: one.image)
    names = {one.image for one in registered}
    rows = [_registered(home, one) for one in registered]
    rows += [_known(home, framework.example) for framework in FRAMEWORKS if framework.example not in names]
    return Images(rows)


def _registered(home: Home, one: registry.Registered) -> Row:
    known = recognise(ImageName.parse(one.image))
    needs = known.needs if known else ()
    base = Row(one.image, one.source, "ready", str(one.interpreter), program=one.program, needs=needs)
    try:
        found = interpreters.interpreter(home, one.interpreter)
        if not set(one.image) & set("*?["):
            resolve(home, one.image)
    except ImageError as error:
        return Row(one.image, one.source, str(error), str(one.interpreter), program=one.program, needs=needs)
    return Row(**{**base.__dict__, "python": found.version, "packages": found.packages(needs)})


def _known(home: Home, name: str) -> Row:
    known = recognise(ImageName.parse(name))
    assert known is not None
    own = interpreters.current()
    have = own.packages(known.needs)
    missing = [one for one in known.needs if one not in have]
    if missing:
        return Row(
            name,
            "known",
            f"missing {', '.join(missing)}",
            needs=known.needs,
            packages=have,
            help=f"clary images build {quote(name)}",
        )
    return Row(name, "known", "ready", str(own.path), own.version, needs=known.needs, packages=have)
