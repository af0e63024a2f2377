"""Actions → the kernel.

What rtnetlink can do goes out as messages, many in one buffer where nothing between them needs an
answer; the rest (files, sysctls, packet filter rules, processes) is done in order between them.

Measured ways of a star of 100 namespaces are in ``benchmarks/``: what counts is to make both ends
of a veth in one message and in the right place (moving a link costs 21 ms of RCU grace periods), to
make namespaces in one thread without a fork each, and to look names up once.
"""

from __future__ import annotations

import errno
import fcntl
import ipaddress
import os
import signal
import socket
import struct
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from nslab.engine import explain
from nslab.engine.agent.boot.init import Init
from nslab.engine.agent.netns import spaces as sp
from nslab.engine.agent.netns.processes import network_inodes
from nslab.engine.agent.netns.syscalls import read, write
from nslab.engine.agent.rtnl import rtnetlink as w
from nslab.errors import InvalidInput, KernelRefused
from nslab.network import actions as act
from nslab.network import names

BATCH = 64
"""Messages in one buffer: all their errors must fit the socket's receive buffer."""

CAREFUL = 16
"""Up to so many actions go out one by one, so that a failure leaves exactly those before it."""

SIOCGIFINDEX = 0x8933
_ONE_QUEUE = w.u32(w.IFLA_NUM_TX_QUEUES, 1) + w.u32(w.IFLA_NUM_RX_QUEUES, 1)
"""A veth gets a queue for each processor by default, which costs a quarter of its making."""

CONTAINER_START = 5.0
"""Seconds that a container's first process may take."""


class Applier:
    """Does actions, for one lab.  One call at a time."""

    def __init__(self, spaces: sp.Spaces, init: Init) -> None:
        self._spaces = spaces
        self._init = init

    def apply(
        self, actions: Sequence[act.Action], stopped: Callable[[], bool] = lambda: False
    ) -> int:
        """Do the actions in order, in this thread, which comes home at the end.

        :param stopped: asked between two actions: whether to end there
        :returns: how many were done
        :raises NslabError: the first that failed; those after it were not tried, except a few in
            the same buffer when there are more than :data:`CAREFUL` of them
        """
        with self._spaces.lock:
            work = _Work(self._spaces, self._init, careful=len(actions) <= CAREFUL)
            try:
                done = 0
                for action in actions:
                    if stopped():
                        break
                    work.do(action)
                    done += 1
                work.flush()
                return done
            finally:
                work.close()


