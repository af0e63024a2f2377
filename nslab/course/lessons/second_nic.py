"""08: a second NIC for a running container, line by line, with the slips of the article."""

from __future__ import annotations

from nslab.course.exercises import second_nic as exercises
from nslab.course.lessons import docker_picture
from nslab.course.lessons.base import Lesson
from nslab.network.actions import AddVeth, Attach, Move, SetUp
from nslab.session.check import (
    ArePeers,
    HasAddress,
    HasLink,
    HasRoute,
    IsPort,
    NamedByPid,
    NoLink,
    Reaches,
    State,
)
from nslab.session.step import Step

ADDRESS = "198.51.100.50"
"""What the article calls ROUTEABLE_IP: an address of the host's own network that nobody has."""

CONTAINER = "container=$(pgrep -o -x sleep)"
"""The process id of the container app; with it, ``${container-pid}`` is that id."""

LESSON = Lesson(
    name="08-second-nic",
    title="A second NIC for a running container",
    goals=(
        "how a running container gets another network card, while it runs",
        "what `${container-pid}` really means to a shell, and why the lines work once you know",
        "what the number behind the slash is for: an address without it is an island",
    ),
    start=docker_picture.WIRING,
    steps=(
        Step(
            id="H1",
            title="A veth pair",
            text="The same as before: a cable with two ends, both in the host.",
            guess="The container runs. Will it notice anything of this line?",
            rows=("H1",),
            lines=("ip link add peerA type veth peer name peerB",),
            actions=(AddVeth("peerA", "peerB"),),
            checks=(HasLink("peerA", kind="veth"), ArePeers("peerA", "peerB")),
        ),
        Step(
            id="H2",
            title="One end into docker0",
            text="The end that stays in the host becomes a port of the bridge.",
            guess="Which state will the port have?",
            rows=("H2",),
            lines=("brctl addif docker0 peerA",),
            actions=(Attach("peerA", "docker0"),),
            checks=(IsPort("peerA", "docker0"),),
        ),
        Step(
            id="H3",
            title="Set the host's end up",
            text="This time the article does not forget it.",
            guess="Will peerA be `up` after this?",
            rows=("H3",),
            lines=("ip link set peerA up",),
            actions=(SetUp("peerA"),),
            checks=(State("peerA", "no-carrier"),),
        ),
        Step(
            id="H4",
            title="Move the other end into the container",
            text="`netns` takes a process id as well as a name: the namespace of that process.",
            guess="The line as it is printed is run first without, then with a variable called "
            "`container`. What does `${container-pid}` become in each case?",
            rows=("H4",),
            lines=(CONTAINER, "ip link set peerB netns ${container-pid}"),
            actions=(Move("peerB", to="app"),),
            checks=(NoLink("peerB"), HasLink("peerB", ns="app", kind="veth")),
        ),
        Step(
            id="H5",
            title="Call it eth1",
            text="`ip netns exec` wants a name in /var/run/netns; the link that you made in "
            "notebook 07 is one.",
            guess="Line H4 took the process id. Will `ip netns exec` take it too?",
            rows=("H5",),
            lines=(
                CONTAINER,
                "ln -s /proc/$container/ns/net /var/run/netns/$container",
                "ip netns exec ${container-pid} ip link set dev peerB name eth1",
            ),
            checks=(NamedByPid("app"), HasLink("eth1", ns="app", kind="veth")),
        ),
        Step(
            id="H6",
            title="Set it up",
            text="Both ends are up now, and the cable has a signal.",
            guess="Which two links change their state?",
            rows=("H6",),
            lines=(CONTAINER, "ip netns exec ${container-pid} ip link set eth1 up ;"),
            checks=(State("eth1", "up", ns="app"), State("peerA", "up")),
        ),
        Step(
            id="H7",
            title="An address, without a length",
            text="The address is set as the article prints it, with no length of its network.",
            guess="Who can be reached through `eth1` now?",
            rows=("H7",),
            lines=(
                f"{CONTAINER} ROUTEABLE_IP={ADDRESS}",
                "ip netns exec ${container-pid} ip addr add ${ROUTEABLE_IP} dev eth1 ;",
            ),
            checks=(HasAddress("eth1", f"{ADDRESS}/32", ns="app"),),
        ),
        Step(
            id="H7-length",
            title="The address with its length",
            text="With the length the kernel adds the route to the neighbours.",
            guess="Which line will be new in the container's routing table?",
            lines=(
                f"{CONTAINER} ROUTEABLE_IP={ADDRESS}/24",
                f"ip netns exec $container ip addr del {ADDRESS}/32 dev eth1",
                "ip netns exec ${container-pid} ip addr add ${ROUTEABLE_IP} dev eth1 ;",
            ),
            checks=(
                HasAddress("eth1", f"{ADDRESS}/24", ns="app"),
                HasRoute("198.51.100.0/24", dev="eth1", ns="app"),
                Reaches("lan", ADDRESS, ok=False),
            ),
        ),
    ),
    exercises=exercises.EXERCISES,
)
