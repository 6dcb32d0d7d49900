"""What AWS's framework containers do where a script leaves a handler function out."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

import numpy as np

from clary.toolkits.inference import codecs
from clary.toolkits.inference.errors import InferenceError, ModelLoadError
from clary.toolkits.inference.layout import Layout


def load_model(layout: Layout) -> Any:
    """The model file alone: TorchScript, joblib or pickle, ONNX. Raises ModelLoadError."""
    artifact = layout.artifact
    if artifact is None:
        raise ModelLoadError(
            f"{layout.program.name if layout.program else 'The script'} has no model_fn, and the model archive has no "
            "single model file that can be loaded without one (model.onnx, model.pt, model.joblib or model.pkl). "
            "Define model_fn(model_dir)."
        )
    loader = {"pytorch": _load_torchscript, "sklearn": _load_pickle, "onnx": _load_onnx}[layout.framework]
    return loader(artifact)


def _require(module: str, artifact: Path) -> None:
    if importlib.util.find_spec(module) is None:
        raise ModelLoadError(
            f"{artifact.name} needs {module}, which is not installed here: pip install {module}."
        )


def _load_torchscript(artifact: Path) -> Any:
    _require("torch", artifact)
    import torch

    try:
        model = torch.jit.load(str(artifact), map_location="cuda" if torch.cuda.is_available() else "cpu")
    except RuntimeError as error:
        raise ModelLoadError(
            f"{artifact.name} is not TorchScript ({str(error).splitlines()[0]}). Save it by torch.jit.script or "
            "torch.jit.trace, or, for a state_dict, add code/inference.py with a model_fn."
        ) from error
    return model.eval()


def _load_pickle(artifact: Path) -> Any:
    _require("joblib", artifact)
    import joblib

    try:
        model = joblib.load(artifact)
    except Exception as error:
        raise ModelLoadError(f"{artifact.name} cannot be loaded: {type(error).__name__}: {error}.") from error
    if not hasattr(model, "predict"):
        raise ModelLoadError(
            f"{artifact.name} holds a {type(model).__name__}, which has no predict method. Add code/inference.py."
        )
    return model


def _load_onnx(artifact: Path) -> Any:
    _require("onnxruntime", artifact)
    import onnxruntime

    return onnxruntime.InferenceSession(str(artifact), providers=["CPUExecutionProvider"])


def _torch_module(model: Any) -> bool:
    torch = sys.modules.get("torch")  # a model of torch cannot be there unless torch is
    return torch is not None and isinstance(model, torch.nn.Module)


def default_input(model: Any, body: bytes, content_type: str, *, without_code: bool = False) -> Any:
    """Decode by content type, then shape it as the framework's container does.

    A scikit-learn model without code takes ``{"instances": [...]}``, too, as SageMaker's own algorithms do.
    """
    data = codecs.decode(body, content_type)
    if without_code and isinstance(data, dict) and hasattr(model, "predict") and not _torch_module(model):
        rows = data.get("instances")
        data = codecs.to_array(rows) if isinstance(rows, list) else data
    text = codecs.essence(content_type) in codecs.UTF8_TYPES
    if _torch_module(model):
        import torch

        if isinstance(data, dict):
            return {name: _tensor(value, text) for name, value in data.items()}
        return _tensor(data, text).to("cuda" if torch.cuda.is_available() else "cpu")
    if isinstance(data, np.ndarray) and (hasattr(model, "predict") or hasattr(model, "get_inputs")):
        if text and data.dtype.kind in "iufb":
            data = data.astype(np.float32)
        if data.ndim == 1:
            data = data.reshape(1, -1)
    return data


def _tensor(value: Any, text: bool) -> Any:
    import torch

    array = np.asarray(value)
    if array.dtype.kind not in "iufbc":
        raise InferenceError(
            400, "The body holds values that are not numbers, which PyTorch's default input_fn cannot take."
        )
    return torch.from_numpy(np.array(array, dtype=np.float32) if text else np.array(array))


def default_predict(data: Any, model: Any) -> Any:
    """Call the model the way its framework is called. Raises InferenceError 500 when it is of no kind known here."""
    if _torch_module(model):
        import torch

        with torch.no_grad():
            model.eval()
            return model(**data) if isinstance(data, dict) else model(data)
    if hasattr(model, "predict"):
        return model.predict(data)
    if hasattr(model, "get_inputs") and hasattr(model, "run"):
        return _run_onnx(data, model)
    if callable(model):
        return model(data)
    raise InferenceError(
        500,
        f"model_fn returned a {type(model).__name__}, which Clary cannot call: define predict_fn(data, model).",
    )


def _run_onnx(data: Any, session: Any) -> Any:
    names = [item.name for item in session.get_inputs()]
    feeds = data if isinstance(data, dict) else {names[0]: data}
    results = session.run(None, feeds)
    outputs = [item.name for item in session.get_outputs()]
    return results[0] if len(results) == 1 else dict(zip(outputs, results, strict=True))


def default_output(prediction: Any, accept: str, default: str) -> tuple[bytes, str]:
    """Tensors become arrays; then the Accept header's codec. Raises InferenceError 406."""
    return codecs.encode(_detached(prediction), accept, default)


def _detached(value: Any) -> Any:
    if hasattr(value, "detach") and hasattr(value, "cpu"):
        return value.detach().cpu().numpy()
    if isinstance(value, dict):
        return {name: _detached(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_detached(item) for item in value]
    return value
