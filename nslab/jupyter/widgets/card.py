"""The card of an exercise: its goal, what the kernel says of it, and help when it is asked for.

It judges by itself (:mod:`nslab.jupyter.widgets.rejudging`).  A try is counted when the learner
presses Check, and when all has come to be met.
"""

from __future__ import annotations

import html
import threading
import weakref
from collections import Counter
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import ipywidgets as w

from nslab.errors import NslabError
from nslab.jupyter.widgets.live import Live, drawn
from nslab.jupyter.widgets.page import CARD, in_page, marked, mirrored, plain
from nslab.jupyter.widgets.rejudging import Rejudging, Standing
from nslab.jupyter.widgets.words import say
from nslab.jupyter.widgets.work import Worker
from nslab.printable import printable
from nslab.session import views
from nslab.session.check import Verdict

if TYPE_CHECKING:
    from nslab.session.lab import Lab

GOOD, BAD = "#009e73", "#d55e00"


class Choice(Protocol):
    """An answer to choose."""

    @property
    def id(self) -> str: ...
    @property
    def text(self) -> str: ...


class Attempt(Protocol):
    """How far the learner is."""

    @property
    def hints(self) -> int: ...
    @property
    def tries(self) -> int: ...
    @property
    def passed(self) -> bool: ...
    @property
    def choice(self) -> str: ...
    @property
    def seconds(self) -> float: ...
    @property
    def asked(self) -> bool: ...
    @property
    def lab(self) -> Lab | None: ...
    def judged(self, passed: bool) -> None: ...


