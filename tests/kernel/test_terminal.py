"""Programs that want a terminal: without one in a cell, and with one by ``nslab enter``."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import time
from collections.abc import Iterator
from typing import Any

import pytest
from python_kernel import start_new_kernel
from waiting import until

from nslab import AddContainer, AddNamespace, EngineUnavailable, InvalidInput, Lab, NotFound, errors
from nslab.engine.agent.boot import stand_ins
from nslab.jupyter.interactive import complained, needed
from nslab.session import entering

LIMIT = 60


@pytest.fixture(scope="module")
def shared() -> Iterator[Lab]:
    with Lab("shared", start=[AddNamespace("ns1"), AddContainer("box")]) as made:
        yield made


NAMED = [
    *(f"{name} /etc/hosts" for name in ("vi", "vim", "view", "vimdiff", "nvim", "nano")),
    *("watch date", "script", "htop", "mc", "top", "TMUX_TMPDIR=/run tmux", "screen", "stty -a"),
]
"""What cannot do anything without a terminal."""

PLAIN = [
    *(
        "less /etc/hosts",
        "less",
        "more /etc/hosts",
        "man ip | head -3",
        "read x",
        "python3",
        "bash",
    ),
    *("sh", "ip netns exec ns1 bash", "unshare -n", "nsenter -t 1 -n", "cat", "cat > /run/empty"),
    *("telnet", "ssh 127.0.0.1", "clear", "reset", "tput cup 1 1", "passwd", "su -", "su", "ed"),
    *("ls --color=auto /", "grep --color=auto root /etc/passwd", "top -b -n 1 | head -3", "bc"),
    *("vim -es /etc/hosts", "vim --version | head -1", "dmesg | head -1", "gdb -q", "tty", "perl"),
]
"""What prints plainly, or ends because there is nothing to read."""


def typed(lab: Lab, line: str) -> Any:
    # In a loop, where nothing is noticed before.
    cell = f"for once in 1; do {line}\ndone"
    assert needed(cell) is None
    ran = lab.sh(cell, echo=False, living=True, timeout=LIMIT)
    assert "\x1b" not in ran.stdout + ran.stderr
    return ran


@pytest.mark.parametrize("line", NAMED)
def test_what_cannot_do_without_a_terminal_says_so(shared: Lab, line: str) -> None:
    ran = typed(shared, line)
    assert ran.returncode != 0
    assert ran.returncode == 127 or complained(ran.stderr), ran.stderr


@pytest.mark.parametrize("line", PLAIN)
def test_what_can_do_without_ends_and_prints_plainly(shared: Lab, line: str) -> None:
    typed(shared, line)


@pytest.mark.parametrize(("ns", "way"), [(None, "lab.terminal()"), ("ns1", 'lab.terminal("ns1")')])
def test_the_way_is_named(shared: Lab, ns: str | None, way: str) -> None:
    ran = shared.sh("if true; then watch date; fi", ns, echo=False, living=True)
    assert ran.stderr == f"watch: needs a terminal, which a cell has not: {way} opens one\n"


# -- with a terminal -------------------------------------------------------------------------------


class Screen:
    """A program in a terminal of its own, and what it has shown."""

    def __init__(self, argv: tuple[str, ...]) -> None:
        self.shown = ""
        self.code: int | None = None
        self._child, self._master = pty.fork()
        if self._child == 0:
            os.environ["TERM"] = "xterm-256color"
            os.execvp(argv[0], argv)

    def type(self, text: str) -> None:
        os.write(self._master, text.encode())

    def shows(self, text: str) -> bool:
        while select.select([self._master], [], [], 0)[0]:
            try:
                self.shown += os.read(self._master, 65536).decode(errors="replace")
            except OSError:
                break
        return text in self.shown

    def ended(self) -> int | None:
        self.shows("")
        if self.code is None:
            done, status = os.waitpid(self._child, os.WNOHANG)
            self.code = os.waitstatus_to_exitcode(status) if done else None
        return self.code


def entered(lab: Lab, space: str) -> Screen:
    screen = Screen((*entering.program(lab), space))
    until(lambda: screen.shows(f"[{space}]# "))
    return screen


@pytest.mark.parametrize("space", ["host", "ns1", "box", "lan"])
def test_a_terminal_is_one(shared: Lab, space: str) -> None:
    screen = entered(shared, space)
    screen.type("stty size </dev/tty >/dev/tty && test -t 0 && jobs && echo T$TERM\n")
    until(lambda: screen.shows("Txterm-256color"))
    # It says itself that it has the terminal: Ctrl-C just before would go to the shell alone.
    screen.type("sh -c 'echo begun; exec sleep 1000'\n")
    until(lambda: screen.shows("begun\r\n"))
    screen.type("\x03")
    until(lambda: screen.shows("^C"))
    screen.type("echo code $?\n")
    until(lambda: screen.shows("code 130"))
    screen.type("hostn\t; exit 7\n")
    until(lambda: screen.ended() is not None)
    assert screen.code == 7


@pytest.mark.parametrize(
    ("line", "sign", "leave"),
    [
        ("vim -u NONE /etc/hosts", "\x1b[?1049h", "\x1b:q!\r"),
        ("less /etc/services", "\x1b[?1049h", "q\r"),
        ("top", "load average", "q\r"),
        ("watch -t date", "\x1b[?1049h", "\x03"),
        ("python3 -q", ">>> ", "exit()\r"),
    ],
)
def test_they_work_there(shared: Lab, line: str, sign: str, leave: str) -> None:
    screen = entered(shared, "host")
    screen.shown = ""
    screen.type(f"{line}\n")
    until(lambda: screen.shows(sign))

    def left() -> bool:
        # Many of them throw away what was typed while they began.
        screen.type(leave)
        screen.type("echo back $((40+2))\n")
        return screen.shows("back 42")

    until(left)
    screen.type("\nexit\n")
    until(lambda: screen.ended() is not None)


def test_it_ends_with_the_lab() -> None:
    with Lab() as lab:
        screen = entered(lab, "host")
        lab.close()
        until(lambda: screen.ended() is not None)


def inside(lab: Lab) -> str:
    words = [*entering.program(lab), "host", "--", "ip", "netns", "list"]
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout.strip()


def test_it_is_in_this_very_lab_whatever_others_are_called() -> None:
    start = ([AddNamespace("first")], [AddNamespace("second")])
    with Lab("twice", start=start[0]) as one, Lab("twice", start=start[1]) as two:
        assert (inside(one), inside(two)) == ("first", "second")
        before = entering.program(one)
        one.reset()
        assert entering.program(one) != before
        assert inside(one) == "first"


@pytest.mark.parametrize(
    ("ns", "space"),
    [(None, "host"), ("host", "host"), ("ns1", "ns1"), ("box", "box"), ("lan", "lan")],
)
def test_places(shared: Lab, ns: str | None, space: str) -> None:
    assert entering.space(shared.snapshot(), ns) == space


def test_places_that_there_are_not(shared: Lab) -> None:
    with pytest.raises(NotFound, match="nowhere"):
        shared.terminal("nowhere")
    with pytest.raises(InvalidInput):
        shared.terminal("a b")
    with Lab(engine="fake") as fake, pytest.raises(EngineUnavailable, match="in memory"):
        fake.terminal()
    with Lab() as lab:
        lab.sh("unshare --net sleep 1000 &", echo=False)
        until(lambda: any(one.role == "process" for one in lab.snapshot()))
        (label,) = [one.label for one in lab.snapshot() if one.role == "process"]
        with pytest.raises((InvalidInput, NotFound)):
            entering.space(lab.snapshot(), label)


def test_outside_a_notebook_it_says_what_to_type(shared: Lab, capsys: Any) -> None:
    shared.terminal("ns1")
    said = capsys.readouterr().out
    line = errors.typed(f"nslab enter --lab {shared.name} ns1")
    assert said == f"in a terminal of this machine: {line}\n"


# -- in a kernel -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def kernel() -> Iterator[Any]:
    manager, client = start_new_kernel(startup_timeout=LIMIT, kernel_name="nslab")
    try:
        client.execute_interactive(
            "import nslab; lab = nslab.Lab('kernel', start=[nslab.AddNamespace('ns1')])"
        )
        yield client
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def outputs(client: Any, cell: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []

    def hear(message: dict[str, Any]) -> None:
        if message["msg_type"] in ("display_data", "execute_result", "stream", "error"):
            found.append(message["content"])

    client.execute_interactive(cell, timeout=LIMIT, output_hook=hear)
    return found


def test_what_lab_terminal_shows_is_the_same_at_each_run(kernel: Any) -> None:
    first, second = (outputs(kernel, "lab.terminal('ns1')") for _ in range(2))
    assert len(first) == 1
    line = f"in a terminal of this machine: {errors.typed('nslab enter --lab kernel ns1')}"
    for shown in (first[0]["data"], second[0]["data"]):
        assert shown["text/plain"] == line
        assert shown["text/html"].replace("<code>", "").replace("</code>", "") == f"<p>{line}</p>"


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ("%%ns ns1\nip link\nvim /etc/hosts", 'lab.terminal("ns1")'),
        ("%%host\ntop", "top -b -n 1"),
        ("lab.terminal('nowhere')", "there are: host"),
    ],
)
def test_a_cell_is_answered_before_it_runs(kernel: Any, cell: str, said: str) -> None:
    (error,) = outputs(kernel, cell)
    text = "\n".join(error["traceback"])
    assert said in text
    assert "Traceback" not in text


def test_a_complaint_in_a_cell_names_the_way(kernel: Any) -> None:
    said = "".join(one.get("text", "") for one in outputs(kernel, "%%ns ns1\nif :; then top; fi"))
    assert 'nslab: it misses a terminal: lab.terminal("ns1") opens one' in said


def reply(client: Any, ident: str) -> Any:
    while True:
        message = client.get_shell_msg(timeout=LIMIT)
        if message["parent_header"]["msg_id"] == ident:
            return message["content"]


def test_completion_and_help_come_from_the_kernel(kernel: Any) -> None:
    cell = "%%host\nip link set "
    until(
        lambda: reply(kernel, kernel.complete(cell, len(cell)))["matches"] == ["lo", "eth0", "dev"]
    )
    printed = reply(kernel, kernel.inspect(cell, len(cell) - 2))
    assert printed["found"]
    assert printed["data"]["text/plain"].startswith("ip link set: changes a link")
    assert not reply(kernel, kernel.inspect("%%host\nnosuchprogram", 10))["found"]
    assert reply(kernel, kernel.inspect("lab.sh", 6))["found"], "Python's own stays"


def test_paths_are_the_labs_and_begin_where_the_shell_is(kernel: Any) -> None:
    outputs(kernel, "%%host\nmkdir -p '/run/a place/below' && cd /run && touch a.txt .hidden")

    def offered(cell: str) -> list[str]:
        found: list[str] = reply(kernel, kernel.complete(cell, len(cell)))["matches"]
        return found

    until(lambda: offered("%%host\ncat a") == ["a\\ place/", "a.txt"])
    until(lambda: offered("%%host\ncat .hid") == [".hidden"])
    until(
        lambda: offered("%%host\ncat /etc/netn") == [] and offered("%%host\ncat /etc/resol") != []
    )
    outputs(kernel, "%%host\nmkdir -p /etc/netns/ns1 && touch /etc/netns/ns1/only")
    until(lambda: offered("%%host\ncat < /etc/netns/ns1/o") == ["/etc/netns/ns1/only"])


def test_completion_is_quick_beside_a_busy_lab(kernel: Any) -> None:
    cell = "%%host\nip link set "
    took = []
    for _ in range(5):
        began = time.monotonic()
        reply(kernel, kernel.complete(cell, len(cell)))
        took.append(time.monotonic() - began)
    assert min(took) < 1.0


def test_each_screen_program_goes_on_as_itself_where_there_is_a_terminal() -> None:
    for name in stand_ins.SCREENS:
        if name in stand_ins.scripts():
            assert f'exec {name} "$@"' in stand_ins.scripts()[name]
