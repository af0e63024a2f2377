"""The fake and the kernel agree, and so do an action and its commands, in both styles."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Callable, Sequence
from typing import Any, Literal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from kernels import renames_while_up

from nslab.engine.fake import FakeEngine
from nslab.engine.protocol import Command, Engine
from nslab.errors import KernelRefused, NotFound, NslabError
from nslab.network import actions as act
from nslab.network.actions import (
    Action,
    AddAddress,
    AddBridge,
    AddContainer,
    AddIpvlan,
    AddMacvlan,
    AddNamespace,
    AddRoute,
    AddVeth,
    AddVlan,
    Attach,
    DeleteAddress,
    DeleteContainer,
    DeleteLink,
    DeleteNamespace,
    DeletePortVlan,
    DeleteRoute,
    Detach,
    Masquerade,
    Move,
    Rename,
    ResolvConf,
    SetBridge,
    SetDown,
    SetMac,
    SetPortVlan,
    SetPromiscuous,
    SetUp,
    Sysctl,
)

Canonical = Callable[[Engine], dict[str, Any]]
Make = Callable[..., Engine]

LIMIT = 60.0
"""Seconds after which what goes on in the background will not end any more."""

BRIDGE = (AddBridge("br1", multicast_snooping=False), SetUp("br1"))
PAIR = (AddNamespace("ns1"), AddVeth("v1", "eth0", peer_ns="ns1"))
CABLE = (*PAIR, SetUp("v1"), SetUp("eth0", ns="ns1"), AddAddress("eth0", "10.0.0.2/24", ns="ns1"))
BOX = (AddContainer("c1"), AddVeth("v1", "eth0", peer_ns="c1"))

RENAMED_UP = (CABLE, Rename("eth0", "net1", ns="ns1"))

# Every kind of action after what it needs; test_every_action_is_here sees to it that none is left
# out.
CASES: list[tuple[Sequence[Action], Action]] = [
    ((), AddNamespace("ns1")),
    (CABLE, DeleteNamespace("ns1")),
    ((AddNamespace("ns1"), ResolvConf("1.1.1.1", ns="ns1")), DeleteNamespace("ns1")),
    ((), AddContainer("c1")),
    (BOX, DeleteContainer("c1")),
    ((), AddBridge("br1")),
    ((AddNamespace("ns1"),), AddBridge("br1", ns="ns1")),
    ((), AddBridge("br1", stp=True, forward_delay=4, multicast_snooping=False)),
    ((), AddBridge("br1", stp=False, forward_delay=0)),
    (BRIDGE, SetBridge("br1", stp=True)),
    ((AddBridge("br1", forward_delay=0),), SetBridge("br1", stp=True)),
    (BRIDGE, SetBridge("br1", stp=True, forward_delay=2.5)),
    (BRIDGE, SetBridge("br1", forward_delay=0.5)),
    ((), AddVeth("v1", "v2")),
    ((AddNamespace("ns1"),), AddVeth("v1", "eth0", peer_ns="ns1")),
    ((AddNamespace("ns1"), AddNamespace("ns2")), AddVeth("a", "b", ns="ns1", peer_ns="ns2")),
    ((AddNamespace("ns1"),), AddVeth("v1", "v2", ns="ns1", peer_ns=None)),
    ((AddContainer("c1"),), AddVeth("v1", "eth1", peer_ns="c1", up=True)),
    ((AddContainer("c1"),), AddVeth("v1", "v2", ns="c1", peer_ns="c1")),
    (
        (*BRIDGE, AddNamespace("ns1")),
        AddVeth(
            "v1",
            "eth0",
            peer_ns="ns1",
            master="br1",
            up=True,
            mac="02:00:00:00:00:0a",
            peer_mac="02:00:00:00:00:0B",
        ),
    ),
    ((*CABLE, AddNamespace("ns2")), Move("eth0", to="ns2", ns="ns1")),
    (CABLE, Move("v1", to="ns1")),
    ((*PAIR, AddContainer("c1")), Move("v1", to="c1")),
    (PAIR, Move("eth0", to="ns1", ns="ns1")),
    ((*PAIR, Rename("eth0", "x", ns="ns1")), Move("x", to=None, ns="ns1")),
    RENAMED_UP,
    (PAIR, Rename("v1", "lxcbr0.1")),
    (CABLE, DeleteLink("v1")),
    ((*BRIDGE, *CABLE, Attach("v1", "br1")), DeleteLink("br1")),
    ((*BRIDGE, *CABLE, Attach("v1", "br1")), DeleteLink("eth0", ns="ns1")),
    (PAIR, SetUp("v1")),
    ((AddNamespace("ns1"),), SetUp("lo", ns="ns1")),
    ((*PAIR, SetUp("v1"), AddAddress("eth0", "10.0.0.2/24", ns="ns1")), SetUp("eth0", ns="ns1")),
    ((AddBridge("br1"),), SetUp("br1")),
    (BOX, SetUp("eth0", ns="c1")),
    (CABLE, SetDown("v1")),
    ((*CABLE, AddRoute("default", via="10.0.0.1", ns="ns1")), SetDown("eth0", ns="ns1")),
    ((*BRIDGE, *CABLE, Attach("v1", "br1")), SetDown("br1")),
    (PAIR, SetMac("v1", "02:00:00:00:00:0C")),
    ((*BRIDGE, *PAIR, Attach("v1", "br1")), SetMac("v1", "02:00:00:00:00:0c")),
    (BRIDGE, SetMac("br1", "02:00:00:00:00:0d")),
    (PAIR, SetPromiscuous("v1")),
    ((*BRIDGE, *PAIR, Attach("v1", "br1"), SetPromiscuous("v1")), SetPromiscuous("v1", on=False)),
    ((*BRIDGE, *PAIR), Attach("v1", "br1")),
    ((*BRIDGE, *CABLE), Attach("v1", "br1")),
    (BRIDGE, Attach("eth0", "br1")),
    ((*BRIDGE, *CABLE, Attach("v1", "br1")), Detach("v1")),
    ((*BRIDGE, *CABLE, Attach("v1", "br1")), Detach("v1", "br1")),
    (PAIR, AddAddress("v1", "10.0.0.1/24")),
    (CABLE, AddAddress("v1", "10.0.0.1/24")),
    (CABLE, AddAddress("v1", "10.0.0.1/24", broadcast=False)),
    (CABLE, AddAddress("v1", "10.0.0.1/32")),
    (CABLE, AddAddress("v1", "10.0.0.0/31")),
    ((), AddAddress("lo", "10.0.0.1/24")),
    (CABLE, AddAddress("v1", "127.0.0.5/8")),
    (CABLE, AddAddress("eth0", "10.0.0.3/24", ns="ns1")),
    (
        (*CABLE, AddAddress("eth0", "10.0.0.3/24", ns="ns1")),
        DeleteAddress("eth0", "10.0.0.2/24", ns="ns1"),
    ),
    (CABLE, DeleteAddress("eth0", "10.0.0.2/24", ns="ns1")),
    (CABLE, AddRoute("default", via="10.0.0.1", ns="ns1")),
    (CABLE, AddRoute("0.0.0.0/0", dev="eth0", ns="ns1")),
    (CABLE, AddRoute("10.9.0.0/16", via="10.0.0.1", dev="eth0", ns="ns1")),
    (CABLE, AddRoute("10.9.0.1", via="10.0.0.1", ns="ns1")),
    (CABLE, AddRoute("10.9.0.1/32", dev="v1")),
    ((), DeleteRoute("default")),
    ((), DeleteRoute("default", via="198.51.100.1")),
    (CABLE, DeleteRoute("10.0.0.0/24", dev="eth0", ns="ns1")),
    ((AddRoute("10.9.0.1/32", dev="eth0"),), DeleteRoute("10.9.0.1/32")),
    ((), Masquerade("192.168.10.0/24", out="eth0")),
    ((Masquerade("192.168.10.0/24", out="eth0"),), Masquerade("192.168.10.0/24", out="eth0")),
    ((AddNamespace("ns1"),), Masquerade("10.1.2.3/32", out="eth0", ns="ns1")),
    ((), Masquerade("0.0.0.0/0", out="eth0")),
    ((), Masquerade("10.32.0.0/11", out="lxcbr0.1")),
    ((), Sysctl("net.ipv4.ip_forward", "1")),
    (PAIR, Sysctl("net/ipv4/conf/eth0/rp_filter", "1", ns="ns1")),
    (BOX, Sysctl("net.ipv4.conf.all.rp_filter", "2", ns="c1")),
    ((), ResolvConf("1.1.1.1")),
    ((AddNamespace("ns1"),), ResolvConf("8.8.8.8", ns="ns1")),
    ((AddContainer("c1"),), ResolvConf("1.1.1.1", ns="c1")),
    ((), AddMacvlan("eth0", "m1")),
    ((AddNamespace("ns1"),), AddMacvlan("eth0", "m1", mode="private", to="ns1")),
    (
        (AddContainer("c1"),),
        AddMacvlan("eth0", "m1", mode="vepa", to="c1", mac="02:00:00:00:00:0a"),
    ),
    ((*PAIR, SetUp("v1")), AddMacvlan("eth0", "m1", mode="passthru", ns="ns1")),
    ((AddMacvlan("eth0", "m1"),), SetUp("m1")),
    ((AddMacvlan("eth0", "m1"), SetUp("m1"), AddMacvlan("eth0", "m2")), SetUp("m2")),
    ((AddMacvlan("eth0", "m1", mode="passthru"),), SetUp("m1")),
    ((AddMacvlan("eth0", "m1"), SetUp("m1")), SetPromiscuous("m1")),
    ((AddMacvlan("eth0", "m1"), SetUp("m1"), AddNamespace("ns1")), Move("m1", to="ns1")),
    ((*PAIR, AddMacvlan("v1", "m1")), DeleteLink("v1")),
    ((*PAIR, AddMacvlan("v1", "m1", mode="passthru")), SetMac("v1", "02:00:00:00:00:0c")),
]

FILTERING = (*BRIDGE, *PAIR, Attach("v1", "br1"), SetBridge("br1", vlan_filtering=True))

# The same of what many a kernel lacks, and the virtual machine's has.
FULL_KERNEL: list[tuple[Sequence[Action], Action]] = [
    ((), AddIpvlan("eth0", "i1")),
    ((AddNamespace("ns1"),), AddIpvlan("eth0", "i1", mode="l3", to="ns1")),
    ((AddContainer("c1"),), AddIpvlan("eth0", "i1", mode="l3s", to="c1")),
    ((AddIpvlan("eth0", "i1"),), AddIpvlan("eth0", "i2", mode="l3")),
    ((AddIpvlan("eth0", "i1", mode="l3"),), SetUp("i1")),
    ((AddIpvlan("eth0", "i1"), SetUp("i1")), SetMac("eth0", "02:00:00:00:00:0c")),
    ((AddIpvlan("eth0", "i1"), SetUp("i1"), AddNamespace("ns1")), Move("i1", to="ns1")),
    ((), AddVlan("eth0", "eth0.10", 10)),
    ((AddNamespace("ns1"),), AddVlan("eth0", "v10", 10, to="ns1")),
    ((AddVlan("eth0", "eth0.10", 10),), SetUp("eth0.10")),
    ((AddVlan("eth0", "v10", 10), SetUp("v10")), SetDown("eth0")),
    ((AddVlan("eth0", "v10", 10), SetUp("v10"), SetDown("eth0")), SetUp("eth0")),
    ((AddVlan("eth0", "v10", 10),), AddVlan("v10", "v20", 20)),
    ((AddVlan("eth0", "v10", 10), SetUp("v10"), *BRIDGE), Attach("v10", "br1")),
    ((*PAIR, AddVlan("v1", "v10", 10)), DeleteLink("v1")),
    ((*BRIDGE, *PAIR, Attach("v1", "br1")), SetBridge("br1", vlan_filtering=True)),
    (FILTERING, SetBridge("br1", vlan_filtering=False)),
    ((*BRIDGE, *PAIR, SetBridge("br1", vlan_filtering=True)), Attach("v1", "br1")),
    (FILTERING, SetPortVlan("v1", 10)),
    (FILTERING, SetPortVlan("v1", 10, pvid=True, untagged=True)),
    ((*FILTERING, SetPortVlan("v1", 10, pvid=True)), SetPortVlan("v1", 10)),
    ((*BRIDGE, *PAIR, Attach("v1", "br1")), SetPortVlan("v1", 10)),
    (FILTERING, DeletePortVlan("v1", 1)),
    ((*FILTERING, SetPortVlan("v1", 10)), Detach("v1")),
]


def label(case: tuple[Sequence[Action], Action]) -> str:
    return case[1].title.replace(" ", "-").replace("/", ":")


def test_every_action_is_here() -> None:
    assert {type(action) for _, action in [*CASES, *FULL_KERNEL]} == set(act.AnyAction.__args__)


def script(engine: Engine, actions: Sequence[Action], style: Literal["classic", "iproute2"]) -> str:
    """The commands of actions, for a shell in which the containers' variables are set."""
    boxes = [space for space in engine.snapshot() if space.role == "container"]
    lines = [f"{act.pid_variable(box.label)}={box.processes[0].pid}" for box in boxes]
    lines += [str(line) for line in act.commands(actions, style, [box.label for box in boxes])]
    return "\n".join(lines)


