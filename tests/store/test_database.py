"""The file itself: versions, homes that cannot be used, tags, transitions and announcements."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from clary.config import Config, ConfigError
from clary.home import Home, HomeError, atomic_write
from clary.store import Store, StoreError
from clary.store.schema import MIGRATIONS
from clary.store.watch import Watcher, announce


def test_an_older_file_is_migrated_and_a_newer_one_refused(home: Home) -> None:
    Store(home).close()
    db = sqlite3.connect(home.database)
    assert db.execute("PRAGMA user_version").fetchone() == (len(MIGRATIONS),)
    assert db.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    db.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    db.close()
    with pytest.raises(StoreError, match="newer Clary"):
        Store(home)


def test_many_processes_make_the_file_at_once(home: Home) -> None:
    code = "from clary.home import Home; from clary.store import Store; Store(Home.locate()).tags.add('a', {'k': 'v'})"
    makers = [subprocess.Popen([sys.executable, "-c", code]) for _ in range(6)]
    assert [maker.wait(60) for maker in makers] == [0] * 6
    assert Store(home).tags.list("a") == {"k": "v"}


def test_a_home_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(HomeError, match="CLARY_HOME"):
        Home.locate(tmp_path / "file")


def test_a_home_on_a_network_file_system_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("clary.home.file_system_of", lambda path: "nfs4")  # no NFS server here
    with pytest.raises(HomeError, match="network file system"):
        Home.locate(tmp_path / "nfs")


def test_a_deep_home_still_has_a_short_run_folder(tmp_path: Path) -> None:
    home = Home.locate(tmp_path / ("deep" * 20))
    assert len(str(home.run)) <= 60
    assert home.run.stat().st_mode & 0o777 == 0o700
    home.run.rmdir()


def test_a_write_that_fails_leaves_the_old_file_and_no_rubbish(tmp_path: Path) -> None:
    target = tmp_path / "state.json"
    atomic_write(target, b"old")
    with pytest.raises(TypeError):
        atomic_write(target, "not bytes")  # type: ignore[arg-type]
    assert target.read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["state.json"]


def test_settings_come_from_the_file_and_variables_win(home: Home) -> None:
    home.config_file.write_text('account_id = "123456789012"\ncpus = 3\n')
    config = Config.load(home, {"CLARY_CPUS": "1.5", "AWS_DEFAULT_REGION": "eu-central-1"})
    assert (config.account_id, config.cpus, config.region) == ("123456789012", 1.5, "eu-central-1")


@pytest.mark.parametrize(
    "text",
    ['cpus = "many"', 'account_id = "12"', "unknown = 1", "isolation = 'docker'", "not toml", "cpus = 0"],
)
def test_a_setting_that_cannot_be_used_is_named(home: Home, text: str) -> None:
    home.config_file.write_text(text)
    with pytest.raises(ConfigError, match=r"config|CLARY_"):
        Config.load(home, {})


def test_tags_are_set_replaced_and_removed(store: Store) -> None:
    store.tags.add("arn", {"a": "1", "b": "2"})
    store.tags.add("arn", {"a": "3"})
    store.tags.remove("arn", ["b", "never"])
    assert store.tags.list("arn") == {"a": "3"}


def test_a_new_phase_ends_the_one_before(store: Store) -> None:
    store.documents.create("training-job", "j", {}, status="InProgress")
    job = store.jobs.create("training-job", "j", {}, cpus=1, memory_mb=1, gpus=0)
    store.jobs.set_status(job.id, secondary="Starting", message="Preparing", at=10)
    store.jobs.set_status(job.id, secondary="Training", message="Running", at=20)
    store.jobs.set_status(job.id, secondary="Training", message="Running cell 2", at=25)
    store.jobs.set_status(job.id, status="Completed", secondary="Completed", at=30)
    assert [(item.status, item.message, item.start, item.end) for item in store.jobs.transitions(job.id)] == [
        ("Starting", "Preparing", 10, 20),
        ("Training", "Running cell 2", 20, 30),
        ("Completed", "", 30, 30),
    ]
    assert store.documents.get("training-job", "j").status == "Completed"


def drain(watcher: Watcher) -> list[dict[str, Any]]:
    events: list[dict[str, Any]] = []
    while got := watcher.read(0.2):
        events += got
    return events


def test_watchers_hear_of_commits_and_only_of_commits(store: Store, home: Home) -> None:
    with Watcher(home) as watcher:
        with pytest.raises(RuntimeError), store.transaction():
            store.documents.create("model", "never", {})
            raise RuntimeError
        store.documents.create("model", "m", {})
        assert drain(watcher) == [{"kind": "model", "name": "m", "change": "created"}]


def test_a_watcher_that_died_is_forgotten(home: Home) -> None:
    code = "import os; from clary.home import Home; from clary.store.watch import Watcher; Watcher(Home.locate()); os._exit(0)"
    subprocess.run([sys.executable, "-c", code], check=True)
    assert len(list(home.run.glob("watch-*"))) == 1
    assert announce(home, {"kind": "x"}) == 0
    assert list(home.run.glob("watch-*")) == []
