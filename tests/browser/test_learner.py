"""The learner's buttons of a class in Chromium: the real file, with what JupyterLab hands to it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route, expect

HUB = Path(__file__).resolve().parents[2] / "deploy" / "hub"
STATIC = HUB / "labextension" / "static"
GERMAN: dict[str, str] = json.loads((STATIC / "de.json").read_text(encoding="utf-8"))
SCRIPT = (STATIC / "remoteEntry.js").read_text(encoding="utf-8")
BASE = "http://class.example"

LOAD = """async () => {
    window.said = [];
    window.commands = {};
    const tell = kind => (text, options) => { window.said.push([kind, text]); return text; };
    const made = {
        '@jupyterlab/apputils': { Notification: {
            info: tell('info'), success: tell('success'), error: tell('error'), dismiss() {} } },
        '@jupyterlab/services': { ServerConnection: {
            makeSettings: () => ({ baseUrl: location.origin }),
            makeRequest: (url, options) => fetch(url, options) } },
        '@jupyterlab/coreutils': { URLExt: { join: (...parts) => parts.join('/') } },
        '@lumino/widgets': { Widget: class { node = document.createElement('div'); } },
    };
    const scope = Object.fromEntries(Object.entries(made)
        .map(([name, module]) => [name, { 1: { get: async () => () => module } }]));
    const container = window._JUPYTERLAB['nslab-class'];
    await container.init(scope);
    const plugin = (await container.get('./extension'))().default;
    await plugin.activate({
        shell: { add: widget => document.body.append(widget.node) },
        commands: { addCommand: (id, one) => { window.commands[id] = one.label; },
            execute: async () => {} },
    });
}"""

Open = Callable[..., Page]


class Class:
    """What the learner's server answers."""

    def __init__(self) -> None:
        self.sharing = False
        self.refusal = ""

    def answer(self, route: Route) -> None:
        asked = route.request
        if asked.url.endswith("hand-in"):
            if self.refusal:
                route.fulfill(status=502, json={"reason": self.refusal})
            else:
                route.fulfill(json={"files": 3})
        elif asked.method == "POST":
            self.sharing = bool((asked.post_data_json or {}).get("sharing", self.sharing))
            route.fulfill(json=self.view)
        elif "since=0" in asked.url:
            route.fulfill(json=self.view)
        # News are waited for as long as the page is there.

    @property
    def view(self) -> dict[str, Any]:
        return {"sharing": self.sharing, "version": 1}


@pytest.fixture
def the_class() -> Class:
    return Class()


@pytest.fixture
def learner(chromium: Browser, the_class: Class) -> Iterator[Open]:
    contexts = []

    def opened(locale: str) -> Page:
        context = chromium.new_context(locale=locale)
        contexts.append(context)
        page = context.new_page()
        page.route(f"{BASE}/nslab/class**", the_class.answer)
        page.route(f"{BASE}/nslab/class/**", the_class.answer)
        html = "<!doctype html><meta charset='utf-8'><script src='/static/remoteEntry.js'></script>"
        page.route(f"{BASE}/", lambda route: route.fulfill(body=html, content_type="text/html"))
        page.route(
            f"{BASE}/static/**",
            lambda route: route.fulfill(path=STATIC / route.request.url.split("/")[-1]),
        )
        page.goto(f"{BASE}/")
        page.evaluate(LOAD)
        return page

    yield opened
    for context in contexts:
        context.close()


@pytest.mark.parametrize("locale", ["en-GB", "de-AT"])
def test_they_speak_the_browsers_language(learner: Open, the_class: Class, locale: str) -> None:
    def words(english: str) -> str:
        return GERMAN[english] if locale == "de-AT" else english

    page = learner(locale)
    share, give = page.locator("button").nth(0), page.locator("button").nth(1)
    expect(share).to_have_text(words("Share my labs"))
    expect(give).to_have_text(words("Hand in"))
    share.click()
    expect(share).to_have_text(words("● Labs shared with teacher"))
    expect(share).to_have_attribute(
        "title", words("Your teacher can look into your labs. Press to stop that.")
    )
    assert page.evaluate("window.commands['nslab:hand-in']") == words("Hand In the Lessons")
    give.click()
    page.wait_for_function("window.said.length === 1")
    handed = "Handed in: {files} notebooks. You can hand in again at any time."
    assert page.evaluate("window.said[0]") == ["success", words(handed).format(files=3)]


@pytest.mark.parametrize(
    ("refusal", "said"),
    [
        ("not understood", "Nicht abgegeben: nicht verstanden"),
        ("the moon is full", "Not handed in: the moon is full"),
    ],
)
def test_a_refusal_is_said_in_one_language(
    learner: Open, the_class: Class, refusal: str, said: str
) -> None:
    the_class.refusal = refusal
    page = learner("de-DE")
    page.locator("button").nth(1).click()
    page.wait_for_function("window.said.length === 1")
    assert page.evaluate("window.said[0]") == ["error", said]


def test_every_word_of_it_is_in_the_german_catalogue() -> None:
    said = set(re.findall(r'\bsay\(\s*"([^"]+)"', SCRIPT))
    assert len(said) >= 12
    causes = "".join(
        path.read_text(encoding="utf-8")
        for path in (
            HUB / "nslab_hub" / "learner" / "place.py",
            HUB / "nslab_hub" / "teaching" / "hand_ins.py",
        )
    )
    reasons = set(re.findall(r'(?:NO_SERVICE = |Refused\()"([^"]+)"', causes))
    assert len(reasons) == 3
    assert (said | reasons) - set(GERMAN) == set()
    marks = re.compile(r"\{\w+\}")
    wrong = [k for k, v in GERMAN.items() if sorted(marks.findall(k)) != sorted(marks.findall(v))]
    assert wrong == []
