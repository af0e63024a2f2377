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
from nslab.sentence import sentence

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
    values = {"link": _place(search), "address": search.stop.address}
    message = sentence("{link} has ARP off, and so does not say that it has {address}", **values)
    if search.hop.namespace == search.here.label and search.hop.link_out == link:
        message = sentence("{link} has ARP off, and so asks nobody who has {address}", **values)
    command = f"ip link set dev {link} arp on"
    return search.made("arp-off", search.here, message, link=link, command=command)


def arp_ignored(search: Search) -> Obstacle:
    link, mode = search.stop.link, search.stop.other
    values = {"link": _place(search), "address": search.stop.address, "mode": mode}
    message = sentence(
        "{link} does not answer who asks for {address}: arp_ignore is {mode}", **values
    )
    if mode == "1":
        message = sentence(
            "{link} does not answer who asks for {address}: arp_ignore is {mode}, and the address "
            "is on another link",
            **values,
        )
    actions = unset(search.here, link, "arp_ignore")
    return search.made("arp-ignored", search.here, message, actions, link=link)


def wrong_neighbour(search: Search) -> Obstacle:
    link, mac, address = search.stop.link, search.stop.other, search.stop.address
    owner = next(
        (
            f"{ns.label}/{each.name}"
            for ns in search.snapshot
            for each in ns.links
            if each.mac == mac
        ),
        "",
    )
    values = {"link": _place(search), "address": address, "mac": mac}
    message = sentence(
        "{link} sends what is for {address} to {mac}, by a permanent entry: nobody has that MAC",
        **values,
    )
    if owner:
        message = sentence(
            "{link} sends what is for {address} to {mac}, by a permanent entry: that is {owner}, "
            "which does not have it",
            owner=owner,
            **values,
        )
    command = f"ip neigh del {address} dev {link}"
    return search.made("wrong-neighbour", search.here, message, link=link, command=command)


