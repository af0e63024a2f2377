"""Signs in command lines that mean nothing to a learner say what they mean, where lines stand."""

from __future__ import annotations

import re

from nslab.explain.diagnose.explanation import Explanation, Obstacle, worded
from nslab.network.glosses import BROADCAST, FIRST_PROCESS, glossed
from nslab.sentence import lines, sentence
from nslab.session.account import Entry, _row


def meanings(page: str) -> list[tuple[str, str]]:
    return re.findall(r'<abbr title="([^"]*)">([^<]*)</abbr>', page)


def test_a_sign_says_what_it_means() -> None:
    page = glossed('ip addr add 10.0.0.1/24 broadcast + dev "x"\nip -n ns1 link set x netns 1')
    assert meanings(page) == [(BROADCAST, "broadcast +"), (FIRST_PROCESS, "netns 1")]
    assert re.sub("<[^>]*>", "", page).startswith("ip addr add 10.0.0.1/24 broadcast + dev &quot;")


def test_what_only_looks_like_it_stays_as_it_is() -> None:
    for text in ("ip link set x netns 1234", "ip link set x netns ns1", "broadcast +1", "a < b"):
        assert "<" not in glossed(text)


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
