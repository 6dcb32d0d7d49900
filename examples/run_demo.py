"""Run quickstart.ipynb from nothing: a fresh home, papermill, the clary-python kernel (``make demo``).

Prints what the notebook's cells print, and at the end how well the endpoint read the held-out digits.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent


def fresh(home: Path) -> None:
    """An empty home. Only what is one of Clary's (or empty) is ever removed."""
    if home.exists() and any(home.iterdir()):
        if not (home / "clary.db").exists():
            sys.exit(f"{home} is not empty and not a home of Clary; name another folder with --home.")
        end(home)
        shutil.rmtree(home)


def end(home: Path) -> None:
    """Stop what an earlier run, perhaps an interrupted one, has left running for this home."""
    from clary.shutdown import shutdown

    shutdown(home)


def outputs(notebook: object) -> list[str]:
    """What the cells printed, and the text form of their last values."""
    found: list[str] = []
    for cell in notebook.cells:  # type: ignore[attr-defined]
        for output in cell.get("outputs", []):
            if output.output_type == "stream" and output.name == "stdout":
                found.append(output.text.rstrip())
            elif "text/plain" in output.get("data", {}) and output.data["text/plain"] != "alt.Chart(...)":
                found.append(output.data["text/plain"])
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--home", type=Path, default=HERE.parent / "build" / "demo-home", help="a home to start afresh"
    )
    parser.add_argument("--output", type=Path, default=HERE.parent / "build" / "quickstart.ipynb")
    parser.add_argument("--kernel", default="clary-python")
    options = parser.parse_args()
    home, output = options.home.resolve(), options.output.resolve()
    fresh(home)
    output.parent.mkdir(parents=True, exist_ok=True)
    os.environ["CLARY_HOME"] = str(home)

    import papermill

    started = time.monotonic()
    print(f"Running {HERE.name}/quickstart.ipynb on the kernel {options.kernel} (home: {home})", flush=True)
    try:
        done = papermill.execute_notebook(
            HERE / "quickstart.ipynb",
            output,
            kernel_name=options.kernel,
            cwd=str(HERE),
            progress_bar=sys.stderr.isatty(),
        )
    except papermill.PapermillExecutionError as error:
        sys.exit(f"{error}\nThe notebook as far as it ran: {output}")
    finally:
        end(home)
    said = outputs(done)
    print("\n\n".join(said))
    accuracy = next(
        (match[1] for text in said if (match := re.match(r"([0-9.]+%) of \d+ held-out", text))), "?"
    )
    print(
        f"\nDone in {time.monotonic() - started:.0f} s: "
        f"{accuracy} of the held-out digits, read by a real endpoint."
    )
    print(f"The notebook with its outputs: {output}")


if __name__ == "__main__":
    main()