def run(engine: Engine, text: str) -> None:
    output: list[bytes] = []
    command = Command(argv=("bash", "-ec", text), view="full", timeout=LIMIT)
    result = engine.run(command, lambda _, data: output.append(data))
    assert result.returncode == 0, text + "\n" + b"".join(output).decode()


def wait_for(canonical: Canonical, engine: Engine, wanted: dict[str, Any]) -> None:
    """Equal at once, or as soon as what goes on in the background has happened.

    After a command (other than after an action) nobody waits: a namespace is freed, and a container
    started, in the background.
    """
    limit = time.monotonic() + LIMIT
    while canonical(engine) != wanted and time.monotonic() < limit:
        time.sleep(0.01)
    assert canonical(engine) == wanted


def test_fresh(make_real: Make, canonical: Canonical) -> None:
    assert canonical(FakeEngine()) == canonical(make_real())


@pytest.mark.parametrize("case", CASES, ids=label)
def test_action(real: Engine, canonical: Canonical, case: Any) -> None:
    before, action = case
    fake = FakeEngine()
    if case == RENAMED_UP and not renames_while_up(real):
        real.apply(before)
        with pytest.raises(KernelRefused, match="only while it is down"):
            real.apply([action])
        return
    for engine in (fake, real):
        engine.apply([*before, action])
    assert canonical(fake) == canonical(real)


