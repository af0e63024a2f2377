"""Two ordinary users and root on one machine: what one says is never believed by another."""

from __future__ import annotations

import json
import os
import pty
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from machine import wait_for
from users import ROOT, User

from nslab.engine import labs, runtime
from nslab.engine.labs import Running
from nslab.engine.vm import image
from nslab.engine.vm.engine import ready

pytestmark = [pytest.mark.root, pytest.mark.alone]  # they list every lab of the machine

LISTED = "from nslab.engine import labs\nfor one in labs.running(): print(one.name, one.uid)"


@pytest.fixture(scope="module")
def homes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Where everybody may look; pytest's own directories are root's."""
    made = Path(f"/var/tmp/users-{os.getpid()}")
    made.mkdir(0o755)
    yield made
    shutil.rmtree(made)


@pytest.fixture(scope="module")
def users(homes: Path) -> Iterator[tuple[User, User]]:
    made = (User("a", homes), User("b", homes))
    yield made
    for user in made:
        user.remove()


@pytest.fixture
def a(users: tuple[User, User]) -> Iterator[User]:
    yield users[0]
    users[0].end()


@pytest.fixture
def b(users: tuple[User, User]) -> Iterator[User]:
    yield users[1]
    users[1].end()


def nslab(*words: str, cwd: str = "/", given: str = "") -> subprocess.CompletedProcess[str]:
    """As root."""
    program = "import sys; from nslab.cli import main; main(sys.argv[1:])"
    return subprocess.run(
        [sys.executable, "-P", "-c", program, *words],
        input=given,
        capture_output=True,
        text=True,
        check=False,
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        timeout=120,
    )


def found(name: str) -> list[Running]:
    return [one for one in labs.running() if one.name == name]


# -- see, enter, stop, starve --------------------------------------------------------------------


def test_each_sees_his_own_and_root_sees_all(a: User, b: User) -> None:
    a.hold("of-a")
    b.hold("of-b")
    assert a.python(LISTED).stdout == f"of-a {a.uid}\n"
    assert b.python(LISTED).stdout == f"of-b {b.uid}\n"
    assert [one.uid for one in found("of-a") + found("of-b")] == [a.uid, b.uid]
    assert labs.look(found("of-b")[0]).host.label == "host"
    refused = a.run(sys.executable, "-P", "-m", "nslab", "enter", "--lab", "of-b", "--", "true")
    assert refused.returncode == 1
    assert "no lab of that name is running" in refused.stderr
    assert "of-b " not in refused.stderr


def test_nobody_enters_or_ends_anothers(a: User, b: User) -> None:
    b.hold("of-b")
    (lab,) = found("of-b")
    code = """
import ctypes, os, signal, sys
pid, place = int(sys.argv[1]), sys.argv[2]
libc = ctypes.CDLL(None, use_errno=True)
held = os.pidfd_open(pid)
for what in (0x10000000, 0x40000000, 0x20000):
    assert libc.setns(held, what) < 0, what
for what in (lambda: signal.pidfd_send_signal(held, 9), lambda: os.kill(pid, 9),
             lambda: os.listdir(place), lambda: os.readlink(f"/proc/{pid}/ns/net")):
    try:
        what()
    except PermissionError:
        continue
    raise SystemExit("it was allowed")
print("all refused")
"""
    assert lab.held is not None
    tried = a.python(code, str(lab.pid), lab.held.place)
    assert tried.stdout == "all refused\n", tried.stderr
    assert found("of-b") == [lab] or found("of-b")[0].pid == lab.pid


def test_a_name_that_is_taken_refuses_nobody_a_lab(a: User, b: User) -> None:
    """A takes the names of B's directories, and writes there that labs run."""
    squatted = [Path(f"/dev/shm/nslab-{b.uid}"), Path(f"/tmp/nslab-{b.uid}")]
    code = """
import os, sys
for place in sys.argv[1:]:
    os.mkdir(place, 0o700)
    os.chmod(place, 0o777)
"""
    assert a.python(code, *map(str, squatted)).returncode == 0
    try:
        b.hold("of-b")
        assert b.python(LISTED).stdout == f"of-b {b.uid}\n"
        (lab,) = found("of-b")
        assert lab.held is not None
        assert lab.held.place.startswith(str(b.home))
        assert nslab("enter", "--lab", "of-b", "--", "hostname").stdout == "pseudo-host\n"
    finally:
        for place in squatted:
            shutil.rmtree(place)


