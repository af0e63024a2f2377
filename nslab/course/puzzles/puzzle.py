"""A puzzle drawn by its name or seed, and the lab that it is solved in.

>>> from nslab.course.puzzles.puzzle import drawn
>>> drawn("seven").name
'puzzle-seven'
"""

from __future__ import annotations

import html
import os
import random
import weakref
from collections.abc import Callable, Iterator
from shutil import which
from typing import Any

from nslab.course.exercises.exercise import Exercise
from nslab.course.exercises.reply import Reply
from nslab.course.exercises.values import WrongAnswer
from nslab.course.progress.record import PUZZLES as LESSON
from nslab.course.puzzles.networks import DRAWN, NETWORKS
from nslab.course.puzzles.values import Fault, Network
from nslab.engine import stopping
from nslab.engine.choose import VARIABLE
from nslab.errors import InvalidInput, NslabError, ToolMissing
from nslab.network.arguments import checked
from nslab.printable import short
from nslab.session import naming, views
from nslab.session.check import Verdict, Verdicts
from nslab.session.history import Typed
from nslab.session.lab import Lab
from nslab.session.outcome import CommandResult
from nslab.session.said import slip
from nslab.session.views import View

NAMED: dict[str, tuple[str, tuple[str, ...]]] = {
    "one": ("shop", ("cable-down",)),
    "two": ("shop", ("no-default-route",)),
    "three": ("published", ("not-published",)),
    "four": ("branch", ("way-back-gone",)),
    "five": ("shop", ("nat-of-another-network",)),
    "six": ("published", ("app-for-itself",)),
    "seven": ("shop", ("small-port",)),
    "eight": ("shop", ("stale-neighbour",)),
    "nine": ("branch", ("printer-by-policy",)),
    "ten": ("shop", ("wrong-gateway", "forward-drop")),
    "eleven": ("published", ("dropped-at-the-door", "nobody-to-ask")),
    "twelve": ("shop", ("no-arp", "martian")),
}
"""The puzzles that have a name: their network and their faults; they get harder."""


_WORK = (
    "Type your commands in a cell whose first line is %%host. If you called the puzzle lab, as in "
    'lab = nslab.puzzle("one"), then lab.card() shows it and judges by itself, and lab.solved() '
    "asks whether it is mended."
)