@pytest.mark.parametrize("case", FULL_KERNEL, ids=label)
def test_action_of_a_full_kernel(machine: Engine, canonical: Canonical, case: Any) -> None:
    before, action = case
    fake = FakeEngine()
    for engine in (fake, machine):
        engine.apply([*before, action])
    wait_for(canonical, machine, canonical(fake))


@pytest.mark.parametrize("case", FULL_KERNEL, ids=label)
def test_commands_of_a_full_kernel(machine: Engine, canonical: Canonical, case: Any) -> None:
    before, action = case
    fake = FakeEngine()
    machine.apply(before)
    run(machine, script(machine, [action], "iproute2"))
    fake.apply([*before, action])
    wait_for(canonical, machine, canonical(fake))


STYLES: tuple[Literal["classic", "iproute2"], ...] = ("classic", "iproute2")
IN_WORDS = [
    pytest.param(case, style, id=f"{label(case)}-{style}")
    for case in CASES
    for style in STYLES
    # Most actions are the same words in both.
    if style == STYLES[-1] or len({str(act.commands([case[1]], one)) for one in STYLES}) > 1
]


@pytest.mark.parametrize(("case", "style"), IN_WORDS)
def test_commands(
    real: Engine, canonical: Canonical, case: Any, style: Literal["classic", "iproute2"]
) -> None:
    before, action = case
    real.apply(before)
    if case == RENAMED_UP and not renames_while_up(real):
        with pytest.raises(AssertionError, match="busy"):
            run(real, script(real, [action], style))
        return
    run(real, script(real, [action], style))
    fake = FakeEngine()  # equal to the kernel after the action, as test_action has shown
    fake.apply([*before, action])
    wait_for(canonical, real, canonical(fake))


