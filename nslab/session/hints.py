"""What to do about a line that failed: its first words and what it printed say it.

One row for each habit that people bring from other places and each slip that is made often; a row
that does not fit says nothing.  What the lab is like (which links and namespaces there are) comes
from the snapshot after the line.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable

from nslab.engine.default_network import DOMAIN, NAME_SERVER, WEB
from nslab.network import programs
from nslab.network.model import Namespace
from nslab.network.names import IFNAMSIZ
from nslab.session import ip_slips, reaching
from nslab.session.said import Said, called, slip

MADE_UP = (
    f"the lab's internet is a made-up one: it has the web server {WEB} (www.{DOMAIN}) and the name "
    f"server {NAME_SERVER}, which knows {DOMAIN}"
)
NO_ENGINE = (
    "no Docker engine runs in this lab: in a Python cell, from nslab import docker; "
    "docker.start(lab); notebook 07 does so"
)
OF_THE_MACHINE = 'this belongs to the whole machine: a lab of Lab(engine="vm") has one of its own'
TO_ASK = {
    "ip",
    "bridge",
    "brctl",
    "ifconfig",
    "tc",
    "tcpdump",
    "ethtool",
    "arp",
    "route",
    "nsenter",
}
MOST = 3
"""So many hints for a cell: more are not read."""


Rule = Callable[[Said], str]


def hints(said: Said) -> str:
    """The first thing to say about it; empty if there is none."""
    for rule in _RULES:
        if found := rule(said):
            return found
    return ""


def of_cell(lines: Iterable[Said]) -> list[tuple[str, ...]]:
    """What to say about each line of a cell that failed; each thing is said once.

    :param lines: those lines; or all of the cell as one, if it printed errors and no line failed
    """
    told: list[str] = []
    found = list[tuple[str, ...]]()
    for said in lines:
        every = (hints(said) or _in_a_pipe(said)).splitlines()
        new = [line for line in dict.fromkeys(every) if line not in told][: MOST - len(told)]
        told += new
        found.append(tuple(new))
    return found


def _in_a_pipe(said: Said) -> str:
    """What is missing on the left of a pipe, whose end counts."""
    found = re.search(r"^bash: line \d+: (\S+): command not found$", said.output, re.MULTILINE)
    return programs.missing(found[1]) if found and said.code == 0 else ""


# -- what does not look like the shell's -----------------------------------------------------------

_TYPOGRAPHY = {
    "–": "-",
    "—": "-",
    "−": "-",
    "“": '"',
    "”": '"',
    "‘": "'",
    "’": "'",
    "\xa0": "a blank",
}
_PROMPT = re.compile(
    r"\s*(\$|[\w.-]+@[\w.-]+:\S*[#$]|\[[\w.-]+@[^\]]*\][#$]|>>>|In \[\d*\]:)(?=\s|$)"
)
_PYTHON = re.compile(
    r"\s*(lab\.\w+\(|lab\s*$|print\(|(from|import)\s+\w|def \w+\(|\w+ = \w+\(|lesson\[)"
)


def _typography(said: Said) -> str:
    found = next((sign for sign in said.line if sign in _TYPOGRAPHY), "")
    if not found:
        return ""
    shown = "a blank of another kind" if found == "\xa0" else found
    wanted = _TYPOGRAPHY[found]
    return f"the line has {shown} where programs want {wanted}: copied text brings such signs"


def _prompt(said: Said) -> str:
    found = _PROMPT.match(said.line)
    return f"{found[1]} is a prompt: leave it out, and type what follows it" if found else ""


def _python(said: Said) -> str:
    if said.code in (2, 127) and _PYTHON.match(said.line):
        return "this is Python: it goes into a cell of its own, without %%host above it"
    return ""


def _magic(said: Said) -> str:
    if said.line.lstrip().startswith("%%") and "no job control" in said.output:
        return "a cell has one %%host or %%ns, its first line: the rest goes into another cell"
    return ""


def _unfinished(said: Said) -> str:
    if "unexpected EOF while looking for matching" in said.output:
        return "a quote or a bracket was opened and is not closed"
    if "syntax error: unexpected end of file" in said.output:
        return "something was begun and is not ended: if … fi, for … done, while … done, { … }"
    return ""


def _foreground(said: Said) -> str:
    if said.program in ("fg", "bg") and "no job control" in said.output:
        return "a cell has no foreground: wait waits for a job, kill %1 ends it"
    return ""


# -- programs that a lab has not -------------------------------------------------------------------

_MANAGERS = "nmcli nmtui netplan ifup ifdown networkctl resolvectl systemd-resolve wpa_cli".split()
_FIREWALLS = "ufw firewall-cmd".split()
_INSTALLERS = "yum dnf apk pacman zypper snap brew flatpak".split()
_WINDOWS = {
    "ipconfig": "ip address",
    "tracert": "traceroute",
    "pathping": "traceroute",
    "netsh": "ip",
    "nbtstat": "ip neighbour",
    "del": "rm",
    "copy": "cp",
}
_CLOUDS = (
    "kubectl podman minikube kind helm virsh vagrant lxc lxc-ls lxc-create lxc-start nerdctl"
).split()


def _elsewhere(said: Said) -> str:
    program = said.program
    if program in _MANAGERS:
        return f"no program manages a lab's network: what {program} would do is done by ip"
    if program in _FIREWALLS:
        return f"{program} is a front end that a lab has not: iptables or nft do it"
    if program in _INSTALLERS:
        return "nothing can be installed in a lab: install it on your machine, and labs have it"
    if program in _WINDOWS and said.code == 127:
        return f"that is Windows' word: here it is {_WINDOWS[program]}"
    if program in ("clear", "cls", "reset"):
        return "there is nothing to clear: each cell has an output of its own"
    if program == "nslab":
        return "nslab is a program of your machine: type it in a terminal there, not in the lab"
    if program in ("dhclient", "dhcpcd", "udhcpc"):
        return "no DHCP server is in the lab: ip address add gives a link an address"
    if program == "docker-compose" and said.code == 127:
        return "today's word is docker compose, with a blank"
    if program in _CLOUDS:
        return (
            f"{program} finds nothing here: a lab is one host, with ip, and docker in notebook 07"
        )
    return ""


def _missing(said: Said) -> str:
    absent = said.code == 127 or re.search(r'exec of "[^"]+" failed: No such file', said.output)
    program = said.program
    if not absent or not program:
        return ""
    if program in programs.BUILTINS:
        place = said.place or "NAME"
        return f"{program} is the shell's own word, no program: begin the cell with %%ns {place}"
    if said.seen is not None and program in {one.label for one in said.seen.namespaces}:
        return f"{program} is a namespace: begin the cell with %%ns {program}"
    found = programs.missing(program)
    if instead := programs.today(said.line):
        found += "\nor, with today's tools: " + "; ".join(instead.splitlines())
    return found


def _docker(said: Said) -> str:
    silent = r"Cannot connect to the Docker daemon|failed to connect to the docker API|docker\.sock"
    if not said.program.startswith("docker"):
        return ""
    if re.search(silent, said.output):
        return NO_ENGINE
    refused = re.search(r"Operation not permitted|you must be root|are you root", said.output)
    if said.words[1:2] == ["exec"] and refused:
        return (
            "a container may not change its own network: Docker gives it no right to "
            f"(CAP_NET_ADMIN); begin a cell with %%ns {_container(said)} instead"
        )
    return ""


def _container(said: Said) -> str:
    """Which one ``docker exec`` is about."""
    names = {one.label for one in said.seen.namespaces} if said.seen is not None else set[str]()
    return next((word for word in said.words[2:] if word in names), "CONTAINER")


_LOG = (
    "the kernel's log is the machine's: read it there, with sudo dmesg; "
    'a lab of Lab(engine="vm") has its own'
)


def _logs(said: Said) -> str:
    if "dmesg: read kernel buffer failed" in said.output:
        return _LOG
    if re.search(r"/var/log/(syslog|messages|kern\.log).*No such file", said.output):
        return "no program keeps a log in a lab: each program prints into the cell, or > FILE"
    return ""


# -- the made-up internet --------------------------------------------------------------------------

_NO_NAME = re.compile(
    r"could ?n[o']t resolve|name or service not known|temporary failure (in name resol|resolving)"
    r"|unable to resolve host|unknown host|bad address|NXDOMAIN|cannot find .*: NXDOMAIN",
    re.IGNORECASE,
)
_CURL_NO_NAME = 6
"""curl's exit code for a host that cannot be resolved (curl(1))."""


