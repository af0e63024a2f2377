"""What a user gives is no option of a program on its way, whatever it begins with."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from msgspec import structs
from test_actions import EVERY

from nslab import AddContainer, AddNamespace, Hops, InvalidInput, Lab, NslabError, Reaches, Resolves
from nslab.engine import labs, ssh
from nslab.engine.agent.packets import filters
from nslab.engine.protocol import SHELL, Command, Completed
from nslab.network.actions import Action

DASHES = ["-x", "-f", "--flood", "--", "-", "-w/tmp/x", "-oProxyCommand=id"]


class Noted:
    """An engine whose programs are only noted."""

    name = "noted"
    alive = True

    def __init__(self) -> None:
        self.ran: list[Command] = []
        self.inner = Lab(engine="fake").engine

    def run(self, command: Command, sink: object = None) -> Completed:
        self.ran.append(command)
        return Completed(returncode=0, timed_out=False)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)


@pytest.fixture
def noted() -> Iterator[tuple[Lab, Noted]]:
    with Lab(engine="fake") as lab:
        engine = Noted()
        lab._engine = engine  # type: ignore[assignment]
        yield lab, engine


CALLS: dict[str, Callable[[Lab, str], object]] = {
    "ping": lambda lab, word: lab.ping(None, word),
    "ping from": lambda lab, word: lab.ping(word, "10.0.0.1"),
    "arping": lambda lab, word: lab.arping(None, word),
    "arping from": lambda lab, word: lab.arping(word, "10.0.0.1"),
    "arping on": lambda lab, word: lab.arping(None, "10.0.0.1", on=word),
    "traceroute": lambda lab, word: lab.traceroute(None, word),
    "traceroute from": lambda lab, word: lab.traceroute(word, "10.0.0.1"),
    "http": lambda lab, word: lab.http(None, word),
    "http from": lambda lab, word: lab.http(word, "10.0.0.1"),
    "resolve": lambda lab, word: lab.resolve(None, word),
    "resolve from": lambda lab, word: lab.resolve(word, "a.example"),
    "resolve at": lambda lab, word: lab.resolve(None, "a.example", word),
    "sh in": lambda lab, word: lab.sh("true", word),
    "run in": lambda lab, word: lab.run("true", ns=word),
    "run in, in full": lambda lab, word: lab.run("true", ns=word, full=True),
    "why from": lambda lab, word: lab.why(word, "10.0.0.1"),
    "capture on": lambda lab, word: lab.capture(word),
    "capture in": lambda lab, word: lab.capture(f"{word}/eth0"),
    "send on": lambda lab, word: lab.send(b"x" * 60, word),
    "scapy on": lambda lab, word: lab.scapy(word),
    "Reaches": lambda lab, word: lab.check(Reaches(None, word)),
    "Reaches from": lambda lab, word: lab.check(Reaches(word, "10.0.0.1")),
    "Hops": lambda lab, word: lab.check(Hops(None, word, 1)),
    "Resolves": lambda lab, word: lab.check(Resolves(None, word)),
    "Lab": lambda lab, word: Lab(word, engine="fake"),
    "engine": lambda lab, word: Lab(engine=word),
    "needs": lambda lab, word: Lab(needs=[word]),
    "namespace": lambda lab, word: lab.do(AddNamespace(word)),
    "container": lambda lab, word: lab.do(AddContainer(word)),
    "ssh": lambda lab, word: ssh.target(word),
    "ssh user": lambda lab, word: ssh.target(f"{word}@host"),
    "ssh host": lambda lab, word: ssh.target(f"user@{word}"),
    "ssh engine": lambda lab, word: Lab(engine=f"ssh:{word}"),
    "enter": lambda lab, word: labs.enter(labs.Running("lab", 1, 0, 0.0), None, [word]),
    "enter a namespace": lambda lab, word: labs.enter(labs.Running("lab", 1, 0, 0.0), word),
}


@pytest.mark.parametrize("word", DASHES)
@pytest.mark.parametrize("call", CALLS)
def test_no_word_is_an_option(noted: tuple[Lab, Noted], call: str, word: str) -> None:
    lab, engine = noted
    with pytest.raises(NslabError):
        CALLS[call](lab, word)
    assert not engine.ran


@pytest.mark.parametrize("action", EVERY, ids=lambda action: type(action).__name__)
def test_no_field_of_an_action_is_an_option(action: Action) -> None:
    for field in structs.fields(action):
        value = getattr(action, field.name)
        if isinstance(value, str) and field.name != "value":  # a setting's follows its key and =
            for word in DASHES:
                with pytest.raises(InvalidInput):
                    structs.replace(action, **{field.name: word})


@pytest.mark.parametrize("text", [*DASHES, "-c true"])
def test_typed_lines_are_no_options_of_bash(text: str) -> None:
    with Lab(engine="fake") as lab:
        engine = Noted()
        lab._engine = engine  # type: ignore[assignment]
        lab.sh(text, echo=False)
        (command,) = engine.ran
        assert command.argv == (*SHELL, text)
        assert command.argv[-2] == "--"


@pytest.mark.parametrize("text", ["-w /tmp/owned", "-r /etc/shadow", "--version", "-z id"])
def test_a_filter_is_no_option_of_tcpdump(text: str) -> None:
    ran: list[tuple[str, ...]] = []

    def run(argv: tuple[str, ...]) -> tuple[int, str]:
        ran.append(argv)
        return 1, "tcpdump: can't parse filter expression: syntax error"

    with pytest.raises(InvalidInput, match="filter"):
        filters._compiled(text, run)
    assert ran[0][-2:] == ("--", text)


def test_the_other_machine_gets_words() -> None:
    line = ssh._on_path("", ["enter", "--lab=a; id", "--", "x y"])
    assert shlex.join(["enter", "--lab=a; id", "--", "x y"]) in line
