"""What a canvas can do: the one protocol of all hosts, as JSON (see `Session.call`)."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from clary.home import Home
from clary.labeling.params import Params
from clary.labeling.task_type import Answer, BadAnswer
from clary.labeling.telling import tell
from clary.labeling.work import Act, SessionError, Work, WorkError, showing
from clary.labeling.work.images import ImageError, SessionImage, served
from clary.labeling.work.recording import checked_seconds

if TYPE_CHECKING:
    from clary.runner.runner import Runner
    from clary.store import Store

_log = logging.getLogger(__name__)

PROTOCOL = 1
_MOST_AT_ONCE = 100
_LONGEST_NONCE = 100
_LONGEST_COMMENT = 4_000
_LARGEST_DRAFT = 8 << 20

__all__ = ["PROTOCOL", "Session", "SessionError", "SessionImage"]


class Session:
    """One person at one labeling job. `owner`: may review, and look at any item. Cheap to make: one a request is fine."""

    def __init__(
        self, home: Home, runner: Runner | None, store: Store | None, job_name: str, worker: str, owner: bool
    ) -> None:
        """`runner`, `store`: None where no step is to be started (a test of the canvas alone). Raises SessionError when there
        is no such job."""
        self._home, self._runner, self._store = home, runner, store
        self.worker, self.owner = worker, owner
        try:
            self.work = Work.open(home, job_name)
        except WorkError as error:
            raise SessionError("NotFound", str(error)) from None

    def call(self, method: str, params: Mapping[str, Any]) -> dict[str, Any] | SessionImage:
        """Answer one request. Methods: open, next, image, act, acts, history. Raises SessionError."""
        methods: dict[str, Callable[[Params], dict[str, Any] | SessionImage]] = {
            "open": self._open,
            "next": self._next,
            "image": self._image,
            "act": self._act,
            "acts": self._acts,
            "history": self._history,
        }
        if not isinstance(method, str) or method not in methods:
            raise SessionError(
                "BadRequest", f"There is no method {method!r}; there are {', '.join(methods)}."
            )
        if not isinstance(params, Mapping):
            raise SessionError("BadRequest", "params must be an object.")
        return methods[method](Params(params))

    # The methods

    def _open(self, params: Params) -> dict[str, Any]:
        return {
            "protocol": PROTOCOL,
            **showing.job(self.work, self.worker, self.owner),
            "progress": self._progress(),
        }

    def _next(self, params: Params) -> dict[str, Any]:
        n = params.number("n", 1, 1, _MOST_AT_ONCE)
        have = params.numbers("have")
        if params.text("queue", "label") == "review":
            self._owner_only()
            things = self.work.review_queue(n, have)
            items = [showing.item(self.work, one, self.worker, votes=True) for one in things]
            return {"items": items, "progress": self._progress()}
        try:
            things = self.work.next(self.worker, n, have)
        except SessionError as error:
            if error.code not in ("NotReady", "JobEnded"):
                raise
            things = []  # the progress says why
        if not things:
            self._tend()
        items = [showing.item(self.work, one, self.worker) for one in things]
        return {"items": items, "progress": self._progress()}

    def _image(self, params: Params) -> SessionImage:
        thing = self.work.object(params.number("object", None, 0))
        self._may_see(thing.id)
        size = params.number("size", 0, 0, 20_000)
        try:
            return served(self._home, thing, size)
        except ImageError as error:
            raise SessionError("NotFound", str(error)) from None

    def _act(self, params: Params) -> dict[str, Any]:
        action, nonce = params.text("action"), ""
        if action in ("release", "renew", "draft"):
            return self._lease(action, params)
        nonce = self._nonce(params)
        if action in ("undo", "redo"):
            turn = self.work.undo if action == "undo" else self.work.redo
            seq, thing = turn(self.worker, nonce)
            tell(self._home, self.work.settings.name)
            self._tend()
            items = [
                showing.item(self.work, one, self.worker, votes=self.owner)
                for one in self.work.touched_by(seq)
            ]
            item = next((one for one in items if one["id"] == thing), None)
            told = {"action": self._turned(seq), "item": item, "items": items}
            return {"seq": seq, "progress": self._progress(), **told}
        act = self._checked(action, params, nonce)
        (seq,) = self.work.record(act)
        tell(self._home, self.work.settings.name)
        self._tend()
        return {"seq": seq, "progress": self._progress()}

    def _acts(self, params: Params) -> dict[str, Any]:
        items = params.get("items")
        if not isinstance(items, list) or not 0 < len(items) <= _MOST_AT_ONCE:
            raise SessionError("BadRequest", f"items must be a list of 1 to {_MOST_AT_ONCE} answers.")
        acts = []
        for one in items:
            if not isinstance(one, Mapping):
                raise SessionError("BadRequest", "Every one of the items must be an object.")
            some = Params(one)
            acts.append(self._checked("answer", some, self._nonce(some)))
        if len({act.nonce for act in acts}) < len(acts) or len({act.object for act in acts}) < len(acts):
            raise SessionError("BadRequest", "Every one of the items needs a nonce and an object of its own.")
        seqs = self.work.record(*acts)
        tell(self._home, self.work.settings.name)
        self._tend()
        return {"seqs": seqs, "progress": self._progress()}

    def _history(self, params: Params) -> dict[str, Any]:
        before = params.get("before")
        if before is not None:
            before = params.number("before", None, 0)
        n = params.number("n", 20, 1, _MOST_AT_ONCE)
        found = self.work.history(self.worker, before, n)
        return {
            "items": [{**showing.item(self.work, thing, self.worker), "seq": seq} for thing, seq in found]
        }

    # Their parts

    def _lease(self, action: str, params: Params) -> dict[str, Any]:
        thing = params.number("object", None, 0)
        result: dict[str, Any] = {"seq": None}
        if action == "renew":
            result["lease_until"] = self.work.renew(self.worker, thing)
        elif action == "release":
            self.work.release(self.worker, thing)
        else:
            answer = params.get("answer")
            if answer is not None and not isinstance(answer, dict):
                raise SessionError("BadAnswer", "A draft must be an object, or null to forget it.")
            if answer is not None and len(json.dumps(answer)) > _LARGEST_DRAFT:
                raise SessionError("BadAnswer", f"The draft is larger than {_LARGEST_DRAFT >> 20} MiB.")
            self.work.draft(self.worker, thing, answer)
        return {**result, "progress": self._progress()}

    def _turned(self, seq: int) -> str:
        """What the undo or redo `seq` turned: "answer", "skip", "flag", "unflag" or "review"."""
        (turn,) = self.work.events(after=seq - 1, limit=1)
        deeds = turn.body.get("undoes") or turn.body["redoes"]
        (deed,) = self.work.events(after=deeds[0] - 1, limit=1)
        return deed.action

    def _checked(self, action: str, params: Params, nonce: str) -> Act:
        if action not in ("answer", "skip", "flag", "unflag", "review"):
            raise SessionError("BadRequest", f"There is no action {action!r}.")
        number = params.number("object", None, 0)
        answer: Answer | None = None
        if action == "review":
            self._owner_only()
        if action in ("answer", "review"):
            thing = self.work.object(number)
            try:
                answer = self.work.task.check(
                    params.get("answer"), self.work.thing(thing), self.work.settings
                )
            except BadAnswer as error:
                raise SessionError("BadAnswer", str(error)) from None
        comment = params.text("comment", "") or ""
        if len(comment) > _LONGEST_COMMENT:
            raise SessionError(
                "BadRequest", f"The comment is longer than {_LONGEST_COMMENT:,} characters. Shorten it."
            )
        return Act(
            worker=self.worker,
            action=action,  # type: ignore[arg-type]
            object=number,
            nonce=nonce,
            answer=answer,
            seconds=checked_seconds(params.get("seconds")),
            comment=comment.strip(),
            revise=params.get("revise") is True,
        )

    def _nonce(self, params: Params) -> str:
        nonce = params.text("nonce")
        if not nonce or len(nonce) > _LONGEST_NONCE:
            raise SessionError(
                "BadRequest", f"nonce must be a text of 1 to {_LONGEST_NONCE} characters, new for each act."
            )
        return nonce

    def _progress(self) -> dict[str, Any]:
        return self.work.progress(self.worker, self.owner)

    def _owner_only(self) -> None:
        if not self.owner:
            raise SessionError("NotYours", "Only the owner of the job reviews.")

    def _may_see(self, thing: int) -> None:
        if not self.owner and not self.work.was_given(self.worker, thing):
            raise SessionError("NotYours", "This item was not given to you.")

    def _tend(self) -> None:
        """Start the step that the job needs now, if it needs one."""
        if self._runner is None or self._store is None or self.work.due() is None:
            return
        from clary.labeling import steps

        try:
            steps.ensure(self._home, self._runner, self.work)
        except Exception:  # what the person did is on the disk; whoever asks next starts the step
            _log.exception("The next step of %s could not be started.", self.work.settings.name)
