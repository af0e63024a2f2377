"""One trial: build a network, ask the truth, ask ``why``, do what it says, ask the truth again."""

from __future__ import annotations

import ast
import contextlib
import inspect
import re
import subprocess
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from faults.topologies import TOPOLOGIES
from faults.truth import MENDED, comes_to_work, works
from faults.values import Fault, Network, Question, Topology, Working
from nslab import Explanation, Lab, NslabError, docker

RIGHT, WRONG, PLACED, UNDECIDED, SILENT = "right", "wrong", "placed", "undecided", "silent"
PASSED, ALARM, ERROR = "passed", "alarm", "error"

UNSURE = ("lost", "out-of-sight")
"""Kinds of obstacles that name no cause, only a place."""


@dataclass
class Outcome:
    """What came of one trial.

    ``verdict`` is right, wrong, placed (undecided, but the place is right), undecided, silent (it
    says ✔ and it fails), passed (it says ✔ and it works), alarm (it says ✘ and it works), or error:
    the benchmark itself is wrong there.
    """

    id: str
    kind: str
    verdict: str
    said: str = ""
    where: str = ""
    message: str = ""
    mended: bool | None = None
    """None where nothing was to be done, or the cause was not the right one."""
    steps: int = 0
    """How often it had to be asked until it was mended: what is taken down may have to be put up
    again piece by piece."""
    detail: str = ""
    group: str = "single"

    def plain(self) -> dict[str, Any]:
        return {key: value for key, value in asdict(self).items() if value not in ("", None)}


@dataclass
class Answer:
    """What ``why`` says, in the benchmark's words."""

    ok: bool | None
    kind: str = ""
    where: str = ""
    message: str = ""
    hint: str = ""
    notes: tuple[str, ...] = field(default=())


def ask(lab: Lab, question: Question) -> Answer:
    """Ask ``lab.why``; what it cannot be asked yet (a port, a size) is left out."""
    wanted = {
        "port": question.port or None,
        "protocol": question.protocol if question.port else None,
        "size": question.size or None,
    }
    known = inspect.signature(lab.why).parameters
    given = {key: value for key, value in wanted.items() if value is not None and key in known}
    try:
        found: Explanation = lab.why(question.ns, question.target, **given)
    except NslabError as error:
        return Answer(None, kind=type(error).__name__, message=str(error))
    obstacle = found.obstacle
    if obstacle is None:
        return Answer(True if found.ok else found.ok, notes=found.notes)
    ok = None if obstacle.kind in UNSURE else False
    return Answer(ok, obstacle.kind, obstacle.where, obstacle.message, obstacle.hint, found.notes)


def at(where: str, places: Sequence[str]) -> bool:
    """Whether a place is one of those: a namespace stands for all of its links."""
    ns, _, link = where.partition("/")
    for place in places:
        wanted_ns, _, wanted_link = place.partition("/")
        if ns == wanted_ns and (not wanted_link or not link or link == wanted_link):
            return True
    return False


def verdict(answer: Answer, accepted: Sequence[str], places: Sequence[str]) -> str:
    """What an answer about something that fails is worth."""
    if answer.ok:
        return SILENT
    placed = bool(answer.where) and at(answer.where, places)
    if answer.ok is None:
        return PLACED if placed else UNDECIDED
    return RIGHT if answer.kind in accepted and placed else WRONG


def make(topology: Topology) -> Lab:
    """A lab with that network."""
    options: dict[str, Any] = {"ipv6": True} if topology.ipv6 else {}
    lab = Lab(engine=topology.engine if topology.engine == "vm" else None, **options)
    if topology.docker:
        docker.start(lab)
    broken = run(lab, topology.lines)
    if broken:
        lab.close()
        raise RuntimeError(f"{topology.name} cannot be built: {broken}")
    return lab


def run(lab: Lab, lines: str) -> str:
    """Run lines in the host; the words of the first that failed, or nothing."""
    done = lab.run("bash", "-e", "-c", lines, full=True)
    return "" if done.returncode == 0 else (done.stderr or done.stdout or "failed").strip()[-300:]


def from_outside(lab: Lab, ns: str, lines: str) -> str:
    """Run lines as this machine's root, in a namespace's network; as usual if none is named."""
    if not ns:
        return run(lab, lines)
    inode = lab.snapshot().host.inode
    for path in Path("/proc").glob("[0-9]*/ns/net"):
        with contextlib.suppress(OSError):
            if path.stat().st_ino == inode:
                named = path.parents[1] / "root/run/netns" / ns
                place = path if ns == "host" else named
                words = ["nsenter", f"--net={place}", "bash", "-e", "-c", lines]
                done = subprocess.run(words, capture_output=True, text=True, check=False)
                return "" if done.returncode == 0 else (done.stderr or "failed").strip()[-300:]
    return f"no process is in the network of {lab.name}"


def forget(lab: Lab) -> None:
    """Empty the tables of what was learned: a ping that a table helps says nothing of the way."""
    run(
        lab,
        "ip neigh flush all; for ns in $(ip netns list | cut -d' ' -f1); do"
        " ip -n $ns neigh flush all; done; true",
    )


def do(lab: Lab, hint: str) -> str:
    """Do what a hint says, as a learner would type it; the words of what went wrong.

    A line that begins with ``#`` is a remark, and one with a word in capitals wants a decision.
    """
    lines = [line for line in hint.splitlines() if line.strip() and not line.startswith("#")]
    if not lines:
        return "nothing to be typed"
    for line in lines:
        if re.search(r"\b[A-Z]{3,}(-[A-Z]+)*\b", _words_of_tools(line)):
            return f"to be filled in: {line}"
        if line.startswith("lab.sh("):
            call = ast.parse(line, mode="eval").body
            assert isinstance(call, ast.Call)
            text, *ns = (ast.literal_eval(each) for each in call.args)
        else:
            text, ns = line, []
        done = lab.sh(text, *ns, echo=False)
        if done.failures:
            return f"{line}: {(done.stderr or done.stdout).strip()[-200:]}"
    return ""


