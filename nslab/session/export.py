"""A session retold: as a shell script, or as the lines of a notebook cell."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from msgspec import structs

from nslab.engine.protocol import Options
from nslab.network.actions import Action, AddContainer, Command, Style, code, commands, enter
from nslab.network.actions.action import pid_variable
from nslab.network.looking import simple_commands
from nslab.network.making import Line, Piece, Plan
from nslab.printable import printable
from nslab.session.history import Done, Made, Typed, What

Steps = Sequence[What]

FAILED = "# failed: "
"""How a line begins that failed when it was typed."""

_JOINED = re.compile(
    r"\b(if|then|else|elif|fi|for|while|until|do|done|case|esac|select|function)\b|<<|[{}]|\\$",
    re.MULTILINE,
)
"""What may make one command of several lines."""

_EXITS = re.compile(r"\bexit\b")
_SETS = re.compile(r"\w+\+?=|(cd|pushd|popd|export|declare|set|unset|shopt|umask|ulimit|exec)$")


def shell(
    steps: Steps, style: Style = "iproute2", *, wait: bool = False, known: Iterable[str] = ()
) -> list[str]:
    """The command lines of each step; what was typed stays as it was typed.

    :param wait: wait for each container, as a script must: the shell goes on at once after an ``&``
    :param known: containers that were there before
    """
    parts = []
    containers = list(known)
    for what in steps:
        if isinstance(what, Typed):
            parts.append(_typed(what, containers))
            continue
        pieces: Sequence[Piece] = what.actions if isinstance(what, Done) else what.pieces
        lines = _lines(pieces, style, containers, wait=wait)
        parts.append("\n".join([*(_note(what) if isinstance(what, Made) else ()), *lines]))
    return parts


def lines(what: What, style: Style = "iproute2", known: Iterable[str] = ()) -> list[str]:
    """The command lines of one step, and nothing about them but what no command makes.

    :param known: containers that are there
    """
    if isinstance(what, Typed):
        return str(what).splitlines()
    pieces: Sequence[Piece] = what.actions if isinstance(what, Done) else what.pieces
    left = what.left if isinstance(what, Made) else ()
    return [*_lines(pieces, style, list(known), wait=False), *map(_not_told, left)]


def containers(steps: Iterable[What]) -> Iterator[str]:
    """The names of the containers that steps make."""
    for what in steps:
        yield from (one.name for one in _actions(what) if isinstance(one, AddContainer))


def _not_told(one: str) -> str:
    return f"# not told whole: {printable(one)}"


def _typed(what: Typed, containers: Sequence[str]) -> str:
    text = _without_failed(what)
    if what.ns is None:
        # What ends its shell, or had a shell of its own, leaves the script's as it is.
        apart = _EXITS.search(text) or (not what.living and _sets(text))
        return f"(\n{text}\n)" if apart else text
    opening = Command((*enter(what.ns, containers), "bash"))
    mark = _mark(text)
    return "\n".join((f"{opening} <<'{mark}'", text, mark))


def _without_failed(what: Typed) -> str:
    """The lines, those that failed as comments, unless some of them belong together."""
    lines = what.text.rstrip("\n").split("\n")
    apart = all(simple_commands(line) is not None for line in lines)
    if not what.failed or not apart or _JOINED.search(what.text):
        return "\n".join(lines)
    told = [f"{FAILED}{line}" if n in what.failed else line for n, line in enumerate(lines, 1)]
    return "\n".join(told if any(not line.startswith("#") for line in told) else [*told, ":"])


def _sets(text: str) -> bool:
    """Whether lines set a variable, a directory or an option of their shell."""
    found = simple_commands(text)
    return found is None or any(_SETS.match(each.words[0]) for each in found)


def _lines(
    pieces: Sequence[Piece], style: Style, containers: list[str], *, wait: bool
) -> list[str]:
    parts: list[str] = []
    for made, some in groupby(pieces, lambda piece: isinstance(piece, Action)):
        group = list(some)
        if made:
            actions = [piece for piece in group if isinstance(piece, Action)]
            # What stays in the background must not keep open what the script writes to.
            parts += [
                line.replace(" & pid_", f"{_QUIET} & pid_") if wait else line
                for line in map(str, commands(actions, style, containers, wait=wait))
            ]
            containers += [a.name for a in actions if isinstance(a, AddContainer)]
        else:
            parts += (_inside(piece, containers) for piece in group if isinstance(piece, Line))
    return parts


def _inside(piece: Line, containers: Iterable[str]) -> str:
    if piece.ns is None:
        return str(piece.command)
    argv = (*enter(piece.ns, containers), *piece.command.argv)
    return str(structs.replace(piece.command, argv=argv))


def _note(what: Made) -> list[str]:
    """Why there are other lines than what was typed, as comments."""
    first = printable(next(iter(what.text.splitlines()), ""))
    head = f"# {what.why}" + (f", so this is only what it had done: {first}" if first else "")
    return [head, *map(_not_told, what.left)]


def together(steps: Steps) -> list[What]:
    """The same with actions that follow each other in one step: an address and "up" are one line
    in the classic style then, as the article writes them."""
    found: list[What] = []
    for what in steps:
        last = found[-1] if found else None
        if isinstance(what, Done) and isinstance(last, Done):
            found[-1] = Done((*last.actions, *what.actions))
        else:
            found.append(what)
    return found


_QUIET = " </dev/null >/dev/null 2>&1"

_AGAIN = """\
clean_up() {{
{lines}
}}
# It leaves a mark, so that only what it has made itself is removed when it is run again.
mark=/run/nslab-script-{number:08x}
if [ -e "$mark" ]; then . "$mark"; clean_up 2>/dev/null; rm -f "$mark"; fi
if [ "${{1-}}" = clean ]; then exit; fi
touch "$mark"
"""


def script(steps: Steps, style: Style = "iproute2", clear: Plan | None = None) -> str:
    """A script that a person can run as root elsewhere.

    :param clear: how what it makes is removed
    """
    made = "".join(f"\n{lines}\n" for lines in shell(steps, style, wait=True))
    head = (
        "#!/bin/bash\n"
        "# The steps of a lab, to be run as root on a host with bash, iproute2 and, where they\n"
        "# are used, brctl, ifconfig, iptables or nft.  It changes the host that it runs on.\n"
    )
    names = sorted(set(containers(steps)))
    lines = _lines(clear.pieces, style, names, wait=False) if clear else []
    if not lines:
        return head + made
    number = zlib.crc32(made.encode())
    again = _AGAIN.format(lines="\n".join(f"    {line}" for line in lines), number=number)
    kept = "".join(f'echo "{name}=${name}" >>"$mark"\n' for name in map(pid_variable, names))
    end = "\n# To remove what it has made: run it once more with the word clean behind it.\n"
    return f"{head}\n{again}{made}{kept}{end}"


def python(steps: Steps) -> list[str]:
    """The lines of each step, on a lab that is called ``lab``."""
    parts = []
    typed = [what for what in steps if isinstance(what, Typed)]
    lives = any(what.living and what.leaves_something for what in typed)
    for what in steps:
        if isinstance(what, Done):
            parts.append(_do(what.actions))
        elif isinstance(what, Typed):
            parts.append(_sh(what.text, what.ns, living=lives and what.living))
        else:
            parts.append("\n".join([*_note(what), *_calls(what.pieces)]))
    return parts


def _calls(pieces: Sequence[Piece]) -> list[str]:
    """Actions in one call, lines of a namespace in one."""
    parts = []
    for place, some in groupby(pieces, lambda piece: (isinstance(piece, Line), _where(piece))):
        group = list(some)
        if place[0]:
            parts.append(_sh("\n".join(map(str, group)), place[1]))
        else:
            parts.append(_do([piece for piece in group if isinstance(piece, Action)]))
    return parts


def _where(piece: Piece) -> str | None:
    return piece.ns if isinstance(piece, Line) else None


def _do(actions: Sequence[Action]) -> str:
    return f"lab.do({', '.join(map(code, actions))})"


def _sh(text: str, ns: str | None, *, living: bool = False) -> str:
    where = f", ns={_quoted(ns)}" if ns else ""
    return f"lab.sh({_block(text)}{where}{', living=True' if living else ''})"


def cell(steps: Steps, options: Options) -> str:
    """A notebook cell that makes a lab of its own and does the steps in it."""
    actions = {type(action).__name__ for what in steps for action in _actions(what)}
    plain = Options()
    given = [
        f"{name}={_quoted(value) if isinstance(value, str) else value}"
        for name in ("name", "ipv6", "nic_filter")
        if (value := getattr(options, name)) != getattr(plain, name)
    ]
    head = f"from nslab import {', '.join(['Lab', *sorted(actions)])}"
    return "\n".join([head, "", f"lab = Lab({', '.join(given)})", *python(steps), "lab"]) + "\n"


def _actions(what: What) -> list[Action]:
    if isinstance(what, Done):
        return list(what.actions)
    pieces = what.pieces if isinstance(what, Made) else ()
    return [piece for piece in pieces if isinstance(piece, Action)]


def _quoted(text: str) -> str:
    """As :func:`nslab.network.actions.code` writes texts."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _block(text: str) -> str:
    text = text.strip("\n")
    if "\n" not in text and text.isprintable():
        return _quoted(text)
    if "\\" in text or '"""' in text or text.endswith('"'):
        return repr(text)
    return f'"""\n{text}\n"""'


def _mark(text: str) -> str:
    """A word to end a here-document that is no line of it."""
    mark = "END"
    while mark in text.splitlines():
        mark += "_"
    return mark
