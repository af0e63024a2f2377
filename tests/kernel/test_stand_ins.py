"""What learners type by habit, and a lab cannot have as it is."""

from __future__ import annotations

import pytest

from nslab import Lab
from nslab.engine.agent.boot import stand_ins

NOTE = "(you are root in the lab: sudo is not needed)\n"


def test_sudo_runs_the_rest_and_says_once_that_it_is_not_needed(lab: Lab) -> None:
    ran = lab.sh("sudo ip link add br0 type bridge; sudo id -u; ip netns add ns1", echo=False)
    assert (ran.stdout, ran.stderr, ran.failures) == ("0\n", NOTE, ())
    assert "br0" in {link.name for link in lab.snapshot().host.links}
    ran = lab.sh("ip netns exec ns1 sudo ip -o link | wc -l", echo=False)
    assert (ran.stdout, ran.stderr) == ("1\n", "")


@pytest.mark.parametrize(
    ("line", "printed"),
    [
        ("sudo -u nobody id -u", "0\n"),
        ("sudo -E -H -- id -u", "0\n"),
        ("sudo -n FOO='a b' sh -c 'echo $FOO'", "a b\n"),
        ("sudo sh -c 'echo \"$0 $1\"' one 'two  three'", "one two  three\n"),
        ("echo id -u | sudo -i", "0\n"),
        ("echo 1 | sudo tee /proc/sys/net/ipv4/ip_forward", "1\n"),
    ],
)
def test_sudo_with_its_options(lab: Lab, line: str, printed: str) -> None:
    ran = lab.sh(line, echo=False)
    assert (ran.stdout, ran.returncode) == (printed, 0), ran.stderr


def test_sudo_fails_as_what_it_runs(lab: Lab) -> None:
    assert lab.sh("sudo sh -c 'exit 7'", echo=False).returncode == 7
    assert lab.sh("sudo nosuch", echo=False).returncode == 127


@pytest.mark.parametrize("options", ["", "-Z root"])
def test_tcpdump_captures(lab: Lab, options: str) -> None:
    ran = lab.sh(
        f"tcpdump {options} -lni lo -c 1 icmp >/run/seen 2>/run/said &\n"
        "until grep -q listening /run/said; do kill -0 $! || break; sleep 0.05; done\n"
        "ping -c 1 127.0.0.1 >/dev/null; wait; cat /run/seen",
        echo=False,
    )
    assert "127.0.0.1 > 127.0.0.1: ICMP echo request" in ran.stdout, ran.stderr


def test_tcpdump_writes_files_and_reads_them(lab: Lab) -> None:
    ran = lab.sh(
        "tcpdump -ni lo -c 1 -w /run/one.pcap icmp 2>/run/said &\n"
        "until grep -q listening /run/said; do kill -0 $! || break; sleep 0.05; done\n"
        "ping -c 1 127.0.0.1 >/dev/null; wait; tcpdump -nr /run/one.pcap",
        echo=False,
    )
    assert "ICMP echo request" in ran.stdout, ran.stderr


REFUSED = sorted(stand_ins.scripts().keys() - {"sudo", "tcpdump", *stand_ins.SCREENS})


@pytest.mark.parametrize("program", REFUSED)
def test_what_a_lab_cannot_do_says_why_in_a_line(lab: Lab, program: str) -> None:
    ran = lab.sh(f"{program} install something", echo=False)
    assert ran.returncode == 1
    assert ran.stderr.startswith(f"{program}: not in a lab: ")
    assert len(ran.stderr.splitlines()) == (2 if program in stand_ins.INSTALLERS else 1)


def test_what_only_looks_goes_on_to_the_program_itself(lab: Lab) -> None:
    ran = lab.sh("apt-get --version; apt-get -y install x; echo $?", echo=False)
    assert ran.stdout.startswith("apt ")
    assert ran.stdout.endswith("\n1\n")