class Exercise(Protocol):
    """What is shown: an exercise, as far as it matters here."""

    @property
    def id(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def goal(self) -> str: ...
    @property
    def hints(self) -> tuple[str, str, str]: ...
    @property
    def choices(self) -> Sequence[Any]: ...
    @property
    def attempt(self) -> Any: ...
    def standing(self, lab: Any, *, trying: bool = False) -> Any: ...
    def start(self, *, engine: str | None = None) -> Any: ...
    def choose(self, choice: str) -> Any: ...
    def hint(self) -> Any: ...
    def solution(self) -> Any: ...


_cards: weakref.WeakKeyDictionary[Any, weakref.ref[Card]] = weakref.WeakKeyDictionary()
"""By attempt: the card that is in charge of it."""


class Card(w.VBox):  # type: ignore[misc]
    """Shows an exercise, and judges it whenever its lab has changed.

    A newer card of the same exercise takes over from an older one.  Saved with the notebook, and
    without a kernel, it is what it last showed.

    :param exercise: what is shown
    :param lab: the lab that was started for it; the card keeps it
    :param engine: of a lab that "Start over" makes
    """

    children: Any
    live: Live
    """The picture of the exercise's lab."""

    def __init__(self, exercise: Exercise, lab: Lab, engine: str | None = None) -> None:
        self._exercise = exercise
        self._attempt: Attempt = exercise.attempt
        self._lab = lab
        self._engine = engine
        self._now: Standing | None = None
        self._first: Standing | None = None
        """The first standing, until the card was shown."""
        self._showing = threading.RLock()
        self._state = ""
        """``over`` when the lab has ended, ``older`` when a newer card has taken over."""
        self._asking = ""
        """``again`` while it asks whether to start over."""
        self._choosing = False
        self._worker = Worker(self._busy, lambda words: self._reply(_error(words)))
        self._make()
        self._arrange()
        before = _cards.get(self._attempt)
        if before is not None and (older := before()) is not None:
            older._yield()
        _cards[self._attempt] = weakref.ref(self)
        self._follow(lab)

    def _make(self) -> None:
        """The parts."""
        self._goal = w.HTML()
        self._choices = w.RadioButtons(
            options=[(f"{one.id}) {plain(one.text)}", one.id) for one in self._exercise.choices],
            value=None,
            layout=w.Layout(width="100%"),
        )
        self._locked = w.HTML()
        self._says = w.HTML()
        self._points = w.HTML()
        self._told = w.HTML()
        self._hints = w.HTML()
        self._meta = w.HTML()

        def button(words: str, call: Callable[[], object], **options: Any) -> w.Button:
            made = w.Button(description=words, layout=w.Layout(width="auto"), **options)
            made.on_click(lambda _: call())
            return made

        self._check = button(
            say("Check"),
            lambda: self._do(self._try),
            icon="check",
            tooltip=say("ask the kernel now, also what is tried for real; counts a try"),
        )
        self._hint = button("", self._open_hint, icon="lightbulb-o")
        self._why = button(
            say("Show me why"),
            lambda: self._do(self._explain),
            icon="question",
            tooltip=say("where the packet is lost"),
        )
        self._again = button(say("Start over"), self._start_over, icon="refresh")
        self._keep = button(say("Keep it"), self._kept)
        self._back = button(say("Bring it back"), lambda: self._do(self._bring_back), icon="undo")
        self._solution = button(say("Solution"), self._solve)
        self._use = button(say("Type into this lab"), self._use_lab, icon="terminal")
        self._choices.observe(self._chosen, names="value")

    def _arrange(self) -> None:
        """Where the parts stand."""
        row = [self._check, self._hint, self._why, self._again, self._keep, self._back]
        self._buttons = w.HBox(
            [*row, self._solution, self._use],
            layout=w.Layout(flex_flow="row wrap", overflow="visible"),
        )
        saved = html.escape(
            say("as saved; run this cell, and it goes on: what you have passed is kept")
        )
        self._saved = w.HTML(
            f"<span class='nslab-saved'><span style='color:{BAD}'>■</span> {saved}</span>{CARD}"
        )
        guess = [self._choices, self._locked] if self._exercise.choices else []
        head = [self._goal, *guess, self._says, self._points, self._buttons]
        super().__init__([*head, self._told, self._hints, self._meta, self._saved, in_page()])
        for each in (self._keep, self._back):
            each.layout.display = "none"
        kind = html.escape(_KINDS[self._exercise.kind]())
        title = f"<b>{html.escape(self._exercise.id)} · {kind}</b>"
        self._goal.value = f"{title} {marked(self._exercise.goal)}"
        self._name()

    def _name(self) -> None:
        """What each part is called in the page."""
        self.add_class("nslab-keys")
        named = {
            "card": self,
            "goal": self._goal,
            "choices": self._choices,
            "locked": self._locked,
            "says": self._says,
            "points": self._points,
            "told": self._told,
            "hints": self._hints,
            "meta": self._meta,
            "check": self._check,
            "hint": self._hint,
            "explain": self._why,
            "again": self._again,
            "keep": self._keep,
            "back": self._back,
            "solution": self._solution,
            "use": self._use,
        }
        for name, widget in named.items():
            widget.add_class(f"nslab-{name}")

    def close(self) -> None:
        """Stop judging, and take the widget away; the lab stays."""
        if (judging := getattr(self, "_judging", None)) is not None:  # it was never made whole
            judging.stop()
            self.live.close()
        super().close()

    # -- following a lab -----------------------------------------------------------------------

    def _follow(self, lab: Lab) -> None:
        """Show a lab, and judge it from now on."""
        older = getattr(self, "_judging", None)
        if older is not None:
            older.stop()
            self.live.close()
        self._lab = lab
        self._state = ""
        self.live = Live(lab)
        kept = [child for child in self.children if not isinstance(child, Live)]
        place = kept.index(self._saved)
        self.children = (*kept[:place], self.live, *kept[place:])
        judging = Rejudging(self._exercise, lab, self._judged, self._tick, self._over)
        self._judging = judging
        self.live.observe_snapshot(judging.changed)
        lab.observe_steps(self._stepped)
        judging.start()
        self._first = self._now

    def _stepped(self) -> None:
        self._judging.changed()

    def _judged(self, now: Standing) -> None:
        """A standing comes in; the first that is solved is a try that is counted."""
        with self._showing:
            if self._state:
                return
            if now.solved and not self._attempt.passed:
                self._attempt.judged(True)
            self._now = now
            self._show()

    def _tick(self) -> None:
        newer = self._attempt.lab
        if newer is not None and newer is not self._lab:
            self._reply(
                _note(say("A newer lab was started for this exercise; the card shows it now."))
            )
            self._follow(newer)
        with self._showing:
            self._show_rest()

    def _over(self, reason: str) -> None:
        with self._showing:
            if self._state:
                return
            self._state = "over"
            self._reason = reason
            self._show()

    def _yield(self) -> None:
        """A newer card takes over; this one stays as it is."""
        with self._showing:
            self._state = "older"
            self._judging.stop()
            self.live.following.stop()
            self._show()

    # -- what the buttons do -------------------------------------------------------------------

    def _do(self, job: Callable[[], object]) -> None:
        if not self._worker.do(job):
            self._reply(_note(say("One moment: something is still being asked.")))

    def _busy(self, busy: bool) -> None:
        asking = _note(say("asking …"))
        if busy:
            self._reply(asking)
        elif self._told.value == asking:
            self._reply("")

    def _chosen(self, change: dict[str, Any]) -> None:
        if self._choosing or change["new"] is None:
            return
        try:
            self._exercise.choose(change["new"])
        except NslabError as error:
            self._reply(_error(f"{error.cause}"))
        self._judging.changed()
        with self._showing:
            self._show()

    def _try(self) -> None:
        """Ask everything, and count it."""
        counted = self._attempt.passed
        now = self._judging.judge(trying=True)
        with self._showing:
            if counted or not now.solved:  # else it has just been counted
                self._attempt.judged(now.solved)
            self._reply("")
            self._show()

    def _open_hint(self) -> None:
        self._exercise.hint()
        with self._showing:
            self._show()

    def _explain(self) -> None:
        way = self._now.unreached if self._now else None
        if way is not None:
            self._reply(self._lab.why(*way).html)

    def _start_over(self) -> None:
        lab = self._lab
        if lab.alive and self._asking != "again" and lab.changes:
            self._asking = "again"
            self._reply(
                _note(say("Start over? What was done in the lab is taken back. Press once more."))
            )
            with self._showing:
                self._show_rest()
            return
        self._asking = ""
        self._do(self._renew)

    def _renew(self) -> None:
        """The lab as it was in the beginning; a new one, if it has ended."""
        lab = self._lab
        if lab.alive:
            done = bool(lab.changes)
            lab.reset()
            self._reply(_note(say("Begun anew.")))
            self._back.layout.display = None if done else "none"
            self._judging.changed()
        else:
            with views.untold():
                self._follow(self._exercise.start(engine=self._engine))
            self._reply(_note(say("Begun anew, in a new lab.")))
        with self._showing:
            self._show()

    def _kept(self) -> None:
        self._asking = ""
        self._reply("")
        with self._showing:
            self._show_rest()

    def _bring_back(self) -> None:
        """What Start over has taken."""
        self._back.layout.display = "none"
        self._lab._go_forth()
        self._reply(_note(say("It is as it was.")))
        self._judging.changed()

    def _solve(self) -> None:
        lines = html.escape(str(self._exercise.solution()))
        self._reply(f"<pre>{lines}</pre>" if "\n" in lines else _note(str(lines)))

    def _use_lab(self) -> None:
        notebook = views.notebook()
        if notebook is not None:
            with views.untold():
                notebook.use(self._lab)
        with self._showing:
            self._show_rest()

    # -- what is shown -------------------------------------------------------------------------

    def _reply(self, words: str) -> None:
        with self._showing:
            _set(self._told, words)

    def _show(self) -> None:
        """Everything anew; called by whoever holds ``_showing``."""
        now, passed = self._now, self._attempt.passed
        if self._state == "older":
            _set(self._says, _line(say("A newer card of this exercise has taken over."), BAD, "■"))
        elif self._state == "over":
            words = say("The lab has ended. Start over makes a new one; what you passed is kept.")
            _set(self._says, _line(words, BAD, "■"))
        elif now is not None and now.solved:
            words = html.escape(say("Solved"))
            _set(self._says, f"<span class='nslab-solved'>✔ {words}</span>")
        elif now is not None:
            met = sum(isinstance(one, Verdict) and one.ok for one in now.points[: now.wanted])
            words = say("{met} of {all} met").format(met=met, all=now.wanted)
            if passed:
                words += " · " + say("you have solved it before")
            _set(self._says, html.escape(words))
        if now is not None:
            _set(self._points, _points(now.points))
        self._show_choice()
        self._show_rest()

    def _show_choice(self) -> None:
        ran = self._now is not None and self._now.ran
        self._choosing = True
        try:
            if self._choices.value != (self._attempt.choice or None):
                self._choices.value = self._attempt.choice or None
        finally:
            self._choosing = False
        locked = ran or bool(self._state)
        if self._choices.disabled != locked:
            self._choices.disabled = locked
        words = say("Choose first, then run it.")
        if ran:
            words = say("It was run: the choice is locked. Start over to choose again.")
        elif self._attempt.choice:
            words = say("Now run it. Until then you may choose again.")
        _set(self._locked, f"<small>{html.escape(words)}</small>")

    def _show_rest(self) -> None:
        """The buttons, the hints, and what was spent."""
        attempt, alive = self._attempt, not self._state
        opened, hints = attempt.hints, self._exercise.hints
        words = say("Hint {number} of {all}").format(
            number=min(opened + 1, len(hints)), all=len(hints)
        )
        _put(self._hint, "description", words)
        _put(self._hint, "disabled", opened >= len(hints) or self._state == "older")
        _put(self._check, "disabled", not alive)
        _put(self._again, "disabled", self._state == "older")
        _put(self._solution, "disabled", self._state == "older")
        unreached = self._now is not None and self._now.unreached is not None
        _seen(self._why, alive and unreached)
        _seen(self._keep, self._asking == "again")
        notebook = views.notebook()
        used = notebook is None or notebook.uses(self._lab)
        _seen(self._use, alive and not used)
        _set(
            self._hints,
            "".join(
                f"<div><b>{html.escape(_hint_head(place, len(hints)))}</b> {marked(hint)}</div>"
                for place, hint in enumerate(hints[:opened], 1)
            ),
        )
        self._show_meta(used)

    def _show_meta(self, used: bool) -> None:
        name = f"<code>{html.escape(printable(self._lab.name))}</code>"
        where = say("%%host types into its lab, {lab}") if used else say("its lab is {lab}")
        minutes = say("{minutes} min").format(minutes=int(self._attempt.seconds // 60))
        tries = say("tries: {count}").format(count=self._attempt.tries)
        words = [html.escape(where).format(lab=name), html.escape(tries), html.escape(minutes)]
        _set(self._meta, f"<small>{' · '.join(words)}</small>")

    def _repr_mimebundle_(self, **options: Any) -> Any:
        lines = [f"{self._exercise.id} ({self._exercise.kind}): {self._exercise.goal}"]
        lines += [f"  {one.id}) {one.text}" for one in self._exercise.choices]
        # As the first look found it: the next one, which may try something, comes at any moment.
        now, self._first = self._first or self._now, None
        points = now.points if now else ()
        lines += dict.fromkeys(
            f"○ {printable(one)}" if isinstance(one, str) else str(one) for one in points
        )
        page = (
            f"<div>{self._goal.value}</div>"
            + "".join(
                f"<div>{html.escape(one.id)}) {marked(one.text)}</div>"
                for one in self._exercise.choices
            )
            + _points(points)
            + drawn(self.live.picture)
        )
        return mirrored(super()._repr_mimebundle_(**options), "\n".join(lines), page)


_KINDS: dict[str, Callable[[], str]] = {
    "predict": lambda: say("predict"),
    "build": lambda: say("build"),
    "mend": lambda: say("mend"),
}


def _hint_head(place: int, count: int) -> str:
    return say("Hint {number} of {all}").format(number=place, all=count)


def _points(points: Sequence[Verdict | str]) -> str:
    """A line for each; the same words of several checks stand once, with their number."""
    count = Counter(points)
    return "".join(_point(one, times) for one, times in count.items())


def _point(one: Verdict | str, times: int = 1) -> str:
    if isinstance(one, str):
        return (
            "<div style='opacity:.75'><span style='display:inline-block;width:1.6em'>○</span>"
            f"{html.escape(printable(one))}</div>"
        )
    more = f" (×{times})" if times > 1 else ""
    return _line(one.message + more, GOOD if one else BAD, "✔" if one else "✘")


def _line(words: str, colour: str, sign: str) -> str:
    return (
        f"<div><b style='color:{colour};display:inline-block;width:1.6em'>{sign}</b>"
        f"{html.escape(printable(words))}</div>"
    )


def _note(words: str) -> str:
    return f"<div>{html.escape(words)}</div>"


def _error(words: str) -> str:
    return _line(words, BAD, "✘")


def _set(shown: w.HTML, value: str) -> None:
    """Say it if it is another thing: what is said again would be read aloud again."""
    if shown.value != value:
        shown.value = value


def _put(button: w.Button, name: str, value: Any) -> None:
    if getattr(button, name) != value:
        setattr(button, name, value)


def _seen(button: w.Button, seen: bool) -> None:
    wanted = None if seen else "none"
    if button.layout.display != wanted:
        button.layout.display = wanted
