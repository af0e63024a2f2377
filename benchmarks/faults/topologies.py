"""Networks that work.  All are lines for a shell of the host, run at once.

Interfaces are called as in the lessons.  Web servers are busybox's, because it starts in a
millisecond; they answer every request with 404, which is an answer.
"""

from __future__ import annotations

from faults.values import Question, Topology


def _web(ns: str, where: str = "80") -> str:
    return f"ip netns exec {ns} busybox httpd -p {where} -h /mnt </dev/null >/dev/null 2>&1\n"


ECHO = (
    'ip netns exec ns2 python3 -c "import os, socket; s = socket.socket(2, 2); '
    "s.bind(('{}', 8080)); os.fork() and os._exit(0); os.setsid()\n"
    'while True:\n data, sender = s.recvfrom(99); s.sendto(data, sender)" '
    "</dev/null >/dev/null 2>&1"
)
"""A server in ns2 that sends datagrams back; once the line is done, it waits for them."""


XDP = """python3 - <<END
import ctypes, os, socket, struct
code = ctypes.create_string_buffer(struct.pack("=BBhi", 0xB7, 0, 0, {1}) + b"\\x95" + bytes(7))
name = ctypes.create_string_buffer(b"GPL")
asked = struct.pack("=IIQQ", 6, 2, ctypes.addressof(code), ctypes.addressof(name))
asked = ctypes.create_string_buffer(asked + bytes(96))
number = dict(x86_64=321, aarch64=280)[os.uname().machine]
libc = ctypes.CDLL(None, use_errno=True)
program = libc.syscall(number, 5, asked, len(asked.raw) - 1)
assert program >= 0, os.strerror(ctypes.get_errno())
xdp = struct.pack("=HHi", 8, 1, program) + struct.pack("=HHI", 8, 3, 2)
body = struct.pack("=BBHiII", 0, 0, 0, socket.if_nametoindex("{0}"), 0, 0)
body += struct.pack("=HH", 4 + len(xdp), 43 | 0x8000) + xdp
asking = socket.socket(16, 3, 0)
asking.send(struct.pack("=IHHII", 16 + len(body), 19, 5, 1, 0) + body)
answer = struct.unpack_from("=i", asking.recv(4096), 16)[0]
assert answer == 0, os.strerror(-answer)
END"""
"""Puts a program of two instructions on a link: XDP_DROP is 1, XDP_PASS is 2.  No lab may, even
root's: see Fault.outside."""


def _joined(ns: str, port: str, bridge: str, address: str, gateway: str, mac: str) -> str:
    """A namespace on a bridge, with its MAC, its address and its default route."""
    return f"""
ip netns add {ns}
ip link add {port} type veth peer name eth0 address {mac} netns {ns}
ip link set {port} master {bridge} up
ip -n {ns} link set lo up
ip -n {ns} addr add {address} dev eth0
ip -n {ns} link set eth0 up
ip -n {ns} route add default via {gateway}
"""


ARTICLE = (
    """
mkdir -p /etc/netns/ns1
ip link add lxcbr0 address 02:00:00:00:10:01 type bridge
ip addr add 192.168.10.1/24 dev lxcbr0
ip link set lxcbr0 up
ip link add br1 address 02:00:00:00:20:01 type bridge
ip addr add 192.168.20.1/24 dev br1
ip link set br1 up
echo nameserver 8.8.8.8 > /etc/netns/ns1/resolv.conf
"""
    + _joined("ns1", "lxcbr0.1", "lxcbr0", "192.168.10.11/24", "192.168.10.1", "02:00:00:00:10:11")
    + _joined("ns2", "lxcbr0.2", "lxcbr0", "192.168.10.12/24", "192.168.10.1", "02:00:00:00:10:12")
    + _joined("ns3", "br1.1", "br1", "192.168.20.11/24", "192.168.20.1", "02:00:00:00:20:11")
    + """
sysctl -qw net.ipv4.ip_forward=1
iptables -t nat -A POSTROUTING -s 192.168.10.0/24 -o eth0 -j MASQUERADE
iptables -t nat -A POSTROUTING -s 192.168.20.0/24 -o eth0 -j MASQUERADE
"""
    + _web("ns2")
)

