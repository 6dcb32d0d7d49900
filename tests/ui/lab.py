"""A real JupyterLab with a real Clary home, and a real Chromium to look at it."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).parents[2]
BUNDLE = REPOSITORY / "extension" / "clary" / "labextension"
TOKEN = "a-token-for-tests"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def chromium() -> str:
    """The browser's path. Raises where there is none: the interface was not tested then."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        path = shutil.which(name)
        if path:
            return path
    raise RuntimeError("No Chromium on PATH; `make browser` (or apt-get install chromium) installs one.")


@contextlib.contextmanager
def browser(**options: Any) -> Iterator[Any]:
    """A headless Chromium."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium(), args=FLAGS, **options)
        try:
            yield launched
        finally:
            launched.close()


class Lab:
    """JupyterLab in a process of its own. Clary's home is `work/clary`, under the root `work`."""

    def __init__(
        self,
        folder: Path,
        *,
        base_url: str = "/lab/under/",
        theme: str = "JupyterLab Light",
        clary: bool = True,
        environment: dict[str, str] | None = None,
    ) -> None:
        if not (BUNDLE / "static" / "style.js").exists():
            raise RuntimeError(
                f"The front end is not built: there is no {BUNDLE}. Run `jlpm build` in extension/."
            )
        self.folder = folder
        self.root = folder / "work"
        self.home = self.root / "clary"
        self.base_url = base_url
        self.clary = clary
        self._more = {"CLARY_ZYGOTE": "0", **(environment or {})}
        self._write_settings(theme)
        self.start()

    def start(self) -> None:
        """Start the server (again), and wait until it listens."""
        runtime = self.folder / "runtime"
        shutil.rmtree(runtime, ignore_errors=True)
        with (self.folder / "jupyter.log").open("a") as log:
            self.process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ip=127.0.0.1"),
                    "--port=0",
                    "--ServerApp.port_retries=0",
                    f"--ServerApp.root_dir={self.root}",
                    f"--ServerApp.base_url={self.base_url}",
                    f"--IdentityProvider.token={TOKEN}",
                    f"--ServerApp.jpserver_extensions={{'clary.jupyter': {self.clary}}}",
                    f"--LabApp.extra_labextensions_path={self.folder / 'labextensions'}",
                ],
                env=self._environment(),
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.url = self._address(runtime)

    def page_url(self, path: str = "lab") -> str:
        return f"{self.url}{path}?token={TOKEN}"

    def client(self, service: str) -> Any:
        """An unmodified boto3 client that talks to this Jupyter server over HTTP, signing its requests."""
        import boto3
        from botocore.config import Config

        from clary.home import Home
        from clary.signing import load_or_mint

        key = load_or_mint(Home.locate(self.home))
        session = boto3.session.Session(key.access_key, key.secret_key, region_name="us-east-1")
        config = Config(retries={"max_attempts": 0}, s3={"addressing_style": "path"})
        return session.client(service, endpoint_url=f"{self.url}clary/aws", config=config)

    def log(self) -> str:
        return (self.folder / "jupyter.log").read_text(errors="replace")

    def stop(self) -> int:
        """SIGTERM; returns the exit status."""
        if self.process.poll() is None:
            self.process.terminate()
        try:
            return self.process.wait(20)
        finally:
            if self.process.poll() is None:
                self.process.kill()
                self.process.wait()

    def kill(self) -> None:
        """SIGKILL: the server has no time for anything."""
        self.process.kill()
        self.process.wait()

    def _write_settings(self, theme: str) -> None:
        self.root.mkdir(parents=True)
        settings = self.folder / "settings" / "@jupyterlab" / "apputils-extension"
        settings.mkdir(parents=True)
        (settings / "themes.jupyterlab-settings").write_text(json.dumps({"theme": theme}))
        config = self.folder / "config" / "labconfig"
        config.mkdir(parents=True)
        # It asks for news from the network, and covers what the tests look at.
        off = {"@jupyterlab/apputils-extension:announcements": True}
        if not self.clary:
            off["@clary/labextension"] = True
        (config / "page_config.json").write_text(json.dumps({"disabledExtensions": off}))
        extensions = self.folder / "labextensions" / "@clary"
        extensions.mkdir(parents=True)
        (extensions / "labextension").symlink_to(BUNDLE)

    def _environment(self) -> dict[str, str]:
        folder = self.folder
        return {
            **os.environ,
            "HOME": str(folder),
            "CLARY_HOME": str(self.home),
            **self._more,
            "JUPYTER_CONFIG_DIR": str(folder / "config"),
            "JUPYTER_DATA_DIR": str(folder / "data"),
            "JUPYTER_RUNTIME_DIR": str(folder / "runtime"),
            "JUPYTERLAB_SETTINGS_DIR": str(folder / "settings"),
            "JUPYTERLAB_WORKSPACES_DIR": str(folder / "workspaces"),
        }

    def _address(self, runtime: Path) -> str:
        """Wait until the server says in its runtime file where it listens."""
        end = time.monotonic() + 60
        while time.monotonic() < end:
            for path in runtime.glob("jpserver-*.json"):
                with contextlib.suppress(ValueError, KeyError):
                    return f"http://127.0.0.1:{json.loads(path.read_text())['port']}{self.base_url}"
            if self.process.poll() is not None:
                break
            time.sleep(0.05)
        raise RuntimeError(f"JupyterLab did not start:\n{self.log()}")


@contextlib.contextmanager
def lab(**options: Any) -> Iterator[Lab]:
    """A JupyterLab in a short temporary folder, gone with everything it started afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="clary-ui-"))
    started = Lab(folder, **options)
    try:
        yield started
    finally:
        started.stop()
        _kill_jobs_of(started.home)
        shutil.rmtree(folder, ignore_errors=True)


def _kill_jobs_of(home: Path) -> None:
    import psutil

    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            environment = Path(f"/proc/{process.pid}/environ").read_bytes()
            if str(home).encode() in environment or any(str(home) in part for part in process.cmdline()):
                process.kill()


def until(holds: Callable[[], Any], seconds: float = 30) -> Any:
    """Wait until `holds` returns something true, and return it."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = holds()
        if value:
            return value
        time.sleep(0.05)
    raise AssertionError(f"did not become true within {seconds} s: {holds}")
