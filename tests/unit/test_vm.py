"""The parts of the virtual machine's engine that start none, and the way by ssh in words."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from nslab import Lab
from nslab.engine import labs, ssh
from nslab.engine import messages as m
from nslab.engine.agent.boot import guest
from nslab.engine.vm import archive, code, recipe
from nslab.errors import InvalidInput

ENTRIES = (
    archive.directory("bin"),
    archive.file("bin/program", b"#!/bin/sh\necho hello\n", 0o755),
    archive.link("bin/sh", "program"),
    archive.file("odd", b"x" * 5),
    archive.file("empty", b""),
)


def unpacked(tmp_path: Path, packed: bytes) -> Path:
    """Archives as a reader of the format, which is not ours, unpacks them."""
    busybox = shutil.which("busybox")
    assert busybox is not None
    plain = subprocess.run(["gzip", "-dc"], input=packed, capture_output=True, check=False).stdout
    target = tmp_path / "out"
    target.mkdir()
    subprocess.run(
        [busybox, "cpio", "-idm"], input=plain, cwd=target, check=True, capture_output=True
    )
    return target


def test_an_archive_is_read_by_others(tmp_path: Path) -> None:
    out = unpacked(tmp_path, archive.compressed(ENTRIES))
    assert (out / "bin/program").read_text() == "#!/bin/sh\necho hello\n"
    assert (out / "bin/program").stat().st_mode & 0o777 == 0o755
    assert (out / "bin/sh").readlink() == Path("program")
    assert (out / "odd").read_bytes() == b"xxxxx"
    assert (out / "empty").read_bytes() == b""


def test_archives_are_the_same_each_time_and_can_stand_in_a_row() -> None:
    assert archive.compressed(ENTRIES) == archive.compressed(ENTRIES)
    assert len(archive.compressed(ENTRIES)) % 4 == 0


def test_the_terminals_of_a_machine_are_open_before_it_says_that_it_has_booted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its state is saved then, and all machines that wake from it have their ports open."""
    opened: list[str] = []
    real = os.open

    def note(path: str, flags: int) -> int:
        opened.append(path)
        return real(path, flags)

    ports = {name: str(tmp_path / name) for name in m.TERMINALS}
    for path in ports.values():
        Path(path).touch()
    before = set(os.listdir("/proc/self/fd"))
    monkeypatch.setattr("os.open", note)
    monkeypatch.setattr("os.fork", lambda: 1)  # this is the process that says so
    guest.begin_terminals(ports)
    assert opened == list(ports.values())
    assert set(os.listdir("/proc/self/fd")) == before  # the children have them


def test_the_agents_code_is_all_that_it_imports(tmp_path: Path) -> None:
    """The agent's modules, laid out alone, can be imported without the rest of nslab."""
    for path, content in code.files().items():
        target = tmp_path / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    script = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n"
        "import importlib, nslab.engine.agent.boot.guest as guest\n"
        f"assert guest.__file__.startswith({str(tmp_path)!r}), guest.__file__\n"
        "for name in guest.NEEDED_LATER: importlib.import_module(name)\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert ended.returncode == 0, ended.stderr


def test_another_recipe_is_another_image(monkeypatch: pytest.MonkeyPatch) -> None:
    before = recipe.digest()
    assert recipe.digest() == before
    monkeypatch.setattr(recipe, "PACKAGES", (*recipe.PACKAGES, "nano"))
    assert recipe.digest() != before


@pytest.mark.parametrize("cuts", [(1,), (3, 4, 5), (4,), (9, 10, 200)], ids=str)
def test_frames_that_arrive_in_pieces(cuts: tuple[int, ...]) -> None:
    messages = [m.Typed(b"a" * 100), m.Resized(24, 80), m.Typed(b"")]
    stream = b"".join(map(m.frame, messages)) + m.HANG_UP
    arrived = bytearray()
    bodies: list[bytes] = []
    for begin, end in zip((0, *cuts), (*cuts, None), strict=True):
        arrived += stream[begin:end]
        bodies += m.split(arrived)
    assert [m.to_terminal.decode(body) for body in bodies[:-1]] == messages
    assert bodies[-1] == b""
    assert not arrived


# -- ssh ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("there", ["--", "there"]),
        ("me@there", ["--", "me@there"]),
        ("me@there:2222", ["-p", "2222", "--", "me@there"]),
        ("//me@127.0.0.1:22", ["-p", "22", "--", "me@127.0.0.1"]),
        ("[::1]:22", ["-p", "22", "--", "::1"]),
    ],
)
def test_a_machine(text: str, words: list[str]) -> None:
    assert ssh.target(text) == words


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a b",
        "-oProxyCommand=x",
        "me@",
        "there:port",
        "a;b",
        "-V",
        "//-V",
        "-x@there",
        "me@-V",
        "-V:22",
        "there\n",
    ],
)
def test_no_machine(text: str) -> None:
    with pytest.raises(InvalidInput, match="this names no machine"):
        Lab(engine=f"ssh:{text}")


def test_no_such_engine() -> None:
    with pytest.raises(InvalidInput, match="there is none of that name"):
        Lab(engine="nowhere")


def test_no_name_of_a_lab() -> None:
    with pytest.raises(InvalidInput, match="an option"):
        Lab("-V", engine="fake")


@pytest.mark.parametrize("program", ["-x", "--", "a\nb"])
def test_no_program_there(program: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NSLAB_SSH_PROGRAM", program)
    with pytest.raises(InvalidInput, match="there is no such program"):
        Lab(engine="ssh:there")


def test_words_that_would_be_options_enter_no_lab() -> None:
    lab = labs.Running("lab", 1, 0, 1.0)
    for ns, argv in (("-x", []), (None, ["-x"]), ("a\0b", [])):
        with pytest.raises(InvalidInput):
            labs.enter(lab, ns, argv)
