"""14: frames without a tag, two machines in one VLAN, a trunk that lacks one."""

from __future__ import annotations

from nslab.course.exercises.exercise import Exercise
from nslab.course.exercises.values import Choice, MustNot, Way, WrongAnswer
from nslab.network.actions import (
    AddAddress,
    AddBridge,
    AddMacvlan,
    AddVeth,
    AddVlan,
    Attach,
    DeletePortVlan,
    Rename,
    SetBridge,
    SetDown,
    SetPortVlan,
    SetUp,
)
from nslab.sentence import sentence
from nslab.session.check import Carries, HasAddress, Reaches

_LAN = "198.51.100.20"
_ROUTER = "198.51.100.1"
_APP, _DB = "198.51.100.66", "198.51.100.67"
_NATIVE = "bridge vlan add vid 10 dev to-host pvid untagged"
_NOT_1 = "bridge vlan del vid 1 dev to-host"
_UNTAGGED = SetPortVlan("to-host", 10, pvid=True, untagged=True, ns="switch")
_ALLOW = SetPortVlan("to-host", 10, ns="switch")
_TAGGED = ("ip link add link eth0 name eth0.10 type vlan id 10", "ip link set eth0.10 up")


def _card(ns: str, address: str, parent: str = "eth0.10") -> tuple[str, ...]:
    return (
        f"ip link add link {parent} name mv netns {ns} type macvlan mode bridge",
        f"ip -n {ns} link set mv name eth0 up",
        f"ip -n {ns} addr add {address} dev eth0",
    )


def _plugged(ns: str, address: str) -> Way:
    return (
        AddVeth(f"to-{ns}", "eth0", peer_ns=ns, master="br10", up=True),
        SetUp("eth0", ns=ns),
        AddAddress("eth0", f"{address}/24", ns=ns),
    )


