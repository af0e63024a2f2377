"""Reads all namespaces of where it runs, in the ways that nslab's snapshot is measured against.

Says which ways there are; then does one for each line of input and answers with the seconds and
with the number of links that it saw.
"""

from __future__ import annotations

import asyncio
import ctypes
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable

from pyroute2 import AsyncIPRoute, IPRoute

NAMED = "/run/netns"
QUESTIONS = ("link show", "address show", "route show table all", "neighbour show")


def names() -> list[str]:
    return sorted(os.listdir(NAMED))


# -- iproute2 -----------------------------------------------------------------------------------


def _ip(*words: str, given: str = "") -> str:
    return subprocess.run(words, input=given, capture_output=True, text=True, check=True).stdout


def _bridge_fdb() -> list[dict[str, object]]:
    return json.loads(_ip("bridge", "-json", "fdb", "show"))


def ip_json() -> int:
    """Four commands a namespace."""
    links = 0
    for where in ((), *(("-n", name) for name in names())):
        answers = [
            json.loads(_ip("ip", "-json", "-details", *where, *question.split()) or "[]")
            for question in QUESTIONS
        ]
        links += len(answers[0])
    _bridge_fdb()
    return links


def ip_json_batch() -> int:
    """One command a namespace."""
    links = 0
    decode = json.JSONDecoder().raw_decode
    for where in ((), *(("-n", name) for name in names())):
        text = _ip(
            "ip", "-json", "-details", *where, "-batch", "-", given="\n".join(QUESTIONS) + "\n"
        ).strip()
        answers = []
        while text:
            value, end = decode(text)
            answers.append(value)
            text = text[end:].lstrip()
        links += len(answers[0])
    _bridge_fdb()
    return links


# -- pyroute2 -----------------------------------------------------------------------------------


def sockets() -> list[socket.socket]:
    """A netlink socket in each namespace, opened by a thread that goes there: without a fork."""
    found: list[socket.socket] = []

    def work() -> None:
        for name in names():
            descriptor = os.open(f"{NAMED}/{name}", os.O_RDONLY | os.O_CLOEXEC)
            if ctypes.CDLL(None).setns(descriptor, 0):
                raise OSError("setns")
            os.close(descriptor)
            found.append(socket.socket(socket.AF_NETLINK, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    return found


def _read(route: IPRoute) -> int:
    links = len(list(route.link("dump")))
    for answer in (route.addr("dump"), route.route("dump", family=0), route.neigh("dump")):
        list(answer)
    return links


def _read_host() -> int:
    with IPRoute() as host:
        list(host.fdb("dump"))
        return _read(host)


def pyroute2_netns() -> int:
    """``IPRoute(netns=…)``, which forks."""
    links = _read_host()
    for name in names():
        with IPRoute(netns=name) as route:
            links += _read(route)
    return links


def pyroute2_sockets() -> int:
    """``IPRoute(use_socket=…)``."""
    links = _read_host()
    for opened in sockets():
        with IPRoute(use_socket=opened) as route:
            links += _read(route)
        opened.close()
    return links


def pyroute2_async() -> int:
    """``AsyncIPRoute(use_socket=…)``, all namespaces at once."""

    async def read(route: AsyncIPRoute) -> int:
        links = len([link async for link in await route.link("dump")])
        for question in (route.addr("dump"), route.route("dump", family=0), route.neigh("dump")):
            async for _ in await question:
                pass
        return links

    async def host() -> int:
        async with AsyncIPRoute() as route:
            async for _ in await route.fdb("dump"):
                pass
            return await read(route)

    async def inside(opened: socket.socket) -> int:
        async with AsyncIPRoute(use_socket=opened) as route:
            links = await read(route)
        opened.close()
        return links

    async def everything() -> int:
        found = await asyncio.gather(host(), *(inside(opened) for opened in sockets()))
        return sum(found)

    return asyncio.run(everything())


WAYS: tuple[Callable[[], int], ...] = (
    ip_json,
    ip_json_batch,
    pyroute2_netns,
    pyroute2_sockets,
    pyroute2_async,
)


def main() -> None:
    ways = {way.__name__: way for way in WAYS}
    print(*ways, flush=True)
    for line in sys.stdin:
        start = time.perf_counter()
        links = ways[line.strip()]()
        print(time.perf_counter() - start, links, flush=True)


if __name__ == "__main__":
    main()
