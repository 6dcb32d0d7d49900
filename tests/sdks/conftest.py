"""Users with SDK v2 and v3, before a real ``clary serve`` that the tests of a worker share."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

# Under xdist and with a bare `pytest` the repository is not on the path.
sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.conftest import Server, kill_everything_of
from tests.sdks import environments
from tests.sdks.user import Interpreter, User


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All of these are slow; the first of a fresh clone waits for an SDK's installation, too."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.slow)
            item.add_marker(pytest.mark.timeout(600))


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Clary as a user runs it, with its zygote."""
    home = tmp_path_factory.mktemp("sdk") / "home"
    home.mkdir()
    # As if there were more processors: these jobs mostly wait, and a user's script may submit several.
    (home / "config.toml").write_text("cpus = 8\n")
    server = Server(home)
    yield server
    server.process.kill()
    server.process.wait()
    kill_everything_of(home)


@pytest.fixture(scope="session")
def variables(service: Server) -> dict[str, str]:
    """What ``clary env`` prints."""
    return service.environment()


def _interpreter(
    name: str, variables: dict[str, str], folders: pytest.TempPathFactory, modules: Sequence[str]
) -> Iterator[Interpreter]:
    one = Interpreter(environments.python_of(name), modules, variables, folders.mktemp(name))
    yield one
    one.close()


@pytest.fixture(scope="session")
def python_v2(variables: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Interpreter]:
    modules = ("sagemaker", "sagemaker.estimator", "sagemaker.processing", "sagemaker.pytorch")
    yield from _interpreter("v2", variables, tmp_path_factory, modules)


@pytest.fixture(scope="session")
def python_v3(variables: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Interpreter]:
    modules = ("sagemaker.core.processing", "sagemaker.core.resources", "sagemaker.train")
    yield from _interpreter("v3", variables, tmp_path_factory, modules)


@pytest.fixture
def v2(python_v2: Interpreter, tmp_path: Path) -> User:
    """A user of sagemaker 2."""
    return User(python_v2, tmp_path)


@pytest.fixture
def v3(python_v3: Interpreter, tmp_path: Path) -> User:
    """A user of sagemaker 3."""
    return User(python_v3, tmp_path)
