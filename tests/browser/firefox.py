"""Debian's Firefox without a screen, steered by WebDriver BiDi: the one protocol it speaks itself.

Playwright's own Firefox is a build of its own, which no package index has.
"""

from __future__ import annotations

import base64
import contextlib
import itertools
import json
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from websocket import WebSocket, create_connection

LIMIT = 240
"""Seconds that anything may take: only what fails takes them."""

SETTINGS = {
    "browser.shell.checkDefaultBrowser": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "app.update.auto": False,
    "browser.newtabpage.enabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "toolkit.telemetry.reportingpolicy.firstRun": False,
}
"""So that it asks nobody for anything."""


class Page:
    """The one page of a Firefox."""

    def __init__(self, socket: WebSocket) -> None:
        self._socket = socket
        self._number = itertools.count(1)
        self._ask("session.new", capabilities={})
        tree = self._ask("browsingContext.getTree")
        self._context = tree["contexts"][0]["context"]
        # Else nothing in it can have the focus.
        self._ask("browsingContext.activate", context=self._context)

    def _ask(self, method: str, **parameters: Any) -> Any:
        number = next(self._number)
        self._socket.send(json.dumps({"id": number, "method": method, "params": parameters}))
        while True:
            said = json.loads(self._socket.recv())
            if said.get("id") == number:
                assert said["type"] == "success", f"{method}: {said}"
                return said["result"]

    def goto(self, url: str) -> None:
        """Show a page; returns when it has been loaded."""
        self._ask("browsingContext.navigate", context=self._context, url=url, wait="complete")

    def size(self, width: int, height: int) -> None:
        """Have its window so large."""
        viewport = {"width": width, "height": height}
        self._ask("browsingContext.setViewport", context=self._context, viewport=viewport)

    def evaluate(self, expression: str) -> Any:
        """What an expression comes to, as JSON; a promise is waited for."""
        done = self._ask(
            "script.evaluate",
            expression=f"(async () => JSON.stringify(await ({expression}) ?? null))()",
            target={"context": self._context},
            awaitPromise=True,
        )
        assert done["type"] == "success", done
        return json.loads(done["result"]["value"])

    def wait(self, expression: str) -> Any:
        """Return what an expression comes to, as soon as that is true."""
        limit = time.monotonic() + LIMIT
        while not (found := self.evaluate(expression)):
            assert time.monotonic() < limit, f"it did not come: {expression}"
            time.sleep(0.05)
        return found

    def press(self, *keys: str) -> None:
        """Press keys, one after the other."""
        actions = [{"type": kind, "value": key} for key in keys for kind in ("keyDown", "keyUp")]
        self._perform({"type": "key", "id": "keys", "actions": actions})

    def drag(self, start: tuple[int, int], by: tuple[int, int]) -> None:
        """Drag with the mouse."""
        (x, y), (right, down) = start, by
        actions: list[dict[str, Any]] = [
            {"type": "pointerMove", "x": x, "y": y},
            {"type": "pointerDown", "button": 0},
            {"type": "pointerMove", "x": x + right // 2, "y": y + down // 2},
            {"type": "pointerMove", "x": x + right, "y": y + down},
            {"type": "pointerUp", "button": 0},
        ]
        self._perform({"type": "pointer", "id": "mouse", "actions": actions})

    def _perform(self, source: dict[str, Any]) -> None:
        self._ask("input.performActions", context=self._context, actions=[source])

    def screenshot(self, path: Path) -> None:
        """Write what it shows as PNG."""
        shown = self._ask("browsingContext.captureScreenshot", context=self._context)
        path.write_bytes(base64.b64decode(shown["data"]))

    def close(self) -> None:
        """End the browser."""
        self._ask("browser.close")


@contextlib.contextmanager
def firefox(home: Path) -> Iterator[Page]:
    """A Firefox with a profile of its own; ends it.

    :param home: an empty folder
    """
    path = shutil.which("firefox-esr") or shutil.which("firefox")
    assert path, "there is no Firefox: script/test installs it"
    profile = home / "profile"
    profile.mkdir()
    lines = [f"user_pref({json.dumps(k)}, {json.dumps(v)});" for k, v in SETTINGS.items()]
    (profile / "user.js").write_text("\n".join(lines))
    log = home / "log"
    with log.open("wb") as said:
        process = subprocess.Popen(
            [path, "--headless", "--profile", str(profile), "--remote-debugging-port", "0"],
            env={"HOME": str(home), "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"},
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
        )
    try:
        # It takes no one who comes from a page.
        where = f"{_address(process, log)}/session"
        socket = create_connection(where, timeout=LIMIT, suppress_origin=True)
        page = Page(socket)
        yield page
        page.close()
        process.wait(LIMIT)
        socket.close()
    finally:
        process.kill()
        process.wait(LIMIT)


def _address(process: subprocess.Popen[bytes], log: Path) -> str:
    """Where it listens, which it says itself."""
    limit = time.monotonic() + LIMIT
    while True:
        found = re.search(r"BiDi listening on (ws://\S+)", log.read_text(errors="replace"))
        if found:
            return found[1]
        assert process.poll() is None, log.read_text(errors="replace")
        assert time.monotonic() < limit, "it does not listen"
        time.sleep(0.05)
