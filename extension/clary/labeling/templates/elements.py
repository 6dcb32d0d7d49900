"""The ``crowd-*`` elements of a rendered template."""

from __future__ import annotations

import html
from dataclasses import dataclass, field
from html.parser import HTMLParser

from clary.labeling.templates.liquid import TemplateError

# They frame a task, or explain it; they ask for nothing.
_FRAMES = {
    "crowd-form", "crowd-button", "crowd-instructions", "crowd-tabs", "crowd-tab", "crowd-card", "crowd-alert", "crowd-modal",
    "crowd-icon-button", "crowd-toast", "crowd-badge", "crowd-fab",
}  # fmt: skip
_VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}


@dataclass
class Element:
    """A crowd element: its tag, its attributes (unescaped), and the HTML inside of its children by their tags."""

    tag: str
    attributes: dict[str, str]
    parts: dict[str, str] = field(default_factory=dict)


def the_one(document: str, known: frozenset[str]) -> Element:
    """The only element of the document that asks for an answer. `known`: the tags of those that Clary shows. Raises
    TemplateError that names what Clary does not show."""
    finder = _Finder()
    finder.feed(document)
    finder.close()
    foreign = [one.tag for one in finder.found if one.tag not in known]
    shown = ", ".join(sorted(known))
    if foreign:
        raise TemplateError(
            f"The template uses <{foreign[0]}>, which Clary does not show. It shows: {shown}."
        )
    if not finder.found:
        what = "a form of its own" if finder.inputs else "nothing to answer"
        raise TemplateError(f"The template has {what}; it needs one of: {shown}.")
    if len(finder.found) > 1:
        tags = ", ".join(f"<{one.tag}>" for one in finder.found)
        raise TemplateError(
            f"The template has several elements that ask for an answer ({tags}); one is shown."
        )
    return finder.found[0]


class _Finder(HTMLParser):
    """Notes crowd elements, and what stands inside each child of theirs, as it is written."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=False)
        self.found: list[Element] = []
        self.inputs = 0
        self._open: Element | None = None
        self._part = ""
        self._depth = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self._part:
            self._keep(self.get_starttag_text() or "")
            self._depth += tag == self._part
        elif tag.startswith("crowd-") and tag not in _FRAMES:
            self._open = Element(tag, {name: value or "" for name, value in attrs})
            self.found.append(self._open)
        elif self._open is not None and tag not in _VOID:
            self._part, self._depth = tag, 1
            self._open.parts.setdefault(tag, "")
        elif tag in ("input", "textarea", "select"):
            self.inputs += 1

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self._part:
            self._keep(self.get_starttag_text() or "")
        else:
            self.handle_starttag(tag, attrs)
            if tag not in _VOID:
                self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        if self._part:
            self._depth -= tag == self._part
            if self._depth:
                self._keep(f"</{tag}>")
            else:
                self._part = ""
        elif self._open is not None and tag == self._open.tag:
            self._open = None

    def handle_data(self, data: str) -> None:
        self._keep(data)

    def handle_entityref(self, name: str) -> None:
        self._keep(f"&{name};")

    def handle_charref(self, name: str) -> None:
        self._keep(f"&#{name};")

    def _keep(self, text: str) -> None:
        if self._part and self._open is not None:
            self._open.parts[self._part] += text


def text_of(markup: str) -> str:
    """The text of a piece of HTML, without its tags; line breaks stay."""
    reader = _Text()
    reader.feed(markup)
    reader.close()
    return html.unescape("".join(reader.pieces)).strip()


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=False)
        self.pieces: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("br", "p", "div", "li", "tr") and self.pieces:
            self.pieces.append("\n")

    def handle_data(self, data: str) -> None:
        self.pieces.append(data)

    def handle_entityref(self, name: str) -> None:
        self.pieces.append(f"&{name};")

    def handle_charref(self, name: str) -> None:
        self.pieces.append(f"&#{name};")
