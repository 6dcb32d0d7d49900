"""What training and processing jobs have in common: waiting, logs, stopping."""

from __future__ import annotations

import contextlib
import time
from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, Self

from clary.sdk.api import call
from clary.sdk.errors import JobFailed
from clary.sdk.logs import LogReader
from clary.sdk.pages import LogText
from clary.sdk.progress import Progress, State, open_progress
from clary.sdk.resource import Resource

ENDED = frozenset({"Completed", "Failed", "Stopped"})


class Job(Resource):
    """A job, by its name."""

    log_group: ClassVar[str]
    title: ClassVar[str]  # "Training job"
    failed: ClassVar[type[JobFailed]]

    @property
    def status(self) -> str:
        """InProgress, Completed, Failed, Stopping or Stopped."""
        return str(self.describe()[f"{self.kind}Status"])

    def wait(self, *, logs: bool = False, timeout: float | None = None, quiet: bool = False) -> Self:
        """Wait until the job has ended; shows its progress, with ``logs`` its log, too.

        Interrupting the wait (Ctrl-C, the notebook's stop button) leaves the job running.
        Raises TrainingFailed or ProcessingFailed, with the reason and the end of the log; TimeoutError after ``timeout``
        seconds.
        """
        bar = None if quiet else open_progress(f"{self.title} {self.name}")
        try:
            return self._wait(bar, self._reader() if logs else None, timeout)
        except KeyboardInterrupt:
            if bar is not None:
                bar.log(f"Stopped waiting; {self.name} goes on. Its stop() ends it, its wait() waits again.")
            raise
        finally:
            if bar is not None:
                bar.close()

    def _wait(self, bar: Progress | None, reader: LogReader | None, timeout: float | None) -> Self:
        deadline = None if timeout is None else time.monotonic() + timeout
        started = time.monotonic()
        while True:
            answer = self.describe()
            status = answer[f"{self.kind}Status"]
            ended = status in ENDED
            for line in reader.new() if reader is not None else ():
                (bar.log if bar is not None else print)(line)
            if bar is not None:
                bar.show(self._state(answer, ended))
            if status == "Failed":
                raise self.failed(self.name, answer.get("FailureReason", "no reason was given"), self.tail())
            if ended:
                return self
            if deadline is not None and time.monotonic() > deadline:
                phase = answer.get("SecondaryStatus", status)
                raise TimeoutError(f"{self.name} is still {phase} after {timeout:g} s.")
            # Asking costs well under a millisecond; quick at first for the short jobs of someone who is
            # trying out.
            time.sleep(0.1 if time.monotonic() - started < 10 else 0.5)

    @abstractmethod
    def _state(self, answer: Mapping[str, Any], ended: bool) -> State:
        """What the progress shows of ``answer``, a Describe call's. Called by `wait` at every look."""

    def logs(self, *, follow: bool = False) -> LogText | None:
        """The whole log as text; with ``follow`` prints it as it grows until the job has ended, and returns
        None.
        """
        reader = self._reader()
        if not follow:
            text = reader.text()
            if not text:
                self.describe()  # an unknown name is an error, not an empty log
            return text
        with contextlib.suppress(KeyboardInterrupt):
            while True:
                ended = self.status in ENDED  # asked before reading, so that the last lines are not missed
                for line in reader.new():
                    print(line, flush=True)
                if ended:
                    break
                time.sleep(0.2)
        return None

    def tail(self, lines: int = 20) -> LogText:
        """The last lines of the log."""
        text = self._reader().tail(lines)
        if not text:
            self.describe()
        return text

    def stop(self) -> None:
        """Ask the job to stop: SIGTERM now, SIGKILL two minutes later; what it saved is kept."""
        call(f"Stop{self.kind}", **{f"{self.kind}Name": self.name})

    def _reader(self) -> LogReader:
        return LogReader(self.log_group, f"{self.name}/")
