"""Sending a message by hand: bytes into a socket, by a program that knows nothing of networks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nslab.course.nlmessages.message import Message
from nslab.errors import KernelRefused, os_cause

if TYPE_CHECKING:
    from nslab.session.lab import Lab

PROGRAM = """
import socket, struct, sys
kernel = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
kernel.send(bytes.fromhex(sys.stdin.read()))
answer = kernel.recv(4096)
print(-struct.unpack_from("=i", answer, 16)[0])
"""
"""What runs in the pseudo-host; 0 in the answer means that it was done (netlink(7))."""


def send(lab: Lab, message: Message) -> None:
    """Send a message's bytes to the kernel from a small program in the pseudo-host.

    :raises KernelRefused: the kernel's answer is an error
    """
    ran = lab.run("python3", "-c", PROGRAM, stdin=message.data.hex())
    errno = int(ran.stdout or 0) if ran.returncode == 0 else 5
    if errno:
        cause = os_cause(errno) if ran.returncode == 0 else ran.stderr.strip().splitlines()[-1]
        raise KernelRefused("send the message", message.name, cause, errno=errno)
