"""A refused step → what refused it, and what to do.  A pure function over the facts.

The same EPERM has half a dozen causes.  They differ in the step that met it and by what
the machine says of itself; the most specific cause that fits is the answer.
"""

from __future__ import annotations

from errno import EACCES, EINVAL, ENODEV, ENOENT, ENOSPC, ENOSYS, EOPNOTSUPP, EPERM, EROFS, EUSERS
from typing import NamedTuple

from nslab.engine.refusal import pod
from nslab.engine.refusal.facts import Facts
from nslab.errors import os_cause

ELSEWHERE = (
    "or give each lab a virtual machine, which needs no permission: nslab vm build\n"
    "or run the lessons in nslab's own virtual machine: vagrant up, in the checkout"
)

CONTAINER = (
    "start the container with\n"
    "  docker run --security-opt seccomp=unconfined --security-opt apparmor=unconfined "
    "--security-opt systempaths=unconfined …\n"
    "(--privileged works too, but allows far more than needed)\n" + ELSEWHERE
)

_LIMITS = {
    "user namespace": ("user.max_user_namespaces",),
    "new namespaces": tuple(f"user.max_{kind}_namespaces" for kind in ("net", "mnt", "pid", "uts")),
}


OLDEST = (5, 12)
"""The oldest Linux that has all that a lab asks of it."""

_OLD_KERNEL = {"overlay on /etc": EPERM, "walls around root": ENOSYS}
"""How an older one refuses: anybody's overlays came with 5.11, mount_setattr() with 5.12."""


class Diagnosis(NamedTuple):
    """``kind`` is one word for programs; ``cause`` and ``remedy`` are for a person."""

    kind: str
    cause: str
    remedy: str


def diagnose(step: str, errno: int, facts: Facts) -> Diagnosis:
    """Why a step was refused.  ``step`` is a name that the probe or the agent reports."""
    found = _plainly(step, errno, facts)
    if facts.container != pod.KUBERNETES:
        return found
    cause = f"{found.cause} (this pod has {pod.state(facts)})"
    own = found.remedy.removesuffix(ELSEWHERE).removesuffix(ELSEWHERE.removeprefix("or "))
    return Diagnosis(found.kind, cause, pod.remedy(found.kind, own, facts))


def _plainly(step: str, errno: int, facts: Facts) -> Diagnosis:
    """The same in the words for a machine, or for a container of Docker's."""
    if facts.system != "Linux":
        return Diagnosis(
            "not-linux",
            f"network namespaces are a part of Linux, and this is {_system(facts.system)}",
            "install VirtualBox and Vagrant\n"
            "in the checkout: vagrant up, which makes a virtual machine with the lessons",
        )
    if step == "probe":
        return Diagnosis(
            "no-answer",
            "the test process ended without an answer",
            "this is a bug: please report it, with what nslab doctor --json says",
        )
    if _OLD_KERNEL.get(step) == errno and _version(facts.release) < OLDEST:
        return Diagnosis(
            "old-kernel",
            f"this is Linux {facts.release}, and labs take Linux {OLDEST[0]}.{OLDEST[1]} or later",
            "use a newer kernel\n" + ELSEWHERE,
        )
    if errno in (ENOSPC, EUSERS) and step in _LIMITS:
        return _limit(step, facts)
    if errno in (EINVAL, ENOSYS) and step in _LIMITS:
        return Diagnosis(
            "no-namespaces",
            f"this kernel ({facts.release or 'of unknown version'}) was built without "
            f"{'user namespaces' if step == 'user namespace' else 'some kind of namespace'}",
            "use a distribution's own kernel\n" + ELSEWHERE,
        )
    if step == "overlay on /etc" and errno in (ENODEV, EINVAL, EPERM):
        return _overlay(errno, facts)
    if errno in (EOPNOTSUPP, ENODEV) and step.startswith("add a "):
        return _no_module(step.removeprefix("add a "), facts)
    if step == "nft rule" and errno in (EOPNOTSUPP, ENOENT):
        return _no_module("nf_tables", facts)
    if errno == EROFS:
        return Diagnosis(
            "read-only",
            "/proc/sys is read-only here, as in most containers",
            "start the container with --security-opt systempaths=unconfined\n" + ELSEWHERE,
        )
    if errno in (EPERM, EACCES):
        return _denied(step, errno, facts)
    return Diagnosis("unknown", os_cause(errno), ELSEWHERE.removeprefix("or "))


