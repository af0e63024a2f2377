"""Slips in the grammar of ip, route and brctl: a word that is missing, or in another's place.

The advice is a whole line wherever the rest of it is clear from what the lab is like.
"""

from __future__ import annotations

import difflib
import ipaddress
import re
from collections.abc import Callable

from nslab.network import programs
from nslab.network.model import WORLD
from nslab.network.names import RESERVED
from nslab.session.said import Said, slip

_GARBAGE = re.compile(r'either "(\w+)" is duplicate, or "(\S+)" is a garbage')
_NO_NAMESPACE = re.compile(
    r'Cannot open network namespace "([^"]+)": No such|argument "(\S+)" is wrong: Invalid "netns"|'
    r'Cannot remove namespace file "[^"]*/([^"/]+)": No such'
)
_OBJECTS = "link address route neighbour netns rule".split()
_KINDS = "bridge veth dummy macvlan ipvlan vlan vxlan bond ifb gre tun vrf wireguard".split()
_VERBS = {
    "link": "add delete set show".split(),
    "address": "add change replace delete show flush".split(),
    "route": "add change replace delete show flush get".split(),
    "netns": "add delete exec list pids identify".split(),
}
_MEANS = {"create": "add", "new": "add", "make": "add", "remove": "delete", "rm": "delete"}
_TOWARDS = ("to", "on", "in", "at", "for", "into", "net", "ns", "namespace", "bridge", "link")


def hint(said: Said) -> str:
    """What to say about such a slip; empty if there is none."""
    for rule in _RULES:
        if found := rule(said):
            return found
    return ""


# -- namespaces ------------------------------------------------------------------------------------


def _namespace(said: Said) -> str:
    found = _NO_NAMESPACE.search(said.output)
    if found is None:
        return ""
    name = next(word for word in found.groups() if word)
    if name not in said.line.split():
        return ""  # a variable's value: what was typed is another mistake
    moved = found[2] is not None
    if name in programs.PACKAGES and "exec" in said.line and name not in RESERVED:
        rest = said.line.split()[said.line.split().index("exec") + 1 :]
        return f"the namespace's name is missing: ip netns exec NAME {' '.join(rest)}"
    return _unnamed(said, name, moved) or _not_there(said, name, moved)


def _not_there(said: Said, name: str, moved: bool) -> str:
    """What to do with a name that no namespace has."""
    named = [one for one in said.namespaces if not _unnamed(said, one, moved)]
    if close := slip(name, said.namespaces):
        also = "" if close in named else f" {_unnamed(said, close, moved)}"
        return f"did you mean {close}?{also}"
    if "del" in said.line:
        return f"there is {', '.join(named)}" if named else "there is none yet"
    there = f"there is {', '.join(said.namespaces)}" if said.namespaces else "there is none yet"
    return f"there is no namespace {name} ({there}): ip netns add {name} makes it"


def _unnamed(said: Said, name: str, moved: bool) -> str:
    """What to do with a namespace that ip has no name for."""
    there = said.called(name)
    if name in WORLD:
        if moved:
            return f"{name} is a machine outside the host: no link can be moved there"
        return f"{name} is a machine outside the host: begin the cell with %%ns {name}"
    if name == "host":
        return (
            "to move a link to the host: ip link set LINK netns 1, typed where the link is"
            if (moved)
            else "the host needs no name: type the line into a cell of %%host without it"
        )
    if there is None or there.role == "named":
        return ""
    if not moved:
        return f"{name} is a container, and ip has no name for it: begin the cell with %%ns {name}"
    process = there.processes[0].pid if there.processes else "PID"
    line = said.again(["ip", "link", "set", _link(said, said.words), "netns", str(process)])
    return f"{name} is a container, and ip wants the number of its process: {line}"


def _exec_first(said: Said) -> str:
    unknown = re.search(r'Command "(\S+)" is unknown, try "ip netns help"', said.output)
    if unknown is None:
        return ""
    words = said.words
    if "exec" in words:
        rest = words[words.index("exec") + 1 :]
        return f"the word exec comes first: ip netns exec {unknown[1]} {' '.join(rest)}"
    rest = words[words.index(unknown[1]) + 1 :] if unknown[1] in words else []
    if rest and unknown[1] in said.namespaces:
        return f"the word exec is missing: ip netns exec {unknown[1]} {' '.join(rest)}"
    return ""


