"""The command ``nslab``: doctor, lab, enter, end, show, why, progress, grade, new,
check-notebooks, update-notebooks, vm.

::

    app         options and help; each command imports what it needs when it runs
    course      ``nslab new``, ``check-notebooks`` and ``update-notebooks``
    doctor      the report on a terminal
    end         ``nslab end``
    grade       ``nslab grade``: a class's marks
    notebooks   where the lessons are, copying and trusting them
    number      numbers as options take them
    progress    ``nslab progress``
    pick        which of the running labs is meant
    vm          the virtual machine: build, status, clean
    show        ``nslab show``
    why         ``nslab why``

Exit codes: 0 done, 1 refused or failed, 2 wrong usage, 130 interrupted.  ``why``: 0 yes, 1 no,
2 undecided.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from nslab.errors import NslabError, os_cause
from nslab.printable import printable

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and exit.  No error of nslab's ends in a traceback."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    rest: list[str] = []
    if "--" in words:
        # What follows is somebody else's command line, and must not be read as ours.
        words, rest = words[: words.index("--")], words[words.index("--") + 1 :]
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a terminal that cannot show a ✔ gets a ?
            stream.reconfigure(errors="replace")
    code: int | str | None
    try:
        try:
            from nslab.cli.app import app

            app(words, prog_name="nslab", obj=rest)
            code = 0
        except SystemExit as ended:
            code = ended.code
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader of our output (`| head`) has seen enough.  The interpreter flushes once more
        # at its end, and that has to go somewhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 1
    except KeyboardInterrupt:
        code = 130
    except NslabError as error:
        print(f"nslab: {error}", file=sys.stderr)
        code = 1
    except OSError as error:  # a disk that is full, a home that is gone
        where = f" {printable(error.filename)}" if error.filename else ""
        print(f"nslab: cannot go on: {os_cause(error.errno or 5)}{where}", file=sys.stderr)
        code = 1
    sys.exit(code)
