"""Completion in ``%%host`` and ``%%ns`` cells: what bash would offer there, and this lab's names.

It comes from a look that is at most a moment old.  Whatever is not known within :data:`PATIENCE` is
left out, and there for the next time: typing waits for nobody, and no question fails.
"""

from __future__ import annotations

import re
import threading
import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from IPython.core.completer import (
    CompletionContext,
    SimpleCompletion,
    SimpleMatcherResult,
    context_matcher,
)

from nslab.errors import NslabError
from nslab.jupyter import cells, grammar
from nslab.jupyter.interactive import unwrapped
from nslab.jupyter.lines import commands

if TYPE_CHECKING:
    from nslab.session.lab import Lab

PATIENCE = 0.15
"""Seconds that a question to the lab may keep the typist waiting."""

MANY = 200
"""Choices at most, as a list that nobody reads to its end helps nobody."""

USUAL = (
    "ip brctl bridge ifconfig route iptables ping tcpdump ss sysctl curl cat ls cd echo "
    "traceroute arp conntrack nft tc docker"
).split()
"""The commands that are offered before anything is typed, and first among others."""

_FRAGMENT = re.compile(r"[^\s;|&()<>'\"=`]*$")

# A path in a cell begins where the cell's shell is: in the directory of that process.
_FILES = r"""
for p in /proc/[0-9]*; do
    if [ "$p/ns/net" -ef /proc/self/ns/net ] && [ -r "$p/cmdline" ] &&
        grep -qsa 'nslab_next' "$p/cmdline" && ! grep -qsa ' -f -- ' "$p/cmdline"; then
        cd "$(readlink "$p/cwd")" && break
    fi
done 2>/dev/null
compgen -f -- "$1" | head -n 200 | while IFS= read -r f; do
    [ -d "${f/#~/$HOME}" ] && echo "$f/" || echo "$f"
done
"""


class Known:
    """What has been heard of one lab, by question; each is asked by one thread at a time."""

    def __init__(self) -> None:
        self._answers: dict[object, Any] = {}
        self._asking: dict[object, threading.Event] = {}

    def soon(self, question: object, ask: Callable[[], Any], otherwise: Any) -> Any:
        """The answer, if it comes in time; else the last one, or ``otherwise``."""
        heard = self._asking.get(question)
        if heard is None:
            heard = self._asking[question] = threading.Event()
            thread = threading.Thread(
                target=self._ask, args=(question, ask, heard), name="completing", daemon=True
            )
            thread.start()
        heard.wait(PATIENCE)
        return self._answers.get(question, otherwise)

    def once(self, question: object, ask: Callable[[], Any], otherwise: Any) -> Any:
        """The same for what does not change."""
        if question in self._answers:
            return self._answers[question]
        return self.soon(question, ask, otherwise)

    def _ask(self, question: object, ask: Callable[[], Any], heard: threading.Event) -> None:
        try:
            self._answers[question] = ask()
        except (NslabError, OSError):
            pass  # no answer is one, too: it is not there, or the lab is closed
        finally:
            del self._asking[question]
            heard.set()


_known: weakref.WeakKeyDictionary[Lab, Known] = weakref.WeakKeyDictionary()


def known(lab: Lab) -> Known:
    """What is known of a lab."""
    return _known.setdefault(lab, Known())


There = Callable[[str], "Lab | None"]
"""Gives the lab of a name, or the one in use for an empty name."""

Matcher = Callable[[CompletionContext], SimpleMatcherResult]


def matcher(there: There) -> Matcher:
    """A matcher for IPython's completer, that answers for cells which are typed into a lab."""

    @context_matcher(identifier="nslab.cells")  # type: ignore[untyped-decorator]
    def match(context: CompletionContext) -> SimpleMatcherResult:
        before = "\n".join(
            [*context.full_text.split("\n")[: context.cursor_line], context.text_until_cursor]
        )
        try:
            found = complete(context.full_text, before, there)
        except Exception:  # never in the way of who types
            found = None
        if found is None:
            return SimpleMatcherResult(completions=[], suppress=False)
        fragment, choices = found
        return SimpleMatcherResult(
            completions=_Only(SimpleCompletion(text=text, type=kind) for text, kind in choices),
            matched_fragment=fragment,
            suppress=True,
            ordered=True,
        )

    made: Matcher = match
    return made


