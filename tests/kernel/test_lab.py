"""What a learner does: lines in a shell, actions, a look, back again, a script."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from breakage import answers
from machine import ARTICLE, assert_as_before, fingerprint, forwards, wait_for

from nslab import (
    AddAddress,
    AddBridge,
    AddContainer,
    AddNamespace,
    AddRoute,
    AddVeth,
    AlreadyExists,
    Attach,
    CommandTimeout,
    EngineUnavailable,
    InvalidInput,
    Lab,
    Masquerade,
    NotFound,
    NslabError,
    ResolvConf,
    SetUp,
    Sysctl,
    ToolMissing,
)
from nslab.engine import labs, local
from nslab.engine.protocol import Command
from nslab.network.model import Snapshot
from nslab.session.repeating import differences

ARTICLE_ACTIONS = (
    AddBridge("lxcbr0", stp=False),
    AddAddress("lxcbr0", "192.168.10.1/24"),
    SetUp("lxcbr0"),
    AddNamespace("ns1"),
    SetUp("lo", ns="ns1"),
    AddVeth("lxcbr0.1", "eth0", peer_ns="ns1"),
    AddAddress("eth0", "192.168.10.11/24", ns="ns1"),
    SetUp("eth0", ns="ns1"),
    Attach("lxcbr0.1", "lxcbr0"),
    AddRoute("default", via="192.168.10.1", ns="ns1"),
    ResolvConf("8.8.8.8", ns="ns1"),
)
REPAIR = (
    SetUp("lxcbr0.1"),
    Sysctl("net.ipv4.ip_forward", "1"),
    Masquerade("192.168.10.0/24", "eth0"),
)


def test_the_articles_lines_and_the_actions_make_the_same(lab: Lab) -> None:
    for line in ARTICLE:
        ran = lab.sh(line)
        assert (ran.returncode, ran.stderr) == (0, ""), line
    with Lab() as other:
        other.do(*ARTICLE_ACTIONS)
        assert differences(lab.snapshot(), other.snapshot()) == []


def test_the_article_leaves_the_container_cut_off_and_three_steps_mend_it(lab: Lab) -> None:
    lab.do(*ARTICLE_ACTIONS)
    assert lab.sh("ping -c1 -W1 192.168.10.1", "ns1").returncode == 1
    lab.do(REPAIR[0])
    # Not one ping that waits a second: the first has left its neighbour half asked for, and the
    # kernel asks for it again a second after that, when the other has just given up.
    assert answers(lab, ("ns1", "192.168.10.1"))
    assert lab.sh("ping -c1 -W1 203.0.113.80", "ns1").returncode == 1
    lab.do(REPAIR[1])
    assert lab.sh("ping -c1 -W1 203.0.113.80", "ns1").returncode == 1
    lab.do(REPAIR[2])
    assert answers(lab, ("ns1", "203.0.113.80"))
    page = lab.sh("curl -s http://www.example.org/", "ns1")
    assert page.stdout == "Hello from www.example.org. Your packets came from 198.51.100.10.\n"


def test_the_world_is_as_documented(lab: Lab) -> None:
    found = lab.snapshot()
    assert [ns.label for ns in found] == ["host", "switch", "lan", "router", "internet"]
    eth0 = found.link("eth0")
    assert [a.address for a in eth0.addresses] == ["198.51.100.10/24"]
    assert (eth0.mac, eth0.up, eth0.carrier) == ("00:0c:29:b7:67:7d", True, True)
    assert found.host.sysctls["net.ipv4.ip_forward"] == "0"
    assert found.host.sysctls["net.ipv4.conf.all.rp_filter"] == "0"
    assert found.host.sysctls.get("net.ipv6.conf.all.disable_ipv6", "1") == "1"
    assert found.host.sysctls.get("net.bridge.bridge-nf-call-iptables", "0") == "0"
    for place in ("198.51.100.20", "198.51.100.1", "203.0.113.80", "8.8.8.8"):
        assert answers(lab, ("host", place)), place
    assert "has address 203.0.113.80" in lab.sh("host www.example.org").stdout
    assert "not found" in lab.sh("host nowhere.example.com").stdout
    private = [
        r
        for ns in found
        if ns.role == "world"
        for r in ns.routes
        if r.destination.startswith(("192.168.", "10.", "172.", "default"))
    ]
    assert [route.via for route in private] == ["198.51.100.1"]  # the LAN machine's own default


def test_the_settings_do_not_depend_on_the_machine(lab: Lab) -> None:
    lab.sh("ip netns add ns1; unshare -n true")
    wanted = {"net.ipv4.ip_forward": "0", "net.ipv4.conf.default.rp_filter": "0"}
    sysctls = lab.snapshot().namespace("ns1").sysctls
    assert {key: sysctls[key] for key in wanted} == wanted
    assert sysctls.get("net.ipv6.conf.all.disable_ipv6", "1") == "1"


def test_what_the_next_command_sets_in_a_new_namespace_stays(lab: Lab) -> None:
    """The agent switches IPv6 off in each, and not after the learner has switched it on."""
    key = "net.ipv6.conf.all.disable_ipv6"
    names = [f"n{number}" for number in range(60)]
    done = threading.Event()

    def look() -> None:  # as a live picture does, which keeps the agent busy
        while not done.is_set():
            lab.snapshot()

    with ThreadPoolExecutor(1) as pool:
        looking = pool.submit(look)
        try:
            for name in names:
                lab.run("ip", "netns", "add", name)
                lab.run("ip", "netns", "exec", name, "sysctl", "-qw", f"{key}=0")
        finally:
            done.set()
        looking.result()
    sysctls = [lab.snapshot().namespace(name).sysctls for name in names]
    assert {found.get(key, "0") for found in sysctls} == {"0"}


def test_no_look_shows_another_or_what_only_begins() -> None:
    """A look from outside walks through the namespaces, and has tools list their rules."""

    def looks() -> None:
        for _ in range(6):
            seen.update(commands(labs.look(found)))

    def begin() -> None:
        while not looking.done():
            lab.run("true")

    def commands(snapshot: Snapshot) -> set[str]:
        return {p.command for one in snapshot.namespaces for p in one.processes}

    seen: set[str] = set()
    with Lab(f"looked-at-{os.getpid()}") as lab, ThreadPoolExecutor(2) as pool:
        lab.sh("ip netns add ns1; ip netns exec ns1 nft add table ip t; sleep 1000 &")
        (found,) = [one for one in labs.running() if one.name == lab.name]
        looking = pool.submit(looks)
        beginning = pool.submit(begin)
        while not looking.done():
            seen |= commands(lab.snapshot())
        looking.result()
        beginning.result()
    assert seen - {"true"} == {"sleep 1000"}


def test_ipv6_addresses_stay_that_were_given_before_a_namespace_is_first_seen(lab: Lab) -> None:
    lab.sh(
        """
        unshare -n sleep 1000 &
        until [ "$(readlink /proc/$!/ns/net)" != "$(readlink /proc/self/ns/net)" ]; do :; done
        nsenter -n -t $! ip link set lo up
        nsenter -n -t $! ip addr add fd00::7/64 dev lo
        ip netns attach late $!
        """
    )
    assert "fd00::7" in lab.sh("ip -6 addr", "late", echo=False).stdout


def test_a_setting_stays_that_is_made_before_a_namespace_is_first_seen(lab: Lab) -> None:
    """As after ``ip netns add`` on a busy machine: the next line may be there first."""
    lab.sh(
        """
        unshare -n sleep 1000 &
        until [ "$(readlink /proc/$!/ns/net)" != "$(readlink /proc/self/ns/net)" ]; do :; done
        nsenter -n -t $! sysctl -qw net.ipv4.ip_forward=1 net.ipv4.conf.all.rp_filter=1
        ip netns attach late $!
        ip netns add new
        """
    )
    sysctls = lab.snapshot().namespace("late").sysctls
    assert sysctls["net.ipv4.conf.all.rp_filter"] == "1"
    # Where the machine forwards, as with Docker, a 1 cannot be told from what it was born with.
    if not forwards():
        assert sysctls["net.ipv4.ip_forward"] == "1"
    assert lab.snapshot().namespace("new").sysctls["net.ipv4.ip_forward"] == "0"


def test_ipv6_is_there_when_asked_for() -> None:
    if not Path("/proc/sys/net/ipv6").exists():
        return  # this kernel has none: nothing to leave on
    with Lab(ipv6=True) as lab:
        lab.sh("ip netns add ns1; ip netns exec ns1 ip link set lo up")
        addresses = [a.address for a in lab.snapshot().link("lo", "ns1").addresses]
        assert "::1/128" in addresses


def test_undo_leaves_link_local_addresses_to_the_kernel(capsys: pytest.CaptureFixture[str]) -> None:
    """They are made of MACs that the kernel draws, so each lab has others."""

    def settled(lab: Lab) -> bool:
        links = [lab.snapshot().link("br0"), lab.snapshot().link("eth0", "ns1")]
        return all(any(one.by_kernel for one in link.addresses) for link in links)

    with Lab(ipv6=True) as lab:
        lab.do(AddNamespace("ns1"), AddBridge("br0"), AddVeth("a", "eth0", peer_ns="ns1"))
        lab.do(Attach("a", "br0"), SetUp("a"), SetUp("br0"), SetUp("eth0", ns="ns1"))
        wait_for(lambda: settled(lab), "link-local addresses")
        steps = len(lab.steps)
        assert not lab.sh("true", echo=False).changes
        lab.do(AddAddress("br0", "fe80::1/64"), AddAddress("br0", "10.0.0.1/24"))
        undone = str(lab.undo().changes)
        assert "10.0.0.1/24 removed" in undone
        assert "fe80::1/64 removed" in undone
        assert len(undone.splitlines()) == 3, undone  # and the route to 10.0.0.0/24
        assert "not brought back" not in capsys.readouterr().err
        assert len([step for step in lab.steps if step.changed]) == steps


def test_output_code_and_failing_lines(lab: Lab) -> None:
    ran = lab.sh("echo out\necho err >&2\nfalse\nls /nowhere 2>/dev/null\nexit 7")
    assert (ran.returncode, ran.stdout, ran.stderr) == (7, "out\n", "err\n")
    assert [(f.line, f.code, f.command) for f in ran.failures] == [
        (3, 1, "false"),
        (4, 2, "ls /nowhere 2> /dev/null"),
    ]
    assert lab.sh("kill -9 $$").returncode == -9
    assert lab.sh("cat < /dev/stdin").stdout == ""


def test_a_block_goes_on_after_a_slip_and_says_which_line(lab: Lab) -> None:
    ran = lab.sh("brctl addbr lxcbr0\nbrctl spt lxcbr0 off\nip netns add ns1")
    assert [f.line for f in ran.failures] == [2]
    assert ran.returncode == 0
    assert "line 2 ended with 1: brctl spt lxcbr0 off" in str(ran)
    assert lab.snapshot().namespace("ns1").role == "named"


def test_a_missing_program_is_named_with_its_package(lab: Lab) -> None:
    with pytest.raises(ToolMissing, match="no such program") as caught:
        lab.run("no-such-program")
    assert "check the spelling" in caught.value.hint
    ran = lab.sh("no-such-program")
    assert (ran.returncode, "check the spelling" in ran.hints[0]) == (127, True)


def test_advice_is_about_what_that_line_printed(lab: Lab) -> None:
    ran = lab.sh(
        "ip link add br0 type bridge\nip link set br0 up\n"
        "ip route add 10.9.0.0/16 via 10.9.0.1 dev br0\nip link set nowhere up"
    )
    lines = str(ran).splitlines()
    gateway = next(n for n, line in enumerate(lines) if line.startswith("✘ line 3"))
    assert "a gateway must be in a network" in lines[gateway + 1]
    assert "the links of the host are lo, eth0, br0" in lines[gateway + 3]


def test_advice_is_about_the_link_that_the_line_names(lab: Lab) -> None:
    """Where it cannot be told which line printed what: here one prints two lines."""
    ran = lab.sh("ip link set nowhere up\nls /no /nothing\nip route add 10.9.0.0/16 via 10.9.0.1")
    lines = str(ran).splitlines()
    gateway = next(n for n, line in enumerate(lines) if line.startswith("✘ line 3"))
    assert "a gateway must be in a network" in lines[gateway + 1]


def test_a_syntax_error_has_the_learners_line_number(lab: Lab) -> None:
    ran = lab.sh("true\necho (\n")
    assert ran.returncode == 2
    assert "line 2" in ran.stderr


def test_commands_run_where_they_were_sent(lab: Lab) -> None:
    lab.sh("ip netns add ns1; ip netns exec ns1 ip link add inner type dummy0 2>/dev/null")
    lab.do(AddVeth("outer", "inner", peer_ns="ns1"), AddContainer("c1"))
    for ns, view in (("ns1", "inner"), (None, "outer"), ("lan", "eth0")):
        assert view in lab.sh("ls /sys/class/net; ip -br link", ns).stdout
        assert view in lab.run("ip", "-br", "link", ns=ns).stdout
    assert lab.sh("hostname", "c1").stdout == "c1\n"
    assert lab.sh("ls /proc | grep -c '^[0-9]'", "c1").stdout.strip() in ("3", "4", "5")
    assert lab.sh("hostname").stdout == "pseudo-host\n"
    with pytest.raises(NotFound, match="nowhere"):
        lab.sh("true", "nowhere")


def test_a_namespace_reads_its_own_name_server(lab: Lab) -> None:
    lab.do(AddNamespace("ns1"), AddContainer("c1"))
    lab.do(ResolvConf("203.0.113.80", ns="ns1"), ResolvConf("198.51.100.20", ns="c1"))
    read = "cat /etc/resolv.conf"
    assert lab.sh(read, "ns1").stdout == "nameserver 203.0.113.80\n"
    assert lab.sh(read, "c1").stdout == "nameserver 198.51.100.20\n"
    assert lab.sh(read).stdout == "nameserver 8.8.8.8\n"
    assert lab.sh("ls /etc/netns").stdout == "ns1\n"
    assert not Path("/etc/netns/ns1").exists()


def test_a_time_limit_ends_a_command_and_its_children(lab: Lab) -> None:
    with pytest.raises(CommandTimeout, match=r"after 0\.3 seconds"):
        lab.sh("echo begun; sleep 1000 & sleep 1000", timeout=0.3)
    wait_for(lambda: "sleep" not in lab.sh("ps ax").stdout, "no sleep is left")
    assert lab.sh("echo still here").stdout == "still here\n"


def test_a_command_that_resists_is_killed(lab: Lab) -> None:
    with pytest.raises(CommandTimeout):
        lab.sh("trap '' TERM INT; while true; do sleep 0.05; done", timeout=0.2)
    assert lab.sh("true").returncode == 0


def test_a_flood_of_output_is_bounded_and_told(lab: Lab) -> None:
    ran = lab.sh("yes | head -c 20000000")
    assert len(ran.stdout) == 1 << 20
    assert ran.dropped == 20_000_000 - (1 << 20)
    assert "were not kept" in str(ran)


def test_what_is_left_in_the_background_does_not_hold_the_cell(lab: Lab) -> None:
    # If the cell were held, it would be until this limit, and say so.
    ran = lab.sh("(while true; do echo noise; sleep 0.01; done) & echo done", timeout=300)
    assert "done" in ran.stdout
    assert any("noise" in p.command for p in lab.snapshot().host.processes)


def test_what_is_no_text_is_refused_and_the_lab_goes_on(lab: Lab) -> None:
    with pytest.raises(InvalidInput, match=r"one after another.*\n.*run\('ip', 'link'\)"):
        lab.run(["ip", "link"])  # type: ignore[arg-type]
    with pytest.raises(InvalidInput, match=r"got `int` - at `\$\.command\.ns`"):
        lab.engine.run(Command(argv=("true",), ns=7))  # type: ignore[arg-type]
    assert lab.run("true").returncode == 0


def test_output_comes_while_the_command_runs(lab: Lab, capsys: pytest.CaptureFixture[str]) -> None:
    def release() -> None:
        wait_for(lambda: "begun" in "".join(pieces), "the first output is here")
        lab.run("touch", "/run/go")

    pieces: list[str] = []
    helper = threading.Thread(target=release)
    from nslab.engine.protocol import Command

    helper.start()
    script = "echo begun; until [ -e /run/go ]; do sleep 0.01; done; echo ended"
    lab.engine.run(
        Command(argv=("bash", "-c", script), timeout=20),
        lambda stream, data: pieces.append(data.decode()),
    )
    helper.join()
    assert "".join(pieces) == "begun\nended\n"


def test_undo_goes_back_and_forth(lab: Lab) -> None:
    lab.sh("brctl addbr lxcbr0")
    before = lab.snapshot()
    lab.sh("mkdir -p /etc/netns/ns1; ip netns add ns1; touch /etc/added")
    with_ns1 = lab.snapshot()
    lab.do(AddBridge("br1"), SetUp("br1"))
    lab.sh("ip link show br1")  # a look, which is no step back
    went = lab.undo()
    assert differences(with_ns1, lab.snapshot()) == []
    assert [c.kind for c in went.changes.changes if c.what == "link"] == ["gone"]
    lab.undo()
    assert differences(before, lab.snapshot()) == []
    assert [str(step) for step in lab.history] == ["brctl addbr lxcbr0"]
    with pytest.raises(InvalidInput, match="1 step has changed the lab"):
        lab.undo(2)
    lab.reset()
    assert len(lab.history) == 0
    assert not lab.changes


def test_undo_says_what_it_could_not_bring_back(
    lab: Lab, capsys: pytest.CaptureFixture[str]
) -> None:
    # As in a terminal, and of a kind that a snapshot does not tell whole.
    lab.run("tc", *"qdisc add dev eth0 root tbf rate 1mbit burst 1600 limit 3000".split())
    lab.sh("brctl addbr lxcbr0")
    lab.undo()
    assert "host links eth0 queue: was 'tbf burst 1600', is ''" in capsys.readouterr().err
    assert "# not told whole: the queue tbf burst 1600 of eth0" in lab.script()


def test_a_failed_action_leaves_the_lab_as_it_was(lab: Lab) -> None:
    lab.sh("brctl addbr lxcbr0; ip netns add ns1")
    before = lab.snapshot()
    with pytest.raises(AlreadyExists, match="lxcbr0") as caught:
        lab.do(AddNamespace("ns2"), AddBridge("lxcbr0"))
    assert "nothing was changed" in caught.value.hint
    assert differences(before, lab.snapshot()) == []
    with pytest.raises(NotFound):
        lab.do(SetUp("nothing"))
    assert differences(before, lab.snapshot()) == []


def test_the_script_makes_the_same_elsewhere(lab: Lab) -> None:
    lab.sh("\n".join(ARTICLE[:5]))
    lab.sh("ping -c1 -W1 198.51.100.1")
    lab.do(*ARTICLE_ACTIONS[5:], *REPAIR)
    lab.do(AddContainer("c1"), AddVeth("peerA", "eth0", peer_ns="c1", master="lxcbr0", up=True))
    lab.sh("ip link set eth0 up\necho 'it''s <<END'\nEND", "c1")
    lab.do(AddAddress("eth0", "192.168.10.12/24", ns="c1"), ResolvConf("8.8.4.4", ns="c1"))
    for style in ("classic", "iproute2"):
        script = lab.script(style)
        assert "ping" not in script
        with Lab() as other:
            ran = other.sh(script)
            assert [f.command for f in ran.failures if f.code != 127] == [], script
            assert differences(lab.snapshot(), other.snapshot()) == BORN


BORN = ["c1 sysctls net.ipv4.ip_forward: was '0', is '1'"] if forwards() else []
"""What differs between a container that nslab made and one that a script's ``unshare`` made: the
second has forwarding as the machine has, and the script may have set it since."""


@pytest.mark.alone
def test_names_reach_no_shell(lab: Lab) -> None:
    before = fingerprint()
    touch = "touch /tmp/owned"
    for hostile in (f"$({touch})", f"a;{touch}", f"`{touch}`", "a b", "../x"):
        for action in (AddBridge, AddNamespace, AddContainer, SetUp):
            with pytest.raises(InvalidInput):
                action(hostile)
        with pytest.raises((InvalidInput, NotFound)):
            lab.sh("true", hostile)
        assert lab.run("echo", hostile).stdout == hostile + "\n"
    assert_as_before(before)


@pytest.mark.alone
def test_the_machine_sees_no_frame(lab: Lab) -> None:
    lab.do(*ARTICLE_ACTIONS, *REPAIR)
    links, before, tap = sorted(os.listdir("/sys/class/net")), silent_links(), machine_tap()
    assert lab.sh("ping -f -c 200 -W1 203.0.113.80", "ns1").returncode == 0
    assert lab.sh("curl -s http://www.example.org/", "ns1").returncode == 0
    assert sorted(os.listdir("/sys/class/net")) == links
    assert silent_links() == before
    if tap is not None:  # root sees every frame on every link of the machine
        marks = [bytes(map(int, a.split("."))) for a in ("203.0.113.80", "192.168.10.11")]
        assert not [frame for frame in heard(tap) if any(mark in frame for mark in marks)]
    # There is no way out: no link of the lab has its other end on the machine.
    found = lab.snapshot()
    inodes = {ns.inode for ns in found}
    assert os.stat("/proc/self/ns/net").st_ino not in inodes
    for ns in found:
        for link in ns.links:
            assert link.peer is None or link.peer.namespace in inodes, (ns.label, link.name)


def silent_links() -> dict[str, list[str]]:
    """The counters of the machine's loopback and of those links that are not in use."""
    place = Path("/sys/class/net")
    return {
        name: [(place / name / "statistics" / f).read_text() for f in ("tx_packets", "rx_packets")]
        for name in sorted(os.listdir(place))
        if (place / name / "operstate").read_text().strip() == "down"
    }


