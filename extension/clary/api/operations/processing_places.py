"""What CreateProcessingJob accepts as inputs and outputs: checked before the job exists, so that a slip costs no run."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from clary.api.errors import validation
from clary.api.operations.resources import anything_at, refuse
from clary.objects import ObjectsError
from clary.toolkits.processing.inputs import manifest
from clary.toolkits.processing.layout import ROOT, normal

if TYPE_CHECKING:
    from clary.api.engine import Engine


def check_inputs(engine: Engine, inputs: list[dict[str, Any]]) -> None:
    """Raise the ValidationException for the first ProcessingInput that cannot be brought to the job."""
    _check_unique("InputName", "ProcessingInputs", (one["InputName"] for one in inputs))
    for one in inputs:
        name = one["InputName"]
        if "DatasetDefinition" in one:
            kinds = [key for key in one["DatasetDefinition"] if key.endswith("DatasetDefinition")]
            raise refuse(
                f"DatasetDefinition (input {name}: {', '.join(kinds) or 'empty'})",
                "Run the query first, store its result, and name that as an S3Input.",
            )
        if "S3Input" not in one:
            raise validation(f"ProcessingInput {name} needs exactly one of S3Input and DatasetDefinition.")
        source = one["S3Input"]
        if one.get("AppManaged"):
            continue
        _check_local_path(f"input {name}", source)
        if source.get("S3CompressionType") == "Gzip" and source.get("S3InputMode") != "Pipe":
            raise validation(
                f"S3CompressionType Gzip (input {name}) can only be used with S3InputMode Pipe. Use None: the files then come "
                "as they are."
            )
        _check_source(engine, name, source)


def check_outputs(engine: Engine, outputs: list[dict[str, Any]]) -> None:
    """Raise the ValidationException for the first ProcessingOutput that cannot be stored."""
    _check_unique("OutputName", "ProcessingOutputConfig.Outputs", (one["OutputName"] for one in outputs))
    for one in outputs:
        name = one["OutputName"]
        if "FeatureStoreOutput" in one:
            raise refuse(f"FeatureStoreOutput (output {name})", "Store files with an S3Output instead.")
        if "S3Output" not in one:
            raise validation(f"ProcessingOutput {name} needs exactly one of S3Output and FeatureStoreOutput.")
        if one.get("AppManaged"):
            continue
        target = one["S3Output"]
        _check_local_path(f"output {name}", target)
        try:
            location = engine.objects.resolve(target["S3Uri"])
            if location.kind == "s3":
                engine.objects.head_bucket(location.bucket)
        except ObjectsError as error:
            raise validation(
                f'The S3Uri "{target["S3Uri"]}" of output {name} cannot be used: {str(error).rstrip(".")}. Create the bucket '
                "first."
            ) from None


def check_paths(inputs: list[dict[str, Any]], outputs: list[dict[str, Any]]) -> None:
    """Each LocalPath may be there once: the files of two would mix."""
    seen: dict[str, str] = {}
    named = [(f"input {one['InputName']}", one, "S3Input") for one in inputs]
    named += [(f"output {one['OutputName']}", one, "S3Output") for one in outputs]
    for what, one, member in named:
        path = None if one.get("AppManaged") else normal(one[member]["LocalPath"])
        if path is None:
            continue
        if path in seen:
            raise validation(
                f'LocalPath must be unique: "{path}" is given for {seen[path]} and for {what}. Use a folder of its own for each.'
            )
        seen[path] = what


def _check_unique(member: str, where: str, names: Iterable[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if not name:
            raise validation(f"{member} must not be empty in {where}.")
        if name in seen:
            raise validation(f"{member} must be unique in {where}: {name} is there twice.")
        seen.add(name)


def _check_local_path(what: str, place: dict[str, Any]) -> None:
    path = place.get("LocalPath")
    if not path:
        raise validation(f"LocalPath is required ({what}) when AppManaged is False.")
    if normal(path) is None:
        raise validation(
            f'The LocalPath "{path}" of {what} must be a folder below {ROOT}, such as {ROOT}/{what.split()[0]}.'
        )


def _check_source(engine: Engine, name: str, source: dict[str, Any]) -> None:
    uri = source["S3Uri"]
    try:
        found = anything_at(engine, uri)
        if found and source["S3DataType"] == "ManifestFile":
            manifest(uri, engine.objects)
    except (ObjectsError, ValueError) as error:
        raise validation(f'The S3Uri "{uri}" of input {name} cannot be used: {error}') from None
    if not found:
        raise validation(
            f'No S3 objects found under S3 URL "{uri}" given in input {name}. Please ensure that the bucket exists in the '
            f"selected region ({engine.config.region}) and that objects exist under that S3 prefix."
        )
