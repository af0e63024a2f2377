"""What `make` says makes one network of another does so, for random networks."""

from __future__ import annotations

import os
import random
import re

import pytest
from machine import wait_for

from nslab import Lab
from nslab.network.making import Line, make
from nslab.network.model import Link
from nslab.session.export import shell
from nslab.session.history import Made
from nslab.session.repeating import carry_out, differences, mended

SEED = os.environ.get("NSLAB_SEED", "")
"""Any text: a commit, or what ``script/test`` takes where there is no git."""
# Not drawn: "ip -6 route delete" of a route that the kernel makes for an address.  Such routes come
# and go later than what they follow from, so a missing one is not told from a late one.
# Nor a static neighbour behind a bridge: the kernel forgets it when the bridge takes another MAC,
# which is some time after a namespace with the other end of a port was deleted.
SEEDS = range(int(os.environ.get("NSLAB_SEEDS", "8")))

NAMES = ("ns1", "ns2", "ns3")
# No link is called "a" or "b": ip takes these for "address" and "broadcast".
LINKS = ("p1", "p2", "c", "br0", "br1", "m0", "v.7", "eth0")
STATION = "02:00:00:00:00:99"

BASE = """
ip netns add ns1
ip netns add ns2
ip link add br0 type bridge
ip link add br1 type bridge stp_state 1 forward_delay 400 mcast_snooping 0
ip link add p1 type veth peer name eth0 netns ns1
ip link add p2 address 02:00:00:00:00:07 type veth peer name eth0 netns ns2
ip link add c type veth peer name v.7
ip netns exec ns1 ip link add br0 type bridge
ip link add m0 link eth0 type macvlan mode bridge
ip link add x0 type vxlan id 7 local 10.0.0.1 remote 10.0.0.2 dstport 4789 nolearning
bridge fdb append 00:00:00:00:00:00 dev x0 dst 10.0.0.3
ip link set p1 master br0
ip link set p2 master br0
ip link set c master br1
bridge link set dev p1 isolated on
ip address add 10.0.0.1/24 brd + dev br0
ip address add 10.0.0.2/24 dev br0
ip address add 10.1.0.1/24 dev br0
ip link set br0 up; ip link set p1 up; ip link set p2 up; ip link set c up; ip link set v.7 up
ip netns exec ns1 ip link set lo up
ip netns exec ns1 ip address add 10.0.0.3/24 dev eth0
ip netns exec ns1 ip link set eth0 up
ip netns exec ns1 ip route add default via 10.0.0.1
ip netns exec ns2 ip address add 10.0.0.4/24 dev eth0
ip netns exec ns2 ip link set eth0 up
ip netns exec ns2 ip route add 10.9.0.0/16 nexthop via 10.0.0.1 nexthop via 10.0.0.2 weight 3
sysctl -qw net.ipv4.ip_forward=1
sysctl -qw net/ipv4/conf/v.7/rp_filter=1
iptables -t nat -A POSTROUTING -s 10.0.0.0/24 -o eth0 -j MASQUERADE
iptables -N mine
iptables -A FORWARD -j mine
iptables -A mine -s 10.0.0.0/8 -m comment --comment "it's mine" -j ACCEPT
nft add table inet t
nft add chain inet t c '{ type filter hook input priority 0 ; policy drop ; }'
nft add rule inet t c iifname "lo" accept
nft add rule inet t c ip saddr { 10.0.0.1, 10.0.0.7 } tcp dport 1-3 counter accept
ip rule add from 10.1.0.0/24 lookup 100 priority 500
ip route add 10.8.0.0/16 via 10.0.0.3 metric 7 mtu 1400 table 100
ip neighbour replace 10.0.0.9 lladdr 02:00:00:00:00:99 dev v.7 nud permanent
mkdir -p /etc/netns/ns1; echo nameserver 8.8.8.8 > /etc/netns/ns1/resolv.conf
""".strip().splitlines()


