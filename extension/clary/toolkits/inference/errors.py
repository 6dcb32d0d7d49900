"""Errors that carry the HTTP status a model's container would answer with."""

from __future__ import annotations


class InferenceError(Exception):
    """A request that the model refused or failed; `status` becomes ModelError's OriginalStatusCode."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


class ModelLoadError(Exception):
    """The model cannot be loaded; the text tells its author what to change."""


def unsupported_input(content_type: str, known: str) -> InferenceError:
    """The toolkits' answer (415) to a body they have no decoder for."""
    return InferenceError(
        415,
        f"Content type {content_type} is not supported by this framework. It accepts {known}. "
        "Please implement input_fn to deserialize the request data.",
    )


def unsupported_output(accept: str, known: str) -> InferenceError:
    """The toolkits' answer (406) to an Accept they have no encoder for."""
    return InferenceError(
        406,
        f"Accept type {accept} is not supported by this framework. It offers {known}. "
        "Please implement output_fn to serialize the response.",
    )
