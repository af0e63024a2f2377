"""Links on other links (macvlan, ipvlan, VLAN), and the VLANs of a bridge's ports."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from nslab.errors import InvalidInput
from nslab.network import names
from nslab.network.actions.action import Action, Command, Style, command, enter, target
from nslab.network.actions.links import new_name

MACVLAN_MODES = ("bridge", "private", "vepa", "passthru")
IPVLAN_MODES = ("l2", "l3", "l3s")


class _Stacked(Action, frozen=True):
    """A link on another.  ``ns`` is where the parent is, ``to`` where the new one is put."""

    _kind: ClassVar[str]

    def _words(self) -> list[str]:
        """What stands after the kind."""
        raise NotImplementedError

    def commands(self, style: Style = "iproute2", containers: Iterable[str] = ()) -> list[Command]:
        parent, name, to, ns = (getattr(self, field) for field in ("parent", "name", "to", "ns"))
        mac = getattr(self, "mac", None)
        prefix = enter(ns, containers) if ns else ()
        words = ["ip", "link", "add", "link", parent, *new_name(name)]
        if mac:
            words += ["address", mac]
        if to:
            words += ["netns", target(to, containers)]
        return [command(*prefix, *words, "type", self._kind, *self._words())]

    @property
    def subject(self) -> str:
        return str(getattr(self, "name", ""))


class AddMacvlan(_Stacked, frozen=True):
    """Make a macvlan: a link with a MAC of its own on a parent.

    ``mode`` says with which others on the parent it may talk: bridge (all of them), private (none),
    vepa (by way of the switch outside), passthru (it is the only one, and has the parent's MAC).
    ``to`` puts it into another namespace at once; None leaves it beside its parent.

    :param parent: the link that the new one stands on
    :param name: the name of the new link
    :param mode: ``bridge``, ``private``, ``vepa`` or ``passthru``
    :param ns: the namespace; the host if None
    :param to: the namespace that gets the link; None leaves it where it is made
    :param mac: the MAC; the kernel chooses one if None
    """

    _kind: ClassVar[str] = "macvlan"

    parent: str
    name: str
    mode: str = "bridge"
    ns: str | None = None
    to: str | None = None
    mac: str | None = None

    def _check(self) -> None:
        _check_names(self.parent, self.name, self.to or self.ns, self.ns)
        _check_mode("macvlan", self.name, self.mode, MACVLAN_MODES)

    def _words(self) -> list[str]:
        return ["mode", self.mode]


class AddIpvlan(_Stacked, frozen=True):
    """Make an ipvlan: a link with its parent's MAC, known from the others by its IP address.

    ``mode`` l2 sends and answers ARP by the parent; l3 knows no ARP and no broadcast: the parent
    decides by the address alone; l3s passes the host's packet filters and connection tracking too.
    All on one parent are of one mode, that of the last.  ``to`` as for :class:`AddMacvlan`.

    :param parent: the link that the new one stands on
    :param name: the name of the new link
    :param mode: ``l2``, ``l3`` or ``l3s``
    :param ns: the namespace; the host if None
    :param to: the namespace that gets the link; None leaves it where it is made
    """

    _kind: ClassVar[str] = "ipvlan"

    parent: str
    name: str
    mode: str = "l2"
    ns: str | None = None
    to: str | None = None

    def _check(self) -> None:
        _check_names(self.parent, self.name, self.to or self.ns, self.ns)
        _check_mode("ipvlan", self.name, self.mode, IPVLAN_MODES)

    def _words(self) -> list[str]:
        return ["mode", self.mode]


class AddVlan(_Stacked, frozen=True):
    """Make a link that sends its frames by a parent with a VLAN's tag, and gets those with it.

    ``vlan`` is the VLAN's number (IEEE 802.1Q).  ``to`` as for :class:`AddMacvlan`.

    :param parent: the link that the new one stands on
    :param name: the name of the new link
    :param vlan: the VLAN, 1 to 4094
    :param ns: the namespace; the host if None
    :param to: the namespace that gets the link; None leaves it where it is made
    """

    _kind: ClassVar[str] = "vlan"

    parent: str
    name: str
    vlan: int
    ns: str | None = None
    to: str | None = None

    def _check(self) -> None:
        _check_names(self.parent, self.name, self.to or self.ns, self.ns)
        names.vlan(self.vlan)

    def _words(self) -> list[str]:
        return ["id", str(self.vlan)]


class SetPortVlan(Action, frozen=True):
    """Let a port of a bridge carry a VLAN; the bridge must filter VLANs for it to matter.

    ``pvid``: what comes in without a tag belongs to it (one VLAN of a port only).  ``untagged``:
    what goes out has its tag taken off.

    :param link: the port
    :param vlan: the VLAN, 1 to 4094
    :param pvid: whether untagged frames that come in belong to this VLAN
    :param untagged: whether frames leave the port without the tag
    :param ns: the namespace; the host if None
    """

    link: str
    vlan: int
    pvid: bool = False
    untagged: bool = False
    ns: str | None = None

    def _check(self) -> None:
        names.vlan(self.vlan)

    def _iproute2(self) -> list[Command]:
        words = ["pvid"] * self.pvid + ["untagged"] * self.untagged
        return [command("bridge", "vlan", "add", "vid", str(self.vlan), "dev", self.link, *words)]


class DeletePortVlan(Action, frozen=True):
    """A port of a bridge no longer carries a VLAN.

    :param link: the port
    :param vlan: the VLAN, 1 to 4094
    :param ns: the namespace; the host if None
    """

    link: str
    vlan: int
    ns: str | None = None

    def _check(self) -> None:
        names.vlan(self.vlan)

    def _iproute2(self) -> list[Command]:
        return [command("bridge", "vlan", "delete", "vid", str(self.vlan), "dev", self.link)]


def _check_names(parent: str, name: str, to: str | None, ns: str | None) -> None:
    names.link_name(name)
    if parent == name and to == ns:
        raise InvalidInput(
            "put a link on", parent, "it would stand on itself", "give it another name"
        )


def _check_mode(kind: str, name: str, mode: str, known: tuple[str, ...]) -> None:
    if mode not in known:
        raise InvalidInput(
            f"add {kind}", name, f"there is no mode {mode!r}", "one of: " + ", ".join(known)
        )
