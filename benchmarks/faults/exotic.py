"""Networks that look broken and work: nothing may be said to be in the way."""

from __future__ import annotations

from faults.topologies import ECHO, TOPOLOGIES, WORLD, XDP, name, ping, tcp, udp
from faults.values import Question, Working

_near = ping("ns1", "192.168.10.12")
_gate = ping("ns1", "192.168.10.1")
_out = ping("ns1", WORLD)
_over = ping("ns1", "192.168.20.11")
_far = ping("a", "10.2.0.11")
_FLUSH = "iptables -t nat -F POSTROUTING\n"
_NFT = (
    _FLUSH + "nft add table ip t\n"
    "nft add chain ip t p '{ type nat hook postrouting priority 100 ; }'\n"
)
_CHAIN = "nft add table inet t; nft add chain inet t c "
_KEY = "ip -n ns1 route replace default "


def _on(topology: str, what: str, lines: str, question: Question) -> Working:
    return Working(what, topology, lines, question, TOPOLOGIES[topology].engine)


def _a(what: str, lines: str, question: Question) -> Working:
    return _on("article", what, lines, question)


WORKING: tuple[Working, ...] = (
    # -- routes
    _a(
        "ECMP by two gateways",
        "ip -n ns2 addr add 192.168.10.13/24 dev eth0\n"
        "ip addr add 192.168.10.2/24 dev lxcbr0\n"
        "ip -n ns1 route replace default nexthop via 192.168.10.1 nexthop via 192.168.10.2",
        _out,
    ),
    _a(
        "a nexthop object",
        "ip -n ns1 nexthop add id 1 via 192.168.10.1 dev eth0\n"
        "ip -n ns1 route replace default nhid 1",
        _out,
    ),
    _a(
        "a group of nexthops",
        "ip -n ns1 nexthop add id 1 via 192.168.10.1 dev eth0\n"
        "ip -n ns1 nexthop add id 3 group 1; ip -n ns1 route replace default nhid 3",
        _out,
    ),
    _a(
        "an onlink gateway",
        "ip addr add 10.99.0.1/32 dev lxcbr0\n" + _KEY + "via 10.99.0.1 dev eth0 onlink",
        _out,
    ),
    _a(
        "two default routes by metric",
        "ip -n ns1 route add default via 192.168.10.12 metric 500",
        _out,
    ),
    _a(
        "a route of a link without carrier is passed over",
        "sysctl -qw net.ipv4.conf.all.ignore_routes_with_linkdown=1\n"
        "ip link add dead type veth peer name end; ip link set dead up\n"
        "ip addr add 10.3.0.1/24 dev dead\n"
        "ip route add 203.0.113.0/24 dev dead metric 1; ip route add 203.0.113.0/24 "
        "via 198.51.100.1 metric 9",
        _out,
    ),
    _a(
        "blackhole that is less specific",
        "ip route add blackhole 203.0.0.0/16; ip route add 203.0.113.0/24 via 198.51.100.1",
        _out,
    ),
    _a(
        "throw goes on to main",
        "ip route add throw 203.0.113.0/24 table 10\n"
        "ip route add unreachable default table 10; ip rule add from 192.168.10.0/24 table 10",
        _out,
    ),
    _a("a rule to an empty table", "ip rule add from 192.168.10.0/24 table 123", _out),
    _a(
        "the default route in another table",
        "ip route del default\n"
        "ip route add default via 198.51.100.1 table 10; ip rule add to 203.0.113.0/24 table 10",
        _out,
    ),
    _a("a rule for others", "ip rule add from 192.168.20.0/24 unreachable", _out),
    _a(
        "a rule by a mark",
        "iptables -t mangle -A PREROUTING -i lxcbr0 -j MARK --set-mark 5\n"
        "ip route del default; ip route add default via 198.51.100.1 table 5\n"
        "ip rule add fwmark 5 table 5; sysctl -qw net.ipv4.conf.all.src_valid_mark=0",
        _out,
    ),
    _a(
        "AnyIP",
        "ip -n ns2 route add local 10.66.0.0/24 dev lo\n"
        "ip -n ns1 route add 10.66.0.0/24 via 192.168.10.12",
        ping("ns1", "10.66.0.7"),
    ),
    _a("no route of one's own subnet", "ip -n ns1 route flush 192.168.10.0/24", _near),
    _a("a gateway that is its own route", "ip -n ns1 route flush 192.168.10.0/24", _gate),
    _a(
        "all by the gateway, /32",
        "ip -n ns1 addr flush dev eth0\n"
        "ip -n ns1 addr add 192.168.10.11/32 dev eth0\n"
        "ip -n ns1 route add 192.168.10.1 dev eth0; ip -n ns1 route add default via 192.168.10.1",
        _out,
    ),
    _a(
        "/31 to a router",
        "ip link add p type veth peer name q netns ns3; ip link set p up\n"
        "ip addr add 10.31.0.0/31 dev p; ip -n ns3 addr add 10.31.0.1/31 dev q; "
        "ip -n ns3 link set q up",
        ping("ns3", "10.31.0.0"),
    ),
    _a(
        "a peer address",
        "ip link add p type veth peer name q netns ns3; ip link set p up\n"
        "ip addr add 10.8.0.1 peer 10.8.0.2 dev p\n"
        "ip -n ns3 addr add 10.8.0.2 peer 10.8.0.1 dev q; ip -n ns3 link set q up",
        ping("ns3", "10.8.0.1"),
    ),
    _a(
        "a source that the route names",
        "ip -n ns1 addr add 192.168.10.14/24 dev eth0\n"
        + _KEY
        + "via 192.168.10.1 src 192.168.10.14",
        _out,
    ),
    _a(
        "proxy_arp for all",
        "sysctl -qw net.ipv4.conf.lxcbr0.proxy_arp=1\n"
        "ip -n ns1 addr flush dev eth0; ip -n ns1 addr add 192.168.10.11/32 dev eth0\n"
        "ip -n ns1 route add 169.254.1.1 dev eth0; ip -n ns1 route add default via 169.254.1.1",
        _out,
    ),
    _a(
        "proxy_arp for a wide mask",
        "sysctl -qw net.ipv4.conf.lxcbr0.proxy_arp=1\n"
        "ip -n ns1 addr flush dev eth0; ip -n ns1 addr add 192.168.10.11/16 dev eth0",
        _over,
    ),
    _a(
        "proxy neighbour",
        "ip neigh add proxy 192.168.10.77 dev lxcbr0\n"
        "ip -n ns3 addr add 192.168.10.77/32 dev eth0; ip route add 192.168.10.77 dev br1",
        ping("ns1", "192.168.10.77"),
    ),
    _a(
        "a detour by a router",
        "ip netns exec ns2 sysctl -qw net.ipv4.ip_forward=1\n"
        "ip -n ns1 route add 203.0.113.80/32 via 192.168.10.12",
        _out,
    ),
    _a(
        "an asymmetric way",
        "ip addr add 192.168.10.2/24 dev lxcbr0\n" + _KEY + "via 192.168.10.2",
        _out,
    ),
    _a("rp_filter on, and all is symmetric", "sysctl -qw net.ipv4.conf.all.rp_filter=1", _out),
    _a("rp_filter loose, and another way back", "sysctl -qw net.ipv4.conf.all.rp_filter=2", _out),
    _a(
        "an address of the loopback device",
        "ip addr add 10.7.0.1/32 dev lo",
        ping("ns1", "10.7.0.1"),
    ),
    # -- links
    _a(
        "the spanning tree is on and through",
        "ip link set lxcbr0 type bridge stp_state 1 forward_delay 200; sleep 5",
        _gate,
    ),
    _a("one isolated port", "bridge link set dev lxcbr0.1 isolated on", _near),
    _a(
        "isolated ports and the bridge",
        "for p in 1 2; do bridge link set dev lxcbr0.$p isolated on; done",
        _gate,
    ),
    _a("no flooding, but learning", "bridge link set dev lxcbr0.2 flood off", _near),
    _a(
        "a right permanent neighbour, ARP off",
        "ip -n ns1 link set eth0 arp off; "
        "ip -n ns2 link set eth0 arp off\n"
        "ip -n ns1 neigh replace 192.168.10.12 lladdr 02:00:00:00:10:12 dev eth0 nud permanent\n"
        "ip -n ns2 neigh replace 192.168.10.11 lladdr 02:00:00:00:10:11 dev eth0 nud permanent",
        _near,
    ),
    _a(
        "a right static fdb, no learning",
        "bridge fdb replace 02:00:00:00:10:12 dev lxcbr0.2 "
        "master static; bridge link set dev lxcbr0.2 learning off flood off",
        _near,
    ),
    _a(
        "a wrong static fdb that heals",
        "bridge fdb replace 02:00:00:00:10:12 dev lxcbr0.1 master static",
        _near,
    ),
    _a(
        "arp_ignore 1 where the address is on the link",
        "sysctl -qw net.ipv4.conf.all.arp_ignore=1",
        _gate,
    ),
    _a(
        "one MAC twice on two bridges",
        "ip -n ns3 link set eth0 down\n"
        "ip -n ns3 link set eth0 address 02:00:00:00:10:11; ip -n ns3 link set eth0 up\n"
        "ip -n ns3 route add default via 192.168.20.1",
        _over,
    ),
    _a("a smaller MTU, and fragments may be made", "ip link set eth0 mtu 1000", _out),
    _a(
        "a smaller MTU, and it fits",
        "ip -n ns2 link set eth0 mtu 1400",
        ping("ns1", "192.168.10.12", 1200),
    ),
    _a(
        "a slow queue",
        "tc qdisc add dev lxcbr0.1 root tbf rate 10mbit burst 20k latency 50ms",
        _out,
    ),
    _a("a link down beside the way", "ip link set br1 down", _out),
    _a("lo down, and another is asked", "ip -n ns1 link set lo down", _out),
    # -- filters
    _a(
        "FORWARD DROP with exceptions",
        "iptables -P FORWARD DROP\n"
        "iptables -A FORWARD -i lxcbr0 -j ACCEPT\n"
        "iptables -A FORWARD -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT",
        _out,
    ),
    _a(
        "the same in nft",
        _CHAIN + "'{ type filter hook forward priority 0 ; policy drop ; }'\n"
        "nft add rule inet t c ct state established,related accept\n"
        "nft add rule inet t c iifname lxcbr0 accept",
        _out,
    ),
    _a("INPUT DROP does not matter here", "iptables -P INPUT DROP", _out),
    _a("FORWARD DROP does not matter on a bridge", "iptables -P FORWARD DROP", _near),
    _a("a drop for TCP only", "iptables -A FORWARD -p tcp -j DROP", _out),
    _a(
        "a drop in a chain that nobody jumps to", "iptables -N mine; iptables -A mine -j DROP", _out
    ),
    _a(
        "accepted before the drop",
        "iptables -A FORWARD -j ACCEPT; iptables -A FORWARD -j DROP",
        _out,
    ),
    _a(
        "Docker's rules",
        "iptables -N DOCKER; iptables -N DOCKER-USER; iptables -P FORWARD DROP\n"
        "iptables -A FORWARD -j DOCKER-USER; iptables -A DOCKER-USER -j RETURN\n"
        "iptables -A FORWARD -o lxcbr0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\n"
        "iptables -A FORWARD -o lxcbr0 -j DOCKER\n"
        "iptables -A FORWARD -i lxcbr0 ! -o lxcbr0 -j ACCEPT",
        _out,
    ),
    _a(
        "a limit that is not reached",
        "iptables -P FORWARD DROP; iptables -A FORWARD -m limit "
        "--limit 100/s --limit-burst 100 -j ACCEPT",
        _out,
    ),
    # -- NAT
    _a(
        "SNAT to the NIC's address",
        _FLUSH + "iptables -t nat -A POSTROUTING -s 192.168.10.0/24 "
        "-o eth0 -j SNAT --to-source 198.51.100.10",
        _out,
    ),
    _a(
        "one to one",
        _FLUSH + "ip addr add 198.51.100.55/24 dev eth0\n"
        "iptables -t nat -A PREROUTING -d 198.51.100.55 -j DNAT --to-destination 192.168.10.11\n"
        "iptables -t nat -A POSTROUTING -s 192.168.10.11 -j SNAT --to-source 198.51.100.55",
        _out,
    ),
    _a(
        "one to one, inwards",
        "ip addr add 198.51.100.55/24 dev eth0\n"
        "iptables -t nat -A PREROUTING -d 198.51.100.55 -j DNAT --to-destination 192.168.10.11",
        ping("lan", "198.51.100.55"),
    ),
    _a(
        "NETMAP",
        "iptables -t nat -A PREROUTING -d 10.60.10.0/24 -j NETMAP --to 192.168.10.0/24",
        ping("ns3", "10.60.10.11"),
    ),
    _a(
        "an nft range",
        _NFT + "for n in 56 57; do ip addr add 198.51.100.$n/24 dev eth0; done\n"
        "nft add rule ip t p oifname eth0 snat to 198.51.100.56-198.51.100.57",
        _out,
    ),
    _a(
        "an nft set",
        _NFT + "nft add rule ip t p ip saddr '{ 192.168.10.0/24, 10.0.0.0/8 }' "
        "oifname eth0 masquerade",
        _out,
    ),
    _a(
        "oif with a wildcard", _FLUSH + "iptables -t nat -A POSTROUTING -o eth+ -j MASQUERADE", _out
    ),
    _a(
        "not towards the bridge",
        _FLUSH + "iptables -t nat -A POSTROUTING -s 192.168.10.0/24 ! -o lxcbr0 -j MASQUERADE",
        _out,
    ),
    _a(
        "a masquerade in a user chain",
        _FLUSH + "iptables -t nat -N mine\n"
        "iptables -t nat -A mine -j MASQUERADE; iptables -t nat -A POSTROUTING -o eth0 -j mine",
        _out,
    ),
    _a("legacy", _FLUSH + "iptables-legacy -t nat -A POSTROUTING -o eth0 -j MASQUERADE", _out),
    _a(
        "a port range",
        _FLUSH + "iptables -t nat -A POSTROUTING -s 192.168.10.0/24 -p icmp -j MASQUERADE --random",
        _out,
    ),
    _a(
        "redirect of another port",
        "iptables -t nat -A PREROUTING -p tcp --dport 81 -j REDIRECT --to-ports 80",
        _out,
    ),
    _a(
        "a masquerade that also meets the bridge",
        "iptables -t nat -A POSTROUTING -j MASQUERADE",
        _over,
    ),
    _on("dnat", "published, from the LAN", "true", tcp("lan", "198.51.100.10", 8080)),
    _on("dnat", "published, hairpin", "true", tcp("ns2", "198.51.100.10", 8080)),
    _a(
        "a way by the router and back, without NAT",
        _FLUSH + "ip -n router route add "
        "192.168.10.0/24 via 198.51.100.10 2>/dev/null || true\n"
        "iptables -t nat -A POSTROUTING -o eth0 -j MASQUERADE",
        _out,
    ),
    # -- the others
    _on(
        "routers",
        "another way back",
        "ip -n r1 link add x2 type veth peer name x1 netns r2\n"
        "ip -n r1 addr add 10.13.0.1/24 dev x2; ip -n r2 addr add 10.13.0.2/24 dev x1\n"
        "ip -n r1 link set x2 up; ip -n r2 link set x1 up\n"
        "ip -n r2 route replace 10.1.0.0/24 via 10.13.0.1",
        _far,
    ),
    _on(
        "routers",
        "ECMP between routers",
        "ip -n r1 link add x2 type veth peer name x1 netns r2\n"
        "ip -n r1 addr add 10.13.0.1/24 dev x2; ip -n r2 addr add 10.13.0.2/24 dev x1\n"
        "ip -n r1 link set x2 up; ip -n r2 link set x1 up\n"
        "ip -n r1 route replace 10.2.0.0/24 nexthop via 10.12.0.2 nexthop via 10.13.0.2",
        _far,
    ),
    _on("two NICs", "by policy", "true", ping("f", "10.0.2.2")),
    _on(
        "two NICs",
        "a rule by input interface",
        "ip -n g rule add iif f0 table 9; ip -n g route add 10.0.2.0/24 dev m1 table 9",
        ping("f", "10.0.2.2"),
    ),
    _on("macvlan", "two on one NIC", "true", ping("n1", "198.51.100.52")),
    _on(
        "macvlan",
        "private, towards the LAN",
        "ip -n n1 link set eth0 type macvlan mode private",
        ping("n1", "198.51.100.20"),
    ),
    _on("tunnel", "as it is", "true", ping("c1", "10.42.0.12")),
    _on(
        "tunnel",
        "one end has learned the other",
        "ip -n h2 link del vx; ip -n h2 link add vx type vxlan id 42 dstport 4789 local 10.0.0.2 "
        "dev eth0; ip -n h2 link set vx master br0 up",
        ping("c1", "10.42.0.12"),
    ),
    _on(
        "tunnel",
        "a default entry in the fdb",
        "ip -n h2 link del vx; ip -n h2 link add vx type "
        "vxlan id 42 dstport 4789 local 10.0.0.2 dev eth0 nolearning\n"
        "ip -n h2 link set vx master br0 up; bridge -n h2 fdb append 00:00:00:00:00:00 dev vx dst "
        "10.0.0.1 self permanent",
        ping("c1", "10.42.0.12"),
    ),
    _on("ipv6", "neighbours", "true", ping("s1", "fd00:1::12")),
    _on("ipv6", "a router", "true", ping("s1", "fd00:2::11")),
    _on(
        "ipv6",
        "by a link-local gateway",
        "ip link set br1 addrgenmode none\n"
        "ip addr add fe80::1/64 dev br1 nodad; ip -n s1 -6 route replace default via fe80::1 "
        "dev eth0",
        ping("s1", "fd00:2::11"),
    ),
    _a(
        "a netdev chain that drops others, by bytes that have no name",
        "nft add table netdev t\nnft add chain netdev t c "
        "'{ type filter hook ingress device lxcbr0.1 priority 0 ; }'\n"
        "nft add rule netdev t c @th,0,8 13 drop",
        _gate,
    ),
    _a("a name", "true", name("ns1")),
    _a("a server of datagrams", ECHO.format("0.0.0.0"), udp("ns1", "192.168.10.12", 8080)),
    _a(
        "a server for both families",
        "ip netns exec ns2 busybox httpd -p '[::]:8080' -h /mnt </dev/null >/dev/null 2>&1",
        tcp("ns1", "192.168.10.12", 8080),
    ),
    _a(
        "a filter of tc that lets all by",
        "tc qdisc add dev lxcbr0.1 clsact\n"
        "tc filter add dev lxcbr0.1 ingress bpf da bytecode '1,6 0 0 0,'\n"
        "tc filter add dev lxcbr0.1 egress bpf da bytecode '1,6 0 0 0,'",
        _out,
    ),
    _a(
        "a filter of tc that sends copies elsewhere",
        "tc qdisc add dev lxcbr0.1 ingress\ntc filter add dev lxcbr0.1 ingress protocol ip u32 "
        "match u32 0 0 action mirred egress mirror dev br1",
        _out,
    ),
    Working(
        "a program of XDP that passes all",
        "article",
        XDP.format("lxcbr0.1", 2),
        _out,
        outside="host",
    ),
    _on(
        "article in a VM",
        "a filter of tc that passes, and one that is for others",
        "tc qdisc add dev lxcbr0.1 clsact\n"
        "tc filter add dev lxcbr0.1 ingress pref 1 protocol ip u32 match ip protocol 6 0xff "
        "action drop\ntc filter add dev lxcbr0.1 ingress pref 2 matchall action pass",
        _out,
    ),
    _on(
        "article in a VM",
        "a police that has nothing to do",
        "tc qdisc add dev lxcbr0.1 ingress\ntc filter add dev lxcbr0.1 ingress matchall action "
        "police rate 10mbit burst 100k drop",
        _out,
    ),
    _on("docker", "a container's way out", "true", ping("app", WORLD)),
    _on("docker", "a published port, from the LAN", "true", tcp("lan", "198.51.100.10", 8080)),
    _on(
        "docker",
        "DOCKER-USER lets it by",
        "iptables -I DOCKER-USER -i eth0 -j RETURN; iptables -A DOCKER-USER -j RETURN",
        tcp("lan", "198.51.100.10", 8080),
    ),
    _a("a web server", "true", tcp("ns1", "192.168.10.12", 80)),
    _a(
        "a container's own /etc is the host's",
        "rm -r /etc/netns/ns1\necho nameserver 8.8.8.8 > /etc/resolv.conf",
        name("ns1"),
    ),
    _on("vlan", "over two bridges", "true", ping("v0", "10.10.0.11")),
    _on("vlan", "VLAN links on a pair", "true", ping("t0", "10.50.0.11")),
    _on("ipvlan", "two on one NIC", "true", ping("i1", "198.51.100.62")),
)
