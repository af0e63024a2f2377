"""15: whom the host's rules meet, a way with one router less, a detour through translation."""

from __future__ import annotations

from nslab.course.exercises.exercise import Exercise
from nslab.course.exercises.values import Choice, MustNot, WrongAnswer
from nslab.course.measure.topologies import way
from nslab.network.actions import AddAddress, AddRoute, DeleteRoute
from nslab.sentence import sentence
from nslab.session.check import GoesBy, HasRoute, Hops, Reaches

_DIRECT, _BRIDGE, _ROUTED, _NAT, _MACVLAN = (
    way(name).address for name in ("direct", "bridge", "route", "nat", "macvlan")
)
_DROP = "iptables -P FORWARD DROP"
_DROP_NFT = (
    "nft add table inet wall",
    "nft 'add chain inet wall shut { type filter hook forward priority 0; policy drop; }'",
)
_TO_HOST = f"ip -n client route add {_BRIDGE} via 10.5.0.254"
_TO_SERVER = f"ip route add {_BRIDGE} via {_NAT}"

EXERCISES = (
    Exercise(
        id="X1",
        kind="predict",
        goal=f"A rule costs the packets that meet it. To see which do, forbid it all: `{_DROP}` in "
        "the host. That shuts the way by bridge + NAT. Which of the other four does it shut?",
        choices=(
            Choice(
                "a",
                "None: only what the host forwards meets the rule.",
                tuple(Reaches("client", one) for one in (_DIRECT, _BRIDGE, _ROUTED, _MACVLAN)),
            ),
            Choice(
                "b",
                "bridge + route: it has a router, too.",
                (Reaches("client", _ROUTED, ok=False), Reaches("client", _BRIDGE)),
            ),
            Choice(
                "c",
                "bridge, and bridge + route: whatever passes a bridge.",
                (Reaches("client", _BRIDGE, ok=False), Reaches("client", _DIRECT)),
            ),
            Choice(
                "d", "All four: they are all in this host.", (Reaches("client", _DIRECT, ok=False),)
            ),
        ),
        checks=(Reaches("client", _NAT, ok=False),),
        because="The host's chain FORWARD is for what the host itself passes on as a router. The "
        "router of bridge + route is another namespace, with a filter of its own; the other three "
        "ways have no router.",
        hints=(
            "On which ways does a packet pass a router, and in which namespace is that router?",
            "Run it, and ping the five addresses of `measure.WAYS` from the client.",
            f'`{_DROP}`, then `lesson["X1"].lab.ping("client", "{_NAT}")`, and so on.',
        ),
        answer=(_DROP,),
        others=(_DROP_NFT,),
        wrong=(
            WrongAnswer((_DROP,), "you chose b, but client reaches 10.4.0.2", "b"),
            WrongAnswer((_DROP,), "you chose c, but client reaches 10.2.0.2", "c"),
            WrongAnswer((_DROP,), "you chose d, but client reaches 10.1.0.2", "d"),
            # "pass nothing on" was taken for "accept nothing"
            WrongAnswer(("iptables -P INPUT DROP",), "client reaches 10.6.0.2", "a"),
            WrongAnswer(
                (_DROP, "ip -n client link set direct down"),
                "with nothing but what the exercise says, client reaches 10.1.0.2",
                "d",
            ),
        ),
    ),
    Exercise(
        id="X2",
        kind="build",
        goal="What the client sends to 10.4.0.2 passes a router, and comes back by it. Make it "
        "cheaper, so that neither passes a router. The address remains the server's, and you "
        "change nothing but the client.",
        checks=(Hops("client", _ROUTED, routers=0),),
        mustnot=(
            MustNot(
                GoesBy(_ROUTED, "lo", ns="client"),
                sentence("the client answers itself: it has the server's address"),
            ),
        ),
        only=("client",),
        hints=(
            "By which of its cables does the client get to the server without a router?",
            "A host answers for each of its addresses, wherever that is: `ip -n client route`.",
            f"`ip -n client route replace 10.4.0.0/24 via {_DIRECT}`.",
        ),
        answer=(f"ip -n client route replace 10.4.0.0/24 via {_DIRECT}",),
        others=(
            (AddRoute(_ROUTED, via=_BRIDGE, ns="client"),),
            (  # as a neighbour on the same wire
                DeleteRoute("10.4.0.0/24", ns="client"),
                "ip -n client route add 10.4.0.0/24 dev macvlan",
            ),
        ),
        wrong=(
            WrongAnswer(
                ("ip -n client route replace 10.4.0.0/24 via 10.5.0.254",),
                "client does not reach 10.4.0.2",
            ),
            WrongAnswer((DeleteRoute("10.4.0.0/24", ns="client"),), "Network is unreachable"),
            WrongAnswer(
                ("ip -n client link set lo up", AddAddress("lo", f"{_ROUTED}/32", ns="client")),
                "the client answers itself",
            ),
            WrongAnswer(
                (AddRoute(_ROUTED, via=_DIRECT, ns="client"), "ip -n server route del 10.3.0.0/24"),
                "this should not have changed",
            ),
        ),
    ),
    Exercise(
        id="X3",
        kind="mend",
        find=True,
        goal="Client and server are ports of the same bridge, `br-plain`. Yet what the client "
        "sends to 10.2.0.2 takes a detour: the host forwards and translates it. Let it go by the "
        "client's link `bridge` again, without a router; what the detour needed does not stay.",
        prepare=(_TO_HOST, _TO_SERVER),
        checks=(Hops("client", _BRIDGE, routers=0), GoesBy(_BRIDGE, "bridge", ns="client")),
        mustnot=(
            MustNot(
                HasRoute(f"{_BRIDGE}/32", ns="host"),
                sentence("the host still has a route to 10.2.0.2, which nobody needs"),
            ),
        ),
        only=("client", "host"),
        hints=(
            "Two routes of the client fit 10.2.0.2. Which of them wins?",
            "`ip -n client route get 10.2.0.2` says where it goes; then ask the host the same.",
            f"`{_TO_HOST.replace('add', 'del')}`, and the same for the host's.",
        ),
        answer=(_TO_HOST.replace("add", "del"), _TO_SERVER.replace("add", "del")),
        others=(
            (
                DeleteRoute(f"{_BRIDGE}/32", ns="client", via="10.5.0.254"),
                DeleteRoute(f"{_BRIDGE}/32", via=_NAT),
            ),
            (f"ip -n client route replace {_BRIDGE} dev bridge", f"ip route flush {_BRIDGE}"),
        ),
        wrong=(
            WrongAnswer((_TO_SERVER.replace("add", "del"),), "client does not reach 10.2.0.2"),
            WrongAnswer((_TO_HOST.replace("add", "del"),), "the host still has a route"),
            WrongAnswer(
                (
                    f"ip -n client route replace {_BRIDGE} via {_DIRECT}",
                    _TO_SERVER.replace("add", "del"),
                ),
                "client sends to 10.2.0.2 by direct via 10.1.0.2, not by bridge",
            ),
            WrongAnswer(
                (
                    _TO_HOST.replace("add", "del"),
                    _TO_SERVER.replace("add", "del"),
                    "ip -n server route del 10.3.0.0/24",
                ),
                "this should not have changed",
            ),
            WrongAnswer(
                (  # the right link, and a router all the same
                    _TO_SERVER.replace("add", "del"),
                    f"ip -n client route replace {_BRIDGE} via 10.2.0.254 dev bridge",
                ),
                "client does not reach 10.2.0.2",
            ),
            WrongAnswer(
                (  # nobody answers for it
                    _TO_HOST.replace("add", "del"),
                    _TO_SERVER.replace("add", "del"),
                    "ip link set plain-c down",
                ),
                "client does not reach 10.2.0.2",
            ),
        ),
    ),
)
