"""What a user may set, in ``<home>/config.toml`` or in ``CLARY_*`` variables; variables win."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from clary.home import Home


class ConfigError(Exception):
    """A setting has a value that Clary cannot use; the text names it."""


@dataclass(frozen=True)
class Config:
    """Every knob. Memory is in MB (2**20 bytes), time in seconds.

    images: what stands for a container image, by its name (see `clary.images`).
    """

    account_id: str = "000000000000"
    region: str = "us-east-1"
    cpus: float = 1.0
    memory_mb: int = 1024
    gpus: tuple[int, ...] = ()
    isolation: str = "auto"
    zygote: bool = True
    zygote_idle_s: float = 900.0
    log_limit_mb: int = 256
    resource_sample_s: float = 1.0
    max_body_mb: int = 6
    runtime_port: int = 0
    mlflow_tracking_uri: str = ""
    images: Mapping[str, Mapping[str, str]] = field(default_factory=dict, hash=False)

    @classmethod
    def load(cls, home: Home, environ: Mapping[str, str] | None = None) -> Config:
        """Defaults from this machine, then config.toml, then the environment. Raises ConfigError."""
        environ = os.environ if environ is None else environ
        values: dict[str, Any] = {"cpus": float(_cpu_count()), "memory_mb": _memory_mb(), "gpus": _gpus()}
        values.update(_from_file(home))
        for variable in ("AWS_DEFAULT_REGION", "AWS_REGION"):
            if "region" not in values and environ.get(variable):
                values["region"] = environ[variable]
        for one in fields(cls):
            text = environ.get(f"CLARY_{one.name.upper()}")
            if text:
                values[one.name] = text
        return cls(**{name: _checked(name, value) for name, value in values.items()})


def _from_file(home: Home) -> dict[str, Any]:
    try:
        values = tomllib.loads(home.config_file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{home.config_file} is not valid TOML: {error}.") from error
    known = {one.name for one in fields(Config)}
    for name in values:
        if name not in known:
            raise ConfigError(
                f"{home.config_file} sets {name!r}, which Clary does not know. It knows: {', '.join(sorted(known))}."
            )
    return values


def _account(value: Any) -> str:
    if not re.fullmatch(r"\d{12}", str(value)):
        raise ValueError("twelve digits")
    return str(value)


def _region(value: Any) -> str:
    if not re.fullmatch(r"[a-z]{2}(-[a-z]+)+-\d", str(value)):
        raise ValueError("an AWS region name such as us-east-1")
    return str(value)


def _isolation(value: Any) -> str:
    if value not in ("auto", "namespaces", "paths"):
        raise ValueError("auto, namespaces or paths")
    return str(value)


def _flag(value: Any) -> bool:
    text = str(value).lower()
    if text not in ("1", "0", "true", "false", "yes", "no", "on", "off"):
        raise ValueError("true or false")
    return text in ("1", "true", "yes", "on")


def _gpu_list(value: Any) -> tuple[int, ...]:
    items = value.split(",") if isinstance(value, str) else value
    return tuple(int(item) for item in items if str(item).strip() not in ("", "none"))


def _positive(kind: Callable[[Any], float]) -> Callable[[Any], Any]:
    def parse(value: Any) -> Any:
        number = kind(value)
        if not number > 0:
            raise ValueError("a number above zero")
        return number

    return parse


def _port(value: Any) -> int:
    if not 0 <= int(value) <= 65535:
        raise ValueError("a port number")
    return int(value)


def _images(value: Any) -> dict[str, dict[str, str]]:
    """``"name" = "path"`` or ``"name" = {python, venv, program}``; what a plain path means, the folder itself tells."""
    wanted = 'a table in config.toml with lines such as "my-algo" = "/path/to/venv" or "my-algo" = { program = "/path/to/train" }'
    if not isinstance(value, Mapping):
        raise ValueError(wanted)
    images = {}
    for name, entry in value.items():
        members = {"python": entry} if isinstance(entry, str) else entry
        if (
            not isinstance(members, Mapping)
            or not members
            or not members.keys() <= {"python", "venv", "program"}
        ):
            raise ValueError(wanted)
        if (
            not all(isinstance(path, str) for path in members.values())
            or {"python", "venv"} <= members.keys()
        ):
            raise ValueError(wanted)
        images[name] = dict(members)
    return images


_PARSERS: dict[str, Callable[[Any], Any]] = {
    "account_id": _account,
    "region": _region,
    "cpus": _positive(float),
    "memory_mb": _positive(int),
    "gpus": _gpu_list,
    "isolation": _isolation,
    "zygote": _flag,
    "zygote_idle_s": _positive(float),
    "log_limit_mb": _positive(int),
    "resource_sample_s": _positive(float),
    "max_body_mb": _positive(int),
    "runtime_port": _port,
    "mlflow_tracking_uri": str,
    "images": _images,
}


def _checked(name: str, value: Any) -> Any:
    try:
        return _PARSERS[name](value)
    except (ValueError, TypeError) as error:
        raise ConfigError(
            f"Setting {name} (CLARY_{name.upper()}) has the value {value!r}, but must be {error}."
        ) from error


def _cpu_count() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _memory_mb() -> int:
    try:
        return int(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20)
    except (ValueError, OSError):
        return 4096


def _gpus() -> tuple[int, ...]:
    """Indices of the NVIDIA devices; read from the driver's folder, because nvidia-smi takes half a second."""
    try:
        return tuple(range(len(os.listdir("/proc/driver/nvidia/gpus"))))
    except OSError:
        return ()
