"""Advice under a line that failed: what programs print there, and the line that is meant."""

from __future__ import annotations

from functools import cache

import pytest

from nslab import AddBridge, AddContainer, AddNamespace, AddVeth
from nslab.engine.fake import FakeEngine
from nslab.network.diff import Diff
from nslab.network.model import Snapshot
from nslab.session.hints import OF_THE_MACHINE, hints
from nslab.session.outcome import CommandResult, Failure
from nslab.session.said import Said

NO_KEY = "sysctl: cannot stat /proc/sys/{}: No such file or directory"
LOCAL, DEV, TO = (
    f'Error: either "{word}" is duplicate, or "{{}}" is a garbage.'
    for word in ("local", "dev", "to")
)
NO_NAME = 'Cannot open network namespace "{}": No such file or directory'
NO_DEVICE = "SIOCADDRT: No such device"
NO_PORT = 'Cannot find bridge device "{}"'

LINES = (
    # -- sysctl
    ("sysctl net.ipv4.ip_forward 0", NO_KEY, "0", "sysctl -w net.ipv4.ip_forward=0"),
    ("sysctl -w net.ipv4.ip_forward 1", "", "", "sysctl -w net.ipv4.ip_forward=1"),
    (
        "sysctl net.ipv4.ip_forward:1",
        NO_KEY,
        "net/ipv4/ip_forward:1",
        "sysctl -w net.ipv4.ip_forward=1",
    ),
    ("sysctl -w net.ipv4.ip_forward", "", "", "-w wants a value"),
    ("sysctl -w ip_forward=1", NO_KEY, "ip_forward", "did you mean net.ipv4.ip_forward?"),
    ("sysctl ipv4.ip_forward", NO_KEY, "ipv4/ip_forward", "did you mean net.ipv4.ip_forward?"),
    ("sysctl -w kernel.sysrq=0", NO_KEY, "kernel/sysrq", OF_THE_MACHINE),
    ("sysctl -w vm.swappiness=1", 'permission denied on key "{}"', "vm.swappiness", OF_THE_MACHINE),
    ("sysctl 1", NO_KEY, "1", ""),
    # -- ip address
    (
        "ip addr add 192.168.10.1/24 dev lxcbr0 up",
        LOCAL,
        "up",
        "ip addr add 192.168.10.1/24 dev lxcbr0; and then ip link set lxcbr0 up",
    ),
    (
        "ip addr add 192.168.10.1/24 lxcbr0 up",
        LOCAL,
        "lxcbr0",
        "ip addr add 192.168.10.1/24 dev lxcbr0; and then ip link set lxcbr0 up",
    ),
    (
        "ip -n ns1 addr add 192.168.10.1/24 eth0",
        LOCAL,
        "eth0",
        "ip -n ns1 addr add 192.168.10.1/24 dev eth0",
    ),
    (
        "sudo ip netns exec ns1 ip addr add 192.168.10.1/24 to eth0",
        LOCAL,
        "to",
        "ip netns exec ns1 ip addr add 192.168.10.1/24 dev eth0",
    ),
    (
        "ip addr add 192.168.10.1 255.255.255.0 dev lxcbr0",
        LOCAL,
        "255.255.255.0",
        "ip addr add 192.168.10.1/24 dev lxcbr0",
    ),
    ("ip addr add 192.168.10.1/24 dev lxcbr0 quickly", LOCAL, "quickly", ""),
    (
        "ip addr add lxcbr0 192.168.10.1/24",
        'Error: any valid prefix is expected rather than "{}".',
        "lxcbr0",
        "ip addr add 192.168.10.1/24 dev lxcbr0",
    ),
    ("ping 10.0.0.999", "ping: {}: Name or service not known", "10.0.0.999", "at most 255"),
    # -- namespaces
    (
        "ip -n app link show eth0",
        NO_NAME,
        "app",
        "has no name for it: begin the cell with %%ns app",
    ),
    ("ip netns exec app ip link", NO_NAME, "app", "begin the cell with %%ns app"),
    ("ip -n ap link", NO_NAME, "ap", "begin the cell with %%ns app"),
    ("ip -n host link", NO_NAME, "host", "the host needs no name"),
    ("ip -n ns2 link", NO_NAME, "ns2", "there is no namespace ns2"),
    ("ip netns exec ip link", NO_NAME, "ip", "ip netns exec NAME ip link"),
    (
        "ip netns ns1 ip link",
        'Command "{}" is unknown, try "ip netns help".',
        "ns1",
        "ip netns exec ns1 ip link",
    ),
    # -- ip link
    ("ip link set veth0 ns1", DEV, "ns1", "ip link set veth0 netns ns1"),
    ("ip link set veth0 namespace ns1", DEV, "namespace", "ip link set veth0 netns ns1"),
    ("ip link set veth0 lxcbr0", DEV, "lxcbr0", "ip link set veth0 master lxcbr0"),
    ("ip link set veth0 app", DEV, "app", "ip link set veth0 netns "),
    ("ip link set veth0 lan", DEV, "lan", "no link can be moved there"),
    ("ip link set veth0 uo", DEV, "uo", "did you mean up?"),
    ("ip link add br7 bridge", DEV, "bridge", "ip link add br7 type bridge"),
    ("ip link add bridge br7", DEV, "br7", "ip link add br7 type bridge"),
    ("ip link add a b type veth", DEV, "b", "ip link add a type veth peer name b"),
    ("ip link show veth9", 'Device "{}" does not exist.', "veth9", "the links of the host are"),
    (
        "ip link veth0 up",
        'Command "{}" is unknown, try "ip link help".',
        "veth0",
        "ip link set veth0 up",
    ),
    # -- routes
    ("ip route add default 192.0.2.1", TO, "192.0.2.1", "ip route add default via 192.0.2.1"),
    ("ip route add default gw 192.0.2.1", TO, "gw", "ip route add default via 192.0.2.1"),
    ("ip route add 10.5.0.0/24 eth0", TO, "eth0", "ip route add 10.5.0.0/24 dev eth0"),
    (  # beside another line's complaint, which is not this one's
        "ip route add defalt via 192.168.10.1",
        'RTNETLINK answers: File exists\nError: any valid prefix is expected rather than "{}".',
        "defalt",
        "did you mean default?",
    ),
    ("route add default 192.0.2.1", NO_DEVICE, "", "route add default gw 192.0.2.1"),
    ("route add default", NO_DEVICE, "", "route add default gw GATEWAY"),
    ("route add default via 192.0.2.1", "Usage: inet_route", "", "route add default gw 192.0.2.1"),
    # -- ports of a bridge
    ("bridge vlan add vid 10 dev to-host pvid", NO_PORT, "to-host", "of switch: begin the cell"),
    ("bridge vlan show dev lxcbr1", NO_PORT, "lxcbr1", "the links of the host are "),
    # -- the older programs
    (
        "brctl addif veth0 lxcbr0",
        "can't add {} to bridge veth0: Operation not supported",
        "lxcbr0",
        "brctl addif lxcbr0 veth0",
    ),
)


