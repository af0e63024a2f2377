"""The process that forks learners' servers: whom they belong to, and who may ask for one.

A module in place of JupyterHub's own says what it was given.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import pwd
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from machine import wait_for
from users import HOLDER, ROOT, User

sys.path.insert(0, str(ROOT / "deploy" / "hub"))

from nslab_hub import classroom, limits, preloaded

from nslab.engine import runtime

pytestmark = [pytest.mark.kernel, pytest.mark.root]

STAND_IN = """
import ctypes, json, os, socket, sys, time
def at_start():
    # What the process was started with lies at the top of its stack, and does not go away.
    area = next(line for line in open("/proc/self/maps") if line.endswith("[stack]\\n"))
    begin, end = (int(number, 16) for number in area.split()[0].split("-"))
    return ctypes.string_at(begin, end - begin).decode("latin-1")
def main():
    if "LISTEN" in os.environ:
        listening = socket.create_server(("127.0.0.1", 0))
    status = dict(line.split(":", 1) for line in open("/proc/self/status") if ":" in line)
    said = {
        "ids": [os.getresuid(), os.getresgid(), os.getgroups()], "argv": sys.argv,
        "env": dict(os.environ), "cwd": os.getcwd(), "caps": status["CapEff"].strip(),
        "no_new_privs": status["NoNewPrivs"].strip(), "pid": os.getpid(),
        "session": os.getsid(0), "umask": os.umask(0),
        "open": [os.readlink(f"/proc/self/fd/{fd}") for fd in os.listdir("/proc/self/fd")
                 if os.path.exists(f"/proc/self/fd/{fd}")],
        "known": "-".join(("roots", "alone")) in at_start(), "dir": os.getcwd(),
    }
    with open("said.new", "w") as file:
        json.dump(said, file)
    os.rename("said.new", "said")
    while True:
        time.sleep(100)
"""

HUB = """
import os, socket, subprocess, sys, time
ours, theirs = socket.socketpair()
words = (sys.executable, "-m", "nslab_hub.preloaded", str(theirs.fileno()))
print(subprocess.Popen(words, pass_fds=(theirs.fileno(),)).pid, flush=True)
theirs.close()
ours.sendall(b'{"user": "root"}\\n')
print(ours.recv(1000).decode(), end="", flush=True)
time.sleep(1000)
"""


def a_user(letter: str) -> Iterator[User]:
    with tempfile.TemporaryDirectory(dir="/var/tmp") as homes:
        Path(homes).chmod(0o755)
        user = User(letter, Path(homes))
        yield user
        user.remove()


@pytest.fixture(scope="module")
def learner() -> Iterator[User]:
    yield from a_user("h")


Source = tuple[socket.socket, subprocess.Popen[bytes]]


def started(modules: str, *before: str, **more: Any) -> Source:
    """The process that forks servers, and the hub's end of what leads to it."""
    ours, theirs = socket.socketpair()
    with theirs:
        process = subprocess.Popen(
            (*before, sys.executable, "-m", "nslab_hub.preloaded", str(theirs.fileno())),
            env={"PATH": os.environ["PATH"], "PYTHONPATH": modules, "SECRET": "roots-alone"},
            pass_fds=(theirs.fileno(),),
            **more,
        )
    return ours, process


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Source]:
    """The running process."""
    package = tmp_path_factory.mktemp("hub") / "modules" / "jupyterhub"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "singleuser.py").write_text(STAND_IN)
    made = started(os.pathsep.join(map(str, (ROOT, ROOT / "deploy" / "hub", package.parent))))
    yield made
    made[0].close()
    made[1].kill()
    made[1].wait()


@pytest.fixture(scope="module")
def neighbour() -> Iterator[User]:
    """Another learner of the class."""
    yield from a_user("n")


def ask(source: Source, user: object, **more: Any) -> dict[str, Any]:
    number = str(uuid.uuid4())
    request = {"id": number, "user": user, "argv": ["server", "--port=1"], "env": {}, **more}
    source[0].sendall(json.dumps(request).encode() + b"\n")
    answer = heard(source)
    assert answer.pop("id") == number
    return answer


def heard(source: Source) -> dict[str, Any]:
    with source[0].makefile() as lines:
        return dict(json.loads(lines.readline()))


def test_a_server_is_its_learners_and_nothing_of_roots_is_left(
    source: Source, learner: User
) -> None:
    said = learner.home / "said"
    answer = ask(source, learner.name, env={"HOME": str(learner.home)})
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
    assert not found["known"], "what the hub was started with is in the learner's memory"
    own = str(learner.home)
    foreign = {name for name in found["open"] if not name.startswith((own, "/proc/", "/dev/null"))}
    assert not foreign, "descriptors that are not the learner's"
    assert (learner.home / preloaded.LOG).stat().st_uid == learner.uid
    # The lessons are there, and the learner's.
    first = learner.home / "nslab-notebooks" / "00-start-here.ipynb"
    assert first.stat().st_uid == learner.uid


