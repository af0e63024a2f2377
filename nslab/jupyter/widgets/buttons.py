"""A button: its words, what it says of itself, what it does."""

from __future__ import annotations

from collections.abc import Callable

import ipywidgets as w

NARROW = "2.8em"
"""How wide one with a sign alone is."""


def button(
    words: str, call: Callable[[], object], tip: str = "", *, icon: str = "", width: str = "auto"
) -> w.Button:
    """One that is no wider than its words, so that several share a row.

    :param words: what is written on it
    :param call: is called by a press, in the thread of the page
    :param tip: what it says to a mouse that rests on it
    :param icon: the name of a sign before the words
    :param width: for one that is to be as wide as others
    """
    layout = w.Layout(width=width)
    made = w.Button(description=words, tooltip=tip, icon=icon, layout=layout)
    made.on_click(lambda _: call())
    return made


__all__ = ["NARROW", "button"]
