"""A model's handler functions, found in its script and called as AWS's inference toolkit calls them."""

from __future__ import annotations

import contextlib
import importlib.util
import inspect as introspection
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from clary.toolkits.inference import codecs, defaults
from clary.toolkits.inference.context import Context
from clary.toolkits.inference.errors import InferenceError, ModelLoadError
from clary.toolkits.inference.layout import Layout

_NAMES = (
    "model_fn",
    "input_fn",
    "predict_fn",
    "output_fn",
    "transform_fn",
    "pre_model_fn",
    "model_warmup_fn",
)
_STEPS = ("input_fn", "predict_fn", "output_fn")


@dataclass(frozen=True)
class Answer:
    """What goes back to the client: `status` is the model container's, 200 unless a handler set another."""

    status: int
    content_type: str
    body: bytes
    custom_attributes: str | None = None


class Handlers:
    """Loads a model once, then answers requests one at a time. `model_dir` is the path that scripts see."""

    def __init__(self, layout: Layout, environment: Mapping[str, str]) -> None:
        self._layout = layout
        self._accept = environment.get("SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT") or codecs.JSON
        self._functions: dict[str, Callable[..., Any]] = {}
        self._model: Any = None

    def load(self) -> None:
        """Import the script and load the model. Raises ModelLoadError, or whatever the script itself raises."""
        model_dir = str(self._layout.model_dir)
        if self._layout.program is not None:
            self._functions = _functions_of(import_script(self._layout.program, self._layout.model_dir))
        context = Context(model_dir)
        self._call_if_given("pre_model_fn", model_dir, context)
        if "model_fn" in self._functions:
            self._model = _call(self._functions["model_fn"], model_dir, context)
        elif "transform_fn" in self._functions and self._layout.artifact is None:
            self._model = None
        else:
            self._model = defaults.load_model(self._layout)
        self._call_if_given("model_warmup_fn", model_dir, self._model, context)

    def answer(
        self, body: bytes, content_type: str, accept: str, headers: dict[str, str], request_id: str
    ) -> Answer:
        """One request through the handlers. Never raises: what goes wrong becomes an Answer with an error status."""
        context = Context(str(self._layout.model_dir), headers, request_id)
        try:
            result, name = self._run(body, content_type or codecs.JSON, accept, context)
            return Answer(
                context.status or 200, context.content_type or name, result, context.custom_attributes
            )
        except Exception as error:
            status, message = _status_of(error)
            trace = traceback.format_exc()
            if not isinstance(error, InferenceError):
                print(trace, file=sys.stderr, flush=True)
                message = f"{message}\n{trace}"
            return Answer(status, "text/plain", message.encode("utf-8", "replace"))

    def _run(self, body: bytes, content_type: str, accept: str, context: Context) -> tuple[bytes, str]:
        if accept in ("", "*/*"):
            accept = self._accept
        given = _text_or_bytes(body, content_type)
        functions = self._functions
        if "transform_fn" in functions:
            return self._result(
                "transform_fn",
                _call(functions["transform_fn"], self._model, given, content_type, accept, context),
                accept,
            )
        if "input_fn" in functions:
            data = _call(functions["input_fn"], given, content_type, context)
        else:
            with _hinting(body, content_type):
                data = defaults.default_input(self._model, body, content_type, without_code=not functions)
        if "predict_fn" in functions:
            prediction = _call(functions["predict_fn"], data, self._model, context)
        elif "input_fn" in functions:
            prediction = defaults.default_predict(data, self._model)
        else:
            with _hinting(body, content_type):
                prediction = defaults.default_predict(data, self._model)
        if "output_fn" in functions:
            return self._result(
                "output_fn", _call(functions["output_fn"], prediction, accept, context), accept
            )
        return defaults.default_output(prediction, accept, self._accept)

    def _call_if_given(self, name: str, *arguments: Any) -> None:
        if name in self._functions:
            _call(self._functions[name], *arguments)

    def _result(self, name: str, result: Any, accept: str) -> tuple[bytes, str]:
        """A handler may return the body, or the body with its content type."""
        content_type = self._accept if accept in ("", "*/*") else accept
        if isinstance(result, tuple) and len(result) == 2 and isinstance(result[1], str):
            result, content_type = result
        if isinstance(result, str):
            return result.encode(), content_type
        if isinstance(result, bytes | bytearray | memoryview):
            return bytes(result), content_type
        raise InferenceError(
            500,
            f"{name} returned a {type(result).__name__}; it must return the body (str or bytes), or (body, content type).",
        )