@cache
def lab() -> Snapshot:
    engine = FakeEngine()
    engine.apply(
        [
            AddBridge("lxcbr0"),
            AddNamespace("ns1"),
            AddVeth("veth0", "eth0", peer_ns="ns1"),
            AddContainer("app"),
        ]
    )
    return engine.snapshot()


@pytest.mark.parametrize(("line", "output", "word", "says"), LINES, ids=[row[0] for row in LINES])
def test_the_advice_is_the_line_that_was_meant(
    line: str, output: str, word: str, says: str
) -> None:
    found = hints(Said(line, output.format(word), 255, None, lab()))
    assert says in found
    assert bool(says) == bool(found)


def test_advice_stands_below_the_line_that_it_is_about() -> None:
    lines = ("ip link set veth0 uo", "ls /nowhere", "iptables -t nat -A POSTROUTING -j MASQUERAD")
    output = (
        f"{DEV.format('uo')}\nls: cannot access '/nowhere'\n"
        "iptables v1.8.9 (nf_tables): Chain 'MASQUERAD' does not exist"
    )
    failures = tuple(Failure(1, number, line) for number, line in enumerate(lines, 1))
    ran = CommandResult(1, "", output, failures, Diff(lab(), lab(), ()))
    assert ran._heading().splitlines() == [
        f"✘ line 1 ended with 1: {lines[0]}",
        "  → did you mean up?",
        f"✘ line 2 ended with 1: {lines[1]}",
        f"✘ line 3 ended with 1: {lines[2]}",
        "  → did you mean MASQUERADE?",
    ]
    assert ran.hints == ("did you mean up?", "did you mean MASQUERADE?")


def test_a_container_that_may_not_change_its_network() -> None:
    line = "docker exec app ip route add default via 172.17.0.1"
    refused = "ip: RTNETLINK answers: Operation not permitted"
    assert "begin a cell with %%ns app instead" in hints(Said(line, refused, 2, None, lab()))
    assert not hints(Said("docker exec app ls", "", 1, None, lab()))


def test_a_full_table_of_neighbours_is_the_machines() -> None:
    said = Said("ping -c 1 10.0.0.1", "ping: sendmsg: No buffer space available", 1, None, lab())
    assert "all labs on it share one, and nslab doctor says how its limit is raised" in hints(said)
