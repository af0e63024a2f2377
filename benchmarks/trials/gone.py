"""When is a network really gone?  The kernel takes namespaces down in the background.

Links: looked for in the list of the namespace that they were in.  Namespaces: all of a machine's
are freed one batch after the other by one worker (cleanup_net() in net/core/net_namespace.c), so
when a namespace that was given up later has been freed, those before it have been too.  Its veth's
other end, here, tells.
"""

from __future__ import annotations

import ctypes
import os
import subprocess
import threading
import time

PAUSE = 0.001
CLONE_NEWNET = 0x40000000


def wait_until(done, limit: float = 120.0) -> None:
    end = time.monotonic() + limit
    while not done():
        if time.monotonic() > end:
            raise TimeoutError("it is still there")
        time.sleep(PAUSE)


def links_gone(prefix: str, namespace: int | None = None) -> None:
    """Wait until no link of that prefix is in this namespace, or in the one of a descriptor."""

    def wait() -> None:
        if namespace is not None and ctypes.CDLL(None).setns(namespace, CLONE_NEWNET):
            raise OSError("setns")
        wait_until(lambda: not _links(prefix))

    failed: list[BaseException] = []

    def guarded() -> None:
        try:
            wait()
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=guarded)  # setns is for one thread
    thread.start()
    thread.join()
    if failed:
        raise failed[0]


def _links(prefix: str) -> list[str]:
    with open("/proc/thread-self/net/dev") as file:
        return [line for line in file if line.lstrip().startswith(prefix)]


def namespaces_freed() -> None:
    """Wait until every namespace that was given up before has been freed: 30 to 60 ms itself."""
    batch = (
        "netns add marker\n"
        "link add mark0 type veth peer name mark1 netns marker\n"
        "netns delete marker\n"
    )
    subprocess.run(["ip", "-batch", "-"], input=batch, text=True, check=True)
    links_gone("mark0")


def processes_gone(pids: list[int]) -> None:
    wait_until(lambda: not any(os.path.exists(f"/proc/{pid}") for pid in pids))


def descendants(pid: int) -> list[int]:
    """All processes below this one."""
    parents: dict[int, int] = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                with open(f"/proc/{entry}/stat") as file:
                    parents[int(entry)] = int(file.read().rpartition(")")[2].split()[1])
            except OSError:
                continue
    found = [pid]
    for parent in found:
        found += [child for child, its in parents.items() if its == parent]
    return found[1:]


if __name__ == "__main__":
    namespaces_freed()
