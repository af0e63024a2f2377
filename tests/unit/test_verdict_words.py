"""Verdicts in the reader's language: whole, or English from end to end."""

from __future__ import annotations

import ast
import copy
import json
import pickle
import re
import string
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import snapshots as sample
from msgspec import structs
from spoken import printed
from test_check import BUILT, FAILS, HOLDS, Answers, Named

import nslab
from nslab import Lab
from nslab.course import pools
from nslab.course.exercises.values import MustNot
from nslab.course.lessons import LESSONS
from nslab.course.puzzles.networks import NETWORKS
from nslab.course.puzzles.opens import Echoes, Opens
from nslab.jupyter.widgets import card_words
from nslab.jupyter.widgets.verdict_words import told
from nslab.network.diff import compare
from nslab.network.model import Route, Snapshot
from nslab.sentence import Sentence, sentence
from nslab.session import check as ck
from nslab.session.check.rows import in_a_row, listed, together

ROOT = Path(nslab.__file__).parent
SAYING = sorted(
    path
    for place in ("session/check", "session/step.py", "course/exercises", "course/puzzles")
    for path in ([ROOT / place] if place.endswith(".py") else (ROOT / place).glob("*.py"))
)
"""The modules that say something of a lab."""

TOLD = """
import sys
import pickle
import json
from nslab.jupyter.widgets.verdict_words import told
print(json.dumps([told(text) for text in pickle.load(sys.stdin.buffer)]))
"""


def in_german(given: bytes, code: str) -> list[str]:
    """What a program prints where widgets are German.

    :param given: what it reads
    """
    said = printed(code, given=given)
    found: list[str] = json.loads(said)
    return found


def german(texts: list[str]) -> list[str]:
    """What a German widget says."""
    return in_german(pickle.dumps(texts), TOLD)


def english(texts: list[str]) -> list[str]:
    """Those that stay English."""
    return [str(one) for one, here in zip(texts, german(texts), strict=True) if one == here]


# -- what there is to say ----------------------------------------------------------------------


def read(path: Path) -> ast.AST:
    return ast.parse(path.read_text(encoding="utf-8"))


def calls(name: str, tree: ast.AST) -> Iterator[ast.Call]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == name:
            yield node


def is_bare(node: ast.expr) -> bool:
    """Whether it is a text that no catalogue can know."""
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and bool(node.value))


def test_what_a_verdict_says_is_a_sentence() -> None:
    bare = [
        f"{path.name}:{call.lineno}"
        for path in SAYING
        for call in calls("Verdict", read(path))
        for said in [*call.args[1:2], *call.args[3:], *(k.value for k in call.keywords)]
        if is_bare(said)
    ]
    assert bare == []


def test_what_a_check_wants_is_a_sentence() -> None:
    bare = [
        f"{path.name}:{node.lineno}"
        for path in [*SAYING, ROOT / "course/pools.py"]
        for define in ast.walk(read(path))
        if isinstance(define, ast.FunctionDef) and define.name in ("wanted", "tries")
        for node in ast.walk(define)
        if isinstance(node, ast.Return) and node.value is not None and is_bare(node.value)
    ]
    assert bare == []


COMMAND = re.compile(r"(?:ip|brctl|sysctl|iptables|ln|bridge) ")
OTHERWISE = re.compile(r"(?:Network|Destination|<div|look up$|color-mix)")
"""What ping says, what an error is about, and what a page is made of."""


def test_no_check_has_words_outside_of_a_sentence() -> None:
    """But lines to type, what ping says, and what stands in the docstrings."""
    found = []
    for path in sorted((ROOT / "session/check").glob("*.py")):
        tree = read(path)
        known = {id(call.args[0]) for call in calls("sentence", tree)}
        known |= {id(one.value) for one in ast.walk(tree) if isinstance(one, ast.Expr)}
        known |= {id(v) for j in ast.walk(tree) if isinstance(j, ast.JoinedStr) for v in j.values}
        for node in ast.walk(tree):
            if id(node) in known or not isinstance(node, ast.Constant | ast.JoinedStr):
                continue
            words = written(node)
            plain = COMMAND.match(words) or OTHERWISE.match(words)
            if re.search(r"[a-z]{2} [a-z]{2}", words) and not plain:
                found.append(f"{path.name}:{node.lineno}: {words}")
    assert found == []