# -- a word where another must stand before it -----------------------------------------------------


def _garbage(said: Said) -> str:
    words, garbage = said.words, _GARBAGE.search(said.output)
    if said.program != "ip" or garbage is None or garbage[2] not in words[2:]:
        return ""
    place = len(words) - 1 - words[::-1].index(garbage[2])
    if garbage[1] == "local":
        return _of_address(said, words, place)
    if garbage[1] == "to":
        return _of_route(said, words, place)
    if garbage[1] == "dev":
        rule = _of_new_link if "add" in words else _of_link
        return rule(said, words, place)
    return ""


def _before(said: Said, words: list[str], place: int, word: str, what: str) -> str:
    """The line with the word that is missing, or in place of one that ip does not know."""
    instead = words[place] in _TOWARDS and place + 1 < len(words)
    line = said.again([*words[:place], word, *words[place + instead :]])
    return f"ip wants the word {word} before {what}: {line}"


def _meant(words: list[str], place: int) -> str:
    """The word that is at fault, or what follows a preposition."""
    follows = words[place + 1 : place + 2]
    return follows[0] if words[place] in _TOWARDS and follows else words[place]


def _of_address(said: Said, words: list[str], place: int) -> str:
    if words[place] in ("up", "down"):
        return _no_state(said, words, words[place])
    mask = next((each for each in words[place : place + 2] if _length(each)), "")
    if mask:
        return _masked(said, words, mask)
    if _meant(words, place) in said.links and "dev" not in words:
        if words[-1] in ("up", "down"):
            return _no_state(said, words, words[-1])
        return _before(said, words, place, "dev", "a link's name")
    return ""


def _no_state(said: Said, words: list[str], word: str) -> str:
    """``up`` behind an address, where ifconfig has it."""
    link = _link(said, words)
    kept = [each for each in words if each != word]
    if link in kept and "dev" not in kept:
        kept.insert(kept.index(link), "dev")
    then = said.again(["ip", "link", "set", link, word])
    return f"ip address sets no link {word}: {said.again(kept)}; and then {then}"


def _masked(said: Said, words: list[str], mask: str) -> str:
    """``netmask 255.255.255.0``, as ifconfig has it, or the mask alone."""
    kept = [each for each in words if each not in ("netmask", mask)]
    length = _length(mask)
    line = [f"{one.partition('/')[0]}/{length}" if _address(one) else one for one in kept]
    return f"the mask is a number behind the address: {said.again(line)}"


def _of_route(said: Said, words: list[str], place: int) -> str:
    word = words[place]
    if word in ("gw", "gateway"):
        line = said.again([*words[:place], "via", *words[place + 1 :]])
        return f"ip says via where route says gw: {line}"
    if _address(_meant(words, place)) and "via" not in words:
        return _before(said, words, place, "via", "a gateway")
    if _meant(words, place) in said.links and "dev" not in words:
        return _before(said, words, place, "dev", "a link's name")
    return ""


def _of_link(said: Said, words: list[str], place: int) -> str:
    """``ip link set``."""
    meant, word = _meant(words, place), words[place]
    there = said.called(meant)
    if meant in said.bridges and "master" not in words:
        return _before(said, words, place, "master", "a bridge")
    if there is not None and "netns" not in words:
        return _unnamed(said, meant, True) or _before(said, words, place, "netns", "a namespace")
    if _address(word):
        line = said.again(["ip", "address", "add", word, "dev", _link(said, words)])
        return f"ip link gives no addresses, ip address does: {line}"
    close = difflib.get_close_matches(word, ("up", "down"), 1, 0.5)
    return f"did you mean {close[0]}?" if close and close[0] not in words else ""


