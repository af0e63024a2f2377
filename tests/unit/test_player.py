"""The step player without a browser, on a lab in memory."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from handles import button, buttons, idle, part, press
from msgspec import structs
from waiting import until

from nslab import AddBridge, Lab, Lesson, lesson
from nslab.jupyter.widgets.page import only_saved
from nslab.jupyter.widgets.player import Player, Progress
from nslab.session.check import HasLink


def by_actions(found: Lesson) -> Lesson:
    """A lesson that the model can play: it has no shell and no pings."""
    steps = [
        structs.replace(
            step, lines=(), checks=tuple(c for c in step.checks if "ask" not in vars(type(c)))
        )
        for step in found.steps
    ]
    return structs.replace(found, steps=tuple(steps))


@pytest.fixture
def chapter() -> Lesson:
    return by_actions(lesson("04"))


@pytest.fixture
def lab(chapter: Lesson) -> Iterator[Lab]:
    with chapter.lab(engine="fake") as made:
        yield made


@pytest.fixture
def progress(tmp_path: Path) -> Progress:
    return Progress(tmp_path / "deep" / "progress.json")


@pytest.fixture
def player(chapter: Lesson, lab: Lab, progress: Progress) -> Iterator[Player]:
    made = Player(chapter, lab, progress)
    yield made
    made.close()


def test_a_step_is_shown_run_and_checked(lab: Lab, player: Player, chapter: Lesson) -> None:
    assert "step 1 of 6" in part(player, "step").value
    assert chapter.steps[0].title in part(player, "step").value
    assert "Guess first." in part(player, "step").value
    press(player, "run")
    assert player.position == 1
    assert part(player, "result").value.count("✔") == len(chapter.steps[0].checks)
    assert "step 2 of 6" in part(player, "step").value
    assert any(link.name == "lxcbr0.1" for link in lab.snapshot().host.links)


def test_all_then_back_to_the_beginning(lab: Lab, player: Player, chapter: Lesson) -> None:
    start = lab.snapshot().canonical()
    press(player, "all")
    assert player.step is None
    assert "All steps are done" in part(player, "step").value
    assert part(player, "run").disabled
    with Lab(engine="fake", start=chapter.state_after()) as other:
        assert lab.snapshot().canonical() == other.snapshot().canonical()
    while player.position:
        press(player, "back")
    assert part(player, "back").disabled
    assert lab.snapshot().canonical() == start
    press(player, "all")
    press(player, "reset")
    assert player.position == 0
    assert lab.snapshot().canonical() == start


def test_it_stops_where_a_check_fails(lab: Lab, chapter: Lesson, progress: Progress) -> None:
    broken = structs.replace(chapter.steps[1], checks=(HasLink("nothing"),))
    other = structs.replace(chapter, steps=(chapter.steps[0], broken, *chapter.steps[2:]))
    player = Player(other, lab, progress)
    press(player, "all")
    assert player.position == 2
    assert "there is no link nothing" in part(player, "result").value
    player.close()


def test_after_a_restart_it_resumes(chapter: Lesson, progress: Progress) -> None:
    with chapter.lab(engine="fake") as first:
        player = Player(chapter, first, progress)
        for _ in range(3):
            press(player, "run")
        before = first.snapshot().canonical()
        player.close()
    with chapter.lab(engine="fake") as second:
        player = Player(chapter, second, progress)
        assert player.position == 0
        resume = button(player, "Resume at step 4")
        resume.click()
        until(lambda: idle(player))
        assert player.position == 3
        assert second.snapshot().canonical() == before
        assert resume.layout.display == "none"
        player.close()


@pytest.mark.parametrize(("done", "offered"), [(0, []), (1, [2]), (5, [6]), (6, [])])
def test_what_can_be_resumed(
    chapter: Lesson, progress: Progress, done: int, offered: list[int]
) -> None:
    progress.keep(chapter.name, done)
    with chapter.lab(engine="fake") as lab:
        player = Player(chapter, lab, progress)
        words = [each.description for each in buttons(player)]
        assert [word for word in words if "Resume" in word] == [
            f"Resume at step {number}" for number in offered
        ]
        player.close()


def test_progress_that_cannot_be_kept_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    broken = Progress(tmp_path / "file" / "progress.json")
    broken.keep("04-cables", 3)
    assert broken.of("04-cables") == 0
    strange = tmp_path / "strange.json"
    strange.write_text("[1, 2")
    assert Progress(strange).of("04-cables") == 0
    strange.write_text('{"04-cables": "many"}')
    assert Progress(strange).of("04-cables") == 0


def test_the_lab_ends_under_it(
    lab: Lab, player: Player, capsys: pytest.CaptureFixture[str]
) -> None:
    lab.close()
    part(player, "run").click()
    until(lambda: "✘" in part(player, "result").value)
    until(lambda: "closed" in part(player, "result").value)
    assert capsys.readouterr() == ("", "")


def test_saved_it_is_a_picture(player: Player) -> None:
    bundle = player._repr_mimebundle_()
    data = bundle[0] if isinstance(bundle, tuple) else bundle
    assert data["text/plain"].startswith("The veth pair: lab.do(AddVeth(")
    assert "<svg" in data["text/html"]


def test_a_stop_ends_it_after_the_step_that_runs(player: Player, lab: Lab) -> None:
    assert part(player, "stop").disabled
    part(player, "result").observe(lambda _: part(player, "stop").click(), names="value")
    part(player, "all").click()
    until(lambda: player.position == 1 and idle(player))
    until(lambda: not part(player, "run").disabled)
    until(lambda: part(player, "stop").disabled)
    assert player.position == 1
    part(player, "result").unobserve_all()
    part(player, "all").click()
    until(lambda: player.step is None and idle(player))
    until(lambda: part(player, "run").disabled)


def test_a_stop_ends_the_command_of_a_step(
    player: Player, chapter: Lesson, lab: Lab, progress: Progress
) -> None:
    long = structs.replace(chapter.steps[0], lines=("sleep 60",))
    other = Player(structs.replace(chapter, steps=(long, *chapter.steps[1:])), lab, progress)
    part(other, "all").click()
    until(lambda: "running" in part(other, "result").value)
    part(other, "stop").click()
    until(lambda: "you stopped it" in part(other, "result").value)
    until(lambda: idle(other) and part(other, "stop").disabled)
    assert other.position == 1
    press(other, "back")
    assert other.position == 0
    other.close()


def test_what_is_taken_back_elsewhere_is_to_be_done_again(player: Player, lab: Lab) -> None:
    press(player, "run")
    press(player, "run")
    lab.undo()
    assert player.position == 1
    lab.do(AddBridge("elsewhere"))
    press(player, "back")
    assert player.position == 0
    assert lab.steps == (), "and what was done since went with it"
    press(player, "run")
    lab.reset()
    assert player.position == 0


def test_any_step_can_be_gone_to_and_results_are_kept(
    lab: Lab, player: Player, chapter: Lesson
) -> None:
    start = lab.snapshot().canonical()
    player._page.gesture = {"goto": 3, "number": 1}
    until(lambda: idle(player) and player.position == 3)
    assert part(player, "story").value.count("<details") == 3
    assert part(player, "list").value.count("✔") == 3
    # Each tick once: those of the last step stand above the picture.
    ticks = part(player, "result").value + part(player, "story").value
    assert ticks.count("✔") == sum(len(step.checks) for step in chapter.steps[:3])
    assert "▶</span> 4. " in part(player, "list").value
    assert "·</span> 5. " in part(player, "list").value
    player._page.gesture = {"goto": 1, "number": 2}
    until(lambda: idle(player) and player.position == 1)
    assert part(player, "story").value.count("<details") == 1
    assert part(player, "story").value.count("✔") == len(chapter.steps[0].checks)
    player._page.gesture = {"goto": 0, "number": 3}
    until(lambda: idle(player) and player.position == 0)
    assert part(player, "story").value == ""
    assert lab.snapshot().canonical() == start


def test_what_a_step_changed_is_brought_into_sight(player: Player) -> None:
    press(player, "run")
    thing, _ = player.live._page.sight
    assert thing in ("host/lxcbr0.1", "host/veth-ns1")


def test_the_next_lesson_is_named_at_the_end(player: Player) -> None:
    press(player, "all")
    assert "05-way-out.ipynb" in part(player, "step").value
    assert "The way out" in part(player, "step").value


def test_an_ended_kernel_is_told_in_the_same_words_everywhere(player: Player, lab: Lab) -> None:
    """The cell alone would end in a NameError: what it shows was made above it."""
    words = only_saved()
    assert "To go on: Run → Run All Above Selected Cell, then this cell." in words
    live, builder = lab.live(), lab.builder()
    for shown in (player.children[0], part(live, "status"), part(builder.live, "status")):
        assert words in shown.value
    live.close()
    builder.close()