def written(node: ast.expr) -> str:
    """A text as it stands there, with x for what is filled in."""
    if isinstance(node, ast.JoinedStr):
        return "".join(map(written, node.values))
    return str(node.value) if isinstance(node, ast.Constant) else "x"


def test_every_blank_is_filled() -> None:
    for path in sorted(ROOT.rglob("*.py")):
        for call in calls("sentence", read(path)):
            if any(one.arg is None for one in call.keywords):
                continue  # the same blanks as elsewhere
            (form,) = call.args
            assert isinstance(form, ast.Constant), f"{path.name}:{call.lineno}: no plain text"
            blanks = {name for _, name, _, _ in string.Formatter().parse(str(form.value))} - {None}
            assert {one.arg for one in call.keywords} == blanks, f"{path.name}:{call.lineno}"


# -- what is said ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def verdicts() -> list[ck.Verdict]:
    """What each check says, where it holds and where it does not."""
    with Lab(engine="fake") as lab:
        lab.do(*BUILT)
        found = [*Named(lab).check(*HOLDS), *Named(lab).check(*(one for one, _ in FAILS))]
        for kind in (ck.StandsOn("mac0", "v4", ns="ns1"), ck.IsPort("v1", "br1")):
            found.append(kind.judge(lab.snapshot()))
        found += lab.check(
            ck.Setting("net.ipv4.tcp_ecn", "1"), ck.Masquerades("10.0.0.0/16", "eth0")
        )
        found.append(ck.Carries("v5").judge(without_vlans(lab.snapshot(), "v5")))
        found += [check.ask(answers) for check, answers in tried()]
        found += [check.judge(snapshot) for check, snapshot in pooled(lab.snapshot())]
    assert {type(check).__name__ for check, _ in tried()} >= {
        kind.__name__ for kind in vars(ck).values() if "ask" in getattr(kind, "__dict__", ())
    } - {"Check"}
    return found


def without_vlans(snapshot: Snapshot, port: str) -> Snapshot:
    """The same, where a port carries none."""
    links = [
        structs.replace(link, port=structs.replace(link.port, vlans=()))
        if link.name == port and link.port
        else link
        for link in snapshot.host.links
    ]
    host = structs.replace(snapshot.host, links=tuple(links))
    return structs.replace(snapshot, namespaces=(host, *snapshot.namespaces[1:]))


def tried() -> Iterator[tuple[ck.Check, Any]]:
    """What is tried for real, with what came of it."""
    silent, unreached = Answers(1), Answers(2, stderr="ping: connect: Network is unreachable")
    for answers in (Answers(0), silent, unreached):
        for ok in (True, False):
            for size in (0, 1472):
                yield ck.Reaches("ns1", "10.0.0.1", ok=ok, size=size), answers
    for passed in (64, 63, 60):
        for wanted in (0, 1, 9):
            answers = Answers(0, f"64 bytes from 10.0.0.1: ttl={passed} time=0.1 ms\n")
            yield ck.Hops("ns1", "10.0.0.1", wanted), answers
    yield ck.Hops("ns1", "10.0.0.1", 1), silent
    sent = Answers(0, '[{"dst":"10.0.0.9","gateway":"10.0.0.1","dev":"eth0"}]')
    yield ck.GoesBy("10.0.0.9", "eth0", "10.0.0.1", ns="ns1"), sent
    yield ck.GoesBy("10.0.0.9", "eth1"), sent
    yield ck.GoesBy("10.0.0.9", "eth1"), silent
    named = Answers(0, "203.0.113.80    STREAM www.example.org\n")
    for answers in (named, silent):
        for files in (True, False):
            yield ck.Resolves("ns1", "www", "203.0.113.81", files=files), answers
            yield ck.Resolves("ns1", "www", files=files), answers
            yield ck.Resolves("ns1", "www", "203.0.113.80", ok=False, files=files), answers
    for answers in (Answers(0, "x"), silent, Answers(1, stderr="Connection refused")):
        yield Opens("ns1", "fd00::1", 80), answers
        yield Echoes(None, "10.0.0.1", 53), answers


