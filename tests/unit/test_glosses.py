"""Signs in command lines that mean nothing to a learner say what they mean, where lines stand."""

from __future__ import annotations

import re

from handles import part, press
from spoken import printed

from nslab import AddBridge, Exercise, HasLink, Lab, WrongAnswer, lesson
from nslab.explain.diagnose.explanation import Explanation, Obstacle, worded
from nslab.jupyter.widgets import Builder, Card, Player
from nslab.network.glosses import BROADCAST, FIRST_PROCESS, glossed, reachable
from nslab.sentence import lines, sentence
from nslab.session.account import Entry, _row


def meanings(page: str) -> list[tuple[str, str]]:
    return re.findall(r'<abbr title="([^"]*)"[^>]*>([^<]*)</abbr>', page)


def test_a_sign_says_what_it_means() -> None:
    page = glossed('ip addr add 10.0.0.1/24 broadcast + dev "x"\nip -n ns1 link set x netns 1')
    assert meanings(page) == [(BROADCAST, "broadcast +"), (FIRST_PROCESS, "netns 1")]
    assert re.sub("<[^>]*>", "", page).startswith("ip addr add 10.0.0.1/24 broadcast + dev &quot;")


def test_what_only_looks_like_it_stays_as_it_is() -> None:
    for text in ("ip link set x netns 1234", "ip link set x netns ns1", "broadcast +1", "a < b"):
        assert "<" not in glossed(text)


def test_where_it_is_only_read_keys_and_fingers_find_it() -> None:
    line = glossed("ip addr add 10.0.0.1/24 broadcast + dev x")
    page = reachable(f"<pre>{line}</pre><pre>{line}</pre><pre>{glossed('netns 1')}</pre>")
    assert re.findall('tabindex="([^"]*)">([^<]*)', page) == [
        ("0", "broadcast +"),
        ("-1", "broadcast +"),
        ("0", "netns 1"),
    ]
    assert page.count("<style>") == 1
    assert reachable("<pre>ip link</pre>") == "<pre>ip link</pre>"


def test_steps_and_what_mends_say_it() -> None:
    typed = Entry(number=1, by="terminal", text="ip link set x netns 1", effect="", note="")
    assert meanings(_row(typed)) == [(FIRST_PROCESS, "netns 1")]
    hint = lines("ip -n ns1 link set dev x netns 1")
    obstacle = Obstacle(kind="x", where="ns1", message=sentence("x"), hint=hint)
    answer = Explanation(namespace="ns1", target="host", obstacle=obstacle)
    assert meanings(answer.html) == [(FIRST_PROCESS, "netns 1")]
    assert meanings(worded(answer, lambda form: f"<{form}>").html) == [
        (f"&lt;{FIRST_PROCESS}&gt;", "netns 1")
    ]


SAID = [(BROADCAST, "broadcast +")]


def test_the_builder_says_it_in_all_its_lines() -> None:
    with Lab("glosses", engine="fake") as lab:
        lab.do(AddBridge("br0"))
        builder = Builder(lab)
        part(builder, "as").value = "ip"
        part(builder, "what").value = "Add an address"
        builder._put({"ns": "host", "link": "br0", "address": "10.0.0.1/24"})
        message, log = part(builder, "message"), part(builder, "log")
        assert meanings(message.value) == SAID, "what runs"
        press(builder, "do")
        assert meanings(message.value) == SAID, "what was done"
        assert meanings(log.value) == SAID
        part(builder, "export").value = True
        assert meanings(part(builder, "exported").value) == SAID
        builder.close()


def test_a_card_says_it_in_hints_and_solution() -> None:
    exercise = Exercise(
        id="X1",
        kind="build",
        goal="Make a bridge.",
        checks=(HasLink("br0"),),
        hints=("`ip link set x netns 1`", "a", "b"),
        answer=(AddBridge("br0"),),
        others=(("ip addr add 10.0.0.1/24 broadcast + dev br0",),),
        wrong=tuple(WrongAnswer((), "there is no link br0") for _ in range(3)),
    )
    with Lab("glosses", engine="fake") as lab:
        card = Card(exercise, lab)
        part(card, "hint").click()
        assert meanings(part(card, "hints").value) == [(FIRST_PROCESS, "netns 1")]
        for _ in range(2):
            part(card, "solution").click()
        assert meanings(part(card, "told").value) == SAID
        card.close()


def test_the_player_says_it_in_the_lines_of_a_step() -> None:
    chapter = lesson("12")
    place = next(n for n, one in enumerate(chapter.steps) if "broadcast +" in one.typed)
    with Lab("glosses", engine="fake") as lab:
        player = Player(chapter, lab)
        player._done = [(0, 0)] * place
        player._show()
        assert set(meanings(part(player, "step").value)) == set(SAID)
        player.close()


def test_a_widget_says_it_in_german() -> None:
    code = (
        "from nslab.jupyter.widgets.line_words import typed\n"
        "print(typed('ip addr add 10.0.0.1/24 broadcast + dev x'))"
    )
    assert "die letzte Adresse des Subnetzes" in printed(code)
