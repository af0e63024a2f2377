"""A host with a real Docker engine: ``app`` and ``site`` are published, ``db`` is for itself.

app and site are on Docker's own bridge; the LAN opens them by the host's ports 8080 and 8081.  db
is on the network ``back``, which Docker keeps apart from the others.
"""

from __future__ import annotations

from nslab.course import docker
from nslab.course.exercises.values import Way
from nslab.course.puzzles.opens import Opens
from nslab.course.puzzles.values import Network, fault
from nslab.session.check import Check, Reaches

_APP, _DB, _HOST, _OUTSIDE = "172.17.0.2", "172.30.0.2", "198.51.100.10", "203.0.113.80"
_CALLED = "-o com.docker.network.bridge.name=back"
_RUN = "docker run -d --name {0} --hostname {0} {1} busybox httpd -f -p {2} >/dev/null"
# Docker's own proxy takes connections that no rule translates, and so would hide what is wrong with
# the rules; many engines run without it.
_NO_PROXY = "{ pkill -x docker-proxy || true; }"


def _site(published: str = "8081:80", listens: str = "80") -> str:
    return f"{_RUN.format('site', f'-p {published}', listens)} && {_NO_PROXY}"


_BUILT: Way = (
    *docker.lines(),
    f"docker network create --subnet 172.30.0.0/24 {_CALLED} back >/dev/null",
    _RUN.format("app", "-p 8080:80", "80"),
    _site(),
    _RUN.format("db", f"--network back --ip {_DB}", "80"),
)

_WORKS: dict[str, Check] = {
    "lan-app": Opens("lan", _HOST, 8080),
    "lan-site": Opens("lan", _HOST, 8081),
    "host-app": Opens(None, _APP, 80),
    "app-out": Reaches("app", _OUTSIDE),
    "site-out": Reaches("site", _OUTSIDE),
    "db-out": Reaches("db", _OUTSIDE),
    "host-db": Reaches(None, _DB),
    "app-db": Reaches("app", _DB, ok=False),
}

_PUBLISHED = ("lan-app", "lan-site")
_BRIDGE = (*_PUBLISHED, "host-app", "app-out", "site-out")
_DNAT = (
    f"iptables -t nat -{{}} DOCKER ! -i docker0 -p tcp --dport 8080 -j DNAT --to-destination "
    f"{_APP}:80"
)
_BEFORE = "iptables -{} DOCKER-USER -i eth0 -p tcp -m conntrack --ctorigdstport 8081 -j DROP"


def _line(made: str, mended: str) -> tuple[Way, Way]:
    return (made,), (mended,)


def _inside(container: str, words: str) -> str:
    """A line of ip's in the network of a container, by the host's program."""
    pid = f"$(docker inspect -f '{{{{.State.Pid}}}}' {container})"
    return f"nsenter -t {pid} -n ip {words}"


def _published(published: str, listens: str) -> tuple[Way, Way]:
    """The site run anew, otherwise and as it was."""
    gone = "docker rm -f site >/dev/null"
    return _line(f"{gone} && {_site(published, listens)}", f"{gone} && {_site()}")


