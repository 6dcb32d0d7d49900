"""A model: where its files are, and how it is served."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from clary.sdk import packing, pages, storage
from clary.sdk.api import call, region, role
from clary.sdk.errors import ClaryError
from clary.sdk.resource import Resource

if TYPE_CHECKING:
    from clary.sdk.endpoint import Endpoint
    from clary.sdk.training import TrainingJob


class Model(Resource):
    """A model of the API, by its name."""

    kind = "Model"

    @classmethod
    def create(
        cls,
        source: str | Path | TrainingJob,
        *,
        name: str | None = None,
        code: str | Path | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> Model:
        """Make a model from a training job, an ``s3://`` archive, or a local archive, folder or model file.

        ``code``: an inference script or a folder with ``inference.py``, for models that need more than their
        file. A model of that name that has the same files already is simply taken. Raises ClaryError,
        FileNotFoundError.
        """
        from clary.sdk.training import TrainingJob

        if isinstance(source, TrainingJob):
            name, source = name or source.name, source.artifacts
        stem = Path(str(source)).name.partition(".")[0]
        name = name or packing.new_name(stem)
        address = _address(source, name)
        variables = dict(environment or {})
        if code is not None:
            variables = {**_code(Path(code).expanduser(), name), **variables}
        container: dict[str, Any] = {"ModelDataUrl": address}
        if variables:
            container["Environment"] = variables
        try:
            call("CreateModel", ModelName=name, PrimaryContainer=container, ExecutionRoleArn=role())
        except ClaryError:
            found = _existing(name)
            if found != (address, variables):
                raise
        return cls(name)

    @property
    def boto3(self) -> str:
        return f"boto3.client('sagemaker').describe_model(ModelName={self.name!r})"

    @property
    def artifacts(self) -> str | None:
        """The model archive's ``s3://`` address."""
        return _container(self.describe()).get("ModelDataUrl")

    def deploy(self, **options: Any) -> Endpoint:
        """:func:`clary.deploy` of this model."""
        from clary.sdk.endpoint import deploy

        return deploy(self, **options)

    def delete(self) -> None:
        """Delete the model; its files stay."""
        call("DeleteModel", ModelName=self.name)

    def _repr_html_(self) -> str:
        answer = self.describe()
        facts = {"created": answer["CreationTime"], "files": _container(answer).get("ModelDataUrl")}
        return pages.card(self.name, "Model", facts, self.boto3)


def _container(answer: Mapping[str, Any]) -> dict[str, Any]:
    return dict(answer.get("PrimaryContainer") or (answer.get("Containers") or [{}])[0])


def _existing(name: str) -> tuple[str | None, dict[str, str]] | None:
    try:
        container = _container(call("DescribeModel", ModelName=name))
    except ClaryError:
        return None
    return container.get("ModelDataUrl"), container.get("Environment", {})


def _address(source: str | Path, name: str) -> str:
    if isinstance(source, str) and packing.is_address(source):
        return source
    path = Path(source).expanduser()
    if not path.exists():
        raise FileNotFoundError(f"There is no model {path} in {Path.cwd()}.")
    data: bytes | Path = path if path.name.endswith((".tar.gz", ".tgz")) else packing.pack_model(path)
    return storage.put(storage.default_bucket(), f"{name}/model.tar.gz", data)


def _code(path: Path, name: str) -> dict[str, str]:
    """The variables that name the inference code, as SageMaker's SDK sets them."""
    folder, script = packing.find_entry(
        path, None if path.is_file() else "inference.py", to="serve the model"
    )
    place = storage.put(storage.default_bucket(), f"{name}/sourcedir.tar.gz", packing.sourcedir(folder, None))
    return {
        "SAGEMAKER_PROGRAM": script,
        "SAGEMAKER_SUBMIT_DIRECTORY": place,
        "SAGEMAKER_REGION": region(),
        "SAGEMAKER_CONTAINER_LOG_LEVEL": "20",
    }
