"""What the agent says to the kernel and hears from it, held against pyroute2's message classes.

Both ways, for every kind of message: pyroute2 reads what the actions' doers write, and the agent
reads what pyroute2 writes.  No kernel takes part, so any value may come.
"""

from __future__ import annotations

import ipaddress
import socket
import struct
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, reject
from hypothesis import strategies as st
from pyroute2.netlink.generic.wireguard import wgmsg
from pyroute2.netlink.rtnl.ifaddrmsg import ifaddrmsg
from pyroute2.netlink.rtnl.ifinfmsg import ifinfmsg
from pyroute2.netlink.rtnl.ndmsg import ndmsg
from pyroute2.netlink.rtnl.rtmsg import rtmsg

from nslab.engine import uapi
from nslab.engine.agent.rtnl import observe, rtnetlink, tunnels
from nslab.engine.agent.rtnl.apply import DOERS
from nslab.errors import InvalidInput
from nslab.network import actions as act
from nslab.network import model, names

INDEX = {"br7": 7, "low8": 8, "dev9": 9, "end10": 10}
HOME, ELSEWHERE = 40, 41
KIND = {
    uapi.RTM_NEWLINK: ifinfmsg,
    uapi.RTM_DELLINK: ifinfmsg,
    uapi.RTM_SETLINK: ifinfmsg,
    uapi.RTM_NEWADDR: ifaddrmsg,
    uapi.RTM_DELADDR: ifaddrmsg,
    uapi.RTM_NEWROUTE: rtmsg,
    uapi.RTM_DELROUTE: rtmsg,
}

link_names = st.text("abcxyzABCXYZ0123456789_.+@=-", min_size=1, max_size=15).filter(
    lambda name: name not in (".", "..", *names.IPROUTE2_WORDS) and name[0] != "-"
)
"""Names that an action takes."""

any_names = st.text(min_size=1, max_size=15).filter(
    lambda name: len(name.encode(errors="ignore")) <= 15 and name.isprintable() and "/" not in name
)
"""Names that a kernel may report: it refuses a slash, a colon and white space only."""

macs = st.binary(min_size=6, max_size=6).map(
    lambda raw: bytes((raw[0] & 0xFE | 2, *raw[1:])).hex(":")
)
v4 = st.integers(1, 2**32 - 2).map(ipaddress.IPv4Address)
v6 = st.integers(1, 2**128 - 2).map(ipaddress.IPv6Address)
interfaces = st.one_of(
    st.builds(lambda a, n: f"{a}/{n}", v4, st.integers(1, 32)),
    st.builds(lambda a, n: f"{a}/{n}", v6, st.integers(1, 128)),
)
networks = interfaces.map(lambda text: str(ipaddress.ip_network(text, strict=False)))
namespaces = st.sampled_from([None, "ns1"])
maybe = st.none() | st.booleans()


class Recorder:
    """Stands for a batch: notes each message, and knows some links and namespaces."""

    def __init__(self) -> None:
        self.sent: list[tuple[int, int, bytes]] = []
        self.indexes: dict[Any, int] = {}

    def send(self, action: act.Action, ns: str | None, kind: int, flags: int, body: bytes) -> None:
        self.sent.append((kind, flags, body))

    def change(
        self, action: Any, link: str, more: bytes = b"", flags: int = 0, change: int = 0
    ) -> None:
        body = rtnetlink.ifinfo(0, flags, change)
        body += rtnetlink.text(uapi.IFLA_IFNAME, link) + more
        self.send(action, action.ns, uapi.RTM_NEWLINK, 0, body)

    def index(self, ns: str | None, link: str, action: act.Action) -> int:
        return INDEX[link]

    def descriptor(self, ns: str | None, action: act.Action) -> int:
        return HOME if ns is None else ELSEWHERE

    def flush(self) -> None:
        pass


