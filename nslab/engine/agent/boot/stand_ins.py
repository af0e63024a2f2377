"""Programs that learners type and that a lab cannot have as they are: what stands in for them.

They lie in a directory that comes first in PATH, as small shell scripts:

``ip``, only where /sys can be mounted read-only at most
    keeps ``ip netns exec`` from uncovering the /sys below it;
``sudo``
    runs the rest, because you are root already, and says so once in a lab;
``tcpdump``
    goes on as root: it would become the user tcpdump, whom an ordinary user's lab has not;
``apt``, ``pip`` and their like
    install nothing: at once and in one line, not after a minute of tries;
``vim``, ``watch`` and their like
    say without a terminal that they need one: they would wait for ever, or fill a cell with what
    moves a cursor;
``systemctl``, ``modprobe`` and their like
    say in one line why not here, and where.
"""

from __future__ import annotations

import os
import sys

DIRECTORY = "/run/nslab/bin"

_SUDO = r"""#!/bin/sh
# What sudo's own options mean is root's anyway.
while [ $# -gt 0 ]; do
    case $1 in
        --) shift; break ;;
        -i|-s|--login|--shell) shift; [ $# -gt 0 ] || set -- sh; break ;;
        -[ugpChrRtTUD]) shift 2 ;;
        -*) shift ;;
        *=*) export "$1"; shift ;;
        *) break ;;
    esac
done
if [ ! -e /run/nslab/sudo-said ]; then
    echo "(you are root in the lab: sudo is not needed)" >&2
    : 2>/dev/null >/run/nslab/sudo-said
fi
[ $# -gt 0 ] || exit 0
exec "$@"
"""

_TCPDUMP = """#!{python} -IS
# tcpdump gives up root's groups, which the kernel refuses where only one id is mapped
# (user_namespaces(7)).  So for tcpdump that call does nothing, and succeeds.
import ctypes, os, struct, sys

steps = ((0x20, 0, 0, 0), (0x15, 0, 1, {setgroups}), (0x06, 0, 0, 0x00050000))
rules = b"".join(struct.pack("=HBBI", *step) for step in (*steps, (0x06, 0, 0, 0x7FFF0000)))
held = ctypes.create_string_buffer(rules)
program = struct.pack("HxxxxxxP", len(rules) // 8, ctypes.addressof(held))
prctl = ctypes.CDLL(None).prctl
if open("/proc/self/setgroups").read() == "deny\\n":
    prctl(38, 1, 0, 0, 0)  # PR_SET_NO_NEW_PRIVS
    prctl(22, 2, program, 0, 0)  # PR_SET_SECCOMP, SECCOMP_MODE_FILTER
words = sys.argv[1:] if "-Z" in sys.argv else ["-Z", "root", *sys.argv[1:]]
os.environ["PATH"] = os.environ.get("PATH", "").replace("{directory}:", "")
os.execvp("tcpdump", ["tcpdump", *words])
"""

_IP = """#!/bin/sh
# ip netns exec takes away the lab's /sys and mounts another, to be written.  Where a container has
# a read-only one, the kernel refuses that; if ip cannot take it away, it mounts one as it is.
for word; do
    case $word in
        e|ex|exe|exec) exec {directory}/ip-netns-exec "$@" ;;
    esac
done
exec {program} "$@"
"""

_IP_NETNS_EXEC = """#!{python} -IS
# A lazy umount2() fails, and nothing else: flags are its second word.
import ctypes, os, struct, sys

steps = (
    (0x20, 0, 0, 0), (0x15, 0, 3, {umount2}),
    (0x20, 0, 0, 24), (0x15, 0, 1, 2),
    (0x06, 0, 0, 0x00050016), (0x06, 0, 0, 0x7FFF0000),
)
rules = b"".join(struct.pack("=HBBI", *step) for step in steps)
held = ctypes.create_string_buffer(rules)
program = struct.pack("HxxxxxxP", len(rules) // 8, ctypes.addressof(held))
prctl = ctypes.CDLL(None).prctl
prctl(38, 1, 0, 0, 0)  # PR_SET_NO_NEW_PRIVS
prctl(22, 2, program, 0, 0)  # PR_SET_SECCOMP, SECCOMP_MODE_FILTER
os.execv("{program}", ["ip", *sys.argv[1:]])
"""

_SCREEN = """#!/bin/sh
# An editor that is given commands (-es) or only asked about itself does without.
# So does script when it is given what to run.
for word; do
    case {name}:$word in
        *:-es|*:-Es|*:-s|*:--version|*:--help|script:-*c|script:--command*) plain=yes ;;
    esac
done
if [ -t 0 ] || [ -t 1 ] || [ -n "$plain" ]; then
    PATH=$(echo "$PATH" | sed 's|{directory}:||')
    exec {name} "$@"
fi
ns=$(ip netns identify 2>/dev/null)
here="lab.terminal(${{ns:+\\"$ns\\"}})"
echo "{name}: needs a terminal, which a cell has not: $here opens one" >&2
exit 1
"""

