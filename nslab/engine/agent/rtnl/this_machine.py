"""The same look at the real machine, read-only: ``nslab show --machine``.

What the caller may not see is listed with the reason, not guessed.  Run by the command line's own
process in a thread, never by a notebook: entering namespaces as root changes that thread's.
"""

from __future__ import annotations

import os
import threading

from msgspec import structs

from nslab.engine import uapi
from nslab.engine.agent.netns import spaces as sp
from nslab.engine.agent.netns.processes import inodes, processes_by_namespace
from nslab.engine.agent.netns.syscalls import call, text_of
from nslab.engine.agent.rtnl import observe, rules
from nslab.network.model import Process, Snapshot

NAMES = ("/run/netns", "/run/docker/netns")
"""Where iproute2 and Docker bind namespaces to names."""

SHOWN_PROCESSES = 5
"""A namespace is recognised by a few of its processes; the host's own are left out."""


def snapshot() -> Snapshot:
    """The machine's network namespaces as far as the caller may see them."""
    result: list[Snapshot | BaseException] = []

    def work() -> None:
        try:
            result.append(_snapshot())
        except BaseException as error:
            result.append(error)

    thread = threading.Thread(target=work, name="look")
    thread.start()
    thread.join()
    if isinstance(result[0], BaseException):
        raise result[0]
    return result[0]


def _snapshot() -> Snapshot:
    spaces = sp.Spaces()
    targets = _targets(spaces)
    try:
        reader = rules.Reader(rules.subprocesses)
        return structs.replace(observe.observe(targets, os.uname().nodename, reader), files={})
    finally:
        for target in targets:
            if target.descriptor >= 0:
                os.close(target.descriptor)
        os.close(spaces.home)


def _targets(spaces: sp.Spaces) -> list[observe.Target]:
    paths, hidden = _paths()
    processes = processes_by_namespace(all_of_nslab=True)
    containers = spaces.containers()
    # A label on a plain file is no namespace; the device tells (nsfs has one of its own).
    device = os.fstat(spaces.home).st_dev
    host = observe.Target(
        inode=spaces.home_inode,
        descriptor=os.dup(spaces.home),
        role="host",
        label="host",
        names=_names(paths.get(spaces.home_inode, [])),
        resolv_conf=text_of("/etc/resolv.conf"),
        unseen=hidden,
    )
    found = [host]
    for inode in [*paths, *(inode for inode in processes if inode not in paths)]:
        if inode == spaces.home_inode:
            continue
        here = paths.get(inode, [])
        group = processes.get(inode, [])
        hostname = containers[inode][1] if inode in containers else ""
        pid = containers[inode][0][0] if inode in containers else group[0].pid if group else 0
        names = _names(here)
        role = "named" if here and here[0].startswith("/run/netns") else "container"
        if not here and not hostname:
            role = "process"
        label = names[0] if role == "named" else hostname or f"pid {pid}"
        target = _open(here[0] if here else f"/proc/{pid}/ns/net", inode, device)
        target.role, target.label, target.names = role, label, names
        target.processes = tuple(_brief(process) for process in group[:SHOWN_PROCESSES])
        if role == "named":
            target.resolv_conf = text_of(f"/etc/netns/{names[0]}/resolv.conf")
        elif pid:
            target.resolv_conf = text_of(f"/proc/{pid}/root/etc/resolv.conf")
        found.append(target)
    return _distinct(found)


def _paths() -> tuple[dict[int, list[str]], tuple[str, ...]]:
    """The names of namespaces by inode; and what may not be seen of them."""
    paths: dict[int, list[str]] = {}
    hidden = []
    for directory in NAMES:
        try:
            for name, inode in inodes(directory).items():
                paths.setdefault(inode, []).append(f"{directory}/{name}")
        except PermissionError:  # /run/docker is root's alone
            hidden.append(f"the namespaces in {directory}: reading that folder needs root")
    return paths, tuple(hidden)


def _open(path: str, inode: int, device: int) -> observe.Target:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        return observe.Target(inode, -1, "", "", unseen=(f"all of it: {error.strerror}",))
    if os.fstat(descriptor).st_dev != device:
        os.close(descriptor)
        return observe.Target(inode, -1, "", "", unseen=("all of it: a name without a namespace",))
    if not _may_enter(descriptor):
        os.close(descriptor)
        return observe.Target(inode, -1, "", "", unseen=("all of it: entering it needs root",))
    return observe.Target(inode, descriptor, "", "")


def _may_enter(descriptor: int) -> bool:
    home = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    try:
        call("setns", descriptor, uapi.CLONE_NEWNET)
        call("setns", home, uapi.CLONE_NEWNET)
    except OSError:
        return False
    finally:
        os.close(home)
    return True


def _names(paths: list[str]) -> tuple[str, ...]:
    return tuple(path.rpartition("/")[2] for path in paths)


def _brief(process: Process) -> Process:
    words = process.command.split()
    return structs.replace(process, command=" ".join(words[:4]))


def _distinct(targets: list[observe.Target]) -> list[observe.Target]:
    """Labels must differ: several containers may have one hostname."""
    seen: dict[str, int] = {}
    for target in targets:
        count = seen[target.label] = seen.get(target.label, 0) + 1
        if count > 1:
            target.label = f"{target.label} ({count})"
    return targets
