"""An office on two floors, whose switches keep three networks apart on one cable between them.

``desk`` and ``printer`` are the office's (VLAN 10), ``guest`` and ``screen`` the guests' (20);
``phone`` and ``exchange`` tag their frames themselves (30).  desk, guest and phone hang on the
bridge ``upper``, the others on ``lower``.  The host is the gateway of the first two, by links on
``upper``.  By a rule of the owner's, guests do not ping the printer.
"""

from __future__ import annotations

from nslab.course.exercises.values import MustNot, Way
from nslab.course.puzzles.values import Network, fault
from nslab.sentence import sentence
from nslab.session.check import Check, Masquerades, Reaches

_DESK, _PRINTER = "10.70.10.11", "10.70.10.12"
_GUEST, _SCREEN = "10.70.20.11", "10.70.20.12"
_PHONE, _EXCHANGE = "10.70.30.11", "10.70.30.12"
_OUTSIDE = "203.0.113.80"
_LARGE = 1400
_SWITCH = "ip link add {0} type bridge vlan_filtering 1 vlan_default_pvid 0 && ip link set {0} up"
_INSIDE = "bridge vlan add dev {} vid {} pvid untagged"


def _cable(name: str, bridge: str) -> str:
    return (
        f"ip netns add {name} && ip link add {name}0 type veth peer name eth0 netns {name} && "
        f"ip link set {name}0 master {bridge} up && ip -n {name} link set lo up && "
        f"ip -n {name} link set eth0 up && "
    )


def _member(name: str, bridge: str, vlan: int, address: str) -> str:
    """Somebody who knows nothing of VLANs: the bridge's port tags for them."""
    return _cable(name, bridge) + (
        f"{_INSIDE.format(f'{name}0', vlan)} && ip -n {name} addr add {address}/24 dev eth0 && "
        f"ip -n {name} route add default via 10.70.{vlan}.1"
    )


def _tagged(ns: str, below: str, vlan: int, address: str, number: int | None = None) -> str:
    """A VLAN's link with its address.

    :param number: the VLAN that it really is, if it is not the one in its name
    """
    ip = f"ip -n {ns}" if ns else "ip"
    link = f"{below}.{vlan}"
    return (
        f"{ip} link add link {below} name {link} type vlan id {number or vlan} && "
        f"{ip} addr add {address}/24 dev {link} && {ip} link set {link} up"
    )


def _talks(name: str, bridge: str, address: str) -> str:
    """Somebody who tags by itself."""
    port = f"bridge vlan add dev {name}0 vid 30"
    return _cable(name, bridge) + f"{port} && {_tagged(name, 'eth0', 30, address)}"


def _gateway(vlan: int, number: int | None = None) -> str:
    return _tagged("", "upper", vlan, f"10.70.{vlan}.1", number)


_BUILT: Way = (
    f"{_SWITCH.format('upper')} && {_SWITCH.format('lower')}",
    "ip link add riser0 type veth peer name riser1",
    "ip link set riser0 master upper up && ip link set riser1 master lower up",
    "for vid in 10 20 30; do bridge vlan add dev riser0 vid $vid; done",
    "for vid in 10 20 30; do bridge vlan add dev riser1 vid $vid; done",
    "bridge vlan add dev upper vid 10 self && bridge vlan add dev upper vid 20 self",
    f"{_gateway(10)} && {_gateway(20)}",
    _member("desk", "upper", 10, _DESK),
    _member("printer", "lower", 10, _PRINTER),
    _member("guest", "upper", 20, _GUEST),
    _member("screen", "lower", 20, _SCREEN),
    _talks("phone", "upper", _PHONE),
    _talks("exchange", "lower", _EXCHANGE),
    "sysctl -qw net.ipv4.ip_forward=1",
    "iptables -t nat -A POSTROUTING -s 10.70.0.0/16 -o eth0 -j MASQUERADE",
    f"iptables -A FORWARD -s 10.70.20.0/24 -d {_PRINTER} -j DROP",
)

_WORKS: dict[str, Check] = {
    "desk-printer": Reaches("desk", _PRINTER),
    "desk-large": Reaches("desk", _PRINTER, size=_LARGE),
    "guest-screen": Reaches("guest", _SCREEN),
    "phone-exchange": Reaches("phone", _EXCHANGE),
    "desk-screen": Reaches("desk", _SCREEN),
    "desk-out": Reaches("desk", _OUTSIDE),
    "printer-out": Reaches("printer", _OUTSIDE),
    "guest-out": Reaches("guest", _OUTSIDE),
    "screen-out": Reaches("screen", _OUTSIDE),
    "guest-printer": Reaches("guest", _PRINTER, ok=False),
}

_TO_PRINTER = ("desk-printer", "desk-large", "printer-out")
_TO_SCREEN = ("guest-screen", "desk-screen", "screen-out")
_OUT = ("desk-out", "printer-out", "guest-out", "screen-out")
_LIMIT = (
    "tc qdisc add dev {0} clsact && "
    "tc filter add dev {0} {1} matchall action police rate 1mbit burst {2} drop"
)


def _line(made: str, mended: str) -> tuple[Way, Way]:
    return (made,), (mended,)


def _again(ns: str, below: str, vlan: int, address: str, wrong: int) -> tuple[Way, Way]:
    """A VLAN's link that is made anew with another number than its name says, and as it was."""
    gone = f"ip -n {ns} link del {below}.{vlan}" if ns else f"ip link del {below}.{vlan}"
    made = f"{gone} && {_tagged(ns, below, vlan, address, wrong)}"
    return _line(made, f"{gone} && {_tagged(ns, below, vlan, address)}")


