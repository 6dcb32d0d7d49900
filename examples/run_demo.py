"""`make demo`: run the quickstart notebook with papermill on a fresh Clary home, and say what came out."""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).parent


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", type=Path, required=True, help="Clary's home for the demo; emptied first")
    parser.add_argument("--output", type=Path, required=True, help="where the executed notebook goes")
    options = parser.parse_args()
    home, output = options.home.absolute(), options.output.absolute()
    if home.exists() and not (home / "clary.db").exists() and any(home.iterdir()):
        parser.error(f"{home} is not empty and not a Clary home; it is left alone.")
    shutil.rmtree(home, ignore_errors=True)
    output.parent.mkdir(parents=True, exist_ok=True)

    print("Running examples/quickstart.ipynb: train a small CNN, deploy it, invoke it (about a minute) ...", flush=True)
    begun = time.monotonic()
    code = subprocess.run(
        [sys.executable, "-m", "papermill", "-k", "clary-python", str(HERE / "quickstart.ipynb"), str(output)],
        cwd=HERE,
        env={**os.environ, "CLARY_HOME": str(home)},
        check=False,
    ).returncode
    if code:
        print(f"The notebook failed; what it printed is in {output}.", file=sys.stderr)
        return code
    print(f"\nDone in {time.monotonic() - begun:.0f} s. {_accuracy(output)}")
    print(f"The executed notebook: {os.path.relpath(output)}")
    print("Next: `make lab` opens JupyterLab with the Clary panel in its left sidebar.")
    return 0


def _accuracy(notebook: Path) -> str:
    found = re.findall(r"accuracy[^0-9\n\"]*([0-9.]+ ?%)", notebook.read_text(encoding="utf-8"), re.IGNORECASE)
    return f"Accuracy of the endpoint on held-out digits: {found[-1]}." if found else ""


if __name__ == "__main__":
    sys.exit(main())
