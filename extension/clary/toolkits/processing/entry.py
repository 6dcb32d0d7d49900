"""The processing job's own process, one for each host: prepares ``/opt/ml``, runs the user's program, and reports.

Called by `clary.runner.child` inside the job's isolation, either in a fresh interpreter (cold) or in one forked from a
zygote that has torch imported (warm).
"""

from __future__ import annotations

import functools
import os
import signal
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from clary import images
from clary.config import Config
from clary.home import Home
from clary.objects import Objects, ObjectsError
from clary.runner import child, hosts, isolation, zygote_program
from clary.runner.spec import JobSpec
from clary.toolkits.processing import commands, inputs, machines, outputs
from clary.toolkits.processing.layout import Layout
from clary.toolkits.training import container, image, record
from clary.toolkits.training.checkpoints import Syncing
from clary.toolkits.training.errors import JobFailure
from clary.toolkits.training.gateway import Gateway
from clary.toolkits.training.members import Member
from clary.toolkits.training.program import Command, Stopped, StopSignal, execute, run

DOWNLOADING = "Downloading input data"
PROCESSING = "Processing"
ENVIRONMENT = "environment"  # the folder of packages that the program installs
_TERMINATED = 143


def main(attempt_dir: Path) -> int:
    """Run one host of an attempt; returns its exit code. The payload of the spec is the CreateProcessingJob request."""
    agent = Agent.start(attempt_dir)
    with StopSignal() as stop:
        try:
            return agent.run(stop)
        except Stopped:
            print("[clary] Stopped before the program was started.", file=sys.stderr, flush=True)
            return _TERMINATED
        except JobFailure as failure:
            agent.fail(failure.reason)
            return failure.exit_code
        except ObjectsError as error:
            agent.fail(f"ClientError: Failed to download data. {error}")
            return 1
        except OSError as error:
            traceback.print_exc()
            agent.fail(
                f"InternalServerError: the job could not be prepared: {error}. Please look at the job's log."
            )
            return 1


@dataclass
class Agent:
    """One host of an attempt at work. ``folder`` is the host's own, ``attempt_dir`` is shared by all."""

    attempt_dir: Path
    folder: Path
    spec: JobSpec
    member: Member
    layout: Layout
    isolation: isolation.Isolation
    objects: Objects
    region: str
    note: record.Record

    @classmethod
    def start(cls, attempt_dir: Path) -> Agent:
        """Gather what an attempt needs. The isolation was entered by the runner."""
        home = Home(attempt_dir.absolute().parents[2])
        spec = child.load_spec(attempt_dir)
        member = Member.of(spec, attempt_dir, hosts.current())
        entered = isolation.current() or isolation.Isolation("paths", member.folder / "ml")
        region = Config.load(home).region
        return cls(
            attempt_dir, member.folder, spec, member, Layout(entered.base), entered, Objects(home), region,
            record.Record(toolkit=False),
        )  # fmt: skip

    @property
    def request(self) -> dict[str, Any]:
        return self.spec.payload

    def fail(self, reason: str) -> None:
        """Leave the reason for `finish`, and say it in the log."""
        self.note = replace(self.note, failure=reason)
        self.note.write(self.folder)
        print(reason, file=sys.stderr, flush=True)

    def run(self, stop: StopSignal) -> int:
        """Download, process; the program's exit code."""
        self._phase("Downloading", DOWNLOADING)
        self.layout.make()
        self.layout.write_config(self.request, self.resources)
        container.furnish(self.isolation, self.member)
        self._warn()
        names = machines.hosts(self.request)
        pipes = inputs.bring(self.request, self.layout, self.objects, self.member.host, names, _say)
        outputs.make(self.request, self.layout)
        command = commands.command(
            self.request, self.layout, self.isolation, self.image, self._environment(), self.folder / ENVIRONMENT, _say
        )  # fmt: skip
        self._phase("Processing", PROCESSING)
        syncing = Syncing(outputs.mirrors(self.request, self.layout), self.objects)
        warm = self._warm_start(command)
        self.note = replace(self.note, command=command.shown(), warm=warm is not None)
        self.note.write(self.folder)
        program = _Started(warm or functools.partial(execute, command))

        def broken(reason: str) -> None:
            self.fail(reason)
            os.kill(program.pid, signal.SIGKILL)

        def started() -> None:
            syncing.start()
            self.gateway.start()
            for pipe in pipes:
                pipe.serve(broken)

        try:
            exit_code = run(command, stop, program, started)
        finally:
            self.gateway.close()
        self.note = replace(self.note, exit_code=exit_code, synced=syncing.stop())
        self.note.write(self.folder)
        return exit_code

    @functools.cached_property
    def resources(self) -> dict[str, Any]:
        """The content of resourceconfig.json."""
        return machines.resource_config(
            self.request, self.member.host, private_network=self.isolation.private_network
        )

    @functools.cached_property
    def image(self) -> images.Environment:
        """What stands for the job's image. Raises JobFailure."""
        return image.resolved(self.member.home, machines.as_training(self.request))

    @functools.cached_property
    def gateway(self) -> Gateway:
        """How the program's boto3 reaches the API."""
        return Gateway(self.member.home, self.folder)

    def _phase(self, secondary: str, message: str) -> None:
        """Hosts go through their phases together; the first one's are the job's."""
        if self.member.leads:
            child.phase(self.attempt_dir, secondary, message)

    def _warn(self) -> None:
        if self.member.leads:
            for warning in [*machines.warnings(self.request), self.image.differs]:
                if warning:
                    _say(warning)

    def _environment(self) -> dict[str, str]:
        """The whole environment of the user's program: ours, then the platform's, then the user's own wishes."""
        # The runner has set thread variables, visible GPUs and PYTHONUNBUFFERED.
        environment = {**os.environ, "AWS_REGION": self.region, "AWS_DEFAULT_REGION": self.region}
        # "python3" must be the interpreter that the image stands for.
        environment = images.activated(environment, self.image, self.folder)
        if self.isolation.kind != "namespaces":
            environment["SAGEMAKER_BASE_DIR"] = str(self.layout.base)
        asked = self.request.get("Environment") or {}
        asked = {name: self.isolation.rewrite(text) for name, text in asked.items()}
        environment |= asked
        if not (self.request.get("NetworkConfig") or {}).get("EnableNetworkIsolation"):
            environment |= self.gateway.variables(environment, asked)
        return environment

    def _warm_start(self, command: Command) -> Callable[[], int] | None:
        """How to become the user's script without executing anything; None where only a fresh interpreter will do."""
        warm = zygote_program.current()
        if warm is None or command.script is None:
            return None
        why = warm.refuses(command.script, command.folder, command.environment)
        if why:
            self.note = replace(self.note, cold=why)
            return None
        return lambda: warm.fork(command.arguments, command.script or "", command.folder, command.environment)


@dataclass
class _Started:
    """The program, once it is there."""

    start: Callable[[], int]
    pid: int = 0

    def __call__(self) -> int:
        self.pid = self.start()
        return self.pid


def _say(text: str) -> None:
    """A line of our own in the job's log, marked as such: it is no word of the user's program (see failure.py)."""
    print(f"[clary] {text}", flush=True)