def duplicate_mac(search: Search) -> Obstacle:
    sender = search.snapshot.namespace(search.hop.namespace)
    link = search.hop.link_out
    message = sentence(
        "{one} and {other} have the same MAC, {mac}: the bridge between them cannot tell them "
        "apart",
        one=_place(search),
        other=f"{sender.label}/{link}",
        mac=search.stop.other,
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
    message = sentence(
        "{bridge} sends what is for {mac} to {link}, by an entry that somebody made: it is "
        "elsewhere",
        bridge=f"{search.here.label}/{bridge}",
        mac=mac,
        link=link,
    )
    own = " self" if bridge == link else " master"
    command = f"bridge fdb del {mac} dev {link}{own}"
    return search.made("wrong-fdb", search.here, message, link=link, command=command)


def isolated_port(search: Search) -> Obstacle:
    link = search.stop.link
    bridge = search.here.link(link).master
    message = sentence(
        "{one} and {other} are isolated ports of {bridge}: those exchange no frames",
        one=_place(search),
        other=search.stop.other,
        bridge=bridge,
    )
    command = f"bridge link set dev {link} isolated off"
    return search.made("isolated-port", search.here, message, link=link, command=command)


def port_flags(search: Search) -> Obstacle:
    link, flag = search.stop.link, search.stop.other
    values = {"link": _place(search), "bridge": search.here.link(link).master}
    if flag == "locked":
        message = sentence(
            "{link}, a port of {bridge}, is locked: it takes frames only from stations that its "
            "bridge knows",
            **values,
        )
    elif flag == "bcast_flood":
        message = sentence(
            "{link}, a port of {bridge}, gets no broadcasts, and so nobody behind it can be asked "
            "(ARP)",
            **values,
        )
    else:
        message = sentence(
            "{link}, a port of {bridge}, gets nothing that its bridge has not learned, and "
            "learning is off",
            **values,
        )
    command = f"bridge link set dev {link} {flag} {'off' if flag == 'locked' else 'on'}"
    return search.made("port-flags", search.here, message, link=link, command=command)


def vlan_missing(search: Search) -> Obstacle:
    link, vlan = search.stop.link, search.stop.other
    if vlan == "0":
        message = sentence(
            "{link} has no VLAN for frames without a tag (no pvid)", link=_place(search)
        )
        remark = sentence("bridge vlan add dev {link} vid NUMBER pvid untagged", link=link)
        return search.made("vlan-missing", search.here, message, link=link, remark=remark)
    message = sentence("{link} does not carry VLAN {vlan}", link=_place(search), vlan=vlan)
    far = search.snapshot.peer(search.here.link(link))
    plain = far is not None and not far[1].master and far[1].kind == "veth"
    command = f"bridge vlan add dev {link} vid {vlan}" + (" pvid untagged" if plain else "")
    return search.made("vlan-missing", search.here, message, link=link, command=command)


def vlan_tagged(search: Search) -> Obstacle:
    link, vlan = search.stop.link, search.stop.other
    message = sentence(
        "{link} leaves the tag of VLAN {vlan} on, which is not known behind it",
        link=_place(search),
        vlan=vlan,
    )
    command = f"bridge vlan add dev {link} vid {vlan} pvid untagged"
    return search.made("vlan-missing", search.here, message, link=link, command=command)


def vlan_mismatch(search: Search) -> Obstacle:
    """Links for VLANs at both ends of a cable, with different numbers."""
    here, link = search.here, search.here.link(search.stop.link)
    vlan = search.stop.other
    message = sentence(
        "{link} is for VLAN {own}, but what comes in there is of VLAN {other}",
        link=_place(search),
        own=link.vlan,
        other=vlan,
    )
    below = search.snapshot.peer(link)
    if below is None or below[0].inode != here.inode:
        remark = sentence("give both links the same number")
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
        return _too_big_for_a_route(search, int(room), length)
    message = sentence(
        "{link} takes {room} bytes at most (its MTU), the packet has {length}",
        link=_place(search),
        room=room,
        length=length,
    )
    if search.here.link(link).tunnel is not None:  # it has to fit into what it goes over
        remark = sentence(
            "send less, or tell the ends: ip link set dev eth0 mtu {room}, in each of them",
            room=room,
        )
        return search.made("too-big", search.here, message, link=link, remark=remark)
    commands = [
        (ns, f"ip link set dev {each.name} mtu {max(length, _MTU)}")
        for ns, each in _both(search, search.here, search.here.link(link))
        if each.mtu < length
    ]
    sender = search.snapshot.namespace(search.trace.namespace)
    after = [sentence("or send less: at most {bytes} bytes of ping", bytes=int(room) - 28)]
    if sender.inode != search.here.inode:
        commands.append((sender, "ip route flush cache"))
        note = sentence(
            "the cache: {sender} was told of {room} bytes, and remembers it for a while",
            sender=sender.label,
            room=room,
        )
        after.insert(0, note)
    return search.made("too-big", search.here, message, link=link, commands=commands, after=after)


def _too_big_for_a_route(search: Search, room: int, length: int) -> Obstacle:
    message = sentence(
        "{here}'s route takes {room} bytes at most, the packet has {length}",
        here=search.here.label,
        room=room,
        length=length,
    )
    remark = sentence(
        "send less, or let it be fragmented: at most {bytes} bytes of ping", bytes=room - 28
    )
    return search.made("too-big", search.here, message, remark=remark)


def _both(search: Search, here: Namespace, link: Link) -> list[tuple[Namespace, Link]]:
    """A link and the other end of its cable."""
    far = search.snapshot.peer(link) if link.kind == "veth" else None
    return [(here, link), *([far] if far else [])]


def tc_drop(search: Search) -> Obstacle:
    link = search.stop.link
    message = sentence(
        "{link} has a queue that lets nothing through: {queue}",
        link=_place(search),
        queue=search.stop.other,
    )
    command = f"tc qdisc del dev {link} root"
    return search.made("tc-drop", search.here, message, link=link, command=command)


def ttl_exceeded(search: Search) -> Obstacle:
    answer = bool(search.trace.back)
    way = search.way
    sender = search.snapshot.namespace(way[0].namespace)
    ttl = sender.sysctls.get("net.ipv4.ip_default_ttl", "64")
    values = {"here": search.here.label, "ttl": ttl}
    if ttl == "64":
        message = sentence(
            "{here} gives the packet up: its TTL of {ttl} is used up there", **values
        )
        if answer:
            message = sentence(
                "{here} gives the answer up: its TTL of {ttl} is used up there", **values
            )
        return search.made("ttl-exceeded", search.here, message)
    values["sender"] = sender.label
    message = sentence("{sender} sends with a TTL of {ttl}: {here} gives the packet up", **values)
    if answer:
        message = sentence(
            "{sender} sends with a TTL of {ttl}: {here} gives the answer up", **values
        )
    action = Sysctl("net.ipv4.ip_default_ttl", "64", ns=remedy.reference(sender))
    return search.made("ttl-exceeded", sender, message, [action])


def echo_ignored(search: Search) -> Obstacle:
    message = sentence(
        "{here} answers no pings: its icmp_echo_ignore_all is not 0", here=search.here.label
    )
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
            message = sentence(
                "{here} has {subnet} on {taken} and on {link}, and takes {taken}, but {address} is "
                "behind {link}",
                here=here.label,
                subnet=each.network,
                taken=route.dev,
                link=link.name,
                address=address,
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
            message = sentence(
                "{link} has {own}, so it looks for {address} on its own cable; its neighbours have "
                "/{length}",
                link=f"{here.label}/{link.name}",
                own=each,
                address=address,
                length=length,
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
    values = {"one": _place(search), "other": search.stop.other}
    if (mine.number, mine.port) != (theirs.number, theirs.port):
        message = sentence(
            "{one} and {other} do not fit together: they use the UDP ports {mine} and {theirs}",
            mine=mine.port,
            theirs=theirs.port,
            **values,
        )
        if mine.number != theirs.number:
            message = sentence(
                "{one} and {other} do not fit together: they have the numbers {mine} and {theirs} "
                "(VNI)",
                mine=mine.number,
                theirs=theirs.number,
                **values,
            )
        commands = [(here, line) for line in _anew(link, mine, theirs)]
        return search.made("tunnel-mismatch", here, message, link=link.name, commands=commands)
    if theirs.local and theirs.local in ends:
        return _unaddressed(search, there, far, theirs)
    message = sentence("{one} sends to nobody, which is not where {other} is", **values)
    if ends:
        message = sentence(
            "{one} sends to {ends}, which is not where {other} is", ends=", ".join(ends), **values
        )
    command = ""
    if theirs.local:
        command = f"bridge fdb append 00:00:00:00:00:00 dev {link.name} dst {theirs.local}"
    return search.made("tunnel-mismatch", here, message, link=link.name, command=command)


def _without_end(search: Search, there: Namespace, link: Link, mine: Tunnel) -> Obstacle:
    """Nobody takes the packets out of the tunnel at its far end."""
    held = {address: routing.holder(there, address) for address in remotes(search.here, link)}
    address, below = next((one, dev) for one, dev in held.items() if dev is not None)
    message = sentence(
        "{link} sends to {address}, which is {there}, but there is no end of the tunnel there",
        link=_place(search),
        address=address,
        there=there.label,
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
        remark=()
        if known
        else sentence("make its end in {there}: ip link add … type vxlan …", there=there.label),
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
    message = sentence(
        "{link} takes what comes for {address}, but {there} does not have that address",
        link=place,
        address=tunnel.local,
        there=there.label,
    )
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