SCREENS = ("vi", "vim", "view", "vimdiff", "nvim", "nano", "watch", "script", "htop", "btop", "mc")

_UMOUNT2 = {"x86_64": 166, "aarch64": 39, "riscv64": 39}
_SETGROUPS = {"x86_64": 116, "aarch64": 159, "riscv64": 159}
"""The numbers of umount2(2) and setgroups(2) by machine (linux/unistd.h)."""

_ELSEWHERE = "the Vagrant machine of the project is a whole machine"
_NO_SYSTEMD = f"no systemd runs in a lab: start a program itself, with & at the end; {_ELSEWHERE}"
_REFUSALS = {
    "systemctl": _NO_SYSTEMD,
    "service": _NO_SYSTEMD,
    "journalctl": _NO_SYSTEMD,
    "modprobe": "the kernel is the machine's, and loads by itself what ip asks for; what it lacks, "
    'Lab(engine="vm") may have',
    "insmod": 'the kernel is the machine\'s; Lab(engine="vm") has one of its own',
    "rmmod": 'the kernel is the machine\'s; Lab(engine="vm") has one of its own',
    "reboot": f"a lab does not boot; lab.reset() begins anew, and {_ELSEWHERE}",
    "shutdown": f"a lab does not boot; lab.close() ends it, and {_ELSEWHERE}",
    "poweroff": f"a lab does not boot; lab.close() ends it, and {_ELSEWHERE}",
}


INSTALLERS = {
    "apt": "sudo apt install",
    "apt-get": "sudo apt-get install",
    "pip": "pip install",
    "pip3": "pip3 install",
}
_INSTALLER = """#!/bin/sh
# What only looks goes on to the program itself.
for word; do
    case $word in
        update|upgrade|dist-upgrade|full-upgrade|install|download|source|reinstall)
            cat >&2 <<'END'
{name}: not in a lab: its internet is a made-up one, from which nothing can be installed; install it
on your machine ({command} NAME), and labs have it
END
            exit 1 ;;
        -*) ;;
        *) break ;;
    esac
done
PATH=$(printf %s "$PATH" | sed 's,{directory}:,,')
exec {name} "$@"
"""


def scripts(*, read_only_sys: bool = False) -> dict[str, str]:
    """The programs' names, and what each does; of those that go on as others, what is there.

    :param read_only_sys: whether /sys can be mounted read-only at most
    """
    found = {"sudo": _SUDO, **(_ip() if read_only_sys else {})}
    for name in SCREENS:
        if _there(name):
            found[name] = _SCREEN.format(name=name, directory=DIRECTORY)
    setgroups = _SETGROUPS.get(os.uname().machine)
    if setgroups is not None and _there("tcpdump"):
        found["tcpdump"] = _TCPDUMP.format(
            python=sys.executable, setgroups=setgroups, directory=DIRECTORY
        )
    for name, command in INSTALLERS.items():
        found[name] = _INSTALLER.format(name=name, command=command, directory=DIRECTORY)
    for name, why in _REFUSALS.items():
        found[name] = f"#!/bin/sh\ncat >&2 <<'END'\n{name}: not in a lab: {why}\nEND\nexit 1\n"
    return found


def _ip() -> dict[str, str]:
    umount2 = _UMOUNT2.get(os.uname().machine)
    program = next((path for path in ("/usr/bin/ip", "/bin/ip", "/sbin/ip") if _is(path)), None)
    if umount2 is None or program is None:
        return {}
    return {
        "ip": _IP.format(directory=DIRECTORY, program=program),
        "ip-netns-exec": _IP_NETNS_EXEC.format(
            python=sys.executable, umount2=umount2, program=program
        ),
    }


def _is(path: str) -> bool:
    return os.access(path, os.X_OK)


def _there(program: str) -> bool:
    return any(os.path.exists(f"/usr/{one}/{program}") for one in ("bin", "sbin"))


def install(*, read_only_sys: bool = False) -> None:
    """Put them where programs are looked for first.

    :param read_only_sys: whether /sys can be mounted read-only at most
    :raises OSError: they cannot be written
    """
    os.mkdir(DIRECTORY)
    for name, text in scripts(read_only_sys=read_only_sys).items():
        descriptor = os.open(f"{DIRECTORY}/{name}", os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o755)
        with open(descriptor, "w", encoding="utf-8") as file:
            os.fchmod(file.fileno(), 0o755)
            file.write(text)
