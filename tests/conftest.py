"""What every test may use: a home of its own, the engine in process, and a real `clary serve`."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

# Nothing a developer has set may reach the tests.
for name in [name for name in os.environ if name.startswith(("AWS_", "CLARY_", "SM_"))]:
    del os.environ[name]
os.environ["AWS_EC2_METADATA_DISABLED"] = "true"


# The rooms whose files take longest come first, so that test workers, who take one file after the other, end together.
_LONGEST = (
    "sdks", "ui", "examples", "end_to_end", "mirror", "runner", "toolkits", "processing", "training", "serving", "images",
)  # fmt: skip


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    def place(item: pytest.Item) -> int:
        room = item.path.relative_to(Path(__file__).parent).parts[0]
        return _LONGEST.index(room) if room in _LONGEST else len(_LONGEST)

    items.sort(key=place)


def kill_everything_of(home: Path) -> None:
    """SIGKILL every process that was started for this home: no test leaves one behind."""
    marks = (f"CLARY_HOME={home}".encode(), str(home).encode())
    for _ in range(3):
        found = False
        for process in psutil.process_iter():
            if process.pid in (os.getpid(), os.getppid()):
                continue
            try:
                line = b"\0".join(part.encode() for part in process.cmdline())
                environment = Path(f"/proc/{process.pid}/environ").read_bytes()
            except (psutil.Error, OSError):
                continue
            mine = (
                marks[1] in line
                or marks[0] in environment.split(b"\0")
                or f"CLARY_COOKIE_HOME={home}".encode() in environment
            )
            if mine and not b"\0".join(line.split(b"\0")[:3]).endswith(
                b"pytest"
            ):  # homes lie under /tmp/pytest-of-...
                found = True
                try:
                    process.kill()
                except psutil.Error:
                    pass
        if not found:
            return
        time.sleep(0.05)


def forget_sockets_of(home: Path) -> None:
    """Remove the folder of sockets that a home with a long path has elsewhere."""
    from clary.home import Home

    if home.is_dir():
        shutil.rmtree(Home(home).run, ignore_errors=True)


@pytest.fixture(autouse=True)
def _door_is_open() -> Iterator[None]:
    """Leave boto3 as `import clary` does, whatever a test has closed or set (a Jupyter server closes the door)."""
    yield
    clary = sys.modules.get("clary")
    boto3: Any = sys.modules.get("boto3")
    if boto3 is not None:
        boto3.DEFAULT_SESSION = None
    if clary is not None:
        clary.attach()


@pytest.fixture
def home_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """CLARY_HOME for this test; whatever still runs for it afterwards is killed."""
    path = tmp_path / "home"
    monkeypatch.setenv("CLARY_HOME", str(path))
    monkeypatch.setenv("CLARY_ZYGOTE", "0")
    yield path
    kill_everything_of(path)
    forget_sockets_of(path)


@pytest.fixture
def home(home_path: Path) -> Any:
    from clary.home import Home

    return Home.locate(home_path)


@pytest.fixture
def store(home: Any) -> Any:
    from clary.store import Store

    return Store(home)


@pytest.fixture
def engine(home: Any) -> Any:
    """The API engine on this test's home, in process."""
    from clary.api.engine import Engine

    return Engine(home)


class Server:
    """A real `clary serve` in a process of its own."""

    def __init__(self, home: Path, *arguments: str, environment: dict[str, str] | None = None) -> None:
        self.home = home
        self.process = subprocess.Popen(
            [sys.executable, "-m", "clary.cli", "serve", "--port", "0", *arguments],
            env={**os.environ, "CLARY_HOME": str(home), **(environment or {})},
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert "http://" in line, f"clary serve did not start: {line!r}"
        self.url = line[line.index("http://") :].split()[0]

    def environment(self) -> dict[str, str]:
        """What `clary env` prints, as a dictionary."""
        import json

        output = subprocess.run(
            [sys.executable, "-m", "clary.cli", "env", "--format", "json"],
            env={**os.environ, "CLARY_HOME": str(self.home)},
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        values: dict[str, str] = json.loads(output)
        return values

    def client(self, service: str, **options: Any) -> Any:
        """An unmodified boto3 client that talks to this server over HTTP with signed requests."""
        import boto3
        from botocore.config import Config

        values = self.environment()
        session = boto3.session.Session(
            aws_access_key_id=values["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=values["AWS_SECRET_ACCESS_KEY"],
            region_name=values["AWS_DEFAULT_REGION"],
        )
        url = values.get(f"AWS_ENDPOINT_URL_{service.upper().replace('-', '_')}", values["AWS_ENDPOINT_URL"])
        options.setdefault("config", Config(retries={"max_attempts": 0}, s3={"addressing_style": "path"}))
        return session.client(service, endpoint_url=url, **options)

    def stop(self, sign: int = signal.SIGTERM, timeout: float = 20) -> int:
        if self.process.poll() is None:
            self.process.send_signal(sign)
        return self.process.wait(timeout)


@pytest.fixture
def serve(home_path: Path) -> Iterator[Callable[..., Server]]:
    """Starts `clary serve` on this test's home, as often as asked."""
    started: list[Server] = []

    def start(*arguments: str, environment: dict[str, str] | None = None) -> Server:
        server = Server(home_path, *arguments, environment=environment)
        started.append(server)
        return server

    yield start
    for server in started:
        if server.process.poll() is None:
            server.process.kill()
            server.process.wait()


@pytest.fixture
def server(serve: Callable[..., Server]) -> Server:
    return serve()
