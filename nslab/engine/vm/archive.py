"""The archives that the kernel unpacks at its start: cpio's newc format, with fixed times.

The format is Documentation/driver-api/early-userspace/buffer-format.rst of the kernel's.  Several
archives may stand behind one another; each begins at a multiple of four bytes.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterable

_FILE, _DIRECTORY, _LINK = 0o100000, 0o040000, 0o120000


def file(name: str, content: bytes, mode: int = 0o644) -> bytes:
    return _entry(name, _FILE | mode, content)


def directory(name: str) -> bytes:
    return _entry(name, _DIRECTORY | 0o755, b"")


def link(name: str, target: str) -> bytes:
    return _entry(name, _LINK | 0o777, target.encode())


def compressed(entries: Iterable[bytes]) -> bytes:
    """A whole archive."""
    numbered = (
        b"070701%08x" % number + entry[14:] for number, entry in enumerate(entries, start=1)
    )
    body = b"".join(numbered) + b"070701%08x" % 0 + _entry("TRAILER!!!", 0, b"")[14:]
    packed = gzip.compress(body, 6, mtime=0)
    return packed + b"\0" * (-len(packed) % 4)


def _entry(name: str, mode: int, content: bytes) -> bytes:
    path = name.encode() + b"\0"
    links = 2 if mode & _DIRECTORY == _DIRECTORY else 1
    fields = (0, mode, 0, 0, links, 0, len(content), 0, 0, 0, 0, len(path), 0)
    head = b"070701" + b"".join(b"%08x" % field for field in fields) + path
    head += b"\0" * (-len(head) % 4)
    return head + content + b"\0" * (-len(content) % 4)
