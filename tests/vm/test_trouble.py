"""What goes wrong with a virtual machine: each told apart, with its remedy, healed if it can be."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tools_on_path import only

from nslab import Lab
from nslab.engine import messages as m
from nslab.engine import runtime
from nslab.engine.vm import engine, image, recipe, saved_state
from nslab.engine.vm.machine import Machine
from nslab.engine.vm.trouble import BuildFailed, NoMachine

pytestmark = pytest.mark.vm


def quiet(what: str, done: float) -> None:
    """Nobody is told."""


def test_no_qemu(monkeypatch: pytest.MonkeyPatch, made: image.Image) -> None:
    monkeypatch.setenv("NSLAB_QEMU", "qemu-of-nowhere")
    with pytest.raises(NoMachine, match="there is no qemu-of-nowhere") as caught:
        Lab(engine="vm")
    assert "sudo apt-get install qemu-system-x86" in caught.value.hint


def test_no_mirror(empty: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NSLAB_DEBIAN_MIRROR", "http://127.0.0.1:9")
    with pytest.raises(BuildFailed, match="read Debian's package lists") as caught:
        image.build(quiet)
    assert "NSLAB_DEBIAN_MIRROR" in caught.value.hint
    assert image.images() == []


def test_no_kernel_package(copy: image.Image, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recipe, "PACKAGES", (*recipe.PACKAGES, "linux-image-of-nowhere"))
    with pytest.raises(BuildFailed, match="linux-image-of-nowhere") as caught:
        image.build(quiet)
    assert "NSLAB_DEBIAN_MIRROR" in caught.value.hint
    assert [one.path for one in image.images()] == [copy.path], "the image that was there is gone"


@pytest.mark.parametrize(
    ("missing", "package"), [("mkfs.erofs", "erofs-utils"), ("apt-get", "Debian's packages")]
)
def test_no_tool(
    copy: image.Image, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, missing: str, package: str
) -> None:
    tools = """apt-get apt-config apt-key basename cat chmod cmp cp cut dpkg dpkg-deb env find
        getent gpgconf gpgv grep head id ls mkdir mkfs.erofs mktemp mv readlink rm sed sh sort tar
        touch tr true uname wc""".split()
    path = only(tmp_path / "bin", *(name for name in tools if name != missing))
    monkeypatch.setenv("PATH", path)
    shutil.rmtree(copy.path)
    with pytest.raises(BuildFailed, match=missing) as caught:
        image.build(quiet)
    assert package in caught.value.hint
    assert image.images() == []
    assert not list(image.cache().glob("build-*")), "half of it was left behind"


@pytest.mark.parametrize("checked", [True, False], ids=["seen before", "met on the way"])
def test_a_full_disk(copy: image.Image, tmp_path: Path, checked: bool) -> None:
    """On a real file system that is too small, in a mount namespace."""
    script = (
        "import sys\nfrom nslab.engine.vm import image\n"
        + ("" if checked else "image.ROOM = 0\n")
        + "try: image.build(lambda *_: None)\nexcept Exception as error: print(error)\n"
    )
    small = tmp_path / "small"
    small.mkdir()
    ended = subprocess.run(
        [
            "unshare",
            "--user",
            "--map-root-user",
            "--mount",
            "sh",
            "-ec",
            'mount -t tmpfs -o size=60m small "$0"; export NSLAB_CACHE="$0"; exec "$@"',
            str(small),
            sys.executable,
            "-c",
            script,
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    assert ("MB left on the disk" in ended.stdout) is checked, ended.stdout
    assert "make room" in ended.stdout


def test_half_an_image_is_none(copy: image.Image) -> None:
    copy.file("root.erofs").unlink()
    assert image.images() == []
    rebuilt = image.build(quiet)
    assert rebuilt.whole()
    assert rebuilt.sums == copy.sums, "the same packages gave other bytes"


def test_an_image_of_another_nslab_is_not_used(copy: image.Image) -> None:
    manifest = copy.file("manifest.json")
    content = json.loads(manifest.read_text())
    manifest.write_text(json.dumps({**content, "recipe": "another"}))
    assert image.newest() is None
    assert len(image.images()) == 1
    assert image.clean() > 100 << 20
    assert image.images() == []


def test_a_damaged_image_is_made_anew(copy: image.Image) -> None:
    with open(copy.file("initrd"), "r+b") as file:
        file.truncate(1000)
    with Lab(engine="vm") as lab:
        assert lab.alive
    (healed,) = image.images()
    assert healed.whole()


def states() -> list[Path]:
    return sorted((image.cache() / "states").glob("*"))


@pytest.fixture
def waiting(copy: image.Image) -> Path:
    """A state that is saved."""
    return engine.ready(quiet).path


@pytest.mark.parametrize("how", ["truncated", "of another QEMU", "without its memory"])
def test_a_state_that_cannot_be_read_is_made_anew(waiting: Path, how: str) -> None:
    devices = waiting / "devices"
    content = devices.read_bytes()
    if how == "truncated":
        devices.write_bytes(content[: len(content) // 2])
    elif how == "of another QEMU":
        # The version of a device's section, which QEMU refuses to read if it does not know it.
        devices.write_bytes(content.replace(b"timer\0", b"tamer\0", 1)[:64] + b"\7" * 64)
    else:
        (waiting / "memory").unlink()
    with Lab(engine="vm") as lab:
        assert lab.sh("ip netns add ns1", echo=False).returncode == 0
    assert (waiting / "devices").read_bytes() != content[: len(content) // 2]
    assert (waiting / "memory").exists()


def test_another_qemu_has_a_state_of_its_own(
    waiting: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert states() == [waiting]
    other = wrapper(tmp_path / "other-qemu", "")
    monkeypatch.setenv("NSLAB_QEMU", str(other))
    with Lab(engine="vm") as lab:
        assert lab.alive
    assert len(states()) == 2


def test_nobody_looks_into_a_machine_whose_state_is_saved(
    copy: image.Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The look would be in the state: its terminal waited for its end in every lab afterwards."""
    there: list[list[int]] = []
    real = Machine.await_boot

    def await_boot(machine: Machine, limit: float) -> m.Booted:
        booted = real(machine, limit)
        there.append([held.record.pid for held in runtime.running()])
        assert machine.process not in there[-1], "it can be visited"
        return booted

    monkeypatch.setattr(Machine, "await_boot", await_boot)
    with Lab(engine="vm") as lab:
        assert len(there) == 1
        assert lab.name in [held.record.name for held in runtime.running()]