LISTEN = """
import ctypes, os, signal, socket, sys
owner, libc = int(sys.argv[1]), ctypes.CDLL(None, use_errno=True)
theirs = []
for one in filter(str.isdigit, os.listdir("/proc")):
    try:
        if os.stat(f"/proc/{one}").st_uid == owner:
            theirs.append(int(one))
    except FileNotFoundError:
        pass
assert len(theirs) > 2, theirs

def refused(what):
    try:
        answer = what()
    except PermissionError:
        return True
    return answer == -1

def listen(pid):
    held = os.pidfd_open(pid)
    yield lambda: os.open(f"/proc/{pid}/ns/net", os.O_RDONLY)
    yield lambda: os.open(f"/proc/{pid}/root/", os.O_RDONLY)
    yield lambda: os.listdir(f"/proc/{pid}/fd")
    yield lambda: open(f"/proc/{pid}/mem", "rb")
    yield lambda: libc.setns(held, 0x40000000)
    yield lambda: libc.syscall(438, held, 0, 0)  # pidfd_getfd
    yield lambda: libc.ptrace(16, pid, 0, 0)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGSTOP, signal.SIGHUP, signal.SIGKILL):
        yield lambda: os.kill(pid, number)
        yield lambda: signal.pidfd_send_signal(held, number)

for pid in theirs:
    for what in listen(pid):
        assert refused(what), pid
assert refused(lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0x300))
print("all refused")
"""


def test_nobody_captures_in_or_stops_anothers(a: User, b: User) -> None:
    b.hold("of-b")
    a.hold("of-a")  # with a lab of his own he is no nearer to it
    tried = a.python(LISTEN, str(b.uid))
    assert tried.stdout == "all refused\n", tried.stderr
    assert nslab("enter", "--lab", "of-b", "--", "echo", "on").stdout == "on\n"


SQUATS = {
    "directory": "os.mkdir(place, 0o777)",
    "file": "open(place, 'w').close()",
    "link": "os.symlink(sys.argv[1], place)",
    "pipe": "os.mkfifo(place)",
}


@pytest.mark.parametrize("kind", SQUATS)
def test_every_name_taken_and_a_crowd_of_files(kind: str, a: User, b: User) -> None:
    """All the places that A can take, in each form, and thousands of files beside them."""
    squatted = [f"/dev/shm/nslab-{b.uid}", f"/tmp/nslab-{b.uid}", f"/run/user/{b.uid}/nslab"]
    crowd = f"/dev/shm/crowd-{os.getpid()}"
    code = (
        "import contextlib, os, sys\n"
        "for place in sys.argv[3:]:\n"
        f"    with contextlib.suppress(OSError): {SQUATS[kind]}\n"
        "for number in range(5000): open(f'{sys.argv[2]}-{number}', 'w').close()\n"
        "own = f'/dev/shm/nslab-{os.getuid()}'\n"
        "os.makedirs(own, 0o700, exist_ok=True)\n"
        "for number in range(5000): open(f'{own}/1-1-{number}-x', 'w').close()\n"
    )
    try:
        taken = a.python(code, str(a.home), crowd, *squatted)
        assert taken.returncode == 0, taken.stderr
        b.hold("of-b")
        assert b.python(LISTED).stdout == f"of-b {b.uid}\n"
        assert [one.uid for one in found("of-b")] == [b.uid]
        assert nslab("enter", "--lab", "of-b", "--", "hostname").stdout == "pseudo-host\n"
    finally:
        b.end()
        for place in squatted[:2]:
            path = Path(place)
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
        shutil.rmtree(f"/dev/shm/nslab-{a.uid}", ignore_errors=True)
        for path in Path("/dev/shm").glob(f"{Path(crowd).name}-*"):
            path.unlink()


# -- forge ---------------------------------------------------------------------------------------


def test_words_of_a_process_are_never_executed(a: User) -> None:
    """The words of an ssh lab, with a command for ssh to run, as a process sleeps under them."""
    marker = a.home / "run-by-ssh"
    line = 'for p in "nslab"; do exec "$p" agent --lab forged; done; exit 127'
    words = [
        "-cimport time; print(1, flush=True); time.sleep(600)",
        f"-oProxyCommand=id >{marker}; false",
        "somewhere",
        line,
    ]
    code = f"import os; os.execv({sys.executable!r}, ['ssh', *{words!r}])"
    process = a.start(sys.executable, "-c", code)
    try:
        shown = nslab("show", "--lab", "forged")
        assert shown.returncode == 1
        assert not marker.exists()
        assert not found("forged")
        assert a.python(LISTED).stdout == ""
    finally:
        process.kill()