_FAULTS = (
    fault(
        "the-office-does-not-go-down",
        "VLAN missing",
        1,
        "riser",
        _line("bridge vlan del dev riser1 vid 10", "bridge vlan add dev riser1 vid 10"),
        "Since the cable between the floors was changed, the desk cannot print. The guests' screen "
        "downstairs is fine.",
        _TO_PRINTER,
        "Which networks may use the cable between the floors? `bridge vlan`, at both of its ends.",
    ),
    fault(
        "the-guests-do-not-go-down",
        "VLAN missing",
        1,
        "riser",
        _line("bridge vlan del dev riser0 vid 20", "bridge vlan add dev riser0 vid 20"),
        "The screen downstairs is black. Everybody on the upper floor is online, and so is the "
        "printer.",
        _TO_SCREEN,
        "Which networks may use the cable between the floors? `bridge vlan`, at both of its ends.",
    ),
    fault(
        "the-socket-beside-it",
        "VLAN missing",
        2,
        "printer",
        _line(
            "bridge vlan del dev printer0 vid 10 && " + _INSIDE.format("printer0", 20),
            "bridge vlan del dev printer0 vid 20 && " + _INSIDE.format("printer0", 10),
        ),
        "The printer was moved to the other side of the room, and is not found any longer.",
        _TO_PRINTER,
        "Whose network is the printer's port in? `bridge vlan`, and `bridge link`.",
    ),
    fault(
        "addressed-to-who-cannot-read",
        "VLAN missing",
        3,
        "printer",
        _line("bridge vlan add dev printer0 vid 10 pvid", _INSIDE.format("printer0", 10)),
        "The printer's lamp blinks at each job, so something gets there. No page comes out.",
        _TO_PRINTER,
        "What do the frames look like that get to the printer? `tcpdump -e`, in its namespace.",
    ),
    fault(
        "what-the-desk-says",
        "VLAN missing",
        3,
        "desk",
        _line("bridge vlan add dev desk0 vid 10 untagged", _INSIDE.format("desk0", 10)),
        "The desk is alone since the switch was set up anew. It even sees others ask for it.",
        ("desk-printer", "desk-large", "desk-out", "desk-screen"),
        "Which network do the desk's own frames get into? `bridge vlan`, and what each word of it "
        "means.",
    ),
    fault(
        "guests-without-a-gateway",
        "VLAN missing",
        2,
        "gateway",
        _line("bridge vlan del dev upper vid 20 self", "bridge vlan add dev upper vid 20 self"),
        "Guests see the screen, and nothing beyond their own network. The office has no trouble.",
        ("desk-screen", "guest-out", "screen-out"),
        "How does a guest's frame get to the host itself? `bridge vlan`, at the bridge.",
    ),
    fault(
        "a-gateway-for-nobody",
        "VLAN numbers differ",
        3,
        "gateway",
        _again("", "upper", 20, "10.70.20.1", 21),
        "The host was set up from a copy of its notes. Guests see the screen, and do not get out.",
        ("desk-screen", "guest-out", "screen-out"),
        "Which network is each link really in, whatever it is called? `ip -d link`.",
    ),
    fault(
        "two-that-miss-each-other",
        "VLAN numbers differ",
        2,
        "phone",
        _again("exchange", "eth0", 30, _EXCHANGE, 31),
        "The exchange was repaired, and the phone has been dead since. All else works.",
        ("phone-exchange",),
        "What does each of the two write on its frames? `ip -d link`, in both.",
    ),
    fault(
        "ten-bytes",
        "tc polices",
        2,
        "limit",
        _line(_LIMIT.format("eth0", "egress protocol ip", 10), "tc qdisc del dev eth0 clsact"),
        "The line to the world was to be shared more fairly. Nobody has got out since.",
        _OUT,
        "What has to let a packet pass after it was routed? `tc -s filter show dev eth0 egress`.",
    ),
    fault(
        "only-small-jobs",
        "tc polices",
        3,
        "limit",
        _line(_LIMIT.format("printer0", "ingress", 1000), "tc qdisc del dev printer0 clsact"),
        "The printer tells its state. Long answers, such as a scan, never arrive.",
        ("desk-large",),
        "What may come from the printer, and how much at once? `tc -s filter show`, at its port.",
    ),
)

NETWORK = Network(
    name="vlan",
    about="An office on two floors: `desk`, `guest` and `phone` are upstairs on the bridge "
    "`upper`, `printer`, `screen` and `exchange` downstairs on the bridge `lower`. One cable, "
    "`riser0` and `riser1`, joins the floors; `desk` and `printer`, `guest` and `screen`, "
    "`phone` and `exchange` are three networks on it. The host is the gateway of the first two.",
    built=_BUILT,
    works=_WORKS,
    kept=("guest-printer",),
    mustnot=(
        MustNot(
            Masquerades("10.99.0.0/16", out="eth0"),
            sentence(
                "the host now translates everybody's packets, not only those of its own networks"
            ),
        ),
    ),
    spoils=(
        ("ip netns del screen", "screen"),
        ("iptables -F FORWARD", f"guest reaches {_PRINTER}"),
        ("ip link set upper type bridge vlan_filtering 0", f"desk does not reach {_OUTSIDE}"),
        ("iptables -t nat -A POSTROUTING -o eth0 -j MASQUERADE", "translates everybody's packets"),
    ),
    faults=_FAULTS,
    engine="vm",
)
