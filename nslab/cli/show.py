"""``nslab show``: a snapshot as text, JSON, graphviz source or SVG."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from nslab.errors import NslabError, os_cause
from nslab.network.model import Snapshot


def running(wanted: str | None, *, here: bool = False, words: Sequence[str] = ()) -> Snapshot:
    """A snapshot of a running lab.

    :param words: what was typed behind ``nslab``, for what is advised where no lab is named
    """
    from nslab.cli.pick import pick
    from nslab.engine import labs

    return labs.look(pick(wanted, "show", here=here, words=words))


def machine() -> Snapshot:
    """A snapshot of this machine itself, as far as the caller may see it."""
    from nslab.engine.agent.rtnl import this_machine as real

    return real.snapshot()


def write(snapshot: Snapshot, form: str, svg: Path | None = None) -> None:
    """Print a snapshot, or write it into a file.

    What could not be seen is a part of the text and of the JSON; of a drawing it is said apart.
    """
    if form == "json":
        import msgspec

        print(msgspec.json.format(msgspec.json.encode(snapshot)).decode())
    else:
        from nslab.draw import Picture

        picture = Picture(snapshot)
        if form == "svg" and svg is not None and str(svg) != "-":
            _save(svg, picture.svg)
        else:
            print({"text": picture.text, "dot": picture.dot, "svg": picture.svg}[form].rstrip("\n"))
    if form in ("json", "text"):
        return
    for namespace in snapshot:
        for what in namespace.unseen:
            print(f"not seen in {namespace.label}: {what}", file=sys.stderr)


def _save(path: Path, text: str) -> None:
    try:
        path.write_text(text)
    except OSError as error:
        raise NslabError(
            "write",
            str(path),
            os_cause(error.errno or 5),
            "choose another file",
            errno=error.errno or 0,
        ) from error