def _words_of_tools(line: str) -> str:
    """A line without the words that are in capitals because iptables has them so."""
    capitals = "POSTROUTING PREROUTING OUTPUT INPUT FORWARD MASQUERADE SNAT DNAT ACCEPT DROP"
    capitals += " REJECT ARP TCPMSS ESTABLISHED RELATED NEW MARK REDIRECT NETMAP RETURN MAC TTL"
    capitals += " ORIGINAL DOCKER(-[A-Z0-9-]+)?"
    return re.sub(rf"\b({capitals.replace(' ', '|')})(?![\w-])", "", line)


def try_fault(fault: Fault) -> Outcome:
    """One single fault."""
    return _tried(
        fault.id,
        fault.kind,
        TOPOLOGIES[fault.topology],
        (fault.lines,),
        fault.question,
        fault.accepted,
        fault.places,
        mends=fault.mends,
        outside=fault.outside,
        warmed=fault.warmed,
    )


def try_pair(one: Fault, other: Fault) -> Outcome:
    """Two faults at once: either may be named first, and both have to be mended in turn."""
    outcome = _tried(
        f"{one.id} + {other.name}",
        f"{one.kind} + {other.kind}",
        TOPOLOGIES[one.topology],
        (one.lines, other.lines),
        one.question,
        one.accepted + other.accepted,
        one.places + other.places,
        mends=one.mends and other.mends,
        rounds=5,
    )
    outcome.group = "pair"
    return outcome


def _tried(
    name: str,
    kind: str,
    topology: Topology,
    broken: Sequence[str],
    question: Question,
    accepted: Sequence[str],
    places: Sequence[str],
    *,
    mends: bool,
    rounds: int = 3,
    outside: str = "",
    warmed: str = "",
) -> Outcome:
    with make(topology) as lab:
        if warmed and (run(lab, warmed) or not comes_to_work(lab, question)):
            return Outcome(name, kind, ERROR, detail=f"does not work before: {question}")
        for lines in broken:
            words = from_outside(lab, outside, lines) if outside else run(lab, lines)
            if words and len(broken) == 1:
                return Outcome(name, kind, ERROR, detail=f"cannot be made: {words}")
        if not warmed:
            forget(lab)
        if works(lab, question):
            if len(broken) > 1:  # one undoes the other
                return _works(name, ask(lab, question), "pair")
            return Outcome(name, kind, ERROR, detail=f"does not fail: {question}")
        if not warmed:
            forget(lab)
        answer = ask(lab, question)
        found = verdict(answer, accepted, places)
        outcome = Outcome(name, kind, found, answer.kind, answer.where, answer.message)
        if found == RIGHT and mends:
            outcome.mended, outcome.steps, outcome.detail = _mend(lab, question, answer, rounds)
        return outcome


def _mend(lab: Lab, question: Question, answer: Answer, rounds: int) -> tuple[bool, int, str]:
    """Do what is said, as printed, and ask again, at most so many times; never the same twice."""
    done: list[str] = []
    for number in range(1, rounds + 1):
        if answer.hint in done:
            return False, number, f"says the same again: {answer.hint[:200]}"
        words = do(lab, answer.hint)
        if words:
            return False, number, words
        done.append(answer.hint)
        if comes_to_work(lab, question, MENDED if number == rounds else 1.2):
            return True, number, ""
        if number < rounds:
            answer = ask(lab, question)
            if answer.ok:
                return comes_to_work(lab, question), number, "then it says ✔"
    return False, rounds, "does not help: " + " ; ".join(done)[-200:]


def try_working(working: Working) -> Outcome:
    """A network that works: nothing may be said to be in the way."""
    topology = TOPOLOGIES[working.topology]
    name = working.id
    with make(topology) as lab:
        words = from_outside(lab, working.outside, working.lines)
        if words:
            return Outcome(name, "working", ERROR, detail=f"cannot be made: {words}")
        if not comes_to_work(lab, working.question):
            return Outcome(
                name, "working", ERROR, detail=f"does not work: {working.question}", group="exotic"
            )
        answer = ask(lab, working.question)
        return _works(name, answer, "exotic")


def _works(name: str, answer: Answer, group: str) -> Outcome:
    word = PASSED if answer.ok else UNDECIDED if answer.ok is None else ALARM
    return Outcome(name, "working", word, answer.kind, answer.where, answer.message, group=group)


def try_network(network: Network) -> list[Outcome]:
    """A random network: ``why`` and a real packet must say the same of every question."""
    outcomes = []
    with Lab() as lab:
        run(lab, "set +e\n" + network.lines)
        for question in network.questions:
            name = f"network {network.seed}: {question}"
            answer = ask(lab, question)
            if answer.ok:
                fine = comes_to_work(lab, question, 3.0)
            else:
                forget(lab)
                fine = works(lab, question)
            if fine:
                outcomes.append(_works(name, answer, "random"))
                continue
            word = SILENT if answer.ok else UNDECIDED if answer.ok is None else "agreed"
            outcome = Outcome(name, "network", word, answer.kind, answer.where, answer.message)
            outcome.group = "random"
            outcomes.append(outcome)
    return outcomes
