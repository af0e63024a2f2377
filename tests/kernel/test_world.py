"""The servers outside the lab survive every client."""

from __future__ import annotations

import os
import sys

import pytest

from nslab import Lab, lesson

SEED = os.environ.get("NSLAB_SEED") or os.urandom(4).hex()
WEB, NAMES, STUB = ("203.0.113.80", 80), ("8.8.8.8", 53), ("127.0.0.53", 53)

DATAGRAMS = """
import os, random, socket, sys
where = (sys.argv[1], int(sys.argv[2]))
dice = random.Random(sys.argv[3])
question = bytes.fromhex("00010100000100000000000003777777076578616d706c65036f72670000010001")
one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for number in range(1500):
    noise = bytearray(question if number % 3 else dice.randbytes(dice.randrange(600)))
    for _ in range(number % 4):
        if noise:
            noise[dice.randrange(len(noise))] = dice.randrange(256)
    try:
        one.sendto(noise, where)
    except OSError:
        pass
"""

STREAMS = """
import random, socket, struct, sys
where = (sys.argv[1], int(sys.argv[2]))
dice = random.Random(sys.argv[3])
held = []
for number in range(300):
    one = socket.socket()
    one.setblocking(False)
    try:
        one.connect(where)
    except OSError:
        pass
    one.settimeout(0.02)
    try:
        one.send(dice.choice([b"", b"GET / HTTP/1.1\\r\\n", dice.randbytes(500)]))
    except OSError:
        pass
    if number % 2:  # a reset in place of an end
        one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        one.close()
    else:
        held.append(one)
"""


def asked(lab: Lab) -> None:
    """Both servers answer the host, and its own name server does."""
    assert "203.0.113.80" in lab.sh("host -W 5 www.example.org 8.8.8.8").stdout
    assert "203.0.113.80" in lab.sh("host -W 5 www.example.org 127.0.0.53").stdout
    page = lab.sh("curl -sS --max-time 20 http://203.0.113.80/")
    assert "Hello from www.example.org" in page.stdout, page.stderr


@pytest.mark.parametrize("ns", [None, "ns1"], ids=["from the host", "with no way back"])
def test_no_client_ends_a_server(ns: str | None) -> None:
    way_out = lesson("05-way-out")
    print(f"NSLAB_SEED={SEED}")
    with way_out.lab(before="E2-nat") as lab:
        asked(lab)
        for place in (NAMES, STUB):
            lab.run(sys.executable, "-c", DATAGRAMS, place[0], str(place[1]), SEED, ns=ns)
        lab.run(sys.executable, "-c", STREAMS, WEB[0], str(WEB[1]), SEED, ns=ns)
        asked(lab)