def pooled(snapshot: Snapshot) -> Iterator[tuple[ck.Check, Snapshot]]:
    """What is asked of Docker's networks."""
    for network in ("172.17.0.0/16", "172.18.0.0/16"):
        yield pools.TakesNext(network), snapshot
        route = Route(destination=network, dev="docker0", table=254)
        taken = structs.replace(snapshot.host, routes=(route,))
        yield pools.TookFreePool("docker0"), structs.replace(snapshot, namespaces=(taken,))
    yield pools.TookFreePool("docker0"), snapshot
    routes = tuple(Route(destination=base, dev="x", table=254) for base, _ in pools.BASES)
    full = structs.replace(snapshot.host, routes=routes)
    yield pools.TakesNext("172.17.0.0/16"), structs.replace(snapshot, namespaces=(full,))


def test_whatever_a_check_says_is_said_in_german(verdicts: list[ck.Verdict]) -> None:
    assert english([one.message for one in verdicts]) == []
    assert english([one.told for one in verdicts]) == []
    wanted = [check.goal for check in [*HOLDS, *(check for check, _ in FAILS)]]
    wanted += [check.goal for check, _ in tried()]
    assert english([one for one in wanted if one]) == []


def test_what_to_do_is_said_in_german_unless_it_is_typed(verdicts: list[ck.Verdict]) -> None:
    hints = {one.hint for one in verdicts if one.hint and "\n" not in one.hint}
    stay = english(sorted(hints))
    assert all(COMMAND.match(one) for one in stay if "default-address-pools" not in one)
    assert len(stay) < len(hints)


def test_every_form_of_a_check_was_said(verdicts: list[ck.Verdict]) -> None:
    """So that none is left out above: each is what some check says, or a part of that."""
    said = {form for one in verdicts for text in (one.message, one.told) for form in forms(text)}
    said |= {form for one in verdicts for form in forms(one.hint)}
    checks = [*HOLDS, *(check for check, _ in FAILS), *(check for check, _ in tried())]
    checks.append(ck.Carries("v5"))
    said |= {form for check in checks for form in forms(check.goal)}
    wanted = ck.Verdict(False, sentence("{what}: {now}", what="", now=""), goal="a link br0").told
    assert wanted == "a link br0", "that it is not there is said by the sign"
    paths = [path for path in SAYING if path.parent.name == "check" and path.stem != "rows"]
    paths += [ROOT / "course/puzzles/opens.py", ROOT / "course/pools.py"]
    trees = [read(path) for path in paths]
    there = {ast.literal_eval(call.args[0]) for tree in trees for call in calls("sentence", tree)}
    assert there - said == LEFT


LEFT = {"{place} is {state}", "a {kind} {place}"}
"""A state or kind that no check here asks for."""


def forms(text: object) -> Iterator[str]:
    if isinstance(text, Sentence):
        yield text.form
        for value in text.values.values():
            yield from forms(value)


def test_what_must_not_be_is_a_sentence_in_every_exercise_and_puzzle() -> None:
    every: list[MustNot] = [
        one for lesson in LESSONS for each in lesson.exercises for one in each.mustnot
    ]
    every += [one for network in NETWORKS.values() for one in network.mustnot]
    assert len(every) > 15
    assert english([one.reason for one in every]) == []
    assert english([one.check.wanted for one in every if one.check.wanted]) == []


def test_german_verdicts_read_as_german() -> None:
    reaches = ck.Reaches("ns1", "10.0.0.1", ok=False)
    said = reaches.ask(Answers(1)).message
    chosen = sentence("you chose {choice}, but {what}", choice="a", what=said)
    carries = ck.Carries("v5", ns="switch", untagged=10, tagged=(20, 30)).wanted
    assert german([said, chosen, carries, reaches.tries]) == [
        "ns1 erreicht 10.0.0.1 nicht: keine Antwort, wie erwartet",
        "du hast a gewählt, aber ns1 erreicht 10.0.0.1 nicht: keine Antwort, wie erwartet",
        "switch/v5 trägt die VLANs 10 ohne Tag, 20, 30",
        "ns1 erreicht 10.0.0.1 nicht",
    ]


# -- what is not known -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "the moon is full",
        sentence("the moon over {place} is full", place="ns1"),
        sentence("you chose {choice}: {what}", choice="a", what="the moon is full"),
        sentence("{what}; {more}", what=sentence("{place} is up", place="br0"), more="the moon"),
        sentence("wanted: {wanted}; now: {now}", wanted="a moon", now="there is none"),
    ],
    ids=str,
)
def test_what_is_not_known_in_full_stays_english_in_full(text: str) -> None:
    assert german([text]) == [str(text)]


