"""What learners type, as they know it from other places, and what they must be answered.

Collected from beginners' public questions about namespaces, Docker's networks, ip, iptables and
Jupyter.  ``tests/kernel/test_habits.py`` types each into a lab, ``tests/browser/test_habits.py``
all of them into JupyterLab.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass

MADE_UP = "the lab's internet is a made-up one"
THERE = "it is there already"
ROOT = "you are root in the lab"
PYTHON = "this is Python"


@dataclass(frozen=True)
class Habit:
    """A cell, and what it must say; ``not_said`` must not appear.

    ``needs`` is a program without which another answer is right: that it is not installed.
    """

    cell: str
    says: str
    not_said: str = "check the spelling"
    needs: str = ""


def unanswered(habits: Sequence[Habit], answers: Sequence[str]) -> list[str]:
    """Which cells were not answered as they must be, with what they said."""
    wrong = []
    for habit, answer in zip(habits, answers, strict=True):
        absent = habit.needs and shutil.which(habit.needs) is None
        wanted = "is not installed on this machine" if absent else habit.says
        if wanted not in answer or habit.not_said in answer or "Traceback" in answer:
            wrong.append(f"{habit.cell!r}: wanted {wanted!r}, got\n{answer[-800:]}")
    return wrong


def _in_the_host(lines: str, says: str, **more: str) -> Habit:
    return Habit(f"%%host\n{lines}", says, **more)


IN_THE_LAB = (
    *(
        _in_the_host(*row)
        for row in (
            # -- sudo and its like
            ("sudo ip link show eth0", "state UP"),
            ("sudo -i id -u", "0"),
            ("whoami", "root"),
            ("systemctl restart networking", "no systemd runs in a lab"),
            ("service docker start", "no systemd runs in a lab"),
            ("journalctl -u docker", "no systemd runs in a lab"),
            ("reboot", "lab.reset() begins anew"),
            ("shutdown now", "lab.close() ends it"),
            ("modprobe 8021q", "the kernel is the machine's"),
            ("dmesg | tail -3", "the kernel's log is the machine's"),
            ("tail -n 3 /var/log/kern.log.none /var/log/messages", "no program keeps a log"),
            # -- the internet
            ("ping -c 1 -W 1 www.google.com", MADE_UP),
            ("ping -c 1 -W 1 1.1.1.1", MADE_UP),
            ("curl -s -m 5 https://github.com", MADE_UP),
            ("curl -s -m 5 http://www.example.org/", "Hello from www.example.org"),
            ("getent hosts www.example.org", "203.0.113.80"),
            ("git clone https://github.com/moby/moby 2>&1", "github.com"),
            ("apt update", MADE_UP.partition("'")[2][2:]),
            ("apt-get install -y nmap", "install it\non your machine"),
            ("sudo apt install nmap", "install it\non your machine"),
            ("pip install scapy", "install it\non your machine"),
            ("yum install nmap", "nothing can be installed in a lab"),
            ("dnf install nmap", "nothing can be installed in a lab"),
            # -- other managers
            ("nmcli device status", "no program manages a lab's network"),
            ("netplan apply", "no program manages a lab's network"),
            ("ifup eth0", "no program manages a lab's network"),
            ("ufw status", "iptables or nft do it"),
            ("firewall-cmd --list-all", "iptables or nft do it"),
            ("podman ps", "a lab is one host"),
            ("kubectl get pods", "a lab is one host"),
            # -- Windows, and the terminal
            ("ipconfig /all", "here it is ip address"),
            ("tracert 203.0.113.80", "here it is traceroute"),
            ("cls", "nothing to clear"),
            ("clear", "nothing to clear"),
            ("fg", "no foreground"),
            ("exit", "the shell has ended"),
            # -- copied from a page
            ("$ ip link", "$ is a prompt"),
            ("root@host:~# ip link", "is a prompt"),
            ("ip link show \u201ceth0\u201d", "the line has \u201c"),
            ("ping \u2013c 1 198.51.100.1", "the line has \u2013"),
            # -- one thing in the place of another
            ('lab.ping("ns1", "203.0.113.80")', PYTHON),
            ("from nslab import Lab", PYTHON),
            ('print("x")', PYTHON),
            ("true\n\n%%host\nip link", "a cell has one %%host or %%ns"),
            ("ip netns add ns7; ns7", "begin the cell with %%ns ns7"),
            ("ip netns exec ns7 cd /tmp", "begin the cell with %%ns ns7"),
            ('echo "abc', "is not closed"),
            ("if true; then", "is not ended"),
            # -- ip
            ("ip addr add 10.9.0.1/24 eth0", "ip addr add 10.9.0.1/24 dev eth0"),
            ("ip link add br7 bridge", "ip link add br7 type bridge"),
            ("ip netns ns7 exec ip link", "ip netns exec ns7 ip link"),
            ("ip link set eht0 up", "did you mean eth0?"),
            ("ip link set eth0 netns ns9", "there is no namespace ns9"),
            ("ip netns exec ns8 ip link", "there is no namespace ns8 (there is ns7)"),
            ("ip link set eth5 up", "the links of the host are lo, eth0"),
            ("ip netns exec lan ip link", "begin the cell with %%ns lan"),
            ("ip link add averyverylongname type bridge", "at most 15"),
            ("ip netns add ns7", THERE),
            ("brctl addbr br7; brctl addbr br7", THERE),
            (
                "ip link add v7 type veth peer v8; ip link set v8 netns ns7; ip link set v8 up",
                "v8 is in ns7",
            ),
            ("ip route add default via 10.9.9.9", "a gateway must be in a network"),
            ("ip route add default via 198.51.100.1", "ip route replace default via 198.51.100.1"),
            ("ip route add default via 198.51.100.10", "is the host's own address, so it is no"),
            ("ip route add default", "ip"),
            # -- a ping that reaches nobody, and what goes with a link
            ("ip netns exec ns7 ping -c 1 -W 1 127.0.0.1", "goes over its lo, which is down"),
            ("ping -c 1 -W 1 198.51.100.77", 'lab.why("host", "198.51.100.77") says where'),
            ("ip link add d7 type bridge; ip link set d7 up; ip addr add 10.77.0.1/24 dev d7", ""),
            ("ip route add 10.78.0.0/16 via 10.77.0.2", ""),
            ("ip link set d7 down", "the kernel removed the route 10.78.0.0/16 via 10.77.0.2"),
            # -- iptables and sysctl
            ("iptables -A FORWARD -j ACEPT", "did you mean ACCEPT?"),
            ("iptables -A FORWARD -j MASQUERADE", "belongs to the table nat"),
            ("iptables -t nat -A POSTROUTING -o eth0 -j MASQERADE", "did you mean MASQUERADE?"),
            ("iptables -A POSTROUTING -o eth0 -j ACCEPT", "the table nat"),
            ("sysctl net.ipv4.ip_forward = 1", "sysctl -w net.ipv4.ip_forward=1"),
            ("sysctl -w net.ipv4.ip_forwad=1", "did you mean net.ipv4.ip_forward?"),
            ("sysctl -w kernel.sysrq=0", "the whole machine"),
            ("echo 1 > /proc/sys/net/ipv4/ip_forward", ""),
            ("sudo echo 1 > /proc/sys/net/ipv4/ip_forward", ""),
            # -- spelling
            ("pign -c 1 198.51.100.1", "did you mean ping?"),
            ("ifcofnig", "did you mean ifconfig?"),
            ("brclt show", "did you mean brctl?"),
            ("tcpdmup -D", "did you mean tcpdump?"),
        )
    ),
    _in_the_host("docker ps", "no Docker engine runs in this lab", needs="docker"),
    _in_the_host("docker network ls", "no Docker engine runs in this lab", needs="docker"),
    _in_the_host("seq 1 200000", "lines are not shown: all of it is in lab.last.stdout"),
    Habit("%%ns ns9\nip link", "there is no namespace"),
    Habit("%%ns\nip link", "write: %%ns ns1"),
)
"""In this order: some find what those before have made."""

IN_PYTHON = (
    Habit("ip link", "write %%host as the cell's first line"),
    Habit("!ip link show lo", "this asks your own machine"),
    Habit("%%hots\nip link show eth0", "state UP"),
    Habit("# a note\n\n%%host\nip link show eth0", "state UP"),
    Habit(" %%host ip link show eth0", "state UP"),
    Habit("lab.why('198.51.100.20')", "write lab.why(ns, target"),
    Habit("lab.pinng('ns7', '198.51.100.20')", "there is ping"),
    Habit("AddVeth('a')", "write AddVeth(name, peer"),
    Habit("from nslab import AddBrigde", "AddBridge"),
    Habit("lab2 = Lab()", "%%host and %%ns now type into the lab"),
    Habit("lab2.close(); lab2.reset()", "it was closed"),
    Habit("%%host\ntrue", "it was closed"),
    Habit("lab.use(); lab.undo(99)", "steps have changed the lab"),
)
"""In cells of Python, with ``lab``, ``Lab`` and ``AddVeth`` there, after the others."""