@pytest.mark.parametrize("style", ["classic", "iproute2"])
def test_the_article(
    make_real: Make,
    canonical: Canonical,
    article: Sequence[Action],
    style: Literal["classic", "iproute2"],
) -> None:
    fake, real, by_hand = FakeEngine(), make_real(), make_real()
    fake.apply(article)
    real.apply(article)
    run(by_hand, script(by_hand, article, style))
    assert canonical(fake) == canonical(real)
    wait_for(canonical, by_hand, canonical(fake))


def test_the_article_verbatim(
    make_real: Make, canonical: Canonical, article: Sequence[Action]
) -> None:
    """The article's own lines, as printed, in one lab; the actions in the other."""
    fake, by_hand = FakeEngine(), make_real()
    fake.apply(article)
    run(by_hand, ARTICLE)
    wait_for(canonical, by_hand, canonical(fake))


ARTICLE = """
brctl addbr lxcbr0
brctl stp lxcbr0 off
ifconfig lxcbr0 192.168.10.1/24 up
ip netns add ns1
ip netns exec ns1   ip link set dev lo up
ip link add veth-ns1 type veth peer name lxcbr0.1
ip link set veth-ns1 netns ns1
ip netns exec ns1  ip link set dev veth-ns1 name eth0
ip netns exec ns1 ifconfig eth0 192.168.10.11/24 up
brctl addif lxcbr0 lxcbr0.1
ip netns exec ns1     ip route add default via 192.168.10.1
mkdir -p /etc/netns/ns1
echo "nameserver 8.8.8.8" > /etc/netns/ns1/resolv.conf
"""


