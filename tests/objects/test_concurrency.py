from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from clary.home import Home
from clary.objects import Objects, Properties
from clary.objects.errors import BucketNotEmpty, NoSuchBucket, NoSuchKey, PreconditionFailed

WRITER = """
import hashlib, sys
from clary.home import Home
from clary.objects import Objects, Properties
objects = Objects(Home.locate(sys.argv[1]))
for number in range(int(sys.argv[3])):
    data = f"{sys.argv[2]} {number} ".encode() * 5_000
    objects.put("box", "shared/k", data, Properties(metadata={"md5": hashlib.md5(data).hexdigest()}))
print("done", flush=True)
"""


def test_readers_see_whole_objects_while_processes_overwrite_them(objects: Objects, home: Home) -> None:
    objects.put("box", "shared/k", b"", Properties(metadata={"md5": hashlib.md5(b"").hexdigest()}))
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, str(home.root), name, "60"],
            env={**os.environ, "CLARY_DOOR": "off"},
        )
        for name in ("ada", "bob")
    ]
    seen = 0
    try:
        while any(writer.poll() is None for writer in writers):
            with objects.open("box", "shared/k") as opened:
                digest = hashlib.md5(opened.file.read()).hexdigest()
            assert opened.info.etag == digest
            assert opened.info.properties.metadata == {"md5": digest}
            seen += 1
    finally:
        for writer in writers:
            writer.wait(60)
    assert [writer.returncode for writer in writers] == [0, 0]
    assert seen > 10


def test_a_writer_killed_at_any_moment_leaves_a_whole_object(objects: Objects, home: Home) -> None:
    for attempt in range(4):
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(home.root), f"w{attempt}", "100000"],
            env={**os.environ, "CLARY_DOOR": "off"},
        )
        deadline = time.monotonic() + 30
        while not objects.exists("box", "shared/k") and time.monotonic() < deadline:
            time.sleep(0.01)
        time.sleep(0.2 + 0.037 * attempt)
        writer.send_signal(signal.SIGKILL)
        writer.wait(30)
        with objects.open("box", "shared/k") as opened:
            digest = hashlib.md5(opened.file.read()).hexdigest()
        assert opened.info.etag == digest
        assert opened.info.properties.metadata == {"md5": digest}
    assert [one.key for one in objects.list("box").objects] == ["shared/k"]


def test_of_many_conditional_writers_one_wins(objects: Objects) -> None:
    def attempt(number: int) -> bool:
        try:
            objects.put("box", "lock", str(number).encode(), if_absent=True)
        except PreconditionFailed:
            return False
        return True

    with ThreadPoolExecutor(16) as pool:
        assert sum(pool.map(attempt, range(64))) == 1


def test_a_folder_that_comes_and_goes_loses_no_object(objects: Objects) -> None:
    """Deleting the last key of a folder removes the folder, just when another writer puts a key into it."""
    stop = threading.Event()

    def churn() -> None:
        while not stop.is_set():
            objects.put("box", "a/b/c/churn", b"")
            objects.delete("box", "a/b/c/churn")

    with ThreadPoolExecutor(3) as pool:
        futures = [pool.submit(churn) for _ in range(2)]
        try:
            for number in range(150):
                objects.put("box", f"a/b/c/{number}", b"kept")
                assert objects.read("box", f"a/b/c/{number}") == b"kept"
                objects.put("box", "a/b/", b"")
                objects.delete("box", f"a/b/c/{number}")
                assert objects.exists("box", "a/b/")
                objects.delete("box", "a/b/")
        finally:
            stop.set()
        for future in futures:
            future.result(30)


def test_a_bucket_deleted_under_a_writer_is_missing_not_broken(objects: Objects) -> None:
    def write() -> str:
        try:
            for number in range(200):
                objects.put("box", f"d/{number}", b"x")
                objects.delete("box", f"d/{number}")
        except (NoSuchBucket, NoSuchKey):
            return "told"
        return "done"

    with ThreadPoolExecutor(2) as pool:
        future = pool.submit(write)
        for _ in range(200):
            try:
                objects.delete_bucket("box")
                break
            except BucketNotEmpty:
                time.sleep(0.001)
        assert future.result(60) in ("told", "done")


def test_parts_of_one_upload_may_come_at_once(objects: Objects) -> None:
    upload = objects.uploads.begin("box", "k", Properties())
    size = 5 * 2**20

    def send(number: int) -> tuple[int, str]:
        part = objects.uploads.put_part("box", "k", upload.id, number, bytes([number]) * size)
        return number, part.etag

    with ThreadPoolExecutor(6) as pool:
        chosen = list(pool.map(send, range(1, 7)))
    objects.uploads.complete("box", "k", upload.id, chosen)
    with objects.open("box", "k") as opened:
        for number in range(1, 7):
            assert opened.file.read(size) == bytes([number]) * size
