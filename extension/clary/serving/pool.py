"""A variant's user code: worker processes that each answer one request at a time, restarted when they die."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from clary.serving.http import Request
from clary.serving.variant import Backend, StartFailure, Variant
from clary.serving.worker_process import State, WorkerOrder, WorkerProcess

_LONGEST_QUEUE = 1000
_FIRST_DELAY = 0.2
_LONGEST_DELAY = 30.0
_HEALTHY_SECONDS = 10.0
# The runtime API's headers that a handler's context may ask for.
_PASSED = (
    b"x-amzn-sagemaker-custom-attributes",
    b"x-amzn-sagemaker-inference-id",
    b"x-amzn-sagemaker-session-id",
)


@dataclass(frozen=True)
class PoolSettings:
    """`timeout`: seconds that a request may take. `per_instance`: workers of an instance. `most`: workers at all."""

    timeout: float
    per_instance: int
    most: int


class WorkerPool(Backend):
    """Requests go to a free worker, or wait in order for one."""

    def __init__(
        self, variant: Variant, settings: PoolSettings, order: Callable[[int, int], WorkerOrder]
    ) -> None:
        self._variant = variant
        self._settings = settings
        self._order = order  # (slot, instance index) -> how to start it
        self._slots: dict[int, WorkerProcess] = {}
        self._ever_ready: set[int] = set()
        self._delays: dict[int, float] = {}
        self._idle: deque[WorkerProcess] = deque()
        self._waiting: deque[Request] = deque()
        self._tasks: set[asyncio.Task[None]] = set()
        self._starting: dict[int, asyncio.Future[None]] = {}
        self._allowance = 240.0
        self._closing = False
        self._last_failure = ""

    async def start(self, allowance: float) -> None:
        self._allowance = allowance
        await self.scale(self._variant.instances)
        self._task(self._expire())

    async def scale(self, instances: int) -> None:
        wanted = (
            max(1, min(instances * self._settings.per_instance, self._settings.most)) if instances > 0 else 0
        )
        for slot in [slot for slot in self._slots if slot >= wanted]:
            self._retire(self._slots.pop(slot))
        fresh = [slot for slot in range(wanted) if slot not in self._slots]
        self._ever_ready.difference_update(fresh)
        waits = [self._launch(slot) for slot in fresh]
        if not waits:
            return
        done, late = await asyncio.wait(waits, timeout=self._allowance, return_when=asyncio.FIRST_EXCEPTION)
        failures = [str(wait.exception()) for wait in done if wait.exception() is not None]
        if failures or late:
            for slot in fresh:
                self._starting.pop(slot, None)
                worker = self._slots.pop(slot, None)
                if worker is not None:
                    worker.retiring = True
                    worker.kill()
            raise StartFailure(
                failures[0]
                if failures
                else f"The model was not loaded within {self._allowance:.0f} s (ContainerStartupHealthCheckTimeoutInSeconds)."
            )

    def submit(self, request: Request) -> None:
        while self._idle:
            worker = self._idle.popleft()
            if worker.state is State.IDLE and not worker.retiring:
                self._give(worker, request)
                return
        if not self._slots:
            self._variant.unavailable(
                request, f"Variant {self._variant.name} has no instances (DesiredInstanceCount is 0)."
            )
        elif len(self._waiting) >= _LONGEST_QUEUE:
            self._variant.unavailable(request, "Too many requests are waiting for the model; try again.")
        else:
            self._waiting.append(request)

    async def close(self) -> None:
        self._closing = True
        for task in self._tasks:
            task.cancel()
        workers = list(self._slots.values())
        for worker in workers:
            worker.retire()
        await asyncio.gather(*(worker.gone() for worker in workers))

    @property
    def ready(self) -> bool:
        return any(worker.state in (State.IDLE, State.BUSY) for worker in self._slots.values())

    @property
    def pids(self) -> list[int]:
        return [worker.pid for worker in self._slots.values() if worker.state is not State.DEAD]

    def _launch(self, slot: int) -> asyncio.Future[None]:
        """Start a worker in a slot; the future is done when it is ready, or fails with why it is not."""
        loop = asyncio.get_running_loop()
        ready: asyncio.Future[None] = loop.create_future()
        ready.add_done_callback(lambda future: future.cancelled() or future.exception())
        self._starting[slot] = ready
        order = self._order(slot, slot // self._settings.per_instance)
        worker = WorkerProcess(order, lambda changed: self._changed(slot, changed), self._answered)
        self._slots[slot] = worker
        self._task(self._spawn(slot, worker))
        return ready

    async def _spawn(self, slot: int, worker: WorkerProcess) -> None:
        try:
            await worker.start()
        except OSError as error:
            worker.state = State.DEAD
            worker.failure = f"it could not be started: {error}"
            self._changed(slot, worker)

    def _give(self, worker: WorkerProcess, request: Request) -> None:
        headers = request.headers
        head = {
            "content_type": headers.get(b"content-type", b"").decode("latin-1"),
            "accept": headers.get(b"accept", b"").decode("latin-1"),
            "headers": {
                name.decode("latin-1"): headers[name].decode("latin-1")
                for name in (b"content-type", b"accept", *_PASSED)
                if name in headers
            },
            "request_id": headers.get(b"x-amzn-sagemaker-inference-id", b"").decode("latin-1"),
        }
        worker.send(request, head)
        worker.deadline = asyncio.get_running_loop().call_later(self._settings.timeout, self._late, worker)

    def _late(self, worker: WorkerProcess) -> None:
        """It never answered: tell the client, and have the process replaced."""
        request, worker.request = worker.request, None
        worker.killed_for_time = True
        if request is not None:
            stream = self._stream_of(worker)
            self._variant.logs.write(
                stream,
                f"[clary] No answer after {self._settings.timeout:g} s: worker {worker.pid} is killed and replaced.",
            )
            self._variant.time_out(request, stream)
        worker.kill()

    def _answered(self, worker: WorkerProcess, head: dict[str, Any], body: bytes) -> None:
        request, worker.request = worker.request, None
        if worker.deadline is not None:
            worker.deadline.cancel()
        if request is not None:
            status = int(head["status"])
            stream = self._stream_of(worker)
            self._variant.logs.write(
                stream,
                f"[clary] POST /invocations {status} {(time.monotonic() - request.arrived) * 1e3:.1f} ms "
                f"{len(request.body)} bytes in, {len(body)} out",
            )
            if 200 <= status < 300:
                self._variant.succeed(request, str(head["content_type"]), body, head.get("custom_attributes"))
            else:
                self._variant.fail(request, status, body.decode("utf-8", "replace"), stream=stream)
        if worker.retiring:
            worker.retire()
        else:
            self._free(worker)

    def _free(self, worker: WorkerProcess) -> None:
        while self._waiting:
            request = self._waiting.popleft()
            if not request.gone:
                self._give(worker, request)
                return
        self._idle.append(worker)

    def _changed(self, slot: int, worker: WorkerProcess) -> None:
        """A worker got ready, failed to load, or died."""
        starting = self._starting.get(slot)
        if worker.state is State.IDLE:
            self._ever_ready.add(slot)
            self._starting.pop(slot, None)
            if starting is not None and not starting.done():
                starting.set_result(None)
            if not worker.retiring:
                self._free(worker)
            return
        if worker.deadline is not None:
            worker.deadline.cancel()
        stream = self._stream(slot)
        request, worker.request = worker.request, None
        if request is not None:
            self._variant.fail(
                request, 500, f"The model's worker process died: {worker.failure}.", stream=stream
            )
        if self._closing or worker.retiring or self._slots.get(slot) is not worker:
            return
        self._last_failure = worker.failure
        self._variant.logs.write(stream, f"[clary] Worker {worker.pid} is gone: {worker.failure}.")
        if starting is not None and not starting.done():
            starting.set_exception(StartFailure(worker.failure))
        if slot not in self._ever_ready:
            return
        self._task(self._restart(slot, worker))

    async def _restart(self, slot: int, worker: WorkerProcess) -> None:
        """Bring a new one, at once after a good run, later and later after bad ones."""
        lasted = time.monotonic() - worker.started > _HEALTHY_SECONDS
        healthy = worker.loaded and (worker.served > 0 or lasted)
        delay = 0.0 if healthy else min(max(self._delays.get(slot, 0.0) * 2, _FIRST_DELAY), _LONGEST_DELAY)
        self._delays[slot] = delay
        # One that loaded and died over a request says nothing against those that wait: its successor can answer them.
        if not worker.loaded and not self.ready:
            self._give_up_waiting()
        await asyncio.sleep(delay)
        if self._closing or self._slots.get(slot) is not worker:
            return
        ready = self._launch(slot)
        launched = self._slots[slot]
        await asyncio.wait([ready], timeout=self._allowance)
        # Only the one launched here: by now the slot may be another's, which answers requests.
        if not ready.done() and self._slots.get(slot) is launched and not launched.loaded:
            launched.failure = f"it was not loaded within {self._allowance:.0f} s"
            launched.kill()

    def _give_up_waiting(self) -> None:
        while self._waiting:
            self._variant.fail(
                self._waiting.popleft(), 500, f"The model cannot be loaded again: {self._last_failure}"
            )

    async def _expire(self) -> None:
        """Requests that wait for a worker longer than an invocation may take."""
        while True:
            await asyncio.sleep(min(1.0, self._settings.timeout / 4))
            now = time.monotonic()
            while self._waiting and now - self._waiting[0].arrived > self._settings.timeout:
                request = self._waiting.popleft()
                if not request.gone:
                    self._variant.time_out(request)

    def _retire(self, worker: WorkerProcess) -> None:
        worker.retire()
        self._task(self._see_off(worker))

    async def _see_off(self, worker: WorkerProcess) -> None:
        while worker.state is State.BUSY:
            await asyncio.sleep(0.05)
        await worker.gone()

    def _stream(self, slot: int) -> str:
        return self._variant.logs.stream(slot // self._settings.per_instance)

    def _stream_of(self, worker: WorkerProcess) -> str:
        slot = next((slot for slot, one in self._slots.items() if one is worker), 0)
        return self._stream(slot)

    def _task(self, work: Any) -> None:
        task: asyncio.Task[None] = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
