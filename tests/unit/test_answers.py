"""What is said of an exercise below the cell that answered it, on a lab in memory."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from handles import part
from msgspec import structs
from test_card import build as card_build
from test_card import predict
from waiting import until

from nslab import AddBridge, Exercise, HasLink, InvalidInput, Lab, MustNot, SetUp, State, lesson
from nslab.jupyter import answers, magics
from nslab.jupyter.headless import Silent
from nslab.jupyter.widgets.card import Card
from nslab.session.outcome import CommandResult, Failure

number = itertools.count(1)


def build(**fields: Any) -> Exercise:
    """An exercise that no test has begun, here or among the cards' own."""
    return card_build(goal=f"Make a bridge, for the {next(number)}th time in a cell.", **fields)


class Page:
    """A notebook's kernel, as far as cells that are answers need it."""

    def __init__(self) -> None:
        self.tags: list[str] = []
        self.names: dict[str, Any] = {}
        self.shown: list[Any] = []
        self.updates: list[str] = []
        parent = lambda: {"metadata": {"tags": self.tags}}  # noqa: E731
        self.answers = answers.Answers(
            SimpleNamespace(kernel=SimpleNamespace(get_parent=parent), user_ns=self.names)
        )
        self._opened: list[Any] = []

    def display(self, what: Any, **_: Any) -> Any:
        self.shown.append(what)
        return SimpleNamespace(update=lambda one: self.updates.append(repr(one)))

    def deal(self, exercise: Exercise) -> tuple[Card, Lab]:
        lab = exercise.start(engine="fake")
        card = Card(exercise, lab, "fake")
        self._opened += [card, lab]
        return card, lab

    def cell(self, *jobs: Any, typed: Lab | None = None, text: str = "") -> list[str]:
        """Run a cell that does these things; what was shown below it."""
        self.shown.clear()
        self.answers.begin(SimpleNamespace(raw_cell=text))
        for job in jobs:
            job()
        if typed is not None:
            self.answers.typed(typed)
        self.answers.end()
        return [repr(one) for one in self.shown]

    def close(self) -> None:
        for one in self._opened:
            one.close()


@pytest.fixture
def page(monkeypatch: pytest.MonkeyPatch) -> Iterator[Page]:
    made = Page()
    monkeypatch.setattr(answers, "display", made.display)
    yield made
    made.close()


def test_the_verdict_is_below_the_cell(page: Page) -> None:
    card, lab = page.deal(build())
    assert page.cell(lambda: lab.do(AddBridge("br0"))) == [
        "✘ Exercise X1: 1 of 2 met\n  ✘ a link br1"
    ]
    assert page.cell(lambda: lab.do(AddBridge("br1"))) == ["✔ Exercise X1 done"]
    assert "✔ Exercise X1 done" in page.shown[0]._repr_mimebundle_()["text/plain"]
    until(lambda: "tries: 2" in part(card, "foot").value)


def test_each_try_is_counted_once(page: Page) -> None:
    one = build()
    _, lab = page.deal(one)
    page.cell(lambda: lab.do(AddBridge("br0")))
    assert one.attempt.tries == 1
    said = page.cell(typed=lab)  # such as ip link: no try, but how it stands
    assert said == ["✘ Exercise X1: 1 of 2 met\n  ✘ a link br1"]
    assert len(page.cell(lambda: lab.do(SetUp("br0")), typed=lab)) == 1, "and once"
    assert one.attempt.tries == 2
    page.cell(typed=lab)
    assert one.attempt.tries == 2


def test_what_must_not_be_is_said_too(page: Page) -> None:
    checks = (HasLink("br0"),)
    beside = (MustNot(State("br0", "up"), "br0 is up too early"),)
    _, lab = page.deal(build(checks=checks, mustnot=beside))
    said = page.cell(lambda: lab.do(AddBridge("br0"), SetUp("br0")))
    assert said == [
        "✘ Exercise X1: 1 of 1 met, but something else is wrong\n  ✘ br0 is up too early"
    ]