# -- anything at all --------------------------------------------------------------------------

SPACES = st.sampled_from([None, None, "a", "b"])
LINKS = st.sampled_from(["v1", "v2", "v1", "v2", "w1", "w2", "br1", "br2", "lo", "no"])
BRIDGES = st.sampled_from(["br1", "br1", "br2", "v1"])
NAMES = st.sampled_from(["a", "b"])
ADDRESSES = st.sampled_from(
    ["10.0.0.1/24", "10.0.0.2/24", "10.0.0.1/25", "10.1.0.1/24", "10.2.0.1/32"]
)
GATEWAYS = st.sampled_from(["10.0.0.1", "10.0.0.9", "10.0.0.255", "10.1.0.9", "10.2.0.1"])
PREFIXES = st.sampled_from(["default", "10.9.0.0/16", "10.0.0.0/24", "10.0.0.9/32"])
MACS = st.sampled_from(["02:00:00:00:00:0a", "02:00:00:00:00:0b"])

ANYTHING = st.one_of(
    st.builds(AddNamespace, NAMES),
    st.builds(DeleteNamespace, NAMES),
    st.builds(AddBridge, st.sampled_from(["br1", "br2"]), ns=SPACES),
    st.builds(SetBridge, BRIDGES, forward_delay=st.sampled_from([0, 1, 2, 15]), ns=SPACES),
    st.builds(
        AddVeth,
        st.just("v1"),
        st.just("v2"),
        ns=SPACES,
        peer_ns=SPACES,
        master=st.sampled_from([None, None, "br1", "w1"]),
        up=st.booleans(),
        mac=st.sampled_from([None, "02:00:00:00:00:01"]),
    ),
    st.builds(AddVeth, st.just("w1"), st.just("w2"), ns=SPACES, peer_ns=SPACES),
    # Not to where it is: of a bridge and of lo, which stay where they were made, Linux 6.1 refuses
    # even that, and a later one has nothing to do.
    st.builds(Move, LINKS, SPACES, ns=SPACES).filter(lambda move: move.to != move.ns),
    st.builds(Rename, LINKS, st.sampled_from(["v1", "w2", "x"]), ns=SPACES),
    st.builds(DeleteLink, LINKS, ns=SPACES),
    st.builds(SetUp, LINKS, ns=SPACES),
    st.builds(SetUp, LINKS, ns=SPACES),
    st.builds(SetUp, LINKS, ns=SPACES),
    st.builds(SetDown, LINKS, ns=SPACES),
    st.builds(SetMac, LINKS, MACS, ns=SPACES),
    st.builds(SetPromiscuous, LINKS, st.booleans(), ns=SPACES),
    st.tuples(LINKS, BRIDGES, SPACES)
    .filter(lambda t: t[0] != t[1])
    .map(lambda t: Attach(t[0], t[1], ns=t[2])),
    st.builds(Detach, LINKS, ns=SPACES),
    st.builds(AddAddress, LINKS, ADDRESSES, ns=SPACES, broadcast=st.booleans()),
    st.builds(AddAddress, LINKS, ADDRESSES, ns=SPACES),
    st.builds(DeleteAddress, LINKS, ADDRESSES, ns=SPACES),
    st.builds(AddRoute, PREFIXES, via=GATEWAYS, dev=st.none() | LINKS, ns=SPACES),
    st.builds(AddRoute, PREFIXES, dev=LINKS, ns=SPACES),
    st.builds(DeleteRoute, PREFIXES, via=st.none() | GATEWAYS, dev=st.none() | LINKS, ns=SPACES),
    st.builds(
        Sysctl,
        st.sampled_from(["net.ipv4.ip_forward", "net.ipv4.no"]),
        st.sampled_from(["0", "1", "x"]),
        ns=SPACES,
    ),
)

