"""The hosts of a job that runs as several cooperating processes: their folders, addresses and shares. Standard library only."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

# The last byte of an address numbers the hosts.
MOST = 254


_current = ""


def become(host: str) -> None:
    """Note which of its job's hosts this process is. Here and not in `child`, which is two modules when it is executed."""
    global _current
    _current = host


def current() -> str:
    """The name of the host that this process is; empty in a job without hosts."""
    return _current


def folder(attempt: Path, hosts: Sequence[str], host: str) -> Path:
    """What belongs to one host of an attempt: the attempt's own folder for the first, a folder in it for each other."""
    return attempt if not host or host == hosts[0] else attempt / host


def address(job_id: int, number: int) -> str:
    """The loopback address of host `number` (from 0): all of 127/8 is this machine, so each host of each job has one.

    >>> address(258, 1)
    '127.65.2.2'
    """
    return f"127.{64 + (job_id >> 8) % 128}.{job_id & 255}.{number + 1}"


def addresses(job_id: int, hosts: Sequence[str]) -> dict[str, str]:
    """Host name to address, for ``/etc/hosts``."""
    return {name: address(job_id, number) for number, name in enumerate(hosts)}


def share(gpus: Sequence[int], count: int, number: int) -> list[int]:
    """The GPUs of host `number` of `count`: as many each as divide evenly, the first hosts have what remains."""
    whole, rest = divmod(len(gpus), count)
    begin = number * whole + min(number, rest)
    return list(gpus[begin : begin + whole + (number < rest)])