def lines(dice: random.Random, count: int) -> str:
    """Lines as a person might type them; some of them fail."""

    def inside() -> str:
        ns = dice.choice((None, None, *NAMES))
        return f"ip netns exec {ns} " if ns else ""

    def link() -> str:
        return dice.choice(LINKS)

    def plain() -> str:
        return dice.choice([one for one in LINKS if not one.startswith("br")])

    def net() -> str:
        return f"10.{dice.randrange(3)}.0.{dice.randrange(1, 4)}/{dice.choice((8, 24, 24, 32))}"

    def six() -> str:
        return f"fd00::{dice.randrange(1, 4)}/{dice.choice((64, 128))}"

    def table() -> str:
        return dice.choice(("filter", "nat", "mangle"))

    def chain() -> str:
        return dice.choice(("INPUT", "FORWARD", "OUTPUT", "mine"))

    def spec() -> str:
        return dice.choice(
            ("-j DROP", "-s 10.0.0.0/8 -j ACCEPT", "-p tcp --dport 80 -j ACCEPT", "-i br0 -j mine")
        )

    def flag() -> str:
        return dice.choice(("learning", "flood", "isolated", "hairpin", "bcast_flood"))

    def words() -> str:
        return dice.choice(
            (
                f"ip netns add {dice.choice(NAMES)}",
                f"ip netns add {dice.choice(NAMES)}",
                f"ip netns delete {dice.choice(NAMES)}",
                f"{inside()}ip link add {dice.choice(('br0', 'br1'))} type bridge",
                f"{inside()}ip link add {link()} type veth peer name {link()}",
                f"ip link add {link()} type veth peer name {link()} netns {dice.choice(NAMES)}",
                f"ip link add m0 link {link()} type macvlan mode private",
                f"{inside()}ip link set {link()} netns {dice.choice(NAMES)}",
                f"{inside()}ip link delete {link()}",
                f"{inside()}ip link set {link()} name {link()}",
                *[f"{inside()}ip link set {link()} {dice.choice(('up', 'up', 'down'))}"] * 4,
                f"{inside()}ip link set {link()} master {dice.choice(('br0', 'br1'))}",
                f"{inside()}ip link set {link()} master {dice.choice(('br0', 'br1'))}",
                f"{inside()}ip link set {link()} nomaster",
                f"{inside()}ip link set {link()} mtu {dice.choice((1400, 1500, 9000))}",
                f"{inside()}ip link set {link()} address 02:00:00:00:00:0{dice.randrange(9)}",
                f"{inside()}ip link set {link()} promisc {dice.choice(('on', 'off'))}",
                f"{inside()}ip link set {link()} arp {dice.choice(('on', 'off'))}",
                f"{inside()}ip link set br1 type bridge stp_state {dice.randrange(2)}",
                f"{inside()}ip link set br0 type bridge forward_delay {dice.randrange(9)}00",
                f"{inside()}bridge link set dev {link()} {flag()} {dice.choice(('on', 'off'))}",
                *[f"{inside()}ip address add {net()} dev {link()}"] * 3,
                f"{inside()}ip address add {net()} brd + dev {link()}",
                f"{inside()}ip address delete {net()} dev {link()}",
                *[f"{inside()}ip address add {six()} dev {link()}"] * 2,
                f"{inside()}ip address delete {six()} dev {link()}",
                f"{inside()}ip -6 route add fd09::/32 dev {link()} metric 9",
                f"{inside()}ip -6 route add default via fd00::1",
                f"{inside()}ip route add default via 10.0.0.1",
                f"{inside()}ip route add 10.9.0.0/16 dev {link()}",
                f"{inside()}ip route add 10.8.0.0/16 via 10.1.0.2 metric 7 table 100",
                f"{inside()}ip route add blackhole 10.7.0.0/16",
                f"{inside()}ip route delete 10.{dice.randrange(2)}.0.0/24",
                f"{inside()}ip rule add from {net().partition('/')[0]} lookup 100 priority 500",
                f"{inside()}ip rule add fwmark 7 iif {link()} blackhole priority 600",
                f"{inside()}ip rule delete priority 500",
                f"{inside()}ip neighbour replace 10.0.0.9 lladdr {STATION} dev {plain()}",
                f"{inside()}ip neighbour add proxy 10.0.0.8 dev {link()}",
                f"{inside()}bridge fdb replace {STATION} dev {link()} master static",
                f"{inside()}sysctl -qw net.ipv4.ip_forward={dice.randrange(2)}",
                f"{inside()}sysctl -qw net.ipv4.conf.all.rp_filter={dice.randrange(3)}",
                f"{inside()}sysctl -qw net/ipv4/conf/{link()}/rp_filter={dice.randrange(3)}",
                f"{inside()}sysctl -qw net/ipv4/conf/{link()}/forwarding={dice.randrange(2)}",
                f"{inside()}sysctl -qw net.ipv4.ip_default_ttl={dice.choice((64, 9))}",
                f"{inside()}tc qdisc replace dev {link()} root pfifo limit 10",
                f"{inside()}iptables -t {table()} -N mine",
                *[f"{inside()}iptables -t {table()} -A {chain()} {spec()}"] * 2,
                f"{inside()}iptables -t {table()} -I {chain()} {spec()}",
                f"{inside()}iptables -t {table()} -D {chain()} 1",
                f"{inside()}iptables -P FORWARD {dice.choice(('DROP', 'ACCEPT'))}",
                f"{inside()}iptables -t nat -A POSTROUTING -s 10.0.0.0/8 -o eth0 -j MASQUERADE",
                f"{inside()}nft add table inet t",
                f"{inside()}nft add chain inet t c '{{ type filter hook input priority 0 ; }}'",
                f"{inside()}nft add rule inet t c tcp dport {dice.randrange(1, 4)} drop",
                f"{inside()}nft insert rule inet t c ip saddr 10.0.0.{dice.randrange(4)} counter",
                f"{inside()}nft delete table inet t",
                "mkdir -p /etc/netns/ns1; echo nameserver 8.8.8.8 > /etc/netns/ns1/resolv.conf",
                "rm -rf /etc/netns",
                f"echo {dice.randrange(3)} > /etc/mine",
                "echo nameserver 8.8.4.4 > /etc/resolv.conf",
            )
        )

    known = [line for line in BASE if dice.random() < 0.8]
    return "\n".join([*known, *(words() for _ in range(count))])


