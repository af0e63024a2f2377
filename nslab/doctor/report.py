"""A report, and how it shows itself: in words, and as a table where a notebook shows it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from itertools import groupby
from typing import Literal

from msgspec import Struct

Status = Literal["ok", "limited", "missing", "refused"]

MARKS = {"ok": "✔", "limited": "!", "missing": "–", "refused": "✘"}


class Check(Struct, frozen=True, omit_defaults=True):
    """One thing looked at.  ``remedy`` is what to do about it, line by line."""

    group: str
    name: str
    status: Status
    detail: str = ""
    remedy: str = ""


class Report(Struct, frozen=True):
    """What this machine allows.  ``works`` says whether a lab can run."""

    works: bool
    verdict: str
    checks: tuple[Check, ...]

    def __str__(self) -> str:
        return _text(self)

    def rows(self, *, whole: bool = False) -> Iterator[tuple[str, str, tuple[Check, ...]]]:
        """By group: its name, what is right in one line, and the checks that are listed one by one.

        :param whole: tell all of them one by one
        """
        for group, found in groupby(self.checks, key=lambda check: check.group):
            checks = tuple(found)
            right = [check.name for check in checks if check.status == "ok"]
            if whole or not right:
                yield group, "", checks
            else:
                line = f"{len(right)} of {len(checks)}: {', '.join(right)}"
                yield group, line, tuple(check for check in checks if check.status != "ok")

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        return {"text/plain": _text(self), "text/html": _html(self)}


def _text(report: Report, *, whole: bool = False) -> str:
    """The verdict, a line for all that is right, and a line for each check that is not."""
    lines = [report.verdict]
    for group, right, checks in report.rows(whole=whole):
        lines.append(group)
        if right:
            lines.append(f"  {MARKS['ok']} {right}")
        for check in checks:
            lines.append(f"  {MARKS[check.status]} {check.name}  {_words(check)}".rstrip())
            lines += [f"      {line}" for line in _remedy(check)]
    return "\n".join(lines)


def _html(report: Report) -> str:
    """What is not right, with the remedies; and the whole table, folded."""
    wrong = "".join(_table_of(group, checks) for group, _, checks in report.rows() if checks)
    table = "".join(_table_of(group, checks) for group, _, checks in report.rows(whole=True))
    right = sum(check.status == "ok" for check in report.checks)
    return (
        f"<p><strong>{escape(report.verdict)}</strong></p>"
        + (f'<table style="margin-left:0">{wrong}</table>' if wrong else "")
        + f"<details><summary>{right} of {len(report.checks)} checks are {MARKS['ok']}: show all"
        f'</summary><table style="margin-left:0">{table}</table></details>'
    )


def _table_of(group: str, checks: Sequence[Check]) -> str:
    rows = [f'<tr><th colspan="3" style="text-align:left">{escape(group)}</th></tr>']
    for check in checks:
        said = escape(_words(check))
        for line in _remedy(check):
            said += f"<br><code>{escape(line)}</code>"
        cells = (MARKS[check.status], escape(check.name), said)
        row = "".join(f'<td style="text-align:left">{cell}</td>' for cell in cells)
        rows.append(f"<tr>{row}</tr>")
    return "".join(rows)


def _words(check: Check) -> str:
    if check.status == "ok":
        return check.detail
    return f"{check.status}: {check.detail}" if check.detail else check.status


def _remedy(check: Check) -> list[str]:
    return check.remedy.splitlines() if check.status != "ok" else []
