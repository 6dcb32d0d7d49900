"""The panel: set a job up, watch it, see it as code, find the jobs that were launched before."""

from __future__ import annotations

import threading
from html import escape
from typing import TYPE_CHECKING, Any

import ipywidgets

from clary.sdk.errors import ClaryError
from clary.sdk.storage import default_bucket
from clary.widgets.equivalent import boto3_code, sdk_code
from clary.widgets.live.fields import button, put_away
from clary.widgets.live.form import Form
from clary.widgets.live.monitor import Monitor
from clary.widgets.observing import Look
from clary.widgets.view.style import LIVE, STYLE

if TYPE_CHECKING:
    from clary.widgets.launcher import TrainingLauncher

SET_UP, WATCH, CODE, RECENT = range(4)


class Panel:
    """The widgets of one launcher, which does what the buttons ask for."""

    def __init__(self, launcher: TrainingLauncher, lines: int) -> None:
        self._launcher = launcher
        self._busy = threading.Lock()
        self.form = Form(launcher.settings, changed=self._form_changed)
        self.monitor = Monitor(stop=self._stop, again=self._again, lines=lines)
        self.launch = button(
            "Launch", self._launch, style="primary", icon="play", tooltip="Start the training job"
        )
        self._problem = ipywidgets.HTML()
        bar = ipywidgets.HBox([self.launch])
        bar.add_class("claryw-Buttons")
        set_up = ipywidgets.VBox([self.form.widget, bar, self._problem])
        self._code = ipywidgets.HTML()
        self._code.add_class("claryw-Code")
        self._language = ipywidgets.ToggleButtons(
            options=["clary", "boto3"], value="clary", tooltips=["With Clary's SDK", "With boto3 alone"]
        )
        self._language.observe(lambda _: self._show_code(), names="value")
        note = ipywidgets.HTML(
            '<p class="claryw-Note">What Launch does, as code for a cell or a script. A click selects all of it.</p>'
        )
        code = ipywidgets.VBox([note, self._language, self._code])
        self._recent = ipywidgets.Select(options=[], rows=8, description="Jobs", layout={"width": "auto"})
        buttons = ipywidgets.HBox(
            [
                button("Watch", self._watch_recent, tooltip="Watch the chosen job"),
                button("Copy settings", self._copy_recent, tooltip="Set up another job like the chosen one"),
                button("Refresh", self._fill_recent, tooltip="Read the list again"),
            ]
        )
        buttons.add_class("claryw-Buttons")
        self._recent_says = ipywidgets.HTML()
        recent = ipywidgets.VBox([self._recent_says, self._recent, buttons])
        self.tabs = ipywidgets.Tab(
            [set_up, self.monitor.widget, code, recent], titles=["Set up", "Watch", "Code", "Recent jobs"]
        )
        self.tabs.observe(self._turned, names="selected_index")
        self.widget = ipywidgets.VBox([ipywidgets.HTML(STYLE + LIVE), self.tabs])
        self.widget.add_class("clary-Launcher")
        self.widget.add_class("claryw-Live")
        if launcher.job is not None:
            self.tabs.selected_index = WATCH

    def close(self) -> None:
        put_away(self.widget)

    def seen(self, look: Look) -> None:
        """A look at the job, from the watcher's thread."""
        self.monitor.show(look)

    def troubled(self, text: str) -> None:
        self.monitor.trouble(text)

    def launched(self) -> None:
        """A job was started, by the button or from code."""
        self._problem.value = ""
        self.tabs.selected_index = WATCH

    def _form_changed(self) -> None:
        self._launcher.take(self.form.settings())
        if self.tabs.selected_index == CODE:
            self._show_code()

    def _launch(self) -> None:
        problems = self.form.problems()
        if problems:
            self._say(problems)
            return
        if not self._busy.acquire(blocking=False):
            return
        self.launch.disabled, self.launch.description = True, "Launching..."
        self._problem.value = ""
        # Packing and copying inputs may take a while; the kernel stays free for it.
        threading.Thread(target=self._launch_now, name="clary-launch", daemon=True).start()

    def _launch_now(self) -> None:
        try:
            self._launcher.launch()
        except Exception as error:
            self._say([str(error)])
        finally:
            self.launch.disabled, self.launch.description = False, "Launch"
            self._busy.release()

    def _say(self, problems: list[str]) -> None:
        items = "".join(f"<li>{escape(problem)}</li>" for problem in problems)
        title = "<b>✕ Not launched</b>"
        self._problem.value = f'<div class="claryw-Problem" role="alert">{title}<ul>{items}</ul></div>'

    def _stop(self) -> str:
        try:
            self._launcher.stop()
        except ClaryError as error:
            return str(error)
        return ""

    def _again(self) -> None:
        self._launcher.renew()
        self.tabs.selected_index = SET_UP

    def _turned(self, _: Any) -> None:
        if self.tabs.selected_index == CODE:
            self._show_code()
        elif self.tabs.selected_index == RECENT:
            self._fill_recent()

    def _show_code(self) -> None:
        settings = self.form.settings()
        text = (
            sdk_code(settings) if self._language.value == "clary" else boto3_code(settings, default_bucket())
        )
        self._code.value = f'<pre tabindex="0" aria-label="Code">{escape(text, quote=False)}</pre>'

    def _fill_recent(self) -> None:
        from clary.widgets.recent import recent_jobs

        rows = recent_jobs()
        self._recent.options = [(f"{name}   {status}   {created}", name) for name, status, created in rows]
        self._recent.value = rows[0][0] if rows else None
        said = "Jobs that were launched by a panel like this one, newest first." if rows else "None so far."
        self._recent_says.value = f'<p class="claryw-Note">{said}</p>'

    def _watch_recent(self) -> None:
        if self._recent.value:
            self._launcher.watch(self._recent.value)
            self.tabs.selected_index = WATCH

    def _copy_recent(self) -> None:
        if self._recent.value:
            self._launcher.copy(self._recent.value)
            self.tabs.selected_index = SET_UP
