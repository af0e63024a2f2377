"""Measuring without a lab: in turn, medians and spreads, what is asserted, the chart."""

from __future__ import annotations

import io
import xml.etree.ElementTree as ET
from itertools import pairwise
from typing import Any

import pytest
from msgspec import structs

from nslab.course import measure
from nslab.course.measure import chart, load, progress, runs
from nslab.course.measure.crowd import COUNTS, FloodResult, _row
from nslab.course.measure.result import Result
from nslab.draw.scene.metrics import width
from nslab.errors import Interrupted, NslabError
from nslab.jupyter import progress as bar_module
from nslab.session import views
from nslab.session.lab import Lab

SPEED = Result(
    title="Speed",
    unit="Gbit/s",
    better="more",
    limit=100,
    base="a",
    samples={"a": (10.0, 20.0, 12.0), "b": (5.0, 20.0, 3.0)},
)
FLOODED = FloodResult(
    title="Time",
    unit="µs",
    better="less",
    limit=0.05,
    base=_row(0),
    compare="difference",
    samples={"known address, 1 copy": (3.5,)} | {_row(k): (3 + k / 2,) for k in COUNTS},
    heard={"known address, 1 copy": (1, 1)} | {_row(k): (k, k) for k in COUNTS},
)


# -- in turn -----------------------------------------------------------------------------------


def test_every_repeat_goes_through_all() -> None:
    order: list[str] = []

    def sample(name: str) -> dict[str, float]:
        order.append(name)
        return {"x": float(len(order))}

    measured = runs.in_turn("x", ("b", "a"), sample, repeats=3)
    assert order == ["b", "a"] * 3
    assert measured.of("x") == {"b": (1.0, 3.0, 5.0), "a": (2.0, 4.0, 6.0)}
    assert not measured.stopped


def stopping(after: int) -> Any:
    """A sample that is interrupted, as by the stop button, when so many have been taken."""
    taken: list[str] = []

    def sample(name: str) -> dict[str, float]:
        if len(taken) == after:
            raise KeyboardInterrupt
        taken.append(name)
        return {"x": float(len(taken))}

    return sample


def test_the_stop_button_leaves_the_whole_repeats() -> None:
    measured = runs.in_turn("x", ("a", "b"), stopping(5), repeats=9)
    assert measured.of("x") == {"a": (1.0, 3.0), "b": (2.0, 4.0)}
    assert measured.stopped
    with pytest.raises(Interrupted, match="before each was measured once"):
        runs.in_turn("x", ("a", "b"), stopping(1), repeats=9)


def test_an_environment_variable_makes_it_short(monkeypatch: pytest.MonkeyPatch) -> None:
    def effort(*asked: Any) -> runs.Effort:
        repeats, seconds = asked or (None, None)
        return runs.effort(repeats, seconds, full=(9, 0.4), quick=(2, 0.1))

    monkeypatch.delenv(runs.QUICK, raising=False)
    assert effort() == runs.Effort(9, 0.4)
    monkeypatch.setenv(runs.QUICK, "0")
    assert effort() == runs.Effort(9, 0.4)
    monkeypatch.setenv(runs.QUICK, "1")
    assert effort() == runs.Effort(2, 0.1)
    assert effort(3, 1.0) == runs.Effort(3, 1.0)


def test_the_median_of_many_ignores_a_few() -> None:
    assert load._median([5.0, 1.0, 900.0, 2.0, 3.0]) == 3.0


# -- the values --------------------------------------------------------------------------------


def test_medians_spreads_and_comparisons() -> None:
    assert SPEED.repeats == 3
    assert SPEED.median("a") == 12
    assert SPEED.spread("b") == (3, 20)
    assert SPEED.quartiles("a") == (11, 16)
    # Within the repeats: 0.5, 1 and 0.25; not the quotient of the medians.
    assert SPEED.against("b") == 0.5
    assert SPEED.comparison("a") == "base"
    differs = structs.replace(SPEED, compare="difference")
    assert differs.against("b") == -5
    once = structs.replace(SPEED, samples={"a": (1.0,), "b": (2.0,)})
    assert once.quartiles("a") == (1, 1)
    assert "measured once" in str(once)
    assert once.comparison("b") == "no clear difference", "how far repeats lie apart is not known"


