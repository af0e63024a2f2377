"""A plug-in of The Littlest JupyterHub (TLJH): a class that does nslab's lessons.

TLJH keeps two environments: the hub's, in which this is, and the learners'.  Labs, the teacher's
page and the culler run in the learners', so that TLJH goes on deciding what its hub is made of.
"""

from __future__ import annotations

import json
import os
import pwd
import shutil
import subprocess
from collections.abc import Mapping, MutableMapping
from importlib import metadata
from pathlib import Path
from typing import Any

import pluggy

hookimpl = pluggy.HookimplMarker("tljh")  # tljh.hooks has the same one

NAME = "tljh-nslab"

SYSTEM_PACKAGES = (
    "bash bind9-host bridge-utils busybox-static conntrack curl docker.io erofs-utils graphviz "
    "hostname iperf3 iproute2 iptables iputils-ping net-tools nftables procps qemu-system-x86 runc "
    "strace tcpdump traceroute tshark util-linux"
).split()
"""The Debian packages of the lessons' programs, as deploy/hub/install has them; a test compares."""

DEFAULTS: Mapping[str, Mapping[str, Any]] = {
    "nslab": {"enabled": True, "labs": 20, "learners": 0, "processes": 400, "teachers": []},
    "limits": {"memory": "1G", "cpu": 1.0},
    # TLJH's own ten minutes are less than a break.
    "services": {"cull": {"timeout": 3600, "max_age": 12 * 3600}},
}
"""What tljh-config shows once this is installed; what somebody has set stays."""

ACCOUNT = "nslab-class"
"""As whom the teacher's page and the culler run."""

PORT = 8082

# -- what TLJH is to install -------------------------------------------------------------------


def sources(extra: str = "") -> list[str]:
    """What pip is to install for nslab and nslab-hub: from where this came, so that all fit.

    pip keeps where it got a distribution, in ``direct_url.json`` (PEP 610); what comes from an
    index has no such file.

    :param extra: such as ``[class]``, for nslab-hub
    """
    mine = metadata.distribution(NAME)
    told = json.loads(mine.read_text("direct_url.json") or "{}")
    url, inside = str(told.get("url", "")), "deploy/hub/tljh"
    places = {"nslab": "", f"nslab-hub{extra}": "deploy/hub"}
    if "dir_info" in told and url.endswith(f"/{inside}"):
        top = url.removesuffix(inside)
        return [f"{name} @ {top}{folder}" for name, folder in places.items()]
    if told.get("subdirectory") == inside:
        commit = told.get("vcs_info", {}).get("commit_id")
        top = f"git+{url}@{commit}" if commit else url
        parts = {name: f"#subdirectory={folder}" for name, folder in places.items() if folder}
        return [f"{name} @ {top}{parts.get(name, '')}" for name in places]
    return [f"{name}=={mine.version}" for name in places]


@hookimpl
def tljh_extra_apt_packages() -> list[str]:
    """The programs of the lessons."""
    return list(SYSTEM_PACKAGES)


@hookimpl
def tljh_extra_hub_pip_packages() -> list[str]:
    """What configures the hub; not nslab itself, nor JupyterLab."""
    return sources()[1:]


@hookimpl
def tljh_extra_user_pip_packages() -> list[str]:
    """The lessons and labs, a learner's side of the class, and the teacher's page."""
    return sources("[class]")


# -- settings ----------------------------------------------------------------------------------


@hookimpl
def tljh_config_post_install(config: MutableMapping[str, Any]) -> None:
    """Have tljh-config show what can be set; what is set already stays.

    :param config: what TLJH keeps in its config.yaml
    """
    _add(config, DEFAULTS)


def _add(config: MutableMapping[str, Any], defaults: Mapping[str, Any]) -> None:
    for name, value in defaults.items():
        if not isinstance(value, Mapping):
            config.setdefault(name, list(value) if isinstance(value, list) else value)
            continue
        if not isinstance(config.get(name), MutableMapping):
            config[name] = {}
        _add(config[name], value)


