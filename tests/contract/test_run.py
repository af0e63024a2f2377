"""Running commands: output, exit codes, time limits, the stop button."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable

import pytest

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
    begin = time.monotonic()
    result = engine.run(Command(argv=("sleep", "60"), timeout=0.2))
    assert result.timed_out
    assert result.returncode == -15
    assert time.monotonic() - begin < 5
    assert not engine.run(Command(argv=("sleep", "0.01"), timeout=20)).timed_out


def test_the_stop_button(engine: Engine) -> None:
    main = threading.get_ident()
    timer = threading.Timer(0.3, signal.pthread_kill, (main, signal.SIGINT))
    timer.start()
    begin = time.monotonic()
    try:
        with pytest.raises(Interrupted) as caught:
            engine.run(Command(argv=("sleep", "60")))
    finally:
        timer.cancel()
    assert isinstance(caught.value, KeyboardInterrupt)
    assert time.monotonic() - begin < 5
    assert engine.run(Command(argv=("true",))).returncode == 0


def test_another_thread_interrupts(engine: Engine) -> None:
    """Only the commands of the thread that is named end, as by its own stop button."""
    ended: dict[str, object] = {}

    def run(name: str, seconds: str) -> None:
        try:
            ended[name] = engine.run(Command(argv=("sleep", seconds))).returncode
        except Interrupted as error:
            ended[name] = str(error)

    one = threading.Thread(target=run, args=("one", "60"))
    other = threading.Thread(target=run, args=("other", "3"))
    begin = time.monotonic()
    for thread in (one, other):
        thread.start()
    while one.is_alive():
        assert time.monotonic() - begin < 30
        engine.interrupt(one.ident or 0)
        one.join(timeout=0.05)
    other.join(timeout=30)
    assert "it was stopped by you" in str(ended["one"])
    assert ended["other"] == 0
    engine.interrupt(threading.get_ident())  # it runs nothing
    assert engine.run(Command(argv=("true",))).returncode == 0


def test_commands_run_side_by_side(engine: Engine) -> None:
    codes: list[int] = []

    def run() -> None:
        codes.append(engine.run(Command(argv=("sleep", "0.3"))).returncode)

    threads = [threading.Thread(target=run) for _ in range(4)]
    begin = time.monotonic()
    for thread in threads:
        thread.start()
    engine.snapshot()  # and a look comes between
    for thread in threads:
        thread.join()
    assert codes == [0] * 4
    assert time.monotonic() - begin < 1.1


def test_closing_ends_what_runs(make: Callable[..., Engine]) -> None:
    engine = make()
    caught: list[BaseException] = []

    def run() -> None:
        try:
            engine.run(Command(argv=("sleep", "60")))
        except (LabClosed, LabGone) as error:
            caught.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    time.sleep(0.2)
    engine.close()
    thread.join(timeout=5)
    assert [type(error) for error in caught] == [LabClosed]
    with pytest.raises(LabClosed):
        engine.run(Command(argv=("true",)))
