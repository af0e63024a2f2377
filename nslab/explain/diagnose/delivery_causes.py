"""Neighbours that are not asked or not believed, switches of ports, queues, sizes, hops."""

from __future__ import annotations

from ipaddress import IPv4Interface

from nslab.explain.diagnose import remedy
from nslab.explain.diagnose.context import Search
from nslab.explain.diagnose.explanation import Obstacle
from nslab.explain.trace import routing
from nslab.explain.trace.segment import remotes
from nslab.network.actions import Action, AddAddress, SetMac, Sysctl
from nslab.network.model import Link, Namespace, Tunnel

_MTU = 1500


def _place(search: Search) -> str:
    return f"{search.here.label}/{search.stop.link}"


def unset(here: Namespace, link: str, key: str) -> list[Action]:
    """The setting of a link, and that of all, back to 0 where they are not."""
    ns, actions = remedy.reference(here), []
    if here.sysctls.get(f"net.ipv4.conf.all.{key}", "0") != "0":
        actions.append(Sysctl(f"net.ipv4.conf.all.{key}", "0", ns=ns))
    if here.link(link).settings.get(key, "0") != "0":
        actions.append(Sysctl(setting_key(link, key), "0", ns=ns))
    return list[Action](actions)


def setting_key(link: str, key: str) -> str:
    """The name of a link's setting, for sysctl: with slashes where the link has a dot."""
    return f"net/ipv4/conf/{link}/{key}" if "." in link else f"net.ipv4.conf.{link}.{key}"


def arp_off(search: Search) -> Obstacle:
    link = search.stop.link
    message = f"{_place(search)} has ARP off, and "
    if search.hop.namespace == search.here.label and search.hop.link_out == link:
        message += f"so asks nobody who has {search.stop.address}"
    else:
        message += f"so does not say that it has {search.stop.address}"
    command = f"ip link set dev {link} arp on"
    return search.made("arp-off", search.here, message, link=link, command=command)


def arp_ignored(search: Search) -> Obstacle:
    link, mode = search.stop.link, search.stop.other
    message = f"{_place(search)} does not answer who asks for {search.stop.address}: "
    message += f"arp_ignore is {mode}"
    if mode == "1":
        message += ", and the address is on another link"
    actions = unset(search.here, link, "arp_ignore")
    return search.made("arp-ignored", search.here, message, actions, link=link)


def wrong_neighbour(search: Search) -> Obstacle:
    link, mac, address = search.stop.link, search.stop.other, search.stop.address
    message = f"{_place(search)} sends what is for {address} to {mac}, by a permanent entry"
    owner = next(
        (
            f"{ns.label}/{each.name}"
            for ns in search.snapshot
            for each in ns.links
            if each.mac == mac
        ),
        "",
    )
    message += f": that is {owner}, which does not have it" if owner else ": nobody has that MAC"
    command = f"ip neigh del {address} dev {link}"
    return search.made("wrong-neighbour", search.here, message, link=link, command=command)


def duplicate_mac(search: Search) -> Obstacle:
    sender = search.snapshot.namespace(search.hop.namespace)
    link = search.hop.link_out
    message = (
        f"{_place(search)} and {sender.label}/{link} have the same MAC, {search.stop.other}: "
        "the bridge between them cannot tell them apart"
    )
    where, changed = search.here, search.stop.link
    if search.here.link(changed).kind == "bridge":
        where, changed = sender, link
    action = SetMac(changed, _free_mac(search), ns=remedy.reference(where))
    return search.made("duplicate-mac", where, message, [action], link=changed)


def _free_mac(search: Search) -> str:
    taken = {link.mac for ns in search.snapshot for link in ns.links}
    return next(mac for n in range(1, 1 << 16) if (mac := _mac(n)) not in taken)


def _mac(number: int) -> str:
    return f"02:00:00:00:{number >> 8:02x}:{number & 0xFF:02x}"


def wrong_fdb(search: Search) -> Obstacle:
    link, mac = search.stop.link, search.stop.other
    port = search.here.link(link)
    bridge = port.master or link
    message = f"{search.here.label}/{bridge} sends what is for {mac} to {link}, by an entry that "
    message += "somebody made: it is elsewhere"
    own = " self" if bridge == link else " master"
    command = f"bridge fdb del {mac} dev {link}{own}"
    return search.made("wrong-fdb", search.here, message, link=link, command=command)


