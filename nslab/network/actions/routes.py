"""Routes."""

from __future__ import annotations

from nslab.errors import InvalidInput
from nslab.network.actions.action import Action, Command, command


class AddRoute(Action, frozen=True):
    """Add a route: ``AddRoute("default", via="192.168.10.1", ns="ns1")``.

    :param destination: a network such as ``10.0.0.0/8``, or ``default``
    :param via: the gateway's address; None if the destination is reached directly
    :param dev: the link that the packets leave by
    :param ns: the namespace; the host if None
    """

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
    """Take a route away.

    :param destination: a network such as ``10.0.0.0/8``, or ``default``
    :param via: the gateway's address; None: any
    :param dev: the link; None: any
    :param ns: the namespace; the host if None
    """

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
