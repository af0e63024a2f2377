"""A process that joins a running lab: ``nslab enter`` and ``nslab show`` stand on it.

Usage: ``python -m nslab.engine.agent.boot.visit LAB enter NS [COMMAND …]`` or ``… LAB look TITLE``;
LAB is a pidfd of the lab's first process.
"""

from __future__ import annotations

import os
import signal
import sys
from errno import EINVAL

import msgspec

from nslab.engine import uapi
from nslab.engine.agent.boot.init import PATH, find
from nslab.engine.agent.netns.processes import is_itself
from nslab.engine.agent.netns.spaces import WORLD_DIR, Spaces
from nslab.engine.agent.netns.syscalls import call
from nslab.engine.agent.rtnl import survey
from nslab.engine.agent.rtnl.rules import Reader, subprocesses
from nslab.errors import NslabError
from nslab.network.model import WORLD


def join(lab: int) -> None:
    """Enter all of a lab's namespaces; the next child is in its pid namespace too.

    Without the pid namespace a shell would outlive the agent and keep the lab alive.

    :param lab: a pidfd of its first process, so that nobody else's namespaces can be entered
    """
    spaces = (
        uapi.CLONE_NEWNET
        | uapi.CLONE_NEWNS
        | uapi.CLONE_NEWUTS
        | uapi.CLONE_NEWIPC
        | uapi.CLONE_NEWPID
    )
    try:
        call("setns", lab, uapi.CLONE_NEWUSER | spaces)
    except OSError as error:
        if error.errno != EINVAL:
            raise
        call("setns", lab, spaces)  # a lab of root's may have no user namespace
    os.chdir("/")


def main(arguments: list[str]) -> int:
    lab, what, *rest = arguments
    is_itself()
    try:
        join(int(lab))
        os.close(int(lab))
    except OSError as error:
        print(f"cannot enter the lab: {error.strerror}", file=sys.stderr)
        return 1
    child = os.fork()
    if child == 0:
        status = 1
        try:
            status = _enter(rest[0], rest[1:]) if what == "enter" else _look(rest[0])
        except NslabError as error:
            print(error, file=sys.stderr)
        except OSError as error:
            print(f"{error.filename or 'nslab'}: {error.strerror}", file=sys.stderr)
        finally:
            sys.stdout.flush()
            os._exit(status)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return code if code >= 0 else 128 - code


def _enter(ns: str, argv: list[str]) -> int:
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    left_out = ("PYTHONPATH", "PROMPT_COMMAND")
    environment = {key: value for key, value in os.environ.items() if key not in left_out}
    environment |= {"PATH": PATH, "USER": "root", "LOGNAME": "root"}
    spaces = Spaces()
    if not argv:
        argv = ["bash", "--norc", "-i"]
        environment["PS1"] = f"[{ns or 'host'}]# "
        # A person writes files: where that is possible.  In / it is not, for an ordinary user.
        home = environment.get("HOME", "")
        os.chdir(home if os.path.isdir(home) and os.access(home, os.W_OK) else "/run")
    if ns in WORLD:
        argv = ["nsenter", f"--net={WORLD_DIR}/{ns}", "--", *argv]
    elif ns and ns in spaces.named():
        argv = ["ip", "netns", "exec", ns, *argv]
    elif ns and ns != "host":
        pid = spaces.container(ns)
        if pid is None:
            there = ["host", *spaces.named(), *(name for _, name in spaces.containers().values())]
            raise NslabError(
                "enter",
                ns,
                "there is no namespace or container of that name in the lab",
                f"there are: {', '.join(there)}; and outside the host: {', '.join(WORLD)}",
            )
        argv = ["nsenter", "--net", "--mount", "--uts", "--pid", "--target", str(pid), "--", *argv]
    os.execve(find(argv[0]), argv, environment)


def _look(title: str) -> int:
    spaces = Spaces()
    found = survey.snapshot(spaces, title, Reader(subprocesses))
    message = msgspec.msgpack.encode(found)
    while message:
        message = message[os.write(1, message) :]
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