DNAT = (
    ARTICLE
    + _web("ns1")
    + """
for chain in PREROUTING OUTPUT; do
  iptables -t nat -A $chain -d 198.51.100.10 -p tcp --dport 8080 -j DNAT --to 192.168.10.11:80
done
iptables -t nat -A POSTROUTING -s 192.168.10.0/24 -d 192.168.10.11 -p tcp --dport 80 -j MASQUERADE
"""
)

ROUTERS = """
for ns in a r1 r2 b; do ip netns add $ns; ip -n $ns link set lo up; done
ip -n a link add eth0 type veth peer name toa netns r1
ip -n r1 link add tor2 type veth peer name tor1 netns r2
ip -n r2 link add tob type veth peer name eth0 netns b
ip -n a addr add 10.1.0.11/24 dev eth0
ip -n r1 addr add 10.1.0.1/24 dev toa
ip -n r1 addr add 10.12.0.1/24 dev tor2
ip -n r2 addr add 10.12.0.2/24 dev tor1
ip -n r2 addr add 10.2.0.1/24 dev tob
ip -n b addr add 10.2.0.11/24 dev eth0
ip -n a link set eth0 up; ip -n r1 link set toa up; ip -n r1 link set tor2 up
ip -n r2 link set tor1 up; ip -n r2 link set tob up; ip -n b link set eth0 up
ip -n a route add default via 10.1.0.1
ip -n b route add default via 10.2.0.1
ip -n r1 route add 10.2.0.0/24 via 10.12.0.2
ip -n r2 route add 10.1.0.0/24 via 10.12.0.1
ip netns exec r1 sysctl -qw net.ipv4.ip_forward=1
ip netns exec r2 sysctl -qw net.ipv4.ip_forward=1
""" + _web("b")

TWO_NICS = """
for ns in m g f; do ip netns add $ns; ip -n $ns link set lo up; done
ip -n m link add eth0 type veth peer name m0 netns g
ip -n m link add eth1 type veth peer name m1 netns g
ip -n f link add eth0 type veth peer name f0 netns g
ip -n m addr add 10.0.1.2/24 dev eth0
ip -n m addr add 10.0.2.2/24 dev eth1
ip -n g addr add 10.0.1.1/24 dev m0
ip -n g addr add 10.0.2.1/24 dev m1
ip -n g addr add 10.9.0.1/24 dev f0
ip -n f addr add 10.9.0.2/24 dev eth0
for link in eth0 eth1; do ip -n m link set $link up; done
for link in m0 m1 f0; do ip -n g link set $link up; done
ip -n f link set eth0 up
ip -n f route add default via 10.9.0.1
ip -n m route add default via 10.0.1.1
ip -n m route add default via 10.0.2.1 table 200
ip -n m rule add from 10.0.2.2 table 200
ip netns exec g sysctl -qw net.ipv4.ip_forward=1
ip netns exec g sysctl -qw net.ipv4.conf.all.rp_filter=1
"""

MACVLAN = """
for n in 1 2; do
  ip netns add n$n
  ip link add mv$n link eth0 type macvlan mode bridge
  ip link set mv$n netns n$n name eth0
  ip -n n$n link set lo up
  ip -n n$n addr add 198.51.100.5$n/24 dev eth0
  ip -n n$n link set eth0 up
  ip -n n$n route add default via 198.51.100.1
done
"""

