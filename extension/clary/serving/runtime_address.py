"""The one address of all endpoints, and the router behind it."""

from __future__ import annotations

import json
import time

from clary.home import Home
from clary.runner.runner import Runner
from clary.runner.spec import JobSpec, Resources
from clary.store import Store

_KIND = _NAME = "router"
_LOG_GROUP = "/clary/router"
_PATIENCE_SECONDS = 20.0


class RouterMissing(Exception):
    """The router does not come up; the text says where to look."""


class RuntimeAddress:
    """Knows the router's address, and sees to it that there is a router."""

    def __init__(self, home: Home, store: Store, runner: Runner) -> None:
        self._home = home
        self._store = store
        self._runner = runner

    def ensure(self) -> None:
        """Submit the router's job unless it is there; takes part in the caller's transaction. Then `Runner.schedule`."""
        with self._store.transaction():
            job = self._runner.get(_KIND, _NAME)
            if job is not None:
                if job.state != "done":
                    return
                self._runner.remove(_KIND, _NAME)
            self._runner.submit(
                JobSpec(
                    kind=_KIND,
                    name=_NAME,
                    entry="clary.serving.router:main",
                    log_group=_LOG_GROUP,
                    log_stream=_NAME,
                    payload={"home": str(self._home.root)},
                    environment={"CLARY_DOOR": "off"},
                    resources=Resources(1.0, 0, 0),
                    grace_s=10.0,
                    holds_slots=False,
                    restart=True,
                )
            )

    def url(self) -> str:
        """``http://host:port``; blocks while the router is being started. Raises RouterMissing."""
        end = time.monotonic() + _PATIENCE_SECONDS
        pause = 0.005
        while True:
            self._runner.reconcile()
            address = self._known()
            if address is not None:
                return address
            if time.monotonic() > end:
                break
            self.ensure()  # again and again: one that had nothing to do may be ending just now
            self._runner.schedule()
            time.sleep(pause)
            pause = min(pause * 1.5, 0.2)
        raise RouterMissing(
            f"The router did not start within {_PATIENCE_SECONDS:.0f} s. Its log is the stream {_NAME} of group {_LOG_GROUP}; "
            "if CLARY_RUNTIME_PORT is set, that port may be taken."
        )

    def _known(self) -> str | None:
        """What the router wrote down when it listened, if that was the attempt which is running now."""
        job = self._runner.get(_KIND, _NAME)
        if job is None or job.state != "running":
            return None
        try:
            known = json.loads((self._home.root / "runtime.json").read_bytes())
            if known["attempt"] != f"{job.id}.{job.attempt}":
                return None
            return f"http://{known['host']}:{known['port']}"
        except (OSError, ValueError, KeyError, TypeError):
            return None
