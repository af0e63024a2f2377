"""The picture that follows the kernel: what is done in a terminal, too, shows in it by itself."""

from __future__ import annotations

import html
import itertools
import threading
import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import ipywidgets as w

from nslab.draw import Picture
from nslab.draw.path.explained import explained
from nslab.draw.scene.metrics import width
from nslab.errors import EngineUnavailable, ToolMissing
from nslab.explain.diagnose.explanation import Explanation
from nslab.jupyter.widgets import picture_words
from nslab.jupyter.widgets.choices import Choices
from nslab.jupyter.widgets.error_words import told
from nslab.jupyter.widgets.following import Following
from nslab.jupyter.widgets.node_facts import facts, joined, things
from nslab.jupyter.widgets.page import STYLE, in_page, mirrored, only_saved
from nslab.jupyter.widgets.rejudging import differ
from nslab.jupyter.widgets.terminal import entrance
from nslab.jupyter.widgets.words import say
from nslab.network.diff import Diff
from nslab.network.model import Snapshot
from nslab.session import entering

if TYPE_CHECKING:
    from nslab.session.lab import Lab

_number = itertools.count()

MANY = 12
"""With more namespaces there is a field to find one."""

NOTHING = "–"
"""The choice of no thing."""


class Live(w.VBox):  # type: ignore[misc]
    """A lab's picture, kept up to date; a list of everything in it, with its facts beside it.

    Saved with the notebook, and without a kernel, it is the picture that was last shown.

    :param lab: is followed, and not kept alive
    :param plain: show only what is there: not what is missing, and nothing is marked as wrong
    :param beside: what stands beside the picture, or where there is no room below it, before all
        that the picture itself has there: what changes its height does not move the picture
    """

    def __init__(self, lab: Lab, *, plain: bool = False, beside: w.Widget | None = None) -> None:
        self._plain = plain
        self._lab = weakref.ref(lab)
        self._draw = weakref.WeakMethod(lab._draw)
        self._last: Picture | None = None
        self._marks: tuple[Explanation, Snapshot] | None = None
        """An answer that is marked in the picture, and what was there when it was found."""
        self._refilling = 0
        """The thread that just refills the list: a person may choose in another one meanwhile."""
        self._watchers: list[Callable[[], None]] = []
        self._snapshot = lab.snapshot()
        self._picture = w.HTML(layout=w.Layout(max_width="100%", flex="0 1 auto"))
        self._status = w.HTML()
        self._telling = threading.RLock()
        """Held while the picture is made: a search makes it in another thread than what follows."""
        self._choosing, self._stating = threading.RLock(), threading.RLock()
        """Held while the list is filled, or something is chosen in it; while facts are shown."""
        self._choice = Choices(
            self._choosing, description=say("Look at"), options=[NOTHING], layout=_wide()
        )
        self._find = w.Text(
            description=say("Find"), placeholder=say("a name or an address"), layout=_wide()
        )
        self.align(_labels(self._choice.description, self._find.description))
        self._found = w.HTML()
        self._fold = w.ToggleButton(icon="expand", layout=_wide())
        self._shown: Snapshot | Diff = self._snapshot
        """What the picture is of."""
        self._enter = w.HTML()
        self._entered: object = None
        """The engine whose terminals the button opens (undo and reset bring another), and where."""
        self._facts = w.HTML()
        self._choice.observe(self._chosen, names="value")
        self._find.observe(lambda _: self._search(), names="value")
        self._fold.observe(lambda _: self._again(), names="value")
        of_picture = [self._find, self._found, self._fold, self._choice, self._enter, self._facts]
        side = w.VBox([beside, self._status, *of_picture] if beside else of_picture)
        side.layout = w.Layout(min_width="min(22em, 100%)", flex="2 1 24em", max_width="30em")
        if beside:
            side.layout.flex, side.layout.max_width = "4 1 24em", "100%"
        top = w.HBox([self._picture, side], layout=w.Layout(flex_flow="row wrap"))
        self._page = in_page("terminal")
        rest = [top, w.HTML(STYLE), self._page]
        super().__init__(rest if beside else [self._status, *rest])
        self.add_class("nslab-keys")
        named = {
            "live": self,
            "status": self._status,
            "choice": self._choice,
            "find": self._find,
            "found": self._found,
            "fold": self._fold,
            "drawn": self._picture,
            "entrance": self._enter,
            "facts": self._facts,
        }
        for name, widget in named.items():
            widget.add_class(f"nslab-{name}")
        self.following = Following(lab, self._tell, self._over)
        """The thread behind it; ``following.stop()`` keeps the picture as it is."""
        # The page knows by itself whether there is a kernel behind a saved widget.
        follows = _line(say("follows the lab: the picture changes as the lab does"), on=True)
        self._status.value = f"<span class='nslab-on'>{follows}</span>" + only_saved()
        self.following.start()

    @property
    def snapshot(self) -> Snapshot:
        """What is there now, as far as is known."""
        return self._snapshot

    def observe_snapshot(self, call: Callable[[], None]) -> None:
        """Call a function, in the following thread, each time ``snapshot`` changes."""
        self._watchers.append(call)

    @property
    def chosen(self) -> str:
        """What is chosen, as ``ns1`` or ``ns1/eth0``; empty if nothing is."""
        value = self._choice.value
        return "" if value in (None, NOTHING) else str(value)

    def observe_choice(self, call: Callable[[], None]) -> None:
        """Call a function each time another thing is chosen."""
        self._choice.observe(lambda _: None if self._is_refilling() else call(), names="value")

    @property
    def picture(self) -> Picture:
        """The network that is shown now, without marks."""
        assert self._last is not None
        return self._last

    def be_plain(self, plain: bool) -> None:
        """Show only what is there, or also what is missing and wrong."""
        if plain != self._plain:
            self._plain = plain
            self._again()

    def mark(self, answer: Explanation, of: Snapshot) -> None:
        """Show in the picture the way that an answer tells of, and where it breaks.

        :param answer: what ``lab.why`` gave, in the reader's language
        :param of: what was there; while something else is, the picture shows that
        """
        with self._telling:
            self._marks = answer, of
            self._show(self._shown)

    def unmark(self) -> None:
        """Show the network alone."""
        with self._telling:
            if self._marks is not None:
                self._marks = None
                self._show(self._shown)

    def align(self, labels: str) -> None:
        """Have its fields begin where those around it do.

        :param labels: how wide labels are
        """
        for each in (self._choice, self._find):
            each.style.description_width = labels

    def bring_into_sight(self, thing: str) -> None:
        """Have the page scroll until a namespace or a link, as ``ns1/eth0``, can be seen."""
        self._page.sight = [thing, next(_number)]

    def close(self) -> None:
        """Stop following, and take the widget away."""
        if (following := getattr(self, "following", None)) is not None:  # it was never made whole
            following.stop()
        super().close()

    # -- from the thread -----------------------------------------------------------------------

    def _tell(self, what: Snapshot | Diff) -> None:
        with self._telling:
            self._show(what)

    def _again(self) -> None:
        """Draw what is shown once more, whatever another thread has just shown."""
        with self._telling:
            self._show(self._shown)

    def _show(self, what: Snapshot | Diff) -> None:
        draw, self._shown = self._draw(), what
        whole, plain = bool(self._fold.value), self._plain
        made = draw(what, whole=whole, plain=plain) if draw else None
        self._snapshot = what.after if isinstance(what, Diff) else what
        self._last = made or Picture(what, whole=whole, plain=plain)
        try:
            drawn = picture_words.drawn(self._marked(self._last))
        except ToolMissing as error:
            drawn = f"<pre>{html.escape(self._last.text)}</pre><p>{html.escape(told(error))}</p>"
        self._fill_choice()  # first, so that whatever is in the picture can be chosen
        self._page.graph = joined(self._snapshot)
        if drawn != self._picture.value:
            self._picture.value = drawn
        self._show_entrance()
        self._show_facts()
        for call in self._watchers:
            call()

    def _marked(self, picture: Picture) -> Picture:
        """The picture with what is marked in it, as long as the network is what it was."""
        if self._marks is None or differ(self._marks[1], self._snapshot):
            return picture
        return explained(picture, self._marks[0])

    def _fill_choice(self) -> None:
        """Have the list hold what is there, or what one looks for."""
        self._offer_search()
        there = [NOTHING, *self._matching()]
        with self._choosing:
            if list(self._choice.options) == there:
                return
            self._refilling = threading.get_ident()
            try:
                self._choice.refill(there)
            finally:
                self._refilling = 0

    def _is_refilling(self) -> bool:
        return self._refilling == threading.get_ident()

    def _over(self, reason: str) -> None:
        self._enter.value = ""
        words = say("no longer follows the lab") + (f": {reason}" if reason else "")
        self._status.value = _line(words + ". " + say("This is the last known state."), on=False)

    # -- what is shown -------------------------------------------------------------------------

    def _offer_search(self) -> None:
        """Have the field and the button that large networks need, and no other."""
        many = sum(namespace.role != "world" for namespace in self._snapshot) > MANY
        for each in (self._find, self._found):
            each.layout.display = None if many else "none"
        folded, whole = self.picture.folded, bool(self._fold.value)
        self._fold.layout.display = None if folded or whole else "none"
        words = say("Fold again") if whole else say("Show {count} more").format(count=folded)
        self._fold.description = words

    def _matching(self) -> list[str]:
        """The things that one looks for: by name, by address; all if nothing is looked for."""
        text, every = self._find.value.strip().lower(), things(self._snapshot)
        if not text:
            return list(every)
        addressed = {
            f"{namespace.label}/{link.name}"
            for namespace in self._snapshot
            for link in namespace.links
            if any(one.address.startswith(text) for one in link.addresses)
        }
        return [thing for thing in every if text in thing.lower() or thing in addressed]

    def _search(self) -> None:
        """Bring the first thing that one looks for into sight; folded ones are unfolded."""
        found, text = self._matching(), self._find.value.strip()
        words = say("{found} found").format(found=len(found)) if text else ""
        self._found.value = f"<span role='status'>{html.escape(words)}</span>"
        if text and found and self.picture.folded and not self._is_drawn(found[0]):
            self._fold.value = True  # draws anew
        else:
            self._tell(self._shown)
        if text and found:
            with self._choosing:
                self._choice.value = found[0]
            self.bring_into_sight(found[0])

    def _is_drawn(self, thing: str) -> bool:
        boxes = {box.label for box, _, _ in self.picture.placed.boxes}
        return thing.partition("/")[0] in boxes

    def _show_entrance(self) -> None:
        with self._stating:
            lab, chosen = self._lab(), self.chosen.partition("/")[0]
            if lab is None or (entered := (lab.engine, chosen)) == self._entered:
                return
            self._entered = entered
            try:
                self._enter.value = entrance(entering.program(lab), lab.name, chosen=chosen)
            except EngineUnavailable:  # nobody can enter it: there is nothing to press
                self._enter.value = ""

    def _chosen(self, _: object) -> None:
        if not self._is_refilling():
            self._show_entrance()
            self._show_facts()

    def _show_facts(self) -> None:
        with self._stating:  # or what another thread found before would be shown after it
            chosen = self._choice.value
            found = facts(self._snapshot, chosen) if chosen != NOTHING else []
            shown = "".join(
                f"<b>{html.escape(heading)}</b><pre style='margin:0 0 .6em;white-space:pre-wrap'>"
                f"{html.escape(chr(10).join(lines))}</pre>"
                for heading, lines in found
            )
            if shown != self._facts.value:
                self._facts.value = shown

    def _repr_mimebundle_(self, **options: Any) -> Any:
        text = f"live picture\n{self.picture.text}"
        return mirrored(super()._repr_mimebundle_(**options), text, drawn(self.picture))


def _labels(*words: str) -> str:
    """How wide labels are beside which fields begin alike, as near to the words as they can."""
    return f"{max(round(width(text, 13)) for text in words) + 4}px"


def _wide() -> w.Layout:
    return w.Layout(width="auto")


def drawn(picture: Picture) -> str:
    """A picture for a page; empty where it cannot be drawn."""
    return str(picture._repr_mimebundle_().get("text/html", ""))


def _line(words: str, *, on: bool) -> str:
    colour, sign = ("#009e73", "●") if on else ("#d55e00", "■")
    return f'<span style="color:{colour}">{sign}</span> {html.escape(words)}'
