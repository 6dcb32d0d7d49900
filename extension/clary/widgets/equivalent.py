"""What Launch does, as code to copy: with ``clary.train``, or with boto3 alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from clary.sdk import packing
from clary.sdk.inputs import Input
from clary.sdk.request import training_request
from clary.widgets.settings import Settings

# Members of ``clary.train`` under their own names, in the order of the code that is shown.
_ORDER = (
    "entry", "inputs", "hyperparameters", "metrics", "instance_type", "instance_count", "requirements", "environment",
    "max_runtime", "spot", "max_wait", "retries", "checkpoints", "input_mode", "output", "network_isolation", "name",
)  # fmt: skip


_WIDTH = 88


def literal(value: Any, indent: int = 0) -> str:
    """A value as Python source, broken into lines where it would be too long."""
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, Input):
        more = {key: one for key, one in vars(value).items() if one != getattr(Input(""), key)}
        more.pop("source", None)
        parts = [literal(str(value.source)), *(f"{key}={literal(one)}" for key, one in more.items())]
        return f"clary.Input({', '.join(parts)})"
    if isinstance(value, dict):
        return _broken(
            "{", [f"{literal(key)}: {literal(one, indent + 4)}" for key, one in value.items()], "}", indent
        )
    if isinstance(value, list):
        return _broken("[", [literal(one, indent + 4) for one in value], "]", indent)
    return repr(value)


def _quoted(text: str) -> str:
    """With double quotes; raw where that spares the reader doubled backslashes (a regex)."""
    if "\\" in text and '"' not in text and text.isprintable() and not text.endswith("\\"):
        return f'r"{text}"'
    return json.dumps(text, ensure_ascii=False) if text.replace("\n", "").isprintable() else repr(text)


def _broken(start: str, items: list[str], end: str, indent: int) -> str:
    line = start + ", ".join(items) + end
    if len(line) + indent <= _WIDTH and "\n" not in line:
        return line
    space = "\n" + " " * (indent + 4)
    return start + "".join(f"{space}{item}," for item in items) + "\n" + " " * indent + end


def sdk_code(settings: Settings) -> str:
    """The ``clary.train`` call that does what Launch does."""
    values = settings.plain()
    source = values.pop("source", "train.py")
    lines = [f"    {literal(source)},"]
    for name in _ORDER:
        if name in values:
            lines.append(f"    {name}={literal(values[name], 4)},")
    return "import clary\n\njob = clary.train(\n" + "\n".join(lines) + "\n)\njob.wait(logs=True)"


def boto3_code(settings: Settings, bucket: str) -> str:
    """The same with boto3 alone: code and data stored, then CreateTrainingJob."""
    name = settings.name or packing.new_name(Path(settings.source or "train").stem)
    source = settings.source or "train.py"
    program, code, lines = settings.entry or Path(source).name, source, []
    if not packing.is_address(source):
        path = Path(source).expanduser()
        key = f"{name}/source/sourcedir.tar.gz"
        code = f"s3://{bucket}/{key}"
        if path.is_dir() and settings.entry is None:
            program = _entry(path)
        lines = [
            "archive = io.BytesIO()",
            'with tarfile.open(fileobj=archive, mode="w:gz") as tar:',
            f"    tar.add({literal(source)}, arcname={literal('.' if path.is_dir() else path.name)})",
            *_requirements(settings),
            f"s3.put_object(Bucket={literal(bucket)}, Key={literal(key)}, Body=archive.getvalue())",
        ]
    channels: list[dict[str, Any]] = []
    for channel, one in settings.inputs.items():
        address, upload = _stored(one, bucket, f"{name}/input/{channel}")
        channels.append(one.channel(channel, address))
        lines += upload
    request = training_request(
        name,
        program,
        code,
        output=settings.output or f"s3://{bucket}/",
        channels=channels,
        hyperparameters=settings.hyperparameters,
        metrics=settings.metrics,
        instance_type=settings.instance_type,
        instance_count=settings.instance_count,
        environment=settings.environment,
        max_runtime=settings.max_runtime,
        spot=settings.spot,
        max_wait=settings.max_wait,
        retries=settings.retries,
        checkpoints=settings.checkpoints,
        input_mode=settings.input_mode,
        network_isolation=settings.network_isolation,
        tags={},
    )
    body = [f"    {key}={literal(value, 4)}," for key, value in request.items()]
    return "\n".join([*_imports(lines), *lines, "", "sagemaker.create_training_job(", *body, ")"])


def _imports(lines: list[str]) -> list[str]:
    """What the lines use."""
    text = "\n".join(lines)
    found = [f"import {name}" for name in ("io", "tarfile") if f"{name}." in text]
    found += ["from pathlib import Path"] if "Path(" in text else []
    found += [""] if found else []
    found += ["import boto3", "", 'sagemaker = boto3.client("sagemaker")']
    return [*found, 's3 = boto3.client("s3")'] if "s3." in text else found


def _entry(folder: Path) -> str:
    try:
        return packing.find_entry(folder, None)[1]
    except (OSError, ValueError):
        return "train.py"


def _requirements(settings: Settings) -> list[str]:
    """Lines that put requirements.txt into the archive."""
    wanted = settings.requirements
    if wanted is None:
        return []
    if isinstance(wanted, str):
        return [f'    tar.add({literal(wanted)}, arcname="requirements.txt")']
    text = "".join(f"{one}\n" for one in wanted)
    return [
        f"    wanted = {literal(text)}.encode()",
        '    member = tarfile.TarInfo("requirements.txt")',
        "    member.size = len(wanted)",
        "    tar.addfile(member, io.BytesIO(wanted))",
    ]


def _stored(one: Input, bucket: str, prefix: str) -> tuple[str, list[str]]:
    """Where an input is, and the lines that upload a local one."""
    text = str(one.source)
    if packing.is_address(text):
        return text, []
    path = Path(text).expanduser()
    if path.is_file():
        key = f"{prefix}/{path.name}"
        return f"s3://{bucket}/{key}", [f"s3.upload_file({literal(text)}, {literal(bucket)}, {literal(key)})"]
    return f"s3://{bucket}/{prefix}/", [
        f'for file in Path({literal(text)}).rglob("*"):',
        "    if file.is_file():",
        f"        key = {literal(prefix + '/')} + file.relative_to({literal(text)}).as_posix()",
        f"        s3.upload_file(str(file), {literal(bucket)}, key)",
    ]
