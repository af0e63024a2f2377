"""10: an address at a port, a bridge for the host's card alone, a bridge that was told a lie."""

from __future__ import annotations

from nslab.course.exercises.exercise import Exercise
from nslab.course.exercises.values import Choice, WrongAnswer
from nslab.network.actions import AddAddress, AddBridge, Attach, DeleteAddress, SetUp
from nslab.session.check import HasAddress, IsPort, Reaches

_APP = "198.51.100.50"
_HOST = "198.51.100.10"
_SECOND = "198.51.100.11"
_OUTSIDE = "203.0.113.80"
_MAC = "02:42:c6:33:64:32"
_IN_APP = "nsenter -t $(pgrep -o -x sleep) -n"
_ADD = f"ip addr add {_SECOND}/32 dev eth0"
_LIE = f"{_MAC} dev veth4c51f0b master static sticky"
_DB_PORT = "veth4c51f0b"
_PORTS = (
    "nft delete table netdev hub",
    "brctl addbr wire0",
    "brctl addif wire0 eth0",
    "brctl addif wire0 peerA",
)
_UP = (f"ip addr del {_HOST}/24 dev eth0", f"ifconfig wire0 {_HOST}/24 up")
_DEFAULT = "ip route add default via 198.51.100.1"
_NAT = "iptables -t nat -A POSTROUTING -s 172.17.0.0/16 -o wire0 -j MASQUERADE"

