"""`clary serve` as a process: one line when ready, a graceful end, and a home that others can find it by."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest
import urllib3

from clary.api.presence import running
from clary.home import Home
from clary.signing import load_or_mint


def signed_client(server: Any, service: str = "sagemaker") -> Any:
    """boto3 for a server, with keys read from its home: quicker than `clary env`."""
    import boto3
    from botocore.config import Config

    keys = load_or_mint(Home.locate(server.home))
    return boto3.client(
        service,
        endpoint_url=server.url,
        region_name="us-east-1",
        aws_access_key_id=keys.access_key,
        aws_secret_access_key=keys.secret_key,
        config=Config(retries={"max_attempts": 0}),
    )


def test_the_server_answers_as_soon_as_it_says_so_and_ends_at_once_on_sigterm(
    server: Any, home: Home
) -> None:
    assert signed_client(server).list_models()["Models"] == []
    assert running(home) == server.url
    begin = time.monotonic()
    assert server.stop(signal.SIGTERM) == 0
    assert time.monotonic() - begin < 5
    assert running(home) is None
    assert not list(home.run.glob("server-*.json"))


def test_an_interrupt_from_the_keyboard_ends_it_too(server: Any) -> None:
    assert server.stop(signal.SIGINT) == 0


def test_a_request_under_way_is_finished_before_the_server_ends(server: Any) -> None:
    host, port = server.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as connection:
        connection.sendall(
            b"POST / HTTP/1.1\r\nHost: x\r\nX-Amz-Target: SageMaker.ListModels\r\nContent-Length: 2\r\n\r\n{"
        )
        time.sleep(0.2)
        server.process.send_signal(signal.SIGTERM)
        time.sleep(0.2)
        connection.sendall(b"}")
        connection.settimeout(10)
        assert connection.recv(1000).startswith(b"HTTP/1.1 403")
    assert server.process.wait(10) == 0


def test_a_server_that_was_killed_is_not_taken_for_running(serve: Callable[..., Any], home: Home) -> None:
    first = serve()
    first.stop(signal.SIGKILL)
    assert list(home.run.glob("server-*.json"))
    assert running(home) is None
    second = serve()
    assert running(home) == second.url
    assert signed_client(second).list_models()["Models"] == []


def test_two_servers_share_a_home(serve: Callable[..., Any], home: Home) -> None:
    first, second = serve(), serve()
    assert running(home) == second.url
    assert signed_client(first).list_models()["Models"] == []
    first.stop()
    assert running(home) == second.url


def test_a_port_that_is_taken_is_an_error_of_one_line(home: Home) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = subprocess.run(
            [
                sys.executable,
                "-c",
                f"from clary.api.serve import serve; raise SystemExit(serve('127.0.0.1', {port}))",
            ],
            env={**os.environ, "CLARY_HOME": str(home.root)},
            capture_output=True,
            text=True,
            timeout=60,
        )
    assert done.returncode == 1
    assert f"cannot listen on 127.0.0.1:{port}: Address already in use" in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_only_loopback_is_bound_unless_told_otherwise(server: Any) -> None:
    listening = [
        c.laddr.ip for c in psutil.Process(server.process.pid).net_connections() if c.status == "LISTEN"
    ]
    assert listening == ["127.0.0.1"]


@pytest.mark.slow
def test_many_clients_at_once_are_all_answered(server: Any) -> None:
    failures: list[Exception] = []
    done: list[int] = []

    def work() -> None:
        try:
            client = signed_client(server)
            for _ in range(25):
                client.list_models()
                done.append(1)
        except Exception as error:
            failures.append(error)

    workers = [threading.Thread(target=work) for _ in range(12)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert failures == []
    assert len(done) == 300


def test_the_doctor_and_the_environment_are_served_to_who_has_the_token(server: Any, home_path: Path) -> None:
    bearer = {"Authorization": f"Bearer {load_or_mint(Home.locate(home_path)).token}"}
    answer = urllib3.request("GET", f"{server.url}/clary/doctor", headers=bearer, timeout=60)
    assert answer.status == 200
    assert "python" in {check["name"] for check in answer.json()["checks"]}
    answer = urllib3.request("GET", f"{server.url}/clary/environment", headers=bearer, timeout=60)
    assert answer.status == 200
    assert answer.json()["AWS_ENDPOINT_URL"] == server.url
    assert answer.json()["AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME"].startswith("http://127.0.0.1:")
    assert answer.json()["CLARY_HOME"] == str(home_path)