def isolated_port(search: Search) -> Obstacle:
    link = search.stop.link
    bridge = search.here.link(link).master
    message = (
        f"{_place(search)} and {search.stop.other} are isolated ports of {bridge}: "
        "those exchange no frames"
    )
    command = f"bridge link set dev {link} isolated off"
    return search.made("isolated-port", search.here, message, link=link, command=command)


_FLAGS = {
    "locked": ("is locked: it takes frames only from stations that its bridge knows", "off"),
    "bcast_flood": ("gets no broadcasts, and so nobody behind it can be asked (ARP)", "on"),
    "flood": ("gets nothing that its bridge has not learned, and learning is off", "on"),
}


def port_flags(search: Search) -> Obstacle:
    link, flag = search.stop.link, search.stop.other
    words, wanted = _FLAGS[flag]
    message = f"{_place(search)}, a port of {search.here.link(link).master}, {words}"
    command = f"bridge link set dev {link} {flag} {wanted}"
    return search.made("port-flags", search.here, message, link=link, command=command)


def vlan_missing(search: Search) -> Obstacle:
    link, vlan = search.stop.link, search.stop.other
    if vlan == "0":
        message = f"{_place(search)} has no VLAN for frames without a tag (no pvid)"
        remark = f"bridge vlan add dev {link} vid NUMBER pvid untagged"
        return search.made("vlan-missing", search.here, message, link=link, remark=remark)
    message = f"{_place(search)} does not carry VLAN {vlan}"
    far = search.snapshot.peer(search.here.link(link))
    plain = far is not None and not far[1].master and far[1].kind == "veth"
    command = f"bridge vlan add dev {link} vid {vlan}" + (" pvid untagged" if plain else "")
    return search.made("vlan-missing", search.here, message, link=link, command=command)


def vlan_tagged(search: Search) -> Obstacle:
    link, vlan = search.stop.link, search.stop.other
    message = f"{_place(search)} leaves the tag of VLAN {vlan} on, which is not known behind it"
    command = f"bridge vlan add dev {link} vid {vlan} pvid untagged"
    return search.made("vlan-missing", search.here, message, link=link, command=command)


def vlan_mismatch(search: Search) -> Obstacle:
    """Links for VLANs at both ends of a cable, with different numbers."""
    here, link = search.here, search.here.link(search.stop.link)
    vlan = search.stop.other
    message = f"{_place(search)} is for VLAN {link.vlan}, but what comes in there is of VLAN {vlan}"
    below = search.snapshot.peer(link)
    if below is None or below[0].inode != here.inode:
        remark = "give both links the same number"
        return search.made("vlan-mismatch", here, message, link=link.name, remark=remark)
    lines = [
        f"ip link del {link.name}",
        f"ip link add link {below[1].name} name {link.name} type vlan id {vlan}",
        *(f"ip address add {each.address} dev {link.name}" for each in link.addresses),
        f"ip link set dev {link.name} up",
    ]
    commands = [(here, line) for line in lines]
    return search.made("vlan-mismatch", here, message, link=link.name, commands=commands)


def too_big(search: Search) -> Obstacle:
    link, room = search.stop.link, search.stop.other
    length = search.trace.size + 28 if search.trace.size else 84
    if not link:
        message = f"{search.here.label}'s route takes {room} bytes at most, the packet has {length}"
        remark = f"send less, or let it be fragmented: at most {int(room) - 28} bytes of ping"
        return search.made("too-big", search.here, message, remark=remark)
    message = f"{_place(search)} takes {room} bytes at most (its MTU), the packet has {length}"
    if search.here.link(link).tunnel is not None:  # it has to fit into what it goes over
        remark = f"send less, or tell the ends: ip link set dev eth0 mtu {room}, in each of them"
        return search.made("too-big", search.here, message, link=link, remark=remark)
    commands = [
        (ns, f"ip link set dev {each.name} mtu {max(length, _MTU)}")
        for ns, each in _both(search, search.here, search.here.link(link))
        if each.mtu < length
    ]
    sender = search.snapshot.namespace(search.trace.namespace)
    remark = f"or send less: at most {int(room) - 28} bytes of ping"
    if sender.inode != search.here.inode:
        commands.append((sender, "ip route flush cache"))
        note = f"the cache: {sender.label} was told of {room} bytes, and remembers it for a while"
        remark = f"{note}\n{remark}"
    return search.made("too-big", search.here, message, link=link, commands=commands, after=remark)


