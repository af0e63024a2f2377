"""Labs from outside: which run, a terminal in one, a look into one, its end.

Which run is said by their records (:mod:`nslab.engine.runtime`), never by the words of a process.
Root has those of every user, and becomes that user before anything of theirs is read, joined or
run (:mod:`nslab.engine.guard`).
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
from collections.abc import Sequence

import msgspec
from msgspec import Struct

from nslab.engine import age, bell, guard, local, runtime, ssh
from nslab.engine.protocol import Engine
from nslab.engine.remote import ENDED
from nslab.engine.vm import visitor
from nslab.errors import InvalidInput, LabGone, NslabError
from nslab.network.model import Snapshot

LISTING = 2.0
"""Seconds in which each user's labs must be known, where root asks for all."""

ENDING = 10.0
"""Seconds that a lab may take to end."""

LOOKING = 30.0
"""Seconds for a snapshot of another user's lab."""


class Running(Struct, frozen=True):
    """A running lab; ``pid`` is that of the process that visitors go by, as seen from here."""

    name: str
    pid: int
    uid: int
    age: float
    """Seconds since its session began."""
    engine: runtime.Kind = "local"
    held: runtime.Held | None = None


def running() -> list[Running]:
    """The labs on this machine that the caller may enter, the oldest first."""
    found = {os.geteuid(): runtime.running()}
    if os.geteuid() == 0:
        answers = guard.ask_all(guard.owners(), _own, LISTING)
        found |= {uid: _decoded(answer) for uid, answer in answers.items()}
    labs = [_running(held, uid) for uid, theirs in found.items() for held in theirs]
    return sorted(labs, key=lambda lab: (-lab.age, lab.pid))


def of(engine: Engine) -> Running | None:
    """The lab that lives in an engine of ours, as it is found from outside; None if it cannot be.

    There is no record of a lab in memory, nor of any where no directory for one could be made.
    """
    process = getattr(engine, "process", None)
    for held in runtime.running():
        # The process itself has the record, or wrote it and has that of its first child in it.
        if process is not None and (
            process == held.record.pid or held.key.startswith(f"{process}-")
        ):
            return _running(held, os.geteuid())
    return None


def _own() -> bytes:
    return msgspec.msgpack.encode(runtime.running())


def _decoded(answer: bytes) -> list[runtime.Held]:
    """What another user's child says: at most so many labs, of the right form, or none."""
    try:
        return msgspec.msgpack.decode(answer[1:], type=list[runtime.Held])[:1000]
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return []


def _running(held: runtime.Held, uid: int) -> Running:
    record = held.record
    old = age.of(record.pid, record.started)
    return Running(record.name, record.pid, uid, old, record.engine, held)


def enter(lab: Running, ns: str | None = None, argv: Sequence[str] = ()) -> int:
    """Join a lab and run a program there, bash if none is named; its exit code.

    One that rests is woken first.

    :raises InvalidInput: a word would be taken for an option of a program on the way
    :raises LabGone: it has just ended
    """
    for what, word in (("namespace", ns or ""), ("program", argv[0] if argv else "")):
        if word.startswith("-") or "\0" in word:
            raise InvalidInput(
                f"enter the {what}", repr(word), f"there is no such {what}", "see: nslab enter -h"
            )
    held = _held(lab)
    words = [ns or "", *argv]
    if lab.uid == os.geteuid():
        return _enter(held, words)
    _load()
    return guard.visit(lab.uid, lambda: _enter(held, words, here=True))


def end(lab: Running) -> None:
    """End a lab with all that runs in it; its notebook is told at the next step.

    :raises InvalidInput: it is another user's, or nothing of it runs
    :raises LabGone: it has just ended
    """
    held = _held(lab)
    if lab.uid != os.geteuid():
        raise InvalidInput("end the lab", lab.name, "it is another user's", "become that user")
    if held.record.engine == "resting":
        raise InvalidInput(
            "end the lab", lab.name, "it rests: nothing of it runs", "it ends with its notebook"
        )
    process = runtime.hold(held.record)
    try:
        # The first process of a lab here heeds nothing else; the others end what is theirs.
        local_one = held.record.engine == "local"
        if local_one:
            _end_keeper(held)
        with contextlib.suppress(ProcessLookupError):  # it has ended with its keeper
            signal.pidfd_send_signal(process, signal.SIGKILL if local_one else ENDED)
        if not select.select([process], [], [], ENDING)[0]:
            raise NslabError(
                "end the lab", lab.name, "it does not end", "end its notebook's kernel"
            )
    finally:
        os.close(process)


def _end_keeper(held: runtime.Held) -> None:
    """End the process that keeps a lab here, by the signal that tells its notebook who did it."""
    keeper = runtime.writer(held.key)
    if keeper is not None:
        with contextlib.suppress(ProcessLookupError):  # it has just ended
            signal.pidfd_send_signal(keeper, ENDED)
            select.select([keeper], [], [], ENDING)
        os.close(keeper)


def look(lab: Running) -> Snapshot:
    """A snapshot of a running lab, from outside.

    :raises LabGone: it has just ended
    """
    held = _held(lab)
    if lab.uid == os.geteuid():
        message = _look(held)
    else:
        _load()
        message = guard.ask(lab.uid, lambda: _look(held, here=True), LOOKING)
    try:
        return msgspec.msgpack.decode(message, type=Snapshot)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        raise NslabError(
            "look into the lab", lab.name, "its answer is not a snapshot", "nslab show"
        ) from None


def _held(lab: Running) -> runtime.Held:
    assert lab.held is not None, "only what running() found can be entered"
    return lab.held


def _load() -> None:
    """What the child needs, loaded while modules are still the machine's own."""
    import nslab.engine.agent.boot.visit  # noqa: F401


def _enter(held: runtime.Held, words: Sequence[str], *, here: bool = False) -> int:
    """
    :param here: in this process, which has been made ready
    """
    if held.record.engine == "resting":
        held = bell.wake(held)
    match held.record.engine:
        case "local" if here:
            from nslab.engine.agent.boot.visit import main

            return main([str(runtime.hold(held.record)), "enter", *words])
        case "local":
            return local.enter(held.record, words)
        case "vm":
            return visitor.enter(held, words)
        case "ssh":
            return ssh.enter(held.record, words)
        case "resting":
            raise LabGone("enter the lab", held.record.name, "it rests again", "try once more")


def _look(held: runtime.Held, *, here: bool = False) -> bytes:
    match held.record.engine:
        case "local" if here:
            return _look_here(held.record)
        case "local":
            return local.look(held.record)
        case "vm":
            return visitor.look(held)
        case "ssh":
            return ssh.look(held.record)
        case "resting":
            return bell.look(held)


def _look_here(record: runtime.Record) -> bytes:
    """As another user, in the child: a visitor's message goes through a pipe of its own."""
    from nslab.engine.agent.boot.visit import main

    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.dup2(writing, 1)
            os.close(reading)
            os._exit(main([str(runtime.hold(record)), "look", record.name]))
        finally:
            os._exit(1)
    os.close(writing)
    with os.fdopen(reading, "rb") as stream:
        message = stream.read()
    os.waitpid(child, 0)
    return message
