"""A real Docker engine: its bridge, its rules, its containers."""

from __future__ import annotations

from faults.catalogue.made import on
from faults.topologies import WORLD, ping, tcp

_d = on("docker")
_out = ping("app", WORLD)
_in = tcp("lan", "198.51.100.10", 8080)
_near = tcp(None, "172.17.0.2", 80)
_DROP = "filter-drop"


def _inside(container: str, line: str) -> str:
    """A line in the network of a container, by the host's programs."""
    return f"nsenter -t $(docker inspect -f '{{{{.State.Pid}}}}' {container}) -n {line}"


FAULTS = (
    _d(
        "Docker: link down",
        "docker0",
        "ip link set docker0 down",
        _out,
        "link-down",
        "host/docker0",
    ),
    _d(
        "Docker: link down",
        "docker0, from outside",
        "ip link set docker0 down",
        _in,
        "link-down",
        "host/docker0",
    ),
    _d(
        "Docker: link down",
        "of the container",
        _inside("app", "ip link set eth0 down"),
        _near,
        "link-down",
        "app/eth0",
    ),
    _d(
        "Docker: not published",
        "its rule is gone",
        "iptables -t nat -F DOCKER",
        _in,
        "port-closed not-translated",
        "host",
        mends=False,
    ),
    _d(
        "Docker: not published",
        "for another port",
        "iptables -t nat -F DOCKER\niptables -t nat -A DOCKER ! -i docker0 -p tcp --dport 8081 "
        "-j DNAT --to-destination 172.17.0.2:80",
        _in,
        "port-closed not-translated",
        "host",
        mends=False,
    ),
    _d(
        "Docker: filtered", "in DOCKER-USER", "iptables -I DOCKER-USER -j DROP", _out, _DROP, "host"
    ),
    _d(
        "Docker: filtered",
        "in DOCKER-USER, from outside only",
        "iptables -I DOCKER-USER -i eth0 -p tcp -m conntrack --ctorigdstport 8080 "
        "--ctdir ORIGINAL -j DROP",
        _in,
        _DROP,
        "host",
    ),
    _d(
        "Docker: filtered",
        "FORWARD flushed, and its policy drops",
        "iptables -P FORWARD DROP; iptables -F FORWARD",
        _out,
        _DROP,
        "host",
    ),
    _d(
        "Docker: filtered",
        "published, and the rule that accepts it is gone",
        "iptables -P FORWARD DROP; iptables -F DOCKER",
        _in,
        _DROP,
        "host",
    ),
    _d(
        "Docker: filtered",
        "between two of its networks",
        "true",
        tcp("app", "172.30.0.2", 80),
        _DROP,
        "host",
    ),
    _d(
        "Docker: no route",
        "the container's default route is gone",
        _inside("app", "ip route del default"),
        _out,
        "no-route",
        "app",
    ),
    _d(
        "Docker: no route",
        "from outside: nobody knows the way back",
        _inside("app", "ip route del default"),
        _in,
        "no-route no-route-back",
        "app",
    ),
    _d(
        "Docker: no forwarding",
        "ip_forward is off",
        "sysctl -qw net.ipv4.ip_forward=0",
        _out,
        "no-forwarding",
        "host",
    ),
    _d(
        "Docker: not translated",
        "no rule",
        "iptables -t nat -F POSTROUTING",
        _out,
        "no-masquerade masquerade-mismatch not-translated",
        "host",
    ),
    _d(
        "Docker: not translated",
        "of another network only",
        "iptables -t nat -D POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE",
        _out,
        "no-masquerade masquerade-mismatch not-translated",
        "host",
    ),
    _d(
        "Docker: port closed",
        "another port is published than the server's",
        "docker run -d --name other --hostname other -p 8082:81 busybox httpd -f -p 80 >/dev/null\n"
        "pkill -x docker-proxy || true",
        tcp("lan", "198.51.100.10", 8082),
        "port-closed",
        "other",
        mends=False,
    ),
    _d(
        "Docker: port closed",
        "the server listens on 127.0.0.1",
        "docker run -d --name other --hostname other -p 8082:80 busybox httpd -f -p 127.0.0.1:80 "
        ">/dev/null\npkill -x docker-proxy || true",
        tcp("lan", "198.51.100.10", 8082),
        "port-elsewhere",
        "other",
        mends=False,
    ),
)
