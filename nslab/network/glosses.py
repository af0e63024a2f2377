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


__all__ = ["GLOSSES", "glossed"]
