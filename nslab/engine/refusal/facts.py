"""What the machine says of itself that explains a refusal.  Reads files only; nothing is tried."""

from __future__ import annotations

import contextlib
import os
import platform
import sys
from pathlib import Path

from msgspec import Struct

SYSCTLS = (
    "user.max_user_namespaces",
    "user.max_net_namespaces",
    "user.max_mnt_namespaces",
    "user.max_pid_namespaces",
    "user.max_uts_namespaces",
    "kernel.unprivileged_userns_clone",
    "kernel.apparmor_restrict_unprivileged_userns",
)
CAP_SYS_ADMIN = 21


class Facts(Struct, frozen=True, kw_only=True):
    """What is known before anything is tried; the defaults are those of a plain machine."""

    system: str = "Linux"
    release: str = ""
    root: bool = False
    capable: bool = False
    """Whether this process has CAP_SYS_ADMIN, which root in a container mostly has not."""
    seccomp: int = 0
    """The Seccomp line of /proc/self/status: 2 means that a filter is installed."""
    sysctls: dict[str, int] = {}
    """Those of :data:`SYSCTLS` that this kernel has."""
    confinement: str = "unconfined"
    """The AppArmor profile of this process."""
    selinux: bool = False
    """Whether SELinux is enforcing."""
    chroot: bool = False
    container: str = ""
    """docker, podman, kubernetes …, if this is inside one."""
    own_users: bool = False
    """Whether the user ids here are others than the machine's: a container's user namespace."""
    masked: bool = False
    """Whether something is mounted below /proc, as containers hide parts of it."""
    python: str = "/usr/bin/python3"
    """The interpreter that the agent runs on, with links resolved, as AppArmor sees it."""

    @classmethod
    def of_this_machine(cls) -> Facts:
        """Read them.  A file that is not there leaves its default."""
        status = _status()
        return cls(
            system=platform.system(),
            release=platform.release(),
            root=hasattr(os, "geteuid") and os.geteuid() == 0,
            capable=bool(int(status.get("CapEff", "0"), 16) >> CAP_SYS_ADMIN & 1),
            seccomp=int(status.get("Seccomp", "0")),
            sysctls={name: value for name in SYSCTLS if (value := sysctl(name)) is not None},
            confinement=_confinement(),
            selinux=_read("/sys/fs/selinux/enforce") == "1",
            chroot=_in_chroot(),
            container=_container(),
            own_users=_read("/proc/self/uid_map").split() not in ([], ["0", "0", str(2**32 - 1)]),
            masked=any(point.startswith("/proc/") for point in _mount_points()),
            python=os.path.realpath(sys.executable),
        )


def sysctl(name: str) -> int | None:
    """The value of a numeric sysctl, None if this kernel has none of that name."""
    text = _read("/proc/sys/" + name.replace(".", "/"))
    return int(text) if text.lstrip("-").isdigit() else None


def _read(path: str) -> str:
    try:
        return Path(path).read_text(errors="replace").strip("\0\n ")
    except OSError:
        return ""


def _status() -> dict[str, str]:
    lines = _read("/proc/self/status").splitlines()
    return {key: value.strip() for key, _, value in (line.partition(":") for line in lines)}


def _confinement() -> str:
    # Without AppArmor the older file may hold another module's label, or nothing.
    text = _read("/proc/self/attr/apparmor/current")
    return text.split(" (")[0] or "unconfined"


def _in_chroot() -> bool:
    """Whether / is another one than the machine's: unshare(CLONE_NEWUSER) is refused then.

    See unshare(2).  Mostly / is no mount point then.  Where it is one, as for a chroot into a disk
    of its own, it differs from that of who entered it: a process from which this one descends.
    """
    if (
        "/" not in _mount_points()
    ):  # also where there is no /proc, as in a chroot that was not prepared
        return True
    own, pid = os.stat("/"), os.getppid()
    while pid > 0:
        with contextlib.suppress(OSError):  # another user's
            if not os.path.samestat(os.stat(f"/proc/{pid}/root/."), own):
                return True
        fields = _read(f"/proc/{pid}/stat").rpartition(")")[2].split()
        pid = int(fields[1]) if len(fields) > 1 else 0
    return False


def _mount_points() -> list[str]:
    return [line.split()[4] for line in _read("/proc/self/mountinfo").splitlines()]


def _container() -> str:
    if _in_pod():
        return "kubernetes"
    if os.path.exists("/.dockerenv"):
        return "docker"
    if os.path.exists("/run/.containerenv"):
        return "podman"
    return _read("/run/systemd/container") or os.environ.get("container", "")  # noqa: SIM112


def _in_pod() -> bool:
    """Whether this is a pod of Kubernetes, by what kubelet gives each: its service, files, groups.

    Any of them may be missing: a program clears the variable, a pod has no token, a namespace of
    control groups hides their names.  /etc/hosts is mounted from kubelet's folder of pods.
    """
    return (
        "KUBERNETES_SERVICE_HOST" in os.environ
        or os.path.exists("/var/run/secrets/kubernetes.io/serviceaccount")
        or "kubepods" in _read("/proc/self/cgroup")
        or any(
            line.split()[4] == "/etc/hosts" and "/pods/" in line.split()[3]
            for line in _read("/proc/self/mountinfo").splitlines()
        )
    )
