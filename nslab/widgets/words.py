"""The texts of the widgets, through gettext: English where there is no translation."""

from __future__ import annotations

import gettext
from pathlib import Path

say = gettext.translation(
    "nslab", Path(__file__).parent / "locale", fallback=True
).gettext
"""A text in the language that the environment asks for (LANGUAGE, LC_ALL, LC_MESSAGES, LANG)."""
