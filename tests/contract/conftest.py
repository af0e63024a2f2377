"""Engines to test: the fake always, the real one in tests that are marked ``kernel``."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest

from nslab.engine.choose import factory
from nslab.engine.protocol import Engine, Options
from nslab.errors import NslabError
from nslab.network.actions import (
    Action,
    AddAddress,
    AddBridge,
    AddNamespace,
    AddRoute,
    AddVeth,
    Attach,
    DeleteContainer,
    DeleteLink,
    DeleteNamespace,
    Move,
    Rename,
    ResolvConf,
    SetBridge,
    SetUp,
)
from nslab.network.model import Namespace, Snapshot

LIMIT = 60.0
"""Seconds in which the kernel must have caught up.  Its link watch takes up to one; only a failure
takes all of them."""


def start(kind: str, options: Options | None = None) -> Engine:
    """A fresh lab.  Engines are imported when asked for: the fake's tests need no Linux."""
    return factory(kind)(options or Options())


KINDS = (
    "fake",
    pytest.param("local", marks=pytest.mark.kernel),
    pytest.param("vm", marks=pytest.mark.vm),
)


def makers(kind: str) -> Iterator[Callable[..., Engine]]:
    """Makes engines of a kind, and closes them."""
    made: list[Engine] = []

    def make(options: Options | None = None) -> Engine:
        made.append(start(kind, options))
        return made[-1]

    yield make
    for engine in made:
        engine.close()


@pytest.fixture(params=KINDS)
def make(request: pytest.FixtureRequest) -> Iterator[Callable[..., Engine]]:
    """Makes engines of one kind."""
    yield from makers(request.param)


@pytest.fixture
def engine(make: Callable[..., Engine]) -> Engine:
    """A fresh lab."""
    return make()


@pytest.fixture(params=KINDS[1:])
def make_real(request: pytest.FixtureRequest) -> Iterator[Callable[..., Engine]]:
    """Makes real engines only."""
    yield from makers(request.param)


@pytest.fixture(scope="session")
def machines() -> Iterator[list[Engine]]:
    """Virtual machines that are as they were when they booted, for who comes next."""
    free: list[Engine] = []
    yield free
    for engine in free:
        engine.close()


def lent(kind: str, free: list[Engine]) -> Iterator[Engine]:
    """A lab for one test.  To boot a machine takes longer than what most tests do in it."""
    engine = free.pop() if kind == "vm" and free else start(kind)
    yield engine
    if kind == "vm" and swept(engine):
        free.append(engine)
    else:
        engine.close()


def swept(engine: Engine) -> bool:
    """Whether a lab is like a fresh one, after what was made in it has been taken away."""
    fresh = start("fake").snapshot()
    there = engine.snapshot()
    away: list[Action] = [
        DeleteContainer(space.label) if space.role == "container" else DeleteNamespace(space.label)
        for space in there.namespaces[1:]
    ]
    own = {link.name for link in fresh.host.links}
    away += [DeleteLink(link.name) for link in there.host.links if link.name not in own]
    for action in away:
        with contextlib.suppress(NslabError):  # the other end of one that has gone
            engine.apply([action])
    # Some of it goes a moment later; what a test set on a link that stays does not go at all.
    limit = time.monotonic() + 1
    while engine.snapshot().canonical() != fresh.canonical():
        if time.monotonic() > limit:
            return False
        time.sleep(0.01)
    return True


@pytest.fixture(params=KINDS[1:])
def real(request: pytest.FixtureRequest, machines: list[Engine]) -> Iterator[Engine]:
    """A real lab, as if it were fresh."""
    yield from lent(request.param, machines)


@pytest.fixture(params=KINDS[2:])
def machine(request: pytest.FixtureRequest, machines: list[Engine]) -> Iterator[Engine]:
    """The same of a kernel that has ipvlan, VLANs and bridges that filter them."""
    yield from lent(request.param, machines)


@pytest.fixture(params=KINDS[1:])
def start_real(request: pytest.FixtureRequest) -> Callable[..., Engine]:
    """Starts a real engine, which the caller closes: for hypothesis, which makes many."""
    return lambda: start(request.param)


def _caught_up(namespace: Namespace) -> bool:
    """Whether operational state and routes agree with the carrier, as they do in the end."""
    carriers = {link.name: link.carrier for link in namespace.links}
    for link in namespace.links:
        never = link.name == "lo" or (link.kind == "bridge" and not namespace.ports(link.name))
        good = ("up", "unknown") if never else ("up",)
        if link.up and link.carrier != (link.operstate in good):
            return False
        if link.up and link.master:
            alive = link.carrier and namespace.link(link.master).up
            if alive != (link.port is not None and link.port.state != "disabled"):
                return False
    return all(route.dead != carriers[route.dev] for route in namespace.routes if route.dev)


@pytest.fixture(scope="session")
def settled() -> Callable[[Engine], Snapshot]:
    """A snapshot when the kernel has caught up with what was asked of it."""

    def settled(engine: Engine) -> Snapshot:
        limit = time.monotonic() + LIMIT
        while True:
            snapshot = engine.snapshot()
            if all(_caught_up(namespace) for namespace in snapshot):
                return snapshot
            assert time.monotonic() < limit, "the kernel did not catch up"
            time.sleep(0.01)

    return settled


@pytest.fixture(scope="session")
def canonical() -> Callable[[Engine], dict[str, Any]]:
    """The canonical form of a lab, without what the kernel works out later."""
    return lambda engine: engine.snapshot().canonical()


@pytest.fixture(scope="session")
def article() -> Sequence[Action]:
    """The article's first block, B1 to F2, one action or two for each line."""
    return (
        AddBridge("lxcbr0"),
        SetBridge("lxcbr0", stp=False),
        AddAddress("lxcbr0", "192.168.10.1/24"),
        SetUp("lxcbr0"),
        AddNamespace("ns1"),
        SetUp("lo", ns="ns1"),
        AddVeth("veth-ns1", "lxcbr0.1"),
        Move("veth-ns1", to="ns1"),
        Rename("veth-ns1", "eth0", ns="ns1"),
        AddAddress("eth0", "192.168.10.11/24", ns="ns1"),
        SetUp("eth0", ns="ns1"),
        Attach("lxcbr0.1", "lxcbr0"),
        AddRoute("default", via="192.168.10.1", ns="ns1"),
        ResolvConf("8.8.8.8", ns="ns1"),
    )