def test_names_and_what_files_say_are_never_translated() -> None:
    text = "there is no namespace {name}\nall"
    said = sentence("{path} says: {text}", path="/etc/hosts", text=text)
    assert said == f"/etc/hosts says: {text}"
    assert german([said]) == [f"in /etc/hosts steht: {text}"]


def test_what_is_not_there_at_all_is_known_as_an_error_is() -> None:
    assert german(["there is none of that name"]) == ["es gibt keinen dieses Namens"]


def test_in_english_a_verdict_is_what_it_is(verdicts: list[ck.Verdict]) -> None:
    assert [told(one.told) for one in verdicts] == [str(one.told) for one in verdicts]


# -- a sentence is a text ----------------------------------------------------------------------


def test_a_sentence_is_a_text_and_survives_a_copy() -> None:
    one = sentence("{path} says: {text}", path="/etc/hosts", text="{a} {")
    assert one == "/etc/hosts says: {a} {"
    assert hash(one) == hash(str(one))
    for again in (copy.deepcopy(one), pickle.loads(pickle.dumps(one))):
        assert (again, again.form, again.values) == (one, one.form, one.values)
    assert type(str(one)) is str


def test_sentences_in_a_row() -> None:
    assert together(["a", "b", "c"]) == "a; b; c"
    assert together([]) == ""
    assert in_a_row(["10 without a tag", "20"]) == "10 without a tag, 20"
    assert listed(["a"]) == "a"
    assert listed(["a", "b"]) == "a and b"


# -- on a card ---------------------------------------------------------------------------------

CARD = """
import sys, json, warnings
sys.path[:0] = json.load(sys.stdin)
warnings.simplefilter("ignore")
from handles import part
from test_card import build, says
from waiting import until
from nslab import AddBridge, HasLink, SetUp, State
from nslab.jupyter.widgets.card import Card
one = build(
    checks=(HasLink("br0"), State("br0", "up"), State("br1", "up")), only=("host/br0", "host/br1")
)
found = []
with one.start(engine="fake") as lab:
    card = Card(one, lab, "fake")
    def look():
        found.append(part(card, "says").value + part(card, "points").value)
    says(card, "0 von 3")
    look()
    lab.do(AddBridge("br0"), SetUp("br0"), AddBridge("br9"))
    says(card, "2 von 3")
    says(card, ">br0 ist eingeschaltet<", "points")
    look()
    newer = Card(one, lab, "fake")
    bundle = newer._repr_mimebundle_()
    saved = bundle[0] if isinstance(bundle, tuple) else bundle
    card.close()
    card = newer
    lab.undo()
    lab.do(AddBridge("br0"), SetUp("br0"), AddBridge("br1"), SetUp("br1"))
    says(card, "Gelöst")
    says(card, ">br1 ist eingeschaltet<", "points")
    look()
    card.close()
found.append(saved["text/plain"] + saved["text/html"])
print(json.dumps(found))
"""


def test_a_german_card_says_its_verdicts_in_german_and_saves_them_in_english() -> None:
    nothing, some, solved, saved = in_german(json.dumps(sys.path).encode(), CARD)
    assert ">ein Link br0</div>" in nothing
    quiet = "<span style='opacity:.7'>; jetzt: es gibt keinen Link br0</span>"
    assert f">br0 ist eingeschaltet{quiet}" in nothing
    assert ">br0 ist eingeschaltet</div>" in some
    assert f">br1 ist eingeschaltet{quiet.replace('br0', 'br1')}" in some
    assert "das hätte sich nicht ändern sollen" in some
    assert ">br1 ist eingeschaltet</div>" in solved
    assert "✘ br1 is up; now: there is no link br1" in saved
    assert "eingeschaltet" not in saved


def test_what_says_the_same_twice_is_said_of_the_other() -> None:
    again = sentence("another point fails for the same reason")
    verdict = ck.Verdict(False, sentence("there is no link {place}", place="br0"))
    page = card_words.points([verdict, verdict])
    assert f">{again}</div>" in page
    assert german([again]) == ["ein weiterer Punkt scheitert aus demselben Grund"]


# -- what is said nowhere but in English -------------------------------------------------------

