"""Documents: pages, filters, tokens, and many writers at once."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from typing import Any

import pytest

from clary.store import AlreadyExists, NotFound, Store
from clary.store.documents import BadToken


def test_a_document_comes_back_as_it_was_written(store: Store) -> None:
    store.documents.create("model", "m", {"a": [1, {"b": "ü"}]}, arn="arn:m", status="")
    document = store.documents.get("model", "m")
    assert document.body == {"a": [1, {"b": "ü"}]}
    assert document.created == document.modified


def test_a_name_is_taken_once_per_kind_and_once_per_arn(store: Store) -> None:
    store.documents.create("model", "m", {}, arn="arn:model/m")
    store.documents.create("endpoint", "m", {}, arn="arn:endpoint/m")
    with pytest.raises(AlreadyExists):
        store.documents.create("model", "m", {}, arn="arn:other")
    with pytest.raises(AlreadyExists):
        store.documents.create("model", "M", {}, arn="arn:model/m")


def test_what_is_not_there_is_not_found(store: Store) -> None:
    for call in (store.documents.get, store.documents.delete, store.documents.update):
        with pytest.raises(NotFound):
            call("model", "nothing")


def pages(store: Store, size: int, **filters: Any) -> list[str]:
    names, token = [], None
    while True:
        page = store.documents.page("job", limit=size, token=token, **filters)
        assert len(page.items) <= size
        names += [document.name for document in page.items]
        token = page.next_token
        if token is None:
            return names


@pytest.mark.parametrize("sort_by", ["name", "created", "modified", "status"])
@pytest.mark.parametrize("descending", [True, False])
def test_pages_hold_every_document_once_in_order(store: Store, sort_by: str, descending: bool) -> None:
    for number in range(23):
        store.documents.create("job", f"job-{number * 7 % 23:02}", {}, status=["A", "B"][number % 2])
    store.documents.update("job", "job-05", body={"x": 1})
    names = pages(store, 5, sort_by=sort_by, descending=descending)
    assert sorted(names) == [f"job-{number:02}" for number in range(23)]
    keys = [getattr(store.documents.get("job", name), sort_by) for name in names]
    assert keys == sorted(keys, reverse=descending)


def test_filters_narrow_what_is_listed(store: Store) -> None:
    for name in ("apple", "Apricot", "banana"):
        store.documents.create("job", name, {}, status="Completed" if name == "banana" else "Failed")
    assert pages(store, 2, name_contains="ap", sort_by="name", descending=False) == ["Apricot", "apple"]
    assert pages(store, 2, status="Completed") == ["banana"]
    middle = store.documents.get("job", "Apricot").created
    assert pages(store, 2, created_after=middle) == ["banana"]
    assert pages(store, 2, created_before=middle) == ["apple"]
    assert pages(store, 2, name_contains="%") == []


def test_a_document_added_while_paging_shifts_nothing(store: Store) -> None:
    for number in range(6):
        store.documents.create("job", f"job-{number}", {})
    first = store.documents.page("job", limit=3)
    store.documents.create("job", "late", {})
    store.documents.delete("job", "job-4")
    second = store.documents.page("job", limit=3, token=first.next_token)
    assert [document.name for document in second.items] == ["job-2", "job-1", "job-0"]


@pytest.mark.parametrize("token", ["", "x", "bm90anNvbg==", "WzEsMl0=", "W10=", "ü"])
def test_a_token_that_was_not_given_out_is_refused(store: Store, token: str) -> None:
    with pytest.raises(BadToken):
        store.documents.page("job", limit=3, token=token)


@pytest.mark.parametrize("key", [10**30, "\ud800", float("nan"), float("inf"), None, [1]])
def test_a_token_with_a_forged_key_is_refused(store: Store, key: Any) -> None:
    for number in range(6):
        store.documents.create("job", f"job-{number}", {})
    token = store.documents.page("job", limit=3).next_token
    assert token is not None
    fingerprint, _, name = json.loads(base64.urlsafe_b64decode(token))
    forged = base64.urlsafe_b64encode(json.dumps([fingerprint, key, name]).encode()).decode()
    with pytest.raises(BadToken):
        store.documents.page("job", limit=3, token=forged)


def test_a_token_of_other_filters_is_refused(store: Store) -> None:
    for number in range(6):
        store.documents.create("job", f"job-{number}", {})
    token = store.documents.page("job", limit=3).next_token
    with pytest.raises(BadToken):
        store.documents.page("job", limit=3, token=token, name_contains="job")


def test_a_block_that_raises_leaves_nothing(store: Store) -> None:
    with pytest.raises(RuntimeError, match="after"), store.transaction():
        store.documents.create("job", "a", {})
        with store.transaction():
            store.documents.create("job", "b", {})
        raise RuntimeError("after")
    assert pages(store, 5) == []
    store.documents.create("job", "a", {})
    assert pages(store, 5) == ["a"]


def test_processes_that_write_at_once_lose_nothing(store: Store) -> None:
    code = (
        "import sys; from clary.home import Home; from clary.store import Store\n"
        "store = Store(Home.locate())\n"
        "for number in range(100):\n"
        "    with store.transaction():\n"
        "        body = store.documents.get('counter', 'c').body\n"
        "        store.documents.update('counter', 'c', body={'n': body['n'] + 1})\n"
    )
    store.documents.create("counter", "c", {"n": 0})
    writers = [subprocess.Popen([sys.executable, "-c", code]) for _ in range(4)]
    assert [writer.wait(60) for writer in writers] == [0] * 4
    assert store.documents.get("counter", "c").body == {"n": 400}
