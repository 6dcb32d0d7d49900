"""HTML of others made harmless: text, lists, tables, pictures, links; nothing that runs, loads styles or frames anything."""

from __future__ import annotations

from functools import lru_cache

_TAGS = {
    "a", "abbr", "b", "blockquote", "br", "caption", "code", "col", "colgroup", "dd", "del", "details", "div", "dl", "dt", "em",
    "figcaption", "figure", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "i", "img", "ins", "kbd", "li", "mark", "ol", "p", "pre",
    "q", "s", "samp", "small", "span", "strong", "sub", "summary", "sup", "table", "tbody", "td", "tfoot", "th", "thead", "tr",
    "u", "ul", "var",
}  # fmt: skip
_ATTRIBUTES = {
    "*": {"title", "dir", "lang"},
    "a": {"href"},
    "img": {"src", "alt", "width", "height"},
    "ol": {"start", "type", "reversed"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan", "scope"},
    "col": {"span"},
    "colgroup": {"span"},
    "details": {"open"},
}
# Their contents are no text either.
_REMOVED = {
    "script",
    "style",
    "template",
    "iframe",
    "object",
    "noscript",
    "title",
    "math",
    "svg",
    "textarea",
    "select",
}
LONGEST = 200_000
_LINKS = ("https://", "http://", "mailto:")
# As data any picture but SVG, which would be a document.
_PICTURES = ("https://", "http://", "data:image/png", "data:image/jpeg", "data:image/gif", "data:image/webp")


@lru_cache(maxsize=64)
def sanitize(html: str) -> str:
    """The safe part of `html`, well formed. Links open elsewhere and tell nobody where they were found; pictures may be data or
    come from https."""
    import nh3

    return nh3.clean(
        html[:LONGEST],
        tags=_TAGS,
        clean_content_tags=_REMOVED,
        attributes=_ATTRIBUTES,
        attribute_filter=_filtered,
        url_schemes={"https", "http", "mailto", "data"},
        strip_comments=True,
        link_rel="noopener noreferrer nofollow",
        set_tag_attribute_values={"a": {"target": "_blank"}},
    )


def _filtered(tag: str, attribute: str, value: str) -> str | None:
    allowed = {"src": _PICTURES, "href": _LINKS}.get(attribute)
    # An address without a scheme would lead into the page that shows it.
    return value if allowed is None or value.strip().lower().startswith(allowed) else None
