"""The part of a lab that is about its steps: what they were, undone and done again, retold."""

from __future__ import annotations

import contextlib
import threading
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, NamedTuple

from msgspec import structs

from nslab.engine import stopping
from nslab.errors import Interrupted, InvalidInput, NslabError
from nslab.network import diff
from nslab.network.actions import Style
from nslab.network.arguments import checked
from nslab.printable import short
from nslab.session import export, naming, views
from nslab.session.account import Account
from nslab.session.clearing import clearing
from nslab.session.history import Done, History, HistoryStep, Typed, What
from nslab.session.outcome import ActionResult
from nslab.session.repeating import differences, repeated

if TYPE_CHECKING:
    from nslab.draw import Memory, Picture
    from nslab.engine.protocol import Engine, Options
    from nslab.explain.diagnose.former import Former
    from nslab.network.model import Snapshot


class Went(NamedTuple):
    """What came of going back, or forth again."""

    result: ActionResult
    lost: list[str]
    """What could not be brought back, a line each."""
    steps: tuple[HistoryStep, ...]
    """Those that were taken back, or done again."""


class Past:
    """What was done in a lab, and how to go back in it.  A base of :class:`nslab.Lab`."""

    _engine: Engine
    _options: Options
    _named: bool
    _begin: Sequence[Done | Typed]
    _earlier: Sequence[Snapshot]
    _start: Snapshot
    _stage: Memory | None
    _closed: bool
    _lock: threading.RLock

    def __init__(self) -> None:
        self._history = History()
        self._turned: diff.Diff | None = None
        self._watchers: list[weakref.WeakMethod[Callable[[], None]]] = []
        self._depth = 0
        """How many steps the thread that has the turn is in."""

    @property
    def alive(self) -> bool:
        """Whether the lab is still there."""
        raise NotImplementedError

    @property
    def name(self) -> str:
        """What the lab is called."""
        raise NotImplementedError

    def snapshot(self) -> Snapshot:
        """What the kernel reports now."""
        raise NotImplementedError

    def _draw(self, what: Snapshot | diff.Diff) -> Picture:
        raise NotImplementedError

    def _containers(self) -> list[str]:
        """The names of the containers that were made so far."""
        steps = (*self._begin, *(step.what for step in self._history.steps))
        return list(dict.fromkeys(export.containers(steps)))

    def _turn(self) -> AbstractContextManager[None]:
        """One step at a time."""
        raise NotImplementedError

    def _check_open(self) -> None:
        raise NotImplementedError

    def _fresh(self) -> Engine:
        """A new lab as this one was at its beginning."""
        raise NotImplementedError

    # -- what was done ---------------------------------------------------------------------------

    @property
    def history(self) -> Account:
        """The steps that changed the lab, numbered, with their effect in words; shows itself.

        What was done in a terminal is a step ``by hand``.  ``lab.undo(to=3)`` goes back to just
        after step 3.
        """
        self._look_for_hands()
        undone = sum(step.changed for group in self._history.undone for step in group)
        return Account(self._history.steps, undone, self._containers())

    @property
    def steps(self) -> tuple[HistoryStep, ...]:
        """The steps so far as values: what was done, and whether it changed the lab."""
        return self._history.steps

    def observe_steps(self, call: Callable[[], None]) -> None:
        """Call a method each time ``steps`` changes.

        The call comes in the thread that did the step, and must be quick.  The lab does not keep
        the method's object alive.
        """
        try:
            self._watchers.append(weakref.WeakMethod(call))
        except TypeError:
            raise InvalidInput(
                "observe the steps with", short(call), "it is not a method of an object"
            ) from None

    def _tell(self) -> None:
        self._watchers = [watcher for watcher in self._watchers if watcher() is not None]
        for watcher in self._watchers:
            call = watcher()
            if call is not None:
                call()

    def _look_for_hands(self) -> None:
        """What was done beside the lab's steps becomes one, unless a step is being done."""
        if not self.alive or not self._lock.acquire(blocking=False):
            return
        try:
            if self._depth:
                return
            with stopping.Region(), contextlib.suppress(NslabError):
                count = len(self._history.steps)
                self._history.notice(self.snapshot())
                if len(self._history.steps) > count:
                    self._tell()
        finally:
            self._lock.release()

    def _former(self) -> Former:
        """The addresses that links had in the lab's past, or on the way to its beginning."""
        from nslab.explain.diagnose.former import formerly

        looks = [self._history.latest]
        for step in reversed(self._history.steps):
            looks += [step.after, step.before]
        looks += [self._start, *reversed(self._earlier)]
        # Most looks are the very snapshot that another step began with.
        once = {id(look): look for look in looks if look is not None}
        return formerly(once.values())

    # -- back and forth --------------------------------------------------------------------------

    @checked
    def undo(self, steps: int = 1, *, to: int | None = None) -> ActionResult:
        """Take back the last step: the lab is made anew, and the steps before it are repeated.

        Steps that only looked (a ping, ``ip link``) do not count.  What was stopped does not run
        again: what it had done is made.  So is what was done by hand in a terminal.  Processes in
        the background end; shells begin anew, also those of open terminals.  Files outside of
        ``/etc`` and ``/run`` are your own machine's, and stay.  If something differs from what was
        there, that is said.

        :param steps: how many steps
        :param to: the number of the step, as in ``lab.history``, just after which the lab is to be;
            0 for the beginning
        :raises InvalidInput: there are not so many steps
        :raises Interrupted: the stop button was pressed; the lab is as it was
        """
        return self._say(self._go_back(steps, to))

    @checked
    def redo(self) -> ActionResult:
        """Bring back what the last undo took: possible until something new is done.

        :raises InvalidInput: there is nothing to bring back
        :raises Interrupted: the stop button was pressed; the lab is as it was
        """
        return self._say(self._go_forth())

    def reset(self) -> None:
        """Go back to the beginning: a fresh lab, in which ``start`` has been done.

        ``redo`` brings back what it took.
        """
        with self._turn_alone("reset"):
            steps = self._history.steps
            self._rebuild((), None, steps)
            self._stage = None

    def _say(self, went: Went) -> ActionResult:
        if went.lost:
            views.notice("not brought back, because no step of the lab made it:")
            views.notice("\n".join(f"  {line}" for line in went.lost))
        return went.result

    @contextlib.contextmanager
    def _turn_alone(self, operation: str) -> Iterator[None]:
        """A turn that is no part of another: what a step calls may not make the lab anew.

        :raises InvalidInput: a step is being done in this very thread
        """
        with self._turn():
            if self._depth > 1:
                raise InvalidInput(
                    operation, "", "a step is just being done", "wait until it is done"
                )
            yield

    def _go_back(self, steps: int = 1, to: int | None = None) -> Went:
        """Undo without a word; a widget may print nothing."""
        with self._turn_alone("undo"):
            before = self.snapshot()
            self._history.notice(before)
            everything, numbered = self._history.steps, self._history.numbered
            kept = _kept(len(numbered), steps, to)
            if kept == len(numbered):
                return Went(self._result(before), [], ())
            place = numbered[kept]
            undone = everything[place:]
            turned = _step_told(undone, back=True)
            lost = self._rebuild(everything[:place], undone[0].before, undone, turned=turned)
            return Went(self._result(before), lost, undone)

    def _go_forth(self) -> Went:
        """Redo without a word."""
        with self._turn_alone("redo"):
            before = self.snapshot()
            self._history.notice(before)
            groups = self._history.undone
            if not groups:
                raise InvalidInput(
                    "redo",
                    "",
                    "nothing was undone, or something new has been done since",
                    "lab.history lists the steps",
                )
            again = groups[-1]
            steps = (*self._history.steps, *again)
            last = next(step for step in reversed(steps) if step.changed)
            lost = self._rebuild(steps, last.after, again=True, turned=_step_told(again))
            return Went(self._result(before), lost, again)

    def _result(self, before: Snapshot) -> ActionResult:
        after = self._history.latest
        assert after is not None  # the look at what was just made
        changes = self._turned_into(after) or diff.compare(before, after.aligned(before))
        return ActionResult((), changes, self._draw)

    def _turned_into(self, now: Snapshot) -> diff.Diff | None:
        """What the last undo or redo changed, as the step itself tells it; None if that is unknown.

        A lab that is made anew has other numbers, and between two of those a link that got another
        name is one that has gone and one that is new.

        :param now: what is there: something may have been done since
        """
        turned = self._turned
        if turned is None or differences(turned.after, now, lasting=True):
            return None
        return turned

    def _rebuild(
        self,
        steps: Sequence[HistoryStep],
        wanted: Snapshot | None,
        undone: tuple[HistoryStep, ...] = (),
        *,
        again: bool = False,
        turned: diff.Diff | None = None,
    ) -> list[str]:
        """Make the lab anew with these steps; if that fails, the present one stays.

        :param wanted: what is to be there then
        :param undone: steps that redo is to bring back
        :param again: whether the last undo's steps are among these
        :param turned: what changes by it, if the steps tell
        :returns: what could not be brought back
        """
        groups = self._history.undone
        groups = groups[:-1] if again else groups
        groups = (*groups, undone) if undone else groups
        try:
            again_done = [step for step in steps if step.changed]
            fresh, found, lost = repeated(self._fresh, again_done, wanted)
        except Interrupted:
            raise Interrupted(
                "go back", self.name, "you stopped it", "the lab is as it was before"
            ) from None
        with stopping.Shield():
            self._turned = turned  # before whoever follows the lab sees that it is a new one
            self._engine, old = fresh, self._engine
            self._history = History(steps, groups, found)
            self._start = self._start.aligned(found)
            old.close()
            if self._closed:  # by another thread, meanwhile
                fresh.close()
            self._check_open()
            self._tell()
        return lost

    # -- retold ----------------------------------------------------------------------------------

    @checked
    def script(self, style: Style = "iproute2") -> str:
        """The session so far as a shell script that a person can run as root elsewhere.

        Steps that only looked are left out, and lines that failed are comments.  Of what was
        stopped, and of what was done by hand, the commands that make the difference are in it.
        Run once more, it first removes what it has made; with the word ``clean`` it only does that.

        :param style: how actions are written: ``classic`` or ``iproute2``; lines that were typed
            stay as they were typed
        """
        self._look_for_hands()
        latest = self._history.latest
        return export.script(self._told(), style, clearing(latest) if latest else None)

    def python(self) -> str:
        """The session so far as a notebook cell that makes the same network in another lab."""
        self._look_for_hands()
        options = self._options
        if not self._named:
            options = structs.replace(options, name=naming.PLAIN)
        return export.cell(self._told(), options)

    def _told(self) -> list[What]:
        """What made the lab what it is, from its beginning."""
        return [*self._begin, *(step.recipe for step in self._history.steps if step.changed)]


