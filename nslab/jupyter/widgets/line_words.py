"""Command lines as a widget shows them: what is not plain in them says what it means (gloss.js)."""

from __future__ import annotations

from nslab.jupyter.widgets.words import say
from nslab.network.glosses import GLOSSES, glossed


def typed(lines: str) -> str:
    """Command lines as HTML, explained in the reader's language."""
    return glossed(lines, [form.said(say) or form for form in GLOSSES])


__all__ = ["typed"]
