"""boto3 and the SageMaker SDKs inside a job's program: as in a container, they find credentials and reach the service.

A program sees only AWS's standard variables, so any language and any interpreter will do. The address in them is a socket
that the agent has bound; the API's server is started on it when somebody first connects, so that a job which never asks
costs a socket and a sleeping thread. The server belongs to the job and ends with it.
"""

from __future__ import annotations

import os
import selectors
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path

from clary.config import Config
from clary.home import Home
from clary.outside import proxies, sdks
from clary.signing import credentials

# Whoever sets one of these, for the job or for whoever launched it, has decided where boto3 goes and as whom.
_DECIDED = ("AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_PROFILE", "AWS_WEB_IDENTITY_TOKEN_FILE")
_DOOR = "CLARY_DOOR"
_CLOSED = frozenset({"off", "0", "no", "false"})
_BACKLOG = 128


class Gateway:
    """The way from one program to the API. Use `variables`, start the program, then `start` and, at its end, `close`."""

    def __init__(self, home: Home, folder: Path) -> None:
        """``folder``: the host's own, for the server's log."""
        self._home, self._folder = home, folder
        self._listener: socket.socket | None = None
        self._wake: tuple[int, int] | None = None
        self._server: subprocess.Popen[bytes] | None = None
        self._thread = threading.Thread(target=self._watch, name="clary-gateway", daemon=True)

    def variables(self, environment: Mapping[str, str], asked: Mapping[str, str]) -> dict[str, str]:
        """What to add to the program's ``environment``; nothing where it says already how boto3 shall work, or where the
        job (``asked``: its Environment) has CLARY_DOOR=off."""
        if any(environment.get(name) for name in _DECIDED):
            return {}
        if asked.get(_DOOR, "").strip().lower() in _CLOSED:
            return {}
        try:
            self._listener = socket.create_server(("127.0.0.1", 0), backlog=_BACKLOG)
        except OSError:
            return {}  # no loopback: then nothing could reach us, either
        address = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        keys = credentials.load_or_mint(self._home)
        return {
            "AWS_ENDPOINT_URL": address,
            "AWS_ACCESS_KEY_ID": keys.access_key,
            "AWS_SECRET_ACCESS_KEY": keys.secret_key,
            **proxies.past(address, environment),
            **sdks.variables(self._home, Config.load(self._home), environment),
        }

    def start(self) -> None:
        """Begin to wait for the first connection; only after the program was forked (see `checkpoints.Syncing`)."""
        if self._listener is not None:
            self._wake = os.pipe()
            self._thread.start()

    def close(self) -> None:
        """The program has ended: so does the server."""
        if self._wake is not None:
            os.close(self._wake[1])
            self._thread.join()
            os.close(self._wake[0])
        if self._listener is not None:
            self._listener.close()

    def _watch(self) -> None:
        # The server dies with the thread that has started it (PDEATHSIG), so this one stays.
        assert self._listener is not None
        assert self._wake is not None
        with selectors.DefaultSelector() as selector:
            selector.register(self._wake[0], selectors.EVENT_READ)
            selector.register(self._listener, selectors.EVENT_READ)
            while True:
                ready = {key.fileobj for key, _ in selector.select()}
                if self._wake[0] in ready:
                    break
                self._server = self._started(self._listener)
                selector.unregister(self._listener)
        if self._server is not None:
            self._server.send_signal(signal.SIGKILL)  # it holds nothing that is not on the disk
            self._server.wait()

    def _started(self, listener: socket.socket) -> subprocess.Popen[bytes]:
        number = listener.fileno()
        with open(self._folder / "gateway.log", "ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "clary.api.inherited", str(number), str(self._home.root)],
                env={**os.environ, _DOOR: "off"},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=[number],
            )
