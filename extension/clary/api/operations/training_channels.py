"""What CreateTrainingJob accepts as InputDataConfig: checked before the job exists, so that a slip costs no run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from clary.api.errors import validation
from clary.api.operations.resources import anything_at, refuse
from clary.objects import ObjectsError

if TYPE_CHECKING:
    from clary.api.engine import Engine


def check_channels(engine: Engine, request: dict[str, Any]) -> None:
    """Raise the ValidationException for the first channel of a CreateTrainingJob request that cannot be brought to the job."""
    names = [channel["ChannelName"] for channel in request.get("InputDataConfig", [])]
    if len(set(names)) < len(names):
        raise validation(f"Channel names must be unique in InputDataConfig: {', '.join(names)}.")
    for channel in request.get("InputDataConfig", []):
        _check_channel(engine, channel, request["AlgorithmSpecification"]["TrainingInputMode"])


def _check_channel(engine: Engine, channel: dict[str, Any], input_mode: str) -> None:
    name = channel["ChannelName"]
    if channel.get("InputMode", input_mode) == "Pipe":
        raise refuse(f"InputMode Pipe (channel {name})", "Use FastFile, which reads the objects in place.")
    source = channel["DataSource"].get("S3DataSource")
    if source is None:
        raise refuse(
            f"A DataSource other than S3DataSource (channel {name})",
            "Name the files with an s3:// or file:// URI.",
        )
    if source["S3DataType"] != "S3Prefix":
        raise refuse(f"S3DataType {source['S3DataType']} (channel {name})", "Use S3Prefix.")
    if channel.get("CompressionType", "None") != "None":
        raise refuse(
            f"CompressionType {channel['CompressionType']} (channel {name})", "Unpack the objects first."
        )
    if "ShuffleConfig" in channel:
        raise refuse(f"ShuffleConfig (channel {name})", "Shuffle in the training script.")
    if channel.get("RecordWrapperType", "None") != "None":
        raise refuse(
            f"RecordWrapperType {channel['RecordWrapperType']} (channel {name})",
            "Write RecordIO files first.",
        )
    uri = source["S3Uri"]
    try:
        found = anything_at(engine, uri)
    except ObjectsError as error:
        raise validation(
            f'The S3 URL "{uri}" given in input data source (channel {name}) cannot be used: {error}'
        ) from None
    if not found:
        raise validation(
            f'No S3 objects found under S3 URL "{uri}" given in input data source (channel {name}). Please ensure that the '
            f"bucket exists in the selected region ({engine.config.region}) and that objects exist under that S3 prefix."
        )
