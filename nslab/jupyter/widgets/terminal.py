"""Terminals in the lab: a button that opens one, and what ``lab.terminal`` shows."""

from __future__ import annotations

import html
import os
import re
import shlex
from typing import TYPE_CHECKING, Any

import ipywidgets as w
from IPython.display import display

from nslab.jupyter import magics
from nslab.jupyter.widgets.page import STYLE, in_page, mirrored
from nslab.jupyter.widgets.words import say
from nslab.session import entering

if TYPE_CHECKING:
    from nslab.session.lab import Lab


def open_terminal(lab: Lab, ns: str | None, another: bool) -> None:
    """Show what opens a terminal in the page, or says what to type where there is no page."""
    space = entering.space(lab.snapshot(), ns)
    program = entering.program(lab)
    if magics.shell() is None:
        print(_by_hand(entering.by_hand(lab.name, space)))
    else:
        display(Terminal(lab.name, program, space, another))


class Terminal(w.VBox):  # type: ignore[misc]
    """Opens a terminal when it is first shown, and again by its buttons.

    Saved with the notebook, and without a kernel, it is a line that says what to type.
    """

    def __init__(self, lab: str, program: tuple[str, ...], space: str, another: bool) -> None:
        self._line = entering.by_hand(lab, space)
        armed = w.Checkbox(value=True, layout=w.Layout(display="none"))
        armed.add_class("nslab-armed")
        self.opened = armed
        """Whether the page is still to open it: it takes this back when it does."""
        part = entrance(program, lab, space=space, another=another)
        saved = f"<span class='nslab-saved'>{html.escape(_by_hand(self._line))}</span>"
        super().__init__([w.HTML(part + saved), armed, w.HTML(STYLE), in_page("terminal")])
        self.add_class("nslab-keys")

    def _repr_mimebundle_(self, **options: Any) -> Any:
        text = _by_hand(self._line)
        page = f"<p>{_by_hand(f'<code>{html.escape(self._line)}</code>')}</p>"
        return mirrored(super()._repr_mimebundle_(**options), text, page)


def entrance(
    program: tuple[str, ...], lab: str, *, space: str = "", chosen: str = "", another: bool = False
) -> str:
    """A button that opens a terminal, as HTML for a page that runs ``terminal.js``.

    :param program: what the terminal runs, before the name of a namespace
    :param space: where; what is chosen in the list beside it, if empty
    :param chosen: what that is now
    """
    data = {
        "enter": shlex.join(program),
        # Of this notebook and lab: a terminal goes on when Undo makes the lab anew.
        "lab": f"{os.getpid()}_{re.sub('[^A-Za-z0-9]', '_', lab)}",
        "hand": entering.by_hand(lab, entering.HOST),
        "off": say("The server of this page opens no terminal. Type in one of your own:"),
        "blocked": say("The browser let no tab open:"),
        "show": say("show the terminal"),
    }
    if space:
        data |= {"space": space, "once": "on"}
    if another:
        data["another"] = ""
    written = " ".join(f'data-{key}="{html.escape(value)}"' for key, value in data.items())
    form = say("Terminal in {place}")
    words = form.format(place=space or chosen or entering.HOST)
    if space:
        buttons = _button(words) + _button(say("Another one"), "data-another")
    else:
        told = say("In what is chosen, else in the host; on a part of the picture: press t")
        # A busy kernel hears late of what is chosen: the page names it at once.
        names = f'data-words="{html.escape(form)}"'
        buttons = _button(words, f'title="{html.escape(told)}" {names}')
    return (
        f"<div class='nslab-terminal' {written}>"
        f"{buttons}<span class='nslab-said' role='status'></span></div>"
    )


def _button(words: str, data: str = "") -> str:
    return f"<button class='nslab-enter jupyter-button' {data}>{html.escape(words)}</button>"


def _by_hand(line: str) -> str:
    """English: it is saved with the notebook."""
    return f"in a terminal of this machine: {line}"
