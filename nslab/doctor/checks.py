"""The report: what was tried, which programs are there, whether Jupyter is."""

from __future__ import annotations

import importlib.util
import os
import platform
import shutil
from collections.abc import Sequence
from pathlib import Path

from nslab.doctor.report import Check, Report, Status
from nslab.engine.refusal import pod
from nslab.engine.refusal.diagnosis import diagnose
from nslab.engine.refusal.facts import Facts
from nslab.engine.refusal.probe import Attempt, attempt
from nslab.network.programs import PACKAGES

# What each is for; its Debian package is in nslab.network.programs.
PURPOSES = {
    "bash": "runs the lines of a lesson",
    "ip": "links, addresses, routes, namespaces",
    "brctl": "bridges, as the article makes them",
    "ifconfig": "addresses, as the article sets them",
    "route": "routes, as the article sets them",
    "iptables": "NAT, the older way",
    "nft": "NAT, the newer way",
    "ping": "does a host answer?",
    "curl": "asks the web server of the lab's internet",
    "host": "asks its name server",
    "traceroute": "the path of a packet",
    "hostname": "each container has its own",
    "tcpdump": "frames on a wire",
    "tshark": "reads the files that captures are written to",
    "conntrack": "the table of translated connections",
    "sysctl": "forwarding and other settings",
    "unshare": "containers by hand",
    "nsenter": "runs programs in a container",
    "dot": "turns nslab show --dot into a drawing",
    "iperf3": "measures throughput",
    "strace": "the bytes that a program sends to the kernel",
    "dockerd": "a Docker engine inside a lab",
    "runc": "starts its containers",
    "busybox": "the programs in them",
    "qemu-system-x86_64": "labs in a virtual machine: nslab vm build",
    "mkfs.erofs": "makes the disk of that machine",
}
SHARED = "shared by all labs"

NEIGHBOURS = "/proc/net/stat/arp_cache"
"""The table of IPv4's neighbours: the kernel has one for all network namespaces (net/ipv4/arp.c),
and shows this file in the machine's own only."""

NEIGHBOURS_LIMIT = "/proc/sys/net/ipv4/neigh/default/gc_thresh3"
ENOUGH_NEIGHBOURS = 16384
"""For 2,000 labs: one in which all ping has 7 (benchmarks/limits)."""

REQUIRED_TOOLS = ("bash",)
SBIN = ("/usr/local/sbin", "/usr/sbin", "/sbin")
"""Not in an ordinary user's PATH on Debian, though the programs there can be run."""

NOTES = {
    "private host": "with its own network, mounts, processes and host name",
    "add a veth": "virtual cables",
    "add a bridge": "virtual switches",
    "set net.ipv4.ip_forward": "routers",
    "set net.ipv4.conf.lo.rp_filter": "source address checks",
    "nft rule": "address translation",
}
FEATURES = {
    "macvlan": "a NIC of its own on the host's wire",
    "ipvlan": "many NICs with one MAC (notebook 13)",
    "vlan": "tagged frames, 8021q (notebook 14)",
    "vxlan": "a wire across machines",
    "br_netfilter": "bridged frames passing iptables",
}
NO_EMULATOR = (
    "no lab can be a virtual machine: notebook 09 ends with one, and 13 and 14 need one where the "
    "kernel lacks their features"
)
SLOWER = "labs in a virtual machine are slower without it, and no others"
IN_A_MACHINE = ("ipvlan", "vlan")
"""Features whose notebooks take a virtual machine where this kernel lacks them."""


def examine(untrusted: Sequence[str] | None = None) -> Report:
    """Look at everything.  Takes about a fifth of a second.

    ``untrusted`` names the lessons that JupyterLab does not trust, None if that is not known.
    """
    facts = Facts.of_this_machine()
    checks = [
        *kernel_checks(attempt(), facts),
        *tool_checks(),
        *shared_checks(),
        *jupyter_checks(untrusted),
        *machine_checks(),
    ]
    # Not in the verdict: that is saved with notebooks, and read by others.
    who = "root" if facts.root else "an ordinary one, not root"
    asked = [Check("kernel", "your user", "ok", who)]
    if facts.container == pod.KUBERNETES:
        asked.append(Check("kernel", "in a pod", "ok", pod.state(facts)))
    return Report(*verdict(checks), (*asked, *checks))


def verdict(checks: list[Check]) -> tuple[bool, str]:
    """Can a lab run, and the sentence that says so."""
    for check in checks:
        fatal = check.group == "kernel" and check.status == "refused"
        if fatal or (check.name in REQUIRED_TOOLS and check.status == "missing"):
            return False, f"No lab can run here: {check.name}: {check.detail}."
    text = "Labs run on this machine."
    missing = [each.name for each in checks if each.group == "tools" and each.status == "missing"]
    if missing:
        text += f" Some lessons need programs that are not installed: {', '.join(missing)}."
    return True, text


def _without(kind: str, remedy: str) -> tuple[str, str]:
    """What a kernel that lacks a feature comes to, and what to do."""
    detail = f"{FEATURES[kind]}: not in this kernel"
    if kind not in IN_A_MACHINE:
        return detail, remedy
    once = f"nslab vm build    # once; or, if the kernel has the module: {remedy}"
    return f"{detail}, so that lab is a virtual machine", once


