"""Tables of a real kernel: whom a bridge learned, who listens where, what a port goes through."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest

from nslab import (
    AddAddress,
    AddBridge,
    AddNamespace,
    AddVeth,
    Attach,
    InvalidInput,
    Lab,
    NotFound,
    SetUp,
)


def pictured(shown: object) -> str:
    """The words of the picture that something shows itself as."""
    page = shown._repr_mimebundle_()["text/html"]  # type: ignore[attr-defined]
    svg = page[page.index("<svg") :].partition("</svg>")[0] + "</svg>"
    return "\n".join(node.text or "" for node in ET.fromstring(svg).iter())


def test_a_bridge_learns_from_what_comes_in() -> None:
    with Lab() as lab:
        lab.do(AddBridge("br0", stp=False), SetUp("br0"))
        for n in (1, 2, 3):
            lab.do(
                AddNamespace(f"ns{n}"),
                AddVeth(f"v{n}", "eth0", peer_ns=f"ns{n}", master="br0", up=True),
                SetUp("eth0", ns=f"ns{n}"),
                AddAddress("eth0", f"10.0.0.{n}/24", ns=f"ns{n}"),
            )
        before = lab.fdb("br0")
        assert before.ports == ("v1", "v2", "v3")
        assert [before.behind(port) for port in before.ports] == [[], [], []]
        assert lab.ping("ns1", "10.0.0.2")
        after = lab.fdb("br0")
        assert [after.behind(port) for port in after.ports] == [["ns1/eth0"], ["ns2/eth0"], []]
        assert "v3  ← nobody yet" in str(after)
        assert "as a command: bridge fdb show br br0" in str(after)
        assert "ns2/eth0" in pictured(after)
        with pytest.raises(InvalidInput, match="only a bridge learns"):
            lab.fdb("v1")
        with pytest.raises(NotFound):
            lab.fdb("br9")
        with pytest.raises(NotFound):
            lab.fdb("br0", ns="nobody")


def test_who_listens_where() -> None:
    serve = "python3 -m http.server {} > /dev/null 2>&1 & until ss -Hltn | grep -q :{}; do :; done"
    with Lab() as lab:
        lab.do(AddNamespace("ns1"), SetUp("lo", ns="ns1"))
        lab.sh(serve.format("80", "80"))
        lab.sh(serve.format("8080 --bind 127.0.0.1", "8080"), ns="ns1")
        found = [(one.ns, one.protocol, one.at) for one in lab.listening()]
        assert ("host", "tcp", "*:80") in found
        assert ("ns1", "tcp", "127.0.0.1:8080") in found
        (only,) = lab.listening("ns1")
        assert only.program.startswith("python3")
        words = pictured(lab.listening())
        assert f"{only.program} listens at 127.0.0.1:8080" in words
        with pytest.raises(NotFound):
            lab.listening("nobody")


def test_a_port_waits_as_long_as_the_spanning_tree_wants() -> None:
    with Lab() as lab:
        lab.sh("brctl addbr br0; brctl stp br0 on; brctl setfd br0 2")
        lab.do(AddNamespace("ns1"), AddVeth("v1", "eth0", peer_ns="ns1", up=True))
        lab.do(Attach("v1", "br0"), SetUp("br0"))
        seen = lab.port_states("v1", SetUp("eth0", ns="ns1"))
        assert list(seen.states) == ["listening", "learning", "forwarding"]
        assert seen.states["forwarding"] > seen.states["learning"] > 0
        words = pictured(seen)
        assert all(state in words for state in seen.states)
        with pytest.raises(InvalidInput, match="no port of a bridge"):
            lab.port_states("br0")
        with pytest.raises(InvalidInput, match="no time to wait"):
            lab.port_states("v1", seconds=0)
