"""How often the tools are run to read packet filter rules, and what is said if they fail."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from nslab.engine.agent.rtnl import rules
from nslab.errors import ToolMissing

CAPTURED = Path(__file__).parent / "captured"


class Tools:
    """What nft would print, and how often it was asked."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.generation, self.names = 7, [("inet", "f")]
        self.asked: list[str] = []
        self.missing = False
        monkeypatch.setattr(rules, "_generation", lambda asking: self.generation)
        monkeypatch.setattr(rules, "_tables", lambda asking: self.names)
        monkeypatch.setattr(rules, "_legacy_names", lambda name: "")

    def run(self, argv: Sequence[str]) -> tuple[int, str]:
        self.asked.append(" ".join(argv))
        if self.missing:
            raise ToolMissing("run", argv[0], "there is no such program on this machine", "")
        return 0, (CAPTURED / ("ruleset.json" if "-j" in argv else "ruleset.nft")).read_text()


@pytest.fixture
def tools(monkeypatch: pytest.MonkeyPatch) -> Tools:
    return Tools(monkeypatch)


def test_what_did_not_change_is_not_read_again(tools: Tools) -> None:
    reader = rules.Reader(tools.run)
    first = reader.read(1)
    assert first[0]
    assert tools.asked == ["nft -j list ruleset", "nft -s -a list ruleset"]
    assert reader.read(1) == first
    assert len(tools.asked) == 2
    tools.generation = 8
    assert reader.read(1) == first
    assert len(tools.asked) == 4
    reader.read(2)
    assert len(tools.asked) == 6, "another namespace has a generation of its own"
    reader.forget([2])
    reader.read(1)
    assert len(tools.asked) == 8, "a namespace that is gone is forgotten with its inode"


def test_a_namespace_without_tables_costs_no_program(tools: Tools) -> None:
    reader = rules.Reader(tools.run)
    tools.generation = 1
    assert reader.read(1) == rules.NOTHING
    tools.generation, tools.names = 5, [("inet", "nslab-why")]
    assert reader.read(1) == rules.NOTHING
    assert tools.asked == []


def test_the_filter_that_stands_for_a_card_is_hidden_outside_only(tools: Tools) -> None:
    reader = rules.Reader(tools.run)
    tools.names = [("netdev", "nic")]
    assert reader.read(1, world=True) == rules.NOTHING
    assert tools.asked == []
    assert reader.read(2)[0], "a table of that name on the host is the learner's"


def test_a_tool_that_is_not_there_is_said(tools: Tools) -> None:
    tools.missing = True
    found, unseen = rules.Reader(tools.run).read(1)
    assert not found
    assert unseen == ("packet filter rules: nft does not say them",)


def test_tables_of_a_module_that_is_not_loaded_are_asked_for_once_a_look(
    tools: Tools, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(rules, "_legacy_names", asked.append)  # None: there is no such file
    tools.generation = 1
    reader = rules.Reader(tools.run)
    reader.read(1)
    reader.read(2)
    assert sorted(asked) == ["ip6_tables_names", "ip_tables_names"]
    reader.forget([1, 2])
    reader.read(1)
    assert len(asked) == 4  # they may have been loaded