def typed(lab: Lab, text: str) -> str:
    """Run lines; what they printed as errors.

    A namespace's links go some time after it.  Until then a bridge may have the MTU of a port that
    is on its way out, and what is made meanwhile takes that.
    """
    errors = ""
    for part in re.split(r"(?m)(?<=^ip netns delete ...)\n", text):
        errors += lab.sh(part, timeout=None).stderr
        if part.endswith(tuple(f"ip netns delete {name}" for name in NAMES)):
            wait_for(lambda: all(one.peer for one in veths(lab)), "links that have gone")
    return errors


def veths(lab: Lab) -> list[Link]:
    return [one for ns in lab.snapshot() for one in ns.links if one.kind == "veth"]


@pytest.mark.parametrize("number", SEEDS)
def test_it_makes_one_random_network_of_another(number: int) -> None:
    dice = random.Random(f"{SEED} {number}")
    texts = [lines(dice, dice.randrange(40)) for _ in range(2)]
    six = number % 3 == 2
    with Lab(ipv6=six) as first, Lab(ipv6=six) as second:
        for lab, text in zip((first, second), texts, strict=True):
            typed(lab, text)
        wanted = second.snapshot()
        plan = make(first.snapshot(), wanted.aligned(first.snapshot()))
        assert plan.left == ()
        carry_out(first.engine, plan.pieces)
        once = differences(wanted, first.snapshot(), lasting=True)
        lost = differences(wanted, mended(first.engine, wanted), lasting=True)
        said = [f"{one.ns}: {one}" if isinstance(one, Line) else str(one) for one in plan.pieces]
        assert lost == [], "\n".join([f"seed {number}", *said, "once:", *once, "then:", *lost])
        print(f"once={len(once)}", once)


def test_nothing_is_made_of_the_same() -> None:
    with Lab() as lab:
        lab.sh(lines(random.Random(SEED), 20), timeout=None)
        assert not make(lab.snapshot(), lab.snapshot())


@pytest.mark.parametrize("number", SEEDS)
def test_the_commands_of_a_change_in_the_same_lab(number: int) -> None:
    """As of a terminal: the script of the difference makes the same in a twin."""
    dice = random.Random(f"{SEED} {number}")
    begin = lines(dice, 20)
    change = "\n".join(lines(dice, 12).splitlines()[-12:])
    six = number % 3 == 2
    with Lab(ipv6=six) as lab, Lab(ipv6=six) as twin:
        for each in (lab, twin):
            typed(each, begin)
        before = lab.snapshot()
        assert differences(before, twin.snapshot(), lasting=True) == []
        typed(lab, change)
        plan = make(before, lab.snapshot())
        assert plan.left == ()
        (text,) = shell([Made(plan.pieces, plan.left)])
        errors = typed(twin, text)
        said = f"seed {number}\n{begin}\n\n{change}\n\n{text}\n{errors}"
        assert differences(lab.snapshot(), twin.snapshot(), lasting=True) == [], said


