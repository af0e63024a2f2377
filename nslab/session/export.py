"""A session retold: as a shell script, or as the lines of a notebook cell."""

from __future__ import annotations

from collections.abc import Sequence

from nslab.engine.protocol import Options
from nslab.network.actions import AddContainer, Command, Style, code, commands, enter
from nslab.session.history import Done, Typed

Steps = Sequence[Done | Typed]


def shell(steps: Steps, style: Style = "iproute2", *, wait: bool = False) -> list[str]:
    """The command lines of each step; what was typed stays as it was typed.

    :param wait: wait for each container, as a script must: the shell goes on at once after an ``&``
    """
    told = []
    containers: list[str] = []
    for what in steps:
        if isinstance(what, Done):
            made = commands(what.actions, style, containers, wait=wait)
            told.append("\n".join(map(str, made)))
            containers += [a.name for a in what.actions if isinstance(a, AddContainer)]
        elif what.ns is None:
            told.append(what.text.rstrip("\n"))
        else:
            opening = Command((*enter(what.ns, containers), "bash"))
            mark = _mark(what.text)
            told.append("\n".join((f"{opening} <<'{mark}'", what.text.rstrip("\n"), mark)))
    return told


def together(steps: Steps) -> list[Done | Typed]:
    """The same with actions that follow each other in one step: an address and "up" are one line
    in the classic style then, as the article writes them."""
    found: list[Done | Typed] = []
    for what in steps:
        last = found[-1] if found else None
        if isinstance(what, Done) and isinstance(last, Done):
            found[-1] = Done((*last.actions, *what.actions))
        else:
            found.append(what)
    return found


def script(steps: Steps, style: Style = "iproute2") -> str:
    """A script that a person can run as root elsewhere."""
    head = (
        "#!/bin/bash\n"
        "# The steps of a lab, to be run as root on a host with bash, iproute2 and, where they\n"
        "# are used, brctl, ifconfig, iptables or nft.  It changes the host that it runs on.\n"
    )
    return head + "".join(f"\n{lines}\n" for lines in shell(steps, style, wait=True))


def python(steps: Steps) -> list[str]:
    """The lines of each step, on a lab that is called ``lab``."""
    told = []
    for what in steps:
        if isinstance(what, Done):
            told.append(f"lab.do({', '.join(map(code, what.actions))})")
        else:
            where = f", ns={_quoted(what.ns)}" if what.ns else ""
            told.append(f"lab.sh({_block(what.text)}{where})")
    return told


def cell(steps: Steps, options: Options) -> str:
    """A notebook cell that makes a lab of its own and does the steps in it."""
    actions = {type(a).__name__ for what in steps if isinstance(what, Done) for a in what.actions}
    plain = Options()
    given = [
        f"{name}={_quoted(value) if isinstance(value, str) else value}"
        for name in ("name", "ipv6", "nic_filter")
        if (value := getattr(options, name)) != getattr(plain, name)
    ]
    head = f"from nslab import {', '.join(['Lab', *sorted(actions)])}"
    return "\n".join([head, "", f"lab = Lab({', '.join(given)})", *python(steps), "lab"]) + "\n"


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
