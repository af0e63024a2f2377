"""Saved states: what a lab wakes from.

A state is two files: the memory of the machine, which the next one maps privately (what it does
not change is shared by all labs of this user), and the state of its devices.  It belongs to one
image, one version of the agent, one QEMU and, with KVM, one kind of processor; for others there is
another state.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from nslab.engine import messages as m
from nslab.engine import stopping
from nslab.engine.telling import Tell
from nslab.engine.vm import code, image, qemu
from nslab.engine.vm.machine import Machine
from nslab.engine.vm.trouble import NoMachine

BOOT_LIMIT = 90.0
"""Seconds of a processor from nothing to the agent, emulated; measured: 5 to 10."""

KVM_LIMIT = 8.0
"""The same with KVM; measured elsewhere: 1.  Then it is taken for useless, until the next boot."""

FILES = ("devices", "initrd", "memory", "whole")
"""What a state consists of."""


class State:
    """Where the state of a kind of machine is, or will be."""

    def __init__(self, made: image.Image, accelerator: qemu.Accelerator) -> None:
        self.image = made
        self.accelerator = accelerator
        parts = [
            code.digest(),
            qemu.signature(qemu.find()),
            accelerator,
            qemu.processor() if accelerator == "kvm" else "",
            str(qemu.MEMORY),
            qemu.KERNEL_LINE,
        ]
        key = hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]
        self.path = image.cache() / "states" / f"{made.digest}-{accelerator}-{key}"

    @property
    def saved(self) -> bool:
        return (self.path / "whole").exists()

    def wake(self, name: str) -> Machine:
        """A machine that goes on from here, and waits to be asked; to be called in a region.

        :raises NoMachine: it cannot be read
        """
        machine = Machine(
            name,
            self.image,
            self.path / "initrd",
            self.accelerator,
            memory=self.path / "memory",
            waiting=True,
        )
        try:
            with stopping.Raising():
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
        # Stop breaks the waiting off, and neither the start nor the clearing up.
        with (
            stopping.Region(),
            tempfile.TemporaryDirectory(prefix=".making-", dir=parent) as directory,
        ):
            new = Path(directory) / "state"
            new.mkdir(mode=0o700)
            write_initrd(self.image, new / "initrd")
            tell(f"starting the virtual machine ({self.accelerator})", 0.1)
            limit = KVM_LIMIT if self.accelerator == "kvm" else BOOT_LIMIT
            machine = Machine(
                "state",
                self.image,
                new / "initrd",
                self.accelerator,
                memory=new / "memory",
                shared=True,
            )
            try:
                with stopping.Raising():
                    booted = machine.await_boot(limit)
                    tell("saving its state", 0.9)
                    machine.save(new / "devices")
            finally:
                machine.close()
            (new / "whole").write_text("")
            self.forget()
            with contextlib.suppress(OSError):  # another process was quicker
                new.rename(self.path)
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
