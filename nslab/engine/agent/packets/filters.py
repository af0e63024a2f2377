"""What a capture lets through: tcpdump's expressions, as programs that the kernel runs (BPF).

The commonest need no tcpdump: a program of four or six instructions is laid down here.  All others
are compiled by tcpdump itself, which neither opens a link for that nor looks at any frame.

A tag of a VLAN is taken out of most frames before filters run, and tcpdump only looks for it where
it was.  ``vlan`` and ``vlan 7`` are laid down here too, for both places; more of it is refused.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence

from nslab.errors import InvalidInput

Run = Callable[[Sequence[str]], tuple[int, str]]
"""Runs a program to its end: its return code and what it printed."""

Instruction = tuple[int, int, int, int]
"""Code, jump if true, jump if false, operand (linux/filter.h)."""

LONGEST = 0x40000
"""Bytes of a frame that pass, as tcpdump's own programs return it: all of them."""

NOTHING: tuple[Instruction, ...] = ((0x06, 0, 0, 0),)
"""Lets no frame through."""

# Where a program finds the tag that was taken out: SKF_AD_OFF and, behind it, SKF_AD_VLAN_TAG and
# SKF_AD_VLAN_TAG_PRESENT (linux/filter.h).
_TAG, _TAGGED = 0xFFFFF000 + 44, 0xFFFFF000 + 48

_ETHERTYPES = {"arp": 0x0806, "ip": 0x0800, "ip6": 0x86DD}
_PROTOCOLS = {"icmp": 1, "tcp": 6, "udp": 17}


def program(expression: str, run: Run) -> tuple[Instruction, ...]:
    """The program for an expression; an empty one for an empty one.

    :raises InvalidInput: with tcpdump's own words
    :raises ToolMissing: tcpdump is needed and not installed
    """
    word = expression.strip()
    if not word:
        return ()
    if word in _ETHERTYPES:
        return _small(_ETHERTYPES[word])
    if word == "icmp":
        return _small(_ETHERTYPES["ip"], _PROTOCOLS[word])
    if "vlan" in word.split():
        return _vlan(word)
    return _compiled(word, run)


def _vlan(word: str) -> tuple[Instruction, ...]:
    """Frames of a VLAN, or of any; a tag that was taken out counts, else one in the bytes."""
    match word.split():
        case ["vlan"]:
            test = (0x54, 0, 0, 0), (0x15, 0, 1, 0)
        case ["vlan", number] if number.isdecimal() and int(number) < 4096:
            test = (0x54, 0, 0, 0xFFF), (0x15, 0, 1, int(number))
        case _:
            raise InvalidInput(
                "filter by",
                repr(word),
                "for VLANs it understands only vlan and vlan NUMBER",
                'give filter="vlan 7", and choose among its frames with capture.frames.select',
            )
    return (
        (0x20, 0, 0, _TAGGED),
        (0x15, 0, 2, 1),
        (0x20, 0, 0, _TAG),
        (0x05, 0, 0, 4),
        (0x28, 0, 0, 12),
        (0x15, 1, 0, 0x8100),
        (0x15, 0, 4, 0x88A8),
        (0x28, 0, 0, 14),
        *test,
        (0x06, 0, 0, LONGEST),
        (0x06, 0, 0, 0),
    )


def _small(ethertype: int, protocol: int | None = None) -> tuple[Instruction, ...]:
    accept, refuse = (0x06, 0, 0, LONGEST), (0x06, 0, 0, 0)
    if protocol is None:
        return ((0x28, 0, 0, 12), (0x15, 0, 1, ethertype), accept, refuse)
    return (
        (0x28, 0, 0, 12),
        (0x15, 0, 3, ethertype),  # the type of an Ethernet frame
        (0x30, 0, 0, 23),
        (0x15, 0, 1, protocol),  # the protocol of an IPv4 header
        accept,
        refuse,
    )


def _compiled(expression: str, run: Run) -> tuple[Instruction, ...]:
    # The expression is one argument behind "--": nothing in it can be taken for an option.
    code, output = run(("tcpdump", "-y", "EN10MB", "-ddd", "--", expression))
    lines = output.split("\n")
    if code or not lines[-1].replace(" ", "").isdigit():
        words = lines[-1].removeprefix("tcpdump: ")
        raise InvalidInput(
            "filter by",
            repr(expression),
            f"tcpdump says: {words}",
            "write it as for tcpdump, such as: icmp or arp, host 192.168.10.11, tcp port 80",
        )
    rows = [[int(word) for word in line.split()] for line in lines if line[:1].isdigit()]
    return tuple((row[0], row[1], row[2], row[3]) for row in rows if len(row) == 4)


def packed(instructions: tuple[Instruction, ...]) -> bytes:
    """As an array of struct sock_filter."""
    return b"".join(struct.pack("=HBBI", *instruction) for instruction in instructions)
