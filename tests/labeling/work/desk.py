"""A home whose labeling jobs have their steps run by the test itself, one after the other, as the runner would."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

from clary.config import Config
from clary.labeling.simulation import Simulated, run
from clary.labeling.steps import entry
from clary.labeling.work import Work
from clary.labeling.work.course import ENDED
from clary.objects import Objects
from clary.store import Store


class Desk:
    """A home whose steps are run by the test."""

    def __init__(self, home: Any, folder: Path, settings: Any) -> None:
        self.home, self.folder, self._settings = home, folder, settings
        self.store, self.objects = Store(home), Objects(home)

    def job(self, lines: list[Any], name: str = "pets", **members: Any) -> Work:
        manifest = self.folder / f"{name}.manifest"
        manifest.write_text(
            "".join((one if isinstance(one, str) else json.dumps(one)) + "\n" for one in lines)
        )
        members = {"input_uri": f"file://{manifest}", "output_uri": f"file://{self.folder}/out", **members}
        settings = self._settings(name, **members)
        self.store.documents.create("labeling-job", name, {}, arn=settings.arn, status="Initializing")
        work = Work.create(self.home, settings)
        self.step(work)
        return work

    def step(self, work: Work) -> str:
        """Do all that is due; what the document says then."""
        context = entry.Context(self.home, Config.load(self.home), self.store, self.objects, work)
        try:
            entry.run(context, 1)
        except entry.StepFailed as error:
            entry._failed(context, str(error))
        return self.store.documents.get("labeling-job", work.settings.name).status

    def reason(self, name: str = "pets") -> str:
        return self.store.documents.get("labeling-job", name).body.get("FailureReason", "")

    def lines(self, name: str = "pets") -> list[dict[str, Any]]:
        text = (self.folder / "out" / name / "manifests/output/output.manifest").read_text()
        return [json.loads(line) for line in text.splitlines()]

    def picture(self, name: str, size: tuple[int, int] = (40, 30), **options: Any) -> str:
        from PIL import Image

        file = io.BytesIO()
        Image.new("RGB", size, "navy").save(file, name.rpartition(".")[2].replace("jpg", "jpeg"), **options)
        path = self.folder / name
        path.write_bytes(file.getvalue())
        return f"file://{path}"

    def label(self, work: Work, *people: Simulated) -> str:
        """Let these people label, and do what is due, until the job ends; its status then."""
        status = ""
        while status not in ENDED:
            done = run(self.home, None, None, work.settings.name, people)
            status = self.step(work)
            assert any(done.values()) or status in ENDED, "the job waits for nobody"
        return status
