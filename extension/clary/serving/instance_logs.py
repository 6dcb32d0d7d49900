"""What a variant's instances print, in /aws/sagemaker/Endpoints/<endpoint>, one stream per instance."""

from __future__ import annotations

import hashlib
import time

from clary.home import Home
from clary.store.logfile import LogWriter, stream_path
from clary.store.watch import announce


def log_group(endpoint: str) -> str:
    return f"/aws/sagemaker/Endpoints/{endpoint}"


def instance_id(endpoint: str, created: float, variant: str, index: int) -> str:
    """Looks like an EC2 instance's, and stays the same for an instance over restarts of its processes."""
    digest = hashlib.sha256(f"{endpoint}\0{created}\0{variant}\0{index}".encode()).hexdigest()
    return f"i-{digest[:17]}"


class InstanceLogs:
    """Writers for one variant, opened as instances come. Lines are written at once; announcements at most twice a second."""

    def __init__(
        self,
        home: Home,
        *,
        endpoint: str,
        created: float,
        variant: str,
        region: str,
        account_id: str,
        limit_bytes: int,
    ) -> None:
        self._home = home
        self._endpoint = endpoint
        self._created = created
        self._variant = variant
        self._arn = f"arn:aws:logs:{region}:{account_id}:log-group:{log_group(endpoint)}"
        self._limit = limit_bytes
        self._writers: dict[str, LogWriter] = {}
        self._announced = 0.0
        self._unannounced = False
        self._times: list[float] = []
        self._count = 0
        self._failures = 0

    def stream(self, index: int) -> str:
        return f"{self._variant}/{instance_id(self._endpoint, self._created, self._variant, index)}"

    @property
    def first_stream(self) -> str:
        return self.stream(0)

    def arn(self, stream: str) -> str:
        return f"{self._arn}:log-stream:{stream}"

    def where(self, stream: str) -> str:
        """For error texts: the stream, and the file that it is."""
        group = log_group(self._endpoint)
        return f"log stream {stream} of {group} ({stream_path(self._home, group, stream)})"

    def write(self, stream: str, text: str | bytes) -> None:
        """Append lines to a stream. A disk that is full must not stop the endpoint."""
        try:
            writer = self._writers.get(stream)
            if writer is None:
                writer = self._writers[stream] = LogWriter(
                    stream_path(self._home, log_group(self._endpoint), stream), self._limit
                )
            writer.write(text)
        except OSError:
            return
        self._unannounced = True
        if time.monotonic() - self._announced > 0.5:
            self.announce()

    def announce(self) -> None:
        """Tell watchers of lines not yet told."""
        if self._unannounced:
            self._unannounced = False
            self._announced = time.monotonic()
            announce(self._home, {"kind": "endpoint", "name": self._endpoint, "change": "log"})

    def count(self, seconds: float, *, failed: bool) -> None:
        """Note one answered request for the next summary line."""
        self._count += 1
        if failed:
            self._failures += 1
        if len(self._times) < 10_000:
            self._times.append(seconds)

    def summarize(self) -> None:
        """One access line for all requests since the last: a line for each would cost more than a small model's answer."""
        if self._count:
            times = sorted(self._times)
            half, most = times[len(times) // 2], times[min(len(times) - 1, len(times) * 99 // 100)]
            self.write(
                self.first_stream,
                f"[clary] POST /invocations: {self._count} requests, {self._failures} failed, "
                f"p50 {half * 1e3:.2f} ms, p99 {most * 1e3:.2f} ms",
            )
            self._times, self._count, self._failures = [], 0, 0
        self.announce()

    def close(self) -> None:
        self.summarize()
        for writer in self._writers.values():
            writer.close()
        self._writers.clear()
