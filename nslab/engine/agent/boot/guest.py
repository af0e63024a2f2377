"""PID 1 of a virtual machine: loads all that a lab may need, waits to be asked, and hosts one lab.

Everything slow comes before the first message: modules of the kernel, modules of Python.  There
the machine's state is saved, and each lab wakes from it.  It then lacks the time of day and
random numbers of its own, both of which the first message brings.

The notebook's end of the serial port is the machine's life: when it is closed, the machine is
switched off.
"""

from __future__ import annotations

import ctypes
import fcntl
import glob
import os
import platform
import signal
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Mapping
from importlib import import_module

from nslab.engine import messages as m
from nslab.engine.agent.boot.init import PATH
from nslab.engine.agent.netns.syscalls import call, mount, read, write
from nslab.engine.agent.world.cards import Porter

AGENT_PID = "/run/agent.pid"

NEEDED_LATER = (
    "nslab.engine.agent.__main__",
    "nslab.engine.agent.boot.serve",
    "nslab.engine.agent.packets.inject",
    "nslab.engine.agent.rtnl.conntrack",
    "nslab.engine.agent.world.nic",
    "nslab.engine.agent.boot.visit",
    "nslab.engine.agent.boot.terminal",
    "pyroute2.nftables.main",
    "dnslib",
)
"""Imported before the state is saved: under emulation that takes seconds."""

_RNDADDENTROPY, _RNDRESEEDCRNG = 0x40085203, 0x5207  # linux/random.h
_RB_AUTOBOOT, _RB_POWER_OFF = 0x01234567, 0x4321FEDC


def main() -> None:
    os.environ["PATH"] = PATH
    _prepare()
    missing = _modules(sys.argv[1:])
    for module in NEEDED_LATER:
        import_module(module)
    ports = _ports()
    begin_terminals(ports)
    port = os.open(ports[m.PORT], os.O_RDWR)
    reading, writing = os.fdopen(os.dup(port), "rb"), os.fdopen(port, "wb")
    m.write(writing, m.Booted(platform.release(), missing))
    start = m.read_to_agent(reading)
    if isinstance(start, m.Start):
        _wake(start)
        agent = os.fork()
        if agent == 0:
            from nslab.engine.agent.__main__ import host_lab

            signal.signal(signal.SIGINT, signal.SIG_IGN)
            bring = Porter().bring if start.options.cards else None
            host_lab(start, reading, writing, bring, alone=True)
            os._exit(0)
        write_pid(agent)
        while os.wait()[0] != agent:
            pass
    switch_off()


def begin_terminals(ports: Mapping[str, str]) -> None:
    """A child for each terminal, which lets visitors in.

    The ports are opened here, not by the children: this process then says that all is ready, and
    the machine's state is saved at that moment.  So every machine that wakes from the state has its
    ports open, however far the children had come.
    """
    from nslab.engine.agent.boot import terminal

    for name in m.TERMINALS:
        port = os.open(ports[name], os.O_RDWR)
        if os.fork() == 0:
            terminal.attend(port, AGENT_PID)
        os.close(port)


def write_pid(agent: int) -> None:
    with open(AGENT_PID, "w") as file:
        file.write(str(agent))


def switch_off() -> None:
    """QEMU ends, whichever of the two this kernel is able to do."""
    for how in (_RB_AUTOBOOT, _RB_POWER_OFF):
        call("reboot", how)


def _prepare() -> None:
    for directory in ("/dev/pts", "/dev/shm"):
        os.makedirs(directory, exist_ok=True)
    mount("devpts", "/dev/pts", "devpts", 0, "gid=5,mode=620,ptmxmode=666")
    mount("tmpfs", "/dev/shm", "tmpfs", 0, "mode=1777")
    socket.sethostname("nslab")
    # What a learner sees of the kernel is the lab's commands' output, not its log.
    write("/proc/sys/kernel/printk", "1")
    # When memory is short, kill who takes it rather than read programs from the disk for ever:
    # what was used in the last second is kept (Documentation/admin-guide/mm/multigen_lru.rst).
    for name, value in (("enabled", "y"), ("min_ttl_ms", "1000")):
        if os.path.exists(f"/sys/kernel/mm/lru_gen/{name}"):
            write(f"/sys/kernel/mm/lru_gen/{name}", value)


def _modules(names: list[str]) -> tuple[str, ...]:
    """Load modules of the kernel; those that it does not have."""
    ended = subprocess.run(
        ["modprobe", "-a", "-q", *names], capture_output=True, text=True, check=False
    )
    if ended.returncode == 0:
        return ()
    loaded = {line.split()[0] for line in read("/proc/modules").splitlines() if line}
    return tuple(name for name in names if name.replace("-", "_") not in loaded)


def _ports() -> dict[str, str]:
    found = {}
    for path in glob.glob("/sys/class/virtio-ports/*/name"):
        found[read(path)] = f"/dev/{path.split('/')[-2]}"
    return found


def _wake(start: m.Start) -> None:
    """Make the machine's clock right and its random numbers its own."""
    if start.clock:
        time.clock_settime(time.CLOCK_REALTIME, start.clock / 1e9)
    if start.seed:
        with open("/dev/urandom", "wb", buffering=0) as device:
            given = struct.pack("=ii", 8 * len(start.seed), len(start.seed)) + start.seed
            fcntl.ioctl(device, _RNDADDENTROPY, ctypes.create_string_buffer(given, len(given)))
            fcntl.ioctl(device, _RNDRESEEDCRNG)


if __name__ == "__main__":
    main()
