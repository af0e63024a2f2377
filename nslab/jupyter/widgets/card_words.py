"""What a card says, as HTML and as text; pure functions."""

from __future__ import annotations

import html
from collections import Counter
from collections.abc import Callable, Sequence

from nslab.jupyter.widgets.page import marked
from nslab.jupyter.widgets.task import Attempt, Exercise, Standing
from nslab.jupyter.widgets.words import say
from nslab.printable import printable
from nslab.session.check import Verdict

GOOD, BAD = "#009e73", "#d55e00"

KINDS: dict[str, Callable[[], str]] = {
    "predict": lambda: say("predict"),
    "build": lambda: say("build"),
    "mend": lambda: say("mend"),
}


def goal(exercise: Exercise, kind: str = "") -> str:
    """What is wanted.

    :param kind: what its kind is called; in the reader's language, if empty
    """
    kind = html.escape(kind or KINDS[exercise.kind]())
    return f"<b>{html.escape(exercise.id)} · {kind}</b> {marked(exercise.goal)}"


def status(now: Standing, passed: bool) -> str:
    """How much of it is met, in a few words: they are read aloud."""
    if now.solved:
        words = html.escape(say("Solved"))
        return f"<span class='nslab-solved'>✔ {words}</span>"
    met = sum(isinstance(one, Verdict) and one.ok for one in now.points[: now.wanted])
    words = say("{met} of {all} met").format(met=met, all=now.wanted)
    if met == now.wanted and not now.met:
        words += ", " + say("but something else is wrong")
    if passed:
        words += " · " + say("you have solved it before")
    return html.escape(words)


def points(every: Sequence[Verdict | str]) -> str:
    """A line for each; the same words of several checks stand once, with their number."""
    return "".join(_point(one, times) for one, times in Counter(every).items())


def _point(one: Verdict | str, times: int) -> str:
    if isinstance(one, str):
        return (
            "<div style='opacity:.75'><span style='display:inline-block;width:1.6em'>○</span>"
            f"{html.escape(printable(one))}</div>"
        )
    more = f" (×{times})" if times > 1 else ""
    return line(one.message + more, good=one.ok)


def line(words: str, *, good: bool = False, sign: str = "") -> str:
    """Words behind a sign in its colour."""
    colour, own = (GOOD, "✔") if good else (BAD, "✘")
    return (
        f"<div><b style='color:{colour};display:inline-block;width:1.6em'>{sign or own}</b>"
        f"{html.escape(printable(words))}</div>"
    )


def note(words: str) -> str:
    """Words alone."""
    return f"<div>{html.escape(words)}</div>"


def guess(exercise: Exercise, ran: bool, choice: str) -> str:
    """What may be done about the choice; what was chosen is saved with it, for who marks it."""
    if ran:
        words = say("It was run: the choice is locked. Start over to choose again.")
    elif choice:
        words = say("Now run it. Until then you may choose again.")
    else:
        words = say("Choose first, then run it.")
    return f"<small{_choice(exercise, choice)}>{html.escape(words)}</small>"


def _choice(exercise: Exercise, choice: str) -> str:
    """The attribute by which `nslab grade` finds a choice in a saved notebook."""
    return f' data-nslab-choice="{html.escape(exercise.name)}:{html.escape(choice)}"' * bool(choice)


def hint_title(number: int, count: int) -> str:
    """Which hint it is."""
    return say("Hint {number} of {all}").format(number=number, all=count)


def hints(every: Sequence[str], opened: int) -> str:
    """Those that are open."""
    return "".join(
        f"<div><b>{html.escape(hint_title(number, len(every)))}</b> {marked(hint)}</div>"
        for number, hint in enumerate(every[:opened], 1)
    )


def foot(says: str, attempt: Attempt, lab: str, used: bool) -> str:
    """How it stands once more, beside the learner's own cell; where it is done, and what it took.

    :param says: how it stands, as HTML
    :param lab: the name of its lab
    :param used: whether cells type into that
    """
    name = f"<code>{html.escape(printable(lab))}</code>"
    where = say("%%host types into its lab, {lab}") if used else say("its lab is {lab}")
    tries = html.escape(say("tries: {count}").format(count=attempt.tries))
    minutes = html.escape(say("{minutes} min").format(minutes=int(attempt.seconds // 60)))
    told = html.escape(where).format(lab=name)
    return (
        f"<span aria-hidden='true'>{says}</span>"
        f"<small><span class='nslab-on'>{told} · </span>{tries} · {minutes}</small>"
    )


def as_text(exercise: Exercise, now: Standing) -> str:
    """The card as it is saved with a notebook; English."""
    lines = [f"{exercise.id} ({exercise.kind}): {exercise.goal}"]
    lines += [f"  {one.id}) {one.text}" for one in exercise.choices]
    signs = [f"○ {printable(one)}" if isinstance(one, str) else str(one) for one in now.points]
    return "\n".join([*lines, *dict.fromkeys(signs)])


def as_page(exercise: Exercise, now: Standing, picture: str) -> str:
    """The same for a page; English."""
    choices = "".join(
        f"<div>{html.escape(one.id)}) {marked(one.text)}</div>" for one in exercise.choices
    )
    head = f"<div{_choice(exercise, exercise.attempt.choice)}>{goal(exercise, exercise.kind)}</div>"
    return f"{head}{choices}{points(now.points)}{picture}"
