"""Which file of an unpacked model.tar.gz is the model, and which is its code."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from clary.toolkits.inference.errors import ModelLoadError

Framework = Literal["onnx", "pytorch", "sklearn", "none"]

DEFAULT_PROGRAM = "inference.py"
_SUFFIXES: dict[Framework, tuple[str, ...]] = {
    "onnx": (".onnx",),
    "pytorch": (".pt", ".pth"),
    "sklearn": (".joblib", ".pkl", ".pickle"),
}


@dataclass(frozen=True)
class Layout:
    """`program`: the handler script, if there is one. `artifact`: the model file, of this `framework`, if there is one."""

    model_dir: Path
    program: Path | None
    framework: Framework
    artifact: Path | None

    @property
    def requirements(self) -> Path | None:
        path = self.model_dir / "code" / "requirements.txt"
        return path if path.is_file() else None


def inspect(model_dir: Path, environment: Mapping[str, str]) -> Layout:
    """Look into an unpacked model. Raises ModelLoadError when it has neither code nor a model file that Clary knows."""
    program = find_program(model_dir, environment)
    framework, artifact = find_artifact(model_dir)
    if program is None and artifact is None:
        found = sorted(str(path.relative_to(model_dir)) for path in model_dir.rglob("*") if path.is_file())
        listing = ", ".join(found[:8]) + (f" and {len(found) - 8} more" if len(found) > 8 else "")
        raise ModelLoadError(
            "The model archive has no code/inference.py and no single model file that can be served without code "
            f"(model.onnx, model.pt, model.joblib or model.pkl). It holds: {listing or 'nothing'}."
        )
    return Layout(model_dir, program, framework, artifact)


def find_program(model_dir: Path, environment: Mapping[str, str]) -> Path | None:
    """The script named by SAGEMAKER_PROGRAM, or ``code/inference.py``. Raises ModelLoadError when the named one is missing."""
    name = environment.get("SAGEMAKER_PROGRAM", "").strip()
    for folder in (model_dir / "code", model_dir):
        candidate = folder / (name or DEFAULT_PROGRAM)
        if candidate.is_file() and _inside(candidate, model_dir):
            return candidate
        if not name and folder == model_dir / "code":
            break  # without SAGEMAKER_PROGRAM only code/inference.py counts
    if name:
        raise ModelLoadError(
            f"SAGEMAKER_PROGRAM names {name!r}, but the model has no such file in code/. "
            "Put it there, or set SAGEMAKER_SUBMIT_DIRECTORY to the archive that has it."
        )
    return None


def find_artifact(model_dir: Path) -> tuple[Framework, Path | None]:
    """``model.<suffix>`` of the first framework that has one; else the only file with such a suffix at the top."""
    top = sorted(entry.name for entry in os.scandir(model_dir) if entry.is_file())
    for framework, suffixes in _SUFFIXES.items():
        for suffix in suffixes:
            if f"model{suffix}" in top:
                return framework, model_dir / f"model{suffix}"
    for framework, suffixes in _SUFFIXES.items():
        matching = [name for name in top if name.endswith(suffixes)]
        if len(matching) == 1:
            return framework, model_dir / matching[0]
    return "none", None


def _inside(path: Path, folder: Path) -> bool:
    return path.resolve().is_relative_to(folder.resolve())
