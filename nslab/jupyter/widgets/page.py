"""What the widgets do in the page itself: an anywidget with an ES module, without a request.

The module is made of the files named to :func:`in_page` when a widget is made, so nothing is built
when the package is.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import anywidget
import ipywidgets as w
import traitlets

from nslab.frames.journey.markup import radio
from nslab.jupyter.widgets.choices import choose
from nslab.jupyter.widgets.words import say


class Page(anywidget.AnyWidget):
    """Something invisible that makes the widget around it work in a page, by modules beside it.

    The widget must have the class ``nslab-keys``.
    """

    _esm = traitlets.Unicode().tag(sync=True)
    _css = traitlets.Unicode().tag(sync=True)
    words = traitlets.Dict().tag(sync=True)
    """What the page says by itself."""
    graph: traitlets.List[list[str]] = traitlets.List().tag(sync=True)
    """Pairs of links between which frames pass, as ``ns1/eth0``, beside those of cables."""
    sight: traitlets.List[str | int] = traitlets.List().tag(sync=True)
    """What is to be in sight, and a number: the same may be wanted again."""
    gesture: traitlets.Dict[str, Any] = traitlets.Dict().tag(sync=True)
    """What a hand did in the picture; see hand.js and form.js."""
    offers: traitlets.Dict[str, Any] = traitlets.Dict().tag(sync=True)
    """What can be done with a node, as words."""
    step: traitlets.List[int] = traitlets.List().tag(sync=True)
    """The step of a journey that is to be chosen, and a number: see walk.js."""
    filled: traitlets.List[int] = traitlets.List().tag(sync=True)
    """A number, and how many fields the form has that was filled in and is to have the focus."""
    near: traitlets.List[str | int] = traitlets.List().tag(sync=True)
    """What is to be in sight: ``target``, ``answer``, ``captured``, ``message``; and a number."""
    chosen: traitlets.List[str | float] = traitlets.List().tag(sync=True)
    """In which list what was chosen, in words, and a number: see choices.py."""

    @traitlets.observe("chosen")
    def _choose(self, change: dict[str, Any]) -> None:
        name, words, _ = change["new"]
        choose(str(name), str(words))


def in_page(*scripts: str) -> Page:
    """What a widget needs in the page.

    :param scripts: others, by name, beside ``page``, ``order``, ``picture`` and ``gloss``
    """
    return Page(
        _esm=_module("page", "order", "picture", "gloss", *scripts),
        _css=text("page.css"),
        words=_words(),
        layout=w.Layout(display="none"),
    )


def _words() -> dict[str, str]:
    return {
        "window": say("Picture. + and - zoom, 0 as it was, arrows move, f fills the screen."),
        "tools": say("Look at the picture"),
        "out": say("smaller (-, or Ctrl and the wheel)"),
        "in": say("larger (+, or Ctrl and the wheel)"),
        "fit": say("the whole picture (9)"),
        "reset": say("natural size (1)"),
        "full": say("fill the screen (f)"),
        "svg": say("copy as SVG"),
        "png": say("copy as PNG"),
        "copied": say("Copied"),
        "saved": say("Saved as a file"),
        "menu": say("What to do with {name}"),
        "play": say("play, or pause"),
        "halt": say("stop, and back to the first"),
        "refused": say("The browser does not allow it."),
    }


@cache
def _module(*names: str) -> str:
    """One ES module of several: each file has one default export, which is called in turn."""
    parts = "\n".join(
        f"const {name} = (() => {{\n"
        + re.sub(r"^export default ", "return ", text(f"{name}.js"), flags=re.MULTILINE)
        + "\n})();"
        for name in names
    )
    return f"{parts}\n" + text("begin.js").replace("SCRIPTS", ", ".join(names))


@cache
def text(name: str) -> str:
    """A file beside this one, without the lines that only tell a reader something."""
    found = (Path(__file__).parent / name).read_text(encoding="utf-8")
    return re.sub(r"^\s*(//.*|/\*.*\*/)?\n", "", found, flags=re.MULTILINE)


def reachable(picture: str) -> str:
    """A picture whose namespaces too can be reached by Tab, and that says what can be pressed."""
    picture = picture.replace('tabindex="0" role="img"', 'tabindex="0" role="button"')
    return re.sub(
        r'(<g class="nslab-space[^"]*" data-ns="([^"]*)")>',
        r'\1 tabindex="0" role="button" aria-label="\2">',
        picture,
    )


def mirrored(bundle: Any, text: str, page: str) -> Any:
    """A widget's outputs with a text and HTML beside it, for whoever has no kernel."""
    data, rest = (bundle[0], bundle[1:]) if isinstance(bundle, tuple) else (bundle, ())
    data["text/plain"] = text
    data["text/html"] = page
    return (data, *rest) if rest else data


