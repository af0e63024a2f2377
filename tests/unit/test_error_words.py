"""Errors and journeys in the reader's language: whole, or English from end to end."""

from __future__ import annotations

import ast
import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest
from spoken import printed

import nslab
from nslab.engine.explain import _TABLE
from nslab.errors import KINDS, InvalidInput, NslabError
from nslab.frames.journey import Change
from nslab.jupyter.widgets.error_words import CAUSES, HINTS, OPERATIONS, cause, reason, told
from nslab.network import actions as act

ROOT = Path(nslab.__file__).parent
Three = tuple[str, str, str]

SAY = """
import json, sys
from nslab.errors import NslabError
from nslab.jupyter.widgets.error_words import told
errors = [NslabError(what, "", cause, hint) for what, cause, hint in json.load(sys.stdin)]
print(json.dumps([told(error) for error in errors]))
"""


def in_german(errors: list[Three], code: str = SAY) -> list[str]:
    """What a German widget shows of errors: operation with its subject, cause, hint."""
    said = printed(code, given=json.dumps(errors))
    found: list[str] = json.loads(said)
    return found


def english(errors: list[Three]) -> list[str]:
    """Those that stay English."""
    plain = [str(NslabError(what, "", cause, hint)) for what, cause, hint in errors]
    return [one for one, here in zip(plain, in_german(errors), strict=True) if one == here]


def refused() -> list[Three]:
    """Every refusal of the kernel that is explained, as of something called ns1."""
    names = defaultdict(lambda: "ns1", ns=" -n ns1", either="ns1 or ns2")
    return [
        (f"add bridge {kind.__name__}", *(text.format_map(names) for text in texts))
        for (kind, _), texts in _TABLE.items()
    ]


API = {"these are given one after another, not as a list", "it is not one link", "x1"}
"""Causes that only a call in a cell can have: no widget shows them."""


def written(path: Path) -> Iterator[Three]:
    """The errors that a module makes, as far as their words stand in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in KINDS:
            parts = [_text(each) for each in node.args]
            what, subject, cause, hint = (*parts, "", "", "")[:4]
            if cause in API or "x1" in (what, hint):
                continue
            yield f"{what} {subject}".strip(), cause, hint


def _text(node: ast.expr) -> str:
    """A text with x1 for what is filled in."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(str(v.value) if isinstance(v, ast.Constant) else "x1" for v in node.values)
    return "x1"


def test_every_refusal_that_is_explained_is_known() -> None:
    assert len(refused()) > 40
    assert english(refused()) == []


def test_every_action_that_fails_is_named() -> None:
    kinds = [getattr(act, name) for name in act.__all__]
    kinds = [kind for kind in kinds if isinstance(kind, type) and issubclass(kind, act.Action)]
    words = {form.removesuffix(" {subject}") for form in OPERATIONS}
    made = {
        "".join(f" {c.lower()}" if c.isupper() else c for c in kind.__name__).strip()
        for kind in kinds
        if kind is not act.Action
    }
    assert made - words == set()


@pytest.mark.parametrize(
    "place", ["network/names.py", "network/model.py", "network/actions", "explain/diagnose"]
)
def test_what_is_said_of_a_value_is_known(place: str) -> None:
    where = ROOT / place
    paths = sorted(where.glob("*.py")) if where.is_dir() else [where]
    errors = [one for path in paths for one in written(path)]
    assert errors
    assert english(errors) == []


MET = [
    ("use the lab course", "it was closed", "make a new one"),
    (
        "use the lab course",
        "its agent ended (exit status -9); its network is gone too",
        "make it again: lab.reset(), or a new one: lab = Lab()",
    ),
    (
        "add address eth0 in ns1",
        "there is no namespace ns1",
        "see what is there: ip netns\nor make it: ip netns add ns1",
    ),
    ("finish 3 actions", "you stopped it after 1 of 3 actions", "lab.undo() takes it back"),
    ("filter 'port =='", "port == of what?", ""),
    ("set up eth0", "no such device", ""),
]


def test_what_a_learner_meets_is_known() -> None:
    assert english(MET) == []
    said = in_german(MET)
    assert said[0].split("\n") == [
        "Lab course benutzen geht nicht: es wurde geschlossen",
        "  → leg ein neues an",
    ]
    assert said[2].startswith("Adresse an eth0 anlegen (in ns1) geht nicht: es gibt keinen Name")


@pytest.mark.parametrize(
    "error",
    [
        ("add bridge lxcbr0", "the moon is full", "choose another name"),
        ("add bridge lxcbr0", "it is empty", "wait for the moon"),
        ("add bridge lxcbr0", "it is empty", "choose another name\nor wait for the moon"),
        ("fly to the moon", "it is empty", ""),
        # A blank is not filled with a sentence that goes on.
        ("enter ns1", "there is no namespace of any name at all", ""),
        ("capture", "it is empty", "such as the one that is there"),
    ],
)
def test_what_is_not_known_in_full_stays_english_in_full(error: Three) -> None:
    assert english([error]) == [str(NslabError(error[0], "", *error[1:]))]


