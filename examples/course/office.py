"""A switch for the office: a lesson with two steps and two exercises."""

from nslab import (
    AddAddress,
    AddBridge,
    Choice,
    Exercise,
    HasAddress,
    HasLink,
    HasRoute,
    Lesson,
    SetUp,
    State,
    Step,
    Stp,
    WrongAnswer,
)

ROUTE = HasRoute("10.2.0.0/24", dev="office")

LESSON = Lesson(
    name="01-office",
    title="A switch for the office",
    goals=("what a switch is", "how the host takes part in its network"),
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
    exercises=(
        Exercise(
            id="X1",
            kind="predict",
            goal="The bridge office is down. You give it the address 10.2.0.1/24. "
            "Which route comes with it?",
            before="S2",
            choices=(
                Choice("a", "One to 10.2.0.0/24.", (ROUTE,)),
                Choice("b", "None yet.", mustnot=(ROUTE,)),
            ),
            checks=(HasAddress("office", "10.2.0.1/24"), State("office", "down")),
            hints=(
                "Can anything be sent through a link that is down?",
                "Run it, and look at `ip route`.",
                "`ip address add 10.2.0.1/24 dev office`, then `ip route`.",
            ),
            answer=("ip address add 10.2.0.1/24 dev office",),
            others=((AddAddress("office", "10.2.0.1/24"),),),
            wrong=(
                WrongAnswer(("ip address add 10.2.0.1/24 dev office",), "you chose a, but", "a"),
                WrongAnswer((), "office does not have 10.2.0.1/24", "b"),
                WrongAnswer(
                    ("ip address add 10.2.0.1/24 dev office", "ip link set office up"),
                    "office is up",
                    "a",
                ),
                WrongAnswer(
                    (
                        "ip address add 10.2.0.1/24 dev office",
                        "ip route add 10.2.0.0/24 dev office scope host",
                    ),
                    "with nothing but what the exercise says, host has no route 10.2.0.0/24",
                    "a",
                ),
            ),
        ),
        Exercise(
            id="X2",
            kind="build",
            goal="A second switch, called guests, without a spanning tree. Its network is "
            "10.3.0.0/24, and the host takes part in it as 10.3.0.1. Leave office alone.",
            done=True,
            checks=(
                Stp("guests", on=False),
                HasAddress("guests", "10.3.0.1/24"),
                HasRoute("10.3.0.0/24", dev="guests"),
            ),
            only=("host/guests",),
            hints=(
                "Which two steps did you take for office?",
                "Compare the two: `ip address`.",
                "`ip link add guests type bridge`, and then as in step S2.",
            ),
            answer=(
                "ip link add guests type bridge",
                "ip address add 10.3.0.1/24 dev guests",
                "ip link set guests up",
            ),
            others=((AddBridge("guests"), AddAddress("guests", "10.3.0.1/24"), SetUp("guests")),),
            wrong=(
                WrongAnswer(
                    (
                        "ip link add guests type bridge stp_state 1",
                        "ifconfig guests 10.3.0.1/24 up",
                    ),
                    "the spanning tree of guests is on",
                ),
                WrongAnswer(
                    ("ip link add guests type bridge", "ifconfig guests 10.3.0.2/24 up"),
                    "guests does not have 10.3.0.1/24: it has 10.3.0.2/24",
                ),
                WrongAnswer(
                    ("ip link add guests type bridge", "ip address add 10.3.0.1/24 dev guests"),
                    "host has no route 10.3.0.0/24 dev guests",
                ),
                WrongAnswer(
                    (
                        "ip link add guests type bridge",
                        "ifconfig guests 10.3.0.1/24 up",
                        "ip address add 10.3.0.2/24 dev office",
                    ),
                    "office: address 10.3.0.2/24",
                ),
            ),
        ),
    ),
)
