"""What may come next in a line of shell: the words that network programs know, and this lab's.

A pure function of the words before, and of what is in the lab.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from nslab.network.model import Snapshot

Choice = tuple[str, str]
"""A text, and what it is."""


def table(text: str) -> dict[str, str]:
    """What belongs to each name, of lines such as ``veth: peer name netns``."""
    rows = (line.partition(":") for line in text.strip().splitlines())
    return {name.strip(): rest.strip() for name, _, rest in rows}


@dataclass(frozen=True)
class Facts:
    """What a lab has, seen from one namespace."""

    links: tuple[str, ...] = ()
    bridges: tuple[str, ...] = ()
    namespaces: tuple[str, ...] = ()
    containers: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    networks: tuple[str, ...] = ()
    neighbours: tuple[str, ...] = ()


def facts(snapshot: Snapshot, ns: str | None) -> Facts:
    """Read them off a snapshot; the links are those of the namespace, if it is there."""
    if ns is None:
        here = [snapshot.host]
    else:
        here = [one for one in snapshot if ns in (one.label, *one.names)]
    links = [link for one in here for link in one.links]
    return Facts(
        links=tuple(link.name for link in links),
        bridges=tuple(link.name for link in links if link.kind == "bridge"),
        namespaces=_called(snapshot, "named"),
        containers=_called(snapshot, "container"),
        addresses=_once(_addresses(snapshot)),
        networks=_once(r.destination for one in here for r in one.routes if r.table != _LOCAL),
        neighbours=_once(n.address for one in here for n in one.neighbours),
    )


_LOCAL = 255
"""The table in which the kernel keeps its own addresses."""


def _addresses(snapshot: Snapshot) -> Iterator[str]:
    """Everything that has an address, without what the kernel gives each link."""
    for link in (link for one in snapshot for link in one.links):
        for found in link.addresses:
            address = found.address.partition("/")[0]
            if not address.startswith("fe80:") and address != "::1":
                yield address


def _called(snapshot: Snapshot, role: str) -> tuple[str, ...]:
    return tuple(
        name for one in snapshot if one.role == role for name in (one.names or (one.label,))
    )


def _once(found: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(found))


def following(words: list[str], known: Facts) -> list[Choice] | None:
    """What may follow these words of one command; None where it is a file, or unknown.

    >>> [text for text, _ in following(["ip", "link", "set"], Facts(links=("lo",)))]
    ['lo', 'dev']
    """
    program = words[0].rpartition("/")[2]
    ask = _PROGRAMS.get(program)
    return None if ask is None else ask(words[1:], known)


# -- ip --------------------------------------------------------------------------------------------

_OBJECTS = ("address", "route", "rule", "neighbour", "link", "monitor", "netns")
"""In the order in which ip takes a beginning for one of them."""

_VERBS = table(
    """
    address: show add delete replace flush
    route: show add delete replace change get flush
    rule: show add delete flush
    neighbour: show add replace delete flush
    link: show set add delete
    netns: list add delete exec identify pids
    monitor: link address route neigh all
    """
)
_IP_OPTIONS = "-brief -details -statistics -json -4 -6 -netns -all"
_MEANT = {"neigh": "neighbour", "neighbor": "neighbour", "addr": "address"}

_KEYWORDS = table(
    """
    link set: up down master nomaster netns address mtu name promisc arp multicast type alias
    link add: name link address mtu netns type peer
    link show: dev master type up
    link delete: dev
    address add: dev broadcast scope label peer
    address delete: dev
    address replace: dev broadcast scope label peer
    address show: dev scope up
    address flush: dev scope
    route add: via dev src metric table scope onlink mtu
    route replace: via dev src metric table scope onlink mtu
    route change: via dev src metric table scope onlink mtu
    route delete: via dev table
    route show: dev table via
    route get: from iif oif mark
    route flush: dev table cache
    rule add: from to iif oif fwmark table priority
    rule delete: from to iif oif fwmark table priority
    neighbour add: lladdr dev nud proxy
    neighbour replace: lladdr dev nud
    neighbour delete: dev
    neighbour show: dev nud
    neighbour flush: dev all
    """
)
_OF_KIND = table(
    """
    veth: peer name netns
    bridge: stp_state forward_delay vlan_filtering ageing_time
    macvlan: mode
    ipvlan: mode
    vlan: id
    vxlan: id remote local dev dstport
    """
)
_MODES = {"macvlan": "bridge private vepa passthru", "ipvlan": "l2 l3 l3s"}
_NAMED_FIRST = table(
    """
    link set: links
    link delete: links
    link show: links
    route get: addresses
    route add: networks
    route delete: networks
    route replace: networks
    route change: networks
    neighbour add: addresses
    neighbour delete: neighbours
    address show: links
    """
)
"""What comes first after these words."""

_VALUES = table(
    """
    dev: links
    iif: links
    oif: links
    link: links
    master: bridges
    netns: namespaces
    via: addresses
    src: addresses
    from: networks
    to: networks
    -netns: namespaces
    -n: namespaces
    """
)
_SWITCHED = table(
    """
    promisc: on off
    arp: on off
    multicast: on off
    scope: global link host
    nud: permanent reachable stale noarp
    stp_state: 0 1
    vlan_filtering: 0 1
    type: veth bridge macvlan ipvlan vlan vxlan dummy tun bond vrf
    table: main local default
    broadcast: +
    """
)
_FREE = set(
    "name mtu address alias metric id label lladdr mark fwmark priority forward_delay ageing_time "
    "remote local dstport".split()
)
"""Words after which something new is typed."""


def _ip(words: list[str], known: Facts) -> list[Choice] | None:
    rest = list(words)
    while rest and rest[0].startswith("-"):
        option = rest.pop(0)
        if option in ("-n", "-netns"):
            if not rest:
                return _named(known, "namespaces")
            rest = rest[1:]
    if not rest:
        return _words(("link", "address", "route", "neighbour", "netns", "rule")) + _words(
            _IP_OPTIONS, "option"
        )
    thing = _object(rest[0])
    if len(rest) == 1:
        return _words(_VERBS[thing]) if thing else None
    verb = _full(rest[1], _VERBS.get(thing, "").split())
    if thing == "netns":
        return _named(known, "namespaces") if verb in ("delete", "exec", "pids") else []
    return _arguments(f"{thing} {verb}", rest[2:], known)


def spelled(words: list[str]) -> list[str]:
    """Words after ``ip`` with what may be shortened spelled out: ``a`` is ``address``.

    >>> spelled(["-br", "a", "s"])
    ['address', 'show']
    """
    rest = [word for word in words if not word.startswith("-")]
    thing = _object(rest[0]) if rest else ""
    verb = _full(rest[1], _VERBS[thing].split()) if thing and len(rest) > 1 else ""
    return [word for word in (thing, verb) if word]


def _object(word: str) -> str:
    return _MEANT.get(word) or _full(word, _OBJECTS)


def _full(word: str, choices: Iterable[str]) -> str:
    """The word that begins so, as ip reads it; empty if none does."""
    if word in ("del", "d"):
        word = "de"
    if word in ("ls", "lst"):
        word = "show" if "show" in choices else "list"
    return next((one for one in choices if one.startswith(word)), "")


def _arguments(what: str, given: list[str], known: Facts) -> list[Choice] | None:
    """What follows an object and a verb of ip, such as "link set"."""
    if what not in _KEYWORDS:
        return None
    before = given[-1] if given else ""
    kind = given[given.index("type") + 1] if "type" in given[:-1] else ""
    if before in _SWITCHED:
        return _words(_SWITCHED[before], "value")
    if before == "mode":
        return _words(_MODES.get(kind, ""), "value")
    if before in _VALUES:
        return _named(known, _VALUES[before])
    if before in _FREE:
        return []
    if kind:
        return _words(_OF_KIND.get(kind, ""))
    left = [word for word in _KEYWORDS[what].split() if word not in given]
    return _words(left) if given else _beginning(what, left, known)


def _beginning(what: str, keywords: list[str], known: Facts) -> list[Choice]:
    """What may come first: a name of the lab, or a word."""
    first = _named(known, _NAMED_FIRST[what]) if what in _NAMED_FIRST else []
    if what in ("link set", "link delete"):
        keywords = ["dev"]
    elif what == "address add":
        keywords = []  # an address that is new
    elif what.startswith("route") and what != "route get" and ("default", "network") not in first:
        keywords = ["default", *keywords]
    return first + _words(keywords)


# -- others ----------------------------------------------------------------------------------------


def _bridge(words: list[str], known: Facts) -> list[Choice] | None:
    match words:
        case []:
            return _words("link fdb vlan monitor") + _words("-details -statistics", "option")
        case [_]:
            return _words("show set add delete")
        case [*_, "dev"]:
            return _named(known, "links")
        case [*_, "br" | "master"]:
            return _named(known, "bridges")
        case ["fdb", "show"]:
            return _words("br dev")
        case ["link", "set", "dev", _, *rest]:
            if rest and rest[-1] in _PORT:
                return _words("on off", "value")
            return _words([word for word in _PORT if word not in rest])
        case ["vlan", "add" | "delete", "dev", _, *_]:
            return _words("vid pvid untagged self master")
    return _words("dev")


_PORT = ("flood", "learning", "hairpin", "isolated", "guard", "root_block", "mcast_flood", "state")

_BRCTL = "addbr delbr addif delif show showmacs showstp stp setfd setageing hairpin"


def _brctl(words: list[str], known: Facts) -> list[Choice] | None:
    match words:
        case []:
            return _words(_BRCTL)
        case ["addbr"]:
            return []
        case [_]:
            return _named(known, "bridges")
        case ["addif" | "delif" | "hairpin", bridge, *given]:
            found = _named(known, "links")
            return [one for one in found if one[0] not in (bridge, "lo", *given)]
        case ["stp", _]:
            return _words("on off", "value")
    return []


def _ifconfig(words: list[str], known: Facts) -> list[Choice] | None:
    if not words or words == ["-a"]:
        return _named(known, "links") + _words("-a", "option")
    left = "up down netmask broadcast mtu promisc -promisc".split()
    return _words([word for word in left if word not in words])


def _route(words: list[str], known: Facts) -> list[Choice] | None:
    match words:
        case []:
            return _words("add del") + _words("-n", "option")
        case [*_, "gw"]:
            return _named(known, "addresses")
        case [*_, "dev"]:
            return _named(known, "links")
        case ["add" | "del"]:
            return _words("default -net -host")
    return _words("gw dev netmask metric")


_TABLES = "filter nat mangle raw"
_CHAINS = table(
    """
    nat: PREROUTING POSTROUTING INPUT OUTPUT
    mangle: PREROUTING POSTROUTING INPUT OUTPUT FORWARD
    raw: PREROUTING OUTPUT
    """
)
_TARGETS = {"nat": "MASQUERADE DNAT SNAT REDIRECT ACCEPT RETURN", "mangle": "MARK TCPMSS ACCEPT"}
_IPTABLES = "-t -A -I -D -L -S -F -P -N -X -Z -n -v -p -s -d -i -o -j -m --line-numbers"
_OF_MATCH = table(
    """
    -p: --dport --sport --icmp-type
    -m: --state --ctstate --mac-source --limit --mark
    DNAT: --to-destination
    SNAT: --to-source
    REJECT: --reject-with
    MARK: --set-mark
    REDIRECT: --to-ports
    LOG: --log-prefix
    """
)


def _iptables(words: list[str], known: Facts) -> list[Choice] | None:
    before = words[-1] if words else ""
    table = words[words.index("-t") + 1] if "-t" in words[:-1] else "filter"
    values = {
        "-t": _TABLES,
        "-p": "tcp udp icmp all",
        "-m": "state conntrack comment limit mac mark multiport addrtype physdev",
        "-j": _TARGETS.get(table, "ACCEPT DROP REJECT LOG RETURN"),
        "-P": _CHAINS.get(table, "INPUT FORWARD OUTPUT"),
        "--state": "NEW ESTABLISHED RELATED INVALID",
        "--ctstate": "NEW ESTABLISHED RELATED INVALID",
    }
    values |= dict.fromkeys(("-A", "-I", "-D", "-L", "-S", "-F", "-Z"), values["-P"])
    if before in values:
        return _words(values[before], "value")
    if before in ("-i", "-o"):
        return _named(known, "links")
    if before in ("-s", "-d", "--to-destination", "--to-source"):
        networks = [one for one in _named(known, "networks") if "/" in one[0]]
        return networks + _named(known, "addresses")
    extra = [more for word, more in _OF_MATCH.items() if word in words]
    return _words([word for word in " ".join([_IPTABLES, *extra]).split() if word not in words])


def _docker(words: list[str], known: Facts) -> list[Choice] | None:
    match words:
        case []:
            return _words("run exec ps inspect network stop rm images logs port")
        case ["exec" | "inspect" | "stop" | "rm" | "logs" | "port" | "start", *_]:
            return _named(known, "containers")
        case ["network"]:
            return _words("ls create inspect connect disconnect rm")
    return []


def _sender(linked: str) -> Callable[[list[str], Facts], list[Choice] | None]:
    """Programs that are given an address, and links after these options."""

    def ask(words: list[str], known: Facts) -> list[Choice] | None:
        if words and words[-1] in linked.split():
            return _named(known, "links")
        return _named(known, "addresses")

    return ask


def _watcher(words: list[str], known: Facts) -> list[Choice] | None:
    if words and words[-1].endswith("i") and words[-1].startswith("-"):
        return [*_named(known, "links"), ("any", "link")]
    return _words("arp icmp tcp udp port host net not") + _words("-i -n -e -c -v -l", "option")


def _links(_: list[str], known: Facts) -> list[Choice] | None:
    return _named(known, "links")


_SYSCTLS = (
    "net.ipv4.ip_forward net.ipv4.conf.all.rp_filter net.ipv4.conf.all.proxy_arp "
    "net.ipv4.conf.all.forwarding net.bridge.bridge-nf-call-iptables net.ipv6.conf.all.forwarding"
)

_PROGRAMS: dict[str, Callable[[list[str], Facts], list[Choice] | None]] = {
    "ip": _ip,
    "bridge": _bridge,
    "brctl": _brctl,
    "ifconfig": _ifconfig,
    "route": _route,
    "iptables": _iptables,
    "ip6tables": _iptables,
    "docker": _docker,
    "tcpdump": _watcher,
    "tshark": _watcher,
    "ethtool": _links,
    "dhclient": _links,
    "sysctl": lambda words, known: _words(_SYSCTLS, "setting") + _words("-w", "option"),
    "conntrack": lambda words, known: _words("-L -E -D -F -S -p", "option"),
    "arp": lambda words, known: _words("-n -d -s", "option"),
    **{name: _sender("-I -i") for name in ("ping", "traceroute", "arping", "tracepath", "mtr")},
    **{name: _sender("") for name in ("nc", "ssh", "telnet", "iperf3", "nmap", "dig", "host")},
}


def _words(words: str | Iterable[str], kind: str = "keyword") -> list[Choice]:
    found = words.split() if isinstance(words, str) else words
    return [(word, kind) for word in found]


_KIND = table(
    """
    links: link
    bridges: bridge
    namespaces: namespace
    containers: container
    addresses: address
    networks: network
    neighbours: address
    """
)


def _named(known: Facts, what: str) -> list[Choice]:
    found = [(name, _KIND[what]) for name in getattr(known, what)]
    if what == "namespaces":
        found += [(name, "container") for name in known.containers]
    return found
