"""Which QEMU there is, whether it may use KVM, and how it is called.

The flags were tried on QEMU 7.2; each that is newer than 5.1 would be named here.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from msgspec import Struct

from nslab.engine.messages import CARDS as MACS
from nslab.engine.messages import PORT, TERMINALS
from nslab.engine.vm.image import Image
from nslab.engine.vm.trouble import NoMachine

PROGRAM = "qemu-system-x86_64"
PROGRAM_VARIABLE = "NSLAB_QEMU"
MEMORY = 256
"""MiB of the machine; the host gives it what it touches only."""

TRANSLATED = 64
"""MiB of translated code that QEMU keeps.  Left to itself it keeps 1 GiB, and gets there within
half a minute of work, because each program is loaded at addresses of its own; it is not measurably
quicker with that."""

EMULATED = f"tcg,thread=multi,tb-size={TRANSLATED}"

KERNEL_LINE = "console=ttyS0 quiet loglevel=3 panic=-1 mitigations=off nokaslr random.trust_cpu=on"

CARDS = tuple(
    word
    for number, mac in enumerate(MACS.values())
    for word in (
        "-netdev",
        f"hubport,id=port{number},hubid=0",
        "-device",
        f"virtio-net-pci,netdev=port{number},mac={mac},romfile=",
    )
)
"""Two network cards on one hub, which lead nowhere else; a lab has them if it asks for them."""

Accelerator = Literal["kvm", "tcg"]


def find() -> str:
    """The path of QEMU.

    :raises NoMachine: there is none
    """
    wanted = os.environ.get(PROGRAM_VARIABLE, PROGRAM)
    path = shutil.which(wanted)
    if path is None:
        raise NoMachine(
            f"there is no {wanted} on this machine", "sudo apt-get install qemu-system-x86"
        )
    return path


def signature(path: str) -> str:
    """Another one for another QEMU: a saved state can be read by the one that wrote it only.

    In whole seconds: a container's layers keep no fractions.
    """
    real = os.path.realpath(path)
    status = os.stat(real)
    return f"{real} {status.st_size} {int(status.st_mtime)} {CARDS} {EMULATED}"


def processor() -> str:
    """What a state that was saved with KVM depends on: the processor's model and flags."""
    lines = Path("/proc/cpuinfo").read_text().partition("\n\n")[0].splitlines()
    wanted = ("model name", "flags", "microcode")
    kept = [line for line in lines if line.startswith(wanted)]
    return hashlib.sha256("\n".join(kept).encode()).hexdigest()[:16]


class Ends(Struct, frozen=True):
    """QEMU's ends of the machine's lines, as inherited descriptors."""

    console: int
    control: int
    agent: int
    terminals: tuple[int, ...]


def command(
    path: str,
    image: Image,
    initrd: Path,
    accelerator: Accelerator,
    ends: Ends,
    *,
    memory: Path | None,
    shared: bool,
    extra: Sequence[str] = (),
) -> list[str]:
    """The command line of a machine.

    :param memory: the file that is its memory; None for memory that is in no file
    :param shared: whether what the machine writes goes to that file; else it stays its own
    """
    if memory is None:
        backend = f"memory-backend-ram,id=ram,size={MEMORY}M"
    else:
        backend = f"memory-backend-file,id=ram,size={MEMORY}M,mem-path={_word(memory)}"
        backend += f",share={'on' if shared else 'off'}"
    cpu = "max" if accelerator == "tcg" else "host"
    argv = [
        path,
        "-nodefaults",
        "-no-user-config",
        "-display",
        "none",
        "-no-reboot",
        "-machine",
        "q35,memory-backend=ram",
        "-object",
        backend,
        "-m",
        f"{MEMORY}M",
        "-accel",
        EMULATED if accelerator == "tcg" else "kvm",
        "-cpu",
        cpu,
        "-smp",
        "1",
        "-kernel",
        str(image.file("vmlinuz")),
        "-initrd",
        str(initrd),
        "-append",
        KERNEL_LINE,
        "-drive",
        f"file={_word(image.file('root.erofs'))},if=virtio,format=raw,readonly=on",
        "-chardev",
        f"socket,id=console,fd={ends.console}",
        "-serial",
        "chardev:console",
        "-chardev",
        f"socket,id=control,fd={ends.control}",
        "-mon",
        "chardev=control,mode=control",
        "-device",
        "virtio-serial-pci",
    ]
    for name, descriptor in ((PORT, ends.agent), *zip(TERMINALS, ends.terminals, strict=True)):
        argv += [
            "-chardev",
            f"socket,id={name},fd={descriptor}",
            "-device",
            f"virtserialport,chardev={name},name={name}",
        ]
    return [*argv, *CARDS, *extra]


def _word(path: Path) -> str:
    """A path in an option with commas, where a comma is written twice."""
    return str(path).replace(",", ",,")
