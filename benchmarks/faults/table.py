"""The outcomes counted by kind, and kept in a file."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterable, Sequence
from pathlib import Path

from faults.judge import Outcome

WORDS = ("right", "wrong", "placed", "undecided", "silent", "error")


def line(outcome: Outcome) -> str:
    """One outcome, for who watches."""
    mended = {None: "", True: ", mended", False: f", NOT mended ({outcome.detail})"}[outcome.mended]
    said = f"{outcome.said} at {outcome.where}" if outcome.said else ""
    more = outcome.detail if outcome.verdict == "error" else outcome.message
    return f"{outcome.verdict:9} [{outcome.kind}] {outcome.id}: {said}{mended} | {more}"


def markdown(outcomes: Sequence[Outcome]) -> str:
    """All of it as tables."""
    parts = []
    single = [each for each in outcomes if each.group == "single"]
    if single:
        parts.append(_faults(single))
    pairs = [each for each in outcomes if each.group == "pair"]
    sums = [("single faults", single), ("pairs", pairs)]
    rows = ["| | tried | " + " | ".join(WORDS) + " | mended |", "|---" * (len(WORDS) + 3) + "|"]
    rows += [_row(name, some) for name, some in sums if some]
    for group, name in (("exotic", "exotic ones that work"), ("random", "random networks")):
        some = [each for each in outcomes if each.group == group]
        if some:
            rows.append(_row(name, some))
    parts.append("\n".join(rows))
    working = [each for each in outcomes if each.verdict in ("passed", "alarm")]
    if working:
        alarms = sum(each.verdict == "alarm" for each in working)
        parts.append(f"False alarms on what works: {alarms} of {len(working)}.")
    agreed = sum(each.verdict == "agreed" for each in outcomes)
    if agreed:
        parts.append(f"Random questions that fail, and it says so: {agreed}.")
    return "\n\n".join(parts)


def _faults(outcomes: Sequence[Outcome]) -> str:
    kinds = dict.fromkeys(each.kind for each in outcomes)
    rows = ["| kind | tried | " + " | ".join(WORDS) + " | mended |"]
    rows.append("|---" * (len(WORDS) + 3) + "|")
    rows += [_row(kind, [each for each in outcomes if each.kind == kind]) for kind in kinds]
    return "\n".join(rows)


def _row(name: str, outcomes: Sequence[Outcome]) -> str:
    cells = [str(sum(each.verdict == word for each in outcomes) or "") for word in WORDS]
    asked = [each for each in outcomes if each.mended is not None]
    mended = f"{sum(bool(each.mended) for each in asked)} of {len(asked)}" if asked else ""
    several = sum(bool(each.mended) and each.steps > 1 for each in asked)
    mended += f" ({several} in steps)" if several else ""
    return f"| {name} | {len(outcomes)} | " + " | ".join(cells) + f" | {mended} |"


def sentence(outcomes: Sequence[Outcome]) -> str:
    """The result in a few words, for the project's README."""
    single = [each for each in outcomes if each.group == "single"]
    right = sum(each.verdict == "right" for each in single)
    wrong = sum(each.verdict in ("wrong", "silent") for each in single)
    mended = [each.mended for each in single if each.mended is not None]
    working = [each for each in outcomes if each.verdict in ("passed", "alarm")]
    alarms = sum(each.verdict == "alarm" for each in working)
    kinds = len({each.kind for each in single})
    misled = f"a wrong one or none in {wrong}" if wrong else "never a wrong one"
    words = (
        f"Measured on {len(single)} networks with one fault each, of {kinds} kinds, against what "
        f"real packets do: `why` named the first cause in {right / len(single):.0%} and {misled}; "
        "else it said that it is undecided, and where the packet was lost. What it printed mended "
        f"{sum(map(bool, mended))} of {len(mended)}. Of {len(working)} questions about networks "
        f"that work it answered {alarms or 'none'} with no. "
        "([How](benchmarks/README.md#faults-and-what-labwhy-says-of-them))"
    )
    return textwrap.fill(words, 100, break_long_words=False, break_on_hyphens=False)


def files(outcomes: Sequence[Outcome]) -> dict[Path, str]:
    """What the READMEs are to be, by their paths."""
    root = Path(__file__).resolve().parents[2]
    found = {}
    for name, text in (
        ("README.md", sentence(outcomes)),
        ("benchmarks/README.md", markdown(outcomes)),
    ):
        before = (root / name).read_text()
        head, mark, rest = before.partition(_BEGIN)
        _, end, tail = rest.partition(_END)
        if not mark or not end:
            raise ValueError(f"{name} has no {_BEGIN}{_END}")
        found[root / name] = f"{head}{_BEGIN}\n{text}\n{_END}{tail}"
    return found


_BEGIN, _END = "<!-- faults -->", "<!-- /faults -->"


def read(path: Path) -> list[Outcome]:
    return [Outcome(**each) for each in json.loads(path.read_text())]


def write(path: Path, outcomes: Iterable[Outcome]) -> None:
    path.parent.mkdir(exist_ok=True)
    lines = ",\n".join(json.dumps(each.plain(), ensure_ascii=False) for each in outcomes)
    path.write_text(f"[\n{lines}\n]\n")


def merged(path: Path, outcomes: Sequence[Outcome], known: set[str]) -> list[Outcome]:
    """The new outcomes, and the former ones of what was not tried again.

    Pairs and random networks are drawn, and another draw takes the place of a former one.
    """
    if not path.exists():
        return list(outcomes)
    new = {each.id for each in outcomes}
    drawn = {"pair", "random"} - {each.group for each in outcomes}
    kept = [
        each
        for each in read(path)
        if each.id not in new and (each.id in known or each.group in drawn)
    ]
    return sorted([*kept, *outcomes], key=lambda each: (each.group, each.kind, each.id))
