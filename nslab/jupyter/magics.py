"""``%%host`` and ``%%ns NAME``: the learner's own command lines in a cell.

They work on the newest lab of the notebook.  A cell prints what its commands print, then what they
changed.  News goes to standard output: on the red ground of the other it would look like an error.

A kernel has them from its first lab on.  The kernel that the lessons name
(:mod:`nslab.jupyter.kernel`) has them from its start, so that a cell that is run before those above
it is answered in words.
Nothing of IPython is changed in a kernel that does neither.
"""

from __future__ import annotations

import functools
import sys
import weakref
from typing import TYPE_CHECKING, Any

from IPython.core.getipython import get_ipython
from IPython.display import display

from nslab.errors import InvalidInput, LabClosed, NotFound
from nslab.jupyter import cells, completing, interactive, mistakes, usage
from nslab.jupyter.answers import Answers
from nslab.jupyter.lines import has_commands
from nslab.jupyter.mistakes import ABOVE, FIRST, KEPT, NONE_YET
from nslab.printable import printable
from nslab.session import naming, views

if TYPE_CHECKING:
    from nslab.session.lab import Lab
    from nslab.session.outcome import CommandResult


_WHERE_IT_WAS = f"to be where the notebook was: {ABOVE}"


def shell() -> Any:
    """The notebook's IPython shell, None outside a notebook or IPython."""
    return get_ipython()


