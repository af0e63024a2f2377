"""The step player: a lesson's steps one by one, each run, checked, and taken back if wanted."""

from __future__ import annotations

import html
import json
import os
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import ipywidgets as w

from nslab.errors import Interrupted
from nslab.jupyter.widgets import verdict_words
from nslab.jupyter.widgets.bar import Bar
from nslab.jupyter.widgets.buttons import button
from nslab.jupyter.widgets.error_words import cause
from nslab.jupyter.widgets.line_words import typed
from nslab.jupyter.widgets.live import Live, drawn
from nslab.jupyter.widgets.node_facts import changed_thing
from nslab.jupyter.widgets.page import in_page, marked, mirrored, only_saved
from nslab.jupyter.widgets.words import say
from nslab.jupyter.widgets.work import Worker
from nslab.network.actions import code
from nslab.session.check import Verdicts
from nslab.session.check.verdict import as_html
from nslab.session.step import Step

if TYPE_CHECKING:
    from nslab.session.lab import Lab


class Progress:
    """How far a learner has come in each lesson, kept in a file of theirs (XDG state home).

    A file that cannot be read or written is no progress, and no error.
    """

    def __init__(self, path: Path | None = None) -> None:
        home = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
        self._path = path or Path(home) / "nslab" / "progress.json"

    def of(self, lesson: str) -> int:
        """How many steps were done when the lesson was last played."""
        count = self._read().get(lesson, 0)
        return count if isinstance(count, int) else 0

    def keep(self, lesson: str, count: int) -> None:
        """Remember it."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._path.write_text(json.dumps({**self._read(), lesson: count}) + "\n")
        except OSError:
            pass

    def _read(self) -> Mapping[str, Any]:
        try:
            found = json.loads(self._path.read_text())
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}


class Playable(Protocol):
    """What is played: a lesson, as far as it matters here."""

    @property
    def name(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def steps(self) -> tuple[Step, ...]: ...


class Player(w.VBox):  # type: ignore[misc]
    """Plays a lesson in a lab that is in the lesson's starting state.

    :param progress: where it is kept how far the learner has come; a file of theirs by default
    """

    def __init__(self, lesson: Playable, lab: Lab, progress: Progress | None = None) -> None:
        self._lesson = lesson
        self._lab = lab
        self._progress = progress or Progress()
        self._done: list[tuple[int, int]] = []
        """Of each step that was done: how many steps had changed the lab before it, and after."""
        self._worker = Worker(self._busy, self._failed)
        self._showing = threading.RLock()
        """Held while it is shown: a cell that takes back does so beside the thread of a button."""
        self._stopping = threading.Event()
        self._step = w.HTML()
        self._result = w.HTML()
        self._results: dict[int, tuple[str, str]] = {}
        """By its place, what came of each step that is done, and what the kernel says of it."""
        self._story = w.HTML()
        self._list = w.HTML()
        self._bar = Bar()
        self._ended = w.HTML(only_saved() + _STYLE)

        def working(words: str, tip: str, job: Callable[[], object], icon: str = "") -> w.Button:
            return button(words, lambda: self._worker.do(job), tip, icon=icon)

        self._back = working(say("Back"), say("take back the last step"), self.back, "undo")
        self._run = working(say("Run"), say("run this step"), self.run, "play")
        self._run.button_style = "primary"
        self._all = working(say("Run all"), say("run all remaining steps"), self.run_all, "forward")
        tip = say("end what is running, and run nothing more")
        self._stop = button(say("Stop"), self._end, tip, icon="stop")
        self._reset = working(say("Reset"), say("go back to the beginning"), self.reset)
        saved = min(self._progress.of(lesson.name), len(lesson.steps))
        self._resume = working(
            say("Resume at step {number}").format(number=saved + 1),
            say("repeat what you did"),
            lambda: self.resume(saved),
        )
        buttons = [self._back, self._run, self._all, self._stop, self._reset]
        if 0 < saved < len(lesson.steps):
            buttons.append(self._resume)
        for each in buttons:
            each.layout.min_width = "7em"
        self._buttons = w.HBox(buttons, layout=w.Layout(flex_flow="row wrap"))
        self.live = Live(lab)
        """The picture, which follows the lab."""
        self._page = in_page("steps")
        self._page.observe(lambda change: self._gestured(change["new"]), names="gesture")
        head = [self._ended, self._step, self._buttons, self._bar, self._result]
        super().__init__([*head, self.live, self._story, self._list, self._page])
        self.add_class("nslab-keys")
        named = {
            "player": self,
            "step": self._step,
            "result": self._result,
            "story": self._story,
            "list": self._list,
            "run": self._run,
            "all": self._all,
            "back": self._back,
            "reset": self._reset,
            "stop": self._stop,
        }
        for name, widget in named.items():
            widget.add_class(f"nslab-{name}")
        self._show()
        lab.observe_steps(self._follow)

    @property
    def position(self) -> int:
        """How many steps have been done."""
        return len(self._done)

    @property
    def step(self) -> Step | None:
        """The step that is next; None at the end."""
        steps = self._lesson.steps
        return steps[self.position] if self.position < len(steps) else None

    def close(self) -> None:
        """Take the widget away; the lab stays."""
        if (live := getattr(self, "live", None)) is not None:  # it was never made whole
            live.close()
        super().close()

    # -- what the buttons do; in a thread --------------------------------------------------------

    def run(self) -> bool:
        """Run the next step and ask the kernel whether it did what it should."""
        step = self.step
        if step is None:
            return False
        before = self._count()
        words = say("running: {step} …").format(step=step.title)
        self._result.value = html.escape(words)
        self.live.following.begin()
        try:
            printed, changes = self._do(step)
            verdicts = self._lab.check(step)
        except Interrupted as error:
            self._add(before)
            back = say("What it had done stays; Back takes it back.")
            self._failed(f"{step.title}: {cause(error)}.\n{back}")
            self._tell_story()
            return False
        self._add(before)
        self._show_result(
            step,
            printed,
            verdict_words.changed(changes) if changes else say("nothing changed"),
            verdicts,
        )
        if changes and (thing := changed_thing(changes)):
            self.live.bring_into_sight(thing)
        return bool(verdicts)

    def run_all(self, upto: int | None = None) -> None:
        """Run those that are left, as long as the checks hold and it is not stopped.

        :param upto: how many steps are to be done then; all if None
        """
        upto = len(self._lesson.steps) if upto is None else upto
        begun = self.position
        while self.position < upto:
            self._bar.at(self.position - begun, upto - begun)
            if not self.run() or self._stopping.is_set():
                return

    def go_to(self, place: int) -> None:
        """Make a step the next one: those before it are run, or it and those behind taken back."""
        if place >= self.position:
            self.run_all(place)
        else:
            self._go_back(place)

    def _gestured(self, what: dict[str, Any]) -> None:
        if "goto" in what:
            self._worker.do(lambda: self.go_to(int(what["goto"])))

    def back(self) -> None:
        """Take the last step back, with whatever was done elsewhere since."""
        if self._done:
            self._go_back(self.position - 1)

    def _go_back(self, place: int) -> None:
        before, _ = self._done[place]
        lost = self._lab._go_back(to=before).lost if self._count() > before else []
        del self._done[place:]
        self._moved()
        if lost:
            words = say("not brought back, because no step of the lab made it:")
            self._failed("\n".join([words, *lost]))

    def reset(self) -> None:
        """Go back to the beginning of the lesson."""
        self._lab.reset()
        self._done.clear()
        self._moved()

    def _count(self) -> int:
        """How many steps have changed the lab, whoever did them."""
        return sum(step.changed for step in self._lab.steps)

    def _add(self, before: int) -> None:
        self._done.append((before, self._count()))
        self._progress.keep(self._lesson.name, self.position)
        self._show()

    def _follow(self) -> None:
        """What was taken back elsewhere is to be done again here."""
        count, there = self._count(), self.position
        while self._done and count < self._done[-1][1]:
            self._done.pop()
        if self.position < there:
            self._moved()

    def _moved(self) -> None:
        self._progress.keep(self._lesson.name, self.position)
        self._result.value = ""
        self._results = {n: words for n, words in self._results.items() if n < self.position}
        self._tell_story()
        self._show()

    def resume(self, count: int) -> None:
        """Do the first steps again, after a kernel has been restarted."""
        self.reset()
        for place in range(count):
            self._bar.at(place, count)
            self.run()  # also past a check that failed: so it was before
            if self._stopping.is_set():
                break
        self._resume.layout.display = "none"

    def _do(self, step: Step) -> tuple[str, Any]:
        if step.lines:
            ran = self._lab.sh(step.typed, echo=False)
            words = [ran.stdout, ran.stderr, ran._heading()]
            return "\n".join(word.rstrip() for word in words if word.strip()), ran.changes
        if step.actions:
            return "", self._lab.do(*step.actions).changes
        return "", None

    def _end(self) -> None:
        self._stopping.set()
        self._worker.stop(self._lab.interrupt)

    # -- what is shown ---------------------------------------------------------------------------

    def _busy(self, busy: bool) -> None:
        self._bar.busy(busy)
        if busy:
            self._stopping.clear()
        self._show_buttons()

    def _show_buttons(self) -> None:
        """What can be pressed now, whichever thread sees it."""
        with self._showing:
            busy, over = self._worker.busy, self.step is None
            self._stop.disabled = not busy
            self._reset.disabled = self._resume.disabled = busy
            self._run.disabled = self._all.disabled = busy or over
            self._run.button_style = "" if over else "primary"
            self._back.disabled = busy or not self._done

    def _failed(self, words: str) -> None:
        self._result.value = f"<b style='color:#d55e00'>✘</b> {_lines(words)}"

    def _show(self) -> None:
        with self._showing:  # or what another thread found before would be shown after it
            self._show_step()
            self._list.value = self._listed()
            self._show_buttons()

    def _show_step(self) -> None:
        if self._done:  # the learner has begun anew
            self._resume.layout.display = "none"
        step, total = self.step, len(self._lesson.steps)
        head = f"<b>{html.escape(self._lesson.title)}</b>"
        if step is None:
            over = say("All steps are done.")
            self._step.value = f"{head}<br>{over}{_following(self._lesson)}"
        else:
            where = say("step {number} of {total}").format(number=self.position + 1, total=total)
            guess = say("Guess first.")
            asked = f"<br><b>{guess}</b> {marked(step.guess)}" if step.guess else ""
            self._step.value = (
                f"{head}, {where}: "
                f"<b>{html.escape(step.title)}</b><br>{marked(step.text)}{asked}"
                f"<pre style='margin:.4em 0'>{typed(_typed(step))}</pre>"
            )

    def _show_result(self, step: Step, printed: str, changes: str, verdicts: Verdicts) -> None:
        said = as_html(verdicts, verdict_words.told)
        self._result.value = f"<b>{html.escape(step.title)}</b>{said}"
        parts = (f"<pre>{html.escape(text)}</pre>" for text in (printed, changes) if text)
        self._results[self.position - 1] = "".join(parts), said
        self._tell_story()
        self._list.value = self._listed()

    def _tell_story(self) -> None:
        """What came of each step, below the picture; that of the last is open.

        What the kernel says of the last stands above the picture, and so not here.
        """
        told = []
        for place, (came, said) in sorted(self._results.items()):
            title = html.escape(self._lesson.steps[place].title)
            last = place == self.position - 1
            words = came if last and said in self._result.value else came + said
            opened = " open" if last else ""
            told.append(
                f"<details{opened}><summary>{place + 1}. {title}</summary>{words}</details>"
            )
        self._story.value = "".join(told)

    def _listed(self) -> str:
        """All steps, with the state of each; a press goes to one."""
        rows = []
        for place, step in enumerate(self._lesson.steps):
            failed = any("✘" in words for words in self._results.get(place, ()))
            sign, state = "·", say("not yet done")
            if place < self.position:
                sign, state = ("✘", say("a check failed")) if failed else ("✔", say("done"))
            elif place == self.position:
                sign, state = "▶", say("next")
            here = " aria-current='step'" if place == self.position else ""
            rows.append(
                f"<li><button type='button' data-step='{place}'{here}>"
                f"<span aria-hidden='true'>{sign}</span> {place + 1}. {html.escape(step.title)}"
                f"<small> {html.escape(state)}</small></button></li>"
            )
        head = html.escape(say("All steps; press one to go there"))
        return f"<details open><summary>{head}</summary><ol>{''.join(rows)}</ol></details>"

    def _repr_mimebundle_(self, **options: Any) -> Any:
        step = self.step
        where = _typed(step) if step else "All steps are done."
        text = f"{self._lesson.title}: {where}\n{self.live.picture.text}"
        return mirrored(super()._repr_mimebundle_(**options), text, drawn(self.live.picture))


_STYLE = (
    "<style>"
    # Without a kernel nothing of this is true any longer.
    ":is(.nslab-result,.nslab-story,.nslab-list).jupyter-widgets-disconnected{display:none}"
    ".nslab-player .nslab-live .nslab-status .nslab-saved{display:none}"
    ".nslab-player :is(.nslab-story,.nslab-list) pre{margin:.2em 0;max-height:14em;overflow:auto}"
    ".nslab-player summary{cursor:pointer}"
    ".nslab-list ol{list-style:none;margin:.2em 0;padding:0;columns:24em}"
    ".nslab-list button{font:inherit;text-align:left;width:100%;border:0;border-radius:3px;"
    "padding:2px 6px 2px 1.7em;text-indent:-1.3em;cursor:pointer;color:inherit;background:none}"
    ".nslab-list button:hover{background:var(--jp-layout-color2,#8882)}"
    ".nslab-list button:focus-visible{outline:2px solid var(--jp-brand-color1,#1976d2)}"
    ".nslab-list [aria-current]{font-weight:bold}"
    # For who hears it: the sign says it to the eye.
    ".nslab-list small{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}"
    ".nslab-list :is(ol,li,button){line-height:1.5}.nslab-list li{position:relative}"
    "</style>"
)
"""How the player's lists look."""


def _following(lesson: Playable) -> str:
    """Which lesson comes next, if the lesson knows."""
    found = getattr(lesson, "following", None)
    if not found:
        return ""
    words = html.escape(say("Next lesson: {title}").format(title=found[1]))
    return f"<br><a href='{html.escape(found[0], quote=True)}.ipynb'>{words}</a>"


def _typed(step: Step) -> str:
    if step.lines:
        return step.typed
    return "\n".join(f"lab.do({code(action)})" for action in step.actions)


def _lines(words: str) -> str:
    return html.escape(words).replace("\n", "<br>")
