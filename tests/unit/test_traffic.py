"""The tools' words, read: ping, traceroute, curl and host as they print on Debian 12."""

from __future__ import annotations

from typing import Any

import pytest

from nslab.engine.fake import FakeEngine
from nslab.engine.protocol import Command, Completed, Sink
from nslab.errors import EngineUnavailable, InvalidInput, NotFound
from nslab.session.traffic import crafted, tools
from nslab.session.traffic.answers import Counters


class Scripted(FakeEngine):
    """Answers every command with what it was given, and keeps the command."""

    def __init__(self, out: str = "", err: str = "", code: int = 0) -> None:
        super().__init__()
        self.streams: list[tuple[Any, bytes]] = [("stdout", out.encode()), ("stderr", err.encode())]
        self.code = code
        self.command: Command | None = None

    def run(self, command: Command, sink: Sink | None = None) -> Completed:
        self.command = command
        for stream, data in self.streams:
            if sink is not None and data:
                sink(stream, data)
        return Completed(returncode=self.code)


def ping(out: str, err: str = "", target: str = "203.0.113.80") -> tuple[Scripted, Any]:
    engine = Scripted(out, err)
    return engine, tools.ping(
        engine, "host", target, 7, count=2, interval=0.1, timeout=4, size=None
    )


TOTAL = "\n--- 203.0.113.80 ping statistics ---\n2 packets transmitted, {} received, 0% packet loss"


def test_ping_that_was_answered() -> None:
    engine, found = ping(
        "PING 203.0.113.80 (203.0.113.80) 56(84) bytes of data.\n"
        "64 bytes from 203.0.113.80: icmp_seq=1 ttl=62 time=0.055 ms\n"
        "64 bytes from 203.0.113.80: icmp_seq=2 ttl=62 time=0.065 ms\n" + TOTAL.format(2)
    )
    assert found
    assert str(found) == repr(found) == "2 sent, 2 received from 203.0.113.80"
    assert (found.ttl, found.times, found.ns) == (62, (0.055, 0.065), "host")
    assert engine.command is not None
    assert engine.command.argv == (
        "ping",
        "-n",
        "-c",
        "2",
        "-i",
        "0.1",
        "-W",
        "4",
        "-e",
        "7",
        "203.0.113.80",
    )
    assert (engine.command.ns, engine.command.view) == (None, "net")


def test_a_name_is_looked_up_with_the_namespaces_own_files() -> None:
    engine, found = ping(
        "64 bytes from 203.0.113.80 (203.0.113.80): icmp_seq=1 ttl=62 time=1 ms" + TOTAL.format(1),
        target="www.example.org",
    )
    assert found.answered_by == "203.0.113.80"
    assert engine.command is not None
    assert engine.command.view == "full"


@pytest.mark.parametrize(
    ("out", "err", "words"),
    [
        (TOTAL.format(0), "", "✘ 2 sent, 0 received: no answer within 4 s"),
        (
            "From 198.51.100.10 icmp_seq=1 Destination Host Unreachable" + TOTAL.format(0),
            "",
            (
                "✘ 2 sent, 0 received: Destination Host Unreachable, says 198.51.100.10 "
                "(no answer to ARP)"
            ),
        ),
        (
            "From 198.51.100.1 icmp_seq=1 Time to live exceeded" + TOTAL.format(0),
            "",
            "✘ 2 sent, 0 received: Time to live exceeded, says 198.51.100.1",
        ),
        ("", "ping: connect: Network is unreachable\n", "✘ Network is unreachable"),
        ("", "ping: x: Name or service not known\n", "✘ x: Name or service not known"),
    ],
)
def test_ping_that_was_not_answered(out: str, err: str, words: str) -> None:
    _, found = ping(out, err)
    assert not found
    assert str(found) == words


@pytest.mark.parametrize("target", ["-f", "", "a b", "x;y", "--help", 3])
def test_a_target_is_no_option(target: Any) -> None:
    with pytest.raises(InvalidInput, match="neither an address nor a name"):
        tools.ping(Scripted(), None, target, 1, count=1, interval=1, timeout=1, size=None)


def trace(out: str, err: str = "") -> Any:
    return tools.traceroute(Scripted(out, err), None, "203.0.113.80", hops=6, timeout=0.5)


HEAD = "traceroute to 203.0.113.80 (203.0.113.80), 6 hops max, 60 byte packets\n"