EXERCISES = (
    Exercise(
        id="X1",
        kind="predict",
        goal="The host sends without a tag, and the switch takes that for VLAN 1. Now somebody "
        "changes the switch's port towards the host: what comes in there without a tag is VLAN 10. "
        f"`{_NATIVE}`, and `{_NOT_1}`. Whom does the host reach then: the LAN machine "
        "198.51.100.20 in VLAN 10, the router 198.51.100.1 in VLAN 1?",
        before="K1-vlan",
        choices=(
            Choice(
                "a",
                "Both: the switch passes on what belongs to one network, 198.51.100.0/24.",
                (Reaches(None, _LAN), Reaches(None, _ROUTER)),
            ),
            Choice(
                "b",
                "The LAN machine, and the router no more.",
                (Reaches(None, _LAN), Reaches(None, _ROUTER, ok=False)),
            ),
            Choice(
                "c",
                "The router, as before: the host itself has no link in VLAN 10.",
                (Reaches(None, _ROUTER),),
            ),
            Choice(
                "d",
                "Neither: to be heard in VLAN 10 the host would have to send with its tag.",
                (Reaches(None, _LAN, ok=False), Reaches(None, _ROUTER, ok=False)),
            ),
        ),
        checks=(Carries("to-host", ns="switch", untagged=10, tagged=(20,)),),
        because="What comes in without a tag belongs to the port's own VLAN, 10 now. So the host "
        "has changed to the LAN machine's VLAN without noticing, and left the router's.",
        hints=(
            "Who puts a frame without a tag into a VLAN: the host or the switch?",
            "The lines are the switch's: the cell begins with `%%ns switch`. Then ping both.",
            (
                f'`{_NATIVE}` and `{_NOT_1}`, then `lesson["X1"].lab.ping("host", "{_LAN}")`, and '
                "so on."
            ),
        ),
        answer=(_UNTAGGED, DeletePortVlan("to-host", 1, ns="switch")),
        others=(
            (
                DeletePortVlan("to-host", 1, ns="switch"),
                DeletePortVlan("to-host", 10, ns="switch"),
                _UNTAGGED,
            ),
        ),
        wrong=(
            *(
                WrongAnswer((_UNTAGGED, DeletePortVlan("to-host", 1, ns="switch")), said, choice)
                for choice, said in (
                    ("a", "you chose a, but host does not reach 198.51.100.1"),
                    ("c", "you chose c, but host does not reach 198.51.100.1"),
                    ("d", "you chose d, but host reaches 198.51.100.20"),
                )
            ),
            WrongAnswer((_UNTAGGED,), "switch/to-host carries", "b"),
            WrongAnswer(
                (_UNTAGGED, DeletePortVlan("to-host", 1, ns="switch"), SetDown("eth0")),
                "with nothing but what the exercise says, host reaches 198.51.100.20",
                "d",
            ),
        ),
    ),
    Exercise(
        id="X2",
        kind="mend",
        find=True,
        goal="`app` is in VLAN 10 by its link `eth0.10`, and `db` in VLAN 20. Since somebody "
        "worked at the switch, `app` does not reach the LAN machine, 198.51.100.20. Put the "
        "switch right: the host and its containers are as they should be. The LAN machine's port "
        "remains in VLAN 10 alone, and the host reaches the router, 198.51.100.1.",
        done=True,
        prepare=(DeletePortVlan("to-host", 10, ns="switch"),),
        checks=(Reaches("app", _LAN), Reaches(None, _ROUTER)),
        mustnot=(
            MustNot(
                Carries("to-lan", ns="switch", untagged=10, tagged=(20,)),
                sentence("the LAN machine's port carries VLAN 20, too"),
            ),
        ),
        only=("switch",),
        hints=(
            "Which ports of the switch must a frame of VLAN 10 pass on its way?",
            "`bridge vlan show`, in a cell that begins with `%%ns switch`: what does a port lack?",
            "`bridge vlan add vid 10 dev to-host`, there.",
        ),
        answer=(_ALLOW,),
        others=(
            (
                SetBridge("br0", vlan_filtering=False, ns="switch"),
                _ALLOW,
                SetBridge("br0", vlan_filtering=True, ns="switch"),
            ),
        ),
        wrong=(
            WrongAnswer(
                (SetBridge("br0", vlan_filtering=False, ns="switch"),),
                "app does not reach 198.51.100.20",
            ),
            WrongAnswer((_UNTAGGED,), "app does not reach 198.51.100.20"),
            WrongAnswer(
                (SetPortVlan("to-lan", 20, pvid=True, untagged=True, ns="switch"),),
                "app does not reach 198.51.100.20",
            ),
            WrongAnswer(
                (_ALLOW, DeletePortVlan("to-host", 1, ns="switch")),
                "host does not reach 198.51.100.1",
            ),
            WrongAnswer(
                (_ALLOW, SetPortVlan("to-lan", 20, ns="switch")),
                "the LAN machine's port carries VLAN 20, too",
            ),
            WrongAnswer(
                (_ALLOW, SetDown("to-lan", ns="switch")), "app does not reach 198.51.100.20"
            ),
            WrongAnswer((_ALLOW, "ip -n db link set eth0.20 down"), "this should not have changed"),
        ),
    ),
    Exercise(
        id="X3",
        kind="build",
        goal="Two machines in VLAN 10: in `app` and in `db` a card `eth0`, with 198.51.100.66/24 "
        "and 198.51.100.67/24. `app` reaches the LAN machine, 198.51.100.20, and `db`. The "
        "switch stays as it is, and so does the host's own `eth0`.",
        before="K1-vlan",
        checks=(
            HasAddress("eth0", f"{_APP}/24", ns="app"),
            HasAddress("eth0", f"{_DB}/24", ns="db"),
            Reaches("app", _LAN),
            Reaches("app", _DB),
            Reaches(None, _ROUTER),
        ),
        only=("app", "db", "host"),
        hints=(
            "There is one VLAN link of each number on a card. What can stand on that?",
            "Make `eth0.10` in the host, and two links on it, or a bridge with it as a port.",
            "`ip link add link eth0.10 name mv netns app type macvlan mode bridge`, and so on.",
        ),
        answer=(*_TAGGED, *_card("app", f"{_APP}/24"), *_card("db", f"{_DB}/24")),
        others=(
            (
                AddVlan("eth0", "eth0.10", 10),
                SetUp("eth0.10"),
                AddBridge("br10"),
                SetUp("br10"),
                Attach("eth0.10", "br10"),
                *_plugged("app", _APP),
                *_plugged("db", _DB),
            ),
            (
                AddVlan("eth0", "eth0.10", 10),
                SetUp("eth0.10"),
                AddMacvlan("eth0.10", "mv1", to="app"),
                AddMacvlan("eth0.10", "mv2", to="db"),
                Rename("mv1", "eth0", ns="app"),
                Rename("mv2", "eth0", ns="db"),
                SetUp("eth0", ns="app"),
                SetUp("eth0", ns="db"),
                AddAddress("eth0", f"{_APP}/24", ns="app"),
                AddAddress("eth0", f"{_DB}/24", ns="db"),
            ),
        ),
        wrong=(
            WrongAnswer(
                (  # a bridge without its way out
                    AddBridge("br10"),
                    SetUp("br10"),
                    *_plugged("app", _APP),
                    *_plugged("db", _DB),
                ),
                "app does not reach 198.51.100.20",
            ),
            WrongAnswer(
                (*_card("app", f"{_APP}/24", "eth0"), *_card("db", f"{_DB}/24", "eth0")),
                "app does not reach 198.51.100.20",
            ),
            WrongAnswer(
                (*_TAGGED, *_card("app", f"{_APP}/25"), *_card("db", f"{_DB}/24")),
                "app/eth0 does not have 198.51.100.66/24: it has 198.51.100.66/25",
            ),
            WrongAnswer(
                (*_TAGGED, *_card("app", f"{_APP}/24"), *_card("db", f"{_DB}/25")),
                "db/eth0 does not have 198.51.100.67/24: it has 198.51.100.67/25",
            ),
            WrongAnswer(
                (
                    *_TAGGED,
                    *_card("app", f"{_APP}/24"),
                    *(line.replace("mode bridge", "mode private") for line in _card("db", _DB)),
                    f"ip -n db addr del {_DB} dev eth0",
                    f"ip -n db addr add {_DB}/24 dev eth0",
                ),
                "app does not reach 198.51.100.67",
            ),
            WrongAnswer(
                (  # the switch is told instead
                    SetPortVlan("to-host", 10, pvid=True, untagged=True, ns="switch"),
                    SetPortVlan("to-router", 10, pvid=True, untagged=True, ns="switch"),
                    *_card("app", f"{_APP}/24", "eth0"),
                    *_card("db", f"{_DB}/24", "eth0"),
                ),
                "this should not have changed",
            ),
            WrongAnswer(
                (  # the host moves, too
                    *_TAGGED,
                    *_card("app", f"{_APP}/24"),
                    *_card("db", f"{_DB}/24"),
                    "ip addr add 198.51.100.10/24 dev eth0.10",
                    "ip addr del 198.51.100.10/24 dev eth0",
                ),
                "host does not reach 198.51.100.1",
            ),
        ),
    ),
)
