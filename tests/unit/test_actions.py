"""Actions as values: checked when made, sent and received whole, never unquoted in a shell."""

from __future__ import annotations

import shlex
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nslab.errors import InvalidInput
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

# (action, its title, its classic commands, its iproute2 commands)
TABLE: list[tuple[Action, str, list[str], list[str]]] = [
    (AddNamespace("ns1"), "add namespace ns1", ["ip netns add ns1"], ["ip netns add ns1"]),
    (
        DeleteNamespace("ns1"),
        "delete namespace ns1",
        ["ip netns delete ns1"],
        ["ip netns delete ns1"],
    ),
    (
        DeleteContainer("c-1"),
        "delete container c-1",
        ['kill -KILL "$pid_c_2d_1"'],
        ['kill -KILL "$pid_c_2d_1"'],
    ),
    (
        AddBridge("br1", stp=False, forward_delay=2),
        "add bridge br1",
        ["brctl addbr br1", "brctl stp br1 off", "brctl setfd br1 2"],
        ["ip link add br1 type bridge stp_state 0 forward_delay 200"],
    ),
    (
        SetBridge("br1", stp=True, ns="ns1"),
        "set bridge br1 in ns1",
        ["ip netns exec ns1 brctl stp br1 on"],
        ["ip netns exec ns1 ip link set dev br1 type bridge stp_state 1"],
    ),
    (
        AddVeth("veth-ns1", "lxcbr0.1"),
        "add veth veth-ns1",
        ["ip link add veth-ns1 type veth peer name lxcbr0.1"],
        ["ip link add veth-ns1 type veth peer name lxcbr0.1"],
    ),
    (
        SetBridge("br1", stp=False, vlan_filtering=True),
        "set bridge br1",
        ["brctl stp br1 off", "ip link set dev br1 type bridge vlan_filtering 1"],
        ["ip link set dev br1 type bridge stp_state 0 vlan_filtering 1"],
    ),
    *(
        (action, title, [line], [line])
        for action, title, line in (
            (
                AddMacvlan("eth0", "mac0", mode="private", mac="02:00:00:00:00:0A"),
                "add macvlan mac0",
                "ip link add link eth0 mac0 address 02:00:00:00:00:0a type macvlan mode private",
            ),
            (
                AddIpvlan("eth0", "ip0", mode="l3s", ns="ns1", to="ns2"),
                "add ipvlan ip0 in ns1",
                "ip netns exec ns1 ip link add link eth0 ip0 netns ns2 type ipvlan mode l3s",
            ),
            (
                AddVlan("eth0", "eth0.10", 10, to="ns1"),
                "add vlan eth0.10",
                "ip link add link eth0 eth0.10 netns ns1 type vlan id 10",
            ),
            (
                SetPortVlan("v1", 10, pvid=True, untagged=True),
                "set port vlan v1",
                "bridge vlan add vid 10 dev v1 pvid untagged",
            ),
            (
                SetPortVlan("v1", 20, ns="ns1"),
                "set port vlan v1 in ns1",
                "ip netns exec ns1 bridge vlan add vid 20 dev v1",
            ),
            (DeletePortVlan("v1", 10), "delete port vlan v1", "bridge vlan delete vid 10 dev v1"),
        )
    ),
    (
        Move("v1", to="ns1"),
        "move v1",
        ["ip link set dev v1 netns ns1"],
        ["ip link set dev v1 netns ns1"],
    ),
    (
        Move("eth0", to=None, ns="ns1"),
        "move eth0 in ns1",
        ["ip netns exec ns1 ip link set dev eth0 netns 1"],
        ["ip netns exec ns1 ip link set dev eth0 netns 1"],
    ),
    (
        Rename("v1", "eth0"),
        "rename v1",
        ["ip link set dev v1 name eth0"],
        ["ip link set dev v1 name eth0"],
    ),
    (DeleteLink("v1"), "delete link v1", ["ip link delete dev v1"], ["ip link delete dev v1"]),
    (SetUp("v1"), "set up v1", ["ifconfig v1 up"], ["ip link set dev v1 up"]),
    (SetDown("v1"), "set down v1", ["ifconfig v1 down"], ["ip link set dev v1 down"]),
    (
        SetMac("v1", "02:00:00:00:00:01"),
        "set mac v1",
        ["ifconfig v1 hw ether 02:00:00:00:00:01"],
        ["ip link set dev v1 address 02:00:00:00:00:01"],
    ),
    (
        SetPromiscuous("v1", on=False),
        "set promiscuous v1",
        ["ifconfig v1 -promisc"],
        ["ip link set dev v1 promisc off"],
    ),
    (Attach("v1", "br1"), "attach v1", ["brctl addif br1 v1"], ["ip link set dev v1 master br1"]),
    (Detach("v1", "br1"), "detach v1", ["brctl delif br1 v1"], ["ip link set dev v1 nomaster"]),
    (
        AddAddress("v1", "10.0.0.1/24"),
        "add address v1",
        ["ip address add 10.0.0.1/24 broadcast + dev v1"],
        ["ip address add 10.0.0.1/24 broadcast + dev v1"],
    ),
    (
        DeleteAddress("v1", "10.0.0.1/24"),
        "delete address v1",
        ["ip address delete 10.0.0.1/24 dev v1"],
        ["ip address delete 10.0.0.1/24 dev v1"],
    ),
    (
        AddRoute("default", via="10.0.0.1", ns="ns1"),
        "add route default in ns1",
        ["ip netns exec ns1 route add default gw 10.0.0.1"],
        ["ip netns exec ns1 ip route add default via 10.0.0.1"],
    ),
    (
        DeleteRoute("10.9.0.0/16", dev="v1"),
        "delete route 10.9.0.0/16",
        ["route del -net 10.9.0.0/16 dev v1"],
        ["ip route delete 10.9.0.0/16 dev v1"],
    ),
    (
        Masquerade("10.0.0.0/8", out="eth0"),
        "masquerade 10.0.0.0/8",
        ["iptables -t nat -A POSTROUTING -s 10.0.0.0/8 -o eth0 -j MASQUERADE"],
        [
            "nft add table ip nslab",
            "nft add chain ip nslab postrouting '{ type nat hook postrouting priority srcnat ; }'",
            "nft add rule ip nslab postrouting ip saddr 10.0.0.0/8 oifname eth0 masquerade",
        ],
    ),
    (
        Sysctl("net.ipv4.ip_forward", "1"),
        "sysctl net.ipv4.ip_forward",
        ["sysctl -w net.ipv4.ip_forward=1"],
        ["sysctl -w net.ipv4.ip_forward=1"],
    ),
    (
        ResolvConf("8.8.8.8", ns="ns1"),
        "resolv conf 8.8.8.8 in ns1",
        ["mkdir -p /etc/netns/ns1", "echo 'nameserver 8.8.8.8' > /etc/netns/ns1/resolv.conf"],
        ["mkdir -p /etc/netns/ns1", "echo 'nameserver 8.8.8.8' > /etc/netns/ns1/resolv.conf"],
    ),
]

