"""Files of /etc, as far as a snapshot has them."""

from __future__ import annotations

from nslab.network.actions import ResolvConf
from nslab.network.making.pieces import Left, Piece, attempt, line
from nslab.network.making.work import Pieces, Work

SHOWN = 4096
"""Characters of a file that a snapshot has."""

_FRESH = "/etc/resolv.conf"


def files(work: Work) -> Pieces:
    """Directories first, then what is in them; away in the other order."""
    was, now = work.before.snapshot.files, work.after.snapshot.files
    for path in sorted(was.keys() - now.keys(), reverse=True):
        if path.endswith("/"):
            yield line(None, "rmdir", path)
        elif path == _FRESH and work.after.snapshot.host.resolv_conf:
            yield from attempt(_written(_FRESH, _of_host(work)), work.left)
        else:
            yield line(None, "rm", "-f", path)
    for path in sorted(now):
        if was.get(path) == now[path]:
            continue
        if path.endswith("/"):
            yield line(None, "mkdir", "-p", path)
        else:
            text = now[path]
            yield from attempt(_written(path, text), work.left)
    for label, ns in work.after.spaces.items():
        old = work.before.spaces.get(label)
        was_said = old.resolv_conf if old else ns.resolv_conf
        if ns.role == "container" and ns.resolv_conf != was_said:
            yield from attempt(_resolv_conf(label, ns.resolv_conf), work.left)


def _of_host(work: Work) -> str:
    return work.after.snapshot.host.resolv_conf or ""


def _written(path: str, text: str) -> Pieces:
    if len(text) >= SHOWN:
        raise Left(f"{path}, which is long")
    yield _write(path, text)


def _write(path: str, text: str) -> Piece:
    one = text.endswith("\n") and text.count("\n") == 1 and not text.startswith("-")
    return line(None, *(("echo", text[:-1]) if one else ("printf", "%s", text)), to=path)


def _resolv_conf(label: str, text: str | None) -> Pieces:
    words = (text or "").split()
    if len(words) != 2 or words[0] != "nameserver":
        raise Left(f"the name servers of {label}")
    yield ResolvConf(words[1], ns=label)
