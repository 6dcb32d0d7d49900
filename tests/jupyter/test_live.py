"""Changes reach Jupyter's event bus, and nothing is left when the server stops."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from clary.jupyter.extension import EVENTS
from clary.jupyter.live import RESOURCE
from clary.store.watch import announce


@pytest.fixture
def heard(started: Any, jp_serverapp: Any) -> list[dict[str, Any]]:
    """Every event of Clary's that the bus has passed on."""
    events: list[dict[str, Any]] = []

    async def listen(logger: Any, schema_id: str, data: dict[str, Any]) -> None:
        events.append({key: data[key] for key in ("kind", "name", "change")})

    jp_serverapp.event_logger.add_listener(schema_id=RESOURCE, listener=listen)
    return events


@pytest.fixture
def wait(jp_asyncio_loop: Any) -> Callable[[Callable[[], Any]], None]:
    """Runs the event loop until something holds."""

    def run(holds: Callable[[], Any]) -> None:
        async def poll() -> None:
            async with asyncio.timeout(10):
                while not holds():
                    await asyncio.sleep(0.01)

        jp_asyncio_loop.run_until_complete(poll())

    return run


def test_a_new_document_is_told_on_the_bus(started: Any, heard: list[Any], wait: Callable[..., None]) -> None:
    started.engine.store.documents.create("model", "digits", {})
    wait(lambda: {"kind": "model", "name": "digits", "change": "created"} in heard)


def test_what_another_process_announces_is_told(
    started: Any, heard: list[Any], wait: Callable[..., None]
) -> None:
    event = {"kind": "training-job", "name": "digits", "change": "log"}
    assert announce(started.engine.home, event) >= 1
    wait(lambda: event in heard)


def test_a_burst_of_equal_changes_is_told_fewer_times(
    started: Any, heard: list[Any], wait: Callable[..., None]
) -> None:
    # Fewer than Linux queues by default (net.unix.max_dgram_qlen): what is beyond may be lost.
    for _ in range(8):
        announce(started.engine.home, {"kind": "training-job", "name": "digits", "change": "metrics"})
    announce(started.engine.home, {"kind": "training-job", "name": "last", "change": "metrics"})
    wait(lambda: any(event["name"] == "last" for event in heard))
    assert len(heard) == 2


def test_a_change_of_no_known_sort_does_not_end_the_others(
    started: Any, heard: list[Any], wait: Callable[..., None]
) -> None:
    announce(started.engine.home, {"kind": "training-job", "name": "digits", "change": "exploded"})
    announce(started.engine.home, {"nonsense": True})
    announce(started.engine.home, {"kind": "training-job", "name": "digits", "change": "status"})
    wait(lambda: heard)
    assert [event["change"] for event in heard] == ["status"]


def test_stopping_leaves_no_socket_and_no_reader(
    extension: Any, jp_serverapp: Any, jp_asyncio_loop: Any
) -> None:
    run: Path = extension.engine.home.run
    for _ in range(2):

        async def start_and_stop() -> None:
            extension.live.start()
            await extension.live._starting
            assert list(run.glob("watch-*.sock"))
            await extension.live.stop()

        jp_asyncio_loop.run_until_complete(start_and_stop())
        assert not list(run.glob("watch-*.sock"))


def test_stopping_at_once_after_starting_is_clean(extension: Any, jp_asyncio_loop: Any) -> None:
    async def start_and_stop() -> None:
        extension.live.start()
        await extension.live.stop()

    jp_asyncio_loop.run_until_complete(start_and_stop())
    assert not list(extension.engine.home.run.glob("watch-*.sock"))


@pytest.mark.parametrize("path", sorted(EVENTS.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_value_of_an_event_is_described(path: Path) -> None:
    schema = yaml.safe_load(path.read_text())
    for name, member in schema["properties"].items():
        assert member["description"].strip(), name
        described = set(re.findall(r"`([a-z-]+)`", member["description"]))
        assert set(member.get("enum", [])) <= described, name