@pytest.mark.parametrize(
    ("samples", "ratio", "difference"),
    [
        # As exact as the repeats agree: their middle halves span 0.375 and 4.5.
        ((5.0, 20.0, 3.0), "×0.5", "−5"),
        ((5.0, 10.1, 6.1), "×0.51", "−6"),
        ((20.0, 40.0, 24.0), "×2.00", "+12"),
        # The repeats lie further apart than the two, or there is nothing between them.
        ((12.0, 10.0, 13.0), "no clear difference", "no clear difference"),
        ((10.0, 20.0, 12.001), "no clear difference", "no clear difference"),
    ],
)
def test_a_comparison_is_as_exact_as_it_is_clear(
    samples: tuple[float, ...], ratio: str, difference: str
) -> None:
    found = structs.replace(SPEED, samples=SPEED.samples | {"b": samples})
    assert found.comparison("b") == ratio
    assert structs.replace(found, compare="difference").comparison("b") == difference
    said = "No clear difference: the repeats" in str(found)
    assert said is (ratio == "no clear difference"), "it is explained where it is said"


def test_a_comparison_does_not_contradict_the_medians_beside_it() -> None:
    """Within each repeat it may be otherwise than between the medians of all."""
    samples = {"a": (1.0, 2.0, 10.0, 11.0, 12.0), "b": (2.0, 3.0, 9.0, 12.0, 13.0)}
    odd = structs.replace(SPEED, samples=samples, compare="difference")
    assert odd.against("b") == 1
    assert odd.median("b") < odd.median("a")
    assert odd.comparison("b") == "no clear difference"


def test_figures_are_as_exact_as_the_samples_of_most_agree() -> None:
    wide = structs.replace(SPEED, samples={"a": (2.7, 4.44, 4.79), "b": (3.05, 3.22, 5.42)})
    assert [line.split()[1] for line in str(wide).splitlines()[2:4]] == ["4.4", "3.2"]
    close = structs.replace(SPEED, samples={"a": (4.43, 4.44, 4.46), "b": (3.21, 3.22, 3.22)})
    assert [line.split()[1] for line in str(close).splitlines()[2:4]] == ["4.44", "3.22"]


def test_the_points_of_a_column_stand_below_each_other() -> None:
    """Whatever each row could say by itself: 9.45 and 10.4, +11 and +2.4 are hard to compare."""
    table = structs.replace(
        SPEED,
        samples={
            "a": (9.44, 9.45, 9.46),
            "b": (10.43, 10.45, 10.44),
            "c": (111.2, 111.25, 113.3),
            "d": (9.5, 9.51, 9.52),
        },
        compare="difference",
    )
    rows = [line.split() for line in str(table).splitlines()[2:6]]
    assert [row[1:] for row in rows] == [
        ["9.45", "9.44", "9.46", "base"],
        ["10.44", "10.43", "10.45", "+0.99"],
        ["111.25", "111.20", "113.30", "+101.80"],
        ["9.51", "9.50", "9.52", "+0.06"],
    ]


def test_a_small_clear_difference_is_not_rounded_away() -> None:
    """Where most rows are no more exact than whole numbers."""
    samples = {
        "a": (10.0, 11, 12),
        "b": (20.0, 29, 30),
        "c": (50.0, 59, 60),
        "d": (10.3, 11.3, 12.3),
    }
    table = structs.replace(SPEED, samples=samples, compare="difference")
    assert [table.comparison(name) for name in "bcd"] == ["+18.0", "+48.0", "+0.3"]


def test_what_is_asserted_says_no_figure_and_no_order() -> None:
    verdicts = SPEED.check()
    assert verdicts
    faster = structs.replace(SPEED, samples={"b": (90.0, 99.0), "a": (0.02, 0.03)})
    assert str(faster.check()) == str(verdicts)


def test_a_busy_machine_may_be_slow_without_end() -> None:
    crawls = structs.replace(SPEED, samples={"a": (1e-9, 1e-9), "b": (1e-9, 1e-9)})
    assert crawls.check()
    waits = structs.replace(
        SPEED, better="less", limit=0.5, samples={"a": (1e9, 1e9), "b": (0.5, 1e9)}
    )
    assert waits.check()
    assert not structs.replace(waits, samples={"a": (0.4,), "b": (1.0,)}).check()