def only_saved(kept: str = "") -> str:
    """Words that a page shows only where there is no kernel behind the widget any longer.

    :param kept: what is kept in spite of that, as a sentence
    """
    ended = say("As last seen: its kernel has ended, and its lab with it.")
    # Not the cell alone: the lab that it shows was made above it.
    onward = say("To go on: Run → Run All Above Selected Cell, then this cell.")
    words = html.escape(" ".join(filter(None, (ended, kept, onward))))
    sign = "<b style='color:#d55e00;display:inline-block;width:1.6em'>■</b>"
    return f"<span class='nslab-saved'>{sign}{words}</span>"


def copied(text: str, heading: str) -> str:
    """A text, of HTML, with a button that copies it."""
    copy = say("Copy")
    words = {"done": say("Copied"), "failed": say("Press Ctrl-C")}
    data = " ".join(f'data-{key}="{html.escape(word)}"' for key, word in words.items())
    return (
        f"<div class='nslab-copied'><div class='nslab-copied-head'><b>{html.escape(heading)}</b>"
        f"<button class='nslab-copy jupyter-button' {data}>{html.escape(copy)}</button>"
        f"</div><pre>{text}</pre></div>"
    )


UNBROKEN = 24
"""Characters of code that stay on one line: they fit beside some words into any cell."""

_UNBROKEN = ' style="white-space:nowrap"'


def marked(text: str, code: Callable[[str], str] = html.escape) -> str:
    """Text with its `code` set as code, and what is *stressed* set apart.

    A short command stays on one line.

    :param code: makes HTML of what is set as code
    """
    return "".join(
        f"<code{_UNBROKEN if ' ' in part and len(part) <= UNBROKEN else ''}>{code(part)}</code>"
        if n % 2
        else re.sub(r"\*([^*]+)\*", r"<em>\1</em>", html.escape(part))
        for n, part in enumerate(text.split("`"))
    )


def plain(text: str) -> str:
    """The same without its marks, where only text can be."""
    return text.replace("`", "").replace("*", "")


CARD = (
    "<style>"
    ".nslab-exercise{border:1px solid var(--jp-border-color1,#bdbdbd);border-radius:4px;"
    "padding:.6em .9em;max-width:100%;box-sizing:border-box}"
    ".nslab-exercise>.widget-html{margin:.15em 0;height:auto}"
    ".nslab-exercise :is(.widget-html,.widget-html-content){line-height:1.5;min-height:0}"
    ".nslab-exercise .nslab-goal .widget-html-content{max-width:60em}"
    ".nslab-exercise :is(.nslab-choices label,.nslab-place .widget-html-content),"
    ".nslab-exercise>.widget-html>.widget-html-content"
    "{font-size:var(--jp-content-font-size1,14px)}"
    ".nslab-exercise .nslab-solved{color:color-mix(in srgb,#009e73 75%,currentcolor);"
    "font-weight:bold;font-size:1.25em}"
    ".nslab-exercise .nslab-place{gap:.2em 1em;padding-bottom:.4em}"
    ".nslab-exercise>.widget-hbox>button:is(:first-child,.nslab-use){margin-left:0}"
    ".nslab-exercise .nslab-place>.widget-html{margin-left:0}"
    ".nslab-exercise .nslab-place code{font-size:1em;font-weight:bold}"
    # A command or a name is not broken at its hyphens: it goes to the next line as a whole.
    ".nslab-exercise code{display:inline-block;max-width:100%;text-indent:0}"
    ".nslab-exercise .nslab-says{font-weight:bold}"
    # What takes the work away is apart, where the lines of the goal end, and without a ground.
    ".nslab-exercise .nslab-deeds{max-width:60em;font-size:var(--jp-content-font-size1,14px)}"
    ".nslab-exercise .nslab-apart{margin-left:auto}"
    ".nslab-exercise .nslab-quiet:not(:hover,:active){background:none}"
    ".jupyter-widgets-disconnected .nslab-before::before"
    "{content:attr(data-seen);font-weight:normal}"
    # Without a kernel there is no lab to type into.
    ".nslab-use.jupyter-widgets-disconnected{display:none}"
    # What does not fit on a line goes on behind its sign.
    ".nslab-exercise :is(.nslab-points,.nslab-locked,.nslab-says,.nslab-told) div>b:first-child,"
    ".nslab-exercise .nslab-points div>span:first-child{text-indent:0}"
    ".nslab-exercise :is(.nslab-points,.nslab-locked) .widget-html-content>div"
    "{padding-left:1.6em;text-indent:-1.6em}"
    # Buttons, and words below them, stand equally far from each other.
    ".nslab-exercise>.widget-html:has(>.widget-html-content:empty){margin:0}"
    ".nslab-exercise>:is(.nslab-told,.nslab-hints,.nslab-foot)"
    ":has(>.widget-html-content:not(:empty)){margin-top:.4em}"
    ".nslab-exercise>.nslab-points{margin-bottom:.4em}"
    ".nslab-exercise .nslab-told pre{white-space:pre-wrap;margin:.2em 0}"
    ".nslab-exercise .nslab-choices{height:auto}"
    ".nslab-exercise .nslab-choices :is(.widget-radio-box,label){height:auto;white-space:normal;"
    "line-height:1.5;overflow:visible;max-width:60em;margin-bottom:0}"
    ".nslab-exercise .nslab-choices label{display:flex;align-items:flex-start}"
    # As in a journey.
    + radio(
        ".nslab-exercise .nslab-choices input",
        "order:-1;flex:none;width:.95em;height:.95em;margin:.28em .6em 0 1px;font-size:inherit",
    )
    + ".nslab-exercise .nslab-choices input:disabled{opacity:.5;cursor:default}"
    ".nslab-exercise :is(button,input):focus-visible{outline-offset:1px;"
    "outline:2px solid var(--jp-brand-color1,#1976d2)}"
    ".nslab-exercise .nslab-live>.widget-html{margin:0 .9em;height:auto}"
    # A picture has the card's whole width: at a zoom of 200 % its edges would be cut for a margin.
    ".nslab-exercise>.nslab-live{margin:0 -.9em}"
    ".nslab-exercise .nslab-live .nslab-tools{padding:0 .4em}"
    # The picture has the whole width; what to look at, and the terminal there, stand on one line
    # below it.
    ".nslab-exercise .nslab-live .nslab-drawn{flex:1 0 100%!important;margin:0!important}"
    ".nslab-exercise .nslab-live :has(>.nslab-choice){flex:1 0 100%!important;"
    "flex-flow:row wrap!important;align-items:center;max-width:none!important;"
    "padding:0 .9em;box-sizing:border-box}"
    ".nslab-exercise .nslab-live .nslab-choice{width:auto;margin-left:0}"
    ".nslab-exercise .nslab-live .nslab-facts{flex-basis:100%}"
    ".nslab-exercise .nslab-live .nslab-status :is(.nslab-saved,.nslab-on){display:none}"
    "</style>"
)
"""How a card looks."""

