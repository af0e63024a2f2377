"""Who hears what an engine does first that takes long: an image, a machine's state.

An engine has no notebook.  Whoever can show more than lines puts itself into :data:`begin`
(:mod:`nslab.session.progress`).
"""

from __future__ import annotations

import sys
from collections.abc import Callable

Tell = Callable[[str, float], None]
"""Is called with what is done now, and the share of all that is done, 0 to 1."""

DONE = "done"
"""What is said last."""


class Lines:
    """Standard error has a line for each stage that takes long."""

    def __init__(self) -> None:
        self._last = ""

    def __call__(self, what: str, done: float) -> None:
        stage = what.partition(" ")[0]
        if stage not in (self._last, DONE):
            self._last = stage
            print(f"nslab: {what} …", file=sys.stderr)


begin: Callable[[], Tell] = Lines
"""Makes who is told."""
