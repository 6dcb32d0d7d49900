"""The shim's work: start the job, read its output, sample it, stop it when asked, and record its end.

Standard library only (see linux.py).
"""

from __future__ import annotations

import contextlib
import errno
import os
import select
import signal
import time

from clary.runner import linux, processes
from clary.runner.announce import announce
from clary.runner.host import Host
from clary.runner.sampling import Sampler
from clary.runner.scraper import Scraper
from clary.runner.settling import guard_settler, spawn_settler
from clary.runner.statefile import StateFile

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from typing import Any

_FULL = (errno.ENOSPC, errno.EDQUOT)
_SHUTDOWN_GRACE_S = 10.0
_SCRAPER_GRACE_S = 5.0
# What the other hosts have to end in, when one has failed.
_PEER_GRACE_S = 30.0
_LOG_EVERY_S = 0.5
_FIRST_SAMPLE_S = 0.1


class Supervisor:
    """One attempt, from its start to its ``exit.json``."""

    def __init__(
        self, folder: str, spec: dict[str, Any], lock: int, entry: Callable[[Path, str], int] | None
    ) -> None:
        self._folder, self._spec, self._shim, self._lock, self._entry = (
            folder,
            spec,
            spec["shim"],
            lock,
            entry,
        )
        self._begun = time.time()
        self._exit_file = StateFile(f"{folder}/exit.json")
        self._hosts: list[Host] = []
        self._failed: Host | None = None
        self._reason: str | None = None
        self._kill_at: float | None = None
        self._deadlines: list[tuple[float, str]] = []
        self._settler = 0
        self._told_to_go = False
        self._told_log = 0.0
        self._poll = select.poll()
        self._wake, self._control = self._listen()
        self._scraper: Scraper | None = None
        self._sampler: Sampler

    def run(self) -> int:
        """Returns the exit code for the shim's process (see shim.py)."""
        self._exit_file.reserve()
        if not self._start():
            return self._record(None)
        self._next_sample = time.monotonic() + _FIRST_SAMPLE_S
        while any(host.status is None for host in self._hosts):
            self._turn()
        processes_left = self._exterminate()
        for host in self._hosts:
            host.output.drain()
        if self._scraper is not None:
            self._scraper.close(_SCRAPER_GRACE_S)
            self._listen_to(self._scraper)
        self._sampler.close()
        for host in self._hosts:
            host.close()
        if self._reason == "shutdown":
            return 1
        return self._record(self._failed or self._hosts[0], processes_left)

    def _listen(self) -> tuple[int, int]:
        """Become what a shim is, and open the two doors by which it is woken: signals and the attempt's
        control pipe."""
        linux.set_name(processes.SHIM_NAME)
        linux.become_subreaper()
        with contextlib.suppress(OSError):
            os.setsid()
        os.chdir("/")
        wake, wake_write = os.pipe()
        for descriptor in (wake, wake_write):
            os.set_blocking(descriptor, False)
        signal.signal(signal.SIGCHLD, lambda number, frame: None)
        signal.signal(signal.SIGTERM, self._shut_down)
        for number in (signal.SIGHUP, signal.SIGINT):
            signal.signal(number, signal.SIG_IGN)
        signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
        path = f"{self._folder}/control"
        with contextlib.suppress(FileExistsError):
            os.mkfifo(path, 0o600)
        # Open for writing, too, so that it never reads as ended.
        control = os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        self._private = [self._lock, wake, wake_write, control]
        for descriptor in (wake, control):
            self._poll.register(descriptor, select.POLLIN)
        return wake, control

    def _start(self) -> bool:
        """Start the job's hosts; False when a stop came first."""
        shim = self._shim
        while True:  # a full disk is waited out: the job must not run before its start is on record
            if self._told_to_go:
                raise SystemExit(1)
            if reason := self._asked():
                self._reason = reason
                return False
            try:
                self._conceive()
                break
            except OSError as error:
                if error.errno not in _FULL:
                    raise
                time.sleep(1.0)
        if shim["metrics"]:
            self._scraper = Scraper(self._folder, shim["cookie"])
            self._poll.register(self._scraper.words, select.POLLIN)
        self._sampler = Sampler(
            f"{self._folder}/resources.jsonl", shim["sample_s"], shim["gpus"], shim["memory_limit_mb"]
        )
        now = time.monotonic()
        if shim["max_runtime_s"] is not None:
            self._deadlines.append((now + shim["max_runtime_s"], "max-runtime"))
        if shim["give_up_at"] is not None:
            self._deadlines.append((now + shim["give_up_at"] - time.time(), "max-wait"))
        for host in self._hosts:
            self._poll.register(host.child.output, select.POLLIN)
            host.release(self._scraper.feed if self._scraper else None, whole_lines=len(self._hosts) > 1)
        announce(shim["run"], self._spec["kind"], self._spec["name"], "started")
        return True

    def _conceive(self) -> None:
        """Fork every host's process, and put them on record before any of them runs."""
        hosts = [Host(entry, self._shim["log_limit"]) for entry in self._shim["hosts"]]
        private = list(self._private)
        born: list[Host] = []
        try:
            for host in hosts:
                private += host.conceive(self._folder, self._shim, private, self._entry)
                born.append(host)
            described = [host.child.describe() for host in hosts]
            StateFile(f"{self._folder}/started.json").write(
                {"started": self._begun, "shim": os.getpid(), **described[0], "hosts": described}
            )
        except OSError:
            for host in born:
                host.child.abandon()
            raise
        self._hosts = hosts

    def _turn(self) -> None:
        """Wait for something to happen, and answer it."""
        scraper = self._scraper
        outputs = {host.child.output: host.output for host in self._hosts}
        if scraper is not None and scraper.waiting:
            self._poll.register(scraper.descriptor, select.POLLOUT)
        ready = self._poll.poll(self._patience_ms())
        if scraper is not None:
            with contextlib.suppress(KeyError):
                self._poll.unregister(scraper.descriptor)
            if scraper.waiting:
                scraper.flush()
        for descriptor, _ in ready:
            if descriptor in outputs:
                outputs[descriptor].read()
                if outputs[descriptor].ended:
                    self._poll.unregister(descriptor)
            elif scraper is not None and descriptor == scraper.words:
                self._listen_to(scraper)
                if scraper.silent:
                    self._poll.unregister(descriptor)
            elif descriptor == self._control:
                self._obey()
            elif descriptor == self._wake:
                with contextlib.suppress(BlockingIOError):
                    os.read(descriptor, 4096)
        self._reap()
        for output in outputs.values():
            output.flush_late()
        now = time.monotonic()
        if self._wrote() and now >= self._told_log + _LOG_EVERY_S:
            for output in outputs.values():
                output.wrote = False
            self._told_log = now
            announce(self._shim["run"], self._spec["kind"], self._spec["name"], "log")
        if now >= self._next_sample:
            self._next_sample = now + self._shim["sample_s"]
            self._look(now)
        if self._told_to_go:
            self._stop("shutdown", min(_SHUTDOWN_GRACE_S, self._shim["grace_s"]))
        for deadline, reason in self._deadlines:
            if now >= deadline:
                self._stop(reason, self._shim["grace_s"])
        if self._kill_at is not None and now >= self._kill_at:
            self._kill_at = now + 0.1  # again, for what was forked meanwhile
            processes.send(self._job(), signal.SIGKILL)

    def _listen_to(self, scraper: Scraper) -> None:
        if said := scraper.hear():
            self._hosts[0].output.add(said.removesuffix(b"\n"))

    def _wrote(self) -> bool:
        return any(host.output.wrote for host in self._hosts)

    def _patience_ms(self) -> int:
        now = time.monotonic()
        waits = [self._next_sample - now]
        for host in self._hosts:
            late = host.output.wait_s()
            if late is not None:
                waits.append(late)
        if self._wrote():
            waits.append(self._told_log + _LOG_EVERY_S - now)
        if self._reason is None:
            waits += [deadline - now for deadline, _ in self._deadlines]
        if self._kill_at is not None:
            waits.append(self._kill_at - now)
        return max(0, int(min(waits) * 1000) + 1)

    def _look(self, now: float) -> None:
        several = {host.name: host.child.pid for host in self._hosts} if len(self._hosts) > 1 else None
        if self._sampler.sample(self._helpers(), several) and self._reason != "memory":
            self._reason, self._kill_at = "memory", now
        if not os.path.isdir(self._folder):  # the home was deleted: there is nobody left to work for
            self._told_to_go = True
        # The control pipe tells of a stop at once; this is for a launcher that died between file and pipe.
        if self._reason is None and (reason := self._asked()):
            self._stop(reason, self._shim["grace_s"])

    def _obey(self) -> None:
        commands = b""
        with contextlib.suppress(BlockingIOError):
            commands = os.read(self._control, 4096)
        if b"S" in commands and not self._settler:  # a job of ours has queued a job: launch it from out here
            self._settler = spawn_settler(self._shim)
        if reason := self._asked():
            self._stop(reason, self._shim["grace_s"])

    def _asked(self) -> str:
        """What somebody has asked for: ``stopped``, ``interrupted``, or nothing."""
        if os.path.exists(f"{self._folder}/stop"):
            return "stopped"
        return "interrupted" if os.path.exists(f"{self._folder}/interrupt") else ""

    def _shut_down(self, number: int, frame: object) -> None:
        self._told_to_go = True  # the loop sees it; a handler may come between any two lines

    def _stop(self, reason: str, grace_s: float) -> None:
        """SIGTERM to all of the job; SIGKILL will follow."""
        if self._reason is None:
            self._reason = reason
            self._terminate(grace_s)

    def _terminate(self, grace_s: float) -> None:
        self._kill_at = time.monotonic() + grace_s
        # Reading the whole table takes a while on a busy machine: who was forked meanwhile is to hear of it, too. And the
        # hosts' own processes, which bear the shim's name until shortly before they execute.
        found = [*self._job(), *processes.descendants(os.getpid(), without=self._helpers())]
        own = [processes.read(host.child.pid) for host in self._hosts if host.status is None]
        found += [process for process in own if process is not None]
        everyone = list({process.pid: process for process in found}.values())
        processes.send(everyone, signal.SIGTERM)
        processes.send(everyone, signal.SIGCONT)

    def _ended(self, host: Host, status: int) -> None:
        """A host's process is gone. If it failed, the others have nobody to work with any more."""
        host.status = status
        if host.code and self._failed is None and self._reason is None:
            self._failed = host
            if any(other.status is None for other in self._hosts):
                self._terminate(min(_PEER_GRACE_S, self._shim["grace_s"]))

    def _job(self) -> list[processes.Process]:
        return processes.descendants(os.getpid(), without=self._helpers(), thorough=True)

    def _helpers(self) -> list[int]:
        helpers = [self._settler, *self._sampler.helpers]
        return helpers if self._scraper is None else [*helpers, self._scraper.pid]

    def _reap(self) -> None:
        with contextlib.suppress(ChildProcessError):
            while True:
                pid, status = os.waitpid(-1, os.WNOHANG)
                if pid == 0:
                    return
                host = next((one for one in self._hosts if one.child.pid == pid), None)
                if host is not None:
                    self._ended(host, status)
                elif pid == self._settler:
                    self._settler = 0
                elif self._scraper is not None and pid == self._scraper.pid:
                    self._scraper.alive = False
                else:
                    self._sampler.reaped(pid)

    def _exterminate(self, patience_s: float = 10.0) -> bool:
        """SIGKILL all that the job's main process left behind; True when something would not die (in the
        kernel's hands)."""
        deadline = time.monotonic() + patience_s
        while True:
            self._reap()
            if linux.childless():  # and, a subreaper being the parent of every orphan, without descendants
                return False
            left = [process for process in self._job() if process.state != "Z"]
            if not left:
                self._reap()
                return False
            if time.monotonic() > deadline:
                return True
            processes.send(left, signal.SIGKILL)
            time.sleep(0.002)

    def _record(self, host: Host | None, processes_left: bool = False) -> int:
        """Write the end down, tell of it, and see that somebody settles the job. `host`: whose end is the job's."""
        code = None if host is None else host.code
        value = {
            "exit_code": code if code is None or code >= 0 else None,
            "signal": -code if code is not None and code < 0 else None,
            "host": "" if host is None else host.name,
            "reason": self._reason or "exited",
            "started": self._begun,
            "ended": time.time(),
        }
        if processes_left:
            value["processes_left"] = True
        while True:
            try:
                self._exit_file.write(value)
                break
            except OSError as error:
                if error.errno not in _FULL:
                    raise
                time.sleep(1.0)
        announce(self._shim["run"], self._spec["kind"], self._spec["name"], "exited")
        os.close(self._lock)
        guard_settler(self._shim)
        return 0
