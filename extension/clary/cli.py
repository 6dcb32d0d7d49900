"""The ``clary`` command: the server, what other shells need to reach it, and a look at jobs and endpoints."""

from __future__ import annotations

import json
import os
import sys
from typing import Any

import click

from clary import __version__, cli_jobs
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


@main.command()
@cli_jobs.listing
def endpoints(status: str | None, contains: str | None, limit: int, as_json: bool) -> None:
    """List endpoints, newest first."""
    from clary.sdk import endpoints as found

    cli_jobs.print_rows(found(status=status, name_contains=contains, limit=limit).rows, as_json)


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


for command in (*cli_jobs.COMMANDS, images):
    main.add_command(command)


if __name__ == "__main__":
    main(prog_name="clary")
