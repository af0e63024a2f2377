"""Checks of what a person typed: names of links and namespaces, addresses, prefixes, keys.

Each returns the value in its plain form or raises :class:`~nslab.errors.InvalidInput`, before
anything is sent to the kernel and before any shell could see it.
"""

from __future__ import annotations

import ipaddress
import re

from nslab.errors import InvalidInput
from nslab.network.model import WORLD
from nslab.printable import printable, short

IFNAMSIZ = 16
"""Bytes in the kernel's interface name, the final zero included (linux/if.h)."""

RESERVED = frozenset({"host", *WORLD})
"""What nslab itself calls the pseudo-host and the namespaces outside it."""

OUTSIDE = {"lan": "the LAN machine", "switch": "the LAN switch"}
"""What is said of those that a picture calls otherwise than commands do."""

# Words that `ip link` takes as the start of something else when they stand where a name may
# stand (ip/iplink.c, ip/iproute.c); the kernel would accept most of them.
IPROUTE2_WORDS = frozenset(
    "add address addrgenmode all alias allmulticast alias arp broadcast carrier change chg "
    "default del delete dev down dynamic group help index link list lst master mode mtu multicast "
    "name netns nomaster numtxqueues peer promisc protodown qlen replace scope set show state "
    "table trailers txqlen txqueuelen type up via vf vrf xdp".split()
)

_BAD_CHARACTER = re.compile(r"[^A-Za-z0-9_.+@=-]")


def label(raw: bytes | str) -> str:
    r"""The name of a link, namespace, process or file as snapshots and captures have it.

    The kernel takes any bytes; a message to the notebook holds text, and pictures and tables what
    can be shown.  So what is no UTF-8, and what a terminal would obey, is written as an escape,
    everywhere alike.  This is one way: such a thing is shown, and counts in every ``*``, but nslab
    takes no such name (see :func:`link_name`); a shell line in the lab can still name it.

    >>> label(b"q\x07\x9b")
    'q\\x07\\x9b'
    """
    data = raw.encode("utf-8", "surrogateescape") if isinstance(raw, str) else raw
    return printable(data.decode("utf-8", "backslashreplace"))


def _check(name: str, what: str, longest: int) -> str:
    operation = f"use the {what} name"
    if not isinstance(name, str) or not name:
        cause = "it is empty" if name == "" else "it is no text"
        raise InvalidInput(operation, short(name), cause, "give it a name such as ns1")
    bad = _BAD_CHARACTER.search(name)
    if not bad and len(name) > longest:
        raise InvalidInput(
            operation,
            short(name),
            f"it has {len(name)} characters",
            f"the kernel keeps at most {longest} characters",
        )
    if bad:
        raise InvalidInput(
            operation,
            short(name),
            f"{bad.group()!r} is not allowed in it",
            "use letters, digits and _ . - + only",
        )
    if name in (".", ".."):
        raise InvalidInput(operation, short(name), "it means a directory", "use another name")
    if name.startswith("-"):
        raise InvalidInput(
            operation, short(name), "ip(8) would take it for an option", "begin with a letter"
        )
    return name


def link_name(name: str) -> str:
    """A name that the kernel and iproute2 both accept for a link.

    >>> link_name("lxcbr0.1")
    'lxcbr0.1'
    """
    _check(name, "link", IFNAMSIZ - 1)
    if name in IPROUTE2_WORDS:
        raise InvalidInput(
            "use the link name",
            repr(name),
            "ip(8) reads it as a keyword",
            "choose a name that is not a keyword, such as veth-ns1",
        )
    return name


def vlan(number: int) -> int:
    """A VLAN's number: 1 to 4094 (IEEE 802.1Q keeps 0 and 4095 for itself)."""
    if not isinstance(number, int) or isinstance(number, bool) or not 1 <= number <= 4094:
        raise InvalidInput(
            "use the VLAN", short(number), "VLANs have the numbers 1 to 4094", "such as 10"
        )
    return number


