"""The shell that lives from cell to cell: what lasts in it, what ends it, and what it costs."""

from __future__ import annotations

import signal
import threading
import time

import pytest
from waiting import until

from nslab import CommandTimeout, DeleteNamespace, Interrupted, Lab
from nslab.session.outcome import CommandResult


def typed(lab: Lab, text: str, ns: str | None = None, **options: float) -> CommandResult:
    return lab.sh(text, ns, echo=False, living=True, **options)


def said(lab: Lab, text: str, ns: str | None = None) -> str:
    return typed(lab, text, ns).stdout


@pytest.mark.parametrize(
    ("before", "then", "said_then"),
    [
        ("cd /usr/bin", "pwd", "/usr/bin\n"),
        ("x=5", "echo $x", "5\n"),
        ("declare -A m; m[a]=b", "echo ${m[a]}", "b\n"),
        ("export x=5", "sh -c 'echo $x'", "5\n"),
        ("f() { echo f $1; }", "f 2", "f 2\n"),
        ("alias ll='echo long'", "ll", "long\n"),
        ("shopt -s extglob", "shopt -q extglob && echo on", "on\n"),
        ("set -f", "echo /*", "/*\n"),
        ("umask 27", "umask", "0027\n"),
        ("(exit 7)", "echo $?", "7\n"),
        ("true; false", "echo $?", "1\n"),
        ("trap 'echo hup' HUP", "kill -HUP $$", "hup\n"),
        ("sleep 60 & kept=$!", '[ $kept = $! ] && jobs -r | wc -l; kill $!', "1\n"),
        ("set -u", "echo ${unset-none}", "none\n"),
        ("x='a\nb  c'", 'echo "$x"', "a\nb  c\n"),
        ("!:; echo 'hi!'", "echo $0", "bash\n"),
    ],
)  # fmt: skip
def test_it_lasts(lab: Lab, before: str, then: str, said_then: str) -> None:
    typed(lab, before)
    assert said(lab, then) == said_then


@pytest.mark.parametrize("ignored", [signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1])
@pytest.mark.parametrize("living", [True, False])
def test_a_signal_that_the_notebook_ignores_can_be_trapped(
    ignored: signal.Signals, living: bool
) -> None:
    """As where ``nohup jupyter lab &`` has started it: who ignores a signal hands that on."""
    before = signal.signal(ignored, signal.SIG_IGN)
    try:
        with Lab() as lab:
            lines = f"trap 'echo trapped' {ignored:d}; kill -{ignored:d} $$; :"
            assert lab.sh(lines, echo=False, living=living).stdout == "trapped\n"
    finally:
        signal.signal(ignored, before)


def test_each_namespace_has_its_own(lab: Lab) -> None:
    typed(lab, "ip netns add ns1; x=host; cd /usr")
    assert said(lab, "echo [$x] $PWD", "ns1") == "[] /\n"
    typed(lab, "x=ns1", "ns1")
    assert said(lab, "echo $x") == "host\n"
    assert said(lab, "echo $x; ip -o link | wc -l", "ns1") == "ns1\n1\n"


def test_a_call_from_a_program_has_its_own(lab: Lab) -> None:
    typed(lab, "x=5; cd /usr")
    assert lab.sh("echo [$x] $PWD", echo=False).stdout == "[] /\n"


def test_what_is_printed_is_what_the_commands_print(lab: Lab) -> None:
    ran = typed(lab, "echo out; echo err >&2; sleep 0 & wait; false; nosuch; (exit 3)")
    assert ran.stdout == "out\n"
    assert ran.stderr == "err\nbash: line 1: nosuch: command not found\n"
    assert [(one.code, one.line) for one in ran.failures] == [(1, 1), (127, 1), (3, 1)]
    assert ran.returncode == 3
    assert [one.line for one in typed(lab, "true\n\nfalse\ntrue").failures] == [3]


def test_no_look_shows_it(lab: Lab) -> None:
    before = lab.snapshot()
    typed(lab, "ip netns add ns1")
    typed(lab, "true", "ns1")
    assert {ns.label for ns in lab.snapshot()} == {ns.label for ns in before} | {"ns1"}
    assert lab.snapshot().namespace("ns1").processes == ()
    assert not typed(lab, "x=1").changes


@pytest.mark.parametrize("deleted", ["typed", "done"])
def test_it_does_not_keep_a_deleted_namespace(lab: Lab, deleted: str) -> None:
    typed(lab, "ip netns add ns1; ip link add a type veth peer name b netns ns1")
    typed(lab, "x=1", "ns1")
    if deleted == "typed":
        typed(lab, "ip netns del ns1")
    else:
        lab.do(DeleteNamespace("ns1"))
    until(lambda: "a" not in {link.name for link in lab.snapshot().host.links})
    typed(lab, "ip netns add ns1")
    assert said(lab, "echo [$x]; ip -o link | wc -l", "ns1") == "[]\n1\n"


