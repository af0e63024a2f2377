"""Whom a line wanted to reach that failed, what is said of it, and who offers to say why."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from handles import part
from test_answers import Page, build
from waiting import until

from nslab import AddAddress, AddBridge, AddNamespace, AddVeth, Lab, SetUp
from nslab.jupyter import answers, magics
from nslab.jupyter.widgets.card import Card
from nslab.network.diff import Diff
from nslab.network.model import Snapshot
from nslab.session.hints import hints
from nslab.session.outcome import CommandResult, Failure
from nslab.session.reaching import unreached
from nslab.session.said import Said

LINES = (
    ("ping -c 1 -W 1 203.0.113.80", 1, ("host", "203.0.113.80")),
    ("ping 203.0.113.80 -c1 -w 2", 1, ("host", "203.0.113.80")),
    ("sudo ping -qc 1 www.example.org", 2, ("host", "www.example.org")),
    ("ping -6 -c 1 fd00::1", 1, ("host", "fd00::1")),
    ("ip netns exec ns1 ping -c 1 -I eth0 192.168.10.1", 1, ("ns1", "192.168.10.1")),
    ("curl -sS -m 5 http://203.0.113.80/", 28, ("host", "203.0.113.80:80")),
    ("curl --max-time 5 -o /dev/null 203.0.113.80:8080/page", 7, ("host", "203.0.113.80:8080")),
    ("curl https://www.example.org", 6, ("host", "www.example.org:443")),
    ("curl 'http://[fd00::1]:81/'", 7, ("host", "[fd00::1]:81")),
    ("wget -T 2 -O - http://203.0.113.80/", 4, ("host", "203.0.113.80:80")),
    ("nc -z -w 1 203.0.113.80 80", 1, ("host", "203.0.113.80:80")),
    # What cannot be read off the line, or is another mistake.
    ("ping -c 1 $target", 1, None),
    ("ping -c 1 203.0.113.80 | tail -1", 1, None),
    ("for n in 1 2; do ping -c 1 10.0.0.$n; done", 1, None),
    ("ping -c one 203.0.113.80", 1, None),
    ("ip netns exec ns9 ping -c 1 203.0.113.80", 1, None),
    ("curl http://203.0.113.80/", 22, None),
    ("curl http://203.0.113.80:port/", 3, None),
    ("nc -u -w 1 203.0.113.53 53", 1, None),
    ("ping", 1, None),
    ("ip route get 203.0.113.80", 2, None),
)
PRINTED = {"ping -c one 203.0.113.80": "ping: invalid argument: 'one'"}


@pytest.fixture(scope="module")
def seen() -> Iterator[Snapshot]:
    steps = (
        AddNamespace("ns1"),
        AddVeth("veth0", "eth0", peer_ns="ns1"),
        AddAddress("eth0", "192.168.10.11/24", ns="ns1"),
        SetUp("eth0", ns="ns1"),
    )
    with Lab(engine="fake", start=steps) as lab:
        yield lab.snapshot()


@pytest.mark.parametrize(("line", "code", "whom"), LINES)
def test_it_is_read_off_the_line(
    line: str, code: int, whom: tuple[str, str] | None, seen: Snapshot
) -> None:
    assert unreached(Said(line, PRINTED.get(line, ""), code, None, seen)) == whom


@pytest.mark.parametrize(
    ("line", "ns", "says"),
    [
        ("ping -c 1 192.168.10.11", "ns1", "goes over its lo, which is down: ip link set lo up"),
        ("ping -c 1 127.0.0.1", "ns1", "which is down: ip link set lo up"),
        ("curl http://192.168.10.11/", "ns1", "which is down: ip link set lo up"),
        (
            "ip netns exec ns1 ping -c 1 192.168.10.11",
            None,
            "what ns1 sends to an address of its own goes over its lo, which is down: ip -n ns1 ",
        ),
        ("ping -c 1 192.168.10.1", "ns1", ""),
        ("ping -c 1 127.0.0.1", None, ""),  # the host's is up
    ],
)
def test_who_pings_itself_needs_lo(line: str, ns: str | None, says: str, seen: Snapshot) -> None:
    code = 28 if "curl" in line else 1
    found = hints(Said(line, "100% packet loss", code, ns, seen))
    assert says in found
    assert bool(found) == bool(says)
    assert not hints(Said(line, "", code, ns, seen, veiled=True)), "where it is to be found out"


def ran(line: str, seen: Snapshot, ns: str | None = None) -> CommandResult:
    """What comes of a line that reached nobody."""
    empty = Diff(seen, seen, ())
    return CommandResult(1, "", "", (Failure(1, 1, line),), empty, typed=line, ns=ns)


def typed(shown: magics.Magics, lab: Lab, line: str, ns: str | None = None) -> CommandResult:
    """A cell that reached nobody has run in a lab."""
    lab._last = made = ran(line, lab.snapshot(), ns)
    shown._show(made, ns, lab)
    return made


def is_offered(card: Card) -> bool:
    """Whether the card's button can be pressed."""
    return part(card, "explain").layout.display is None


