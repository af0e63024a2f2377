"""The texts of the widgets, through gettext: English where there is no translation."""

from __future__ import annotations

import gettext
import os
from pathlib import Path

LOCALE = Path(__file__).parent / "locale"


def languages() -> list[str]:
    """What the reader wants, best first: NSLAB_LANG, else LANGUAGE (``de``, or ``de:fr``).

    Not LANG: that a machine speaks German does not say that the lessons, which are English, should
    have German buttons.
    """
    wanted = os.environ.get("NSLAB_LANG") or os.environ.get("LANGUAGE") or ""
    return [language for language in wanted.split(":") if language]


say = gettext.translation("nslab", LOCALE, languages() or ["en"], fallback=True).gettext
"""A text in the reader's language.  What is saved with a notebook stays English."""