class Puzzle(Lab):
    """A lab with something wrong in it.  A hint costs a star, and so does ``why``.

    :param exercise: the puzzle as an exercise
    :param engine: as for :class:`nslab.Lab`
    :param network: the network that it was drawn from; None for one of your own
    :raises ToolMissing: the network needs programs that this machine has not
    :raises NslabError: a line that builds or breaks it failed
    """

    def __init__(
        self, exercise: Exercise, engine: str | None = None, network: Network | None = None
    ) -> None:
        self._network = network
        if network is not None:
            _installed(network, engine)
            engine = engine or network.engine or None
        # A name of one word, as `%%host -l NAME` takes it.
        self.exercise = exercise
        with naming.usually("-".join(exercise.name.split())):
            super().__init__(engine=engine, start=exercise.begin)
        self._engine_name = engine
        self._card: Callable[[], View | None] = lambda: None
        exercise.attempt.started(self)

    def _begun(self, typed: Typed, ran: CommandResult) -> None:
        """A line of the beginning has run.  If it failed, this would be another puzzle."""
        if ran.failures:
            words = (ran.stderr.strip() or ran.stdout.strip()).splitlines()
            raise NslabError(
                "make the puzzle",
                self.exercise.id,
                f"a line that makes it failed: {short(typed.text)}: "
                + (words[-1] if words else "without a message"),
                _remedy(self._network),
            )

    @property
    def symptom(self) -> str:
        """The network, what somebody who uses it says of it, and what is to be done."""
        return self.exercise.goal

    @property
    def stars(self) -> int:
        """What is left of the stars: one less for each hint, and for ``why``."""
        now = self.exercise.attempt
        return now.record.stars

    def card(self) -> View | Reply:
        """The puzzle as a widget: symptom, picture, what works and what does not, help for stars.

        ``%%host`` types into this lab then, and it is judged whenever the lab changes.  Outside a
        notebook it says what to type.
        """
        notebook = views.notebook()
        if notebook is None:
            lines = ("lab.sh(…)", "lab.solved()", "lab.hint()", "lab.allow_why()", "lab.solution()")
            return Reply([self.symptom, *(f"  {line}" for line in lines)])
        with views.untold():
            notebook.use(self)
        card: View = views.view("card", self.exercise, self, self._engine_name, self._again)
        self._card = weakref.ref(card)
        return card

    def _again(self) -> Puzzle:
        """Another lab for the same card."""
        made = Puzzle(self.exercise, self._engine_name, self._network)
        made._card = self._card
        return made

    def solved(self) -> Verdicts:
        """Ask the kernel: does everything work again, and is what was shut still shut?

        It counts as a try until the puzzle is solved; not where a card counts each step by itself.
        """
        with stopping.looking("check", self.exercise.id):
            every = self.exercise.judge(self)
        now = self.exercise.attempt
        if not now.passed and (all(every) or self._card() is None):
            now.judged(all(every))
        works = len(self.exercise.checks)
        told = every[:works] + [one for one in every[works:] if not one]
        advice = "" if self._over else "lab.hint() opens a hint"
        return Verdicts(list(_worded(told, advice)))

    @property
    def _over(self) -> bool:
        """Whether it was solved, or the solution shown: then nothing costs a star any longer."""
        return self.exercise.attempt.record.over

    def hint(self) -> Reply:
        """Open one more hint; it costs a star until the puzzle is solved, or its solution shown."""
        if not self._over:
            return self.exercise.hint()
        every = self.exercise.hints
        return Reply([f"hint {at} of {len(every)}: {text}" for at, text in enumerate(every, 1)])

    def solution(self) -> Reply:
        """What was wrong and how it is mended: once it is solved, or when asked a second time."""
        return self.exercise.solution()

    def allow_why(self) -> Reply:
        """Pay a star, once, and have :meth:`why` answer in this puzzle."""
        if not (self.exercise.attempt.why or self._over):
            self.exercise.attempt.asked_why()
        return Reply([f"lab.why(…) answers now; stars left: {self.stars}"])

    def why(self, ns: str | None, target: str, **more: Any) -> Any:
        """As in any lab, once :meth:`allow_why` was called, or the puzzle is solved.

        :raises InvalidInput: neither is so, nor was the solution shown
        """
        if not (self.exercise.attempt.why or self._over):
            raise InvalidInput(
                "explain",
                "a puzzle",
                "that is what you are to find out",
                "lab.allow_why() has it answer, and costs a star; lab.hint() is another way",
            )
        return super().why(ns, target, **more)

    def _repr_mimebundle_(self, **more: Any) -> dict[str, str]:
        bundle = super()._repr_mimebundle_(**more)
        words = [self.symptom, _WORK, f"stars: {self.exercise.attempt.rating}"]
        bundle["text/plain"] = "\n".join([*words, bundle["text/plain"]])
        if "text/html" in bundle:
            first, *rest = map(html.escape, words)
            below = "".join(f"<p>{line}</p>" for line in rest)
            bundle["text/html"] = f"<p><b>{first}</b></p>{below}{bundle['text/html']}"
        return bundle


def _worded(every: list[Verdict], advice: str) -> Iterator[Verdict]:
    """Verdicts in the words of the card, which says beside what is so what is wanted.

    :param advice: what the first that is not met says below it
    """
    for one in every:
        yield Verdict(one.ok, one.told, "" if one else advice)
        advice = advice if one else ""


@checked
def puzzle(
    name: str | int = "one", *, network: str | None = None, engine: str | None = None
) -> Puzzle:
    """A broken network to mend: a lab, with a symptom in the words of somebody who uses it.

    It is solved when all works again and nothing else was broken, whichever way you took:
    ``lab.solved()`` asks the kernel; ``lab.card()`` shows the puzzle, and judges by itself.

    :param name: ``one`` to ``twelve``, which get harder; any other word or number draws one, always
        the same for the same word
    :param network: the network that it is drawn from: ``shop``, ``branch`` (two sites and their
        routers), ``published`` (containers and their ports), ``workshop`` (names, datagrams, a door
        of one's own), ``macvlan`` (one card for many), ``tunnel`` (two sites that are one network),
        ``ipv6``, ``capstone`` (notebook 16), ``vlan`` or ``ipvlan`` (both in a virtual machine),
        or ``docker`` (a real engine); None: the name decides, among those that need neither a
        virtual machine nor Docker
    :param engine: as for :class:`nslab.Lab`; None for the one that the network needs
    :raises EngineUnavailable: no lab can run here; says why, and what to do
    :raises ToolMissing: the network needs programs that this machine has not; names the packages
    """
    exercise = drawn(name, network)
    return Puzzle(exercise, engine, faults_of(str(name).strip(), network)[0])


