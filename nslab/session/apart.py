"""A lab beside a learner's, for a moment: the same beginning, and then only what is asked for.

It has no history, no name of its own, and no cell types into it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from nslab.engine import protocol, stopping
from nslab.engine.protocol import Engine
from nslab.errors import CommandTimeout
from nslab.network import names
from nslab.network.model import Snapshot
from nslab.session.history import TIMEOUT, Done, Typed
from nslab.session.outcome import CommandResult
from nslab.session.output import Output
from nslab.session.repeating import rebuild


class Apart:
    """What may be asked of it: what a check asks of a lab."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def snapshot(self) -> Snapshot:
        """What the kernel reports now."""
        return self._engine.snapshot()

    def _run_aside(self, *argv: str, **options: Any) -> CommandResult:
        """Run a program in it, as a judge does in a lab."""
        return run_in(self._engine, argv, **options)


@contextlib.contextmanager
def apart(make_engine: Callable[[], Engine], steps: Sequence[Done | Typed]) -> Iterator[Apart]:
    """Another lab in which steps have been done; it ends with the block.

    :raises NslabError: it cannot be made, or an action failed; a line that fails is passed over
    """
    with stopping.Region():
        engine = rebuild(make_engine, steps)
        try:
            yield Apart(engine)
        finally:
            engine.close()


def run_in(
    engine: Engine,
    argv: Sequence[str],
    *,
    ns: str | None = None,
    timeout: float | None = TIMEOUT,
    stdin: str = "",
    full: bool = False,
) -> CommandResult:
    """Run one program in an engine; the words are those of :meth:`nslab.Lab.run`.

    :raises CommandTimeout: it took longer than ``timeout`` seconds
    """
    output = Output(False)
    program = protocol.Command(
        argv=tuple(argv),
        ns=names.namespace_reference(ns),
        timeout=timeout,
        stdin=stdin.encode(),
        view="full" if full else "net",
    )
    completed = engine.run(program, output)
    output.finish()
    if completed.timed_out:
        raise CommandTimeout(
            "finish",
            argv[0],
            f"it was still running after {timeout:g} seconds and was ended",
            "allow more time with timeout=",
        )
    return output.result(completed)
