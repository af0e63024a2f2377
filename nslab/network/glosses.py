"""What in a command line is not plain, with what it means where one points at it."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence

from nslab.sentence import Sentence, sentence

BROADCAST = sentence("+: the last address of the subnet, which reaches all that are in it")
FIRST_PROCESS = sentence(
    "1: the number of a process; the network namespace of process 1 is the host"
)
GLOSSES = (BROADCAST, FIRST_PROCESS)

STYLE = (
    "<style>"
    "abbr[title][tabindex]{text-decoration:underline dotted;text-underline-offset:2px;cursor:help}"
    "abbr[title][tabindex]:focus{outline:none;border-radius:2px;box-shadow:0 0 0 2px #1976d2}"
    # As wide as what it stands in: the line goes on, and the words come below it.
    "abbr[title][tabindex]:focus::after{content:attr(title);float:left;box-sizing:border-box;"
    "width:100%;margin:.2em 0;padding-left:.6em;border-left:3px solid #1976d2;"
    "font:13px/1.45 system-ui,sans-serif;white-space:normal}"
    "</style>"
)
"""What a sign means, where the page has no script for it: shown while the sign has the focus."""

_BLOCK = (
    "font-family:var(--jp-code-font-family,monospace);white-space:pre-wrap;word-break:normal;"
    "overflow-wrap:anywhere"
)

_UNPLAIN = re.compile(r"(\bbroadcast \+)(?!\S)|(\bnetns 1)(?!\S)")


def glossed(text: str, glosses: Sequence[Sentence] = GLOSSES) -> str:
    """Command lines as HTML, in which the signs of ``ip`` say what they mean.

    :param text: command lines
    :param glosses: what they mean, in the order of :data:`GLOSSES`
    """
    found, end = [], 0
    for sign in _UNPLAIN.finditer(text):
        means = html.escape(glosses[(sign.lastindex or 1) - 1])
        found.append(html.escape(text[end : sign.start()]))
        found.append(f'<abbr title="{means}">{html.escape(sign[0])}</abbr>')
        end = sign.end()
    return "".join(found) + html.escape(text[end:])


def block(page: str, style: str = "") -> str:
    """Lines that are HTML already as they stand in a terminal; a long one goes on below.

    Not every page has a rule for that: what nbconvert makes has none for the letters of code, and
    JupyterLab breaks words at any letter.

    :param page: the lines
    :param style: what is around it, as CSS
    """
    return f'<pre style="{style}{_BLOCK}">{page}</pre>'


def reachable(page: str) -> str:
    """HTML in which Tab and a finger find what signs mean, also where it is only read.

    Tab goes to the first of each kind: a long table is not a long way.

    :param page: HTML with lines as :func:`glossed` gives them, in ``<pre>``
    """
    known: set[str] = set()

    def reach(sign: re.Match[str]) -> str:
        place = -1 if sign[1] in known else 0
        known.add(sign[1])
        return f'{sign[1]} tabindex="{place}">'

    made = re.sub(r'(<abbr title="[^"]*")>', reach, page)
    return made.replace("<pre", f"{STYLE}<pre", 1) if known else page


__all__ = ["GLOSSES", "block", "glossed", "reachable"]