MARKED = """
import json, sys
sys.path[:0] = json.load(sys.stdin)
import msgspec
from nslab import HasLink
from nslab.course.grading import inside
from nslab.course.grading.values import Job
from test_card import build
inside._settle = lambda: None
one = build(checks=(HasLink("br0"), HasLink("br1", ns="ns9")), only=("host/br0",))
with one.start(engine="fake") as lab:
    answer = inside.judged(one, lab, Job(exercise="02-bridge-X2"))
    print(json.dumps([msgspec.json.encode(answer).decode(), repr(one.check(lab))]))
"""


def test_marks_and_what_a_cell_shows_are_english() -> None:
    marked, shown = in_german(json.dumps(sys.path).encode(), MARKED)
    assert json.loads(marked)["lines"] == ["there is no link br0", "there is no namespace ns9"]
    assert shown.startswith("✘ there is no link br0")


def test_what_else_was_changed_is_quoted_in_german() -> None:
    form = (
        "this should not have changed: {change}; the task does not ask for it, so take it back "
        "({lab}.undo() takes a step back)"
    )
    said = {
        "new namespace ns1": "neuer Namespace ns1",
        "new bridge br9: down": "neu: bridge br9: down",
        "eth0: address 10.0.0.1/24 removed": "eth0: Adresse 10.0.0.1/24 entfernt",
        "ns1: route default via 10.0.0.1": "ns1: Route default via 10.0.0.1",
        "v1: attached to br0": "v1: an br0 gesteckt",
        "eth0: up → down": "eth0: up → down",
        "the moon is full": "the moon is full",
    }
    here = german([sentence(form, change=change, lab='lesson["X2"].lab') for change in said])
    for words, change in zip(here, said.values(), strict=True):
        assert words.startswith(f"das hätte sich nicht ändern sollen: „{change}“; ")
    first = sentence("in the host: {change}", change="v1: attached to br0")
    more = sentence("{change} (and {count} more)", change=first, count=2)
    (there,) = german([sentence(form, change=more, lab='lesson["X2"].lab')])
    assert there.startswith(
        "das hätte sich nicht ändern sollen: „im Host: v1: an br0 gesteckt (und 2 weitere)“; "
    )


def test_what_is_outside_is_called_as_in_the_picture() -> None:
    reaches = ck.Reaches("lan", "198.51.100.54").tries
    assert reaches == "the LAN machine reaches 198.51.100.54"
    assert german([reaches]) == ["der LAN-Rechner erreicht 198.51.100.54"]


def test_the_vlans_of_a_port_are_said_in_german() -> None:
    """They are the kernel's list in nslab's words, not the kernel's."""
    said = listed("VLAN 10 untagged, 20 and 30 tagged".split(" and "))
    text = sentence("{place} carries {vlans}", place="switch/to-lan", vlans=said)
    (here,) = german([text])
    assert here.endswith("VLAN 10 ohne Tag, 20 und 30 mit Tag")


CHANGED = """
import json, pickle, sys
from nslab.jupyter.widgets.verdict_words import changed
print(json.dumps([changed(diff) for diff in pickle.load(sys.stdin.buffer)]))
"""


def test_what_a_played_step_changed_is_said_in_german() -> None:
    before, after = sample.with_pair(), sample.article(repaired=True)
    diffs = [compare(sample.fresh(), before), compare(before, after)]
    said = "\n".join(in_german(pickle.dumps(diffs), CHANGED)).splitlines()
    assert len(said) == sum(len(diff.lasting) for diff in diffs)
    for line in (
        "+ neuer Namespace ns1",
        "+ neu: veth lxcbr0.1: down",
        "~ veth-ns1 von host nach ns1 verschoben, umbenannt in eth0",
        "~ lxcbr0.1: an lxcbr0 gesteckt",
        "+ ns1/eth0: Adresse 192.168.10.11/24",
        "+ ns1: Route default via 192.168.10.1 dev eth0",
        "~ Route 192.168.10.0/24 dev lxcbr0: nicht mehr linkdown",
        "~ lxcbr0.1: down → up",
        "+ masquerade 192.168.10.0/24 → eth0",
    ):
        assert line in said, said
    assert not re.search(r"attached|moved|renamed|address|new |route ", "\n".join(said))


def test_of_a_link_that_came_as_a_port_all_is_german() -> None:
    gone = structs.replace(sample.article(), namespaces=sample.fresh().namespaces)
    (said,) = in_german(pickle.dumps([compare(gone, sample.article())]), CHANGED)
    assert "+ neu: veth lxcbr0.1: Port von lxcbr0, down" in said.splitlines()
