"""The answer of ``why`` in the reader's language, where a widget shows it: all of it, or English.

Its sentences know what they were made of: see :mod:`nslab.sentence`.  What a program or the
kernel itself says in them (a rule, ``Time to live exceeded``) is the same in all languages.
"""

from __future__ import annotations

from nslab.explain.diagnose.explanation import Explanation, worded
from nslab.jupyter.widgets.words import say


def answered(answer: Explanation) -> Explanation:
    """The same, as it is to be read."""
    return worded(answer, say)


__all__ = ["answered"]