class Magics:
    """The two magics of one IPython shell; knows its newest lab.

    :param names: the names that cells define
    :param answers: notices what is an exercise's answer; None where there is no page
    """

    def __init__(self, names: dict[str, Any], answers: Answers | None = None) -> None:
        self._names = names
        self._answers = answers
        self._newest: weakref.ref[Lab] | None = None
        self._anew: weakref.ref[Lab] | None = None
        """The lab that was made because a cell came before any other had made one."""

    def use(self, lab: Lab) -> None:
        """Work on this lab from now on; say so, if another was used that still runs."""
        before = self._newest() if self._newest is not None else None
        self._newest = weakref.ref(lab)
        other = before is not None and before is not lab and before.alive
        if before is not None and other and views.telling():
            print(
                f"nslab: %%host and %%ns now type into the lab {printable(lab.name)}\n"
                f"  {printable(before.name)} still runs; a cell that begins with\n"
                f"  %%host -l {printable(before.name)} types into it"
            )

    @property
    def lab(self) -> Lab:
        """The lab that cells are typed into: the newest, or the first, made now."""
        if self._newest is None:
            return self._first()
        lab = self._newest()
        if lab is None:
            raise LabClosed("run the cell", "", "its lab is gone", FIRST)
        return lab

    def _first(self) -> Lab:
        """A lab for a cell that comes before any other made one, as after a restart."""
        from nslab.session.lab import Lab

        name = naming.of_notebook()
        try:
            lesson = self._names["lesson"] = mistakes.public().lesson(name)
        except InvalidInput:  # a notebook of the learner's own
            lesson = None
        # The plain name is for the lab that the cells above will make.
        called = naming.free(name[: naming.LONGEST - len("-fresh")] + "-fresh")
        lab = self._names["lab"] = lesson.lab(name=called) if lesson else Lab(called)
        begins = "This is a fresh lab, called lab."
        if lesson:
            begins = f"This is a fresh lab, called lab, as the lesson {name} begins."
        print(f"nslab: {NONE_YET}.\n{begins}\n  → {_WHERE_IT_WAS}\n  → {KEPT}")
        self._anew = weakref.ref(lab)
        return lab

    def host(self, line: str, cell: str) -> None:
        """``%%host``: run the cell's lines in the pseudo-host.

        ``%%host timeout=300`` allows them five minutes, ``%%host -l NAME`` types into another lab.
        """
        if self._is_empty(f"%%host {line}", cell):
            return
        lab, options = self._chosen("%%host", line.split(), cell)
        timeout = _timeout("%%host", options)
        self._type(lab, cell, None, timeout)

    def ns(self, line: str, cell: str) -> None:
        """``%%ns NAME``: run the cell's lines in a namespace, as ``ip netns exec NAME`` does.

        ``%%ns ns1 timeout=300`` allows them five minutes, ``%%ns ns1 -l NAME`` types into another
        lab.
        """
        if self._is_empty(f"%%ns {line}", cell):
            return
        lab, options = self._chosen("%%ns", line.split(), cell)
        timeout = _timeout("%%ns", options[1:])
        if not options:
            raise InvalidInput("run the cell", "%%ns", "it names no namespace", "write: %%ns ns1")
        self._type(lab, cell, options[0], timeout)

    def _chosen(self, magic: str, options: list[str], cell: str) -> tuple[Lab, list[str]]:
        """The lab that ``-l NAME`` names, or else that of the exercise which the cell answers, or
        the one in use; and the other options."""
        place = next((n for n, word in enumerate(options) if word.startswith("-l")), None)
        if place is None:
            own = self._answers and self._answers.lab(self.there(""))
            return own or self.lab, options
        joined = options[place][2:]
        name = joined or (options[place + 1] if place + 1 < len(options) else "")
        rest = options[:place] + options[place + (1 if joined else 2) :]
        running = naming.others()
        for lab in running:
            if lab.name == name:
                return lab, rest
        raise InvalidInput(
            "run the cell",
            f"{magic} -l {name}".rstrip(),
            "no lab of this notebook has that name" if name else "it names no lab",
            f"there {'is' if len(running) == 1 else 'are'}: {naming.listed(running) or 'none'}",
        )

    def _is_empty(self, head: str, cell: str) -> bool:
        """Whether there is nothing to type: then one line says so, and nothing else happens."""
        if has_commands(cell):
            return False
        said = self._answers is not None and self._answers.nothing()
        if not said and cell.strip() == cells.NOTHING.strip():
            print(f"nslab: type the lines for the lab below {head.strip()}")
        return True

    def _type(self, lab: Lab, cell: str, ns: str | None, timeout: float | None) -> None:
        if words := usage.asked(cell):
            print(usage.help_text(words, lab) or f"{words[0]}: it has no help")
            return
        if need := interactive.needed(cell, ns):
            raise need.error()
        if self._answers is not None and self._answers.is_done(lab, cell, ns):
            print(
                f"nslab: not typed again: {printable(lab.name)} has it already, and it is done. "
                "To do it anew, press Start over on the card."
            )
            self._answers.typed(lab)
            return
        try:
            ran = lab.sh(cell, ns, timeout=timeout, living=True)
        except NotFound as missing:
            if self._anew is not None and self._anew() is lab:
                missing.hint += f"\n{_WHERE_IT_WAS}"
            raise
        self._show(ran, ns, lab)

    def _show(self, ran: CommandResult, ns: str | None, lab: Lab) -> None:
        if interactive.complained(ran.stderr) and "lab.terminal" not in ran.stderr:
            place = f'"{ns}"' if ns else ""
            print(f"nslab: it misses a terminal: lab.terminal({place}) opens one")
        failed = bool(ran.failures or ran.returncode)
        ran.veiled = self._answers is not None and self._answers.hides(lab)
        ran.offer = self._offer(ran, lab)
        # What failed is told right below what the commands printed, before any verdict.
        torn = failed and self._answers is not None and self._answers.is_judged(lab)
        told = bool(ran._heading()) and (torn or not ran.changes)
        if told:
            print(ran._heading(), file=sys.stderr if failed else sys.stdout)
        if self._answers is not None:
            self._answers.typed(lab)
        if ran.changes:
            display(ran.untold() if told else ran)

    def _offer(self, ran: CommandResult, lab: Lab) -> str:
        """How to ask why somebody was not reached."""
        unreached = ran.unreached
        if unreached is None:
            return ""
        if self._answers is not None and self._answers.is_judged(lab):
            return "the card of this exercise can show you why"
        names = [name for name, value in self._names.items() if value is lab]
        named = next((name for name in names if not name.startswith("_")), "")
        return f"{named}.why{unreached} says where it is lost".replace("'", '"') if named else ""

    def there(self, name: str) -> Lab | None:
        """The lab of that name, or the one in use, if it is there; makes none."""
        if name:
            return next((lab for lab in naming.others() if lab.name == name), None)
        lab = self._newest() if self._newest is not None else None
        return lab if lab is not None and lab.alive else None


