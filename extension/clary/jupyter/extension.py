"""The server extension. Nothing heavy is imported here: this runs while the user waits for JupyterLab."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyter_server.extension.application import ExtensionApp
from jupyter_server.utils import url_path_join
from traitlets import Bool, Integer, Unicode

from clary.api.engine import Engine
from clary.api.presence import Presence
from clary.home import Home, HomeError
from clary.jupyter.live import Live

if TYPE_CHECKING:
    from jupyter_server.serverapp import ServerApp

EVENTS = Path(__file__).with_name("events")


class ClaryExtension(ExtensionApp):  # type: ignore[misc]
    """Mounts the API, runs the pump that keeps jobs going, and forwards changes to `/api/events`."""

    name = "clary"

    home = Unicode(help="Clary's home folder. Empty: $CLARY_HOME, or ~/.clary.").tag(config=True)
    pump = Bool(True, help="Whether this server schedules and settles jobs while it runs.").tag(config=True)
    threads = Integer(16, help="How many API requests are answered at the same time.", min=1).tag(config=True)

    engine: Engine | None = None
    live: Live | None = None
    presence: Presence | None = None

    def initialize_settings(self) -> None:
        try:
            self.engine = Engine(Home.locate(self.home or None))
        except HomeError as error:
            self.log.error("Clary is off in this Jupyter server. %s", error)
            return
        self.pool = ThreadPoolExecutor(self.threads, "clary-api")
        self.stopping = asyncio.Event()
        self.live = Live(self.engine, self.serverapp.event_logger, pump=self.pump)
        for schema in sorted(EVENTS.glob("*.yaml")):
            self.serverapp.event_logger.register_event_schema(schema)

    def initialize_handlers(self) -> None:
        engine = self.engine
        if engine is None:
            return
        from clary.jupyter.handlers.aws import AwsHandler, RestHandler
        from clary.jupyter.handlers.locate import LocateHandler
        from clary.jupyter.handlers.portal import PortalHandler

        prefix = url_path_join(self.serverapp.base_url, "clary/aws")
        options: dict[str, Any] = {
            "engine": engine,
            "pool": self.pool,
            "stopping": self.stopping,
            "prefix": prefix,
        }
        self.handlers.extend(
            [
                (r"/clary/aws(?:/.*)?", AwsHandler, options),
                (r"/clary/locate", LocateHandler, {"objects": lambda: engine.objects}),
                (r"/clary/portal(?:/.*)?", PortalHandler, options),
                (r"/clary/.*", RestHandler, options),
            ]
        )

    async def _start_jupyter_server_extension(self, serverapp: ServerApp) -> None:
        """Called by Jupyter server when its event loop runs."""
        if self.engine is None or self.live is None:
            return
        self.live.start()
        if not serverapp.sock:
            address = url_path_join(serverapp.connection_url, "clary/aws")
            self.presence = Presence(self.engine.home, address)

    async def stop_extension(self) -> None:
        """Called by Jupyter server when it stops. Jobs and endpoints go on without it."""
        if self.live is None:
            return
        self.stopping.set()
        if self.presence is not None:
            self.presence.leave()
        await self.live.stop()
        self.pool.shutdown(wait=False, cancel_futures=True)