_FAULTS = (
    fault(
        "dockers-own-bridge",
        "Docker: link down",
        1,
        "bridge",
        _line("ip link set docker0 down", "ip link set docker0 up"),
        "Both pages are down, and their containers run. The database is not concerned.",
        _BRIDGE,
        "What do their cables hang on, and is that up? `ip -br link`.",
    ),
    fault(
        "a-container-unplugged",
        "Docker: link down",
        2,
        "app",
        _line(
            _inside("app", "link set eth0 down"),
            _inside("app", "link set eth0 up")
            + " && "
            + _inside("app", "route add default via 172.17.0.1"),
        ),
        "The first page is down. `docker ps` says that it is up.",
        ("lan-app", "host-app", "app-out"),
        'Is its own end of the cable up? `lab.sh("ip link", "app")`, or nsenter.',
    ),
    fault(
        "not-shown-outside",
        "Docker: not published",
        2,
        "app",
        _line(_DNAT.format("D"), _DNAT.format("A")),
        "Somebody tidied the host up. From the LAN the first page is refused; on the host it opens "
        "at the container's own address.",
        ("lan-app",),
        "What becomes of a connection to the host's 8080? `iptables -t nat -S DOCKER`.",
    ),
    fault(
        "before-dockers-own-rules",
        "Docker: filtered",
        3,
        "site",
        _line(_BEFORE.format("I"), _BEFORE.format("D")),
        "The second page waits, seen from the LAN. The first opens. Docker was not touched.",
        ("lan-site",),
        "Who is asked about a packet before Docker is? `iptables -vS DOCKER-USER`.",
    ),
    fault(
        "db-may-not-leave",
        "Docker: filtered",
        2,
        "back",
        _line("iptables -I DOCKER-USER -i back -j DROP", "iptables -D DOCKER-USER -i back -j DROP"),
        "The database cannot fetch its updates. The host pings it.",
        ("db-out",),
        "Who is asked about a packet before Docker is? `iptables -vS DOCKER-USER`.",
    ),
    fault(
        "no-way-out-of-the-container",
        "Docker: no route",
        1,
        "app",
        _line(
            _inside("app", "route del default"), _inside("app", "route add default via 172.17.0.1")
        ),
        "The first page opens on the host, and not from the LAN.",
        ("lan-app", "app-out"),
        "Which way does the container's answer take? `ip route`, in its namespace.",
    ),
    fault(
        "nothing-is-passed-on",
        "Docker: no forwarding",
        1,
        "host",
        _line("sysctl -qw net.ipv4.ip_forward=0", "sysctl -qw net.ipv4.ip_forward=1"),
        "After a hardening of the host nobody opens a page, and no container gets out. The host "
        "itself opens them.",
        (*_PUBLISHED, "app-out", "site-out", "db-out"),
        "Does the host pass on what is not for itself? `sysctl net.ipv4.ip_forward`.",
    ),
    fault(
        "back-under-its-own-name",
        "Docker: not translated",
        2,
        "back",
        _line(
            "iptables -t nat -D POSTROUTING -s 172.30.0.0/24 ! -o back -j MASQUERADE",
            "iptables -t nat -A POSTROUTING -s 172.30.0.0/24 ! -o back -j MASQUERADE",
        ),
        "The database's questions leave the host, and no answer comes. The pages are fine.",
        ("db-out",),
        "From which address do they leave? `tcpdump` on eth0; `iptables -t nat -S POSTROUTING`.",
    ),
    fault(
        "the-door-beside-it",
        "Docker: port closed",
        2,
        "site",
        _published("8081:81", "80"),
        "The second page was put up anew, and is refused. Its container runs and gets out.",
        ("lan-site",),
        "Where does the host send a visitor, and where does the server listen? `docker ps`, and "
        "`ss -ltn` in its namespace.",
    ),
    fault(
        "a-server-for-itself",
        "Docker: port closed",
        3,
        "site",
        _published("8081:80", "127.0.0.1:80"),
        "The second page opens for its author, inside the container. For everybody else it is "
        "refused.",
        ("lan-site",),
        "On which address does the server listen? `ss -ltn`, in its namespace.",
    ),
)

NETWORK = Network(
    name="docker",
    about="A host with a real Docker engine. The containers `app` and `site` are on docker0, "
    "published on the host's ports 8080 and 8081; `db` is on the network `back`, which is "
    "kept apart. A container that is run anew takes --hostname as well as --name: the lab "
    "knows it by that.",
    built=_BUILT,
    works=_WORKS,
    kept=("app-db",),
    mustnot=(),
    spoils=(
        ("docker rm -f db >/dev/null", "db"),
        ("iptables -I FORWARD -j ACCEPT", f"app reaches {_DB}"),
        ("docker stop -t 0 app >/dev/null", "app"),
    ),
    faults=_FAULTS,
    programs=docker.PROGRAMS,
)
