"""InvokeEndpoint over keep-alive HTTP on the digits model: `python tests/benchmarks/bench_serving.py`.

A 64-256-10 multi-layer perceptron on ONNX Runtime, one row of JSON a request, at 1, 16 and 64 connections, against
`session.run` alone in a loop, and against MLServer 1.7 with the same model, over onnxruntime as well, in a virtual
environment of its own under build/ (made here on first use). Rounds alternate, so that a noisy machine hits all alike;
medians and ratios are printed. Loopback only; every round ends by itself after a few seconds.

The load comes from `wrk` where it is installed (Debian's package), else from a client of our own.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parents[2]
CONNECTIONS = (1, 16, 64)

MLSERVER_RUNTIME = """
import numpy as np
import onnxruntime
from mlserver import MLModel
from mlserver.codecs import NumpyCodec
from mlserver.types import InferenceResponse


class Onnx(MLModel):
    async def load(self):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session = onnxruntime.InferenceSession("model.onnx", options, providers=["CPUExecutionProvider"])
        return True

    async def predict(self, payload):
        rows = NumpyCodec.decode_input(payload.inputs[0])
        (output,) = self._session.run(None, {"input": rows})
        return InferenceResponse(model_name=self.name, outputs=[NumpyCodec.encode_output("output", output)])
"""

CLIENT = """
import asyncio, sys, time
import httptools

class Client(asyncio.Protocol):
    def __init__(self, shared):
        self.shared = shared
    def connection_made(self, transport):
        self.transport = transport
        self.parser = httptools.HttpResponseParser(self)
        transport.write(self.shared["request"])
    def data_received(self, data):
        self.parser.feed_data(data)
    def on_message_complete(self):
        shared = self.shared
        if self.parser.get_status_code() != 200:
            shared["failed"] += 1
        shared["done"] += 1
        if time.perf_counter() < shared["end"]:
            self.transport.write(shared["request"])
        else:
            self.transport.close()
            shared["open"] -= 1
            if not shared["open"]:
                shared["over"].set_result(None)

async def main(host, port, connections, seconds, path):
    loop = asyncio.get_running_loop()
    begun = time.perf_counter()
    shared = {"request": open(path, "rb").read(), "done": 0, "failed": 0, "open": connections,
              "end": begun + seconds, "over": loop.create_future()}
    for _ in range(connections):
        await loop.create_connection(lambda: Client(shared), host, port)
    await shared["over"]
    print(shared["done"] / (time.perf_counter() - begun), shared["failed"])

host, port, connections, seconds, path = sys.argv[1:]
try:
    import uvloop
    run = uvloop.run
except ImportError:
    run = asyncio.run
run(main(host, int(port), int(connections), float(seconds), path))
"""


class Target:
    """An address, and the one request that is sent to it again and again."""

    def __init__(self, name: str, url: str, headers: dict[str, str], body: bytes, folder: Path) -> None:
        self.name = name
        self._url = url
        address = urlsplit(url)
        self._host, self._port = address.hostname or "", address.port or 80
        folder.mkdir(parents=True, exist_ok=True)
        self._lua = folder / "request.lua"
        lines = ['wrk.method = "POST"', f"wrk.body = {json.dumps(body.decode())}"]
        lines += [f"wrk.headers[{json.dumps(name)}] = {json.dumps(value)}" for name, value in headers.items()]
        self._lua.write_text("\n".join(lines) + "\n")
        self._raw = folder / "request.http"
        head = [f"POST {address.path} HTTP/1.1", f"Host: {address.netloc}", f"Content-Length: {len(body)}"]
        head += [f"{name}: {value}" for name, value in headers.items()]
        self._raw.write_bytes("\r\n".join(head).encode() + b"\r\n\r\n" + body)
        self._client = folder / "client.py"
        self._client.write_text(CLIENT)

    def rate(self, connections: int, seconds: float) -> float:
        """Requests per second. Raises RuntimeError when any answer is not a 200."""
        if shutil.which("wrk"):
            command = [
                "wrk",
                "-t1",
                f"-c{connections}",
                f"-d{max(1, round(seconds))}s",
                "--timeout",
                "30s",
                "-s",
                str(self._lua),
                self._url,
            ]
            output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
            if "Non-2xx" in output or "Socket errors" in output:
                raise RuntimeError(f"{self.name}: {output}")
            found = re.search(r"Requests/sec:\s*([\d.]+)", output)
            assert found is not None
            return float(found[1])
        arguments = [self._host, str(self._port), str(connections), str(seconds), str(self._raw)]
        output = subprocess.run(
            [sys.executable, str(self._client), *arguments], check=True, capture_output=True, text=True
        ).stdout
        rate, failed = output.split()
        if int(failed):
            raise RuntimeError(f"{self.name}: {failed} answers were errors")
        return float(rate)


def digits_model() -> bytes:
    sys.path.insert(0, str(ROOT / "tests" / "serving"))
    import models  # type: ignore[import-not-found]

    data: bytes = models.mlp(64, 256, 10)
    return data


def row() -> list[float]:
    """A digit's image: 64 pixels from 0 to 16, most of them whole numbers, as scikit-learn has them."""
    from sklearn.datasets import load_digits

    return [float(value) for value in load_digits().data[0]]


