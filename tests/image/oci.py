"""A pod's manifest → what runc is to start, and the root file system for it.

What Kubernetes' fields mean is taken from the documentation of each; the rest of the specification
is that of Docker's engine, which has the same masks and default of seccomp as containerd's.
"""

from __future__ import annotations

import copy
import ctypes
import json
import os
import struct
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pods

SHIFT, COUNT = 655360, 65536
"""Where the ids of a pod with users of its own begin on the node, and how many it has."""

GROUP = 1000
MOUNTED = "/srv/proof"
HOME = "/home/jovyan"

_MAP = [{"containerID": 0, "hostID": SHIFT, "size": COUNT}]
_OPEN_TREE, _MOVE_MOUNT, _MOUNT_SETATTR = 428, 429, 442  # the same on all processors
_CLONE, _AT_EMPTY_PATH, _ATTR_IDMAP, _F_EMPTY_PATH = 1, 0x1000, 0x100000, 4  # linux/mount.h
_CLOEXEC = 0o2000000


def specification(
    manifest: Mapping[str, Any],
    image: Mapping[str, Any],
    base: Mapping[str, Any],
    folder: Path,
    given: Path,
    command: Sequence[str],
) -> dict[str, Any]:
    """The bundle's config.json.

    :param manifest: the pod's
    :param image: what ``docker image inspect`` says
    :param base: what the engine makes of it, without capabilities and with masks
    :param folder: a folder of the machine that the pod sees, read-only, at :data:`MOUNTED`
    :param given: a folder with what kubelet gives each pod: hosts, hostname, resolv.conf, a home
    :param command: in place of the manifest's
    """
    spec = copy.deepcopy(dict(base))
    (container,) = manifest["spec"]["containers"]
    security = container["securityContext"]
    group = manifest["spec"]["securityContext"]["fsGroup"]
    assert group == GROUP
    own = {each["name"]: each["value"] for each in container["env"] if "value" in each}
    config = image["Config"]
    spec["process"].update(
        user={"uid": security["runAsUser"], "gid": GROUP, "additionalGids": [group]},
        args=[*config["Entrypoint"], *command],
        env=[*config["Env"], *(f"{key}={value}" for key, value in own.items())],
        cwd=config["WorkingDir"],
        terminal=False,
        capabilities={},
        noNewPrivileges=not security["allowPrivilegeEscalation"],
    )
    assert security["capabilities"] == {"drop": ["ALL"]}
    linux = spec["linux"]
    if security.get("procMount") == "Unmasked":
        linux["maskedPaths"] = linux["readonlyPaths"] = []
    profile = security["seccompProfile"]
    if profile["type"] == "Localhost":
        path = pods.KUBERNETES / "profiles" / profile["localhostProfile"]
        linux["seccomp"] = json.loads(path.read_text())
    if manifest["spec"].get("hostUsers") is False:
        linux["namespaces"].append({"type": "user"})
        linux["uidMappings"] = linux["gidMappings"] = _MAP
    limits = container["resources"]["limits"]
    linux["resources"] = {
        "memory": {"limit": limits["memory"]},
        "cpu": {"period": 100_000, "quota": int(limits["cpu"] * 100_000)},
        "pids": {"limit": 2048},
    }
    linux["cgroupsPath"] = f"/nslab-proof-{os.getpid()}"
    for mount in spec["mounts"]:
        if mount["destination"].startswith("/etc/"):
            mount["source"] = str(given / Path(mount["destination"]).name)
    spec["mounts"] += [
        {"destination": HOME, "type": "bind", "source": str(given / "home"), "options": ["bind"]},
        {"destination": MOUNTED, "type": "bind", "source": str(folder), "options": ["bind", "ro"]},
    ]
    spec.pop("hooks", None)
    # Docker's own: low ports and pings for everybody.
    linux.pop("sysctl", None)
    spec["root"] = {"path": "rootfs", "readonly": False}
    return spec


def given(folder: Path, *, users: bool) -> Path:
    """Make what kubelet gives a pod: its files below /etc, and an empty volume for its home."""
    home = folder / "home"
    home.mkdir(parents=True)
    for name in ("hosts", "hostname", "resolv.conf"):
        (folder / name).write_text("127.0.0.1 localhost\n" if name == "hosts" else "\n")
    # As fsGroup has it: root's, and writable for the group.
    os.chown(home, SHIFT * users, SHIFT * users + GROUP)
    home.chmod(0o2775)
    return folder


def root(layers: Sequence[Path], bundle: Path, *, users: bool) -> None:
    """Mount an image's layers as ``rootfs``, as containerd does it.

    :param layers: the uppermost first
    :param users: for a pod with users of its own, whose root they are to belong to
    """
    scratch = bundle / "scratch"
    lower = []
    for folder in (bundle / "rootfs", scratch):
        folder.mkdir(parents=True)
    subprocess.run(["mount", "-t", "tmpfs", "scratch", scratch], check=True)
    for number, layer in enumerate(layers):
        there = scratch / str(number)
        there.mkdir()
        if users:
            _idmapped(layer, there)
        else:
            subprocess.run(["mount", "--bind", layer, there], check=True)
        lower.append(str(number))
    for name in ("upper", "work"):
        (scratch / name).mkdir()
        os.chown(scratch / name, SHIFT * users, SHIFT * users)
    options = f"lowerdir={':'.join(lower)},upperdir=upper,workdir=work"
    mount = ["mount", "-t", "overlay", "overlay", "-o", options, str(bundle / "rootfs")]
    # Relative: a page is too short for the names of all layers.
    subprocess.run(mount, check=True, cwd=scratch)


def _idmapped(source: Path, target: Path) -> None:
    """Mount a folder so that its root is the pod's: see mount_setattr(2)."""
    libc = ctypes.CDLL(None, use_errno=True)

    def call(number: int, *words: Any) -> int:
        answer = int(libc.syscall(number, *words))
        if answer < 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), str(source))
        return answer

    with subprocess.Popen(
        ["unshare", "--user", "sh", "-c", "echo; read -r _"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as holder:
        assert holder.stdin is not None
        assert holder.stdout is not None
        holder.stdout.readline()
        for name in ("uid_map", "gid_map"):
            Path(f"/proc/{holder.pid}/{name}").write_text(f"0 {SHIFT} {COUNT}")
        tree = call(_OPEN_TREE, -100, os.fsencode(source), _CLONE | _CLOEXEC)
        users = os.open(f"/proc/{holder.pid}/ns/user", os.O_RDONLY)
        attributes = struct.pack("QQQQ", _ATTR_IDMAP, 0, 0, users)
        call(_MOUNT_SETATTR, tree, b"", _AT_EMPTY_PATH, attributes, len(attributes))
        call(_MOVE_MOUNT, tree, b"", -100, os.fsencode(target), _F_EMPTY_PATH)
        os.close(users)
        os.close(tree)
        holder.stdin.close()
