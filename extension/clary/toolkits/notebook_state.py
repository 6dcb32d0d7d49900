"""The saved state of an executed notebook, set right where its run was cut off.

papermill saves a notebook before and after every cell. When its process is killed in between, the file says "running" for
ever. The functions here need nothing but JSON, so that whoever is left can call them.
"""

from __future__ import annotations

import contextlib
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from clary.home import atomic_write


def settle(path: Path, *, stopped: bool) -> bool:
    """Give the notebook at ``path`` a final state; True when it had none. A cell cut off becomes ``failed``, with an error
    output that says why; cells not reached stay ``pending``. A file that is no notebook is left alone."""
    try:
        notebook = json.loads(path.read_bytes())
        cells: list[dict[str, Any]] = notebook["cells"]
        whole: dict[str, Any] = notebook["metadata"].setdefault("papermill", {})
    except (OSError, ValueError, KeyError, TypeError):
        return False
    running = [cell for cell in cells if _papermill(cell).get("status") == "running"]
    if not running and whole.get("end_time"):
        return False
    now = datetime.now(UTC)
    reason = "The job was stopped" if stopped else "The job's process ended"
    for cell in running:
        state = _papermill(cell)
        state.update(status="failed", exception=True, end_time=now.isoformat(), duration=_seconds(state, now))
        if cell.get("cell_type") == "code":
            cell.setdefault("outputs", []).append(
                {
                    "output_type": "error",
                    "ename": "Stopped" if stopped else "ProcessEnded",
                    "evalue": f"{reason} while this cell ran.",
                    "traceback": [f"{reason} while this cell ran."],
                }
            )
    whole.update(end_time=now.isoformat(), duration=_seconds(whole, now))
    if running or stopped:
        whole["exception"] = True
    atomic_write(path, json.dumps(notebook, indent=1, ensure_ascii=False).encode("utf-8", "surrogatepass"))
    return True


def _papermill(cell: dict[str, Any]) -> dict[str, Any]:
    state: dict[str, Any] = (cell.get("metadata") or {}).get("papermill") or {}
    return state


def _seconds(state: dict[str, Any], now: datetime) -> float | None:
    with contextlib.suppress(KeyError, TypeError, ValueError):
        return (now - datetime.fromisoformat(state["start_time"])).total_seconds()
    return None
