"""The texts of the widgets and their translations."""

from __future__ import annotations

import ast
import gettext
import json
import os
import string
import subprocess
import sys
from pathlib import Path

import pytest
from babel.messages import pofile
from spoken import printed

from nslab.jupyter.widgets import words

WIDGETS = Path(words.__file__).parent
NSLAB = WIDGETS.parents[1]
NETWORK = NSLAB / "network"
BELOW = (NSLAB / "explain", NSLAB / "session", NSLAB / "course", NETWORK / "diff")
"""Where script/translate looks, beside the widgets."""
VERDICTS = WIDGETS / "verdict_words.py"
CATALOGUES = sorted(words.LOCALE.glob("*/LC_MESSAGES/nslab.po"))
LANGUAGES = [path.parents[1].name for path in CATALOGUES]


def said() -> set[str]:
    """Every text of the widgets, and every sentence of ``why`` and of a check."""
    found = set()
    below = [path for room in BELOW for path in room.rglob("*.py")]
    below.append(NETWORK / "glosses.py")
    for path in (*WIDGETS.glob("*.py"), *below):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                if node.func.id not in (
                    ("sentence",) if path in below else ("say", "noted", "sentence")
                ):
                    continue
                (text,) = node.args
                if path == VERDICTS and not isinstance(text, ast.Constant):
                    continue  # the form of a sentence that was made elsewhere
                assert isinstance(text, ast.Constant), f"{path.name}:{node.lineno}: no plain text"
                found.add(str(text.value))
    return found


def read(path: Path) -> dict[str, str]:
    with path.open("rb") as file:
        return {str(m.id): str(m.string) for m in pofile.read_po(file) if m.id}


