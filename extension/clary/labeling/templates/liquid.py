"""Liquid as Ground Truth has it: `task.input`, its own filters, everything escaped unless a template says otherwise.

A template comes from whoever makes the job and is not trusted with the machine: no files, no includes, bounded loops, bounded
output.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from liquid import Environment

LONGEST = 128_000
_MOST_OUTPUT = 4 << 20
_MOST_LOCALS = 4 << 20
_MOST_TURNS = 100_000
_DEEPEST = 30
Grant = Callable[[str], str]


class TemplateError(ValueError):
    """A template that cannot be used. `code`: AWS's word for it."""

    def __init__(self, message: str, code: str = "InvalidTemplate") -> None:
        super().__init__(message)
        self.code = code


def render(
    template: str,
    task_input: Mapping[str, Any],
    grant: Grant | None = None,
    data_object: Mapping[str, Any] | None = None,
) -> str:
    """The template's HTML for one task. `data_object`: the manifest's line, for templates without a function. `grant`: the
    address under which a browser gets an object that the template asks for with ``grant_read_access``; by default its own URI.
    Raises TemplateError."""
    import liquid

    if len(template) > LONGEST:
        raise TemplateError(f"The template has {len(template):,} characters; {LONGEST:,} is the most.")
    environment = _environment()
    try:
        parsed = environment.from_string(template)
        html = parsed.render(
            task={"input": dict(task_input), "dataObject": dict(data_object or {})},
            _clary_grant=grant or _same,
        )
    except liquid.exceptions.ResourceLimitError as error:
        raise TemplateError(
            f"The template takes too much time or space: {_first_line(error)}.", "TemplateTooExpensive"
        ) from None
    except liquid.exceptions.LiquidError as error:
        line = _line(error)
        raise TemplateError(f"The template is not valid Liquid{line}: {_first_line(error)}.") from None
    except RecursionError:
        raise TemplateError("The template is nested too deeply.", "TemplateTooExpensive") from None
    return str(html)


def _line(error: Any) -> str:
    """`` (line 3)``, where the error knows."""
    token, source = getattr(error, "token", None), getattr(error, "source", None)
    start = getattr(token, "start_index", None)
    text = source or getattr(token, "source", None)
    if not isinstance(start, int) or not isinstance(text, str) or start < 0:
        return ""
    return f" (line {text.count(chr(10), 0, start) + 1})"


def _first_line(error: Exception) -> str:
    # The others quote the template.
    return str(error).partition("\n")[0]


def _same(uri: str) -> str:
    return uri


@lru_cache(maxsize=1)
def _environment() -> Environment:
    import liquid
    from liquid import DictLoader
    from liquid.filter import with_context
    from markupsafe import Markup

    class Bounded(liquid.Environment):  # type: ignore[misc]
        context_depth_limit = _DEEPEST
        loop_iteration_limit = _MOST_TURNS
        local_namespace_limit = _MOST_LOCALS
        output_stream_limit = _MOST_OUTPUT

    def to_json(value: Any) -> str:
        try:
            return json.dumps(_plain(value), ensure_ascii=False)
        except (TypeError, ValueError, RecursionError) as error:
            raise TemplateError(f'"to_json" cannot write its input: {error}.', "InvalidParameters") from None

    @with_context  # type: ignore[untyped-decorator]
    def grant_read_access(value: Any, *, context: Any) -> str:
        uri = str(value).strip() if value is not None else ""
        grant: Grant = context.resolve("_clary_grant")
        return grant(uri)

    def skip_autoescape(value: Any) -> Markup:
        return Markup(str(value))

    environment = Bounded(autoescape=True, loader=DictLoader({}))
    for tag in ("include", "render"):
        environment.tags.pop(tag, None)
    environment.add_filter("to_json", to_json)
    environment.add_filter("grant_read_access", grant_read_access)
    environment.add_filter("skip_autoescape", skip_autoescape)
    return environment


def _plain(value: Any) -> Any:
    """Liquid's own values (undefined, ranges) as JSON's."""
    import liquid

    if isinstance(value, liquid.Undefined):
        return None
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | range):
        return [_plain(item) for item in value]
    return value