def test_many_points_are_cut_short(page: Page) -> None:
    _, lab = page.deal(build(checks=tuple(HasLink(f"br{n}") for n in range(6))))
    [said] = page.cell(lambda: lab.do(AddBridge("br9")))
    assert said.splitlines()[0] == "✘ Exercise X1: 0 of 6 met"
    assert said.splitlines()[-1] == "  ☐ and 3 more: see its card"
    assert len(said.splitlines()) == 5


def test_what_is_wrong_beside_the_task_is_never_cut_off(page: Page) -> None:
    """A bridge of another name: that it is there says more than each thing that it lacks."""
    checks = tuple(HasLink(f"lxcbr{n}") for n in range(3))
    _, lab = page.deal(build(checks=checks, only=("host/lxcbr0",)))
    [said] = page.cell(lambda: lab.do(AddBridge("br1")))
    assert "br1" in said.splitlines()[1]
    assert said.splitlines() == [
        "✘ Exercise X1: 0 of 3 met, and something else is wrong",
        said.splitlines()[1],
        "  ✘ a link lxcbr0",
        "  ✘ a link lxcbr1",
        "  ☐ and 1 more: see its card",
    ]


def test_a_prediction_is_explained(page: Page) -> None:
    goal = f"Guess, for the {next(number)}th time in a cell."
    one = structs.replace(predict(), goal=goal, because="a new link is *down*")
    _, lab = page.deal(one)
    one.choose("a")
    [said] = page.cell(lambda: lab.do(AddBridge("br0")))
    assert "you chose a, but" in said
    assert said.splitlines()[-1] == "  a new link is down"


def test_other_cells_say_nothing(page: Page) -> None:
    page.deal(build())
    assert page.cell() == []
    with Lab(engine="fake") as other:
        assert page.cell(lambda: other.do(AddBridge("br0")), typed=other) == []
    assert page.cell(lambda: page.deal(build())) == [], "a card that was just made"


def test_an_older_card_and_a_closed_lab_say_nothing(page: Page) -> None:
    one = build()
    _, lab = page.deal(one)
    newer = Card(one, lab, "fake")
    assert len(page.cell(lambda: lab.do(AddBridge("br0")))) == 1, "the newer one does"
    newer.close()
    assert page.cell(lambda: lab.close()) == []


def test_what_comes_to_be_met_later_is_said_in_the_same_place(page: Page) -> None:
    _, lab = page.deal(build())
    page.cell(lambda: lab.do(AddBridge("br0")))
    page.answers.begin()
    lab.do(AddBridge("br1"))  # in the background, as after a cell that has started something
    until(lambda: page.updates == ["✔ Exercise X1 done"])


def test_what_another_cell_showed_stays(page: Page) -> None:
    card, lab = page.deal(build())
    page.cell(lambda: lab.do(AddBridge("br0")))
    page.cell(lambda: lab.do(AddBridge("br1")))
    until(lambda: "Solved" in part(card, "says").value)
    assert page.updates == []


# -- where the page sends a cell's tags ---------------------------------------------------------


def named(name: str) -> Exercise:
    lesson, _, ident = name.rpartition("-")
    return structs.replace(build(id=ident), lesson=lesson)


def test_an_answer_goes_into_the_lab_of_its_exercise(
    page: Page, capsys: pytest.CaptureFixture[str]
) -> None:
    _, lab = page.deal(named("made-up-X1"))
    _, other = page.deal(named("made-up-X2"))
    page.tags = ["exercise:made-up-X1"]
    assert page.answers.lab(other) is lab
    assert "typed into the lab of this exercise, made-up-X1" in capsys.readouterr().out
    assert page.answers.lab(lab) is lab
    assert capsys.readouterr().out == ""
    page.tags = []
    assert page.answers.lab(other) is None


def test_an_answer_whose_card_has_not_run_is_told_so(page: Page) -> None:
    page.deal(named("made-up-X2"))
    page.tags = ["exercise:made-up-X1"]
    with pytest.raises(InvalidInput) as error:
        page.answers.lab(None)
    assert "Run All Above Selected Cell, then this cell again" in str(error.value)
    assert "tries and hints are kept" in str(error.value)
    page.names["lesson"] = lesson("02")
    with pytest.raises(InvalidInput, match="run the cell with its card"):
        page.answers.lab(None)


