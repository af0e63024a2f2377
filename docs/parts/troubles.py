"""Every refusal with its cause and its remedy, in the words of ``nslab doctor``.

Nothing is copied: each text is what :func:`nslab.engine.refusal.diagnose` answers for a machine of
that kind, so this page changes when the doctor does.
"""

from __future__ import annotations

import errno
import re
from dataclasses import dataclass
from typing import Any

from nslab.doctor.checks import FEATURES, PURPOSES
from nslab.engine.refusal import Facts, diagnose
from nslab.network.programs import PACKAGES

USER, REST = "user namespace", "new namespaces"
UBUNTU = {"kernel.apparmor_restrict_unprivileged_userns": 1}


@dataclass(frozen=True)
class Case:
    """A machine on which a step of the probe is refused; ``kind`` is the doctor's word for it."""

    kind: str
    title: str
    step: str
    errno: int
    facts: dict[str, Any]


CASES = (
    Case("not-linux", "This is macOS or Windows", USER, errno.ENOSYS, {"system": "Darwin"}),
    Case("apparmor-userns", "Ubuntu 23.10 or later", "uid map", errno.EPERM, {"sysctls": UBUNTU}),
    Case(
        "userns-clone",
        "An older Debian, or a hardened kernel",
        USER,
        errno.EPERM,
        {"sysctls": {"kernel.unprivileged_userns_clone": 0}},
    ),
    Case(
        "limit",
        "No namespaces are allowed",
        USER,
        errno.ENOSPC,
        {"sysctls": {"user.max_user_namespaces": 0}},
    ),
    Case(
        "limit",
        "The limit of namespaces is reached",
        USER,
        errno.ENOSPC,
        {"sysctls": {"user.max_user_namespaces": 15000}},
    ),
    Case(
        "seccomp", "In a Docker container", USER, errno.EPERM, {"seccomp": 2, "container": "docker"}
    ),
    Case(
        "apparmor-profile",
        "Under an AppArmor profile",
        "private mounts",
        errno.EACCES,
        {"confinement": "snap.code.code"},
    ),
    Case(
        "masked-proc", "In a Podman container", "mount /proc", errno.EPERM, {"container": "podman"}
    ),
    Case(
        "seccomp",
        "In a pod of Kubernetes",
        USER,
        errno.EPERM,
        {"seccomp": 2, "container": "kubernetes", "masked": True},
    ),
    Case(
        "masked-proc",
        "In a pod whose /proc is masked",
        "mount /proc",
        errno.EPERM,
        {"container": "kubernetes", "masked": True},
    ),
    Case(
        "apparmor-profile",
        "In a pod under the runtime's AppArmor profile",
        "private mounts",
        errno.EACCES,
        {"container": "kubernetes", "own_users": True, "confinement": "cri-containerd.apparmor.d"},
    ),
    Case("no-capability", "Root without its rights", REST, errno.EPERM, {"root": True}),
    Case("read-only", "Settings are read-only", "set net.ipv4.ip_forward", errno.EROFS, {}),
    Case("selinux", "SELinux denies it", REST, errno.EACCES, {"selinux": True}),
    Case("chroot", "Inside a chroot", USER, errno.EPERM, {"chroot": True}),
    Case(
        "no-namespaces",
        "A kernel without namespaces",
        USER,
        errno.EINVAL,
        {"release": "4.4.0-19041-Microsoft"},
    ),
    Case(
        "old-kernel",
        "A kernel that is too old",
        "overlay on /etc",
        errno.EPERM,
        {"release": "5.10.0-28-amd64"},
    ),
    Case("no-overlay", "A kernel without overlays", "overlay on /etc", errno.ENODEV, {}),
    Case(
        "stacked-overlay",
        "/etc lies on another overlay",
        "overlay on /etc",
        errno.EINVAL,
        {"release": "6.1.0-26-amd64"},
    ),
    Case(
        "no-module",
        "A kind of link is missing",
        "add a vlan",
        errno.EOPNOTSUPP,
        {"release": "6.8.0-45-generic"},
    ),
    Case("no-answer", "The probe does not answer", "probe", errno.ETIME, {}),
    Case("unknown", "Anything else", "mount /run", errno.ENOMEM, {}),
)


def text() -> str:
    """All of them, as sections of a page."""
    return "\n".join(_section(case) for case in CASES)


def tools() -> str:
    """The programs that the doctor looks for, as a table."""
    lines = ["| program | what it is for | Debian package |", "|---|---|---|"]
    lines += [f"| `{name}` | {why} | `{PACKAGES[name]}` |" for name, why in PURPOSES.items()]
    return "\n".join(lines)


def features() -> str:
    """What a kernel may lack, as a table."""
    lines = ["| in the kernel | what it is for |", "|---|---|"]
    lines += [f"| `{name}` | {why} |" for name, why in FEATURES.items()]
    return "\n".join(lines)


def _section(case: Case) -> str:
    found = diagnose(case.step, case.errno, Facts(**case.facts))
    cause = escaped(found.cause)
    return (
        f"### {case.title}\n\n✘ **{case.step}** refused: {cause}.\n\n"
        f"What to do:\n\n```text\n{found.remedy}\n```\n"
    )


def escaped(text: str) -> str:
    """A text that Markdown shows as it is."""
    return re.sub(r"([\\`*_<>\[\]])", r"\\\1", text)