def _internet(said: Said) -> str:
    unknown = _NO_NAME.search(said.output)
    if said.program == "curl" and said.code == _CURL_NO_NAME:
        unknown = re.match("", "")
    wanted = [word for word in said.words[1:] if re.search(r"[a-z]\.[a-z]{2,}", word)]
    if unknown and wanted and not any(DOMAIN in word for word in wanted):
        return MADE_UP
    if "Destination Net Unreachable" in said.output and said.place is None:
        return MADE_UP
    return ""


# -- what a namespace sends to itself --------------------------------------------------------------


def _itself(said: Said) -> str:
    """An address of one's own is reached over lo, whichever link has it."""
    found, here = reaching.unreached(said), said.here
    if found is None or here is None or said.veiled:
        return ""
    host = found[1].rpartition(":")[0] if found[1].count(":") == 1 else found[1]
    own = here.own_addresses
    down = any(link.name == "lo" and not link.up for link in here.links)
    if not down or (host not in own and not host.startswith("127.") and host != "::1"):
        return ""
    ip = "ip" if said.place == said.ns else f"ip -n {said.place}"
    return (
        f"what {called(here)} sends to an address of its own goes over its lo, which is down: "
        f"{ip} link set lo up"
    )


# -- ip and its like -------------------------------------------------------------------------------

