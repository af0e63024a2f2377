"""A learner's own /tmp, in memory and of a bounded size, which goes with the learner's server.

Whoever fills the machine's own /tmp fills everybody's, and a file that was left there stays.  What
is in this one counts as the learner's memory, too.
"""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Iterable
from pathlib import Path

SHARED = ("/tmp", "/var/tmp")
"""Where everybody may write: of these each server gets one of its own, the same for both."""

FILES = 50_000
"""So many files and folders it holds; each takes about a kilobyte of the kernel's memory."""

CLONE_NEWNS = 0x20000  # linux/sched.h
MS_NOSUID, MS_NODEV, MS_BIND, MS_REC, MS_SLAVE = 2, 4, 4096, 16384, 1 << 19  # linux/mount.h


def own(size: int, needed: Iterable[str]) -> list[str]:
    """Have this process, and all that come from it, see a /tmp of their own.

    A place that something needed is in stays as it is, such as a home below /var/tmp.  Where root
    may mount nothing, as in many a container, all stay as they are, and that is said.

    :param size: in bytes
    :param needed: paths that must stay in sight
    :returns: which places it covers
    """
    kept = [Path(path).resolve() for path in needed]
    covered = [
        place
        for place in SHARED
        if os.path.isdir(place)
        and not any(path.is_relative_to(Path(place).resolve()) for path in kept)
    ]
    if not covered:
        return []
    libc = ctypes.CDLL(None, use_errno=True)
    try:
        _must(libc.unshare(CLONE_NEWNS), "unshare(CLONE_NEWNS)")
        # What the machine mounts later, such as homes, still appears here; nothing goes back.
        _must(libc.mount(b"none", b"/", None, MS_REC | MS_SLAVE, None), "mount --make-rslave /")
        options = f"mode=1777,size={size},nr_inodes={FILES}".encode()
        first, *others = covered
        flags = MS_NOSUID | MS_NODEV
        _must(libc.mount(b"tmpfs", first.encode(), b"tmpfs", flags, options), f"mount {first}")
        for place in others:
            source, target = first.encode(), place.encode()
            _must(libc.mount(source, target, None, MS_BIND, None), f"mount {place}")
    except OSError as error:
        print(f"the server has no /tmp of its own: {error}", file=sys.stderr)
        return []
    return covered


def _must(result: int, what: str) -> None:
    if result:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