def _of_new_link(said: Said, words: list[str], place: int) -> str:
    """``ip link add``."""
    word, before = words[place], words[place - 1]
    if word in _KINDS and "type" not in words:
        return _before(said, words, place, "type", "a kind")
    if before in _KINDS and "type" not in words:
        line = said.again([*words[: place - 1], word, "type", before, *words[place + 1 :]])
        return f"the name comes first, then the word type and a kind: {line}"
    if word == "peer" and "type" not in words:
        line = said.again([*words[:place], "type", "veth", *words[place:]])
        return f"ip wants the word type before a kind: {line}"
    if words[place + 1 :] == ["type", "veth"] and before not in ("name", "dev", "add"):
        line = said.again([*words[:place], "type", "veth", "peer", "name", word])
        return f"the other end stands behind peer name: {line}"
    return ""


def _link(said: Said, words: list[str]) -> str:
    return next((word for word in words if word in said.links), "LINK")


def _address(word: str) -> bool:
    try:
        ipaddress.ip_interface(word)
    except ValueError:
        return False
    return not _length(word)


def _length(word: str) -> int:
    """The prefix length that a mask such as 255.255.255.0 stands for; 0 for all else."""
    if not re.fullmatch(r"(255|254|252|248|240|224|192|128)(\.\d+){3}", word):
        return 0
    try:
        return ipaddress.ip_network(f"0.0.0.0/{word}").prefixlen
    except ValueError:
        return 0


# -- other answers of ip ---------------------------------------------------------------------------


def _object(said: Said) -> str:
    found = re.search(r'Object "(\S+)" is unknown, try "(ip|bridge) help"', said.output)
    if found is None or found[1] not in said.words:
        return ""
    if found[2] == "bridge":
        brctl = found[1] in ("addbr", "delbr", "addif", "delif", "show")
        line = " ".join(["brctl", *said.words[1:]])
        return f"that is a word of brctl: {line}" if brctl else ""
    close = difflib.get_close_matches(found[1], [*_OBJECTS, "addr", "neigh"], 1, 0.6)
    return f"did you mean {close[0]}?" if close else ""


def _verb(said: Said) -> str:
    found = re.search(r'Command "(\S+)" is unknown, try "ip (\w+) help"', said.output)
    words = said.words
    if found is None or found[1] not in words[2:]:
        return ""
    word, kind, place = found[1], found[2], words.index(found[1], 2)
    if line := _verb_first(said, words, place, kind):
        return line
    means = "add" if kind == "address" and word == "set" else _MEANS.get(word, "")
    close = [means] if means else difflib.get_close_matches(word, _VERBS.get(kind, []), 1, 0.6)
    if close:
        return f"did you mean {close[0]}?"
    return f"ip netns add {word} makes it" if kind == "netns" and not words[place + 1 :] else ""


def _verb_first(said: Said, words: list[str], place: int, kind: str) -> str:
    """A link, a state or a destination where the verb must stand."""
    word, rest = words[place], words[place + 1 :]
    if kind == "link" and word in said.links:
        line = said.again([*words[:place], "set", word, *(one for one in rest if one != "set")])
        return f"the verb comes first: {line}"
    if kind == "link" and word in ("up", "down"):
        line = said.again([*words[:place], "set", *(rest or ["LINK"]), word])
        return f"the verb is set, and {word} comes last: {line}"
    if kind == "route" and (word == "default" or _address(word)):
        return f"the verb is missing: {said.again([*words[:place], 'add', *words[place:]])}"
    return ""


def _expected(said: Said) -> str:
    """An address is wanted where something else stands."""
    words = said.words
    found = re.search(r"any valid (prefix|address) is expected rather than \"(\S+?)\"", said.output)
    if found is None or found[2] not in words or said.program != "ip":
        return ""
    word = found[2]
    if word in said.links and "address".startswith(words[1]):
        return _link_first(said, words, word)
    if word in said.links and "via" in words:
        return f"behind via stands the gateway's address, and a link behind dev: … dev {word}"
    if difflib.get_close_matches(word, ["default"], 1, 0.7):
        return "did you mean default?"
    return _too_large(word)


def _link_first(said: Said, words: list[str], link: str) -> str:
    address = next((each for each in words if _address(each)), "ADDRESS/LENGTH")
    rest = [each for each in words[3:] if each not in (link, "dev", address)]
    line = said.again([*words[:3], address, "dev", link, *rest])
    return f"the address comes first, then dev and a link: {line}"


