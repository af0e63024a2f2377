"""Two sites that are one network: a tunnel carries the frames from ``red`` to ``blue`` and back.

``red`` hangs on a bridge at ``west``, ``blue`` on one at ``east``; the two sites' own cable carries
the tunnel (VXLAN).  By a rule of the owner's, east does not ping west.
"""

from __future__ import annotations

from nslab.course.exercises.values import Way
from nslab.course.puzzles.opens import Opens
from nslab.course.puzzles.values import Network, fault
from nslab.session.check import Check, Reaches

_RED, _BLUE = "10.42.0.11", "10.42.0.12"
_WEST, _EAST = "10.0.0.1", "10.0.0.2"
_IN = "ip netns exec {} "
_VX = "ip -n east link add vx mtu 1450 type vxlan "
_END = "id {} dstport {} local {} remote {} dev eth0{}"
_UP = "; ip -n east link set vx master lan up"
_RIGHT = _VX + _END.format(42, 4789, _EAST, _WEST, "") + _UP
_PORT = (
    "ip -n {0} link add port mtu 1450 type veth "
    "peer name eth0 mtu 1450 address 02:00:00:42:00:1{1} netns {2}"
)
_GONE = "ip -n east link del vx"


def _site(name: str, member: str, number: int) -> Way:
    own, other = f"10.0.0.{number}", f"10.0.0.{3 - number}"
    return (
        f"ip -n {name} addr add {own}/24 dev eth0; ip -n {name} link set eth0 up",
        f"ip -n {name} link add lan mtu 1450 type bridge; ip -n {name} link set lan mtu 1450 up",
        f"ip -n {name} link add vx mtu 1450 type vxlan {_END.format(42, 4789, own, other, '')}",
        f"ip -n {name} link set vx master lan up",
        _PORT.format(name, number, member),
        f"ip -n {name} link set port master lan up; ip -n {member} link set eth0 up",
        f"ip -n {member} addr add 10.42.0.1{number}/24 dev eth0",
    )


_BUILT: Way = (
    "for ns in west east red blue; do ip netns add $ns; ip -n $ns link set lo up; done",
    "ip -n west link add eth0 type veth peer name eth0 netns east",
    *_site("west", "red", 1),
    *_site("east", "blue", 2),
    _IN.format("west") + "iptables -A INPUT -p icmp --icmp-type echo-request -j DROP",
    _IN.format("blue") + "busybox httpd -p 80 -h / </dev/null >/dev/null 2>&1",
)

_WORKS: dict[str, Check] = {
    "red-blue": Reaches("red", _BLUE),
    "blue-red": Reaches("blue", _RED),
    "red-large": Reaches("red", _BLUE, size=1400),
    "blue-page": Opens("red", _BLUE, 80),
    "west-east": Reaches("west", _EAST),
    "east-west": Reaches("east", _WEST, ok=False),
}

_ALL = ("red-blue", "blue-red", "red-large", "blue-page")


def _line(made: str, mended: str) -> tuple[Way, Way]:
    return (made,), (mended,)


def _instead(end: str) -> tuple[Way, Way]:
    """Another end of the tunnel than the right one."""
    return _line(f"{_GONE}; {_VX}{end}{_UP}", f"{_GONE}; {_RIGHT}")


_FAULTS = (
    fault(
        "east-end-down",
        "tunnel down",
        1,
        "end",
        _line("ip -n east link set vx down", "ip -n east link set vx up"),
        "The two sites ping each other. Red and blue have lost each other over night.",
        _ALL,
        "Which links of each site are up? `ip -br link`, in west and in east.",
    ),
    fault(
        "east-end-loose",
        "tunnel down",
        2,
        "end",
        _line("ip -n east link set vx nomaster", "ip -n east link set vx master lan"),
        "At east a link was made anew. Everything is up there, and blue is alone.",
        _ALL,
        "Who hangs on the bridge at each site? `bridge link`, in west and in east.",
    ),
    fault(
        "cable-between-the-sites",
        "tunnel down",
        1,
        "cable",
        _line("ip -n east link set eth0 down", "ip -n east link set eth0 up"),
        "Nothing gets from one site to the other, neither theirs nor what they carry.",
        (*_ALL, "west-east"),
        "What does the tunnel go over, and is that up? `ip -d link`, in east.",
    ),
    fault(
        "numbers-that-differ",
        "tunnel",
        2,
        "end",
        _instead(_END.format(43, 4789, _EAST, _WEST, "")),
        "East was set up again from memory. The sites see each other, red and blue do not.",
        _ALL,
        "Do both ends say the same of themselves? `ip -d link show vx`, in west and in east.",
    ),
    fault(
        "doors-that-differ",
        "tunnel",
        2,
        "end",
        _instead(_END.format(42, 8472, _EAST, _WEST, "")),
        "East runs another release now. The sites see each other, red and blue do not.",
        _ALL,
        "Where does each end send, and where does it listen? `ip -d link show vx`; `ss -lun`.",
    ),
    fault(
        "to-nobody",
        "tunnel",
        3,
        "end",
        _instead(_END.format(42, 4789, _EAST, "10.0.0.9", " nolearning")),
        "What red sends comes to blue, but no answer of blue's comes back.",
        _ALL,
        "To whom does east send what is for red? `bridge fdb show dev vx`, in east.",
    ),
    fault(
        "carried-and-dropped",
        "tunnel filtered",
        3,
        "site",
        _line(
            _IN.format("east") + "iptables -A INPUT -p udp --dport 4789 -j DROP",
            _IN.format("east") + "iptables -D INPUT -p udp --dport 4789 -j DROP",
        ),
        "After an audit at east the sites still see each other, and red and blue do not.",
        _ALL,
        "As what do red's frames arrive at east, and may that come in? `iptables -vS`, there.",
    ),
    fault(
        "a-smaller-cable",
        "tunnel too narrow",
        3,
        "cable",
        # At west, its kernel would tell red, which would remember it for ten minutes.
        _line("ip -n east link set eth0 mtu 1400", "ip -n east link set eth0 mtu 1500"),
        "Red talks to blue, and pages begin to open. As soon as there is more of it, it stops.",
        ("red-large",),
        "How much does the tunnel add, and what does each end of the cable below take? `ip link`.",
    ),
)

NETWORK = Network(
    name="tunnel",
    about="Two sites, `west` and `east`, and a tunnel (VXLAN) that joins their bridges, so that "
    "`red` at `west` and `blue` at `east` are on one network.",
    built=_BUILT,
    works=_WORKS,
    kept=("east-west",),
    mustnot=(),
    spoils=(
        ("ip netns del red", "red"),
        (_IN.format("west") + "iptables -F INPUT", "east reaches 10.0.0.1"),
        (_IN.format("blue") + "iptables -A INPUT -p tcp --dport 80 -j DROP", "does not open"),
    ),
    faults=_FAULTS,
)
