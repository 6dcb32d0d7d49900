"""The API at a socket that another process has bound: ``python -m clary.api.inherited <descriptor> <home>``.

For the program of a job (see toolkits/training/gateway.py). It lives exactly as long as the thread that has started it: a
job that is stopped gets SIGTERM as a whole, and its program may need boto3 to save what it has.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from pathlib import Path

from clary.api.engine import Engine
from clary.api.serve import Server
from clary.home import Home
from clary.runner import linux


def main(descriptor: int, home: Path) -> int:
    """Serve until killed."""
    parent = os.getppid()
    linux.die_with_parent(signal.SIGKILL)
    if os.getppid() != parent:
        return 1
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    listener = socket.socket(fileno=descriptor)
    listener.setblocking(False)
    asyncio.run(_serve(listener, Home(home)))
    return 0


async def _serve(listener: socket.socket, home: Home) -> None:
    Server(Engine(home)).adopt(listener)
    await asyncio.Event().wait()


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), Path(sys.argv[2])))
