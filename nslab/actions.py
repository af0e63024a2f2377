"""One wanted change each, as a frozen value: what a step does, whoever does it.

An action is checked when it is made and touches nothing until ``lab.do(action)``.  Its
equivalent commands come in two styles: ``classic`` (brctl, ifconfig, route, iptables, which the
article uses) and ``iproute2`` (ip, bridge, nft).  Where the old tools have no equivalent, the
classic style says it as iproute2 does.

>>> action = AddVeth("veth-ns1", "lxcbr0.1")
>>> print(action.commands()[0])
ip link add veth-ns1 type veth peer name lxcbr0.1
>>> print(AddBridge("lxcbr0", stp=False, forward_delay=2).commands("classic")[1])
brctl stp lxcbr0 off
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence
from typing import Literal

from msgspec import Struct, structs

from nslab import names
from nslab.errors import InvalidInput

Style = Literal["classic", "iproute2"]


class Word(str):
    """A word that the shell is meant to expand, such as ``$c1``: printed without quotes."""


class Command(Struct, frozen=True):
    """A command as an argument list.  ``to`` is a file for its output; ``background`` an ``&``."""

    argv: tuple[str, ...]
    to: str = ""
    background: bool = False
    keep_pid: str = ""
    """A shell variable that keeps the process id of a command in the background."""

    def __str__(self) -> str:
        line = " ".join(w if isinstance(w, Word) else shlex.quote(w) for w in self.argv)
        if self.to:
            line += f" > {shlex.quote(self.to)}"
        if self.background:
            line += f" & {self.keep_pid}=$!" if self.keep_pid else " &"
        return line


def _command(*argv: str, to: str = "") -> Command:
    return Command(argv, to)


def pid_variable(container: str) -> str:
    """The shell variable in which a script keeps a container's process id."""
    return "pid_" + "".join(c if c.isalnum() else f"_{ord(c):x}_" for c in container)


class Action(Struct, frozen=True, omit_defaults=True, tag=True):
    """The base of all actions.  ``ns`` names the namespace to work in; None is the host."""

    def __post_init__(self) -> None:
        for field in ("ns", "peer_ns", "to"):
            if field in self.__struct_fields__:
                self._set(field, names.namespace_reference(getattr(self, field)))
        self._check()

    def _check(self) -> None:
        """Raise InvalidInput for what cannot work, and bring values into their plain form."""

    def _set(self, field: str, value: object) -> None:
        """Put a checked value in place of what was typed; only while the action is made."""
        structs.force_setattr(self, field, value)

    def commands(self, style: Style = "iproute2", containers: Iterable[str] = ()) -> list[Command]:
        """The equivalent commands.

        ``containers`` are names that are known by a process id (in a shell variable) and not by a
        file in /run/netns.
        """
        plain = self._classic() if style == "classic" else self._iproute2()
        ns = getattr(self, "ns", None)
        if ns is None or not self._enters:
            return plain
        prefix = enter(ns, containers)
        return [structs.replace(command, argv=(*prefix, *command.argv)) for command in plain]

    @property
    def _enters(self) -> bool:
        """Whether the commands run inside ``ns`` (and not only name it)."""
        return True

    def _iproute2(self) -> list[Command]:
        raise NotImplementedError

    def _classic(self) -> list[Command]:
        return self._iproute2()

    @property
    def title(self) -> str:
        """In words, for messages: ``add bridge lxcbr0``."""
        words = "".join(f" {c.lower()}" if c.isupper() else c for c in type(self).__name__).strip()
        subject = self.subject
        where = getattr(self, "ns", None)
        return f"{words} {subject}" + (f" in {where}" if where and where != subject else "")

    @property
    def operation(self) -> str:
        """The verb of the title alone."""
        return self.title.removesuffix(f" in {getattr(self, 'ns', None)}").removesuffix(
            f" {self.subject}"
        )

    @property
    def subject(self) -> str:
        """What it is done to."""
        return str(getattr(self, self.__struct_fields__[0]))


def _new_name(name: str) -> tuple[str, ...]:
    """A name after ``ip link add``, which also takes the first letters of its own words."""
    if any(word.startswith(name) for word in names.IPROUTE2_WORDS):
        return ("name", name)
    return (name,)


def enter(ns: str, containers: Iterable[str] = ()) -> tuple[str, ...]:
    """The words before a command that make it run in a namespace."""
    if ns in containers:
        return ("nsenter", "--net", "--target", Word(f'"${pid_variable(ns)}"'))
    return ("ip", "netns", "exec", ns)


