"""The endpoint process: holds one generation's connections and models from warm-up to the last answer."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from clary import signing
from clary.config import Config
from clary.home import Home
from clary.serving import addresses
from clary.serving.deployment import Builder, Deployment
from clary.serving.dispatch import Dispatcher
from clary.serving.draining import Drain
from clary.serving.forwarding import Unreachable, forward
from clary.serving.front import Front
from clary.serving.gate import Gate
from clary.serving.http import HttpServer, Request, status_line
from clary.serving.instance_logs import log_group
from clary.serving.limits import Limits
from clary.serving.loops import run
from clary.serving.passing import Receiver, raise_descriptor_limit
from clary.serving.records import Record, job_name, summaries
from clary.serving.tending import Tender
from clary.serving.variant import StartFailure, Variant
from clary.store import Store

_SUMMARY_SECONDS = 5.0
_MOST_STARTS = 3
# Long enough for the processes that replaced each other to hand over what is idle.
_HANDOVER_SECONDS = 5.0
_T = TypeVar("_T")


class EndpointProcess:
    """One generation of one endpoint."""

    def __init__(self, home: Home, config: Config, deployment: Deployment) -> None:
        self._home = home
        self._deployment = deployment
        self._name = deployment.endpoint
        self._store = Store(home)
        self._record = Record(self._store, deployment.endpoint, deployment.generation)
        self._builder = Builder(home, config, deployment)
        self._tender = Tender(home, config, self._store)
        self._dispatcher = Dispatcher(self._name)
        gate = Gate(signing.load_or_mint(home))
        self._front = Front(home, gate, config.account_id, self._name, self._dispatcher.invoke)
        self._front.ready = lambda: self._dispatcher.ready
        self._front.control = self._control
        self._server = HttpServer(self._front.handle, Limits(body=config.max_body_mb * 2**20))
        self._folder = addresses.make_process_folder(home, self._name, deployment.generation)
        self._receiver: Receiver | None = None
        self._drain: Drain | None = None
        self._stop = asyncio.Event()
        self._reloading = asyncio.Lock()
        self._tasks: set[asyncio.Task[Any]] = set()
        self.exit_code = 0

    async def run(self) -> None:
        """Warm up, take over, serve, drain. Sets `exit_code`: 0 when there is nothing to be restarted for."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop.set)
        try:
            if not await self._warm_up():
                return
            self._receiver = Receiver(
                self._folder, lambda descriptor, trusted: self._server.adopt(descriptor, trusted=trusted)
            )
            await self._server.listen_unix(str(self._folder / "http"))
            self._server.start()
            if not await self._take_over():
                return
            self._task(self._summarize())
            self._task(self._reload())  # what was asked for while the sockets were not there yet
            self._tender.start(self._stop.set)
            await self._stop.wait()
            await self._leave()
        finally:
            self._tender.stop()
            for task in list(self._tasks):
                task.cancel()
            for variant in self._variants:
                with contextlib.suppress(Exception):
                    await variant.backend.close()
                variant.logs.close()
            if self._receiver is not None:
                self._receiver.close()
            await self._server.close()
            addresses.deactivate(self._home, self._name, self._folder)
            addresses.remove_folder(self._folder)

    async def _warm_up(self) -> bool:
        """Start every variant; False when that failed (and is on record) or was called off."""
        try:
            starts = await self._in_thread(self._record.starting)
            if starts > _MOST_STARTS:
                raise StartFailure(
                    f"The process of the endpoint died {starts - 1} times while it was starting, without a word: killed for its "
                    f"memory, or by a crash in a model's native code. Please check the log group {log_group(self._name)}."
                )
            variants = self._builder.variants()
            self._dispatcher.variants = {variant.name: variant for variant in variants}
            wanted = await self._in_thread(self._record.desired)
            for variant in variants:
                self._adopt_desired(variant, wanted.get(variant.name, {}))
                variant.weight, variant.instances = variant.desired_weight, variant.desired_instances
            starting = [asyncio.ensure_future(self._builder.start(variant)) for variant in variants]
            stopping = asyncio.ensure_future(self._stop.wait())
            try:
                await self._all_or_first_failure(starting, stopping)
            finally:
                for task in (*starting, stopping):
                    task.cancel()
            if self._stop.is_set():
                return False
            self._dispatcher.weigh()
        except Exception as error:
            if not isinstance(error, StartFailure):
                traceback.print_exc()
            print(
                f"Generation {self._deployment.generation} cannot serve: {error}", file=sys.stderr, flush=True
            )
            reason = str(error) if isinstance(error, StartFailure) else f"InternalError: {error!r}"
            again = await self._in_thread(lambda: self._record.failed(reason))
            self.exit_code = 1 if again else 0
            return False
        return True

    @staticmethod
    async def _all_or_first_failure(
        starting: Sequence[asyncio.Future[None]], stopping: asyncio.Future[Any]
    ) -> None:
        left: set[asyncio.Future[Any]] = set(starting)
        while left and not stopping.done():
            done, _ = await asyncio.wait({*left, stopping}, return_when=asyncio.FIRST_COMPLETED)
            for task in done - {stopping}:
                left.discard(task)
                task.result()

    async def _take_over(self) -> bool:
        """Flip the traffic to this process, have the old one give up its idle connections, then say InService."""
        before = addresses.active_folder(self._home, self._name)
        shown = self._summaries()
        wanted = await self._in_thread(
            lambda: self._record.take_over(
                self._deployment.config_name,
                shown,
                lambda: addresses.activate(self._home, self._name, self._folder),
            )
        )
        if not wanted:
            print("This generation is not wanted any more.", flush=True)
            return False
        if before is not None and before != self._folder:
            with contextlib.suppress(Unreachable, TimeoutError):
                await asyncio.wait_for(
                    forward(before, b"POST", b"/control/drain", {}, b""), _HANDOVER_SECONDS
                )
        replaced = await self._in_thread(self._record.in_service)
        for generation in replaced:
            await self._in_thread(partial(self._tender.stop_job, job_name(self._name, generation)))
        print(f"Generation {self._deployment.generation} of endpoint {self._name} is in service.", flush=True)
        return True

    async def _leave(self) -> None:
        """Give every connection away, or finish it; nothing is answered with an error because of us."""
        assert self._receiver is not None
        addresses.deactivate(self._home, self._name, self._folder)
        drain = self._drain or Drain(self._home, self._name, self._server)
        await drain.run(self._receiver)

    def _control(self, path: bytes, request: Request) -> bool:
        """Orders from other processes of this home; they can only come by our Unix socket."""
        if path == b"drain":
            if self._drain is None:
                self._drain = Drain(self._home, self._name, self._server)
            self._drain.hand_over_idle()
            self._task(self._drain.keep_handing_over())
            request.keep_alive = False
            request.reply(status_line(200), b"")
            return True
        if path == b"reload":
            self._task(self._reload())
            request.reply(status_line(200), b"")
            return True
        return False

    @property
    def _variants(self) -> list[Variant]:
        return list(self._dispatcher.variants.values())

    # weights and capacities

    async def _reload(self) -> None:
        """Bring the weights and counts that the document asks for into force."""
        async with self._reloading:
            wanted = await self._in_thread(self._record.desired)
            for variant in self._variants:
                self._adopt_desired(variant, wanted.get(variant.name, {}))
            self._dispatcher.weigh()
            failure = ""
            for variant in self._variants:
                if variant.instances != variant.desired_instances:
                    try:
                        await variant.backend.scale(variant.desired_instances)
                        variant.instances = variant.desired_instances
                    except StartFailure as error:
                        failure = f"Variant {variant.name} could not be scaled to {variant.desired_instances} instances: {error}"
                        variant.desired_instances = variant.instances
            shown = self._summaries()
            await self._in_thread(lambda: self._record.reloaded(shown, failure))

    @staticmethod
    def _adopt_desired(variant: Variant, wanted: dict[str, Any]) -> None:
        variant.desired_weight = float(wanted.get("DesiredWeight", variant.desired_weight))
        variant.desired_instances = int(wanted.get("DesiredInstanceCount", variant.desired_instances))

    def _summaries(self) -> list[dict[str, Any]]:
        images = {}
        for entry in self._deployment.config["ProductionVariants"]:
            model = self._deployment.models.get(entry.get("ModelName", ""), {})
            container: dict[str, Any] = model.get("PrimaryContainer") or next(
                iter(model.get("Containers") or []), {}
            )
            images[entry["VariantName"]] = container.get("Image", "")
        return summaries(self._variants, images)

    # the rest

    async def _summarize(self) -> None:
        while True:
            await asyncio.sleep(_SUMMARY_SECONDS)
            for variant in self._variants:
                variant.logs.summarize()

    def _task(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    @staticmethod
    async def _in_thread(function: Callable[[], _T]) -> _T:
        """The store's disk must not hold up requests."""
        return await asyncio.get_running_loop().run_in_executor(None, function)


async def _serve(home: Home, config: Config, deployment: Deployment, code: list[int]) -> None:
    process = EndpointProcess(home, config, deployment)
    await process.run()
    code.append(process.exit_code)


def main(attempt_dir: Path) -> int:
    """Entry of the job of kind ``endpoint``."""
    from clary.runner.child import load_spec

    return serve(load_spec(attempt_dir).payload)


def serve(payload: dict[str, Any]) -> int:
    """Serve what the payload says until SIGTERM; returns the exit code."""
    home = Home.locate(payload["home"])
    raise_descriptor_limit()
    code: list[int] = []
    started = time.monotonic()
    run(_serve(home, Config.load(home), Deployment.from_payload(payload), code))
    print(f"Endpoint process {os.getpid()} ends after {time.monotonic() - started:.1f} s.", flush=True)
    return code[0] if code else 1