_NO_LINK = re.compile(
    r'Cannot find (?:bridge )?device "?([^"\n]+?)"?$|Device "([^"\n]+)" does not exist|'
    r"(?:interface|bridge) (\S+) does not exist!|^(\S+): error fetching interface information|"
    r"can't add (\S+) to bridge|tcpdump: (\S+): No such device|SIOCADDRT: No such (device)|"
    r"^(\S+): ERROR while getting interface flags",
    re.MULTILINE,
)


def _link(said: Said) -> str:
    found = _NO_LINK.search(said.output)
    here = said.here
    if found is None or here is None or said.program not in TO_ASK:
        return ""
    name = next((word for word in found.groups() if word), "")
    names = [link.name for link in here.links]
    known = name in said.line or name == "device" or "$" in said.line
    if not name or name in names or not known:
        return ""  # there is such a link now, or another line of the cell missed it
    if elsewhere := _held_by(said, name, here):
        return elsewhere
    if close := slip(name, names):
        return f"did you mean {close}?"
    return f"the links of {called(here)} are {', '.join(names[:12])}"


def _held_by(said: Said, name: str, here: Namespace) -> str:
    """Where a link of that name is, if it is not here."""
    if other := said.that_has(name):
        return f"{name} is in {called(other)}, not in {called(here)}"
    if said.program == "bridge" and (other := said.switch_of(name)):
        return f"{name} is a port of {other.label}: begin the cell with %%ns {other.label}"
    return ""


def _long_name(said: Said) -> str:
    if said.words[:2] != ["ip", "link"] or "policy validation" not in said.output:
        return ""
    long = next((word for word in said.words if len(word) >= IFNAMSIZ), "")
    return f"{long} has {len(long)} characters: the kernel takes at most 15" if long else ""


def _exists(said: Said) -> str:
    if not re.search(r"File exists|already exists", said.output):
        return ""
    words = said.words
    if said.program == "ip" and words[1:2] and "route".startswith(words[1]) and "add" in words:
        if own := _own_gateway(said):
            return own
        line = said.again(["replace" if word == "add" else word for word in words])
        return f"a route to the same place is there already: {line} takes its place"
    if said.program in ("ip", "brctl", "bridge", "vconfig"):
        return (
            "it is there already, as when a cell is run twice; undo() of this lab takes a step back"
        )
    return ""


def _own_gateway(said: Said) -> str:
    """What to say of a gateway that is here itself: the line was meant for another namespace."""
    given = next(iter(said.words[said.words.index("via") + 1 :]), "") if "via" in said.words else ""
    here = said.here
    if not given or here is None:
        return ""
    if given not in here.own_addresses:
        return ""
    return (
        f"{given} is {called(here)}'s own address, so it is no gateway for it: begin the cell with "
        "%%ns and the namespace that is to have this route"
    )


def _gateway(said: Said) -> str:
    if re.search(r"Nexthop has invalid gateway|Network is unreachable", said.output) and (
        said.program in ("ip", "route") and "add" in said.words
    ):
        return (
            "a gateway must be in a network that a link of this namespace is in: give the link an "
            "address there first, and set it up"
        )
    return ""


def _buffers(said: Said) -> str:
    """The kernel's answer if its table of neighbours is full: ENOBUFS (neigh_create())."""
    if "No buffer space available" not in said.output:
        return ""
    return (
        "the machine's table of neighbours is full: all labs on it share one, and nslab doctor "
        "says how its limit is raised; until then try again, or close labs that you do not need"
    )


