"""Which variant of this process's endpoint answers a request."""

from __future__ import annotations

from clary.serving.answers import error_response
from clary.serving.http import Request
from clary.serving.variant import Variant
from clary.serving.weights import SmoothWeights

_UNSUPPORTED = {
    b"x-amzn-sagemaker-target-model": "TargetModel",
    b"x-amzn-sagemaker-target-container-hostname": "TargetContainerHostname",
    b"x-amzn-sagemaker-enable-explanations": "EnableExplanations",
    b"x-amzn-sagemaker-inference-component": "InferenceComponentName",
}


class Dispatcher:
    """The variants by name, and their weights in force."""

    def __init__(self, endpoint: str) -> None:
        self._endpoint = endpoint
        self._weights = SmoothWeights({})
        self.variants: dict[str, Variant] = {}

    def weigh(self) -> None:
        """Bring every variant's desired weight into force."""
        for variant in self.variants.values():
            variant.weight = variant.desired_weight
        self._weights = SmoothWeights({variant.name: variant.weight for variant in self.variants.values()})

    @property
    def ready(self) -> bool:
        return all(variant.backend.ready for variant in self.variants.values())

    def invoke(self, request: Request) -> None:
        """Called for each request for this endpoint, once it was let in."""
        headers = request.headers
        target = headers.get(b"x-amzn-sagemaker-target-variant")
        name = self._weights.pick() if target is None else target.decode("latin-1")
        if len(headers) > 3:
            for header, member in _UNSUPPORTED.items():
                if header in headers:
                    self._refuse(
                        request,
                        f"{member} is not offered by Clary for endpoint {self._endpoint}: leave it out.",
                    )
                    return
        variant = self.variants.get(name) if name is not None else None
        if variant is not None:
            variant.backend.submit(request)
        elif target is None:
            self._refuse(
                request,
                f"Every variant of endpoint {self._endpoint} has the weight 0: name one as TargetVariant.",
            )
        else:
            known = ", ".join(self.variants)
            self._refuse(request, f"Endpoint {self._endpoint} has no variant named {name}. It has: {known}.")

    @staticmethod
    def _refuse(request: Request, message: str) -> None:
        request.reply(*error_response(400, "ValidationError", message))
