"""A lab on another machine: here the same one, by a real sshd on its loopback."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from nslab import AddBridge, AddNamespace, EngineUnavailable, Lab, LabGone
from nslab.engine import labs

ROOT = Path(__file__).parents[2]
LIMIT = 60.0
"""Seconds in which a lab is closed on a busy machine, too; it takes less than one."""

# Its own /run, because as root it wants /run/sshd there, and the machine's is not ours.
SSHD = """
if [ "$(id -u)" = 0 ]; then mount -t tmpfs tmpfs /run && mkdir -p /run/sshd; fi
exec "$@"
"""


class Server:
    """An sshd for this user's key alone."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        directory.chmod(0o700)
        for name in ("host", "user"):
            subprocess.run(
                ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(directory / name)],
                check=True,
            )
        shutil.copy(directory / "user.pub", directory / "authorized")
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        (directory / "sshd_config").write_text(
            f"ListenAddress 127.0.0.1:{self.port}\nHostKey {directory}/host\n"
            f"AuthorizedKeysFile {directory}/authorized\nStrictModes no\nUsePAM no\n"
            f"PidFile none\nPermitRootLogin yes\nPasswordAuthentication no\nUseDNS no\n"
            f"KbdInteractiveAuthentication no\n"
        )
        (directory / "config").write_text(
            f"Host *\n IdentityFile {directory}/user\n IdentitiesOnly yes\n"
            f" UserKnownHostsFile {directory}/known\n StrictHostKeyChecking accept-new\n"
        )
        program = ["/usr/sbin/sshd", "-D", "-e", "-f", str(directory / "sshd_config")]
        if os.geteuid() == 0:
            program = ["unshare", "--mount", "sh", "-ec", SSHD, "sshd", *program]
        self.log = open(directory / "log", "wb")
        self.process = subprocess.Popen(program, stderr=self.log, stdin=subprocess.DEVNULL)
        limit = time.monotonic() + LIMIT
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                said = (directory / "log").read_text()
                assert time.monotonic() < limit, said
                assert self.process.poll() is None, said
                time.sleep(0.02)

    def close(self) -> None:
        self.process.terminate()
        self.process.wait()
        self.log.close()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    made = Server(tmp_path_factory.mktemp("sshd"))
    yield made
    made.close()


@pytest.fixture
def machine(server: Server, monkeypatch: pytest.MonkeyPatch) -> str:
    """The words for it, with ssh's configuration and nslab's place known."""
    program = server.directory / "nslab"
    program.write_text(f'#!/bin/sh\nPYTHONPATH={ROOT} exec {sys.executable} -m nslab "$@"\n')
    program.chmod(0o755)
    monkeypatch.setenv("NSLAB_SSH_PROGRAM", str(program))
    monkeypatch.setenv("NSLAB_SSH_OPTIONS", f"-F {server.directory}/config")
    return f"ssh:{pwd.getpwuid(os.geteuid()).pw_name}@127.0.0.1:{server.port}"


def test_a_lab_there(machine: str) -> None:
    with Lab(f"there-{os.getpid()}", engine=machine) as lab:
        lab.do(AddBridge("lxcbr0"), AddNamespace("ns1"))
        assert lab.snapshot().link("lxcbr0").kind == "bridge"
        assert lab.sh("echo hello; exit 3", echo=False).stdout == "hello\n"
        with lab.capture("lo") as seen:
            lab.sh("ip link set lo up; ping -c 1 -w 5 127.0.0.1", echo=False)
        assert seen.frames
        lab.undo()
        assert lab.alive


def test_it_ends_with_the_connection(machine: str) -> None:
    lab = Lab(f"cut-{os.getpid()}", engine=machine)
    local = [one for one in labs.running() if one.name == lab.name]
    assert sorted(one.engine for one in local) == ["local", "ssh"]  # both ends are here
    (connection,) = [one for one in local if one.engine == "ssh"]
    os.kill(connection.pid, 9)
    limit = time.monotonic() + LIMIT
    while any(one.name == lab.name for one in labs.running()):
        assert time.monotonic() < limit, "the other end is still there"
        time.sleep(0.02)
    with pytest.raises(LabGone, match="its agent ended on"):
        lab.snapshot()
    lab.close()


