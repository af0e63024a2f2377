"""The fake engine alone: what the contract cannot ask of a kernel."""

from __future__ import annotations

import threading

import pytest

from nslab.engine import explain
from nslab.engine.fake import FakeEngine
from nslab.engine.fake.apply import DOERS
from nslab.engine.protocol import Command, Engine, Options
from nslab.errors import AlreadyExists, KernelRefused, NotFound, ToolMissing
from nslab.network import actions as act
from nslab.network.actions import (
    AddAddress,
    AddBridge,
    AddNamespace,
    AddRoute,
    AddVeth,
    Attach,
    Rename,
    SetBridge,
    SetDown,
    SetUp,
    Sysctl,
)


class Clock:
    """Time that passes when told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_it_is_an_engine() -> None:
    engine: Engine = FakeEngine(Options())
    assert (engine.name, engine.alive) == ("fake", True)


def test_it_does_every_action() -> None:
    assert set(DOERS) == set(act.AnyAction.__args__)


def test_two_runs_are_equal_to_the_last_number() -> None:
    def run() -> object:
        engine = FakeEngine()
        engine.apply([AddNamespace("ns1"), AddVeth("v1", "v2", peer_ns="ns1"), AddBridge("br1")])
        return engine.snapshot()

    assert run() == run()


def test_a_snapshot_does_not_change() -> None:
    engine = FakeEngine()
    before = engine.snapshot()
    text = repr(before)
    engine.apply([SetDown("eth0"), Sysctl("net.ipv4.ip_forward", "1")])
    assert repr(before) == text
    assert engine.snapshot() != before


def test_the_spanning_tree_takes_its_time() -> None:
    clock = Clock()
    engine = FakeEngine(clock=clock)
    engine.apply([AddBridge("br1", stp=True, forward_delay=4), SetUp("br1"), AddVeth("v1", "v2")])
    engine.apply([SetUp("v1"), SetUp("v2"), Attach("v1", "br1")])
    seen = []
    for _ in range(4):
        snapshot = engine.snapshot()
        port = snapshot.link("v1").port
        assert port is not None
        seen.append((port.state, snapshot.link("br1").state))
        clock.now += 3
    assert seen == [
        ("listening", "no-carrier"),
        ("listening", "no-carrier"),
        ("learning", "no-carrier"),
        ("forwarding", "up"),
    ]
    engine.apply([SetDown("v2"), SetBridge("br1", stp=False), SetUp("v2")])
    assert engine.snapshot().link("br1").state == "up"


def test_an_index_is_kept_when_it_is_free() -> None:
    engine = FakeEngine()
    engine.apply([AddNamespace("ns1"), AddVeth("v1", "v2"), act.Move("v2", to="ns1")])
    index = engine.snapshot().link("v2", "ns1").index
    engine.apply([AddVeth("w1", "w2", ns="ns1", peer_ns="ns1")])
    indexes = [link.index for link in engine.snapshot().namespace("ns1").links]
    assert index in indexes
    assert len(set(indexes)) == 4


def test_a_renamed_loopback_is_still_one() -> None:
    engine = FakeEngine()
    engine.apply([AddNamespace("ns1"), Rename("lo", "lo2", ns="ns1"), SetUp("lo2", ns="ns1")])
    assert engine.snapshot().link("lo2", "ns1").addresses[0].address == "127.0.0.1/8"


def test_ipv6_is_kept_but_not_modelled() -> None:
    engine = FakeEngine(Options(ipv6=True))
    assert engine.snapshot().host.sysctls["net.ipv6.conf.all.disable_ipv6"] == "0"
    engine.apply([AddAddress("eth0", "fd00::1/64"), AddRoute("fd01::/64", dev="eth0")])
    assert "fd00::1/64" in [a.address for a in engine.snapshot().link("eth0").addresses]


def test_programs() -> None:
    engine = FakeEngine()
    with pytest.raises(ToolMissing, match="ping"):
        engine.run(Command(argv=("ping", "192.0.2.1")))
    assert engine.run(Command(argv=("sh", "-c", "ip link"))).returncode == 2


def test_from_many_threads() -> None:
    engine = FakeEngine()

    def work(number: int) -> None:
        for count in range(20):
            engine.apply([AddNamespace(f"t{number}-{count}")])
            engine.snapshot()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(engine.snapshot().namespaces) == 5 + 80


# -- what is said of refusals -----------------------------------------------------------------


@pytest.mark.parametrize(("kind", "errno"), explain._TABLE, ids=str)
def test_every_explanation_can_be_filled_in(kind: type[act.Action], errno: int) -> None:
    fields = {
        "name": "a0",
        "peer": "b0",
        "link": "a0",
        "bridge": "b0",
        "to": "ns2",
        "ns": "ns1",
        "mac": "02:00:00:00:00:01",
        "address": "10.0.0.1/24",
        "destination": "10.9.0.0/16",
        "via": "10.0.0.9",
        "source": "10.0.0.0/8",
        "out": "eth0",
        "value": "1",
        "stp": True,
        "key": "net.ipv4.ip_forward",
        "nameserver": "8.8.8.8",
        "parent": "eth0",
        "vlan": 10,
    }
    action = kind(**{key: fields[key] for key in kind.__struct_fields__ if key in fields})
    error = explain.explain(action, errno)
    assert error.errno == errno
    assert error.cause
    assert error.hint
    assert "{" not in str(error)
    assert "None" not in str(error)


def test_the_kernels_own_words_where_nothing_better_is_known() -> None:
    error = explain.explain(SetUp("v1"), 95, "The thing cannot.")
    assert error.cause == "The thing cannot"
    assert explain.explain(SetUp("v1"), 95).cause == "operation not supported"


@pytest.mark.parametrize(
    ("errno", "kind"), [(17, AlreadyExists), (19, NotFound), (3, NotFound), (1, KernelRefused)]
)
def test_classes(errno: int, kind: type[KernelRefused]) -> None:
    for action in (SetUp("v1"), AddRoute("default", dev="v1"), AddNamespace("ns1")):
        assert type(explain.explain(action, errno)) is kind


def test_missing() -> None:
    error = explain.link_missing(Attach("v1", "br1", ns="ns1"), "br1")
    assert "ns1 has no link named br1" in str(error)
    assert "ip -n ns1 -brief link" in str(error)
    assert "ip netns add ns7" in explain.namespace_missing("set up v1", "ns7").hint
