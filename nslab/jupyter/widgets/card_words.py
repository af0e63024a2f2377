"""What a card says, as HTML and as text; pure functions."""

from __future__ import annotations

import html
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence

from nslab.errors import NO_ROOM, os_cause
from nslab.jupyter.widgets.error_words import known
from nslab.jupyter.widgets.line_words import typed
from nslab.jupyter.widgets.page import marked
from nslab.jupyter.widgets.task import Attempt, Exercise, Standing
from nslab.jupyter.widgets.verdict_words import told
from nslab.jupyter.widgets.words import say
from nslab.printable import printable
from nslab.sentence import Sentence, sentence
from nslab.session.check import Verdict
from nslab.session.check.verdict import BAD, GOOD, HANGING, SIGN

KINDS: dict[str, Callable[[], str]] = {
    "predict": lambda: say("predict"),
    "build": lambda: say("build"),
    "mend": lambda: say("mend"),
    "puzzle": lambda: say("puzzle"),
}

ELSE = "What else is wrong:"
"""Above what is not counted: in English, as it is saved."""

WANTED = "What is wanted:"
"""Above what is counted, where nothing says how much of it is met: as it is saved, too."""


OPEN = "☐"
"""Before what is to be done yet: it becomes a ✔.  A ring is an answer that can be chosen."""


def goal(exercise: Exercise, kind: str = "") -> str:
    """What is wanted.

    :param kind: what its kind is called; in the reader's language, if empty
    """
    kind = html.escape(kind or KINDS[called(exercise)]())
    return f"<b>{html.escape(exercise.id)} · {kind}</b> {marked(exercise.goal)}"


def called(exercise: Exercise) -> str:
    """What kind of exercise it is, in one word: English."""
    return "puzzle" if exercise.priced else exercise.kind


def status(now: Standing, passed: bool) -> str:
    """How many are met of what is wanted, in a few words: they are read aloud."""
    if now.solved:
        words = html.escape(say("Solved"))
        return f"<span class='nslab-solved'>✔ {words}</span>"
    met, beside = counted(now)
    words = say("{met} of {all} met").format(met=met, all=now.wanted)
    if beside:
        words += ": " + say("all that is wanted is there, but something else is wrong")
    if passed:
        words += " · " + say("you have solved it before")
    return html.escape(words)


def counted(now: Standing) -> tuple[int, bool]:
    """How much of what is wanted is met; whether all of it is, and something else is wrong."""
    met = sum(map(is_met, now.points[: now.wanted]))
    return met, met == now.wanted < len(now.points)


def ended(reason: str) -> str:
    """That there is no lab any longer, and the way back.

    :param reason: why, if that is known
    """
    has = say("The lab has ended")
    onward = say(
        "To go on, press Start over, or run the cell of this card again; what you passed stays."
    )
    return f"{has}: {reason}. {onward}" if reason else f"{has}. {onward}"


def one_way() -> str:
    """Below what `why` advises: it knows the network, and not the task."""
    words = say("That is one way. Hold it against the task, which may ask for another.")
    return f"<p>{html.escape(words)}</p>"


def last_seen(words: str) -> str:
    """The same, which the page tells to be of the past once no kernel stands behind it."""
    seen = html.escape(say("last seen:"))
    return f"<span class='nslab-before' data-seen='{seen} '>{words}</span>"


def is_met(point: Verdict | str) -> bool:
    """Whether it was asked, and holds."""
    return isinstance(point, Verdict) and point.ok


def checking() -> str:
    """What stands in its place while something is tried."""
    return html.escape(say("checking …"))


def points(
    every: Sequence[Verdict | str], tell: Callable[[str], str] = str, *, fresh: bool = False
) -> str:
    """A line for each.

    :param tell: says a verdict in another language than English
    :param fresh: whether nothing was tried: what does not hold yet is still to be done, not wrong
    """
    return "".join(
        _signed(f"<span style='{SIGN};opacity:.75'>{OPEN}</span>", one, tell)
        if isinstance(one, str)
        else line(tell(one.told), good=True)
        if one.ok
        else _signed(f"<b style='color:{BAD};{SIGN}'>✘</b>", one.told, tell)
        for one in _told_apart(every, fresh=fresh)
    )


