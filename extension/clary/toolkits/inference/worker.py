"""The worker process: ``python -m clary.toolkits.inference.worker SOCKET IN OUT``; one model, one request at a time.

It is started by an endpoint process, which holds the other end of the socket, and shares the files for big bodies. The first
message says what to load; the answer is ``ready`` or ``failed``. It ends when the socket does, and dies with the endpoint
process.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import socket
import sys
import time
import traceback
from pathlib import Path
from typing import Any

from clary.toolkits.inference import frames

_PR_SET_PDEATHSIG = 1


def main(descriptor: int, inbox: int, outbox: int) -> int:
    """Serve until the other end closes. Returns the process's exit code."""
    _die_with_parent()
    # Stopping an endpoint signals everything under it; the endpoint process drains first and then closes our socket.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    connection = socket.socket(fileno=descriptor)
    connection.setblocking(True)
    first = frames.receive(connection)
    if first is None:
        return 0
    started = time.monotonic()
    try:
        handlers = _load(first[0])
    except BaseException as error:  # sys.exit() in a script must not look like a crash of Clary
        traceback.print_exc()
        frames.send(connection, {"op": "failed", "message": describe(error)})
        return 1
    frames.send(connection, {"op": "ready", "seconds": time.monotonic() - started})
    while (message := frames.receive(connection)) is not None:
        head, body = message
        if "shared" in head:
            body = frames.take_shared(inbox, head["shared"])
        answer = handlers.answer(
            body, head["content_type"], head["accept"], head["headers"], head["request_id"]
        )
        reply: dict[str, Any] = {"op": "answer", "status": answer.status, "content_type": answer.content_type}
        if answer.custom_attributes is not None:
            reply["custom_attributes"] = answer.custom_attributes
        if len(answer.body) < frames.SHARED_FROM:
            frames.send(connection, reply, answer.body)
        else:
            frames.put_shared(outbox, answer.body)
            frames.send(connection, {**reply, "shared": len(answer.body)})
    return 0


def describe(error: BaseException) -> str:
    """The traceback's last line and where it was, in the user's own file if it passed through one."""
    from clary.toolkits.inference.errors import ModelLoadError

    if isinstance(error, ModelLoadError):
        return str(error)
    text = "".join(traceback.format_exception_only(error)).strip().splitlines()[-1]
    here = str(Path(__file__).parent)
    places = [
        frame for frame in traceback.extract_tb(error.__traceback__) if not frame.filename.startswith(here)
    ]
    user = [
        frame
        for frame in places
        if "site-packages" not in frame.filename and "/lib/python" not in frame.filename
    ]
    for frame in reversed(user or places):
        if not frame.filename.startswith("<frozen"):
            return f"{text} ({Path(frame.filename).name}, line {frame.lineno})"
    return text


def _load(order: dict[str, Any]) -> Any:
    """Enter the private /opt/ml, then import and load. `order`: folder (its ``ml`` is the model's), isolation mode."""
    # Before numpy is imported, which starts threads: a process with threads cannot have a new user namespace.
    from clary.runner import isolation

    base = isolation.enter(Path(order["folder"]), order["isolation"]).base
    from clary.toolkits.inference.handlers import Handlers
    from clary.toolkits.inference.layout import inspect

    model_dir = base / "model"
    os.environ["SM_MODEL_DIR"] = str(model_dir)
    os.environ["SAGEMAKER_BASE_DIR"] = str(base)
    os.chdir(model_dir)
    handlers = Handlers(inspect(model_dir, os.environ), os.environ)
    handlers.load()
    return handlers


def _die_with_parent() -> None:
    with contextlib.suppress(OSError, AttributeError):
        parent = os.getppid()
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:  # it died in between
            os._exit(1)


if __name__ == "__main__":
    code = main(*map(int, sys.argv[1:4]))
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)  # a thread that a script left running must not keep a retired worker alive
