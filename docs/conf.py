"""Sphinx's settings.  docs/build.py calls it; see docs/README.md."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pygments.lexer import Lexer
from pygments.lexers import BashLexer, PythonLexer
from pygments.token import Name, Number, Text, Whitespace, _TokenType

import nslab

project = "nslab"
author = "the nslab authors"
project_copyright = author
version = release = nslab.__version__
extensions = ["myst_nb", "sphinx.ext.autodoc"]
html_theme = "furo"
html_title = "nslab"
html_static_path = ["static"]
html_favicon = "static/icon.svg"
html_css_files = ["site.css"]
html_js_files = ["site.js"]
html_copy_source = False
# For these it would fetch each page that it found, which no browser lets a page on the disk do.
html_show_search_summary = False
html_show_sphinx = False
html_show_sourcelink = False
templates_path: list[str] = []
locale_dirs = ["locale"]
gettext_compact = False

# The notebooks are committed with their outputs.
nb_execution_mode = "off"
# Whatever a widget has beside its own view, is shown; there is no kernel behind a page.
nb_mime_priority_overrides = [("html", "application/vnd.jupyter.widget-view+json", None)]
# There is no mathematics in the pages, and no script is fetched for it.
nb_ipywidgets_js: dict[str, Any] = {}
myst_enable_extensions = ["deflist"]
myst_heading_anchors = 3
myst_update_mathjax = False

autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
python_use_unqualified_type_names = True
html_theme_options = {
    "source_repository": "https://github.com/OWNER/nslab",
    "source_branch": "main",
    "source_directory": "docs/",
    "top_of_page_buttons": [],
    "light_css_variables": {"color-brand-primary": "#0072b2", "color-brand-content": "#00639c"},
    "dark_css_variables": {"color-brand-primary": "#56b4e9", "color-brand-content": "#56b4e9"},
}
pygments_style = "a11y-high-contrast-light"
pygments_dark_style = "a11y-high-contrast-dark"


class CellLexer(Lexer):  # type: ignore[misc]
    """A cell of a lesson: shell after ``%%host`` or ``%%ns``, else Python."""

    name = "a cell of nslab"

    def get_tokens_unprocessed(self, text: str) -> Iterator[tuple[int, _TokenType, str]]:
        """Tokens with their places."""
        if not text.startswith("%%"):
            yield from PythonLexer().get_tokens_unprocessed(text)
            return
        first, new_line, rest = text.partition("\n")
        yield 0, Name.Decorator, first
        yield len(first), Whitespace, new_line
        start = len(first) + len(new_line)
        for place, kind, word in BashLexer().get_tokens_unprocessed(rest):
            # An address is no number, though it begins like one.
            yield start + place, Text if kind in Number else kind, word


def level(app: Any, page: str, template: str, context: dict[str, Any], tree: object) -> None:
    """The headings in the sidebar say at which level they are; the theme leaves that out."""
    old, new = 'role="heading"', 'role="heading" aria-level="2"'
    context["furo_navigation_tree"] = context["furo_navigation_tree"].replace(old, new)


def setup(app: Any) -> None:
    """Called by Sphinx."""
    app.connect("html-page-context", level, priority=900)
    app.add_lexer("nslab", CellLexer)
