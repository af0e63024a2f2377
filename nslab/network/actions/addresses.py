"""Addresses."""

from __future__ import annotations

from nslab.network.actions.action import Action, Command, command


class AddAddress(Action, frozen=True):
    """Give a link an address with its prefix length.

    ``broadcast`` also sets the subnet's broadcast address, as ifconfig does and ``ip`` does only
    when asked to.

    :param link: the name of the link
    :param address: the address with its prefix length, such as ``192.168.10.1/24``
    :param ns: the namespace; the host if None
    :param broadcast: whether to set the subnet's broadcast address (IPv4 only)
    """

    link: str
    address: str
    ns: str | None = None
    broadcast: bool = True

    def _iproute2(self) -> list[Command]:
        wanted = self.broadcast and ":" not in self.address and self.prefix_length < 31
        broadcast = ("broadcast", "+") if wanted else ()
        return [command("ip", "address", "add", self.address, *broadcast, "dev", self.link)]

    @property
    def prefix_length(self) -> int:
        """The bits of the address that are the network."""
        return int(self.address.partition("/")[2])


class DeleteAddress(Action, frozen=True):
    """Take an address from a link.

    :param link: the name of the link
    :param address: the address with its prefix length, such as ``192.168.10.1/24``
    :param ns: the namespace; the host if None
    """

    link: str
    address: str
    ns: str | None = None

    def _iproute2(self) -> list[Command]:
        return [command("ip", "address", "delete", self.address, "dev", self.link)]
