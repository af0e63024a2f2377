"""The card of an exercise: its goal, what the kernel says of it, and help when it is asked for.

It judges by itself (:mod:`nslab.jupyter.widgets.rejudging`).  A step that changes the lab is a try,
until all was met once; so is Check, where nothing was counted since the last step or choice.
"""

from __future__ import annotations

import functools
import threading
import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import ipywidgets as w

from nslab.errors import NslabError
from nslab.jupyter.answers import judged_by
from nslab.jupyter.widgets import card_words
from nslab.jupyter.widgets.below import Below
from nslab.jupyter.widgets.buttons import button
from nslab.jupyter.widgets.card_words import line, note
from nslab.jupyter.widgets.error_words import cause
from nslab.jupyter.widgets.line_words import typed
from nslab.jupyter.widgets.live import Live, drawn
from nslab.jupyter.widgets.page import CARD, in_page, mirrored, only_saved, plain
from nslab.jupyter.widgets.rejudging import Rejudging, differ
from nslab.jupyter.widgets.task import Attempt, Exercise, Standing
from nslab.jupyter.widgets.why_words import answered
from nslab.jupyter.widgets.words import say
from nslab.jupyter.widgets.work import Worker
from nslab.network.model import Snapshot
from nslab.session import views

if TYPE_CHECKING:
    from nslab.session.lab import Lab

_cards: weakref.WeakKeyDictionary[Attempt, weakref.ref[Card]] = weakref.WeakKeyDictionary()
"""By attempt: the card that is in charge of it."""


