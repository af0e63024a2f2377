"""Settings of a hub for a class, for ``jupyterhub_config.py``.

>>> from types import SimpleNamespace
>>> from traitlets.config import Config
>>> c = Config()
>>> configure(c, memory="1G")
>>> c.Spawner.default_url
'/lab/tree/00-start-here.ipynb'
"""

from __future__ import annotations

import os
import pwd
import shutil
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

RESTING = "NSLAB_REST_UNUSED"
"""Has the labs of exercises' cards run only once they are used (nslab/course/exercises)."""

LIMIT = "NSLAB_MAX_LABS"
"""How many labs a learner may have at once (nslab/session/enough)."""

FOLDER = "nslab-notebooks"
"""Where the lessons are, in each learner's home."""

SERVICE = "class"
"""The teacher's page is at /services/class/."""

TEACHERS = "teachers"
"""The hub's group of those who see it."""

ACCOUNT = "nslab-class"
"""The user of this system that the teacher's page runs as: it holds what was handed in, and is
nobody else."""

PORT = 8082

CULL_EVERY = 60
"""Seconds between two looks for servers that nobody uses."""


def options() -> list[str]:
    """What a learner's server is started with: no requests to other machines, nothing idle.

    ``jupyter_lsp`` looks for language servers, which a class does not have, and takes 3 MB.
    """
    import nslab  # not beside every hub: TLJH's has an environment of its own

    own = Path(nslab.__file__).parent / "cli" / "jupyterlab"
    return [
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
        "--LabApp.news_url=None",
        f"--LabApp.app_settings_dir={own}",
        "--LabApp.extension_manager=readonly",
        "--LabApp.expose_app_in_browser=True",
        "--ServerApp.jpserver_extensions=jupyter_lsp=False",
        "--ServerApp.jpserver_extensions=notebook_shim=False",
        "--ServerApp.jpserver_extensions=nslab_hub.learner=True",
        # In a home with a quota, what lies in a trash that JupyterLab does not show is in the way.
        "--FileContentsManager.delete_to_trash=False",
    ]


def idle_kernels(idle: int) -> list[str]:
    """Options that have a kernel end that nobody looks at, and its labs with it.

    :param idle: after so many seconds in which nothing runs in it; 0 for never
    """
    return [
        f"--MappingKernelManager.cull_idle_timeout={idle}",
        f"--MappingKernelManager.cull_interval={CULL_EVERY}",
    ]


def of_labs(labs: int) -> dict[str, str]:
    """What a learner's environment says of labs.

    :param labs: so many may run at once, 0 for any number
    """
    return {RESTING: "1"} | ({LIMIT: str(labs)} if labs else {})


