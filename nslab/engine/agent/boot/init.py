"""PID 1 of the pseudo-host: starts programs and reaps whatever ends.

The first process of a pid namespace inherits every orphan and must wait for it.  So there is one
waiter for all children, here; nobody else in the agent may wait for a pid.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Mapping, Sequence

from nslab.engine.agent.boot import stand_ins
from nslab.engine.agent.netns.processes import LOOKING
from nslab.errors import ToolMissing
from nslab.network import programs

PATH = f"{stand_ins.DIRECTORY}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
"""An ordinary user's PATH lacks the sbin directories on Debian, where ip and brctl live."""

_FOLDERS = PATH.split(":")

_ALL_SIGNALS = signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}
"""Programs begin with every signal as it is by default, as at a terminal.

A notebook server that nohup started ignores SIGHUP, a shell's background job SIGINT; what is
ignored at the start stays so in whatever is started, and no shell can trap it.
"""


def find(program: str) -> str:
    """The path of a program.

    :raises ToolMissing: it is not installed
    """
    # As shutil.which does, which takes a twentieth of the time that a small program runs.
    for path in (program,) if "/" in program else [f"{folder}/{program}" for folder in _FOLDERS]:
        if os.access(path, os.X_OK) and not os.path.isdir(path):
            return path
    raise ToolMissing(
        "run", program, "there is no such program on this machine", programs.missing(program)
    )


class Init:
    """Starts and reaps.  ``serve`` is the main thread's whole life."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: dict[int, Callable[[int], None]] = {}
        self._environment = {
            "PATH": PATH,
            "HOME": os.environ.get("HOME", "/"),
            "USER": "root",
            "LOGNAME": "root",
            "SHELL": "/bin/bash",
            "LANG": "C.UTF-8",
            "TERM": "dumb",
        }

    def spawn(
        self,
        argv: Sequence[str],
        on_exit: Callable[[int], None],
        *,
        files: Mapping[int, int],
        environment: Mapping[str, str] = {},
    ) -> int:
        """Start a program in this thread's network namespace and in a session of its own.

        ``files`` maps the program's descriptors to ours.  ``on_exit`` gets the return code
        (negative for a signal), in the main thread.
        """
        path = find(argv[0])
        actions = [(os.POSIX_SPAWN_DUP2, ours, theirs) for theirs, ours in files.items()]
        # The lock makes the reaper wait until the pid is known here.
        with self._lock:
            pid = os.posix_spawn(
                path,
                list(argv),
                {**self._environment, **environment},
                file_actions=actions,
                setsid=True,
                setsigdef=_ALL_SIGNALS,
            )
            self._waiting[pid] = on_exit
        return pid

    def run(self, argv: Sequence[str], stdin: bytes = b"") -> tuple[int, str]:
        """Run a small program to its end: its return code and all that it printed."""
        code, text = self._ended(argv, stdin, with_errors=True)
        return code, text[:65536].decode(errors="replace").strip()

    def output(self, argv: Sequence[str]) -> tuple[int, str]:
        """The same for a look: only what it printed as its output, however much, as it is."""
        code, text = self._ended(argv, b"", with_errors=False, environment=LOOKING)
        return code, text.decode(errors="replace")

    def _ended(
        self,
        argv: Sequence[str],
        stdin: bytes,
        *,
        with_errors: bool,
        environment: Mapping[str, str] = {},
    ) -> tuple[int, bytes]:
        done = threading.Event()
        code = 0

        def on_exit(status: int) -> None:
            nonlocal code
            code = status
            done.set()

        given, output = memory_file(stdin), os.memfd_create("output", os.MFD_CLOEXEC)
        nowhere = os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC)
        try:
            files = {0: given, 1: output, 2: output if with_errors else nowhere}
            self.spawn(argv, on_exit, files=files, environment=environment)
            done.wait()
            return code, os.pread(output, os.fstat(output).st_size, 0)
        finally:
            os.close(given)
            os.close(output)
            os.close(nowhere)

    def serve(self) -> None:
        """Reap for ever.  Called in the main thread, before any child is started."""
        woken, waker = os.pipe()
        os.set_blocking(waker, False)
        signal.signal(signal.SIGCHLD, lambda *_: None)  # without a handler nothing wakes us
        signal.set_wakeup_fd(waker, warn_on_full_buffer=False)
        while True:
            self._reap()
            os.read(woken, 4096)

    def _reap(self) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            with self._lock:
                on_exit = self._waiting.pop(pid, None)
            if on_exit is not None:
                on_exit(os.waitstatus_to_exitcode(status))


def memory_file(content: bytes) -> int:
    """A descriptor from which a program reads these bytes; /dev/null if there are none."""
    if not content:
        return os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
    descriptor = os.memfd_create("stdin", os.MFD_CLOEXEC)
    os.write(descriptor, content)
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor
