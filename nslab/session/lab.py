"""The lab: one learner's session, a pseudo-host with its history.

>>> from nslab import AddBridge, Lab, SetUp
>>> with Lab() as lab:
...     done = lab.do(AddBridge("lxcbr0", stp=False), SetUp("lxcbr0"))
...     lab.snapshot().link("lxcbr0").kind
'bridge'
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
import time
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from types import TracebackType
from typing import TYPE_CHECKING, Any

from msgspec import structs

from nslab.engine import age, protocol, stopping
from nslab.engine.choose import choose
from nslab.errors import CommandTimeout, Interrupted, InvalidInput, LabClosed, NotMet, NslabError
from nslab.network import diff, names
from nslab.network.actions import Action
from nslab.network.arguments import check, checked
from nslab.network.model import Snapshot
from nslab.printable import short
from nslab.session import enough, naming, views
from nslab.session.apart import Apart, apart, run_in
from nslab.session.check import Check, Verdict, Verdicts
from nslab.session.counting import Counting
from nslab.session.history import TIMEOUT, Begin, Done, Typed, differ, steps_of
from nslab.session.outcome import ActionResult, CommandResult
from nslab.session.output import Output
from nslab.session.past import Past
from nslab.session.repeating import rebuild
from nslab.session.resting import bell_of
from nslab.session.step import Step, Task, judged
from nslab.session.tables import Tables
from nslab.session.traffic.methods import Traffic

if TYPE_CHECKING:
    from nslab.draw import Memory, Picture
    from nslab.engine.bell import Bell
    from nslab.engine.protocol import Engine
    from nslab.explain.diagnose import Explanation
    from nslab.session.views import View

NEW_SHELL = "the next cell here begins a new one, without its variables and its directory"

LONGEST_LINE = 60
"""Characters of a typed line that an error repeats."""

LONGEST_WORD = (128 << 10) - 1
"""Bytes of a program's argument, without its zero byte (MAX_ARG_STRLEN)."""

STOPPED = 128 + signal.SIGINT
"""The exit code of what the stop button ended, as a shell has it."""