UP = "ip link add br0 type bridge; ip address add 10.0.0.1/24 dev br0; ip link set br0 up"
INSIDE = ("", "ip netns add ns3; ip netns exec ns3 ")
LOST = "ip route delete 10.0.0.0/24"
BACK = "ip route add 10.0.0.0/24 dev br0"
ON = "ip link set v0 master br0"
PORT = f"{UP}; ip link add v0 type veth peer name v1; {ON}"
VETH = "ip link add x type veth peer name y"
SWAP = "ip link set x name z; ip link set eth0 name x; ip link set z name eth0"
PORTLESS = "ip link add br0 type bridge; ip link set v0 master br0; ip link set v0 nomaster"
HOPS = "nexthop via 10.0.0.9 dev br0 nexthop via 10.0.0.8 dev br0 weight 3"
RULE = "iptables -A INPUT -p"
SIX = UP.replace("10.0.0.1/24", "fd00::1/64")
LOST_SIX = "ip -6 route delete fd00::/64"
BACK_SIX = "ip -6 route add fd00::/64 dev br0"


@pytest.mark.parametrize(
    ("begin", "change"),
    [
        (UP, f"{LOST}; ip address add 10.1.0.1/8 dev br0"),
        (UP, f"ip address add 10.0.0.2/24 dev br0; {LOST}"),
        (UP, f"ip address delete 10.0.0.1/24 dev br0; ip address add 10.0.0.7/24 dev br0; {LOST}"),
        (UP, f"{LOST}; ip link set br0 down; ip link set br0 up; {LOST}"),
        (UP, f"ip link set br0 name br1; ip link set br1 up; {LOST}"),
        (UP.rpartition(";")[0], f"ip link set br0 up; {LOST}"),
        ("true", f"{UP}; {LOST}"),
        ("true", f"{UP}; ip route add 10.9.0.0/16 via 10.0.0.9; {LOST}"),
        (f"{UP}; {LOST}", f"{BACK}; ip route add 10.9.0.0/16 via 10.0.0.9; {LOST}"),
        (f"{UP}; {LOST}", f"{BACK}; ip route add 10.9.0.0/16 {HOPS}; {LOST}"),
        (f"{SIX}; {LOST_SIX}", f"{BACK_SIX}; ip route add fd09::/32 via fd00::9; {LOST_SIX}"),
        # A bridge that was given a MAC takes none of a port's any more.
        (f"{PORT}; ip link set br0 address 02:00:00:00:00:09", f"ip link delete br0; {UP}; {ON}"),
        (f"{PORT}; ip link set br0 address 02:00:00:00:00:09", f"ip link delete br0; {PORTLESS}"),
        # Each takes a name that another one had.
        (f"{VETH}; ip link set x down; ip link set eth0 down", SWAP),
        (f"ip netns add n; {VETH} netns n", "ip netns delete n; ip link set eth0 name x"),
        # A card of the host's that is moved away from below a macvlan.
        (UP, "ip netns add n; ip link add m0 link eth0 type macvlan; ip link set eth0 netns n"),
        (UP, f"ip route add 10.9.0.0/16 via 10.0.0.9; {LOST}"),
        # What a new namespace has as a setting is the machine's, not the pseudo-host's.
        ("true", "; ".join(f"{each}sysctl -qw net.ipv4.conf.all.rp_filter=1" for each in INSIDE)),
        # Rules go behind those there are, between them, and in their order.
        (f"{RULE} icmp -j DROP", f"{RULE} tcp -j ACCEPT; {RULE} udp -j DROP"),
        (f"{RULE} icmp -j DROP; {RULE} udp -j DROP", "iptables -I INPUT 2 -p tcp -j ACCEPT"),
        # A bridge that has lost its last port has no MAC.
        ("true", f"{UP}; ip link add v0 type veth peer name v1 master br0; ip link delete v0"),
    ],
)
def test_the_commands_of_a_change_step_by_step(begin: str, change: str) -> None:
    six = "::" in begin
    with Lab(ipv6=six) as lab, Lab(ipv6=six) as twin:
        for each in (lab, twin):
            each.sh(begin)
        before = lab.snapshot()
        lab.sh(change)
        plan = make(before, lab.snapshot())
        assert plan.left == ()
        (text,) = shell([Made(plan.pieces, plan.left)])
        twin.sh(text)
        assert differences(lab.snapshot(), twin.snapshot(), lasting=True) == [], text