def _signed(sign: str, said: str, tell: Callable[[str], str]) -> str:
    """A line of what does not hold, behind its sign."""
    return f"<div>{sign}{_to_be_done(said, tell)}</div>"


_WANTED = {
    "{wanted}; now: {now}": "wanted",
    "{what}, before the commands are run": "what",
    "{what}: not tried yet": "what",
    "{what}: not tried until the rest is right": "what",
}
"""The forms of what does not hold, and the blank of each that says what is wanted."""


def _to_be_done(said: str, tell: Callable[[str], str]) -> str:
    """What does not hold, as HTML: what is wanted first, then how it is, more quietly."""
    words, wanted = printable(tell(said)), ""
    if isinstance(said, Sentence) and said.form in _WANTED:
        own = said.values[_WANTED[said.form]]
        wanted = next((one for one in (printable(tell(own)), printable(own)) if one in words), "")
    if not wanted:
        return html.escape(words)
    _, _, rest = words.partition(wanted)
    quiet = f"<span style='opacity:.7'>{html.escape(rest)}</span>" if rest else ""
    return html.escape(wanted) + quiet


def is_fresh(now: Standing) -> bool:
    """Whether nothing was done for it yet."""
    return not now.begun


def judged(now: Standing, *, fresh: bool = False) -> str:
    """A line for each that is wanted, which is what is counted; then what else is wrong.

    :param fresh: whether nothing was tried yet
    """
    return _judged(now, say("What else is wrong:"), told, fresh=fresh)


def _judged(now: Standing, heading: str, tell: Callable[[str], str], *, fresh: bool = False) -> str:
    beside = now.points[now.wanted :]
    words = html.escape(heading)
    head = f"<div style='padding-left:0;text-indent:0'>{words}</div>" if beside else ""
    wanted = points(now.points[: now.wanted], tell, fresh=fresh)
    return wanted + head + points(beside, tell)


def because(exercise: Exercise, now: Standing) -> str:
    """Why the kernel does so: below what it says of a prediction."""
    if not (is_explained(exercise, now) and exercise.because):
        return ""
    return f"<div style='padding-left:0;text-indent:0'>{marked(exercise.because)}</div>"


def is_explained(exercise: Exercise, now: Standing) -> bool:
    """Whether it is a prediction that was run and judged."""
    return bool(now.ran and exercise.attempt.choice and isinstance(now.points[-1], Verdict))


def _told_apart(every: Sequence[Verdict | str], *, fresh: bool = False) -> Iterator[Verdict | str]:
    """The same; those that say what another says stand behind it, and only say that.

    :param fresh: whether nothing was tried: what does not hold yet is no verdict then
    """
    for one, times in Counter(every).items():
        if isinstance(one, str):
            yield one
            continue
        again = sentence("another point fails for the same reason")
        if one.ok:
            again = sentence("another point is met by the same")
        for verdict in (one, *[Verdict(one.ok, again)] * (times - 1)):
            yield verdict.told if fresh and not one.ok else verdict


def line(words: str, *, good: bool = False, sign: str = "") -> str:
    """Words behind a sign in its colour."""
    colour, own = (GOOD, "✔") if good else (BAD, "✘")
    return (
        f"<div><b style='color:{colour};{SIGN}'>{sign or own}</b>"
        f"{html.escape(printable(words))}</div>"
    )


def lines(words: str) -> str:
    """An error: what has failed, and below it what to do."""
    first, *rest = words.splitlines() or [""]
    below = "".join(
        f"<div style='margin-left:1.6em'>{html.escape(printable(one.strip()))}</div>"
        for one in rest
    )
    return line(first) + below


def note(words: str) -> str:
    """Words alone."""
    return f"<div>{html.escape(words)}</div>"


def guess(exercise: Exercise, now: Standing, choice: str) -> str:
    """What became of the choice, right below it, and what may be done about it.

    What was chosen is saved with it, for who marks it.
    """
    begun = now.begun
    if begun and choice:
        words = say(
            "Commands have been run, so your answer is locked. To choose again, start over."
        )
    elif begun:
        words = say("Commands were run before you chose an answer. Start over, and choose first.")
    elif choice:
        words = say("Now run the commands. Until then you can change your answer.")
    else:
        words = say("Choose an answer first, then run the commands.")
    became = now.points[0]
    judged = points([became], told) if choice and isinstance(became, Verdict) else ""
    return f"{judged}<span{_choice(exercise, choice)}>{html.escape(words)}</span>"


