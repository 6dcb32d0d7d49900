"""A private ``/opt/ml`` for each job: user and mount namespaces where Linux lets us, path rewriting elsewhere.

No daemon, no root, no setuid helper. Mounts live in the job's own namespace and end with its last process.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import functools
import os
import re
import signal
import stat
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

OPT_ML = Path("/opt/ml")

_CLONE_NEWNS, _CLONE_NEWUTS, _CLONE_NEWUSER = 0x00020000, 0x04000000, 0x10000000
_MS_RDONLY, _MS_REMOUNT, _MS_BIND, _MS_REC, _MS_SLAVE = 0x1, 0x20, 0x1000, 0x4000, 0x80000
_MNT_DETACH = 2
_PR_SET_PDEATHSIG, _PR_GET_PDEATHSIG = 1, 2
# "/opt/ml" as a whole path: not "/opt/mlflow", not "/my/opt/ml".
_MENTION = re.compile(r"(?<![\w./-])/opt/ml(?![\w-])")


class IsolationError(Exception):
    """Namespaces were demanded and are not to be had; the text says why."""


@dataclass(frozen=True)
class Isolation:
    """How this process sees its files. ``base`` stands for ``/opt/ml``: that very path, or the folder used instead."""

    kind: str
    base: Path
    reason: str = ""
    private_network: bool = False

    def rewrite(self, text: str) -> str:
        """``text`` with every mention of ``/opt/ml`` naming the job's own folder; unchanged in a namespace."""
        return text if self.kind == "namespaces" else _MENTION.sub(lambda _: str(self.base), text)

    def name_hosts(self, addresses: Mapping[str, str], scratch: Path) -> bool:
        """Let these names have these addresses in this process and its children; False where that is not possible.
        ``scratch`` is a folder for the changed /etc/hosts."""
        if self.kind != "namespaces":
            return False
        hosts = Path("/etc/hosts")
        try:
            text = hosts.read_text(encoding="utf-8", errors="surrogateescape")
            changed = scratch / "hosts"
            lines = "".join(f"\n{address} {name}" for name, address in addresses.items())
            changed.write_text(text.rstrip("\n") + lines + "\n", encoding="utf-8", errors="surrogateescape")
        except OSError:
            return False
        return self.bind(changed, hosts)

    def bind(self, source: Path, target: Path) -> bool:
        """Show ``source`` at the existing ``target`` to this process and its children; False where mounts are not possible."""
        if self.kind != "namespaces":
            return False
        try:
            _mount(str(source), target, None, _MS_BIND)
        except OSError:
            return False
        return True

    def own_folder(self, target: Path, scratch: Path) -> bool:
        """What is created in the existing folder ``target`` (/tmp, say) from now on is this process's and its children's alone;
        what is there stays to be seen. ``scratch`` is a folder that does not exist yet, for what will be created."""
        if self.kind != "namespaces":
            return False
        try:
            _cover(target, scratch.with_name(f".{scratch.name}.old"), scratch)
        except OSError:
            return False
        return True

    def bind_read_only(self, source: Path, target: Path) -> bool:
        """Show ``source`` (a file or folder) at ``target``, read-only; False where mounts are not possible."""
        if self.kind != "namespaces":
            return False
        try:
            _mount(str(source), target, None, _MS_BIND | _MS_REC)
        except OSError:
            return False
        try:
            # What the underlying mount forbids already (nosuid, nodev, ...) must be said again, or the kernel refuses.
            kept = os.statvfs(target).f_flag & (
                os.ST_NOSUID | os.ST_NODEV | os.ST_NOEXEC | os.ST_NOATIME | os.ST_NODIRATIME
            )
            _mount(None, target, None, _MS_REMOUNT | _MS_BIND | _MS_RDONLY | kept | _relatime(target))
        except OSError:
            _unmount(target)
            return False
        return True


@dataclass(frozen=True)
class Place:
    """Where a process of a job lives: ``folder/ml`` becomes its ``/opt/ml``.

    host: its host name, where it is one of several; addresses: of all hosts by name. network: the file by which the job's
    hosts find the network that they share, and nobody else; None: the machine's. leads: the host that makes that network.
    """

    folder: Path
    host: str = ""
    addresses: Mapping[str, str] = field(default_factory=dict)
    network: Path | None = None
    leads: bool = True


