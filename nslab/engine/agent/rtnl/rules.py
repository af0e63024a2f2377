"""The packet filter rules of a network namespace, as the tools list them.

The kernel is asked one cheap question first (the generation of the rules): most namespaces have
none, and where nothing changed since the last look, its answer still holds.  Only else are the
tools run, `nft -j` for all of nf_tables and, where a part of a rule is in iptables' own binary form
("xt"), the tool that made it.  iptables-legacy has its own tables, and no generation: it is asked
each time where the kernel says that there are any.
"""

from __future__ import annotations

import errno
import os
import socket
import struct
from collections.abc import Callable, Iterable, Iterator, Sequence

from msgspec import structs

from nslab.engine import uapi
from nslab.engine.agent.boot.init import PATH, find
from nslab.engine.agent.netns.processes import LOOKING
from nslab.errors import ToolMissing
from nslab.network.rules import iptables, nft, nft_terms
from nslab.network.rules.values import Chain, Rule, Ruleset, Table

Run = Callable[[Sequence[str]], tuple[int, str]]
"""Runs a program in this thread's network namespace: its return code and output."""

Seen = tuple[Ruleset, tuple[str, ...]]
"""The rules, and what of them could not be read, with the reason."""

GET_TABLES = 10 << 8 | 1
GET_GENERATION = 10 << 8 | 16
"""NFNL_SUBSYS_NFTABLES with NFT_MSG_GETTABLE, and with NFT_MSG_GETGEN."""

_GENERATION = 1
"""NFTA_GEN_ID.  The first, 1, is that of a namespace in which nobody has made a table yet."""

_TABLE_NAME = 1
_FAMILIES = {1: "inet", 2: "ip", 3: "arp", 5: "netdev", 7: "bridge", 10: "ip6"}

OURS = "nslab-"
"""How tables are called that are made for a moment to see a packet pass: none of the learner's."""

_NIC = ("netdev", "nic")
"""The filter that stands for the NIC's own, outside the pseudo-host: no packet filter, either."""

_TOOLS = {"ip": "iptables", "ip6": "ip6tables", "bridge": "ebtables", "arp": "arptables"}
_NAMES = {
    "ip": ("filter", "nat", "mangle", "raw", "security"),
    "ip6": ("filter", "nat", "mangle", "raw", "security"),
    "bridge": ("filter", "nat", "broute"),
    "arp": ("filter",),
}
"""The tables of each tool; nft may have tables of these names too, but not with such chains."""

_LEGACY = {"ip_tables_names": "iptables-legacy", "ip6_tables_names": "ip6tables-legacy"}


def subprocesses(argv: Sequence[str]) -> tuple[int, str]:
    """Run a program where the agent's own init is not at hand."""
    import subprocess  # here, because the agent itself does without

    done = subprocess.run(
        [find(argv[0]), *argv[1:]],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={"PATH": PATH, "LANG": "C.UTF-8", **LOOKING},
        check=False,
    )
    return done.returncode, done.stdout.decode(errors="replace")