@pytest.mark.parametrize(
    ("samples", "words"),
    [
        ({"a": (10.0, 0.0), "b": (1.0, 1.0)}, "not above 0 and at most 100 Gbit/s: a: 0"),
        ({"a": (10.0, 1.0), "b": (1.0, 101.0)}, "b: 101"),
        ({"a": (10.0,), "b": (1.0, 1.0)}, "all 2 were not measured equally often"),
    ],
)
def test_what_cannot_be_fails(samples: dict[str, tuple[float, ...]], words: str) -> None:
    verdicts = structs.replace(SPEED, samples=samples).check()
    assert not verdicts
    assert words in str(verdicts)


def test_who_heard_the_flood_is_asserted_exactly() -> None:
    assert FLOODED.check()
    assert FLOODED.per_bystander == 0.5
    assert "Each bystander adds 0.50 µs" in str(FLOODED)
    assert "40 of 40 bystanders" in str(FLOODED.check())
    for row, heard in ((_row(0), (0, 1)), (_row(20), (19, 20)), ("known address, 1 copy", (2, 2))):
        wrong = structs.replace(FLOODED, heard=FLOODED.heard | {row: heard})
        (failed,) = [verdict for verdict in wrong.check() if not verdict]
        assert row in failed.message
        assert failed.hint
    assert not structs.replace(FLOODED, heard={}).check()


def test_the_ways_are_whole() -> None:
    titles = [way.title for way in measure.WAYS]
    assert titles == ["direct veth", "bridge", "bridge + route", "bridge + NAT", "macvlan"]
    assert [way.routers for way in measure.WAYS] == [0, 0, 1, 1, 0]
    with Lab(engine="fake", start=measure.crowd(3)) as lab:
        ports = [link for link in lab.snapshot().host.links if link.master == "flat"]
        assert len(ports) == 4


def test_every_published_figure_has_its_source() -> None:
    table = measure.published()
    assert len(table.figures) >= 5
    for one in table.figures:
        assert all((one.says, one.setting, one.by, one.title, one.year, one.where))
        assert one.source in str(table)
    bundle = table._repr_mimebundle_()
    assert bundle["text/plain"] == str(table)
    assert bundle["text/html"].count("<tr") == len(table.figures) + 1
    assert "sells a product" in bundle["text/html"]


# -- the chart ---------------------------------------------------------------------------------


def test_a_chart_is_the_same_each_time_and_well_formed() -> None:
    bundle = SPEED._repr_mimebundle_()
    again = structs.replace(SPEED)._repr_mimebundle_()
    assert bundle == again
    root = ET.fromstring(bundle["text/html"])
    texts = [node.text for node in root.iter("{http://www.w3.org/2000/svg}text")]
    assert {"a", "b", "×0.5", "median", "ratio", "middle half", SPEED.heading} <= set(texts)
    assert "currentColor" in bundle["text/html"]
    assert "min-width:521px" in bundle["text/html"], "it fits at a zoom of 200 %"
    assert "overflow-x:auto" in bundle["text/html"], "in a narrower cell it is moved"
    assert bundle["text/plain"].splitlines()[0] == "Speed, Gbit/s (more is better)"


def test_marks_lie_on_the_scale() -> None:
    """From the lowest to the highest, inside of it, and the median where it belongs."""
    svg = "{http://www.w3.org/2000/svg}"
    root = ET.fromstring(SPEED.svg)
    first, second, key = [float(node.get("cx", "")) for node in root.iter(f"{svg}circle")]
    scale = {
        node.text: float(node.get("x", ""))
        for node in root.iter(f"{svg}text")
        if (node.text or "").isdigit()
    }
    share = (first - scale["0"]) / (scale["20"] - scale["0"])
    assert share == pytest.approx(12 / 20, abs=0.01)
    assert key < second < first


def test_what_stands_in_a_row_of_a_chart_has_room_there() -> None:
    many = structs.replace(
        SPEED, samples={"a": (170_000.0, 180_000.0), "b": (160_000.0, 190_000.0)}
    )
    svg = "{http://www.w3.org/2000/svg}"
    found: dict[float, list[tuple[float, float]]] = {}
    for node in ET.fromstring(many.svg).iter(f"{svg}text"):
        if "middle" in (node.get("style") or ""):
            x, half = float(node.get("x", "")), width(node.text or "", 13) / 2
            found.setdefault(float(node.get("y", "")), []).append((x - half, x + half))
    for row in found.values():
        for (_, end), (begin, _) in pairwise(sorted(row)):
            assert begin - end > 4
    words = [node for node in ET.fromstring(many.svg).iter(f"{svg}text") if node.text]
    (unclear,) = (node for node in words if node.text == "no clear difference")
    ends = [float(node.get("x", "")) for node in words if node.get("y") == unclear.get("y")]
    assert sorted(ends)[-1] - width("no clear difference", 13) - sorted(ends)[-2] > 10
    below = [width(words, 12) for words in chart._broken("a sentence, and more; " * 20)]
    assert max(below) <= chart.WIDTH


