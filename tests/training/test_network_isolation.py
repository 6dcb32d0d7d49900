"""EnableNetworkIsolation: no way out and no way in, but for the job's own hosts."""

from __future__ import annotations

import socket
from typing import Any

import pytest
from botocore.exceptions import ClientError

PROBE = """
import os, socket, sys
def reaches(address):
    try:
        socket.create_connection(address, 3).close()
        return True
    except OSError:
        return False
with socket.create_server(("127.0.0.1", 0)) as own:
    print("loopback", reaches(own.getsockname()), flush=True)
print("machine", reaches(("127.0.0.1", int(sys.argv[2]))), flush=True)
print("interfaces", [name for _, name in socket.if_nameindex()], flush=True)
print("interface", os.environ["SM_NETWORK_INTERFACE_NAME"], socket.gethostbyname("algo-1"), flush=True)
open("/opt/ml/model/m", "w").write("kept")
"""

PEERS = """
import json, os, socket, time
me, other = os.environ["SM_CURRENT_HOST"], "algo-2"
if me == other:
    with socket.create_server((me, 4711)) as server:
        print("heard", server.accept()[0].recv(9).decode(), flush=True)
else:
    for _ in range(600):
        try:
            socket.create_connection((other, 4711), 3).sendall(b"peer")
            break
        except OSError:
            time.sleep(0.05)
    else:
        raise SystemExit("never reached")
"""


@pytest.fixture
def without_namespaces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLARY_ISOLATION", "paths")


def test_an_isolated_job_sees_no_network_but_its_own_loopback(trainer: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = str(server.getsockname()[1])
        for name, isolated in (("open", False), ("closed", True)):
            trainer.create(PROBE, name=name, hyperparameters={"port": port}, EnableNetworkIsolation=isolated)
        assert "machine True" in (trainer.completed("open"), trainer.log("open"))[1]
        answer = trainer.completed("closed")
    assert answer["EnableNetworkIsolation"] is True
    log = trainer.log("closed")
    assert "loopback True" in log
    assert "machine False" in log
    assert "interface lo 127.0.0.1" in log
    assert trainer.artifact("closed") == {"m": b"kept"}


def test_the_hosts_of_an_isolated_job_reach_each_other(trainer: Any) -> None:
    trainer.create(PEERS, count=2, EnableNetworkIsolation=True)
    trainer.completed()
    assert "heard peer" in trainer.log(host="algo-2-")


@pytest.mark.parametrize(
    ("request_", "said"),
    [({"EnableNetworkIsolation": True}, "EnableNetworkIsolation needs"), ({"count": 2}, "InstanceCount above 1 needs")],
)  # fmt: skip
def test_where_the_machine_cannot_isolate_the_job_is_refused(
    without_namespaces: None, trainer: Any, request_: dict[str, Any], said: str
) -> None:
    with pytest.raises(ClientError, match=said):
        trainer.create("print()", **request_)
    assert trainer.sagemaker.list_training_jobs()["TrainingJobSummaries"] == []