def _which_link(said: Said) -> str:
    words = said.words
    if '"dev" argument is required' not in said.output or words[:1] != ["ip"]:
        return ""
    if words[1:2] and "link".startswith(words[1]):
        return f"which link? {said.again(['ip', 'link', 'set', 'LINK', *words[3:]])}"
    return f"which link? {said.again([*words, 'dev', 'LINK'])}"


def _too_large(word: str) -> str:
    numbers = re.fullmatch(r"(\d+)\.(\d+)\.(\d+)\.(\d+)(/\d+)?", word)
    large = [one for one in numbers.groups()[:4] if int(one) > 255] if numbers else []
    return (
        f"{word}: {large[0]} is too large, each number of an address is at most 255"
        if (large)
        else ""
    )


def _no_such_host(said: Said) -> str:
    """ping and its like take an address that is none for a name."""
    if not re.search(r"not known|unknown host", said.output, re.IGNORECASE):
        return ""
    return next((large for word in said.words[1:] if (large := _too_large(word))), "")


def _kind(said: Said) -> str:
    """``type`` and a kind that there is not, or that wants more words."""
    words = said.words
    if words[:1] != ["ip"] or "add" not in words or "type" not in words[:-1]:
        return ""
    place = words.index("type")
    kind, rest = words[place + 1], words[place + 2 :]
    if "Unknown device type" in said.output:
        close = difflib.get_close_matches(kind, _KINDS, 1, 0.6)
        return f"did you mean {close[0]}?" if close and close[0] != kind else ""
    if kind == "veth" and "type veth [peer" in said.output and len(rest) == 1:
        line = said.again([*words[: place + 2], "peer", "name", *rest])
        return f"the other end stands behind peer name: {line}"
    unknown = re.search(rf'^{re.escape(kind)}: unknown command "(\S+)"', said.output, re.MULTILINE)
    if unknown and words[place - 1] == "add" and rest[:1] == [unknown[1]]:
        line = said.again([*words[:place], unknown[1], *words[place : place + 2], *rest[1:]])
        return f"the name comes first, then the word type and a kind: {line}"
    return ""


def _no_destination(said: Said) -> str:
    words = said.words
    route = words[:1] == ["ip"] and words[1:2] and "route".startswith(words[1])
    if route and words[2:4] == ["add", "via"] and "Usage: ip route" in said.output:
        return f"a route to where? {said.again([*words[:3], 'default', *words[3:]])}"
    return ""


# -- the older programs, and bridges ---------------------------------------------------------------


def _route(said: Said) -> str:
    words = said.words
    if said.program != "route" or "add" not in words or "gw" in words or not said.code:
        return ""
    if "via" in words:
        line = said.again(["gw" if word == "via" else word for word in words])
        return f"route says gw where ip says via: {line}"
    last = words[-1]
    if "No such device" not in said.output or "dev" in words or last in said.links:
        return ""
    if _address(last) and "/" not in last and len(words) > 3:
        return f"route wants the word gw before a gateway: {said.again([*words[:-1], 'gw', last])}"
    return f"by which gateway, or link? {said.again([*words, 'gw', 'GATEWAY'])}"


def _swapped(said: Said) -> str:
    """A bridge that is to be put into its port."""
    words, bridges = said.words, said.bridges
    brctl = words[:2] == ["brctl", "addif"] and len(words) == 4
    if brctl and words[3] in bridges and words[2] in said.links and words[2] not in bridges:
        return f"the bridge comes first: {said.again([*words[:2], words[3], words[2]])}"
    if words[:3] == ["ip", "link", "set"] and "master" in words[:-1]:
        port, bridge = words[words.index("master") - 1], words[words.index("master") + 1]
        if port in bridges and bridge in said.links and bridge not in bridges:
            line = said.again(["ip", "link", "set", bridge, "master", port])
            return f"the bridge stands behind master: {line}"
    return ""


_RULES: tuple[Callable[[Said], str], ...] = (
    _namespace,
    _exec_first,
    _garbage,
    _object,
    _verb,
    _expected,
    _which_link,
    _no_such_host,
    _kind,
    _no_destination,
    _route,
    _swapped,
)