def vlans(numbers: object) -> tuple[int, ...]:
    """Several VLANs' numbers."""
    if not isinstance(numbers, tuple):
        cause = "they must be a tuple of numbers"
        raise InvalidInput("use the VLANs", short(numbers), cause, "such as (10, 20), or (10,)")
    return tuple(map(vlan, numbers))


def namespace_name(name: str) -> str:
    """A name that a new network namespace (or container) may have."""
    _check(name, "namespace", 60)
    if name in RESERVED:
        raise InvalidInput(
            "use the namespace name",
            repr(name),
            "the lab's own world has that name",
            "choose another, such as ns1",
        )
    if name in IPROUTE2_WORDS:
        raise InvalidInput(
            "use the namespace name",
            repr(name),
            "ip(8) reads it as a keyword",
            "choose another, such as ns1",
        )
    if name.isdigit():
        raise InvalidInput(
            "use the namespace name",
            repr(name),
            "ip(8) could not tell it from a process id (ip link set … netns takes both)",
            "begin with a letter, such as ns1",
        )
    return name


def namespace_reference(name: str | None) -> str | None:
    """A namespace to work in: None (or "host") is the pseudo-host."""
    if name is None or name == "host":
        return None
    return _check(name, "namespace", 60)


def places(text: str) -> tuple[str | None, str | None]:
    """Links to capture on, as (namespace, link); ``*`` as a link is None: all of them.

    ``eth0`` is a link of the host, ``ns1/eth0`` one of a namespace, ``ns1/*`` all of its links
    but the loopback, ``*`` all links of everything, the world outside the host included.  As a
    namespace, None is the host and ``*`` every one.

    >>> places("ns1/eth0"), places("lxcbr0.1"), places("ns1/*"), places("*")
    (('ns1', 'eth0'), (None, 'lxcbr0.1'), ('ns1', None), ('*', None))
    """
    if isinstance(text, str) and text == "*":
        return "*", None
    if not isinstance(text, str) or text.count("/") > 1 or not text.strip("/"):
        raise InvalidInput(
            "capture on",
            short(text),
            "it names no link",
            'write "eth0" for a link of the host, "ns1/eth0" for one of a namespace, "ns1/*" for '
            "all of its links",
        )
    ns, slash, link = text.rpartition("/")
    inside = namespace_reference(ns) if slash else None
    return inside, None if link == "*" else _check(link, "link", IFNAMSIZ - 1)


def place(text: str) -> tuple[str | None, str]:
    """One link to send on, as (namespace, link)."""
    ns, link = places(text)
    if link is None:
        raise InvalidInput("send on", short(text), "it is not one link", 'write it like "ns1/eth0"')
    return ns, link


def _text(value: object) -> str:
    """The value, if :mod:`ipaddress` may see it; else ValueError.

    ``ipaddress`` takes numbers too, and any text at all behind the % of an IPv6 scope.
    """
    if not isinstance(value, str) or "%" in value:
        raise ValueError
    return value


def dotted_fault(text: object) -> str:
    """What is wrong with numbers and dots that are meant to be an IPv4 address; empty for the rest.

    >>> dotted_fault("10.0.0.300/24")
    '300 is more than 255, the largest number in an IPv4 address'
    """
    if not isinstance(text, str) or not re.fullmatch(r"[0-9]+(\.[0-9]*)+(/[0-9]*)?", text):
        return ""
    numbers, slash, length = text.partition("/")
    fits = length.isdecimal() and len(length) < 3 and int(length) <= 32
    wrong = "" if fits or not slash else "the prefix length of IPv4 goes from 0 to 32"
    return _quad_fault(numbers.split(".")) or wrong


def _quad_fault(parts: list[str]) -> str:
    """What is wrong with the numbers between an address's dots; empty if nothing is."""
    if large := next((part for part in parts if int(part[-9:] or 0) > 255 or len(part) > 9), ""):
        return f"{large[:9]} is more than 255, the largest number in an IPv4 address"
    if len(parts) != 4 or "" in parts:
        return "an IPv4 address has four numbers"
    padded = next((part for part in parts if part.startswith("0") and part != "0"), "")
    return f"{padded} begins with a 0, which is ambiguous" if padded else ""


