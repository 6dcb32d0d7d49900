"""``clary images``: which Python environment stands for which container image."""

from __future__ import annotations

import json
from typing import Any

import click


class _Commands(click.Group):
    """Turns what a user can mend into one line on stderr and exit code 1."""

    def invoke(self, ctx: click.Context) -> Any:
        from clary.images import ImageError

        try:
            return super().invoke(ctx)
        except ImageError as error:
            raise click.ClickException(str(error)) from error


@click.group(cls=_Commands, short_help="Which environment stands for which container image.")
def images() -> None:
    """Which Python environment of this machine stands for which container image (TrainingImage)."""


@images.command("list")
@click.option("--json", "as_json", is_flag=True, help="For programs: one object a line.")
def show(as_json: bool) -> None:
    """List the registered images and the known ones, with what each stands for."""
    from clary import images as room
    from clary.images.listing import HEADS

    rows = room.list()
    if as_json:
        for row in rows:
            click.echo(json.dumps(row.document()))
        return
    lines = [tuple(head.upper() for head in HEADS), *(row.cells() for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEADS) - 1)]
    for line in lines:
        cells = [cell.ljust(width) for cell, width in zip(line, widths, strict=False)]
        click.echo("  ".join([*cells, line[-1]]).rstrip())
    if not all(row.ready for row in rows):
        click.echo(
            "\nWhere something is missing: clary images build IMAGE, or clary images add IMAGE --python PATH"
        )


@images.command()
@click.argument("image")
@click.option("--python", help="A Python interpreter.")
@click.option("--venv", help="A virtual environment's folder.")
@click.option(
    "--program", help="What the image runs of itself: an executable, or a folder with an executable train."
)
def add(image: str, python: str | None, venv: str | None, program: str | None) -> None:
    """Let an environment that exists stand for IMAGE: a name with or without registry and tag, or a glob."""
    from clary import images as room

    one = room.add(image, python=python, venv=venv, program=program)
    what = f"the program {one.program} with {one.interpreter}" if one.program else str(one.interpreter)
    click.echo(f"{one.image} is now {what}")


@images.command()
@click.argument("image")
@click.option(
    "--package", "packages", multiple=True, metavar="SPEC", help="Something more to install; may be repeated."
)
@click.option("--requirements", type=click.Path(dir_okay=False), help="A requirements.txt to install.")
@click.option(
    "--python",
    metavar="VERSION",
    help="Another Python (3.10, or a path); then nothing of Clary's own is seen.",
)
def build(image: str, packages: tuple[str, ...], requirements: str | None, python: str | None) -> None:
    """Make a virtual environment for IMAGE with pip, once, and let it stand for it."""
    from clary import images as room

    room.build(image, packages=packages, requirements=requirements, python=python, say=click.echo)


@images.command()
@click.argument("image")
def remove(image: str) -> None:
    """Forget what stands for IMAGE; an environment that was built for it is deleted."""
    from clary import images as room

    one = room.remove(image)
    click.echo(
        f"{one.image} removed" + (f", with {one.interpreter.parent.parent}" if one.source == "built" else "")
    )
