"""``lab.why`` with packets: what it says of faults that a snapshot alone does not show.

Each fault is made by real commands; that it is one, and that the remedy as printed mends it, is
told by the programs that people use, not by our own packets.
"""

from __future__ import annotations

import random
import shlex
import time
from collections.abc import Iterator

import pytest
from breakage import BREAKAGES, build

import nslab
from nslab import Lab, Reaches
from nslab.engine.protocol import Engine
from nslab.explain.diagnose import remedy
from nslab.explain.trace import routing
from nslab.network import diff
from nslab.network.evidence import WITHOUT_PROBES, Lookup

pytestmark = pytest.mark.kernel

LIMIT = 60.0
WEB = "203.0.113.80"
INPUT = "type filter hook input priority 0"
NETWORK = """
ip link add br0 type bridge
ip addr add 192.168.10.1/24 dev br0
ip -6 addr add fd00::1/64 dev br0 nodad
ip link set br0 up
for i in 1 2; do
  ip netns add ns$i
  ip link add v$i type veth peer name eth0 netns ns$i
  ip link set v$i master br0 up
  ip -n ns$i link set lo up
  ip -n ns$i addr add 192.168.10.1$i/24 dev eth0
  ip -n ns$i -6 addr add fd00::1$i/64 dev eth0 nodad
  ip -n ns$i link set eth0 up
  ip -n ns$i route add default via 192.168.10.1
done
sysctl -qw net.ipv4.ip_forward=1
iptables -t nat -A POSTROUTING -s 192.168.10.0/24 ! -o br0 -j MASQUERADE
"""

FAULTS: dict[str, tuple[str, str, str, str, str]] = {
    # name: (lines, target, how people would try it, kind, where)
    "policy": ("iptables -P FORWARD DROP", WEB, "ping", "filter-drop", "host"),
    "rule": ("iptables -A FORWARD -p icmp -j DROP", WEB, "ping", "filter-drop", "host"),
    "old iptables": (
        "iptables-legacy -A FORWARD -p icmp -j DROP",
        WEB,
        "ping",
        "filter-drop",
        "host",
    ),
    "user chain": (
        (
            "nft 'add table ip t; add chain ip t mine; add rule ip t mine meta l4proto icmp drop;"
            " add chain ip t f { type filter hook forward priority 0; }; add rule ip t f jump mine'"
        ),
        WEB,
        "ping",
        "filter-drop",
        "host",
    ),
    "bridge": (
        f"nft 'add table bridge b; add chain bridge b c {{ {INPUT}; policy drop; }}'",
        "192.168.10.1",
        "ping",
        "filter-drop",
        "host",
    ),
    "reject": ("iptables -A FORWARD -p tcp -j REJECT", f"{WEB}:80", "tcp", "filter-reject", "host"),
    "answer": (
        "ip netns exec ns2 iptables -A OUTPUT -p icmp -j DROP",
        "192.168.10.12",
        "ping",
        "filter-drop",
        "ns2",
    ),
    "own output": (
        "ip netns exec ns1 iptables -A OUTPUT -p icmp -j DROP",
        WEB,
        "ping",
        "filter-drop",
        "ns1",
    ),
    "own input": ("ip netns exec ns1 iptables -P INPUT DROP", WEB, "ping", "filter-drop", "ns1"),
    "neighbour": (
        "ip -n ns1 neigh replace 192.168.10.1 lladdr 02:11:22:33:44:55 dev eth0 nud permanent",
        WEB,
        "ping",
        "wrong-neighbour",
        "ns1/eth0",
    ),
    "one link does not forward": (
        "sysctl -qw net.ipv4.conf.br0.forwarding=0",
        WEB,
        "ping",
        "no-forwarding",
        "host/br0",
    ),
    "link down": ("ip link set v1 down", WEB, "ping", "link-down", "host/v1"),
    "isolated": (
        "bridge link set dev v1 isolated on; bridge link set dev v2 isolated on",
        "192.168.10.12",
        "ping",
        "isolated-port",
        "host/v2",
    ),
    "echo ignored": (
        "ip netns exec ns2 sysctl -qw net.ipv4.icmp_echo_ignore_all=1",
        "192.168.10.12",
        "ping",
        "echo-ignored",
        "ns2",
    ),
    "ARP off": (
        "ip -n ns2 link set eth0 arp off; ip -n ns1 neigh flush all",
        "192.168.10.12",
        "ping",
        "arp-off",
        "ns2/eth0",
    ),
    "IPv6: neighbour discovery is dropped": (
        (
            "ip netns exec ns2 ip6tables -A INPUT -p icmpv6 --icmpv6-type neighbour-solicitation"
            " -j DROP; ip -n ns1 -6 neigh flush all"
        ),
        "fd00::12",
        "ping",
        "filter-drop",
        "ns2",
    ),
    "a filter of tc": (
        ("tc qdisc add dev v1 clsact; tc filter add dev v1 ingress bpf da bytecode '1,6 0 0 2,'"),
        WEB,
        "ping",
        "tc-drop",
        "host/v1",
    ),
    "IPv6: the other's link is down, and another's beside": (
        (
            "ip -6 addr add fd00:9::1/64 dev eth0 nodad; ip link add x1 type veth peer name x2;"
            " ip link set v2 down"
        ),
        "fd00::12",
        "ping",
        "link-down",
        "host/v2",
    ),
    "a policy rule": (
        "ip rule add from 192.168.10.0/24 unreachable",
        WEB,
        "ping",
        "policy-route",
        "host",
    ),
}
"""Faults with a remedy that can be typed."""

