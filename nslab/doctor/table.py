"""A report as a notebook shows it: a table, and the same in words."""

from __future__ import annotations

from html import escape
from itertools import groupby
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nslab.doctor.checks import Check, Report

MARKS = {"ok": "✔", "limited": "!", "missing": "–", "refused": "✘"}


def text(report: Report) -> str:
    """The verdict, then a line for each check."""
    lines = [report.verdict]
    for group, checks in groupby(report.checks, key=lambda check: check.group):
        lines.append(group)
        for check in checks:
            lines.append(f"  {MARKS[check.status]} {check.name}  {_words(check)}".rstrip())
            lines += [f"      {line}" for line in _remedy(check)]
    return "\n".join(lines)


def html(report: Report) -> str:
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
