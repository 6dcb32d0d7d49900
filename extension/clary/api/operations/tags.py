"""AddTags, ListTags, DeleteTags."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from clary.api.errors import validation
from clary.api.operations.resources import checked_tags, find_by_arn
from clary.api.registry import operation

if TYPE_CHECKING:
    from clary.api.engine import Engine

_MOST_TAGS = 50


@operation("sagemaker", "AddTags")
def add_tags(engine: Engine, params: dict[str, Any]) -> dict[str, Any]:
    new = checked_tags(params["Tags"])
    with engine.store.transaction():
        resource = find_by_arn(engine, params["ResourceArn"]).arn
        total = engine.store.tags.list(resource) | new
        if len(total) > _MOST_TAGS:
            raise validation(
                f"A resource can have at most {_MOST_TAGS} tags; this one would have {len(total)}."
            )
        engine.store.tags.add(resource, new)
    return {"Tags": _listed(total)}


@operation("sagemaker", "ListTags")
def list_tags(engine: Engine, params: dict[str, Any]) -> dict[str, Any]:
    # At most 50 tags fit on a resource and 50 is the smallest page, so there is never a second page.
    if params.get("NextToken"):
        raise validation("Invalid pagination token: NextToken was not returned by this listing.")
    return {"Tags": _listed(engine.store.tags.list(find_by_arn(engine, params["ResourceArn"]).arn))}


@operation("sagemaker", "DeleteTags")
def delete_tags(engine: Engine, params: dict[str, Any]) -> dict[str, Any]:
    engine.store.tags.remove(find_by_arn(engine, params["ResourceArn"]).arn, params["TagKeys"])
    return {}


def _listed(tags: dict[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in sorted(tags.items())]