def _both(search: Search, here: Namespace, link: Link) -> list[tuple[Namespace, Link]]:
    """A link and the other end of its cable."""
    far = search.snapshot.peer(link) if link.kind == "veth" else None
    return [(here, link), *([far] if far else [])]


def tc_drop(search: Search) -> Obstacle:
    link = search.stop.link
    message = f"{_place(search)} has a queue that lets nothing through: {search.stop.other}"
    command = f"tc qdisc del dev {link} root"
    return search.made("tc-drop", search.here, message, link=link, command=command)


def ttl_exceeded(search: Search) -> Obstacle:
    answer = bool(search.trace.back)
    way = search.way
    sender = search.snapshot.namespace(way[0].namespace)
    ttl = sender.sysctls.get("net.ipv4.ip_default_ttl", "64")
    what = "answer" if answer else "packet"
    message = f"{search.here.label} gives the {what} up: its TTL of {ttl} is used up there"
    if ttl == "64":
        return search.made("ttl-exceeded", search.here, message)
    message = f"{sender.label} sends with a TTL of {ttl}: {search.here.label} gives the {what} up"
    action = Sysctl("net.ipv4.ip_default_ttl", "64", ns=remedy.reference(sender))
    return search.made("ttl-exceeded", sender, message, [action])


def echo_ignored(search: Search) -> Obstacle:
    message = f"{search.here.label} answers no pings: its icmp_echo_ignore_all is not 0"
    action = Sysctl("net.ipv4.icmp_echo_ignore_all", "0", ns=search.ns)
    return search.made("echo-ignored", search.here, message, [action])


def same_subnet(search: Search) -> Obstacle | None:
    """Two links with addresses of one subnet, and the route leads by the wrong one."""
    here, address, route = search.here, search.stop.address, search.hop.route
    if search.hop.namespace != here.label:
        here = search.snapshot.namespace(search.hop.namespace)
    if route is None or route.via or not address:
        return None
    for link in here.links:
        if link.name == route.dev or not link.up:
            continue
        for each in routing.interfaces(link):
            if each.network.prefixlen > 31 or routing.ip(address) not in each.network:
                continue
            if not search.hears(here, link, address):
                continue
            message = (
                f"{here.label} has {each.network} on {route.dev} and on {link.name}, and takes "
                f"{route.dev}, but {address} is behind {link.name}"
            )
            known = any(each.destination == f"{address}/32" for each in here.routes)
            verb = "replace" if known else "add"
            command = f"ip route {verb} {address}/32 dev {link.name}"
            return search.made("same-subnet", here, message, command=command)
    return None


def too_wide(search: Search) -> Obstacle | None:
    """A prefix that holds more than the subnet, so that no gateway is asked for the rest."""
    here = search.snapshot.namespace(search.hop.namespace)
    address, route = search.stop.address, search.hop.route
    if route is None or route.via or not address:
        return None
    for link in here.links:
        if link.name != route.dev:
            continue
        for each in routing.interfaces(link):
            length = _narrower(search, here, link, each, address)
            if not length:
                continue
            message = (
                f"{here.label}/{link.name} has {each}, so it looks for {address} on its own "
                f"cable; its neighbours have /{length}"
            )
            commands = [
                (here, f"ip address add {each.ip}/{length} dev {link.name}"),
                (here, f"ip address del {each} dev {link.name}"),
            ]
            return search.made("prefix-wide", here, message, link=link.name, commands=commands)
    return None


def _narrower(search: Search, here: Namespace, link: Link, own: IPv4Interface, address: str) -> int:
    """The prefix length that the neighbours have, if it leaves out an address that ours holds."""
    wanted = routing.ip(address)
    if wanted not in own.network:
        return 0
    for other in search.nearby(here, link):
        narrower = other.network.prefixlen > own.network.prefixlen
        if narrower and own.ip in other.network and wanted not in other.network:
            return other.network.prefixlen
    return 0


