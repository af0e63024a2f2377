"""``nslab doctor``: the report on a terminal, or as JSON."""

from __future__ import annotations

import sys

from nslab.doctor import Check, Report, examine
from nslab.errors import typed

MARKS = {"ok": "✔", "limited": "!", "missing": "-", "refused": "✘"}
PLAIN = {"ok": "+", "limited": "!", "missing": "-", "refused": "x"}
"""For a terminal that shows ASCII only."""

STYLES = {"ok": "green", "limited": "yellow", "missing": "yellow", "refused": "bold red"}


def run(as_json: bool, whole: bool = False) -> int:
    """Examine and print; 0 if a lab can run here, else 1.

    :param as_json: everything, for programs
    :param whole: a line also for each check that found nothing wrong
    """
    from nslab.cli.notebooks import untrusted

    report = examine(untrusted())
    if as_json:
        import msgspec

        sys.stdout.write(msgspec.json.format(msgspec.json.encode(report)).decode() + "\n")
    else:
        _print(report, whole)
    return 0 if report.works else 1


def _print(report: Report, whole: bool) -> None:
    from rich.console import Console
    from rich.text import Text

    # No wrapping: a command that is to be copied must stay on its line.
    console = Console(highlight=False, markup=False, emoji=False, soft_wrap=True)
    console.print(Text(report.verdict, style="bold green" if report.works else "bold red"))
    width = max(len(check.name) for check in report.checks)
    for group, right, checks in report.rows(whole=whole):
        console.print(f"\n{group}")
        if right:
            console.print(Text.assemble(("  " + _marks()["ok"] + " ", STYLES["ok"]), right))
        for check in checks:
            console.print(_line(check, width))
            if check.status != "ok":
                for line in check.remedy.splitlines():
                    console.print(f"      {typed(line)}")


def _line(check: Check, width: int) -> object:
    from rich.text import Text

    name = check.name.ljust(width) if check.detail else check.name
    mark = _marks()[check.status]
    line = Text.assemble(("  " + mark + " ", STYLES[check.status]), name)
    if check.status != "ok":
        line.append(f"  {check.status}", STYLES[check.status])
    if check.detail:
        line.append(f"  {check.detail}" if check.status == "ok" else f": {check.detail}")
    return line


def _marks() -> dict[str, str]:
    return MARKS if _shows("✔✘") else PLAIN


def _shows(text: str) -> bool:
    """Whether standard output can show a text."""
    try:
        text.encode(sys.stdout.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True
