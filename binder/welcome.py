"""Prints the notebook that Binder opens first: ``welcome.py ENGINE REASONS``.

ENGINE is where labs live here; if it is empty, REASONS says what was tried and why it failed.
"""

from __future__ import annotations

import json
import sys

LESSONS = "[00 · Start here](notebooks/00-start-here.ipynb)"

PLACES = {
    "local": "Labs run right here: this place lets programs make namespaces of their own.",
    "vm": "Labs run in a virtual machine of their own, because this place lets no program make\n"
    "namespaces. Its processor is emulated: all works, and takes some times longer.",
}

LIMITS = """\
What to know about Binder:

- There is about 1 GiB of memory for everything. Close a notebook's kernel (*Kernel*, *Shut Down
  Kernel*) before you go on to the next lesson.
- After some ten minutes without you it is all gone. Download what you want to keep.
- The parts on a real Docker engine (in lessons 07 and 08) are left out: there is none here."""

NOWHERE = """\
# No lab can run here

You can read the lessons, for their pictures and outputs are saved with them: begin with {lessons}.
Cells that make a lab will fail.

What was tried:

```
{reasons}
```

If this is mybinder.org, start it again: the next machine may allow more. On your own machine
`script/lab` opens the lessons, and the README says what that takes."""


def text(engine: str, reasons: str) -> str:
    """The page, in Markdown."""
    if not engine:
        return NOWHERE.format(lessons=LESSONS, reasons=reasons.strip().replace("```", "'''"))
    place = PLACES.get(engine, f"Labs run where this place has them: `{engine}`.")
    return f"# Welcome to nslab\n\n{place}\n\nBegin with {LESSONS}.\n\n{LIMITS}"


def notebook(engine: str, reasons: str) -> dict[str, object]:
    """One cell of Markdown: it needs no kernel and no trust."""
    cell = {
        "cell_type": "markdown",
        "id": "welcome",
        "metadata": {},
        "source": text(engine, reasons).splitlines(keepends=True),
    }
    kernel = {"name": "nslab", "display_name": "nslab (Python 3)", "language": "python"}
    return {"cells": [cell], "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}


if __name__ == "__main__":
    print(json.dumps(notebook(sys.argv[1], sys.argv[2]), ensure_ascii=False, indent=1))
