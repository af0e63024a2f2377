"""The two servers outside the pseudo-host (see :mod:`nslab.engine.default_network`).

They are real ones, in threads: a name server that knows example.org, and a web server that tells
the client which address it saw.  The pseudo-host has a name server of its own on its loopback, as
hosts with systemd-resolved have; ours answers by itself and asks nobody.

Each survives every client: one that no answer can reach, one that resets or sends garbage, a
thousand at once.
"""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import time
from collections.abc import Callable

from nslab.engine.agent.netns import spaces as sp
from nslab.engine.agent.rtnl.apply import Applier
from nslab.engine.default_network import ACTIONS, DOMAIN, NAME_SERVER, STUB, WEB
from nslab.network.model import WORLD

CLIENTS = 64
"""Clients of the web server at a time."""

PATIENCE = 5.0
"""Seconds in which a client must have asked."""

ADDRESSES = {
    "www.example.org": WEB,
    "example.org": WEB,
    "ns.example.org": NAME_SERVER,
    "lan.example.org": "198.51.100.20",
    "router.example.org": "198.51.100.1",
    "host.example.org": "198.51.100.10",
    "dns.google": NAME_SERVER,
}


def build(spaces: sp.Spaces, applier: Applier) -> None:
    """Make the world and the pseudo-host's own NIC, and start the servers."""
    for label in WORLD:
        os.close(spaces.make(f"{sp.WORLD_DIR}/{label}"))
    spaces.go_home()
    applier.apply(ACTIONS)
    internet = spaces.open("internet")
    with spaces.inside(internet):
        names = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        names.bind((NAME_SERVER, 53))
        web = socket.create_server((WEB, 80), backlog=64)
    os.close(internet)
    stub = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    stub.bind((STUB, 53))
    _start("names", _serve_names, names)
    _start("stub", _serve_names, stub)
    _start("web", _serve_web, web)


def _start(name: str, serve: Callable[[socket.socket], None], listening: socket.socket) -> None:
    threading.Thread(target=serve, args=(listening,), name=name, daemon=True).start()


def _serve_names(listening: socket.socket) -> None:
    """Answer questions of names, one datagram at a time, for ever."""
    while True:
        try:
            question, client = listening.recvfrom(4096)
            answer = _answer(question)
            # The kernel refuses it where no route leads back, as before there is NAT.
            listening.sendto(answer, client)
        except Exception:  # dnslib raises several kinds for what is no DNS message
            continue


def _answer(question: bytes) -> bytes:
    import dnslib  # here, because most labs never ask

    record = dnslib.DNSRecord.parse(question)
    reply = record.reply()
    name = str(record.q.qname).rstrip(".").lower()
    kind = dnslib.QTYPE[record.q.qtype]
    if kind == "PTR":
        pointed = {
            ".".join(reversed(address.split("."))) + ".in-addr.arpa": host
            for host, address in reversed(ADDRESSES.items())
        }
        if name in pointed:
            reply.add_answer(
                dnslib.RR(name, dnslib.QTYPE.PTR, rdata=dnslib.PTR(pointed[name]), ttl=300)
            )
            return bytes(reply.pack())
    elif name in ADDRESSES:
        if kind == "A":
            reply.add_answer(
                dnslib.RR(name, dnslib.QTYPE.A, rdata=dnslib.A(ADDRESSES[name]), ttl=300)
            )
        return bytes(reply.pack())
    reply.header.rcode = dnslib.RCODE.NXDOMAIN
    return bytes(reply.pack())


def _serve_web(listening: socket.socket) -> None:
    """Answer every request with a page that says from which address it came."""
    free = threading.BoundedSemaphore(CLIENTS)
    while True:
        # Those beyond wait in the kernel's queue, and are refused by the kernel when that is full.
        free.acquire()
        try:
            connection, client = listening.accept()
        except OSError:  # it went away before its turn
            free.release()
            continue
        try:
            threading.Thread(
                target=_answer_request,
                args=(connection, client[0], free.release),
                name="request",
                daemon=True,
            ).start()
        except RuntimeError:  # no thread can be had just now
            connection.close()
            free.release()


def _answer_request(connection: socket.socket, client: str, done: Callable[[], None]) -> None:
    with contextlib.ExitStack() as leaving:
        leaving.callback(done)
        leaving.enter_context(connection)
        end = time.monotonic() + PATIENCE
        try:
            received = b""
            while b"\r\n\r\n" not in received and len(received) < 65536:
                connection.settimeout(max(0.001, end - time.monotonic()))
                piece = connection.recv(4096)
                if not piece:
                    return
                received += piece
            body = f"Hello from www.{DOMAIN}. Your packets came from {client}.\n".encode()
            head = f"Content-Type: text/plain\r\nContent-Length: {len(body)}\r\n"
            connection.sendall(
                f"HTTP/1.1 200 OK\r\n{head}Connection: close\r\n\r\n".encode() + body
            )
        except OSError:
            return
