"""09: the wrong card made promiscuous, a wire for the container, a hub with a slip in it."""

from __future__ import annotations

from nslab.course.exercises.exercise import Exercise
from nslab.course.exercises.values import Choice, WrongAnswer
from nslab.network.actions import DeleteLink, SetPromiscuous
from nslab.session.check import HasAddress, Promiscuous, Reaches

_APP = "198.51.100.50"
_HOST = "198.51.100.10"
_LAN = "198.51.100.20"
_OUTSIDE = "203.0.113.80"
_MAC = "02:42:c6:33:64:32"
_NOT_ITS_MAC = "02:42:9e:50:ee:0a"
"""The hardware address of peerA, the host's end of the same cable."""
_IN_APP = "nsenter -t $(pgrep -o -x sleep) -n"
_ON_IN_APP = f"{_IN_APP} ip link set eth1 promisc on"
_DEAF = f"{_IN_APP} iptables -A INPUT -p icmp --icmp-type echo-request -j DROP"
_ON = "ip link set eth0 promisc on"
_FROM_WIRE = f"""\
    type filter hook ingress device "eth0" priority 0;
    ether daddr {_MAC} fwd to "peerA"
    ether daddr ff:ff:ff:ff:ff:ff dup to "peerA\""""
_HUB = f"""\
brctl delif docker0 peerA
nft -f - <<END
table netdev hub {{
  chain from-wire {{
{_FROM_WIRE}
  }}
  chain from-container {{
    type filter hook ingress device "peerA" priority 0;
    fwd to "eth0"
  }}
}}
END"""
_REPAIRED = (
    f"nft flush chain netdev hub from-wire\n"
    f"nft add rule netdev hub from-wire ether daddr {_MAC} fwd to peerA\n"
    "nft add rule netdev hub from-wire ether daddr ff:ff:ff:ff:ff:ff dup to peerA"
)
_BRIDGED = ("brctl addif docker0 peerA", "brctl addif docker0 eth0")
_MOVED = (
    f"ip addr del {_HOST}/24 dev eth0",
    f"ip addr add {_HOST}/24 dev docker0",
    "ip route add default via 198.51.100.1",
)
_MACVLAN = f"ip link add link eth0 name mv0 address {_MAC} type macvlan mode bridge"

