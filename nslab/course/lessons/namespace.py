"""03: a network namespace, and what it isolates."""

from __future__ import annotations

from nslab.course.exercises import namespace as exercises
from nslab.course.lessons import bridge
from nslab.course.lessons.base import Lesson
from nslab.network.actions import AddNamespace, SetUp
from nslab.session.check import HasNamespace, NoRoute, Reaches, State
from nslab.session.step import Step

LESSON = Lesson(
    name="03-namespace",
    title="The namespace",
    goals=(
        "what a network namespace is, and what a new one holds",
        "what isolation means: two servers on port 80, one loopback each",
        "what two namespaces do *not* share, and what they do",
    ),
    start=bridge.LESSON.state_after(),
    steps=(
        Step(
            id="C1",
            title="Add a namespace",
            text="`ip netns add` makes a second, empty network within the host, and gives it a "
            "name.",
            guess="What is in a new network: any link, any route?",
            rows=("C1",),
            lines=("ip netns add ns1",),
            actions=(AddNamespace("ns1"),),
            checks=(
                HasNamespace("ns1", alone=True),
                NoRoute("127.0.0.1", ns="ns1"),
                NoRoute("192.168.10.1", ns="ns1"),
            ),
        ),
        Step(
            id="C2",
            title="Set its loopback up",
            text="`ip netns exec` runs one command in the namespace. A program in it can talk to "
            "itself only once the loopback is up.",
            guess="A program in `ns1` connects to 127.0.0.1 before this line, and after. What does "
            "it get?",
            rows=("C2",),
            lines=("ip netns exec ns1   ip link set dev lo up",),
            actions=(SetUp("lo", ns="ns1"),),
            checks=(State("lo", "up", ns="ns1"), Reaches("ns1", "127.0.0.1")),
        ),
    ),
    exercises=exercises.EXERCISES,
)