class Lab(Past, Counting, Tables, Traffic):
    """A private host: its own network, files in /etc and processes; nothing outside is touched.

    :param name: what ``nslab enter`` and ``nslab show`` call it; None for the name of the notebook,
        or ``lab`` elsewhere, with a number behind it if another lab here has that name
    :param engine: where it lives: ``local`` (this machine), ``vm`` (a virtual machine of its own,
        without any privilege), ``ssh:MACHINE`` (another machine, which has nslab), or ``fake`` (in
        memory, for tests); None for the first of local and vm that runs here
    :param needs: what its kernel must have, such as ``["ipvlan", "vlan"]``: then the first of local
        and vm that has it (see :mod:`nslab.engine.choose`); an engine that is named is taken as it
        is
    :param ipv6: leave IPv6 on in every namespace
    :param nic_filter: have eth0 drop what is meant for another address unless it is promiscuous, as
        a real NIC does (a virtual cable does not): emulated by :mod:`nslab.engine.agent.world.nic`
    :param cards: bring in the two network cards that QEMU emulates, on one hub: ``nic0`` in the
        host and ``nic1`` in the LAN machine; in a virtual machine only
    :param start: what is done before anything else, actions and lines to be typed in the host;
        :meth:`reset` goes back to just after it
    :raises EngineUnavailable: no lab can run here; says why, and what to do
    """

    @checked
    def __init__(
        self,
        name: str | None = None,
        *,
        engine: str | None = None,
        needs: Sequence[str] = (),
        ipv6: bool = False,
        nic_filter: bool = False,
        cards: bool = False,
        start: Begin = (),
    ) -> None:
        names.namespace_reference(name)
        self._named = name is not None
        title = name or naming.PLAIN
        name = name or naming.free(naming.usual())
        if not isinstance(needs, list | tuple) or not all(isinstance(n, str) for n in needs):
            raise InvalidInput(
                "make a lab",
                f"needs={short(needs)}",
                "it is not a list of texts",
                'such as needs=["ipvlan"]',
            )
        if not isinstance(start, list | tuple):
            raise InvalidInput(
                "make a lab",
                f"start={short(start)}",
                "it is not a list of steps",
                'such as start=[AddNamespace("ns1"), "ip link set lo up"]',
            )
        for step in start:
            if isinstance(step, str):
                check("start", "line", step, "str")
            elif not isinstance(step, Action):
                raise InvalidInput(
                    "make a lab",
                    short(step),
                    "it is neither an action nor a line",
                    'such as start=[AddNamespace("ns1"), "ip link set lo up"]',
                )
        self._options = protocol.Options(
            name=name, title=title, ipv6=ipv6, nic_filter=nic_filter, cards=cards
        )
        self._factory = choose(engine, needs, _tell)
        self._begin = steps_of(start)
        self._earlier: list[Snapshot] = []
        """What was there on the way to its beginning."""
        self._since = age.now()
        """When it began, whatever places it has lived in since."""
        self._lock = threading.RLock()
        self._owner = os.getpid()
        self._closed = False
        self._held: Engine | None = None
        """Where the lab lives; ended while it rests."""
        self._bell: Bell | None = None
        """Where others find it while it rests."""
        self._resting: Snapshot | None = None
        """What is there, while the lab rests."""
        self._may_rest = False
        self._newest: Engine | None = None
        self._last: CommandResult | None = None
        self._stage: Memory | None = None
        self._aside: set[str] = set()
        """What judges have run, such as a ping: it is nobody's doing, and no snapshot has it."""
        Past.__init__(self)
        Counting.__init__(self)
        Traffic.__init__(self)
        try:
            with stopping.Region():
                self._engine = self._fresh()
                self._start = self._history.latest = self._engine.snapshot()
                naming.remember(self)
                _announce(self)
        except BaseException:
            with stopping.Region():
                self._close_all()
            raise

    # -- doing ---------------------------------------------------------------------------------

    @checked
    def do(self, *actions: Action, watch: bool = True) -> ActionResult:
        """Do actions in order; if one fails, the lab is put back to what it was before.

        :param watch: look before and after, so that the result can show what changed; without,
            large builds are quicker
        :raises NslabError: the first action that failed, with cause and hint
        :raises Interrupted: the stop button was pressed; what was done by then has stayed, and is
            a step of the history
        """
        for action in actions:
            if not isinstance(action, Action):
                raise InvalidInput(
                    "do", short(action), "it is not an action", 'such as AddBridge("lxcbr0")'
                )
        with self._turn():
            before = self._history.notice(self.snapshot()) if watch else None
            began = time.monotonic()
            try:
                self._engine.apply(actions)
            except Interrupted as stopped:
                with stopping.Shield():
                    self._keep_part(actions[: stopped.done], before, began)
                if not self._engine.alive:
                    raise
                raise _stopped_in(actions, stopped) from None
            except NslabError as error:
                with stopping.Shield():
                    if len(actions) > 1 and self._engine.alive:
                        if differ(before, self.snapshot()):
                            self._rebuild(self._history.steps, before)
                        error.hint += "\nnothing was changed: the actions before it were taken back"
                raise
            with stopping.Shield():  # it is done: it has to be in the history
                took = time.monotonic() - began
                after = self.snapshot() if watch else None
                containers = self._containers()
                self._history.add(Done(actions), before, after, took=took)
                self._tell()
            changes = diff.compare(before, after) if before and after else None
            return ActionResult(actions, changes, self._draw, containers)

    def _keep_part(self, done: tuple[Action, ...], before: Snapshot | None, began: float) -> None:
        """Put those actions into the history that were done before the stop button."""
        if done and self._engine.alive:
            took = time.monotonic() - began
            after = self.snapshot() if before is not None else None
            self._history.add(Done(done), before, after, took=took)
            self._tell()

    @checked
    def sh(
        self,
        text: str,
        ns: str | None = None,
        *,
        timeout: float | None = TIMEOUT,
        echo: bool | None = None,
        living: bool = False,
    ) -> CommandResult:
        """Run command lines as a person would type them, in the host or in a namespace.

        As in a terminal, the lines after a failing one still run; ``failures`` names it.

        Each call has a shell of its own, so that what a program runs does not depend on what ran
        before.  The cells of a notebook (``%%host``) are typed into shells that live.

        :param text: the lines, for bash
        :param ns: a namespace (as ``ip netns exec``), a container, or lan, router, internet
        :param timeout: seconds until the block is ended; None for no limit
        :param echo: print the output as it comes; by default in a notebook only
        :param living: type the lines into the shell that lives in the namespace from one such call
            to the next, so that its directory, variables and functions last
        :raises CommandTimeout: it took longer; what it had done stays
        :raises Interrupted: the stop button was pressed; what it had done stays
        """
        names.namespace_reference(ns)
        output = Output(_in_notebook() if echo is None else echo, "lab.last")
        text = str(text)  # a hint of why() is more than a text, and no message takes that
        typed = Typed(text, None if ns == "host" else ns, living, timeout)
        with self._turn():
            before, began = self._history.notice(self.snapshot()), time.monotonic()
            assert before is not None
            try:
                completed = self._engine.run(typed.command(timeout), output)
            except Interrupted as said:
                said.subject = _first_line(text)  # bash runs it, but this was typed
                if self._engine.alive:
                    typed = replace(typed, ending="stopped")
                    stopped = protocol.Completed(returncode=STOPPED)
                    self._keep_typed(typed, before, began, output, stopped)
                raise
            if completed.timed_out:
                typed = replace(typed, ending="timed out")
            after = self._keep_typed(typed, before, began, output, completed)
            changes = diff.compare(before, after)
            ended = living and completed.ended
            if completed.timed_out:
                raise _late(text, timeout, NEW_SHELL if ended else "")
            note = f"the shell has ended: {NEW_SHELL}" if ended else ""
            self._last = output.result(completed, changes, self._draw, note, typed)
            return self._last

    def _keep_typed(
        self,
        typed: Typed,
        before: Snapshot,
        began: float,
        output: Output,
        completed: protocol.Completed,
    ) -> Snapshot:
        """Put lines into the history, whatever came of them; what is there then."""
        with stopping.Shield():
            took = time.monotonic() - began
            output.finish()
            self._last = output.result(completed)
            after = self.snapshot()
            failed = [failure.line for failure in output.failures()]
            self._history.add(typed, before, after, took=took, failed=failed)
            self._tell()
            return after

    @property
    def last(self) -> CommandResult | None:
        """What came of the newest :meth:`sh` or cell, also if it was ended; None before the first.

        What a cell printed stays in it whole, however much of that is shown: ``lab.last.stdout``.
        """
        return self._last

    @checked
    def run(
        self,
        *argv: str,
        ns: str | None = None,
        timeout: float | None = TIMEOUT,
        stdin: str = "",
        full: bool = False,
    ) -> CommandResult:
        """Run one program, without a shell and without looking for changes.

        In a namespace it runs as with ``nsenter --net``, which is quicker than :meth:`sh`.

        :param argv: the program and its arguments, each a text
        :param ns: as for :meth:`sh`
        :param timeout: seconds until the program is ended; None for no limit
        :param stdin: what it reads from its standard input
        :param full: as ``ip netns exec`` does, with that namespace's /etc/netns and /sys
        :raises ToolMissing: there is no such program
        :raises CommandTimeout: it took longer than ``timeout`` seconds
        """
        if not argv or not all(isinstance(word, str) for word in argv):
            raise InvalidInput(
                "run",
                short(argv),
                "the program and its arguments must be separate texts",
                'write lab.run("ip", "-brief", "link", ns="ns1")',
            )
        for word in argv:
            if len(word.encode()) > LONGEST_WORD:
                raise InvalidInput(
                    "run",
                    short(argv[0]),
                    f"a word of {len(word):,} characters is too long for the kernel",
                    "give it as stdin=",
                )
        argv, stdin = tuple(map(str, argv)), str(stdin)  # as in sh()
        return run_in(self._engine, argv, ns=ns, timeout=timeout, stdin=stdin, full=full)

    def _run_aside(self, *argv: str, **options: Any) -> CommandResult:
        """The same for who judges while the learner works: it shows in no step."""
        self._aside.add(" ".join(argv))
        return self.run(*argv, **options)

    def _apart(self, way: Begin) -> contextlib.AbstractContextManager[Apart]:
        """Another lab beside it, in which only this was done since the beginning.

        :raises LabClosed: it is closed
        """
        self._check_open()
        steps = (*self._begin, *steps_of(way))
        return apart(lambda: self._factory(self._options), steps)

    @contextlib.contextmanager
    def _turn(self) -> Iterator[None]:
        """One step at a time; the stop button ends it in good order.

        :raises LabClosed: it is closed, or belongs to another process
        """
        self._check_open()
        with stopping.Region():
            while not self._lock.acquire(timeout=0.1):
                self._check_open()  # whoever has the turn may be long at it
                if stopping.pending():
                    stopping.taken()
                    raise Interrupted(
                        "begin", "", "you stopped it while another thread used the lab"
                    )
            self._depth += 1
            try:
                self._check_open()
                self._wake()  # what is compared before and after must be of one engine
                yield
            finally:
                self._depth -= 1
                self._lock.release()

    def _check_open(self) -> None:
        if self._closed:
            raise LabClosed(
                "use the lab",
                self.name,
                "it was closed",
                "make a new one: lab = Lab(), or run the notebook from the top",
            )
        if self._owner != os.getpid():
            raise LabClosed(
                "use the lab",
                self.name,
                "it belongs to the process that made it",
                "make one here: lab = Lab()",
            )

    @checked
    def interrupt(self, thread: int | None = None) -> None:
        """End the command that another thread runs in the lab now, as the stop button does there.

        What ran it raises :class:`Interrupted`.  If it runs none just now, nothing happens.

        :param thread: which, by its :func:`threading.get_ident`; the main thread if none is named
        """
        thread = threading.main_thread().ident if thread is None else thread
        for engine in {id(e): e for e in (self._held, self._newest) if e}.values():
            engine.interrupt(thread or 0)

    # -- looking -------------------------------------------------------------------------------

    def snapshot(self) -> Snapshot:
        """What the kernel reports now."""
        self._check_open()
        rested = self._resting
        return rested or _without(self._engine.snapshot(), self._aside)

    @checked
    def why(
        self,
        ns: str | None,
        target: str,
        *,
        port: int | None = None,
        protocol: str | None = None,
        size: int | None = None,
        probe: bool = True,
    ) -> Explanation:
        """Why a namespace can, or cannot, reach a target: step by step, and tried with a packet.

        A few packets are sent and watched on every link of the lab, while packet filters say what
        they do with them.  ``ok`` is True if they got through, False if ``obstacle`` is in their
        way (``lab.do(*why.actions)`` removes it), None if they were lost at a known place for an
        unknown reason.  Nothing of it stays; a capture leaves it out with
        ``filter=nslab.network.evidence.WITHOUT_PROBES``.

        :param ns: a namespace or container; None or ``host`` for the pseudo-host
        :param target: an address, IPv4 or IPv6; a name, which is looked up first; either with a
            port: ``203.0.113.80:80``, ``[fd00::1]:80``
        :param port: the port, if the target does not name one
        :param protocol: icmp (a ping), tcp or udp; by default tcp if there is a port, else icmp
        :param size: bytes that the ping carries, as ``ping -s`` counts them; it may then not be
            fragmented
        :param probe: send packets; without, only a snapshot and the kernel's routes are asked
        :raises NotFound: there is no such namespace
        :raises InvalidInput: the target is none that a way leads to
        """
        from nslab.session.asking import explain

        with stopping.looking("explain the way to", target):
            return explain(
                self._engine,
                self.snapshot(),
                ns,
                target,
                port=port,
                protocol=protocol,
                size=size,
                probe=probe,
                former=self._former(),
            )

    @property
    def picture(self) -> Picture:
        """The lab as it is now, drawn."""
        return self._draw(self.snapshot())

    def _draw(
        self, what: Snapshot | diff.Diff, *, whole: bool = False, plain: bool = False
    ) -> Picture:
        """A picture in which nothing jumps that was in the lab's pictures before."""
        from nslab.draw import Memory, Picture

        if self._stage is None:
            self._stage = Memory()
        return Picture(what, self._stage, whole=whole, plain=plain)

    def live(self) -> View:
        """The picture as a widget that follows the kernel, whoever changes the lab and how."""
        live: View = views.view("live", self)
        return live

    def builder(self) -> View:
        """Forms for every step, with the commands they stand for, as a widget."""
        builder: View = views.view("builder", self)
        return builder

    @checked
    def terminal(self, ns: str | None = None, *, another: bool = False) -> None:
        """Open a terminal in the host or in a namespace, beside the notebook.

        It is Jupyter's own, and runs ``nslab enter``: in JupyterLab a panel, in Notebook 7 a tab of
        the browser.  Where a page can open none, it says what to type in a terminal.  It ends with
        the lab, and with :meth:`undo` and :meth:`reset`, which make the lab anew.

        :param ns: a namespace, a container, or switch, lan, router, internet; the host for None
        :param another: one more, also if there is one in that place, which is shown again otherwise
        :raises NotFound: there is no such namespace
        :raises EngineUnavailable: the lab cannot be entered from outside
        """
        views.view("terminal", self, names.namespace_reference(ns), another)

    @property
    def changes(self) -> diff.Diff:
        """What is different from a fresh lab."""
        return diff.compare(self._start, self.snapshot())

    def check(self, *wanted: Check | Step | Task) -> Verdicts:
        """Ask the kernel whether what is wanted is so: checks, steps with all theirs, exercises.

        Where a step's checks no longer hold because a later step of its lesson has been done, that
        is said, and is no fault.
        """
        for one in wanted:
            if isinstance(one, type) or not isinstance(one, Check | Step | Task):
                raise InvalidInput(
                    "check",
                    short(one),
                    "it is neither a check nor a step nor an exercise",
                    'such as HasLink("lxcbr0")',
                )
        names = [type(one).__name__ if isinstance(one, Check) else one.id for one in wanted]
        with stopping.looking("check", ", ".join(names)):
            self.snapshot()  # a closed lab says so, whatever is asked
            found: list[Verdict] = []
            for one in wanted:
                if isinstance(one, Check):
                    found.append(one.ask(self))
                else:
                    found += judged(one, self) if isinstance(one, Step) else one.ask_all(self)
            return Verdicts(found)

    def require(self, *wanted: Check | Step | Task) -> Verdicts:
        """The same as :meth:`check`, but what is not so is an error.

        So "Run all", and programs that run notebooks or grade them, see it as a failure.

        :raises NotMet: something does not hold; its message is the verdict
        """
        found = self.check(*wanted)
        if not wanted:
            raise InvalidInput(
                "require", "", "nothing was named", 'such as lab.require(HasLink("lxcbr0"))'
            )
        if not found:
            raise NotMet("require", cause=str(found))
        return found

    # -- beginning -----------------------------------------------------------------------------

    def _fresh(self) -> Engine:
        """A new lab as this one was at its beginning."""
        if self._held is None or self._resting is not None:
            enough.room_for(self.name)
        look = None if self._earlier else self._earlier.append
        return rebuild(self._newest_engine, self._begin, look, self._begun)

    def _begun(self, typed: Typed, ran: CommandResult) -> None:
        """A line of the beginning has run.  One that failed is passed over, as in a terminal."""

    def _newest_engine(self) -> Engine:
        with enough.of_everything(self.name), age.since(self._since):
            made = self._newest = self._factory(self._options)
        if self._closed:
            made.close()
        self._check_open()
        return made

    # -- rest ----------------------------------------------------------------------------------

    @property
    def _engine(self) -> Engine:
        """Where the lab lives; a lab that rests is made anew first."""
        if self._resting is not None:
            self._wake()
        assert self._held is not None, "it is there from the lab's making on"
        return self._held

    @_engine.setter
    def _engine(self, engine: Engine) -> None:
        self._held, self._resting = engine, None
        self._end_bell()

    @property
    def resting(self) -> bool:
        """Whether nothing of the lab runs just now, because it has not been used since it began."""
        return self._resting is not None

    def _rest(self) -> bool:
        """End what runs in a lab that nobody has used, until somebody does; whether it rests now.

        It takes no memory then, looks as it did, and is made anew for the first who does more than
        look.  From outside it is listed, and ``nslab enter`` wakes it.
        """
        if not self._lock.acquire(blocking=False):
            return False  # it is just being used
        try:
            held = self._held
            used = self._depth or self._history.steps or not self._may_rest
            if used or not self.alive or held is None:
                return False
            if self._resting is None:
                now = held.snapshot()
                if diff.compare(self._start, now).lasting:  # a judge's pings leave neighbours alone
                    return False
                self._resting = now
                held.close()
                self._bell = bell_of(self) if held.name != "fake" else None
            return True
        finally:
            self._lock.release()

    def _wake(self) -> None:
        """Make a lab that rests as it was."""
        with self._lock, stopping.Region():
            if self._resting is None:
                return
            self._check_open()
            fresh = self._fresh()
            self._start = self._history.latest = fresh.snapshot()
            self._engine = fresh

    def _end_bell(self) -> None:
        if self._bell is not None:
            self._bell.end()
            self._bell = None

    # -- the end -------------------------------------------------------------------------------

    @property
    def name(self) -> str:
        """What ``nslab enter --lab`` and ``nslab show --lab`` call it."""
        return self._options.name

    def use(self) -> None:
        """Have ``%%host`` and ``%%ns`` type into this lab from now on.

        Each new lab is used from its making on, until another is made.

        :raises LabClosed: it is closed
        :raises InvalidInput: this is no notebook
        """
        self._check_open()
        running = views.notebook()
        if running is None:
            raise InvalidInput(
                "use the lab", self.name, "this is no notebook", "its lines run with lab.sh(…)"
            )
        running.use(self)

    @property
    def engine(self) -> Engine:
        """Where the lab lives; for measuring and for extending nslab."""
        return self._engine

    @property
    def alive(self) -> bool:
        """Whether the lab is still there."""
        if self._closed or self._held is None:
            return False
        return self._resting is not None or self._held.alive

    def close(self) -> None:
        """End everything in the lab, at once and from any thread, whatever goes on in it.

        What others do in it ends with :class:`LabClosed`.  Closing twice is no error.
        """
        with stopping.Region():
            self._closed = True  # nobody is waited for: what holds the lock may take for ever
            self._end_bell()
            self._close_all()

    def _close_all(self) -> None:
        for engine in (self._held, self._newest):
            if engine is not None:
                engine.close()

    def __enter__(self) -> Lab:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        state = "closed" if self._closed else "running" if self.alive else "gone"
        return f"<Lab {self.name!r} on {self._held and self._held.name}, {state}>"

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        if not self.alive:
            return {"text/plain": f"{self!r}: make a new one with lab = Lab()"}
        return self.picture._repr_mimebundle_()


