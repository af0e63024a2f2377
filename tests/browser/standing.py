"""Waits until what is looked at has come to rest."""

from __future__ import annotations

import time

from playwright.sync_api import Locator

LIMIT = 60
"""Seconds in which something must have come."""


def stands(picture: Locator) -> None:
    """Return when a picture is as large as it will be, and where it will be."""
    picture.evaluate(
        """async svg => {
            for (let before = '', times = 0; times < 4;) {
                await new Promise(requestAnimationFrame);
                const box = svg.getBoundingClientRect();
                const now = [box.x, box.y, box.width, box.height].join();
                times = box.width && now === before ? times + 1 : 0;
                before = now;
            }
        }"""
    )


def until(one: Locator, what: str) -> None:
    """Return when something is so of a part, whichever element that is by then.

    A picture is drawn anew when its lab changes, and when what changed is set off no longer: an
    element of it that was taken hold of may be gone.

    :param what: a function of the page, of the element
    """
    limit = time.monotonic() + LIMIT
    while not one.evaluate(what):
        assert time.monotonic() < limit, what


def bring_into_sight(one: Locator) -> None:
    """Scroll until a part of a picture can be seen."""
    until(one, "one => { one.scrollIntoView({ block: 'nearest' }); return one.isConnected }")
