"""Keeps jobs going and tells Jupyter's event bus what changed, for as long as the Jupyter server runs."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

from clary.store.watch import Watcher

if TYPE_CHECKING:
    from jupyter_events import EventLogger

    from clary.api.engine import Engine
    from clary.runner import Pump

log = logging.getLogger("clary.jupyter")

RESOURCE = "https://schema.clary.dev/events/resource"
# Seconds after the server's start before the pump begins; what is submitted meanwhile is scheduled by its request.
_QUIET_S = 3.0
# And from there until it has torch imported for the first job: that takes a processor for seconds.
_WARM_AFTER_S = 5.0
_FIELDS = ("kind", "name", "change")
# What engines tell each other; people are told of the statuses that follow.
_INTERNAL = frozenset({"queued", "settling", "started", "phase", "wake"})


class Live:
    """One pump and one watcher. Start and stop it in the event loop of the Jupyter server."""

    def __init__(self, engine: Engine, events: EventLogger, *, pump: bool = True) -> None:
        self._engine = engine
        self._events = events
        self._wanted = pump
        self._pump: Pump | None = None
        self._watcher: Watcher | None = None
        self._starting: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Returns at once: what has to be imported is imported in a thread, when JupyterLab has started."""
        self._starting = asyncio.get_running_loop().create_task(self._start())

    async def stop(self) -> None:
        """Close everything; safe to call when it was never started."""
        if self._starting is not None:
            self._starting.cancel()
            await asyncio.gather(self._starting, return_exceptions=True)
        if self._watcher is not None:
            asyncio.get_running_loop().remove_reader(self._watcher.fileno())
            self._watcher.close()
            self._watcher = None
        if self._pump is not None:
            await asyncio.get_running_loop().run_in_executor(None, self._pump.stop)
            self._pump = None

    async def _start(self) -> None:
        try:
            self._watcher = Watcher(self._engine.home)
            asyncio.get_running_loop().add_reader(self._watcher.fileno(), self._forward)
            if self._wanted:
                # Its imports would take the processor from a JupyterLab that somebody is waiting for.
                await asyncio.sleep(_QUIET_S)
                await asyncio.get_running_loop().run_in_executor(None, self._start_pump)
        except Exception:
            log.exception("Clary cannot follow its jobs in this Jupyter server")

    def _start_pump(self) -> None:
        from clary.runner import Pump

        self._pump = Pump(self._engine.runner, _WARM_AFTER_S)
        self._pump.start()

    def _forward(self) -> None:
        """Called by the event loop when datagrams have come. Equal ones are told once."""
        if self._watcher is None:
            return
        changes = dict.fromkeys(
            tuple(str(event.get(field, "")) for field in _FIELDS) for event in self._watcher.read()
        )
        for change in changes:
            if change[2] in _INTERNAL:
                continue
            self._emit(dict(zip(_FIELDS, change, strict=True)))

    def _emit(self, data: dict[str, Any]) -> None:
        try:
            self._events.emit(schema_id=RESOURCE, data=data)
        except Exception:
            # A change that this version has no word for must not end the others.
            log.debug("Not forwarded: %r", data, exc_info=True)
