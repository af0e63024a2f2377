"""A look into a lab for the teacher: reads the question on standard input, prints the answer.

It asks the kernel and sends no packet, as ``nslab show`` and ``nslab why`` do.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from typing import Any

from nslab.draw import Picture
from nslab.engine import labs
from nslab.errors import NslabError
from nslab.explain.diagnose import Explanation
from nslab.explain.diagnose.why import silent
from nslab.network.model import Snapshot
from nslab.network.names import RESERVED
from nslab.printable import printable


def look(question: Mapping[str, Any]) -> dict[str, Any]:
    """The picture of a lab, and why an address is reached from a namespace or not.

    :param question: ``lab`` (0: the newest), ``ns`` and ``target`` (empty: the picture alone)
    """
    running = labs.running()
    if not running:
        return {"refused": "no lab of theirs is running"}
    wanted = question.get("lab") or 0
    found = [lab for lab in running if lab.pid == wanted] or [min(running, key=lambda lab: lab.age)]
    try:
        snapshot = labs.look(found[0])
    except NslabError as error:
        return {"refused": printable(_error(error))}
    return {
        "lab": found[0].pid,
        "labs": [
            {"pid": one.pid, "name": printable(one.name), "age": one.age} for one in running[-200:]
        ],
        "namespaces": [printable(one.label)[:200] for one in snapshot.namespaces][:1000],
        "addresses": _addresses(snapshot),
        "said": _why(snapshot, str(question.get("ns") or ""), str(question.get("target") or "")),
        "picture": _picture(Picture(snapshot)),
    }


def _why(snapshot: Snapshot, ns: str, target: str) -> str:
    if not (ns and target):
        return ""
    try:
        return str(_answer(silent(snapshot, ns, target)))
    except NslabError as error:
        return _error(error)


# What follows is in the language of NSLAB_LANG; its words are loaded where they are needed.


def _answer(answer: Explanation) -> Explanation:
    if _is_english():
        return answer
    from nslab.jupyter.widgets.why_words import answered

    return answered(answer)


def _picture(picture: Picture) -> str:
    if _is_english():
        return picture.svg
    from nslab.jupyter.widgets.picture_words import filed

    return filed(picture)


def _error(error: NslabError) -> str:
    if _is_english():
        return str(error)
    from nslab.jupyter.widgets.error_words import told

    return told(error)


def _is_english() -> bool:
    return os.environ.get("NSLAB_LANG", "en") == "en"


def _addresses(snapshot: Snapshot) -> list[str]:
    """Where somebody may want to go: the world first, then what the learner has made."""
    order = sorted(snapshot.namespaces, key=lambda one: (one.label not in RESERVED, one.label))
    order.sort(key=lambda one: one.label != "internet")
    found = [
        address.address.partition("/")[0]
        for one in order
        for link in one.links
        for address in link.addresses
    ]
    return [each for each in dict.fromkeys(found) if each not in ("127.0.0.1", "::1")][:1000]


if __name__ == "__main__":
    print(json.dumps(look(json.load(sys.stdin))))
