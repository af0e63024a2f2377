"""Containers that are published: ``app`` for the whole LAN, ``store`` for ``app`` alone.

``app`` and ``job`` hang on the bridge ``front``, ``store`` on the bridge ``back``; ``app`` has a
second cable to ``back``.  The host translates for ``front`` and passes port 8080 of its own address
on to ``app``.  By a rule of the owner's, ``job`` does not reach ``store``.
"""

from __future__ import annotations

from nslab.course.exercises.values import MustNot, Way
from nslab.course.puzzles.opens import Opens
from nslab.course.puzzles.values import Network, fault, stopped
from nslab.sentence import sentence
from nslab.session.check import Check, Masquerades, Reaches, Resolves

_APP, _JOB, _STORE = "172.20.0.10", "172.20.0.11", "172.21.0.10"
_HOST, _OUTSIDE = "198.51.100.10", "203.0.113.80"
_FRONT = "172.20.0.0/24"
_SERVE = "ip netns exec {} busybox httpd -p {} -h / </dev/null >/dev/null 2>&1"
_NAMES = "echo nameserver {} > /etc/netns/app/resolv.conf"


def _cable(name: str, end: str, port: str, bridge: str, address: str) -> Way:
    return (
        f"ip link add {port} type veth peer name {end} netns {name}",
        f"ip link set {port} master {bridge} up; ip -n {name} link set {end} up",
        f"ip -n {name} addr add {address}/24 dev {end}",
    )


_PUBLISH = f"iptables -t nat -{{}} PREROUTING -d {_HOST} -p tcp --dport 8080 -j DNAT --to {{}}"
_NAT = f"iptables -t nat -{{}} POSTROUTING -s {_FRONT} {{}}-o {{}} -j {{}}"
_RIGHT = _NAT.format("{}", "", "eth0", "MASQUERADE")

_BUILT: Way = (
    "ip link add front type bridge; ip addr add 172.20.0.1/24 dev front; ip link set front up",
    "ip link add back type bridge; ip addr add 172.21.0.1/24 dev back; ip link set back up",
    "for ns in app job store; do ip netns add $ns; ip -n $ns link set lo up; done",
    *_cable("app", "eth0", "app0", "front", _APP),
    *_cable("app", "eth1", "app1", "back", "172.21.0.20"),
    *_cable("job", "eth0", "job0", "front", _JOB),
    *_cable("store", "eth0", "store0", "back", _STORE),
    "for ns in app job; do ip -n $ns route add default via 172.20.0.1; done",
    "ip -n store route add default via 172.21.0.1",
    "mkdir -p /etc/netns/app; " + _NAMES.format("8.8.8.8"),
    "sysctl -qw net.ipv4.ip_forward=1",
    _RIGHT.format("A"),
    _PUBLISH.format("A", f"{_APP}:80"),
    f"iptables -A FORWARD -s {_FRONT} -d 172.21.0.0/24 -j DROP",
    _SERVE.format("app", 80),
    _SERVE.format("store", 80),
)

_WORKS: dict[str, Check] = {
    "lan-app": Opens("lan", _HOST, 8080),
    "host-app": Opens(None, _APP, 80),
    "job-app": Opens("job", _APP, 80),
    "app-store": Opens("app", _STORE, 80),
    "app-out": Reaches("app", _OUTSIDE),
    "job-out": Reaches("job", _OUTSIDE),
    "app-name": Resolves("app", "www.example.org"),
    "job-store": Reaches("job", _STORE, ok=False),
}

_SERVED = ("lan-app", "host-app", "job-app")
_OUT = ("app-out", "job-out")
_ALL_OUT = (*_OUT, "app-name")
_RULE = "iptables -{} FORWARD {}"


def _instead(*parts: str) -> tuple[Way, Way]:
    """Another translation than the right one."""
    wrong = _NAT.format("{}", *parts)
    return (_RIGHT.format("D"), wrong.format("A")), (wrong.format("D"), _RIGHT.format("A"))


def _line(made: str, mended: str) -> tuple[Way, Way]:
    return (made,), (mended,)


