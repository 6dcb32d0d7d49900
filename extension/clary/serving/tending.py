"""Looking after each other: processes of serving run the runner's reconcile now and then, so that what was killed comes
back although no server, notebook or shell is there to notice."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable

from clary.config import Config
from clary.home import Home
from clary.runner.runner import Runner
from clary.store import Store

_log = logging.getLogger(__name__)
_EVERY_SECONDS = 10.0
_AT_MOST_EVERY = 0.5


class Tender:
    """Calls `Runner.tend` on a thread every few seconds, and sooner when `poke` says that something is missing."""

    def __init__(self, home: Home, config: Config, store: Store) -> None:
        self._home = home
        self._runner = Runner(home, config, store)
        self._homeless: Callable[[], None] = lambda: None
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self, homeless: Callable[[], None]) -> None:
        """`homeless` is called when the home was deleted: there is nothing left to serve then."""
        self._homeless = homeless
        self._task = asyncio.get_running_loop().create_task(self._run())

    def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()

    def poke(self) -> None:
        """A process that should be there is not."""
        self._wake.set()

    def stop_job(self, name: str) -> None:
        """Ask an endpoint's job to stop; blocks shortly."""
        self._runner.stop("endpoint", name)

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), _EVERY_SECONDS)
            self._wake.clear()
            if not self._home.database.exists():
                self._homeless()
                return
            try:
                await loop.run_in_executor(None, self._runner.tend)
            except Exception:
                _log.exception("Looking after the jobs failed; it will be tried again.")
            await asyncio.sleep(_AT_MOST_EVERY)