EXERCISES = (
    Exercise(
        id="X1",
        kind="predict",
        goal="The hub joins `eth0` and the second card of `app`, and `eth0` is as it was: it "
        "filters. Somebody makes a card promiscuous, but the one in the container: `eth1` of "
        "`app`. Then the LAN machine pings 198.51.100.50. What happens?",
        before="I1",
        choices=(
            Choice(
                "a",
                "It is answered: the container's card takes in everything now.",
                (Reaches("lan", _APP),),
            ),
            Choice(
                "b",
                "No answer, and eth0 of the host is as it was.",
                (Promiscuous("eth0", on=False),),
                (Reaches("lan", _APP),),
            ),
            Choice(
                "c",
                "It is answered: the wish is passed on, and eth0 becomes promiscuous, too.",
                (Promiscuous("eth0"),),
            ),
            Choice(
                "d",
                "No answer, and the host is no longer reached either: app takes its frames.",
                (Reaches("lan", _HOST, ok=False),),
            ),
        ),
        checks=(Promiscuous("eth1", ns="app"),),
        because="Promiscuous is a wish about one card. It is not passed on along a cable or "
        "through the hub: eth0 goes on dropping the frames for app's MAC.",
        hints=(
            "Which of the two cards is the first that the ping's frame comes to?",
            "Run it, ping from `lan`, and look at `ip -d link show eth0` in the host.",
            f'`{_ON_IN_APP}`, then `lesson["X1"].lab.ping("lan", "{_APP}")`.',
        ),
        answer=(_ON_IN_APP,),
        others=((SetPromiscuous("eth1", ns="app"),),),
        wrong=(
            WrongAnswer(
                (_ON_IN_APP,), "you chose a, but the LAN machine does not reach 198.51.100.50", "a"
            ),
            WrongAnswer((_ON_IN_APP,), "you chose c, but eth0 accepts only frames for it", "c"),
            WrongAnswer(
                (_ON_IN_APP,), "you chose d, but the LAN machine reaches 198.51.100.10", "d"
            ),
            WrongAnswer((_ON,), "app/eth1 accepts only frames for it", "c"),
            WrongAnswer(
                (_ON_IN_APP, _ON),
                "with nothing but what the exercise says, eth0 accepts only frames for it",
                "c",
            ),
        ),
    ),
    Exercise(
        id="X2",
        kind="build",
        goal="`eth1` of `app` has the address 198.51.100.50/24, and no wire to the outside. See "
        "to it that the LAN machine, 198.51.100.20, reaches it there, and `app` the LAN machine. "
        "The host keeps its address 198.51.100.10/24 on `eth0`, and reaches 203.0.113.80 as "
        "before.",
        checks=(
            Reaches("lan", _APP),
            Reaches("app", _LAN),
            HasAddress("eth1", f"{_APP}/24", ns="app"),
            HasAddress("eth0", f"{_HOST}/24"),
            Reaches(None, _OUTSIDE),
        ),
        hints=(
            "What must a frame pass from the LAN to `eth1`, and which of it is not there, or shut?",
            "The hub of this notebook is one way; the card's ear is the other half of it.",
            f"The cell with `table netdev hub`, and then `{_ON}`.",
        ),
        answer=(_HUB, _ON),
        others=(
            (
                # without a wire through the host, and without a promiscuous card
                DeleteLink("peerA"),
                _MACVLAN,
                "ip link set mv0 netns $(pgrep -o -x sleep) name eth1",
                f"{_IN_APP} ip addr add {_APP}/24 dev eth1",
                f"{_IN_APP} ip link set eth1 up",
            ),
        ),
        wrong=(
            WrongAnswer((_ON,), "the LAN machine does not reach 198.51.100.50"),
            WrongAnswer((_HUB,), "the LAN machine does not reach 198.51.100.50"),
            WrongAnswer(_BRIDGED[1:], "host does not reach 203.0.113.80"),
            WrongAnswer(
                (*_BRIDGED[1:], *_MOVED), "eth0 does not have 198.51.100.10/24: it has no address"
            ),
            WrongAnswer(
                (
                    _MACVLAN.replace(_MAC, "02:42:c6:33:64:33"),
                    "ip link set mv0 netns $(pgrep -o -x sleep)",
                    f"{_IN_APP} ip addr del {_APP}/24 dev eth1",
                    f"{_IN_APP} ip addr add {_APP}/24 dev mv0",
                    f"{_IN_APP} ip link set mv0 up",
                ),
                "app/eth1 does not have 198.51.100.50/24: it has no address",
            ),
            # the host answers in its place
            WrongAnswer((f"ip addr add {_APP} dev eth0",), "app does not reach 198.51.100.20"),
            WrongAnswer((_HUB, _ON, _DEAF), "the LAN machine does not reach 198.51.100.50"),
        ),
    ),
    Exercise(
        id="X3",
        kind="mend",
        find=True,
        goal="The hub was typed anew, and `eth0` is promiscuous; yet the LAN machine gets no "
        "answer from 198.51.100.50. Its question by ARP is answered. Put it right in the host: "
        "`app` is as it should be. The host reaches 203.0.113.80 as before.",
        done=True,
        prepare=(_REPAIRED.replace(_MAC, _NOT_ITS_MAC),),
        checks=(Reaches("lan", _APP), Reaches(None, _OUTSIDE)),
        only=("host",),
        hints=(
            "To which hardware address does the LAN machine send the ping, and who knows it?",
            "`nft list table netdev hub` shows the hub; `ip link` in `app` the addresses there.",
            f"`nft add rule netdev hub from-wire ether daddr {_MAC} fwd to peerA`.",
        ),
        answer=(_REPAIRED,),
        others=(
            (f"nft add rule netdev hub from-wire ether daddr {_MAC} fwd to peerA",),
            ("nft delete table netdev hub", *_BRIDGED, *_MOVED),
        ),
        wrong=(
            WrongAnswer(
                ("ip link set eth0 promisc off", _ON),
                "the LAN machine does not reach 198.51.100.50",
            ),
            WrongAnswer(
                ("nft delete table netdev hub", "brctl addif docker0 peerA"),
                "the LAN machine does not reach 198.51.100.50",
            ),
            WrongAnswer(
                ("nft delete table netdev hub", *_BRIDGED), "host does not reach 203.0.113.80"
            ),
            WrongAnswer(
                (f"{_IN_APP} ip link set eth1 address {_NOT_ITS_MAC}",),
                "this should not have changed",
            ),
        ),
    ),
)