@hookimpl
def tljh_custom_jupyterhub_config(c: Any) -> None:
    """Set up the hub, each time that it starts.

    TLJH starts its hub once before it asks for packages: that time all stays as it was, until
    :func:`tljh_post_install` has come to its end.

    :param c: JupyterHub's configuration, into which TLJH has put its own
    """
    from tljh.config import INSTALL_PREFIX, USER_ENV_PREFIX
    from tljh.configurer import load_config

    known = load_config()
    own = {**DEFAULTS["nslab"], **(known.get("nslab") or {})}
    if not own["enabled"] or not _account():
        return
    from nslab_hub import settings

    cull = known["services"]["cull"]
    programs = Path(USER_ENV_PREFIX) / "bin"
    _servers(c, own, idle=cull["timeout"] if cull["enabled"] else 0, programs=programs)
    if known["user_environment"]["default_app"] == "jupyterlab":
        c.Spawner.default_url = "/lab/tree/00-start-here.ipynb"
    for service in c.JupyterHub.services:
        if "jupyterhub_idle_culler" in service.get("command", ()):
            _cull(service, programs / "python")
    own_python = (str(programs / "python"), "-P")
    page = {"command": [*_outside(), *own_python, "-m", "nslab_hub.teaching.service"]}
    folder = _folder(INSTALL_PREFIX)
    settings.teaching(c, page, teachers=own["teachers"], port=PORT, folder=folder)
    c.JupyterHub.services[-1]["environment"]["HOME"] = str(folder)


def _servers(c: Any, own: Mapping[str, Any], *, idle: int, programs: Path) -> None:
    """Learners' servers: TLJH's spawner starts them, with its limits of memory and processors."""
    from nslab_hub import settings

    c.Spawner.cmd = [str(programs / "nslab-hub-server")]
    c.Spawner.args.extend(settings.idle_kernels(idle))
    c.Spawner.notebook_dir = f"~/{settings.FOLDER}"
    c.Spawner.environment.update(settings.of_labs(own["labs"]))
    # Thirty read JupyterLab's modules at once.
    c.Spawner.http_timeout = c.Spawner.start_timeout = 120
    # Nothing that mounts over /proc or /sys, as ProtectKernelTunables does: the kernel would refuse
    # a lab its own /proc.
    c.SystemdSpawner.isolate_tmp = True
    if own["processes"]:
        c.SystemdSpawner.unit_extra_properties.update({"TasksMax": str(own["processes"])})
    if own["learners"]:
        c.JupyterHub.active_server_limit = own["learners"]


def _cull(service: MutableMapping[str, Any], python: Path) -> None:
    """Have TLJH's culler, with its settings, ask a clock that nobody puts forward as well."""
    words = service["command"]
    at = words.index("jupyterhub_idle_culler")
    service["command"] = [str(python), "-P", "-m", "nslab_hub.culling", *words[at + 1 :]]
    service["user"] = ACCOUNT


def _outside() -> list[str]:
    """Words before those of the teacher's page, which tries learners' answers in labs.

    The hub's unit has ProtectKernelTunables, below which no lab can be: what these start sees the
    machine's own /proc, as the account that it is for.
    """
    become = ("setpriv", f"--reuid={ACCOUNT}", f"--regid={ACCOUNT}", "--init-groups", "--")
    return ["nsenter", "--mount=/proc/1/ns/mnt", "--", *become]


def _account() -> pwd.struct_passwd | None:
    try:
        return pwd.getpwnam(ACCOUNT)
    except KeyError:
        return None


def _folder(prefix: str) -> Path:
    """Where what was handed in is kept; TLJH's own folder for such is root's alone."""
    return Path(prefix) / "nslab-class"


# -- at the end of an installation -------------------------------------------------------------


@hookimpl
def tljh_post_install() -> None:
    """What the machine is to have for labs, and the account of the teacher's page; the hub anew."""
    from nslab_hub import apparmor, neighbours, settings
    from tljh.config import INSTALL_PREFIX, USER_ENV_PREFIX, reload_component

    programs, folder = Path(USER_ENV_PREFIX) / "bin", _folder(INSTALL_PREFIX)
    apparmor.allow(programs / "python")
    neighbours.make_room()
    _link(programs / "nslab", Path("/usr/local/bin/nslab"))
    if not _account():
        words = ("useradd", "--system", "--no-create-home", "--shell", _nologin())
        subprocess.run((*words, "--home-dir", str(folder), ACCOUNT), check=True)
    settings.make(folder, ACCOUNT)
    reload_component("hub")


def _nologin() -> str:
    return shutil.which("nologin", path="/usr/sbin:/sbin") or "/bin/false"


def _link(program: Path, link: Path) -> None:
    """Have a terminal of JupyterLab find it: a login shell knows the system's folders only."""
    if link.is_symlink() or not link.exists():
        link.unlink(missing_ok=True)
        os.symlink(program, link)
