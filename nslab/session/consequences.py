"""What the kernel did by itself because of what was done: routes and addresses that went along.

It is told of what does not come back: the kernel's own routes do, as soon as their link is up.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from nslab.network.diff import Change, Diff, route_text
from nslab.network.model import Link, Namespace, Snapshot
from nslab.sentence import Sentence, sentence

_REMOVES = re.compile(r"\b(del|delete|flush|replace|change)\b")
"""Who types that has perhaps removed it himself."""


def consequences(changes: Diff, done: str) -> Iterator[tuple[Change, Sentence]]:
    """What is gone that nobody removed, and why.

    :param changes: from before what was done to after it
    :param done: the command lines
    """
    if _REMOVES.search(done):
        return
    for change in changes.lasting:
        if change.kind == "gone" and not change.quiet and change.what in ("route", "address"):
            yield from ((change, said) for said in _because(change, changes, done))


def _because(change: Change, changes: Diff, done: str) -> Iterator[Sentence]:
    for place, link in _links(change, changes):
        name = link.name if place.role == "host" else f"{place.label}/{link.name}"
        now = _in(changes.after, place, link)
        if now is None:
            moved = _moved(changes, place, link)
            if moved and change.what == "route":
                yield sentence(
                    "the kernel removed the route {route}, because {link} was moved to {place}",
                    route=change.value,
                    link=name,
                    place=moved,
                )
            elif moved:
                yield sentence(
                    "the kernel removed the address {address}, because {link} was moved to {place}",
                    address=change.value,
                    link=name,
                    place=moved,
                )
        elif link.up and (not now.up or _went_down(link.name, done)):
            if change.what == "route":
                yield sentence(
                    "the kernel removed the route {route}, because {link} went down",
                    route=change.value,
                    link=name,
                )
            else:
                yield sentence(
                    "the kernel removed the address {address}, because {link} went down",
                    address=change.value,
                    link=name,
                )
        return


def _links(change: Change, changes: Diff) -> Iterator[tuple[Namespace, Link]]:
    """The link that it needed, where it was before."""
    for place in changes.before.namespaces:
        for link in place.links:
            if change.what == "address":
                has = any(one.address == change.value for one in link.addresses)
                if has and (place.inode == change.inode or _moved(changes, place, link)):
                    yield place, link
            elif place.inode == change.inode and any(
                route_text(route).removesuffix(" linkdown") == change.value
                and route.dev == link.name
                for route in place.routes
            ):
                yield place, link


def _in(snapshot: Snapshot, place: Namespace, link: Link) -> Link | None:
    """The link as it is now, if it is still there."""
    for ns in snapshot.namespaces:
        if ns.inode == place.inode:
            return next((one for one in ns.links if one.index == link.index), None)
    return None


def _moved(changes: Diff, place: Namespace, link: Link) -> str:
    """To which namespace it went; empty if it went nowhere."""
    renamed, kept = f"was {link.name} in {place.label}", f"was in {place.label}"
    for one in changes.lasting:
        if one.what == "link" and one.value == (kept if one.name == link.name else renamed):
            return one.ns
    return ""


def _went_down(name: str, done: str) -> bool:
    """Whether it was set down, and up again since."""
    return re.search(rf"\b{re.escape(name)}\b[^\n;&|]*\bdown\b", done) is not None
