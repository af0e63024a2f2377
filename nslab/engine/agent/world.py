"""What is outside the pseudo-host: a switch, a machine on the LAN, a router, the internet.

::

    internet  203.0.113.80 (www.example.org), 8.8.8.8 (a name server)
       │ 203.0.113.0/24
    router    203.0.113.1, 198.51.100.1
       │
    switch ── lan  198.51.100.20
       │ 198.51.100.0/24
    eth0 of the pseudo-host  198.51.100.10

All addresses but 8.8.8.8 are documentation prefixes (RFC 5737).  The internet has a route back to
198.51.100.0/24 only, so a packet with a private source is not answered, as outside.  The servers
are real ones: a name server that knows example.org, and a web server that tells the client which
address it saw.
"""

from __future__ import annotations

import http.client
import socket
import threading
from collections.abc import Callable

from nslab.actions import (
    Action, AddAddress, AddBridge, AddRoute, AddVeth, SetUp, Sysctl,
)  # fmt: skip
from nslab.engine.agent import spaces as sp
from nslab.engine.agent.apply import Applier
from nslab.model import WORLD

WEB, NAME_SERVER = "203.0.113.80", "8.8.8.8"
DOMAIN = "example.org"
ADDRESSES = {
    "www.example.org": WEB, "example.org": WEB, "ns.example.org": NAME_SERVER,
    "lan.example.org": "198.51.100.20", "router.example.org": "198.51.100.1",
    "host.example.org": "198.51.100.10", "dns.google": NAME_SERVER,
}  # fmt: skip

ACTIONS: tuple[Action, ...] = (
    AddBridge("br0", stp=False, forward_delay=0, multicast_snooping=False, ns="switch"),
    AddVeth("to-host", "eth0", ns="switch", peer_ns=None, master="br0", up=True,
            mac="02:00:00:00:10:01", peer_mac="00:0c:29:b7:67:7d"),
    AddVeth("to-lan", "eth0", ns="switch", peer_ns="lan", master="br0", up=True,
            mac="02:00:00:00:10:02", peer_mac="02:00:00:00:00:20"),
    AddVeth("to-router", "eth0", ns="switch", peer_ns="router", master="br0", up=True,
            mac="02:00:00:00:10:03", peer_mac="02:00:00:00:00:01"),
    SetUp("br0", ns="switch"),
    SetUp("lo", ns="switch"),
    AddVeth("eth1", "eth0", ns="router", peer_ns="internet", up=True,
            mac="02:00:00:00:01:01", peer_mac="02:00:00:00:01:80"),
    SetUp("lo", ns="router"),
    SetUp("eth0", ns="router"),
    AddAddress("eth0", "198.51.100.1/24", ns="router"),
    AddAddress("eth1", "203.0.113.1/24", ns="router"),
    SetUp("lo", ns="internet"),
    SetUp("eth0", ns="internet"),
    AddAddress("lo", "8.8.8.8/32", ns="internet"),
    AddAddress("eth0", "203.0.113.80/24", ns="internet"),
    AddRoute("198.51.100.0/24", via="203.0.113.1", ns="internet"),
    SetUp("lo", ns="lan"),
    SetUp("eth0", ns="lan"),
    AddAddress("eth0", "198.51.100.20/24", ns="lan"),
    AddRoute("default", via="198.51.100.1", ns="lan"),
    SetUp("lo"),
    SetUp("eth0"),
    AddAddress("eth0", "198.51.100.10/24"),
    AddRoute("default", via="198.51.100.1"),
    AddRoute("8.8.8.0/24", via="203.0.113.80", ns="router"),
    Sysctl("net.ipv4.ip_forward", "1", ns="router"),
)  # fmt: skip


def build(spaces: sp.Spaces, applier: Applier) -> None:
    """Make the world and the pseudo-host's own NIC, and start the servers."""
    import os

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
    _start("names", _serve_names, names)
    _start("web", _serve_web, web)


def _start(name: str, serve: Callable[[socket.socket], None], listening: socket.socket) -> None:
    threading.Thread(target=serve, args=(listening,), name=name, daemon=True).start()


def _serve_names(listening: socket.socket) -> None:
    """Answer questions of names, one datagram at a time, for ever."""
    while True:
        question, client = listening.recvfrom(4096)
        try:
            answer = _answer(question)
        except Exception:  # dnslib raises several kinds for what is no DNS message
            continue
        listening.sendto(answer, client)


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
    while True:
        connection, client = listening.accept()
        threading.Thread(
            target=_answer_request, args=(connection, client[0]), name="request", daemon=True
        ).start()


def _answer_request(connection: socket.socket, client: str) -> None:
    with connection:
        connection.settimeout(10)
        try:
            received = b""
            while b"\r\n\r\n" not in received and len(received) < 65536:
                piece = connection.recv(4096)
                if not piece:
                    return
                received += piece
            body = f"Hello from www.{DOMAIN}. Your packets came from {client}.\n".encode()
            status = f"HTTP/1.1 200 {http.client.responses[200]}\r\n"
            head = f"Content-Type: text/plain\r\nContent-Length: {len(body)}\r\n"
            connection.sendall(f"{status}{head}Connection: close\r\n\r\n".encode() + body)
        except OSError:
            return