def wrapper(path: Path, lines: str) -> Path:
    """A program that is QEMU, after some lines of shell."""
    found = shutil.which("qemu-system-x86_64")
    path.write_text(f'#!/bin/sh\n{lines}\nexec {found} "$@"\n')
    path.chmod(0o755)
    return path


@pytest.mark.parametrize(
    "how", ['echo "failed to set MSR" >&2; exit 1', "sleep 60; exit 1"], ids=["it ends", "it hangs"]
)
def test_a_kvm_that_is_there_but_useless(
    copy: image.Image, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    lines = f'case " $* " in *" kvm "*) {how};; esac'
    monkeypatch.setenv("NSLAB_QEMU", str(wrapper(tmp_path / "qemu", lines)))
    monkeypatch.setattr(saved_state, "KVM_LIMIT", 0.5)
    monkeypatch.setattr(saved_state, "accelerators", both)
    assert engine.ready(quiet).accelerator == "tcg"
    assert saved_state.refused_kvm(copy).exists()
    monkeypatch.undo()


def test_a_machine_that_waits_for_a_processor_is_waited_for(
    copy: image.Image, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NSLAB_QEMU", str(wrapper(tmp_path / "qemu", "sleep 21")))
    monkeypatch.setattr(saved_state, "BOOT_LIMIT", 20.0)
    assert engine.ready(quiet).accelerator == "tcg"


def test_a_machine_that_works_and_does_not_get_ready(
    copy: image.Image, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NSLAB_QEMU", str(wrapper(tmp_path / "qemu", "while :; do :; done")))
    monkeypatch.setattr(saved_state, "BOOT_LIMIT", 1.0)
    with pytest.raises(NoMachine, match="it did not get ready"):
        engine.ready(quiet)


def both(made: image.Image) -> Iterator[str]:
    if not saved_state.refused_kvm(made).exists():
        yield "kvm"
    yield "tcg"


def test_a_machine_that_does_not_boot_says_why(
    copy: image.Image, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = 'echo "qemu: no memory for you" >&2; exit 1'
    monkeypatch.setenv("NSLAB_QEMU", str(wrapper(tmp_path / "qemu", lines)))
    with pytest.raises(NoMachine, match="no memory for you"):
        Lab(engine="vm")
    assert states() == []


def test_a_build_that_was_killed_is_cleared_up(copy: image.Image) -> None:
    left = image.cache() / "build-killed"
    left.mkdir()
    (left / "half").write_text("of it")
    os.utime(left, (0, 0))
    image.build(quiet)
    assert not left.exists()


STOPPED = """
import os, signal, sys, threading
from nslab import Interrupted, Lab
threading.Timer(float(sys.argv[1]), os.kill, (os.getpid(), signal.SIGINT)).start()
try:
    lab = Lab(sys.argv[2], engine="vm")
except KeyboardInterrupt as error:
    print("stopped", isinstance(error, Interrupted), flush=True)
else:
    lab.close()
"""


def test_stop_while_a_machine_is_made(copy: image.Image) -> None:
    """At random moments: of the image, then of the state.  No process and no half is left."""
    seed = os.environ.get("NSLAB_SEED") or str(random.SystemRandom().randrange(1 << 32))
    print(f"NSLAB_SEED={seed}")
    dice = random.Random(seed)
    name = f"stopped-{os.getpid()}"
    images = copy.file("").parent
    aside = images.with_name("aside")
    for what, longest in (("image", 12.0), ("state", 4.0)) * 3:
        if what == "image":
            shutil.rmtree(aside, ignore_errors=True)
            images.rename(aside)
        delay = dice.uniform(0.3, longest)
        stopped = subprocess.run(
            [sys.executable, "-c", STOPPED, f"{delay:.2f}", name],
            capture_output=True,
            text=True,
            check=False,
        )
        shown = f"{what}, {delay:.2f} s: {stopped}"
        assert stopped.stdout in ("stopped True\n", ""), shown
        assert stopped.returncode == 0 or not stopped.stdout, shown
        limit = time.monotonic() + 60.0
        while left := running_below(image.cache(), name):
            assert time.monotonic() < limit, f"{shown}\n{left}"
            time.sleep(0.02)
        assert not list(image.cache().glob("build-*")), shown
        assert all(path.name[0] != "." for path in image.cache().glob("states/*")), shown
        assert all(one.whole() for one in image.images()), shown
        if what == "image":
            shutil.rmtree(images, ignore_errors=True)
            aside.rename(images)
    with Lab(engine="vm") as lab:
        assert lab.sh("echo there", echo=False).stdout == "there\n"


def running_below(cache: Path, name: str) -> list[str]:
    """Processes that work on a cache, or for labs of a name."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes()
        except OSError:
            continue
        own = int(path.parent.name) == os.getpid()
        if not own and any(word.encode() in words for word in (str(cache), name)):
            found.append(f"{path.parent.name} {words!r}")
    return found


def test_the_command_line(copy: image.Image) -> None:
    def nslab(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "nslab", "vm", *words],
            capture_output=True,
            text=True,
            check=False,
        )

    assert nslab("status").returncode == 0 or "nearly" in nslab("status").stdout
    built = nslab("build")
    assert built.returncode == 0, built.stderr
    # It asks the mirror, which may have a newer kernel by now.
    kernel = built.stdout.partition("Linux ")[2].partition(",")[0]
    assert kernel
    status = json.loads(nslab("status", "--json").stdout)
    assert status["ready"] == "yes"
    assert kernel in status["image"]
    assert nslab("clean", "--all").returncode == 0
    assert nslab("status").returncode == 1
    assert image.images() == []