UNDECIDED: dict[str, tuple[str, str, str]] = {
    "one of two programs of tc": (
        (
            "tc qdisc add dev v1 clsact;"
            " tc filter add dev v1 ingress pref 1 bpf da bytecode '1,6 0 0 4294967295,';"
            " tc filter add dev v1 ingress pref 2 bpf da bytecode '1,6 0 0 2,'"
        ),
        "192.168.10.1",
        "host/v1",
    )
}
"""Faults that no theory, no counter and no trace names: never ✔, and placed to the link."""

WORKING: dict[str, tuple[str, str]] = {
    "as it is": ("true", WEB),
    "a port": ("true", f"{WEB}:80"),
    "a name": ("true", "www.example.org"),
    "IPv6": ("true", "fd00::12"),
    "policy routing": (
        (
            "ip route add default via 198.51.100.1 table 9; ip rule add to 203.0.113.0/24 table 9;"
            " ip route del default"
        ),
        WEB,
    ),
    "SNAT": (
        "iptables -t nat -F; iptables -t nat -A POSTROUTING -j SNAT --to-source 198.51.100.10",
        WEB,
    ),
    "accepted": ("iptables -P FORWARD DROP; iptables -A FORWARD -j ACCEPT", WEB),
    "published": (
        (
            "iptables -t nat -A OUTPUT -d 198.51.100.10 -p tcp --dport 8080"
            f" -j DNAT --to-destination {WEB}:80;"
            f" iptables -t nat -A PREROUTING -d 198.51.100.10 -p tcp --dport 8080"
            f" -j DNAT --to-destination {WEB}:80"
        ),
        "198.51.100.10:8080",
    ),
}
"""What works, although it is unusual: no obstacle may be seen."""


@pytest.fixture
def network() -> Iterator[Lab]:
    with Lab(ipv6=True) as made:
        made.sh(NETWORK, echo=False)
        yield made


def typed(lab: Lab, lines: str) -> None:
    ran = lab.sh(lines, echo=False)
    assert ran.returncode == 0, ran


def works(lab: Lab, target: str, how: str) -> bool:
    """What a program says that people use."""
    host, _, port = target.rpartition(":") if how == "tcp" else (target, "", "")
    tries = {
        "ping": ("ping", "-n", "-c", "1", "-W", "1", host),
        "tcp": ("timeout", "2", "bash", "-c", f"exec 3<>/dev/tcp/{shlex.quote(host)}/{port}"),
    }
    return lab.run(*tries[how], ns="ns1").returncode == 0


