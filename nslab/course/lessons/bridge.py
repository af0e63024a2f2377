"""02: a bridge, its spanning tree, and an address for it."""

from __future__ import annotations

from nslab.course.exercises import bridge as exercises
from nslab.course.lessons.base import Lesson
from nslab.network.actions import AddAddress, AddBridge, SetBridge, SetUp
from nslab.session.check import HasAddress, HasLink, HasRoute, State, Stp
from nslab.session.step import Step

LESSON = Lesson(
    name="02-bridge",
    title="The bridge",
    goals=(
        "what a bridge is, and what the kernel makes when you ask for one",
        "what the *spanning tree* and the *forward delay* of a bridge do, because you measured it",
        "why a bridge can have an address of its own, and what that address is for",
    ),
    steps=(
        Step(
            id="B1",
            title="Add a bridge",
            text="`brctl addbr` makes a switch in the kernel: a link of kind bridge, without "
            "ports, and down.",
            guess="Will the new bridge be on or off? Will it have ports?",
            rows=("B1",),
            lines=("brctl addbr lxcbr0",),
            actions=(AddBridge("lxcbr0"),),
            checks=(HasLink("lxcbr0", kind="bridge"),),
        ),
        Step(
            id="B2",
            title="Turn the spanning tree off",
            text="With the spanning tree on, a new port waits before it forwards; the kernel "
            "makes bridges with it off.",
            guess="What will change in the picture?",
            rows=("B2",),
            lines=("brctl stp lxcbr0 off",),
            actions=(SetBridge("lxcbr0", stp=False),),
            checks=(Stp("lxcbr0", on=False),),
        ),
        Step(
            id="B3",
            title="Give it an address, and set it up",
            text="With an address the host takes part in the bridge's network; the kernel adds "
            "the route to it.",
            guess="Which two other things will the kernel do by itself?",
            rows=("B3",),
            lines=("ifconfig lxcbr0 192.168.10.1/24 up",),
            actions=(AddAddress("lxcbr0", "192.168.10.1/24"), SetUp("lxcbr0")),
            checks=(
                HasAddress("lxcbr0", "192.168.10.1/24"),
                State("lxcbr0", "up"),
                HasRoute("192.168.10.0/24", dev="lxcbr0"),
            ),
        ),
    ),
    exercises=exercises.EXERCISES,
)