def kernel_checks(steps: list[Attempt], facts: Facts) -> list[Check]:
    """The probe's steps, refusals explained."""
    checks = []
    for step in steps:
        kind = step.name.removeprefix("add a ")
        feature = kind in FEATURES and step.name != kind
        group = "features" if feature else "kernel"
        name = kind if feature else step.name
        note = FEATURES[kind] if feature else NOTES.get(name, "")
        if not step.errno:
            checks.append(Check(group, name, "ok", note))
            continue
        diagnosis = diagnose(step.name, step.errno, facts)
        detail, remedy = diagnosis.cause, diagnosis.remedy
        status: Status = "refused" if step.needed else "limited"
        if feature:
            status = "missing"
            detail, remedy = _without(kind, remedy.partition("\n")[0])
        elif diagnosis.kind in ("unknown", "no-answer") and step.detail:
            detail += f" ({step.detail})"
        if step.name == "user namespace" and not step.needed:
            detail = f"the lab runs without one, so root in it is root: {detail}"
        if step.name == "nft rule" and step.detail == "no nft":
            detail, remedy = "not tried: nft is not installed", ""
        checks.append(Check(group, name, status, detail, remedy))
    # What lessons on other subjects need comes after what every lab needs.
    return sorted(checks, key=lambda check: check.group == "features")


def neighbours() -> tuple[int, int]:
    """How many entries the table of neighbours has, and how often it was full since the start.

    :raises OSError: it is not seen here, as in a container
    """
    names, *rows = (line.split() for line in Path(NEIGHBOURS).read_text().splitlines())
    counts = [dict(zip(names, (int(word, 16) for word in row), strict=False)) for row in rows]
    entries = max((count.get("entries", 0) for count in counts), default=0)
    return entries, sum(count.get("table_fulls", 0) for count in counts)  # a row a processor


def shared_checks() -> list[Check]:
    """What all labs of the machine take from: nothing in a container, which does not see it."""
    try:
        limit = int(Path(NEIGHBOURS_LIMIT).read_text())
        entries, full = neighbours()
    except (OSError, ValueError):
        return []
    name, detail = "table of neighbours", f"{entries:,} of {limit:,} entries are taken"
    if limit >= ENOUGH_NEIGHBOURS or not (full or entries > limit * 3 // 4):
        return [Check(SHARED, name, "ok", detail)]
    if full:
        detail += (
            f"; it was full {full:,} times since the machine started, and programs then said "
            '"No buffer space available"'
        )
    key = "net.ipv4.neigh.default.gc_thresh"
    remedy = f"sudo sysctl -w {key}2={ENOUGH_NEIGHBOURS // 2} {key}3={ENOUGH_NEIGHBOURS}"
    return [Check(SHARED, name, "limited", detail, remedy)]


def tool_checks() -> list[Check]:
    """Which programs are there."""
    return [_tool(program, purpose) for program, purpose in PURPOSES.items()]


def _tool(program: str, purpose: str) -> Check:
    path = find(program)
    if path is None:
        return Check(
            "tools", program, "missing", purpose, f"sudo apt-get install {PACKAGES[program]}"
        )
    return Check("tools", program, "ok", path)


def find(program: str) -> str | None:
    """The path of a program, looked for in the sbin directories too."""
    path = os.pathsep.join((os.environ.get("PATH", os.defpath), *SBIN))
    return shutil.which(program, path=path)


def jupyter_checks(untrusted: Sequence[str] | None) -> list[Check]:
    """Is JupyterLab there, and are the lessons trusted?  ``untrusted`` names those that are not."""
    remedy = "script/lab in the checkout, or: python3 -m pip install jupyterlab ipykernel"
    checks = []
    for module in ("jupyterlab", "ipykernel", "ipywidgets"):
        if importlib.util.find_spec(module) is None:
            checks.append(Check("jupyter", module, "missing", "the notebooks need it", remedy))
        else:
            checks.append(Check("jupyter", module, "ok"))
    if untrusted:
        detail = f"JupyterLab hides the pictures of {', '.join(untrusted)}"
        remedy = "nslab lab trusts the lessons before it opens them"
        checks.append(Check("jupyter", "trust", "limited", detail, remedy))
    elif untrusted is not None:
        checks.append(Check("jupyter", "trust", "ok", "pictures show when a lesson is opened"))
    return checks


def machine_checks() -> list[Check]:
    """Can a virtual machine run here?  Only to know: no lab on this machine needs one."""
    checks = []
    emulator = find(f"qemu-system-{platform.machine()}")
    if emulator is None:
        checks.append(Check("virtual machines", "qemu", "missing", NO_EMULATOR))
    else:
        checks.append(Check("virtual machines", "qemu", "ok", emulator))
    kvm = ("virtual machines", "/dev/kvm")
    if not os.path.exists("/dev/kvm"):
        checks.append(Check(*kvm, "missing", SLOWER))
    elif not os.access("/dev/kvm", os.R_OK | os.W_OK):
        detail = f"you may not use it; {SLOWER}"
        remedy = "sudo adduser $USER kvm, then log in again"
        checks.append(Check(*kvm, "limited", detail, remedy))
    else:
        checks.append(Check(*kvm, "ok"))
    return checks
