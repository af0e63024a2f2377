"""05: what forwarding is for, the whole way out, a translation for the wrong network."""

from __future__ import annotations

from nslab.course.exercises.exercise import Exercise
from nslab.course.exercises.values import Choice, MustNot, WrongAnswer
from nslab.network.actions import AddRoute, Masquerade, Sysctl
from nslab.sentence import sentence
from nslab.session.check import Masquerades, Reaches, Setting

_OUTSIDE = "203.0.113.80"
_BRIDGE = "192.168.10.1"
_OFF = "sysctl -w net.ipv4.ip_forward=0"
_ON = "sysctl -w net.ipv4.ip_forward=1"
_ROUTE = "ip netns exec ns1 ip route add default via 192.168.10.1"
_NAT = "iptables -t nat -A POSTROUTING -s 192.168.10.0/24 -o eth0 -j MASQUERADE"
_TYPO = "POSTROUTING -s 192.168.100.0/24 -o eth0 -j MASQUERADE"

EXERCISES = (
    Exercise(
        id="X1",
        kind="predict",
        goal="`ns1` reaches the outside. Now somebody turns forwarding off in the host: "
        f"`{_OFF}`. What still works?",
        done=True,
        choices=(
            Choice(
                "a",
                "ns1 reaches the bridge's 192.168.10.1; the host reaches the outside, ns1 does "
                "not.",
                (
                    Reaches("ns1", _BRIDGE),
                    Reaches(None, _OUTSIDE),
                    Reaches("ns1", _OUTSIDE, ok=False),
                ),
            ),
            Choice(
                "b",
                "Everything: the rule that translates lets the packets of ns1 through.",
                (Reaches("ns1", _OUTSIDE),),
            ),
            Choice(
                "c",
                "Nothing: without forwarding the host itself is cut off.",
                (Reaches(None, _OUTSIDE, ok=False),),
            ),
            Choice(
                "d",
                "ns1 reaches nobody any more, not even the bridge.",
                (Reaches("ns1", _BRIDGE, ok=False),),
            ),
        ),
        checks=(Setting("net.ipv4.ip_forward", "0"),),
        because="Forwarding is about packets that pass through. What is meant for the host, or "
        "comes from it, does not pass through; and what is not forwarded never meets the "
        "rule that translates.",
        hints=(
            "Which of these packets are meant for the host itself, and which pass through it?",
            "Run it. Then ping both addresses from ns1, and 203.0.113.80 from the host as well.",
            f"`{_OFF}`, then `ip netns exec ns1 ping -c 1 {_BRIDGE}`, and so on.",
        ),
        answer=(_OFF,),
        others=((Sysctl("net.ipv4.ip_forward", "0"),), ("echo 0 > /proc/sys/net/ipv4/ip_forward",)),
        wrong=(
            WrongAnswer((_OFF,), "you chose b, but ns1 does not reach 203.0.113.80", "b"),
            WrongAnswer((_OFF,), "you chose c, but host reaches 203.0.113.80", "c"),
            WrongAnswer((_OFF,), "you chose d, but ns1 reaches 192.168.10.1", "d"),
            WrongAnswer((), "in host, net.ipv4.ip_forward is 1", "b"),
            WrongAnswer(
                (
                    _OFF,
                    "sysctl -w net.ipv4.conf.lxcbr0.forwarding=1 net.ipv4.conf.eth0.forwarding=1",
                ),
                "with nothing but what the exercise says, ns1 does not reach 203.0.113.80",
                "b",
            ),
        ),
    ),
    Exercise(
        id="X2",
        kind="build",
        goal="Give `ns1` the whole way out: it reaches 203.0.113.80. Only the packets of "
        "192.168.10.0/24 are translated, and the world outside the host is not yours to change.",
        checks=(Reaches("ns1", _OUTSIDE),),
        mustnot=(
            MustNot(
                Masquerades("10.99.0.0/16", out="eth0"),
                sentence(
                    "the rule translates everybody's packets, not only those of 192.168.10.0/24"
                ),
            ),
        ),
        only=("ns1", "host"),
        hints=(
            "Three things are missing. What becomes of a packet that lacks the first of them?",
            'Ask after each one: `lesson["X2"].lab.why("ns1", "203.0.113.80")`.',
            f"`{_ROUTE}`, `{_ON}`, `{_NAT}`.",
        ),
        answer=(_ROUTE, _ON, _NAT),
        others=(
            (
                AddRoute("default", via=_BRIDGE, ns="ns1"),
                Sysctl("net.ipv4.ip_forward", "1"),
                "nft add table ip mine",
                "nft 'add chain ip mine out { type nat hook postrouting priority 100; }'",
                (
                    "nft add rule ip mine out ip saddr 192.168.10.0/24 oifname eth0 "
                    "snat to 198.51.100.10"
                ),
            ),
        ),
        wrong=(
            WrongAnswer((_ROUTE, _NAT), "ns1 does not reach 203.0.113.80: no answer"),
            WrongAnswer((_ON, _NAT), "ns1 does not reach 203.0.113.80: Network is unreachable"),
            WrongAnswer((_ROUTE, _ON), "ns1 does not reach 203.0.113.80: no answer"),
            WrongAnswer(
                (_ROUTE, _ON, "iptables -t nat -A POSTROUTING -o eth0 -j MASQUERADE"),
                "the rule translates everybody's packets",
            ),
            WrongAnswer(
                (
                    _ROUTE,
                    _ON,
                    AddRoute("192.168.10.0/24", via="198.51.100.10", ns="router"),
                    AddRoute("192.168.10.0/24", via="203.0.113.1", ns="internet"),
                ),
                "router: route 192.168.10.0/24",
            ),
        ),
    ),
    Exercise(
        id="X3",
        kind="mend",
        find=True,
        goal="`ns1` sends requests to 203.0.113.80, and no answer comes. The route and "
        "forwarding are right. Find what is wrong in the host, and put it right. Remove every "
        "rule that does nothing, and leave `ns1` alone.",
        before="E2-nat",
        prepare=(f"iptables -t nat -A {_TYPO}",),
        checks=(Reaches("ns1", _OUTSIDE),),
        mustnot=(
            MustNot(
                Masquerades("192.168.100.0/24", out="eth0"),
                sentence(
                    "the host still translates the packets of 192.168.100.0/24, a network that is "
                    "not here"
                ),
            ),
        ),
        only=("host",),
        hints=(
            "From which address does the web server see the requests come?",
            "`iptables -t nat -S` lists what is translated; compare it with the address of ns1.",
            f"`-D` in place of `-A` deletes a rule; then add the right one: `{_NAT}`.",
        ),
        answer=(f"iptables -t nat -D {_TYPO}", _NAT),
        others=(
            ("iptables -t nat -F POSTROUTING", Masquerade("192.168.10.0/24", out="eth0")),
            (
                (
                    "iptables -t nat -R POSTROUTING 1 -s 192.168.10.11 -o eth0 "
                    "-j SNAT --to-source 198.51.100.10"
                ),
            ),
        ),
        wrong=(
            WrongAnswer((_NAT,), "still translates the packets of 192.168.100.0/24"),
            WrongAnswer(
                (
                    "iptables -t nat -F POSTROUTING",
                    "iptables -t nat -A POSTROUTING -o eth0 -j MASQUERADE",
                ),
                "still translates the packets of 192.168.100.0/24",
            ),
            WrongAnswer(
                (
                    "iptables -t nat -F POSTROUTING",
                    "iptables -t nat -A POSTROUTING -s 192.168.10.0/24 -o lxcbr0 -j MASQUERADE",
                ),
                "ns1 does not reach 203.0.113.80: no answer",
            ),
            WrongAnswer(
                (
                    "ip netns exec ns1 ip addr add 192.168.100.11/24 dev eth0",
                    "iptables -t nat -F POSTROUTING",
                    _NAT,
                ),
                "ns1/eth0: address 192.168.100.11/24",
            ),
        ),
    ),
)