def machine_tap() -> socket.socket | None:
    """A socket that hears every frame of the machine; None for an ordinary user."""
    if os.geteuid() != 0:
        return None
    everything = 0x0003  # ETH_P_ALL
    tap = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(everything))
    tap.setblocking(False)
    return tap


def heard(tap: socket.socket) -> list[bytes]:
    frames = []
    with tap:
        while True:
            try:
                frames.append(tap.recv(65536))
            except BlockingIOError:
                return frames


def test_an_idle_lab_puts_no_frame_on_its_bridge(lab: Lab) -> None:
    lab.do(*ARTICLE_ACTIONS, *REPAIR)

    def frames() -> list[tuple[str, int, int]]:
        return [
            (link["ifname"], link["stats64"]["rx"]["packets"], link["stats64"]["tx"]["packets"])
            for ns in ("switch", None, "ns1")
            for link in json.loads(lab.run("ip", "-s", "-j", "link", ns=ns).stdout)
        ]

    before = frames()
    time.sleep(2)  # what is tested is that nothing happens for a while
    assert frames() == before


def test_errors_are_one_answer_not_a_traceback(lab: Lab) -> None:
    with pytest.raises(NslabError) as caught:
        lab.do(AddRoute("default", via="192.0.2.1"))
    text = caught.value._render_traceback_()
    assert len(text) == 1
    assert "Traceback" not in text[0]
    assert "→" in text[0]


