"""Address translation."""

from __future__ import annotations

from nslab.errors import InvalidInput
from nslab.network.actions.action import Action, Command, command


class Masquerade(Action, frozen=True):
    """Rewrite the source of what leaves ``out`` from ``source`` to the address of ``out``.

    :param source: the network whose packets are translated
    :param out: the link that the packets leave by
    :param ns: the namespace; the host if None
    """

    source: str
    out: str
    ns: str | None = None

    def _check(self) -> None:
        if ":" in self.source:
            raise InvalidInput(
                "masquerade", self.source, "it is an IPv6 network", "give an IPv4 network"
            )

    def _iproute2(self) -> list[Command]:
        # `add` is no error for a table or chain that is there already (nft(8)).
        chain = "{ type nat hook postrouting priority srcnat ; }"
        source = () if self.source == "default" else ("ip", "saddr", self.source)
        return [
            command("nft", "add", "table", "ip", "nslab"),
            command("nft", "add", "chain", "ip", "nslab", "postrouting", chain),
            command(
                "nft",
                "add",
                "rule",
                "ip",
                "nslab",
                "postrouting",
                *source,
                "oifname",
                self.out,
                "masquerade",
            ),
        ]

    def _classic(self) -> list[Command]:
        source = () if self.source == "default" else ("-s", self.source)
        return [
            command(
                "iptables",
                "-t",
                "nat",
                "-A",
                "POSTROUTING",
                *source,
                "-o",
                self.out,
                "-j",
                "MASQUERADE",
            )
        ]
