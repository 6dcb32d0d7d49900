"""Takes the README's picture of labeling (`make screenshot`): boxes on a photo, in a tab of JupyterLab, with the real product.

python tests/ui/take_labeling_screenshot.py [--output extension/labeling.jpg] [--theme "JupyterLab Dark"]

The photo is scikit-learn's china.jpg, by danielbuechele, CC BY 2.0.
"""

from __future__ import annotations

import argparse
import io
import json
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

from playwright.sync_api import expect
from tests.ui import labeling_samples, samples
from tests.ui.lab import REPOSITORY, browser, lab

# Left, top, right, bottom in the photo's 640 x 427 pixels.
BOXES = [
    ("roof", 88, 26, 322, 132), ("roof", 62, 222, 354, 278), ("tree", 552, 134, 640, 372), ("gallery", 92, 176, 330, 228),
]  # fmt: skip
KEYS = {"roof": "1", "gallery": "2", "tree": "3"}
MANIFEST = "photos/input.manifest"


def put_photos(s3: Any) -> None:
    from PIL import Image
    from sklearn.datasets import load_sample_images

    samples.make_bucket(s3)
    lines = []
    for number, photo in enumerate(load_sample_images().images):
        file = io.BytesIO()
        Image.fromarray(photo).resize((1280, 854), Image.Resampling.LANCZOS).save(file, "JPEG", quality=92)
        s3.put_object(Bucket=samples.BUCKET, Key=f"photos/{number}.jpg", Body=file.getvalue())
        lines.append(json.dumps({"source-ref": f"s3://{samples.BUCKET}/photos/{number}.jpg"}))
    s3.put_object(Bucket=samples.BUCKET, Key=MANIFEST, Body="\n".join(lines * 12).encode())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, default=REPOSITORY / "extension" / "labeling.jpg")
    parser.add_argument("--theme", default="JupyterLab Light")
    options = parser.parse_args()
    with lab(theme=options.theme, base_url="/") as one, browser() as chromium:
        put_photos(one.client("s3"))
        labeling_samples.create(
            one, "palaces", manifest=MANIFEST, labels=list(KEYS), function="BoundingBox",
            element="crowd-bounding-box", header="Draw a box around every roof, gallery and tree.",
        )  # fmt: skip
        tab = chromium.new_context(viewport={"width": 1400, "height": 880}).new_page()
        tab.goto(one.page_url())
        tab.locator(".jp-Launcher").wait_for()
        tab.locator('.jp-SideBar [data-id="clary-panel"]').click()
        tab.locator('.clary-Row[data-name="palaces"] .clary-Row-open').click()
        tab.get_by_role("button", name="Label", exact=True).click()
        canvas = tab.locator(".clary-canvas")
        expect(canvas).to_have_attribute("data-item", "0")
        stage = canvas.locator(".stage").bounding_box()
        assert stage is not None
        scale = min(stage["width"] / 640, stage["height"] / 427)
        left = stage["x"] + (stage["width"] - 640 * scale) / 2
        top = stage["y"] + (stage["height"] - 427 * scale) / 2
        for label, *sides in BOXES:
            tab.keyboard.press("Escape")  # nothing is selected: the key is for what comes
            tab.keyboard.press(KEYS[label])
            x0, y0, x1, y1 = (side * scale for side in sides)
            tab.mouse.move(left + x0, top + y0)
            tab.mouse.down()
            tab.mouse.move(left + (x0 + x1) / 2, top + (y0 + y1) / 2)
            tab.mouse.move(left + x1, top + y1)
            tab.mouse.up()
        tab.mouse.move(700, 8)
        tab.wait_for_timeout(500)
        tab.screenshot(path=options.output, type="jpeg", quality=88)
    print(options.output)


if __name__ == "__main__":
    main()
