"""macvlan, ipvlan, VLANs and tunnels."""

from __future__ import annotations

from faults.catalogue.made import on
from faults.topologies import WORLD, ping

_m, _t, _v, _i = on("macvlan"), on("tunnel"), on("vlan"), on("ipvlan")
_pair = ping("n1", "198.51.100.52")
_lan = ping("n1", "198.51.100.20")
_over = ping("c1", "10.42.0.12")
_VX = "ip -n h2 link del vx; ip -n h2 link add vx type vxlan "
_UP = "\nip -n h2 link set vx master br0 up"
_MISMATCH = "tunnel-mismatch"
_SHIM = (
    "ip link add shim link eth0 type ipvlan mode l2; ip addr add 198.51.100.60/32 dev shim\n"
    "ip link set shim up"
)
_vlan = ping("v0", "10.10.0.11")
_tag = ping("t0", "10.50.0.11")

FAULTS = (
    _m(
        "macvlan and its parent",
        "the host to it",
        "true",
        ping(None, "198.51.100.51"),
        "macvlan-parent",
        "n1 host",
    ),
    _m(
        "macvlan and its parent",
        "it to the host",
        "true",
        ping("n1", "198.51.100.10"),
        "macvlan-parent",
        "n1 host",
    ),
    _m(
        "macvlan mode",
        "private",
        "for n in 1 2; do ip -n n$n link set eth0 type macvlan mode private; done",
        _pair,
        "macvlan-mode",
        "n1/eth0 n2/eth0",
    ),
    _m(
        "macvlan mode",
        "vepa, and the switch sends nothing back",
        "for n in 1 2; do ip -n n$n link set eth0 type macvlan mode vepa; done",
        _pair,
        "macvlan-mode",
        "n1/eth0 n2/eth0",
    ),
    _m("macvlan down", "its parent", "ip link set eth0 down", _lan, "link-down", "host/eth0"),
    _m(
        "macvlan down",
        "their parent, between two on it",
        "ip link set eth0 down",
        _pair,
        "link-down",
        "host/eth0",
    ),
    _m(
        "macvlan down",
        "itself, and all know each other",
        "ip -n n2 link set eth0 down",
        _pair,
        "link-down",
        "n2/eth0",
        warmed="true",
    ),
    _m("macvlan down", "itself", "ip -n n2 link set eth0 down", _pair, "link-down", "n2/eth0"),
    _m(
        "macvlan down",
        "no default route",
        "ip -n n1 route del default",
        ping("n1", WORLD),
        "no-route",
        "n1",
    ),
    _m(
        "macvlan, other subnet",
        "of one",
        "ip -n n2 addr flush dev eth0; ip -n n2 addr add 198.51.101.52/24 dev eth0",
        ping("n1", "198.51.101.52"),
        "no-route nobody-has-address nobody-answers no-address",
        "n1 router",
        mends=False,
    ),
    _m(
        "one MAC twice",
        "two macvlans",
        "ip -n n2 link set eth0 down\n"
        "ip -n n2 link set eth0 address 02:00:00:00:00:51 && ip -n n1 link set eth0 address "
        "02:00:00:00:00:52; ip -n n2 link set eth0 up; ip -n n1 neigh replace 198.51.100.52 lladdr "
        "02:00:00:00:00:77 dev eth0 nud permanent",
        _pair,
        "wrong-neighbour",
        "n1/eth0",
    ),
    _t(
        "tunnel",
        "another number",
        _VX + "id 43 dstport 4789 local 10.0.0.2 remote 10.0.0.1 dev eth0" + _UP,
        _over,
        _MISMATCH,
        "h1/vx h2/vx",
    ),
    _t(
        "tunnel",
        "another remote end",
        _VX + "id 42 dstport 4789 local 10.0.0.2 remote 10.0.0.9 dev eth0 nolearning" + _UP,
        _over,
        _MISMATCH,
        "h2/vx h1/vx",
    ),
    _t(
        "tunnel",
        "another port",
        _VX + "id 42 dstport 8472 local 10.0.0.2 remote 10.0.0.1 dev eth0" + _UP,
        _over,
        _MISMATCH,
        "h1/vx h2/vx",
    ),
    _t(
        "tunnel",
        "no remote end",
        _VX + "id 42 dstport 4789 local 10.0.0.2 dev eth0 nolearning" + _UP,
        _over,
        _MISMATCH,
        "h2/vx",
    ),
    _t(
        "tunnel",
        "its end is gone",
        "ip -n h2 link del vx",
        _over,
        _MISMATCH + " nobody-answers",
        "h1 h2 c1",
    ),
    _t("tunnel down", "its end", "ip -n h2 link set vx down", _over, "link-down", "h2/vx"),
    _t(
        "tunnel down",
        "what it goes over",
        "ip -n h2 link set eth0 down",
        _over,
        "link-down",
        "h2/eth0",
    ),
    _t(
        "tunnel down",
        "not attached",
        "ip -n h2 link set vx nomaster",
        _over,
        "not-attached",
        "h2/vx",
    ),
    _t(
        "tunnel down",
        "no address for it",
        "ip -n h2 addr flush dev eth0",
        _over,
        "no-address " + _MISMATCH,
        "h2",
    ),
    _t(
        "tunnel filtered",
        "UDP 4789",
        "ip netns exec h2 iptables -A INPUT -p udp --dport 4789 -j DROP",
        _over,
        "filter-drop",
        "h2",
    ),
    _t(
        "tunnel too narrow",
        "a full frame",
        "true",
        ping("c1", "10.42.0.12", 1472),
        "too-big",
        "h1 h2 c1",
        mends=False,
    ),
    _v(
        "VLAN missing",
        "on the trunk",
        "bridge vlan del dev trA vid 10",
        _vlan,
        "vlan-missing",
        "host/trA",
    ),
    _v(
        "VLAN missing",
        "on the other trunk port",
        "bridge vlan del dev trB vid 10",
        _vlan,
        "vlan-missing",
        "host/trB",
    ),
    _v(
        "VLAN missing",
        "another number at the port",
        "bridge vlan del dev p1 vid 10; bridge vlan add dev p1 vid 11 pvid untagged",
        _vlan,
        "vlan-missing",
        "host/p1",
    ),
    _v(
        "VLAN missing",
        "tagged towards who knows no tags",
        "bridge vlan add dev p1 vid 10 pvid",
        _vlan,
        "vlan-missing vlan-tagged",
        "host/p1 v1/eth0",
    ),
    _v(
        "VLAN missing",
        "tagged towards who knows no tags, and all know each other",
        "bridge vlan add dev p1 vid 10 pvid",
        _vlan,
        "vlan-missing vlan-tagged",
        "host/p1 v1/eth0",
        warmed="true",
    ),
    _v(
        "VLAN numbers differ",
        "5 and 6",
        "ip -n t1 link del eth0.5; ip -n t1 link add link eth0 name eth0.6 type vlan id 6\n"
        "ip -n t1 addr add 10.50.0.11/24 dev eth0.6; ip -n t1 link set eth0.6 up",
        _tag,
        "vlan-mismatch vlan-missing nobody-answers",
        "t0/eth0.5 t1/eth0.6 t1",
    ),
    _v("link down", "below a VLAN", "ip -n t1 link set eth0 down", _tag, "link-down", "t1/eth0"),
    _i(
        "ipvlan and its parent",
        "the host to it",
        "true",
        ping(None, "198.51.100.61"),
        "macvlan-parent",
        "i1 host",
    ),
    _i(
        "ipvlan and its parent",
        "the host has one, and the route to only one of two",
        _SHIM + "\nip route add 198.51.100.62 dev shim",
        ping(None, "198.51.100.61"),
        "no-route",
        "host",
    ),
    _i(
        "ipvlan and its parent",
        "the host's own is gone, and all know each other",
        "ip link del shim",
        ping(None, "198.51.100.62"),
        "macvlan-parent",
        "i2 host",
        warmed=_SHIM + "\nip route add 198.51.100.62 dev shim",
    ),
    _i(
        "ipvlan l3",
        "the mode of all on one NIC, to the LAN",
        "ip -n i1 link set eth0 type ipvlan mode l3",
        ping("i1", "198.51.100.20"),
        "ipvlan-mode",
        "i1/eth0",
    ),
    _i(
        "ipvlan l3",
        "the mode of all on one NIC, to the world",
        "ip -n i1 link set eth0 type ipvlan mode l3",
        ping("i2", WORLD),
        "ipvlan-mode",
        "i2/eth0",
    ),
    _i(
        "ipvlan l3",
        "the mode of all on one NIC, from the LAN",
        "ip -n i1 link set eth0 type ipvlan mode l3",
        ping("lan", "198.51.100.62"),
        "ipvlan-mode",
        "i2/eth0",
    ),
    _i(
        "ipvlan l3",
        "two subnets, no route",
        "ip netns del i1; ip netns del i2\n"
        "for n in 1 2; do ip netns add l$n; ip link add lv$n link eth0 type ipvlan mode l3\n"
        "ip link set lv$n netns l$n; ip -n l$n addr add 192.169.5$n.10/24 dev lv$n\n"
        "ip -n l$n link set lv$n up; done",
        ping("l1", "192.169.52.10"),
        "no-route",
        "l1",
    ),
)
