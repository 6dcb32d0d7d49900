"""What this machine can do, and what is wrong with it: one check a line, each problem with a hint.

Used by ``clary doctor`` and by the REST document ``/clary/doctor``. Nothing heavy is imported: versions come
from the installed packages' metadata, so the whole examination takes a fraction of a second.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from clary.config import Config, ConfigError
from clary.home import Home, HomeError, file_system_of

State = Literal["ok", "note", "broken"]
_ENGINES = ("torch", "onnxruntime", "onnx", "scikit-learn", "numpy", "boto3", "papermill", "jupyterlab")
_LOW, _FULL = 5 * 2**30, 200 * 2**20


@dataclass(frozen=True)
class Check:
    """One finding. ``note``: works, but not at its best; ``broken``: a part of Clary does not work here."""

    name: str
    state: State
    detail: str
    hint: str = ""
    data: dict[str, Any] = field(default_factory=dict)


def examine(path: str | Path | None = None) -> list[Check]:
    """All checks for the home at ``path`` (default: as everywhere). Never raises: what fails is a finding."""
    checks = [_python(), *_engines()]
    try:
        home = Home.locate(path)
        config = Config.load(home)
    except (HomeError, ConfigError) as error:
        return [
            *checks,
            Check("home", "broken", str(error), "Set CLARY_HOME or mend config.toml, then look again."),
        ]
    parts: list[tuple[str, Callable[[Home, Config], Check | Iterator[Check]]]] = [
        ("home", _home),
        ("disk", _disk),
        ("database", _database),
        ("machine", _machine),
        ("gpu", _gpu),
        ("isolation", _isolation),
        ("hosts", _hosts),
        ("zygote", _zygote),
        ("server", _server),
        ("runtime", _runtime),
        ("kernel", _kernel),
    ]
    for name, part in parts:
        try:
            found = part(home, config)
            checks += [found] if isinstance(found, Check) else list(found)
        except Exception as error:
            checks.append(
                Check(name, "broken", f"{type(error).__name__}: {error}", "Please report this text.")
            )
    return checks


def is_broken(checks: list[Check]) -> bool:
    """Whether anything of Clary does not work on this machine."""
    return any(check.state == "broken" for check in checks)


def document(checks: list[Check]) -> dict[str, Any]:
    """The checks as JSON can carry them: ``{"healthy", "checks": [{name, state, detail, hint, data}]}``."""
    return {"healthy": not is_broken(checks), "checks": [asdict(check) for check in checks]}


def lines(checks: list[Check]) -> Iterator[str]:
    """The checks for a terminal."""
    marks = {"ok": "ok ", "note": "!  ", "broken": "X  "}
    width = max(len(check.name) for check in checks)
    for check in checks:
        yield f"{marks[check.state]} {check.name:<{width}}  {check.detail}"
        if check.hint and check.state != "ok":
            yield f"    {'':<{width}}  -> {check.hint}"


def _python() -> Check:
    detail = f"{platform.python_version()} at {sys.executable}, {platform.system()} {platform.machine()}"
    return Check("python", "ok", detail)


def _engines() -> Iterator[Check]:
    versions: dict[str, str | None] = {}
    for package in _ENGINES:
        try:
            versions[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            versions[package] = None
    missing = [package for package, version in versions.items() if version is None]
    detail = ", ".join(f"{package} {version}" for package, version in versions.items() if version)
    if missing:
        hint = f"Install what is missing into this environment: pip install {' '.join(missing)}"
        yield Check(
            "engines", "broken", f"{detail}; missing: {', '.join(missing)}", hint, {"versions": versions}
        )
    else:
        yield Check("engines", "ok", detail, data={"versions": versions})


def _home(home: Home, config: Config) -> Check:
    system = file_system_of(home.root) or "unknown file system"
    detail = (
        f"{home.root} ({system}); sockets in {home.run}; account {config.account_id}, region {config.region}"
    )
    data = {"path": str(home.root), "file_system": system, "run": str(home.run)}
    if not os.access(home.root, os.W_OK | os.X_OK):
        return Check("home", "broken", detail, f"This user cannot write to {home.root}.", data)
    if home.root.stat().st_mode & 0o077:
        hint = f"Other users of this machine can look into it: chmod 700 {home.root}"
        return Check("home", "note", detail, hint, data)
    return Check("home", "ok", detail, data=data)


def _disk(home: Home, config: Config) -> Check:
    usage = shutil.disk_usage(home.root)
    detail = f"{usage.free / 2**30:.1f} GiB free of {usage.total / 2**30:.1f} GiB"
    data = {"free_bytes": usage.free, "total_bytes": usage.total}
    if usage.free < _FULL:
        return Check("disk", "broken", detail, "Jobs will fail to save their models; make room.", data)
    if usage.free < _LOW:
        return Check("disk", "note", detail, "Large models may not fit; make room.", data)
    return Check("disk", "ok", detail, data=data)


def _database(home: Home, config: Config) -> Check:
    if not home.database.exists():
        return Check("database", "ok", "none yet; made at first use")
    # Read-only, and by SQLite itself: the check must tell about a damaged file, not stumble over it.
    with sqlite3.connect(f"file:{home.database}?mode=ro", uri=True, timeout=5) as database:
        verdict = database.execute("PRAGMA quick_check(1)").fetchone()[0]
    database.close()
    size = f"{home.database.stat().st_size / 2**20:.1f} MiB, SQLite {sqlite3.sqlite_version}"
    if verdict != "ok":
        return Check("database", "broken", f"{size}: {verdict}", f"Restore {home.database} from a backup.")
    return Check("database", "ok", size)


def _machine(home: Home, config: Config) -> Check:
    detail = f"{config.cpus:g} cores and {config.memory_mb / 1024:.1f} GiB of memory for jobs"
    return Check("machine", "ok", detail, data={"cpus": config.cpus, "memory_mb": config.memory_mb})


def _gpu(home: Home, config: Config) -> Check:
    if not config.gpus:
        return Check("gpu", "ok", "none on this machine", data={"gpus": []})
    names = _gpu_names() or [f"device {index}" for index in config.gpus]
    data = {"gpus": names}
    try:
        torch = metadata.version("torch")
    except metadata.PackageNotFoundError:
        torch = ""
    if torch.endswith("+cpu"):
        hint = "The installed torch is built for CPUs only; install a CUDA build to train on the GPU."
        return Check("gpu", "note", ", ".join(names), hint, data)
    return Check("gpu", "ok", ", ".join(names), data=data)


def _gpu_names() -> list[str]:
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return []
    query = [tool, "--query-gpu=name,memory.total", "--format=csv,noheader"]
    answer = subprocess.run(query, capture_output=True, text=True, timeout=10, check=False)
    return [line.strip() for line in answer.stdout.splitlines() if line.strip()]


def _isolation(home: Home, config: Config) -> Check:
    from clary.runner import Runner
    from clary.store import Store

    found = Runner(home, config, Store(home)).describe_isolation()
    detail = f"/opt/ml by {found['opt_ml']} ({found['opt_ml_why']}); {found['limits']}"
    if found["opt_ml"] == "namespaces" or config.isolation == "paths":
        return Check("isolation", "ok", detail, data=found)
    hint = "Scripts that name /opt/ml get a rewritten path; allow user namespaces to give them the real one."
    return Check("isolation", "note", detail, hint, found)


def _hosts(home: Home, config: Config) -> Check:
    """Jobs of several hosts, network isolation, and what MPI needs beside."""
    from clary.runner import Runner
    from clary.store import Store

    found = Runner(home, config, Store(home)).describe_isolation()
    tools = {"mpirun": shutil.which("mpirun"), "sshd": shutil.which("sshd", path="/usr/sbin:/usr/bin")}
    missing = [name for name, path in tools.items() if path is None]
    data = {"several": found["opt_ml"] == "namespaces", "network": found["private_network"], **tools}
    parts = [
        "InstanceCount above 1 is possible" if data["several"] else "one host a job: no mount namespaces",
        "network isolation is possible"
        if data["network"]
        else f"no network isolation: {found['private_network_why']}",
        "MPI is there" if not missing else f"no MPI: {' and '.join(missing)} missing",
    ]
    hint = "For MPI jobs install Open MPI and OpenSSH (Debian: apt-get install openmpi-bin openssh-server)."
    return Check("hosts", "ok", "; ".join(parts), hint if missing else "", data)


def _zygote(home: Home, config: Config) -> Check:
    from clary.runner import processes, zygote

    pids = {torch: zygote.alive(home, torch=torch) for torch in (True, False)}
    found = {torch: process for torch, pid in pids.items() if pid and (process := processes.read(pid))}
    memory = {torch: processes.proportional_bytes([process]) for torch, process in found.items()}
    data = {
        "pid": pids[True] or None,
        "light_pid": pids[False] or None,
        "memory_mb": round(sum(memory.values()) / 2**20),
        "allowed": config.zygote,
    }
    if not config.zygote:
        return Check("zygote", "ok", "switched off (zygote = false); every job starts cold", data=data)
    if not found:
        return Check(
            "zygote", "ok", "none now; started with a server or the next job, ends when idle", data=data
        )
    roles = {True: "starts the next script with torch imported", False: "starts other jobs"}
    shown = [f"process {pids[torch]} ({memory[torch] / 2**20:.0f} MiB) {roles[torch]}" for torch in found]
    return Check(
        "zygote", "ok", "; ".join(shown) + " (zygote = false in config.toml does without)", data=data
    )


def _server(home: Home, config: Config) -> Check:
    from clary.api.presence import running

    url = running(home)
    if url is None:
        return Check(
            "server", "ok", "none running (boto3 elsewhere needs one: clary serve)", data={"url": None}
        )
    return Check("server", "ok", f"answers at {url}", data={"url": url})


def _runtime(home: Home, config: Config) -> Check:
    path = home.root / "runtime.json"
    if not path.exists():
        return Check("runtime", "ok", "no endpoint address yet")
    record = json.loads(path.read_text(encoding="utf-8"))
    return _listening("runtime", str(record.get("url") or f"http://127.0.0.1:{record['port']}"))


def _listening(name: str, url: str) -> Check:
    parts = urlsplit(url)
    try:
        with socket.create_connection((parts.hostname or "127.0.0.1", parts.port or 80), timeout=2):
            return Check(name, "ok", f"answers at {url}", data={"url": url, "alive": True})
    except OSError as error:
        return Check(
            name, "note", f"nobody answers at {url}: {error}", "It is started when next needed.", {"url": url}
        )


def _kernel(home: Home, config: Config) -> Check:
    from jupyter_core.paths import jupyter_path

    for folder in jupyter_path("kernels"):
        spec = Path(folder) / "clary-python"
        if (spec / "kernel.json").exists():
            return Check("kernel", "ok", f"clary-python at {spec}")
    hint = "python -m clary_kernels install --sys-prefix"
    return Check("kernel", "note", "Jupyter does not find the kernel clary-python", hint)
