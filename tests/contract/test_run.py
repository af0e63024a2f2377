"""Running commands: output, exit codes, time limits, the stop button."""

from __future__ import annotations

import signal
import sys
import threading
import traceback
from collections.abc import Callable

import pytest
from waiting import LIMIT, until

from nslab.engine.protocol import OUTPUT_LIMIT, Command, Completed, Engine, Stream
from nslab.errors import Interrupted, LabClosed, LabGone, NotFound, ToolMissing
from nslab.network.actions import AddContainer, AddNamespace


class Output:
    """A sink that keeps what it gets."""

    def __init__(self) -> None:
        self.pieces: list[tuple[Stream, bytes]] = []
        self.threads: set[int] = set()

    def __call__(self, stream: Stream, data: bytes) -> None:
        self.pieces.append((stream, data))
        self.threads.add(threading.get_ident())

    def text(self, stream: Stream = "stdout") -> bytes:
        return b"".join(data for name, data in self.pieces if name == stream)


def test_exit_codes(engine: Engine) -> None:
    assert engine.run(Command(argv=("true",))) == Completed(returncode=0)
    assert engine.run(Command(argv=("false",))).returncode == 1
    assert engine.run(Command(argv=("sh", "-c", "exit 7"))).returncode == 7


def test_output_and_input(engine: Engine) -> None:
    output = Output()
    engine.run(Command(argv=("echo", "a", "b; c")), output)
    assert output.text() == b"a b; c\n"
    assert output.threads == {threading.get_ident()}
    output = Output()
    engine.run(Command(argv=("cat",), stdin=b"one\ntwo \xff\n"), output)
    assert output.text() == b"one\ntwo \xff\n"


def test_without_a_sink_output_is_dropped(engine: Engine) -> None:
    assert engine.run(Command(argv=("echo", "a"))).returncode == 0


def test_too_much_output_is_counted(engine: Engine) -> None:
    output = Output()
    result = engine.run(Command(argv=("cat",), stdin=b"x" * (OUTPUT_LIMIT + 10)), output)
    assert (result.returncode, result.dropped) == (0, 10)
    assert len(output.text()) == OUTPUT_LIMIT


@pytest.mark.parametrize("view", ["net", "full"])
@pytest.mark.parametrize("ns", [None, "ns1", "c1", "router"])
def test_where(engine: Engine, ns: str | None, view: str) -> None:
    engine.apply([AddNamespace("ns1"), AddContainer("c1")])
    command = Command(argv=("sh", "-c", "exit 3"), ns=ns, view=view)  # type: ignore[arg-type]
    assert engine.run(command).returncode == 3


def test_nowhere(engine: Engine) -> None:
    with pytest.raises(NotFound, match="no namespace no") as caught:
        engine.run(Command(argv=("true",), ns="no"))
    assert caught.value.hint


@pytest.mark.parametrize("view", ["net", "full"])
@pytest.mark.parametrize("ns", [None, "ns1", "c1"])
def test_no_such_program(engine: Engine, ns: str | None, view: str) -> None:
    engine.apply([AddNamespace("ns1"), AddContainer("c1")])
    command = Command(argv=("no-such-program",), ns=ns, view=view)  # type: ignore[arg-type]
    with pytest.raises(ToolMissing, match="no-such-program") as caught:
        engine.run(command)
    assert caught.value.hint


def test_a_time_limit(engine: Engine) -> None:
    result = engine.run(Command(argv=("sleep", "3600"), timeout=0.2))
    assert result.timed_out
    assert result.returncode == -15
    assert not engine.run(Command(argv=("sleep", "0.01"), timeout=60)).timed_out


def test_the_stop_button(engine: Engine) -> None:
    main = threading.get_ident()

    def press() -> None:
        until(lambda: waits_in_run(main))
        signal.pthread_kill(main, signal.SIGINT)

    thread = threading.Thread(target=press)
    thread.start()
    try:
        with pytest.raises(Interrupted) as caught:
            engine.run(Command(argv=("sleep", "3600")))
    finally:
        thread.join()
    assert isinstance(caught.value, KeyboardInterrupt)
    assert engine.run(Command(argv=("true",))).returncode == 0


def waits_in_run(ident: int) -> bool:
    """Whether a thread has come to where it waits for the end of its command."""
    frame = sys._current_frames().get(ident)
    names = {one.name for one in traceback.extract_stack(frame)} if frame else set()
    return "_follow" in names or {"_sleep", "wait"} <= names


class Sleeper(threading.Thread):
    """Runs a command that does not end by itself."""

    def __init__(self, engine: Engine) -> None:
        super().__init__()
        self.said = ""
        self._engine = engine
        self.start()
        until(lambda: waits_in_run(self.ident or 0))

    def run(self) -> None:
        try:
            self._engine.run(Command(argv=("sleep", "3600")))
        except (Interrupted, LabClosed, LabGone) as error:
            self.said = f"{type(error).__name__}: {error}"

    def stop(self) -> None:
        """As its own stop button does."""
        self._engine.interrupt(self.ident or 0)
        self.join(timeout=LIMIT)
        assert not self.is_alive()


def test_another_thread_interrupts(engine: Engine) -> None:
    """Only the commands of the thread that is named end, as by its own stop button."""
    one, other = Sleeper(engine), Sleeper(engine)
    one.stop()
    assert "you stopped it" in one.said
    engine.interrupt(threading.get_ident())  # it runs nothing
    assert engine.run(Command(argv=("true",))).returncode == 0
    assert other.is_alive()
    other.stop()


def test_commands_run_side_by_side(engine: Engine) -> None:
    """None waits for another: those that began last can end first, and a look comes between."""
    running = [Sleeper(engine) for _ in range(4)]
    engine.snapshot()
    assert engine.run(Command(argv=("true",))).returncode == 0
    while running:
        assert all(one.is_alive() for one in running)
        running.pop().stop()


def test_closing_ends_what_runs(make: Callable[..., Engine]) -> None:
    engine = make()
    thread = Sleeper(engine)
    engine.close()
    thread.join(timeout=LIMIT)
    assert thread.said.startswith("LabClosed: ")
    with pytest.raises(LabClosed):
        engine.run(Command(argv=("true",)))
