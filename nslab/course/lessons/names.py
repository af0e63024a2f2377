"""06: names: which file a program in a namespace reads, and who puts it there."""

from __future__ import annotations

from nslab.course.exercises import names as exercises
from nslab.course.lessons import way_out
from nslab.course.lessons.base import Lesson
from nslab.network.actions import ResolvConf
from nslab.session.check import HasFile, Resolves
from nslab.session.step import Step

STUB = "127.0.0.53"
"""Where many hosts keep a name server of their own: on their loopback (systemd-resolved(8))."""

LESSON = Lesson(
    name="06-names",
    title="Names",
    goals=(
        "why a container that reaches every address may still find no name",
        "what `/etc/netns` is, how `ip netns exec` uses it, and who does not see it",
        "how Docker gives each container a resolv.conf of its own",
    ),
    start=(*way_out.LESSON.state_after(), ResolvConf(STUB)),
    steps=(
        Step(
            id="F1",
            title="A resolv.conf for the namespace",
            text="A file in /etc/netns/ns1 takes the place of the one in /etc, for programs that "
            "`ip netns exec ns1` starts.",
            guess="The host's own /etc/resolv.conf: will it have changed?",
            rows=("F1", "F2"),
            lines=(
                "mkdir -p /etc/netns/ns1",
                'echo "nameserver 8.8.8.8" > /etc/netns/ns1/resolv.conf',
            ),
            actions=(ResolvConf("8.8.8.8", ns="ns1"),),
            checks=(
                HasFile("/etc/netns/ns1/"),
                HasFile("/etc/netns/ns1/resolv.conf", "nameserver 8.8.8.8"),
                HasFile("/etc/resolv.conf", f"nameserver {STUB}"),
            ),
        ),
        Step(
            id="F3",
            title="Names resolve",
            text="The resolver reads the bound file and asks 8.8.8.8, which the namespace can "
            "reach.",
            guess="Which of these find the name: a program that `ip netns exec` starts, one that "
            "`nsenter` starts, the host?",
            rows=("F3",),
            checks=(
                Resolves("ns1", "www.example.org", way_out.OUTSIDE),
                Resolves("host", "www.example.org", way_out.OUTSIDE),
            ),
        ),
    ),
    exercises=exercises.EXERCISES,
)