class _Work:
    """One call of apply: the sockets, descriptors and indexes that it has learned so far."""

    def __init__(self, spaces: sp.Spaces, init: Init, *, careful: bool) -> None:
        self._spaces = spaces
        self._init = init
        self._limit = 1 if careful else BATCH
        self._descriptors: dict[str | None, int] = {}
        self._sockets: dict[str | None, w.Socket] = {}
        self._indexes: dict[tuple[str | None, str], int] = {}
        self._pending: list[tuple[int, int, bytes]] = []
        self._owners: list[act.Action] = []
        self._where: str | None = None
        """The namespace that the pending messages are for."""
        self._away = False
        self._renaming = False
        """Whether a pending message may change which link has which name."""

    def close(self) -> None:
        self._come_home()
        for asking in self._sockets.values():
            asking.close()
        for descriptor in self._descriptors.values():
            os.close(descriptor)

    def do(self, action: act.Action) -> None:
        """Do one action, or put it in the buffer."""
        try:
            _DOERS[type(action)](self, action)
        except OSError as error:
            raise explain.explain(action, error.errno or 0) from error

    def flush(self) -> None:
        """Send what waits in the buffer."""
        if not self._pending:
            return
        messages, owners = self._pending, self._owners
        self._pending, self._owners = [], []
        self._renaming = False
        try:
            self._socket(self._where).send(messages)
        except w.Refused as refused:
            action = owners[refused.number]
            raise explain.explain(action, refused.errno, refused.detail) from None

    # -- namespaces, sockets, indexes ----------------------------------------------------------

    def _come_home(self) -> None:
        if self._away:
            self._spaces.go_home()
            self._away = False

    def _descriptor(self, ns: str | None, action: act.Action) -> int:
        descriptor = self._descriptors.get(ns)
        if descriptor is None:
            try:
                descriptor = self._spaces.open(ns)
            except FileNotFoundError:
                raise explain.namespace_missing(action.title, ns or "host") from None
            self._descriptors[ns] = descriptor
        return descriptor

    def _socket(self, ns: str | None) -> w.Socket:
        socket = self._sockets.get(ns)
        if socket is None:
            with self._spaces.inside(self._descriptors[ns]):
                socket = self._sockets[ns] = w.Socket()
            self._away = False
        return socket

    def _forget(self, ns: str | None) -> None:
        """Let go of a namespace, lest this very process keeps it alive."""
        self.flush()
        if ns in self._sockets:
            self._sockets.pop(ns).close()
        if ns in self._descriptors:
            os.close(self._descriptors.pop(ns))

    def _index(self, ns: str | None, link: str, action: act.Action) -> int:
        """The ifindex of a link.

        :raises OSError: ENODEV
        """
        index = self._indexes.get((ns, link))
        if index is None:
            if self._renaming:
                self.flush()
            self._descriptor(ns, action)
            request = struct.pack("16si20x", link.encode(), 0)
            try:
                answer = fcntl.ioctl(self._socket(ns).fileno(), SIOCGIFINDEX, request)
            except OSError:
                self.flush()  # what was asked for earlier may have failed, too, and comes first
                raise
            index = self._indexes[ns, link] = struct.unpack_from("i", answer, 16)[0]
        return index

    def _send(self, action: act.Action, ns: str | None, kind: int, flags: int, body: bytes) -> None:
        self._descriptor(ns, action)
        if self._pending and (ns != self._where or len(self._pending) >= self._limit):
            self.flush()
        self._where = ns
        self._pending.append((kind, flags, body))
        self._owners.append(action)
        self._renaming |= isinstance(action, _RENAMING)
        if self._limit == 1:
            self.flush()

    def _run(self, action: act.Action, ns: str | None, argv: Sequence[str], given: str) -> None:
        """Run a tool in a namespace; what it prints is the cause if it fails."""
        self.flush()
        with self._spaces.inside(self._descriptor(ns, action)):
            code, output = self._init.run(argv, given.encode())
        if code:
            raise KernelRefused(
                action.operation,
                action.subject,
                output or f"{argv[0]} ended with {code}",
                "look at the rules that are there: nft list ruleset",
            )

    # -- one method for each action ------------------------------------------------------------

    def add_namespace(self, action: act.AddNamespace) -> None:
        self.flush()
        os.makedirs(sp.NAMED, exist_ok=True)
        path = f"{sp.NAMED}/{action.name}"
        self._away = True
        self._descriptors[action.name] = self._spaces.make(path)
        self._sockets[action.name] = w.Socket()  # this thread is inside it now
        self._indexes[action.name, "lo"] = 1

    def delete_namespace(self, action: act.DeleteNamespace) -> None:
        self._come_home()
        self._forget(action.name)
        path = f"{sp.NAMED}/{action.name}"
        if not os.path.exists(path):
            raise explain.namespace_missing(action.title, action.name)
        try:
            self._spaces.forget(path)
        except OSError as error:
            if error.errno != errno.EINVAL:  # a plain file: the name of no namespace
                raise
            os.unlink(path)
        self._indexes.clear()

    def add_container(self, action: act.AddContainer) -> None:
        self.flush()
        self._come_home()
        if self._spaces.container(action.name) is not None or action.name in self._spaces.named():
            raise explain.explain(action, errno.EEXIST)
        ended = threading.Event()
        output = os.memfd_create("output", os.MFD_CLOEXEC)
        nothing = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
        try:
            self._init.spawn(
                action.argv, lambda _: ended.set(), files={0: nothing, 1: output, 2: output}
            )
            limit = time.monotonic() + CONTAINER_START
            while not self._ready(action.name):
                if ended.is_set() or time.monotonic() > limit:
                    said = os.pread(output, 4096, 0).decode(errors="replace").strip()
                    raise KernelRefused(
                        action.operation,
                        action.name,
                        said or "its first process did not start",
                        "nslab doctor says what this machine allows",
                    )
                time.sleep(0.001)
        finally:
            os.close(output)
            os.close(nothing)
        with self._spaces.inside(self._descriptor(action.name, action)):
            self._spaces.settle(os.stat("/proc/thread-self/ns/net").st_ino)

    def _ready(self, container: str) -> bool:
        """Whether the container's script has come to its last word, ``exec sleep infinity``."""
        pid = self._spaces.container(container)
        if pid is None:
            return False
        try:
            return read(f"/proc/{pid}/cmdline").startswith("sleep\0infinity")
        except OSError:
            return False

    def delete_container(self, action: act.DeleteContainer) -> None:
        self._come_home()
        self._forget(action.name)
        for inode, (pids, hostname) in self._spaces.containers().items():
            if hostname == action.name:
                for pid in pids:
                    os.kill(pid, signal.SIGKILL)
                limit = time.monotonic() + 1.0
                while inode in network_inodes().values() and time.monotonic() < limit:
                    time.sleep(0.002)
                self._indexes.clear()
                return
        raise explain.namespace_missing(action.title, action.name)

    def add_bridge(self, action: act.AddBridge) -> None:
        data = b""
        if action.forward_delay is not None:
            data += w.u32(w.IFLA_BR_FORWARD_DELAY, round(action.forward_delay * 100))
        if action.stp is not None:
            data += w.u32(w.IFLA_BR_STP_STATE, int(action.stp))
        if action.multicast_snooping is not None:
            data += w.u8(w.IFLA_BR_MCAST_SNOOPING, int(action.multicast_snooping))
        body = w.ifinfo() + w.text(w.IFLA_IFNAME, action.name) + _link_info("bridge", data)
        self._send(action, action.ns, w.RTM_NEWLINK, w.NLM_F_CREATE | w.NLM_F_EXCL, body)

    def set_bridge(self, action: act.SetBridge) -> None:
        data = b""
        if action.stp is not None:
            data += w.u32(w.IFLA_BR_STP_STATE, int(action.stp))
        if action.forward_delay is not None:
            data += w.u32(w.IFLA_BR_FORWARD_DELAY, round(action.forward_delay * 100))
        if action.vlan_filtering is not None:
            self._needs_vlan_filtering(action)
            data += w.u8(w.IFLA_BR_VLAN_FILTERING, int(action.vlan_filtering))
        body = w.ifinfo() + w.text(w.IFLA_IFNAME, action.name) + _link_info("bridge", data)
        self._send(action, action.ns, w.RTM_NEWLINK, 0, body)

    def _needs_vlan_filtering(self, action: act.SetBridge) -> None:
        """A kernel that was built without it ignores the wish (br_changelink()), and says nothing.

        :raises OSError: EOPNOTSUPP
        """
        body = w.ifinfo(self._index(action.ns, action.name, action))
        self.flush()
        ((message, _),) = self._socket(action.ns).ask([(w.RTM_GETLINK, body)])
        info = w.decoded(w.attributes(message, 16, len(message)).get(w.IFLA_LINKINFO, b""))
        is_bridge = info.get(w.IFLA_INFO_KIND, b"").rstrip(b"\0") == b"bridge"
        if is_bridge and w.IFLA_BR_VLAN_FILTERING not in w.decoded(info[w.IFLA_INFO_DATA]):
            raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))

    def add_veth(self, action: act.AddVeth) -> None:
        flags = w.IFF_UP if action.up else 0
        peer = w.ifinfo() + w.text(w.IFLA_IFNAME, action.peer) + _ONE_QUEUE
        if action.peer_mac:
            peer += w.attribute(w.IFLA_ADDRESS, _mac(action.peer_mac))
        if action.peer_ns != action.ns:
            peer += w.u32(w.IFLA_NET_NS_FD, self._descriptor(action.peer_ns, action))
        body = w.ifinfo(0, flags, flags) + w.text(w.IFLA_IFNAME, action.name) + _ONE_QUEUE
        if action.mac:
            body += w.attribute(w.IFLA_ADDRESS, _mac(action.mac))
        if action.master:
            attach = act.Attach(action.name, action.master, ns=action.ns)
            master = self._index(action.ns, action.master, attach)
            body += w.u32(w.IFLA_MASTER, master)
        body += _link_info("veth", w.attribute(w.VETH_INFO_PEER, peer))
        self._send(action, action.ns, w.RTM_NEWLINK, w.NLM_F_CREATE | w.NLM_F_EXCL, body)

    def add_macvlan(self, action: act.AddMacvlan) -> None:
        self._add_stacked(
            action, "macvlan", w.u32(w.IFLA_MACVLAN_MODE, _MACVLAN_MODE[action.mode]), action.mac
        )

    def add_ipvlan(self, action: act.AddIpvlan) -> None:
        mode = act.IPVLAN_MODES.index(action.mode)
        self._add_stacked(action, "ipvlan", w.u16(w.IFLA_IPVLAN_MODE, mode))

    def add_vlan(self, action: act.AddVlan) -> None:
        self._add_stacked(action, "vlan", w.u16(w.IFLA_VLAN_ID, action.vlan))

    def _add_stacked(
        self,
        action: act.AddMacvlan | act.AddIpvlan | act.AddVlan,
        kind: str,
        data: bytes,
        mac: str | None = None,
    ) -> None:
        body = w.ifinfo() + w.text(w.IFLA_IFNAME, action.name)
        body += w.u32(w.IFLA_LINK, self._index(action.ns, action.parent, action))
        if mac:
            body += w.attribute(w.IFLA_ADDRESS, _mac(mac))
        if action.to is not None and action.to != action.ns:
            body += w.u32(w.IFLA_NET_NS_FD, self._descriptor(action.to, action))
        body += _link_info(kind, data)
        self._send(action, action.ns, w.RTM_NEWLINK, w.NLM_F_CREATE | w.NLM_F_EXCL, body)

    def set_port_vlan(self, action: act.SetPortVlan) -> None:
        flags = w.BRIDGE_VLAN_INFO_PVID * action.pvid
        flags |= w.BRIDGE_VLAN_INFO_UNTAGGED * action.untagged
        self._port_vlan(action, w.RTM_SETLINK, flags)

    def delete_port_vlan(self, action: act.DeletePortVlan) -> None:
        self._port_vlan(action, w.RTM_DELLINK, 0)

    def _port_vlan(
        self, action: act.SetPortVlan | act.DeletePortVlan, kind: int, flags: int
    ) -> None:
        index = self._index(action.ns, action.link, action)
        info = w.attribute(w.IFLA_BRIDGE_VLAN_INFO, struct.pack("=HH", flags, action.vlan))
        body = w.ifinfo(index, family=w.AF_BRIDGE) + w.attribute(w.IFLA_AF_SPEC, info)
        self._send(action, action.ns, kind, 0, body)

    def move(self, action: act.Move) -> None:
        self.flush()
        target = self._descriptor(action.to, action)
        self._change(action, action.link, w.u32(w.IFLA_NET_NS_FD, target))
        self._indexes.pop((action.ns, action.link), None)

    def rename(self, action: act.Rename) -> None:
        index = self._index(action.ns, action.link, action)
        body = w.ifinfo(index) + w.text(w.IFLA_IFNAME, action.name)
        self._send(action, action.ns, w.RTM_NEWLINK, 0, body)
        self._indexes.pop((action.ns, action.link), None)

    def delete_link(self, action: act.DeleteLink) -> None:
        body = w.ifinfo() + w.text(w.IFLA_IFNAME, action.link)
        self._send(action, action.ns, w.RTM_DELLINK, 0, body)
        self._indexes.clear()

    def set_up(self, action: act.SetUp) -> None:
        self._change(action, action.link, flags=w.IFF_UP, change=w.IFF_UP)

    def set_down(self, action: act.SetDown) -> None:
        self._change(action, action.link, change=w.IFF_UP)

    def set_mac(self, action: act.SetMac) -> None:
        self._change(action, action.link, w.attribute(w.IFLA_ADDRESS, _mac(action.mac)))

    def set_promiscuous(self, action: act.SetPromiscuous) -> None:
        flags = w.IFF_PROMISC if action.on else 0
        self._change(action, action.link, flags=flags, change=w.IFF_PROMISC)

    def attach(self, action: act.Attach) -> None:
        master = self._index(action.ns, action.bridge, action)
        self._change(action, action.link, w.u32(w.IFLA_MASTER, master))

    def detach(self, action: act.Detach) -> None:
        self._change(action, action.link, w.u32(w.IFLA_MASTER, 0))

    def _change(
        self, action: act.Action, link: str, more: bytes = b"", flags: int = 0, change: int = 0
    ) -> None:
        """RTM_NEWLINK without NLM_F_CREATE: change a link that is there, found by its name."""
        ns: str | None = getattr(action, "ns", None)
        body = w.ifinfo(0, flags, change) + w.text(w.IFLA_IFNAME, link) + more
        self._send(action, ns, w.RTM_NEWLINK, 0, body)

    def add_address(self, action: act.AddAddress) -> None:
        body = self._address(action)
        self._send(action, action.ns, w.RTM_NEWADDR, w.NLM_F_CREATE | w.NLM_F_EXCL, body)

    def delete_address(self, action: act.DeleteAddress) -> None:
        self._send(action, action.ns, w.RTM_DELADDR, 0, self._address(action))

    def _address(self, action: act.AddAddress | act.DeleteAddress) -> bytes:
        index = self._index(action.ns, action.link, action)
        text, _, bits = action.address.partition("/")
        family, packed = _packed(text)
        length = int(bits)
        # As ip-address(8): what is a loopback address is of scope host.
        loopback = packed[0] == 127 if family == 2 else packed == _LOOPBACK6
        scope = 254 if loopback else 0
        body = struct.pack("=BBBBI", family, length, 0, scope, index)
        body += w.attribute(w.IFA_LOCAL, packed) + w.attribute(w.IFA_ADDRESS, packed)
        if isinstance(action, act.AddAddress) and action.broadcast and family == 2 and length < 31:
            hosts = (1 << (32 - length)) - 1
            broadcast = int.from_bytes(packed, "big") | hosts
            body += w.attribute(w.IFA_BROADCAST, broadcast.to_bytes(4, "big"))
        return body

    def add_route(self, action: act.AddRoute) -> None:
        flags = w.NLM_F_CREATE | w.NLM_F_EXCL
        self._send(action, action.ns, w.RTM_NEWROUTE, flags, self._route(action))

    def delete_route(self, action: act.DeleteRoute) -> None:
        self._send(action, action.ns, w.RTM_DELROUTE, 0, self._route(action))

    def _route(self, action: act.AddRoute | act.DeleteRoute) -> bytes:
        destination = action.destination
        body, length, family = b"", 0, 2
        if destination != "default":
            network = ipaddress.ip_network(destination)
            family, length = 2 if network.version == 4 else 10, network.prefixlen
            body += w.attribute(w.RTA_DST, network.network_address.packed)
        if action.via:
            family, gateway = _packed(action.via)
            body += w.attribute(w.RTA_GATEWAY, gateway)
        if action.dev:
            body += w.u32(w.RTA_OIF, self._index(action.ns, action.dev, action))
        adding = isinstance(action, act.AddRoute)
        # As ip-route(8): a route without a gateway is of scope link; to delete, any scope will do.
        scope = (0 if action.via else 253) if adding else 255
        kind, protocol = (1, 3) if adding else (0, 0)
        return struct.pack("=BBBBBBBBI", family, length, 0, 0, 254, protocol, scope, kind, 0) + body

    def masquerade(self, action: act.Masquerade) -> None:
        source = "" if action.source == "default" else f"ip saddr {action.source} "
        rule = (
            "add table ip nslab\n"
            "add chain ip nslab postrouting { type nat hook postrouting priority srcnat ; }\n"
            f'add rule ip nslab postrouting {source}oifname "{action.out}" masquerade\n'
        )
        self._run(action, action.ns, ("nft", "-f", "-"), rule)

    def sysctl(self, action: act.Sysctl) -> None:
        self.flush()
        path = f"/proc/sys/{names.sysctl_path(action.key)}"
        with self._spaces.inside(self._descriptor(action.ns, action)):
            write(path, action.value)

    def resolv_conf(self, action: act.ResolvConf) -> None:
        self._descriptor(action.ns, action)
        self._come_home()
        if action.ns is None:
            path = "/etc/resolv.conf"
        elif action.ns in self._spaces.named():
            os.makedirs(f"/etc/netns/{action.ns}", exist_ok=True)
            path = f"/etc/netns/{action.ns}/resolv.conf"
        elif os.path.isdir(f"{sp.CONTAINERS}/{action.ns}"):
            path = f"{sp.CONTAINERS}/{action.ns}/resolv.conf"
        else:
            raise InvalidInput(
                action.operation,
                action.ns,
                "it has no file system of its own to write to",
                "name the host, a namespace of /run/netns or a container",
            )
        with open(path, "w") as file:
            file.write(f"nameserver {action.nameserver}\n")


