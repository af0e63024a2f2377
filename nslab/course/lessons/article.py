"""The rows of the article: every command that it prints, and every claim that it makes.

"Linux Network Namespace", https://coolshell.cn/articles/17029.html.  The tests hold the notebooks
against this table: each row is run by a cell as printed, and its effect is checked.
"""

from __future__ import annotations

from msgspec import Struct

SOURCE = "https://coolshell.cn/articles/17029.html"


class Row(Struct, frozen=True):
    """A row: ``lines`` are commands as printed, or ``claim`` is what the article says."""

    id: str
    lines: tuple[str, ...] = ()
    claim: str = ""


ROWS: tuple[Row, ...] = (
    Row(
        "A1",
        claim="a Docker host has a physical NIC, a bridge docker0, containers with an eth0 "
        "each, and veth pairs between them",
    ),
    Row(
        "A2",
        claim="the engine takes a private range (172.x, 10.0.0.0, 192.168.0.0) that the "
        "routing table does not have, and fails when all are taken",
    ),
    Row(
        "A3",
        ("ip link show", "ip addr show"),
        "a Docker host shows lo, eth0, docker0 and veth22a38e6",
    ),
    Row("B1", ("brctl addbr lxcbr0",)),
    Row("B2", ("brctl stp lxcbr0 off",)),
    Row("B3", ("ifconfig lxcbr0 192.168.10.1/24 up",)),
    Row("C1", ("ip netns add ns1",)),
    Row("C2", ("ip netns exec ns1   ip link set dev lo up",)),
    Row("D1", ("ip link add veth-ns1 type veth peer name lxcbr0.1",)),
    Row("D2", ("ip link set veth-ns1 netns ns1",)),
    Row("D3", ("ip netns exec ns1  ip link set dev veth-ns1 name eth0",)),
    Row("D4", ("ip netns exec ns1 ifconfig eth0 192.168.10.11/24 up",)),
    Row("D5", ("brctl addif lxcbr0 lxcbr0.1",)),
    Row("E1", ("ip netns exec ns1     ip route add default via 192.168.10.1",)),
    Row("E2", claim="the container can now reach the outside"),
    Row("F1", ("mkdir -p /etc/netns/ns1",)),
    Row("F2", ('echo "nameserver 8.8.8.8" > /etc/netns/ns1/resolv.conf',)),
    Row("F3", claim="names resolve inside the container; Docker does it by a mount namespace"),
    Row("G1", claim="Docker names the network namespace by the process's PID"),
    Row("G2", claim="Docker does not run ip; it sends the netlink messages itself"),
    Row("H1", ("ip link add peerA type veth peer name peerB",)),
    Row("H2", ("brctl addif docker0 peerA",)),
    Row("H3", ("ip link set peerA up",)),
    Row("H4", ("ip link set peerB netns ${container-pid}",)),
    Row("H5", ("ip netns exec ${container-pid} ip link set dev peerB name eth1",)),
    Row("H6", ("ip netns exec ${container-pid} ip link set eth1 up ;",)),
    Row("H7", ("ip netns exec ${container-pid} ip addr add ${ROUTEABLE_IP} dev eth1 ;",)),
    Row(
        "I1",
        claim="the physical NIC must be promiscuous; eth1 announces its MAC by ARP, and the "
        "outside switch sends its frames to the physical NIC",
    ),
    Row("J1", claim="NAT costs a forwarding step"),
    Row("J2", claim="in promiscuous mode every virtual NIC is loaded with all the NIC's traffic"),
    Row("K1", claim="VLAN technology is the real answer; IPVLAN was made to measure for Docker"),
)


def row(ident: str) -> Row:
    """The row of that id; KeyError if there is none."""
    for found in ROWS:
        if found.id == ident:
            return found
    raise KeyError(ident)
