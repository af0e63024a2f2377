"""07: what `ip netns del` deletes, a network without a process, a name that leads nowhere."""

from __future__ import annotations

from nslab.course.exercises.exercise import Exercise
from nslab.course.exercises.values import Choice, WrongAnswer
from nslab.network.actions import SetDown
from nslab.session.check import HasAddress, HasNamespace, NoLink, NoNamespace, NoProcess, State

_ENDED = 'while [ -n "$(ip netns pids kept)" ]; do sleep 0.05; done'
_OTHERS_END = "while pgrep -x sleep > /dev/null; do true; done"

EXERCISES = (
    Exercise(
        id="X1",
        kind="predict",
        goal="Somebody has linked the name `box` in /run/netns to the network of the running "
        "container `app`, 172.17.0.2; so the picture calls it `box`, too. Now you tidy up: "
        "`ip netns del box`. What becomes of the container?",
        before="G1",
        prepare=("ln -s /proc/$(pgrep -o -x sleep)/ns/net /run/netns/box",),
        choices=(
            Choice(
                "a", "Its network is gone, with both ends of its cable.", (NoLink("veth22a38e6"),)
            ),
            Choice(
                "b",
                "It runs on as before, with its eth0 and its address.",
                (HasAddress("eth0", "172.17.0.2/16", ns="app"), State("veth22a38e6", "up")),
            ),
            Choice(
                "c",
                "Nothing: the kernel refuses that as long as a process is in there.",
                (HasNamespace("box"),),
            ),
            Choice(
                "d", "It runs on, but its cable is dead.", (State("veth22a38e6", "no-carrier"),)
            ),
        ),
        checks=(NoNamespace("box"),),
        because="A name in /run/netns only leads to a network. The network lives as long as "
        "anything holds it: a name, a process or an open file. The container's process "
        "does.",
        hints=(
            "What is it that `ip netns` lists, and what keeps a namespace alive?",
            "Run it. Then look at the host's end of the cable, and into the container.",
            "`ip netns del box`, then `ip link show` in the host and in `app`.",
        ),
        answer=("ip netns del box",),
        others=(("rm /run/netns/box",), ("mv /run/netns/box /run/box",)),
        wrong=(
            WrongAnswer(("ip netns del box",), "you chose a, but there is a link veth22a38e6", "a"),
            WrongAnswer(("ip netns del box",), "you chose c, but there is no namespace box", "c"),
            WrongAnswer(("ip netns del box",), "you chose d, but veth22a38e6 is up", "d"),
            WrongAnswer((), "there is a namespace box", "c"),
            WrongAnswer(
                ("ip netns del box", SetDown("eth0", ns="app")),
                "with nothing but what the exercise says, veth22a38e6 is up",
                "d",
            ),
        ),
    ),
    Exercise(
        id="X2",
        kind="build",
        goal="The process of the container `db` ends, and its network stays: under the name "
        "`kept` in /run/netns, with its `eth0` and 172.17.0.3/16, and no process in it. The "
        "container `app` runs on.",
        before="G1",
        checks=(HasAddress("eth0", "172.17.0.3/16", ns="kept"), NoProcess("kept")),
        only=("db", "kept"),
        hints=(
            (
                "A link is only a name. What holds on to a namespace that no process uses, such as "
                "those that `ip netns add` makes?"
            ),
            (
                "`ip netns add test`, then `findmnt` shows what is mounted. And which of the two "
                "processes called sleep is db's?"
            ),
            (
                "`touch /run/netns/kept`, `mount --bind /proc/…/ns/net /run/netns/kept`, then "
                "`kill -9` for the process."
            ),
        ),
        answer=(
            "touch /run/netns/kept",
            "mount --bind /proc/$(pgrep -n -x sleep)/ns/net /run/netns/kept",
            "kill -9 $(pgrep -n -x sleep)",
            _ENDED,
        ),
        others=(
            ("ip netns attach kept $(pgrep -n -x sleep)", "pkill -9 -n -x sleep", _ENDED),
            ("ip netns attach kept $(pgrep -n -x sleep)", "kill -9 $(ip netns pids kept)", _ENDED),
        ),
        wrong=(
            WrongAnswer(
                (  # a link goes with the process to which it leads
                    "ln -s /proc/$(pgrep -n -x sleep)/ns/net /run/netns/kept",
                    "kill -9 $(pgrep -n -x sleep)",
                    "while [ $(pgrep -c -x sleep) -gt 1 ]; do true; done",
                ),
                "there is no namespace kept",
            ),
            WrongAnswer(
                ("ip netns attach kept $(pgrep -n -x sleep)",),
                "a process runs in kept: sleep infinity",
            ),
            WrongAnswer(
                (  # the first of the two
                    "ip netns attach kept $(pgrep -o -x sleep)",
                    "kill -9 $(ip netns pids kept)",
                    _ENDED,
                ),
                "kept/eth0 does not have 172.17.0.3/16: it has 172.17.0.2/16",
            ),
            WrongAnswer(("ip netns add kept",), "there is no link kept/eth0"),
            WrongAnswer(
                ("ip netns attach kept $(pgrep -n -x sleep)", f"pkill -9 -x sleep; {_OTHERS_END}"),
                "this should not have changed: ",
            ),
        ),
    ),
    Exercise(
        id="X3",
        kind="mend",
        goal="The name `web` in /run/netns led to the container `app`. Then `app` was started "
        "anew, and `ip netns exec web ip address` ends in an error. Put it right: `web` leads to "
        "the network of `app`, the one with 172.17.0.2. `db` still has no name there.",
        before="G1",
        prepare=("ln -s /proc/4194303/ns/net /run/netns/web",),
        checks=(HasAddress("eth0", "172.17.0.2/16", ns="web"),),
        only=("app", "web"),
        hints=(
            "Whose process id is in the link, and whose should be?",
            "`ls -l /run/netns`, and `pgrep -x sleep`, which lists both containers' processes.",
            "`ln -sfn` puts a new link in the place of an old one.",
        ),
        answer=("ln -sfn /proc/$(pgrep -o -x sleep)/ns/net /run/netns/web",),
        others=(
            ("rm /run/netns/web", "ip netns attach web $(pgrep -o -x sleep)"),
            (
                "ip netns del web; touch /run/netns/web",
                "mount --bind /proc/$(pgrep -o -x sleep)/ns/net /run/netns/web",
            ),
        ),
        wrong=(
            WrongAnswer(("ip netns del web", "ip netns add web"), "there is no link web/eth0"),
            WrongAnswer(
                ("ln -sfn /proc/$(pgrep -n -x sleep)/ns/net /run/netns/web",),
                "web/eth0 does not have 172.17.0.2/16: it has 172.17.0.3/16",
            ),
            WrongAnswer(("ip netns del web",), "there is no namespace web"),
            WrongAnswer(
                ("ln -sfn /proc/$(pgrep -o -x sleep)/ns/mnt /run/netns/web",),
                "there is no namespace web",
            ),
            WrongAnswer(
                (
                    "ln -sfn /proc/$(pgrep -o -x sleep)/ns/net /run/netns/web",
                    "ln -s /proc/$(pgrep -n -x sleep)/ns/net /run/netns/shop",
                ),
                "this should not have changed: ",
            ),
        ),
    ),
)
