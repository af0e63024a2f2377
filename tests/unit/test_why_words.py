"""The answer of ``why`` in the reader's language: all of it, and the same in English as ever."""

from __future__ import annotations

import ast
import copy
import gettext
import pickle
import re
import string
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec import structs
from test_obstacles import OBSTACLES, after
from test_why_switches import CASES, NETWORK, network

import nslab
from nslab import Explanation, Lab, SetDown, why
from nslab.draw import Picture
from nslab.draw.path.explained import explained
from nslab.explain.diagnose.explanation import worded
from nslab.jupyter.widgets import words
from nslab.sentence import Sentence, joined, lines, sentence

ROOT = Path(nslab.__file__).parent
SPEAKING = [*(ROOT / "explain").rglob("*.py"), ROOT / "session" / "asking.py"]
GERMAN = gettext.translation("nslab", words.LOCALE, ["de"]).gettext
ENGLISH = re.compile(r"\b(the|is|are|has|have|of|and|which|by|its|no|that|there)\b")
"""Words that a German sentence has not, nor a rule in it."""


def german(answer: Explanation) -> Explanation:
    said = worded(answer, GERMAN)
    assert said is not answer, f"{answer}\n… stays English"
    return said


def remarks(answer: Explanation) -> list[str]:
    """All that is said of it, without the commands."""
    found = [*(one.message for one in answer.steps), *answer.notes, *answer.witness]
    if answer.obstacle:
        found.append(answer.obstacle.message)
        found += [line for line in answer.obstacle.hint.splitlines() if line.startswith("#")]
    return found


def calls() -> Iterator[tuple[str, ast.Call]]:
    """Where a sentence is made, or handed on."""
    for path in SPEAKING:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                yield f"{path.relative_to(ROOT)}:{node.lineno}", node


def test_each_sentence_is_given_what_its_form_asks_for() -> None:
    checked = 0
    for where, node in calls():
        if getattr(node.func, "id", "") != "sentence":
            continue
        (form,) = node.args
        assert isinstance(form, ast.Constant), f"{where}: no plain text"
        blanks = {name for _, name, _, _ in string.Formatter().parse(form.value) if name}
        given = {each.arg for each in node.keywords}
        assert given - {None} <= blanks, f"{where}: {given - blanks} is in no blank"
        assert None in given or given == blanks, f"{where}: {blanks - given} is not given"
        checked += 1
    assert checked > 250


SAID = ("message", "hint", "remark", "after", "notes", "witness")


def test_nothing_is_said_that_was_not_made_as_a_sentence() -> None:
    """mypy sees most of it; ``structs.replace`` takes anything, and a remark may be a command."""
    for where, node in calls():
        for each in node.keywords:
            if each.arg in SAID and isinstance(
                each.value, ast.JoinedStr | ast.Constant | ast.BinOp
            ):
                said = ast.unparse(each.value)
                assert said.startswith("'ip "), f"{where}: {each.arg}={said} is no sentence"


@pytest.mark.parametrize("name", OBSTACLES)
def test_an_obstacle_is_german_from_end_to_end(name: str) -> None:
    actions, (ns, target), (*_, message, hint) = OBSTACLES[name]
    answer = why(after(*actions), ns, target)
    said = german(answer)
    assert answer.obstacle is not None
    assert (answer.obstacle.message, answer.obstacle.hint) == (message, hint), "English is as ever"
    assert not [text for text in remarks(said) if ENGLISH.search(text)]
    assert commands(said) == commands(answer), "what is typed is the same"
    assert said.actions == answer.actions


def commands(answer: Explanation) -> list[str]:
    hint = answer.obstacle.hint if answer.obstacle else ""
    return [line for line in hint.splitlines() if not line.startswith("#")]


@pytest.mark.parametrize("name", CASES)
def test_so_is_what_is_usual_nearly_always(name: str) -> None:
    change, target, *_ = CASES[name]
    said = german(why(change(network()), "ns1", target))
    assert not [text for text in remarks(said) if ENGLISH.search(text)]


def test_a_long_end_has_room_in_the_picture() -> None:
    """German is longer: with more lines the plate lay on the links of others."""
    change, target, *_ = CASES["an entry that stays wrong"]
    snapshot = change(network())
    end = explained(Picture(snapshot), german(why(snapshot, "ns1", target))).callouts[-1]
    assert " ".join(end.lines).startswith("✘ host/lxcbr0 sendet, was für ")
    assert len(end.lines) == 3
    cells = [slot.rect for _, slot in Picture(snapshot).placed.cells]
    assert not any(map(end.rect.overlaps, cells))


def test_the_whole_answer_in_german() -> None:
    with Lab(engine="fake") as lab:
        lab.do(*NETWORK, SetDown("lxcbr0.2"))
        answer = lab.why("ns1", "192.168.10.12")
    assert str(german(answer)).splitlines() == [
        "ns1 → 192.168.10.12",
        "✔ ns1: Route 192.168.10.0/24 dev eth0",
        "✔ ns1/eth0 ist an, sein Kabel führt zu host/lxcbr0.1",
        "✔ host/lxcbr0.1 ist an, ein weiterleitender Port von lxcbr0",
        "✘ host/lxcbr0.2 ist aus",
        "  → ip link set dev lxcbr0.2 up",
    ]


def test_a_sentence_that_is_not_known_leaves_all_of_it_english() -> None:
    answer = why(after(), "ns1", "8.8.8.8")
    strange = structs.replace(answer, notes=(sentence("the moon is full"),))
    assert worded(strange, GERMAN) is strange
    plain = structs.replace(answer, notes=("made by somebody else",))  # type: ignore[arg-type]
    assert worded(plain, GERMAN) is plain
    assert worded(answer, str) is answer, "in English it is what it is"


def test_a_sentence_within_a_sentence_is_said_too() -> None:
    inner = sentence("{link} is down", link="ns1/eth0")
    outer = sentence("undecided: {words}", words=inner)
    assert outer == "undecided: ns1/eth0 is down"
    assert outer.said(GERMAN) == "unentschieden: ns1/eth0 ist aus"
    row = joined(" → ", ["host", inner])
    assert row == "host → ns1/eth0 is down"
    assert row.said(GERMAN) == "host → ns1/eth0 ist aus"


def test_what_has_no_words_is_the_same_everywhere() -> None:
    assert lines("", "ip link", "").said(GERMAN) == "ip link"
    assert lines() == "" == lines().said(GERMAN), "and the catalogue's own entry for that is not"
    assert sentence("{place}", place="the moon").said(GERMAN) == "the moon"


def test_braces_in_a_name_are_no_blanks() -> None:
    said = sentence("{link} is down", link="ns1/{x}").said(GERMAN)
    assert said == "ns1/{x} ist aus"
    assert said is not None
    assert said.said(str) is None


def test_a_sentence_is_a_text_that_can_be_copied() -> None:
    said = sentence("{link} is down", link="lo")
    for other in (copy.deepcopy(said), pickle.loads(pickle.dumps(said))):
        assert isinstance(other, Sentence)
        assert (other, other.form, other.values) == ("lo is down", "{link} is down", {"link": "lo"})