def said(action: act.Action) -> Any:
    """The one message that an action's doer sends, as pyroute2 reads it."""
    recorder = Recorder()
    DOERS[type(action)](recorder, action)  # type: ignore[arg-type]
    ((kind, flags, body),) = recorder.sent
    message = KIND[kind](struct.pack("=IHHII", 16 + len(body), kind, flags, 1, 0) + body)
    message.decode()
    assert message["header"]["type"] == kind
    creates = uapi.NLM_F_CREATE | uapi.NLM_F_EXCL
    assert flags == (creates if type(action).__name__.startswith("Add") else 0)
    return message


def info(message: Any) -> Any:
    found = message.get_attr("IFLA_LINKINFO")
    assert found is not None
    return found


# -- what is said ------------------------------------------------------------------------------


@given(link_names, maybe, st.none() | st.integers(2, 30), maybe)
def test_a_bridge(name: str, stp: bool | None, delay: int | None, snooping: bool | None) -> None:
    message = said(act.AddBridge(name, stp=stp, forward_delay=delay, multicast_snooping=snooping))
    assert message.get_attr("IFLA_IFNAME") == name
    assert info(message).get_attr("IFLA_INFO_KIND") == "bridge"
    data = info(message).get_attr("IFLA_INFO_DATA")
    given = {
        "IFLA_BR_STP_STATE": None if stp is None else int(stp),
        "IFLA_BR_FORWARD_DELAY": None if delay is None else delay * 100,
        "IFLA_BR_MCAST_SNOOPING": None if snooping is None else int(snooping),
    }
    for attribute, value in given.items():
        assert (data.get_attr(attribute) if data else None) == value


@given(link_names, st.booleans(), st.integers(2, 30))
def test_a_bridge_is_changed(name: str, stp: bool, delay: int) -> None:
    message = said(act.SetBridge(name, stp=stp, forward_delay=delay))
    data = info(message).get_attr("IFLA_INFO_DATA")
    assert data.get_attr("IFLA_BR_STP_STATE") == int(stp)
    assert data.get_attr("IFLA_BR_FORWARD_DELAY") == delay * 100


@given(link_names, link_names, st.none() | macs, st.none() | macs, namespaces, st.booleans())
def test_a_veth_pair(
    name: str, peer: str, mac: str | None, peer_mac: str | None, peer_ns: str | None, up: bool
) -> None:
    if name == peer:
        peer = f"{peer[:-1]}x" if peer[-1] != "x" else f"{peer[:-1]}y"
    message = said(
        act.AddVeth(name, peer, mac=mac, peer_mac=peer_mac, peer_ns=peer_ns, up=up, master="br7")
    )
    assert message["flags"] == message["change"] == int(up)
    assert message.get_attr("IFLA_IFNAME") == name
    assert message.get_attr("IFLA_ADDRESS") == mac
    assert message.get_attr("IFLA_MASTER") == INDEX["br7"]
    assert message.get_attr("IFLA_NUM_TX_QUEUES") == message.get_attr("IFLA_NUM_RX_QUEUES") == 1
    assert info(message).get_attr("IFLA_INFO_KIND") == "veth"
    other = info(message).get_attr("IFLA_INFO_DATA").get_attr("VETH_INFO_PEER")
    assert other.get_attr("IFLA_IFNAME") == peer
    assert other.get_attr("IFLA_ADDRESS") == peer_mac
    assert other.get_attr("IFLA_NET_NS_FD") == (ELSEWHERE if peer_ns else None)


@given(link_names, st.none() | macs, st.sampled_from(act.MACVLAN_MODES), namespaces)
def test_a_macvlan(name: str, mac: str | None, mode: str, to: str | None) -> None:
    message = said(act.AddMacvlan("low8", name, mode=mode, mac=mac, to=to))  # type: ignore[arg-type]
    assert message.get_attr("IFLA_LINK") == INDEX["low8"]
    assert message.get_attr("IFLA_ADDRESS") == mac
    assert message.get_attr("IFLA_NET_NS_FD") == (ELSEWHERE if to else None)
    assert info(message).get_attr("IFLA_INFO_KIND") == "macvlan"
    assert info(message).get_attr("IFLA_INFO_DATA").get_attr("IFLA_MACVLAN_MODE") == mode


