"""A process that has read the modules of a learner's server once, and forks a server for each.

To read them takes two seconds of a processor and 100 MB, and all learners read the same.  Forked
servers share that memory until one of them writes to it, and are there in a few tenths of a second.

It runs as root, has one thread, opens no socket of its own, and takes requests from the hub alone,
one line of JSON each, on a descriptor that the hub has handed to it:
``{"id": …, "user": …, "argv": […], "env": {…}, "cgroups": […], "tmp": …}``.  It answers with the
number of the process, or with what was wrong.  When the hub is gone, however it ended, so is the
other end of that descriptor, and this process ends; there is no file that could be left behind.
"""

from __future__ import annotations

import ctypes
import gc
import importlib
import json
import os
import pwd
import signal
import socket
import sys
import traceback
import uuid
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import nslab
from nslab_hub import places
from nslab_hub.lessons import hand_out

MODULES = (
    "jupyter_server.serverapp",
    "jupyter_server.services.contents.largefilemanager",
    "jupyter_server.services.kernels.kernelmanager",
    "jupyter_server.services.kernels.connection.channels",
    "jupyter_server_terminals",
    "jupyterhub.singleuser.extension",
    "jupyterlab.labapp",
    "jupyterlab.extensions",
    "ipykernel.kernelspec",
    "nbformat.v4",
    "notebook_shim",
    "nslab_hub.learner.handlers",
    "nslab.cli.notebooks",
)
"""What a server reads before it answers; one that is not installed is left out."""

LOG = ".nslab-server.log"
"""In a learner's home: what the server says, from its last start on."""

KEPT = ("PATH", "PYTHONPATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR")
"""What is kept of the hub's environment.  The words that a process was started with stay in its
memory, and in that of all its forks, whatever it does to its environment later."""

LONGEST_PATH = 107
"""Bytes of a Unix socket's path, without its zero byte (sockaddr_un, unix(7))."""

PR_SET_NO_NEW_PRIVS = 38  # linux/prctl.h
ROOT = 0


def preload(modules: Sequence[str] = MODULES) -> list[str]:
    """Read modules; the names of those that are not there."""
    missing = []
    for name in modules:
        try:
            importlib.import_module(name)
        except ImportError:
            missing.append(name)
    return missing


def serve(hub: socket.socket) -> None:
    """Fork servers, until the hub is gone.

    :param hub: the other end is the hub's, and nobody else's
    """
    signal.signal(signal.SIGCHLD, _reap)
    gc.collect()
    # What is there now is never looked at by the collector again: looking would unshare it.
    gc.freeze()
    with hub, hub.makefile("r", encoding="utf-8") as lines, suppress(OSError):
        for line in lines:
            _answer(line, hub)


def _reap(*_: object) -> None:
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _answer(line: str, hub: socket.socket) -> None:
    asked: dict[str, Any] = {}
    try:
        asked = dict(json.loads(line))
        user = pwd.getpwnam(asked["user"])
        if user.pw_uid == ROOT:
            raise ValueError("root is no learner")
        pid = os.fork()
    except (OSError, ValueError, KeyError, TypeError) as error:
        _say(hub, {"id": asked.get("id"), "error": f"{type(error).__name__}: {error}"})
        return
    if pid:
        _say(hub, {"id": asked.get("id"), "pid": pid})
        return
    os.close(hub.detach())
    become(user, asked["argv"], asked["env"], asked.get("cgroups", ()), asked.get("tmp", 0))


def _say(hub: socket.socket, answer: Mapping[str, object]) -> None:
    hub.sendall(json.dumps(answer).encode() + b"\n")


def become(
    user: pwd.struct_passwd,
    argv: Sequence[str],
    env: Mapping[str, str],
    cgroups: Sequence[str],
    tmp: int,
) -> None:
    """Be this learner's server from now on; never returns.

    :param cgroups: the folders of the control groups that it is to be in
    :param tmp: how many bytes a /tmp of its own takes; 0 for the machine's
    """
    code = 1
    try:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.setsid()
        for group in cgroups:
            Path(group, "cgroup.procs").write_text(str(os.getpid()), encoding="ascii")
        if tmp:
            places.own(tmp, (user.pw_dir, sys.prefix, sys.base_prefix, __file__, nslab.__file__))
        os.initgroups(user.pw_name, user.pw_gid)
        os.setgid(user.pw_gid)
        os.setuid(user.pw_uid)
        if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0):
            raise OSError(ctypes.get_errno(), "prctl(PR_SET_NO_NEW_PRIVS)")
        os.umask(0o077)
        os.chdir(user.pw_dir)
        own_log()
        os.environ.clear()
        os.environ.update(env)
        sys.argv = [*argv, *kernels(), *at_home(user.pw_name)]
        hand_out()
        from jupyterhub.singleuser import main

        code = main() or 0
    except SystemExit as ending:
        code = ending.code if isinstance(ending.code, int) else 1
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def own_log() -> None:
    """Say what is to be said into a file of the learner's, not into the hub's log.

    A descriptor of the hub's would let a learner write there, and cut it off.  Where there is no
    room for a file, nothing is said.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        log = os.open(LOG, flags, 0o600)
    except OSError:
        log = os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC)
    for standard in (1, 2):
        os.dup2(log, standard)
    os.close(log)


def kernels() -> list[str]:
    """How a server talks to its kernels: by sockets in the learner's own folder.

    To a TCP port on the loopback every user of the machine can connect, and a kernel sends what it
    prints to whoever listens, unasked.
    """
    from jupyter_core.paths import jupyter_runtime_dir

    longest = os.path.join(jupyter_runtime_dir(), f"kernel-{uuid.uuid4()}-ipc-10")
    if len(longest) > LONGEST_PATH:
        print(f"the home's path is too long: kernels listen on TCP ports: {longest}")
        return []
    return ["--KernelManager.transport=ipc"]


def at_home(name: str) -> list[str]:
    """Work out anew what modules worked out from root's home while they were read.

    :param name: whose server this is from now on
    :returns: options for what is a default of a class by now
    """
    with suppress(ImportError):
        # JupyterLab's trash: its functions look the names up when they are called.
        importlib.reload(importlib.import_module("send2trash.plat_other"))
    try:
        from jupyterlab.commands import get_user_settings_dir, get_workspaces_dir
    except ImportError:
        return []
    return [
        f"--LabApp.user_settings_dir={get_user_settings_dir()}",
        f"--LabApp.workspaces_dir={get_workspaces_dir()}",
        f"--Session.username={name}",
    ]


def without_secrets(descriptor: str) -> None:
    """Begin again without the hub's environment, if there is more in it than may be known."""
    kept = {name: value for name, value in os.environ.items() if name in KEPT}
    if kept.keys() != os.environ.keys():
        argv = (sys.executable, "-P", "-m", "nslab_hub.preloaded", descriptor)
        os.execve(sys.executable, argv, kept)


if __name__ == "__main__":
    without_secrets(sys.argv[1])
    absent = preload()
    if absent:
        print(f"not there to be read beforehand: {', '.join(absent)}", file=sys.stderr)
    theirs = socket.socket(fileno=int(sys.argv[1]))
    theirs.set_inheritable(False)
    serve(theirs)
