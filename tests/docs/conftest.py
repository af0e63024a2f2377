"""The site, built once, and pages of it in Debian's Chromium."""

from __future__ import annotations

import fcntl
import functools
import http.server
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from chromium import ARGUMENTS
from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).parents[2]
WIDE = (1280, 900)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whatever lies here is about the site."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.docs)


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All pages; a warning, a link to nothing or a request to elsewhere ends it."""
    # Workers' own directories stand side by side: the first that comes builds for all.
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "site"
    with open(f"{folder}.log", "a+") as log:
        fcntl.flock(log, fcntl.LOCK_EX)
        if not folder.exists():
            made = subprocess.run(
                [sys.executable, ROOT / "docs" / "build.py", "--into", folder],
                stdout=log,
                stderr=subprocess.STDOUT,
            )
            if made.returncode:
                shutil.rmtree(folder, ignore_errors=True)
        log.seek(0)
        assert folder.exists(), log.read()
    return folder


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    path = shutil.which("chromium")
    assert path, "there is no chromium: script/test installs it"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(ARGUMENTS))
        yield browser
        browser.close()


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Serves files and says nothing."""

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="session")
def served(site: Path) -> Iterator[str]:
    """The site's address on a server on loopback."""
    handler = functools.partial(Quiet, directory=str(site))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def look(chromium: Browser) -> Iterator[Callable[..., Page]]:
    """Opens an address; the page may complain of nothing and ask nobody else."""
    opened: list[Page] = []
    complaints: list[str] = []

    def open_page(
        url: str, size: tuple[int, int] = WIDE, dark: bool = False, still: bool = True
    ) -> Page:
        page = chromium.new_page(
            viewport={"width": size[0], "height": size[1]},
            color_scheme="dark" if dark else "light",
            reduced_motion="reduce" if still else "no-preference",
        )
        opened.append(page)
        inside = (url[: url.find("/", 8)] if url.startswith("http") else "file:", "data:")
        page.on("console", lambda m: complaints.append(m.text) if m.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "request",
            lambda request: (
                None if request.url.startswith(inside) else complaints.append(request.url)
            ),
        )
        page.goto(url)
        return page

    yield open_page
    for page in opened:
        page.close()
    assert complaints == []
