"""Who follows a lab hears of every change, soon, and of no end of them when nothing happens."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from nslab.engine.protocol import Engine
from nslab.errors import LabClosed, LabGone
from nslab.network.actions import (
    Action,
    AddAddress,
    AddBridge,
    AddContainer,
    AddNamespace,
    AddRoute,
    AddVeth,
    Attach,
    DeleteContainer,
    DeleteLink,
    DeleteNamespace,
    Masquerade,
    Move,
    ResolvConf,
    SetUp,
    Sysctl,
)

LIMIT = 60.0

CHANGES: list[tuple[Sequence[Action], Action]] = [
    ((), AddNamespace("ns1")),
    ((), AddContainer("box")),
    ((), AddBridge("br0")),
    ((AddNamespace("ns1"),), SetUp("lo", ns="ns1")),
    ((AddNamespace("ns1"), AddVeth("v1", "v2")), Move("v2", to="ns1")),
    ((AddBridge("br0"), AddVeth("v1", "v2")), Attach("v1", "br0")),
    ((AddContainer("box"), AddVeth("v1", "v2", peer_ns="box")), SetUp("v2", ns="box")),
    ((AddBridge("br0"),), AddAddress("br0", "10.0.0.1/24")),
    ((), AddRoute("10.9.0.0/16", via="198.51.100.1")),
    ((), Sysctl("net.ipv4.ip_forward", "1")),
    ((), Masquerade("10.0.0.0/24", out="eth0")),
    ((), ResolvConf("1.1.1.1")),
    ((AddNamespace("ns1"),), ResolvConf("1.1.1.1", ns="ns1")),
    ((AddBridge("br0"),), DeleteLink("br0")),
    ((AddNamespace("ns1"),), DeleteNamespace("ns1")),
    ((AddContainer("box"),), DeleteContainer("box")),
]


def quiet(engine: Engine) -> int:
    """The number of the last change, when there has been none for a while."""
    number = engine.changes()
    limit = time.monotonic() + LIMIT
    while (last := engine.changes(number, 0.4)) != number:
        number = last
        assert time.monotonic() < limit, "it never comes to rest"
    return number


@pytest.mark.parametrize("case", CHANGES, ids=lambda case: case[1].title.replace(" ", "-"))
def test_a_change_is_heard_of(engine: Engine, case: Any) -> None:
    before, action = case
    engine.apply(before)
    number = quiet(engine)
    engine.apply([action])
    assert engine.changes(number, LIMIT) > number


def test_who_waits_is_woken(engine: Engine) -> None:
    number = quiet(engine)
    heard: list[int] = []
    waiting = threading.Thread(target=lambda: heard.append(engine.changes(number, LIMIT)))
    waiting.start()
    engine.apply([AddBridge("br0")])
    waiting.join(LIMIT)
    assert heard
    assert heard[0] > number


def test_it_only_grows(engine: Engine) -> None:
    numbers = [engine.changes()]
    for n in range(5):
        engine.apply([AddBridge(f"br{n}")])
        numbers.append(engine.changes(numbers[-1], LIMIT))
    assert numbers == sorted(set(numbers))


def test_a_look_is_no_change(engine: Engine) -> None:
    """The kernel may still tell of what was before: a carrier is passed on up to a second late,
    later on a busy machine.  A look that counted as a change would do so every time."""
    for _ in range(5):
        number = quiet(engine)
        engine.snapshot()
        engine.snapshot()
        if engine.changes(number, 0.4) == number:
            return
    pytest.fail("after each look there was a change")


def test_the_end_of_the_lab_ends_the_waiting(make: Callable[..., Engine]) -> None:
    engine = make()
    number = quiet(engine)
    ended: list[BaseException] = []

    def wait() -> None:
        try:
            engine.changes(number, 60)
        except (LabClosed, LabGone) as error:
            ended.append(error)

    waiting = threading.Thread(target=wait)
    waiting.start()
    engine.close()
    waiting.join(LIMIT)
    assert ended


def test_following_keeps_no_namespace(make_real: Callable[..., Engine]) -> None:
    """A socket in a namespace would keep it, and the other end of its veth, after its deletion."""
    engine = make_real()
    engine.apply([AddNamespace("ns1"), AddVeth("v1", "eth0", peer_ns="ns1"), SetUp("v1")])
    number = quiet(engine)
    engine.apply([DeleteNamespace("ns1")])
    limit = time.monotonic() + LIMIT
    while any(link.name == "v1" for link in engine.snapshot().host.links):
        assert time.monotonic() < limit, "the veth of a deleted namespace stays"
        number = engine.changes(number, 0.5)