_TARGETS = (
    "ACCEPT DROP REJECT RETURN LOG MASQUERADE SNAT DNAT REDIRECT MARK CONNMARK NETMAP".split()
)
_CHAINS = "INPUT OUTPUT FORWARD PREROUTING POSTROUTING".split()


def _iptables(said: Said) -> str:
    if not said.program.startswith(("iptables", "ip6tables")):
        return ""
    absent = re.search(r"Chain '(\S+)' does not exist|Couldn't load target `(\S+)'", said.output)
    if absent:
        name = absent[1] or absent[2]
        close = difflib.get_close_matches(name.upper(), [*_TARGETS, *_CHAINS], 1, 0.6)
        return f"did you mean {close[0]}?" if close and close[0] != name else ""
    translates = {"MASQUERADE", "SNAT", "DNAT", "REDIRECT"} & set(said.words)
    if translates and "nat" not in said.words:
        (target, *_) = sorted(translates)
        chain = "PREROUTING" if target in ("DNAT", "REDIRECT") else "POSTROUTING"
        return f"{target} belongs to the table nat: iptables -t nat -A {chain} …"
    if "No chain/target/match by that name" in said.output and "nat" not in said.words:
        return "POSTROUTING and PREROUTING are chains of the table nat: iptables -t nat …"
    return ""


_KEYS = (
    "net.ipv4.ip_forward net.ipv4.conf.all.rp_filter net.ipv4.conf.all.forwarding "
    "net.ipv4.conf.all.proxy_arp net.ipv4.icmp_echo_ignore_all net.ipv6.conf.all.disable_ipv6 "
    "net.ipv6.conf.all.forwarding net.bridge.bridge-nf-call-iptables net.ipv4.ip_default_ttl"
).split()


_MACHINES = frozenset("abi debug dev fs kernel sunrpc user vm".split())
"""What settings begin with that are the machine's, not a network namespace's."""


def _sysctl(said: Said) -> str:
    if said.program != "sysctl":
        return ""
    if "=" in said.words:
        line = re.sub(r"\s*=\s*", "=", " ".join(said.words))
        line = line if " -w" in line else line.replace(" ", " -w ", 1)
        return f"without blanks around the =: {line}"
    if unset := _no_value(said):
        return unset
    absent = re.search(r"cannot stat /proc/sys/(\S+?):", said.output)
    if absent:
        key = absent[1].replace("/", ".")
        ends = [known for known in _KEYS if known.endswith(f".{key}")]
        close = ends or difflib.get_close_matches(key, _KEYS, 1, 0.8)
        if close and close[0] != key:
            return f"did you mean {close[0]}?"
        return OF_THE_MACHINE if key.partition(".")[0] in _MACHINES else ""
    denied = re.search(r'permission denied on key "(\w+)', said.output)
    return OF_THE_MACHINE if denied and denied[1] in _MACHINES else ""


def _no_value(said: Said) -> str:
    """A setting that is to have a value, without the = between the two, or without one."""
    given = [word for word in said.words[1:] if not word.startswith("-")]
    if len(given) == 1 and re.fullmatch(r"[\w/-]+\.[\w./-]+:\S+", given[0]):
        given = given[0].split(":", 1)
    match given:
        case [key, value] if "." in key and "." not in value and "=" not in key + value:
            return f"a value stands behind a =: sysctl -w {key}={value}"
        case [key] if "-w" in said.words and "=" not in key:
            return f"-w wants a value: sysctl -w {key}=1; sysctl {key} shows the one that it has"
    return ""


def _walls(said: Said) -> str:
    absent = re.search(r"/proc/sys/(net/\S+): No such file", said.output)
    if absent and said.program != "sysctl":
        close = difflib.get_close_matches(absent[1].replace("/", "."), _KEYS, 1, 0.8)
        return f"did you mean /proc/sys/{close[0].replace('.', '/')}?" if close else ""
    if re.search(r"/(proc|sys)/\S*: Read-only file system", said.output):
        return OF_THE_MACHINE
    return ""


def _proc(said: Said) -> str:
    if "--mount-proc" in said.line and "mount /proc failed" in said.output:
        return programs.READ_ONLY_PROC
    return ""


_RULES: tuple[Rule, ...] = (
    _typography,
    _prompt,
    _magic,
    _python,
    _unfinished,
    _foreground,
    _proc,
    _docker,
    _logs,
    _elsewhere,
    _missing,
    _itself,
    _internet,
    ip_slips.hint,
    _long_name,
    _link,
    _exists,
    _gateway,
    _buffers,
    _iptables,
    _sysctl,
    _walls,
)
