"""The end of an endpoint process: its live connections go to whoever is responsible now, unnoticed by the clients."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

from clary.home import Home
from clary.serving.addresses import active_folder, router_folder
from clary.serving.http import HttpServer
from clary.serving.passing import Passer, Receiver

# A request may take a minute; then its connection is cut.
_LONGEST = 65.0
# The router reads the link at each connection and sends at once, so what it sent to us is here long before this is over.
_LINGER = 0.3
_STEP = 0.005


class Drain:
    """Hands idle connections over: to the endpoint's new process, or, when there is none, to the router, which answers
    the next request on them (by then the endpoint may be back, or is known to be deleted)."""

    def __init__(self, home: Home, endpoint: str, server: HttpServer) -> None:
        self._home = home
        self._endpoint = endpoint
        self._server = server
        self._passer: Passer | None = None
        self._passer_to: Path | None = None

    async def run(self, receiver: Receiver) -> None:
        """Until every connection is given away or closed."""
        begun = time.monotonic()
        self._server.leaving = True
        self._server.stop_listening()
        while time.monotonic() - begun < _LINGER or not self._server.quiet:
            if time.monotonic() - begun > _LONGEST:
                break
            self.hand_over_idle()
            await asyncio.sleep(_STEP)
        receiver.close()  # takes what was still in its queue
        while not self._server.quiet and time.monotonic() - begun < _LONGEST:
            self.hand_over_idle()
            await asyncio.sleep(_STEP)

    async def keep_handing_over(self) -> None:
        """For a process that was replaced and has not been told to stop yet."""
        while True:
            self.hand_over_idle()
            await asyncio.sleep(_STEP)

    def hand_over_idle(self) -> None:
        """One round over the connections."""
        self._server.leaving = True
        idle = [connection for connection in self._server.connections if connection.idle]
        if not idle:
            return
        folder = active_folder(self._home, self._endpoint) or router_folder(self._home)
        if self._passer is None or self._passer_to != folder:
            if self._passer is not None:
                self._passer.close()
            self._passer, self._passer_to = Passer(folder), folder
        for connection in idle:
            descriptor = connection.release()
            if descriptor is None:
                continue
            if not connection.idle:  # something came in while it was being stopped
                connection.resume()
                continue
            sent = self._passer.send(descriptor, trusted=connection.trusted)
            if sent is None:
                connection.resume()
                return
            # Nobody there to take it: an idle connection may be closed at any time, and clients know how to open another.
            connection.abort()
