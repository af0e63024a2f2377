"""One running machine: QEMU, the lines to it, and its state, saved or come in."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import IO, Any, cast

import msgspec

from nslab.engine import age, runtime
from nslab.engine import messages as m
from nslab.engine.remote import DYING, ENDED, OUTSIDE
from nslab.engine.vm import image, qemu
from nslab.engine.vm.trouble import NoMachine
from nslab.errors import EngineUnavailable
from nslab.printable import printable

WATCH = str(Path(__file__).with_name("supervisor.py"))

CONSOLE = 16384
"""Bytes of the machine's console that are kept."""

STARVED = 8.0
"""So many times the seconds of a processor that a start may take are waited in all."""


class Machine:
    """QEMU and the lines to it.  ``reading`` and ``writing`` lead to the agent."""

    def __init__(
        self,
        name: str,
        made: image.Image,
        initrd: Path,
        accelerator: qemu.Accelerator,
        *,
        memory: Path | None = None,
        shared: bool = False,
        waiting: bool = False,
    ) -> None:
        """Start QEMU.

        :param waiting: for a state to come in, see :meth:`wake`
        """
        pairs = [socket.socketpair() for _ in range(3 + len(m.TERMINALS))]
        self._console, self._control, self._agent = (ours for ours, _ in pairs[:3])
        theirs = [end.fileno() for _, end in pairs]
        terminals = [ours.fileno() for ours, _ in pairs[3:]]
        ends = qemu.Ends(theirs[0], theirs[1], theirs[2], tuple(theirs[3:]))
        argv = qemu.command(
            qemu.find(),
            made,
            initrd,
            accelerator,
            ends,
            memory=memory,
            shared=shared,
            extra=("-incoming", "defer") if waiting else (),
        )
        self._errors = tempfile.TemporaryFile()
        self._text = bytearray()
        # Nobody may look into a machine whose state is to be saved, as a list of labs does: the
        # visit would be in the state, and that terminal waits for its end in all that wake from it.
        self._entry = None if shared else runtime.reserve()
        directory = self._entry.directory if self._entry else -1
        key = self._entry.key if self._entry else ""
        head = msgspec.json.encode({"engine": "vm", "name": name})[:-1].decode()
        try:
            self._process = subprocess.Popen(
                [
                    sys.executable,
                    "-I",
                    "-S",
                    WATCH,
                    "--vm",
                    name,
                    ",".join(map(str, terminals)),
                    str(directory),
                    key,
                    head,
                    "--",
                    *argv,
                ],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=self._errors,
                env=os.environ | age.told(),
                pass_fds=[*theirs, *terminals, *([directory] if self._entry else [])],
                start_new_session=True,
            )
        finally:
            for ours, end in pairs:
                end.close()
                if ours.fileno() in terminals:
                    ours.close()
        self.reading = cast("IO[bytes]", self._agent.makefile("rb"))
        self.writing = cast("IO[bytes]", self._agent.makefile("wb"))
        self._commands = self._control.makefile("rw", encoding="utf-8")
        threading.Thread(
            target=_listen, args=(self._console, self._text), name="nslab-console", daemon=True
        ).start()

    # -- a connection --------------------------------------------------------------------------

    @property
    def process(self) -> int:
        return self._process.pid

    def running(self) -> bool:
        return self._process.poll() is None

    def cut(self) -> None:
        self._process.kill()
        with contextlib.suppress(OSError):
            self._agent.shutdown(socket.SHUT_RDWR)

    def ended(self) -> str:
        """How it ended: what QEMU or the machine's kernel said last."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(DYING)
        said = self.last_words()
        code = self._process.poll()
        if "Kernel panic" in said:
            return f": the kernel of its virtual machine stopped ({said})"
        if code is None:
            return f" ({said})" if said else ""
        if code == -ENDED:
            return OUTSIDE
        if code < 0 or code == 128 + 9:
            return ": its virtual machine was killed"
        return f" with its virtual machine{': ' + said if said else f' (exit status {code})'}"

    def last_words(self) -> str:
        """Of the kernel's console the panic or the last line, else of QEMU."""
        lines = self._text.decode(errors="replace").replace("\r", "").strip().splitlines()
        panic = next((line for line in lines if "Kernel panic" in line), None)
        if panic:
            return panic.partition("] ")[2] or panic
        if not self._errors.closed:
            self._errors.seek(0)
            errors = self._errors.read().decode(errors="replace").strip().splitlines()
            # A warning was said at the start and is not why it ended.
            errors = [line for line in errors if "warning:" not in line]
            if errors:
                return printable(errors[-1])
        return printable(lines[-1]) if lines else ""

    def silence(self, limit: float) -> EngineUnavailable:
        if self.running():
            return NoMachine(f"its agent said nothing for {limit:.0f} s", "try again")
        return NoMachine(f"its agent ended{self.ended()}", "see: nslab vm status")

    def refusal(self, refused: m.Refused) -> EngineUnavailable:
        return NoMachine(
            f"{refused.step} was refused inside it: {refused.detail or os.strerror(refused.errno)}",
            "this is a bug: please report it, with what nslab doctor --json says",
        )

    def close(self) -> None:
        """End the machine; its memory is free when this returns."""
        self._process.kill()
        self._process.wait()
        if self._entry is not None:
            self._entry.remove()
        for stream in (self.writing, self.reading, self._commands):
            with contextlib.suppress(OSError):
                stream.close()
        with contextlib.suppress(OSError):
            self._console.shutdown(socket.SHUT_RDWR)
        for line in (self._agent, self._control, self._console):
            line.close()
        self._errors.close()

    # -- its state -----------------------------------------------------------------------------

    def await_boot(self, limit: float) -> m.Booted:
        """Wait until all is loaded.

        :param limit: seconds of a processor that it may take: on a busy machine it gets few of them
        :raises NoMachine: it ended, or was not ready by then
        """
        answered, late = threading.Event(), threading.Event()
        threading.Thread(
            target=self._cut_if_late, args=(limit, answered, late), name="nslab-boot", daemon=True
        ).start()
        try:
            answer = m.read_from_agent(self.reading)
        except (OSError, ValueError, m.OutOfStep):
            answer = None
        finally:
            answered.set()
        if isinstance(answer, m.Booted):
            return answer
        self._process.wait()
        how = "it did not get ready" if late.is_set() else "it ended while it started"
        said = self.last_words()
        raise NoMachine(how + (f": {said}" if said else ""), "see: nslab vm status")

    def _cut_if_late(self, limit: float, answered: threading.Event, late: threading.Event) -> None:
        begun = time.monotonic()
        while not answered.wait(0.2):
            if _worked(self.process) >= limit or time.monotonic() - begun >= STARVED * limit:
                late.set()
                self.cut()
                return

    def save(self, devices: Path) -> None:
        """Write the devices' state; the memory is in its file already.  The machine has stopped."""
        self._handshake()
        with open(devices, "wb") as file:
            self._pass_descriptor("state", file.fileno())
            self._tell("migrate", uri="fd:state")
            self._await_migration("completed")
        self._tell("quit")
        self._process.wait()

    def wake(self, devices: Path) -> None:
        """Let a waiting machine go on from a saved state.

        :raises NoMachine: this QEMU cannot read it
        """
        self._handshake()
        with open(devices, "rb") as file:
            self._pass_descriptor("state", file.fileno())
            self._tell("migrate-incoming", uri="fd:state")
        self._await_migration("completed")

    def _handshake(self) -> None:
        self._line()  # its greeting
        self._tell("qmp_capabilities")
        # Without it the memory would be copied; with it the file is mapped.
        wanted = [{"capability": "x-ignore-shared", "state": True}]
        self._tell("migrate-set-capabilities", capabilities=wanted)

    def _pass_descriptor(self, name: str, descriptor: int) -> None:
        text = json.dumps({"execute": "getfd", "arguments": {"fdname": name}}) + "\n"
        try:
            socket.send_fds(self._control, [text.encode()], [descriptor])
        except OSError:
            raise self._ended() from None
        self._answer()

    def _tell(self, command: str, **arguments: Any) -> Any:
        try:
            self._commands.write(json.dumps({"execute": command, "arguments": arguments}) + "\n")
            self._commands.flush()
        except OSError:
            raise self._ended() from None
        return self._answer()

    def _answer(self) -> Any:
        while True:
            answer = json.loads(self._line())
            if "error" in answer:
                raise NoMachine(answer["error"]["desc"], "see: nslab vm status")
            if "return" in answer:
                return answer["return"]

    def _line(self) -> str:
        try:
            line = self._commands.readline()
        except OSError:
            line = ""
        if not line:
            raise self._ended()
        return line

    def _ended(self) -> NoMachine:
        self._process.wait()
        return NoMachine(self.last_words() or "QEMU ended", "see: nslab vm status")

    def _await_migration(self, wanted: str) -> None:
        while True:
            state = self._tell("query-migrate").get("status")
            if state == wanted:
                return
            if state in ("failed", "cancelled"):
                raise NoMachine(
                    f"its state cannot be moved: {self.last_words() or state}",
                    "see: nslab vm status",
                )
            time.sleep(0.002)


def _worked(watch: int) -> float:
    """The seconds of a processor that the children of a process have taken; 0 if it has none."""
    ticks = 0
    with contextlib.suppress(OSError):
        for child in Path(f"/proc/{watch}/task/{watch}/children").read_text().split():
            fields = Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])  # utime and stime, see proc(5)
    return ticks / os.sysconf("SC_CLK_TCK")


def _listen(console: socket.socket, text: bytearray) -> None:
    """Keep the end of what the machine's kernel says."""
    while True:
        try:
            data = console.recv(4096)
        except OSError:
            return
        if not data:
            return
        text += data
        del text[:-CONSOLE]