FORGE = """
import os, sys
from nslab.engine import runtime
entry = runtime.reserve()
pid = int(sys.argv[2])
begun = int(sys.argv[3]) if len(sys.argv) > 3 else runtime.started(pid)
entry.publish(runtime.Record(engine=sys.argv[1], name="forged", pid=pid, started=begun,
                             argv=("-oProxyCommand=touch /tmp/x", "somewhere")))
print("written", flush=True)
sys.stdin.read()
entry.remove()
"""


@pytest.mark.parametrize("engine", ["local", "vm", "ssh"])
def test_a_record_of_anothers_process_is_none(engine: str, a: User, b: User) -> None:
    b.hold("of-b")
    (lab,) = found("of-b")
    a.start(sys.executable, "-c", FORGE, engine, str(lab.pid))
    a.start(sys.executable, "-c", FORGE, engine, str(os.getpid()))
    assert not found("forged")
    assert len(found("of-b")) == 1


@pytest.mark.parametrize("engine", ["local", "vm", "ssh"])
def test_a_program_with_others_rights_is_no_lab(engine: str, a: User) -> None:
    """Its words and environment are A's, and its real uid; what it may do is not."""
    other = a.home / "python3"
    shutil.copy(os.path.realpath(sys.executable), other)
    other.chmod(0o4755)
    code = "import time; print(1, flush=True); time.sleep(600)"
    process = a.start(str(other), "-I", "-S", "-c", code)
    try:
        pid = process.pid  # each of the programs on the way executed the next
        assert f"Uid:\t{a.uid}\t0" in Path(f"/proc/{pid}/status").read_text()
        a.start(sys.executable, "-c", FORGE, engine, str(pid), str(runtime.started(pid)))
        assert not found("forged")
    finally:
        process.kill()
        other.unlink()


def test_who_keeps_root_waiting_hides_only_himself(a: User, b: User) -> None:
    """A's directory holds what never answers, and A stops every process that becomes A."""
    b.hold("of-b")
    code = """
import os, sys
place = f"/dev/shm/nslab-{os.getuid()}"
os.makedirs(place, 0o700, exist_ok=True)
space = os.stat("/proc/self/ns/pid").st_ino
os.mkfifo(f"{place}/1-1-{space}-fifo")
os.symlink("/dev/zero", f"{place}/1-1-{space}-link")
print("ready", flush=True)
own = os.getpid()
while True:
    for one in os.listdir("/proc"):
        try:
            if one.isdigit() and int(one) != own and os.stat(f"/proc/{one}").st_uid == os.getuid():
                os.kill(int(one), 19)
        except OSError:
            pass
"""
    process = a.start(sys.executable, "-c", code)
    try:
        begun = time.monotonic()
        assert len(found("of-b")) == 1
        assert time.monotonic() - begun < 60
    finally:
        process.kill()
        shutil.rmtree(f"/dev/shm/nslab-{a.uid}", ignore_errors=True)