def tunnel_mismatch(search: Search) -> Obstacle:
    """Two ends of a tunnel that do not fit together."""
    here, link = search.here, search.here.link(search.stop.link)
    label, _, name = search.stop.other.partition("/")
    there = search.snapshot.namespace(label)
    mine = link.tunnel
    assert mine is not None
    if not name:
        return _without_end(search, there, link, mine)
    far = there.link(name)
    theirs = far.tunnel
    assert theirs is not None
    ends = remotes(here, link)
    message = f"{_place(search)} and {search.stop.other} do not fit together: "
    if (mine.number, mine.port) != (theirs.number, theirs.port):
        if mine.number != theirs.number:
            message += f"they have the numbers {mine.number} and {theirs.number} (VNI)"
        else:
            message += f"they use the UDP ports {mine.port} and {theirs.port}"
        commands = [(here, line) for line in _anew(link, mine, theirs)]
        return search.made("tunnel-mismatch", here, message, link=link.name, commands=commands)
    if theirs.local and theirs.local in ends:
        return _unaddressed(search, there, far, theirs)
    message = (
        f"{_place(search)} sends to {', '.join(ends) or 'nobody'}, which is not where "
        f"{search.stop.other} is"
    )
    command = ""
    if theirs.local:
        command = f"bridge fdb append 00:00:00:00:00:00 dev {link.name} dst {theirs.local}"
    return search.made("tunnel-mismatch", here, message, link=link.name, command=command)


def _without_end(search: Search, there: Namespace, link: Link, mine: Tunnel) -> Obstacle:
    """Nobody takes the packets out of the tunnel at its far end."""
    held = {address: routing.holder(there, address) for address in remotes(search.here, link)}
    address, below = next((one, dev) for one, dev in held.items() if dev is not None)
    message = (
        f"{_place(search)} sends to {address}, which is {there.label}, but there is no end of the "
        "tunnel there"
    )
    bridges = [each.name for each in there.links if each.kind == "bridge"]
    words = f"ip link add {link.name} type vxlan id {mine.number} dstport {mine.port}"
    words += f" local {address}" + (f" remote {mine.local}" if mine.local else "")
    commands = [
        (there, f"{words} dev {below.name}"),
        (there, f"ip link set dev {link.name} master {bridges[0]} up"),
    ]
    known = len(bridges) == 1 and all(each.name != link.name for each in there.links)
    return search.made(
        "tunnel-mismatch",
        search.here,
        message,
        link=link.name,
        commands=commands if known else (),
        remark="" if known else f"make its end in {there.label}: ip link add … type vxlan …",
    )


def _anew(link: Link, mine: Tunnel, theirs: Tunnel) -> list[str]:
    """The lines that make a vxlan again, with the number and the port of the other end."""
    words = f"ip link add {link.name} type vxlan id {theirs.number} dstport {theirs.port}"
    words += f" local {mine.local}" if mine.local else ""
    words += f" remote {mine.remote}" if mine.remote else ""
    words += f" dev {mine.dev}" if mine.dev else ""
    master = f" master {link.master}" if link.master else ""
    lines = [f"ip link del {link.name}", words]
    lines += [f"ip address add {each.address} dev {link.name}" for each in link.addresses]
    return [*lines, f"ip link set dev {link.name}{master} up"]


def _unaddressed(search: Search, there: Namespace, far: Link, tunnel: Tunnel) -> Obstacle:
    """The far end takes what comes for an address that its namespace does not have."""
    place = f"{there.label}/{far.name}"
    message = f"{place} takes what comes for {tunnel.local}, but {there.label} does not have that"
    message += " address"
    lengths = [
        each.network.prefixlen
        for link in search.here.links
        for each in routing.interfaces(link)
        if routing.ip(tunnel.local) in each.network and not routing.is_loopback(link)
    ]
    actions = []
    if lengths and tunnel.dev:
        address = f"{tunnel.local}/{lengths[0]}"
        actions = [AddAddress(tunnel.dev, address, ns=remedy.reference(there))]
    return search.made("no-address", there, message, actions, link=tunnel.dev)