EVERY = [row[0] for row in TABLE] + [AddContainer("c-1")]


def plain(text: str) -> str:
    """A command without the optional word ``name`` before a new link's name."""
    return text.replace("ip link add name ", "ip link add ")


def test_every_action_is_here() -> None:
    assert {type(action) for action in EVERY} == set(act.AnyAction.__args__)


@pytest.mark.parametrize(("action", "title", "classic", "iproute2"), TABLE, ids=lambda v: None)
def test_commands(action: Action, title: str, classic: list[str], iproute2: list[str]) -> None:
    assert action.title == title
    assert [plain(str(line)) for line in action.commands("classic")] == classic
    assert [plain(str(line)) for line in action.commands("iproute2")] == iproute2


def test_container() -> None:
    (line,) = AddContainer("c-1").commands()
    assert str(line).startswith("unshare --net --mount --uts --pid ")
    assert str(line).endswith(" & pid_c_2d_1=$!")


@pytest.mark.parametrize("action", EVERY, ids=lambda action: action.title)
def test_sent_and_received_whole(action: Action) -> None:
    coded = msgspec.msgpack.encode([action])
    assert msgspec.msgpack.decode(coded, type=list[act.AnyAction]) == [action]
    assert msgspec.json.decode(msgspec.json.encode([action]), type=list[act.AnyAction]) == [action]


@pytest.mark.parametrize("action", EVERY, ids=lambda action: action.title)
def test_in_words(action: Action) -> None:
    assert action.title.startswith(action.operation)
    assert action.subject in action.title
    assert action.operation == action.operation.lower()


def test_a_container_is_entered_by_its_process() -> None:
    (line,) = SetUp("eth0", ns="c-1").commands(containers=["c-1"])
    assert str(line) == 'nsenter --net --target "$pid_c_2d_1" ip link set dev eth0 up'
    (line,) = Move("v1", to="c-1").commands(containers=["c-1"])
    assert str(line) == 'ip link set dev v1 netns "$pid_c_2d_1"'
    (line,) = ResolvConf("8.8.8.8", ns="c-1").commands(containers=["c-1"])
    assert str(line) == "echo 'nameserver 8.8.8.8' > /run/containers/c-1/resolv.conf"


