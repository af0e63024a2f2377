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
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import nslab

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


def options(idle: int) -> list[str]:
    """What a learner's server is started with: no requests to other machines, nothing idle.

    ``jupyter_lsp`` looks for language servers, which a class does not have, and takes 3 MB.

    :param idle: seconds after which a kernel ends that nothing runs in and no page looks at
    """
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
        # A kernel that nobody looks at ends, and its labs with it.
        f"--MappingKernelManager.cull_idle_timeout={idle}",
        f"--MappingKernelManager.cull_interval={CULL_EVERY}",
    ]


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
    c.Spawner.args = options(idle)
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
                *(python, "-m", "nslab_hub.culling"),
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
        RESTING: "1",
    }
    if labs:
        c.Spawner.environment[LIMIT] = str(labs)
    _teaching(c, list(teachers), account, port, kept or Path.cwd().parent / "class")


def _teaching(c: Any, teachers: list[str], account: str, port: int, folder: Path) -> None:
    """The teacher's page, who sees it, and how learners' servers find it."""
    address = f"http://127.0.0.1:{port}"
    service: dict[str, Any] = {
        "name": SERVICE,
        "url": address,
        "command": [sys.executable, "-m", "nslab_hub.teaching.service"],
        "environment": {"NSLAB_CLASS_FOLDER": str(folder)},
        "oauth_no_confirm": True,
    }
    with suppress(KeyError):
        pwd.getpwnam(account)
        service["user"] = account
    _make(folder, service.get("user"))
    c.JupyterHub.services.append(service)
    c.JupyterHub.load_groups = {TEACHERS: {"users": teachers}}
    c.JupyterHub.load_roles.append(
        {"name": "teacher", "groups": [TEACHERS], "scopes": [f"access:services!service={SERVICE}"]}
    )
    c.Spawner.environment["NSLAB_CLASS_URL"] = f"{address}/services/{SERVICE}"


def _make(folder: Path, account: str | None) -> None:
    """What was handed in and what was said to all is kept here, and nobody else reads it."""
    folder.mkdir(mode=0o700, exist_ok=True)
    if account is not None and os.geteuid() == 0:
        shutil.chown(folder, account)