def blanks(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def test_every_text_can_be_translated() -> None:
    assert set(read(words.LOCALE / "nslab.pot")) == said(), "run script/translate"


def test_there_is_german() -> None:
    assert "de" in LANGUAGES


@pytest.mark.parametrize("path", CATALOGUES, ids=LANGUAGES)
def test_a_catalogue_is_complete_and_compiled(path: Path) -> None:
    texts = read(path)
    assert set(texts) == said(), "run script/translate"
    for text, translated in texts.items():
        assert translated, f"{text!r} has no translation"
        assert blanks(translated) == blanks(text), f"{translated!r} has other blanks than {text!r}"
        assert text[:1].isspace() == translated[:1].isspace()
    with path.with_suffix(".mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)
    for text, translated in texts.items():
        assert compiled.gettext(text) == translated, "run script/translate"


SAID = """
import warnings; warnings.simplefilter("ignore")
from nslab import Lab
from nslab.course.lessons import lesson
with Lab(engine="fake") as lab:
    builder, player = lab.builder(), lesson("04").play(lab)
    for widget in (builder, builder.live, player):
        bundle = widget._repr_mimebundle_()
        data = bundle[0] if isinstance(bundle, tuple) else bundle
        print(data["text/plain"])
        print(data["text/html"])
    print(builder._undo.description)
"""


def shown(**environment: str) -> tuple[str, str]:
    """What is saved with a notebook, and a button."""
    asked = ("NSLAB_LANG", "LANGUAGE", "LANG", "LC_ALL", "LC_MESSAGES")
    plain = {name: value for name, value in os.environ.items() if name not in asked}
    ran = subprocess.run(
        [sys.executable, "-c", SAID],
        env=plain | environment,
        capture_output=True,
        text=True,
        check=True,
    )
    saved, _, button = ran.stdout.strip().rpartition("\n")
    return saved, button


def test_the_language_is_asked_for_and_what_is_saved_stays_english() -> None:
    english = shown()
    assert english[1] == "Undo"
    assert shown(NSLAB_LANG="de") == (english[0], "Rückgängig")
    assert shown(LANGUAGE="de:en") == (english[0], "Rückgängig")
    assert shown(LANG="de_DE.UTF-8") == english, "the machine's language is not the lessons'"
    assert shown(NSLAB_LANG="en", LANGUAGE="de") == english
    assert shown(NSLAB_LANG="xx") == english


def test_a_picture_in_a_widget_speaks_the_language_of_the_widget() -> None:
    code = (
        "from nslab import Lab; from nslab.jupyter.widgets.picture_words import in_words\n"
        "with Lab(engine='fake') as lab: print(in_words(lab.picture.html)); print(lab.picture.text)"
    )
    said = {language: printed(code, language) for language in ("en", "de")}
    assert ">pseudo-host</text>" in said["en"]
    assert ">Pseudo-Host</text>" in said["de"]
    assert ">Weiterleitung</text>" in said["de"]
    assert ">aus</text>" in said["de"], "forwarding, which is off"
    assert "host (the pseudo-host)" in said["de"], "what is saved stays English"


DESCRIBED = """
import html, json, re
from nslab import (AddBridge, AddContainer, AddMacvlan, AddNamespace, AddVeth, AddAddress, Lab,
                   SetUp, Sysctl)
from nslab.draw.path.explained import explained
from nslab.jupyter.widgets.picture_words import drawn
from nslab.jupyter.widgets.why_words import answered
with Lab(engine="fake") as lab:
    lab.do(AddBridge("br0", stp=True), SetUp("br0"), AddNamespace("ns1"), AddContainer("c1"),
           AddVeth("p1", "eth0", peer_ns="ns1", master="br0", up=True), AddMacvlan("eth0", "mv0"),
           AddAddress("eth0", "10.0.0.2/24", ns="ns1"), SetUp("eth0", ns="ns1"))
    before = lab.picture.html
    why = lab.why("ns1", "8.8.8.8")
    pages = [drawn(lab.picture), drawn(explained(lab.picture, answered(why)))]
    assert lab.picture.html == before
print(json.dumps([html.unescape(re.search("<desc>(.*?)</desc>", one, re.S)[1]) for one in pages]))
print(json.dumps(re.findall("<text[^>]*>([^<]*)</text>", pages[1])))
"""


def described(language: str) -> tuple[list[str], list[str]]:
    """How a picture and an answer of why on it are described; what is written in the latter."""
    said = printed(DESCRIBED, language)
    pages, texts = map(json.loads, said.splitlines())
    return pages, texts


def test_a_picture_is_described_in_the_language_of_the_widget() -> None:
    (english, _), _ = described("en")
    (german, _), _ = described("de")
    for before, after in (
        ("host (the pseudo-host)", "host (der Pseudo-Host)"),
        (
            "  eth0 up, 198.51.100.10/24 ═ LAN switch, ",
            "  eth0 up, 198.51.100.10/24 ═ LAN-Switch, ",
        ),
        (", carries host/mv0", ", trägt host/mv0"),
        (" macvlan, down on host/eth0", " macvlan, down an host/eth0"),
        ("STP on, forward delay 15 s", "STP ein, Forward Delay 15 s"),
        ("c1 (container, runs sleep infinity)", "c1 (Container, darin sleep infinity)"),
        ("outside\n", "draußen\n"),
    ):
        assert before in english
        assert after in german
        assert before not in german
    assert len(german.splitlines()) == len(english.splitlines())


def test_so_is_the_picture_of_why() -> None:
    (_, told), texts = described("de")
    broken = "✘ host/br0 hat keine Adresse: ns1 hat kein Gateway, das es fragen könnte"
    assert told.splitlines()[:2] == ["ns1 → 8.8.8.8", broken]
    assert broken in " ".join(texts)
    assert "Pseudo-Host" in texts


GATE = """
import re, sys
from nslab import AddBridge, Lab, SetUp, Sysctl
from nslab.draw.scene.metrics import width
from nslab.jupyter.widgets.picture_words import drawn
forwards = Sysctl("net.ipv4.ip_forward", "1")
with Lab(engine="fake") as lab:
    lab.do(AddBridge("br0", stp=True), SetUp("br0"), forwards)
    page = drawn(lab.picture)
texts = re.findall(r'<text[^>]* x="(\\d+)" y="(\\d+)">([^<]+)<', page)
(at, line), = [(int(x), y) for x, y, words in texts if words == "Weiterleitung"]
beside = sorted((int(x), words) for x, y, words in texts if y == line and int(x) > at)
gap = beside[0][0] - at - width("Weiterleitung", 12)
print(beside[0][1], 2 <= gap <= 8, *(words for _, _, words in texts if words.startswith("STP")))
"""


def test_the_gates_words_stand_side_by_side_in_german() -> None:
    """The second is short, and "an" beside a noun would read as "to"."""
    said = printed(GATE)
    assert said.strip() == "ein True STP ein, Forward Delay 15 s"


ENDED = """
import re
from nslab import Lab
from nslab.draw.path.picture import PathPicture
from nslab.draw.path.trail import Stop, Trail
from nslab.draw.scene.metrics import shown_width
from nslab.jupyter.widgets.picture_words import drawn
with Lab(engine="fake") as lab:
    trail = Trail("a ping", (Stop(("host", "eth0"), out=True),), end="beyond")
    page = drawn(PathPicture(lab.picture, trail, "a ping"))
plate = int(re.search(r'nslab-callout-beyond" [^>]*width="([0-9]+)"', page)[1])
words = re.search(r"nslab-said-beyond[^>]*>([^<]+)<", page)[1]
print(words, plate - round(shown_width(words, 12, bold=True)))
"""


def test_the_tag_at_the_end_of_a_way_is_as_wide_as_its_german_words() -> None:
    """Words in a plate made for longer ones stand far from the stop that they are about."""
    said = printed(ENDED)
    assert said.strip() == "… danach unbekannt 16"


@pytest.mark.parametrize("path", CATALOGUES, ids=LANGUAGES)
def test_words_of_a_picture_have_room_on_their_plates(path: Path) -> None:
    """A picture is laid out for the English words: what stands on a plate may be no longer."""
    from nslab.draw.scene.metrics import width

    plates = ("new", "changed", "gone", "new cable", "cable gone", "✔ arrived")
    ends = ("✘ not seen again", "✘ did not get here", "… not captured beyond")
    with path.open(encoding="utf-8") as file:
        catalogue = pofile.read_po(file)
    for english in (*plates, *ends):
        here = catalogue.get(english)
        assert here is not None, english
        assert width(str(here.string), 12, bold=True) <= width(english, 12, bold=True) + 12


LABELS = """
from nslab import Lab
from nslab.draw.scene.metrics import width
from nslab.jupyter.widgets.builder import Builder
from nslab.jupyter.widgets.forms import FORMS
with Lab(engine="fake") as lab:
    builder = Builder(lab)
    for form in FORMS:
        builder._what.value = form.title
        for name, made in builder._fields.items():
            room = getattr(made.style, "description_width", "") or "80px"
            beside = made.__class__.__name__ == "Checkbox"
            if not beside and width(made.description, 13) > int(room[:-2]):
                print(form.title, made.description, room)
    builder.close()
"""


def test_no_label_of_a_form_is_cut_in_german() -> None:
    said = printed(LABELS)
    assert said == ""