def _target(ns: str | None, containers: Iterable[str]) -> str:
    """A namespace as ``ip link set … netns`` wants it; the host is process 1."""
    if ns is None:
        return "1"
    return Word(f'"${pid_variable(ns)}"') if ns in containers else ns


class AddNamespace(Action, frozen=True):
    """Make a network namespace and name it in /run/netns, as ``ip netns add`` does."""

    name: str

    def _check(self) -> None:
        names.namespace_name(self.name)

    def _iproute2(self) -> list[Command]:
        return [_command("ip", "netns", "add", self.name)]


class DeleteNamespace(Action, frozen=True):
    """Take the name away; the namespace ends when no process or socket holds it."""

    name: str

    def _check(self) -> None:
        names.namespace_reference(self.name)

    def _iproute2(self) -> list[Command]:
        return [_command("ip", "netns", "delete", self.name)]


class AddContainer(Action, frozen=True):
    """A process with network, mount, pid and uts namespaces of its own, known by its hostname.

    Its network namespace has no name in /run/netns, as with Docker's containers.
    """

    name: str

    def _check(self) -> None:
        names.namespace_name(self.name)

    @property
    def argv(self) -> tuple[str, ...]:
        """The container's main process; its resolv.conf is a copy below /run/containers."""
        # The name has been checked: no character of it means anything to a shell.
        files = f"/run/containers/{self.name}"
        script = (
            f"mkdir -p {files}; cp /etc/resolv.conf {files}; "
            f"mount --bind {files}/resolv.conf /etc/resolv.conf; "
            f"hostname {self.name}; exec sleep infinity"
        )
        return (
            "unshare", "--net", "--mount", "--uts", "--pid", "--fork", "--kill-child",
            "--mount-proc", "sh", "-c", script,
        )  # fmt: skip

    def _iproute2(self) -> list[Command]:
        return [Command(self.argv, background=True, keep_pid=pid_variable(self.name))]


class DeleteContainer(Action, frozen=True):
    """End a container's processes, and its namespaces with them."""

    name: str

    def _check(self) -> None:
        names.namespace_reference(self.name)

    def commands(self, style: Style = "iproute2", containers: Iterable[str] = ()) -> list[Command]:
        return [_command("kill", "-KILL", Word(f'"${pid_variable(self.name)}"'))]


class AddBridge(Action, frozen=True):
    """Make a bridge.  ``stp`` None leaves the kernel's default (off).

    ``forward_delay`` is in seconds (the kernel's default is 15).  ``multicast_snooping`` False
    keeps the bridge from sending IGMP and MLD of its own.
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
        options: list[str] = []
        if self.stp is not None:
            options += ["stp_state", "1" if self.stp else "0"]
        if self.forward_delay is not None:
            options += ["forward_delay", str(round(self.forward_delay * 100))]
        if self.multicast_snooping is not None:
            options += ["mcast_snooping", "1" if self.multicast_snooping else "0"]
        return [_command("ip", "link", "add", *_new_name(self.name), "type", "bridge", *options)]

    def _classic(self) -> list[Command]:
        lines = [_command("brctl", "addbr", self.name)]
        lines += _brctl(self.name, self.stp, self.forward_delay)
        if self.multicast_snooping is not None:
            word = "1" if self.multicast_snooping else "0"
            lines.append(
                _command("ip", "link", "set", "dev", self.name, "type", "bridge",
                         "mcast_snooping", word)
            )  # fmt: skip
        return lines


class SetBridge(Action, frozen=True):
    """Change a bridge's spanning tree: on or off, and its forward delay in seconds."""

    name: str
    stp: bool | None = None
    forward_delay: float | None = None
    ns: str | None = None

    def _check(self) -> None:
        names.link_name(self.name)
        _check_bridge(self.name, self.stp, self.forward_delay)
        if self.stp is None and self.forward_delay is None:
            raise InvalidInput(
                "set bridge", self.name, "nothing to set", "give stp= or forward_delay="
            )

    def _iproute2(self) -> list[Command]:
        options: list[str] = []
        if self.stp is not None:
            options += ["stp_state", "1" if self.stp else "0"]
        if self.forward_delay is not None:
            options += ["forward_delay", str(round(self.forward_delay * 100))]
        return [_command("ip", "link", "set", "dev", self.name, "type", "bridge", *options)]

    def _classic(self) -> list[Command]:
        return _brctl(self.name, self.stp, self.forward_delay)


def _brctl(name: str, stp: bool | None, forward_delay: float | None) -> list[Command]:
    lines = []
    if stp is not None:
        lines.append(_command("brctl", "stp", name, "on" if stp else "off"))
    if forward_delay is not None:
        lines.append(_command("brctl", "setfd", name, f"{forward_delay:g}"))
    return lines


