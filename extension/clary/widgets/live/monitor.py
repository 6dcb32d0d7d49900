"""The view of a job that runs or has run."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import Any

import ipywidgets

from clary.widgets.live.fields import button
from clary.widgets.observing import Look
from clary.widgets.view import card, parts


class Monitor:
    """Status, phases, charts, what it uses, its log, and what can be done with it.

    ``show`` may be called from any thread; only what has changed is sent to the front end.
    """

    def __init__(self, *, stop: Callable[[], str], again: Callable[[], None], lines: int) -> None:
        self._stop_job = stop
        self._lines = lines
        self._log: tuple[str, ...] = ()
        self._asking = False
        self.head = ipywidgets.HTML('<p class="claryw-Note">Nothing was launched yet.</p>')
        self.progress = ipywidgets.FloatProgress(
            min=0.0, max=1.0, layout={"width": "auto", "display": "none"}
        )
        self.progress.add_class("claryw-Progress")
        self.says = ipywidgets.HTML()
        self.metrics = ipywidgets.HTML()
        self.resources = ipywidgets.HTML()
        self.outcome = ipywidgets.HTML()
        self.log = ipywidgets.HTML()
        self.log.add_class("claryw-Log")
        self.follow = ipywidgets.Checkbox(
            value=True, description="Follow the log", indent=False, layout={"width": "auto"}
        )
        self.follow.observe(self._on_follow, names="value")
        self.stop = button("Stop", self._ask, tooltip="Stop the job", icon="stop")
        self.again = button(
            "Run again", again, tooltip="Set up another job with the same settings", icon="repeat"
        )
        self._confirm = ipywidgets.HBox(
            [
                ipywidgets.HTML('<span role="alert">Stop the job? What it saved is kept.</span>'),
                button("Stop it", self._stop, style="danger"),
                button("Keep it running", self._keep),
            ]
        )
        self._confirm.add_class("claryw-Buttons")
        self._buttons = ipywidgets.HBox([self.stop, self.again])
        self._buttons.add_class("claryw-Buttons")
        self._log_title = ipywidgets.HTML('<div class="claryw-Title" role="heading" aria-level="4">Log</div>')
        self._log_bar = ipywidgets.HBox([self._log_title, self.follow])
        for name in ("claryw-Buttons", "claryw-Bar"):
            self._log_bar.add_class(name)
        self.widget = ipywidgets.VBox(
            [
                self.head,
                self.progress,
                self.says,
                self._buttons,
                self._confirm,
                self.outcome,
                self.metrics,
                self.resources,
                self._log_bar,
                self.log,
            ]
        )
        self.widget.add_class("claryw-Section")
        self._visible(self._confirm, False)
        for one in (self._buttons, self._log_bar, self.log, self.says):
            self._visible(one, False)

    def show(self, look: Look) -> None:
        """Show a look at the job."""
        state = look.state
        self.head.value = parts.heading(look) + parts.timeline(look) + parts.failure(look)
        self.progress.value = state.fraction
        self.progress.bar_style = "info"
        self._visible(self.progress, not look.ended)
        self.outcome.value = card.outcome(look)
        self.metrics.value = parts.metrics(look)
        self.resources.value = parts.resources(look)
        self._log = look.log
        if self.follow.value:
            self._write_log()
        running = look.status == "InProgress"
        self._asking = self._asking and running
        self._visible(self.stop, running and not self._asking)
        self._visible(self._confirm, self._asking)
        self._visible(self.again, look.ended)
        self._visible(self._buttons, running or look.ended)
        for one in (self._log_bar, self.log):
            self._visible(one, True)
        self.trouble("")

    def trouble(self, text: str) -> None:
        """Say that the job cannot be seen, in the API's words."""
        self.says.value = (
            f'<p class="claryw-Bad" role="alert"><b aria-hidden="true">✕</b> {escape(text)}</p>'
            if text
            else ""
        )
        self._visible(self.says, bool(text))

    def _write_log(self) -> None:
        if not self._log:
            self.log.value = '<pre class="claryw-Note" tabindex="0" role="log" aria-label="Log">Nothing was printed so far.</pre>'
            return
        more = f"The last {self._lines} lines" if len(self._log) >= self._lines else "The whole log"
        self.log.value = f'<pre tabindex="0" role="log" aria-label="{more}">{parts.log(self._log)}</pre>'

    def _on_follow(self, _: Any) -> None:
        if self.follow.value:
            self._write_log()

    def _ask(self) -> None:
        self._asked(True)

    def _keep(self) -> None:
        self._asked(False)

    def _asked(self, asking: bool) -> None:
        self._asking = asking
        self._visible(self._confirm, asking)
        self._visible(self.stop, not asking)

    def _stop(self) -> None:
        self._asked(False)
        self.trouble(self._stop_job())

    @staticmethod
    def _visible(one: Any, visible: bool) -> None:
        wanted = None if visible else "none"
        if one.layout.display != wanted:
            one.layout.display = wanted
