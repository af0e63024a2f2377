"""Looks through the finished pages: links that lead nowhere, and requests to elsewhere.

A link that a reader may click may lead anywhere; what a browser fetches by itself may not.
"""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

FETCHED = {"src", "srcset", "poster", "data", "xlink:href"}
"""Attributes whose targets a browser fetches unasked."""

FETCHING_LINKS = {"stylesheet", "icon", "preload", "preconnect", "dns-prefetch", "manifest"}

CSS = re.compile(r"""(?:@import\s+|url\()\s*["']?([^"')\s;]+)""")


class Page(HTMLParser):
    """What a page refers to: links to click, things to fetch, and its own anchors."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.links: list[str] = []
        self.fetched: list[str] = []
        self.anchors: set[str] = set()
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Called for each tag."""
        known = {name: value or "" for name, value in attrs}
        self.anchors |= {known[name] for name in ("id", "name") if name in known}
        self.fetched += [known[name] for name in FETCHED if name in known]
        self.fetched += CSS.findall(known.get("style", ""))
        if tag == "link" and FETCHING_LINKS & set(known.get("rel", "").split()):
            self.fetched.append(known.get("href", ""))
        elif tag in ("a", "link", "area") and "href" in known:
            self.links.append(known["href"])


def problems(site: Path) -> list[str]:
    """What is wrong with the pages of a site, line by line."""
    pages = {path: Page(path) for path in sorted(site.rglob("*.html"))}
    found = []
    for path, page in pages.items():
        name = path.relative_to(site)
        found += [f"{name}: fetches {url}" for url in page.fetched if elsewhere(url)]
        inside = [url for url in page.fetched if not elsewhere(url)]
        for url in [*page.links, *inside]:
            if not leads_somewhere(url, path, pages):
                found.append(f"{name}: a link to nothing: {url}")
    for path in sorted(site.rglob("*.css")):
        found += [
            f"{path.relative_to(site)}: fetches {url}"
            for url in CSS.findall(path.read_text(encoding="utf-8"))
            if elsewhere(url)
        ]
    return found


def elsewhere(url: str) -> bool:
    """Whether another machine would be asked."""
    return bool(urlsplit(url).netloc)


def leads_somewhere(url: str, page: Path, pages: dict[Path, Page]) -> bool:
    """Whether a link's file is there, with the anchor; of other machines nothing is known."""
    parts = urlsplit(url)
    if parts.scheme or parts.netloc:
        return True
    target = (page.parent / unquote(parts.path)).resolve() if parts.path else page
    if target.is_dir():
        target /= "index.html"
    if not target.exists():
        return False
    if not parts.fragment or target not in pages:
        return True
    return unquote(parts.fragment) in pages[target].anchors
