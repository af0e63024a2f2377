"""Waits until what is looked at has come to rest."""

from __future__ import annotations

from playwright.sync_api import Locator


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
