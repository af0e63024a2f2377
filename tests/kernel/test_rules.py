"""The model of the packet filter against the kernel.

Random rules are loaded by the real tools into a host that forwards between two namespaces, and
read back; what the model says of packets, there and back, must be what they did.
"""

from __future__ import annotations

import itertools
import json
import os
import random
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from rulesets import Iptables, Nft
from talk import TCP_PORTS, UDP_PORTS

from nslab import AddAddress, AddNamespace, AddRoute, AddVeth, Lab, SetUp, Sysctl
from nslab.explain.trace import Trace, trace

pytestmark = pytest.mark.kernel

TALK = str(Path(__file__).with_name("talk.py"))
SEEDS = range(int(os.environ.get("NSLAB_SEEDS", "6")))

NETWORK = (
    *(AddNamespace(name) for name in ("a", "b")),
    *(SetUp("lo", ns=name) for name in ("a", "b")),
    AddVeth("va", "eth0", peer_ns="a", up=True),
    AddVeth("vb", "eth0", peer_ns="b", up=True),
    *(SetUp("eth0", ns=name) for name in ("a", "b")),
    AddAddress("va", "10.1.0.1/24"),
    AddAddress("vb", "10.2.0.1/24"),
    AddAddress("eth0", "10.1.0.2/24", ns="a"),
    AddAddress("eth0", "10.2.0.2/24", ns="b"),
    AddRoute("default", via="10.1.0.1", ns="a"),
    AddRoute("default", via="10.2.0.1", ns="b"),
    Sysctl("net.ipv4.ip_forward", "1"),
)

PAIRS = (("a", "10.2.0.2"), ("a", "10.1.0.1"), (None, "10.2.0.2"))
QUESTIONS = (
    ("icmp", None),
    *(("tcp", port) for port in TCP_PORTS),
    *(("udp", port) for port in UDP_PORTS),
)

WAIT, PATIENCE = 0.15, 20.0
"""Seconds for an answer that the model says will not come, and for one that it says will."""


OWN = itertools.count(32768)
"""Ports to ask from: each once, or conntrack would know the connection from rules before."""


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with Lab() as lab:
        lab.do(*NETWORK)
        for ns, addresses in ((None, "10.1.0.1 127.0.0.1"), ("b", "10.2.0.2")):
            said = tmp_path_factory.mktemp("talk") / "said"
            words = f"{sys.executable} {TALK} serve {addresses} >{said} 2>&1 &"
            lab.run("sh", "-c", words, ns=ns)
            lab.run("sh", "-c", f"until grep . {said}; do sleep 0.05; done")
            assert said.read_text() == "serving\n"
        yield lab


CLEAN = "nft flush ruleset" + "".join(
    f"; iptables-legacy -t {table} -F; iptables-legacy -t {table} -X"
    for table in ("filter", "nat", "mangle", "raw")
    if True
)
POLICIES = "; ".join(
    f"iptables-legacy -P {chain} ACCEPT" for chain in ("INPUT", "FORWARD", "OUTPUT")
)


def load(lab: Lab, tool: str, seed: int) -> str:
    """Load random rules; what was loaded."""
    lab.run("sh", "-c", "nft flush ruleset")
    if lab.run("sh", "-c", "cat /proc/net/ip_tables_names").stdout.strip():
        lab.run("sh", "-c", f"{CLEAN}; {POLICIES}")
    chance = random.Random(f"{tool} {seed}")
    if tool == "nft":
        lines = list(Nft(chance).lines())
        taken = []
        for line in lines:  # what nft refuses (two conditions that exclude each other) is left out
            if lab.run("nft", line).returncode == 0:
                taken.append(line)
        return "\n".join(taken)
    lines = list(Iptables(chance, tool).lines())
    for line in lines:
        done = lab.run("sh", "-c", line)
        assert done.returncode == 0, f"{line}: {done.stderr}"
    return "\n".join(lines)


def said(found: Trace) -> str | None:
    """What the answer would be, by the model."""
    if not found.ok:
        return None
    if found.protocol == "icmp":
        return "answered"
    last = found.there[-1]
    port = found.port
    for hop in found.there:
        for each in hop.rewrites:
            if each.what == "destination" and ":" in each.after:
                port = int(each.after.rpartition(":")[2])
    return f"{last.source} {port}"


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("tool", ["iptables", "iptables-legacy", "nft"])
def test_the_model_says_what_the_kernel_does(network: Lab, tool: str, seed: int) -> None:
    loaded = load(network, tool, seed)
    snapshot = network.snapshot()
    assert not snapshot.host.unseen
    for ns, address in PAIRS:
        expected, questions = [], []
        for protocol, port in QUESTIONS:
            found = trace(snapshot, ns, address, protocol=protocol, port=port)
            assert not found.doubts, f"{found.doubts}\n{loaded}"
            expected.append((said(found), found))
            wait = PATIENCE if found.ok else WAIT
            questions.append((protocol, address, port or 0, next(OWN), wait))
        ran = network.run(sys.executable, TALK, "ask", json.dumps(questions), ns=ns, timeout=300)
        for question, answer, (wanted, found) in zip(
            questions, json.loads(ran.stdout), expected, strict=True
        ):
            stop = f"{found.stop.kind}: {found.stop.ruling}" if found.stop else "answered"
            assert answer == wanted, f"{ns} {question}: the model says {stop}\n{loaded}"
