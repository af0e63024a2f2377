"""A course of one's own: a lesson with two steps."""

from nslab import AddAddress, AddBridge, HasAddress, HasLink, Lesson, SetUp, State, Step

LESSON = Lesson(
    name="office",
    title="A switch for the office",
    goals=("what a switch is", "how it gets an address"),
    steps=(
        Step(
            id="S1",
            title="Make the switch",
            text="A bridge is a switch in the kernel.",
            guess="Is it up or down at first?",
            lines=("ip link add office type bridge",),
            actions=(AddBridge("office"),),
            checks=(HasLink("office", kind="bridge"),),
        ),
        Step(
            id="S2",
            title="Give it an address",
            text="With an address, the host itself takes part.",
            lines=("ip address add 10.1.0.1/24 dev office", "ip link set office up"),
            actions=(AddAddress("office", "10.1.0.1/24", broadcast=False), SetUp("office")),
            checks=(HasAddress("office", "10.1.0.1/24"), State("office", "up")),
        ),
    ),
)
