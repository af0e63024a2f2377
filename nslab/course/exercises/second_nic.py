"""08: what a length reaches, a card for the other container, a card in the wrong one."""

from __future__ import annotations

from nslab.course.exercises.exercise import Exercise
from nslab.course.exercises.values import Choice, MustNot, WrongAnswer
from nslab.network.actions import AddAddress, AddVeth, Attach, DeleteLink, SetUp
from nslab.sentence import sentence
from nslab.session.check import GoesBy, HasAddress, HasLink, IsPort, State

_IN_APP = "nsenter -t $(pgrep -o -x sleep) -n"
_IN_DB = "nsenter -t $(pgrep -n -x sleep) -n"
_GATEWAY = "172.17.0.1"
_SHORT = f"{_IN_APP} ip addr add 198.51.100.50/28 dev eth1"

EXERCISES = (
    Exercise(
        id="X1",
        kind="predict",
        goal="`eth1` of `app` gets its address with another length: 198.51.100.50/28. A network "
        "of 28 bits has 16 addresses; this one begins at 198.51.100.48. Whom does `app` now look "
        "for behind `eth1`: 198.51.100.20, 198.51.100.60?",
        before="H7",
        choices=(
            Choice(
                "a",
                "Both: they begin with the same three numbers.",
                (GoesBy("198.51.100.20", "eth1", ns="app"),),
            ),
            Choice(
                "b",
                "198.51.100.60 only; for 198.51.100.20 it asks its gateway, as before.",
                (
                    GoesBy("198.51.100.60", "eth1", ns="app"),
                    GoesBy("198.51.100.20", "eth0", _GATEWAY, ns="app"),
                ),
            ),
            Choice(
                "c",
                "Neither: without /24 the address is an island.",
                (GoesBy("198.51.100.60", "eth0", _GATEWAY, ns="app"),),
            ),
            Choice(
                "d",
                "Both, and everybody else, too: the newest card is asked first.",
                (GoesBy("203.0.113.80", "eth1", ns="app"),),
            ),
        ),
        checks=(HasAddress("eth1", "198.51.100.50/28", ns="app"),),
        because="The length of the address says who is looked for on the wire: with /28 that is "
        ".48 to .63. All others go by the routes that were there before.",
        hints=(
            "Which is the last address of that network?",
            "`ip route get 198.51.100.20` in `app` asks the kernel, without sending anything.",
            f"`{_SHORT}`, then `ip route get` in `app` for both.",
        ),
        answer=(_SHORT,),
        others=((AddAddress("eth1", "198.51.100.50/28", ns="app"),),),
        wrong=(
            WrongAnswer((_SHORT,), "you chose a, but app sends to 198.51.100.20 by eth0", "a"),
            WrongAnswer((_SHORT,), "you chose c, but app sends to 198.51.100.60 by eth1", "c"),
            WrongAnswer((_SHORT,), "you chose d, but app sends to 203.0.113.80 by eth0", "d"),
            WrongAnswer(
                (_SHORT.replace("/28", "/24"),),
                "app/eth1 does not have 198.51.100.50/28: it has 198.51.100.50/24",
                "a",
            ),
            WrongAnswer(
                (_SHORT, f"{_IN_APP} ip route add 198.51.100.20 dev eth1"),
                "with nothing but what the exercise says, app sends to 198.51.100.20 by eth0",
                "a",
            ),
        ),
    ),
    Exercise(
        id="X2",
        kind="build",
        goal="Give the running container `db` a second card, too: `eth1`, with the address "
        "198.51.100.60/24. The host's end of its cable is called `peerD` and is a port of "
        "`docker0`; the cable has a signal. `app` and the host's own card have no part in it.",
        checks=(
            HasAddress("eth1", "198.51.100.60/24", ns="db"),
            IsPort("peerD", "docker0"),
            State("eth1", "up", ns="db"),
        ),
        only=("db", "host/peerD"),
        hints=(
            "Which of the article's lines name the container, and which of the two is it?",
            (
                "`pgrep -x sleep` lists the processes of both; `nsenter -t … -n ip addr` shows "
                "whose is whose."
            ),
            "The lines H1 to H7 with the new names, and `container=$(pgrep -n -x sleep)`.",
        ),
        answer=(
            "ip link add peerD type veth peer name peerE",
            "brctl addif docker0 peerD",
            "ip link set peerD up",
            "ip link set peerE netns $(pgrep -n -x sleep)",
            f"{_IN_DB} ip link set dev peerE name eth1",
            f"{_IN_DB} ip link set eth1 up",
            f"{_IN_DB} ip addr add 198.51.100.60/24 dev eth1",
        ),
        others=(
            (
                (
                    "ip link add peerD master docker0 up type veth peer name eth1 netns "
                    "$(pgrep -n -x sleep)"
                ),
                f"{_IN_DB} ifconfig eth1 198.51.100.60/24 up",
            ),
            (
                AddVeth("peerD", "eth1", peer_ns="db", master="docker0", up=True),
                SetUp("eth1", ns="db"),
                AddAddress("eth1", "198.51.100.60/24", ns="db"),
            ),
        ),
        wrong=(
            WrongAnswer(
                (
                    AddVeth("peerD", "eth1", peer_ns="db", master="docker0", up=True),
                    f"{_IN_DB} ip link set eth1 up",
                    f"{_IN_DB} ip addr add 198.51.100.60 dev eth1",
                ),
                "db/eth1 does not have 198.51.100.60/24: it has 198.51.100.60/32",
            ),
            WrongAnswer(
                (
                    AddVeth("peerD", "eth1", peer_ns="db", up=True),
                    f"{_IN_DB} ifconfig eth1 198.51.100.60/24 up",
                ),
                "peerD is not a port of a bridge",
            ),
            WrongAnswer(
                (
                    AddVeth("peerD", "eth1", peer_ns="db", master="docker0"),
                    f"{_IN_DB} ifconfig eth1 198.51.100.60/24 up",
                ),
                "db/eth1 is set up, and its wire is dead",
            ),
            WrongAnswer(
                (  # the first of the two
                    AddVeth("peerD", "eth1", peer_ns="app", master="docker0", up=True),
                    f"{_IN_APP} ifconfig eth1 198.51.100.60/24 up",
                ),
                "there is no link db/eth1",
            ),
            WrongAnswer(
                (
                    AddVeth("peerD", "eth1", peer_ns="db", master="docker0", up=True),
                    f"{_IN_DB} ifconfig eth1 198.51.100.60/24 up",
                    Attach("eth0", "docker0"),
                ),
                "this should not have changed: ",
            ),
        ),
    ),
    Exercise(
        id="X3",
        kind="mend",
        goal="Somebody took the process id of the wrong container: the second card, `eth1` with "
        "198.51.100.50/24, was to be `app`'s, and is `db`'s. Put it right: `app` has it, set up "
        "and with that address, `db` has only its `eth0` again, and `peerA` is the port of "
        "`docker0` for it.",
        before="H4",
        prepare=(
            "ip link set peerB netns $(pgrep -n -x sleep)",
            f"{_IN_DB} ip link set peerB name eth1",
            f"{_IN_DB} ip link set eth1 up",
            f"{_IN_DB} ip addr add 198.51.100.50/24 dev eth1",
        ),
        checks=(
            HasAddress("eth1", "198.51.100.50/24", ns="app"),
            State("eth1", "up", ns="app"),
            IsPort("peerA", "docker0"),
        ),
        mustnot=(MustNot(HasLink("eth1", ns="db"), sentence("db still has a card eth1")),),
        hints=(
            "In whose namespace does a line have to run that moves the card out of db?",
            (
                "`nsenter -t … -n` enters db; `ip link set … netns …` takes a process id there, "
                "too. Remember what a link loses on its way."
            ),
            "`nsenter -t DB -n ip link set eth1 netns APP`, then in app the lines H6 and H7.",
        ),
        answer=(
            f"{_IN_DB} ip link set eth1 netns $(pgrep -o -x sleep)",
            f"{_IN_APP} ip link set eth1 up",
            f"{_IN_APP} ip addr add 198.51.100.50/24 dev eth1",
        ),
        others=(
            (
                "ip link del peerA",
                (
                    "ip link add peerA master docker0 up type veth peer name eth1 netns "
                    "$(pgrep -o -x sleep)"
                ),
                f"{_IN_APP} ifconfig eth1 198.51.100.50/24 up",
            ),
            (
                DeleteLink("eth1", ns="db"),
                AddVeth("peerA", "eth1", peer_ns="app", master="docker0", up=True),
                SetUp("eth1", ns="app"),
                AddAddress("eth1", "198.51.100.50/24", ns="app"),
            ),
        ),
        wrong=(
            WrongAnswer(
                (
                    f"{_IN_DB} ip link set eth1 netns $(pgrep -o -x sleep)",
                    f"{_IN_APP} ip link set eth1 up",
                ),
                "app/eth1 does not have 198.51.100.50/24: it has no address",
            ),
            WrongAnswer(
                (
                    f"{_IN_DB} ip link set eth1 netns $(pgrep -o -x sleep)",
                    f"{_IN_APP} ip addr add 198.51.100.50/24 dev eth1",
                ),
                "app/eth1 is down",
            ),
            WrongAnswer(
                (
                    "ip link del peerA",
                    AddVeth("peerA", "eth1", peer_ns="app", up=True),
                    f"{_IN_APP} ifconfig eth1 198.51.100.50/24 up",
                ),
                "peerA is not a port of a bridge",
            ),
            WrongAnswer(
                (  # a second cable, and the first one stays where it is
                    AddVeth("peerC", "eth1", peer_ns="app", master="docker0", up=True),
                    f"{_IN_APP} ifconfig eth1 198.51.100.50/24 up",
                ),
                "db still has a card eth1",
            ),
        ),
    ),
)
