"""Packets and their answers, to hold a theory of them against: run inside a lab's namespaces.

``talk.py serve ADDRESS …`` answers on some ports what it saw: the sender's address and its own
port.  ``talk.py ask QUESTIONS`` takes JSON (protocol, address, port, own port, seconds to wait) and
prints what was answered to each: null if nothing was, or if an error came back.
"""

from __future__ import annotations

import json
import os
import select
import socket
import struct
import sys
import time

UDP_PORTS = (53, 80, 1000, 2000)
TCP_PORTS = (80, 1000, 2000)


def serve(addresses: list[str]) -> None:
    udp, tcp = [], []
    for address in addresses:
        for port in UDP_PORTS:
            one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            one.bind((address, port))
            udp.append(one)
        for port in TCP_PORTS:
            one = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            one.bind((address, port))
            one.listen(64)
            tcp.append(one)
    print("serving", flush=True)
    while True:
        for ready in select.select(udp + tcp, [], [])[0]:
            ready.setblocking(False)  # what was ready may have gone again
            port = ready.getsockname()[1]
            try:
                if ready in udp:
                    _, peer = ready.recvfrom(100)
                    ready.sendto(f"{peer[0]} {port}".encode(), peer)
                else:
                    taken, peer = ready.accept()
                    taken.sendall(f"{peer[0]} {port}".encode())
                    taken.close()
            except OSError:
                continue  # a filter of its own stands in the way


def ask(protocol: str, address: str, port: int, own: int, wait: float) -> str | None:
    try:
        if protocol == "icmp":
            return ping(address, own, wait)
        return talk(protocol, address, port, own, wait)
    except OSError:
        return None


def talk(protocol: str, address: str, port: int, own: int, wait: float) -> str | None:
    kind = socket.SOCK_DGRAM if protocol == "udp" else socket.SOCK_STREAM
    with socket.socket(socket.AF_INET, kind) as asking:
        asking.bind(("", own))
        asking.settimeout(wait)
        asking.connect((address, port))
        if protocol == "udp":
            asking.send(b"?")
        return asking.recv(100).decode() or None


def ping(address: str, number: int, wait: float) -> str | None:
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP) as asking:
        body = b"theory and kernel"
        packet = struct.pack("!BBHHH", 8, 0, 0, number, 1) + body
        total = sum(struct.unpack("!12H", packet[:24])) + (packet[24] << 8)
        total = (total & 0xFFFF) + (total >> 16)
        total = (total & 0xFFFF) + (total >> 16)
        packet = packet[:2] + struct.pack("!H", ~total & 0xFFFF) + packet[4:]
        asking.sendto(packet, (address, 0))
        end = time.monotonic() + wait
        while (left := end - time.monotonic()) > 0:
            asking.settimeout(left)
            answer, peer = asking.recvfrom(2000)
            start = (answer[0] & 15) * 4
            kind, _, _, same, _ = struct.unpack_from("!BBHHH", answer, start)
            if kind == 0 and same == number and peer[0] == address:
                return "answered"
    return None


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        serve(sys.argv[2:])
    else:
        questions = json.loads(sys.argv[2])
        print(json.dumps([ask(*question) for question in questions]), flush=True)
        os._exit(0)
