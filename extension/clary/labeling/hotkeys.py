"""The keys that the canvas needs itself, and which are free for labels. `canvas/*.js` say what they do; a test compares both."""

from __future__ import annotations

import string

EVERYWHERE = {
    "u": "undoes", "s": "skips the item", "f": "flags the item", "i": "shows the instructions",
    "?": "shows all keys", "/": "finds a label",
}  # fmt: skip
GRID = {"g": "turns to the grid", "a": "chooses all items of the grid"}
PICTURE = {"+": "zooms in", "=": "zooms in", "-": "zooms out"}
BOXES = {"n": "makes a box"}
MASKS = {
    "b": "takes the brush", "e": "takes the eraser", "p": "takes the polygon", "d": "takes the filling tool",
    "o": "changes the opacity", "[": "makes the brush smaller", "]": "makes the brush larger",
}  # fmt: skip
VERIFICATION = {"c": "writes a comment"}
_ALL = EVERYWHERE | GRID | PICTURE | BOXES | MASKS | VERIFICATION

# Digits, then the letters that no task has a use for, as they lie on the keyboard.
FREE = "".join(key for key in "1234567890qwertyuiopasdfghjklzxcvbnm" if key not in _ALL)


def used(task: str, mode: str) -> dict[str, str]:
    """What keys do in the canvas of a job; `task`: the name of its base type."""
    found = dict(EVERYWHERE)
    if not task.startswith("text-") and task != "named-entity-recognition":
        found |= PICTURE
    if mode == "verify":
        return found | VERIFICATION
    if task.endswith("-classification") and mode == "label":
        found |= GRID
    return found | {"bounding-box": BOXES, "semantic-segmentation": MASKS}.get(task, {})


def refusal(key: str, task: str, mode: str) -> str:
    """Why a label may not have this key; empty where it may."""
    keys = used(task, mode)
    letters = [one for one in string.ascii_lowercase if one not in keys]
    free = f"Free are the digits and {', '.join(letters)}."
    if len(key) != 1 or not key.isprintable() or key.isspace():
        return f"is not a key that writes one sign. {free}"
    does = keys.get(key.lower())
    return f"is the canvas's own: it {does}. {free}" if does else ""