def test_in_english_an_error_is_what_it_is() -> None:
    error = InvalidInput("use the link name", "'a b'", "' ' is not allowed in it", "use letters")
    assert told(error) == str(error)
    assert reason(error) == "' ' is not allowed in it (use letters)"
    assert cause(error) == error.cause


def test_no_sentence_stands_twice() -> None:
    for forms in (OPERATIONS, CAUSES, HINTS):
        assert len(set(forms)) == len(forms)


FORMS = """
import json, sys
from nslab import Lab
from nslab.jupyter.widgets.forms import FORMS
with Lab(engine="fake") as lab:
    builder = lab.builder()
    found = []
    for title, field, value in json.load(sys.stdin):
        builder._what.value = next(one.title for one in FORMS if one.action.__name__ == title)
        builder._fields[field].value = value
        found.append(builder._message.value)
    print(json.dumps(found))
"""


def test_a_form_says_in_german_what_is_wrong_with_a_value() -> None:
    typed = [
        ("AddNamespace", "name", "a b"),
        ("AddNamespace", "name", "12"),
        ("AddNamespace", "name", "host"),
        ("AddBridge", "name", "a-name-that-is-too-long"),
        ("AddBridge", "name", "up"),
    ]
    said = in_german(typed, FORMS)
    assert "nicht erlaubt" in said[0]
    assert "Prozessnummer" in said[1]
    assert "trägt diesen Namen" in said[2]
    assert "der Kernel behält höchstens 15 Zeichen" in said[3]
    assert "Schlüsselwort" in said[4]


JOURNEY = """
import json, sys
from nslab.jupyter.widgets.frame_words import of_journey
print(json.dumps([of_journey(page) for page in json.load(sys.stdin)]))
"""


def test_a_journeys_table_is_german_and_the_names_in_it_are_not() -> None:
    changes = [
        Change("source", "10.0.0.2", "198.51.100.10", "SNAT by the host"),
        Change("target", "198.51.100.10:80", "10.0.0.2:80", "SNAT undone by ns1"),
        Change("MACs", "a", "b"),
    ]
    cells = ["out of ns1/all", "into all", "forwarded by the host", "over the cable", "sent by all"]
    cells += ["into the LAN switch", "by the LAN switch", "copy → the LAN machine → ns1/eth0"]
    page = "".join(f"<td>{cell}</td>" for cell in [*cells, *map(str, changes)])
    walk = f'<div class="nslab-walk"><svg><text>into all</text></svg><table>{page}</table></div>'
    (said,) = in_german([walk], JOURNEY)  # type: ignore[list-item]
    assert "<text>into all</text>" in said, "the picture has words of its own"
    for cell in (
        "heraus aus ns1/all",
        "hinein in all",
        "weitergeleitet von host",
        "durch das Kabel",
        "gesendet von all",
        "hinein in LAN-Switch",
        "durch den LAN-Switch",
        "Kopie → LAN-Rechner → ns1/eth0",
        "Quelle 10.0.0.2 → 198.51.100.10 (SNAT\u00a0durch\u00a0host)",
        "Ziel 198.51.100.10:80 → 10.0.0.2:80 (SNAT\u00a0zurückgenommen\u00a0durch\u00a0ns1)",
        "neue MACs",
    ):
        assert f"<td>{cell}</td>" in said


STEPS = """ICMP echo request, seq 1
  1  out of ns1/eth0  sent by ns1
  2  out of eth0      forwarded by the host  source 10.0.0.2 → 8.8.4.4 (SNAT by the host), \
TTL 64 → 63, new MACs
     copy → host/br0 → host/p2
     left eth0, behind which nothing was captured"""
"""As Journey writes it."""


def test_a_journeys_picture_is_described_in_german() -> None:
    walk = f'<div class="nslab-walk"><svg><desc>{STEPS}</desc></svg></div>'
    (said,) = in_german([walk], JOURNEY)  # type: ignore[list-item]
    assert said.partition("<desc>")[2].partition("</desc>")[0].splitlines() == [
        "ICMP echo request, seq 1",
        "  1  heraus aus ns1/eth0  gesendet von ns1",
        (
            "  2  heraus aus eth0      weitergeleitet von host  "
            "Quelle 10.0.0.2 → 8.8.4.4 (SNAT durch host), TTL 64 → 63, neue MACs"
        ),
        "     Kopie → host/br0 → host/p2",
        "     heraus aus eth0; dahinter wurde nichts aufgenommen",
    ]


STATIONS = """
import json, sys
from nslab.jupyter.widgets.frame_words import of_station
print(json.dumps([of_station(name) for name in json.load(sys.stdin)]))
"""


def test_everyone_is_german_in_a_list_of_frames_and_a_name_is_not() -> None:
    names = ["everyone", "ns1/eth0", "all"]
    assert in_german(names, STATIONS) == ["alle", "ns1/eth0", "all"]  # type: ignore[arg-type]