def enter(attempt_dir: Path, mode: str | None = None, place: Place | None = None) -> Isolation:
    """Give this process (single-threaded) its own ``/opt/ml``: ``attempt_dir/ml``, or what ``place`` says.

    ``mode``: ``namespaces`` (or an IsolationError), ``paths`` (never mounts), ``auto``; by default what is configured.
    The user id stays what it is. Raises IsolationError, too, when a private network or host names cannot be had.
    """
    global _current
    if mode is None:
        mode = _configured(attempt_dir)
    place = place or Place(attempt_dir)
    folder = place.folder / "ml"
    folder.mkdir(parents=True, exist_ok=True)
    if mode == "paths" and (place.network or place.host):
        raise IsolationError(
            "The job needs a network or host names of its own, and isolation = 'paths' has neither. Set isolation = 'auto' in"
            " Clary's config.toml."
        )
    if mode == "paths":
        _current = Isolation("paths", folder, "set in Clary's configuration")
        return _current
    try:
        if place.network is not None:
            from clary.runner import network

            network.enter(place.network, leads=place.leads)
        _enter_namespaces(folder, within=place.network is not None, host=place.host)
    except OSError as error:
        reason = explain(error)
        if place.network is not None or place.host:
            raise IsolationError(
                f"This machine gives jobs no network or host names of their own: {reason}."
            ) from error
        if mode == "namespaces":
            raise IsolationError(
                f"This machine gives no private /opt/ml: {reason}. Set isolation = 'auto' or 'paths' in Clary's config.toml."
            ) from error
        _current = Isolation("paths", folder, reason)
    else:
        _current = Isolation("namespaces", OPT_ML, private_network=place.network is not None)
    return _current


def _configured(attempt_dir: Path) -> str:
    from clary.config import Config
    from clary.home import Home

    return Config.load(Home(attempt_dir.absolute().parents[2])).isolation


def current() -> Isolation | None:
    """What `enter` gave this process, or the one it was forked from; None before."""
    return _current


_current: Isolation | None = None


def tier(mode: str = "auto") -> tuple[str, str]:
    """('namespaces' or 'paths', why) for jobs on this machine; tried out once in a child process."""
    if mode == "paths":
        return "paths", "set in Clary's configuration"
    return _probe()


@functools.cache
def _probe() -> tuple[str, str]:
    if not sys.platform.startswith("linux"):
        return "paths", f"{sys.platform} has no mount namespaces"
    import subprocess
    import tempfile

    with tempfile.TemporaryDirectory(prefix="clary-probe-") as folder:
        done = subprocess.run(
            [sys.executable, "-I", "-S", __file__, folder],
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
    text = done.stdout.strip()
    if text == "namespaces":
        return "namespaces", "user and mount namespaces" if os.geteuid() else "mount namespaces, as root"
    return "paths", text or done.stderr.strip()[-200:] or f"the probe ended with {done.returncode}"


def explain(error: OSError) -> str:
    """Why namespaces could not be had, in words for a person."""
    what = error.strerror or str(error)
    hints = {
        errno.EPERM: "not permitted here (user namespaces are switched off, or this is a locked-down container)",
        errno.EACCES: "not permitted here (AppArmor or SELinux restricts user namespaces)",
        errno.ENOSPC: "the limit of user namespaces (user.max_user_namespaces) is reached or zero",
        errno.EINVAL: "not possible from a process with several threads, or not built into this kernel",
        errno.ENOSYS: "this system has no mount namespaces",
    }
    return f"{what}: {hints.get(error.errno or 0, 'the kernel refused')}"


def drop_capabilities() -> None:
    """Give up what entering a user namespace gave; a program that is forked, not executed, would keep it otherwise."""
    if not sys.platform.startswith("linux") or os.geteuid() == 0:
        return
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)  # _LINUX_CAPABILITY_VERSION_3, this process
    _libc().capset(header, (ctypes.c_uint32 * 6)())


@functools.cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def call(name: str, *arguments: object) -> int:
    """A system call; raises OSError."""
    result = int(getattr(_libc(), name)(*arguments))
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), name)
    return result


def _mount(source: str | None, target: Path, kind: str | None, flags: int, data: str | None = None) -> None:
    encoded = [None if text is None else os.fsencode(text) for text in (source, str(target), kind, data)]
    call("mount", encoded[0], encoded[1], encoded[2], ctypes.c_ulong(flags), encoded[3])


def _unmount(target: Path) -> None:
    with contextlib.suppress(OSError):
        call("umount2", os.fsencode(target), _MNT_DETACH)


def _relatime(target: Path) -> int:
    # statvfs reports relatime as 0x1000, mount wants 0x200000; the other flags have the same value in both.
    return 0x200000 if os.statvfs(target).f_flag & 0x1000 else 0


