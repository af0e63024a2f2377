"""What is offered in cells that are typed into a lab, and what is told of a command there."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any, cast

import pytest
from IPython.core.completer import provisionalcompleter
from IPython.core.interactiveshell import InteractiveShell
from waiting import until

from nslab import AddAddress, AddBridge, AddNamespace, AddVeth, Lab, SetUp
from nslab.errors import LabGone
from nslab.jupyter import cells, completing, grammar, magics, usage
from nslab.network import programs


@pytest.fixture
def lab() -> Iterator[Lab]:
    start = [
        AddNamespace("ns1"),
        AddBridge("lxcbr0"),
        AddAddress("lxcbr0", "192.168.10.1/24"),
        SetUp("lxcbr0"),
        AddVeth("lxcbr0.1", "eth0", peer_ns="ns1"),
    ]
    with Lab("completed", engine="fake", start=start) as made:
        yield made


def offered(cell: str, lab: Lab | None) -> list[str]:
    """What may stand at the end of a cell."""
    found = completing.complete(cell, cell, lambda name: lab)
    assert found is not None
    fragment, choices = found
    assert cell.endswith(fragment)
    return [text for text, _ in choices]


@pytest.mark.parametrize(
    ("typed", "some"),
    [
        ("%%host\nip ", ["link", "address", "route", "netns"]),
        ("%%host\nip l", ["link"]),
        ("%%host\nip link ", ["show", "set", "add", "delete"]),
        ("%%host\nip link set ", ["eth0", "lxcbr0", "lxcbr0.1"]),
        ("%%host\nip l s lxcbr0.", ["lxcbr0.1"]),
        ("%%host\nip link set eth0 ", ["up", "down", "master", "netns", "address", "mtu"]),
        ("%%host\nip link set eth0 master ", ["lxcbr0"]),
        ("%%host\nip link set eth0 netns ", ["ns1"]),
        ("%%host\nip link add x type ", ["veth", "bridge", "macvlan"]),
        ("%%host\nip link add x type veth ", ["peer"]),
        ("%%host\nip link add x link eth0 type macvlan mode ", ["bridge", "private"]),
        ("%%host\nip address add 10.0.0.1/24 dev ", ["lxcbr0"]),
        ("%%host\nip route add default via ", ["192.168.10.1", "198.51.100.1"]),
        ("%%host\nip route add ", ["default", "192.168.10.0/24"]),
        ("%%host\nip -n ", ["ns1"]),
        ("%%host\nip netns ", ["add", "exec"]),
        ("%%host\nip netns exec ", ["ns1"]),
        ("%%host\nip netns exec ns1 ip link set ", ["eth0", "lo"]),
        ("%%host\nsudo ip netns exec ns1 ip a", ["address"]),
        ("%%host\nbrctl ", ["addbr", "addif", "show"]),
        ("%%host\nbrctl addif ", ["lxcbr0"]),
        ("%%host\nbrctl addif lxcbr0 ", ["lxcbr0.1", "eth0"]),
        ("%%host\nbridge link set dev ", ["lxcbr0.1"]),
        ("%%host\nifconfig lxcbr0 ", ["up", "down"]),
        ("%%host\niptables -t ", ["nat", "filter"]),
        ("%%host\niptables -t nat -A ", ["POSTROUTING"]),
        ("%%host\niptables -t nat -A POSTROUTING -s ", ["192.168.10.0/24"]),
        ("%%host\niptables -t nat -A POSTROUTING -o ", ["eth0"]),
        ("%%host\niptables -t nat -A POSTROUTING -j M", ["MASQUERADE"]),
        ("%%host\niptables -A FORWARD -j ", ["ACCEPT", "DROP"]),
        ("%%host\nping -c 1 192.168", ["192.168.10.1"]),
        ("%%host\ntcpdump -ni ", ["lxcbr0", "any"]),
        ("%%host\nsysctl net.ipv4.ip", ["net.ipv4.ip_forward"]),
        ("%%host\nip link; ip l", ["link"]),
        ("%%host\nip link | ip netns exec n", ["ns1"]),
        ("%%host ip link set lx", ["lxcbr0"]),
        ("# a note\n%%ns ns1\nip link set ", ["lo", "eth0"]),
        ("%%ns ns1 timeout=5\nip link set ", ["lo", "eth0"]),
        ("%%ns n", ["ns1"]),
        ("%%ns ", ["ns1"]),
    ],
)
def test_it_is_offered(lab: Lab, typed: str, some: list[str]) -> None:
    until(lambda: set(some) <= set(offered(typed, lab)))


@pytest.mark.parametrize(
    "typed",
    ["%%host\nip link add x mtu ", "%%host\nbrctl addbr ", "%%ns ns1\nip link set lx", "%%ns x"],
)
def test_nothing_is_offered_where_something_new_is_typed(lab: Lab, typed: str) -> None:
    until(lambda: completing.known(lab).soon("snapshot", lab.snapshot, None) is not None)
    assert offered(typed, lab) == []


@pytest.mark.parametrize("typed", ["x = 1", "%%time\nx", "", "ip link", "!ip link", "%%host"])
def test_other_cells_are_ipythons(lab: Lab, typed: str) -> None:
    assert completing.complete(typed, typed, lambda name: lab) is None


def test_without_a_lab_nothing_is_offered() -> None:
    assert offered("%%host\nip link set ", None) == []
    assert offered("%%host\ncat ", None) == []


class Slow:
    """A lab that is long in answering, or never does."""

    def __init__(self, error: Exception | None = None) -> None:
        self.go = threading.Event()
        self.asked = 0
        self._error = error

    def snapshot(self) -> Any:
        self.asked += 1
        if self._error:
            raise self._error
        self.go.wait()
        with Lab("slow", engine="fake") as made:
            return made.snapshot()

    def run(self, *_: Any, **__: Any) -> Any:
        self.go.wait()
        raise LabGone("run")


def test_who_types_does_not_wait_for_a_slow_lab() -> None:
    slow = Slow()
    lab = cast(Lab, slow)
    try:
        began = time.monotonic()
        assert "dev" in offered("%%host\nip link set ", lab)
        offered("%%host\nip link set ", lab)
        assert slow.asked == 1, "it was asked already"
        assert time.monotonic() - began < 20, "it waits for ever"
        slow.go.set()
        until(lambda: "eth0" in offered("%%host\nip link set ", lab))
    finally:
        slow.go.set()


def test_an_error_of_the_lab_is_no_error_of_the_typist() -> None:
    lab = cast(Lab, Slow(LabGone("look")))
    assert offered("%%host\nip link set ", lab) == ["dev"]


@pytest.fixture
def running(lab: Lab) -> InteractiveShell:
    """A shell of its own, with the magics, which are typed into that lab."""
    made = InteractiveShell()
    magics.load_ipython_extension(made)
    magics._MAGICS[made].use(lab)
    return made


def completions(running: InteractiveShell, cell: str) -> list[str]:
    with provisionalcompleter():
        return [c.text for c in running.Completer.completions(cell, len(cell))]


def test_ipython_adds_nothing_of_its_own(running: InteractiveShell) -> None:
    until(lambda: completions(running, "%%host\nbrctl addif ") == ["lxcbr0"])
    assert completions(running, "%%host\nbrctl addbr ") == []
    assert completions(running, "%%host\nip link add x mtu ") == []
    assert "import" in completions(running, "impor"), "Python stays as it was"


def test_a_fault_in_it_is_not_the_typists(
    running: InteractiveShell, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    def fail(*_: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(completing, "complete", fail)
    completions(running, "%%host\nip ")
    assert capsys.readouterr().err == ""


# -- help ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["ip", "link"], "ip link: shows"),
        (["ip", "-br", "a"], "ip address: "),
        (["ip", "l", "set", "eth0"], "ip link set: "),
        (["brctl", "addbr"], "brctl: "),
        (["iptables"], "MASQUERADE"),
    ],
)
def test_usage(words: list[str], said: str) -> None:
    help_text = usage.help_text(words, None)
    assert said in help_text
    assert len(help_text.splitlines()) < 10


def test_usage_is_short_and_of_programs_that_there_are() -> None:
    for name, text in usage.USAGE.items():
        lines = usage.help_text(name.split(), None).splitlines()
        assert lines[0].startswith(f"{name}: "), name
        assert len(lines) <= 9, name
        assert all(len(line) <= 100 for line in lines), name
        assert name.split()[0] in text
    known = {*programs.PACKAGES, "tc", "arp", "ss", "nft"}
    assert {name.split()[0] for name in usage.USAGE} <= known


@pytest.mark.parametrize(
    ("cell", "asked"),
    [
        ("ip link?", ["ip", "link"]),
        ("  ?ip link", ["ip", "link"]),
        ("tcpdump??", ["tcpdump"]),
        ("ls file?", None),
        ("ip link?\nip a", None),
        ("echo ?", None),
        ("?", None),
        ("/bin/l?", None),
        ("ip link", None),
    ],
)
def test_a_question_mark(cell: str, asked: list[str] | None) -> None:
    assert usage.asked(cell) == asked


def test_help_at_the_cursor(running: InteractiveShell) -> None:
    cell = "%%host\nip link set eth0 up\nsudo iptables -S; brctl show\nx=$(ping"
    for word, said in {"nk set": "ip link:", "et eth": "ip link set:", "tables": "iptables:",
                       "rctl": "brctl:", "S; ": "iptables:"}.items():  # fmt: skip
        help_text = magics.help_at(running, cell, cell.index(word))
        assert help_text is not None
        assert help_text.startswith(said), word
    assert magics.help_at(running, "x = 1", 1) is None
    assert magics.help_at(running, cell, 2) is None, "the magic's name is IPython's"


def test_a_cell_that_only_asks_runs_nothing(running: InteractiveShell, capsys: Any) -> None:
    running.run_cell("%%host\nip link?")
    assert "ip link set LINK up" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("cell", "place"),
    [
        ("%%host\nx", cells.Place(None, "", 7)),
        ("%%host -l two\nx", cells.Place(None, "two", 14)),
        ("%%ns ns1 timeout=5 -l two\nx", cells.Place("ns1", "two", 26)),
        ("%%ns ns1 ip a", cells.Place("ns1", "", 9)),
        ("%%host", cells.Place(None, "", 7)),
        ("%host\nx", None),
    ],
)
def test_where_a_cell_is_typed(cell: str, place: cells.Place | None) -> None:
    assert cells.typed(cell) == place


def test_a_table_of_words() -> None:
    assert grammar.table("a: b c\n  d:") == {"a": "b c", "d": ""}