def works_in_time(lab: Lab, target: str, how: str) -> bool:
    """The same, with the time that a neighbour takes who was asked in vain before."""
    end = time.monotonic() + LIMIT
    while not works(lab, target, how):
        if time.monotonic() > end:
            return False
    return True


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_named_and_its_remedy_mends_it(network: Lab, name: str) -> None:
    lines, target, how, kind, where = FAULTS[name]
    if name == "old iptables" and network.run("iptables-legacy", "-L").returncode:
        pytest.skip("this kernel has no ip_tables")
    assert works_in_time(network, target, how)
    typed(network, lines)
    assert not works(network, target, how)
    found = network.why("ns1", target)
    assert found.obstacle is not None
    assert (found.ok, found.obstacle.kind, found.obstacle.where) == (False, kind, where), found
    assert found.witness, "what was seen is said"
    assert found.evidence is not None
    typed(network, found.obstacle.hint)
    assert works_in_time(network, target, how), found
    assert network.why("ns1", target).ok


@pytest.mark.parametrize("name", UNDECIDED)
def test_what_cannot_be_decided_is_placed(network: Lab, name: str) -> None:
    lines, target, where = UNDECIDED[name]
    assert works_in_time(network, target, "ping")
    typed(network, lines)
    assert not works(network, target, "ping")
    found = network.why("ns1", target)
    assert found.obstacle is not None
    assert (found.ok, found.obstacle.kind, found.obstacle.where) == (None, "lost", where), found


@pytest.mark.parametrize("name", WORKING)
def test_what_works_is_no_obstacle(network: Lab, name: str) -> None:
    lines, target = WORKING[name]
    typed(network, lines)
    found = network.why("ns1", target)
    assert found.ok is True, found
    assert found.witness


def test_ports_are_refused_where_nothing_listens(network: Lab) -> None:
    typed(network, "ip netns exec ns2 python3 -m http.server 8000 --bind 127.0.0.1 &>/dev/null &")
    end = time.monotonic() + LIMIT
    while ":8000" not in network.run("ss", "-ltn", ns="ns2").stdout:
        assert time.monotonic() < end
    elsewhere = network.why("ns1", "192.168.10.12:8000").obstacle
    assert elsewhere is not None
    assert (elsewhere.kind, elsewhere.where) == ("port-elsewhere", "ns2")
    assert "127.0.0.1 only" in elsewhere.message
    for target, where in ((f"{WEB}:81", "internet"), ("192.168.10.1:81", "host")):
        closed = network.why("ns1", target).obstacle
        assert closed is not None
        assert (closed.kind, closed.where) == ("port-closed", where)
    datagram = network.why("ns1", WEB, port=81, protocol="udp").obstacle
    assert datagram is not None
    assert (datagram.kind, datagram.where) == ("port-closed", "internet")


def test_a_size_that_does_not_fit(network: Lab) -> None:
    typed(network, "ip link set eth0 mtu 1300")
    before = network.snapshot()
    obstacle = network.why("ns1", WEB, size=1400).obstacle
    assert obstacle is not None
    assert (obstacle.kind, obstacle.where) == ("too-big", "host/eth0")
    assert network.why("ns1", WEB, size=1272).ok
    assert changes(before, network) == []


def test_names(network: Lab) -> None:
    missing = network.why("ns1", "nowhere.example.org").obstacle
    assert missing is not None
    assert missing.kind == "no-record"
    typed(network, "echo 'nameserver 127.0.0.53' > /etc/resolv.conf")
    found = network.why("ns1", "www.example.org")
    assert found.obstacle is not None
    assert found.obstacle.kind == "resolver-file"
    network.do(*found.actions)
    assert network.why("ns1", "www.example.org").ok
    typed(network, "echo 'nameserver 203.0.113.80' > /etc/netns/ns1/resolv.conf")
    refused = network.why("ns1", "www.example.org").obstacle
    assert refused is not None
    assert (refused.kind, refused.where) == ("server-silent", "internet")


def test_nobody_has_an_address_of_ipv6(network: Lab) -> None:
    obstacle = network.why("ns1", "fd00::99").obstacle
    assert obstacle is not None
    assert (obstacle.kind, obstacle.where) == ("nobody-has-address", "ns1/eth0")
    assert network.check(Reaches("ns1", "fd00::12"))
    assert not network.check(Reaches("ns1", "fd00::99"))