def test_a_directory_is_not_where_root_imports_from(a: User) -> None:
    """Root stands in a directory of A's, in which a package has nslab's name."""
    a.hold("of-a")
    package = a.home / "nslab"
    package.mkdir()
    marker = a.home / "imported"
    (package / "__init__.py").write_text(f"open({str(marker)!r}, 'w')\n")
    try:
        assert nslab("show", "--lab", "of-a", cwd=str(a.home)).returncode == 0
        own = f"own-{os.getpid()}"
        holder = subprocess.Popen(
            [sys.executable, "-P", "-c", f"from nslab import Lab\nwith Lab({own!r}): input()"],
            stdin=subprocess.PIPE,
            cwd=a.home,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        wait_for(lambda: len(found(own)) == 1, "root's own lab is there", 60)
        assert nslab("enter", "--lab", own, "--", "true", cwd=str(a.home)).returncode == 0
        holder.communicate(b"\n")
        assert not marker.exists()
    finally:
        shutil.rmtree(package)


# -- root in anothers lab ------------------------------------------------------------------------


def test_root_in_an_honest_lab_has_all_its_rights(a: User) -> None:
    a.hold("of-a")
    line = "id -u; ip link add br7 type bridge && ip -br link show br7; cat; exit 7"
    ended = nslab("enter", "--lab", "of-a", "--", "sh", "-c", line, given="typed\n")
    assert ended.returncode == 7, ended.stderr
    assert ended.stdout.startswith("0\nbr7")
    assert ended.stdout.endswith("typed\n")
    assert labs.look(found("of-a")[0]).link("br7").kind == "bridge"
    assert "LOOPBACK" in nslab("enter", "ns1", "--lab", "of-a", "--", "ip", "link").stdout


def test_root_in_a_trap_is_only_its_owner(a: User, homes: Path) -> None:
    """The lab's bash is a script of A's: it may do what A may, and is told nothing of root's."""
    secret, out = homes / "secret", a.home / "out"
    secret.write_text("root's\n")
    secret.chmod(0o600)
    trap = a.home / "trap"
    trap.write_text(
        "#!/bin/sh\n"
        f"exec >{out} 2>&1\n"
        f"cat {secret}; echo more >>{secret}; touch {homes}/made; kill -9 {os.getpid()}\n"
        "for each in /proc/[0-9]*; do cat $each/environ; done\n"
        "ls -l /proc/self/fd; grep CapEff /proc/self/status; cat /proc/self/uid_map\n"
        "env; echo end\n"
    )
    trap.chmod(0o755)
    a.hold("of-a", f"mount --bind {trap} /usr/bin/bash")
    os.environ["NSLAB_TEST_SECRET"] = "token"
    try:
        nslab("enter", "--lab", "of-a")
    finally:
        del os.environ["NSLAB_TEST_SECRET"]
    printed = out.read_text()
    assert printed.endswith("end\n")
    assert secret.read_text() == "root's\n"
    assert "root's\n" not in printed.replace(str(secret), "")
    assert not (homes / "made").exists()
    assert "token" not in printed
    assert f"0 {a.uid} 1" in " ".join(printed.split())
    secret.unlink()


def test_no_program_types_into_roots_terminal(a: User) -> None:
    """TIOCSTI into the visitor's terminal stays there; root's is not even open."""
    a.hold("of-a")
    code = (
        "import fcntl, os, termios\n"
        "for one in (0, 1, 2):\n"
        "    try: [fcntl.ioctl(one, termios.TIOCSTI, bytes([c])) for c in b'typed\\n']\n"
        "    except OSError: pass\n"
        "print('inside', os.ttyname(0), 'own')\n"
    )
    child, terminal = pty.fork()
    if child == 0:
        program = "import sys; from nslab.cli import main; main(sys.argv[1:])"
        words = ["enter", "--lab", "of-a", "--", sys.executable, "-c", code]
        os.environ["PYTHONPATH"] = str(ROOT)
        line = [sys.executable, "-P", "-c", program, *words]
        # A shell that reads what was typed into its own terminal, if anything was.
        script = '"$@"; tty; read -t 1 -r it; echo "[$it]"'
        os.execv("/bin/bash", ["bash", "-c", script, "-", *line])
    seen = b""
    while True:
        try:
            piece = os.read(terminal, 4096)
        except OSError:
            break
        if not piece:
            break
        seen += piece
    os.close(terminal)
    os.waitpid(child, 0)
    words = seen.decode().split()
    inside = words[words.index("inside") + 1]
    own = words[words.index("own") + 1]
    assert inside.startswith("/dev/pts/")
    assert inside != own
    assert seen.rstrip().endswith(b"[]")


def test_a_lab_that_lies_is_told_as_one_that_lies(a: User) -> None:
    """What the owner's own processes answer is decoded as what a stranger wrote."""
    a.start(sys.executable, "-c", FORGE, "vm", "1", "0")
    assert not found("forged")
    assert labs._decoded(b"=" + b"\xdf" * 100) == []
    assert labs._decoded(b"!no") == []
    assert labs._decoded(b"=" + json.dumps([1]).encode()) == []


# -- labs elsewhere ------------------------------------------------------------------------------

GUEST = """
import os, socket, subprocess, sys
from nslab.engine import messages as m, runtime
from nslab.engine.vm.machine import WATCH
ours, theirs = socket.socketpair()
entry = runtime.reserve()
watch = subprocess.Popen(
    [sys.executable, "-I", "-S", WATCH, "--vm", "of-vm", str(ours.fileno()), str(entry.directory),
     entry.key, '{"engine":"vm","name":"of-vm"', "--", "/bin/sleep", "600"],
    pass_fds=[ours.fileno(), entry.directory])
ours.close()
while not any(held.record.pid == watch.pid for held in runtime.running()):
    pass
print("ready", flush=True)
arrived = bytearray()
while piece := theirs.recv(65536):
    arrived += piece
    for body in m.split(arrived):
        if not body:
            theirs.sendall(m.HANG_UP)
        elif isinstance(visit := m.to_terminal.decode(body), m.Visit):
            text = f"{visit.words} for {os.getuid()}".encode()
            theirs.sendall(m.frame(m.Shown("stdout", text)) + m.frame(m.Left(7)))
"""


def test_root_visits_a_virtual_machine_as_its_owner(a: User, b: User) -> None:
    """A watch as a lab has one, and in QEMU's stead a guest that says who came."""
    guest = b.start(sys.executable, "-c", GUEST)
    try:
        (lab,) = found("of-vm")
        assert (lab.uid, lab.engine) == (b.uid, "vm")
        ended = nslab("enter", "--lab", "of-vm", "ns1", "--", "id")
        assert ended.returncode == 7, ended.stderr
        assert ended.stdout == f"('enter', 'ns1', 'id') for {b.uid}"
        assert a.python(LISTED).stdout == ""
        assert f"nslab-vm-{lab.pid}" not in Path("/proc/net/unix").read_text()
        code = "import socket, sys; socket.socket(socket.AF_UNIX).connect(sys.argv[1])"
        assert lab.held is not None
        socket_ = f"{lab.held.place}/{lab.held.key}{runtime.SOCKET}"
        assert "PermissionError" in a.python(code, socket_).stderr
    finally:
        guest.kill()
    wait_for(lambda: not found("of-vm"), "the watch has noticed")


@pytest.mark.vm
def test_root_visits_a_real_virtual_machine_as_its_owner(a: User, b: User) -> None:
    made = ready(lambda what, done: None)
    cache = b.home / "cache"
    for path in (Path(made.image.path), made.path):
        shutil.copytree(path, cache / path.relative_to(image.cache().parent))
    subprocess.run(["chown", "-R", f"{b.uid}:{b.gid}", str(cache)], check=True)
    b.hold("of-vm", "ip link add there type bridge", engine="vm", NSLAB_CACHE=str(cache))
    (lab,) = found("of-vm")
    assert (lab.uid, lab.engine) == (b.uid, "vm")
    assert labs.look(lab).link("there").kind == "bridge"
    ended = nslab("enter", "--lab", "of-vm", "--", "sh", "-c", "ip -br link show there; exit 7")
    assert ended.returncode == 7, ended.stderr
    assert ended.stdout.startswith("there")
    assert a.python(LISTED).stdout == ""
    assert a.run(sys.executable, "-P", "-m", "nslab", "show", "--lab", "of-vm").returncode == 1
    b.end()
    wait_for(lambda: not found("of-vm"), "its record is gone")
    shutil.rmtree(cache)


def test_root_visits_an_ssh_lab_as_its_owner(b: User) -> None:
    """By what the owner's process recorded: as root it could not be reached, without a key."""
    from test_ssh import Server

    # Not below pytest's folder, which every other run of pytest shuts for others again: sshd reads
    # the list of keys as the user who comes.
    directory = b.home / "sshd"
    directory.mkdir()
    server = Server(directory)
    try:
        keys = b.home / "keys"
        shutil.copytree(server.directory, keys)
        program = keys / "nslab"
        program.write_text(
            f"#!/bin/sh\nPYTHONPATH={ROOT} exec {sys.executable} -P -c "
            '"import sys; from nslab.cli import main; main(sys.argv[1:])" "$@"\n'
        )
        program.chmod(0o755)
        config = (keys / "config").read_text().replace(str(server.directory), str(keys))
        (keys / "config").write_text(config)
        for path in (keys, *keys.iterdir()):
            os.chown(path, b.uid, b.gid)
        (server.directory / "authorized").chmod(0o644)
        server.directory.chmod(0o755)
        b.hold(
            "of-ssh",
            "brctl addbr there",
            engine=f"ssh:{b.name}@127.0.0.1:{server.port}",
            NSLAB_SSH_OPTIONS=f"-F {keys}/config",
            NSLAB_SSH_PROGRAM=str(program),
        )
        labs_there = {one.engine: one for one in found("of-ssh")}
        assert {kind: one.uid for kind, one in labs_there.items()} == {"ssh": b.uid, "local": b.uid}
        assert labs.look(labs_there["ssh"]).link("there").kind == "bridge"
        ended = nslab(
            "enter",
            "--lab",
            str(labs_there["ssh"].pid),
            "--",
            "sh",
            "-c",
            "ip -br link show there; exit 7",
        )
        assert ended.returncode == 7, ended.stderr
        assert ended.stdout.startswith("there")
    finally:
        b.end()
        server.close()