@given(link_names, st.sampled_from(act.IPVLAN_MODES))
def test_an_ipvlan(name: str, mode: str) -> None:
    message = said(act.AddIpvlan("low8", name, mode=mode))  # type: ignore[arg-type]
    assert info(message).get_attr("IFLA_INFO_KIND") == "ipvlan"
    number = info(message).get_attr("IFLA_INFO_DATA").get_attr("IFLA_IPVLAN_MODE")
    assert number == act.IPVLAN_MODES.index(mode)


@given(link_names, st.integers(1, 4094))
def test_a_vlan(name: str, vlan: int) -> None:
    message = said(act.AddVlan("low8", name, vlan))
    assert info(message).get_attr("IFLA_INFO_KIND") == "vlan"
    assert info(message).get_attr("IFLA_INFO_DATA").get_attr("IFLA_VLAN_ID") == vlan


@given(st.integers(1, 4094), st.booleans(), st.booleans(), st.booleans())
def test_the_vlans_of_a_port(vlan: int, pvid: bool, untagged: bool, deleted: bool) -> None:
    if deleted:
        message, flags = said(act.DeletePortVlan("end10", vlan)), 0
    else:
        message = said(act.SetPortVlan("end10", vlan, pvid=pvid, untagged=untagged))
        flags = 2 * pvid | 4 * untagged
    assert message["family"] == uapi.AF_BRIDGE
    assert message["index"] == INDEX["end10"]
    found = message.get_attr("IFLA_AF_SPEC").get_attr("IFLA_BRIDGE_VLAN_INFO")
    assert (found["vid"], found["flags"]) == (vlan, flags)


@given(link_names, link_names)
def test_what_every_link_can_be_told(name: str, other: str) -> None:
    up, down = said(act.SetUp(name)), said(act.SetDown(name))
    assert (up["flags"] & 1, up["change"]) == (1, 1)
    assert (down["flags"] & 1, down["change"]) == (0, 1)
    promiscuous = said(act.SetPromiscuous(name, on=True))
    assert promiscuous["flags"] == promiscuous["change"] == uapi.IFF_PROMISC
    assert said(act.SetPromiscuous(name, on=False))["flags"] == 0
    for message in (up, down, promiscuous, said(act.DeleteLink(name))):
        assert message.get_attr("IFLA_IFNAME") == name
    assert said(act.Attach(name, "br7")).get_attr("IFLA_MASTER") == INDEX["br7"]
    assert said(act.Detach(name)).get_attr("IFLA_MASTER") == 0
    moved = said(act.Move(name, to="ns1"))
    assert moved.get_attr("IFLA_NET_NS_FD") == ELSEWHERE
    renamed = said(act.Rename("end10", other))
    assert (renamed["index"], renamed.get_attr("IFLA_IFNAME")) == (INDEX["end10"], other)


@given(link_names, macs)
def test_a_mac(name: str, mac: str) -> None:
    assert said(act.SetMac(name, mac)).get_attr("IFLA_ADDRESS") == mac


@given(interfaces, st.booleans(), st.booleans())
def test_an_address(text: str, broadcast: bool, deleted: bool) -> None:
    interface = ipaddress.ip_interface(text)
    try:
        adding = act.AddAddress("end10", text, broadcast=broadcast)
    except InvalidInput:
        reject()  # no link may have such an address
    message = said(act.DeleteAddress("end10", text) if deleted else adding)
    assert message["index"] == INDEX["end10"]
    assert message["family"] == (2 if interface.version == 4 else 10)
    assert message["prefixlen"] == interface.network.prefixlen
    assert message["scope"] == (254 if interface.ip.is_loopback else 0)
    for attribute in ("IFA_LOCAL", "IFA_ADDRESS"):
        assert ipaddress.ip_address(message.get_attr(attribute)) == interface.ip
    wanted = broadcast and not deleted and interface.version == 4
    wanted = wanted and interface.network.prefixlen < 31
    last = str(interface.network.broadcast_address)
    assert message.get_attr("IFA_BROADCAST") == (last if wanted else None)