IPV6 = """
sysctl -qw net.ipv6.conf.all.disable_ipv6=0 net.ipv6.conf.default.accept_dad=0
sysctl -qw net.ipv6.conf.all.forwarding=1
for n in 1 2; do
  ip link add br$n type bridge
  ip link set br$n up
  ip addr add fd00:$n::1/64 dev br$n nodad
done
join() {
  ip netns add $1
  # The lab switches IPv6 off in it, a moment after it is there.
  for try in $(seq 200); do
    ip netns exec $1 grep -q 1 /proc/sys/net/ipv6/conf/all/disable_ipv6 && break
    sleep 0.01
  done
  ip netns exec $1 sysctl -qw net.ipv6.conf.all.disable_ipv6=0 net.ipv6.conf.default.accept_dad=0
  ip link add p$1 type veth peer name eth0 netns $1
  ip link set p$1 master br$2 up
  ip -n $1 link set lo up
  ip -n $1 addr add fd00:$2::$3/64 dev eth0 nodad
  ip -n $1 link set eth0 up
  ip -n $1 route add default via fd00:$2::1
}
join s1 1 11
join s2 1 12
join s3 2 11
ip netns exec s2 busybox httpd -p '[::]:80' -h /mnt </dev/null >/dev/null 2>&1
"""

TUNNEL = """
for n in 1 2; do
  ip netns add h$n; ip netns add c$n
  ip -n h$n link set lo up; ip -n c$n link set lo up
done
ip -n h1 link add eth0 type veth peer name eth0 netns h2
for n in 1 2; do
  other=$((3 - n))
  ip -n h$n addr add 10.0.0.$n/24 dev eth0
  ip -n h$n link set eth0 up
  ip -n h$n link add br0 type bridge
  ip -n h$n link add vx type vxlan id 42 dstport 4789 local 10.0.0.$n remote 10.0.0.$other dev eth0
  ip -n h$n link set vx master br0 up
  ip -n h$n link add port type veth peer name eth0 netns c$n
  ip -n h$n link set port master br0 up
  ip -n h$n link set br0 up
  ip -n c$n addr add 10.42.0.1$n/24 dev eth0
  ip -n c$n link set eth0 up
done
"""

PAIR = """
ip netns add x; ip netns add y
ip -n x link set lo up; ip -n y link set lo up
ip -n x link add eth0 type veth peer name eth0 netns y
ip -n x addr add 10.9.0.1/24 dev eth0
ip -n y addr add 10.9.0.2/24 dev eth0
ip -n x link set eth0 up; ip -n y link set eth0 up
"""

SEGMENTS = """
for ns in r a b; do ip netns add $ns; ip -n $ns link set lo up; done
for s in A B; do ip link add br$s type bridge; ip link set br$s up; done
ip link add rA type veth peer name ethA netns r; ip link set rA master brA up
ip link add rB type veth peer name ethB netns r; ip link set rB master brB up
ip link add pa type veth peer name eth0 netns a; ip link set pa master brA up
ip link add pb type veth peer name eth0 netns b; ip link set pb master brB up
ip -n r addr add 10.5.0.100/24 dev ethA; ip -n r addr add 10.6.0.200/24 dev ethB
ip -n a addr add 10.5.0.3/24 dev eth0; ip -n b addr add 10.6.0.4/24 dev eth0
ip -n r link set ethA up; ip -n r link set ethB up
ip -n a link set eth0 up; ip -n b link set eth0 up
ip -n a route add default via 10.5.0.100; ip -n b route add default via 10.6.0.200
ip netns exec r sysctl -qw net.ipv4.ip_forward=1
"""

VLAN = """
ip link add trunk0 type bridge vlan_filtering 1; ip link set trunk0 up
ip link add trunk1 type bridge vlan_filtering 1; ip link set trunk1 up
ip link add trA type veth peer name trB
ip link set trA master trunk0 up; ip link set trB master trunk1 up
bridge vlan add dev trA vid 10; bridge vlan add dev trB vid 10
for n in 0 1; do
  ip netns add v$n
  ip link add p$n type veth peer name eth0 netns v$n
  ip link set p$n master trunk$n up
  bridge vlan add dev p$n vid 10 pvid untagged
  ip -n v$n link set lo up
  ip -n v$n addr add 10.10.0.1$n/24 dev eth0
  ip -n v$n link set eth0 up
done
ip netns add t0; ip netns add t1
ip -n t0 link add eth0 type veth peer name eth0 netns t1
for n in 0 1; do
  ip -n t$n link set eth0 up
  ip -n t$n link add link eth0 name eth0.5 type vlan id 5
  ip -n t$n addr add 10.50.0.1$n/24 dev eth0.5
  ip -n t$n link set eth0.5 up
done
"""