def test_below_the_line_stands_how_to_ask_why(seen: Snapshot, capsys: Any) -> None:
    with Lab(engine="fake") as lab:
        shown = magics.Magics({"_": lab, "mine": lab}, None)
        typed(shown, lab, "ping -c 1 203.0.113.80")
        told = '\n  → mine.why("host", "203.0.113.80") says where it is lost\n'
        assert told in capsys.readouterr().err
        typed(shown, lab, "ping -c 1 $whom")
        assert "why" not in capsys.readouterr().err
        typed(magics.Magics({}, None), lab, "ping -c 1 203.0.113.80")
        assert "why" not in capsys.readouterr().err, "nothing names it"
    # A hint that answers it is enough.
    answered = ran("ping -c 1 203.0.113.80", seen)
    answered.offer = "ask"
    assert answered.hints == ("ask",)
    answered = ran("ping -c 1 192.168.10.11", seen, "ns1")
    answered.offer = "ask"
    assert len(answered.hints) == 1
    assert "ask" not in answered.hints


def test_its_card_can_show_why_a_ping_of_ones_own_failed(
    monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    page = Page()
    monkeypatch.setattr(answers, "display", page.display)
    card, lab = page.deal(build())
    assert not is_offered(card)
    shown = magics.Magics({}, page.answers)
    typed(shown, lab, "ping -c 1 203.0.113.99")
    assert "→ the card of this exercise can show you why" in capsys.readouterr().err
    assert is_offered(card), "without a try, a hint, or a check that tries it"
    part(card, "explain").click()
    until(lambda: "→ 203.0.113.99" in part(card, "told").value)
    lab.do(AddBridge("br0"), AddBridge("br1"))
    until(lambda: "Solved" in part(card, "says").value)
    typed(shown, lab, "ping -c 1 203.0.113.98")
    part(card, "explain").click()
    until(lambda: "→ 203.0.113.98" in part(card, "told").value)
    card._judging.judge()
    assert "→ 203.0.113.98" in part(card, "told").value, "it is beside the task, which is solved"
    typed(shown, lab, "ip link show")
    assert not is_offered(card)
    page.close()


def test_a_fault_that_is_to_be_found_is_not_told(monkeypatch: pytest.MonkeyPatch) -> None:
    page = Page()
    monkeypatch.setattr(answers, "display", page.display)
    one = build(kind="mend", prepare=(AddNamespace("ns1"),))
    _, lab = page.deal(one)
    shown = magics.Magics({}, page.answers)
    made = typed(shown, lab, "ping -c 1 127.0.0.1", "ns1")
    assert made.hints == ("the card of this exercise can show you why",)
    lab.do(AddBridge("br7"))
    until(lambda: one.attempt.tries == 1)
    made = typed(shown, lab, "ping -c 1 127.0.0.1", "ns1")
    assert "lo, which is down" in made.hints[0]
    page.close()