def _timeout(magic: str, options: list[str]) -> float | None:
    """The seconds of ``timeout=30``; ``timeout=none`` is no limit."""
    from nslab.session.lab import TIMEOUT

    if not options:
        return TIMEOUT
    key, _, value = options[0].partition("=")
    if len(options) == 1 and key == "timeout" and value:
        if value.lower() == "none":
            return None
        try:
            return float(value)
        except ValueError:
            pass
    raise InvalidInput(
        "run the cell",
        magic,
        f"{' '.join(options)!r} is not understood",
        f"write {magic} timeout=30 for a limit in seconds, or timeout=none",
    )


def help_at(running: Any, cell: str, cursor: int) -> str | None:
    """How the command at the cursor of a cell is used; None for a cell of Python."""
    magics = _MAGICS.get(running)
    return None if magics is None else usage.at(cell, cursor, magics.there)


_MAGICS: weakref.WeakKeyDictionary[Any, Magics] = weakref.WeakKeyDictionary()
"""By shell: there is one in a kernel, but tests make several."""


class _Notebook:
    """The running notebook, as :mod:`nslab.session.views` asks for it."""

    def __init__(self, running: Any) -> None:
        self._running = running

    def use(self, lab: Lab) -> None:
        _magics(self._running).use(lab)

    def uses(self, lab: Lab) -> bool:
        return _magics(self._running).there("") is lab


def notebook() -> _Notebook | None:
    """The notebook that this process is the kernel of; None elsewhere."""
    running = shell()
    return None if running is None else _Notebook(running)


def load_ipython_extension(running: Any) -> None:
    """Have the magics, and help for cells that were run too early, from the start."""
    _magics(running)


def _magics(running: Any) -> Magics:
    """The magics of a shell, registered with it once."""
    magics = _MAGICS.get(running)
    if magics is None:
        answers = Answers(running) if hasattr(running, "kernel") else None
        magics = _MAGICS[running] = Magics(running.user_ns, answers)
        running.register_magic_function(magics.host, "cell", "host")
        running.register_magic_function(magics.ns, "cell", "ns")
        mistakes.watch(running)
        known = running.magics_manager.magics["cell"]
        running.input_transformers_cleanup.insert(0, lambda lines: cells.meant(lines, list(known)))
        running.events.register("pre_run_cell", functools.partial(_hint, running))
        if answers is not None:
            running.events.register("pre_run_cell", answers.begin)
            running.events.register("post_run_cell", answers.end)
        running.Completer.custom_matchers.append(completing.matcher(magics.there))
    return magics


def _hint(running: Any, info: Any) -> None:
    """Before a cell runs: that its lines were meant for the lab, if they look so.

    One that cannot run is answered by its error (:mod:`nslab.jupyter.mistakes`).
    """
    cell = info.raw_cell or ""
    found, line = cells.hint(cell), cells.first_line(cell)
    if not (found or cells.is_shell(line)):
        return
    try:
        runs = running.transform_cell(cell)
    except SyntaxError:
        return
    if runs.startswith("get_ipython().run_line_magic("):
        found = cells.ASKS_YOUR_OWN  # IPython has an alias of that name, such as `cat`
    if found and cells.is_python(runs):
        print(f"nslab: {found}")