class _Hinted(Exception):
    """A default handler's error with the likely cause before it."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status_code = status


@contextlib.contextmanager
def _hinting(body: bytes, content_type: str) -> Iterator[None]:
    """Say first what is probably wrong with the body, when a default handler could not work with it."""
    try:
        yield
    except Exception as error:
        header = codecs.header_line(body) if codecs.essence(content_type) == codecs.CSV else None
        if header is None:
            raise
        shown = header if len(header) <= 100 else f"{header[:100]}..."
        status, message = _status_of(error)
        text = f'The CSV body seems to begin with a header line ("{shown}"); send rows of numbers only.\n{message}'
        kind = InferenceError if isinstance(error, InferenceError) else _Hinted
        raise kind(status, text) from error


def import_script(program: Path, model_dir: Path) -> ModuleType:
    """Import the script under its own name, its folder and ``code/`` on the path."""
    for folder in (model_dir / "code", program.parent):
        if str(folder) not in sys.path and folder.is_dir():
            sys.path.insert(0, str(folder))
    spec = importlib.util.spec_from_file_location(program.stem, program)
    if spec is None or spec.loader is None:
        raise ModelLoadError(
            f"{program.name} is not a Python script: SAGEMAKER_PROGRAM must name a .py file."
        )
    module = importlib.util.module_from_spec(spec)
    sys.modules[program.stem] = module
    spec.loader.exec_module(module)
    return module


def _functions_of(module: ModuleType) -> dict[str, Callable[..., Any]]:
    functions = {name: getattr(module, name) for name in _NAMES if hasattr(module, name)}
    for name, function in functions.items():
        if not callable(function):
            raise ModelLoadError(
                f"{name} in {module.__name__}.py is a {type(function).__name__}, not a function."
            )
    clash = [name for name in _STEPS if name in functions]
    if "transform_fn" in functions and clash:
        raise ModelLoadError(
            f"Cannot use transform_fn implementation in conjunction with {', '.join(_STEPS)}: "
            f"{module.__name__}.py defines transform_fn and {', '.join(clash)}. Keep one or the other."
        )
    return functions


def _call(function: Callable[..., Any], *arguments: Any) -> Any:
    """Call with the context as the last argument if the function takes that many, else without it."""
    try:
        parameters = introspection.signature(function).parameters.values()
    except (TypeError, ValueError):
        return function(*arguments[:-1])
    positional = [
        item for item in parameters if item.kind in (item.POSITIONAL_ONLY, item.POSITIONAL_OR_KEYWORD)
    ]
    takes_context = len(positional) == len(arguments)
    return function(*(arguments if takes_context else arguments[:-1]))


def _text_or_bytes(body: bytes, content_type: str) -> str | bytes:
    if codecs.essence(content_type) not in codecs.UTF8_TYPES:
        return body
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InferenceError(
            400, f"The body is not UTF-8, although its content type is {content_type}: {error}."
        ) from error


def _status_of(error: Exception) -> tuple[int, str]:
    """The status an error carries: Clary's InferenceError, or one shaped like the toolkits' BaseInferenceToolkitError."""
    if isinstance(error, InferenceError):
        return error.status, error.message
    status = getattr(error, "status_code", None)
    if isinstance(status, int) and 400 <= status <= 599:
        return status, str(getattr(error, "message", error))
    return 500, str(error)
