"""ONNX models inside the endpoint process: on the event loop's own thread, or by runner threads when they are slower."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path

from clary.serving.batches import Batcher, Outcome, Work
from clary.serving.http import Request
from clary.serving.measure import Plan, prepare
from clary.serving.variant import Backend, StartFailure, Variant
from clary.toolkits.inference import codecs
from clary.toolkits.inference.errors import ModelLoadError

# Decoding a body of this size takes longer than everything else the loop does for a request.
_BIG_BODY = 32_768
_LONGEST_QUEUE = 10_000
_ANSWER_SECONDS = 60.0
LATE = -1  # an outcome's status: it waited too long to be worked on


class OnnxBackend(Backend):
    """Requests that come in one turn of the loop form a batch; big bodies and slow models go to threads."""

    def __init__(self, variant: Variant, path: Path, cpus: int, default_accept: str = codecs.JSON) -> None:
        self._variant = variant
        self._path = path
        self._cpus = cpus
        self._default = default_accept
        self._pending: list[Work] = []
        self._threads: RunnerThreads | None = None
        self._batcher: Batcher | None = None
        self._plan: Plan | None = None

    async def start(self, allowance: float) -> None:
        loop = asyncio.get_running_loop()
        try:
            model, plan = await asyncio.wait_for(
                loop.run_in_executor(None, prepare, self._path, self._cpus), allowance
            )
        except ModelLoadError as error:
            raise StartFailure(str(error)) from error
        except TimeoutError:
            raise StartFailure(f"The model was not loaded within {allowance:.0f} s.") from None
        self._plan = plan
        self._batcher = Batcher(model, plan.max_rows, self._default)
        self._threads = RunnerThreads(self._batcher, plan.runners, plan.max_rows, self._deliver)
        self._variant.logs.write(
            self._variant.logs.first_stream, f"[clary] {self._path.name} is loaded: {plan}."
        )

    def submit(self, request: Request) -> None:
        headers = request.headers
        work = Work(
            request,
            request.body,
            headers.get(b"content-type", b""),
            headers.get(b"accept", b""),
        )
        assert self._plan is not None
        assert self._threads is not None
        if self._plan.on_loop and len(work.body) < _BIG_BODY:
            self._pending.append(work)
            if len(self._pending) == 1:
                asyncio.get_running_loop().call_soon(self._turn)
        elif self._threads.waiting >= _LONGEST_QUEUE:
            self._variant.unavailable(request, "Too many requests are waiting for the model; try again.")
        else:
            self._threads.put(work)

    async def scale(self, instances: int) -> None:
        return  # one session serves every instance: it uses the machine's cores already

    async def close(self) -> None:
        if self._threads is not None:
            self._threads.close()

    @property
    def ready(self) -> bool:
        return self._batcher is not None

    def _turn(self) -> None:
        works, self._pending = self._pending, []
        assert self._batcher is not None
        self._deliver(self._batcher.process(works))

    def _deliver(self, outcomes: list[Outcome]) -> None:
        variant = self._variant
        for outcome in outcomes:
            if outcome.token.gone:
                continue
            if outcome.status == LATE:
                variant.time_out(outcome.token)
            elif outcome.status == 200:
                variant.succeed(outcome.token, outcome.content_type, outcome.body)
            else:
                message = outcome.body.decode("utf-8", "replace")
                variant.logs.write(variant.logs.first_stream, f"[clary] {outcome.status}: {message}")
                variant.fail(outcome.token, outcome.status, message)


class RunnerThreads:
    """Threads that each take whatever is queued, up to a batch; nobody waits for a batch to fill."""

    def __init__(
        self, batcher: Batcher, count: int, max_batch: int, deliver: Callable[[list[Outcome]], None]
    ) -> None:
        self._batcher = batcher
        self._max = max_batch
        self._deliver = deliver
        self._loop = asyncio.get_running_loop()
        self._queue: deque[Work] = deque()
        self._wake = threading.Condition()
        self._closed = False
        self._started = False
        self._count = count

    @property
    def waiting(self) -> int:
        return len(self._queue)

    def put(self, work: Work) -> None:
        """Queue one request's work, from the loop's thread."""
        if not self._started:  # a model that is always quick never needs them
            self._started = True
            for index in range(self._count):
                threading.Thread(target=self._run, name=f"runner-{index}", daemon=True).start()
        with self._wake:
            self._queue.append(work)
            self._wake.notify()

    def close(self) -> None:
        with self._wake:
            self._closed = True
            self._wake.notify_all()

    def _run(self) -> None:
        while True:
            with self._wake:
                while not self._queue and not self._closed:
                    self._wake.wait()
                if not self._queue:
                    return
                share = min(self._max, -(-len(self._queue) // self._count))  # leave the other runners theirs
                works = [self._queue.popleft() for _ in range(share)]
            self._loop.call_soon_threadsafe(self._deliver, self._work(works))

    def _work(self, works: list[Work]) -> list[Outcome]:
        """Leave out whom nobody waits for any more, and who has waited longer than an invocation may take."""
        oldest = time.monotonic() - _ANSWER_SECONDS
        late = [Outcome(work.token, LATE, "", b"") for work in works if work.token.arrived < oldest]
        return late + self._batcher.process(
            [work for work in works if not work.token.gone and work.token.arrived >= oldest]
        )
