"""A full disk under the home while boto3 uploads, through both doors; see tests/objects/test_full_disk.py."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

SCRIPT = """
import asyncio, io, json, os, sys, threading
os.environ["CLARY_HOME"] = sys.argv[1]
import boto3
from boto3.s3.transfer import TransferConfig
from botocore.exceptions import ClientError
import clary
from clary.api.engine import Engine
from clary.api.serve import Server

engine = Engine.shared()
ready, found = threading.Event(), {}

async def run():
    found["url"] = Server(engine).listen("127.0.0.1", 0)
    ready.set()
    await asyncio.Event().wait()

threading.Thread(target=lambda: asyncio.run(run()), daemon=True).start()
ready.wait()
key = engine.credentials
keys = {"aws_access_key_id": key.access_key, "aws_secret_access_key": key.secret_key}
doors = {
    "in process": boto3.session.Session().client("s3"),
    "http": boto3.session.Session(region_name="us-east-1", **keys).client("s3", endpoint_url=found["url"]),
}
said = {}
for door, client in doors.items():
    client.create_bucket(Bucket="box")
    client.put_object(Bucket="box", Key="kept", Body=b"k")
    calls = []
    client.meta.events.register("before-send.s3", lambda request, **_: calls.append(request.url))
    for name, act in (
        ("put", lambda: client.put_object(Bucket="box", Key="large", Body=io.BytesIO(b"x" * 13_000_000))),
        ("upload", lambda: client.upload_fileobj(io.BytesIO(b"x" * 30_000_000), "box", "large")),
    ):
        try:
            act()
            said[f"{door} {name}"] = "stored"
        except Exception as error:
            said[f"{door} {name}"] = str(error)
    said[f"{door} keys"] = [one["Key"] for one in client.list_objects_v2(Bucket="box")["Contents"]]
    said[f"{door} left"] = len(list((engine.home.s3 / ".clary" / "tmp").iterdir()))
    said[f"{door} puts"] = sum("/large?" not in url and url.endswith("/large") for url in calls)
    client.put_object(Bucket="box", Key="kept", Body=b"k" * 1_000_000)
print(json.dumps(said))
"""


def test_uploads_to_a_full_disk_are_refused_and_cleaned_up(tmp_path: Path) -> None:
    mount = tmp_path / "small"
    mount.mkdir()
    unshare = ["unshare", "-m"] if os.geteuid() == 0 else ["unshare", "-Urm"]
    if subprocess.run([*unshare, "true"], capture_output=True).returncode:
        pytest.skip("this machine allows no mount namespaces")
    command = 'mount -t tmpfs -o size=12m tmpfs "$1" && exec "$2" -c "$3" "$1/home"'
    done = subprocess.run(
        [*unshare, "sh", "-c", command, "sh", str(mount), sys.executable, SCRIPT],
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert done.returncode == 0, done.stderr
    said: dict[str, Any] = json.loads(done.stdout)
    for door in ("in process", "http"):
        for name in ("put", "upload"):
            assert "no space" in said[f"{door} {name}"].lower(), said
            assert "InternalError" in said[f"{door} {name}"], said
        assert said[f"{door} keys"] == ["kept"]
        assert said[f"{door} left"] == 0
        assert said[f"{door} puts"] == 1, "a full disk is not tried again"