class _Only(list[SimpleCompletion]):
    """All that there is to offer, even if that is nothing: IPython then has nothing to add, such
    as the files of the folder or the names of Python."""

    def __len__(self) -> int:
        return max(1, super().__len__())


def complete(cell: str, before: str, there: There) -> tuple[str, list[grammar.Choice]] | None:
    """What may stand at the cursor: the part that is typed already, and the choices.

    None for a cell that is not typed into a lab.

    :param before: the cell up to the cursor
    """
    place = cells.typed(cell)
    if place is None:
        return None
    lab = there(place.lab)
    if len(before) < place.begins:
        return _head(before, lab)
    line = before[place.begins :]
    match = _FRAGMENT.search(line)
    fragment = match[0] if match else ""
    words, ns = _before(line[: len(line) - len(fragment)], place.ns)
    choices = _choices(words, fragment, ns, lab)
    fitting = [one for one in choices if one[0].startswith(fragment) and one[0] != fragment]
    return fragment, list(dict.fromkeys(fitting))[:MANY]


def _head(before: str, lab: Lab | None) -> tuple[str, list[grammar.Choice]] | None:
    """The first line: the name of a namespace, or what IPython knows."""
    match = re.search(r"%%ns +(\S*)$", before)
    if match is None:
        return None
    known = _facts(lab, None)
    names = [(one, "namespace") for one in (*known.namespaces, *known.containers)]
    return match[1], [one for one in names if one[0].startswith(match[1])]


_HERE = "\0"
"""Stands for the word at the cursor."""


def _before(line: str, ns: str | None) -> tuple[list[str] | None, str | None]:
    """The words of the command at the cursor before it, and where it runs; None where a file is
    named, as behind ``>``."""
    found = commands(line + _HERE)
    if not found or found[-1].words[-1] != _HERE:
        return None, ns
    words, ns, _ = unwrapped(found[-1].words[:-1], ns)
    return words, ns


def _choices(
    words: list[str] | None, fragment: str, ns: str | None, lab: Lab | None
) -> list[grammar.Choice]:
    if lab is None:
        return []
    if words == [] and "/" not in fragment:
        return _commands(fragment, lab)
    if words:
        found = grammar.following(words, _facts(lab, ns))
        if found is not None:
            return found if fragment.startswith("-") else _options_last(found)
        if fragment.startswith("-"):
            return []
    return _files(fragment, ns, lab)


def _options_last(found: list[grammar.Choice]) -> list[grammar.Choice]:
    return sorted(found, key=lambda one: one[1] == "option")


def _facts(lab: Lab | None, ns: str | None) -> grammar.Facts:
    if lab is None:
        return grammar.Facts()
    snapshot = known(lab).soon("snapshot", lab.snapshot, None)
    return grammar.Facts() if snapshot is None else grammar.facts(snapshot, ns)


def _commands(fragment: str, lab: Lab) -> list[grammar.Choice]:
    def ask() -> list[str]:
        ran = lab.run("bash", "-c", "compgen -A builtin; compgen -c", timeout=5)
        return sorted(set(ran.stdout.split()))

    there = known(lab).once("commands", ask, [])
    usual = [one for one in USUAL if not there or one in there]
    rest = there if fragment else []
    return [(one, "command") for one in (*usual, *rest) if re.match(r"[\w.]", one)]


def _files(fragment: str, ns: str | None, lab: Lab) -> list[grammar.Choice]:
    def ask() -> list[str]:
        words = ("bash", "-c", _FILES, "-f -- ", fragment)
        ran = lab.run(*words, ns=ns, timeout=5, full=True)
        return ran.stdout.splitlines()

    found = known(lab).soon(("files", ns, fragment), ask, [])
    hidden = fragment.rpartition("/")[2].startswith(".")
    return [
        (re.sub(r"([^\w./~@%+:,=-])", r"\\\1", one), "path")
        for one in sorted(found)
        if one.isprintable() and (hidden or not one.rpartition("/")[2].startswith("."))
    ]
