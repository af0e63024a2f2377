"""The packet inspector: frames of a capture, opened one by one, and the way of a packet."""

from __future__ import annotations

import html
import tempfile
import threading
import weakref
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ipywidgets as w

from nslab.errors import InvalidInput
from nslab.frames import Frames
from nslab.frames.filtering import Facts, Wanted, facts, wanted
from nslab.frames.opened import Opened
from nslab.frames.summary import Names
from nslab.jupyter.widgets.buttons import NARROW, button
from nslab.jupyter.widgets.error_words import cause
from nslab.jupyter.widgets.frame_words import of_frame
from nslab.jupyter.widgets.page import STYLE, in_page, mirrored, only_saved
from nslab.jupyter.widgets.picture_words import in_words, laid_out
from nslab.jupyter.widgets.sheet import List, Parts, key, protocol
from nslab.jupyter.widgets.words import say
from nslab.jupyter.widgets.work import Worker

if TYPE_CHECKING:
    from nslab.frames.journey import Journey
    from nslab.session.capture import Capture

ROWS = 300
"""Frames in the list at most: more say nothing to a person, and a filter finds them."""

LOOK = 0.25
"""Seconds between two looks at a capture that is running."""

PACE = 1500
"""Milliseconds between two steps of a journey that is played."""


class Inspector(w.VBox):  # type: ignore[misc]
    """A capture to click through: its frames, the fields and bytes of one, the way of its packet.

    While the capture runs, what comes in is listed by itself.

    :param capture: what is looked at; stopping it here stops it everywhere
    """

    def __init__(self, capture: Capture) -> None:
        self._capture = capture
        self._frames = capture.frames
        """All frames, as of the last look."""
        self._listed: tuple[object, ...] = ()
        """What the capture had to say when the list was last filled."""
        self._fits: Wanted = wanted("")
        """The last filter that could be understood."""
        self._unfinished = ""
        """What is wrong with the one that is typed."""
        self._opened: Opened | None = None
        self._journey: Journey | None = None
        self._filling = threading.RLock()
        """Held while the lists are filled: a thread does so while the capture runs."""
        self._worker = Worker(self._busy, self._fail)
        self._over = threading.Event()
        self._told: dict[int, Facts] = {}
        """What a filter may ask of each frame, by its number."""
        self._status = w.HTML()
        stop, save = (partial(self._worker.do, job) for job in (capture.stop, self._send_file))
        self._stop = button(say("Stop"), stop, say("stop capturing"), icon="stop")
        tip = say("a pcapng file of the frames in the list")
        self._save = button(say("Open in Wireshark"), save, tip, icon="download")
        self._only = w.Text(
            description=say("Show only"),
            placeholder="icmp · port 80 · ip.addr == 203.0.113.80 · !arp",
            layout=w.Layout(width="40em", max_width="84%"),
            tooltip=say("words of a frame's line, or a filter as in Wireshark; empty for all"),
        )
        clear = partial(self._only.set_trait, "value", "")
        self._clear = button("×", clear, say("show all frames"), width=NARROW)
        self._count = w.HTML()
        self._key = w.HTML()
        self._list = List(self._filling)
        self._heading = w.HTML()
        self._parts = Parts()
        follow = partial(self._worker.do, self.follow)
        tip = say("show in the picture which way the packet of the selected frame took")
        self._follow = button(say("Follow its packet"), follow, tip, icon="share")
        self._follow.disabled = True
        self._play = w.Play(min=1, max=1, value=1, interval=PACE, show_repeat=False)
        self._at = w.IntSlider(
            min=1, max=1, value=1, description=say("Step"), layout=w.Layout(width="24em")
        )
        self._link = w.jslink((self._play, "value"), (self._at, "value"))
        back, forth = (partial(self._go, step) for step in (-1, 1))
        self._before = button("", back, say("one step back"), icon="step-backward", width=NARROW)
        self._next = button("", forth, say("one step forward"), icon="step-forward", width=NARROW)
        controls = [self._play, self._before, self._next, self._at]
        self._steps = w.HBox(controls, layout=w.Layout(display="none"))
        self._way = w.HTML(layout=w.Layout(max_width="100%", overflow="auto"))
        self._message = w.HTML()
        self._page = in_page("walk")
        self._page.observe(lambda change: self._gestured(change["new"]), names="gesture")
        wrap = w.Layout(flex_flow="row wrap", align_items="center")
        super().__init__(
            [
                w.HBox([self._status, self._stop, self._save], layout=wrap),
                w.HBox([self._only, self._clear, self._count], layout=wrap),
                self._key,
                self._list,
                self._heading,
                self._parts,
                self._follow,
                self._message,
                self._steps,
                self._way,
                w.HTML(STYLE),
                self._page,
            ]
        )
        self.add_class("nslab-keys")
        named = {
            "inspector": self,
            "frames": self._list,
            "only": self._only,
            "clear": self._clear,
            "count": self._count,
            "key-of": self._key,
            "save": self._save,
            "parts": self._parts,
            "follow": self._follow,
            "steps": self._steps,
            "journey": self._way,
            "stop": self._stop,
            "status": self._status,
            "heading": self._heading,
            "before": self._before,
            "next": self._next,
        }
        for name, widget in named.items():
            widget.add_class(f"nslab-{name}")
        self._only.observe(lambda _: self._show_frames(), names="value")
        self._list.observe(lambda _: self._chosen(), names="chosen")
        self._at.observe(lambda _: self._show_step(), names="value")
        self._look()
        if capture.running:
            here = weakref.ref(self)
            threading.Thread(
                target=_watch, args=(here, self._over), name="nslab-inspector", daemon=True
            ).start()

    @property
    def frames(self) -> Frames:
        """The frames in the list, and those that it has no room for."""
        text = self._only.value.strip()
        if not text:
            return self._frames
        try:
            fits = wanted(text)
        except InvalidInput as error:
            self._unfinished = cause(error)
            fits = self._fits  # as it was, while it is being typed
        else:
            self._unfinished, self._fits = "", fits
        return self._frames.select(lambda frame: fits(self._told[frame.number]))

    @property
    def frame(self) -> int | None:
        """The number of the frame that is opened."""
        number: int | None = self._list.chosen
        return number

    @frame.setter
    def frame(self, number: int) -> None:
        self._list.chosen = number

    def follow(self) -> None:
        """Show the way of the packet that the opened frame belongs to."""
        if self.frame is None:
            return
        journey = self._capture.journey(self.frame)
        last = len(journey.steps)
        with self._filling:
            self._journey = None  # no picture for each of the changes that follow
            self._play.max = self._at.max = last
            self._play.value = self._at.value = last
            self._journey = journey
            self._steps.layout.display = None if last > 1 else "none"
            self._message.value = ""
            page = journey._page(f"inspector of {self.model_id}", laid_out)
            self._way.value = in_words(page)

    def close(self) -> None:
        """Take the widget away; the capture goes on."""
        self._over.set()
        super().close()

    # -- what is shown -------------------------------------------------------------------------

    def _look(self) -> None:
        """Ask the capture, and fill the list anew if anything came or it has ended."""
        frames = self._capture.frames
        now = (len(frames), self._capture.running, frames.notes)
        with self._filling:
            if now != self._listed:
                self._listed, self._frames = now, frames
                names = Names(frames._macs)
                self._told = {frame.number: facts(frame, names) for frame in frames}
                self._show_frames()

    def _show_frames(self) -> None:
        """Fill the list anew; what is chosen stays so if it is still there."""
        with self._filling:
            self._unfinished = ""
            frames = self.frames
            text = self._only.value.strip()
            running = self._capture.running
            words = say("{count} frames; the capture has stopped")
            if running:
                words = say("{count} frames; the capture is running")
            table = frames.table(rows=ROWS)
            notes = "".join(f"<br>{html.escape(of_frame(note))}" for note in table.footer)
            count = f"<b>{len(self._frames):,}</b>"
            said = html.escape(words).format(count=count) + notes
            self._status.value = f"<span class='nslab-on'>{said}</span>{only_saved()}"
            self._count.value = self._counted(len(frames)) if text else ""
            self._clear.layout.visibility = "visible" if text else "hidden"
            self._key.value = key(protocol(told) for told in self._told.values())
            self._save.disabled = not frames
            self._stop.layout.display = None if running else "none"
            self._list.fill(frames, self._told, ROWS)
            self._chosen()

    def _counted(self, found: int) -> str:
        """How many of all the filter leaves, or what is wrong with it."""
        words = say("{found} of {all} frames").format(found=found, all=len(self._frames))
        if self._unfinished:
            words = f"{html.escape(self._unfinished)} ({words})"
        return f"<span role='status'>{words}</span>"

    def _send_file(self) -> None:
        """Hand what is listed to the page, as a file that Wireshark opens."""
        with tempfile.TemporaryDirectory() as folder:
            made = self.frames.to_pcapng(Path(folder) / "nslab.pcapng")
            self._list.send({"save": "nslab.pcapng"}, [made.read_bytes()])

    def _chosen(self) -> None:
        """Open the frame that is chosen."""
        with self._filling:
            number = self._list.chosen
            self._follow.disabled = number is None or self._worker.busy
            if number is None:
                self._opened = None
                self._forget_way()
                self._heading.value = say("No frame is selected.")
                return self._parts.show(None)
            opened = self._frames[number]
            if self._opened is not None and self._opened.frame == opened.frame:
                return None
            self._opened = opened
            if (step := self._step_of(number)) is None:
                self._forget_way()
            else:
                self._at.value = step  # of the journey that is shown: there it is in the picture
            note = f"<br>{html.escape(of_frame(opened.note))}" if opened.note else ""
            self._heading.value = f"<b>{html.escape(of_frame(opened.heading))}</b>{note}"
            return self._parts.show(opened)

    def _forget_way(self) -> None:
        self._journey = None
        self._message.value = self._way.value = ""
        self._steps.layout.display = "none"

    def _show_step(self) -> None:
        """Have the page choose a step of the journey, in its table and its picture."""
        with self._filling:  # another thread may be showing another journey
            if self._journey is not None:
                step = self._at.value
                self.frame = self._journey.steps[step - 1].frame.number
                self._page.step = [step, self._page.step[1] + 1 if self._page.step else 1]

    def _step_of(self, number: int) -> int | None:
        """The step of the journey that is shown at which a frame was seen."""
        steps = self._journey.steps if self._journey else ()
        return next((n for n, step in enumerate(steps, 1) if step.frame.number == number), None)

    def _gestured(self, what: dict[str, Any]) -> None:
        """A step was chosen in the table; 0 is all of them."""
        with self._filling:
            if self._journey is not None and "step" in what:
                self._play.playing = False
                journey, self._journey = self._journey, None  # the page shows it already
                step = min(int(what["step"]), self._at.max)
                self._at.value = step or self._at.max
                self._journey = journey
                if step:
                    self.frame = journey.steps[step - 1].frame.number

    def _go(self, step: int) -> None:
        self._play.playing = False
        self._at.value = min(max(self._at.value + step, 1), self._at.max)

    def _busy(self, busy: bool) -> None:
        with self._filling:
            self._stop.disabled = busy
            self._follow.disabled = busy or self.frame is None
            if busy:
                self._message.value = say("working …")
            elif self._message.value == say("working …"):
                self._message.value = ""
        if not busy:
            self._look()

    def _fail(self, words: str) -> None:
        shown = html.escape(words).replace("\n", "<br>")
        self._message.value = f"<b style='color:#d55e00'>✘</b> {shown}"

    def _repr_mimebundle_(self, **options: Any) -> Any:
        table = self.frames.table()
        return mirrored(
            super()._repr_mimebundle_(**options),
            f"inspector\n{table}",
            table._repr_mimebundle_()["text/html"],
        )


def _watch(here: weakref.ref[Inspector], over: threading.Event) -> None:
    """List what comes in, until the capture stops or the widget is closed."""
    while not over.wait(LOOK):
        inspector = here()
        if inspector is None:
            return
        running = inspector._capture.running
        try:
            inspector._look()
        except Exception as error:  # nothing may be printed from here
            inspector._fail(str(error))
            return
        if not running:
            return
        del inspector