def _table(family: str, hook: str, rule: str) -> tuple[Way, Way]:
    """A table of nft's with one rule, and its end."""
    chain = f"nft 'add chain {family} t c {{ type filter hook {hook} priority 0; }}'"
    return _line(
        f"nft add table {family} t; {chain}; nft add rule {family} t c {rule}",
        f"nft delete table {family} t",
    )


_FAULTS = (
    fault(
        "not-published",
        "not published",
        1,
        "publishing",
        _line(_PUBLISH.format("D", f"{_APP}:80"), _PUBLISH.format("A", f"{_APP}:80")),
        "On the host the page opens. From the LAN it is refused.",
        ("lan-app",),
        "What does the host do with a packet for its port 8080? `iptables -t nat -S`.",
    ),
    fault(
        "store-on-the-wrong-bridge",
        "wrong bridge",
        1,
        "store",
        _line("ip link set store0 master front", "ip link set store0 master back"),
        "The page opens and says that it has lost its store.",
        ("app-store",),
        "Who hangs on which bridge? `bridge link`.",
    ),
    fault(
        "app-stopped",
        "port closed",
        1,
        "app",
        _line(stopped("app"), _SERVE.format("app", 80)),
        "The container runs, and its page is refused everywhere.",
        _SERVED,
        "Who listens in the container? `ss -ltn`, in its namespace.",
    ),
    fault(
        "default-drop",
        "FORWARD policy",
        1,
        "forward",
        _line("iptables -P FORWARD DROP", "iptables -P FORWARD ACCEPT"),
        "Since the engine was installed, nothing gets out or in; the containers see each other.",
        ("lan-app", *_ALL_OUT),
        "What becomes of a packet that no rule is about? `iptables -S FORWARD`.",
    ),
    fault(
        "published-elsewhere",
        "DNAT wrong",
        2,
        "publishing",
        (
            (_PUBLISH.format("D", f"{_APP}:80"), _PUBLISH.format("A", f"{_JOB}:80")),
            (_PUBLISH.format("D", f"{_JOB}:80"), _PUBLISH.format("A", f"{_APP}:80")),
        ),
        "The app was started anew and runs. From the LAN its page is refused.",
        ("lan-app",),
        "To whom is port 8080 passed on? `iptables -t nat -S PREROUTING`, and `ip addr`.",
    ),
    fault(
        "app-for-itself",
        "port elsewhere",
        2,
        "app",
        (
            (stopped("app"), _SERVE.format("app", "127.0.0.1:80")),
            (stopped("app"), _SERVE.format("app", 80)),
        ),
        "In the container the page opens, and nowhere else.",
        _SERVED,
        "On which address does it listen? `ss -ltn`, in its namespace.",
    ),
    fault(
        "store-gone-astray",
        "cable to a third namespace",
        2,
        "store",
        (
            ("ip netns add lost; ip link set store0 netns lost",),
            ("ip -n lost link set store0 netns 1", "ip link set store0 master back up"),
        ),
        "The page opens and says that it has lost its store. The store itself is unharmed.",
        ("app-store",),
        "Where is the other end of the store's cable? `ip -brief link`, in every namespace.",
    ),
    fault(
        "only-tcp-translated",
        "masquerade of one protocol",
        2,
        "nat",
        _instead("-p tcp ", "eth0", "MASQUERADE"),
        "Downloads work by address. No name is found, and no ping comes back.",
        _ALL_OUT,
        "Which packets are translated, and which not? `iptables -t nat -vS POSTROUTING`.",
    ),
    fault(
        "translated-on-the-wrong-link",
        "masquerade on the wrong link",
        2,
        "nat",
        _instead("", "eth1", "MASQUERADE"),
        "The containers were online until the network card was changed.",
        _ALL_OUT,
        "On its way by which link is a packet translated? `iptables -t nat -S POSTROUTING`.",
    ),
    fault(
        "translated-to-nobody",
        "SNAT to nobody",
        2,
        "nat",
        _instead("", "eth0", "SNAT --to-source 198.51.100.99"),
        "The host is online, and its containers are not. Their packets leave the house.",
        _ALL_OUT,
        "With which address do they leave, and whose is it? `tcpdump -n -i eth0`.",
    ),
    fault(
        "accepted-too-early",
        "masquerade after an ACCEPT",
        3,
        "nat",
        _line(
            f"iptables -t nat -I POSTROUTING -s {_FRONT} -j ACCEPT",
            f"iptables -t nat -D POSTROUTING -s {_FRONT} -j ACCEPT",
        ),
        "The containers are offline since yesterday. The owner swears that he has deleted nothing.",
        _ALL_OUT,
        "In which order are the rules asked, and which of them counts? `iptables -t nat -vS`.",
    ),
    fault(
        "translated-to-somebody-else",
        "SNAT to somebody else",
        2,
        "nat",
        _instead("", "eth0", "SNAT --to-source 198.51.100.20"),
        "The containers are offline. A machine of the LAN gets answers to what it never asked.",
        _ALL_OUT,
        "With which address do their packets leave, and whose is it? `tcpdump -n -i eth0`.",
    ),
    fault(
        "a-chain-that-nobody-asks",
        "masquerade nobody jumps to",
        2,
        "nat",
        (
            (
                _RIGHT.format("D"),
                f"iptables -t nat -N out; iptables -t nat -A out -s {_FRONT} -j MASQUERADE",
            ),
            ("iptables -t nat -F out; iptables -t nat -X out", _RIGHT.format("A")),
        ),
        "The firewall was put in order. Since then the containers are offline.",
        _ALL_OUT,
        "Which chains does a packet that leaves really pass? `iptables -t nat -vS`.",
    ),
    fault(
        "only-marked-ones",
        "masquerade by a mark",
        3,
        "nat",
        _instead("-m mark --mark 7 ", "eth0", "MASQUERADE"),
        "Since the consultant was here, the containers are offline. The host itself is not.",
        _ALL_OUT,
        "What must a packet have, for the rule to be about it? `iptables -t nat -vS POSTROUTING`.",
    ),
    fault(
        "not-in-the-set",
        "masquerade by a set",
        3,
        "nat",
        (
            (
                _RIGHT.format("D"),
                "nft add table ip own",
                "nft 'add chain ip own out { type nat hook postrouting priority 100; }'",
                "nft add rule ip own out ip saddr '{ 172.20.0.110, 172.20.0.111 }' masquerade",
            ),
            ("nft delete table ip own", _RIGHT.format("A")),
        ),
        "The containers have got their old addresses back, and are offline.",
        _ALL_OUT,
        "Whose packets are translated? `nft list ruleset`, and `ip addr` in the containers.",
    ),
    fault(
        "a-word-wrong",
        "resolver file",
        2,
        "names",
        _line("echo nameservr 8.8.8.8 > /etc/netns/app/resolv.conf", _NAMES.format("8.8.8.8")),
        "The app reaches the supplier by address, and not by name.",
        ("app-name",),
        "Whom does the app ask for names? `cat /etc/resolv.conf`, by `ip netns exec`.",
    ),
    fault(
        "no-way-to-ask",
        "no way to the name server",
        2,
        "names",
        (
            (
                f"ip -n app route add {_OUTSIDE} via 172.20.0.1",
                "ip -n app route add 198.51.100.0/24 via 172.20.0.1",
                "ip -n app route del default",
            ),
            (
                "ip -n app route add default via 172.20.0.1",
                f"ip -n app route del {_OUTSIDE}; ip -n app route del 198.51.100.0/24",
            ),
        ),
        "Somebody has cut the app down to what it needs. It finds no name since.",
        ("app-name",),
        "Which way does a question for a name take? `ip route get 8.8.8.8`, in its namespace.",
    ),
    fault(
        "nobody-to-ask",
        "name server silent",
        2,
        "names",
        _line(_NAMES.format("198.51.100.20"), _NAMES.format("8.8.8.8")),
        "The app was moved to the new site's settings. It reaches addresses, and finds no name.",
        ("app-name",),
        "Does whom it asks for names answer? `cat /etc/resolv.conf`, and `host NAME SERVER`.",
    ),
    fault(
        "names-filtered",
        "name server filtered",
        2,
        "forward",
        _line(
            _RULE.format("I", "-p udp --dport 53 -j REJECT"),
            _RULE.format("D", "-p udp --dport 53 -j REJECT"),
        ),
        "The app pings the name server, and gets no name from it.",
        ("app-name",),
        "A ping is no question for a name: which rule tells them apart? `iptables -vS`.",
    ),
    fault(
        "guarded",
        "user chain",
        2,
        "forward",
        (
            (
                "iptables -N guard; iptables -A guard -p tcp --dport 80 -j DROP",
                "iptables -I FORWARD -j guard",
            ),
            ("iptables -D FORWARD -j guard", "iptables -F guard; iptables -X guard"),
        ),
        "From the LAN the page does not open; it opens on the host, and in the containers.",
        ("lan-app",),
        "Which chains does a packet pass, and which port does it have by then? `iptables -vS`.",
    ),
    fault(
        "nobody-from-outside",
        "by direction",
        2,
        "forward",
        _line(
            _RULE.format("I", "-i eth0 -m conntrack --ctstate NEW -j DROP"),
            _RULE.format("D", "-i eth0 -m conntrack --ctstate NEW -j DROP"),
        ),
        "The containers are online. From the LAN, nobody gets in.",
        ("lan-app",),
        "Which packets may come in by eth0? `iptables -vS FORWARD`.",
    ),
    fault(
        "app-lets-nobody-in",
        "INPUT",
        2,
        "app",
        _line(
            "ip netns exec app iptables -A INPUT -i eth0 -p tcp --dport 80 -j DROP",
            "ip netns exec app iptables -D INPUT -i eth0 -p tcp --dport 80 -j DROP",
        ),
        "The app runs and reaches everything. Nobody gets its page.",
        _SERVED,
        "Do the packets reach the app? `tcpdump -i eth0`, and `iptables -vS`, in its namespace.",
    ),
    fault(
        "two-that-may-not",
        "by a set",
        3,
        "forward",
        _table("ip", "forward", f"ip saddr '{{ {_APP}, {_JOB} }}' ip daddr {_OUTSIDE} drop"),
        "The app finds names and opens its store. The supplier is not reached, from any container.",
        _OUT,
        "iptables shows only its own rules: `nft list ruleset` shows all.",
    ),
    fault(
        "dropped-at-the-door",
        "netdev family",
        3,
        "app",
        _table("netdev", "ingress device app0", f"ip saddr {_APP} tcp sport 80 drop"),
        "The app gets each request, and nobody gets its answer.",
        _SERVED,
        "Who drops a packet before any chain of iptables sees it? `nft list ruleset`.",
    ),
    fault(
        "a-program-in-the-way",
        "tc filter drops",
        3,
        "store",
        (
            (
                "tc qdisc add dev store0 clsact",
                "tc filter add dev store0 ingress bpf da bytecode '1,6 0 0 2,'",
            ),
            ("tc qdisc del dev store0 clsact",),
        ),
        "The page opens and says that its store does not answer. It is not the firewall, they say.",
        ("app-store",),
        "Not only rules drop packets: `tc -s filter show dev store0 ingress`.",
    ),
    fault(
        "store-unlearned",
        "port flags",
        3,
        "store",
        _line(
            # `bridge fdb flush` would ask the port itself, which has no entries to lose.
            "bridge link set dev store0 flood off learning off; "
            "ip link set store0 type bridge_slave fdb_flush",
            "bridge link set dev store0 flood on learning on",
        ),
        "The page opens and says that its store does not answer. The cables are all right.",
        ("app-store",),
        "What does the bridge do with frames for whom it does not know? `bridge -d link`.",
    ),
)

NETWORK = Network(
    name="published",
    about="A container engine runs here. Its container `app` is published to the LAN on port 8080 "
    "of the host. Only `app` may reach `store`, and `job` is a container beside it.",
    built=_BUILT,
    works=_WORKS,
    kept=("job-store",),
    mustnot=(
        MustNot(
            Masquerades("10.99.0.0/16", out="eth0"),
            sentence(
                "the host now translates everybody's packets, not only those of its containers"
            ),
        ),
    ),
    spoils=(
        ("ip netns del job", "job"),
        ("iptables -F FORWARD", "job reaches 172.21.0.10"),
        ("iptables -t nat -A POSTROUTING -o eth0 -j MASQUERADE", "translates everybody's packets"),
    ),
    faults=_FAULTS,
)
