"""Random networks: bridges, namespaces and routers, drawn from a seed, with steps left out.

Nobody says what works in them; a real packet does.  Each step of the right way to build one is left
out, doubled or mistaken with a small chance, and then a few switches are turned at random.
"""

from __future__ import annotations

import random

from faults.topologies import WORLD, ping
from faults.values import Network, Question

_DROP = (
    "nft add table inet f; nft add chain inet f c '{{ type filter hook forward priority 0 ; }}'\n"
    "nft add rule inet f c ip daddr {} drop"
)


def drawn(seed: int) -> Network:
    """The network of a seed, with its questions."""
    return _Drawing(seed).network()


class _Drawing:
    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.chance = random.Random(seed)
        self.lines: list[str] = []
        self.slips = self.chance.choice((0.0, 0.01, 0.03))
        """The chance that a step is not done as it should be."""

    def network(self) -> Network:
        chance = self.chance
        subnets = chance.randint(1, 3)
        hosts: list[tuple[str, str, int]] = []
        for number in range(subnets):
            self._bridge(number)
            for place in range(chance.randint(1, 3)):
                hosts.append(self._host(number, place))
        if chance.random() < 0.9:
            self._do("sysctl -qw net.ipv4.ip_forward=1")
        for number in range(subnets):
            if chance.random() < 0.85:
                self._nat(number)
        for _ in range(chance.choice((0, 0, 1, 1, 2))):
            self.lines.append(self._switch(hosts))
        return Network(self.seed, "\n".join(self.lines), self._questions(hosts))

    def _do(self, line: str) -> None:
        """A step, or a slip."""
        if self.chance.random() >= self.slips:
            self.lines.append(line)

    def _bridge(self, number: int) -> None:
        self._do(f"ip link add br{number} address 02:00:00:{number:02x}:00:01 type bridge")
        self._do(f"ip addr add 10.{number}.0.1/24 dev br{number}")
        self._do(f"ip link set br{number} up")

    def _host(self, number: int, place: int) -> tuple[str, str, int]:
        ns, port = f"n{number}{place}", f"p{number}{place}"
        address = f"10.{number}.0.{11 + place}"
        if self.chance.random() < self.slips * 3:
            address = f"10.{number}.0.{self.chance.randint(1, 13)}"
        length = self.chance.choices((24, 32, 16, 8), (40, self.slips * 40, 0.4, 0.2))[0]
        self.lines.append(f"ip netns add {ns}")
        self.lines.append(
            f"ip link add {port} type veth peer name eth0 address "
            f"02:00:00:{number:02x}:00:{11 + place:02x} netns {ns}"
        )
        self._do(f"ip link set {port} master br{number}")
        self._do(f"ip link set {port} up")
        self._do(f"ip -n {ns} link set lo up")
        self._do(f"ip -n {ns} addr add {address}/{length} dev eth0")
        self._do(f"ip -n {ns} link set eth0 up")
        gateway = f"10.{number}.0.1"
        if self.chance.random() < self.slips * 2:
            gateway = f"10.{number}.0.{self.chance.randint(1, 13)}"
        self._do(f"ip -n {ns} route add default via {gateway}")
        return ns, address, number

    def _nat(self, number: int) -> None:
        source = f"10.{number}.0.0/24"
        tool = self.chance.choice(("iptables", "iptables-legacy", "nft"))
        if tool == "nft":
            self.lines += (
                f"nft add table ip t{number}",
                f"nft add chain ip t{number} p '{{ type nat hook postrouting priority 100 ; }}'",
                f"nft add rule ip t{number} p ip saddr {source} oifname eth0 masquerade",
            )
        else:
            self.lines.append(f"{tool} -t nat -A POSTROUTING -s {source} -o eth0 -j MASQUERADE")

    def _switch(self, hosts: list[tuple[str, str, int]]) -> str:
        chance = self.chance
        ns, address, number = chance.choice(hosts)
        port = ns.replace("n", "p")
        return chance.choice(
            (
                f"ip -n {ns} link set eth0 mtu 1200",
                f"ip -n {ns} link set eth0 arp off",
                f"ip link set {port} down",
                f"bridge link set dev {port} isolated on",
                f"bridge link set dev {port} learning off",
                f"ip route add blackhole {address}/32",
                f"ip rule add from {address} table 9",
                f"ip rule add from {address} prohibit",
                "sysctl -qw net.ipv4.conf.all.rp_filter=1",
                f"sysctl -qw net.ipv4.conf.br{number}.forwarding=0",
                f"sysctl -qw net.ipv4.conf.br{number}.proxy_arp=1",
                f"ip netns exec {ns} sysctl -qw net.ipv4.icmp_echo_ignore_all=1",
                f"ip netns exec {ns} sysctl -qw net.ipv4.conf.all.arp_ignore=1",
                "iptables -P FORWARD DROP",
                f"iptables -A FORWARD -s {address} -j DROP",
                f"iptables -A INPUT -i br{number} -p tcp -j DROP",
                f"ip netns exec {ns} iptables -A OUTPUT -p icmp -j DROP",
                _DROP.format(address),
                f"ip neigh replace {address} lladdr 02:00:00:00:99:99 dev br{number} nud permanent",
                f"ip -n {ns} route replace default dev eth0",
                f"ip -n {ns} addr add 10.77.0.1/32 dev lo",
                f"ip link set br{number} type bridge stp_state 1 forward_delay 3000",
            )
        )

    def _questions(self, hosts: list[tuple[str, str, int]]) -> tuple[Question, ...]:
        chance = self.chance
        asked = []
        for _ in range(2):
            ns, _, number = chance.choice(hosts)
            targets = [
                WORLD,
                f"10.{number}.0.1",
                *(address for other, address, _ in hosts if other != ns),
            ]
            asked.append(ping(ns, chance.choice(targets)))
        return tuple(dict.fromkeys(asked))
