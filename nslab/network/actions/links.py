"""Bridges, veth pairs, and what is done to a link of any kind."""

from __future__ import annotations

from collections.abc import Iterable

from nslab.errors import InvalidInput
from nslab.network import names
from nslab.network.actions.action import Action, Command, Style, command, enter, target


class AddBridge(Action, frozen=True):
    """Make a bridge.  ``stp`` None leaves the kernel's default (off).

    ``forward_delay`` is in seconds (the kernel's default is 15).  ``multicast_snooping`` False
    keeps the bridge from sending IGMP and MLD of its own.

    :param name: the name of the bridge
    :param stp: spanning tree on or off; None: as the kernel has it
    :param forward_delay: seconds; None: the kernel's value
    :param multicast_snooping: on or off; None: as the kernel has it
    :param ns: the namespace; the host if None
    """

    name: str
    stp: bool | None = None
    forward_delay: float | None = None
    multicast_snooping: bool | None = None
    ns: str | None = None

    def _check(self) -> None:
        names.link_name(self.name)
        _check_bridge(self.name, self.stp, self.forward_delay)

    def _iproute2(self) -> list[Command]:
        options = _options(self.stp, self.forward_delay)
        if self.multicast_snooping is not None:
            options += ["mcast_snooping", "1" if self.multicast_snooping else "0"]
        return [command("ip", "link", "add", *new_name(self.name), "type", "bridge", *options)]

    def _classic(self) -> list[Command]:
        lines = [command("brctl", "addbr", self.name)]
        lines += _brctl(self.name, self.stp, self.forward_delay)
        if self.multicast_snooping is not None:
            word = "1" if self.multicast_snooping else "0"
            lines.append(
                command(
                    "ip", "link", "set", "dev", self.name, "type", "bridge", "mcast_snooping", word
                )
            )
        return lines


class SetBridge(Action, frozen=True):
    """Change a bridge's spanning tree: on or off, and its forward delay in seconds.

    ``vlan_filtering`` True makes it keep VLANs apart: what each port carries is set by
    :class:`~nslab.network.actions.SetPortVlan`.

    :param name: the name of the bridge
    :param stp: spanning tree on or off; None: unchanged
    :param forward_delay: seconds; None: unchanged
    :param vlan_filtering: on or off; None: unchanged
    :param ns: the namespace; the host if None
    """

    name: str
    stp: bool | None = None
    forward_delay: float | None = None
    vlan_filtering: bool | None = None
    ns: str | None = None

    def _check(self) -> None:
        names.link_name(self.name)
        _check_bridge(self.name, self.stp, self.forward_delay)
        if self.stp is None and self.forward_delay is None and self.vlan_filtering is None:
            raise InvalidInput(
                "set bridge",
                self.name,
                "nothing to set",
                "give stp=, forward_delay= or vlan_filtering=",
            )

    def _iproute2(self) -> list[Command]:
        return self._with(_options(self.stp, self.forward_delay) + self._filtering())

    def _classic(self) -> list[Command]:
        lines = _brctl(self.name, self.stp, self.forward_delay)
        # brctl is older than VLAN filtering.
        return lines + (self._with(self._filtering()) if self._filtering() else [])

    def _filtering(self) -> list[str]:
        if self.vlan_filtering is None:
            return []
        return ["vlan_filtering", "1" if self.vlan_filtering else "0"]

    def _with(self, options: list[str]) -> list[Command]:
        return [command("ip", "link", "set", "dev", self.name, "type", "bridge", *options)]


def _options(stp: bool | None, forward_delay: float | None) -> list[str]:
    """As ip-link(8) takes them; it counts time in hundredths of a second."""
    options: list[str] = []
    if stp is not None:
        options += ["stp_state", "1" if stp else "0"]
    if forward_delay is not None:
        options += ["forward_delay", str(round(forward_delay * 100))]
    return options


def _brctl(name: str, stp: bool | None, forward_delay: float | None) -> list[Command]:
    lines = []
    if stp is not None:
        lines.append(command("brctl", "stp", name, "on" if stp else "off"))
    if forward_delay is not None:
        lines.append(command("brctl", "setfd", name, f"{forward_delay:g}"))
    return lines


def _check_bridge(name: str, stp: bool | None, forward_delay: float | None) -> None:
    # br_set_forward_delay(): the bounds hold only while the spanning tree is on.
    if forward_delay is None:
        return
    low = 2 if stp else 0
    if not low <= forward_delay <= 30:
        raise InvalidInput(
            "set the forward delay of",
            name,
            f"{forward_delay:g} s is out of bounds",
            "with the spanning tree on it may be 2 to 30 seconds, with it off 0 to 30",
        )


