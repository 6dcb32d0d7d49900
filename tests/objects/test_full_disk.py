"""A disk that is full: a tmpfs of 8 MB in a mount namespace that only the tested process sees."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = """
import json, sys
from pathlib import Path
from clary.home import Home
from clary.objects import Objects, Properties
from clary.objects.errors import NoSpace

home = Home.locate(sys.argv[1])
objects = Objects(home)
objects.create_bucket("box")
objects.put("box", "kept", b"k" * 2_000_000, Properties(metadata={"a": "b"}))
said = {}

def attempt(name, act):
    try:
        act()
        said[name] = "stored"
    except NoSpace as error:
        said[name] = str(error)

large = b"x" * 9_000_000
attempt("put", lambda: objects.put("box", "large", large))
attempt("overwrite", lambda: objects.put("box", "kept", large))
upload = objects.uploads.begin("box", "parts", Properties())
attempt("part", lambda: objects.uploads.put_part("box", "parts", upload.id, 1, large))
part = objects.uploads.put_part("box", "parts", upload.id, 1, b"p" * 3_600_000)
attempt("complete", lambda: objects.uploads.complete("box", "parts", upload.id, [(1, part.etag)]))
said["parts after complete"] = [one.number for one in objects.uploads.parts("box", "parts", upload.id)]
attempt("copy", lambda: [objects.copy("box", "kept", "box", f"copy-{number}") for number in range(4)])
for number in range(4):
    objects.delete("box", f"copy-{number}")
said["keys"] = [(one.key, one.size, one.properties.metadata) for one in objects.list("box").objects]
said["temporary"] = len(list((home.s3 / ".clary" / "tmp").iterdir()))
said["whole"] = objects.read("box", "kept") == b"k" * 2_000_000

# The last bytes of the disk: the object would fit no more, nor its record.
filler = Path(sys.argv[1]) / "filler"
with open(filler, "wb", buffering=0) as file:
    try:
        while file.write(b"f" * 4096):
            pass
    except OSError:
        pass
attempt("small", lambda: objects.put("box", "small", b"s"))
attempt("bucket", lambda: objects.create_bucket("another-box"))
attempt("begin", lambda: objects.uploads.begin("box", "k", Properties()))
said["keys when full"] = [one.key for one in objects.list("box").objects]
said["deleted"] = objects.delete("box", "kept")
filler.unlink()
attempt("afterwards", lambda: objects.put("box", "small", b"s"))
print(json.dumps(said))
"""


def in_small_home(tmp_path: Path, script: str, megabytes: int = 8) -> dict[str, object]:
    """Run `script` with a home on a small tmpfs; what it prints (JSON)."""
    mount = tmp_path / "small"
    mount.mkdir()
    command = f'mount -t tmpfs -o size={megabytes}m tmpfs "$1" && exec "$2" -c "$3" "$1/home"'
    unshare = ["unshare", "-m"] if os.geteuid() == 0 else ["unshare", "-Urm"]
    probe = subprocess.run([*unshare, "true"], capture_output=True)
    if probe.returncode:
        pytest.skip("this machine allows no mount namespaces")
    done = subprocess.run(
        [*unshare, "sh", "-c", command, "sh", str(mount), sys.executable, script],
        capture_output=True,
        text=True,
        env={**os.environ, "CLARY_DOOR": "off"},
        timeout=100,
    )
    assert done.returncode == 0, done.stderr
    result: dict[str, object] = json.loads(done.stdout)
    return result


def test_a_full_disk_refuses_writes_clearly_and_keeps_everything_else(tmp_path: Path) -> None:
    said = in_small_home(tmp_path, SCRIPT)
    for name in ("put", "overwrite", "part", "complete", "copy", "small", "bucket", "begin"):
        assert "no space left" in str(said[name]), (name, said[name])
    assert said["parts after complete"] == [1]
    assert said["keys"] == [["kept", 2_000_000, {"a": "b"}]]
    assert said["keys when full"] == ["kept"]
    assert said["temporary"] == 0
    assert said["whole"] is True
    assert said["deleted"] is True
    assert said["afterwards"] == "stored"