def _denied(step: str, errno: int, facts: Facts) -> Diagnosis:
    """EPERM and EACCES: some guard said no.  Which one?"""
    making = step in _LIMITS
    if making and not facts.capable and facts.sysctls.get("kernel.unprivileged_userns_clone") == 0:
        return Diagnosis(
            "userns-clone",
            "kernel.unprivileged_userns_clone is 0: ordinary users may not make namespaces",
            _sysctl("kernel.unprivileged_userns_clone", 1),
        )
    if making and facts.chroot:
        return Diagnosis(
            "chroot",
            "this process runs in a chroot, where the kernel allows no user namespace",
            "run it outside of the chroot, or enter it with pivot_root (as systemd-nspawn does)",
        )
    if making and errno == EPERM and facts.seccomp == 2:
        return _seccomp(facts)
    restricted = facts.sysctls.get("kernel.apparmor_restrict_unprivileged_userns") == 1
    confined = facts.confinement not in ("unconfined", "unprivileged_userns")
    if restricted and not confined and not facts.capable:
        return Diagnosis(
            "apparmor-userns",
            "AppArmor lets ordinary programs make user namespaces, but nothing in them "
            "(kernel.apparmor_restrict_unprivileged_userns is 1)",
            apparmor_profile(facts.python),
        )
    if confined and (facts.container or errno == EACCES):
        remedy = CONTAINER if facts.container else "ask who wrote the profile\n" + ELSEWHERE
        return Diagnosis(
            "apparmor-profile",
            f"the AppArmor profile {facts.confinement}, under which this process runs, denies it",
            remedy,
        )
    if step == "mount /proc":
        return Diagnosis(
            "masked-proc",
            "parts of /proc are hidden by other mounts, as in most containers, and then the "
            "kernel allows no fresh one",
            CONTAINER,
        )
    if errno == EPERM and facts.seccomp == 2:
        return _seccomp(facts)
    if facts.selinux:
        return Diagnosis(
            "selinux",
            "SELinux is enforcing, and most likely denies it",
            "look for the denial with: sudo ausearch -m avc -ts recent\n" + ELSEWHERE,
        )
    if facts.root and not facts.capable:
        return Diagnosis(
            "no-capability", "this is root without CAP_SYS_ADMIN, as in a container", CONTAINER
        )
    return Diagnosis(
        "unknown", f"{os_cause(errno)}; what denies it is not known", ELSEWHERE.removeprefix("or ")
    )


def _seccomp(facts: Facts) -> Diagnosis:
    where = f"this {facts.container} container" if facts.container else "a container or a service"
    if facts.container == pod.KUBERNETES:
        where = "this pod"
    return Diagnosis(
        "seccomp",
        f"a seccomp filter of {where} forbids it (Seccomp: 2 in /proc/self/status)",
        CONTAINER,
    )


def _limit(step: str, facts: Facts) -> Diagnosis:
    for name in _LIMITS[step]:
        if facts.sysctls.get(name) == 0:
            return Diagnosis("limit", f"{name} is 0", _sysctl(name, 15000))
    values = ", ".join(f"{name} is {facts.sysctls.get(name, '?')}" for name in _LIMITS[step])
    return Diagnosis(
        "limit",
        f"this user has as many as allowed ({values}), a surrounding container allows "
        "fewer, or they are nested more than 32 deep",
        "close other labs\nor outside of the container: " + _sysctl(_LIMITS[step][0], 15000),
    )


def _overlay(errno: int, facts: Facts) -> Diagnosis:
    if errno == ENODEV:
        return Diagnosis(
            "no-overlay",
            "this kernel has no overlay file system",
            "sudo modprobe overlay\n" + ELSEWHERE,
        )
    if errno == EINVAL:
        return Diagnosis(
            "stacked-overlay",
            "/etc lies on a file system that an overlay cannot stand on (overlays stack two deep)",
            "keep / on an ordinary file system, or in a container on a volume\n" + ELSEWHERE,
        )
    return _denied("overlay on /etc", errno, facts)


def _no_module(kind: str, facts: Facts) -> Diagnosis:
    module = {"vlan": "8021q"}.get(kind, kind)
    remedy = f"sudo modprobe {module}\n(on Ubuntu's cloud kernels first: sudo apt-get install "
    remedy += "linux-modules-extra-$(uname -r))\n" + ELSEWHERE
    return Diagnosis("no-module", f"this kernel ({facts.release}) has no {module}", remedy)


def _sysctl(name: str, value: int) -> str:
    return (
        f"sudo sysctl -w {name}={value}\n"
        f"and to keep it: echo {name}={value} | sudo tee /etc/sysctl.d/60-nslab.conf"
    )


def apparmor_profile(python: str) -> str:
    """What to type so that AppArmor lets this interpreter use user namespaces.

    Only a profile: the global sysctl would lift the guard from every program on the machine.
    """
    return f"""give the Python that runs the lab a profile (it then holds for every program that
{python} runs):
sudo tee /etc/apparmor.d/nslab <<'END'
abi <abi/4.0>,
include <tunables/global>
profile nslab {python} flags=(unconfined) {{
  userns,
  include if exists <local/nslab>
}}
END
sudo apparmor_parser -r /etc/apparmor.d/nslab"""


def _version(release: str) -> tuple[int, int]:
    numbers = release.split(".", 2)[:2]
    try:
        return int(numbers[0]), int(numbers[1])
    except (IndexError, ValueError):
        return (0, 0)


def _system(name: str) -> str:
    return {"Darwin": "macOS"}.get(name, name or "something else")
