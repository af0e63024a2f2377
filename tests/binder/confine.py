"""What a container lets a program do: no privilege, no new one, and no namespace of its own.

The filter is the part of Docker's default seccomp profile that concerns namespaces: unshare,
setns, mount and clone with a namespace's flag are refused, and clone3 does not exist, so that the C
library goes on with clone.
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct
from collections.abc import Callable
from pathlib import Path

PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, PR_CAPBSET_DROP = 38, 22, 24
SECCOMP_MODE_FILTER = 2
ALLOW, ERRNO = 0x7FFF0000, 0x00050000
X86_64 = 0xC000003E
LOAD, EQUAL, ANY_BIT, RETURN = 0x20, 0x15, 0x45, 0x06
NUMBER, ARCHITECTURE, FIRST_ARGUMENT = 0, 4, 16  # where they are in struct seccomp_data
CLONE, CLONE3 = 56, 435
REFUSED = {"pivot_root": 155, "mount": 165, "umount2": 166, "unshare": 272, "setns": 308}
NAMESPACES = 0x7E020000
"""CLONE_NEW…, all of them, as in Docker's profile."""


def program() -> bytes:
    """The filter, in the kernel's BPF (Documentation/userspace-api/seccomp_filter.rst)."""
    refuse = [(RETURN, 0, 0, ERRNO | errno.EPERM)]
    lines = [(LOAD, 0, 0, ARCHITECTURE), (EQUAL, 1, 0, X86_64), *refuse, (LOAD, 0, 0, NUMBER)]
    for number in REFUSED.values():
        lines += [(EQUAL, 0, 1, number), *refuse]
    lines += [(EQUAL, 0, 1, CLONE3), (RETURN, 0, 0, ERRNO | errno.ENOSYS)]
    lines += [(EQUAL, 0, 3, CLONE), (LOAD, 0, 0, FIRST_ARGUMENT), (ANY_BIT, 0, 1, NAMESPACES)]
    lines += [*refuse, (RETURN, 0, 0, ALLOW)]
    return b"".join(struct.pack("HBBI", *line) for line in lines)


def confined(root: Path, uid: int, directory: str, group: Path | None) -> Callable[[], None]:
    """What a child does before it runs its program.

    :param group: the control group that it joins
    """
    code = program()
    libc = ctypes.CDLL(None, use_errno=True)

    def prctl(option: int, *words: object) -> None:
        if libc.prctl(option, *words):
            raise OSError(ctypes.get_errno(), f"prctl {option}")

    def enter() -> None:
        if group is not None:
            (group / "cgroup.procs").write_text("0")
        os.chroot(root)
        os.chdir(directory)
        if uid == 0:
            return
        for capability in range(41):
            libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)
        os.setgroups([])
        os.setgid(uid)
        os.setuid(uid)
        prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        buffer = ctypes.create_string_buffer(code, len(code))
        described = struct.pack("HxxxxxxQ", len(code) // 8, ctypes.addressof(buffer))
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.create_string_buffer(described), 0, 0)

    return enter