@given(networks | st.just("default"), st.none() | v4, st.none() | st.just("dev9"), st.booleans())
def test_a_route(
    destination: str, via: ipaddress.IPv4Address | None, dev: str | None, deleted: bool
) -> None:
    if ":" in destination:
        via = None
    if via is None and dev is None:
        dev = "dev9"
    kind = act.DeleteRoute if deleted else act.AddRoute
    message = said(kind(destination, via=str(via) if via else None, dev=dev))
    if destination == "default":
        assert (message["dst_len"], message.get_attr("RTA_DST")) == (0, None)
    else:
        network = ipaddress.ip_network(destination)
        assert message["dst_len"] == network.prefixlen
        assert ipaddress.ip_address(message.get_attr("RTA_DST")) == network.network_address
        assert message["family"] == (2 if network.version == 4 else 10)
    assert message.get_attr("RTA_GATEWAY") == (str(via) if via else None)
    assert message.get_attr("RTA_OIF") == (INDEX["dev9"] if dev else None)
    assert message["table"] == 254
    if deleted:
        assert (message["scope"], message["type"], message["proto"]) == (255, 0, 0)
    else:
        assert (message["scope"], message["type"]) == (0 if via else 253, 1)
        assert message["proto"] == 3  # boot, as ip-route(8)


def test_every_action_of_rtnetlink_is_tried_here() -> None:
    """What is not asked by a message (files, processes, nft) is tried on a kernel only."""
    otherwise = {
        "AddNamespace",
        "DeleteNamespace",
        "AddContainer",
        "DeleteContainer",
        "Masquerade",
        "Sysctl",
        "ResolvConf",
    }
    text = Path(__file__).read_text(encoding="utf-8")
    for kind in DOERS:
        assert kind.__name__ in otherwise or f"act.{kind.__name__}" in text, kind


# -- what is heard -----------------------------------------------------------------------------


class Line:
    """Stands for a netlink socket: answers a question with messages that pyroute2 wrote."""

    def __init__(self, messages: list[Any], cut: int) -> None:
        self._left = [bytes(message.data) for message in messages]
        self._cut = cut

    def sendto(self, data: bytes, where: tuple[int, int]) -> None:
        pass

    def recv(self, size: int) -> bytes:
        """A few messages a piece, as the kernel's dumps come."""
        piece, self._left = self._left[: self._cut], self._left[self._cut :]
        if not piece:
            return struct.pack("=IHHIIi", 20, uapi.NLMSG_DONE, 2, 1, 0, 0)
        return b"".join(one + bytes(-len(one) % 4) for one in piece)


def heard(messages: list[Any], cut: int = 2) -> rtnetlink.Socket:
    for message in messages:
        message.encode()
    asking = rtnetlink.Socket.__new__(rtnetlink.Socket)
    asking._socket = Line(messages, cut)  # type: ignore[assignment]
    return asking


def message(
    kind: Any, number: int, fields: Mapping[str, Any], attributes: Mapping[str, Any]
) -> Any:
    made = kind()
    for name, value in fields.items():
        made[name] = value
    made["attrs"] = [(name, value) for name, value in attributes.items() if value is not None]
    made["header"]["type"] = number
    made["header"]["flags"] = 2
    made["header"]["sequence_number"] = 1
    return made