def test_without_packets_it_says_so(network: Lab) -> None:
    found = network.why("ns1", WEB, probe=False)
    assert found.ok
    assert found.evidence is None
    assert "no packet was sent" in found.notes[-1]
    six = network.why("ns1", "fd00::12", probe=False)
    assert six.ok is None


def changes(before: object, lab: Lab) -> list[str]:
    found = diff.compare(before, lab.snapshot()).changes  # type: ignore[arg-type]
    return [one.text for one in found if one.what not in diff.LEARNED]


def test_nothing_is_left_and_a_capture_can_leave_it_out(network: Lab) -> None:
    typed(network, "iptables -P FORWARD DROP")
    before = network.snapshot()
    filter = f"(icmp or tcp or udp) and {WITHOUT_PROBES}"
    with network.capture("ns1/eth0", filter=filter) as seen:
        network.why("ns1", WEB)
        network.why("ns1", f"{WEB}:80")
        network.why("ns1", "www.example.org")
        network.run("ping", "-n", "-c", "1", "-W", "1", WEB, ns="ns1")
    assert len(seen.frames) == 1, seen
    assert changes(before, network) == []
    tables = network.sh("nft list tables; ip netns exec ns1 nft list tables", echo=False)
    assert "nslab" not in tables.stdout


@pytest.mark.parametrize("seed", range(4))
def test_our_evaluator_agrees_with_the_kernels_routes(lab: Lab, seed: int) -> None:
    """On networks without policy rules, which it does not know."""
    chosen = random.Random(seed)
    build(lab, *chosen.sample(sorted(BREAKAGES), 3))
    for _ in range(4):
        length = chosen.choice((8, 16, 24, 32))
        kind = chosen.choice(("", "unreachable ", "blackhole ", "prohibit "))
        dev = "" if kind else f" dev {chosen.choice(('lxcbr0', 'br1'))}"
        third = chosen.randrange(4)
        address = {8: "10.0.0.0", 16: "10.1.0.0", 24: f"10.1.{third}.0", 32: f"10.1.{third}.9"}
        lab.sh(f"ip route add {kind}{address[length]}/{length}{dev}", echo=False)
    snapshot = lab.snapshot()
    targets = [f"10.1.{third}.{last}" for third in range(4) for last in (8, 9)]
    targets += ["10.2.0.1", WEB, "192.168.10.77", "192.168.20.77", "8.8.8.8"]
    engine: Engine = lab._engine
    refused = {13: "prohibit", 22: "blackhole", 113: "unreachable"}
    for here in snapshot:
        for target in targets:
            if routing.holder(here, target) is not None:
                continue
            ours = routing.lookup(here, target)
            (theirs,) = engine.lookup([Lookup(ns=remedy.reference(here), target=target)])
            if theirs.route is None:
                kind = ours.kind if ours is not None else "no route"
                assert kind == refused.get(theirs.errno, "no route"), (here.label, target)
            elif theirs.route.kind == "unicast":
                assert ours is not None, (here.label, target)
                assert (ours.destination, ours.via, ours.dev) == (
                    theirs.route.destination,
                    theirs.route.via,
                    theirs.route.dev,
                ), (here.label, target)


def test_counters_and_connections_of_a_ping_through_nat() -> None:
    with nslab.lesson("05-way-out").lab() as lab:
        lab.sh("ip netns exec ns1 ip route add default via 192.168.10.1", echo=False)
        lab.counters("host", "IpInAddrErrors", "IpForwDatagrams")
        assert not lab.ping("ns1", "203.0.113.80", timeout=1)
        (forwarded, errors) = lab.counters("host", "IpInAddrErrors", "IpForwDatagrams")
        assert (forwarded.new, errors.new) == (0, 1)
        lab.sh(
            "sysctl -w net.ipv4.ip_forward=1; iptables -t nat -A POSTROUTING -o eth0 -j MASQUERADE",
            echo=False,
        )
        assert lab.ping("ns1", "203.0.113.80")
        assert lab.counters("host", "IpForwDatagrams")[0].new == 2, "there and back"
        (line, _) = str(lab.connections("host", "icmp")).splitlines()
        assert line.endswith("leaves as 198.51.100.10 → 203.0.113.80")
        assert len(lab.connections("lan")) == 0
