"""``clary jobs``, ``logs``, ``stop``, ``interrupt`` and ``invite``: jobs of every kind, from a terminal."""

from __future__ import annotations

import contextlib
import json
import shlex
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from clary.sdk.resource import Listing
    from clary.sdk.workteam import Workteam

# The kinds as options say them, in the order in which a name is looked for.
_KINDS = ("training", "processing", "labeling")
_MISSING = frozenset({"ValidationException", "ResourceNotFound", "ResourceNotFoundException"})


def listing(function: Callable[..., None]) -> Callable[..., None]:
    """The options that all listings share."""
    for option in (
        click.option("--status", help="Only those with this status."),
        click.option("--contains", help="Only those whose name contains this text."),
        click.option("--limit", default=20, show_default=True, help="At most so many."),
        click.option("--json", "as_json", is_flag=True, help="For programs: one object a line."),
    ):
        function = option(function)
    return function


def print_rows(rows: Sequence[tuple[Any, ...]], as_json: bool) -> None:
    """``rows``: (name, status, created), and the kind of the thing behind them where it has one."""
    from clary.sdk.pages import text

    if as_json:
        for name, status, created, *kind in rows:
            document = {"name": name, "status": status, "created": created.isoformat()}
            click.echo(json.dumps(document | ({"kind": kind[0]} if kind else {})))
        return
    width = max((len(row[0]) for row in rows), default=0)
    for name, status, created, *kind in rows:
        click.echo("  ".join((f"{name:<{width}}", f"{status:<12}", text(created), *kind)))


def _of_kind(what: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Options --training, --processing and --labeling; ``kind`` is the name of the one that was given, or None."""

    def with_options(function: Callable[..., None]) -> Callable[..., None]:
        for kind in reversed(_KINDS):
            function = click.option(f"--{kind}", "kind", flag_value=kind, help=what.format(kind=kind))(
                function
            )
        return function

    return with_options


@click.command()
@listing
@_of_kind("Only {kind} jobs.")
def jobs(status: str | None, contains: str | None, limit: int, as_json: bool, kind: str | None) -> None:
    """List jobs, newest first: training, processing and labeling."""
    from clary import sdk
    from clary.sdk.errors import ClaryError

    listed: dict[str, Callable[..., Listing[Any]]] = {
        "training": sdk.jobs,
        "processing": sdk.processing_jobs,
        "labeling": sdk.labeling_jobs,
    }
    kinds = (kind,) if kind else _KINDS
    rows: list[tuple[Any, ...]] = []
    refused: list[ClaryError] = []
    for one in kinds:
        try:
            found = listed[one](status=status, name_contains=contains, limit=limit).rows
        except ClaryError as error:  # a status that only the others can have
            refused.append(error)
        else:
            rows += [(*row, one) for row in found]
    if len(refused) == len(kinds):
        raise refused[0]
    print_rows(sorted(rows, key=lambda row: row[2], reverse=True)[: max(0, limit)], as_json)


def _known(name: str, kind: str | None, *, endpoints: bool = False) -> Any:
    """The job (or endpoint) of that name; of several kinds that have it, the first. Raises ClickException for one of none."""
    from clary import sdk
    from clary.sdk.errors import ClaryError

    kinds: dict[str, type[Any]] = {
        "training": sdk.TrainingJob, "processing": sdk.ProcessingJob, "labeling": sdk.LabelingJob,
        **({"endpoint": sdk.Endpoint} if endpoints else {}),
    }  # fmt: skip
    for one in (kind,) if kind else kinds:
        found = kinds[one](name)
        try:
            found.describe()
        except ClaryError as error:
            if error.code not in _MISSING:
                raise
        else:
            return found
    if kind:
        what = kind if kind == "endpoint" else f"{kind} job"
    else:
        what = "training, processing or labeling job" + (", and no endpoint," if endpoints else "")
    lists = "clary endpoints" if kind == "endpoint" else "clary jobs"
    raise click.ClickException(f"There is no {what} named {name!r}; {lists} lists them.")


@click.command()
@click.argument("name")
@click.option("--follow", "-f", is_flag=True, help="Go on until the job has ended.")
@_of_kind("NAME is a {kind} job, even if something else has it, too.")
@click.option(
    "--endpoint", "kind", flag_value="endpoint", help="NAME is an endpoint, even if a job has it, too."
)
def logs(name: str, follow: bool, kind: str | None) -> None:
    """Print the log of the job NAME, whichever kind it is of, or of the endpoint if there is no such job."""
    from clary.sdk import Endpoint

    found = _known(name, kind, endpoints=True)
    text = found.logs() if isinstance(found, Endpoint) else found.logs(follow=follow)
    if text or isinstance(found, Endpoint):
        click.echo(text)


@click.command()
@click.argument("name")
@_of_kind("NAME is a {kind} job, even if another job has it, too.")
@click.option("--wait", is_flag=True, help="Return only when it has ended.")
def stop(name: str, kind: str | None, wait: bool) -> None:
    """Stop the job NAME, whichever kind it is of; what it saved, or people labeled, is kept."""
    job = _known(name, kind)
    job.stop()
    if wait:
        job.wait(quiet=True)
    click.echo(f"{name} is {job.status}")


@click.command()
@click.argument("name")
def interrupt(name: str) -> None:
    """Take the machine away from the spot training job NAME; it goes on from its checkpoints."""
    from clary.sdk import TrainingJob

    TrainingJob(name).interrupt()
    click.echo(f"{name} is interrupted and will start again")


@click.command(short_help="Print a link with which somebody can label.")
@click.argument("job")
@click.argument("person")
@click.option("--again", is_flag=True, help="A new link for a member, whose old one stops working.")
def invite(job: str, person: str, again: bool) -> None:
    """Print the link with which PERSON can label JOB and all other jobs of its work team, in any browser that reaches this
    machine. It is shown once."""
    from clary.sdk.errors import ClaryError

    team = _known(job, "labeling").team
    try:
        if again:
            _revoke(team, person)
        with contextlib.redirect_stdout(sys.stderr):  # a note; what is printed is the link alone
            link = team.invite(person)
    except ClaryError as error:
        if error.code != "ResourceInUse":
            raise
        again_line = f"clary invite {job} {shlex.quote(person)} --again"
        raise click.ClickException(
            f"{person!r} is a member of the team {team.name} already, and the link that was shown then opens all its jobs, "
            f"{job} too. Where it is lost: {again_line} makes a new one, and the old one stops working."
        ) from None
    click.echo(link)


def _revoke(team: Workteam, person: str) -> None:
    """Make the person's link worthless; nothing to do for who is no member."""
    from clary.sdk.errors import ClaryError

    try:
        team.revoke(person)
    except ClaryError as error:
        if error.code != "ResourceNotFound":
            raise


COMMANDS = (jobs, logs, stop, interrupt, invite)