def test_the_classic_style_joins_an_address_and_up() -> None:
    pair = [AddAddress("lxcbr0", "192.168.10.1/24"), SetUp("lxcbr0")]
    assert [str(line) for line in act.commands(pair, "classic")] == [
        "ifconfig lxcbr0 192.168.10.1/24 up"
    ]
    assert len(act.commands(pair, "iproute2")) == 2
    other = [AddAddress("lxcbr0", "192.168.10.1/24"), SetUp("lxcbr0", ns="ns1")]
    assert len(act.commands(other, "classic")) == 2


BAD: list[tuple[type[Action], dict[str, Any]]] = [
    (AddNamespace, {"name": "a b"}),
    (AddNamespace, {"name": "router"}),
    (AddContainer, {"name": "$(x)"}),
    (AddBridge, {"name": "a;b"}),
    (AddBridge, {"name": "br1", "forward_delay": 31}),
    (AddBridge, {"name": "br1", "stp": True, "forward_delay": 1}),
    (SetBridge, {"name": "br1"}),
    (AddVeth, {"name": "v1", "peer": "v1"}),
    (AddVeth, {"name": "v1", "peer": "v2", "mac": "01:00:00:00:00:00"}),
    (AddVeth, {"name": "v1", "peer": "v2", "master": "a b"}),
    (AddMacvlan, {"parent": "eth0", "name": "m", "mode": "l2"}),
    (AddMacvlan, {"parent": "eth0", "name": "eth0"}),
    (AddMacvlan, {"parent": "eth0", "name": "m", "mac": "01:00:00:00:00:00"}),
    (AddIpvlan, {"parent": "eth0", "name": "i", "mode": "bridge"}),
    (AddIpvlan, {"parent": "a b", "name": "i"}),
    (AddVlan, {"parent": "eth0", "name": "v", "vlan": 4095}),
    (AddVlan, {"parent": "eth0", "name": "v", "vlan": "ten"}),
    (SetPortVlan, {"link": "v1", "vlan": 0}),
    (DeletePortVlan, {"link": "v1", "vlan": True}),
    (Move, {"link": "v1", "to": "../x"}),
    (Rename, {"link": "v1", "name": "x" * 16}),
    (Attach, {"link": "br1", "bridge": "br1"}),
    (AddAddress, {"link": "v1", "address": "10.0.0.1"}),
    (AddRoute, {"destination": "default"}),
    (AddRoute, {"destination": "10.0.0.1/8", "dev": "v1"}),
    (Masquerade, {"source": "x", "out": "eth0"}),
    (Sysctl, {"key": "kernel.hostname", "value": "x"}),
    (Sysctl, {"key": "net.ipv4.ip_forward", "value": ""}),
    (Sysctl, {"key": "net.ipv4.ip_forward", "value": "1\n2"}),
    (ResolvConf, {"nameserver": "8.8.8.8/32"}),
]


@pytest.mark.parametrize(("kind", "fields"), BAD, ids=lambda v: getattr(v, "__name__", None))
def test_what_cannot_work_is_refused_when_made(kind: type[Action], fields: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput) as caught:
        kind(**fields)
    assert caught.value.operation
    assert caught.value.cause


@given(ns=st.text(min_size=1, max_size=12), value=st.text(min_size=1, max_size=12))
def test_nothing_reaches_a_shell_unquoted(ns: str, value: str) -> None:
    try:
        made = [
            Sysctl("net.ipv4.ip_forward", value, ns=ns),
            SetUp("v1", ns=ns),
            AddVeth("v1", "v2", ns=ns, peer_ns=value),
            ResolvConf("8.8.8.8", ns=ns),
        ]
    except InvalidInput:
        return
    for action in made:
        for line in action.commands():
            words = shlex.split(str(line).partition(" > ")[0] if line.to else str(line))
            assert tuple(words) == line.argv
            if line.to:
                assert shlex.split(str(line)) == [*line.argv, ">", line.to]


@pytest.mark.parametrize("ns", ["../x", "a/b", "a b", "", "-n", "a\nb"])
def test_a_namespace_that_cannot_be_is_refused(ns: str) -> None:
    with pytest.raises(InvalidInput):
        SetUp("lo", ns=ns)


def test_a_netmask() -> None:
    (line,) = AddAddress("v1", "10.0.0.1/255.255.255.0").commands()
    assert "broadcast" in line.argv


def test_masquerade_of_everything() -> None:
    assert "saddr" not in Masquerade("default", out="eth0").commands()[-1].argv


@pytest.mark.parametrize("name", ["a", "d", "m", "ad", "ty"])
def test_a_name_that_begins_a_keyword_of_ip(name: str) -> None:
    for action in (AddBridge(name), AddVeth(name, "peer0"), AddMacvlan("eth0", name)):
        words = action.commands()[0].argv
        assert words[words.index(name) - 1] in ("name", "dev")