@contextlib.contextmanager
def clary(folder: Path, model: bytes) -> Iterator[Target]:
    """An endpoint in a home of its own; answers by its real runtime address, with the bearer token."""
    os.environ["CLARY_HOME"] = str(folder / "home")
    from clary.home import Home
    from clary.signing import load_or_mint

    sys.path.insert(0, str(ROOT / "tests" / "serving"))
    from conftest import Host  # type: ignore[import-not-found]

    home = Home.locate(folder / "home")
    host = Host(home, folder / "models")
    host.model("digits", {"model.onnx": model})
    document = host.create("digits", {"ModelName": "digits"})
    if document.status != "InService":
        raise RuntimeError(document.body.get("FailureReason"))
    print(
        "Clary's own log:",
        next(line for line in host.log("digits").splitlines() if "is loaded" in line).split("[clary] ")[1],
    )
    headers = {"Authorization": f"Bearer {load_or_mint(home).token}", "Content-Type": "application/json"}
    url = f"{host.endpoints.runtime_url()}/endpoints/digits/invocations"
    try:
        yield Target("clary", url, headers, json.dumps([row()]).encode(), folder / "clary")
    finally:
        host.endpoints.delete("digits")
        host.settled("digits")
        job = host.runner.stop("router", "router")
        end = time.monotonic() + 20
        while job is not None and job.state != "done" and time.monotonic() < end:
            time.sleep(0.05)
            job = host.runner.get("router", "router")
        host.pump.stop()


def mlserver_environment() -> Path:
    folder = ROOT / "build" / "mlserver"
    if not (folder / "bin" / "mlserver").exists():
        print("Making a virtual environment for MLServer ...", flush=True)
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        packages = ["mlserver>=1.7,<1.8", "onnxruntime", "numpy"]
        subprocess.run([str(folder / "bin" / "pip"), "install", "-q", *packages], check=True)
    return folder