_LOOPBACK6 = bytes(15) + b"\1"
_RENAMING = (
    act.AddBridge,
    act.AddVeth,
    act.AddMacvlan,
    act.AddIpvlan,
    act.AddVlan,
    act.Move,
    act.Rename,
    act.DeleteLink,
)
_MACVLAN_MODE = {"private": 1, "vepa": 2, "bridge": 4, "passthru": 8}


def _link_info(kind: str, data: bytes) -> bytes:
    parts = w.attribute(w.IFLA_INFO_KIND, kind.encode())
    if data:
        parts += w.attribute(w.IFLA_INFO_DATA, data)
    return w.attribute(w.IFLA_LINKINFO, parts)


def _packed(address: str) -> tuple[int, bytes]:
    """The family of an address that has been checked, and its bytes: a tenth of ipaddress' time."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    return family, socket.inet_pton(family, address)


def _mac(text: str) -> bytes:
    return bytes.fromhex(text.replace(":", ""))


_DOERS: dict[Any, Callable[[_Work, Any], None]] = {
    kind: getattr(_Work, method)
    for kind, method in {
        act.AddNamespace: "add_namespace",
        act.DeleteNamespace: "delete_namespace",
        act.AddContainer: "add_container",
        act.DeleteContainer: "delete_container",
        act.AddBridge: "add_bridge",
        act.SetBridge: "set_bridge",
        act.AddVeth: "add_veth",
        act.AddMacvlan: "add_macvlan",
        act.AddIpvlan: "add_ipvlan",
        act.AddVlan: "add_vlan",
        act.SetPortVlan: "set_port_vlan",
        act.DeletePortVlan: "delete_port_vlan",
        act.Move: "move",
        act.Rename: "rename",
        act.DeleteLink: "delete_link",
        act.SetUp: "set_up",
        act.SetDown: "set_down",
        act.SetMac: "set_mac",
        act.SetPromiscuous: "set_promiscuous",
        act.Attach: "attach",
        act.Detach: "detach",
        act.AddAddress: "add_address",
        act.DeleteAddress: "delete_address",
        act.AddRoute: "add_route",
        act.DeleteRoute: "delete_route",
        act.Masquerade: "masquerade",
        act.Sysctl: "sysctl",
        act.ResolvConf: "resolv_conf",
    }.items()
}
