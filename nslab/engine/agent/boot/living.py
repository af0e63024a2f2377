"""A shell that lives from cell to cell: what is typed finds what was typed before.

It is a bash without a terminal: no prompt, no history, no "[1] 4711" after an ``&``, so that what a
cell prints is what its commands print.  :data:`DRIVER` has it take one cell after the other:

* the text comes as a file, a line in a pipe says that there is more of it, and the exit code goes
  back by another pipe.  What the programs of a cell printed is in their pipes by then.
* A terminal's Ctrl-C abandons what was typed and keeps the shell.  A shell without a terminal has
  no way to do so from within a function or a loop; so it writes down its variables, functions,
  options and directory, and becomes a fresh bash, in the same process, that reads them.  What runs
  in its background goes on; only ``jobs`` and ``wait`` no longer know it.
* Jobs in the background ignore SIGINT, as POSIX wants it of such a shell.  What they print between
  two cells is kept and shown with the next one.
"""

from __future__ import annotations

import os
import select
import shlex
import signal
import threading
import time
from collections.abc import Callable, Mapping, Sequence

from msgspec import Struct, field

from nslab.engine.agent.boot.init import memory_file
from nslab.engine.agent.netns.processes import LIVING
from nslab.engine.protocol import OUTPUT_LIMIT, REPORT_FD, Completed, Stream

DRIVER_FD, TEXT_FD, MORE_FD, STATE_FD, CODES_FD = 192, 193, 194, 195, 196
"""Of the shell: what drives it, the cells' text, a line for each cell, what a fresh bash is to
know, exit codes."""

BACKLOG = 1 << 16
"""Bytes that are kept of what a stream brings between two cells."""

GRACE = 0.5
"""Seconds between asking a cell to end and insisting."""

_ON_INTERRUPT = (
    "trap : INT; { declare -p; declare -f; shopt -p; alias -p; trap -p; "
    'printf "cd %q\n" "$PWD"; set +o; } '
    f">/proc/self/fd/{STATE_FD} 2>/dev/null; "
    f"export NSLAB_STOPPED=1 BASH_ENV=/proc/self/fd/{DRIVER_FD}; "
    'exec -a bash "$BASH" --noprofile --norc -c "$BASH_EXECUTION_STRING" bash'
)
_ON_ERROR = (
    "NSLAB_ERROR=$?; case $BASH_COMMAND in nslab_*|*\\$NSLAB_CODE*|*\\$NSLAB_CELL*) ;; "
    f'*) printf "%s %s %s\\0" "$NSLAB_ERROR" "$LINENO" "$BASH_COMMAND" >&{REPORT_FD};; esac'
)
DRIVER = f"""unset BASH_ENV
. /proc/self/fd/{STATE_FD} 2>/dev/null
shopt -s expand_aliases
NSLAB_CODE=0
trap {shlex.quote(_ON_INTERRUPT)} INT
trap {shlex.quote(_ON_ERROR)} ERR
nslab_next() {{
    {{ read -r -u {MORE_FD} _ && IFS= read -r -d '' -u {TEXT_FD} NSLAB_CELL; }} 2>/dev/null
}}
nslab_code() {{ {{ case $- in *e*) ;; *) return "$NSLAB_CODE";; esac; }} 2>/dev/null; }}
nslab_done() {{ {{ NSLAB_CODE=$?; printf '%s\\0' "$NSLAB_CODE" >&{CODES_FD}; }} 2>/dev/null; }}
if [ -n "${{NSLAB_STOPPED-}}" ]; then unset NSLAB_STOPPED; (exit 130); nslab_done; fi
"""
"""What bash reads before it begins (BASH_ENV).  The loop, where a cell begins with line 1, is
in :data:`nslab.engine.agent.netns.processes.LIVING`."""

