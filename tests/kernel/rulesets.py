"""Random packet filter rules, as lines for the real tools.

Only what can be known of a single packet is in the grammar: no limits, no chance.  Names and
addresses are those of the network in :mod:`test_rules`.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

ADDRESSES = (
    "10.1.0.2",
    "10.1.0.0/24",
    "10.2.0.2",
    "10.2.0.0/24",
    "10.0.0.0/8",
    "10.2.0.1",
    "1.2.3.4",
)
PORTS = ("53", "80", "1000", "2000", "1:1023", "1024:65535")
LINKS = {"in": ("va", "vb", "v+"), "out": ("va", "vb", "v+", "lo")}
HOOKS = ("INPUT", "FORWARD", "OUTPUT")


class Iptables:
    """Lines for iptables, or its legacy form."""

    def __init__(self, chance: random.Random, tool: str) -> None:
        self.chance, self.tool = chance, tool

    def lines(self) -> Iterator[str]:
        pick = self.chance
        for number in (1, 2):
            yield f"{self.tool} -N U{number}"
        for chain in ("U2", "U1", *HOOKS):
            for _ in range(pick.randrange(0, 4)):
                yield f"{self.tool} -A {chain} {self._matches(chain)} {self._deed(chain)}"
        for chain in HOOKS:
            if pick.random() < 0.15:
                yield f"{self.tool} -P {chain} DROP"
        for _ in range(pick.randrange(0, 3)):
            yield f"{self.tool} -t nat -A POSTROUTING {self._matches('POSTROUTING')} {self._from()}"
        for _ in range(pick.randrange(0, 2)):
            chain = pick.choice(("PREROUTING", "OUTPUT"))
            yield f"{self.tool} -t nat -A {chain} {self._to(chain)}"
        if pick.random() < 0.5:
            chain = pick.choice(("PREROUTING", "OUTPUT", "FORWARD"))
            mark = pick.choice(("1", "0x12"))
            matches = self._matches(chain)
            yield f"{self.tool} -t mangle -A {chain} {matches} -j MARK --set-mark {mark}"
        if pick.random() < 0.2:
            yield f"{self.tool} -t raw -A PREROUTING {self._matches('PREROUTING')} -j CT --notrack"

    def _matches(self, chain: str) -> str:
        pick, words = self.chance, []
        kinds = [self._protocol, self._address, self._link, self._state, self._other]
        for kind in kinds:
            if pick.random() < 0.35:
                words += kind(chain)
        return " ".join(words)

    def _not(self) -> list[str]:
        return ["!"] if self.chance.random() < 0.25 else []

    def _protocol(self, chain: str) -> list[str]:
        pick = self.chance
        protocol = pick.choice(("icmp", "tcp", "udp"))
        if protocol == "icmp":
            kind = ["--icmp-type", pick.choice(("echo-request", "echo-reply", "3"))]
            return ["-p", "icmp", *(kind if pick.random() < 0.5 else [])]
        words = ["-p", protocol]
        form = pick.randrange(4)
        if form == 1:
            words += [*self._not(), pick.choice(("--dport", "--sport")), pick.choice(PORTS)]
        elif form == 2:
            two = ",".join(pick.sample(PORTS, 2))
            words += ["-m", "multiport", *self._not(), pick.choice(("--dports", "--sports")), two]
        elif form == 3 and protocol == "tcp":
            words += [*self._not(), "--syn"]
        return words

    def _address(self, chain: str) -> list[str]:
        option = self.chance.choice(("-s", "-d"))
        if self.chance.random() < 0.2:
            side = {"-s": "--src-range", "-d": "--dst-range"}[option]
            return ["-m", "iprange", *self._not(), side, "10.1.0.1-10.1.0.9"]
        return [*self._not(), option, self.chance.choice(ADDRESSES)]

    def _link(self, chain: str) -> list[str]:
        sides = {
            "INPUT": ["-i"],
            "PREROUTING": ["-i"],
            "FORWARD": ["-i", "-o"],
            "OUTPUT": ["-o"],
            "POSTROUTING": ["-o"],
        }.get(chain, [])
        if not sides:
            return []
        option = self.chance.choice(sides)
        names = LINKS["in" if option == "-i" else "out"]
        return [*self._not(), option, self.chance.choice(names)]

    def _state(self, chain: str) -> list[str]:
        states = self.chance.choice(
            ("NEW", "ESTABLISHED", "NEW,RELATED", "ESTABLISHED,RELATED", "INVALID")
        )
        return ["-m", "conntrack", *self._not(), "--ctstate", states]

    def _other(self, chain: str) -> list[str]:
        pick = self.chance
        return pick.choice(
            (
                ["-m", "mark", *self._not(), "--mark", pick.choice(("1", "0x2/0xf"))],
                ["-m", "addrtype", *self._not(), "--dst-type", "LOCAL"],
                ["-m", "addrtype", "--src-type", "LOCAL"],
                ["-m", "comment", "--comment", "'said in words'"],
                ["-m", "conntrack", *self._not(), "--ctstate", pick.choice(("SNAT", "DNAT"))],
            )
        )

    def _deed(self, chain: str) -> str:
        deeds = ["ACCEPT", "ACCEPT", "DROP", "DROP", "RETURN", "LOG"]
        if chain not in ("PREROUTING", "POSTROUTING"):
            deeds += ["REJECT"]
        below = {"U1": ["U2"], "U2": []}.get(chain, ["U1", "U2"])
        deed = self.chance.choice([*deeds, *below * 2])
        if deed in ("U1", "U2") and self.chance.random() < 0.3:
            return f"-g {deed}"
        return f"-j {deed}"

    def _from(self) -> str:
        return self.chance.choice(
            (
                "-j MASQUERADE",
                "-j SNAT --to-source 10.2.0.1",
                "-j SNAT --to-source 10.2.0.77",
                "-j ACCEPT",
                "-j RETURN",
            )
        )

    def _to(self, chain: str) -> str:
        protocol = self.chance.choice(("tcp", "udp"))
        matches = f"-p {protocol} --dport {self.chance.choice(('80', '2000', '1:1999'))}"
        deed = self.chance.choice(
            (
                "-j DNAT --to-destination 10.2.0.2:1000",
                "-j DNAT --to-destination 10.2.0.2",
                "-j REDIRECT --to-ports 1000",
                "-j REDIRECT",
            )
        )
        return f"{matches} {deed}"


class Nft:
    """One script for nft, as lines."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance

    def lines(self) -> Iterator[str]:
        pick = self.chance
        for number in range(pick.randrange(1, 3)):
            family = pick.choice(("ip", "inet"))
            table = f"{family} t{number}"
            yield f"add table {table}"
            yield (
                f"add set {table} some {{ type ipv4_addr; flags interval; "
                "elements = { 10.1.0.0/25, 10.2.0.2 }; }"
            )
            for chain in ("u2", "u1"):
                yield f"add chain {table} {chain}"
                for _ in range(pick.randrange(0, 3)):
                    yield f"add rule {table} {chain} {self._rule(chain, family)}"
            yield (
                f"add map {table} ways {{ type inet_service : verdict; "
                "elements = { 80 : accept, 1000-1999 : drop, 53 : jump u1 }; flags interval; }"
            )
            for hook in ("input", "forward", "output", "prerouting", "postrouting"):
                if pick.random() < 0.5:
                    yield from self._base(table, family, hook, number)
            yield from self._nat(table, family, number)

    def _base(self, table: str, family: str, hook: str, number: int) -> Iterator[str]:
        pick = self.chance
        # Of two chains with one priority, which comes first hangs on when they were made.
        priority = pick.choice((-310, -160, -10, 5, 110)) + number
        policy = "drop" if pick.random() < 0.1 else "accept"
        chain = f"b{hook}"
        yield (
            f"add chain {table} {chain} "
            f"{{ type filter hook {hook} priority {priority}; policy {policy}; }}"
        )
        for _ in range(pick.randrange(1, 4)):
            yield f"add rule {table} {chain} {self._rule(chain, family)}"

    def _nat(self, table: str, family: str, number: int) -> Iterator[str]:
        pick = self.chance
        if pick.random() < 0.5:
            deed = pick.choice(
                ("masquerade", "snat ip to 10.2.0.1", "snat ip to 10.2.0.77", "accept")
            )
            deed = deed.replace(" ip ", " ") if family == "ip" else deed
            yield (
                f"add chain {table} src {{ type nat hook postrouting priority {100 + number}; }}"
            )
            yield f"add rule {table} src {self._match('postrouting')} {deed}"
        if pick.random() < 0.4:
            hook = pick.choice(("prerouting", "output"))
            to = "ip to" if family == "inet" else "to"
            deed = pick.choice(
                (
                    f"tcp dport 80 dnat {to} 10.2.0.2:1000",
                    f"udp dport 1-1999 dnat {to} 10.2.0.2",
                    "tcp dport { 80, 2000 } redirect to :1000",
                    f"dnat {to} udp dport map {{ 53 : 10.2.0.2, 80 : 10.1.0.1 }}",
                )
            )
            yield f"add chain {table} dst {{ type nat hook {hook} priority {-100 + number}; }}"
            yield f"add rule {table} dst {deed}"

    def _rule(self, chain: str, family: str) -> str:
        pick = self.chance
        matches = " ".join(self._match(chain) for _ in range(pick.randrange(0, 3)))
        below = {"u1": ["jump u2"], "u2": []}.get(
            chain, ["jump u1", "goto u2", "tcp dport vmap @ways"]
        )
        deeds = ["accept", "accept", "drop", "drop", "return", "counter", "meta mark set 1"]
        if chain in ("binput", "bforward", "boutput"):
            deeds.append("reject")
        deed = pick.choice([*deeds, *below])
        return f"{matches} {deed}".strip()

    def _match(self, chain: str) -> str:
        pick = self.chance
        no = pick.choice(("", "", "", "!= "))
        options = [
            f"ip saddr {no}{pick.choice(ADDRESSES)}",
            f"ip daddr {no}{pick.choice(ADDRESSES)}",
            f"ip saddr {no}@some",
            f"ip daddr {no}{{ 10.1.0.1-10.1.0.9, 10.2.0.2 }}",
            f"meta l4proto {no}{pick.choice(('tcp', 'udp', 'icmp'))}",
            f"tcp dport {no}{pick.choice(('80', '{ 80, 1000 }', '1-1023'))}",
            f"udp dport {no}{pick.choice(('53', '{ 53, 2000 }'))}",
            "icmp type echo-request",
            f"ct state {pick.choice(('new', 'established', 'new,related'))}",
            "meta mark 1",
            "fib daddr type local",
            "ip saddr . ip daddr { 10.1.0.2 . 10.2.0.2, 10.1.0.2 . 10.1.0.1 }",
            "tcp dport > 500",
            "tcp flags & (syn|ack) == syn",
        ]
        if chain not in ("boutput",):
            options.append(f"iifname {no}{pick.choice(('va', '{ va, lo }'))}")
        if chain not in ("binput", "bprerouting"):
            options.append(f"oifname {no}vb")
        return pick.choice(options)
