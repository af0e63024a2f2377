"""01: the other end of a cable, a network that no engine must take, a cable without a bridge."""

from __future__ import annotations

from nslab.course.exercises.exercise import Exercise
from nslab.course.exercises.values import Choice, WrongAnswer
from nslab.course.pools import TakesNext
from nslab.network.actions import AddRoute, Attach, SetDown, SetUp
from nslab.session.check import GoesBy, NoLink, Reaches, State

_CABLE = "veth4c51f0b"
_DOWN = "ip link set veth22a38e6 down"
_MASTER = f"ip link set {_CABLE} master docker0"
_UP = f"ip link set {_CABLE} up"

EXERCISES = (
    Exercise(
        id="X1",
        kind="predict",
        find=True,
        goal="Find the host's end of the cable of `app`, and set it down: `ip link set … down`. "
        "What does `ip link show` in `app` then say of its `eth0`?",
        before="A3",
        choices=(
            Choice(
                "a",
                "UP and LOWER_UP, as before: nothing was done to it.",
                (State("eth0", "up", ns="app"),),
            ),
            Choice(
                "b",
                "UP, but not LOWER_UP: it is set up, and its wire has no signal.",
                (State("eth0", "no-carrier", ns="app"),),
            ),
            Choice(
                "c",
                "Neither: it goes down together with its other end.",
                (State("eth0", "down", ns="app"),),
            ),
            Choice("d", "Nothing: it is no longer in the list.", (NoLink("eth0", ns="app"),)),
        ),
        checks=(State("veth22a38e6", "down"),),
        because="The other end keeps its own switch: nobody has set eth0 down. But a cable "
        "carries nothing unless both its ends are up, so the kernel takes LOWER_UP away.",
        hints=(
            "Which of the two words is about the link's own switch, and which about its wire?",
            "`ip link show` in `app` says which number of the host the other end has.",
            f"`{_DOWN}` in the host, then `ip link show` in `app`.",
        ),
        answer=(_DOWN,),
        others=((SetDown("veth22a38e6"),), ("ifconfig veth22a38e6 down",)),
        wrong=(
            WrongAnswer((_DOWN,), "you chose a, but app/eth0 is set up, and its wire is dead", "a"),
            WrongAnswer((_DOWN,), "you chose c, but app/eth0 is set up", "c"),
            WrongAnswer((_DOWN,), "you chose d, but there is a link eth0 in app", "d"),
            WrongAnswer((f"ip link set {_CABLE} down",), "veth22a38e6 is up", "a"),
            WrongAnswer(
                (_DOWN, SetDown("eth0", ns="app")),
                "with nothing but what the exercise says, app/eth0 is set up",
                "c",
            ),
        ),
    ),
    Exercise(
        id="X2",
        kind="build",
        goal="No engine was started on this host yet. A company's network has all private "
        "addresses that begin with 172, and no others; the host finds it on the wire of its "
        "`eth0`, without a gateway. Give the host what is missing, so that an engine stays out "
        "of that network and takes 192.168.0.0/20. The public 172.40.1.1 goes to the router "
        "198.51.100.1, as before.",
        before="A1",
        checks=(
            TakesNext("192.168.0.0/20"),
            GoesBy("172.16.5.5", "eth0"),
            GoesBy("172.31.5.5", "eth0"),
            GoesBy("172.40.1.1", "eth0", "198.51.100.1"),
            GoesBy("10.5.5.5", "eth0", "198.51.100.1"),
        ),
        hints=(
            "What does an engine look at before it takes a network?",
            (
                "`free_pool(lesson['X2'].lab.snapshot().host.routes)` says what it would take, and "
                "`ip route get 172.40.1.1` where a packet goes."
            ),
            "`ip route add NETWORK dev eth0`, with the network that RFC 1918 names.",
        ),
        answer=("ip route add 172.16.0.0/12 dev eth0",),
        others=(
            ("ip route add 172.16.0.0/13 dev eth0", "ip route add 172.24.0.0/13 dev eth0"),
            (AddRoute("172.16.0.0/12", dev="eth0"),),
            ("ip addr add 172.16.0.9/12 dev eth0",),
        ),
        wrong=(
            WrongAnswer(
                ("ip route add 172.0.0.0/8 dev eth0",), "host sends to 172.40.1.1 by eth0, not by"
            ),
            WrongAnswer(
                ("ip route add 10.0.0.0/8 dev eth0", "ip route add 172.16.0.0/12 dev eth0"),
                "host sends to 10.5.5.5 by eth0, not by eth0 via 198.51.100.1",
            ),
            WrongAnswer(
                ("ip route add 172.16.0.0/12 dev eth0", "ip route add 192.168.0.0/16 dev eth0"),
                "all 31 of the engine's pools overlap a route",
            ),
            WrongAnswer(
                ("ip route add 172.17.0.0/16 dev eth0",),
                "an engine would take 172.18.0.0/16 next, not 192.168.0.0/20",
            ),
            WrongAnswer(
                (
                    "ip route add 172.17.0.0/16 dev eth0",
                    "ip route add 172.18.0.0/15 dev eth0",
                    "ip route add 172.20.0.0/14 dev eth0",
                    "ip route add 172.24.0.0/13 dev eth0",
                ),
                "host sends to 172.16.5.5 by eth0 via 198.51.100.1, not by eth0",
            ),
            WrongAnswer(
                (
                    "ip route add 172.16.0.0/13 dev eth0",
                    "ip route add 172.24.0.0/13 via 198.51.100.1",
                ),
                "host sends to 172.31.5.5 by eth0 via 198.51.100.1, not by eth0",
            ),
        ),
    ),
    Exercise(
        id="X3",
        kind="mend",
        find=True,
        goal="Somebody has tidied up among the links of this host, and since then `db` reaches "
        "nobody. Find what is wrong with its cable, so that `db` reaches `app`'s 172.17.0.2 "
        "again. All else is in order, and stays as it is.",
        before="A3",
        prepare=(f"ip link set {_CABLE} nomaster", f"ip link set {_CABLE} down"),
        checks=(Reaches("db", "172.17.0.2"),),
        only=(f"host/{_CABLE}",),
        hints=(
            "How does the line of db's cable differ from the line of app's?",
            "`ip link show`: look for `master`, `UP` and `LOWER_UP`.",
            f"`{_MASTER}` makes it a port of the bridge, `ip link set … up` sets it up.",
        ),
        answer=(_MASTER, _UP),
        others=(
            (f"brctl addif docker0 {_CABLE}", f"ifconfig {_CABLE} up"),
            (SetUp(_CABLE), Attach(_CABLE, "docker0")),
        ),
        wrong=(
            WrongAnswer((_UP,), "db does not reach 172.17.0.2"),
            WrongAnswer((_MASTER,), "db does not reach 172.17.0.2"),
            WrongAnswer(
                (  # now db reaches the host and the outside, but not its neighbour
                    _UP,
                    f"ip route add 172.17.0.3 dev {_CABLE}",
                ),
                "db does not reach 172.17.0.2",
            ),
            WrongAnswer(
                (
                    "ip link add br1 type bridge",
                    "ip link set br1 up",
                    f"ip link set {_CABLE} master br1 up",
                    "ip link set veth22a38e6 master br1",
                ),
                "this should not have changed: ",
            ),
        ),
    ),
)
