"""A report, and how it shows itself: in words, and as a table where a notebook shows it."""

from __future__ import annotations

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

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        return {"text/plain": _text(self), "text/html": _html(self)}


def _text(report: Report) -> str:
    """The verdict, then a line for each check."""
    lines = [report.verdict]
    for group, checks in groupby(report.checks, key=lambda check: check.group):
        lines.append(group)
        for check in checks:
            lines.append(f"  {MARKS[check.status]} {check.name}  {_words(check)}".rstrip())
            lines += [f"      {line}" for line in _remedy(check)]
    return "\n".join(lines)


def _html(report: Report) -> str:
    """The same as a table, with the remedies below what they are for."""
    rows = []
    for group, checks in groupby(report.checks, key=lambda check: check.group):
        rows.append(f'<tr><th colspan="3" style="text-align:left">{escape(group)}</th></tr>')
        for check in checks:
            said = escape(_words(check))
            for line in _remedy(check):
                said += f"<br><code>{escape(line)}</code>"
            cells = (MARKS[check.status], escape(check.name), said)
            row = "".join(f'<td style="text-align:left">{cell}</td>' for cell in cells)
            rows.append(f"<tr>{row}</tr>")
    verdict = f"<p><strong>{escape(report.verdict)}</strong></p>"
    return f'{verdict}<table style="margin-left:0">{"".join(rows)}</table>'


def _words(check: Check) -> str:
    if check.status == "ok":
        return check.detail
    return f"{check.status}: {check.detail}" if check.detail else check.status


def _remedy(check: Check) -> list[str]:
    return check.remedy.splitlines() if check.status != "ok" else []