def configure(
    c: Any,
    *,
    memory: str = "1G",
    processors: float = 1.0,
    idle: int = 3600,
    longest: int = 12 * 3600,
    learners: int = 0,
    temporary: str = "256M",
    labs: int = 20,
    teachers: Sequence[str] = (),
    account: str = ACCOUNT,
    port: int = PORT,
    kept: Path | None = None,
) -> None:
    """Set up JupyterHub for learners that are users of this system.

    :param c: the configuration that JupyterHub hands to its configuration file
    :param memory: how much a learner may take, with all kernels and labs, as ``"1G"``
    :param processors: how many processors' time a learner may take
    :param idle: seconds after which a server that nobody uses is ended, and its labs with it
    :param longest: seconds after which a server is ended in any case
    :param learners: so many servers at most run at once, 0 for any number: the next one is refused
        in words
    :param temporary: the size of a /tmp that each server has of its own; it counts as the learner's
        memory
    :param labs: so many labs a learner may have at once, 0 for any number: the next one is refused
        in words.  A lab takes some 32 MB
    :param teachers: who sees the teacher's page, beside the hub's admins; more can be added to the
        hub's group of that name
    :param account: as which user of this system the teacher's page runs; where there is none of
        that name, as the hub's own
    :param port: where the teacher's page listens, on the loopback alone
    :param kept: where it keeps what was handed in; None for ``class`` beside the hub's own folder,
        into which nobody but root can go
    """
    python = sys.executable
    c.JupyterHub.spawner_class = "nslab_hub.spawner.PreloadedSpawner"
    c.Spawner.cmd = ["jupyterhub-singleuser"]
    c.Spawner.args = [*options(), *idle_kernels(idle)]
    c.Spawner.mem_limit = memory
    c.Spawner.cpu_limit = processors
    c.PreloadedSpawner.tmp_limit = temporary
    c.Spawner.notebook_dir = f"~/{FOLDER}"
    c.Spawner.default_url = "/lab/tree/00-start-here.ipynb"
    c.PreloadedSpawner.term_timeout = 15  # it waits five seconds for kernels that do not end
    c.Spawner.poll_interval = 10  # a server that was killed is there again when its owner asks
    c.Spawner.http_timeout = 120
    c.Spawner.start_timeout = 120
    # The hub may be started anew, for an update, while labs run.
    c.JupyterHub.cleanup_servers = False
    c.JupyterHub.active_server_limit = learners
    # A class comes all at once, at nine o'clock.
    c.JupyterHub.concurrent_spawn_limit = max(learners, 100)
    c.JupyterHub.services = [
        {
            "name": "idle-culler",
            "command": [
                *(python, "-P", "-m", "nslab_hub.culling"),
                *(f"--timeout={idle}", f"--cull-every={CULL_EVERY}", f"--max-age={longest}"),
            ],
        }
    ]
    c.JupyterHub.load_roles = [
        {
            "name": "idle-culler",
            "scopes": ["list:users", "read:users:activity", "read:servers", "delete:servers"],
            "services": ["idle-culler"],
        }
    ]
    own = Path(python).parent  # where nslab is
    c.Spawner.environment = {
        "PATH": os.pathsep.join((str(own), os.environ.get("PATH", os.defpath))),
        **of_labs(labs),
    }
    c.JupyterHub.load_groups = {}
    page: dict[str, Any] = {"command": [python, "-P", "-m", "nslab_hub.teaching.service"]}
    with suppress(KeyError):
        pwd.getpwnam(account)
        page["user"] = account
    folder = kept or Path.cwd().parent / "class"
    make(folder, page.get("user"))
    teaching(c, page, teachers=teachers, port=port, folder=folder)


def teaching(
    c: Any, page: Mapping[str, Any], *, teachers: Sequence[str], port: int, folder: Path
) -> None:
    """Add the teacher's page, who sees it, and how learners' servers find it.

    :param c: the configuration, in which other services, roles and groups stay
    :param page: how the hub runs it: its ``command``, and as which ``user``
    :param teachers: who sees it, beside the hub's admins
    :param port: where it listens, on the loopback alone
    :param folder: where it keeps what was handed in
    """
    address = f"http://127.0.0.1:{port}"
    service = {
        "name": SERVICE,
        "url": address,
        "environment": {"NSLAB_CLASS_FOLDER": str(folder)},
        "oauth_no_confirm": True,
        **page,
    }
    role = {
        "name": "teacher",
        "groups": [TEACHERS],
        "scopes": [f"access:services!service={SERVICE}"],
    }
    c.JupyterHub.services.append(service)
    c.JupyterHub.load_roles.append(role)  # JupyterHub makes its group
    if teachers:  # an authenticator that brings groups of its own takes none from here
        c.JupyterHub.load_groups.update({TEACHERS: {"users": list(teachers)}})
    c.Spawner.environment.update({"NSLAB_CLASS_URL": f"{address}/services/{SERVICE}"})


def make(folder: Path, account: str | None) -> None:
    """Make where it is kept what was handed in and what was said to all; nobody else reads it.

    :param account: whose it is, as far as root makes it
    """
    folder.mkdir(mode=0o700, exist_ok=True)
    if account is not None and os.geteuid() == 0:
        shutil.chown(folder, account)
