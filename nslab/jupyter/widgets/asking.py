"""What a node of the picture is asked: a ping from there, why not, what passes there."""

from __future__ import annotations

import html
import threading
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Literal

import ipywidgets as w
import traitlets
from msgspec import Struct

from nslab.errors import NslabError
from nslab.jupyter.widgets.buttons import NARROW, button
from nslab.jupyter.widgets.error_words import told
from nslab.jupyter.widgets.gestures import asked
from nslab.jupyter.widgets.inspector import Inspector
from nslab.jupyter.widgets.line_words import typed
from nslab.jupyter.widgets.live import Live
from nslab.jupyter.widgets.rejudging import differ
from nslab.jupyter.widgets.why_words import answered
from nslab.jupyter.widgets.words import say
from nslab.jupyter.widgets.work import Worker
from nslab.network.actions import Action, commands
from nslab.network.model import Snapshot

if TYPE_CHECKING:
    from nslab.session.lab import Lab


OLD = say("Asked before the last change: it may no longer hold.")


class Question(Struct, frozen=True):
    """What may be asked of a node, and the words for it."""

    kind: Literal["ping", "why", "capture"]
    words: str
    thing: str


class Asking(w.VBox):  # type: ignore[misc]
    """A row for whom to ask, shown when something is asked, and the answer below it.

    :param live: the picture whose nodes are asked, and in which the answer of ``why`` is marked
    :param worker: does one thing at a time
    :param near: has the page bring ``target``, ``answer`` or ``captured`` into sight
    """

    leads = traitlets.Bool(False)
    """Whether what is to be pressed next is a button of the question."""

    def __init__(self, lab: Lab, live: Live, worker: Worker, near: Callable[[str], None]) -> None:
        self._lab = lab
        self._live = live
        self._worker = worker
        self._near = near
        self._from = ""
        self._whom = w.Combobox(
            description=say("Target"),
            placeholder="203.0.113.80",
            ensure_option=False,
            # It makes room for what stands beside it.
            style={"description_width": "initial"},
            layout=w.Layout(flex="0 1 19em", width="auto", min_width="13em"),
        )
        self._ping = button(say("Ping"), partial(self._ask, self._pings))
        self._why = button(say("Why not?"), partial(self._ask, self._whys))
        self._first = self._ping
        """What Enter does."""
        self._close = button("×", self._shut, say("close"), width=NARROW)
        self._place = w.HTML(layout=w.Layout(margin="2px 1em 2px 2px"))
        buttons = w.HBox([self._ping, self._why, self._close])
        self._row = _hidden(self._place, self._whom, buttons)
        self._said = w.HTML(layout=w.Layout(max_width="100%", overflow="auto"))
        self._mend = button(say("Do this"), partial(self._ask, self._mends), icon="check")
        self._remedy: tuple[Action, ...] = ()
        """What the answer would do about it."""
        self._answer = w.VBox([self._said, self._mend])
        self._of: Snapshot | None = None
        """What was there when it was asked; None if nothing is answered."""
        self._saying = threading.RLock()
        """Held while an answer is shown, or found to be past: two threads do so."""
        self._job: Callable[[], object] = self._pings
        """What asks it again."""
        self._again = button(say("Ask again"), lambda: self._ask(self._job), icon="repeat")
        self._old = _hidden(w.HTML(f"<b>{html.escape(OLD)}</b>"), self._again)
        self.captured = w.VBox()
        """What was captured: a table that wants a width of its own."""
        super().__init__([self._row, self._old, self._answer])
        self._set_apart()
        live.observe_snapshot(self._date)
        self.observe(lambda _: self._set_first(), names="leads")

    def _set_apart(self) -> None:
        self._mend.layout = w.Layout(
            width="auto", display="none", align_self="flex-start", margin="2px 2px 2px 1.4em"
        )
        named = {
            "asking": self,
            "whom": self._whom,
            "ping": self._ping,
            "why": self._why,
            "answer": self._answer,
            "answered": self._said,
            "mend": self._mend,
            "old": self._old,
            "again": self._again,
            "captured": self.captured,
        }
        for name, widget in named.items():
            widget.add_class(f"nslab-{name}")

    def _set_first(self) -> None:
        for each in (self._ping, self._why):
            each.button_style = "primary" if self.leads and each is self._first else ""

    def _ask(self, job: Callable[[], object]) -> None:
        self._worker.do(partial(self._answered, job))

    def _answered(self, job: Callable[[], object], near: str = "answer") -> None:
        """Ask; the answer, also that it cannot be asked, stands below the question."""
        try:
            job()
        except NslabError as error:
            self._say(f"<pre>✘ {html.escape(told(error))}</pre>")
            near = "answer"
        self._near(near)

    def questions(self, thing: str) -> list[Question]:
        """What a node may be asked."""
        label = thing.partition("/")[0]
        if any(space.label == label and space.role == "world" for space in self._live.snapshot):
            return []
        return [
            Question("ping", say("Ping from here …"), thing),
            Question("why", say("Why can't it reach …"), thing),
            Question("capture", say("Capture here"), thing),
        ]

    def ask(self, question: Question) -> None:
        """Show the row for it; a capture begins at once."""
        if question.kind == "capture":
            self._worker.do(
                partial(self._answered, partial(self._capture, question.thing), "captured")
            )
            return
        self._first = self._ping if question.kind == "ping" else self._why
        self.leads = True
        self._set_first()
        self._from = question.thing.partition("/")[0]
        self._place.value = html.escape(say("from {name}").format(name=self._from))
        there = asked(self._live.snapshot)
        self._whom.options = there
        if not self._whom.value:
            outside = [one for one in there if one.startswith("203.0.113.")]
            self._whom.value = outside[-1] if outside else ""
        self._say("")
        self._row.layout.display = None
        self._near("target")

    def enter(self, whom: str) -> None:
        """Ask what the row was shown for.

        :param whom: what was typed as the target
        """
        self._whom.value = whom
        self._first.click()

    def forget(self) -> None:
        """Show no answer any longer: it was about a network that is not there now."""
        self._say("")

    def _say(self, words: str, remedy: tuple[Action, ...] = (), of: Snapshot | None = None) -> None:
        """Show an answer, as HTML, and a button that mends what it says; nothing is marked.

        :param of: what was there when it was asked
        """
        self._live.unmark()  # which waits for the picture, and so for who shows it
        with self._saying:
            self._said.value, self._remedy, self._of = words, remedy, of
            self._mend.tooltip = self._lines(remedy)
            self._date()

    def _date(self) -> None:
        """Say whether the answer is of what is there no longer: its signs claim nothing then."""
        with self._saying:
            of, known = self._of, self._lab._history.latest
            # The picture may be a moment behind what the lab itself did.
            now = [self._live.snapshot, *([known] if known else [])]
            past = of is not None and all(differ(of, each) for each in now)
            self._mend.layout.display = None if self._remedy and not past else "none"
            (self._said.add_class if past else self._said.remove_class)("nslab-past")
            self._old.layout.display = None if past else "none"

    def _lines(self, actions: Sequence[Action]) -> str:
        """What does the same in a terminal, as the log will have it."""
        return "\n".join(map(str, commands(actions, "iproute2", self._lab._containers())))

    def _pings(self) -> None:
        self._job, before = self._pings, self._lab.snapshot()
        target = self._whom.value.strip()
        result = self._lab.ping(self._from, target)
        words = str(result).removeprefix("✘ ")  # the sign comes first, whatever came of it
        line = f"{'✔' if result else '✘'} ping {target}: {words}"
        self._say(f"<pre>{html.escape(line)}</pre>", of=before)

    def _whys(self, done: str = "") -> None:
        self._job, before = self._whys, self._lab.snapshot()
        answer = answered(self._lab.why(self._from, self._whom.value.strip()))
        self._say(done + answer.html, answer.actions, before)
        # Where it breaks is seen in the picture; the words say what to do about it.
        self._live.mark(answer, before)

    def _mends(self) -> None:
        """Do what the answer says, as a step of the lab, and ask again."""
        remedy = self._remedy
        self._lab.do(*remedy)
        self._whys(f"<pre>✔ {typed(self._lines(remedy))}</pre>")

    def _capture(self, thing: str) -> None:
        places = [thing]
        if "/" not in thing:
            space = self._live.snapshot.namespace(thing)
            places = [f"{thing}/{link.name}" for link in space.links]
        self._shut()
        self.captured.children = [Inspector(self._lab.capture(*places))]

    def _shut(self) -> None:
        for each in self.captured.children:
            each.close()
        self.captured.children = ()
        self.leads = False
        self._row.layout.display = "none"
        self._say("")


def _hidden(*parts: w.Widget) -> w.HBox:
    """A row that is shown when there is a reason for it."""
    layout = w.Layout(flex_flow="row wrap", align_items="center", display="none")
    return w.HBox(parts, layout=layout)
