"""The steps of a session: which of them are changes, how they are told, and how long they take."""

from __future__ import annotations

import ast

import pytest
import snapshots as sample
from msgspec import structs

from nslab import Lab
from nslab.engine.protocol import Options
from nslab.network import actions as act
from nslab.network.making import Plan, make
from nslab.network.model import PolicyRule, Snapshot
from nslab.session import progress
from nslab.session.account import Account, effect
from nslab.session.export import cell, shell
from nslab.session.history import Done, History, HistoryStep, Made, Typed

BARE, BRIDGE = sample.fresh(), sample.with_bridge()


def added(*whats: Done | Typed, after: Snapshot = BARE, failed: tuple[int, ...] = ()) -> list[bool]:
    history = History(latest=BARE)
    for what in whats:
        history.add(what, BARE, after, failed=failed)
    return [step.changed for step in history.steps]


@pytest.mark.parametrize(
    ("text", "failed", "changed"),
    [
        ("ip link", (), False),
        ("sleep 3", (), False),
        ("touch /tmp/x", (), True),
        ("sysctl -w net.ipv4.conf.all.log_martians=1", (), True),
        ("brctl spt br0 off", (1,), False),
        ("ip link\nbrctl spt br0 off", (2,), False),
        ("touch /tmp/x\nbrctl spt br0 off", (2,), True),
        ("for i in 1 2; do ip link; done", (), True),
        ("cd /tmp", (), False),
    ],
)
def test_in_doubt_it_is_a_change(text: str, failed: tuple[int, ...], changed: bool) -> None:
    assert added(Typed(text), failed=failed) == [changed]


def test_what_a_shell_that_lives_keeps_is_a_change() -> None:
    assert added(Typed("cd /tmp", living=True), Typed("ip link", living=True)) == [True, False]
    assert added(Typed("ip() { :; }", living=True), Typed("ip link", living=True)) == [True, True]
    assert added(Typed("ip() { :; }", living=True), Typed("ip link")) == [True, False]


def test_actions_change_what_shows_and_perhaps_a_setting() -> None:
    assert added(Done((act.SetUp("eth0"),))) == [False]
    assert added(Done((act.AddBridge("lxcbr0"),)), after=BRIDGE) == [True]
    assert added(Done((act.Sysctl("net.ipv4.tcp_ecn", "1"),))) == [True]


def test_what_changed_while_somebody_looked_was_done_by_hand() -> None:
    history = History(latest=BARE)
    history.add(Typed("ping 10.0.0.1", ending="stopped"), BARE, BRIDGE)
    looked, by_hand = history.steps
    assert (looked.changed, by_hand.changed) == (False, True)
    assert isinstance(by_hand.what, Made)
    assert "ip link add lxcbr0 type bridge" in str(by_hand.what)
    assert history.numbered == [1]


def test_what_passes_is_nobodys_doing() -> None:
    learning = sample.article()
    assert not make(learning, sample.article())
    links = tuple(structs.replace(link, operstate="unknown") for link in learning.host.links)
    host = structs.replace(learning.host, links=links, neighbours=(), fdb=())
    assert not make(
        learning, structs.replace(learning, namespaces=(host, *learning.namespaces[1:]))
    )


def test_a_new_step_ends_what_could_be_done_again() -> None:
    gone = HistoryStep(Typed("touch x"), BARE, BARE, True)
    history = History((), ((gone,),), BARE)
    history.add(Typed("ip link"), BARE, BARE)
    assert history.undone == ((gone,),)
    history.add(Typed("touch y"), BARE, BARE)
    assert history.undone == ()


def test_what_was_stopped_is_told_by_what_it_had_done() -> None:
    step = HistoryStep(Typed("x; sleep 9", ending="timed out"), BARE, BRIDGE, True)
    assert isinstance(step.recipe, Made)
    (text,) = shell([step.recipe])
    assert text.startswith("# timed out, so this is only what it had done: x; sleep 9\n")
    assert "ip link add lxcbr0 type bridge" in text
    blind = HistoryStep(Typed("x", ending="stopped"), None, None, True)
    assert "# not told whole: whatever it had done" in shell([blind.recipe])[0]
    shown = cell([step.recipe], Options())
    assert "lab.do(AddBridge(" in shown
    ast.parse(shown)


def test_a_difference_is_told_by_actions_and_by_lines() -> None:
    rule = PolicyRule(priority=500, source="10.0.0.0/8", table=100)
    host = structs.replace(BRIDGE.host, policy=(rule,))
    plan = make(BARE, structs.replace(BRIDGE, namespaces=(host, *BRIDGE.namespaces[1:])))
    assert isinstance(plan, Plan)
    assert not plan.left
    shown = cell([Made(plan.pieces)], Options())
    assert 'lab.sh("""\nip rule delete' in shown
    ast.parse(shown)


