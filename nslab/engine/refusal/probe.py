"""A child process that really makes a pseudo-host, and says which step was refused.

It goes the very way that a lab's agent goes (:mod:`nslab.engine.agent.boot.isolate`), then tries
what lessons need: links, rules, settings.  All of it is gone when the child ends.
"""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from errno import EACCES, EIO, ENOENT, ENOSYS, EOPNOTSUPP, EPERM, ETIME
from pathlib import Path

import msgspec

from nslab.engine import uapi

TIMEOUT = 30
"""Seconds; it takes about a fifth of one."""

KINDS = ("veth", "bridge", "macvlan", "ipvlan", "vlan", "vxlan")
NEEDED_KINDS = ("veth", "bridge")

_NFT_WORDS = {
    "not supported": EOPNOTSUPP,
    "No such file": ENOENT,
    "not permitted": EPERM,
    "Permission denied": EACCES,
}


class Attempt(msgspec.Struct, frozen=True, omit_defaults=True):
    """Something tried.  ``errno`` is 0 if it went well."""

    name: str
    errno: int = 0
    detail: str = ""
    needed: bool = True
    """Whether no lab can run without it."""


def attempt() -> list[Attempt]:
    """Try everything in a child process.  The first needed step that is refused is the last."""
    if platform.system() != "Linux":
        return [Attempt("user namespace", ENOSYS, platform.system())]
    package = str(Path(__file__).parents[3])
    # The package that is asked, not another one that happens to be in the present directory.
    code = f"import sys; sys.path.insert(0, {package!r})\n"
    code += "from nslab.engine.refusal.probe import main; main()"
    try:
        ended = subprocess.run(
            [sys.executable, "-P", "-c", code],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=TIMEOUT,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return [Attempt("probe", ETIME, f"it took longer than {TIMEOUT} s")]
    steps = [msgspec.json.decode(line, type=Attempt) for line in ended.stdout.splitlines()]
    if not steps or steps[-1].name != "end":
        if not steps or not (steps[-1].needed and steps[-1].errno):
            words = ended.stderr.decode(errors="replace").strip().splitlines()
            steps.append(
                Attempt("probe", EIO, words[-1] if words else "it ended without an answer")
            )
        return steps
    return steps[:-1]


def main() -> None:
    """The child: tries, and writes one line of JSON for each step."""
    from nslab.engine.agent.boot.isolate import StepRefused, become_host

    outside = os.stat("/proc/self/ns/user").st_ino
    try:
        become_host()
    except StepRefused as refused:
        _tell(Attempt(refused.step, refused.errno, refused.detail))
        # The caller of the refused step may be PID 1 inside, which must not go on.
        os._exit(1)
    _tell(Attempt("private host"))
    if os.stat("/proc/self/ns/user").st_ino == outside:
        _tell(Attempt("user namespace", _why_no_user_namespace(), needed=False))
    if not os.path.isdir("/sys/class/net"):
        _tell(Attempt("mount /sys", EPERM, needed=False))
    for kind in KINDS:
        _tell(_link(kind))
    for key in ("net/ipv4/ip_forward", "net/ipv4/conf/lo/rp_filter"):
        _tell(_setting(key))
    _tell(_rule())
    found = os.path.exists("/proc/sys/net/bridge/bridge-nf-call-iptables")
    _tell(Attempt("add a br_netfilter", 0 if found else EOPNOTSUPP, needed=False))
    _tell(Attempt("end"))
    os._exit(0)


def _tell(step: Attempt) -> None:
    os.write(1, msgspec.json.encode(step) + b"\n")


def _why_no_user_namespace() -> int:
    """The errno, when root went on without one: tried again, in a child."""
    from nslab.engine.agent.netns.syscalls import call

    child = os.fork()
    if child == 0:
        try:
            call("unshare", uapi.CLONE_NEWUSER)
            os._exit(0)
        except OSError as error:
            os._exit(error.errno or EIO)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _link(kind: str) -> Attempt:
    """Try to make a link of a kind.  A kind that is there may want more than a name: EINVAL."""
    from nslab.engine.agent.rtnl import rtnetlink

    body = rtnetlink.ifinfo() + rtnetlink.text(uapi.IFLA_IFNAME, f"try-{kind}")
    body += rtnetlink.nested(uapi.IFLA_LINKINFO, rtnetlink.text(uapi.IFLA_INFO_KIND, kind))
    netlink = rtnetlink.Socket()
    errno, detail = 0, ""
    try:
        netlink.send([(uapi.RTM_NEWLINK, uapi.NLM_F_CREATE | uapi.NLM_F_EXCL, body)])
    except rtnetlink.Refused as refused:
        errno, detail = refused.errno, refused.detail
    finally:
        netlink.close()
    needed = kind in NEEDED_KINDS
    if errno != EOPNOTSUPP and not needed:
        errno, detail = 0, ""
    return Attempt(f"add a {kind}", errno, detail, needed)


def _setting(key: str) -> Attempt:
    from nslab.engine.agent.netns.syscalls import write

    try:
        write(f"/proc/sys/{key}", "1")
    except OSError as error:
        return Attempt(f"set {key.replace('/', '.')}", error.errno or EIO)
    return Attempt(f"set {key.replace('/', '.')}")


def _rule() -> Attempt:
    """Try a masquerade rule.  Its tool may be missing, which the report says elsewhere."""
    from nslab.engine.agent.boot.init import PATH

    rules = "table ip try {\n chain c {\n type nat hook postrouting priority 100\n"
    rules += " masquerade\n }\n}\n"
    try:
        ended = subprocess.run(
            ["nft", "-f", "-"],
            input=rules.encode(),
            capture_output=True,
            env={"PATH": PATH},
            check=False,
        )
    except OSError as error:
        return Attempt("nft rule", error.errno or EIO, "no nft", needed=False)
    if ended.returncode == 0:
        return Attempt("nft rule", needed=False)
    words = ended.stderr.decode(errors="replace")
    errno = next((number for text, number in _NFT_WORDS.items() if text in words), EIO)
    return Attempt("nft rule", errno, words.partition("\n")[0], needed=False)
