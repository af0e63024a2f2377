"""What a check has found, on one screen."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from nslab.course.checking.pages import Finding
from nslab.printable import printable

MOST = 3
"""Findings of one notebook that are shown, unless all are asked for."""


def lines(ran: Iterable[dict[str, Any]], *, whole: bool = False) -> list[str]:
    """A line for each notebook, one for the exercises of each lesson; what is wrong below it.

    :param ran: what the plugin has noted of each test
    :param whole: all findings, however many
    """
    groups: dict[str, list[dict[str, Any]]] = {}
    for one in ran:
        name = one["path"]
        if one["kind"] == "exercise":
            name = f"exercises of {name.rpartition('-')[0]}"
        groups.setdefault(name, []).append(one)
    width = max((len(name) for name in groups), default=0)
    shown = []
    for name, tests in groups.items():
        bad = [test for test in tests if not test["ok"]]
        shown.append(f"{printable(name):<{width}}  {_verdict(tests, bad)}")
        found = [msgspec.convert(finding, Finding) for test in bad for finding in test["findings"]]
        for finding in found if whole else found[:MOST]:
            shown += _told(finding, name)
        if not whole and len(found) > MOST:
            shown.append(f"  and {len(found) - MOST} more: --all shows them")
    return shown


def _verdict(tests: list[dict[str, Any]], bad: list[dict[str, Any]]) -> str:
    cells = sum(test["kind"] == "cell" for test in tests)
    kind = f"{cells} cells" if cells else f"{len(tests)}"
    return f"✘ {len(bad)} of {kind}" if bad else f"✔ {kind}"


def _told(finding: Finding, name: str) -> list[str]:
    """One finding in indented lines."""
    what = "\n".join(map(printable, finding.what.split("\n")))
    place = finding.place or (finding.path if finding.path != name else "")
    head = f"  {place}: {what}" if place else f"  {what}"
    return [head, *([f"    → {printable(finding.mend)}"] if finding.mend else [])]
