"""A list to choose from whose choices one thread brings up to date while a person chooses in it."""

from __future__ import annotations

import uuid
import weakref
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any

import ipywidgets as w

_lists: weakref.WeakValueDictionary[str, Choices] = weakref.WeakValueDictionary()
"""By the name that a list has in the page."""


class Choices(w.Dropdown):  # type: ignore[misc]
    """The page says which place in the list was chosen: it is read while no other thread fills it.

    The list may have been filled anew since, as a busy kernel hears of a choice late.  So the page
    (page.js) then says in words what was chosen, too: see :func:`choose`.

    :param guard: what its owner holds while it fills the list, a lock that may be taken twice
    """

    value: Any
    options: Any

    def __init__(self, guard: AbstractContextManager[Any], **more: Any) -> None:
        self._guard = guard
        super().__init__(**more)
        name = uuid.uuid4().hex
        self.add_class(f"nslab-list-{name}")
        _lists[name] = self

    def set_state(self, sync_data: dict[str, Any]) -> None:
        """What the page says; of a place that is no longer there it is told what is chosen."""
        with self._guard:
            place = sync_data.get("index")
            if place is not None and place >= len(self._options_labels):
                sync_data = {name: each for name, each in sync_data.items() if name != "index"}
                self.send_state(["_options_labels", "index"])
            super().set_state(sync_data)

    def refill(self, there: Sequence[str]) -> None:
        """Offer something else; what was chosen stays so, or the first is.

        :param there: what is offered
        """
        with self._guard, self.hold_sync():  # in one message: new choices choose the first
            chosen: Any = self.value
            self.options = list(there)
            self.value = chosen if chosen in there else next(iter(there), None)

    def choose(self, words: str) -> None:
        """Choose what is called so, if it is there."""
        with self._guard:
            if words in self.options:
                self.value = words


def choose(name: str, words: str) -> None:
    """Have something chosen in a list, as somebody saw it there.

    :param name: the list's, as its class in the page ends
    :param words: what was chosen
    """
    if (found := _lists.get(name)) is not None:
        found.choose(words)


__all__ = ["Choices", "choose"]
