"""What is written in a card, a socket, a bridge or a plate lies within its outline."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
import snapshots as sample
from msgspec import structs
from test_draw_room import NETWORKS

from nslab.draw import Picture
from nslab.draw.layout.boxes import Rect
from nslab.draw.paint.written import written
from nslab.network.diff import Diff, compare
from nslab.network.model import Link, Snapshot

GROUP = re.compile(
    r'<g class="nslab-(?:link|note)\b.*?(?=<g class="nslab-(?!nat|gate)|</svg>)', re.S
)
OUTLINE = re.compile(
    r'<rect class="nslab-(?:cell|bar)\b[^"]*" x="(-?\d+)" y="(-?\d+)" width="(\d+)" height="(\d+)"'
)


def outside(svg: str) -> Iterator[str]:
    """What is written of a link or a note beyond the outline around it."""
    for group in GROUP.findall(svg):
        outlines = [Rect(*map(int, found)) for found in OUTLINE.findall(group)]
        for text, rect in written([group]) if outlines else ():
            around = outlines[0]
            if rect.x < around.x or rect.right > around.right:
                yield f"{text}: {rect} in {around}"


def with_state(state: str, snapshot: Snapshot) -> Snapshot:
    """A snapshot whose cables' ends all have a state."""

    def changed(link: Link) -> Link:
        if link.kind != "veth":
            return link
        return sample.link(
            link.name,
            link.index,
            *(one.address for one in link.addresses),
            state=state,
            kind="veth",
            peer=link.peer,
            master=link.master,
            port=link.port,
        )

    return structs.replace(
        snapshot,
        namespaces=tuple(
            structs.replace(one, links=tuple(map(changed, one.links)))
            for one in snapshot.namespaces
        ),
    )


CASES: list[tuple[str, Snapshot | Diff]] = [*NETWORKS]
for _state in ("up", "down", "no-carrier"):
    for _count in (1, 2, 3):
        _there = with_state(_state, sample.star(_count))
        _more = with_state(_state, sample.star(_count + 1))
        CASES += [
            (f"{_count} {_state} new", compare(sample.fresh(), _there)),
            (f"{_count} {_state} gone", compare(_there, sample.fresh())),
            (f"one more of {_count} {_state}", compare(sample.star(_count), _more)),
        ]


@pytest.mark.parametrize("what", [what for _, what in CASES], ids=[name for name, _ in CASES])
def test_what_is_written_stays_within_its_outline(what: Snapshot | Diff) -> None:
    assert list(outside(Picture(what).svg)) == []
