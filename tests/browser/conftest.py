"""A real JupyterLab on loopback, and pages of it in Debian's Chromium."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from chromium import ARGUMENTS
from playwright.sync_api import Browser, Page, expect, sync_playwright

from nslab.cli.notebooks import options, trust

ITS_OWN = (
    "Cannot read properties of undefined (reading 'schema')",
    "Could not restore the debugger state: Canceled future for debug_request message",
)
"""What Jupyter complains of by itself, and how it begins: Notebook 7.6 with any notebook, before a
cell has run; and on a busy machine its debugger, which asks a kernel that is just being restarted.
"""

LIMIT = 60_000
"""Milliseconds that anything in a page may take."""

expect.set_options(timeout=LIMIT)

ROOT = Path(__file__).parents[2]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whatever lies here drives a browser."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


class Jupyter:
    """A running server: where it is, and the folder that it shows."""

    def __init__(
        self, folder: Path, settings: Path, port: int, token: str, page: str = "lab/tree"
    ) -> None:
        self.folder = folder
        self._settings = settings
        self.base = f"http://127.0.0.1:{port}"
        self.token = token
        self._page = page

    def url(self, name: str) -> str:
        """Where a notebook is shown."""
        return f"{self.base}/{self._page}/{name}?reset&token={self.token}"

    def ask(self, path: str, method: str = "GET") -> Any:
        request = urllib.request.Request(f"{self.base}{path}?token={self.token}", method=method)
        with urllib.request.urlopen(request, timeout=30) as answer:
            text = answer.read()
        return json.loads(text) if text else None

    def set_theme(self, name: str) -> None:
        """Have the next page shown in a theme."""
        folder = self._settings / "@jupyterlab" / "apputils-extension"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "themes.jupyterlab-settings").write_text(json.dumps({"theme": name}))

    def end_kernels(self) -> None:
        for session in self.ask("/api/sessions"):
            self.ask(f"/api/sessions/{session['id']}", "DELETE")


@pytest.fixture(scope="session")
def jupyter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Jupyter]:
    """JupyterLab as `nslab lab` starts it, with settings and state of its own."""
    with served(
        tmp_path_factory.mktemp("jupyter"),
        lambda folder, port: ["jupyterlab", *options(folder, port, False)],
    ) as made:
        yield made


@pytest.fixture(scope="session")
def notebook7(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Jupyter]:
    """Notebook 7, which nslab does not start itself."""
    with served(
        tmp_path_factory.mktemp("notebook"),
        lambda folder, port: [
            "notebook",
            f"--ServerApp.root_dir={folder}",
            "--ServerApp.ip=127.0.0.1",
            "--no-browser",
            f"--ServerApp.port={port}",
            "--ServerApp.port_retries=0",
            "--allow-root",
            "--JupyterNotebookApp.expose_app_in_browser=True",
        ],
        page="notebooks",
    ) as made:
        yield made


@contextlib.contextmanager
def served(
    home: Path, command: Callable[[Path, int], list[str]], page: str = "lab/tree"
) -> Iterator[Jupyter]:
    """A server with a home of its own; ends it."""
    folder = home / "notebooks"
    shutil.copytree(ROOT / "notebooks", folder, ignore=shutil.ignore_patterns(".*"))
    settings = home / "settings" / "@jupyterlab"
    for name, text in {
        # All cells are in the page, not only those in sight.
        "notebook-extension/tracker": {"windowingMode": "none"},
        "apputils-extension/notification": {"fetchNews": "false"},
    }.items():
        path = settings / f"{name}.jupyterlab-settings"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(text))
    environment = os.environ | {
        "HOME": str(home),
        "JUPYTER_CONFIG_DIR": str(home / "config"),
        "JUPYTER_DATA_DIR": str(home / "data"),
        "IPYTHONDIR": str(home / "ipython"),
        "JUPYTERLAB_SETTINGS_DIR": str(home / "settings"),
        "PYTHONPATH": str(ROOT),
        "JUPYTERLAB_WORKSPACES_DIR": str(home / "workspaces"),
        "XDG_STATE_HOME": str(home / "state"),
    }
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    token = secrets.token_hex(8)
    log = (home / "log").open("wb")
    server = subprocess.Popen(
        [sys.executable, "-m", *command(folder, port), f"--IdentityProvider.token={token}"],
        env=environment,
        stdout=log,
        stderr=log,
        stdin=subprocess.DEVNULL,
    )
    made = Jupyter(folder, home / "settings", port, token, page)
    try:
        limit = time.monotonic() + 60
        while True:
            try:
                made.ask("/api/status")
                break
            except OSError:
                assert server.poll() is None, (home / "log").read_text()
                assert time.monotonic() < limit, "the server does not answer"
                time.sleep(0.1)
        yield made
        made.end_kernels()
    finally:
        server.terminate()
        server.wait(timeout=30)
        log.close()


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    path = shutil.which("chromium")
    assert path, "there is no chromium: script/test installs it"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(ARGUMENTS))
        yield browser
        browser.close()


class Book:
    """A notebook in a page, and what the page complained of or asked elsewhere for."""

    def __init__(self, page: Page, jupyter: Jupyter) -> None:
        self.page = page
        self.complaints: list[str] = []
        self.elsewhere: list[str] = []
        self._inside = (jupyter.base, jupyter.base.replace("http", "ws"), "data:", "blob:")
        page.set_default_timeout(LIMIT)
        self._heard: dict[Any, Callable[[Any], None]] = {
            "console": self._console,
            "pageerror": lambda error: self.complaints.append(str(error)),
            "request": self._request,
        }
        for event, heard in self._heard.items():
            page.on(event, heard)

    def _console(self, message: Any) -> None:
        if message.type == "error":
            self.complaints.append(message.text)

    def _request(self, request: Any) -> None:
        if not request.url.startswith(self._inside):
            self.elsewhere.append(request.url)

    def leave(self) -> None:
        """Hear nothing of the page any longer: another notebook may be open in it."""
        for event, heard in self._heard.items():
            self.page.remove_listener(event, heard)

    def save_and_leave(self) -> None:
        """Save it and end its kernel: what is opened next is what was saved."""
        self.page.evaluate(
            """async () => {
                const app = window.jupyterapp, { context } = app.shell.currentWidget;
                await app.commands.execute('docmanager:save');
                await context.sessionContext.shutdown();
            }"""
        )

    def restart(self) -> None:
        """Restart the kernel: what it knew is gone."""
        self.page.evaluate(
            "async () => await window.jupyterapp.shell.currentWidget"
            ".context.sessionContext.session.kernel.restart()"
        )

    def outputs(self) -> list[str]:
        """What each cell has printed, shown or failed with, as text."""
        cells = self.page.evaluate(
            "window.jupyterapp.shell.currentWidget.context.model.toJSON().cells"
        )
        return [
            "".join(
                "".join(one.get("text", ""))
                + "".join(one.get("data", {}).get("text/plain", ""))
                + "\n".join(one.get("traceback", ()))
                for one in cell.get("outputs", ())
            )
            for cell in cells
        ]

    def run_cell(self, number: int) -> None:
        """Run one cell; returns when it has ended."""
        self.page.evaluate(
            """async number => {
                const app = window.jupyterapp, { content } = app.shell.currentWidget;
                content.deselectAll();
                content.activeCellIndex = number;
                await app.commands.execute('notebook:run-cell');
            }""",
            number,
        )

    def run_all(self) -> None:
        """Run all cells; returns when the last has ended."""
        self.page.evaluate(
            """async () => {
                const app = window.jupyterapp; await app.restored;
                let widget;
                while (!(widget = app.shell.currentWidget)?.context)
                    await new Promise(done => setTimeout(done, 50));
                await widget.context.ready;
                await widget.context.sessionContext.ready;
                await app.commands.execute('notebook:run-all-cells');
            }"""
        )


class Pages:
    """Pages of JupyterLab that are open, show nothing and are as at first: the next test takes one.

    To load JupyterLab takes four times the processor time of opening a notebook in it.
    """

    def __init__(self, chromium: Browser) -> None:
        self._chromium = chromium
        self._free: dict[tuple[str, str], list[Page]] = {}

    def new(self) -> Page:
        return self._chromium.new_page()

    def take(self, jupyter: Jupyter, theme: str) -> Page | None:
        free = self._free.get((jupyter.base, theme))
        return free.pop() if free else None

    def put_back(self, page: Page, jupyter: Jupyter, theme: str) -> None:
        """Close what it shows; a page that shows something else by now is closed itself.

        So is one with a player of ipywidgets: it goes on asking a kernel that has gone.
        """
        left = 1
        if page.url.startswith(f"{jupyter.base}/lab"):
            left = page.evaluate(
                """async () => {
                    const app = window.jupyterapp;
                    if (document.querySelector('.widget-play')) return 1;
                    // JupyterLab keeps this for the next page, too.
                    if (app.shell.leftCollapsed) app.shell.expandLeft();
                    app.shell.collapseRight();
                    if (document.fullscreenElement) await document.exitFullscreen();
                    for (const widget of [...app.shell.widgets('main')]) widget.dispose();
                    return [...app.shell.widgets('main')].length
                        + document.querySelectorAll('dialog[open], .jp-Dialog').length;
                }"""
            )
        if left:
            page.close()
        else:
            self._free.setdefault((jupyter.base, theme), []).append(page)


@pytest.fixture(scope="session")
def pages(chromium: Browser) -> Pages:
    return Pages(chromium)


@pytest.fixture
def book(jupyter: Jupyter, pages: Pages, request: Any) -> Iterator[Callable[..., Book]]:
    """Opens a notebook, made of cells or one that is there; nothing may go wrong in its page.

    ``fresh`` loads JupyterLab anew; without it, a page may be one in which others were open.
    """
    yield from books(jupyter, pages, request)


@pytest.fixture
def book7(notebook7: Jupyter, pages: Pages, request: Any) -> Iterator[Callable[..., Book]]:
    """The same in Notebook 7, which loads its page for each notebook."""
    yield from books(notebook7, pages, request)


def books(jupyter: Jupyter, pages: Pages, request: Any) -> Iterator[Callable[..., Book]]:
    opened: list[tuple[Book, str]] = []
    failed = request.session.testsfailed

    def open_book(
        *cells: str,
        name: str = "",
        theme: str = "JupyterLab Light",
        run: bool = True,
        still: bool = False,
        fresh: bool = False,
        kernel: str = "python3",
        tags: tuple[str, ...] = (),
        **viewport: int,
    ) -> Book:
        if cells:
            name = f"{request.node.name.translate(str.maketrans('[]', '--'))}.ipynb"
            write(jupyter.folder / name, cells, kernel, tags)
        there = None if fresh else pages.take(jupyter, theme)
        page = there or pages.new()
        page.set_viewport_size({"width": 1366, "height": 768} | viewport)  # type: ignore[arg-type]
        page.emulate_media(reduced_motion="reduce" if still else "no-preference")
        made = Book(page, jupyter)
        opened.append((made, theme))
        if there:
            page.bring_to_front()
            # The notebook is waited for, and not the command's promise: V8's inspector holds that
            # weakly, and once it was collected before it settled.
            page.evaluate(
                "path => void window.jupyterapp.commands.execute('docmanager:open', { path })", name
            )
            page.wait_for_function(
                "path => window.jupyterapp.shell.currentWidget?.context?.path === path", arg=name
            )
        else:
            # Before the page is there: to change it later, JupyterLab takes a style away twice.
            jupyter.set_theme(theme)
            page.goto(jupyter.url(name))
            page.wait_for_function("window.jupyterapp")
            page.evaluate("async () => { await window.jupyterapp.restored }")
        if run:
            made.run_all()
        return made

    yield open_book
    folder = os.environ.get("NSLAB_SCREENSHOTS")
    for number, (made, theme) in enumerate(opened):
        if folder:
            made.page.screenshot(path=f"{folder}/{request.node.name}-{number}.png")
        made.leave()  # first: a widget that is closed while it loads is complained of
        if request.session.testsfailed == failed:
            pages.put_back(made.page, jupyter, theme)
        else:
            made.page.close()
        jupyter.end_kernels()
        assert made.elsewhere == []
        assert [words for words in made.complaints if not words.startswith(ITS_OWN)] == []


def write(path: Path, cells: tuple[str, ...], name: str, tags: tuple[str, ...] = ()) -> None:
    code = [
        {
            "cell_type": "code",
            "id": f"cell-{n}",
            "metadata": {"tags": list(tags)},
            "outputs": [],
            "execution_count": None,
            "source": source,
        }
        for n, source in enumerate(cells)
    ]
    kernel = {"display_name": name, "language": "python", "name": name}
    made = {"cells": code, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}
    path.write_text(json.dumps(made))
    trust(path)