def test_names_are_escaped() -> None:
    odd = structs.replace(SPEED, base="", samples={"<b> & co": (1.0, 2.0)})
    ET.fromstring(odd.svg)
    assert "<b> &" not in odd.svg


def test_nothing_measured_is_said() -> None:
    empty = structs.replace(SPEED, samples={})
    assert "nothing was measured" in empty.svg
    assert not structs.replace(SPEED, samples={"a": (), "b": ()}).check()


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (0, "0"),
        (0.4831, "0.483"),
        (4.7, "4.70"),
        (15.96, "16.0"),
        (201, "201"),
        (184_210.0, "184,000"),
    ],
)
def test_three_figures(value: float, words: str) -> None:
    assert chart.figure(value) == words


@pytest.mark.parametrize("highest", [0.03, 0.7, 1, 6.4, 19.8, 213, 99_999])
@pytest.mark.parametrize("share", [0, 0.4, 0.6, 0.9, 0.99, 1])
def test_scales(share: float, highest: float) -> None:
    lowest = share * highest
    scale = chart.ticks(lowest, highest)
    assert scale[0] <= lowest
    assert scale[-1] >= highest > scale[-2]
    assert 2 <= len(scale) <= 8
    assert (scale[0] == 0) is (share < 0.5 or share == 1)
    if 0.5 < share < 1:
        assert (highest - lowest) / (scale[-1] - scale[0]) > 0.4, "what differs is seen to differ"


def test_a_scale_that_does_not_begin_at_zero_says_so() -> None:
    words = "The scale does not begin at 0."
    assert words not in SPEED.svg
    assert words in structs.replace(SPEED, samples={"a": (9.0, 9.5), "b": (10.0, 11.0)}).svg


# -- how far it is -----------------------------------------------------------------------------


def test_in_a_terminal_one_line_tells_how_far_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    monkeypatch.setattr(views, "notebook", lambda: None)
    with progress.Progress("round trips", 2) as shown:
        for name in ("a", "b"):
            shown.now(name)
            shown.done()
    printed = terminal.getvalue()
    assert "[....................] round trips: 1 of 2, a" in printed
    assert "[##########..........] round trips: 2 of 2, b" in printed
    assert printed.endswith("round trips: 2 measurements in 0 s\n")
    assert printed.count("\n") == 1


def test_elsewhere_nothing_is_printed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(views, "notebook", lambda: None)
    with progress.Progress("x", 1) as shown:
        shown.now("a")
    assert capsys.readouterr() == ("", "")


def test_in_a_notebook_one_output_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[tuple[str, dict[str, str]]] = []

    class Handle:
        def update(self, data: dict[str, str], raw: bool) -> None:
            shown.append(("update", data))

    def display(data: dict[str, str], raw: bool, display_id: bool) -> Handle:
        shown.append(("new", data))
        return Handle()

    monkeypatch.setattr(bar_module, "display", display)
    monkeypatch.setattr(views, "notebook", object)
    with progress.Progress("x & y", 4) as bar:
        bar.now("a")
        bar.done()
        bar.now("b")
    assert [kind for kind, _ in shown] == ["new", "update", "update"]
    assert "width:25%" in shown[1][1]["text/html"]
    assert "x &amp; y" in shown[1][1]["text/html"]
    assert "width" not in shown[2][1]["text/html"]
    assert shown[2][1]["text/plain"].startswith("x & y: 1 measurements in")


def test_a_failure_says_how_far_it_came(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr(progress, "shown", lambda: lambda text, share: said.append(text))

    def sample(name: str) -> dict[str, float]:
        raise NslabError("measure", name, "it is gone")

    with pytest.raises(NslabError, match="it is gone"):
        runs.in_turn("x", ("a",), sample, repeats=1)
    assert said[-1].startswith("x: stopped after 0 measurements")