def _step_told(steps: Sequence[HistoryStep], *, back: bool = False) -> diff.Diff | None:
    """What one step changed, forth or back; None of several, which may be of several labs."""
    changed = [(step.before, step.after) for step in steps if step.changed]
    before, after = changed[0] if len(changed) == 1 else (None, None)
    if before is None or after is None:
        return None
    return diff.compare(after, before) if back else diff.compare(before, after)


def _kept(count: int, steps: int, to: int | None) -> int:
    """How many numbered steps stay.

    :raises InvalidInput: there are not so many
    """
    have = f"{count} steps have changed the lab" if count != 1 else "1 step has changed the lab"
    if steps != 1 and to is not None:
        raise InvalidInput(
            "undo",
            f"{steps} steps, to={to}",
            "it is said twice how far to go back",
            "say how many steps, or to= which",
        )
    if to is not None:
        if not 0 <= to <= count:
            raise InvalidInput("undo", f"to={to}", have, "lab.history numbers them, from 1")
        return to
    if not 0 < steps <= count:
        if not count:
            raise InvalidInput(
                "undo", "", "there is nothing to undo", "nothing has been changed yet"
            )
        words = "1 step" if steps == 1 else f"{steps} steps"
        raise InvalidInput("undo", words, have, "lab.history lists all of them")
    return count - steps