def _check_bridge(name: str, stp: bool | None, forward_delay: float | None) -> None:
    # br_set_forward_delay(): the bounds hold only while the spanning tree is on.
    if forward_delay is None:
        return
    low = 2 if stp else 0
    if not low <= forward_delay <= 30:
        raise InvalidInput(
            "set the forward delay of", name, f"{forward_delay:g} s is out of bounds",
            "with the spanning tree on it may be 2 to 30 seconds, with it off 0 to 30",
        )  # fmt: skip


class AddVeth(Action, frozen=True):
    """Make a pair of cables' ends.  Each end may be placed in a namespace at once.

    ``mac`` and ``peer_mac`` None let the kernel draw an address at random.  ``master`` attaches
    the first end to a bridge and ``up`` sets it up, all in the one message that makes the pair.
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
        names.link_name(self.peer)
        if self.name == self.peer and self.ns == self.peer_ns:
            raise InvalidInput(
                "add veth", self.name, "both ends have the same name", "give the peer another name"
            )
        if self.master is not None:
            names.link_name(self.master)
        for mac in (self.mac, self.peer_mac):
            if mac is not None:
                names.mac_address(mac)

    def commands(self, style: Style = "iproute2", containers: Iterable[str] = ()) -> list[Command]:
        words = ["ip", "link", "add", *_new_name(self.name)]
        if self.mac:
            words += ["address", self.mac]
        words += ["type", "veth", "peer", "name", self.peer]
        if self.peer_mac:
            words += ["address", self.peer_mac]
        if self.peer_ns != self.ns:
            words += ["netns", _target(self.peer_ns, containers)]
        prefix = enter(self.ns, containers) if self.ns else ()
        lines = [_command(*prefix, *words)]
        if self.master:
            where = Attach(self.name, self.master, ns=self.ns)
            lines += where.commands(style, containers)
        if self.up:
            lines += SetUp(self.name, ns=self.ns).commands(style, containers)
        return lines


class Move(Action, frozen=True):
    """Put a link into another namespace; it loses its addresses and goes down."""

    link: str
    to: str | None
    ns: str | None = None

    def _check(self) -> None:
        names.link_name(self.link)

    def commands(self, style: Style = "iproute2", containers: Iterable[str] = ()) -> list[Command]:
        prefix = enter(self.ns, containers) if self.ns else ()
        words = ("ip", "link", "set", "dev", self.link, "netns", _target(self.to, containers))
        return [Command((*prefix, *words))]


class Rename(Action, frozen=True):
    """Give a link another name (kernels before 6.2 want it down first)."""

    link: str
    name: str
    ns: str | None = None

    def _check(self) -> None:
        names.link_name(self.link)
        names.link_name(self.name)

    def _iproute2(self) -> list[Command]:
        return [_command("ip", "link", "set", "dev", self.link, "name", self.name)]


class DeleteLink(Action, frozen=True):
    """Delete a link; a veth takes its peer with it."""

    link: str
    ns: str | None = None

    def _check(self) -> None:
        names.link_name(self.link)

    def _iproute2(self) -> list[Command]:
        return [_command("ip", "link", "delete", "dev", self.link)]


class SetUp(Action, frozen=True):
    """Set a link up."""

    link: str
    ns: str | None = None

    def _check(self) -> None:
        names.link_name(self.link)

    def _iproute2(self) -> list[Command]:
        return [_command("ip", "link", "set", "dev", self.link, "up")]

    def _classic(self) -> list[Command]:
        return [_command("ifconfig", self.link, "up")]


class SetDown(Action, frozen=True):
    """Set a link down; the routes over it go."""

    link: str
    ns: str | None = None

    def _check(self) -> None:
        names.link_name(self.link)

    def _iproute2(self) -> list[Command]:
        return [_command("ip", "link", "set", "dev", self.link, "down")]

    def _classic(self) -> list[Command]:
        return [_command("ifconfig", self.link, "down")]


class SetMac(Action, frozen=True):
    """Give a link another MAC."""

    link: str
    mac: str
    ns: str | None = None

    def _check(self) -> None:
        names.link_name(self.link)
        names.mac_address(self.mac)

    def _iproute2(self) -> list[Command]:
        return [_command("ip", "link", "set", "dev", self.link, "address", self.mac)]

    def _classic(self) -> list[Command]:
        return [_command("ifconfig", self.link, "hw", "ether", self.mac)]


class SetPromiscuous(Action, frozen=True):
    """Ask a link for every frame, or ask no longer; others may still ask."""

    link: str
    on: bool = True
    ns: str | None = None

    def _check(self) -> None:
        names.link_name(self.link)

    def _iproute2(self) -> list[Command]:
        word = "on" if self.on else "off"
        return [_command("ip", "link", "set", "dev", self.link, "promisc", word)]

    def _classic(self) -> list[Command]:
        return [_command("ifconfig", self.link, "promisc" if self.on else "-promisc")]


class Attach(Action, frozen=True):
    """Make a link a port of a bridge."""

    link: str
    bridge: str
    ns: str | None = None

    def _check(self) -> None:
        names.link_name(self.link)
        names.link_name(self.bridge)
        if self.link == self.bridge:
            raise InvalidInput(
                "attach", self.link, "a bridge cannot be a port of itself", "name another link"
            )

    def _iproute2(self) -> list[Command]:
        return [_command("ip", "link", "set", "dev", self.link, "master", self.bridge)]

    def _classic(self) -> list[Command]:
        return [_command("brctl", "addif", self.bridge, self.link)]


class Detach(Action, frozen=True):
    """Take a port off its bridge."""

    link: str
    bridge: str | None = None
    ns: str | None = None

    def _check(self) -> None:
        names.link_name(self.link)

    def _iproute2(self) -> list[Command]:
        return [_command("ip", "link", "set", "dev", self.link, "nomaster")]

    def _classic(self) -> list[Command]:
        if self.bridge is None:
            return self._iproute2()
        return [_command("brctl", "delif", self.bridge, self.link)]


class AddAddress(Action, frozen=True):
    """Give a link an address with its prefix length.

    ``broadcast`` also sets the subnet's broadcast address, as ifconfig does and ``ip`` does only
    when told to.
    """

    link: str
    address: str
    ns: str | None = None
    broadcast: bool = True

    def _check(self) -> None:
        names.link_name(self.link)
        self._set("address", names.address(self.address))

    def _iproute2(self) -> list[Command]:
        wanted = self.broadcast and ":" not in self.address and self.prefix_length < 31
        broadcast = ("broadcast", "+") if wanted else ()
        return [_command("ip", "address", "add", self.address, *broadcast, "dev", self.link)]

    @property
    def prefix_length(self) -> int:
        """The bits of the address that are the network."""
        return int(self.address.partition("/")[2])


class DeleteAddress(Action, frozen=True):
    """Take an address from a link."""

    link: str
    address: str
    ns: str | None = None

    def _check(self) -> None:
        names.link_name(self.link)
        self._set("address", names.address(self.address))

    def _iproute2(self) -> list[Command]:
        return [_command("ip", "address", "delete", self.address, "dev", self.link)]


class AddRoute(Action, frozen=True):
    """Add a route: ``AddRoute("default", via="192.168.10.1", ns="ns1")``."""

    destination: str
    via: str | None = None
    dev: str | None = None
    ns: str | None = None

    def _check(self) -> None:
        _check_route("add route", self.destination, self.via, self.dev)

    def _iproute2(self) -> list[Command]:
        return [_command("ip", "route", "add", *_route_words(self))]

    def _classic(self) -> list[Command]:
        return [_command("route", "add", *_old_route_words(self))]


class DeleteRoute(Action, frozen=True):
    """Take a route away."""

    destination: str
    via: str | None = None
    dev: str | None = None
    ns: str | None = None

    def _check(self) -> None:
        names.destination(self.destination)
        if self.via is not None:
            names.host_address(self.via)
        if self.dev is not None:
            names.link_name(self.dev)

    def _iproute2(self) -> list[Command]:
        return [_command("ip", "route", "delete", *_route_words(self))]

    def _classic(self) -> list[Command]:
        return [_command("route", "del", *_old_route_words(self))]


def _check_route(operation: str, to: str, via: str | None, dev: str | None) -> None:
    names.destination(to)
    if via is None and dev is None:
        raise InvalidInput(
            operation, to, "it says neither a gateway nor a device",
            'give via="192.168.10.1", or dev="eth0"',
        )  # fmt: skip
    if via is not None:
        names.host_address(via)
    if dev is not None:
        names.link_name(dev)


def _route_words(route: AddRoute | DeleteRoute) -> list[str]:
    words = [names.destination(route.destination)]
    if route.via:
        words += ["via", route.via]
    if route.dev:
        words += ["dev", route.dev]
    return words


def _old_route_words(route: AddRoute | DeleteRoute) -> list[str]:
    to = names.destination(route.destination)
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


class Masquerade(Action, frozen=True):
    """Rewrite the source of what leaves ``out`` from ``source`` to the address of ``out``."""

    source: str
    out: str
    ns: str | None = None

    def _check(self) -> None:
        self._set("source", names.destination(self.source))
        names.link_name(self.out)
        if ":" in self.source:
            raise InvalidInput(
                "masquerade", self.source, "it is an IPv6 network", "give an IPv4 network"
            )

    def _iproute2(self) -> list[Command]:
        # `add` is no error for a table or chain that is there already (nft(8)).
        chain = "{ type nat hook postrouting priority srcnat ; }"
        source = () if self.source == "default" else ("ip", "saddr", self.source)
        return [
            _command("nft", "add", "table", "ip", "nslab"),
            _command("nft", "add", "chain", "ip", "nslab", "postrouting", chain),
            _command("nft", "add", "rule", "ip", "nslab", "postrouting",
                     *source, "oifname", self.out, "masquerade"),
        ]  # fmt: skip

    def _classic(self) -> list[Command]:
        source = () if self.source == "default" else ("-s", self.source)
        return [
            _command("iptables", "-t", "nat", "-A", "POSTROUTING",
                     *source, "-o", self.out, "-j", "MASQUERADE"),
        ]  # fmt: skip


class Sysctl(Action, frozen=True):
    """Set a kernel parameter below ``net.`` of a namespace."""

    key: str
    value: str
    ns: str | None = None

    def _check(self) -> None:
        names.sysctl_key(self.key)
        if not self.value or any(c in self.value for c in "\n\0"):
            raise InvalidInput("set the sysctl", self.key, "the value is empty or has a new line")

    def _iproute2(self) -> list[Command]:
        return [_command("sysctl", "-w", f"{self.key}={self.value}")]


class ResolvConf(Action, frozen=True):
    """Name the name server of a namespace, in the file that ``ip netns exec`` binds.

    For the host it is /etc/resolv.conf, for a namespace /etc/netns/NAME/resolv.conf, for a
    container the file that is bound over its own /etc/resolv.conf.
    """

    nameserver: str
    ns: str | None = None

    def _check(self) -> None:
        names.host_address(self.nameserver)

    def commands(self, style: Style = "iproute2", containers: Iterable[str] = ()) -> list[Command]:
        line = ("echo", f"nameserver {self.nameserver}")
        if self.ns is None:
            return [_command(*line, to="/etc/resolv.conf")]
        if self.ns in containers:
            return [_command(*line, to=f"/run/containers/{self.ns}/resolv.conf")]
        directory = f"/etc/netns/{self.ns}"
        return [_command("mkdir", "-p", directory), _command(*line, to=f"{directory}/resolv.conf")]


AnyAction = (
    AddNamespace | DeleteNamespace | AddContainer | DeleteContainer | AddBridge | SetBridge
    | AddVeth | Move | Rename | DeleteLink | SetUp | SetDown | SetMac | SetPromiscuous
    | Attach | Detach | AddAddress | DeleteAddress | AddRoute | DeleteRoute
    | Masquerade | Sysctl | ResolvConf
)  # fmt: skip
"""Every action there is: what a message to the agent may carry."""


def commands(
    actions: Sequence[Action],
    style: Style = "iproute2",
    containers: Iterable[str] = (),
    *,
    wait: bool = False,
) -> list[Command]:
    """The commands of several actions in order.

    With ``wait`` a line that waits for it follows each container's, as a script needs it: the
    shell goes on at once after an ``&``.

    In the classic style an address that is followed by ``SetUp`` of the same link becomes the one
    line ``ifconfig lxcbr0 192.168.10.1/24 up`` that the article writes.
    """
    known = set(containers)
    lines: list[Command] = []
    position = 0
    while position < len(actions):
        action = actions[position]
        follower = actions[position + 1] if position + 1 < len(actions) else None
        position += 1
        if isinstance(action, AddContainer):
            known.add(action.name)
        if (
            style == "classic"
            and isinstance(action, AddAddress)
            and action.broadcast
            and ":" not in action.address
            and follower == SetUp(action.link, ns=action.ns)
        ):
            prefix = enter(action.ns, known) if action.ns else ()
            lines.append(_command(*prefix, "ifconfig", action.link, action.address, "up"))
            position += 1
            continue
        lines += action.commands(style, known)
        if wait and isinstance(action, AddContainer):
            lines.append(_wait_for(action.name))
    return lines


def _wait_for(container: str) -> Command:
    """Until the container has its hostname, which its script sets last."""
    asked = f'"$(nsenter --uts --target "${pid_variable(container)}" hostname 2>/dev/null)"'
    return Command((Word(f"until [ {asked} = {container} ]; do sleep 0.01; done"),))