@contextlib.contextmanager
def mlserver(folder: Path, model: bytes, workers: int) -> Iterator[Target]:
    """MLServer over REST (Open Inference Protocol) with a runtime of a dozen lines.

    `workers` 0 is by far its faster setting for one small model (1,960 requests/s against 690 with its default of one
    parallel worker, at 16 connections), so that is what is measured.
    """
    environment = mlserver_environment()
    folder.mkdir(parents=True)
    (folder / "model.onnx").write_bytes(model)
    (folder / "runtime.py").write_text(MLSERVER_RUNTIME)
    ports = free_ports(3)
    settings: dict[str, Any] = {"parallel_workers": workers, "host": "127.0.0.1", "debug": False}
    settings |= dict(zip(("http_port", "grpc_port", "metrics_port"), ports, strict=True))
    (folder / "settings.json").write_text(json.dumps(settings))
    (folder / "model-settings.json").write_text(
        json.dumps({"name": "digits", "implementation": "runtime.Onnx"})
    )
    variables = {**os.environ, "PYTHONPATH": str(folder)}
    with open(folder / "log", "wb") as log:
        process = subprocess.Popen(
            [str(environment / "bin" / "mlserver"), "start", str(folder)],
            cwd=folder,
            env=variables,
            stdout=log,
            stderr=log,
        )
    try:
        wait_for(f"http://127.0.0.1:{ports[0]}/v2/models/digits/ready", process, folder / "log")
        inputs = [{"name": "input", "shape": [1, 64], "datatype": "FP32", "data": row()}]
        url = f"http://127.0.0.1:{ports[0]}/v2/models/digits/infer"
        yield Target(
            "mlserver",
            url,
            {"Content-Type": "application/json"},
            json.dumps({"inputs": inputs}).encode(),
            folder / "load",
        )
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    import urllib.error
    import urllib.request

    end = time.monotonic() + 60
    while time.monotonic() < end and process.poll() is None:
        with contextlib.suppress(OSError, urllib.error.URLError), urllib.request.urlopen(url, timeout=2):
            return
        time.sleep(0.2)
    raise RuntimeError(f"MLServer did not start:\n{log.read_text()[-2000:]}")


def session_alone(model: bytes, seconds: float) -> float:
    """Runs per second of the bare session in a loop: no HTTP, no JSON, nothing."""
    import numpy as np
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    feeds = {"input": np.array([row()], dtype=np.float32)}
    count, end, begun = 0, time.perf_counter() + seconds, time.perf_counter()
    while time.perf_counter() < end:
        for _ in range(100):
            session.run(None, feeds)
        count += 100
    return count / (time.perf_counter() - begun)


def measure(rounds: int, seconds: float) -> tuple[list[float], dict[str, dict[int, list[float]]]]:
    """Requests per second of every round: of the bare session, and by server and number of connections."""
    model = digits_model()
    alone: list[float] = []
    with (
        tempfile.TemporaryDirectory(prefix="clary-bench-", ignore_cleanup_errors=True) as name,
        contextlib.ExitStack() as stack,
    ):
        folder = Path(name)
        targets = [stack.enter_context(clary(folder, model))]
        try:
            targets.append(stack.enter_context(mlserver(folder / "mlserver", model, 0)))
        except (OSError, RuntimeError, subprocess.CalledProcessError) as error:
            print(f"Without MLServer, which cannot be had here: {error}")
        rates = {target.name: {count: list[float]() for count in CONNECTIONS} for target in targets}
        for target in targets:
            target.rate(4, 1.0)
        for _ in range(rounds):
            alone.append(session_alone(model, min(seconds, 1.0)))
            for count in CONNECTIONS:
                for target in targets:
                    rates[target.name][count].append(target.rate(count, seconds))
    return alone, rates


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2.0)
    arguments = parser.parse_args()
    alone, rates = measure(arguments.rounds, arguments.seconds)
    session = statistics.median(alone)
    load = "wrk" if shutil.which("wrk") else "our own client"
    print(
        f"Load by {load}, 1 minute's load average {os.getloadavg()[0]:.1f}; medians of {arguments.rounds} rounds, requests/s."
    )
    print(f"session.run alone: {session:,.0f}")
    print(
        f"{'connections':>12} {'Clary':>10} {'of session.run':>15} {'MLServer':>10} {'Clary / MLServer':>17}"
    )
    ratios: dict[int, float] = {}
    for count in CONNECTIONS:
        ours = rates["clary"][count]
        line = f"{count:>12} {statistics.median(ours):>10,.0f} {statistics.median(ours) / session:>15.0%}"
        if "mlserver" in rates:
            theirs = rates["mlserver"][count]
            # Round by round: what disturbs one of them then disturbs its neighbour in time, too.
            ratios[count] = statistics.median(a / b for a, b in zip(ours, theirs, strict=True))
            line += f" {statistics.median(theirs):>10,.0f} {ratios[count]:>16.1f}x"
        print(line)
    if ratios:
        verdict = "met" if ratios[16] >= 10 else "MISSED"
        print(f"Aim: at least 10x MLServer at 16 connections: {ratios[16]:.1f}x, {verdict}.")


if __name__ == "__main__":
    main()