def test_traceroute_that_arrives() -> None:
    found = trace(HEAD + " 1  192.168.10.1  0.054 ms\n 2  *\n 3  203.0.113.80  0.013 ms\n")
    assert found
    assert str(found) == "1  192.168.10.1\n2  *\n3  203.0.113.80"
    assert [hop.time for hop in found.hops] == [0.054, 0.0, 0.013]


def test_traceroute_that_does_not_arrive() -> None:
    silent = trace(HEAD + " 1  192.168.10.1  0.054 ms\n 2  *\n 3  *\n 4  *\n")
    assert not silent
    assert str(silent) == "1  192.168.10.1\n2  *\n✘ 203.0.113.80 was not reached"
    refused = trace(HEAD + " 1  192.168.10.1  0.05 ms !N\n")
    assert str(refused) == "1  192.168.10.1 !N\n✘ 203.0.113.80 was not reached"
    assert str(trace("", "connect: Network is unreachable")) == "✘ Network is unreachable"


def http(out: str, err: str = "", code: int = 0, url: str = "http://www.example.org/") -> Any:
    return tools.http(Scripted(out, err, code), None, url, 40000, timeout=5)


def test_http() -> None:
    found = http("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\nHello.\n")
    assert found
    assert str(found) == "200 OK: Hello."
    assert (found.status, found.headers) == (200, {"content-type": "text/plain"})
    assert str(http("HTTP/1.1 404 Not Found\r\n\r\n")) == "✘ 404 Not Found"
    refused = http("", "curl: (7) Failed to connect to x port 80 after 0 ms: Refused\n", 7)
    assert str(refused) == "✘ Failed to connect to x port 80: Refused"
    late = http("", "curl: (28) Connection timed out after 5001 milliseconds\n", 28)
    assert str(late) == "✘ Connection timed out after 5 s"


@pytest.mark.parametrize("url", ["ftp://x/", "-o/etc/passwd", "http://a b/", "file:///etc/passwd"])
def test_only_http_is_fetched(url: str) -> None:
    with pytest.raises(InvalidInput, match="not an http address"):
        http("", url=url)


@pytest.mark.parametrize(
    ("out", "words"),
    [
        ("www.example.org has address 203.0.113.80\n", "www.example.org is 203.0.113.80"),
        (
            "Host www.example.org not found: 3(NXDOMAIN)\n",
            "✘ the name server says: NXDOMAIN (there is no such name)",
        ),
        (
            (
                ";; communications error to 8.8.8.8#53: connection refused\n"
                ";; no servers could be reached\n"
            ),
            "✘ no name server answers: connection refused",
        ),
        (";; connection timed out; no servers could be reached\n", "✘ no name server answers"),
        ("www.example.org has no A record\n", "✘ www.example.org has no address"),
    ],
)
def test_resolve(out: str, words: str) -> None:
    found = tools.resolve(Scripted(out), "ns1", "www.example.org", None, timeout=1)
    assert str(found) == words
    assert bool(found) == (not words.startswith("✘"))


def test_identifiers_count_up() -> None:
    counters = Counters()
    assert [counters.ping() for _ in range(3)] == [1, 2, 3]
    assert [counters.port() for _ in range(2)] == [40000, 40001]


def test_arping_needs_a_link_in_the_subnet() -> None:
    with pytest.raises(NotFound, match="no link of the host has an address in its subnet"):
        crafted.arping(FakeEngine(), None, "10.1.2.3", None, count=1, timeout=1)
    with pytest.raises(NotFound, match="no link named x"):
        crafted.arping(FakeEngine(), None, "10.1.2.3", "x", count=1, timeout=1)
    with pytest.raises(NotFound, match="no namespace ns9"):
        crafted.arping(FakeEngine(), "ns9", "10.1.2.3", None, count=1, timeout=1)
    with pytest.raises(InvalidInput, match="ARP is for IPv4"):
        crafted.arping(FakeEngine(), None, "fd00::1", None, count=1, timeout=1)


def test_a_lab_in_memory_moves_no_frames() -> None:
    with pytest.raises(EngineUnavailable, match="moves no frames"):
        crafted.send(FakeEngine(), bytes(60), "eth0", count=1, rate=None)
    with pytest.raises(InvalidInput, match="not a number of frames"):
        crafted.send(FakeEngine(), bytes(60), "eth0", count=0, rate=None)
