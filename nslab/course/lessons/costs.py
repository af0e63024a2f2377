"""15: what a way costs: measured in turn, with medians and spreads, and never ranked."""

from __future__ import annotations

from nslab.course.exercises import costs as exercises
from nslab.course.lessons.base import Lesson
from nslab.course.measure.topologies import START, way
from nslab.session.check import Hops, Masquerades
from nslab.session.step import Step

LESSON = Lesson(
    name="15-what-it-costs",
    title="What it costs",
    goals=(
        "what a bridge, a forwarding step, a translation and a macvlan cost, in four quantities",
        "how to measure without taking an accident for a result: in turn, often, with the spread",
        "what flooding costs the bystanders, and what this machine cannot tell",
        "what each way out of a container costs beside the card itself",
    ),
    start=START,
    steps=(
        Step(
            id="J1",
            title="NAT is a forwarding step and a translation",
            text="On a bridge a packet passes unchanged; through NAT it passes a router, which "
            "takes one from its time to live and writes another source into it.",
            guess="What happens to a packet on the way through NAT that does not happen on the "
            "way through the bridge?",
            rows=("J1",),
            checks=(
                Hops("client", way("bridge").address, routers=0),
                Hops("client", way("nat").address, routers=1),
                Masquerades("10.5.0.0/24", out="nat-s"),
            ),
        ),
    ),
    exercises=exercises.EXERCISES,
)