def _installed(network: Network, engine: str | None) -> None:
    """Raise what is said where this machine lacks programs, if the lab is to live here."""
    if (engine or os.environ.get(VARIABLE) or "local") != "local":
        return
    there = os.environ.get("PATH", os.defpath) + ":/usr/sbin:/sbin"
    missing = {name: pkg for name, pkg in network.programs.items() if not which(name, path=there)}
    if missing:
        raise ToolMissing(
            "make a puzzle of the network",
            network.name,
            f"this machine has no {' and no '.join(missing)}",
            f"sudo apt-get install --no-install-recommends {_packages(missing)}",
        )


def _packages(programs: dict[str, str]) -> str:
    return " ".join(dict.fromkeys(programs.values()))


def _remedy(network: Network | None) -> str:
    """What to do where a puzzle cannot be made."""
    if network is not None and network.engine:
        return "it needs a full kernel: leave engine= out, and it gets a virtual machine"
    if network is not None and network.programs:
        return f"where its lab lives, it needs {_packages(network.programs)}"
    return "nslab doctor says what this machine lacks"


def drawn(name: str | int, network: str | None = None) -> Exercise:
    """The puzzle of a name or seed, as an exercise: the same for the same name.

    :param network: the name of the network that it is drawn from; None: the name decides
    """
    word = str(name).strip()
    if not word:
        raise InvalidInput("make the puzzle", short(name), "it has no name", "such as one, or 4711")
    if network is not None and network not in NETWORKS:
        cause = f"there is no network {short(network)}"
        close = slip(str(network), tuple(NETWORKS))
        meant = f"did you mean {close}? " if close else ""
        every = f"{meant}the networks are {', '.join(NETWORKS)}"
        raise InvalidInput("make the puzzle", short(name), cause, every)
    chosen, faults = faults_of(word, network)
    answer = tuple(str(line) for fault in faults for line in fault.mended)
    looks = " ".join(fault.look for fault in faults)
    wrong = tuple(WrongAnswer((*answer, line), said) for line, said in chosen.spoils)
    many = f"{len(faults)} things are" if len(faults) > 1 else "One thing is"
    return Exercise(
        id=f"{network}-{word}" if network else word,
        kind="mend",
        goal=_goal(chosen, faults),
        checks=tuple(chosen.works.values()),
        mustnot=chosen.mustnot,
        hints=(
            f"What works, what does not, and what do the failures have in common? ({many} wrong.)",
            looks,
            "This mends it: " + "; ".join(f"`{line}`" for line in answer),
        ),
        answer=answer,
        others=(("\n".join(answer),),),
        wrong=wrong,
        lesson=LESSON,
        begin=(*chosen.built, *(line for fault in faults for line in fault.made)),
    )


def _goal(network: Network, faults: tuple[Fault, ...]) -> str:
    """Where one is, what is said, and what is wanted."""
    said = " And: ".join(f"“{fault.says}”" for fault in faults)
    return (
        f"{network.about} Somebody complains: {said} Find out what is wrong, and mend it without "
        "breaking anything else."
    )


def faults_of(word: str, network: str | None = None) -> tuple[Network, tuple[Fault, ...]]:
    """What is wrong in the puzzle of that name, and where."""
    if network is None and word in NAMED:
        place, names = NAMED[word]
        return NETWORKS[place], tuple(map(NETWORKS[place].fault, names))
    # A text as the seed, because hash() differs from process to process.
    draw = random.Random(f"nslab-puzzle-2:{network or ''}:{word}")
    # As often as it has faults: each of them is to come as often as any other.
    chosen = (
        NETWORKS[network] if network else draw.choice([one for one in DRAWN for _ in one.faults])
    )
    return chosen, _chance(draw, chosen.faults)


def _chance(draw: random.Random, every: tuple[Fault, ...]) -> tuple[Fault, ...]:
    """One fault, or two that are about different parts."""
    first = draw.choice(every)
    if draw.random() < 0.5:
        return (first,)
    others = [one for one in every if one.part != first.part]
    # Neither may hide all that the other breaks: both are to be seen.
    seen = [
        one
        for one in others
        if set(one.breaks) - set(first.breaks) and set(first.breaks) - set(one.breaks)
    ]
    return (first, draw.choice(seen)) if seen else (first,)