def test_files_for_the_namespace_begin_a_new_one(lab: Lab) -> None:
    """As ``ip netns exec`` binds them when it begins, and only then."""
    typed(lab, "ip netns add ns1")
    typed(lab, "true", "ns1")
    typed(lab, "mkdir -p /etc/netns/ns1; echo nameserver 192.0.2.1 >/etc/netns/ns1/resolv.conf")
    assert said(lab, "cat /etc/resolv.conf", "ns1") == "nameserver 192.0.2.1\n"


@pytest.mark.parametrize("end", ["exit 4", "set -e; (exit 4); echo no", "exec sh -c 'exit 4'"])
def test_the_end_is_said_and_the_next_begins_a_new_one(lab: Lab, end: str) -> None:
    typed(lab, "x=5")
    ran = typed(lab, end)
    assert (ran.returncode, ran.stdout) == (4, "")
    assert "the shell has ended" in ran._heading()
    assert said(lab, "echo [$x]") == "[]\n"


ENDLESS = [
    "sleep 60",
    "while :; do :; done",
    "while :; do sleep 0.1; done",
    "f() { sleep 60; }; f",
    "sleep 60 | cat",
    "(sleep 60)",
    "y=$(sleep 60)",
    "cat <<<$(sleep 60)",
    "mkfifo /run/fifo; read line </run/fifo",
]


@pytest.mark.parametrize("endless", ENDLESS)
def test_stop_leaves_the_shell(lab: Lab, endless: str) -> None:
    typed(lab, "x=5; cd /usr; f2() { echo f2; }; shopt -s extglob; sleep 70 &")
    with pytest.raises(Interrupted):
        stopped(lab, f"echo begun; {endless}; echo not this")
    ran = typed(lab, "echo $? $x $PWD; f2; shopt -q extglob && pgrep -fx 'sleep 70' | wc -l")
    assert ran.stdout == "130 5 /usr\nf2\n1\n"


def stopped(lab: Lab, text: str) -> None:
    """Run it, and press stop when it has begun."""
    began = threading.Event()

    def watch() -> None:
        until(lambda: lab.run("pgrep", "-f", "nslab_next").returncode == 0)
        began.wait()
        lab.interrupt()

    presser = threading.Thread(target=watch)
    presser.start()
    threading.Timer(0.3, began.set).start()
    try:
        lab.sh(text, echo=False, living=True)
    finally:
        presser.join()


def test_the_limit_leaves_the_shell(lab: Lab) -> None:
    typed(lab, "x=5")
    with pytest.raises(CommandTimeout):
        typed(lab, "sleep 60; echo not this", timeout=0.3)
    assert said(lab, "echo $x") == "5\n"


def test_what_does_not_heed_is_ended_with_its_shell(lab: Lab) -> None:
    typed(lab, "x=5")
    with pytest.raises(CommandTimeout, match="begins a new one"):
        typed(lab, "trap '' INT TERM; while :; do sleep 0.05; done", timeout=0.3)
    assert said(lab, "echo [$x]") == "[]\n"


def test_what_runs_in_the_background_goes_on_and_is_heard_later(lab: Lab) -> None:
    typed(lab, "(while [ ! -e /run/go ]; do sleep 0.02; done; echo later; touch /run/gone) &")
    lab.run("touch", "/run/go")
    until(lambda: lab.run("test", "-e", "/run/gone").returncode == 0)
    assert said(lab, "echo now") == "later\nnow\n"


def test_a_flood_in_the_background_blocks_nothing(lab: Lab) -> None:
    typed(lab, "(yes | head -c 5000000; touch /run/done) &")
    until(lambda: lab.run("test", "-e", "/run/done").returncode == 0)
    assert said(lab, "echo now").endswith("y\nnow\n")


def test_long_lines_and_large_output(lab: Lab) -> None:
    text = "é" * 150_000
    assert said(lab, f"echo {text} | wc -m") == "150001\n"
    ran = typed(lab, "head -c 3000000 /dev/zero | tr '\\0' x")
    assert len(ran.stdout) + ran.dropped == 3_000_000


def test_undo_types_it_again_into_a_new_one(lab: Lab) -> None:
    typed(lab, "cd /usr; name=br7")
    typed(lab, "ip link add $name type bridge")
    typed(lab, "other=1")
    typed(lab, "ip link add br8 type bridge")
    lab.undo()
    assert {"br7"} == {link.name for link in lab.snapshot().host.links} - {"lo", "eth0"}
    assert said(lab, "echo $name $other $PWD") == "br7 1 /usr\n"
    assert "name=br7" in lab.script()
    lab.reset()
    assert said(lab, "echo [$name]") == "[]\n"


def test_undo_does_not_until_what_was_stopped(lab: Lab) -> None:
    with pytest.raises(CommandTimeout):
        typed(lab, "ip link add br7 type bridge; sleep 1000", timeout=0.5)
    typed(lab, "ip link add br8 type bridge")
    begin = time.monotonic()
    lab.undo()
    assert time.monotonic() - begin < 100, "it waited for the end of what had been stopped"
    assert "br7" in {link.name for link in lab.snapshot().host.links}
