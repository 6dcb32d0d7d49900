"""Labeling jobs without the API: a home, a job of so many objects, and the sessions of people."""

from __future__ import annotations

import importlib.util
import itertools
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from clary.home import Home
from clary.labeling.session import Session
from clary.labeling.settings import JobSettings, Label
from clary.labeling.work import NewObject, Work

_nonces = itertools.count()
sys.modules["conftest_of_work"] = sys.modules[__name__]


def _settings(name: str = "pets", **members: Any) -> JobSettings:
    values: dict[str, Any] = {
        "name": name,
        "arn": f"arn:aws:sagemaker:us-east-1:000000000000:labeling-job/{name}",
        "task": "text-classification",
        "attribute": "pet",
        "input_uri": "file:///nowhere",
        "output_uri": "file:///nowhere",
        "labels": (Label("cat"), Label("dog")),
    }
    return JobSettings(**{**values, **members})


def make(home: Home, count: int = 5, *, name: str = "pets", **members: Any) -> Work:
    """A job in progress, its objects texts."""
    work = Work.create(home, _settings(name, **members))
    work.add(NewObject(json.dumps({"source": f"text {number}"})) for number in range(count))
    work.start()
    return work


class Person:
    """What a canvas does for one person."""

    def __init__(self, home: Home, name: str, job: str = "pets", owner: bool = False) -> None:
        self.name = name
        self.session = Session(home, None, None, job, name, owner)

    def call(self, method: str, **params: Any) -> Any:
        return self.session.call(method, params)

    def next(self, n: int = 1, **params: Any) -> list[int]:
        return [one["id"] for one in self.call("next", n=n, **params)["items"]]

    def act(self, action: str, thing: int = 0, **params: Any) -> Any:
        params.setdefault("nonce", f"n{next(_nonces)}")
        return self.call("act", action=action, object=thing, **params)

    def answer(self, thing: int, label: str = "cat", **params: Any) -> Any:
        return self.act("answer", thing, answer={"label": label}, seconds=2.0, **params)

    def label_all(self, label: str = "cat") -> list[int]:
        done = []
        while things := self.next():
            self.answer(things[0], label)
            done += things
        return done


@pytest.fixture
def job(home: Home) -> Callable[..., Work]:
    return lambda count=5, **members: make(home, count, **members)


@pytest.fixture
def person(home: Home) -> Callable[..., Person]:
    return lambda name="anna", **options: Person(home, name, **options)


@pytest.fixture
def desk(home: Home, tmp_path: Path) -> Any:
    spec = importlib.util.spec_from_file_location("desk_of_work", Path(__file__).with_name("desk.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.Desk(home, tmp_path, _settings)


@pytest.fixture
def make_settings() -> Callable[..., JobSettings]:
    return _settings