def test_python_that_works_elsewhere_is_told(
    page: Page, capsys: pytest.CaptureFixture[str]
) -> None:
    page.deal(named("made-up-X1"))
    page.tags = ["exercise:made-up-X1"]
    with Lab("elsewhere", engine="fake") as other:
        page.cell(lambda: other.do(AddBridge("br0")))
    words = 'that was done in the lab elsewhere; made-up-X1\'s own is lesson["X1"].lab'
    assert words in capsys.readouterr().out


def test_python_that_asks_another_lab_is_told(
    page: Page, capsys: pytest.CaptureFixture[str]
) -> None:
    _, own = page.deal(named("made-up-X1"))
    words = '; made-up-X1\'s own is lesson["X1"].lab'
    with Lab("elsewhere", engine="fake") as other:
        page.names.update(lab=other, mine=own, n=1)
        page.cell(text='lab.why("ns1", "ns2")')
        assert words not in capsys.readouterr().out, "that cell is no answer"
        page.tags = ["exercise:made-up-X1"]
        page.cell(text='lab.why("ns1", "ns2")')
        assert f"`lab` is the lab elsewhere{words}" in capsys.readouterr().out
        page.cell(lambda: other.do(AddBridge("br0")), text='lab.do(AddBridge("br0"))')
        assert capsys.readouterr().out.count(words) == 1, "it is told once"
        for right in ('mine.why("ns1", "ns2")', "n + 1", "%%host\nlab", "lab.diff(mine)"):
            page.cell(text=right)
            assert capsys.readouterr().out == "", right


# -- marking ------------------------------------------------------------------------------------


def test_the_shell_that_marks_has_none_of_it() -> None:
    shell = Silent()
    magics.load_ipython_extension(shell)
    assert magics._MAGICS[shell]._answers is None
    for event in ("pre_run_cell", "post_run_cell"):
        calls = shell.events.callbacks[event]
        assert not any(isinstance(getattr(call, "__self__", 0), answers.Answers) for call in calls)


def test_an_empty_answer_says_what_to_write(page: Page, capsys: pytest.CaptureFixture[str]) -> None:
    _, lab = page.deal(build())
    typed = magics.Magics(page.names, page.answers)
    typed.use(lab)
    for tags in ([], ["exercise:02-bridge-X2"]):
        page.tags[:] = tags
        typed.host("", "# your commands\n")
        assert ("write your commands below %%host" in capsys.readouterr().out) == bool(tags)
    assert not lab.steps


def test_what_failed_is_told_before_the_verdict(
    page: Page, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, lab = page.deal(build())
    changes = lab.do(AddBridge("br0")).changes
    typed = magics.Magics(page.names, page.answers)
    shown: list[str] = []
    monkeypatch.setattr(magics, "display", lambda one: shown.append(repr(one._heading())))
    monkeypatch.setattr(page.answers, "typed", lambda _: shown.append("verdict"))
    failure = Failure(1, 2, "ip link set br9 up")
    for changed, picture in ((changes, ["''"]), (None, [])):
        shown.clear()
        typed._show(CommandResult(0, "", "", (failure,), changed), None, lab)
        assert shown == ["verdict", *picture], "and the picture does not say it again"
        assert "✘ line 2 ended with 1: ip link set br9 up" in capsys.readouterr().err


def test_an_empty_cell_is_answered_in_one_line_and_makes_no_lab(page: Page, capsys: Any) -> None:
    """Neither is anything typed into a lab, nor does its card say how it stands."""
    _, lab = page.deal(build())
    names: dict[str, Any] = {}
    shown = magics.Magics(names, page.answers)
    for line, cell in (("", "#\n"), ("-l other", "#\n"), ("", "# a remark\n")):
        assert page.cell(lambda line=line, cell=cell: shown.host(line, cell)) == []
    assert capsys.readouterr().out.splitlines() == [
        "nslab: type the lines for the lab below %%host",
        "nslab: type the lines for the lab below %%host -l other",
    ]
    page.tags = ["exercise:word-X1"]
    shown.ns("ns1", "#\n")
    (said,) = capsys.readouterr().out.splitlines()
    assert "nothing to run yet" in said
    assert names == {}
    assert not lab.steps
