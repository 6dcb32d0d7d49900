"""Python functions in the place of Lambda functions, for labeling jobs: ``clary.label_functions``.

``add`` keeps a function and returns the ARN by which CreateLabelingJob names it::

    def before(event):
        return {"taskInput": {"taskObject": event["dataObject"]["source"]}}

    arn = clary.label_functions.add("before", before)
"""

from __future__ import annotations

from typing import Any

from clary.labeling import functions
from clary.sdk import api
from clary.sdk.errors import ClaryError

__all__ = ["add", "arn", "names", "remove"]


def add(name: str, function: Any) -> str:
    """Keep `function`, a callable or ``"file.py:function"``, under `name`, and return its ARN. One of the same name is replaced,
    also for jobs that are under way. A function of a notebook must import in itself what it needs. Raises ClaryError."""
    try:
        functions.add(api.engine().home, name, function)
    except functions.FunctionError as error:
        raise ClaryError("InvalidFunction", str(error)) from None
    return arn(name)


def arn(name: str) -> str:
    """The ARN of a function, whether it is there or not."""
    return f"arn:aws:lambda:{api.region()}:{api.account()}:function:{name}"


def names() -> list[str]:
    """The functions that are kept, sorted."""
    return functions.names(api.engine().home)


def remove(name: str) -> None:
    """Forget a function. Raises ClaryError when there is none."""
    try:
        functions.remove(api.engine().home, name)
    except functions.FunctionError as error:
        raise ClaryError("ResourceNotFound", str(error)) from None