@pytest.mark.alone
def test_the_pseudo_host_cannot_reach_the_machines_settings(lab: Lab) -> None:
    before = fingerprint()["sysctls"]
    for setting in ("vm.swappiness=1", "kernel.hostname=x", "net.ipv4.ip_forward=1"):
        lab.sh(f"sysctl -w {setting}")
    assert lab.sh("sysctl -n net.ipv4.ip_forward").stdout == "1\n"
    assert fingerprint()["sysctls"] == before


def test_a_stopped_command_is_ended_and_said(lab: Lab) -> None:
    script = (
        "import os, signal, threading, time\n"
        "from nslab import Interrupted, Lab\n"
        "with Lab(name='stopped') as lab:\n"
        "    def stop():\n"
        "        while 'sleep 1000' not in [p.command for p in lab.snapshot().host.processes]:\n"
        "            time.sleep(0.01)\n"
        "        os.kill(os.getpid(), signal.SIGINT)\n"
        "    threading.Thread(target=stop).start()\n"
        "    try:\n"
        "        lab.sh('echo begun; sleep 1000', timeout=None)\n"
        "    except Interrupted as error:\n"
        "        print(error)\n"
        "    print('sleep' in lab.sh('ps ax').stdout)\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    assert ran.stderr == ""
    assert "you stopped it" in ran.stdout
    assert ran.stdout.endswith("False\n")


def test_a_slow_machine_gets_a_second_try_and_then_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(local, "START_LIMIT", 0.0)
    with Lab(engine="local") as lab:
        assert lab.run("true").returncode == 0
    assert "the machine is very busy; trying again" in capsys.readouterr().err
    monkeypatch.setattr(local, "AGAIN_LIMIT", 0.0)
    with pytest.raises(EngineUnavailable, match="when the machine has less to do"):
        Lab(engine="local")


def test_settings_are_those_of_now_and_keep_no_namespace_alive(lab: Lab) -> None:
    ttl = "net.ipv4.ip_default_ttl"
    lab.do(AddNamespace("ns1"), AddVeth("v1", "eth0", peer_ns="ns1"))
    assert ttl not in lab.snapshot().namespace("ns1").sysctls  # as usual; its file stays open
    assert lab.run("sysctl", "-q", f"{ttl}=33", ns="ns1").returncode == 0
    assert lab.snapshot().namespace("ns1").sysctls[ttl] == "33"
    assert ttl not in lab.snapshot().host.sysctls
    lab.sh("ip netns delete ns1; ip netns add ns1")
    wait_for(lambda: "v1" not in lab.run("ip", "link").stdout, "the veth to go with its namespace")
    assert ttl not in lab.snapshot().namespace("ns1").sysctls
