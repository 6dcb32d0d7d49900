"""The training job's own process: prepares ``/opt/ml``, runs the user's program, and reports.

Called by `clary.runner.child` inside the job's isolation, either in a fresh interpreter (cold) or in one forked from a
zygote that has torch imported (warm).
"""

from __future__ import annotations

import contextlib
import functools
import os
import shutil
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
from clary.runner import child, hosts, isolation, processes, zygote_program
from clary.runner.spec import JobSpec
from clary.toolkits.training import (
    channels,
    checkpoints,
    cluster,
    code,
    container,
    hyperparameters,
    image,
    launching,
    own_packages,
    record,
    requirements,
    variables,
)
from clary.toolkits.training.code import Program
from clary.toolkits.training.errors import JobFailure
from clary.toolkits.training.gateway import Gateway
from clary.toolkits.training.layout import Layout
from clary.toolkits.training.members import Member
from clary.toolkits.training.program import Command, Stopped, StopSignal, for_script_mode, run

DOWNLOADING = "Downloading input data"
TRAINING = "Training image download completed. Training in progress."
_TERMINATED = 143


def main(attempt_dir: Path) -> int:
    """Run one attempt of a training job; returns its exit code. The payload of the spec is the CreateTrainingJob request."""
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
            agent.fail(f"ClientError: Data download failed: {error}")
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
        return cls(
            attempt_dir,
            member.folder,
            spec,
            member,
            Layout(entered.base),
            entered,
            Objects(home),
            Config.load(home).region,
            record.Record(),
        )

    @property
    def request(self) -> dict[str, Any]:
        return self.spec.payload

    def fail(self, reason: str) -> None:
        """Leave the reason for `finish`, and say it in the log."""
        self.note = replace(self.note, failure=reason)
        self.note.write(self.folder)
        print(reason, file=sys.stderr, flush=True)

    def _starved(self, why: str) -> None:
        """Its input cannot be read any further: the program must not take that for the end of its data."""
        self.fail(f"ClientError: Data download failed: {why}")
        for process in processes.descendants(os.getpid()):
            with contextlib.suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGKILL)

    def run(self, stop: StopSignal) -> int:
        """Download, train; the program's exit code."""
        self._phase("Downloading", DOWNLOADING)
        self.layout.make()
        self.layout.write_config(self.request, self.resources)
        container.furnish(self.isolation, self.member)
        for warning in cluster.warnings(self.request):
            _say(warning)
        if self.image.differs and self.member.leads:
            _say(self.image.differs)
        kept, intermediate = checkpoints.mirrors(self.request, self.layout)
        if kept is not None:
            count = kept.restore(self.objects)
            if count:
                _say(f"Restored {count} checkpoint file(s) from {kept.uri}")
        pipes = channels.bring(
            self.request, self.layout, self.objects, self.isolation, self.region, _say, self.resources,
            self.folder / "channels", functools.partial(self._phase, "Downloading"),
        )  # fmt: skip
        command, notebook = self._prepare()
        self._phase("Training", TRAINING)
        syncing = checkpoints.Syncing(
            [part for part in (kept, intermediate) if part is not None], self.objects
        )

        fork = self._warm_start(command)
        self.note = replace(self.note, command=command.shown(), warm=fork is not None)
        self.note.write(self.folder)

        def started() -> None:
            syncing.start()
            pipes.start(self._starved)
            self.gateway.start()

        try:
            exit_code = run(command, stop, fork, started)
        finally:
            self.launching.over()
            self.gateway.close()
            pipes.stop()
        synced = syncing.stop()
        if notebook is not None:
            _settle_notebook(notebook, stopped=stop.asked)
        if exit_code == 0 and self.note.toolkit:
            self.layout.success.touch()
        self.note = replace(self.note, exit_code=exit_code, synced=synced)
        self.note.write(self.folder)
        return exit_code

    @functools.cached_property
    def resources(self) -> dict[str, Any]:
        """The content of resourceconfig.json."""
        return cluster.resource_config(
            self.request, self.member.host, private_network=self.isolation.private_network
        )

    @functools.cached_property
    def image(self) -> images.Environment:
        """What stands for the job's image. Raises JobFailure."""
        return image.resolved(self.member.home, self.request)

    @functools.cached_property
    def gateway(self) -> Gateway:
        return Gateway(self.member.home, self.folder)

    @functools.cached_property
    def launching(self) -> launching.Launching:
        return launching.Launching(self.member, self.isolation, self.layout, self.resources)

    def _phase(self, secondary: str, message: str) -> None:
        """Hosts go through their phases together; the first one's are the job's."""
        if self.member.leads:
            child.phase(self.attempt_dir, secondary, message)

    def _prepare(self) -> tuple[Command, Path | None]:
        """The program's command, with its code and packages in place; and the executed notebook's path, if it is one."""
        values = hyperparameters.split(self.request.get("HyperParameters") or {})
        asked = {
            key: self.isolation.rewrite(text) for key, text in (self.request.get("Environment") or {}).items()
        }
        program = values.platform.get("sagemaker_program") or asked.get("SAGEMAKER_PROGRAM")
        environment = self._environment(values, program, asked)
        algorithm = self.request.get("AlgorithmSpecification") or {}
        entrypoint = [
            *(algorithm.get("ContainerEntrypoint") or ()),
            *(algorithm.get("ContainerArguments") or ()),
        ]
        own = self.image.program
        if own and not algorithm.get("ContainerEntrypoint") and (not program or self.image.explicit):
            # The image runs something of its own, and a script is that program's business.
            self.note = replace(self.note, toolkit=False)
            arguments = [self.isolation.rewrite(part) for part in algorithm.get("ContainerArguments") or ()]
            folder = own.folder if self.image.explicit else self.layout.code
            if self.isolation.kind != "namespaces":
                _say(
                    f"This machine gives no private /opt/ml: the program has to look in {self.layout.base} (SAGEMAKER_BASE_DIR)."
                )
            return Command(own.command(arguments), folder, environment), None
        if entrypoint and (not program or algorithm.get("ContainerEntrypoint")):
            self.note = replace(self.note, toolkit=False)
            self._rewrite_drivers()
            own_packages.give(self.folder / "environment", environment, self.image.interpreter)
            environment.update(self.launching.for_drivers(environment))
            return Command(
                [self.isolation.rewrite(part) for part in entrypoint], self.layout.code, environment
            ), None
        if not program:
            raise JobFailure(
                "ClientError: The job names no program, and its image has none of its own: set the hyperparameters"
                " sagemaker_program and sagemaker_submit_directory (script mode), or AlgorithmSpecification.ContainerEntrypoint."
            )
        entry_point = code.check_entry_point(str(program))
        directory = values.platform.get("sagemaker_submit_directory") or asked.get(
            "SAGEMAKER_SUBMIT_DIRECTORY"
        )
        code.fetch(directory, self.layout, self.objects)
        kind = code.kind_of(self.layout.code, entry_point)
        if kind is not Program.PACKAGE:
            code.check_present(entry_point, self.layout)
        python = self.image.python
        if requirements.needs_install(self.layout.code, kind):
            folder = self.folder / "environment"
            python = requirements.install(self.layout.code, kind, folder, environment, self.image.interpreter)
            environment["PATH"] = f"{python.parent}{os.pathsep}{environment['PATH']}"
            environment["VIRTUAL_ENV"] = str(folder)
        elif kind is Program.COMMAND:
            own_packages.give(self.folder / "environment", environment, self.image.interpreter)
        if kind is Program.NOTEBOOK:
            from clary.toolkits import notebook

            executed = self.layout.output_data / Path(entry_point).name
            kernel = None if self.image.is_current else python
            if kernel is not None:
                image.check_kernel(kernel, self.image, entry_point)
            arguments = notebook.command(
                python if kernel is None else Path(sys.executable),
                self.layout.code / entry_point,
                executed,
                values.user,
                self.folder,
                self.layout.failure,
                kernel,
            )
            return Command(arguments, self.layout.code, environment), executed
        arguments = hyperparameters.to_arguments(values.user)
        plain = for_script_mode(kind, entry_point, arguments, python, self.layout.code, environment)
        return self.launching.for_script_mode(plain, values, kind, entry_point, arguments, python), None

    def _environment(
        self, values: hyperparameters.Hyperparameters, program: str | None, asked: dict[str, str]
    ) -> dict[str, str]:
        """The whole environment of the user's program: ours, then the platform's, then the user's own wishes."""
        environment = dict(
            os.environ
        )  # the runner has set thread variables, visible GPUs and PYTHONUNBUFFERED
        environment.update(variables.platform_variables(self.request, self.region))
        # "python" must be the interpreter that the image stands for.
        environment = images.activated(environment, self.image, self.folder)
        environment["PYTHONPATH"] = _first(str(self.layout.code), environment.get("PYTHONPATH") or "")
        if self.isolation.kind != "namespaces":
            environment["SAGEMAKER_BASE_DIR"] = str(self.layout.base)
        environment.update(
            variables.script_variables(
                self.request,
                values,
                self.layout,
                self.resources,
                program=program,
                cpus=self.member.cpus,
                gpus=self.member.gpus,
                region=self.region,
            )
        )
        environment.update(asked)
        if not self.request.get("EnableNetworkIsolation"):
            environment.update(self.gateway.variables(environment, asked))
        for name in variables.too_long(environment):
            del environment[name]
            _say(
                f"{name} is longer than Linux lets a variable be (128 KiB) and is left out; the hyperparameters are in"
                f" {self.layout.config / 'hyperparameters.json'}."
            )
        return environment

    def _rewrite_drivers(self) -> None:
        """SDK v3's drivers hard-code /opt/ml; where that is another folder their text has to say so (contracts section 4)."""
        drivers = self.layout.channel("sm_drivers")
        if self.isolation.kind == "namespaces" or not drivers.is_dir():
            return
        for path in [path for path in drivers.rglob("*") if path.is_file() and not path.is_symlink()]:
            try:
                text = path.read_text(encoding="utf-8")
            except UnicodeDecodeError:
                continue
            changed = self.isolation.rewrite(text)
            if changed != text:
                path.write_text(changed, encoding="utf-8")

    def _warm_start(self, command: Command) -> Callable[[], int] | None:
        """How to become the user's script without executing anything; None where only a fresh interpreter will do."""
        warm = zygote_program.current()
        if warm is None or command.script is None or command.arguments[0] != sys.executable:
            return None
        why = warm.refuses(command.script, command.folder, command.environment)
        if why:
            self.note = replace(self.note, cold=why)
            return None
        return lambda: warm.fork(command.arguments, command.script or "", command.folder, command.environment)


def _say(text: str) -> None:
    """A line of our own in the job's log, marked as such: it is no word of the user's program (see failure.py)."""
    print(f"[clary] {text}", flush=True)


def _first(entry: str, path: str) -> str:
    """``path`` (entries between colons) with ``entry`` in front, and only there."""
    return os.pathsep.join([entry, *(part for part in path.split(os.pathsep) if part and part != entry)])


def _settle_notebook(executed: Path, *, stopped: bool) -> None:
    from clary.toolkits.notebook_state import settle

    settle(executed, stopped=stopped)


def discard_environment(folder: Path) -> None:
    """Remove the packages that were installed for a host of an attempt; they can be hundreds of MB, and nobody needs them."""
    shutil.rmtree(folder / "environment", ignore_errors=True)