def _above(pid: int) -> list[tuple[int, str]]:
    """A process and those above it, with their names."""
    found = []
    while pid > 1:
        status = Path(f"/proc/{pid}/stat").read_text()
        head, _, tail = status.rpartition(")")
        found.append((pid, head.partition("(")[2]))
        pid = int(tail.split()[1])
    return found


@pytest.mark.parametrize("whom", ["agent", "supervisor", "sshd"])
def test_close_waits_for_no_far_side(machine: str, whom: str) -> None:
    lab = Lab(f"far-{os.getpid()}", engine=machine)
    (far,) = [one for one in labs.running() if (one.name, one.engine) == (lab.name, "local")]
    above = _above(far.pid)
    pid = {"agent": far.pid, "supervisor": above[1][0]}.get(whom) or next(
        pid for pid, name in above if name.startswith("sshd")
    )
    os.kill(pid, signal.SIGSTOP)
    try:
        begun = time.monotonic()
        lab.close()
        assert time.monotonic() - begun < LIMIT
    finally:
        with contextlib.suppress(ProcessLookupError):  # it ended with its supervisor
            os.kill(pid, signal.SIGCONT)
    limit = time.monotonic() + LIMIT
    while any(one.name == lab.name for one in labs.running()):
        assert time.monotonic() < limit, "it is still there, though it may go on"
        time.sleep(0.02)


def test_from_outside(machine: str) -> None:
    with Lab(f"seen-{os.getpid()}", engine=machine) as lab:
        lab.do(AddNamespace("ns1"))
        (found,) = [one for one in labs.running() if one.name == lab.name and one.engine == "ssh"]
        assert labs.look(found).canonical() == lab.snapshot().canonical()
        script = (
            "import sys\nfrom nslab.engine import labs\n"
            f"lab = [one for one in labs.running() if one.pid == {found.pid}][0]\n"
            "sys.exit(labs.enter(lab, 'ns1', ['sh', '-c', 'ip link; exit 7']))\n"
        )
        ended = subprocess.run(
            [sys.executable, "-c", script],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
        assert ended.returncode == 7, ended.stderr
        assert b"LOOPBACK" in ended.stdout


def test_ended_from_outside(machine: str) -> None:
    with Lab(f"ended-{os.getpid()}", engine=machine) as lab:
        (found,) = [one for one in labs.running() if one.name == lab.name and one.engine == "ssh"]
        labs.end(found)
        with pytest.raises(LabGone, match="ended from outside, by nslab end"):
            lab.snapshot()


def test_nobody_listens(machine: str, server: Server) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(EngineUnavailable, match="Connection refused") as caught:
        Lab(engine=machine.rpartition(":")[0] + f":{port}")
    assert "try by hand: ssh" in caught.value.hint


def test_no_key(machine: str, monkeypatch: pytest.MonkeyPatch, server: Server) -> None:
    (server.directory / "config-without").write_text(
        f"Host *\n UserKnownHostsFile {server.directory}/known\n"
        " StrictHostKeyChecking accept-new\n IdentityFile /nowhere\n IdentitiesOnly yes\n"
    )
    monkeypatch.setenv("NSLAB_SSH_OPTIONS", f"-F {server.directory}/config-without")
    with pytest.raises(EngineUnavailable, match="Permission denied") as caught:
        Lab(engine=machine)
    assert "ssh-copy-id" in caught.value.hint


def test_no_nslab_there(machine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NSLAB_SSH_PROGRAM", "/nowhere/nslab")
    with pytest.raises(EngineUnavailable, match="nslab is not installed there") as caught:
        Lab(engine=machine)
    assert "NSLAB_SSH_PROGRAM" in caught.value.hint