BEGIN: list[list[Action]] = [
    [],
    [
        AddNamespace("a"),
        AddBridge("br1"),
        SetUp("br1"),
        AddVeth("v1", "v2", peer_ns="a"),
        AddVeth("w1", "w2"),
        Attach("v1", "br1"),
        SetUp("v1"),
        SetUp("v2", ns="a"),
    ],
    [
        AddNamespace("a"),
        AddVeth("v1", "v2", ns="a", peer_ns="a"),
        SetUp("v1", ns="a"),
        SetUp("v2", ns="a"),
        AddAddress("v1", "10.0.0.1/24", ns="a"),
        AddAddress("v2", "10.1.0.1/24", ns="a"),
    ],
]


def attempt(engine: Engine, action: Action) -> tuple[str, int] | None:
    """What an action was refused with; None if it was done."""
    try:
        engine.apply([action])
    except NslabError as error:
        return type(error).__name__, error.errno
    return None


def renames_what_is_up(network: Engine, action: Action) -> bool:
    if not isinstance(action, Rename):
        return False
    try:
        return network.snapshot().link(action.link, action.ns).up
    except NotFound:
        return False


def compare(fake: Engine, real: Engine, actions: Sequence[Action], canonical: Canonical) -> None:
    """Both do the same with each action, and end alike."""
    newest = renames_while_up(real)
    for action in actions:
        if not newest and renames_what_is_up(fake, action):
            assert attempt(real, action) == ("KernelRefused", errno.EBUSY), action
            continue
        assert attempt(fake, action) == attempt(real, action), action
        if isinstance(action, DeleteNamespace):
            # The kernel takes down what was in it in the background: its links go a moment later.
            wait_for(canonical, real, canonical(fake))
    wait_for(canonical, real, canonical(fake))


SEQUENCES = 200 if os.environ.get("NSLAB_THOROUGH") else 40
BOOTS = 4
"""A lab that boots takes so many times as long."""


def test_any_actions(
    request: pytest.FixtureRequest, start_real: Callable[[], Engine], canonical: Canonical
) -> None:
    boots = "vm" in request.node.callspec.id

    @settings(
        max_examples=SEQUENCES // BOOTS if boots else SEQUENCES,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow],
    )
    @given(begin=st.sampled_from(BEGIN), then=st.lists(ANYTHING, min_size=4, max_size=14))
    def tried(begin: list[Action], then: list[Action]) -> None:
        real = start_real()
        try:
            compare(FakeEngine(), real, begin + then, canonical)
        finally:
            real.close()

    tried()
