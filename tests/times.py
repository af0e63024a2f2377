"""For script/test: how long the tiers took and which tests were slowest, from pytest's reports."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree

SLOWEST = 10


def read(directories: list[Path]) -> list[tuple[float, str, str]]:
    """Seconds, tier and name of each test; of a notebook all cells together.

    A test that ran twice is there twice, as it took its time twice.
    """
    found: list[tuple[float, str, str]] = []
    for path in sorted(file for directory in directories for file in directory.glob("*.xml")):
        books: Counter[str] = Counter()
        for case in ElementTree.parse(path).iter("testcase"):
            seconds = float(case.get("time", 0))
            place, name = case.get("classname", ""), case.get("name", "")
            tiers = [
                one.get("value", "") for one in case.iter("property") if one.get("name") == "tier"
            ]
            if tiers:
                found.append((seconds, tiers[0], f"{place.replace('.', '/')}::{name}"))
            else:
                books[place] += seconds
        found += [(seconds, "notebooks", place) for place, seconds in books.items()]
    return found


def table(tests: list[tuple[float, str, str]]) -> str:
    """The tiers, then the slowest tests."""
    lines = []
    for tier in sorted({tier for _, tier, _ in tests}):
        own = [seconds for seconds, one, _ in tests if one == tier]
        lines.append(f"{sum(own):7.1f} s  {tier} ({len(own)})")
    lines += ["", "slowest:"]
    slowest = sorted(tests, reverse=True)[:SLOWEST]
    lines += [f"{seconds:7.1f} s  {name}" for seconds, _, name in slowest]
    return "\n".join(lines)


if __name__ == "__main__":
    print(table(read([Path(word) for word in sys.argv[1:]])))