links = st.fixed_dictionaries(
    {
        "name": any_names,
        "mac": macs,
        "mtu": st.integers(68, 65536),
        "flags": st.sampled_from([0, 1, 0x1043, 0x11043, 0x10049]),
        "operstate": st.integers(0, 6),
        "promiscuity": st.integers(0, 5),
        "kind": st.sampled_from(["veth", "bridge", "macvlan", "ipvlan", "vlan", "dummy", ""]),
        "number": st.integers(1, 4094),
    }
)
KIND_DATA = {
    "bridge": lambda n: {
        "attrs": [
            ("IFLA_BR_STP_STATE", n % 2),
            ("IFLA_BR_FORWARD_DELAY", n),
            ("IFLA_BR_MCAST_SNOOPING", n // 2 % 2),
        ]
    },
    "macvlan": lambda n: {"attrs": [("IFLA_MACVLAN_MODE", ["private", "vepa", "bridge"][n % 3])]},
    "ipvlan": lambda n: {"attrs": [("IFLA_IPVLAN_MODE", n % 3)]},
    "vlan": lambda n: {"attrs": [("IFLA_VLAN_ID", n)]},
}


@given(st.lists(links, max_size=5, unique_by=lambda link: link["name"]), st.integers(1, 3))
def test_links_are_heard(some: list[dict[str, Any]], cut: int) -> None:
    messages = []
    for index, link in enumerate(some, 2):
        about = [("IFLA_INFO_KIND", link["kind"])]
        if link["kind"] in KIND_DATA:
            about.append(("IFLA_INFO_DATA", KIND_DATA[link["kind"]](link["number"])))
        attributes = {
            "IFLA_IFNAME": link["name"],
            "IFLA_MTU": link["mtu"],
            "IFLA_OPERSTATE": OPERSTATES[link["operstate"]],
            "IFLA_PROMISCUITY": link["promiscuity"],
            "IFLA_ADDRESS": link["mac"],
            "IFLA_LINKINFO": {"attrs": about} if link["kind"] else None,
        }
        fields = {"index": index, "flags": link["flags"], "family": 0}
        messages.append(message(ifinfmsg, uapi.RTM_NEWLINK, fields, attributes))
    target = observe.Target(inode=1, descriptor=-1, role="host", label="host")
    target.raw = observe._links(heard(messages, cut))
    here = {1: {raw.index: raw.name for raw in target.raw}}
    seen = [
        observe._link(raw, target, observe._Part(sysctls={"net.ipv4.ip_forward": "0"}), here, set())
        for raw in target.raw
    ]
    assert [link.name for link in seen] == [link["name"] for link in some]
    for index, (link, wanted) in enumerate(zip(seen, some, strict=True), 2):
        assert link.index == index
        assert (link.kind, link.mac, link.mtu) == (wanted["kind"], wanted["mac"], wanted["mtu"])
        assert link.promiscuity == wanted["promiscuity"]
        assert link.operstate == OPERSTATES[wanted["operstate"]].lower()
        assert link.up == bool(wanted["flags"] & 1)
        assert link.carrier == bool(wanted["flags"] & 0x10000)
        n = wanted["number"]
        match link.kind:
            case "bridge":
                assert link.bridge is not None
                assert (link.bridge.stp, link.bridge.forward_delay) == (bool(n % 2), n / 100)
                assert link.bridge.multicast_snooping == bool(n // 2 % 2)
            case "macvlan":
                assert link.mode == ["private", "vepa", "bridge"][n % 3]
            case "ipvlan":
                assert link.mode == ["l2", "l3", "l3s"][n % 3]
            case "vlan":
                assert link.vlan == n


def prefixed(prefix: str, **values: Any) -> dict[str, Any]:
    """The data of a link, but for what is not said."""
    return {"attrs": [(f"{prefix}_{k}", v) for k, v in values.items() if v is not None]}


def written(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> str:
    """As the C library writes it: some of IPv6 otherwise than Python."""
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    return socket.inet_ntop(family, address.packed)


TUNNELS = {
    **dict.fromkeys(("gre", "gretap"), "IFLA_GRE"),
    "ipip": "IFLA_IPIP",
    "sit": "IFLA_SIT",
    "vti": "IFLA_VTI",
}
V6_TUNNELS = {"ip6gre": "IFLA_IP6GRE", "ip6tnl": "IFLA_IP6TNL"}


@given(
    st.sampled_from(sorted(TUNNELS | V6_TUNNELS)),
    st.data(),
    st.none() | st.integers(1, 2**32 - 1),
    st.none() | st.integers(1, 2**32 - 1),
)
def test_the_ends_of_tunnels_are_heard(
    kind: str, data: Any, key_in: int | None, key_out: int | None
) -> None:
    family = v4 if kind in TUNNELS else v6
    some = st.none() | family.map(written)
    local, remote = data.draw(some), data.draw(some)
    any_address = "0.0.0.0" if kind in TUNNELS else "::"
    prefix = (TUNNELS | V6_TUNNELS)[kind]
    said = {"LOCAL": local or any_address, "REMOTE": remote or any_address}
    keyed = "gre" in kind or kind == "vti"
    if keyed:
        # Without its flag, a key that stands there is none.
        said |= {"IKEY": key_in or 0, "OKEY": key_out or 0}
    if "gre" in kind:
        # Big-endian; of those of ip6gre pyroute2 thinks that they are not.
        flag = socket.htons(0x2000) if kind == "ip6gre" else 0x2000
        said |= {"IFLAGS": flag * bool(key_in), "OFLAGS": flag * bool(key_out)}
    about = [("IFLA_INFO_KIND", kind), ("IFLA_INFO_DATA", prefixed(prefix, **said))]
    attributes = {"IFLA_IFNAME": "t0", "IFLA_LINKINFO": {"attrs": about}}
    one = message(ifinfmsg, uapi.RTM_NEWLINK, {"index": 2, "family": 0}, attributes)
    (raw,) = observe._links(heard([one]))
    assert tunnels.ends(raw.kind, raw.data) == model.Ends(
        local=local or "",
        remote=remote or "",
        key_in=key_in if keyed else None,
        key_out=key_out if keyed else None,
    )


def test_a_geneve_is_heard_and_what_tells_nothing_is_not() -> None:
    said = {"ID": 5, "REMOTE": "10.2.0.2", "PORT": 6081}
    about = [("IFLA_INFO_KIND", "geneve"), ("IFLA_INFO_DATA", prefixed("IFLA_GENEVE", **said))]
    attributes = {"IFLA_IFNAME": "g0", "IFLA_LINKINFO": {"attrs": about}}
    one = message(ifinfmsg, uapi.RTM_NEWLINK, {"index": 2, "family": 0}, attributes)
    (raw,) = observe._links(heard([one]))
    ends = model.Ends(remote="10.2.0.2", key_in=5, key_out=5, port=6081)
    assert tunnels.ends(raw.kind, raw.data) == ends
    assert tunnels.ends("gre", {}) is None
    assert tunnels.ends("dummy", {1: b"\0\0\0\0"}) is None
    assert tunnels.wireguards([]) == {}


@given(st.lists(st.lists(st.none() | v4 | v6, max_size=3), min_size=1, max_size=3))
def test_the_peers_of_a_wireguard_are_heard(pieces: list[list[Any]]) -> None:
    """One with many peers comes in several pieces, and not each peer has an endpoint."""
    messages = []
    for peers in pieces:
        some = [
            {
                "attrs": [
                    ("WGPEER_A_PUBLIC_KEY", {"value": "A" * 43 + "="}),
                    *([("WGPEER_A_ENDPOINT", {"addr": str(p), "port": 51820})] if p else ()),
                ]
            }
            for p in peers
        ]
        attributes = {"WGDEVICE_A_LISTEN_PORT": 51821, "WGDEVICE_A_PEERS": some}
        messages.append(message(wgmsg, 30, {"cmd": 0, "version": 1}, attributes))
    found = tunnels._wireguard(heard(messages), 30, 7)
    wanted = [
        "" if p is None else f"[{written(p)}]:51820" if p.version == 6 else f"{p}:51820"
        for peers in pieces
        for p in peers
    ]
    assert found == model.Ends(port=51821, peers=tuple(wanted))


OPERSTATES = ("UNKNOWN", "NOTPRESENT", "DOWN", "LOWERLAYERDOWN", "TESTING", "DORMANT", "UP")


@given(st.lists(interfaces, max_size=5, unique=True), st.sampled_from([0, 200, 253, 254]))
def test_addresses_are_heard(some: list[str], scope: int) -> None:
    messages = []
    for text in some:
        interface = ipaddress.ip_interface(text)
        own = str(interface.ip)
        attributes = {"IFA_ADDRESS": own, "IFA_LOCAL": own if interface.version == 4 else None}
        if interface.version == 4:
            attributes["IFA_BROADCAST"] = str(interface.network.broadcast_address)
        fields = {
            "family": 2 if interface.version == 4 else 10,
            "prefixlen": interface.network.prefixlen,
            "scope": scope,
            "index": 3,
        }
        messages.append(message(ifaddrmsg, uapi.RTM_NEWADDR, fields, attributes))
    seen = observe._addresses(heard(messages)).get(3, [])
    assert [ipaddress.ip_interface(one.address) for one in seen] == [
        ipaddress.ip_interface(text) for text in some
    ]
    words = {0: "global", 200: "site", 253: "link", 254: "host"}
    assert {one.scope for one in seen} <= {words[scope]}
    for one, text in zip(seen, some, strict=True):
        network = ipaddress.ip_interface(text).network
        assert one.broadcast == (str(network.broadcast_address) if network.version == 4 else "")


@given(
    st.lists(networks | st.just("default"), max_size=5, unique=True),
    st.integers(1, 300),
    st.integers(0, 2**32 - 1),
    st.sampled_from([1, 6, 7, 8, 9]),
    st.none() | v4,
)
def test_routes_are_heard(
    some: list[str], table: int, metric: int, kind: int, via: ipaddress.IPv4Address | None
) -> None:
    messages = []
    for text in some:
        network = None if text == "default" else ipaddress.ip_network(text)
        family = 10 if network is not None and network.version == 6 else 2
        attributes = {
            "RTA_DST": None if network is None else str(network.network_address),
            "RTA_GATEWAY": str(via) if via and family == 2 else None,
            "RTA_OIF": 9,
            "RTA_PRIORITY": metric or None,
            "RTA_TABLE": table,
        }
        fields = {
            "family": family,
            "dst_len": 0 if network is None else network.prefixlen,
            "table": table if table < 256 else 252,
            "proto": 4,
            "scope": 0,
            "type": kind,
        }
        messages.append(message(rtmsg, uapi.RTM_NEWROUTE, fields, attributes))
    raw = observe._RawLink(9, 0x10001, {}, "dev", "veth", {}, {}, 0, None)
    seen, local = observe._routes(heard(messages), {9: raw})
    if table == 255:  # addresses that no link has: only IPv4 is of interest
        assert seen == ()
        assert {route.table for route in local} <= {255}
        return
    kinds = {1: "unicast", 6: "blackhole", 7: "unreachable", 8: "prohibit", 9: "throw"}
    for route, text in zip(seen, some, strict=True):
        wanted = text if text == "default" or not text.endswith("/0") else "default"
        assert route.destination == wanted or ipaddress.ip_network(
            route.destination
        ) == ipaddress.ip_network(text)
        gateway = str(via) if via and ":" not in text else ""
        assert (route.via, route.dev, route.metric) == (gateway, "dev", metric)
        assert (route.table, route.kind, route.protocol) == (table, kinds[kind], "static")
        assert not route.dead


STATES = {
    1: "incomplete",
    2: "reachable",
    4: "stale",
    8: "delay",
    16: "probe",
    32: "failed",
    128: "permanent",
}


@given(st.lists(st.tuples(v4 | v6, macs, st.sampled_from(sorted(STATES))), max_size=5))
def test_neighbours_are_heard(some: list[tuple[Any, str, int]]) -> None:
    messages = [
        message(
            ndmsg,
            28,
            {"family": 2 if address.version == 4 else 10, "ifindex": 9, "state": state},
            {"NDA_DST": str(address), "NDA_LLADDR": mac},
        )
        for address, mac, state in some
    ]
    seen = observe._neighbours(heard(messages), {9: "dev"})
    assert sorted(
        (ipaddress.ip_address(one.address).packed, one.mac, one.state) for one in seen
    ) == (sorted((address.packed, mac, STATES[state]) for address, mac, state in some))
    assert {one.dev for one in seen} <= {"dev"}


@given(st.lists(st.tuples(macs, st.sampled_from([0x80, 0x40, 0x02]), st.booleans()), max_size=5))
def test_forwarding_tables_are_heard(some: list[tuple[str, int, bool]]) -> None:
    messages = [
        message(
            ndmsg,
            28,
            {"family": 7, "ifindex": 9, "state": state, "flags": 2 if own else 4},
            {"NDA_LLADDR": mac, "NDA_MASTER": 7},
        )
        for mac, state, own in some
    ]
    seen = observe._fdb(heard(messages), {9: "port", 7: "br0"})
    words = {0x80: "permanent", 0x40: "static", 0x02: "learned"}
    assert sorted((one.mac, one.state, one.own) for one in seen) == sorted(
        (mac, words[state], own) for mac, state, own in some
    )
    assert {(one.dev, one.master) for one in seen} <= {("port", "br0")}


# -- the stream itself -------------------------------------------------------------------------


@given(st.lists(st.tuples(st.integers(1, 0x3FFF), st.binary(max_size=40)), max_size=8))
def test_attributes_are_read_as_they_were_written(some: list[tuple[int, bytes]]) -> None:
    written = b"".join(rtnetlink.attribute(kind, payload) for kind, payload in some)
    assert len(written) % 4 == 0
    assert rtnetlink.attributes(written, 0, len(written)) == dict(some)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_without_a_crash(noise: bytes) -> None:
    found = rtnetlink.attributes(noise, 0, len(noise))
    assert all(len(payload) <= len(noise) for payload in found.values())


@contextmanager
def answering(*pieces: bytes) -> Iterator[rtnetlink.Socket]:
    left = list(pieces)

    class Answers:
        def sendto(self, data: bytes, where: tuple[int, int]) -> None:
            self.asked = data

        def recv(self, size: int) -> bytes:
            return left.pop(0)

    asking = rtnetlink.Socket.__new__(rtnetlink.Socket)
    asking._socket = Answers()  # type: ignore[assignment]
    yield asking


def acknowledgement(number: int, code: int, words: str = "") -> bytes:
    body = struct.pack("=i", -code) + struct.pack("=IHHII", 16, 16, 5, number, 0)
    flags = 0
    if words:
        body += rtnetlink.text(uapi.NLMSGERR_ATTR_MSG, words)
        flags = uapi.NLM_F_ACK_TLVS | uapi.NLM_F_CAPPED
    return struct.pack("=IHHII", 16 + len(body), uapi.NLMSG_ERROR, flags, number, 0) + body


@given(st.integers(1, 20).flatmap(lambda n: st.tuples(st.just(n), st.sets(st.integers(0, n - 1)))))
def test_the_first_refusal_of_a_batch_is_told(batch: tuple[int, set[int]]) -> None:
    """Errors come unasked, in order; the acknowledgement of the last message ends it."""
    count, refused = batch
    errors = [acknowledgement(number, 17, f"no {number}.") for number in sorted(refused)]
    if count - 1 not in refused:
        errors.append(acknowledgement(count - 1, 0))
    messages = [(uapi.RTM_NEWLINK, 0, rtnetlink.ifinfo()) for _ in range(count)]
    with answering(*(one + bytes(-len(one) % 4) for one in errors)) as asking:
        if not refused:
            asking.send(messages)
            return
        with pytest.raises(rtnetlink.Refused) as caught:
            asking.send(messages)
    assert (caught.value.number, caught.value.errno) == (min(refused), 17)
    assert caught.value.detail == f"no {min(refused)}."