DOCKER = """
docker network create --subnet 172.30.0.0/24 others >/dev/null
docker run -d --name app --hostname app -p 8080:80 busybox httpd -f -p 80 >/dev/null
docker run -d --name db --hostname db --network others busybox httpd -f -p 80 >/dev/null
pkill -x docker-proxy || true
"""
"""Two networks of Docker's, and a published port.  Docker's own proxy would take connections that
no rule translates, and so hide what is wrong with the rules; many engines run without it."""

IPVLAN = """
for n in 1 2; do
  ip netns add i$n
  ip link add iv$n link eth0 type ipvlan mode l2
  ip link set iv$n netns i$n name eth0
  ip -n i$n link set lo up
  ip -n i$n addr add 198.51.100.6$n/24 dev eth0
  ip -n i$n link set eth0 up
  ip -n i$n route add default via 198.51.100.1
done
"""

WORLD, DNS = "203.0.113.80", "8.8.8.8"


def ping(ns: str | None, target: str, size: int = 0) -> Question:
    return Question(ns, target, size=size)


def tcp(ns: str | None, target: str, port: int) -> Question:
    return Question(ns, target, port, "tcp")


def udp(ns: str | None, target: str, port: int) -> Question:
    return Question(ns, target, port, "udp")


def name(ns: str | None, target: str = "www.example.org") -> Question:
    return Question(ns, target, protocol="dns")


_ARTICLE_ASKED = (
    ping("ns1", "192.168.10.1"),
    ping("ns1", "192.168.10.12"),
    ping("ns1", "192.168.20.11"),
    ping("ns1", WORLD),
    ping("ns1", "192.168.10.11"),
    ping(None, "192.168.10.11"),
    ping(None, WORLD),
    tcp("ns1", "192.168.10.12", 80),
    tcp("ns1", WORLD, 80),
    name("ns1"),
)

TOPOLOGIES = {
    each.name: each
    for each in (
        Topology("article", ARTICLE, _ARTICLE_ASKED),
        Topology(
            "dnat",
            DNAT,
            (
                tcp("lan", "198.51.100.10", 8080),
                tcp(None, "198.51.100.10", 8080),
                tcp("ns2", "198.51.100.10", 8080),
            ),
        ),
        Topology("routers", ROUTERS, (ping("a", "10.2.0.11"), tcp("a", "10.2.0.11", 80))),
        Topology(
            "two NICs",
            TWO_NICS,
            (ping("f", "10.0.2.2"), ping("f", "10.0.1.2"), ping("m", "10.9.0.2")),
        ),
        Topology(
            "macvlan",
            MACVLAN,
            (ping("n1", "198.51.100.52"), ping("n1", "198.51.100.20"), ping("n1", WORLD)),
        ),
        Topology(
            "ipv6",
            IPV6,
            (
                ping("s1", "fd00:1::1"),
                ping("s1", "fd00:1::12"),
                ping("s1", "fd00:2::11"),
                tcp("s1", "fd00:1::12", 80),
            ),
            ipv6=True,
        ),
        Topology("tunnel", TUNNEL, (ping("c1", "10.42.0.12"), ping("h1", "10.0.0.2"))),
        Topology("pair", PAIR, (ping("x", "10.9.0.2"),)),
        Topology(
            "docker",
            DOCKER,
            (
                ping("app", WORLD),
                tcp("lan", "198.51.100.10", 8080),
                tcp(None, "172.17.0.2", 80),
                ping("db", WORLD),
            ),
            docker=True,
        ),
        Topology("segments", SEGMENTS, (ping("r", "10.6.0.4"), ping("a", "10.6.0.4"))),
        Topology("vlan", VLAN, (ping("v0", "10.10.0.11"), ping("t0", "10.50.0.11")), engine="vm"),
        Topology(
            "ipvlan",
            IPVLAN,
            (ping("i1", "198.51.100.62"), ping("i1", "198.51.100.20")),
            engine="vm",
        ),
        Topology("article in a VM", ARTICLE, _ARTICLE_ASKED, engine="vm"),
    )
}
