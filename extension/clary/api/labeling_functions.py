"""Which task a request's functions stand for: AWS's own by their names, the user's own by what is kept of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from clary.api.errors import validation
from clary.labeling import functions
from clary.labeling.settings import Mode
from clary.labeling.tasks.catalog import BuiltIn, Refused, built_in

if TYPE_CHECKING:
    from clary.api.engine import Engine


@dataclass(frozen=True)
class Functions:
    """`task`, `mode`: of AWS's own functions; task is empty where there is none. `pre`, `post`: ARNs of the user's own, empty
    where there is none. `built_in`: the input of every task is AWS's own."""

    task: str = ""
    mode: Mode = "label"
    pre: str = ""
    post: str = ""
    built_in: bool = False


def functions_of(engine: Engine, human: dict[str, Any]) -> Functions:
    """The functions of a HumanTaskConfig. Raises ValidationException."""
    before = human.get("PreHumanTaskLambdaArn", "")
    after = human.get("AnnotationConsolidationConfig", {}).get("AnnotationConsolidationLambdaArn", "")
    pre, post = _known(engine, before, "PRE"), _known(engine, after, "ACS")
    if pre and post and (pre.task, pre.mode) != (post.task, post.mode):
        raise validation(
            f"PreHumanTaskLambdaArn ({_name(before)}) and AnnotationConsolidationLambdaArn ({_name(after)}) are for different "
            "tasks."
        )
    if pre and not after:
        raise validation(
            f"AnnotationConsolidationConfig is missing: {_name(before)} goes with {_name(before).replace('PRE-', 'ACS-', 1)}."
        )
    either = pre or post
    return Functions(
        task=either.task if either else "",
        mode=either.mode if either else "label",
        pre="" if pre else before,
        post="" if post else after,
        built_in=pre is not None,
    )


def _known(engine: Engine, arn: str, kind: str) -> BuiltIn | None:
    """AWS's function, or None for one of the user's own, which must be there, and for none at all."""
    if not arn:
        return None
    member = "PreHumanTaskLambdaArn" if kind == "PRE" else "AnnotationConsolidationLambdaArn"
    try:
        found = built_in(arn)
    except Refused as error:
        raise validation(f"{member}: {error}") from None
    if found is not None:
        if found.kind != kind:
            raise validation(f"{member} names {_name(arn)}; it must name a function {kind}-....")
        return found
    try:
        functions.find(engine.home, arn)
    except functions.FunctionError as error:
        raise validation(f"{member}: {error}") from None
    return None


def _name(arn: str) -> str:
    return arn.partition(":function:")[2] or arn
