"""Addresses and routes."""

from __future__ import annotations

from nslab.errors import InvalidInput
from nslab.network.actions.action import Action, Command, command


class AddAddress(Action, frozen=True):
    """Give a link an address with its prefix length.

    ``broadcast`` also sets the subnet's broadcast address, as ifconfig does and ``ip`` does only
    when told to.
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
    """Take an address from a link."""

    link: str
    address: str
    ns: str | None = None

    def _iproute2(self) -> list[Command]:
        return [command("ip", "address", "delete", self.address, "dev", self.link)]


class AddRoute(Action, frozen=True):
    """Add a route: ``AddRoute("default", via="192.168.10.1", ns="ns1")``."""

    destination: str
    via: str | None = None
    dev: str | None = None
    ns: str | None = None

    def _check(self) -> None:
        if self.via is None and self.dev is None:
            raise InvalidInput(
                "add route",
                self.destination,
                "it says neither a gateway nor a device",
                'give via="192.168.10.1", or dev="eth0"',
            )

    def _iproute2(self) -> list[Command]:
        return [command("ip", "route", "add", *_route_words(self))]

    def _classic(self) -> list[Command]:
        return [command("route", "add", *_old_route_words(self))]


class DeleteRoute(Action, frozen=True):
    """Take a route away."""

    destination: str
    via: str | None = None
    dev: str | None = None
    ns: str | None = None

    def _iproute2(self) -> list[Command]:
        return [command("ip", "route", "delete", *_route_words(self))]

    def _classic(self) -> list[Command]:
        return [command("route", "del", *_old_route_words(self))]


def _route_words(route: AddRoute | DeleteRoute) -> list[str]:
    words = [route.destination]
    if route.via:
        words += ["via", route.via]
    if route.dev:
        words += ["dev", route.dev]
    return words


def _old_route_words(route: AddRoute | DeleteRoute) -> list[str]:
    to = route.destination
    words = ["default"] if to == "default" else ["-net", to]
    if ":" in to or (route.via and ":" in route.via):
        words = ["-A", "inet6", to]
    elif to.endswith("/32"):
        words = ["-host", to.removesuffix("/32")]
    if route.via:
        words += ["gw", route.via]
    if route.dev:
        words += ["dev", route.dev]
    return words