def _enter_namespaces(folder: Path, within: bool = False, host: str = "") -> None:
    """``within``: this process has entered a user namespace for its network already, and may do as it likes there."""
    if not sys.platform.startswith("linux"):
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
    if not OPT_ML.is_dir() and not OPT_ML.parent.is_dir():
        raise OSError(errno.ENOENT, "there is no folder /opt to mount into")
    death_signal = ctypes.c_int(0)
    call("prctl", _PR_GET_PDEATHSIG, ctypes.byref(death_signal), 0, 0, 0)
    _unshare(within)
    try:
        if host:
            call("unshare", _CLONE_NEWUTS)
            call("sethostname", os.fsencode(host), len(os.fsencode(host)))
        # Nothing we mount may reach the outside; what is unmounted outside should still vanish here.
        _mount("none", Path("/"), None, _MS_REC | _MS_SLAVE)
        if not OPT_ML.is_dir():
            _make_mount_point(folder.parent)
        _mount(str(folder), OPT_ML, None, _MS_BIND | _MS_REC)
    finally:
        # Changing credentials clears it, and a job must not outlive its supervisor.
        if death_signal.value:
            call("prctl", _PR_SET_PDEATHSIG, death_signal.value, 0, 0, 0)


def _unshare(within: bool) -> None:
    if os.geteuid() == 0 or within:
        with contextlib.suppress(PermissionError):
            call("unshare", _CLONE_NEWNS)
            return
    unshare_user(_CLONE_NEWNS)


def unshare_user(flags: int) -> None:
    """Enter a new user namespace, and others with it, in which this process keeps its ids. Raises OSError."""
    user, group = os.geteuid(), os.getegid()
    call("unshare", flags | _CLONE_NEWUSER)
    # A process may map its own ids to themselves, if it gives up setgroups first (CVE-2014-8989).
    with contextlib.suppress(FileNotFoundError):
        Path("/proc/self/setgroups").write_text("deny", encoding="ascii")
    Path("/proc/self/uid_map").write_text(f"{user} {user} 1", encoding="ascii")
    Path("/proc/self/gid_map").write_text(f"{group} {group} 1", encoding="ascii")


def _make_mount_point(scratch: Path) -> None:
    """Make ``/opt/ml`` exist in this namespace only: a small tmpfs over ``/opt`` that shows all of the old one, plus ``ml``."""
    _cover(OPT_ML.parent, scratch / ".opt", None)
    try:
        OPT_ML.mkdir(exist_ok=True)
    except OSError:
        _unmount(OPT_ML.parent)
        raise


def _cover(folder: Path, old: Path, new: Path | None) -> None:
    """Put another folder over ``folder``, in this namespace, in which all that was there is to be seen: ``new``, which is made
    here, or a small tmpfs. ``old`` is a name to use meanwhile."""
    old.mkdir(exist_ok=True)
    mounted = False
    try:
        _mount(str(folder), old, None, _MS_BIND | _MS_REC)
        try:
            if new is None:
                _mount("tmpfs", folder, "tmpfs", 0, "mode=755,size=64m")
                mounted = True
                target = folder
            else:
                new.mkdir()
                new.chmod(stat.S_IMODE(old.stat().st_mode))
                target = new
            for entry in sorted(os.scandir(old), key=lambda one: one.name):
                with contextlib.suppress(FileNotFoundError):  # somebody has removed it just now
                    _show_again(Path(entry.path), target / entry.name)
            if new is not None:
                _mount(str(new), folder, None, _MS_BIND | _MS_REC)
        except OSError:
            if mounted:
                _unmount(folder)
            raise
        finally:
            _unmount(old)
    finally:
        with contextlib.suppress(OSError):
            old.rmdir()


def _show_again(source: Path, target: Path) -> None:
    mode = source.lstat().st_mode
    if stat.S_ISLNK(mode):
        target.symlink_to(os.readlink(source))
        return
    if stat.S_ISDIR(mode):
        target.mkdir()
    else:
        target.touch()
    _mount(str(source), target, None, _MS_BIND | _MS_REC)


if __name__ == "__main__":  # the probe: run by path, without Clary on sys.path
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(20)
    try:
        private = Path(sys.argv[1]) / "ml"
        private.mkdir()
        _enter_namespaces(private)
        (OPT_ML / "probe").write_text("", encoding="ascii")
        print("namespaces" if (private / "probe").exists() else "the mount does not show the job's folder")
    except OSError as problem:
        print(explain(problem))
