"""The ``clary`` command: the server, what other shells need to reach it, and a look at jobs and endpoints."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from typing import Any

import click

from clary import __version__
from clary.cli_images import images


class _Commands(click.Group):
    """Turns the errors that a user can mend into one line on stderr and exit code 1."""

    def invoke(self, ctx: click.Context) -> Any:
        from clary.config import ConfigError
        from clary.home import HomeError
        from clary.sdk.errors import ClaryError, JobFailed

        try:
            return super().invoke(ctx)
        except (ClaryError, JobFailed, ConfigError, HomeError) as error:
            raise click.ClickException(str(error)) from error


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="clary")
@click.option("--home", help="Clary's home (default: $CLARY_HOME, else ~/.clary).")
def main(home: str | None) -> None:
    """Amazon SageMaker's workflow on this machine."""
    if home is not None:
        os.environ["CLARY_HOME"] = os.path.abspath(os.path.expanduser(home))


@main.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen at.")
@click.option("--port", default=8181, show_default=True, help="Port to listen at; 0 takes a free one.")
def serve(host: str, port: int) -> None:
    """Answer the SageMaker API over HTTP until interrupted."""
    from clary.api.serve import serve as run

    sys.exit(run(host, port))


@main.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen at.")
@click.option("--port", default=8182, show_default=True, help="Port to listen at; 0 takes a free one.")
@click.option("--public-url", default="", help="Where annotators reach it, if a proxy stands before it.")
def portal(host: str, port: int, public_url: str) -> None:
    """Serve the annotators' portal alone, for people outside of this machine, until interrupted."""
    from clary.api.portal_server import serve as run

    sys.exit(run(host, port, public_url=public_url))


@main.command(short_help="Print the variables that boto3 elsewhere needs.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["shell", "powershell", "json"]),
    default="shell",
    show_default=True,
    help="What reads it.",
)
def env(form: str) -> None:
    """Print the variables with which boto3 elsewhere reaches the running server: eval "$(clary env)"."""
    from clary.environment import FAILURE, FORMATS, NoServer, variables

    try:
        click.echo(FORMATS[form](variables()))
    except Exception as error:
        if form in FAILURE:
            click.echo(FAILURE[form])
        if isinstance(error, NoServer):
            raise click.ClickException(str(error)) from error
        raise


@main.command(short_help="Tell what this machine can do, and what is wrong.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def doctor(as_json: bool) -> None:
    """Tell what this machine can do, and what is wrong with it (then the exit code is 1)."""
    from clary.doctor import document, examine, is_broken, lines

    checks = examine()
    click.echo(json.dumps(document(checks), indent=2) if as_json else "\n".join(lines(checks)))
    sys.exit(1 if is_broken(checks) else 0)


def _listing(function: Callable[..., None]) -> Callable[..., None]:
    """The options that all listings share."""
    for option in (
        click.option("--status", help="Only those with this status."),
        click.option("--contains", help="Only those whose name contains this text."),
        click.option("--limit", default=20, show_default=True, help="At most so many."),
        click.option("--json", "as_json", is_flag=True, help="For programs: one object a line."),
    ):
        function = option(function)
    return function


def _print_rows(rows: Any, as_json: bool) -> None:
    from clary.sdk.pages import text

    if as_json:
        for name, status, created in rows:
            click.echo(json.dumps({"name": name, "status": status, "created": created.isoformat()}))
        return
    width = max((len(row[0]) for row in rows), default=0)
    for name, status, created in rows:
        click.echo(f"{name:<{width}}  {status:<12}  {text(created)}")


@main.command()
@_listing
@click.option("--processing", is_flag=True, help="List processing jobs.")
def jobs(status: str | None, contains: str | None, limit: int, as_json: bool, processing: bool) -> None:
    """List training jobs, newest first."""
    from clary import sdk

    if processing:
        rows = sdk.processing_jobs(status=status, name_contains=contains, limit=limit).rows
    else:
        rows = sdk.jobs(status=status, name_contains=contains, limit=limit).rows
    _print_rows(rows, as_json)


@main.command()
@_listing
def endpoints(status: str | None, contains: str | None, limit: int, as_json: bool) -> None:
    """List endpoints, newest first."""
    from clary.sdk import endpoints as found

    _print_rows(found(status=status, name_contains=contains, limit=limit).rows, as_json)


def _known(name: str, *kinds: type[Any]) -> Any:
    """The resource of that name, of the first of these kinds that has one."""
    from clary.sdk.errors import ClaryError

    first: ClaryError | None = None
    for kind in kinds:
        try:
            kind(name).describe()
        except ClaryError as error:
            first = first or error
        else:
            return kind(name)
    raise first or click.ClickException(f"There is no {name}.")


@main.command()
@click.argument("name")
@click.option("--follow", "-f", is_flag=True, help="Go on until the job has ended.")
@click.option(
    "--processing", is_flag=True, help="NAME is a processing job, even if a training job has it, too."
)
@click.option("--endpoint", is_flag=True, help="NAME is an endpoint, even if a job has it, too.")
def logs(name: str, follow: bool, processing: bool, endpoint: bool) -> None:
    """Print the log of the training job NAME, or of the processing job or endpoint if there is no such job."""
    from clary.sdk import Endpoint, ProcessingJob, TrainingJob

    kinds: tuple[type[Any], ...] = (TrainingJob, ProcessingJob, Endpoint)
    if processing or endpoint:
        kinds = (ProcessingJob,) if processing else (Endpoint,)
    found = _known(name, *kinds)
    text = found.logs() if isinstance(found, Endpoint) else found.logs(follow=follow)
    if text or isinstance(found, Endpoint):
        click.echo(text)


@main.command()
@click.argument("name")
@click.option(
    "--processing", is_flag=True, help="NAME is a processing job, even if a training job has it, too."
)
@click.option("--wait", is_flag=True, help="Return only when it has ended.")
def stop(name: str, processing: bool, wait: bool) -> None:
    """Stop the training job NAME, or the processing job if there is no such job; what it saved is kept."""
    from clary.sdk import ProcessingJob, TrainingJob

    job = _known(name, *([ProcessingJob] if processing else [TrainingJob, ProcessingJob]))
    job.stop()
    if wait:
        job.wait(quiet=True)
    click.echo(f"{name} is {job.status}")


@main.command()
@click.argument("name")
def interrupt(name: str) -> None:
    """Take the machine away from the spot training job NAME; it goes on from its checkpoints."""
    from clary.sdk import TrainingJob

    TrainingJob(name).interrupt()
    click.echo(f"{name} is interrupted and will start again")


@main.command(short_help="Stop everything that runs for this home.")
def shutdown() -> None:
    """Stop everything of this home: training jobs, endpoints (they become Failed) and what serves them.

    Servers (`clary serve`, Jupyter) go on; it says which.
    """
    from clary.shutdown import servers
    from clary.shutdown import shutdown as end

    try:
        for name in end():
            click.echo(f"stopped {name}")
    except TimeoutError as error:
        raise click.ClickException(str(error)) from error
    finally:
        for server in servers():
            click.echo(
                f"The server at {server.url} (pid {server.pid}) goes on; "
                f"end it with Ctrl-C where it runs, or kill {server.pid}"
            )


@main.command()
def home() -> None:
    """Print the folder where Clary keeps everything."""
    from clary.home import Home

    click.echo(Home.locate().root)


main.add_command(images)


if __name__ == "__main__":
    main(prog_name="clary")