def test_lines_that_set_something_keep_to_themselves() -> None:
    lines = ["cd /usr; ls", "exit 3", "ip link set eth0 up"]
    assert shell([Typed(line) for line in lines]) == ["(\ncd /usr; ls\n)", "(\nexit 3\n)", lines[2]]
    assert shell([Typed(line, living=True) for line in lines]) == [
        lines[0],
        "(\nexit 3\n)",
        lines[2],
    ]


def test_what_needs_the_living_shell_gets_it_again() -> None:
    steps = [Typed("name=br7", living=True), Typed("ip link add $name type bridge", living=True)]
    shown = cell(steps, Options())
    assert 'lab.sh("name=br7", living=True)' in shown
    assert 'lab.sh("ip link add $name type bridge", living=True)' in shown


def test_an_account_is_numbered_and_says_who_did_what() -> None:
    steps = [
        HistoryStep(Done((act.AddBridge("lxcbr0"),)), BARE, BRIDGE, True),
        HistoryStep(Typed("ip link"), BRIDGE, BRIDGE, False),
        HistoryStep(Typed("touch <x>\ntouch y", "ns1"), BRIDGE, BRIDGE, True, failed=1),
        HistoryStep(Made(make(BRIDGE, BARE).pieces), BRIDGE, BARE, True),
        HistoryStep(Typed("x", ending="stopped"), None, None, True),
    ]
    account = Account(steps, undone=2)
    assert [each.number for each in account] == [1, 2, 3, 4]
    assert [each.by for each in account] == ["lab.do", "typed in ns1", "by hand", "typed"]
    assert account[1].effect == "nothing that shows"
    assert [each.note for each in account] == ["", "a line failed", "", "stopped"]
    text = str(account)
    assert "touch <x> … (1 more)" in text
    assert "1 step only looked and has no number" in text
    assert "2 steps were undone" in text
    assert repr(account) == text
    page = account._repr_mimebundle_()["text/html"]
    assert "touch &lt;x&gt;" in page
    assert page.count("<tr") == 5
    assert page.count('scope="row"') == 4
    assert "<caption" in page


def test_an_empty_account() -> None:
    assert str(Account(())) == "nothing has been changed yet"
    assert "Nothing has been changed yet" in Account(())._repr_mimebundle_()["text/html"]


def test_an_effect_is_short() -> None:
    assert effect(None, BARE) == "nobody looked"
    assert effect(BARE, BARE) == "nothing that shows"
    assert effect(BARE, sample.article()).count(";") == 2
    assert "more" in effect(BARE, sample.article())


def test_undo_and_redo_without_a_kernel() -> None:
    with Lab(engine="fake") as lab:
        lab.do(act.AddBridge("br0"))
        lab.do(act.AddBridge("br1"))
        lab.undo(to=0)
        assert lab.steps == ()
        lab.redo()
        assert [link.name for link in lab.snapshot().host.links[-2:]] == ["br0", "br1"]
        lab.engine.apply([act.AddNamespace("ns1")])
        assert [each.by for each in lab.history] == ["lab.do", "lab.do", "by hand"]
        assert "# by hand\nip netns add ns1" in lab.script()


def test_progress_is_shown_where_it_takes_long(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[tuple[str, float | None]] = []
    monkeypatch.setattr(progress, "shown", lambda: lambda text, share: said.append((text, share)))
    monkeypatch.delenv("NSLAB_QUICK", raising=False)
    with progress.Repeating([0.01, 0.02]) as quick:
        quick.now("a")
    assert said == []
    with progress.Repeating([0.5, 9.0]) as slow:
        slow.now("first\nline")
        slow.now("second")
    assert said == [
        ("step 1 of 2 again: first", 0.0),
        ("step 2 of 2 again: second", 0.5),
        ("2 steps repeated", None),
    ]
    monkeypatch.setenv("NSLAB_QUICK", "1")
    said.clear()
    with progress.Repeating([9.0]) as compared:
        compared.now("a")
    assert said == []


def test_a_container_is_entered_by_its_process_in_the_account_too() -> None:
    """As in the builder's log and in a script: by hand, its lines are the same."""
    with Lab(engine="fake") as lab:
        lab.do(act.AddContainer("app"), act.AddVeth("left", "eth0", peer_ns="app"))
        lab.engine.apply([act.SetUp("eth0", ns="app")])  # by hand: the lab knows nothing of it
        last = lab.history[-1]
        assert last.by == "by hand"
        assert last.text == 'nsenter --net --target "$pid_app" ip link set dev eth0 up'
        assert last.text in lab.script()