Spawn = Callable[[Sequence[str], Callable[[int], None], Mapping[int, int], Mapping[str, str]], int]
"""Starts a program where the shell is to live: its words, what to do when it has ended, its files
and environment; returns its session."""

Emit = Callable[[Stream, bytes], None]


class _Cell(Struct):
    emit: Emit
    deadline: float | None
    stage: int = 0
    """How often it was asked to end."""
    passed: dict[Stream, int] = field(default_factory=dict)
    dropped: int = 0
    timed_out: bool = False
    done: threading.Event = field(default_factory=threading.Event)
    completed: Completed | None = None

    def take(self, stream: Stream, piece: bytes) -> None:
        passed = self.passed.get(stream, 0)
        room = max(0, OUTPUT_LIMIT - passed)
        self.passed[stream] = passed + len(piece)
        self.dropped += max(0, len(piece) - room)
        if room:
            self.emit(stream, piece[:room])


class Living:
    """One such shell, and the thread that listens to it.

    :param spawn: see :data:`Spawn`
    :raises OSError: it could not be started
    """

    def __init__(self, spawn: Spawn) -> None:
        self._lock = threading.Lock()
        self._cell: _Cell | None = None
        self._backlog: dict[Stream, bytearray] = {}
        self.ended = False
        text, state = (os.memfd_create(name, os.MFD_CLOEXEC) for name in ("cells", "state"))
        self._text = text
        reading = os.open(f"/proc/self/fd/{text}", os.O_RDONLY | os.O_CLOEXEC)
        more, self._more = os.pipe2(os.O_CLOEXEC)
        nothing = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
        pipes = {number: os.pipe2(os.O_CLOEXEC) for number in (1, 2, REPORT_FD, CODES_FD)}
        self._over, over = os.pipe2(os.O_CLOEXEC)
        self._woken, self._waker = os.pipe2(os.O_CLOEXEC)
        self._exit_code = 0
        self._gone = threading.Event()

        def on_exit(code: int) -> None:
            self._exit_code = code
            os.close(over)

        driver = memory_file(DRIVER.encode())
        files = {0: nothing, DRIVER_FD: driver, TEXT_FD: reading, MORE_FD: more, STATE_FD: state}
        files |= {number: writing for number, (_, writing) in pipes.items()}
        self._streams: dict[int, Stream] = {
            pipes[1][0]: "stdout",
            pipes[2][0]: "stderr",
            pipes[REPORT_FD][0]: "report",
        }
        self._codes = pipes[CODES_FD][0]
        try:
            environment = {"BASH_ENV": f"/proc/self/fd/{DRIVER_FD}"}
            self.session = spawn(LIVING, on_exit, files, environment)
        except BaseException:
            for one in (*self._streams, self._codes, self._over, over, self._woken, self._waker):
                os.close(one)
            os.close(self._text)
            os.close(self._more)
            raise
        finally:
            for one in files.values():
                os.close(one)
        threading.Thread(target=self._listen, name="shell", daemon=True).start()

    def type(self, text: str, emit: Emit, timeout: float | None) -> Completed | None:
        """Type a cell, and wait until it is done.

        :param timeout: seconds until it is interrupted, and then ended; None for no limit
        :returns: None if the shell had ended before
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        cell = _Cell(emit, deadline)
        with self._lock:
            if self.ended or self._more < 0:
                return None
            os.write(self._text, text.encode() + b"\0")
            self._cell = cell
            os.write(self._waker, b"!")
        cell.done.wait()
        return cell.completed

    def end(self) -> None:
        """End the shell, and wait until it has; what it started in the background goes on."""
        with self._lock:
            if not self.ended and self._cell is None:
                os.close(self._more)  # the end of its input
                self._more = -1
        self._gone.wait(GRACE)

    # -- the thread that listens -----------------------------------------------------------------

    def _listen(self) -> None:
        poll = select.poll()
        for one in (*self._streams, self._codes, self._over, self._woken):
            poll.register(one, select.POLLIN)
        code: int | None = None
        while True:
            ready = {number for number, _ in poll.poll(self._patience())}
            if self._woken in ready:
                os.read(self._woken, 4096)
                self._begin()
            for number in [number for number in self._streams if number in ready]:
                self._read(number, poll)
            if self._codes in ready:
                said = os.read(self._codes, 4096)
                if said:
                    code = int(said.rstrip(b"\0").rpartition(b"\0")[2])
                else:
                    poll.unregister(self._codes)
            ended = self._over in ready
            if code is not None or ended:
                # What its programs printed is there already.
                while still := {n for n, _ in poll.poll(0)} & self._streams.keys():
                    for number in still:
                        self._read(number, poll)
                self._finish(self._exit_code if code is None else code, ended)
                code = None
            if ended:
                break
            self._insist()
        self._close()

    def _patience(self) -> float | None:
        """Milliseconds until the cell is to be asked to end."""
        cell = self._cell
        if cell is None or cell.deadline is None:
            return None
        return max(0.0, cell.deadline - time.monotonic()) * 1000 + 1

    def _begin(self) -> None:
        cell = self._cell
        if cell is None:
            return
        for stream, kept in self._backlog.items():
            cell.take(stream, bytes(kept))
        self._backlog.clear()
        os.write(self._more, b"\n")

    def _read(self, number: int, poll: select.poll) -> None:
        piece = os.read(number, 65536)
        if not piece:
            poll.unregister(number)
            os.close(number)
            del self._streams[number]
            return
        stream, cell = self._streams[number], self._cell
        if cell is not None:
            cell.take(stream, piece)
        elif stream != "report":
            kept = self._backlog.setdefault(stream, bytearray())
            kept += piece
            del kept[:-BACKLOG]

    def _finish(self, code: int, ended: bool) -> None:
        with self._lock:
            self.ended = ended
            cell, self._cell = self._cell, None
        if ended:
            self._gone.set()
        if cell is not None:
            cell.completed = Completed(
                returncode=code, timed_out=cell.timed_out, dropped=cell.dropped, ended=ended
            )
            cell.done.set()

    def _insist(self) -> None:
        """Ask a cell to end whose time is over: first as Ctrl-C does, which leaves the shell."""
        cell = self._cell
        if cell is None or cell.deadline is None or time.monotonic() < cell.deadline:
            return
        cell.timed_out = True
        number = (signal.SIGINT, signal.SIGTERM, signal.SIGKILL)[min(cell.stage, 2)]
        cell.stage += 1
        cell.deadline = time.monotonic() + GRACE
        if number == signal.SIGINT:
            signal_group(self.session, number)
        else:
            signal_session(self.session, number)

    def _close(self) -> None:
        """The shell has ended; what it left in the background may go on writing."""
        for one in (self._codes, self._over, self._woken, self._waker, self._more, self._text):
            if one >= 0:
                os.close(one)
        drain(tuple(self._streams))


def drain(descriptors: Sequence[int]) -> None:
    """Read on what a command left in the background, until its end, so that no full pipe stops it.

    :param descriptors: of the pipes; each is closed when it has ended
    """
    waiting = select.poll()
    for descriptor in descriptors:
        waiting.register(descriptor, select.POLLIN)
    left = set(descriptors)
    while left:
        for descriptor, _ in waiting.poll():
            if not os.read(descriptor, 65536):
                waiting.unregister(descriptor)
                os.close(descriptor)
                left.discard(descriptor)


def signal_group(group: int, number: int) -> None:
    """Send a signal to a process group; silent if it is gone."""
    try:
        os.killpg(group, number)
    except ProcessLookupError:
        pass


def signal_session(session: int, number: int) -> None:
    """Send a signal to every process of a session, whatever its process group."""
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                if os.getsid(int(entry)) == session:
                    os.kill(int(entry), number)
            except (ProcessLookupError, PermissionError):
                continue
