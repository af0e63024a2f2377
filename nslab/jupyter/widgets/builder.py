"""The builder: forms for every step, each shown as the commands that it stands for."""

from __future__ import annotations

import html
import itertools
import re
import threading
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import ipywidgets as w

from nslab.errors import NslabError
from nslab.jupyter.widgets.asking import Asking, Question
from nslab.jupyter.widgets.bar import Bar
from nslab.jupyter.widgets.buttons import button
from nslab.jupyter.widgets.choices import Choices
from nslab.jupyter.widgets.error_words import reason, told
from nslab.jupyter.widgets.foresee import obstacle
from nslab.jupyter.widgets.forms import FORMS, HOST, Field, Form, Value, labels
from nslab.jupyter.widgets.gestures import PALETTE, Offer, dropped, first_end, offers, suggested
from nslab.jupyter.widgets.line_words import typed
from nslab.jupyter.widgets.live import Live, drawn
from nslab.jupyter.widgets.page import copied, in_page, mirrored
from nslab.jupyter.widgets.words import say
from nslab.jupyter.widgets.work import Worker
from nslab.network.actions import (
    Action,
    AddVeth,
    DeleteContainer,
    DeleteNamespace,
    SetBridge,
    Style,
    commands,
)
from nslab.network.model import Snapshot
from nslab.session import export
from nslab.session.export import FAILED
from nslab.session.history import Made, What

if TYPE_CHECKING:
    from nslab.session.lab import Lab

STYLES = {"brctl, ifconfig": "classic", "ip": "iproute2", "Python": "python"}
"""How the log may be read, by the words on the buttons."""


class Builder(w.VBox):  # type: ignore[misc]
    """Builds a network by hand: choose, fill in, do.  The log tells which commands did it.

    :param lab: what is built in; the builder keeps it
    """

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self._fields: dict[str, w.Widget] = {}
        self._form: Form = FORMS[0]
        self._refilling = False
        self._filling = threading.RLock()
        """Held while choices are filled anew and while something is said: the thread that follows
        the lab and the one that works in it do so at the same time."""
        self._logging = threading.RLock()
        """Held while the log is shown, for the same reason."""
        self._given = False
        """Whether a gesture filled the form in."""
        self._suggested: dict[str, Value] = {}
        """What the gesture suggested for the form's place: it goes with the place."""
        self._suggested_at: list[Value] = []
        self._told = False
        """Whether the message says what was done: it stays until the form is changed."""
        self._working = ("", "", False)
        """The message while something is done; the one before it, and whether it was to stay."""
        self._worker = Worker(self._busy, lambda words: self._say(words, ok=False))
        self._what = w.Dropdown(
            description=say("Step"),
            options=[form.title for form in FORMS],
            layout=w.Layout(width="22em", margin=f"2px 2px 2px calc(-{labels()} - 6px)"),
            style={"description_width": labels()},
        )
        self._palette = w.HTML(_palette())
        self._row = w.HBox(layout=_wrapped())
        self._do = button(say("Do it"), self._clicked, icon="check")
        self._do.button_style = "primary"
        undo, redo = (partial(self._worker.do, job) for job in (self._take_back, self._bring_back))
        self._undo = button(say("Undo"), undo, icon="undo")
        self._redo = button(say("Redo"), redo, say("do again what Undo took back"), icon="repeat")
        self._asked: What | None = None
        """What was done in a terminal, and named before Undo takes it back."""
        self._offered: tuple[str, list[Offer | Question]] = ("", [])
        self._number = itertools.count()
        self._message = w.HTML()
        self._aloud = w.HTML()
        """What was done, or why nothing was, for who hears the page."""
        self._bar = Bar()
        stop = partial(self._worker.stop, lab.interrupt)
        self._stop = button(say("Stop"), stop, say("end what is running"), icon="stop")
        self._stop.disabled = True
        self._style = w.ToggleButtons(
            options=list(STYLES),
            layout=w.Layout(width="auto", max_width="100%"),
            tooltips=[say("the log as {commands}").format(commands=name) for name in STYLES],
        )
        self._style.style.button_width = "9em"
        self._log = w.HTML()
        self._whole = w.ToggleButton(
            description=say("Export"),
            icon="file-text-o",
            layout=w.Layout(width="9em"),
            tooltip=say("everything, as a script or as a notebook cell in Python"),
        )
        self._exported = w.HTML(layout=w.Layout(display="none"))
        panel = w.VBox()
        self.live = Live(lab, beside=panel)
        """The picture, which follows whatever is done, here or elsewhere.  What is filled in and
        what is answered changes its height, so it stands beside the picture or below it."""
        self.live.align(labels())
        self.live.observe_snapshot(self._looked)
        self._what.observe(lambda _: self._choose(), names="value")
        self._style.observe(lambda _: self._restyle(), names="value")
        self._whole.observe(lambda _: self._show_log(), names="value")
        self._page = in_page("hand", "form", "signs")
        self._page.observe(lambda change: self._gestured(change["new"]), names="gesture")
        self.live.observe_choice(self._pointed)
        self.asking = Asking(lab, self.live, self._worker, self._near)
        """What is asked from a node of the picture, and the answer."""
        self.asking.observe(lambda _: self._set_first(), names="leads")
        buttons = w.HBox([self._do, self._undo, self._redo, self._stop])
        # Where the buttons stand below the choice, they begin where its field does.
        beside = f"0 0 0 calc({labels()} + 8px)"
        steps = w.HBox([self._what, buttons], layout=_wrapped(padding=beside))
        panel.children = [steps, self._row, self._message, self._bar, self.asking]
        # As wide as what stands below it, with what stands around that.
        apart = _wrapped(justify_content="space-between", max_width="calc(60em + 4px)")
        log = [w.HBox([self._style, self._whole], layout=apart), self._log, self._exported]
        shown = [self._palette, self.live, self.asking.captured, *log]
        super().__init__([*shown, self._aloud, self._page])
        self.add_class("nslab-keys")
        named = {
            "builder": self,
            "palette-of": self._palette,
            "form": self._row,
            "buttons": buttons,
            "message": self._message,
            "aloud": self._aloud,
            "log": self._log,
            "what": self._what,
            "do": self._do,
            "undo": self._undo,
            "redo": self._redo,
            "stop": self._stop,
            "export": self._whole,
            "exported": self._exported,
            "as": self._style,
        }
        for name, widget in named.items():
            widget.add_class(f"nslab-{name}")
        self._choose()
        lab.observe_steps(self._stepped)
        self._show_log()

    @property
    def action(self) -> Action:
        """What the form says now.

        :raises InvalidInput: it cannot work
        """
        with self._filling:
            return self._form.make(self._values())

    def script(self, style: str = "iproute2") -> str:
        """The lab's session as a shell script: ``classic`` or ``iproute2``."""
        return self._lab.script("classic" if style == "classic" else "iproute2")

    def python(self) -> str:
        """The lab's session as a notebook cell."""
        return self._lab.python()

    def close(self) -> None:
        """Stop following, and take the widget away; the lab stays."""
        if (live := getattr(self, "live", None)) is not None:  # it was never made whole
            live.close()
        super().close()

    # -- the form ------------------------------------------------------------------------------

    def _choose(self) -> None:
        """Show the fields of the step that was chosen."""
        with self._filling:  # or what changes meanwhile would be filled into the old fields
            self._told = self._given = False
            self._suggested = {}
            self._form = next(form for form in FORMS if form.title == self._what.value)
            # Where the last step was, is no reason for the next: what is chosen in the picture is.
            chosen = self._chosen_values()
            self._fields = {}
            for field in self._form.fields:
                self._fields[field.name] = self._made(field, chosen.get(field.name, ""))
            lines = [[self._fields[field.name] for field in line] for line in self._form.lines]
            # Only where it is needed: a box more is one more that the page makes late.
            self._row.children = [*map(_end, lines)] if len(lines) > 1 else lines[0]
            # Which form it is: others have the same labels, and the page shows them a moment later.
            self._row._dom_classes = ("nslab-form", f"nslab-form-{FORMS.index(self._form)}")
            self.asking.leads = False
            self._check()

    def _made(self, field: Field, old: Value) -> w.Widget:
        layout = w.Layout(width=self._form.wide(field))
        style = {"description_width": self._form.labels}
        made: w.Widget
        if field.kind == "flag":
            made = w.Checkbox(description=field.label, value=bool(old), layout=layout)
        elif field.kind in ("text", "number"):
            made = w.Text(
                description=field.label, placeholder=field.such, layout=layout, style=style
            )
        else:
            there = self._form.choices(field, self._now, self._values())
            made = Choices(
                self._filling,
                description=field.label,
                options=there,
                value=old if old in there else (there[0] if there else None),
                layout=layout,
                style=style,
            )
        made.observe(self._changed, names="value")
        return made

    def _chosen_values(self) -> dict[str, Value]:
        """What the thing that is chosen in the picture says of the fields."""
        space, _, link = self.live.chosen.partition("/")
        values: dict[str, Value] = {"ns": space or HOST, "peer_ns": HOST}
        host = self._now.host
        there = next((one for one in self._now if one.label == space), host)
        if self._form.action is AddVeth and first_end(there, host) is not there:
            values = {"ns": HOST, "peer_ns": space}
        if link:
            values |= {"link": link, "parent": link, "bridge": link}
        if self._form.action in (DeleteNamespace, DeleteContainer, SetBridge):
            values["name"] = link or space
        return values

    def _pointed(self) -> None:
        """Another thing was chosen in the picture: the form's places are there."""
        with self._filling:
            if self.live.chosen and not self._joins:
                self._put(self._chosen_values())

    @property
    def _joins(self) -> bool:
        """Whether the form says already what is joined to what: a look does not tear it apart."""
        fields = ((field.kind, self._fields[field.name].value) for field in self._form.fields)
        typed = any(kind == "text" and value.strip() for kind, value in fields)
        return self._form.joins and (self._given or typed)

    def _put(self, values: Mapping[str, Value]) -> None:
        """Fill fields in, those that can be so."""
        with self._filling:
            for field in self._form.fields:
                widget, value = self._fields[field.name], values.get(field.name)
                if value is None or (
                    isinstance(widget, w.Dropdown) and value not in widget.options
                ):
                    continue
                widget.value = value
            self._check()

    # -- by hand, in the picture -----------------------------------------------------------------

    def _gestured(self, what: dict[str, Any]) -> None:
        """A gesture, as the page tells it: see hand.js."""
        snapshot = self.live.snapshot
        if "menu" in what:
            self._offer(str(what["menu"]))
        elif "pick" in what:
            of, offered = self._offered
            if what["pick"]["of"] == of:
                self._take(offered[int(what["pick"]["item"])])
        elif "what" in what:
            found = dropped(snapshot, str(what["what"]), str(what["onto"]))
            if isinstance(found, Offer):
                self._take(found)
            else:
                self._say(found, ok=False)
                self._near("message")
        elif "ask" in what:
            self.asking.enter(str(what["ask"]))

    def _set_first(self) -> None:
        """Have a question stand where the form does, which comes back after it."""
        display = "none" if self.asking.leads else None
        for each in (self._what, self._do, self._row, self._message):
            each.layout.display = display

    def _near(self, what: str) -> None:
        """Have the page bring what is asked, its answer, what was captured or said into sight."""
        self._page.near = [what, next(self._number)]

    def _offer(self, thing: str) -> None:
        """Tell the page what can be done with a node."""
        found: list[Offer | Question] = [*offers(self.live.snapshot, thing)]
        found += self.asking.questions(thing)
        self._offered = thing, found
        words = [one.words for one in found]
        self._page.offers = {"of": thing, "items": words, "number": next(self._number)}

    def _take(self, what: Offer | Question) -> None:
        """Show a step filled in, or ask."""
        if isinstance(what, Question):
            self.asking.ask(what)
            return
        with self._filling:
            if self._what.value == what.title:
                self._choose()
            else:
                self._what.value = what.title
            self._put(what.values)
            self._given = True
            now = self._values()
            self._suggested = {name: now[name] for name in self._suggestions() if name in now}
            self._suggested_at = self._place
        self._page.filled = [next(self._number), len(self._fields)]

    def _values(self) -> dict[str, Value]:
        values = ((name, widget.value) for name, widget in self._fields.items())
        return {name: "" if value is None else value for name, value in values}

    def _changed(self, change: dict[str, Any]) -> None:
        with self._filling:  # the flag is for changes made by filling, in this very thread
            if self._refilling:
                return
            self._told = False
            if change["owner"] is self._fields.get("ns"):
                self._refill_all()
            self._suggest_anew()
            self._check()

    @property
    def _place(self) -> list[Value]:
        """Where the form's step is to be done."""
        return [self._values().get(name, "") for name in ("ns", "link", "parent")]

    def _suggestions(self) -> dict[str, Value]:
        return suggested(self._now, self._form.title, self._values())

    def _suggest_anew(self) -> None:
        """Suggest what suits the place that the form names by now, unless it was typed over."""
        if not self._suggested or self._place == self._suggested_at:
            return
        self._suggested_at, found = self._place, self._suggestions()
        kept = [name for name, old in self._suggested.items() if self._fields[name].value == old]
        self._suggested = {name: found.get(name, "") for name in kept}
        self._put(self._suggested)

    @property
    def _now(self) -> Snapshot:
        """What is there, as of the last look: the lab's own, or the picture's."""
        return self._lab._history.latest or self.live.snapshot

    def _looked(self) -> None:
        """The kernel reports something else: what nobody did here goes into the log."""
        self._lab._look_for_hands()
        self._refill()

    def _refill(self) -> None:
        """Fill the choices from the kernel anew, and keep what was chosen where it is there.

        They are said again even if they are known: what this thread said while the page was still
        making the field may have come too early for it, and would be missing for ever.
        """
        with self._filling:
            self._refill_all()
            for field in self._fields.values():
                if isinstance(field, w.Dropdown):
                    field.send_state("_options_labels")
            self._suggest_anew()
            self._check()

    def _refill_all(self) -> None:
        self._refilling = True
        try:
            for field in self._form.fields:
                widget = self._fields.get(field.name)
                if not isinstance(widget, Choices):
                    continue
                there = self._form.choices(field, self._now, self._values())
                if list(widget.options) != there:
                    widget.refill(there)
        finally:
            self._refilling = False

    def _check(self) -> None:
        """Say beside the form why it cannot work, before anything is sent.

        What was done is still said: it is the form that changes by it, and not the learner.
        """
        with self._filling:
            words, runs = self._foreseen(), ""
            # After a step its form says what is there now: who pressed the button keeps it.
            self._do.disabled = self._worker.busy or bool(words and not self._told)
            if not words:
                runs = self._written(self.action)
            if not (self._told or self._worker.busy):
                self._say(words, ok=None, runs=runs)

    def _foreseen(self) -> str:
        """Why the form cannot work, as far as that is known before it is sent."""
        if (empty := self._form.unfilled(self._values())) is not None:
            words = say("Fill in: {field}").format(field=empty.label)
            return f"{words}, {empty.such}" if empty.such else words
        try:
            return obstacle(self._now, self.action)
        except NslabError as error:
            return reason(error)

    def _written(self, made: Action) -> str:
        """Its commands in the log's style, and in the other one if that differs, as HTML."""
        shown = {style: self._as_lines([made], style, "; ") for style in ("classic", "iproute2")}
        first = shown.pop(self._shell_style)
        ((style, other),) = shown.items()
        runs = _named(say("runs:"), first)
        lines = [f"<span class='nslab-runs'>{runs}</span>"]
        if other != first:
            tools = next(words for words, each in STYLES.items() if each == style)
            same = say("the same with {tools}:").format(tools=tools)
            lines.append(f"<span class='nslab-other'>{_named(same, other)}</span>")
        return "<br>".join(lines)

    def _as_lines(self, actions: Sequence[Action], style: Style, between: str = "\n") -> str:
        """Actions as a terminal takes them; a container is entered by its process."""
        return between.join(map(str, commands(actions, style, self._lab._containers())))

    # -- doing ---------------------------------------------------------------------------------

    def _clicked(self) -> None:
        """Do what the form says at this moment, whatever is chosen by the time it is done."""
        try:
            made = self.action
        except NslabError as error:
            self._say(told(error), ok=False)
        else:
            self._worker.do(partial(self._apply, made))

    def _apply(self, made: Action) -> None:
        # The picture may be a moment behind: what it would refuse is looked at anew.
        if obstacle(self._now, made) and (wrong := obstacle(self._lab.snapshot(), made)):
            self._say(wrong, ok=False)
            return
        followed = self._lab.do(made, watch=True).consequences
        lines = f"<code>{typed(self._as_lines([made], self._shell_style, '; '))}</code>"
        self._say("\n".join(["", *(one.said(say) or one for one in followed)]), ok=True, runs=lines)

    def _take_back(self) -> None:
        """Take back the step that is last in the log, whoever did it."""
        self._lab._look_for_hands()
        if not self._steps:
            return
        last = self._steps[-1]
        if isinstance(last, Made) and last.why == "by hand" and last != self._asked:
            # It was not done here: it is named before it is lost.
            self._asked = last
            words = say("This was done in a terminal, and is kept unless you press Undo once more:")
            told = "\n".join(export.lines(last, known=self._lab._containers()))
            self._say(f"{words}\n{told}", ok=None, stays=True)
            return
        known = self._lab._containers()
        _, lost, steps = self._lab._go_back(1)
        self.asking.forget()
        what = next(step.what for step in reversed(steps) if step.changed)
        words = say("taken back: {step}").format(step=_short(what, known))
        if lost:
            words += "\n" + say("not brought back, because no step of the lab made it:")
            words += "".join(f"\n{line}" for line in lost)
        self._say(words, ok=True)

    def _bring_back(self) -> None:
        """Do again what the last Undo took."""
        if not self._lab._history.undone:
            return
        _, lost, steps = self._lab._go_forth()
        self.asking.forget()
        what = next(step.what for step in reversed(steps) if step.changed)
        words = say("done again: {step}").format(step=_short(what, self._lab._containers()))
        self._say("\n".join([words, *lost]), ok=True)

    @property
    def _steps(self) -> list[What]:
        """What made the lab what it is, by whomever: what Undo goes back through."""
        return [step.recipe for step in self._lab.steps if step.changed]

    def _busy(self, busy: bool) -> None:
        self._bar.busy(busy)
        with self._filling:
            self._do.disabled = busy
            self._stop.disabled = not busy
            self._show_undo()
            if busy:
                before = (self._message.value, self._told)
                self._say(say("working …"), ok=None)
                self._working = (self._message.value, *before)
                return
            # To ask something says nothing here: what was done is still said.
            working, words, told = self._working
            if told and self._message.value == working:
                self._message.value, self._told = words, told
            self._check()

    def _say(self, words: str, *, ok: bool | None, runs: str = "", stays: bool = False) -> None:
        """Say something below the form.

        :param ok: whether something was done, or failed; None if neither
        :param runs: command lines before it, as HTML
        :param stays: whether it stays until the form is changed, as what was done does
        """
        sign = {True: "<b style='color:#009e73'>✔</b> ", False: "<b style='color:#d55e00'>✘</b> "}
        shown = runs + typed(words).replace("\n", "<br>")
        with self._filling:
            self._told = ok is not None or stays
            if self._told:
                self.asking.leads = False
            self._message.value = f"<span>{'' if ok is None else sign[ok]}{shown}</span>"
            if self._told:  # what was typed is not read aloud at each letter
                heard = re.sub("<[^>]+>", " ", shown)  # without what Tab would go to
                again = self._aloud.value == heard
                self._aloud.value = f"{heard}&nbsp;" if again else heard

    @property
    def _shell_style(self) -> Any:
        chosen = STYLES[self._style.value]
        return "classic" if chosen == "classic" else "iproute2"

    def _stepped(self) -> None:
        """A step was done, here or elsewhere.

        The form's choices follow it too: what comes and goes between two looks of the picture is no
        change for the picture, and the form would go on offering it.
        """
        self._show_log()
        self._refill()

    def _restyle(self) -> None:
        """Say in other commands what was done, and what will be."""
        self._show_log()
        self._check()

    def _show_log(self) -> None:
        """The log is the lab's: what a cell does is in it, and what anybody takes back is not."""
        with self._logging:  # or what another thread found before would be shown after it
            self._log.value, whole = self._as_log(), self._as_export()
            self._exported.value = whole
            self._exported.layout.display = None if whole else "none"
        self._show_undo()

    def _as_log(self) -> str:
        style, steps = STYLES[self._style.value], self._steps
        if style == "python":
            told = export.python(steps)
        else:  # what Undo takes back stands alone
            apart = [*export.together(steps[:-1]), *steps[-1:]]
            told = export.shell(apart, self._shell_style, known=self._lab._containers())
        lines = list(map(typed, told))
        if lines:
            tip = html.escape(say("Undo takes this back."), quote=True)
            lines[-1] = f"<span class='nslab-last' title='{tip}'>{lines[-1]}</span>"
        lines = [
            re.sub(f"^({FAILED}.*)$", r"<span class='nslab-failed'>\1</span>", each, flags=re.M)
            for each in lines
        ]
        shown = "\n".join(lines) or html.escape(say("(nothing done yet)"))
        return copied(shown, say("What was done"))

    def _as_export(self) -> str:
        """All of it as a script or as a cell; empty unless it is asked for."""
        if not self._whole.value:
            return ""
        style = STYLES[self._style.value]
        if style == "python":
            return copied(typed(self.python()), say("As a cell for a notebook"))
        return copied(typed(self.script(style)), say("As a script"))

    def _show_undo(self) -> None:
        """Whether there is something to take back, and to do again."""
        with self._filling:
            steps, busy = self._steps, self._worker.busy
            self._undo.disabled = busy or not steps
            self._redo.disabled = busy or not self._lab._history.undone
            last = _short(steps[-1], self._lab._containers()) if steps else ""
            self._undo.tooltip = say("take back: {step}").format(step=last) if last else ""

    def _repr_mimebundle_(self, **options: Any) -> Any:
        return mirrored(
            super()._repr_mimebundle_(**options),
            f"builder\n{self.live.picture.text}",
            drawn(self.live.picture),
        )


def _end(fields: Sequence[w.Widget]) -> w.HBox:
    """What belongs to one end of a cable: form.js tells who hears the page which one it is."""
    group = w.HBox(fields)
    group.add_class("nslab-end")
    return group


def _wrapped(**more: str) -> w.Layout:
    return w.Layout(flex_flow="row wrap", align_items="center", **more)


def _palette() -> str:
    """What may be dragged into the picture, or pressed, as HTML."""
    pieces = "".join(
        f"<button type='button' class='nslab-piece' data-piece='{name}'>"
        f"{html.escape(words)}</button>"
        for name, words, _ in PALETTE
    )
    told = html.escape(say("Drag into the picture, or press:"))
    return f"<div class='nslab-palette'><span>{told}</span><div>{pieces}</div></div>"


def _named(label: str, line: str) -> str:
    """A command line and what it is, as HTML."""
    return f"<i>{html.escape(label)}</i> <code>{typed(line)}</code>"


def _short(what: What, containers: Sequence[str]) -> str:
    """A step on one line, as the log has it."""
    words = export.lines(what, known=containers) or [""]
    return words[0] if len(words) == 1 else f"{words[0]} …"
