"""What the kernel says of an exercise, below the very cell that was its answer.

A card judges all that is done in its lab; who has just run a cell would have to scroll up to it.
So the card is asked at the end of each cell that was typed into such a lab, or did something in it.
Cells of another lab get no such line, nor do shells without a page, as that which marks what was
handed in.

Where the page sends a cell's tags with it, as JupyterLab does, an answer goes into the lab of its
own exercise, or is told that there is none; Python that works in another lab, or asks it, is told
which is its own.
"""

from __future__ import annotations

import ast
import re
import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from IPython.display import display

from nslab.errors import InvalidInput, NslabError
from nslab.jupyter.cells import TAG
from nslab.jupyter.mistakes import ABOVE, KEPT
from nslab.printable import printable
from nslab.session import naming
from nslab.session.history import Typed

if TYPE_CHECKING:
    from nslab.session.lab import Lab

_judges: weakref.WeakKeyDictionary[Lab, weakref.WeakMethod[Any]] = weakref.WeakKeyDictionary()
"""By lab: the card in charge of it."""


def judged_by(lab: Lab, judge: Callable[[], object]) -> None:
    """Have a method asked at the end of each cell that did something in a lab.

    :param judge: a method of a card; the card is not kept.  It gives what is to be shown, or None
    """
    _judges[lab] = weakref.WeakMethod(judge)


class Answers:
    """Notices at the end of a cell which labs with a card it has worked in.

    :param running: IPython's shell
    """

    def __init__(self, running: Any) -> None:
        self._running = running
        self._before: dict[Lab, tuple[object, ...]] = {}
        self._cell = ""

    def begin(self, info: Any = None) -> None:
        """A cell is about to run.

        :param info: IPython's, with the cell's text
        """
        self._before = {lab: lab.steps for lab in naming.others()}
        self._cell = getattr(info, "raw_cell", None) or ""

    def is_judged(self, lab: Lab) -> bool:
        """Whether a card tells how its exercise stands, below a cell that works in a lab."""
        return lab in _judges

    def hides(self, lab: Lab) -> bool:
        """Whether its card does not say yet what is wrong in a lab."""
        judge = _judges[lab]() if lab in _judges else None
        return bool(judge is not None and getattr(judge.__self__, "is_plain", False))

    def is_done(self, lab: Lab, text: str, ns: str | None) -> bool:
        """Whether these lines were typed into a lab before, and its exercise is solved since.

        So it is in "Run All Above" when the kernel was not restarted: what made something would
        fail, and all answers would stand there as errors.
        """
        before = [step for step in lab.steps if step.changed and not (step.failed or step.ending)]
        once = any(
            isinstance(step.what, Typed) and (step.what.text, step.what.ns) == (text, ns)
            for step in before
        )
        return once and bool(getattr(_judged(lab), "solved", False))

    def typed(self, lab: Lab) -> None:
        """The cell was typed into this lab: show what came of it, above the picture of that."""
        self._before.pop(lab, None)  # once for each cell
        self._say([lab])

    def nothing(self) -> bool:
        """If the cell is an exercise's answer, and holds nothing to type yet: say so."""
        if self._answered:
            print("nslab: nothing to run yet: write your commands below %%host, then run this cell")
        return bool(self._answered)

    def lab(self, used: Lab | None) -> Lab | None:
        """The lab that the running cell is for, if it is the answer to an exercise.

        :param used: the lab in use, which stays so
        :returns: None where nothing says that it is an answer
        :raises InvalidInput: no lab was started for its exercise
        """
        name = self._answered
        if not name:
            return None
        own = _labs_of(name)
        if not own:
            known = "lesson" in self._running.user_ns
            raise InvalidInput(
                "type in the answer of",
                name,
                "its lab has ended, as by a restart of the kernel, or was never started",
                ("run the cell with its card, just above" if known else ABOVE)
                + f", then this cell again\n{KEPT}",
            )
        if used in own:
            return used
        lab = own[-1]
        print(f"nslab: typed into the lab of this exercise, {printable(lab.name)}")
        return lab

    def end(self, _: Any = None) -> None:
        """A cell has run: show what came of it in other ways than by typing."""
        before, self._before = self._before, {}
        touched = [lab for lab, steps in before.items() if lab.alive and lab.steps != steps]
        self._say(touched)
        if not touched:
            self._tell_whom_it_asked()

    def _tell_whom_it_asked(self) -> None:
        """That `lab.why(...)` in an exercise's cell asks the lab of the lesson."""
        name = self._answered
        own = _labs_of(name) if name else []
        names = self._running.user_ns
        asked = {word: names.get(word) for word in sorted(_words(self._cell))} if own else {}
        running = naming.others()
        others = {word: lab for word, lab in asked.items() if any(lab is one for one in running)}
        if others and not set(others.values()) & set(own):
            word, lab = next(iter(others.items()))
            called = f"`{word}` is the lab {printable(lab.name)}"
            print(f"nslab: {called}; {name}'s own is {_own(name)}")

    def _say(self, touched: list[Lab]) -> None:
        name = self._answered
        if name and touched and not set(touched) & set(_labs_of(name)):
            into = naming.listed(touched)
            print(f"nslab: that was done in the lab {into}; {name}'s own is {_own(name)}")
        for lab in touched:
            if lab in _judges:
                _show(lab)

    @property
    def _answered(self) -> str:
        """The name of the exercise that the running cell is the answer to, if its tag is known."""
        kernel = getattr(self._running, "kernel", None)
        parent = kernel.get_parent() if kernel is not None else {}
        tags = parent.get("metadata", {}).get("tags", ())
        found = (str(tag) for tag in tags if str(tag).startswith(TAG))
        return printable(next(found, "").removeprefix(TAG))


def _own(exercise: str) -> str:
    """How a cell says the lab of an exercise."""
    return f'lesson["{exercise.rpartition("-")[2]}"].lab'


def _words(cell: str) -> set[str]:
    """The names that a cell of Python uses; none of a cell that is not Python."""
    try:
        return {node.id for node in ast.walk(ast.parse(cell)) if isinstance(node, ast.Name)}
    except (SyntaxError, ValueError):
        return set()


def _labs_of(exercise: str) -> list[Lab]:
    """The labs of this kernel that were started for an exercise, the newest last."""
    numbered = re.compile(rf"{re.escape(exercise)}(-(\d+))?")
    found = {
        int(match[2] or 1): lab
        for lab in naming.others()
        if (match := numbered.fullmatch(lab.name))
    }
    return [found[number] for number in sorted(found)]


def _show(lab: Lab) -> None:
    shown = _judged(lab)
    if shown is not None:
        shown.handle = display(shown, display_id=True)


def _judged(lab: Lab) -> Any:
    """What a card says of its lab, for below a cell; None if it says nothing."""
    found = _judges.get(lab)
    judge = found() if found is not None else None
    try:
        return judge() if judge is not None else None
    except (NslabError, KeyboardInterrupt):
        return None  # the lab has just ended, which its card says, or Stop was pressed