STYLE = (
    "<style>"
    ".nslab-copied{position:relative;max-width:60em}"
    ":is(.nslab-log,.nslab-exported)>.widget-html-content{flex:1 1 auto;min-width:0}"
    ".nslab-copied pre{margin:.3em 0;padding:.5em .7em;max-height:22em;overflow:auto;"
    "white-space:pre-wrap;overflow-wrap:anywhere;"
    "border:1px solid var(--jp-border-color2,#bdbdbd);border-radius:3px}"
    ".nslab-copied-head{display:flex;align-items:center;gap:1em;min-height:28px}"
    ".nslab-copied .nslab-copy{width:auto;margin:0}"
    ".nslab-copied .nslab-last{border-left:3px solid #e69f00;padding-left:.4em;"
    "margin-left:calc(-.4em - 3px);display:inline-block}"
    ".jupyter-widgets-disconnected :is(.nslab-on,.nslab-terminal),"
    ":not(.jupyter-widgets-disconnected)>*>.nslab-saved{display:none}"
    # Without a kernel: said once, in words, and not by a broken link before each of the parts.
    ".nslab-keys.jupyter-widgets-disconnected::before,"
    ".nslab-keys .jupyter-widgets-disconnected::before{display:none!important}"
    ".nslab-keys .jupyter-widgets-disconnected:is(button,.widget-play,.widget-toggle-buttons)"
    "{opacity:.4;pointer-events:none}"
    ":is(.nslab-drawn,.nslab-journey)>.widget-html-content{overflow:auto;max-width:100%}"
    ".nslab-terminal{display:flex;flex-wrap:wrap;align-items:center;gap:.3em .7em;margin:.2em 0}"
    ".nslab-terminal .nslab-enter{width:auto;max-width:100%;margin:0}"
    ".nslab-drawn :is([data-link],[data-world],[data-ns]){cursor:pointer}"
    ".nslab-journey [data-stop]{cursor:pointer}"
    ".nslab-drawn g[tabindex]:focus-visible{outline:2px solid var(--jp-brand-color1,#1976d2);"
    "outline-offset:2px}"
    "</style>"
)
"""Of what stands above; once for each widget."""
