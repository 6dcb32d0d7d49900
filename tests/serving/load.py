"""Clients that never stop asking, to see whether one request fails while an endpoint changes."""

from __future__ import annotations

import http.client
import json
import threading
import time
from typing import Any
from urllib.parse import urlsplit


class Load:
    """Threads that invoke an endpoint without pause, by boto3 and by raw keep-alive connections (no retries in either)."""

    def __init__(self, host: Any, endpoint: str, body: bytes, boto: int = 2, raw: int = 4) -> None:
        self.answers: list[Any] = []
        self.asked: list[tuple[float, Any]] = []  # when each answered request was sent, and its answer
        self.errors: list[str] = []
        self.reconnects = 0
        self._stop = threading.Event()
        self._url = host.endpoints.runtime_url()
        self._endpoint = endpoint
        self._body = body
        self._token = host.credentials.token
        clients = [host.client() for _ in range(boto)]
        self._threads = [threading.Thread(target=self._boto, args=(client,)) for client in clients]
        self._threads += [threading.Thread(target=self._raw) for _ in range(raw)]

    def __enter__(self) -> Load:
        for thread in self._threads:
            thread.start()
        end = time.monotonic() + 30
        while len(self.answers) < 50 and time.monotonic() < end:
            time.sleep(0.01)
        return self

    def __exit__(self, *details: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(30)

    def _note(self, begun: float, body: bytes) -> None:
        value = json.loads(body)
        self.asked.append((begun, value))
        self.answers.append(value)

    def asked_after(self, moment: float) -> list[Any]:
        """Answers to the requests that were sent after a moment of `time.monotonic`."""
        return [value for begun, value in self.asked if begun > moment]

    def _boto(self, client: Any) -> None:
        while not self._stop.is_set():
            begun = time.monotonic()
            try:
                answer = client.invoke_endpoint(
                    EndpointName=self._endpoint, Body=self._body, ContentType="application/json"
                )
                self._note(begun, answer["Body"].read())
            except Exception as error:
                self.errors.append(f"boto3: {error!r}")

    def _raw(self) -> None:
        address = urlsplit(self._url)
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"}
        connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=60)
        while not self._stop.is_set():
            begun = time.monotonic()
            try:
                connection.request("POST", f"/endpoints/{self._endpoint}/invocations", self._body, headers)
                response = connection.getresponse()
                body = response.read()
                if response.status != 200:
                    self.errors.append(f"raw: {response.status} {body!r}")
                    continue
                self._note(begun, body)
                if connection.sock is None:
                    self.reconnects += 1
            except Exception as error:
                self.errors.append(f"raw: {error!r}")
                connection.close()
        connection.close()