class Reader:
    """Reads the rules, and remembers them by namespace and generation."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._known: dict[int, tuple[int, Seen]] = {}
        self._absent: set[str] = set()

    def forget(self, inodes: Iterable[int]) -> None:
        """Before a look: remember only these namespaces, for an inode may be used again."""
        self._absent.clear()
        there = set(inodes)
        self._known = {inode: seen for inode, seen in self._known.items() if inode in there}

    def read(self, inode: int, *, world: bool = False) -> Seen:
        """The rules of the namespace that this thread is in.

        :param world: it is outside the pseudo-host
        """
        rules, unseen = self._nf_tables(inode, world)
        tables, missing = list(rules.tables), list(unseen)
        for name, tool in _LEGACY.items():
            if name in self._absent:
                continue
            names = _legacy_names(name)
            if names is None:
                # The module is not loaded: no namespace has such a file.
                self._absent.add(name)
            elif names:
                text = self._listed([f"{tool}-save"])
                if text is None:
                    missing.append(f"rules of {tool}: {tool}-save does not say them")
                else:
                    tables += iptables.parse(text, tool)
        return (Ruleset(tables=tuple(tables)), tuple(missing)) if tables or missing else NOTHING

    def _nf_tables(self, inode: int, world: bool) -> Seen:
        try:
            asking = socket.socket(
                socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, uapi.NETLINK_NETFILTER
            )
        except OSError:
            return NOTHING  # a kernel without
        with asking:
            try:
                generation = _generation(asking)
                if generation <= 1:
                    return NOTHING
                known = self._known.get(inode)
                if known is not None and known[0] == generation:
                    return known[1]
                names = [name for name in _tables(asking) if not _ours(*name, world)]
            except PermissionError:
                return Ruleset(), ("packet filter rules: reading them needs root",)
            except OSError as error:
                if error.errno in (errno.EINVAL, errno.EOPNOTSUPP, errno.ENOENT):
                    return NOTHING  # a kernel without nf_tables
                raise
        seen = self._ask_tools(world) if names else NOTHING
        self._known[inode] = (generation, seen)
        return seen

    def _ask_tools(self, world: bool) -> Seen:
        printed = self._listed(["nft", "-j", "list", "ruleset"])
        if printed is None:
            return Ruleset(), ("packet filter rules: nft does not say them",)
        tables = nft.parse(printed)
        if not all(map(_of_iptables, tables)):
            tables = nft.parse(printed, self._listed(["nft", "-s", "-a", "list", "ruleset"]) or "")
        saved: dict[str, tuple[Table, ...]] = {}
        found = []
        for table in tables:
            if _ours(table.family, table.name, world):
                continue
            if _of_iptables(table):
                tool = _TOOLS[table.family]
                if not any(chain.rules for chain in table.chains):
                    table = structs.replace(table, tool=tool)  # its policies need no words
                else:
                    if tool not in saved:
                        saved[tool] = iptables.parse(self._saved(tool), tool)
                    table = _worded(table, tool, saved[tool])
            found.append(table)
        return Ruleset(tables=tuple(found)), ()

    def _saved(self, tool: str) -> str:
        """The listing of a tool, in the form of it that has its rules in nf_tables."""
        for program in (f"{tool}-nft-save", f"{tool}-save"):
            text = self._listed([program])
            if text is not None:
                return text
        return ""

    def _listed(self, argv: Sequence[str]) -> str | None:
        try:
            code, text = self._run(argv)
        except (ToolMissing, OSError):
            return None
        return None if code else text


NOTHING: Seen = (Ruleset(), ())


def _ours(family: str, name: str, world: bool) -> bool:
    return name.startswith(OURS) or (world and (family, name) == _NIC)


def _legacy_names(name: str) -> str | None:
    """The tables of iptables-legacy in this namespace; None where no namespace has any."""
    try:
        file = os.open(f"/proc/thread-self/net/{name}", os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    except OSError:
        return ""
    try:
        return os.read(file, 4096).decode(errors="replace")
    finally:
        os.close(file)


def _asked(asking: socket.socket, kind: int, flags: int) -> Iterator[tuple[int, bytes]]:
    """The answers to a question about nf_tables: their kinds, and what is behind the header."""
    asking.sendto(struct.pack("=IHHIIBBH", 20, kind, 1 | flags, 0, 0, 0, 0, 0), (0, 0))
    while True:
        answer = asking.recv(65536)
        offset = 0
        while offset < len(answer):
            size, answered = struct.unpack_from("=IH", answer, offset)
            if answered == uapi.NLMSG_ERROR:
                (code,) = struct.unpack_from("=i", answer, offset + 16)
                raise OSError(-code, os.strerror(-code))
            if answered == uapi.NLMSG_DONE:
                return
            yield answered, answer[offset + 16 : offset + size]
            offset += (size + 3) & ~3
        if not flags:
            return


def _attribute(body: bytes, wanted: int) -> bytes:
    place = 4
    while place + 4 <= len(body):
        size, kind = struct.unpack_from("=HH", body, place)
        if kind & 0x3FFF == wanted:
            return body[place + 4 : place + size]
        place += max(4, (size + 3) & ~3)
    return b""


def _generation(asking: socket.socket) -> int:
    for _, body in _asked(asking, GET_GENERATION, 0):
        return int.from_bytes(_attribute(body, _GENERATION) or b"\1", "big")
    return 0


def _tables(asking: socket.socket) -> list[tuple[str, str]]:
    """The family and name of each table."""
    return [
        (
            _FAMILIES.get(body[0], str(body[0])),
            _attribute(body, _TABLE_NAME).rstrip(b"\0").decode(errors="replace"),
        )
        for _, body in _asked(asking, GET_TABLES, uapi.NLM_F_DUMP)
    ]


def _of_iptables(table: Table) -> bool:
    """Whether a table is one of iptables' or its kin's, by its name and its base chains."""
    hooked = [chain for chain in table.chains if chain.hook]
    return table.name in _NAMES.get(table.family, ()) and all(
        iptables.HOOKS.get(chain.name) == chain.hook for chain in hooked
    )


def _worded(table: Table, tool: str, saved: Sequence[Table]) -> Table:
    """A table in the words of its tool, which also tells what is opaque to nft."""
    theirs = next((each for each in saved if each.name == table.name), None)
    if theirs is None:
        return table
    chains = []
    for chain in table.chains:
        said = theirs.chain(chain.name)
        if said is None or len(said.rules) < len(chain.rules):
            return table  # with rules that only nft can have made
        chains.append(_both(chain, said))
    return structs.replace(table, tool=tool, chains=tuple(chains))


def _both(chain: Chain, said: Chain) -> Chain:
    """A chain by nft with the words of its tool, rule by rule."""
    rules = [_same(rule, words) for rule, words in zip(chain.rules, said.rules, strict=False)]
    return structs.replace(chain, rules=(*rules, *said.rules[len(rules) :]))


def _same(rule: Rule, words: Rule) -> Rule:
    """What nft understands of a rule stands; what is opaque to it, the tool's own words say."""
    opaque = rule.unknown and all(said.startswith(nft_terms.XT) for said in rule.unknown)
    return structs.replace(words if opaque else rule, text=words.text, handle=rule.handle)
