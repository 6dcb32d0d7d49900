"""What CreateTrainingJob says about the image: whether something here stands for it, and whether there is a program to run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from clary import images
from clary.api.errors import validation

if TYPE_CHECKING:
    from clary.api.engine import Engine


def environment_of(engine: Engine, member: str, image: str) -> images.Environment:
    """What stands for an image of a request. Raises the ValidationException that says how to get something."""
    try:
        return images.resolve(engine.home, image)
    except images.ImageError as error:
        raise validation(f"{member} cannot be used. {error}") from None


def check_image(engine: Engine, request: dict[str, Any]) -> None:
    """Refuse an image that nothing stands for, and a job that nobody gave a program."""
    algorithm = request["AlgorithmSpecification"]
    text = algorithm["TrainingImage"]
    image = environment_of(engine, "AlgorithmSpecification.TrainingImage", text)
    hyperparameters = request.get("HyperParameters", {})
    if (
        image.program is None
        and "sagemaker_program" not in hyperparameters
        and "ContainerEntrypoint" not in algorithm
    ):
        raise validation(
            f"There is nothing to run: Clary has no algorithm for the image {text}. Give the script "
            "in HyperParameters (sagemaker_program, and sagemaker_submit_directory with its sourcedir.tar.gz), or a command "
            "in AlgorithmSpecification.ContainerEntrypoint, or register a training program of your own for the image "
            "(clary images add IMAGE --program PATH)."
        )