class AddVeth(Action, frozen=True):
    """Make a veth pair.  Each end may be placed in a namespace at once.

    ``mac`` and ``peer_mac`` None let the kernel draw an address at random.  ``master`` attaches
    the first end to a bridge and ``up`` sets it up, all in the one message that makes the pair.

    :param name: the name of one end
    :param peer: the name of the other end
    :param ns: the namespace of the first end; the host if None
    :param peer_ns: the namespace of the other end; the host if None
    :param master: the bridge that the first end becomes a port of
    :param up: whether the first end is set up
    :param mac: the MAC of the first end; the kernel chooses one if None
    :param peer_mac: the MAC of the other end; the kernel chooses one if None
    """

    name: str
    peer: str
    ns: str | None = None
    peer_ns: str | None = None
    master: str | None = None
    up: bool = False
    mac: str | None = None
    peer_mac: str | None = None

    def _check(self) -> None:
        names.link_name(self.name)
        if self.name == self.peer and self.ns == self.peer_ns:
            raise InvalidInput(
                "add veth", self.name, "both ends have the same name", "give the peer another name"
            )

    def commands(self, style: Style = "iproute2", containers: Iterable[str] = ()) -> list[Command]:
        words = ["ip", "link", "add", *new_name(self.name)]
        if self.mac:
            words += ["address", self.mac]
        words += ["type", "veth", "peer", "name", self.peer]
        if self.peer_mac:
            words += ["address", self.peer_mac]
        if self.peer_ns != self.ns:
            words += ["netns", target(self.peer_ns, containers)]
        prefix = enter(self.ns, containers) if self.ns else ()
        lines = [command(*prefix, *words)]
        if self.master:
            where = Attach(self.name, self.master, ns=self.ns)
            lines += where.commands(style, containers)
        if self.up:
            lines += SetUp(self.name, ns=self.ns).commands(style, containers)
        return lines


class Move(Action, frozen=True):
    """Put a link into another namespace; it loses its addresses and goes down.

    :param link: the name of the link
    :param to: the namespace that gets it; the host if None
    :param ns: the namespace that it is in now; the host if None
    """

    link: str
    to: str | None
    ns: str | None = None

    def commands(self, style: Style = "iproute2", containers: Iterable[str] = ()) -> list[Command]:
        prefix = enter(self.ns, containers) if self.ns else ()
        words = ("ip", "link", "set", "dev", self.link, "netns", target(self.to, containers))
        return [Command((*prefix, *words))]


class Rename(Action, frozen=True):
    """Give a link another name (kernels before 6.2 want it down first).

    :param link: the name of the link
    :param name: its new name
    :param ns: the namespace; the host if None
    """

    link: str
    name: str
    ns: str | None = None

    def _check(self) -> None:
        names.link_name(self.name)

    def _iproute2(self) -> list[Command]:
        return [command("ip", "link", "set", "dev", self.link, "name", self.name)]


class DeleteLink(Action, frozen=True):
    """Delete a link; a veth takes its peer with it."""

    link: str
    ns: str | None = None

    def _iproute2(self) -> list[Command]:
        return [command("ip", "link", "delete", "dev", self.link)]


class SetUp(Action, frozen=True):
    """Set a link up."""

    link: str
    ns: str | None = None

    def _iproute2(self) -> list[Command]:
        return [command("ip", "link", "set", "dev", self.link, "up")]

    def _classic(self) -> list[Command]:
        return [command("ifconfig", self.link, "up")]


class SetDown(Action, frozen=True):
    """Set a link down; the routes over it go."""

    link: str
    ns: str | None = None

    def _iproute2(self) -> list[Command]:
        return [command("ip", "link", "set", "dev", self.link, "down")]

    def _classic(self) -> list[Command]:
        return [command("ifconfig", self.link, "down")]


class SetMac(Action, frozen=True):
    """Give a link another MAC.

    :param link: the name of the link
    :param mac: the new MAC
    :param ns: the namespace; the host if None
    """

    link: str
    mac: str
    ns: str | None = None

    def _iproute2(self) -> list[Command]:
        return [command("ip", "link", "set", "dev", self.link, "address", self.mac)]

    def _classic(self) -> list[Command]:
        return [command("ifconfig", self.link, "hw", "ether", self.mac)]


class SetPromiscuous(Action, frozen=True):
    """Ask a link for every frame, or ask no longer; others may still ask.

    :param link: the name of the link
    :param on: whether it accepts every frame
    :param ns: the namespace; the host if None
    """

    link: str
    on: bool = True
    ns: str | None = None

    def _iproute2(self) -> list[Command]:
        word = "on" if self.on else "off"
        return [command("ip", "link", "set", "dev", self.link, "promisc", word)]

    def _classic(self) -> list[Command]:
        return [command("ifconfig", self.link, "promisc" if self.on else "-promisc")]


class Attach(Action, frozen=True):
    """Make a link a port of a bridge.

    :param link: the name of the link
    :param bridge: the name of the bridge
    :param ns: the namespace; the host if None
    """

    link: str
    bridge: str
    ns: str | None = None

    def _check(self) -> None:
        if self.link == self.bridge:
            raise InvalidInput(
                "attach", self.link, "a bridge cannot be a port of itself", "name another link"
            )

    def _iproute2(self) -> list[Command]:
        return [command("ip", "link", "set", "dev", self.link, "master", self.bridge)]

    def _classic(self) -> list[Command]:
        return [command("brctl", "addif", self.bridge, self.link)]


class Detach(Action, frozen=True):
    """Take a port off its bridge.

    :param link: the name of the link
    :param bridge: the bridge that it is a port of
    :param ns: the namespace; the host if None
    """

    link: str
    bridge: str | None = None
    ns: str | None = None

    def _iproute2(self) -> list[Command]:
        return [command("ip", "link", "set", "dev", self.link, "nomaster")]

    def _classic(self) -> list[Command]:
        if self.bridge is None:
            return self._iproute2()
        return [command("brctl", "delif", self.bridge, self.link)]


def new_name(name: str) -> tuple[str, ...]:
    """A name after ``ip link add``, which also takes the first letters of its own words."""
    if any(word.startswith(name) for word in names.IPROUTE2_WORDS):
        return ("name", name)
    return (name,)
