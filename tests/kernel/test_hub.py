"""The process that forks learners' servers: whom they belong to, and who may ask for one.

JupyterHub itself is not among what the tests install; a module in its place says what it was given.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from machine import wait_for
from users import ROOT, User

pytestmark = [pytest.mark.kernel, pytest.mark.root, pytest.mark.root_smoke]

STAND_IN = """
import json, os, sys, time
def main():
    status = dict(line.split(":", 1) for line in open("/proc/self/status") if ":" in line)
    said = {
        "ids": [os.getresuid(), os.getresgid(), os.getgroups()], "argv": sys.argv,
        "env": dict(os.environ), "cwd": os.getcwd(), "caps": status["CapEff"].strip(),
        "no_new_privs": status["NoNewPrivs"].strip(), "pid": os.getpid(),
        "session": os.getsid(0), "umask": os.umask(0),
        "open": [os.readlink(f"/proc/self/fd/{fd}") for fd in os.listdir("/proc/self/fd")
                 if os.path.exists(f"/proc/self/fd/{fd}")],
    }
    with open("said.new", "w") as file:
        json.dump(said, file)
    os.rename("said.new", "said")
    while True:
        time.sleep(100)
"""

HUB = """
import subprocess, sys, time
one = subprocess.Popen(sys.argv[1:])
print(one.pid, flush=True)
time.sleep(1000)
"""


@pytest.fixture(scope="module")
def learner() -> Iterator[User]:
    with tempfile.TemporaryDirectory(dir="/var/tmp") as homes:
        Path(homes).chmod(0o755)
        user = User("h", Path(homes))
        yield user
        user.remove()


@pytest.fixture(scope="module")
def source(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[Path, subprocess.Popen[bytes]]]:
    """The running process, and its socket."""
    tmp_path = tmp_path_factory.mktemp("hub")
    package = tmp_path / "modules" / "jupyterhub"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "singleuser.py").write_text(STAND_IN)
    path = tmp_path / "socket"
    modules = os.pathsep.join(map(str, (ROOT, ROOT / "deploy" / "hub", package.parent)))
    process = subprocess.Popen(
        (sys.executable, "-m", "nslab_hub.preloaded", str(path)),
        env={"PATH": os.environ["PATH"], "PYTHONPATH": modules, "SECRET": "of root"},
    )
    wait_for(path.exists, "it listens")
    yield path, process
    process.kill()
    process.wait()


def ask(path: Path, user: str, **more: Any) -> dict[str, Any]:
    request = {"user": user, "argv": ["server", "--port=1"], "env": {}, **more}
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(path))
        connection.sendall(json.dumps(request).encode() + b"\n")
        with connection.makefile() as lines:
            return dict(json.loads(lines.readline()))


def test_a_server_is_its_learners_and_nothing_of_roots_is_left(
    source: tuple[Path, subprocess.Popen[bytes]], learner: User
) -> None:
    said = learner.home / "said"
    answer = ask(source[0], learner.name, env={"HOME": str(learner.home)})
    wait_for(said.exists, "the server has said what it is")
    found = json.loads(said.read_text())
    os.kill(answer["pid"], signal.SIGKILL)
    said.unlink()
    assert found["pid"] == answer["pid"] == found["session"]
    assert found["ids"] == [[learner.uid] * 3, [learner.gid] * 3, [learner.gid]]
    assert found["argv"][:2] == ["server", "--port=1"]
    assert found["env"] == {"HOME": str(learner.home)}
    assert found["cwd"] == str(learner.home)
    assert found["no_new_privs"] == "1"
    assert int(found["caps"], 16) == 0
    assert found["umask"] == 0o077
    assert not any(name.startswith("socket:") for name in found["open"])
    # The lessons are there, and the learner's.
    first = learner.home / "nslab-notebooks" / "00-start-here.ipynb"
    assert first.stat().st_uid == learner.uid


def test_no_server_for_root_nor_for_a_stranger(
    source: tuple[Path, subprocess.Popen[bytes]],
) -> None:
    assert "root is no learner" in ask(source[0], "root")["error"]
    assert "error" in ask(source[0], "nobody-of-this-name")
    assert "error" in ask(source[0], "")


def test_an_ordinary_user_may_not_ask(
    source: tuple[Path, subprocess.Popen[bytes]], learner: User
) -> None:
    program = f"import socket; socket.socket(socket.AF_UNIX).connect({str(source[0])!r})"
    ended = subprocess.run(
        learner.words(sys.executable, "-c", program), capture_output=True, text=True
    )
    assert ended.returncode
    assert "PermissionError" in ended.stderr


def test_it_goes_on_after_nonsense_and_reaps_what_has_ended(
    source: tuple[Path, subprocess.Popen[bytes]], learner: User
) -> None:
    path, process = source
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(path))
        connection.sendall(b"{nonsense\n")
        assert b"error" in connection.recv(1000)
    pid = ask(path, learner.name)["pid"]
    os.kill(pid, signal.SIGKILL)
    wait_for(lambda: not Path(f"/proc/{pid}").exists(), "the server that was killed is gone")
    assert process.poll() is None


def test_it_ends_with_the_hub(tmp_path: Path) -> None:
    path = tmp_path / "socket"
    modules = os.pathsep.join(map(str, (ROOT, ROOT / "deploy" / "hub")))
    with subprocess.Popen(
        (sys.executable, "-c", HUB, sys.executable, "-m", "nslab_hub.preloaded", str(path)),
        env={"PATH": os.environ["PATH"], "PYTHONPATH": modules},
        stdout=subprocess.PIPE,
    ) as hub:
        assert hub.stdout is not None
        pid = int(hub.stdout.readline())
        wait_for(path.exists, "it listens")
        hub.kill()
    wait_for(lambda: not _lives(pid), "it has ended")


def _lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
