"""What is said about programs that are not there."""

from __future__ import annotations

import pytest

from nslab import CommandResult, Failure
from nslab.network.programs import PACKAGES, missing, today


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("brctl addbr lxcbr0", "ip link add lxcbr0 type bridge"),
        ("brctl delbr lxcbr0", "ip link delete dev lxcbr0"),
        ("brctl addif lxcbr0 lxcbr0.1", "ip link set dev lxcbr0.1 master lxcbr0"),
        ("brctl delif lxcbr0 lxcbr0.1", "ip link set dev lxcbr0.1 nomaster"),
        ("brctl stp lxcbr0 off", "ip link set dev lxcbr0 type bridge stp_state 0"),
        ("brctl setfd lxcbr0 2", "ip link set dev lxcbr0 type bridge forward_delay 200"),
        ("brctl show", "bridge link"),
        ("ifconfig eth0 down", "ip link set dev eth0 down"),
        ("ifconfig", "ip address"),
        (
            "ip netns exec ns1 ifconfig eth0 192.168.10.11/24 up",
            "\n".join(
                [
                    "ip netns exec ns1 ip address add 192.168.10.11/24 broadcast + dev eth0",
                    "ip netns exec ns1 ip link set dev eth0 up",
                ]
            ),
        ),
    ],
)
def test_old_tools_in_todays_words(old: str, new: str) -> None:
    assert today(old) == new


@pytest.mark.parametrize("line", ["", "brctl", "brctl addif x", "brctl setfd x y", "ls"])
def test_what_is_not_understood_is_not_translated(line: str) -> None:
    assert today(line) == ""


def test_a_missing_program_is_named_with_its_package() -> None:
    assert missing("brctl").endswith("apt-get install bridge-utils")
    assert missing("brclt").endswith("did you mean brctl?")
    assert "check the spelling" in missing("zzzz")
    assert all(package for package in PACKAGES.values())


def test_a_failed_line_says_what_to_type_instead() -> None:
    ran = CommandResult(127, "", "", (Failure(127, 1, "brctl addbr lxcbr0"),))
    assert ran.hints[0] == missing("brctl")
    assert ran.hints[1].endswith("ip link add lxcbr0 type bridge")
    line = "ip netns exec ns1 ifconfig eth0 up"
    inside = CommandResult(
        1, "", 'exec of "ifconfig" failed: No such file', (Failure(255, 1, line),)
    )
    assert inside.hints[1].endswith("ip netns exec ns1 ip link set dev eth0 up")
    assert CommandResult(1, "", "", (Failure(1, 1, "ping x"),)).hints == ()
