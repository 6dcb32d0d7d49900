"""``clary.TrainingLauncher``: a panel in a notebook that sets up, launches, watches and stops training jobs."""

from __future__ import annotations

import re
import threading
from pathlib import Path
from typing import Any

from clary.sdk.errors import TrainingFailed
from clary.sdk.progress import in_live_notebook
from clary.sdk.training import TrainingJob, train
from clary.widgets.observing import Look, look
from clary.widgets.recent import settings_of, tags_of
from clary.widgets.settings import Settings
from clary.widgets.view import card
from clary.widgets.watcher import Watcher


class TrainingLauncher:
    """A panel to choose a script or notebook, its inputs and hyperparameters, and to launch and watch the job.

    Every field can be set from code; the arguments are those of :func:`clary.train`::

        launcher = clary.TrainingLauncher("train.py", inputs={"train": "./data"}, metrics={"loss": "loss=([0-9.]+)"})
        launcher                       # the panel; where nobody looks (papermill), what it says as static HTML
        launcher.launch(); launcher.wait()     # what the Launch button does, from code

    ``log_lines``: so many lines of the log are shown. ``job`` is the TrainingJob that was launched last, ``values``
    the arguments as the fields have them now. Raises TypeError for an argument that is not known.
    """

    def __init__(self, source: str | Path | None = None, *, log_lines: int = 200, **values: Any) -> None:
        if not 1 <= log_lines <= 10_000:
            raise ValueError(f"log_lines is between 1 and 10,000, not {log_lines}.")
        self.settings = Settings.of({"source": source, **values})
        self.job: TrainingJob | None = None
        self.log_lines = log_lines
        self._panel: Any = None
        self._watcher: Watcher | None = None
        self._look: Look | None = None
        self._lock = threading.RLock()

    @classmethod
    def attach(cls, job: str | TrainingJob, *, log_lines: int = 200) -> TrainingLauncher:
        """A panel that watches a job which is there already, whoever has started it.

        Raises ClaryError for a name that is not known.
        """
        name = job if isinstance(job, str) else job.name
        launcher = cls(log_lines=log_lines)
        launcher.settings = settings_of(name)
        launcher.job = TrainingJob(name)
        return launcher

    @property
    def values(self) -> dict[str, Any]:
        """The arguments of :func:`clary.train` as the fields have them now; what is as by default is left out."""
        return self.settings.plain()

    def update(self, **values: Any) -> None:
        """Set fields from code: the arguments of :func:`clary.train`."""
        self.settings = Settings.of({**vars(self.settings), **values})
        if self._panel is not None:
            self._panel.form.load(self.settings)

    def launch(self) -> TrainingJob:
        """Start the job. Raises as :func:`clary.train` does."""
        with self._lock:
            settings = self.settings
            arguments = settings.arguments()
            if not settings.source:
                raise ValueError(
                    "There is nothing to launch: give a source, a script, a notebook or a folder."
                )
            self.job = train(**arguments, tags=tags_of(settings))
            self._look = None
            self._watch()
            if self._panel is not None:
                self._panel.launched()
            return self.job

    def wait(self, *, timeout: float | None = None) -> None:
        """Wait until the job has ended: progress is printed, and then the job is shown, unless the panel shows it.

        Interrupting it leaves the job running. Raises TrainingFailed, and TimeoutError after ``timeout`` seconds.
        """
        job = self._launched()
        shown = self._panel is not None
        try:
            job.wait(timeout=timeout, quiet=shown)
        except TrainingFailed:
            self._conclude(shown)
            raise
        self._conclude(shown)

    def stop(self) -> None:
        """Ask the job to stop; what it saved is kept."""
        self._launched().stop()

    def watch(self, name: str) -> None:
        """Watch another job."""
        with self._lock:
            self.job, self._look = TrainingJob(name), None
            self._watch()

    def copy(self, name: str) -> None:
        """Take the settings of an existing job, without its name."""
        self._fresh(settings_of(name))

    def renew(self) -> None:
        """Make ready for another run: a name that was given is taken, so it counts up."""
        settings = Settings(**vars(self.settings))
        if settings.name:
            stem, number = re.fullmatch(r"(.*?)(?:-(\d+))?", settings.name).groups()  # type: ignore[union-attr]
            settings.name = f"{stem}-{int(number or 1) + 1}"
        self._fresh(settings)

    def take(self, settings: Settings) -> None:
        """What the form says now; called by the panel."""
        self.settings = settings

    def close(self) -> None:
        """Put the panel away; a job that runs goes on."""
        with self._lock:
            if self._watcher is not None:
                self._watcher.close()
                self._watcher = None
            if self._panel is not None:
                self._panel.close()
                self._panel = None

    @property
    def widget(self) -> Any:
        """The panel as an ipywidgets widget, made when it is first asked for."""
        with self._lock:
            if self._panel is None:
                from clary.widgets.live.panel import Panel

                self._panel = Panel(self, self.log_lines)
                if self.job is not None:
                    self._watch()
            return self._panel.widget

    def _fresh(self, settings: Settings) -> None:
        self.settings = settings
        if self._panel is not None:
            self._panel.form.load(settings)

    def _launched(self) -> TrainingJob:
        if self.job is None:
            raise RuntimeError("Nothing was launched yet: call launch() first.")
        return self.job

    def _watch(self) -> None:
        """One thread a panel; without a panel nobody looks, and there is none."""
        if self._watcher is not None:
            self._watcher.close()
            self._watcher = None
        if self._panel is not None and self.job is not None:
            self._watcher = Watcher(self.job, self._seen, self._troubled, lines=self.log_lines)

    def _seen(self, found: Look) -> None:
        panel = self._panel
        if panel is not None and self.job is not None and self.job.name == found.name:
            self._look = found
            panel.seen(found)

    def _troubled(self, text: str) -> None:
        panel = self._panel
        if panel is not None:
            panel.troubled(text)

    def _conclude(self, shown: bool) -> None:
        if shown and self._watcher is not None:
            self._watcher.join(10)  # the panel shows the end before the next cell runs
        if not shown:
            from IPython.display import display

            self._look = look(self._launched(), self.log_lines)
            bundle = {
                "text/plain": card.text(self.settings, self._look),
                "text/html": card.html(self.settings, self._look),
            }
            display(bundle, raw=True)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        """Called by IPython to show it: static forms, and where somebody looks the panel."""
        found = self._look
        if self.job is not None and (found is None or not found.ended):
            found = look(self.job, self.log_lines)
        bundle: dict[str, Any] = {
            "text/plain": card.text(self.settings, found),
            "text/html": card.html(self.settings, found),
        }
        if in_live_notebook() or self._panel is not None:
            shown = self.widget._repr_mimebundle_()
            widget_view = "application/vnd.jupyter.widget-view+json"
            bundle[widget_view] = (shown[0] if isinstance(shown, tuple) else shown)[widget_view]
        return bundle

    def __repr__(self) -> str:
        job = f", job={self.job.name!r}" if self.job is not None else ""
        return f"TrainingLauncher({self.settings.source!r}{job})"
