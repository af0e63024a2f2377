"""The doctor against real refusals, each provoked in a process of its own."""

from __future__ import annotations

import ctypes
import json
import os
import platform
import re
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nslab.engine import refusal
from nslab.engine.refusal import Facts

CLONE_NEWUSER, CLONE_NEWNS = 0x10000000, 0x20000
MS_REC, MS_PRIVATE = 1 << 14, 1 << 18
PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 38, 22, 2

# unshare and mount as this machine counts its system calls.
CALLS = {"x86_64": (272, 165), "aarch64": (97, 40)}[platform.machine()]

libc = ctypes.CDLL(None, use_errno=True)


def run_doctor(prepare: Callable[[], None]) -> tuple[dict[str, Any], int]:
    """What the doctor says in a process that was prepared for it, and its exit code."""
    ended = subprocess.run(
        [sys.executable, "-m", "nslab", "doctor", "--json"],
        preexec_fn=prepare,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.stderr == ""
    return json.loads(ended.stdout), ended.returncode


def check(call: int) -> None:
    if call < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def new_user_namespace(uid: int, flags: int = 0) -> None:
    """Have this process in a user namespace where it is ``uid``."""
    outside = (os.geteuid(), os.getegid())
    check(libc.unshare(CLONE_NEWUSER | flags))
    for name, text in (
        ("setgroups", "deny"),
        ("uid_map", f"{uid} {outside[0]} 1"),
        ("gid_map", f"{uid} {outside[1]} 1"),
    ):
        with open(f"/proc/self/{name}", "w") as file:
            file.write(text)


def forbid(number: int) -> None:
    """Have the kernel answer a system call with EPERM, as Docker's filter does for unshare."""

    def instruction(code: int, value: int, yes: int = 0, no: int = 0) -> bytes:
        return struct.pack("HBBI", code, yes, no, value)

    program = b"".join(
        (
            instruction(0x20, 0),  # load the call's number
            instruction(0x15, number, 0, 1),  # is it that one?
            instruction(0x06, 0x00050000 | 1),  # yes: EPERM
            instruction(0x06, 0x7FFF0000),  # no: allow
        )
    )
    buffer = ctypes.create_string_buffer(program)
    filter_ = struct.pack("HxxxxxxQ", len(program) // 8, ctypes.addressof(buffer))
    check(libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
    check(libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, filter_))


def refused(report: dict[str, Any]) -> tuple[str, str, str]:
    """The step that was refused, with cause and remedy."""
    found = [each for each in report["checks"] if each["status"] == "refused"]
    found = [each for each in found if each["group"] == "kernel"]
    assert len(found) == 1
    return found[0]["name"], found[0]["detail"], found[0]["remedy"]


def test_a_lab_runs_here() -> None:
    assert refusal.why_not() is None


def test_the_report_of_this_machine() -> None:
    report, code = run_doctor(lambda: None)
    assert code == 0
    assert report["verdict"].startswith("Labs run on this machine.")
    asked = next(each for each in report["checks"] if each["name"] == "your user")
    assert asked["detail"].startswith("root" if os.geteuid() == 0 else "an ordinary one")
    status = {each["name"]: each["status"] for each in report["checks"]}
    for name in ("private host", "add a veth", "add a bridge", "set net.ipv4.ip_forward", "bash"):
        assert status[name] == "ok"


def test_nothing_is_left_behind() -> None:
    def look() -> tuple[object, ...]:
        mounts = Path("/proc/self/mountinfo").read_text()
        links = sorted(os.listdir("/sys/class/net"))
        forward = Path("/proc/sys/net/ipv4/ip_forward").read_text()
        return mounts, links, forward, os.readlink("/proc/self/ns/net"), os.uname().nodename

    before = look()
    descriptors = os.listdir("/proc/self/fd")
    refusal.attempt()
    assert look() == before
    assert len(os.listdir("/proc/self/fd")) == len(descriptors)


def test_no_user_namespaces_left() -> None:
    def prepare() -> None:
        new_user_namespace(1000)
        with open("/proc/sys/user/max_user_namespaces", "w") as file:
            file.write("0")

    report, code = run_doctor(prepare)
    assert code == 1
    assert not report["works"]
    step, cause, remedy = refused(report)
    assert step == "user namespace"
    assert cause == "user.max_user_namespaces is 0"
    assert "sudo sysctl -w user.max_user_namespaces=" in remedy
    assert cause in report["verdict"]


def test_root_goes_on_without_a_user_namespace() -> None:
    def prepare() -> None:
        new_user_namespace(0)
        with open("/proc/sys/user/max_user_namespaces", "w") as file:
            file.write("0")

    report, code = run_doctor(prepare)
    assert code == 0
    assert report["works"]
    limited = [each for each in report["checks"] if each["status"] == "limited"]
    assert limited[0]["name"] == "user namespace"
    assert limited[0]["detail"].endswith("user.max_user_namespaces is 0")


@pytest.mark.parametrize("uid", [0, 1000])
def test_seccomp_forbids_unshare(uid: int) -> None:
    def prepare() -> None:
        new_user_namespace(uid)
        forbid(CALLS[0])

    report, code = run_doctor(prepare)
    assert code == 1
    step, cause, remedy = refused(report)
    assert step == ("new namespaces" if uid == 0 else "user namespace")
    assert "Seccomp: 2 in /proc/self/status" in cause
    assert "--security-opt seccomp=unconfined" in remedy


def test_seccomp_forbids_mount() -> None:
    report, code = run_doctor(lambda: forbid(CALLS[1]))
    assert code == 1
    step, cause, _ = refused(report)
    assert step == "private mounts"
    assert "seccomp" in cause


def test_a_container_hides_parts_of_proc() -> None:
    def prepare() -> None:
        new_user_namespace(0, CLONE_NEWNS)
        check(libc.mount(b"none", b"/", None, MS_REC | MS_PRIVATE, None))
        check(libc.mount(b"tmpfs", b"/proc/sys", b"tmpfs", 0, None))

    report, code = run_doctor(prepare)
    assert code == 1
    step, cause, remedy = refused(report)
    assert step == "mount /proc"
    assert "hidden" in cause
    assert "systempaths=unconfined" in remedy


MS_BIND, MS_REMOUNT = 1 << 12, 1 << 5
MS_OF_SYS = 1 | 2 | 4 | 8  # read-only, and no set-user-id, devices and programs


def in_a_container(uid: int) -> Callable[[], None]:
    """What prepares a process as an engine does: files of /etc are mounts, /sys is read-only."""

    def prepare() -> None:
        new_user_namespace(uid, CLONE_NEWNS)
        check(libc.mount(b"none", b"/", None, MS_REC | MS_PRIVATE, None))
        check(libc.mount(b"/etc/hostname", b"/etc/hosts", None, MS_BIND, None))
        check(libc.mount(b"none", b"/sys", None, MS_BIND | MS_REMOUNT | MS_OF_SYS, None))

    return prepare


@pytest.mark.parametrize("uid", [0, 1000])
def test_files_of_a_containers_etc_are_mounts(uid: int) -> None:
    report, code = run_doctor(in_a_container(uid))
    assert code == 0, report["verdict"]


def in_a_lab_in_a_container(*lines: str) -> str:
    """What a program prints whose lab is there."""
    program = ["from nslab import Lab\nwith Lab(engine='local') as lab:"]
    ended = subprocess.run(
        [sys.executable, "-c", "\n    ".join([*program, *lines])],
        preexec_fn=in_a_container(1000),
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def test_a_labs_etc_is_its_own_in_a_container_too() -> None:
    outside = Path("/etc/hosts").read_text()
    said = in_a_lab_in_a_container(
        "print(lab.sh('cat /etc/hosts; id -un').stdout)",
        "lab.sh('echo 192.0.2.1 far >> /etc/hosts')",
        "print(lab.sh('cat /etc/hosts').stdout)",
    )
    assert "127.0.1.1 pseudo-host\nroot\n" in said
    assert "192.0.2.1 far" in said
    assert Path("/etc/hosts").read_text() == outside


def test_a_namespace_has_its_own_sys_in_a_container_too() -> None:
    """ip netns exec mounts one that can be written, which the kernel refuses there."""
    lines = (
        "brctl addbr br0; brctl stp br0 on; brctl show | cut -f 1",
        "ip netns add ns1; ip link add v0 type veth peer name v1 netns ns1",
        "ip netns exec ns1 ls /sys/class/net; ip net exec ns1 sh -c 'exit 7'; echo $?",
        "ls /sys/class/net",
    )
    said = in_a_lab_in_a_container(f"print(lab.sh({'; '.join(lines)!r}, echo=False).stdout)")
    assert said.split() == [
        *("bridge", "name", "br0"), *("lo", "v1"), "7", *("br0", "eth0", "lo", "v0")
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("forbidden", "words"), [(True, "localhostProfile: nslab.json"), (False, "procMount: Unmasked")]
)
def test_a_pod_is_told_what_its_cluster_has_to_allow(
    forbidden: bool, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "10.96.0.1")

    def prepare() -> None:
        new_user_namespace(1000, CLONE_NEWNS)
        check(libc.mount(b"none", b"/", None, MS_REC | MS_PRIVATE, None))
        check(libc.mount(b"tmpfs", b"/proc/bus", b"tmpfs", 0, None))
        if forbidden:
            forbid(CALLS[0])

    report, code = run_doctor(prepare)
    assert code == 1
    _, cause, remedy = refused(report)
    assert "users of its own, parts of /proc masked" in cause
    assert words in remedy
    assert "docker" not in remedy


def test_a_plain_chroot(tmp_path: Any) -> None:
    """Whether the facts tell a chroot, which a child with no program of its own can say."""

    def facts_in_chroot(writing: int) -> None:
        new_user_namespace(0)
        os.chroot(tmp_path)
        # /proc is not there any more: what the kernel does to unshare is all that can be seen.
        error = 0 if libc.unshare(CLONE_NEWUSER) == 0 else ctypes.get_errno()
        os.write(writing, bytes((error,)))

    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            facts_in_chroot(writing)
        finally:
            os._exit(0)
    os.close(writing)
    os.waitpid(child, 0)
    (error,) = os.read(reading, 1)
    os.close(reading)
    assert refusal.diagnose("user namespace", error, Facts(chroot=True)).kind == "chroot"


@pytest.mark.root
@pytest.mark.parametrize("proc", ["/", "/nothing"])
def test_a_chroot_that_is_a_mount_point(tmp_path: Path, proc: str) -> None:
    """There, too, the kernel allows no user namespace, and / is a mount point as elsewhere."""
    says = "from nslab.engine.refusal.facts import Facts; print(Facts.of_this_machine().chroot)"
    script = (
        f"mount -t tmpfs tmpfs {tmp_path}; cd {tmp_path}; "
        'for one in /*; do if [ -L "$one" ]; then cp -a "$one" .; elif [ -d "$one" ]; then '
        'mkdir ".$one"; mount --rbind "$one" ".$one"; fi; done; '
        f"if [ {proc} != / ]; then umount -l proc; fi; "
        'exec chroot . "$1" -c "$2"'
    )
    isolated = ["unshare", "--mount", "--propagation", "private", "sh", "-ec", script, "sh"]
    outside = subprocess.run([sys.executable, "-c", says], capture_output=True, text=True)
    inside = subprocess.run([*isolated, sys.executable, says], capture_output=True, text=True)
    assert (outside.stdout, inside.stdout) == ("False\n", "True\n"), inside.stderr


def test_where_the_home_cannot_be_written_and_the_terminal_shows_ascii_only() -> None:
    environment = {
        "HOME": "/proc",  # nobody can write there, not even root
        "PATH": os.environ["PATH"],
        "LANG": "C",
        "PYTHONUTF8": "0",
        "PYTHONCOERCECLOCALE": "0",
    }
    ended = subprocess.run(
        [sys.executable, "-m", "nslab", "doctor"],
        env=environment,
        cwd=Path(__file__).parents[2],
        capture_output=True,
        check=False,
    )
    assert b"Traceback" not in ended.stderr, ended.stderr.decode()
    assert ended.returncode == 0
    assert ended.stdout.isascii()
    assert re.search(rb"\n  \+ \d of \d: .*private host", ended.stdout)
