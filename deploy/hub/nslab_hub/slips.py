"""Accounts for a workshop, and a slip of paper for each.

    nslab-hub-slips 30 --address https://class.example.org > slips.html

Makes the users ``learner01`` to ``learner30`` of this system, each with a password that a person
can read and type, and prints a page of slips to be cut apart.  Users that are there stay as they
are: they get no new password, and no slip.
"""

from __future__ import annotations

import argparse
import html
import pwd
import secrets
import subprocess
import sys
from collections.abc import Sequence

LETTERS = "abcdefghijkmnpqrstuvwxyz23456789"
"""Without those that look alike on paper: l and 1, o and 0."""

STYLE = (
    "@page{margin:12mm}body{font:11pt/1.5 system-ui,sans-serif;display:grid;"
    "grid-template-columns:repeat(3,1fr);margin:0}"
    "section{border:1px dashed #888;padding:5mm;break-inside:avoid}"
    "small{font-size:8pt;line-height:1.3;display:block;margin-top:2mm}"
    "b{font:bold 13pt/1.6 ui-monospace,monospace}p{margin:0}"
)


SEEN = (
    "Your teacher sees which lesson is open and how far you are with each exercise; your labs only "
    "while you share them; your notebooks when you hand them in."
)
"""What leave a learner gives by logging in."""

_USERADD = ("useradd", "--create-home", "--key", "HOME_MODE=0700", "--shell", "/bin/bash")
"""Nobody else looks into a home; Debian's own default lets everybody."""


def password() -> str:
    """Three groups of four letters: 60 bits, which nobody guesses through a login page."""
    return "-".join("".join(secrets.choice(LETTERS) for _ in range(4)) for _ in range(3))


def make(name: str) -> str | None:
    """Make a user of this system; the password, or None if there is one of this name.

    :raises subprocess.CalledProcessError: useradd or chpasswd failed; their own words are printed
    """
    try:
        pwd.getpwnam(name)
    except KeyError:
        chosen = password()
        subprocess.run((*_USERADD, name), check=True)
        subprocess.run(("chpasswd",), input=f"{name}:{chosen}\n", text=True, check=True)
        return chosen
    return None


def page(slips: Sequence[tuple[str, str]], address: str) -> str:
    """The slips as a page to print."""
    parts = (
        f"<section><p>{html.escape(address)}</p><p>name <b>{html.escape(name)}</b></p>"
        f"<p>password <b>{html.escape(chosen)}</b></p><small>{SEEN}</small></section>"
        for name, chosen in slips
    )
    head = (
        f"<!doctype html><html lang='en'><meta charset='utf-8'><title>Slips</title><style>{STYLE}"
    )
    return f"{head}</style>{''.join(parts)}</html>\n"


def main(words: Sequence[str] | None = None) -> int:
    """The command; its exit code."""
    parser = argparse.ArgumentParser(prog="nslab-hub-slips", description=__doc__.partition("\n")[0])
    parser.add_argument("count", type=int, help="how many learners")
    parser.add_argument(
        "--address", default="", help="the hub's address, to be printed on the slips"
    )
    parser.add_argument("--name", default="learner", help="what the names begin with")
    asked = parser.parse_args(words)
    slips = []
    for number in range(1, asked.count + 1):
        name = f"{asked.name}{number:02d}"
        try:
            chosen = make(name)
        except (OSError, subprocess.CalledProcessError) as error:
            print(f"cannot make the user {name}: {error}\n  → run it as root", file=sys.stderr)
            return 1
        if chosen is None:
            print(f"{name}: is there already, and keeps the password", file=sys.stderr)
        else:
            slips.append((name, chosen))
    print(page(slips, asked.address), end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
