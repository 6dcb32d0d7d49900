"""Archives: what climbs out is refused, what is packed comes out again."""

from __future__ import annotations

import io
import os
import stat
import subprocess
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from clary.toolkits.training import packing
from clary.toolkits.training.archive import ArchiveError, extract
from clary.toolkits.training.packing import PackedStream, pack


def tar_with(*members: tuple[tarfile.TarInfo, bytes], mode: str = "w:gz") -> io.BytesIO:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=mode) as tar:  # type: ignore[call-overload]
        for info, data in members:
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    out.seek(0)
    return out


def member(name: str, data: bytes = b"x", **fields: object) -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    info.mode = 0o644
    for field, value in fields.items():
        setattr(info, field, value)
    return info, data if info.isreg() else b""


HOSTILE: dict[str, tuple[list[tuple[tarfile.TarInfo, bytes]], str]] = {
    "parent": ([member("../evil")], "climbs out"),
    "deep parent": ([member("a/../../evil")], "climbs out"),
    "absolute": ([member("/tmp/evil")], "absolute"),
    "symbolic link out": ([member("l", type=tarfile.SYMTYPE, linkname="../../etc")], "links out"),
    "absolute symbolic link": ([member("l", type=tarfile.SYMTYPE, linkname="/etc/passwd")], "absolute path"),
    "hard link out": ([member("h", type=tarfile.LNKTYPE, linkname="../secret")], "hard link"),
    "absolute hard link": ([member("h", type=tarfile.LNKTYPE, linkname="/etc/passwd")], "hard link"),
    "hard link to nothing": ([member("h", type=tarfile.LNKTYPE, linkname="missing")], "not in the archive"),
    "device": ([member("null", type=tarfile.CHRTYPE, devmajor=1, devminor=3)], "a device"),
    "block device": ([member("sda", type=tarfile.BLKTYPE, devmajor=8, devminor=0)], "a device"),
    "fifo": ([member("pipe", type=tarfile.FIFOTYPE)], "a FIFO"),
    "set-user-id": ([member("su", mode=0o4755)], "set-user-id"),
    "set-group-id": ([member("sg", mode=0o2755)], "set-group-id"),
    "two links that lead out together": (
        [
            member("d", type=tarfile.DIRTYPE, mode=0o755),
            member("l", type=tarfile.SYMTYPE, linkname="d/.."),
            member("m", type=tarfile.SYMTYPE, linkname="l/../secret"),
        ],
        "",
    ),
    "a link bent by a later link": (
        [
            member("here", type=tarfile.SYMTYPE, linkname="."),
            member("up", type=tarfile.SYMTYPE, linkname="here/.."),
            member("up/evil"),
        ],
        "",
    ),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_a_member_that_climbs_out_is_refused_with_its_name_and_nothing_is_left(
    tmp_path: Path, case: str
) -> None:
    (tmp_path / "secret").write_text("secret")
    folder = tmp_path / "in" / "to"
    members, words = HOSTILE[case]
    with pytest.raises(ArchiveError) as caught:
        extract(tar_with(member("first/good.txt"), *members), folder, name="sourcedir.tar.gz")
    assert words in str(caught.value)
    assert str(caught.value).startswith("sourcedir.tar.gz was not extracted")
    assert list(folder.rglob("*")) == []
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["in", "secret", "to"]


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz"])
def test_an_ordinary_archive_is_extracted_whatever_compressed_it(tmp_path: Path, mode: str) -> None:
    info = member("pkg/run.sh", b"#!/bin/sh\n", mode=0o755, mtime=1_700_000_000)
    links = [
        member("link", type=tarfile.SYMTYPE, linkname="pkg/run.sh"),
        member("hard", type=tarfile.LNKTYPE, linkname="pkg/run.sh"),
        member("./dot/ted.txt", b"dots"),
    ]
    extract(tar_with(info, *links, mode=mode), tmp_path)
    assert (tmp_path / "link").read_bytes() == b"#!/bin/sh\n" == (tmp_path / "hard").read_bytes()
    assert (tmp_path / "dot/ted.txt").read_bytes() == b"dots"
    status = (tmp_path / "pkg/run.sh").stat()
    assert (stat.S_IMODE(status.st_mode), status.st_mtime) == (0o755, 1_700_000_000)


def test_a_later_member_replaces_an_earlier_one_of_the_same_name(tmp_path: Path) -> None:
    extract(tar_with(member("a", b"old"), member("a", b"new")), tmp_path)
    assert (tmp_path / "a").read_bytes() == b"new"


def test_a_set_group_id_folder_is_taken_without_the_bit(tmp_path: Path) -> None:
    extract(tar_with(member("d", type=tarfile.DIRTYPE, mode=0o2775)), tmp_path)
    assert stat.S_IMODE((tmp_path / "d").stat().st_mode) == 0o775


@pytest.mark.parametrize("data", [b"", b"not a tar at all", b"\x1f\x8b\x08\x00garbage"])
def test_what_is_no_archive_is_said_to_be_none(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(ArchiveError, match="readable tar archive"):
        extract(io.BytesIO(data), tmp_path, name="code.tar.gz")


def test_a_truncated_archive_leaves_nothing_behind(tmp_path: Path) -> None:
    whole = tar_with(member("a", os.urandom(50_000)), member("b", os.urandom(50_000))).getvalue()
    with pytest.raises(ArchiveError, match="readable tar archive"):
        extract(io.BytesIO(whole[:70_000]), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_bomb_is_refused_before_the_disk_is_full(tmp_path: Path, small_disk: Callable[[str], Path]) -> None:
    disk = small_disk("16m")
    bomb = tar_with(member("a.bin", bytes(1 << 20)), member("zeros.bin", bytes(40 << 20)))
    assert len(bomb.getvalue()) < 100_000
    archive_file = tmp_path / "bomb.tar.gz"
    archive_file.write_bytes(bomb.getvalue())
    with pytest.raises(ArchiveError, match=r"need more than the 0\.0 GiB that are free") as caught:
        extract(archive_file, disk / "to")
    assert "bomb.tar.gz" in str(caught.value)
    assert list((disk / "to").iterdir()) == []


def test_a_folder_comes_out_of_its_archive_as_it_went_in(tmp_path: Path) -> None:
    source = tmp_path / "ml" / "model"
    (source / "empty").mkdir(parents=True)
    (source / "deep/er").mkdir(parents=True)
    (source / "model.pth").write_bytes(os.urandom(300_000))
    (source / "deep/er/ümlaut.txt").write_text("ü")
    (source / "run").write_text("#!")
    (source / "run").chmod(0o755)
    (source / "latest").symlink_to("model.pth")
    os.link(source / "run", source / "twin")
    with PackedStream(source) as stream:
        extract(io.BufferedReader(stream), tmp_path / "out")
    out = tmp_path / "out"
    assert (
        (out / "model.pth").read_bytes()
        == (source / "model.pth").read_bytes()
        == (out / "latest").read_bytes()
    )
    assert (out / "deep/er/ümlaut.txt").read_text() == "ü"
    assert (out / "empty").is_dir()
    assert os.access(out / "run", os.X_OK)
    assert (out / "twin").read_text() == "#!"


def test_what_would_not_extract_again_is_not_packed(tmp_path: Path) -> None:
    base = tmp_path / "ml"
    source = base / "model"
    source.mkdir(parents=True)
    (base / "output").mkdir()
    (base / "output" / "inside.txt").write_text("inside")
    (source / "a").write_text("a")
    (source / "out").symlink_to("/etc/hostname")
    (source / "ours").symlink_to("/opt/ml/output/inside.txt")
    (source / "gone").symlink_to("nowhere")
    os.mkfifo(source / "fifo")
    skipped: list[str] = []
    out = io.BytesIO()
    pack(source, out, skipped.append)
    out.seek(0)
    extract(out, tmp_path / "again")
    assert {path.name for path in (tmp_path / "again").iterdir()} == {"a", "ours"}
    assert (tmp_path / "again/ours").read_text() == "inside"
    assert len(skipped) == 2
    assert "/etc/hostname" in " ".join(skipped)


def test_an_error_while_packing_reaches_the_reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a").write_bytes(os.urandom(3 << 20))

    def broken(folder: Path, out: io.BufferedWriter, on_skipped: object) -> None:
        out.write(b"x" * 1000)
        raise OSError("the disk went away")

    monkeypatch.setattr(packing, "pack", broken)
    with PackedStream(tmp_path) as stream, pytest.raises(OSError, match="went away"):
        io.BufferedReader(stream).read()


def test_gnu_tar_reads_what_we_pack(tmp_path: Path) -> None:
    source = tmp_path / "model"
    source.mkdir()
    (source / ("n" * 120)).write_text("long name")
    out = tmp_path / "model.tar.gz"
    with open(out, "wb") as file:
        pack(source, file)
    listed = subprocess.run(["tar", "tzf", str(out)], check=True, capture_output=True, text=True).stdout
    assert listed.split() == ["n" * 120]
