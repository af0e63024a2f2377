"""What a command prints, while it prints: kept whole, shown as far as a page can bear.

A million lines make a browser stand still, and no one reads them: a stream's beginning is shown as
it comes, and its end when all has come.
"""

from __future__ import annotations

import codecs
import sys
from typing import TextIO

from nslab.engine.protocol import Completed
from nslab.network.diff import Diff
from nslab.session.history import Typed
from nslab.session.outcome import CommandResult, Draw, Failure

HEAD = 40_000
"""Characters of a stream that are shown as they come."""

TAIL = 10_000
"""Characters of what follows that are shown in the end."""


class Output:
    """Takes a command's streams as they come: keeps them, shows them, collects reports.

    :param echo: show them
    :param where: what has all of a stream, as the line about what is not shown says it; without it,
        all is shown
    :ivar text: the streams, whole
    """

    def __init__(self, echo: bool, where: str = "") -> None:
        self.text = {"stdout": "", "stderr": ""}
        self._echo = echo
        self._report = b""
        self._shown = {name: _Shown(f"{where}.{name}" if where else "") for name in self.text}
        self._pieces: dict[str, list[str]] = {name: [] for name in self.text}
        # A piece may end in the middle of a character.
        decoder = codecs.getincrementaldecoder("utf-8")
        self._decoders = {name: decoder("replace") for name in self.text}

    def __call__(self, stream: str, data: bytes) -> None:
        if stream == "report":
            self._report += data
        else:
            self._add(stream, self._decoders[stream].decode(data))

    def finish(self) -> None:
        """No more comes: show the end of what was too long."""
        for stream, decoder in self._decoders.items():
            self._add(stream, decoder.decode(b"", final=True))
            self.text[stream] = "".join(self._pieces[stream])
            if self._echo:
                self._shown[stream].finish(_stream(stream))

    def _add(self, stream: str, text: str) -> None:
        if text:
            self._pieces[stream].append(text)
            if self._echo:
                self._shown[stream].add(text, _stream(stream))

    def result(
        self,
        completed: Completed,
        changes: Diff | None = None,
        draw: Draw | None = None,
        note: str = "",
        typed: Typed | None = None,
    ) -> CommandResult:
        """What came of the command.

        :param completed: how it ended
        :param changes: what it changed, if that was looked at
        :param draw: draws that
        :param note: a line about it
        :param typed: what was typed, and where
        """
        return CommandResult(
            completed.returncode,
            self.text["stdout"],
            self.text["stderr"],
            self.failures(),
            changes,
            draw,
            dropped=completed.dropped,
            note=note,
            typed=typed.text if typed else "",
            ns=typed.ns if typed else None,
        )

    def failures(self) -> tuple[Failure, ...]:
        """The lines that failed, as the shell has reported them."""
        found = []
        for report in self._report.split(b"\0")[:-1]:
            code, line, command = report.decode(errors="replace").split(" ", 2)
            found.append(Failure(int(code), int(line), command))
        return tuple(found)


def _stream(name: str) -> TextIO:
    """Looked up each time: IPython puts its own there, and tests theirs."""
    return sys.stdout if name == "stdout" else sys.stderr


class _Shown:
    """One stream on the page: its first lines, and its last."""

    def __init__(self, where: str) -> None:
        self._where = where
        self._room = HEAD
        self._held: list[str] = []
        self._open = False

    def add(self, text: str, stream: TextIO) -> None:
        if self._where and (self._held or len(text) > self._room):
            if not self._held:
                end = text.rfind("\n", 0, self._room) + 1 or self._room
                stream.write(text[:end])
                stream.flush()
                self._open = not text[:end].endswith("\n")
                text = text[end:]
            self._held.append(text)
        else:
            self._room -= len(text)
            stream.write(text)
            stream.flush()

    def finish(self, stream: TextIO) -> None:
        held = "".join(self._held)
        if len(held) > 2 * TAIL:
            begin = held.find("\n", len(held) - TAIL) + 1 or len(held) - TAIL
            left = held[:begin]
            lines = (
                f"{left.count(chr(10)):,} lines" if "\n" in left else f"{len(left):,} characters"
            )
            stream.write("\n" * self._open)
            stream.write(f"… {lines} are not shown: all of it is in {self._where} …\n")
            held = held[begin:]
        stream.write(held)
        stream.flush()
