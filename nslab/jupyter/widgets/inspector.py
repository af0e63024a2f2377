"""The packet inspector: frames of a capture, opened one by one, and the way of a packet."""

from __future__ import annotations

import html
import threading
import weakref
from typing import TYPE_CHECKING, Any

import ipywidgets as w

from nslab.errors import NslabError
from nslab.frames import Frames
from nslab.frames.opened import Opened
from nslab.jupyter.widgets.page import STYLE, in_page, mirrored, only_saved
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

_PLAIN = (
    "<style>.nslab-mono select,.nslab-head{font-family:var(--jp-code-font-family,monospace)}"
    ".nslab-head{font-size:var(--jp-widgets-font-size,13px);font-weight:bold;padding-left:3px;"
    "overflow:hidden;white-space:nowrap;line-height:1.5}</style>"
)
"""Columns stand below each other only if all letters are equally wide."""


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
        self._opened: Opened | None = None
        self._journey: Journey | None = None
        self._filling = threading.RLock()
        """Held while the lists are filled: a thread does so while the capture runs."""
        self._worker = Worker(self._busy, self._fail)
        self._over = threading.Event()
        self._status = w.HTML()
        self._stop = w.Button(description=say("Stop"), icon="stop", tooltip=say("stop capturing"))
        self._only = w.Text(
            description=say("Only"),
            placeholder="echo request",
            continuous_update=False,
            tooltip=say("frames whose line contains this text; empty for all"),
        )
        wide = w.Layout(width="auto")
        self._list = w.Select(rows=9, options=[], layout=wide)
        self._head = w.HTML(layout=w.Layout(overflow="hidden", width="auto", min_width="0"))
        self._heading = w.HTML()
        beside = w.Layout(width="26em", max_width="96%", height="auto", margin="2px 1em 2px 2px")
        self._fields = w.Select(rows=16, options=[], layout=beside)
        self._bytes = w.HTML(layout=w.Layout(max_width="100%", overflow="auto"))
        self._follow = w.Button(
            description=say("Follow its packet"),
            icon="share",
            layout=w.Layout(width="13em"),
            tooltip=say("show the way of this packet from link to link"),
            disabled=True,
        )
        self._play = w.Play(min=1, max=1, value=1, interval=PACE, show_repeat=False)
        self._at = w.IntSlider(
            min=1, max=1, value=1, description=say("Step"), layout=w.Layout(width="24em")
        )
        self._link = w.jslink((self._play, "value"), (self._at, "value"))
        narrow = w.Layout(width="2.8em")
        self._before = w.Button(icon="step-backward", tooltip=say("one step back"), layout=narrow)
        self._next = w.Button(icon="step-forward", tooltip=say("one step forward"), layout=narrow)
        for button, step in ((self._before, -1), (self._next, 1)):
            button.on_click(lambda _, step=step: self._go(step))
        controls = [self._play, self._before, self._next, self._at]
        self._steps = w.HBox(controls, layout=w.Layout(display="none"))
        self._way = w.HTML(layout=w.Layout(max_width="100%", overflow="auto"))
        self._message = w.HTML()
        opened = w.HBox([self._fields, self._bytes], layout=w.Layout(flex_flow="row wrap"))
        super().__init__(
            [
                w.HBox([self._status, self._stop]),
                self._only,
                self._head,
                self._list,
                self._heading,
                opened,
                self._follow,
                self._message,
                self._steps,
                self._way,
                w.HTML(_PLAIN + STYLE),
                in_page(),
            ]
        )
        self.add_class("nslab-keys")
        named = {
            "inspector": self,
            "frames": self._list,
            "only": self._only,
            "fields": self._fields,
            "bytes": self._bytes,
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
        self._list.add_class("nslab-mono")
        self._fields.add_class("nslab-mono")
        self._only.observe(lambda _: self._show_frames(), names="value")
        self._list.observe(lambda _: self._chosen(), names="value")
        self._fields.observe(lambda _: self._show_bytes(), names="value")
        self._at.observe(lambda _: self._show_way(), names="value")
        self._stop.on_click(lambda _: self._worker.do(self._capture.stop))
        self._follow.on_click(lambda _: self._worker.do(self.follow))
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
        return self._frames.saying(text) if text else self._frames

    @property
    def frame(self) -> int | None:
        """The number of the frame that is opened."""
        number: int | None = self._list.value
        return number

    @frame.setter
    def frame(self, number: int) -> None:
        self._list.value = number

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
        self._show_way()

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
                self._show_frames()

    def _show_frames(self) -> None:
        """Fill the list anew; what is chosen stays so if it is still there."""
        frames = self.frames
        table = frames.table(rows=ROWS)
        head, *lines = map(_wide, table.lines())
        there = [(line, frame.number) for line, frame in zip(lines, frames, strict=False)]
        running = self._capture.running
        words = say("{count} frames; the capture has stopped")
        if running:
            words = say("{count} frames; the capture is running")
        notes = "".join(f"<br>{html.escape(note)}" for note in table.footer)
        with self._filling:
            count = f"<b>{len(frames):,}</b>"
            said = html.escape(words).format(count=count) + notes
            self._status.value = f"<span class='nslab-on'>{said}</span>{only_saved()}"
            self._head.value = f"<div class='nslab-head'>{html.escape(head)}</div>" if there else ""
            self._stop.layout.display = None if running else "none"
            if list(self._list.options) != there:
                chosen = self._list.value
                self._list.options = there
                numbers = [number for _, number in there]
                first = numbers[0] if numbers else None
                self._list.value = chosen if chosen in numbers else first
            self._chosen()

    def _chosen(self) -> None:
        """Open the frame that is chosen."""
        with self._filling:
            number = self._list.value
            self._follow.disabled = number is None or self._worker.busy
            if number is None:
                self._opened = None
                self._forget_way()
                self._fields.options = []
                self._heading.value = say("No frame is selected.")
                return self._show_bytes()
            opened = self._frames[number]
            if self._opened is not None and self._opened.frame == opened.frame:
                return None
            self._opened = opened
            self._forget_way()
            note = f"<br>{html.escape(opened.note)}" if opened.note else ""
            self._heading.value = f"<b>{html.escape(opened.heading)}</b>{note}"
            self._fields.options = _tree(opened)
            self._fields.value = self._fields.options[0][1] if self._fields.options else None
            return self._show_bytes()

    def _forget_way(self) -> None:
        self._journey = None
        self._message.value = self._way.value = ""
        self._steps.layout.display = "none"

    def _show_bytes(self) -> None:
        if self._opened is None:
            self._bytes.value = ""
            return
        chosen = self._fields.value
        span = range(0)
        said = ""
        if chosen is not None:
            layer = self._opened.layers[chosen[0]]
            span, said = range(layer.start, layer.end), layer.name
            if chosen[1] is not None:
                field = layer.fields[chosen[1]]
                bits = say(" ({count} bits)").format(count=field.size) if field.size % 8 else ""
                span, said = field.bytes, f"{layer.name}.{field.name} = {field.value}{bits}"
        words = say("bytes {first} to {last}")
        where = words.format(first=span.start, last=span.stop - 1) if span else ""
        self._bytes.value = (
            f"<pre style='margin:0;line-height:1.7;white-space:pre'>{self._opened.dump(span)}</pre>"
            f"<div style='max-width:34em;overflow-wrap:anywhere'>{html.escape(said)}<br>"
            f"{where}</div>"
        )

    def _show_way(self) -> None:
        journey = self._journey
        if journey is None:
            return
        last = len(journey.steps)
        if self._at.value >= last:  # the whole way, with all that is said of it
            self._way.value = journey._repr_mimebundle_()["text/html"]
            return
        try:
            self._way.value = journey.picture(upto=self._at.value).html
        except NslabError as error:
            self._fail(str(error))

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


def _wide(text: str) -> str:
    """A text that keeps its spaces: a page would make one of several."""
    return text.replace(" ", "\N{NO-BREAK SPACE}")


def _tree(opened: Opened) -> list[tuple[str, tuple[int, int | None]]]:
    """Layers, and below each its fields, as a list with the place of each."""
    found: list[tuple[str, tuple[int, int | None]]] = []
    for number, layer in enumerate(opened.layers):
        found.append((f"▾ {layer.name}", (number, None)))
        found += [
            (_wide(f"   {field.name}: {field.value}"), (number, place))
            for place, field in enumerate(layer.fields)
        ]
    return found