def _choice(exercise: Exercise, choice: str) -> str:
    """The attribute by which `nslab grade` finds a choice in a saved notebook."""
    return f' data-nslab-choice="{html.escape(exercise.name)}:{html.escape(choice)}"' * bool(choice)


def hint_title(number: int, count: int) -> str:
    """Which hint it is."""
    return say("Hint {number} of {all}").format(number=number, all=count)


def priced(words: str) -> str:
    """What a button is called that costs a star."""
    return f"{words} (−★)"


def hints(every: Sequence[str], opened: int) -> str:
    """Those that are open."""
    return "".join(
        f"<div><b>{html.escape(hint_title(number, len(every)))}</b> {marked(hint, typed)}</div>"
        for number, hint in enumerate(every[:opened], 1)
    )


def where(lab: str, used: bool, puzzle: bool = False) -> str:
    """Which lab the learner's cells type into, and of a puzzle, which has no cell: where to type.

    :param lab: the name of the exercise's own
    :param used: whether it is that
    :param puzzle: whether it is one
    """
    sign = f"<b style='color:{BAD}'>■</b> " if puzzle and not used else ""
    if used and puzzle:
        words = say(
            "Type your commands in a cell below, under {magic} as its first line (Esc, then B, "
            "makes a new cell). They go into this puzzle's own lab, {lab}."
        )
    elif used:
        words = say("{magic} types into this exercise's own lab, {lab}.")
    elif puzzle:
        words = say("{magic} types into another lab now; this puzzle's own is {lab}.")
    else:
        words = say("What you type in the cell below goes into this exercise's own lab, {lab}.")
    told = html.escape(words).format(
        magic="<code>%%host</code>", lab=f"<code>{html.escape(printable(lab))}</code>"
    )
    return f"<div class='nslab-on'>{sign}{told}</div>"


def foot(attempt: Attempt, stars: bool) -> str:
    """What it took so far.

    :param stars: whether help costs some
    """
    tries = html.escape(say("tries: {count}").format(count=attempt.tries))
    minutes = html.escape(say("{minutes} min").format(minutes=int(attempt.seconds // 60)))
    left = f"{attempt.rating} · " if stars else ""
    return f"{left}{tries} · {minutes}{_unkept(attempt.unkept)}"


def _unkept(number: int) -> str:
    """That the learner's file could not be written, and what to do."""
    if not number:
        return ""
    words = say("Your progress is not kept: {cause}.").format(cause=known(os_cause(number)))
    if number in NO_ROOM:
        advice = say("Delete files that you no longer need: it is kept with what you do next.")
        words = f"{words}\n{advice}"
    return lines(words)


def as_text(exercise: Exercise, now: Standing) -> str:
    """The card as it is saved with a notebook; English."""
    lines = [f"{exercise.id} ({called(exercise)}): {exercise.goal}"]
    lines += [f"  {one.id}) {one.text}" for one in exercise.choices]
    wanted = _told_apart(now.points[: now.wanted], fresh=is_fresh(now))
    lines += [WANTED, *map(signed, wanted)]
    if beside := now.points[now.wanted :]:
        lines += [ELSE, *map(signed, _told_apart(beside))]
    return "\n".join(lines)


def signed(one: Verdict | str) -> str:
    """A point as text, behind its sign."""
    return f"{OPEN} {printable(one)}" if isinstance(one, str) else str(Verdict(one.ok, one.told))


def _hanging(judged: str) -> str:
    """Lines for a page that has none of the widgets' rules."""
    return re.sub(r"<div>(?=<(?:b|span) style)", f"<div style='{HANGING}'>", judged)


def as_page(exercise: Exercise, now: Standing, picture: str) -> str:
    """The same for a page; English."""
    choices = "".join(
        f"<div>{html.escape(one.id)}) {marked(one.text)}</div>" for one in exercise.choices
    )
    head = (
        f"<div{_choice(exercise, exercise.attempt.choice)}>{goal(exercise, called(exercise))}</div>"
    )
    judged = f"<div>{WANTED}</div>" + _hanging(_judged(now, ELSE, str, fresh=is_fresh(now)))
    return f"{head}{choices}<div style='margin:.5em 0'>{judged}</div>{picture}"