def _without(snapshot: Snapshot, commands: Collection[str]) -> Snapshot:
    """The same without the processes of these commands."""
    if not any(one.command in commands for ns in snapshot for one in ns.processes):
        return snapshot
    return structs.replace(
        snapshot,
        namespaces=tuple(
            structs.replace(
                ns, processes=tuple(one for one in ns.processes if one.command not in commands)
            )
            for ns in snapshot.namespaces
        ),
    )


def _first_line(text: str) -> str:
    line = text.strip().partition("\n")[0]
    return line if len(line) <= LONGEST_LINE else line[: LONGEST_LINE - 1] + "…"


def _late(text: str, timeout: float | None, note: str) -> CommandTimeout:
    """What is said of lines that were ended because they took too long."""
    return CommandTimeout(
        "finish",
        _first_line(text),
        f"it was still running after {timeout:g} seconds and was ended",
        "what it had done stays; lab.undo() goes back\n"
        f"allow more time with timeout=, or set a limit, such as ping -c 3\n{note}",
    )


def _stopped_in(actions: Sequence[Action], stopped: Interrupted) -> Interrupted:
    """What was done and what was not, in words."""
    done, count = stopped.done, len(actions)
    if done == 0:
        cause, hint = "you stopped it before its first action", "nothing was changed"
    elif done < count:
        cause = f"you stopped it after {done} of {count} actions"
        last, following = _words(actions[done - 1]), _words(actions[done])
        hint = (
            f"done: up to {last}\nnot done: from {following}\n"
            "what was done stays; lab.undo() takes it back"
        )
    else:
        cause, hint = "you stopped it when all was done", "lab.undo() takes it back"
    error = Interrupted("finish", f"{count} actions", cause, hint)
    error.done = done
    return error


def _words(action: Action) -> str:
    return f"{action.operation} {action.subject}".strip()


def _announce(lab: Lab) -> None:
    """In a notebook, make ``%%host`` and ``%%ns`` work on the newest lab."""
    running = views.notebook()
    if running is not None:
        running.use(lab)


def _tell(line: str) -> None:
    """Say it where it is no part of a notebook's saved outputs, which are the same everywhere."""
    if not _in_notebook():
        print(line, file=sys.stderr)


def _in_notebook() -> bool:
    return views.notebook() is not None


__all__ = ["TIMEOUT", "Lab"]