class Card(w.VBox):  # type: ignore[misc]
    """Shows an exercise, and judges it whenever its lab has changed.

    A newer card of the same exercise takes over from an older one.  Saved with the notebook, and
    without a kernel, it is what it last showed.

    :param exercise: what is shown
    :param lab: the lab that was started for it; the card keeps it
    :param engine: of a lab that "Start over" makes
    :param start: makes such a lab; else the exercise does
    """

    children: Any
    live: Live
    """The picture of the exercise's lab."""
    _reason = ""
    """Why the lab has ended, in the reader's language."""
    _pressed = False
    """Whether Check was pressed since the lab was as at first."""

    def __init__(
        self,
        exercise: Exercise,
        lab: Lab,
        engine: str | None = None,
        start: Callable[[], Lab] | None = None,
    ) -> None:
        self._exercise = exercise
        self._attempt = exercise.attempt
        self._lab = lab
        self._start = start or functools.partial(exercise.start_alone, engine)
        self._showing = threading.RLock()
        """Held while something is shown: the judging thread, that of a button and that of the page
        do so at the same time."""
        self._state = ""
        """``ended`` when the lab has, ``older`` when a newer card has taken over."""
        self._news = False
        """Whether what is said below the buttons is of no more use after the next step."""
        self._why_of: Snapshot | None = None
        """What was there when the reason that is shown was found; None if none is shown."""
        self._showing_choice = False
        self._read = 0
        """How many hints are open here: after the end of a puzzle they are not counted."""
        self._chosen_before = ""
        """What was chosen before Start over took it back."""
        self._steps: tuple[object, ...] = ()
        """Those that changed the lab, so far: one that comes back after an undo is no new try."""
        self._counted = False
        """Whether a try was counted since the last step or choice."""
        self._now: Standing = exercise.standing(lab)
        self._checking: Standing | None = None
        """What is known without it, while the rest is tried for real."""
        self._first: Standing | None = self._now
        """What the first look found, until the card was shown."""
        self._judging: Rejudging | None = None
        self._lost: tuple[str, str] | None = None
        """From where, and whom, the learner's own last ping or the like did not reach."""
        self._said: Below | None = None
        """What was said below the cell that did the last step."""
        self._worker = Worker(self._busy, lambda words: self._reply(card_words.lines(words)))
        self._make()
        self._arrange()
        older = _cards.get(self._attempt)
        if older is not None and (card := older()) is not None:
            card._hand_over()
        self._follow(lab)
        _cards[self._attempt] = weakref.ref(self)

    def _make(self) -> None:
        """The parts."""
        self._goal = w.HTML(card_words.goal(self._exercise))
        self._where = w.HTML()
        self._choices = w.RadioButtons(
            options=[(f"{one.id}) {plain(one.text)}", one.id) for one in self._exercise.choices],
            value=None,
            layout=w.Layout(width="100%"),
        )
        self._locked, self._says, self._points = w.HTML(), w.HTML(), w.HTML()
        self._told, self._hints, self._foot = w.HTML(), w.HTML(), w.HTML()

        self._check = button(
            say("Check"),
            lambda: self._do(self._try),
            say("ask the kernel now, also what is tried for real"),
            icon="check",
        )
        self._check.button_style = "primary"
        self._hint = button("", self._open_hint, icon="lightbulb-o")
        self._why = button(
            say("Show me why"),
            lambda: self._do(self._explain),
            say("where the packet is lost"),
            icon="question",
        )
        self._again = button(say("Start over"), lambda: self._do(self._renew), icon="refresh")
        self._back = button(say("Bring it back"), lambda: self._do(self._bring_back), icon="undo")
        self._solution = button(say("Solution"), self._solve, icon="eye")
        self._use = button(
            say("Use this lab in all cells"),
            self._use_lab,
            say("other cells with %%host, too, type into this lab from then on"),
            icon="terminal",
        )
        self._choices.observe(self._chosen, names="value")
        _seen(self._back, False)

    def _arrange(self) -> None:
        """Where the parts stand, and what each is called in the page."""
        wrapped = w.Layout(flex_flow="row wrap", overflow="visible", align_items="center")
        place = w.HBox([self._where, self._use], layout=wrapped)
        place.add_class("nslab-place")
        row = self._buttons(wrapped)
        saved = only_saved(say("What you have passed, your tries and hints are kept."))
        self._saved = w.HTML(saved + CARD)
        guess = [self._choices, self._locked] if self._exercise.choices else []
        self._above = [self._saved, self._goal, place, *guess]
        # The picture comes between: how it stands is said beside the learner's own cell.
        self._below = [self._says, self._points, row, self._told, self._hints, self._foot]
        super().__init__([*self._above, *self._below, in_page()])
        self.add_class("nslab-keys")
        named = {
            "exercise": self,
            "goal": self._goal,
            "where": self._where,
            "choices": self._choices,
            "locked": self._locked,
            "says": self._says,
            "points": self._points,
            "told": self._told,
            "hints": self._hints,
            "foot": self._foot,
            "check": self._check,
            "hint": self._hint,
            "explain": self._why,
            "again": self._again,
            "back": self._back,
            "solution": self._solution,
            "use": self._use,
            "deeds": row,
        }
        for name, widget in named.items():
            widget.add_class(f"nslab-{name}")

    def _buttons(self, wrapped: w.Layout) -> w.HBox:
        """They stand in one row; what takes the work back, or away, is quiet and apart.

        What comes and goes stands first there: the others keep their places at the right edge,
        under a hand that presses twice.
        """
        quiet = [self._back, self._again, self._solution]
        for one in quiet:
            one.add_class("nslab-quiet")
        apart = w.HBox(quiet, layout=wrapped)
        apart.add_class("nslab-apart")
        return w.HBox([self._check, self._hint, self._why, apart], layout=wrapped)

    def close(self) -> None:
        """Stop judging, and take the widget away; the lab stays."""
        self._stop_following()
        super().close()

    # -- following a lab -----------------------------------------------------------------------

    def _stop_following(self) -> None:
        if (judging := getattr(self, "_judging", None)) is not None:  # it was never made whole
            judging.stop()
            self.live.close()

    def _follow(self, lab: Lab) -> None:
        """Show a lab, and judge it from now on."""
        self._stop_following()
        self._lab, self._state, self._pressed = lab, "", False
        self._steps = tuple(step for step in lab.steps if step.changed)
        self.live = Live(lab, plain=self.is_plain)
        self.children = (*self._above, self.live, *self._below, self.children[-1])
        self._checking = None
        self._judging = Rejudging(
            self._exercise, lab, self._judged, self._tick, self._ended, self._begun
        )
        self.live.observe_snapshot(self._judging.changed)
        lab.observe_steps(self._stepped)
        judged_by(lab, self._answered)
        self._judging.start()

    def _changed(self) -> None:
        if self._judging is not None:
            self._judging.changed()

    def _stepped(self) -> None:
        """Another step was done: what Start over has taken cannot be brought back any longer."""
        _seen(self._back, False)
        known = set(map(id, self._steps))
        new = [step for step in self._lab.steps if step.changed and id(step) not in known]
        self._steps += tuple(new)
        if self._judging is not None:
            self._judging.changed(step=bool(new))

    def _judged(self, now: Standing, stepped: bool) -> None:
        """What is met now; counts a try, if a step has led there or all is met first."""
        with self._showing:
            self._checking = None
            if self._state:
                return
            if not self._attempt.passed and (now.solved or stepped):
                self._attempt.judged(now.solved)
                self._counted = True
            if self._outdated(now, stepped):
                self._reply("")  # the learner has gone on
            self._now = now
            if self._said is not None:
                self._said.become(now)
            self._show()

    def _answered(self) -> Below | None:
        """A cell has done something in the lab: how the exercise stands, for below that cell."""
        if self._state or self._judging is None:
            return None
        self._said = None  # what another cell has shown is how it stood then
        last = self._lab.last
        self._lost = last.unreached if last is not None else None
        now = self._judging.judge()
        self._said = Below(self._exercise, now)
        return self._said

    def _begun(self, known: Standing) -> None:
        """Something is being tried for real: what was found before need not hold any longer."""
        with self._showing:
            self._checking = known
            self._show()

    def _outdated(self, now: Standing, stepped: bool) -> bool:
        """Whether what is said below the buttons was about a state that is past."""
        if self._news:
            return stepped or (now.solved and not self._now.solved)
        before = self._why_of
        # What the learner's own ping did not reach may be beside the task.
        met = now.solved and self._lost is None
        return before is not None and (met or differ(before, self._lab.snapshot()))

    def _tick(self) -> None:
        """What changes without a change of the lab."""
        newer = self._attempt.lab
        if newer is not None and newer is not self._lab:
            self._follow(newer)
            words = say("Another lab was started: here it is.")
            self._reply(note(words), news=True)
        if self._judging is not None and self._judging.idle:
            self._lab._rest()  # where that is wanted, and nobody has used it yet
        self._show()

    def _ended(self, reason: str) -> None:
        with self._showing:
            if self._attempt.gave_way:
                reason = say("another exercise has the virtual machine now")
            self._state, self._reason = self._state or "ended", reason
            _seen(self._back, False)
            self._show()

    def _hand_over(self) -> None:
        """A newer card is in charge; this one stays as it is."""
        with self._showing:
            self._state = "older"
            self._reply("")
            _seen(self._back, False)
            if self._judging is not None:
                self._judging.stop()
                self.live.following.stop()
            self._show()

    # -- what the buttons do -------------------------------------------------------------------

    def _do(self, job: Callable[[], object]) -> None:
        if not self._worker.do(job):
            self._reply(note(say("One moment: something is still being done.")))

    def _busy(self, busy: bool) -> None:
        working = note(say("working …"))
        with self._showing:  # what another thread says meanwhile stays
            if busy:
                self._reply(working)
            elif self._told.value == working:
                self._reply("")

    def _chosen(self, change: dict[str, Any]) -> None:
        with self._showing:  # the flag is for a choice that is shown, by this very thread
            if self._showing_choice or change["new"] is None:
                return
            try:
                self._exercise.choose(change["new"])
                self._reply("")
            except NslabError as error:
                self._reply(line(cause(error)))
            self._counted = False
            self._changed()
            self._show()

    def _try(self) -> None:
        """Ask everything, and count it, if it was not counted since the last step or choice."""
        assert self._judging is not None
        self._pressed = True
        due = not self._counted
        now = self._judging.judge(trying=True)  # which counts the step that has led here itself
        with self._showing:
            if due and not self._counted:
                self._attempt.judged(now.solved)
                self._counted = True
            self._show()

    def _open_hint(self) -> None:
        if self._is_free:
            self._read = self._opened + 1
        else:
            self._exercise.hint()
        self._changed()  # it may now say more
        self._show()

    @property
    def _opened(self) -> int:
        """How many hints are open."""
        return max(self._attempt.hints, self._read)

    @property
    def _is_free(self) -> bool:
        """Whether it is a puzzle whose help costs nothing any longer."""
        over = self._attempt.passed or self._attempt.solution
        return bool(self._exercise.priced and over)

    def _explain(self) -> None:
        if self._unreached is not None:
            if self._to_pay:
                self._attempt.asked_why()
                self._show()
            before = self._lab.snapshot()
            answer = self._lab.why(*self._unreached)
            said = answered(answer).html
            if answer.actions:
                said += card_words.one_way()
            self._reply(said, why_of=before)
            self._changed()  # for what has changed while it was asked

    @property
    def is_plain(self) -> bool:
        """Whether the picture is not to show what is wrong: somebody is still to find it."""
        now = self._attempt
        helped = now.why or now.hints or (now.tries and not self._exercise.priced)
        return self._exercise.kind == "mend" and not (helped or now.passed)

    @property
    def _unreached(self) -> tuple[str | None, str] | None:
        """What ``why`` is asked: what the learner tried last, else what was tried for real."""
        return self._lost or self._now.unreached

    @property
    def _may_ask_why(self) -> bool:
        """Whether ``why`` may be asked: of an exercise, not before a try or a hint."""
        now = self._attempt
        tried = self._lost is not None or now.tries or now.passed
        return bool(self._exercise.priced or tried or now.hints)

    @property
    def _to_pay(self) -> bool:
        """Whether ``why`` costs a star, and it was not paid yet."""
        return self._exercise.priced and not (self._attempt.why or self._is_free)

    def _renew(self) -> None:
        """The lab as it was in the beginning, a new one if it has ended; nothing is chosen.

        It does not ask first: what it takes can be brought back.
        """
        words, again = say("Started over."), ""
        chosen = self._attempt.choice  # before: who chooses another one meanwhile keeps it
        if self._lab.alive:
            # What was done in a terminal, too, is a step of the history, and so comes back.
            done = bool(self._lab.changes and self._lab.history)
            self._lab.reset()
            self._pressed = False
            _seen(self._back, done)
            if done:
                words = say("Started over. What you had done can be brought back.")
        else:
            with views.untold():
                self._follow(self._start())
        if self._judging is not None:  # a step that was done before is not the next one
            self._judging.judge()
        if self._forgets(chosen):
            # What was seen before is past: it does not say of the new lab that it was begun.
            self._now = self._exercise.standing(self._lab)
            again = " " + say("Choose an answer again before you run the commands.")
            self._changed()
        with self._showing:  # at once: what is said belongs to what is shown
            self._reply(note(words + again), news=True)
            self._show()

    def _forgets(self, chosen: str) -> bool:
        """Take a choice back, for who wants it again; whether there was one, and it still held."""
        with self._showing:
            self._chosen_before = chosen
            if held := bool(chosen) and self._attempt.choice == chosen:
                self._attempt.chose("")
            return held

    def _bring_back(self) -> None:
        """What Start over has taken."""
        self._lab._go_forth()
        if self._chosen_before:
            self._attempt.chose(self._chosen_before)
        with self._showing:
            self._reply(note(say("It is as it was.")), news=True)
            self._show()

    def _solve(self) -> None:
        words = typed(str(self._exercise.solution()))
        self._reply(f"<pre>{words}</pre>" if "\n" in words else f"<div>{words}</div>")
        self._show()

    def _use_lab(self) -> None:
        notebook = views.notebook()
        if notebook is not None:
            with views.untold():
                notebook.use(self._lab)
        self._show()

    # -- what is shown -------------------------------------------------------------------------

    def _reply(self, words: str, *, news: bool = False, why_of: Snapshot | None = None) -> None:
        """Say something below the buttons.

        :param news: whether it is of no more use after the next step
        :param why_of: what was there when it was found; it goes when something else is
        """
        with self._showing:
            _put(self._told, "value", words)
            self._news, self._why_of = news, why_of

    def _show(self) -> None:
        with self._showing:
            now, attempt = self._checking or self._now, self._attempt
            says = card_words.status(now, attempt.passed)
            if self._checking is not None:
                says = card_words.checking()
            says = card_words.last_seen(says)
            if self._state == "older":
                says = line(say("A newer card has taken over."), sign="■")
            elif self._state:
                says = line(card_words.ended(self._reason), sign="■")
            _put(self._says, "value", says)
            fresh = card_words.is_fresh(now) and not self._pressed
            points = card_words.judged(now, fresh=fresh) + card_words.because(self._exercise, now)
            _put(self._points, "value", points)
            _put(self._locked, "value", card_words.guess(self._exercise, now, attempt.choice))
            _put(self._choices, "disabled", now.begun or bool(self._state))
            self._showing_choice = True
            try:
                _put(self._choices, "value", attempt.choice or None)
            finally:
                self._showing_choice = False
            hints = self._exercise.hints
            _put(self._hints, "value", card_words.hints(hints, self._opened))
            self._show_buttons()

    def _show_buttons(self) -> None:
        """The buttons, and what stands at the foot."""
        opened, every = self._opened, len(self._exercise.hints)
        older, follows = self._state == "older", not self._state
        self.live.be_plain(self.is_plain)
        title = card_words.hint_title(min(opened + 1, every), every)
        # Where no star is left, none can be lost.
        left = "★" in self._attempt.rating
        costs = self._exercise.priced and opened < every and not self._is_free and left
        _put(self._hint, "description", card_words.priced(title) if costs else title)
        why = say("Show me why")
        _put(self._why, "description", card_words.priced(why) if self._to_pay and left else why)
        _put(self._hint, "disabled", opened >= every or older)
        _put(self._check, "disabled", not follows)
        _put(self._again, "disabled", older)
        _put(self._solution, "disabled", older)
        _seen(self._why, follows and self._unreached is not None and self._may_ask_why)
        notebook = views.notebook()
        used = notebook is None or notebook.uses(self._lab)
        _seen(self._use, follows and not used)
        _put(self._where, "value", card_words.where(self._lab.name, used, self._exercise.priced))
        _put(self._foot, "value", card_words.foot(self._attempt, self._exercise.priced))

    def _repr_mimebundle_(self, **options: Any) -> Any:
        # As the first look found it: the next one, which may try something, comes at any moment.
        exercise, now = self._exercise, self._first or self._now
        self._first = None
        page = card_words.as_page(exercise, now, drawn(self.live.picture))
        text = card_words.as_text(exercise, now)
        return mirrored(super()._repr_mimebundle_(**options), text, page)


def _put(widget: w.Widget, name: str, value: Any) -> None:
    """Set a trait if it is another: what is said again would be read aloud again."""
    if getattr(widget, name) != value:
        setattr(widget, name, value)


def _seen(button: w.Button, seen: bool) -> None:
    _put(button.layout, "display", None if seen else "none")