EXERCISES = (
    Exercise(
        id="X1",
        kind="predict",
        goal="`eth0` is a port of `docker0`, and the host's address 198.51.100.10 is on "
        "`docker0`. A colleague gives `eth0` one more: 198.51.100.11/32. Then the LAN machine "
        "pings that. What happens?",
        before="J2",
        choices=(
            Choice(
                "a",
                "No answer: a port takes in nothing for the host, so its addresses are dead.",
                (Reaches("lan", _SECOND, ok=False), Reaches("lan", _HOST)),
            ),
            Choice(
                "b",
                "It is answered: the question comes in by docker0, and the host answers for each "
                "of its addresses, wherever that is.",
                (Reaches("lan", _SECOND),),
            ),
            Choice(
                "c",
                "No answer, and from 198.51.100.10 none any more either.",
                (Reaches("lan", _HOST, ok=False),),
            ),
        ),
        checks=(HasAddress("eth0", f"{_SECOND}/32"),),
        because="A frame that comes in by a port is the bridge's. The host then sees it come in "
        "by docker0, and it answers ARP for each address that it has, on whatever link.",
        hints=(
            "To whom does a host's address belong: to the link that it is on, or to the host?",
            "Run it, and let `lan` ping both addresses.",
            f'`{_ADD}`, then `lesson["X1"].lab.ping("lan", "{_SECOND}")`.',
        ),
        answer=(_ADD,),
        others=((AddAddress("eth0", f"{_SECOND}/32"),),),
        wrong=(
            WrongAnswer((_ADD,), "you chose a, but the LAN machine reaches 198.51.100.11", "a"),
            WrongAnswer((_ADD,), "you chose c, but the LAN machine reaches 198.51.100.10", "c"),
            WrongAnswer(
                (_ADD.replace("eth0", "docker0"),), "eth0 does not have 198.51.100.11/32", "b"
            ),
            WrongAnswer(
                (_ADD, "ip link set eth0 nomaster"),
                "with nothing but what the exercise says, the LAN machine reaches 198.51.100.10",
                "c",
            ),
        ),
    ),
    Exercise(
        id="X2",
        kind="build",
        goal="Put the host's card into a bridge of its own, `wire0`, with `peerA` beside it; the "
        "LAN machine reaches `app` at 198.51.100.50. `wire0` gets the host's address "
        "198.51.100.10/24. `docker0` goes on serving 172.17.0.0/16, and `db` reaches "
        "203.0.113.80 again.",
        checks=(
            IsPort("peerA", "wire0"),
            HasAddress("wire0", f"{_HOST}/24"),
            Reaches("lan", _APP),
            Reaches("db", _OUTSIDE),
        ),
        hints=(
            "Which of the things that hung on `eth0` must move: address, route, a rule?",
            'Ask after each line: `lesson["X2"].lab.why("db", "203.0.113.80")`.',
            f"The cells of the section on the bridge, with `wire0`; at the end `{_NAT}`.",
        ),
        answer=(*_PORTS, *_UP, _DEFAULT, _NAT),
        others=(
            (
                "nft delete table netdev hub",
                AddBridge("wire0"),
                SetUp("wire0"),
                Attach("eth0", "wire0"),
                Attach("peerA", "wire0"),
                DeleteAddress("eth0", f"{_HOST}/24"),
                AddAddress("wire0", f"{_HOST}/24"),
                _DEFAULT,
                "nft add table ip mine",
                "nft 'add chain ip mine out { type nat hook postrouting priority 90; }'",
                f"nft add rule ip mine out ip saddr 172.17.0.0/16 oifname wire0 snat to {_HOST}",
            ),
        ),
        wrong=(
            WrongAnswer((*_PORTS, *_UP, _DEFAULT), "db does not reach 203.0.113.80"),
            WrongAnswer((*_PORTS, "ip link set wire0 up"), "wire0 does not have 198.51.100.10/24"),
            WrongAnswer(
                (*_PORTS, *_UP, _NAT), "db does not reach 203.0.113.80: Destination Net Unreachable"
            ),
            WrongAnswer(
                (  # peerA stays with the hub
                    *_PORTS[1:3],
                    *_UP,
                    _DEFAULT,
                    _NAT,
                ),
                "peerA is not a port of a bridge",
            ),
            WrongAnswer(
                (
                    *_PORTS,
                    f"ip addr del {_HOST}/24 dev eth0",
                    f"ip addr add {_HOST} dev wire0",
                    "ip link set wire0 up",
                    "ip route add 198.51.100.0/24 dev wire0",
                    _DEFAULT,
                    _NAT,
                ),
                "wire0 does not have 198.51.100.10/24: it has 198.51.100.10/32",
            ),
            WrongAnswer(
                (  # a new cable, and nothing at its other end
                    "ip link delete peerA",
                    "ip link add peerA type veth peer name eth1 netns $(pgrep -o -x sleep)",
                    *_PORTS,
                    *_UP,
                    _DEFAULT,
                    _NAT,
                ),
                "the LAN machine does not reach 198.51.100.50",
            ),
        ),
    ),
    Exercise(
        id="X3",
        kind="mend",
        find=True,
        goal="`eth0` is in `docker0`, its address has moved, and all was well. Since this "
        "morning the LAN machine gets no answer from 198.51.100.50, though its question by ARP "
        "is answered. Put it right in the host; `db` keeps its way to 172.17.0.1, and `app` "
        "stays as it is.",
        before="J2",
        prepare=(f"bridge fdb add {_LIE}",),
        checks=(Reaches("lan", _APP), Reaches("db", "172.17.0.1")),
        only=("host",),
        hints=(
            "Behind which port does the bridge believe the card of `app` to be?",
            "`bridge fdb show br docker0` lists what it knows. Which entries has it not learned?",
            f"`bridge fdb del {_LIE.removesuffix(' static sticky')}`; it learns the rest.",
        ),
        answer=(f"bridge fdb del {_LIE.removesuffix(' static sticky')}",),
        others=(
            (f"bridge fdb replace {_MAC} dev peerA master static",),
            (f"brctl delif docker0 {_DB_PORT}", Attach(_DB_PORT, "docker0")),
        ),
        wrong=(
            WrongAnswer(("ip neigh flush all",), "the LAN machine does not reach 198.51.100.50"),
            WrongAnswer(
                (f"bridge link set dev {_DB_PORT} flood off",),
                "the LAN machine does not reach 198.51.100.50",
            ),
            WrongAnswer((f"brctl delif docker0 {_DB_PORT}",), "db does not reach 172.17.0.1"),
            WrongAnswer(
                (
                    f"{_IN_APP} ip link set eth1 address 02:42:c6:33:64:39",
                    f"{_IN_APP} ping -c 1 -I eth1 198.51.100.20 > /dev/null",
                ),
                "this should not have changed",
            ),
        ),
    ),
)
