"""All channels of a CreateTrainingJob request, brought to one of its hosts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from clary.objects import Objects, ObjectsError
from clary.runner.isolation import Isolation
from clary.toolkits.training import cluster
from clary.toolkits.training.channels import copying, fastfile
from clary.toolkits.training.channels.augmented import AugmentedManifest
from clary.toolkits.training.channels.errors import DataError, disk_text, nothing_found
from clary.toolkits.training.channels.pipes import Pipe, Pipes
from clary.toolkits.training.channels.progress import Progress
from clary.toolkits.training.channels.sharing import Order, Share
from clary.toolkits.training.channels.sources import Found, Source, find
from clary.toolkits.training.channels.streams import LineStream, ObjectStream, Stream, Wrapping
from clary.toolkits.training.errors import JobFailure
from clary.toolkits.training.layout import Layout

Thing = TypeVar("Thing")


def bring(
    request: Mapping[str, Any],
    layout: Layout,
    objects: Objects,
    isolation: Isolation,
    region: str,
    report: Callable[[str], None],
    resources: Mapping[str, Any] | None = None,
    room: Path | None = None,
    announce: Callable[[str], None] = lambda _: None,
) -> Pipes:
    """Make every channel of the request that this host gets readable below ``layout.data``.

    File mode gives the job files of its own, FastFile mode shows the objects themselves, read-only; what Pipe mode needs while
    the program runs is returned. ``report`` is told what is being fetched, ``announce`` how far that is. resources: what
    resourceconfig.json says on this host. room: a folder of the host's own beside ``/opt/ml``, removed with it; without one
    File mode copies. Raises JobFailure with AWS's words.
    """
    if resources is None:
        resources = cluster.resource_config(request)
    algorithm_mode = (request.get("AlgorithmSpecification") or {}).get("TrainingInputMode") or "File"
    bringer = _Bringer(layout, objects, isolation, region, report, room, announce)
    pipes: list[Pipe] = []
    for channel in request.get("InputDataConfig") or ():
        hosts = cluster.channel_hosts(channel, resources)
        if resources["current_host"] not in hosts:
            continue
        mode = channel.get("InputMode") or algorithm_mode
        try:
            pipe = bringer.bring(channel, mode, resources["current_host"], hosts)
        except (DataError, ObjectsError) as error:
            raise JobFailure(f"ClientError: Data download failed: {error}") from None
        except OSError as error:
            text = disk_text(channel["ChannelName"], error)
            raise JobFailure(f"ClientError: Data download failed: {text}") from error
        if pipe is not None:
            pipes.append(pipe)
    return Pipes(pipes)


@dataclass(frozen=True)
class _Bringer:
    layout: Layout
    objects: Objects
    isolation: Isolation
    region: str
    report: Callable[[str], None]
    room: Path | None
    announce: Callable[[str], None]

    def bring(self, channel: Mapping[str, Any], mode: str, host: str, hosts: list[str]) -> Pipe | None:
        name = channel["ChannelName"]
        if name in (".", ".."):
            raise DataError(f"A channel cannot be named {name!r}.")
        said = (channel.get("DataSource") or {}).get("S3DataSource")
        if not said:
            raise DataError(f"Channel {name!r} has no S3DataSource, the only source offered.")
        source = Source.of(said)
        order = Order(
            Share.of(host, hosts, sharded=source.sharded), (channel.get("ShuffleConfig") or {}).get("Seed")
        )
        target = self.layout.channel(name)
        if mode == "Pipe":
            wrapping = Wrapping(
                channel.get("CompressionType") == "Gzip", channel.get("RecordWrapperType") == "RecordIO"
            )
            return Pipe(name, target, self._stream(name, source, order, wrapping))
        if source.kind not in ("S3Prefix", "ManifestFile"):
            raise DataError(f"S3DataType {source.kind} can only be used if the channel's input mode is Pipe.")
        if mode == "FastFile":
            self._show(name, source, order, target)
            return None
        found = list(order.of(self._found(source, order.share)))
        self.report(f"Downloading channel {name}: {len(found)} object(s) from {source.uri}")
        room = self.room / name if self.room else None
        progress = Progress(name, len(found), self.report, self.announce)
        copying.own(found, target, room, self.objects, self.isolation, progress)
        return None

    def _show(self, name: str, source: Source, order: Order, target: Path) -> None:
        if source.kind == "S3Prefix" and not source.sharded:
            folder = self._looked_for(source, lambda: fastfile.whole_folder(source.uri, self.objects))
            if folder is not None and fastfile.show_folder(folder, target, self.isolation):
                self.report(f"Showing channel {name}: {source.uri}")
                return
        found = list(order.of(self._found(source, order.share)))
        self.report(f"Showing channel {name}: {len(found)} object(s) of {source.uri}")
        fastfile.show(found, target, self.isolation)

    def _stream(self, name: str, source: Source, order: Order, wrapping: Wrapping) -> Stream:
        stream: Stream
        if source.kind == "AugmentedManifestFile":
            manifest = self._looked_for(
                source, lambda: AugmentedManifest(source.uri, source.attributes, self.objects)
            )
            offsets = list(manifest.lines())
            order.share.check(len(offsets), source.uri)
            count, what = len(offsets), "line(s)"
            stream = LineStream(manifest, offsets, order, wrapping)
        else:
            found = self._found(source, order.share)
            count, what = len(found), "object(s)"
            stream = ObjectStream([path for _, path in found], order, wrapping)
        part = f", shared by {order.share.count} hosts" if order.share.count > 1 else ""
        self.report(f"Streaming channel {name}: {count} {what} of {source.uri}{part}")
        return stream

    def _found(self, source: Source, share: Share) -> Found:
        found = self._looked_for(source, lambda: find(source, self.objects))
        share.check(len(found), source.uri)
        return found

    def _looked_for(self, source: Source, look: Callable[[], Thing]) -> Thing:
        """What ``look`` finds; where there is nothing, AWS's words for that."""
        try:
            return look()
        except ObjectsError as error:
            if error.code not in ("NoSuchBucket", "NoSuchKey"):
                raise
            text = str(nothing_found(source.uri, self.region))
            raise DataError(f"{text} ({error})" if error.code == "NoSuchBucket" else text) from None