def address(text: str) -> str:
    """An address with its prefix length, in plain form.

    >>> address("192.168.10.1/24")
    '192.168.10.1/24'
    """
    operation = "use the address"
    try:
        interface = ipaddress.ip_interface(_text(text))
    except ValueError:
        raise InvalidInput(
            operation,
            short(text),
            dotted_fault(text) or "it is not an address with a prefix length",
            "write it like 192.168.10.1/24",
        ) from None
    if "/" not in text:
        raise InvalidInput(
            operation,
            short(text),
            "the prefix length is missing",
            f"write {text}/24 for a network of 256 addresses; alone it would mean /32",
        )
    network = interface.network
    if interface.version == 4 and network.prefixlen < 31:
        if interface.ip == network.network_address:
            raise InvalidInput(
                operation,
                short(text),
                "it is the network's own address",
                f"the first that a host may have is {network[1]}/{network.prefixlen}",
            )
        if interface.ip == network.broadcast_address:
            raise InvalidInput(
                operation,
                short(text),
                "it is the network's broadcast address",
                f"the last that a host may have is {network[-2]}/{network.prefixlen}",
            )
    if interface.is_multicast:
        raise InvalidInput(operation, short(text), "it is a multicast address", "use a unicast one")
    return interface.with_prefixlen


def destination(text: str) -> str:
    """A route's destination: ``default`` or a prefix; a lone address means itself."""
    if isinstance(text, str) and text in ("default", "0.0.0.0/0"):
        return "default"
    try:
        network = ipaddress.ip_network(_text(text))
    except ValueError as error:
        cause = dotted_fault(text) or "it is not a network"
        hint = "write default, or a network like 192.168.10.0/24"
        try:
            inside = ipaddress.ip_interface(_text(text)).network
        except ValueError:
            pass
        else:
            cause, hint = "it has bits set right of its prefix length", f"the network is {inside}"
        raise InvalidInput("use the destination", short(text), cause, hint) from error
    return str(network)


def host_address(text: str) -> str:
    """An address of one host, without a prefix length: a gateway, a name server."""
    try:
        return str(ipaddress.ip_address(_text(text)))
    except ValueError:
        raise InvalidInput(
            "use the address",
            short(text),
            dotted_fault(text) or "it is not the address of a host",
            "write it without a prefix length, like 192.168.10.1",
        ) from None


def host(text: str, operation: str) -> str:
    """A name or an address of a host, which no program takes for an option."""
    fault = dotted_fault(text)
    named = isinstance(text, str) and re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.:-]*", text)
    if fault or not named:
        raise InvalidInput(
            operation,
            short(text),
            fault or "it is neither an address nor a name",
            "such as 203.0.113.80 or www.example.org",
        )
    return text


def mac_address(text: str) -> str:
    """A link-layer address that one station may have, in lower case.

    >>> mac_address("02:00:00:00:00:0A")
    '02:00:00:00:00:0a'
    """
    if not isinstance(text, str) or not re.fullmatch(r"(?:[0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2}", text):
        raise InvalidInput(
            "use the MAC", short(text), "it is not six bytes in hex", "like 02:00:00:00:00:0a"
        )
    if int(text[:2], 16) & 1:
        raise InvalidInput(
            "use the MAC",
            short(text),
            "its first byte is odd, which means a group of stations",
            "make the first byte even, such as 02",
        )
    return text.lower()


def sysctl_key(text: str) -> str:
    """A key below ``net.``, as sysctl(8) takes it; a name with a dot needs slashes."""
    good = isinstance(text, str) and re.fullmatch(r"net[./][A-Za-z0-9_.@+=/-]+", text)
    if not good or ".." in text:
        raise InvalidInput(
            "set the sysctl",
            short(text),
            "only keys below net. belong to a lab",
            "such as net.ipv4.ip_forward, or net/ipv4/conf/lxcbr0.1/rp_filter",
        )
    return text


def sysctl_path(key: str) -> str:
    """The file of a sysctl key below /proc/sys.

    As sysctl(8): if the first separator is a slash, dots are part of the names.
    """
    first = re.search(r"[./]", key)
    if first and first.group() == "/":
        return key
    return key.replace(".", "/")
