"""Whom a line wanted to reach that failed: that of a ping, of curl and their like.

What is asked of ``lab.why`` then is read off the line; where that is not clear, nothing is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

from nslab.network.looking import SOMETHING, simple_commands
from nslab.session.said import Said

_TAKES: Mapping[str, str] = {
    "ping": "cFiIlmMNpQsStTwWe",
    "ping6": "cFiIlmMNpQsStTwWe",
    "curl": "mowHdXAuTFKrbcexyYzEQtCU",
    "wget": "OoaiBtTwQPDIAReU",
    "nc": "wpsqiIXx",
    "ncat": "wpsixdgGkm",
}
"""By program: the letters of those options behind which a value stands."""

_LONG = frozenset(
    "max-time connect-timeout interface resolve output write-out header data request user "
    "user-agent retry timeout tries output-document bind-address source".split()
)
"""The same of those with long names."""

_LOST: Mapping[str, frozenset[int]] = {
    "ping": frozenset((1, 2)),
    "ping6": frozenset((1, 2)),
    "curl": frozenset((5, 6, 7, 28, 35, 52, 56)),
    "wget": frozenset((4,)),
    "nc": frozenset((1,)),
    "ncat": frozenset((1,)),
}
"""By program: how it ends if it reached nobody (ping(8), curl(1), wget(1), nc(1))."""

_MISUSED = re.compile(
    r"usage|invalid (argument|option|value)(:| --)|option requires|unrecognized option|out of range"
    r"|Cannot open network namespace",
    re.IGNORECASE,
)
_PORTS = {"http": 80, "https": 443}


def unreached(said: Said) -> tuple[str, str] | None:
    """From where, and whom, as ``lab.why`` is asked; None if the line says it not.

    :param said: a line that failed
    """
    program = said.program
    lost = said.code in _LOST.get(program, ())
    if not lost or _MISUSED.search(said.output) or (said.seen and said.here is None):
        return None
    found = simple_commands(said.line)
    if found is None or len(found) != 1:
        return None
    # Without quotes, and without what stands before the program.
    words = found[0].words[len(said.line.split()) - len(said.words) + 1 :]
    target = _target(program, words)
    return (said.place or "host", target) if target else None


def _target(program: str, words: Sequence[str]) -> str:
    given = [
        word
        for before, word in zip(("", *words), words, strict=False)
        if not word.startswith("-") and not _takes(program, before)
    ]
    if any(SOMETHING in word or set("$`*'\"<>") & set(word) for word in given):
        return ""
    match program, given:
        case (("nc" | "ncat"), [host, port]) if port.isdecimal() and "-u" not in words:
            return _joined(host, int(port))
        case (("curl" | "wget"), [url]):
            return _of_url(url)
        case (("ping" | "ping6"), [host]):
            return host
    return ""


def _takes(program: str, option: str) -> bool:
    """Whether the word behind an option is its value."""
    if option.startswith("--"):
        return option[2:] in _LONG
    return option.startswith("-") and option[-1] in _TAKES[program]


def _of_url(url: str) -> str:
    try:
        parts = urlsplit(url if "://" in url else f"http://{url}")
        port = parts.port or _PORTS.get(parts.scheme)
    except ValueError:
        return ""
    return _joined(parts.hostname, port) if parts.hostname and port else ""


def _joined(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
