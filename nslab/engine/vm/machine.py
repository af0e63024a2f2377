"""One running machine: booted from nothing, or woken from a saved state.

A state is two files: the memory of the machine, which the next one maps privately (what it does
not change is shared by all labs of this user), and the state of its devices.  It belongs to one
image, one version of the agent, one QEMU and, with KVM, one kind of processor; for others there is
another state.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, cast

from nslab.engine import messages as m
from nslab.engine.vm import code, image, qemu
from nslab.engine.vm.debian import Tell
from nslab.engine.vm.trouble import NoMachine
from nslab.errors import EngineUnavailable

WATCH = str(Path(__file__).with_name("watch.py"))

BOOT_LIMIT = 90.0
"""Seconds from nothing to the agent, emulated; measured: 5 to 10."""

KVM_LIMIT = 8.0
"""The same with KVM; measured elsewhere: 1.  Then it is taken for useless, until the next boot."""

CONSOLE = 16384
"""Bytes of the machine's console that are kept."""


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
            qemu.find(), made, initrd, accelerator, ends, memory=memory, shared=shared,
            extra=("-incoming", "defer") if waiting else (),
        )  # fmt: skip
        self._errors = tempfile.TemporaryFile()
        self._text = bytearray()
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", WATCH, "--vm", name,
                 ",".join(map(str, terminals)), "--", *argv],
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=self._errors,
                pass_fds=[*theirs, *terminals], start_new_session=True,
            )  # fmt: skip
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

    def running(self) -> bool:
        return self._process.poll() is None

    def cut(self) -> None:
        self._process.kill()
        with contextlib.suppress(OSError):
            self._agent.shutdown(socket.SHUT_RDWR)

    def ended(self) -> str:
        """How it ended: what QEMU or the machine's kernel said last."""
        said = self.last_words()
        code = self._process.poll()
        if "Kernel panic" in said:
            return f": the kernel of its virtual machine stopped ({said})"
        if code is None:
            return f" ({said})" if said else ""
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
            if errors:
                return errors[-1]
        return lines[-1] if lines else ""

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

        :raises NoMachine: it ended, or took longer than ``limit`` seconds
        """
        begun = time.monotonic()
        watchdog = threading.Timer(limit, self.cut)
        watchdog.daemon = True
        watchdog.start()
        try:
            answer = m.read_from_agent(self.reading)
        except (OSError, ValueError):
            answer = None
        finally:
            watchdog.cancel()
        if isinstance(answer, m.Booted):
            return answer
        self._process.wait()
        late = time.monotonic() - begun >= limit
        how = f"it was not ready after {limit:.0f} s" if late else "it ended while it started"
        said = self.last_words()
        raise NoMachine(how + (f": {said}" if said else ""), "see: nslab vm status")

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


# -- saved states ------------------------------------------------------------------------------


class State:
    """Where the state of a kind of machine is, or will be."""

    def __init__(self, made: image.Image, accelerator: qemu.Accelerator) -> None:
        self.image = made
        self.accelerator = accelerator
        parts = [
            code.digest(), qemu.signature(qemu.find()), accelerator,
            qemu.processor() if accelerator == "kvm" else "", str(qemu.MEMORY), qemu.KERNEL_LINE,
        ]  # fmt: skip
        key = hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]
        self.path = image.cache() / "states" / f"{made.digest}-{accelerator}-{key}"

    @property
    def saved(self) -> bool:
        return (self.path / "whole").exists()

    def wake(self, name: str) -> Machine:
        """A machine that goes on from here, and waits to be asked.

        :raises NoMachine: it cannot be read
        """
        machine = Machine(
            name, self.image, self.path / "initrd", self.accelerator,
            memory=self.path / "memory", waiting=True,
        )  # fmt: skip
        try:
            machine.wake(self.path / "devices")
        except BaseException:
            machine.close()
            raise
        return machine

    def forget(self) -> None:
        shutil.rmtree(self.path, ignore_errors=True)

    def make(self, tell: Tell) -> m.Booted:
        """Boot a machine and save its state.

        :raises NoMachine: it does not boot, or its state cannot be saved
        """
        parent = self.path.parent
        parent.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(parent).free
        if free < 2 * qemu.MEMORY << 20:
            # The memory is mapped: a full disk would kill the machine where it stands.
            raise NoMachine(
                f"there are {free >> 20} MB left on the disk of {parent}, too few for its state",
                "make room there, or name another directory: NSLAB_CACHE=/somewhere",
            )
        with tempfile.TemporaryDirectory(prefix=".making-", dir=parent) as directory:
            new = Path(directory) / "state"
            new.mkdir(mode=0o700)
            write_initrd(self.image, new / "initrd")
            tell(f"starting the virtual machine ({self.accelerator})", 0.1)
            limit = KVM_LIMIT if self.accelerator == "kvm" else BOOT_LIMIT
            machine = Machine(
                "state", self.image, new / "initrd", self.accelerator, memory=new / "memory",
                shared=True,
            )  # fmt: skip
            try:
                booted = machine.await_boot(limit)
                tell("saving its state", 0.9)
                machine.save(new / "devices")
            finally:
                machine.close()
            (new / "whole").write_text("")
            self.forget()
            with contextlib.suppress(OSError):  # another process was quicker
                new.rename(self.path)
        tell("done", 1.0)
        return booted


def write_initrd(made: image.Image, path: Path) -> None:
    """The image's own archive, and the agent's modules behind it."""
    path.write_bytes(made.file("initrd").read_bytes() + code.packed())


def accelerators(made: image.Image) -> Iterator[qemu.Accelerator]:
    """What to try, the quickest first.  KVM that was tried in vain is not tried before a reboot."""
    if os.access("/dev/kvm", os.R_OK | os.W_OK) and not refused_kvm(made).exists():
        yield "kvm"
    yield "tcg"


def refused_kvm(made: image.Image) -> Path:
    """The file whose being there says that KVM did not work: since this boot, with this image."""
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    return image.cache() / f"no-kvm-{boot}-{made.digest}"