def test_no_server_for_root_nor_for_a_stranger(source: Source) -> None:
    assert "root is no learner" in ask(source, "root")["error"]
    assert "error" in ask(source, "nobody-of-this-name")
    assert "error" in ask(source, "")


def test_nothing_that_anybody_could_ask_at_is_in_the_file_system(source: Source) -> None:
    ends = {os.readlink(each) for each in Path(f"/proc/{source[1].pid}/fd").iterdir()}
    inodes = {end[8:-1] for end in ends if end.startswith("socket:[")}
    listed = [line.split() for line in Path("/proc/net/unix").read_text().splitlines()[1:]]
    named = [words for words in listed if words[6] in inodes and len(words) > 7]
    assert inodes
    assert not named, "a name leads to its socket"


@pytest.mark.parametrize("line", [b"{nonsense", b"[]", b"7", b"{}", b'{"user": []}'])
def test_it_goes_on_after_nonsense(source: Source, line: bytes) -> None:
    source[0].sendall(line + b"\n")
    assert "error" in heard(source)
    assert source[1].poll() is None


def test_it_reaps_what_has_ended(source: Source, learner: User) -> None:
    pid = ask(source, learner.name)["pid"]
    os.kill(pid, signal.SIGKILL)
    wait_for(lambda: not Path(f"/proc/{pid}").exists(), "the server that was killed is gone")
    assert source[1].poll() is None


def test_it_ends_with_the_hub_and_leaves_nothing(tmp_path: Path) -> None:
    modules = os.pathsep.join(map(str, (ROOT, ROOT / "deploy" / "hub")))
    with subprocess.Popen(
        (sys.executable, "-c", HUB),
        env={"PATH": os.environ["PATH"], "PYTHONPATH": modules, "TMPDIR": str(tmp_path)},
        stdout=subprocess.PIPE,
    ) as hub:
        assert hub.stdout is not None
        pid = int(hub.stdout.readline())
        assert json.loads(hub.stdout.readline())["error"], "it answers"
        hub.kill()
    wait_for(lambda: not _lives(pid), "it has ended")
    assert not list(tmp_path.iterdir())


def _lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


PROWL = """
import json, os, signal, sys
pid, home, uid = int(sys.argv[1]), sys.argv[2], int(sys.argv[3])
got = []
def tried(what, call):
    try:
        call()
    except (OSError, KeyError):
        return
    got.append(what)
for each in ("environ", "maps", "mem", "auxv", "io", "stack", "syscall", "personality"):
    tried(each, lambda: open(f"/proc/{pid}/{each}", "rb").read(1))
for each in ("fd", "fdinfo", "map_files", "cwd/", "root/"):
    tried(each, lambda: os.listdir(f"/proc/{pid}/{each}"))
for each in ("net", "user", "mnt", "pid"):
    tried(f"ns/{each}", lambda: os.open(f"/proc/{pid}/ns/{each}", os.O_RDONLY))
for number in (0, signal.SIGTERM, signal.SIGSTOP):
    tried(f"signal {number}", lambda: os.kill(pid, number))
tried("priority", lambda: os.setpriority(os.PRIO_PROCESS, pid, 19))
tried("affinity", lambda: os.sched_setaffinity(pid, {0}))
for place in ("nslab-notebooks", ".jupyter", ".local", ".ipython", ".nslab-server.log"):
    path = os.path.join(home, place)
    tried(place, lambda: os.listdir(path) if os.path.isdir(path) else open(path).read())
    tried(f"write {place}", lambda: open(os.path.join(path, "x"), "w"))
for place in (f"/run/user/{uid}", f"/dev/shm/nslab-{uid}", f"/tmp/nslab-{uid}"):
    tried(place, lambda: os.listdir(place))
    tried(f"{place} taken away", lambda: os.rename(place, place + "-x"))
for word in open(f"/proc/{pid}/cmdline").read().split(chr(0)):
    if "token" in word.lower() or "of-a-server" in word:
        got.append("a token in its words")
print(json.dumps(got))
"""


def test_another_learners_server_cannot_be_looked_into_nor_disturbed(
    source: Source, learner: User, neighbour: User
) -> None:
    env = {"HOME": str(learner.home), "JUPYTERHUB_API_TOKEN": "of-a-server"}
    pid = ask(source, learner.name, env=env)["pid"]
    said = learner.home / "said"
    wait_for(said.exists, "the server runs")
    words = (str(pid), str(learner.home), str(learner.uid))
    found = neighbour.run(sys.executable, "-c", PROWL, *words)
    os.kill(pid, signal.SIGKILL)
    said.unlink()
    assert found.stderr == ""
    assert json.loads(found.stdout) == []


