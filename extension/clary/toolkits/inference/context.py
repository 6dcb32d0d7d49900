"""The `context` argument that handler functions may take, with the members that scripts written for AWS use."""

from __future__ import annotations

from typing import Any


class Context:
    """One request's (or, in `model_fn`, the worker's) surroundings."""

    def __init__(self, model_dir: str, headers: dict[str, str] | None = None, request_id: str = "") -> None:
        self.system_properties: dict[str, Any] = {"model_dir": model_dir, "gpu_id": None}
        self.model_name = "model"
        self._headers = {name.lower(): value for name, value in (headers or {}).items()}
        self._request_id = request_id
        self.status: int | None = None
        self.phrase: str | None = None
        self.content_type: str | None = None
        self.response_headers: dict[str, str] = {}

    @property
    def request_processor(self) -> list[Context]:
        return [self]

    def get_request_id(self, idx: int = 0) -> str:
        return self._request_id

    def get_request_header(self, idx: int, key: str) -> str | None:
        return self._headers.get(key.lower())

    def get_all_request_header(self, idx: int = 0) -> dict[str, str]:
        return dict(self._headers)

    def get_request_property(self, key: str) -> str | None:
        return self._headers.get(key.lower())

    def get_request_properties(self) -> dict[str, str]:
        return dict(self._headers)

    def set_response_content_type(self, idx: int, value: str) -> None:
        self.content_type = value

    def get_response_content_type(self, idx: int) -> str | None:
        return self.content_type

    @property
    def custom_attributes(self) -> str | None:
        """What the handler set as X-Amzn-SageMaker-Custom-Attributes, the one header of its own that reaches the client."""
        named = {name.lower(): value for name, value in self.response_headers.items()}
        return named.get("x-amzn-sagemaker-custom-attributes")

    def set_response_header(self, idx: int, key: str, value: str) -> None:
        self.response_headers[key] = value

    def set_response_status(self, code: int = 200, phrase: str = "", idx: int = 0) -> None:
        self.status, self.phrase = code, phrase

    def report_status(self, code: int, reason_phrase: str | None = None) -> None:
        self.status, self.phrase = code, reason_phrase