def test_another_learners_labs_are_not_there(learner: User, neighbour: User) -> None:
    holder = subprocess.Popen(
        learner.words(sys.executable, "-c", HOLDER, "hers", "local"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd="/",
    )
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "ready\n"
        own = learner.run(sys.executable, "-m", "nslab", "show", "--lab", "hers")
        assert own.returncode == 0, own.stderr
        inside = [pid for pid in _of(learner.uid) if pid != holder.pid]
        for words in (("show",), ("show", "--lab", "hers"), ("enter", "ns1", "--", "true")):
            other = neighbour.run(sys.executable, "-m", "nslab", *words)
            assert "running" in other.stderr, words
            assert other.returncode, words
        for pid in inside:
            found = neighbour.run(
                sys.executable, "-c", PROWL, str(pid), str(learner.home), str(learner.uid)
            )
            assert json.loads(found.stdout) == [], pid
    finally:
        holder.communicate("", timeout=60)


def _of(uid: int) -> list[int]:
    """The processes of a user, with those of the labs."""
    found = []
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if entry.name.isdecimal() and entry.stat().st_uid == uid:
                found.append(int(entry.name))
    return found


@pytest.mark.parametrize("home", ["/home/ada", "/home/" + "a" * 60])
def test_kernels_listen_where_only_their_owner_comes(
    home: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", home)
    monkeypatch.delenv("JUPYTER_RUNTIME_DIR", raising=False)
    monkeypatch.delenv("JUPYTER_DATA_DIR", raising=False)
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    short = home == "/home/ada"  # a socket's path can be so long, and no longer
    assert preloaded.kernels() == (["--KernelManager.transport=ipc"] if short else [])


TMP = """
import os, sys
from nslab_hub import places
covered = places.own(1 << 20, [sys.argv[1]])
print(covered)
left = []
for folder in ("/tmp", "/var/tmp"):
    try:
        with open(os.path.join(folder, "nslab-fill"), "wb") as file:
            for _ in range(64 if folder in covered else 0):
                file.write(bytes(1 << 15))
    except OSError as error:
        print(error.errno, oct(os.stat(folder).st_mode & 0o7777))
    finally:
        if folder not in covered:
            os.unlink(os.path.join(folder, "nslab-fill"))  # it is the machine's
print(sorted(os.listdir("/tmp")))
"""


@pytest.mark.parametrize(
    ("needed", "covered"), [("/home/ada", ["/tmp", "/var/tmp"]), ("/var/tmp/homes/ada", ["/tmp"])]
)
def test_who_fills_tmp_fills_a_tmp_of_their_own(needed: str, covered: list[str]) -> None:
    before = {place: set(os.listdir(place)) for place in ("/tmp", "/var/tmp")}
    environment = {"PYTHONPATH": os.pathsep.join(map(str, (ROOT, ROOT / "deploy" / "hub")))}
    ended = subprocess.run(
        (sys.executable, "-c", TMP, needed), capture_output=True, text=True, env=environment
    )
    said = ended.stdout.splitlines()
    assert said[0] == repr(covered), ended.stderr
    assert said[1] == f"{errno.ENOSPC} 0o1777"
    assert said[-1] == "['nslab-fill']"
    for place, there in before.items():
        assert "nslab-fill" not in set(os.listdir(place)) - there


def test_the_next_class_removes_the_users_of_one_that_was_killed(
    tmp_path: Path, learner: User
) -> None:
    killed, goes_on = tmp_path / "nslab-class-a", tmp_path / "nslab-class-b"
    for folder in (killed, goes_on):
        folder.mkdir()
    with classroom.noted(goes_on) as note, subprocess.Popen(("sleep", "99")) as hub:
        note.write_text(f"0 0 {learner.name}")
        begun = runtime.started(hub.pid)
        (killed / classroom.NOTE).write_text(f"{hub.pid} {begun} nobody-of-this-name")
        threading.Thread(target=hub.wait).start()  # as the first process of a machine does
        classroom.sweep(tmp_path)
        assert hub.poll() == -signal.SIGTERM
        assert [folder.name for folder in tmp_path.iterdir()] == [goes_on.name]
    assert pwd.getpwnam(learner.name).pw_uid == learner.uid, "it belonged to a class that goes on"


STUBBORN = """
import os, signal, sys, time
for group in sys.argv[1:]:
    open(os.path.join(group, "cgroup.procs"), "w").write(str(os.getpid()))
for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
    signal.signal(number, signal.SIG_IGN)
if os.fork() == 0:
    os.setsid()  # as what was put into the background, and has no terminal any more
print(os.getpid(), flush=True)
time.sleep(1000)
"""


def test_what_a_learner_has_put_into_the_background_ends_with_the_server() -> None:
    group = limits.Group.of(f"nobody-{os.getpid()}")
    with subprocess.Popen(
        (sys.executable, "-c", STUBBORN, *group.folders), stdout=subprocess.PIPE
    ) as stubborn:
        assert stubborn.stdout is not None
        pids = [int(stubborn.stdout.readline()) for _ in range(2)]
        assert limits.Group.there(f"nobody-{os.getpid()}") == group
        group.end(60.0)
        assert not any(map(_lives, pids))
    assert not any(map(os.path.exists, group.folders))
    assert limits.Group.there(f"nobody-{os.getpid()}").folders == []
    group.end()  # and a second time is no error
